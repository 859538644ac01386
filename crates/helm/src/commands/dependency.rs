//! `helm dependency`: what a chart depends on, and fetching it.
//!
//! Models `pkg/action/dependency.go` and what of `pkg/downloader` needs no network: the bundled charts and charts in
//! other folders (`file://`). They are saved as folders, not packed.

use objects::{Value, value, yaml};

use super::{Done, Helm};
use crate::CHARTS;
use crate::charts;
use crate::sprig::semver;

fn path(helm: &Helm) -> String {
    helm.args.args.first().map_or(".", String::as_str).trim_end_matches('/').to_owned()
}

fn meta(helm: &Helm, path: &str) -> Result<Value, String> {
    let file = format!("{path}/Chart.yaml");
    let bytes = helm.io.read(&file).map_err(|_| "Chart.yaml file is missing".to_owned())?;
    yaml::load(&String::from_utf8_lossy(&bytes))
        .map(|d| d.value)
        .map_err(|e| format!("cannot load Chart.yaml: error converting YAML to JSON: {e}"))
}

pub(super) async fn list(helm: &Helm) -> Done {
    let path = path(helm);
    let chart = charts::load(helm.io.as_ref(), &path)?;
    let wanted = chart.meta["dependencies"].items();
    if wanted.is_empty() {
        helm.out(&format!("WARNING: no dependencies at {path}/charts\n"));
        return Ok(());
    }
    let head = ["NAME", "VERSION", "REPOSITORY", "STATUS"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for d in wanted {
        let version = d["version"].text();
        let status = match chart.children.iter().find(|c| d["name"] == c.name()) {
            None => "missing",
            Some(c) if c.meta["version"] == version || semver(version, c.meta["version"].text()) => {
                "unpacked"
            }
            Some(_) => "wrong version",
        };
        let texts = [d["name"].text(), version, d["repository"].text(), status];
        rows.push(texts.map(str::to_owned).to_vec());
    }
    helm.out(&super::table(&rows));
    helm.out("\n");
    for c in chart.children.iter().filter(|c| !wanted.iter().any(|d| d["name"] == c.name())) {
        helm.out(&format!("WARNING: \"{path}/charts/{}\" is not in Chart.yaml.\n", c.name()));
    }
    Ok(())
}

pub(super) async fn update(helm: &Helm) -> Done {
    fetch(helm, &path(helm))
}

/// Puts what a chart depends on into its `charts` folder.
pub(super) fn fetch(helm: &Helm, path: &str) -> Done {
    let meta = meta(helm, path)?;
    let wanted = meta["dependencies"].items();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut found: Vec<(String, String, Value)> = Vec::new();
    for d in wanted {
        let (name, repository) = (d["name"].text(), d["repository"].text());
        let from = match repository {
            "" if helm.io.is_dir(&format!("{path}/charts/{name}")) => continue,
            "" => return Err(format!("directory {path}/charts/{name} not found")),
            "@wheelhouse" | "alias:wheelhouse" => format!("{CHARTS}/{name}"),
            other => match other.strip_prefix("file://") {
                Some(p) if p.starts_with('/') && p.trim_end_matches('/') == CHARTS => {
                    format!("{CHARTS}/{name}")
                }
                Some(p) if p.starts_with('/') => p.to_owned(),
                Some(p) => format!("{path}/{p}"),
                None => {
                    return Err(format!(
                        "could not download {other}: there is no network behind this machine; charts at hand are those of \"helm search repo\" (repository: \"@wheelhouse\") and folders (repository: \"file://../NAME\")"
                    ));
                }
            },
        };
        let chart = charts::load(helm.io.as_ref(), &from).map_err(|_| {
            format!("can't get a valid version for dependency {name}: directory {from} not found")
        })?;
        let (version, range) = (chart.meta["version"].text().to_owned(), d["version"].text());
        if !range.is_empty() && !semver(range, &version) {
            return Err(format!("can't get a valid version for dependency {name}"));
        }
        let entry = value!({"name": (name), "repository": (repository), "version": (version)});
        found.push((from, name.to_owned(), entry));
    }
    if found.iter().any(|(from, ..)| from.starts_with(CHARTS)) {
        helm.out("Hang tight while we grab the latest from your chart repositories...\n...Successfully got an update from the \"wheelhouse\" chart repository\nUpdate Complete. ⎈Happy Helming!⎈\n");
    }
    helm.out(&format!("Saving {} charts\n", wanted.len()));
    for (from, name, _) in &found {
        copy(helm, from, &format!("{path}/charts/{name}"), 0)?;
    }
    helm.out("Deleting outdated charts\n");
    let lock: Value = found.into_iter().map(|(_, _, entry)| entry).collect();
    let digest = kubectl::sha256::hex(objects::json::to_string(&lock).as_bytes());
    let lock = value!({
        "dependencies": (lock), "digest": (format!("sha256:{digest}")), "generated": (helm.now().rfc3339()),
    });
    write(helm, &format!("{path}/Chart.lock"), yaml::emit(&lock).as_bytes())
}

fn write(helm: &Helm, path: &str, bytes: &[u8]) -> Done {
    helm.io.write(path, bytes).map_err(|e| format!("open {path}: {}", e.text()))
}

fn copy(helm: &Helm, from: &str, to: &str, depth: usize) -> Done {
    if depth > 16 {
        return Err(format!("{from}: nested too deep"));
    }
    for name in helm.io.list(from).map_err(|e| format!("{from}: {}", e.text()))? {
        let (a, b) = (format!("{from}/{name}"), format!("{to}/{name}"));
        if helm.io.is_dir(&a) {
            copy(helm, &a, &b, depth + 1)?;
        } else if let Ok(bytes) = helm.io.read(&a) {
            write(helm, &b, &bytes)?;
        }
    }
    Ok(())
}
