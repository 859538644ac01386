//! Object metadata.
//!
//! Models `k8s.io/apimachinery/pkg/api/validation/objectmeta.go` and the name functions of each kind.

use objects::resources::{self, Resource};
use objects::{Value, names};

use super::{Errors, labels};

/// All annotations of an object together.
const ANNOTATIONS_MAX_BYTES: usize = 256 * 1024;

const CRON_JOB_NAME_MAX: usize = 52;

/// What a kind's names must look like.
fn name_rule(resource: &Resource) -> fn(&str) -> Vec<String> {
    match resource.id.as_str() {
        "namespaces" | "services" | "statefulsets.apps" => names::dns1123_label,
        "roles.rbac.authorization.k8s.io"
        | "rolebindings.rbac.authorization.k8s.io"
        | "clusterroles.rbac.authorization.k8s.io"
        | "clusterrolebindings.rbac.authorization.k8s.io"
        | "certificatesigningrequests.certificates.k8s.io"
        | "events"
        | "events.events.k8s.io"
        | "ipaddresses.networking.k8s.io" => names::path_segment,
        "cronjobs.batch" => |name| {
            let mut errs = names::dns1123_subdomain(name);
            if name.len() > CRON_JOB_NAME_MAX {
                errs.push(names::max_len_error(CRON_JOB_NAME_MAX));
            }
            errs
        },
        _ => names::dns1123_subdomain,
    }
}

pub(super) fn validate(resource: &Resource, object: &Value, errs: &mut Errors) {
    let meta = object.meta();
    let rule = name_rule(resource);
    errs.at("metadata", |e| {
        let base = &meta["generateName"];
        if !base.text().is_empty() {
            // A base may end in a dash: letters follow.
            let masked = match base.text().strip_suffix('-') {
                Some(head) if base.text().len() > 1 => format!("{head}a"),
                _ => base.text().to_owned(),
            };
            e.at("generateName", |e| e.complaints(base, rule(&masked)));
        }
        if meta["name"].text().is_empty() {
            e.at("name", |e| e.required("name or generateName is required"));
        } else {
            e.at("name", |e| e.complaints(&meta["name"], rule(meta["name"].text())));
        }
        if resource.namespaced {
            e.at("namespace", |e| match meta["namespace"].text() {
                "" => e.required(""),
                ns => e.complaints(&meta["namespace"], names::dns1123_label(ns)),
            });
        }
        parts(meta, e);
        finalizers(meta, e);
        if resources::by_id(&resource.id).is_some() {
            standard_finalizers(meta, e);
        }
    });
}

pub(super) fn validate_update(resource: &Resource, new: &Value, old: &Value, errs: &mut Errors) {
    let (meta, was) = (new.meta(), old.meta());
    errs.at("metadata", |e| {
        if old.is_terminating() {
            let fresh: Vec<String> = meta["finalizers"]
                .items()
                .iter()
                .filter(|f| !was["finalizers"].items().contains(f))
                .map(|f| objects::json::go_quote(f.text()))
                .collect();
            if !fresh.is_empty() {
                let why = format!(
                    "no new finalizers can be added if the object is being deleted, found new finalizers \
                     []string{{{}}}",
                    fresh.join(", ")
                );
                e.at("finalizers", |e| e.forbidden(&why));
            }
        }
        for key in ["name", "namespace", "uid"] {
            e.immutable(meta, was, key);
        }
        // What is the same subtree was looked at before.
        if ["labels", "annotations", "ownerReferences", "finalizers"].iter().any(|k| !meta[*k].same(&was[*k]))
        {
            parts(meta, e);
            finalizers(meta, e);
            if resources::by_id(&resource.id).is_some() {
                standard_finalizers(meta, e);
            }
        }
    });
}

fn parts(meta: &Value, e: &mut Errors) {
    e.at("labels", |e| labels::labels(&meta["labels"], e));
    e.at("annotations", |e| annotations(&meta["annotations"], e));
    e.at("ownerReferences", |e| owners(&meta["ownerReferences"], e));
}

pub(super) fn annotations(annotations: &Value, e: &mut Errors) {
    let mut size = 0;
    for (key, value) in annotations.entries() {
        // Case does not matter in an annotation's name.
        e.complaints(&key.into(), names::qualified_name(&key.to_lowercase()));
        size += key.len() + value.text().len();
    }
    if size > ANNOTATIONS_MAX_BYTES {
        e.too_long(ANNOTATIONS_MAX_BYTES);
    }
}

fn owners(owners: &Value, e: &mut Errors) {
    let mut controller: Option<String> = None;
    for owner in owners.items() {
        let version = owner["apiVersion"].text();
        if version.is_empty() || version.ends_with('/') {
            e.at("apiVersion", |e| e.invalid_text(version, "version must not be empty"));
        }
        for key in ["kind", "name", "uid"] {
            if owner[key].text().is_empty() {
                e.at(key, |e| e.invalid_text("", "must not be empty"));
            }
        }
        if owner["controller"].is_true() {
            let this = format!("{}/{}", owner["kind"].text(), owner["name"].text());
            match &controller {
                Some(first) => {
                    let why = format!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for {first} \
                         and {this}"
                    );
                    e.invalid(owners, &why);
                }
                None => controller = Some(this),
            }
        }
    }
}

fn finalizers(meta: &Value, e: &mut Errors) {
    let list = &meta["finalizers"];
    e.at("finalizers", |e| {
        for f in list.items() {
            e.complaints(f, names::qualified_name(f.text()));
        }
        let has = |name: &str| list.items().iter().any(|f| *f == *name);
        if has("orphan") && has("foregroundDeletion") {
            e.invalid(list, "finalizer orphan and foregroundDeletion cannot be both set");
        }
    });
}

/// Finalizers of built-in kinds without a domain must be the server's own.
fn standard_finalizers(meta: &Value, e: &mut Errors) {
    e.each(meta, "finalizers", |e, _, f| {
        if !f.text().contains('/') && !matches!(f.text(), "kubernetes" | "orphan" | "foregroundDeletion") {
            e.invalid(f, "name is neither a standard finalizer name nor is it fully qualified");
        }
    });
}
