//! Conditions of a Deployment's status: set, kept and removed by upstream's rules.

use clock::Time;
use objects::{Value, value};

use crate::controller::set_or_remove;

pub(super) fn new(kind: &str, status: &str, reason: &str, message: &str, now: Time) -> Value {
    let at = now.rfc3339();
    value!({
        "type": (kind), "status": (status), "reason": (reason), "message": (message),
        "lastUpdateTime": (at.as_str()), "lastTransitionTime": (at.as_str()),
    })
}

pub(super) fn get<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    status["conditions"].items().iter().find(|c| c["type"] == kind)
}

/// Puts `condition` last, unless one with its status and reason stands there already.
pub(super) fn set(status: &mut Value, mut condition: Value) {
    let kind = condition["type"].to_str();
    if let Some(current) = get(status, &kind) {
        if current["status"] == condition["status"] && current["reason"] == condition["reason"] {
            return;
        }
        if current["status"] == condition["status"] {
            condition.set("lastTransitionTime", &current["lastTransitionTime"]);
        }
    }
    let mut all: Vec<Value> =
        status["conditions"].items().iter().filter(|c| c["type"] != kind.as_str()).cloned().collect();
    all.push(condition);
    status.set("conditions", all);
}

pub(super) fn remove(status: &mut Value, kind: &str) {
    if get(status, kind).is_some() {
        let left: Vec<Value> =
            status["conditions"].items().iter().filter(|c| c["type"] != kind).cloned().collect();
        set_or_remove(status, "conditions", left.into());
    }
}
