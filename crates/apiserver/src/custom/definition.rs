//! CustomResourceDefinitions: their status, their checks, and what goes with them.
//!
//! Models `apiextensions-apiserver/pkg/controller/status` (naming), `establish`, `finalizer` and
//! `pkg/apis/apiextensions/validation`. Does not own: the schema's own rules (structure.rs). Not modelled: names that
//! conflict with another definition's; selectable fields.

use client::{Change, ChangeKind};
use clock::Time;
use etcd::Expect;
use objects::resources::CUSTOMRESOURCEDEFINITIONS;
use objects::{Value, value};

use crate::registry::meta::revision_text;
use crate::server::{ApiServer, Cx};
use crate::strategy::{PLAIN, Strategy};
use crate::validation::{Errors, client_config};

pub(crate) static STRATEGY: Strategy =
    Strategy { generation: true, status: true, prepare_create, prepare_update, ..PLAIN };

fn prepare_create(definition: &mut Value, now: Time) {
    let condition = |kind: &str, reason: &str, message: &str| {
        value!({
            "type": (kind), "status": "True", "reason": (reason), "message": (message),
            "lastTransitionTime": (now.rfc3339())
        })
    };
    let stored = definition["spec"]["versions"].items().iter().filter(|v| v["storage"].is_true());
    let stored: Value = stored.map(|v| v["name"].clone()).collect();
    let names = definition["spec"]["names"].clone();
    definition.set(
        "status",
        value!({
            "acceptedNames": (names), "storedVersions": (stored),
            "conditions": [
                (condition("NamesAccepted", "NoConflicts", "no conflicts found")),
                (condition("Established", "InitialNamesAccepted", "the initial names have been accepted"))
            ]
        }),
    );
}

/// A version that objects are stored in from now on is remembered for as long as some may be.
fn prepare_update(definition: &mut Value, _: &Value) {
    let stored = definition["spec"]["versions"].items().iter().find(|v| v["storage"].is_true());
    let Some(name) = stored.map(|v| v["name"].clone()) else { return };
    let known = definition["status"]["storedVersions"].items();
    if !known.contains(&name) {
        let all: Value = known.iter().cloned().chain([name]).collect();
        definition.set_at(&["status", "storedVersions"], all);
    }
}

const APPROVED: &str = "api-approved.kubernetes.io";
const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 8] =
    ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

pub(crate) fn validate(definition: &Value, errs: &mut Errors) {
    let spec = &definition["spec"];
    let wanted = format!("{}.{}", spec["names"]["plural"].text(), spec["group"].text());
    if definition.name() != wanted {
        errs.at("metadata.name", |e| {
            e.invalid_text(definition.name(), "must be spec.names.plural+\".\"+spec.group");
        });
    }
    errs.at("spec", |e| {
        let group = spec["group"].text();
        e.at("group", |e| {
            let complaints = objects::names::dns1123_subdomain(group);
            if group.is_empty() {
                e.required("");
            } else if !complaints.is_empty() {
                e.invalid_text(group, &complaints.join(","));
            } else if !group.contains('.') {
                e.invalid_text(group, "should be a domain with at least one dot");
            }
        });
        e.one_of(spec, "scope", &["Cluster", "Namespaced"]);
        versions(spec, e);
        e.at("names", |e| names(&spec["names"], e));
        if spec["preserveUnknownFields"].is_true() {
            let why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
            e.at("preserveUnknownFields", |e| e.invalid(&true.into(), why));
        }
        e.at("conversion", |e| conversion(&spec["conversion"], e));
    });
    approval(definition, errs);
}

