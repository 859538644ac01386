//! `kubectl kustomize` and `-k`: a kustomization built from the learner's files.
//!
//! Models `sigs.k8s.io/kustomize`, the transformers that lessons use: resources and bases, namespace, name prefix and
//! suffix, labels, annotations, images, replicas, strategic and JSON patches, config map and secret generators with
//! their hashes, components, replacements. Not modelled: remote bases, variables, helm charts, plugins, `buildMetadata`.

mod check;
mod references;
mod replacements;
mod transform;

use objects::{Value, base64, json, value, yaml};

use crate::command::Command;
use crate::error::{Error, Result, fail};
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
    let root = directory.trim_end_matches('/');
    let spec = spec_of(k, root)?;
    let mut items = objects(k, root, &spec, None, &[])?;
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
    if spec["sortOptions"]["order"] != "fifo" {
        objects.sort_by_cached_key(|o| {
            let (group, version) = objects::resources::split_api_version(o.api_version());
            let group = if group.is_empty() { "~G" } else { group };
            let namespace = if o.namespace().is_empty() { "~X" } else { o.namespace() };
            let kind = format!("{group}_{version}_{}", o.kind());
            (rank(o.kind()), kind, format!("{namespace}|{}", o.name()))
        });
    }
    let texts: Vec<String> = objects.iter().map(yaml::emit).collect();
    Ok(texts.join("---\n"))
}

