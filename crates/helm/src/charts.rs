//! A chart as files, and its subcharts.
//!
//! Models `pkg/chart/loader` and `pkg/chartutil/dependencies.go`. Not modelled: `.helmignore`, tags, value schemas.

use kubectl::{FsError, Io};
use objects::{Value, yaml};

use crate::CHARTS;
use crate::values::coalesced;

/// How deep charts may hold charts.
const DEPTH_MAX: usize = 8;
const FILES_MAX: usize = 2_000;

/// A chart that was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chart {
    /// `Chart.yaml`
    pub(crate) meta: Value,
    pub(crate) values: Value,
    /// Path below the chart and text, sorted.
    pub(crate) templates: Vec<(String, String)>,
    pub(crate) crds: Vec<(String, String)>,
    /// All else that templates may read.
    pub(crate) files: Vec<(String, String)>,
    pub(crate) children: Vec<Chart>,
}

impl Chart {
    pub(crate) fn name(&self) -> &str {
        self.meta["name"].text()
    }
}

/// The folder a word names: a path, or a bundled chart.
pub(crate) fn find(io: &dyn Io, word: &str) -> Result<String, String> {
    if io.is_dir(word) {
        return Ok(word.trim_end_matches('/').to_owned());
    }
    if let Some(name) = word.strip_prefix("wheelhouse/") {
        let path = format!("{CHARTS}/{name}");
        if io.is_dir(&path) {
            return Ok(path);
        }
        return Err(format!("chart \"{name}\" not found in wheelhouse index"));
    }
    if let Some((repository, _)) = word.split_once('/').filter(|(r, _)| !r.is_empty() && !r.starts_with('.'))
    {
        return Err(if word.contains("://") {
            format!("could not reach {word}: there is no network behind this machine")
        } else {
            format!("repo {repository} not found")
        });
    }
    if word.starts_with(['.', '/']) {
        return Err(format!("path \"{word}\" not found"));
    }
    Err(format!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {word}"))
}

pub(crate) fn load(io: &dyn Io, path: &str) -> Result<Chart, String> {
    let mut left = FILES_MAX;
    read(io, path, 0, &mut left)
}

fn read(io: &dyn Io, path: &str, depth: usize, left: &mut usize) -> Result<Chart, String> {
    if depth > DEPTH_MAX {
        return Err("charts are nested too deep".into());
    }
    let mut files = Vec::new();
    walk(io, path, "", &mut files, left)?;
    let text = |name: &str| files.iter().find(|(n, _)| n == name).map(|(_, t)| t.as_str());
    let Some(meta) = text("Chart.yaml") else { return Err("Chart.yaml file is missing".into()) };
    let loaded = |name: &str, text: &str| {
        yaml::load(text).map(|d| d.value).map_err(|e| format!("cannot load {name}: {e}"))
    };
    let meta = loaded("Chart.yaml", meta)?;
    let values = text("values.yaml").map_or(Ok(Value::map()), |t| loaded("values.yaml", t))?;
    for (field, why) in [
        ("apiVersion", "chart.metadata.apiVersion is required"),
        ("name", "chart.metadata.name is required"),
        ("version", "chart.metadata.version is required"),
    ] {
        if meta[field].text().is_empty() {
            return Err(format!("validation: {why}"));
        }
    }
    let mut chart = Chart { meta, values, ..Chart::default() };
    let mut names: Vec<String> = Vec::new();
    for (name, text) in files {
        if let Some(rest) = name.strip_prefix("charts/") {
            let child = rest.split('/').next().unwrap_or(rest).to_owned();
            if rest.contains('/') && !names.contains(&child) {
                names.push(child);
            }
        } else if name.starts_with("templates/") {
            chart.templates.push((name, text));
        } else if name.starts_with("crds/") {
            chart.crds.push((name, text));
        } else if name != "Chart.yaml" && name != "values.yaml" {
            chart.files.push((name, text));
        }
    }
    for name in names {
        chart.children.push(read(io, &format!("{path}/charts/{name}"), depth + 1, left)?);
    }
    for d in chart.meta["dependencies"].items() {
        let name = d["name"].text();
        if !chart.children.iter().any(|c| c.name() == name) {
            return Err(format!(
                "An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: {name}"
            ));
        }
    }
    Ok(chart)
}

fn walk(
    io: &dyn Io,
    root: &str,
    below: &str,
    out: &mut Vec<(String, String)>,
    left: &mut usize,
) -> Result<(), String> {
    let folder = if below.is_empty() { root.to_owned() } else { format!("{root}/{below}") };
    let names = io.list(&folder).map_err(|e: FsError| format!("{folder}: {}", e.text()))?;
    for name in names {
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let full = format!("{root}/{path}");
        *left = left.checked_sub(1).ok_or("a chart of too many files")?;
        if io.is_dir(&full) {
            if path.matches('/').count() < 2 * DEPTH_MAX {
                walk(io, root, &path, out, left)?;
            }
        } else if let Ok(bytes) = io.read(&full) {
            out.push((path, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    Ok(())
}

/// The chart without the subcharts that a condition or the lack of a need leaves out.
pub(crate) fn enabled(chart: &mut Chart, values: &Value) {
    let dependencies = chart.meta["dependencies"].clone();
    chart.children.retain(|child| {
        let wanted = dependencies.items().iter().find(|d| d["name"] == child.name());
        let condition = wanted.map(|d| d["condition"].to_str()).unwrap_or_default();
        condition
            .split(',')
            .filter(|c| !c.is_empty())
            .find_map(|c| values.at(&c.trim().split('.').collect::<Vec<_>>()).as_bool())
            .unwrap_or(true)
    });
    for child in &mut chart.children {
        let own = child_values(child, values);
        enabled(child, &own);
    }
}

/// The values a subchart sees.
pub(crate) fn child_values(child: &Chart, parent: &Value) -> Value {
    let mut own = coalesced(&child.values, &parent[child.name()]);
    if !parent["global"].is_null() {
        let global = coalesced(&own["global"], &parent["global"]);
        own.set("global", global);
    }
    own
}

/// Values of a chart with those of its subcharts filled in.
pub(crate) fn complete(chart: &Chart, values: &Value) -> Value {
    let mut out = values.clone();
    for child in &chart.children {
        let own = complete(child, &child_values(child, &out));
        out.set(child.name(), own);
    }
    out
}
