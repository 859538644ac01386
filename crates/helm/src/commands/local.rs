//! Commands that need no cluster: `create`, `show`, `search`, `repo` and `version`.

use objects::yaml;
use ordered::Sort as _;

use super::{Done, Helm, table};
use crate::charts::{self, Chart};
use crate::{BUNDLED, CHARTS};

pub(super) fn run(helm: &Helm, command: &str) -> Done {
    match command {
        "create" => create(helm),
        "show" => show(helm),
        "search" => search(helm),
        "repo" => repo(helm),
        _ => {
            helm.out(if helm.args.is("short") {
                "v3.19.0\n"
            } else {
                "version.BuildInfo{Version:\"v3.19.0\", GitCommit:\"\", GitTreeState:\"clean\", GoVersion:\"go1.24.7\"}\n"
            });
            Ok(())
        }
    }
}

/// A new chart: the bundled one that serves a page, under another name.
fn create(helm: &Helm) -> Done {
    helm.expects(1, "NAME [flags]")?;
    let path = helm.args.args[0].trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or(path);
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(good) {
        return Err("chart name must match the regular expression \"^[a-zA-Z0-9._-]+$\"".into());
    }
    for (file, text) in BUNDLED {
        let Some(rest) = file.strip_prefix("hello/") else { continue };
        let text = text.replace("hello", name);
        helm.io
            .write(&format!("{path}/{rest}"), text.as_bytes())
            .map_err(|e| format!("{path}/{rest}: {}", e.text()))?;
    }
    helm.out(&format!("Creating {path}\n"));
    Ok(())
}

fn show(helm: &Helm) -> Done {
    let [what, word] = helm.args.args.as_slice() else {
        return Err("\"helm show\" needs one of all, chart, crds, readme, values, and a chart".into());
    };
    let path = charts::find(helm.io.as_ref(), word)?;
    let read = |name: &str| {
        let bytes = helm.io.read(&format!("{path}/{name}")).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let chart = charts::load(helm.io.as_ref(), &path)?;
    let crds: String = chart.crds.iter().map(|(_, t)| format!("---\n{}\n", t.trim_end())).collect();
    let (meta, values) = (yaml::emit(&chart.meta), read("values.yaml").unwrap_or_default());
    let readme = read("README.md").unwrap_or_default();
    helm.out(&match what.as_str() {
        "chart" => meta,
        "values" => format!("{values}\n"),
        "readme" => readme,
        "crds" => crds,
        "all" => format!("{meta}\n---\n{values}\n---\n{readme}{crds}"),
        other => return Err(format!("unknown command \"{other}\" for \"helm show\"")),
    });
    Ok(())
}

fn bundled(helm: &Helm) -> Vec<Chart> {
    let mut names: Vec<&str> = BUNDLED.iter().filter_map(|(f, _)| f.strip_suffix("/Chart.yaml")).collect();
    names.arrange();
    names.iter().filter_map(|n| charts::load(helm.io.as_ref(), &format!("{CHARTS}/{n}")).ok()).collect()
}

fn search(helm: &Helm) -> Done {
    let word = helm.args.args.get(1).map(String::as_str).unwrap_or_default();
    let head = ["NAME", "CHART VERSION", "APP VERSION", "DESCRIPTION"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for c in bundled(helm) {
        let text = c.meta["description"].text().to_owned();
        let name = format!("wheelhouse/{}", c.name());
        if name.contains(word) || text.contains(word) {
            let version = c.meta["version"].text().to_owned();
            rows.push(vec![name, version, objects::jsonpath::text(&c.meta["appVersion"]), text]);
        }
    }
    helm.out(&if rows.len() == 1 { "No results found\n".to_owned() } else { table(&rows) });
    Ok(())
}

fn repo(helm: &Helm) -> Done {
    match helm.args.args.first().map(String::as_str) {
        Some("list" | "ls") => {
            helm.out(&table(&[
                vec!["NAME".into(), "URL".into()],
                vec!["wheelhouse".into(), format!("file://{CHARTS}")],
            ]));
            Ok(())
        }
        Some("update" | "up") => {
            helm.out("Hang tight while we grab the latest from your chart repositories...\n...Successfully got an update from the \"wheelhouse\" chart repository\nUpdate Complete. ⎈Happy Helming!⎈\n");
            Ok(())
        }
        Some("add") => {
            let url = helm.args.args.get(2).map(String::as_str).unwrap_or_default();
            Err(format!(
                "looks like \"{url}\" is not a valid chart repository or cannot be reached: there is no network behind this machine; the charts at hand are those of \"helm search repo\""
            ))
        }
        _ => Err("\"helm repo\" needs one of: list, update".into()),
    }
}
