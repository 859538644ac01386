//! SchedulingGates: a pod with gates is not tried until all of them are gone.
//!
//! Models `plugins/schedulinggates`. That a gated pod says so (`PodScheduled` with `SchedulingGated`) is the API server's.

use objects::Value;

/// Whether a pod waits for its gates to be removed.
#[must_use]
pub(crate) fn is_gated(pod: &Value) -> bool {
    !pod["spec"]["schedulingGates"].items().is_empty()
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn any_gate_holds_a_pod() {
        assert!(!is_gated(&value!({"spec": {}})));
        assert!(!is_gated(&value!({"spec": {"schedulingGates": []}})));
        assert!(is_gated(&value!({"spec": {"schedulingGates": [{"name": "example.com/wait"}]}})));
    }
}
