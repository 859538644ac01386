//! What a kustomization changes in all objects: names, namespace, labels, annotations, images, replicas.
//!
//! Owns: the fields each of them reaches. Models the built-in configuration of kustomize's transformers
//! (`api/internal/konfig/builtinpluginconsts`). Does not own: names in references (`references`).

use objects::{Value, resources};

use super::{Item, call};
use crate::change::each_container;
use crate::error::{Result, fail};

/// Where pairs go: kinds (none: all of them), path, and whether it is made where it is missing.
type Field = (&'static [&'static str], &'static str, bool);

const OWN_LABELS: Field = (&[], "metadata.labels", true);

const TEMPLATE_LABELS: [Field; 4] = [
    (
        &["ReplicationController", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job"],
        "spec.template.metadata.labels",
        true,
    ),
    (&["CronJob"], "spec.jobTemplate.metadata.labels", true),
    (&["CronJob"], "spec.jobTemplate.spec.template.metadata.labels", true),
    (&["StatefulSet"], "spec.volumeClaimTemplates.metadata.labels", true),
];

/// Kinds whose pods choose neighbours by the labels that are changed.
const PLACED: &[&str] = &["Deployment", "StatefulSet"];

const SELECTORS: [Field; 13] = [
    (&["Service", "ReplicationController"], "spec.selector", true),
    (&["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"], "spec.selector.matchLabels", true),
    (&["Job", "PodDisruptionBudget"], "spec.selector.matchLabels", false),
    (&["CronJob"], "spec.jobTemplate.spec.selector.matchLabels", false),
    (&["NetworkPolicy"], "spec.podSelector.matchLabels", false),
    (&["NetworkPolicy"], "spec.ingress.from.podSelector.matchLabels", false),
    (&["NetworkPolicy"], "spec.egress.to.podSelector.matchLabels", false),
    (PLACED, "spec.template.spec.topologySpreadConstraints.labelSelector.matchLabels", false),
    (
        PLACED,
        "spec.template.spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution.labelSelector.matchLabels",
        false,
    ),
    (
        PLACED,
        "spec.template.spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution.podAffinityTerm.labelSelector.matchLabels",
        false,
    ),
    (
        PLACED,
        "spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.labelSelector.matchLabels",
        false,
    ),
    (
        PLACED,
        "spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.podAffinityTerm.labelSelector.matchLabels",
        false,
    ),
    OWN_LABELS,
];

/// What `replicas` reaches, in the order in which kustomize names it.
const SCALED: [&str; 4] = ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"];

const ANNOTATIONS: [Field; 4] = [
    (&[], "metadata.annotations", true),
    (
        &["ReplicationController", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job"],
        "spec.template.metadata.annotations",
        true,
    ),
    (&["CronJob"], "spec.jobTemplate.metadata.annotations", true),
    (&["CronJob"], "spec.jobTemplate.spec.template.metadata.annotations", true),
];

pub(super) fn transform(spec: &Value, all: &mut [Item]) -> Result<()> {
    let (prefix, suffix) = (spec["namePrefix"].text(), spec["nameSuffix"].text());
    let namespace = spec["namespace"].text();
    for n in 0..all.len() {
        let o = &all[n].object;
        let new = match o.kind() {
            "Namespace" if !namespace.is_empty() => namespace.to_owned(),
            "Namespace" | "CustomResourceDefinition" | "APIService" => continue,
            _ => format!("{prefix}{}{suffix}", o.name()),
        };
        if new != o.name() {
            call(all, n, new);
        }
    }
    let called = |kind: &str| -> Vec<String> {
        all.iter().filter(|i| i.object.kind() == kind).map(|i| i.object.name().to_owned()).collect()
    };
    let (accounts, services) = (called("ServiceAccount"), called("Service"));
    for r in spec["replicas"].items() {
        let name = r["name"].text();
        let mut found = false;
        for item in all.iter_mut().filter(|i| SCALED.contains(&i.object.kind()) && i.was_called(name)) {
            item.object.set_at(&["spec", "replicas"], r["count"].clone());
            found = true;
        }
        if !found {
            let kinds: Vec<String> = SCALED.iter().map(|kind| format!("{kind}.[noVer].[noGrp]")).collect();
            return fail(format!(
                "resource with name {name} does not match a config with the following GVK [{}]",
                kinds.join(" ")
            ));
        }
    }
    for item in all {
        let o = &mut item.object;
        if !namespace.is_empty() && resources::of(o).is_none_or(|r| r.namespaced) {
            o.set_at(&["metadata", "namespace"], namespace);
        }
        if !namespace.is_empty() && matches!(o.kind(), "RoleBinding" | "ClusterRoleBinding") {
            subjects(o, namespace, &accounts);
        }
        if !namespace.is_empty() && o.kind().ends_with("WebhookConfiguration") {
            webhooks(o, namespace, &services);
        }
        put(o, &SELECTORS, &spec["commonLabels"]);
        put(o, &TEMPLATE_LABELS, &spec["commonLabels"]);
        for l in spec["labels"].items() {
            let all_fields = l["includeSelectors"].is_true();
            put(o, if all_fields { &SELECTORS } else { std::slice::from_ref(&OWN_LABELS) }, &l["pairs"]);
            if all_fields || l["includeTemplates"].is_true() {
                put(o, &TEMPLATE_LABELS, &l["pairs"]);
            }
        }
        put(o, &ANNOTATIONS, &spec["commonAnnotations"]);
        for i in spec["images"].items() {
            each_container(o, "*", &mut |c| image(c, i));
        }
    }
    Ok(())
}

/// A binding's accounts go along: those of the kustomization, and every namespace's own.
fn subjects(o: &mut Value, namespace: &str, accounts: &[String]) {
    let mut list = o["subjects"].items().to_vec();
    for s in &mut list {
        let name = s["name"].text();
        if s["kind"] == "ServiceAccount" && (name == "default" || accounts.iter().any(|a| a == name)) {
            s.set("namespace", namespace);
        }
    }
    if !list.is_empty() {
        o.set("subjects", Value::List(list.into()));
    }
}

/// A webhook follows its Service.
fn webhooks(o: &mut Value, namespace: &str, services: &[String]) {
    let mut list = o["webhooks"].items().to_vec();
    for w in &mut list {
        let name = w["clientConfig"]["service"]["name"].text();
        if services.iter().any(|s| s == name) {
            w.set_at(&["clientConfig", "service", "namespace"], namespace);
        }
    }
    o.set("webhooks", Value::List(list.into()));
}

fn put(o: &mut Value, fields: &[Field], pairs: &Value) {
    if pairs.is_zero() {
        return;
    }
    for (kinds, path, create) in fields {
        if kinds.is_empty() || kinds.contains(&o.kind()) {
            let path: Vec<&str> = path.split('.').collect();
            put_at(o, &path, *create, pairs);
        }
    }
}

/// Every element of a list on the way is gone through; only maps are made.
fn put_at(v: &mut Value, path: &[&str], create: bool, pairs: &Value) {
    match (v, path) {
        (Value::List(l), _) => {
            for x in l.to_mut() {
                put_at(x, path, create, pairs);
            }
        }
        (v, []) => {
            for (key, pair) in pairs.entries() {
                v.set(key.clone(), pair.clone());
            }
        }
        (v, [first, rest @ ..]) => {
            // Lists are not made: what they would hold nobody says.
            let makes = create && *first != "volumeClaimTemplates";
            if v.find(first).is_some() || makes {
                put_at(v.at_mut(&[first]), rest, create, pairs);
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
