//! `kubectl kustomize` and `-k`: a kustomization built from the learner's files.
//!
//! Models `sigs.k8s.io/kustomize`, the transformers that lessons use: resources and bases, namespace, name prefix and
//! suffix, labels, annotations, images, replicas, strategic and JSON patches, config map and secret generators with
//! their hashes, components, replacements. Not modelled: remote bases, variables, helm charts, plugins.

mod replacements;

use objects::{Value, base64, json, value, yaml};

use crate::change::{each_container, pod_spec_path};
use crate::command::Command;
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    short('o', "output", Kind::Text, "", "file to write to"),
    flag("enable-helm", Kind::Bool, "false", "accepted, not simulated"),
    flag("load-restrictor", Kind::Text, "LoadRestrictionsRootOnly", "accepted, not simulated"),
    flag("reorder", Kind::Text, "legacy", "accepted, not simulated"),
    short('e', "env", Kind::Texts, "", "accepted, not simulated"),
    flag("enable-alpha-plugins", Kind::Bool, "false", "accepted, not simulated"),
];

pub static COMMAND: Command = Command {
    name: "kustomize",
    usage: "DIR",
    short: "Print what a kustomization directory builds",
    flags: &[FLAGS],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

const FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    if args.args.len() > 1 {
        return fail("specify one path to kustomization.yaml");
    }
    let directory = args.args.first().map_or(".", String::as_str);
    let text = build(k, directory)?;
    match args.text("output") {
        "" => k.out(&text),
        path => {
            if let Err(e) = k.io.write(path, text.as_bytes()) {
                return fail(format!("open {path}: {}", e.text()));
            }
        }
    }
    Ok(())
}

/// One object on its way, with what it was called before.
struct Item {
    object: Value,
    /// Every name so far, the present one last.
    names: Vec<String>,
    /// Made by a generator whose names end in a hash of the content.
    hashed: bool,
}

impl Item {
    fn new(object: Value, hashed: bool) -> Self {
        let names = vec![object.name().to_owned()];
        Self { object, names, hashed }
    }

    fn was_called(&self, name: &str) -> bool {
        self.names.iter().any(|n| n == name)
    }
}

/// The manifests a directory's kustomization makes.
///
/// # Errors
/// No kustomization, or one that can't be built.
pub fn build(k: &Kubectl, directory: &str) -> Result<String> {
    if !k.io.is_dir(directory) {
        let why = if k.io.exists(directory) {
            format!("must build at directory: '{}': file is not directory", full(k, directory))
        } else {
            format!("must build at directory: not a valid directory: {}", missing(k, directory, directory))
        };
        return fail(why);
    }
    let mut items = objects(k, directory, None, 0)?;
    for n in 0..items.len() {
        if items[n].hashed {
            let o = &items[n].object;
            let mut content = value!({"kind": (o.kind()), "name": "", "data": (o["data"].clone())});
            if o.kind() == "Secret" {
                content.set("type", o["type"].clone());
            }
            let name = format!("{}-{}", o.name(), super::name_hash(&content));
            call(&mut items, n, name);
        }
    }
    let mut objects: Vec<Value> = items.into_iter().map(|i| i.object).collect();
    objects.sort_by_cached_key(|o| {
        let (group, version) = objects::resources::split_api_version(o.api_version());
        let group = if group.is_empty() { "~G" } else { group };
        let namespace = if o.namespace().is_empty() { "~X" } else { o.namespace() };
        (rank(o.kind()), format!("{group}_{version}_{}|{namespace}|{}", o.kind(), o.name()))
    });
    let texts: Vec<String> = objects.iter().map(yaml::emit).collect();
    Ok(texts.join("---\n"))
}

/// Gives an object another name, in what refers to it too.
fn call(items: &mut [Item], n: usize, name: String) {
    let (kind, old) = (items[n].object.kind().to_owned(), items[n].object.name().to_owned());
    rename(items, &kind, &old, &name);
    items[n].object.set_at(&["metadata", "name"], name.as_str());
    items[n].names.push(name);
}

/// The path from the root of the machine.
fn full(k: &Kubectl, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let here = k.io.env("PWD").unwrap_or_default();
    joined(here.trim_end_matches('/'), path)
}