/// Upstream moves what all versions have in common to the definition itself, and says so in its errors.
fn versions(spec: &Value, e: &mut Errors) {
    let versions = spec["versions"].items();
    let common = |part: &str| versions.windows(2).all(|w| w[0][part] == w[1][part]);
    let whole = |e: &mut Errors, why: &str| e.at("versions", |e| e.invalid(&spec["versions"], why));
    e.each(spec, "versions", |e, _, v| {
        if v["schema"]["openAPIV3Schema"].is_null() {
            e.at("schema.openAPIV3Schema", |e| e.required(""));
        }
        let complaints = objects::names::dns1035_label(v["name"].text());
        if !complaints.is_empty() {
            e.at("name", |e| e.invalid_text(v["name"].text(), &complaints.join(",")));
        }
        let warning = v["deprecationWarning"].text();
        if !warning.is_empty() && !v["deprecated"].is_true() {
            e.at("deprecationWarning", |e| {
                e.invalid_text(warning, "can only be set for deprecated versions");
            });
        }
    });
    let mut each = |part: &str, shared: &str, check: &dyn Fn(&Value, &Value, &mut Errors)| {
        for (i, v) in versions.iter().enumerate() {
            match common(part) {
                true if i > 0 => {}
                true => e.at(shared, |e| check(&v[part], v, e)),
                false => e.at("versions", |e| e.index(i, |e| e.at(part, |e| check(&v[part], v, e)))),
            }
        }
    };
    each("schema", "validation", &|s, v, e| {
        let schema = &s["openAPIV3Schema"];
        if schema.is_null() {
            return;
        }
        e.at("openAPIV3Schema", |e| {
            if !v["subresources"]["status"].is_null() && schema["type"] != "object" {
                let why = "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
                e.at("type", |e| e.invalid_text(schema["type"].text(), why));
            }
            super::structure::check(schema, e);
            super::rules::compile(schema, e);
        });
    });
    each("subresources", "subresources", &|s, _, e| {
        let scale = &s["scale"];
        if scale.is_null() {
            return;
        }
        for (key, roots) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")] {
            let path = scale[key].text();
            e.at(&format!("scale.{key}"), |e| {
                if path.is_empty() {
                    e.required("");
                } else if !path.starts_with('.') {
                    e.invalid_text(path, "must be a simple json path starting with .");
                } else if !path.starts_with(roots) {
                    let root = roots.trim_end_matches('.');
                    e.invalid_text(path, &format!("should be a json path under {root}"));
                }
            });
        }
        let path = scale["labelSelectorPath"].text();
        if !path.is_empty() && !path.starts_with(".spec.") && !path.starts_with(".status.") {
            e.at("scale.labelSelectorPath", |e| {
                e.invalid_text(path, "should be a json path under either .spec or .status");
            });
        }
    });
    each("additionalPrinterColumns", "additionalPrinterColumns", &|columns, _, e| {
        for (i, c) in columns.items().iter().enumerate() {
            e.index(i, |e| column(c, e));
        }
    });
    let unique =
        versions.iter().enumerate().all(|(i, v)| versions[..i].iter().all(|w| w["name"] != v["name"]));
    if !unique {
        whole(e, "must contain unique version names");
    }
    if versions.iter().filter(|v| v["storage"].is_true()).count() != 1 {
        whole(e, "must have exactly one version marked as storage version");
    }
}

/// How versions are converted; the fields stand where the definition's internal form has them.
fn conversion(c: &Value, e: &mut Errors) {
    if c.is_null() {
        return;
    }
    const REVIEWS: [&str; 2] = ["v1", "v1beta1"];
    e.one_of(c, "strategy", &["None", "Webhook"]);
    let (client, versions) = (&c["webhook"]["clientConfig"], &c["webhook"]["conversionReviewVersions"]);
    if c["strategy"] != "Webhook" {
        for (field, given) in [("webhookClientConfig", client), ("conversionReviewVersions", versions)] {
            if !given.is_zero() {
                e.at(field, |e| e.forbidden("should not be set when strategy is not set to Webhook"));
            }
        }
        return;
    }
    e.at("webhookClientConfig", |e| match client.is_null() {
        true => e.required("required when strategy is set to Webhook"),
        false => client_config(client, e),
    });
    e.at("conversionReviewVersions", |e| {
        let all = versions.items();
        if all.is_empty() {
            e.required("");
            return;
        }
        for (i, version) in all.iter().enumerate() {
            e.index(i, |e| match all[..i].contains(version) {
                true => e.invalid(version, "duplicate version"),
                false => e.complaints(version, objects::names::dns1035_label(version.text())),
            });
        }
        if !all.iter().any(|v| REVIEWS.contains(&v.text())) {
            e.invalid(versions, &format!("must include at least one of {}", REVIEWS.join(", ")));
        }
    });
}

fn column(c: &Value, e: &mut Errors) {
    if c["name"].text().is_empty() {
        e.at("name", |e| e.required(""));
    }
    let one_of = |known: &[&str]| format!("must be one of {}", known.join(","));
    e.at("type", |e| match c["type"].text() {
        "" => e.required(&one_of(&COLUMN_TYPES)),
        kind if !COLUMN_TYPES.contains(&kind) => e.invalid_text(kind, &one_of(&COLUMN_TYPES)),
        _ => {}
    });
    let format = c["format"].text();
    if !format.is_empty() && !COLUMN_FORMATS.contains(&format) {
        e.at("format", |e| e.invalid_text(format, &one_of(&COLUMN_FORMATS)));
    }
    let path = c["jsonPath"].text();
    e.at("JSONPath", |e| match path.chars().next() {
        None => e.required(""),
        Some('.') => {}
        Some(_) => e.invalid_text(path, "must be a simple json path starting with ."),
    });
}

