//! The state of a pod as one shape and one word.
//!
//! Owns: which of nine states a pod is in, and the STATUS word that `kubectl get pods` prints for it.
//! Models upstream's pkg/printers/internalversion/printers.go (`printPod`).
//! Not modelled: scheduling gates, pods whose node is lost keep their last word.

use objects::Value;
use smol_str::{SmolStr, format_smolstr};

/// Worst first: of several pods the smallest is the one to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodState {
    Failed,
    BackOff,
    Unknown,
    Pending,
    Starting,
    NotReady,
    Ending,
    Ready,
    Completed,
}

impl PodState {
    /// The class and sprite name of this state.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::BackOff => "backoff",
            Self::Unknown => "unknown",
            Self::Pending => "pending",
            Self::Starting => "starting",
            Self::NotReady => "notready",
            Self::Ending => "ending",
            Self::Ready => "ready",
            Self::Completed => "completed",
        }
    }
}

/// The STATUS column of `kubectl get pods`.
#[must_use]
pub fn status_word(pod: &Value) -> SmolStr {
    let status = pod.get("status");
    let phase = status.get("phase").text();
    let mut word: SmolStr = match status.get("reason").text() {
        "" => phase.into(),
        reason => reason.into(),
    };
    let inits = pod.at(&["spec", "initContainers"]).items();
    let mut initializing = false;
    for (i, container) in status.get("initContainerStatuses").items().iter().enumerate() {
        let ended = container.at(&["state", "terminated"]);
        let waiting = container.at(&["state", "waiting", "reason"]).text();
        let sidecar = inits.get(i).is_some_and(|c| c.get("restartPolicy") == "Always");
        if !ended.is_null() && ended.get("exitCode").int() == 0 {
            continue;
        }
        if sidecar && container.get("started").is_true() {
            continue;
        }
        initializing = true;
        word = if !ended.is_null() {
            match (ended.get("reason").text(), ended.get("signal").int()) {
                ("", 0) => format_smolstr!("Init:ExitCode:{}", ended.get("exitCode").int()),
                ("", signal) => format_smolstr!("Init:Signal:{signal}"),
                (reason, _) => format_smolstr!("Init:{reason}"),
            }
        } else if !waiting.is_empty() && waiting != "PodInitializing" {
            format_smolstr!("Init:{waiting}")
        } else {
            format_smolstr!("Init:{i}/{}", inits.len())
        };
        break;
    }
    if !initializing {
        let mut running = false;
        for container in status.get("containerStatuses").items().iter().rev() {
            let state = container.get("state");
            let waiting = state.at(&["waiting", "reason"]).text();
            let ended = state.get("terminated");
            if !waiting.is_empty() {
                word = waiting.into();
            } else if !ended.is_null() {
                word = match (ended.get("reason").text(), ended.get("signal").int()) {
                    ("", 0) => format_smolstr!("ExitCode:{}", ended.get("exitCode").int()),
                    ("", signal) => format_smolstr!("Signal:{signal}"),
                    (reason, _) => reason.into(),
                };
            } else if container.get("ready").is_true() && !state.get("running").is_null() {
                running = true;
            }
        }
        if word == "Completed" && running {
            word = if pod.condition_true("Ready") { "Running".into() } else { "NotReady".into() };
        }
    }
    if pod.is_terminating() {
        let over = phase == "Succeeded" || phase == "Failed";
        word = if status.get("reason") == "NodeLost" {
            "Unknown".into()
        } else if over {
            word
        } else {
            "Terminating".into()
        };
    }
    word
}

/// Which of the nine states `pod` is in; `word` is its [`status_word`].
#[must_use]
pub fn pod_state(pod: &Value, word: &str) -> PodState {
    let phase = pod.at(&["status", "phase"]).text();
    if pod.is_terminating() {
        return PodState::Ending;
    }
    match phase {
        "Succeeded" => return PodState::Completed,
        "Failed" => return PodState::Failed,
        "Unknown" => return PodState::Unknown,
        _ => {}
    }
    let bare = word.strip_prefix("Init:").unwrap_or(word);
    if bare.ends_with("BackOff") {
        return PodState::BackOff;
    }
    if bare.starts_with("Err")
        || bare.ends_with("Error")
        || bare == "OOMKilled"
        || bare.starts_with("ExitCode")
    {
        return PodState::Failed;
    }
    if pod.at(&["spec", "nodeName"]).text().is_empty() {
        return PodState::Pending;
    }
    if word == "Completed" {
        return PodState::Completed;
    }
    if phase == "Running" && (bare == "Running" || bare == "NotReady") {
        return if pod.condition_true("Ready") { PodState::Ready } else { PodState::NotReady };
    }
    PodState::Starting
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(node: &str, phase: &str, ready: bool, waiting: &str) -> Value {
        let mut pod = Value::map();
        pod.set_at(&["spec", "nodeName"], node);
        pod.set_at(&["status", "phase"], phase);
        let mut condition = Value::map();
        condition.set("type", "Ready");
        condition.set("status", if ready { "True" } else { "False" });
        pod.set_at(&["status", "conditions"], [condition].into_iter().collect::<Value>());
        let mut container = Value::map();
        if !waiting.is_empty() {
            container.set_at(&["state", "waiting", "reason"], waiting);
        } else if phase == "Running" {
            container.set("ready", ready);
            container.set_at(&["state", "running", "startedAt"], "2026-01-01T00:00:00Z");
        }
        pod.set_at(&["status", "containerStatuses"], [container].into_iter().collect::<Value>());
        pod
    }

    #[test]
    fn state_follows_from_the_status() {
        let cases = [
            (pod("", "Pending", false, ""), "Pending", PodState::Pending),
            (pod("n", "Pending", false, "ContainerCreating"), "ContainerCreating", PodState::Starting),
            (pod("n", "Pending", false, "ImagePullBackOff"), "ImagePullBackOff", PodState::BackOff),
            (pod("n", "Pending", false, "ErrImagePull"), "ErrImagePull", PodState::Failed),
            (pod("n", "Running", false, ""), "Running", PodState::NotReady),
            (pod("n", "Running", true, ""), "Running", PodState::Ready),
            (pod("n", "Running", false, "CrashLoopBackOff"), "CrashLoopBackOff", PodState::BackOff),
            (pod("n", "Succeeded", false, ""), "Succeeded", PodState::Completed),
        ];
        for (pod, word, state) in cases {
            assert_eq!(status_word(&pod), word);
            assert_eq!(pod_state(&pod, word), state, "{word}");
        }
    }

    #[test]
    fn a_pod_with_a_deletion_time_is_ending() {
        let mut pod = pod("n", "Running", true, "");
        pod.set_at(&["metadata", "deletionTimestamp"], "2026-01-01T00:00:30Z");
        assert_eq!(status_word(&pod), "Terminating");
        assert_eq!(pod_state(&pod, "Terminating"), PodState::Ending);
    }
}