fn missing(k: &Kubectl, said: &str, path: &str) -> String {
    format!("evalsymlink failure on '{said}' : lstat {}: no such file or directory", full(k, path))
}

/// Kustomize's own order: what others need comes first.
fn rank(kind: &str) -> usize {
    const FIRST: [&str; 22] = [
        "Namespace",
        "ResourceQuota",
        "StorageClass",
        "CustomResourceDefinition",
        "ServiceAccount",
        "PodSecurityPolicy",
        "Role",
        "ClusterRole",
        "RoleBinding",
        "ClusterRoleBinding",
        "ConfigMap",
        "Secret",
        "Endpoints",
        "Service",
        "LimitRange",
        "PriorityClass",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Deployment",
        "StatefulSet",
        "CronJob",
        "PodDisruptionBudget",
    ];
    match kind {
        "MutatingWebhookConfiguration" => 100,
        "ValidatingWebhookConfiguration" => 101,
        _ => FIRST.iter().position(|k| *k == kind).unwrap_or(50),
    }
}

fn read(k: &Kubectl, path: &str) -> Result<String> {
    match k.io.read(path) {
        Ok(b) => Ok(String::from_utf8_lossy(&b).into_owned()),
        Err(e) => fail(format!("accumulating resources: open {path}: {}", e.text())),
    }
}

/// The fields a kustomization may have.
const FIELDS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "openapi",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
];

/// Fields of old, and what stands in their place.
const OLD: [(&str, &str); 5] = [
    ("bases", "'resources' instead."),
    ("commonLabels", "'labels' instead."),
    ("patchesJson6902", "'patches' instead."),
    ("patchesStrategicMerge", "'patches' instead."),
    ("vars", "'replacements' instead. [EXPERIMENTAL]"),
];

/// What a directory's kustomization makes. A component begins with what is there already.
fn objects(k: &Kubectl, directory: &str, given: Option<Vec<Item>>, depth: usize) -> Result<Vec<Item>> {
    let root = directory.trim_end_matches('/');
    let found = FILES.iter().map(|f| format!("{root}/{f}")).find(|p| k.io.read(p).is_ok());
    let Some(file) = found.filter(|_| depth < 16) else {
        return fail(format!(
            "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{}'",
            full(k, directory)
        ));
    };
    let spec = match yaml::load(&read(k, &file)?) {
        Ok(d) => d.value,
        Err(e) => return fail(format!("invalid Kustomization: {e}")),
    };
    if let Some((odd, _)) = spec.entries().iter().find(|(f, _)| !FIELDS.contains(&f.as_str())) {
        return fail(format!("invalid Kustomization: json: unknown field \"{odd}\""));
    }
    for (field, instead) in OLD.iter().filter(|(f, _)| !spec[*f].is_null()) {
        k.complain(format!(
            "# Warning: '{field}' is deprecated. Please use {instead} Run 'kustomize edit fix' to update your Kustomization automatically."
        ));
    }
    let component = given.is_some();
    if component && spec["kind"] != "Component" {
        let kind = if spec["kind"].is_null() { "Kustomization" } else { spec["kind"].text() };
        return fail(format!(
            "accumulating components: accumulateDirectory: \"expected kind 'Component' for path '{}' but got '{kind}'\"",
            full(k, directory)
        ));
    }
    let mut all: Vec<Item> = given.unwrap_or_default();
    for r in spec["resources"].items().iter().chain(spec["bases"].items()) {
        let path = joined(root, r.text());
        if k.io.is_dir(&path) {
            all.extend(objects(k, &path, None, depth + 1)?);
        } else if !k.io.exists(&path) {
            let why = missing(k, &full(k, &path), &path);
            return fail(format!(
                "accumulating resources: accumulation err='accumulating resources from '{}': {why}': must build at directory: not a valid directory: {why}",
                r.text()
            ));
        } else {
            let stream = yaml::load_stream(&read(k, &path)?);
            if let Some(e) = stream.error {
                return fail(format!("accumulating resources from '{}': {e}", r.text()));
            }
            all.extend(stream.documents.into_iter().map(|d| Item::new(d.value, false)));
        }
    }
    for c in spec["components"].items() {
        let path = joined(root, c.text());
        if !k.io.is_dir(&path) {
            let why = missing(k, &full(k, &path), &path);
            return fail(format!(
                "accumulating components: loader.New \"must build at directory: not a valid directory: {why}\""
            ));
        }
        all = objects(k, &path, Some(all), depth + 1)?;
    }
    generate(k, root, &spec, &mut all)?;
    patch(k, root, &spec, &mut all)?;
    transform(&spec, &mut all);
    replacements::replace(k, root, &spec, &mut all)?;
    Ok(all)
}