fn names(names: &Value, e: &mut Errors) {
    let label = objects::names::dns1035_label;
    for key in ["plural", "singular", "kind", "listKind"] {
        let text = names[key].text();
        let mixed = matches!(key, "kind" | "listKind");
        let complaints = label(&if mixed { text.to_lowercase() } else { text.to_owned() });
        e.at(key, |e| {
            if text.is_empty() {
                e.required("");
            } else if !complaints.is_empty() {
                let lead = if mixed { "may have mixed case, but should otherwise match: " } else { "" };
                e.invalid_text(text, &format!("{lead}{}", complaints.join(",")));
            }
        });
    }
    for list in ["shortNames", "categories"] {
        e.each(names, list, |e, _, name| {
            let complaints = label(name.text());
            if !complaints.is_empty() {
                e.invalid(name, &complaints.join(","));
            }
        });
    }
    let kind = names["kind"].text();
    if !kind.is_empty() && names["listKind"] == *kind {
        e.at("listKind", |e| e.invalid_text(kind, "kind and listKind may not be the same"));
    }
}

/// Groups of the project itself are not for everybody.
fn approval(definition: &Value, errs: &mut Errors) {
    const SEE: &str = "see https://github.com/kubernetes/enhancements/pull/1111";
    let group = definition["spec"]["group"].text();
    if !["k8s.io", "kubernetes.io"].iter().any(|d| group == *d || group.ends_with(&format!(".{d}"))) {
        return;
    }
    let given = definition.annotations()[APPROVED].text();
    let address = given.split_once("://").is_some_and(|(s, h)| !s.is_empty() && !h.is_empty());
    errs.at("metadata.annotations", |e| {
        e.key(APPROVED, |e| {
            let lead = format!("protected groups must have approval annotation \"{APPROVED}\"");
            if given.is_empty() {
                e.required(&format!("{lead}, {SEE}"));
            } else if !given.starts_with("unapproved") && !address {
                let how = "with either a URL or a reason starting with \"unapproved\"";
                e.invalid_text(given, &format!("{lead} {how}, {SEE}"));
            }
        });
    });
}

pub(crate) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
    errs.at("spec", |e| {
        e.immutable(&new["spec"], &old["spec"], "group");
        e.immutable(&new["spec"], &old["spec"], "scope");
        e.at("names", |e| {
            e.immutable(&new["spec"]["names"], &old["spec"]["names"], "plural");
            e.immutable(&new["spec"]["names"], &old["spec"]["names"], "kind");
        });
    });
    let versions = new["spec"]["versions"].items();
    let kept = |stored: &Value| versions.iter().any(|version| version["name"] == *stored);
    errs.at("status", |e| {
        e.each(&new["status"], "storedVersions", |e, _, stored| {
            let v = stored.text();
            if !kept(stored) {
                e.invalid(stored, &format!("missing from spec.versions; {v} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {v} and removes {v} from status.storedVersions"));
            }
        });
    });
}

impl ApiServer {
    /// A stored definition changed what is served.
    pub(crate) fn definition_stored(&mut self, cx: &Cx<'_>, definition: &Value) {
        if cx.resource.id == CUSTOMRESOURCEDEFINITIONS.id {
            self.customs.put(definition);
        }
    }

    /// A definition is gone: its objects go with it.
    pub(crate) fn definition_removed(&mut self, cx: &Cx<'_>, definition: &Value) {
        if cx.resource.id != CUSTOMRESOURCEDEFINITIONS.id {
            return;
        }
        let id = definition.meta()["name"].to_str();
        self.customs.remove(&id);
        let all = self.store.range(&id, "", "");
        let keys: Vec<_> = all.map(|(k, e)| (k.clone(), e.value.clone())).collect();
        for (key, mut object) in keys {
            let revision = self.store.next_revision();
            object.map_mut().entry("metadata").set("resourceVersion", revision_text(revision));
            let record = |_, previous| Change {
                revision,
                at: cx.now,
                kind: ChangeKind::Deleted,
                previous,
                actor: "crd_finalizer".into(),
                cause: cx.caller.cause,
                ..Change::added(&id, object)
            };
            // It was just listed: it stands there.
            let _ = self.store.delete(&id, &key, Expect::Anything, record);
        }
    }
}
