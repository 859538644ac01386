//! What is different about a template in some clusters.
//!
//! Models `pkg/util/overridemanager`: policies for all namespaces first, then those of the template's, each by name.
//! Kinds of change: images, commands and arguments, labels, annotations, and plain ones by path.
//! Not modelled: `fieldOverrider` (YAML and JSON inside strings).

use objects::{Str, Value};

use crate::placement::affine;
use crate::policy::selects;

pub(crate) fn apply<'a>(
    manifest: &mut Value,
    template: &Value,
    cluster: Option<&Value>,
    policies: impl Iterator<Item = &'a Value>,
) {
    let Some(cluster) = cluster else { return };
    let mut all: Vec<&Value> = policies
        .filter(|p| p["spec"]["resourceSelectors"].is_zero() || selects(p, template))
        .filter(|p| p.namespace().is_empty() || p.namespace() == template.namespace())
        .collect();
    ordered::Sort::arrange_by(&mut all[..], |a, b| (a.namespace(), a.name()).cmp(&(b.namespace(), b.name())));
    for rule in all.iter().flat_map(|p| p["spec"]["overrideRules"].items()) {
        if affine(&rule["targetCluster"], cluster) {
            change(manifest, &rule["overriders"]);
        }
    }
}

fn change(m: &mut Value, how: &Value) {
    for rule in how["imageOverrider"].items() {
        for_containers(m, |c| {
            let image = replaced(c["image"].text(), rule);
            c.set("image", image);
        });
    }
    for (list, field) in [("commandOverrider", "command"), ("argsOverrider", "args")] {
        for rule in how[list].items() {
            for_containers(m, |c| {
                if c["name"] != rule["containerName"].text() {
                    return;
                }
                let mut words = c[field].items().to_vec();
                match rule["operator"].text() {
                    "add" => words.extend(rule["value"].items().iter().cloned()),
                    _ => words.retain(|w| !rule["value"].items().contains(w)),
                }
                c.set(field, Value::from(words));
            });
        }
    }
    for (list, field) in [("labelsOverrider", "labels"), ("annotationsOverrider", "annotations")] {
        for rule in how[list].items() {
            for (k, v) in rule["value"].entries() {
                let there = !m["metadata"][field][k.as_str()].is_null();
                match rule["operator"].text() {
                    "add" => m.set_at(&["metadata", field, k], v.clone()),
                    "replace" if there => m.set_at(&["metadata", field, k], v.clone()),
                    "remove" => drop(m.remove_at(&["metadata", field, k])),
                    _ => {}
                }
            }
        }
    }
    for rule in how["plaintext"].items() {
        let path: Vec<Str> = rule["path"]
            .text()
            .split('/')
            .skip(1)
            .map(|p| Str::from(p.replace("~1", "/").replace("~0", "~")))
            .collect();
        set(m, &path, rule);
    }
}

fn set(at: &mut Value, path: &[Str], rule: &Value) {
    let Some((key, rest)) = path.split_first() else { return };
    if let Value::List(list) = at {
        let here = key.parse::<usize>().ok().filter(|i| *i < list.len());
        match (here, rest.is_empty(), rule["operator"].text()) {
            (Some(i), true, "remove") => drop(list.to_mut().remove(i)),
            (Some(i), true, _) => list.to_mut()[i] = rule["value"].clone(),
            (Some(i), false, _) => set(&mut list.to_mut()[i], rest, rule),
            (None, true, "add") if key == "-" => list.push(rule["value"].clone()),
            _ => {}
        }
        return;
    }
    match (rest.is_empty(), rule["operator"].text()) {
        (true, "remove") => drop(at.remove(key)),
        (true, _) => at.set(key.clone(), rule["value"].clone()),
        (false, _) if at[key.as_str()].is_null() => {}
        (false, _) => set(at.at_mut(&[key]), rest, rule),
    }
}