/// `a/b` and `../c` as `a/c`.
fn joined(root: &str, path: &str) -> String {
    let mut parts: Vec<&str> = root.split('/').collect();
    for p in path.trim_end_matches('/').split('/') {
        match p {
            "." | "" => {}
            ".." if parts.last().is_some_and(|l| !l.is_empty() && *l != "." && *l != "..") => {
                parts.pop();
            }
            p => parts.push(p),
        }
    }
    if parts.is_empty() { ".".into() } else { parts.join("/") }
}

fn generate(k: &Kubectl, root: &str, spec: &Value, all: &mut Vec<Item>) -> Result<()> {
    for (field, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
        for g in spec[field].items() {
            let mut pairs: Vec<(String, String)> = Vec::new();
            for l in g["literals"].items() {
                let (key, v) = l.text().split_once('=').unwrap_or((l.text(), ""));
                pairs.push((key.into(), v.trim_matches(['"', '\'']).into()));
            }
            for f in g["files"].items() {
                let (key, path) =
                    f.text().split_once('=').unwrap_or((f.text().rsplit('/').next().unwrap_or(""), f.text()));
                pairs.push((key.into(), read(k, &joined(root, path))?));
            }
            for f in g["envs"].items().iter().chain([&g["env"]].into_iter().filter(|e| !e.is_null())) {
                for line in read(k, &joined(root, f.text()))?
                    .lines()
                    .filter(|l| !l.trim().is_empty() && !l.starts_with('#'))
                {
                    let (key, v) = line.split_once('=').unwrap_or((line, ""));
                    pairs.push((key.trim().into(), v.into()));
                }
            }
            let mut data = Value::map();
            for (key, v) in pairs {
                data.set(key, if kind == "Secret" { base64::encode(v.as_bytes()) } else { v });
            }
            let name = g["name"].text();
            let mut o = value!({"apiVersion": "v1", "kind": (kind), "metadata": {"name": (name)}});
            if !g["namespace"].text().is_empty() {
                o.set_at(&["metadata", "namespace"], g["namespace"].text());
            }
            for field in ["labels", "annotations"] {
                for from in [&spec["generatorOptions"][field], &g["options"][field]] {
                    for (key, v) in from.entries() {
                        o.set_at(&["metadata", field, key], v.clone());
                    }
                }
            }
            if kind == "Secret" {
                o.set("type", if g["type"].text().is_empty() { "Opaque" } else { g["type"].text() });
            }
            if !data.is_zero() {
                o.set("data", data);
            }
            let behavior = g["behavior"].text();
            let known = all.iter_mut().find(|i| i.object.kind() == kind && i.was_called(name));
            match (behavior, known) {
                ("merge" | "replace", None) => {
                    return fail(format!(
                        "merging from generator {g_name}: id resid.ResId{{Gvk:resid.Gvk{{Group:\"\", Version:\"v1\", Kind:\"{kind}\", isClusterScoped:false}}, Name:\"{name}\", Namespace:\"\"}} does not exist; cannot merge or replace",
                        g_name = json::to_string(g)
                    ));
                }
                ("merge" | "replace", Some(item)) => {
                    if behavior == "replace" {
                        item.object.remove("data");
                    }
                    for (key, v) in o["data"].entries() {
                        item.object.set_at(&["data", key], v.clone());
                    }
                    for field in ["labels", "annotations"] {
                        for (key, v) in o.meta()[field].entries() {
                            item.object.set_at(&["metadata", field, key], v.clone());
                        }
                    }
                }
                _ => {
                    let plain = spec["generatorOptions"]["disableNameSuffixHash"].is_true()
                        || g["options"]["disableNameSuffixHash"].is_true();
                    all.push(Item::new(o, !plain));
                }
            }
        }
    }
    Ok(())
}

