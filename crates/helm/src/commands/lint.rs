//! `helm lint`
//!
//! Models `pkg/lint/rules`, those of Chart.yaml that charts break and the templates themselves. Not modelled: addresses
//! of maintainers and sources, deprecated API versions.

use objects::Value;

use super::{Done, Helm};
use crate::KUBE;
use crate::charts::{self, complete, enabled};
use crate::engine::{Facts, Library, render};
use crate::values::{coalesced, given};

/// How bad a finding is, as it is printed.
const LEVELS: [&str; 3] = ["INFO", "WARNING", "ERROR"];

pub(super) async fn run(helm: &Helm) -> Done {
    let mut paths = if helm.args.args.is_empty() { vec![".".to_owned()] } else { helm.args.args.clone() };
    if helm.args.is("with-subcharts") {
        for path in paths.clone() {
            let folder = format!("{}/charts", path.trim_end_matches('/'));
            let names = helm.io.list(&folder).unwrap_or_default();
            paths.extend(names.into_iter().map(|n| format!("{folder}/{n}")).filter(|p| helm.io.is_dir(p)));
        }
    }
    let user = given(&helm.args, helm.io.as_ref())?;
    let (mut failed, mut noted) = (0, 0);
    for path in &paths {
        let file = format!("{}/Chart.yaml", path.trim_end_matches('/'));
        if helm.io.read(&file).is_err() {
            (failed, noted) = (failed + 1, noted + 1);
            helm.out(&format!(
                "==> Linting {path}\nError unable to check Chart.yaml file in chart: stat {file}: no such file or directory\n\n"
            ));
            continue;
        }
        let found = findings(helm, path, &user);
        let worst = found.iter().map(|f| f.0).max().unwrap_or(0);
        noted += usize::from(worst > 0);
        failed += usize::from(worst == 2 || worst == 1 && helm.args.is("strict"));
        let quiet = helm.args.is("quiet");
        if quiet && worst == 0 {
            continue;
        }
        helm.out(&format!("==> Linting {path}\n"));
        for (level, place, text) in found.iter().filter(|f| !quiet || f.0 > 0) {
            helm.out(&format!("[{}] {place}: {text}\n", LEVELS[*level]));
        }
        helm.out("\n");
    }
    let summary = format!("{} chart(s) linted, {failed} chart(s) failed", paths.len());
    if failed > 0 {
        return Err(summary);
    }
    if !helm.args.is("quiet") || noted > 0 {
        helm.out(&format!("{summary}\n"));
    }
    Ok(())
}

/// What is wrong with a chart: how bad, where, what.
fn findings(helm: &Helm, path: &str, user: &Value) -> Vec<(usize, &'static str, String)> {
    let mut out = Vec::new();
    let path = path.trim_end_matches('/');
    let read = |name: &str| helm.io.read(&format!("{path}/{name}")).ok();
    let text = read("Chart.yaml").unwrap_or_default();
    let meta = match objects::yaml::load(&String::from_utf8_lossy(&text)) {
        Ok(d) => d.value,
        Err(e) => {
            let text = format!("unable to parse YAML\n\terror converting YAML to JSON: {e}");
            return vec![(2, "Chart.yaml", text)];
        }
    };
    let mut wrong = |text: String| out.push((2, "Chart.yaml", text));
    if meta["name"].text().is_empty() {
        wrong("name is required".into());
    }
    match meta["apiVersion"].text() {
        "" => wrong("apiVersion is required. The value must be either \"v1\" or \"v2\"".into()),
        "v1" | "v2" => {}
        other => {
            wrong(format!("apiVersion '{other}' is not valid. The value must be either \"v1\" or \"v2\""));
        }
    }
    for field in ["version", "appVersion"] {
        let kind = match &meta[field] {
            Value::Float(_) | Value::Int(_) => "float64",
            Value::Bool(_) => "bool",
            _ => continue,
        };
        wrong(format!("{field} should be of type string but it's of type {kind}"));
    }
    let version = meta["version"].text();
    if meta["version"].is_null() || version.is_empty() && meta["version"].as_str().is_some() {
        wrong("version is required".into());
    } else if !version.is_empty()
        && !version.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())
    {
        wrong(format!("version '{version}' is not a valid SemVer"));
    }
    if meta["icon"].text().is_empty() {
        out.push((0, "Chart.yaml", "icon is recommended".into()));
    }
    if read("values.yaml").is_none() {
        out.push((0, "values.yaml", "file does not exist".into()));
    }
    if !helm.io.is_dir(&format!("{path}/templates")) {
        out.push((1, "templates/", "directory not found".into()));
        return out;
    }
    if let Err(why) = rendered(helm, path, user) {
        out.push((2, "templates/", why));
    }
    out
}

fn rendered(helm: &Helm, path: &str, user: &Value) -> Done {
    let mut chart = charts::load(helm.io.as_ref(), path)?;
    let values = coalesced(&chart.values, user);
    enabled(&mut chart, &values);
    let facts = Facts {
        name: "test-release",
        namespace: &helm.namespace,
        revision: 1,
        upgrade: false,
        api_versions: Vec::new(),
        kube: match helm.args.text("kube-version") {
            "" => KUBE.to_owned(),
            given => format!("v{}", given.trim_start_matches('v')),
        },
        now: helm.now(),
    };
    let mut library = Library::new(1, facts.now);
    library.lenient = true;
    let values = complete(&chart, &coalesced(&chart.values, user));
    render(&chart, &values, &facts, &library).map(|_| ())
}