fn for_containers(m: &mut Value, mut f: impl FnMut(&mut Value)) {
    let at: &[&str] = if m.kind() == "Pod" { &["spec"] } else { &["spec", "template", "spec"] };
    for list in ["initContainers", "containers"] {
        let mut path = at.to_vec();
        path.push(list);
        if !m.at(&path).items().is_empty() {
            m.at_mut(&path).list_mut().to_mut().iter_mut().for_each(&mut f);
        }
    }
}

/// `registry/repository:tag` with one of its parts another.
fn replaced(image: &str, rule: &Value) -> String {
    let (rest, digest) = image.split_once('@').map_or((image, ""), |(r, d)| (r, d));
    let (path, tag) = match rest.rsplit_once(':') {
        Some((p, t)) if !t.contains('/') => (p, t),
        _ => (rest, ""),
    };
    let (registry, repository) = match path.split_once('/') {
        Some((r, p)) if r.contains(['.', ':']) || r == "localhost" => (r, p),
        _ => ("", path),
    };
    let by = rule["value"].text();
    let new = |old: &str| match rule["operator"].text() {
        "add" => format!("{old}{by}"),
        "remove" => String::new(),
        _ => by.to_owned(),
    };
    let (mut a, mut b, mut c) = (registry.to_owned(), repository.to_owned(), tag.to_owned());
    match rule["component"].text() {
        "Registry" => a = new(registry),
        "Repository" => b = new(repository),
        "Tag" => c = new(tag),
        _ => {}
    }
    let mut out = if a.is_empty() { b } else { format!("{a}/{b}") };
    if !c.is_empty() {
        out.push_str(&format!(":{c}"));
    }
    if !digest.is_empty() {
        out.push_str(&format!("@{digest}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use objects::value;

    #[test]
    fn a_part_of_an_image_is_another() {
        for (image, component, operator, by, want) in [
            ("nginx:1.25", "Tag", "replace", "1.27", "nginx:1.27"),
            ("nginx", "Registry", "add", "r.example.com", "r.example.com/nginx"),
            ("docker.io/library/nginx:1", "Registry", "replace", "r.io", "r.io/library/nginx:1"),
            ("docker.io/library/nginx:1", "Registry", "remove", "", "library/nginx:1"),
            ("r:5000/a/b", "Repository", "replace", "c", "r:5000/c"),
        ] {
            let rule = value!({"component": (component), "operator": (operator), "value": (by)});
            assert_eq!(replaced(image, &rule), want, "{image}");
        }
    }

    #[test]
    fn a_rule_is_for_the_clusters_it_names() {
        let web = value!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}},
        });
        let policy = value!({"metadata": {"name": "p", "namespace": "default"}, "spec": {
            "resourceSelectors": [{"apiVersion": "apps/v1", "kind": "Deployment"}],
            "overrideRules": [{"targetCluster": {"clusterNames": ["east"]}, "overriders": {
                "imageOverrider": [{"component": "Tag", "operator": "replace", "value": "2"}],
                "labelsOverrider": [{"operator": "add", "value": {"at": "east"}}],
                "plaintext": [
                    {"path": "/spec/replicas", "operator": "replace", "value": 5},
                    {"path": "/spec/template/spec/containers/0/name", "operator": "replace", "value": "d"},
                    {"path": "/spec/none/here", "operator": "replace", "value": 1},
                ],
            }}],
        }});
        for (cluster, image, replicas, name) in [("east", "nginx:2", 5, "d"), ("west", "nginx:1", 1, "c")] {
            let mut m = web.clone();
            apply(&mut m, &web, Some(&value!({"metadata": {"name": (cluster)}})), [&policy].into_iter());
            let c = &m["spec"]["template"]["spec"]["containers"][0];
            assert_eq!((c["image"].text(), c["name"].text()), (image, name), "{cluster}");
            assert_eq!(m["spec"]["replicas"].int(), replicas);
            assert_eq!(m.labels()["at"].is_null(), cluster == "west");
        }
    }
}