fn patch(k: &Kubectl, root: &str, spec: &Value, all: &mut [Item]) -> Result<()> {
    let mut patches: Vec<(Value, String)> = Vec::new();
    for p in spec["patchesStrategicMerge"].items() {
        let text =
            if p.text().contains('\n') { p.text().to_owned() } else { read(k, &joined(root, p.text()))? };
        patches.push((Value::Null, text));
    }
    for p in spec["patches"].items().iter().chain(spec["patchesJson6902"].items()) {
        let text = match p["patch"].text() {
            "" => read(k, &joined(root, p["path"].text()))?,
            t => t.to_owned(),
        };
        patches.push((p["target"].clone(), text));
    }
    for (target, text) in patches {
        for d in yaml::load_stream(&text).documents {
            let body = d.value;
            let fits = |i: &Item| {
                let o = &i.object;
                if target.is_null() {
                    return o.kind() == body.kind() && i.was_called(body.name());
                }
                let same =
                    |field: &str, is: &str| target[field].text().is_empty() || target[field].text() == is;
                let chosen =
                    super::selector(target["labelSelector"].text()).is_ok_and(|s| s.matches(o.labels()));
                let (group, version) = objects::resources::split_api_version(o.api_version());
                let name = target["name"].text();
                (name.is_empty() || i.names.iter().any(|n| fits_name(name, n)))
                    && same("kind", o.kind())
                    && same("group", group)
                    && same("version", version)
                    && same("namespace", o.namespace())
                    && chosen
            };
            if target.is_null() && !all.iter().any(&fits) {
                return fail(format!(
                    "no resource matches strategic merge patch \"{}.{}.{}/{}.[noNs]\": no matches for Id {}.{}.{}/{}.[noNs]; failed to find unique target for patch {}.{}.{}/{}.[noNs]",
                    body.kind(),
                    version_of(&body),
                    group_of(&body),
                    body.name(),
                    body.kind(),
                    version_of(&body),
                    group_of(&body),
                    body.name(),
                    body.kind(),
                    version_of(&body),
                    group_of(&body),
                    body.name(),
                ));
            }
            for o in all.iter_mut().filter(|i| fits(i)).map(|i| &mut i.object) {
                if body.as_list().is_some() {
                    match objects::patch::json_patch::apply(o, &body) {
                        Ok(new) => *o = new,
                        Err(e) => return fail(format!("{e}")),
                    }
                } else {
                    let mut body = body.clone();
                    body.remove_at(&["metadata", "name"]);
                    *o = match objects::resources::of(o) {
                        Some(r) => super::apply::patched(r, o, &body),
                        None => objects::patch::merge_patch::apply(o, &body),
                    };
                }
            }
        }
    }
    Ok(())
}

/// A target's name: the whole of it as a pattern where `.*` stands for anything.
fn fits_name(pattern: &str, name: &str) -> bool {
    match pattern.split_once(".*") {
        None => pattern == name,
        Some((head, tail)) => name.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len()).any(|n| rest.is_char_boundary(n) && fits_name(tail, &rest[n..]))
        }),
    }
}

fn group_of(o: &Value) -> String {
    let (group, _) = objects::resources::split_api_version(o.api_version());
    if group.is_empty() { "[noGrp]".into() } else { group.into() }
}

fn version_of(o: &Value) -> String {
    objects::resources::split_api_version(o.api_version()).1.to_owned()
}

