//! What most controllers ask of a pod, read once a version and kept beside it.
//!
//! Does not own: what a controller makes of it. `pods` asks the same of a pod that stands alone.

use clock::{Millis, Time};
use objects::Value;

use crate::pods;

/// Volumes that are files only: they come without a claim, and nothing is attached for them.
const FILES: [&str; 6] = ["projected", "configMap", "secret", "emptyDir", "hostPath", "downwardAPI"];

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PodState {
    /// Its deletion was asked for.
    pub deletion_asked: bool,
    /// Succeeded or Failed.
    pub terminal: bool,
    pub ready: bool,
    /// Of a ready pod only.
    pub ready_since: Option<Time>,
    /// Its condition DisruptionTarget is true.
    pub disruption_target: bool,
    /// One of its volumes is more than files.
    pub has_disks: bool,
}

impl PodState {
    #[must_use]
    pub fn of(pod: &Value) -> Self {
        let is_file = |v: &Value| FILES.iter().any(|kind| v.find(kind).is_some());
        Self {
            deletion_asked: pod.is_terminating(),
            has_disks: !pod["spec"]["volumes"].items().iter().all(is_file),
            ..Self::default()
        }
        .with_status_of(pod)
    }

    /// The state of a version of which only the status is another.
    #[must_use]
    pub fn with_status_of(self, pod: &Value) -> Self {
        let status = pod.get("status");
        let mut next = Self {
            terminal: pods::is_terminal_phase(status.get("phase").text()),
            ready: false,
            ready_since: None,
            disruption_target: false,
            ..self
        };
        for condition in status.get("conditions").items() {
            match condition.get("type").text() {
                "Ready" if *condition.get("status") == "True" => {
                    next.ready = true;
                    next.ready_since = condition.get("lastTransitionTime").time();
                }
                "DisruptionTarget" => next.disruption_target = *condition.get("status") == "True",
                _ => {}
            }
        }
        next
    }

    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.terminal && !self.deletion_asked
    }

    #[must_use]
    pub fn is_terminating(&self) -> bool {
        self.deletion_asked && !self.terminal
    }

    /// When it is available, if it stays ready: at once without `minReadySeconds`.
    #[must_use]
    pub fn available_at(&self, min_ready_seconds: i64) -> Option<Time> {
        if !self.ready {
            None
        } else if min_ready_seconds == 0 {
            Some(Time(i64::MIN))
        } else {
            self.ready_since.map(|t| t + min_ready_seconds * 1000 as Millis)
        }
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn a_state_is_what_each_look_finds() {
        let at = "2026-01-01T00:00:05Z";
        let ready = |s: &str| value!({"type": "Ready", "status": (s), "lastTransitionTime": (at)});
        for phase in ["Pending", "Running", "Succeeded", "Failed"] {
            for conditions in [value!([]), value!([(ready("True"))]), value!([(ready("False"))])] {
                for deletion in [Value::Null, at.into()] {
                    let pod = value!({
                        "metadata": {"deletionTimestamp": (deletion)},
                        "status": {"phase": (phase), "conditions": (&conditions)},
                    });
                    let state = PodState::of(&pod);
                    assert_eq!(state.terminal, pods::is_terminal(&pod), "{pod:?}");
                    assert_eq!(state.is_active(), pods::is_active(&pod), "{pod:?}");
                    assert_eq!(state.is_terminating(), pods::is_terminating(&pod), "{pod:?}");
                    assert_eq!(state.ready, pods::is_ready(&pod), "{pod:?}");
                    let at_once = state.ready.then_some(Time(i64::MIN));
                    let later = state.ready.then(|| Time::parse_rfc3339("2026-01-01T00:00:12Z")).flatten();
                    assert_eq!([0, 7].map(|s| state.available_at(s)), [at_once, later], "{pod:?}");
                    let before = PodState { ready: true, terminal: true, disruption_target: true, ..state };
                    assert_eq!(before.with_status_of(&pod), state, "{pod:?}");
                }
            }
        }
    }

    #[test]
    fn files_are_no_disks() {
        let of = |volumes: Value| PodState::of(&value!({"spec": {"volumes": volumes}})).has_disks;
        assert!(!of(value!([{"name": "t", "projected": {}}, {"name": "c", "configMap": {"name": "c"}}])));
        assert!(!of(Value::Null));
        for kind in ["persistentVolumeClaim", "ephemeral", "csi", "awsElasticBlockStore", "iscsi"] {
            let disk = Value::from_iter([
                value!({"name": "t", "emptyDir": {}}),
                [(kind, Value::map())].into_iter().collect::<objects::Map>().into(),
            ]);
            assert!(of(disk), "{kind}");
        }
    }
}
