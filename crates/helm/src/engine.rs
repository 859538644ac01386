//! A chart's templates to manifests.
//!
//! Models `pkg/engine` and `pkg/releaseutil` (manifests in order of kind, hooks apart).

use std::cell::RefCell;

use clock::Rng;
use kubectl::printers::go_template::{Functions, Set};
use objects::{Value, value, yaml};
use ordered::Sort as _;

use crate::charts::{Chart, child_values};
use crate::sprig;

/// What templates know of a release.
pub(crate) struct Facts<'a> {
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) revision: i64,
    pub(crate) upgrade: bool,
    pub(crate) api_versions: Vec<String>,
    /// `v1.36.2`
    pub(crate) kube: String,
    pub(crate) now: clock::Time,
}

/// One look-up: apiVersion, kind, namespace, name.
pub(crate) type Wanted = [String; 4];

/// The functions of one run, with what they share.
pub(crate) struct Library {
    pub(crate) rng: RefCell<Rng>,
    pub(crate) now: clock::Time,
    /// What the cluster answered, and what it was asked and has not answered.
    pub(crate) found: Vec<(Wanted, Value)>,
    pub(crate) wanted: RefCell<Vec<Wanted>>,
    /// `helm lint`: what is required may be missing.
    pub(crate) lenient: bool,
}

impl Library {
    pub(crate) fn new(seed: u64, now: clock::Time) -> Self {
        Self {
            rng: RefCell::new(Rng::new(seed)),
            now,
            found: Vec::new(),
            wanted: RefCell::default(),
            lenient: false,
        }
    }
}

impl Functions for Library {
    fn knows(&self, name: &str) -> bool {
        matches!(name, "include" | "tpl" | "lookup") || sprig::NAMES.contains(&name)
    }

    fn call(&self, name: &str, args: &[Option<Value>]) -> Result<Option<Value>, String> {
        if name != "lookup" {
            return sprig::call(self, name, args);
        }
        let text =
            |i: usize| args.get(i).and_then(|a| a.as_ref()).map(|v| v.text().to_owned()).unwrap_or_default();
        let wanted = [text(0), text(1), text(2), text(3)];
        if let Some((_, v)) = self.found.iter().find(|(w, _)| *w == wanted) {
            return Ok(Some(v.clone()));
        }
        let mut asked = self.wanted.borrow_mut();
        if !asked.contains(&wanted) {
            asked.push(wanted);
        }
        Ok(Some(Value::map()))
    }

    fn method(&self, name: &str, args: &[Option<Value>]) -> Result<Option<Value>, String> {
        let subject = args.first().cloned().flatten().unwrap_or_default();
        let word = args.get(1).cloned().flatten().unwrap_or_default();
        Ok(Some(match name {
            "Has" => Value::Bool(subject.items().contains(&word)),
            "Get" => Value::from(subject[word.text()].text()),
            "Lines" => {
                let text = subject[word.text()].text();
                text.lines().map(Value::from).collect()
            }
            "Glob" => {
                let mut files = subject.as_map().cloned().unwrap_or_default();
                files.retain(|k, _| sprig::glob(word.text(), k));
                Value::Map(files)
            }
            _ => return Err(format!("can't evaluate field {name} in type interface {{}}")),
        }))
    }

    fn property(&self, of: &Value, name: &str) -> Option<Value> {
        if of.find(name).is_some() {
            return None;
        }
        let base = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let files = || of.entries().iter().map(|(k, v)| (base(k), v.text().to_owned()));
        let all: Value = match name {
            "AsConfig" => Value::Map(files().map(|(k, v)| (k, Value::from(v))).collect()),
            "AsSecrets" => Value::Map(
                files().map(|(k, v)| (k, Value::from(objects::base64::encode(v.as_bytes())))).collect(),
            ),
            _ => return None,
        };
        Some(Value::from(yaml::emit(&all).trim_end()))
    }
}

/// One text by itself.
pub(crate) fn alone(text: &str, data: &Value) -> Result<String, String> {
    let library = Library::new(1, clock::Time::EPOCH);
    let mut set = Set::default();
    set.add("text", text, &library)?;
    set.render("text", data, &library)
}

/// One manifest of a release.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manifest {
    /// `hello/templates/service.yaml`
    pub(crate) source: String,
    pub(crate) text: String,
    pub(crate) object: Value,
}

/// What a chart came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rendered {
    pub(crate) manifests: Vec<Manifest>,
    pub(crate) hooks: Vec<Manifest>,
    pub(crate) notes: String,
    /// Those of subcharts.
    pub(crate) notes_below: Vec<String>,
}

impl Rendered {
    pub(crate) fn manifest_text(&self) -> String {
        self.manifests.iter().map(shown).collect()
    }
}

pub(crate) fn shown(m: &Manifest) -> String {
    format!("---\n# Source: {}\n{}\n", m.source, m.text)
}

/// The order in which kinds are made.
const ORDER: [&str; 34] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
];

fn rank(kind: &str) -> usize {
    ORDER.iter().position(|k| *k == kind).unwrap_or(if kind == "Ingress" { 34 } else { 36 })
}

