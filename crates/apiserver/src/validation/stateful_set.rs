//! StatefulSets.
//!
//! Models ValidateStatefulSetSpec and ValidateStatefulSetUpdate in `pkg/apis/apps/validation`.

use objects::{Value, names};

use super::template::{
    at_most_all, bare_number, count_or_percent, matches_selector, selector, validate as template,
};
use super::unified_diff::{Field, Shape, compact};
use super::{Errors, persistent_volume_claim};

const ROLLING: [Field; 2] =
    [Field("Partition", "partition", Shape::Number), Field::plain("MaxUnavailable", "maxUnavailable")];
const STRATEGY: [Field; 2] =
    [Field::text("Type", "type"), Field("RollingUpdate", "rollingUpdate", Shape::Struct(&ROLLING))];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    check(object, true, errs);
}

/// What no update may change is looked at in new objects only.
fn check(object: &Value, new: bool, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        e.at("podManagementPolicy", |e| match s["podManagementPolicy"].text() {
            "" => e.required(""),
            "OrderedReady" | "Parallel" => {}
            _ => e.invalid(&s["podManagementPolicy"], "must be 'OrderedReady' or 'Parallel'"),
        });
        e.at("updateStrategy", |e| {
            let strategy = &s["updateStrategy"];
            match strategy["type"].text() {
                "" => e.required(""),
                "OnDelete" if !strategy["rollingUpdate"].is_null() => e.at("rollingUpdate", |e| {
                    let shown = compact(&strategy["rollingUpdate"], &ROLLING);
                    e.invalid_shown(&shown, "only allowed for updateStrategy 'RollingUpdate'");
                }),
                "OnDelete" => {}
                "RollingUpdate" => e.at("rollingUpdate", |e| {
                    let rolling = &strategy["rollingUpdate"];
                    e.nonnegative(rolling, "partition");
                    let most = &rolling["maxUnavailable"];
                    if !most.is_null() {
                        count_or_percent(rolling, "maxUnavailable", e);
                        if bare_number(most) == 0 {
                            e.at("maxUnavailable", |e| e.invalid(most, "cannot be 0"));
                        }
                        at_most_all(rolling, "maxUnavailable", e);
                    }
                }),
                _ => e.invalid_shown(&compact(strategy, &STRATEGY), "must be 'RollingUpdate' or 'OnDelete'"),
            }
        });
        let retention = &s["persistentVolumeClaimRetentionPolicy"];
        e.at("persistentVolumeClaimRetentionPolicy", |e| {
            for key in ["whenDeleted", "whenScaled"] {
                let policy = retention[key].text();
                if !retention.is_null() && !matches!(policy, "Retain" | "Delete") {
                    e.at(key, |e| e.not_supported(&policy.into(), &["Retain", "Delete"]));
                }
            }
        });
        if new {
            e.each(s, "volumeClaimTemplates", |e, _, c| {
                e.at("spec", |e| persistent_volume_claim::spec(&c["spec"], e));
            });
        }
        e.nonnegative(s, "replicas");
        e.nonnegative(s, "minReadySeconds");
        e.at("ordinals", |e| e.nonnegative(&s["ordinals"], "start"));
        if new {
            e.rule(s, "serviceName", names::dns1123_label);
        }
        if let Some(selector) = selector(s, "empty selector is invalid for statefulset", e) {
            let t = with_claims(s);
            e.at("template", |e| {
                matches_selector(&t, &selector, e);
                template(&t, e);
            });
        }
        let t = &s["template"]["spec"];
        if t["restartPolicy"] != "Always" {
            e.at("template.spec.restartPolicy", |e| e.not_supported(&t["restartPolicy"], &["Always"]));
        }
        if !t["activeDeadlineSeconds"].is_null() {
            e.at("template.spec.activeDeadlineSeconds", |e| {
                e.forbidden("activeDeadlineSeconds in StatefulSet is not Supported");
            });
        }
    });
}

/// The template as its pods will be: each claim template is a volume too.
fn with_claims(spec: &Value) -> Value {
    let mut t = spec["template"].clone();
    for key in ["hostname", "subdomain"] {
        if !t["spec"][key].is_null() {
            t.remove_at(&["spec", key]);
        }
    }
    for claim in spec["volumeClaimTemplates"].items() {
        let mine = |v: &Value| v["name"].text() == claim.name();
        let volumes = t.at_mut(&["spec", "volumes"]).list_mut().to_mut();
        volumes.retain(|v| !mine(v));
        volumes.push(objects::value!({
            "name": (claim.name()), "persistentVolumeClaim": {"claimName": (claim.name())}
        }));
    }
    if t["spec"]["volumes"].is_zero() {
        t.remove_at(&["spec", "volumes"]);
    }
    t
}

/// What an update may change.
const MUTABLE: [&str; 8] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
    "volumeClaimTemplates",
];

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    check(new, false, errs);
    let (s, was) = (&new["spec"], &old["spec"]);
    let keys = s.entries().iter().chain(was.entries()).map(|(k, _)| k.as_str());
    let same_claims = s["volumeClaimTemplates"] == was["volumeClaimTemplates"];
    let changed = !same_claims || keys.filter(|k| !MUTABLE.contains(k)).any(|k| s[k] != was[k]);
    if changed {
        errs.at("spec", |e| {
            e.forbidden(
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                 'minReadySeconds' are forbidden",
            );
        });
    }
}
