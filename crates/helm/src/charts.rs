//! A chart as files, and its subcharts.
//!
//! Models `pkg/chart/loader` and `pkg/chartutil/dependencies.go`. Not modelled: `.helmignore` beyond what charts never
//! hold, value schemas, packed charts.

use kubectl::{FsError, Io};
use objects::{Value, yaml};

use crate::CHARTS;
use crate::sprig::semver;
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
        } else if !matches!(name.as_str(), "Chart.yaml" | "Chart.lock" | "values.yaml" | ".helmignore") {
            chart.files.push((name, text));
        }
    }
    for name in names {
        chart.children.push(read(io, &format!("{path}/charts/{name}"), depth + 1, left)?);
    }
    Ok(chart)
}

/// Whether all that a chart depends on lies in it.
pub(crate) fn check_dependencies(chart: &Chart) -> Result<(), String> {
    let missing: Vec<&str> = chart.meta["dependencies"]
        .items()
        .iter()
        .map(|d| d["name"].text())
        .filter(|name| !chart.children.iter().any(|c| c.name() == *name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: {}",
        missing.join(", ")
    ))
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

/// The chart with the subcharts it names, under the names it gives them, without those that tags and conditions leave
/// out; and with the values that it takes over from them.
pub(crate) fn enabled(chart: &mut Chart, values: &Value) {
    let dependencies = chart.meta["dependencies"].clone();
    let fits = |d: &Value, c: &Chart| {
        let range = d["version"].text();
        d["name"] == c.name() && (range.is_empty() || semver(range, c.meta["version"].text()))
    };
    let given = std::mem::take(&mut chart.children);
    let unnamed = given.iter().filter(|c| !dependencies.items().iter().any(|d| fits(d, c)));
    let mut children: Vec<Chart> = unnamed.cloned().collect();
    for d in dependencies.items() {
        let Some(found) = given.iter().find(|c| fits(d, c)) else { continue };
        let tags = d["tags"].items().iter().filter_map(|t| values["tags"][t.text()].as_bool());
        let by_tags = tags.reduce(|a, b| a || b);
        let by_condition = d["condition"]
            .text()
            .split(',')
            .filter(|c| !c.is_empty())
            .find_map(|c| values.at(&c.trim().split('.').collect::<Vec<_>>()).as_bool());
        if by_condition.or(by_tags).unwrap_or(true) {
            let mut child = found.clone();
            if !d["alias"].text().is_empty() {
                child.meta.set("name", d["alias"].text());
            }
            children.push(child);
        }
    }
    chart.children = children;
    for child in &mut chart.children {
        let own = child_values(child, values);
        enabled(child, &own);
    }
    import(chart, &dependencies);
}

/// Values that a chart takes over from its subcharts (`import-values`), under its own.
fn import(chart: &mut Chart, dependencies: &Value) {
    let mut taken = Value::map();
    for d in dependencies.items() {
        let name = if d["alias"].text().is_empty() { d["name"].text() } else { d["alias"].text() };
        let Some(child) = chart.children.iter().find(|c| c.name() == name) else { continue };
        let own = child_values(child, &chart.values);
        for wish in d["import-values"].items() {
            let (from, to) = match wish.as_str() {
                Some(export) => (format!("exports.{export}"), "."),
                None => (wish["child"].text().to_owned(), wish["parent"].text()),
            };
            let found = own.at(&from.split('.').collect::<Vec<_>>()).clone();
            if found.as_map().is_none() {
                continue;
            }
            let mut placed = found;
            if to != "." {
                for step in to.rsplit('.') {
                    let mut outer = Value::map();
                    outer.set(step, placed);
                    placed = outer;
                }
            }
            taken = coalesced(&placed, &taken);
        }
    }
    chart.values = coalesced(&taken, &chart.values);
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
