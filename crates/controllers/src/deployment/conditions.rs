//! Conditions of a Deployment's status: set, kept and removed by upstream's rules.

use clock::Time;
use objects::{Value, text, value};

use crate::controller::set_or_remove;

pub(super) fn new(kind: &str, status: &str, reason: &str, message: &str, now: Time) -> Value {
    let at = text::rfc3339(now);
    value!({
        "type": (kind), "status": (status), "reason": (reason), "message": (message),
        "lastUpdateTime": (&at), "lastTransitionTime": (&at),
    })
}

pub(super) fn get<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    status["conditions"].items().iter().find(|c| c["type"] == kind)
}

/// True when a condition of this type stands there with this status and reason.
pub(super) fn holds(status: &Value, kind: &str, state: &str, reason: &str) -> bool {
    get(status, kind).is_some_and(|c| c["status"] == state && c["reason"] == reason)
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
    put_last(status, condition);
}

/// Puts `condition` last, in place of what stands there of its type.
pub(super) fn put_last(status: &mut Value, condition: Value) {
    let held = status["conditions"].items();
    let mut all = Vec::with_capacity(held.len() + 1);
    all.extend(held.iter().filter(|c| c["type"] != condition["type"]).cloned());
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
