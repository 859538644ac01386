//! PriorityClasses.
//!
//! Models `pkg/apis/scheduling/validation`.

use objects::Value;

use super::Errors;

const SYSTEM: &str = "system-";
const HIGHEST: i64 = 1_000_000_000;
const KNOWN: [(&str, i64); 2] =
    [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let (name, value) = (object.name(), object["value"].int());
    if name.starts_with(SYSTEM) {
        let known = KNOWN.iter().find(|(n, _)| *n == name);
        let why = match known {
            None => format!("{name} is not a known system priority class"),
            Some((_, v)) if *v != value => format!("value of {name} PriorityClass must be {v}"),
            Some(_) if object["globalDefault"].is_true() => {
                format!("globalDefault of {name} PriorityClass must be false")
            }
            Some(_) => String::new(),
        };
        if !why.is_empty() {
            errs.at("metadata.name", |e| {
                e.forbidden(&format!(
                    "priority class names with '{SYSTEM}' prefix are reserved for system use only. error: {why}"
                ));
            });
        }
    } else if value > HIGHEST {
        errs.at("value", |e| {
            e.forbidden(&format!("maximum allowed value of a user defined priority is {HIGHEST}"));
        });
    }
    errs.one_of_if_set(object, "preemptionPolicy", &["PreemptLowerPriority", "Never"]);
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    if new["value"] != old["value"] {
        errs.at("value", |e| e.forbidden("may not be changed in an update."));
    }
    errs.immutable(new, old, "preemptionPolicy");
}
