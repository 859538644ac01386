//! What controllers ask of a pod: active, terminating, ready, available.
//!
//! Models `pkg/api/v1/pod` and the predicates of `pkg/controller/controller_utils.go`.

use clock::Time;
use objects::Value;

use crate::pod_state::PodState;

#[must_use]
pub fn phase(pod: &Value) -> &str {
    pod["status"]["phase"].text()
}

/// Succeeded or Failed.
#[must_use]
pub fn is_terminal(pod: &Value) -> bool {
    is_terminal_phase(phase(pod))
}

#[must_use]
pub fn is_terminal_phase(phase: &str) -> bool {
    matches!(phase, "Succeeded" | "Failed")
}

#[must_use]
pub fn is_active(pod: &Value) -> bool {
    !is_terminal(pod) && !pod.is_terminating()
}

#[must_use]
pub fn is_terminating(pod: &Value) -> bool {
    pod.is_terminating() && !is_terminal(pod)
}

#[must_use]
pub fn is_ready(pod: &Value) -> bool {
    pod.condition_true("Ready")
}

/// Since when a ready pod is ready.
#[must_use]
pub fn ready_since(pod: &Value) -> Option<Time> {
    let c = pod.condition("Ready");
    if c["status"] == "True" { c["lastTransitionTime"].time() } else { None }
}

/// When a ready pod is available: at once without `minReadySeconds`.
#[must_use]
pub fn available_at(pod: &Value, min_ready_seconds: i64) -> Option<Time> {
    PodState::default().with_status_of(pod).available_at(min_ready_seconds)
}

#[must_use]
pub fn is_available(pod: &Value, min_ready_seconds: i64, now: Time) -> bool {
    available_at(pod, min_ready_seconds).is_some_and(|t| t <= now)
}

/// The highest restart count among its containers.
#[must_use]
pub fn max_restarts(pod: &Value) -> i64 {
    pod["status"]["containerStatuses"].items().iter().map(|c| c["restartCount"].int()).max().unwrap_or(0)
}
