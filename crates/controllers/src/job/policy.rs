//! What a pod's failure means to its Job, when success is enough, and how long the next pod waits.
//!
//! Models `pkg/controller/job/pod_failure_policy.go`, success_policy.go and backoff_utils.go.

use clock::{Millis, Time};
use objects::Value;

use super::indexes::Indexes;
use crate::delays::{JOB_POD_BACKOFF_MS, JOB_POD_MAX_BACKOFF_MS};
use crate::pods;

/// What the pod failure policy says of a failed pod.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// The whole Job fails with this message.
    FailJob(String),
    /// Its index fails at once.
    FailIndex,
    /// It does not count towards a limit.
    Ignore,
    /// It counts, by rule or by default.
    Count,
}

pub(super) fn judge(job: &Value, pod: &Value) -> Verdict {
    for (i, rule) in job["spec"]["podFailurePolicy"]["rules"].items().iter().enumerate() {
        let action = rule["action"].text();
        let place = format!("{}/{}", pod.namespace(), pod.name());
        let message = if !rule["onExitCodes"].is_null() {
            let Some((container, code)) = exit_code(pod, &rule["onExitCodes"]) else { continue };
            format!(
                "Container {container} for pod {place} failed with exit code {code} matching {action} rule at index {i}"
            )
        } else {
            let patterns = rule["onPodConditions"].items();
            let matching = |c: &&Value| {
                patterns.iter().any(|p| {
                    p["type"] == c["type"] && p["status"].as_str().unwrap_or("True") == c["status"].text()
                })
            };
            let Some(c) = pod["status"]["conditions"].items().iter().find(matching) else { continue };
            format!("Pod {place} has condition {} matching {action} rule at index {i}", c["type"].text())
        };
        match action {
            "FailJob" => return Verdict::FailJob(message),
            "FailIndex" => return Verdict::FailIndex,
            "Ignore" => return Verdict::Ignore,
            "Count" => return Verdict::Count,
            _ => {}
        }
    }
    Verdict::Count
}

/// The first container whose exit code the requirement asks for.
fn exit_code<'a>(pod: &'a Value, wanted: &Value) -> Option<(&'a str, i64)> {
    let status = &pod["status"];
    let all = status["containerStatuses"].items().iter().chain(status["initContainerStatuses"].items());
    for c in all {
        let code = c["state"]["terminated"]["exitCode"].int();
        let named = wanted["containerName"].as_str().is_none_or(|n| c["name"] == n);
        if !named || code == 0 {
            continue;
        }
        let listed = wanted["values"].items().iter().any(|v| v.int() == code);
        if (wanted["operator"] == "In" && listed) || (wanted["operator"] == "NotIn" && !listed) {
            return Some((c["name"].text(), code));
        }
    }
    None
}

/// The message of the success policy's rule that these indexes meet.
pub(super) fn met_success_policy(job: &Value, succeeded: &Indexes) -> Option<String> {
    if succeeded.total() == 0 {
        return None;
    }
    let completions = job["spec"]["completions"].int();
    for (i, rule) in job["spec"]["successPolicy"]["rules"].items().iter().enumerate() {
        let count = rule["succeededCount"].as_int();
        let met = match rule["succeededIndexes"].as_str() {
            Some(text) => {
                let required = Indexes::parse(text, completions);
                let have = required.shared_with(succeeded);
                required.total() > 0 && (have == required.total() || count.is_some_and(|n| have >= n))
            }
            None => count.is_some_and(|n| succeeded.total() >= n),
        };
        if met {
            return Some(format!("Matched rules at index {i}"));
        }
    }
    None
}

/// When a pod ended: by its containers, its readiness, its deletion, or its creation.
pub(super) fn finished_at(pod: &Value) -> Time {
    let ends: Option<Vec<Time>> = pod["status"]["containerStatuses"]
        .items()
        .iter()
        .map(|c| c["state"]["terminated"]["finishedAt"].time())
        .collect();
    if let Some(last) = ends.and_then(|all| all.into_iter().max()) {
        return last;
    }
    let ready = pod.condition("Ready");
    if ready["status"] == "False"
        && let Some(t) = ready["lastTransitionTime"].time()
    {
        return t;
    }
    if let Some(t) = pod.deletion_time() {
        return t - pod.meta()["deletionGracePeriodSeconds"].int() * 1000;
    }
    pod.created().unwrap_or_default()
}