pub(crate) fn render(
    chart: &Chart,
    values: &Value,
    facts: &Facts<'_>,
    library: &Library,
) -> Result<Rendered, String> {
    let mut set = Set::default();
    let mut runs = Vec::new();
    gather(chart, chart.name(), values, facts, &mut runs);
    // The deepest first: what a chart defines stands in for what its subcharts define.
    let mut order: Vec<&(String, String, Value)> = runs.iter().collect();
    order.arrange_by(|a, b| (b.0.matches('/').count(), &b.0).cmp(&(a.0.matches('/').count(), &a.0)));
    for (name, text, _) in order {
        set.add(name, text, library).map_err(|why| unparsed(name, &why))?;
    }
    let mut out = Rendered::default();
    runs.arrange_by(|a, b| a.0.cmp(&b.0));
    for (name, _, data) in &runs {
        if name.rsplit('/').next().is_some_and(|n| n.starts_with('_')) {
            continue;
        }
        let text = set.render(name, data, library).map_err(unrun)?.replace("<no value>", "");
        if name.ends_with("NOTES.txt") {
            if *name == format!("{}/templates/NOTES.txt", chart.name()) {
                out.notes = text;
            } else {
                out.notes_below.push(text);
            }
            continue;
        }
        documents(name, &text, &mut out)?;
    }
    out.manifests.arrange_by(|a, b| {
        (rank(a.object.kind()), a.object.kind()).cmp(&(rank(b.object.kind()), b.object.kind()))
    });
    out.hooks.arrange_by(|a, b| rank(a.object.kind()).cmp(&rank(b.object.kind())));
    Ok(out)
}

/// What stands around the text of `required` and `fail`, so that it is found again in what Go makes of it.
pub(crate) const SAID: [&str; 2] = ["HELM_ERR_START", "HELM_ERR_END"];

/// A text that is no template, in helm's words.
fn unparsed(name: &str, why: &str) -> String {
    let mut parts = why.split(": ");
    match (parts.nth(1), why.rsplit(": ").next()) {
        (Some(place), Some(last)) => format!("parse error at ({place}): {last}"),
        _ => format!("parse error in ({name}): {why}"),
    }
}

/// A template that failed, in helm's words: what the chart itself says stands alone.
fn unrun(why: String) -> String {
    let place = why.split(": ").nth(1);
    let said = why.split_once(SAID[0]).and_then(|(_, rest)| rest.rsplit_once(SAID[1]));
    match (place, said) {
        (Some(place), Some((said, _))) => format!("execution error at ({place}): {said}"),
        _ => why,
    }
}

fn gather(
    chart: &Chart,
    path: &str,
    values: &Value,
    facts: &Facts<'_>,
    runs: &mut Vec<(String, String, Value)>,
) -> Value {
    let mut below = Value::map();
    for child in &chart.children {
        let own = child_values(child, values);
        let data = gather(child, &format!("{path}/charts/{}", child.name()), &own, facts, runs);
        below.set(child.name(), data);
    }
    let files: Value =
        Value::Map(chart.files.iter().map(|(n, t)| (n.as_str(), Value::from(t.as_str()))).collect());
    let mut meta = Value::map();
    for (key, v) in chart.meta.entries() {
        let mut name = key.to_string();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        meta.set(name, v);
    }
    meta.set("IsRoot", !path.contains('/'));
    let api: Value = facts.api_versions.iter().map(|v| Value::from(v.as_str())).collect();
    let mut version = facts.kube.trim_start_matches('v').split('.');
    let (major, minor) = (version.next().unwrap_or("1"), version.next().unwrap_or("0"));
    let data = value!({
        "Values": (values), "Chart": (meta), "Files": (files), "Subcharts": (below),
        "Release": {
            "Name": (facts.name), "Namespace": (facts.namespace), "Revision": (facts.revision), "Service": "Helm",
            "IsInstall": (!facts.upgrade), "IsUpgrade": (facts.upgrade),
        },
        "Capabilities": {
            "APIVersions": (api), "HelmVersion": {"Version": (crate::VERSION)},
            "KubeVersion": {
                "Version": (facts.kube.as_str()), "GitVersion": (facts.kube.as_str()), "Major": (major), "Minor": (minor),
            },
        },
    });
    let library = chart.meta["type"].text().eq_ignore_ascii_case("library");
    for (name, text) in &chart.templates {
        // A library's files only define.
        if library && !name.rsplit('/').next().is_some_and(|n| n.starts_with('_')) {
            continue;
        }
        let full = format!("{path}/{name}");
        let mut data = data.clone();
        data.set("Template", value!({"Name": (full.as_str()), "BasePath": (format!("{path}/templates"))}));
        runs.push((full, text.clone(), data));
    }
    data
}

/// Splits a rendered file into its objects.
fn documents(name: &str, text: &str, out: &mut Rendered) -> Result<(), String> {
    let mut parts: Vec<String> = vec![String::new()];
    for line in text.lines() {
        if line == "---" || line.starts_with("--- ") {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push_str(line);
            part.push('\n');
        }
    }
    for part in parts {
        if part.trim().is_empty() {
            continue;
        }
        let loaded = yaml::load(&part)
            .map_err(|e| format!("YAML parse error on {name}: error converting YAML to JSON: {e}"))?;
        let object = loaded.value;
        if object.is_null() {
            continue;
        }
        if object.as_map().is_none() || object.kind().is_empty() {
            return Err("unable to build kubernetes objects from release manifest: error validating \"\": error validating data: kind not set".into());
        }
        let is_hook = !object.annotations()["helm.sh/hook"].text().is_empty();
        let manifest = Manifest { source: name.to_owned(), text: part.trim().to_owned(), object };
        if is_hook { out.hooks.push(manifest) } else { out.manifests.push(manifest) }
    }
    Ok(())
}