fn transform(spec: &Value, all: &mut [Item]) {
    let (prefix, suffix) = (spec["namePrefix"].text(), spec["nameSuffix"].text());
    if !prefix.is_empty() || !suffix.is_empty() {
        for n in 0..all.len() {
            if !matches!(all[n].object.kind(), "Namespace" | "CustomResourceDefinition" | "APIService") {
                let new = format!("{prefix}{}{suffix}", all[n].object.name());
                call(all, n, new);
            }
        }
    }
    for item in all {
        for r in spec["replicas"].items() {
            let kind = item.object.kind();
            let scaled =
                matches!(kind, "Deployment" | "ReplicationController" | "ReplicaSet" | "StatefulSet");
            if scaled && item.was_called(r["name"].text()) {
                item.object.set_at(&["spec", "replicas"], r["count"].clone());
            }
        }
        let o = &mut item.object;
        let namespaced = objects::resources::of(o).is_none_or(|r| r.namespaced);
        if !spec["namespace"].text().is_empty() && namespaced {
            o.set_at(&["metadata", "namespace"], spec["namespace"].text());
        }
        labels(o, &spec["commonLabels"], true, true);
        for l in spec["labels"].items() {
            let (selectors, templates) = (l["includeSelectors"].is_true(), l["includeTemplates"].is_true());
            labels(o, &l["pairs"], selectors, templates || selectors);
        }
        for (key, v) in spec["commonAnnotations"].entries() {
            o.set_at(&["metadata", "annotations", key], v.clone());
            if let Some(t) = o.find_mut(&["spec", "template"]) {
                t.set_at(&["metadata", "annotations", key], v.clone());
            }
        }
        for i in spec["images"].items() {
            each_container(o, "*", &mut |c| image(c, i));
        }
    }
}

fn labels(o: &mut Value, pairs: &Value, selectors: bool, templates: bool) {
    for (key, v) in pairs.entries() {
        o.set_at(&["metadata", "labels", key], v.clone());
        let workload = pod_spec_path(o.kind()).is_some_and(|p| p.len() > 1);
        if templates && workload && o["spec"].find("template").is_some() {
            o.set_at(&["spec", "template", "metadata", "labels", key], v.clone());
        }
        if selectors {
            if o.kind() == "Service" && !o["spec"]["selector"].is_null() {
                o.set_at(&["spec", "selector", key], v.clone());
            } else if workload && !matches!(o.kind(), "Job" | "CronJob") {
                o.set_at(&["spec", "selector", "matchLabels", key], v.clone());
            }
        }
    }
}

fn image(c: &mut Value, i: &Value) {
    let full = c["image"].text().to_owned();
    let bare = full.split('@').next().unwrap_or(&full);
    let (name, tag) =
        bare.rsplit_once(':').filter(|(_, t)| !t.contains('/')).map_or((bare, ""), |(n, t)| (n, t));
    if name != i["name"].text() {
        return;
    }
    let new = if i["newName"].text().is_empty() { name } else { i["newName"].text() };
    let shown = match (i["digest"].text(), crate::describe::plain_text(&i["newTag"])) {
        ("", None) if tag.is_empty() => new.to_owned(),
        ("", None) => format!("{new}:{tag}"),
        ("", Some(t)) => format!("{new}:{t}"),
        (digest, _) => format!("{new}@{digest}"),
    };
    c.set("image", shown);
}

/// Puts a new name into every reference to an object of this kind.
fn rename(all: &mut [Item], kind: &str, old: &str, new: &str) {
    let fields: &[&str] = match kind {
        "ConfigMap" => &["configMap", "configMapRef", "configMapKeyRef"],
        "Secret" => &["secret", "secretRef", "secretKeyRef"],
        "Service" => &["service"],
        _ => &[],
    };
    let singles: &[&str] = match kind {
        "Secret" => &["secretName"],
        "ServiceAccount" => &["serviceAccountName"],
        "PersistentVolumeClaim" => &["claimName"],
        "Service" => &["serviceName"],
        _ => &[],
    };
    for o in all.iter_mut().map(|i| &mut i.object) {
        if let Some(spec) = o.find_mut(&["spec"]) {
            walk(spec, fields, singles, old, new);
        }
        let r = &o["roleRef"];
        if r["kind"] == kind && r["name"] == old {
            o.set_at(&["roleRef", "name"], new);
        }
    }
}

fn walk(v: &mut Value, fields: &[&str], singles: &[&str], old: &str, new: &str) {
    match v {
        Value::Map(m) => {
            for (key, x) in m.iter_mut() {
                if singles.contains(&key) && *x == old {
                    *x = new.into();
                } else if fields.contains(&key) && x["name"] == old {
                    x.set("name", new);
                } else {
                    walk(x, fields, singles, old, new);
                }
            }
        }
        Value::List(l) if !l.is_empty() => {
            for x in l.to_mut() {
                walk(x, fields, singles, old, new);
            }
        }
        _ => {}
    }
}
