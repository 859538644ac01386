//! CustomResourceDefinitions: their status, their checks, and what goes with them.
//!
//! Models `apiextensions-apiserver/pkg/controller/status` (naming), `establish`, `finalizer` and
//! `pkg/apis/apiextensions/validation`. Not modelled: names that conflict with another definition's; the structural
//! schema's own rules.

use client::{Change, ChangeKind};
use clock::Time;
use etcd::Expect;
use objects::resources::CUSTOMRESOURCEDEFINITIONS;
use objects::{Value, value};
use smol_str::ToSmolStr;

use crate::server::{ApiServer, Cx, prefix};
use crate::strategy::{PLAIN, Strategy};
use crate::validation::Errors;

pub(crate) static STRATEGY: Strategy = Strategy { generation: true, status: true, prepare_create, ..PLAIN };

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

pub(crate) fn validate(definition: &Value, errs: &mut Errors) {
    let spec = &definition["spec"];
    let wanted = format!("{}.{}", spec["names"]["plural"].text(), spec["group"].text());
    if definition.name() != wanted {
        errs.at("metadata.name", |e| {
            e.invalid_text(definition.name(), "must be spec.names.plural+\".\"+spec.group");
        });
    }
    errs.at("spec", |e| {
        if spec["group"].text().is_empty() {
            e.at("group", |e| e.required(""));
        } else if !spec["group"].text().contains('.') {
            e.at("group", |e| e.invalid(&spec["group"], "should be a domain with at least one dot"));
        }
        e.one_of(spec, "scope", &["Cluster", "Namespaced"]);
        let versions = spec["versions"].items();
        let stored = versions.iter().filter(|v| v["storage"].is_true()).count();
        if stored != 1 {
            e.at("versions", |e| {
                e.invalid(&spec["versions"], "must have exactly one version marked as storage version");
            });
        }
        e.each(spec, "versions", |e, _, v| {
            let schema = &v["schema"]["openAPIV3Schema"];
            if schema.is_null() {
                e.at("schema.openAPIV3Schema", |e| e.required("schemas are required"));
            } else if schema["type"] != "object" {
                e.at("schema.openAPIV3Schema.type", |e| match schema["type"].text() {
                    "" => e.required("must not be empty at the root"),
                    _ => e.invalid(&schema["type"], "must be object at the root"),
                });
            }
            // One version's schema counts as that of all.
            let path = if versions.len() == 1 { "" } else { "schema.openAPIV3Schema" };
            if path.is_empty() {
                e.elsewhere("spec.validation.openAPIV3Schema", |e| super::rules::compile(schema, e));
            } else {
                e.at(path, |e| super::rules::compile(schema, e));
            }
        });
        e.at("names", |e| {
            for key in ["plural", "singular", "kind", "listKind"] {
                if spec["names"][key].text().is_empty() {
                    e.at(key, |e| e.required(""));
                }
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
        let all = prefix(&id, "");
        let keys: Vec<_> = self.store.range(&all, "").map(|(k, e)| (k.clone(), e.value.clone())).collect();
        for (key, mut object) in keys {
            let revision = self.store.next_revision();
            object.map_mut().entry("metadata").set("resourceVersion", revision.to_smolstr());
            let record = |_, previous| Change {
                revision,
                at: cx.now,
                kind: ChangeKind::Deleted,
                resource: id.clone(),
                namespace: object.meta()["namespace"].to_str(),
                name: object.meta()["name"].to_str(),
                object,
                previous,
                actor: "crd_finalizer".into(),
                cause: cx.caller.cause,
            };
            // It was just listed: it stands there.
            let _ = self.store.delete(&key, Expect::Anything, record);
        }
    }
}