/// Failures in a row and the last of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Backoff {
    pub(super) failures: u32,
    pub(super) last: Option<Time>,
}

impl Backoff {
    /// After these pods ended as well.
    pub(super) fn after(self, succeeded: &[Time], failed: &[Time]) -> Self {
        let last_success = succeeded.iter().max();
        match last_success {
            None if failed.is_empty() => self,
            None => {
                Self { failures: self.failures + failed.len() as u32, last: failed.iter().max().copied() }
            }
            Some(success) => {
                let later = failed.iter().filter(|t| *t > success);
                Self { failures: later.clone().count() as u32, last: later.max().copied() }
            }
        }
    }

    /// How long the next pod must wait.
    pub(super) fn remaining(self, now: Time) -> Millis {
        let Some(last) = self.last.filter(|_| self.failures > 0) else { return 0 };
        let doubled = JOB_POD_BACKOFF_MS.saturating_mul(1 << (self.failures - 1).min(30));
        (doubled.min(JOB_POD_MAX_BACKOFF_MS) - now.since(last)).max(0)
    }
}

/// True when the pod counts as failed for its Job.
pub(super) fn is_failed(job: &Value, pod: &Value) -> bool {
    let phase = pods::phase(pod);
    phase == "Failed" || (!replaces_failed_only(job) && pod.is_terminating() && phase != "Succeeded")
}

/// True when a terminating pod is replaced only once it has ended.
pub(super) fn replaces_failed_only(job: &Value) -> bool {
    job["spec"]["podReplacementPolicy"] == "Failed" || !job["spec"]["podFailurePolicy"].is_null()
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn the_wait_doubles_to_ten_minutes() {
        let waits: Vec<Millis> =
            (0..9).map(|n| Backoff { failures: n, last: Some(Time(0)) }.remaining(Time(0)) / 1000).collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 320, 600, 600]);
        assert_eq!(Backoff { failures: 1, last: Some(Time(0)) }.remaining(Time(4_000)), 6_000);
    }

    #[test]
    fn success_ends_a_row_of_failures() {
        let t = |s: i64| Time(s * 1000);
        let two = Backoff { failures: 2, last: Some(t(5)) };
        assert_eq!(two.after(&[], &[]), two);
        assert_eq!(two.after(&[], &[t(6), t(8)]), Backoff { failures: 4, last: Some(t(8)) });
        assert_eq!(two.after(&[t(7)], &[]), Backoff::default());
        assert_eq!(two.after(&[t(7)], &[t(6), t(9)]), Backoff { failures: 1, last: Some(t(9)) });
    }

    #[test]
    fn rules_by_exit_code_and_condition() {
        let job = value!({"spec": {"podFailurePolicy": {"rules": [
            {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]}},
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            {"action": "FailIndex", "onExitCodes": {"operator": "NotIn", "values": [1]}},
        ]}}});
        let pod = |name: &str, code: i64| {
            value!({"metadata": {"name": "p", "namespace": "n"}, "status": {"containerStatuses":
                [{"name": (name), "state": {"terminated": {"exitCode": (code)}}}]}})
        };
        let text = "Container main for pod n/p failed with exit code 42 matching FailJob rule at index 0";
        assert_eq!(judge(&job, &pod("main", 42)), Verdict::FailJob(text.into()));
        assert_eq!(judge(&job, &pod("other", 42)), Verdict::FailIndex);
        assert_eq!(judge(&job, &pod("main", 1)), Verdict::Count);
        let mut disrupted = pod("main", 1);
        disrupted.set_at(&["status", "conditions"], value!([{"type": "DisruptionTarget", "status": "True"}]));
        assert_eq!(judge(&job, &disrupted), Verdict::Ignore);
    }

    #[test]
    fn enough_success() {
        let job = value!({"spec": {"completions": 10, "successPolicy": {"rules": [
            {"succeededIndexes": "0,2-4", "succeededCount": 3}, {"succeededCount": 5}]}}});
        let met = |text: &str| met_success_policy(&job, &Indexes::parse(text, 10));
        assert_eq!(met(""), None);
        assert_eq!(met("0,2,9"), None);
        assert_eq!(met("0,2,3"), Some("Matched rules at index 0".into()));
        assert_eq!(met("1,5-8"), Some("Matched rules at index 1".into()));
    }
}