/// Gives an object another name, in what refers to it too.
fn call(items: &mut [Item], n: usize, name: String) {
    let (kind, old) = (items[n].object.kind().to_owned(), items[n].object.name().to_owned());
    references::rename(items, &kind, &old, &name);
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

/// Fields of old, and what stands in their place.
const OLD: [(&str, &str); 5] = [
    ("bases", "'resources' instead."),
    ("commonLabels", "'labels' instead."),
    ("patchesJson6902", "'patches' instead."),
    ("patchesStrategicMerge", "'patches' instead."),
    ("vars", "'replacements' instead. [EXPERIMENTAL]"),
];

/// A directory's kustomization, as it stands there.
fn spec_of(k: &Kubectl, directory: &str) -> Result<Value> {
    let root = directory.trim_end_matches('/');
    let Some(file) = FILES.iter().map(|f| format!("{root}/{f}")).find(|p| k.io.read(p).is_ok()) else {
        return fail(format!(
            "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{}'",
            full(k, directory)
        ));
    };
    let spec = match yaml::load(&read(k, &file)?) {
        Ok(d) => d.value,
        Err(e) => return fail(format!("invalid Kustomization: {e}")),
    };
    check::check(&spec)?;
    let kind = spec["kind"].text();
    if !matches!(kind, "" | "Kustomization" | "Component") {
        return fail(format!(
            "Failed to read kustomization file under {}:\nkind should be Kustomization or Component\n",
            full(k, root)
        ));
    }
    Ok(spec)
}

/// What a directory's kustomization makes. A component begins with what is there already.
fn objects(
    k: &Kubectl,
    root: &str,
    spec: &Value,
    given: Option<Vec<Item>>,
    visited: &[String],
) -> Result<Vec<Item>> {
    for (field, instead) in OLD.iter().filter(|(f, _)| !spec[*f].is_null()) {
        k.complain(format!(
            "# Warning: '{field}' is deprecated. Please use {instead} Run 'kustomize edit fix' to update your Kustomization automatically."
        ));
    }
    let here = full(k, root);
    let component = spec["kind"] == "Component";
    if given.is_some() && !component {
        let kind = if spec["kind"].is_null() { "Kustomization" } else { spec["kind"].text() };
        return fail(format!(
            "accumulating components: accumulateDirectory: \"expected kind 'Component' for path '{here}' but got '{kind}'\""
        ));
    }
    if given.is_none() && component && !visited.is_empty() {
        return fail(format!("expected kind != 'Component' for path '{here}'"));
    }
    let visited: Vec<String> = visited.iter().cloned().chain([here]).collect();
    let mut all: Vec<Item> = given.unwrap_or_default();
    for r in spec["resources"].items().iter().chain(spec["bases"].items()) {
        let path = joined(root, r.text());
        let from = |why: String| format!("accumulating resources: accumulation err='{why}");
        if k.io.is_dir(&path) {
            below(k, &path, r.text(), &visited, &mut all).map_err(|e| {
                let place = full(k, &path);
                let why = e.message();
                Error::text(from(format!(
                    "accumulating resources from '{}': '{place}' must resolve to a file': {why}",
                    r.text()
                )))
            })?;
        } else if let Err(e) = file(k, &path, r.text(), &visited, &mut all) {
            let place = full(k, &path);
            let then = match e.message() {
                malformed if malformed.contains("MalformedYAMLError") => {
                    return fail(format!("accumulating resources: {malformed}"));
                }
                why if k.io.exists(&path) => {
                    format!("{why}': must build at directory: '{place}': file is not directory")
                }
                why => {
                    let absent = missing(k, &place, &path);
                    format!("{why}': must build at directory: not a valid directory: {absent}")
                }
            };
            return fail(from(then));
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
        all = objects(k, &path, &spec_of(k, &path)?, Some(all), &visited)?;
    }
    generate(k, root, spec, &mut all)?;
    patch(k, root, spec, &mut all)?;
    transform::transform(spec, &mut all)?;
    replacements::replace(k, root, spec, &mut all)?;
    Ok(all)
}

/// What another directory's kustomization makes.
fn below(k: &Kubectl, path: &str, said: &str, visited: &[String], all: &mut Vec<Item>) -> Result<()> {
    let place = full(k, path);
    if said.is_empty() {
        return fail("new root cannot be empty");
    }
    if said.starts_with('/') {
        return fail(format!("new root '{said}' cannot be absolute"));
    }
    if let Some(inner) = visited.iter().find(|v| is_below(v, &place)) {
        return fail(format!("cycle detected: candidate root '{place}' contains visited root '{inner}'"));
    }
    let spec = spec_of(k, path)
        .map_err(|e| Error::text(format!("couldn't make target for path '{place}': {}", e.message())))?;
    let made = objects(k, path, &spec, None, visited).map_err(|e| match e.message() {
        said if said.starts_with("expected kind") => Error::text(said),
        said => Error::text(format!("recursed accumulation of path '{place}': {said}")),
    })?;
    add(all, made).map_err(|e| Error::text(format!("recursed merging from path '{place}': {}", e.message())))
}

/// The objects of a file.
fn file(k: &Kubectl, path: &str, said: &str, visited: &[String], all: &mut Vec<Item>) -> Result<()> {
    let place = full(k, path);
    let why = |why: &str| fail(format!("accumulating resources from '{said}': {why}"));
    if !k.io.exists(path) {
        return why(&missing(k, &place, path));
    }
    if let Some(root) = visited.last().filter(|root| !is_below(&place, root)) {
        return why(&format!("security; file '{place}' is not in or below '{root}'"));
    }
    let stream = yaml::load_stream(&read(k, path)?);
    if let Some(e) = stream.error {
        return why(&format!("MalformedYAMLError: {e} in File: {said}"));
    }
    let mut made = Vec::new();
    for d in stream.documents {
        let o = d.value;
        if o.meta().is_null()
            && o["metadata"].as_map().is_none()
            && (o.kind().is_empty() || o.as_map().is_none())
        {
            return why("missing Resource metadata");
        }
        if o.name().is_empty() && !o.kind().ends_with("List") {
            return why(&format!(
                "missing metadata.name in object {{{{{} {}}} {{{{ }} map[] map[]}}}}",
                o.api_version(),
                o.kind()
            ));
        }
        made.push(Item::new(o, false));
    }
    add(all, made).map_err(|e| Error::text(format!("merging resources from '{said}': {}", e.message())))
}

/// True when a path is another or lies in it.
fn is_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// No two objects have one kind, name and namespace.
fn add(all: &mut Vec<Item>, more: Vec<Item>) -> Result<()> {
    for item in more {
        let o = &item.object;
        let same = |x: &Value| {
            x.kind() == o.kind()
                && x.name() == o.name()
                && x.namespace() == o.namespace()
                && group_of(x) == group_of(o)
        };
        if all.iter().any(|i| same(&i.object)) {
            let namespace = if o.namespace().is_empty() { "[noNs]" } else { o.namespace() };
            return fail(format!(
                "may not add resource with an already registered id: {}.{}.{}/{}.{namespace}",
                o.kind(),
                version_of(o),
                group_of(o),
                o.name()
            ));
        }
        all.push(item);
    }
    Ok(())
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

/// As Go prints a list of texts.
fn go_list(list: &Value) -> String {
    format!("[{}]", list.items().iter().map(Value::text).collect::<Vec<_>>().join(" "))
}

/// Why a file may not be read.
fn source(k: &Kubectl, root: &str, path: &str) -> std::result::Result<(), String> {
    let (place, root) = (full(k, path), full(k, root));
    if !k.io.exists(path) {
        return Err(missing(k, &place, path));
    }
    if !is_below(&place, &root) {
        return Err(format!("security; file '{place}' is not in or below '{root}'"));
    }
    Ok(())
}

fn generate(k: &Kubectl, root: &str, spec: &Value, all: &mut Vec<Item>) -> Result<()> {
    for (field, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
        for g in spec[field].items() {
            let mut pairs: Vec<(String, String)> = Vec::new();
            for l in g["literals"].items() {
                let Some((key, v)) = l.text().split_once('=') else {
                    return fail(format!(
                        "loading KV pairs: literal sources {}: invalid literal source {}, expected key=value",
                        go_list(&g["literals"]),
                        l.text()
                    ));
                };
                pairs.push((key.into(), v.trim_matches(['"', '\'']).into()));
            }
            for f in g["files"].items() {
                let (key, path) =
                    f.text().split_once('=').unwrap_or((f.text().rsplit('/').next().unwrap_or(""), f.text()));
                let path = joined(root, path);
                source(k, root, &path).map_err(|why| {
                    Error::text(format!("loading KV pairs: file sources: {}: {why}", go_list(&g["files"])))
                })?;
                pairs.push((key.into(), read(k, &path)?));
            }
            for f in g["envs"].items().iter().chain([&g["env"]].into_iter().filter(|e| !e.is_null())) {
                let path = joined(root, f.text());
                source(k, root, &path).map_err(|why| {
                    Error::text(format!("loading KV pairs: env source files: {}: {why}", go_list(&g["envs"])))
                })?;
                for line in read(k, &path)?.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')) {
                    let (key, v) = line.split_once('=').unwrap_or((line, ""));
                    pairs.push((key.trim().into(), v.into()));
                }
            }
            let mut data = Value::map();
            for (key, v) in pairs {
                if data.find(&key).is_some() {
                    return fail(format!(
                        "{} {} illegally repeats the key `{key}`",
                        kind.to_lowercase(),
                        g["name"].text()
                    ));
                }
                data.set(key, if kind == "Secret" { base64::encode(v.as_bytes()) } else { v });
            }
            let name = g["name"].text();
            if name.is_empty() {
                return fail(format!("a {} must have a name", kind.to_lowercase()));
            }
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
            if g["options"]["immutable"].is_true() || spec["generatorOptions"]["immutable"].is_true() {
                o.set("immutable", true);
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

/// How an error of a patch begins.
fn trouble(p: &Value) -> String {
    format!("trouble configuring builtin PatchTransformer with config: `\n{}`: ", yaml::emit(p))
}

fn patch(k: &Kubectl, root: &str, spec: &Value, all: &mut Vec<Item>) -> Result<()> {
    let mut patches: Vec<(Value, String)> = Vec::new();
    for p in spec["patchesStrategicMerge"].items() {
        let path = joined(root, p.text());
        let inline = || yaml::load(p.text()).is_ok_and(|d| d.value.as_map().is_some());
        let text = if k.io.exists(&path) {
            read(k, &path)?
        } else if inline() {
            p.text().to_owned()
        } else {
            let why = missing(k, &full(k, &path), &path);
            return fail(format!(
                "trouble configuring builtin PatchStrategicMergeTransformer with config: `\npaths:\n- {}\n`: {why}",
                p.text()
            ));
        };
        patches.push((Value::Null, text));
    }
    for p in spec["patches"].items().iter().chain(spec["patchesJson6902"].items()) {
        let text = match p["patch"].text() {
            "" => {
                let path = joined(root, p["path"].text());
                if p["path"].text().is_empty() {
                    return fail(format!(
                        "{}must specify one of patch and path in\n{}",
                        trouble(p),
                        yaml::emit(p)
                    ));
                }
                if let Err(why) = source(k, root, &path) {
                    let said = p["path"].text();
                    return fail(format!(
                        "{}failed to get the patch file from path({said}): {why}",
                        trouble(p)
                    ));
                }
                read(k, &path)?
            }
            t => t.to_owned(),
        };
        let stream = yaml::load_stream(&text);
        let readable = |d: &Value| match d.as_list() {
            Some(steps) => steps.iter().all(|s| s["op"].as_str().is_some() && s["path"].as_str().is_some()),
            // What a patch of this form is for is in it.
            None => !d.kind().is_empty() && !d.meta()["name"].is_null(),
        };
        if stream.error.is_some() || !stream.documents.iter().all(|d| readable(&d.value)) {
            return fail(format!(
                "{}unable to parse SM or JSON patch from [patch: {}]",
                trouble(p),
                json::to_string(&text.into())
            ));
        }
        patches.push((p["target"].clone(), text));
    }
    for (target, text) in patches {
        for d in yaml::load_stream(&text).documents {
            let body = d.value;
            let chosen_by = |i: &Item| {
                let o = &i.object;
                if target.is_null() {
                    return o.kind() == body.kind() && i.was_called(body.name());
                }
                let same = |field: &str, is: &str| fits(target[field].text(), is);
                let chosen =
                    super::selector(target["labelSelector"].text()).is_ok_and(|s| s.matches(o.labels()));
                let (group, version) = objects::resources::split_api_version(o.api_version());
                let name = target["name"].text();
                i.names.iter().any(|n| fits(name, n))
                    && same("kind", o.kind())
                    && same("group", group)
                    && same("version", version)
                    && same("namespace", o.namespace())
                    && chosen
            };
            if target.is_null() && !all.iter().any(&chosen_by) {
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
            if body["$patch"] == "delete" {
                all.retain(|i| !chosen_by(i));
                continue;
            }
            for o in all.iter_mut().filter(|i| chosen_by(i)).map(|i| &mut i.object) {
                if body.as_list().is_some() {
                    match objects::patch::json_patch::apply(o, &body) {
                        Ok(new) => *o = new,
                        Err(e) => return fail(format!("{e}")),
                    }
                } else {
                    let mut body = body.clone();
                    // What it is stays as it is.
                    for path in
                        [&["metadata", "name"][..], &["metadata", "namespace"], &["kind"], &["apiVersion"]]
                    {
                        body.remove_at(path);
                    }
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

/// A target's field: the whole of it as a regular expression; without one all fit.
fn fits(pattern: &str, text: &str) -> bool {
    pattern.is_empty() || objects::pattern::matches(&format!("^({pattern})$"), text)
}

fn group_of(o: &Value) -> String {
    let (group, _) = objects::resources::split_api_version(o.api_version());
    if group.is_empty() { "[noGrp]".into() } else { group.into() }
}

fn version_of(o: &Value) -> String {
    objects::resources::split_api_version(o.api_version()).1.to_owned()
}
