//! When a cluster has come to rest: what `@settle` in a scenario waits for.

use clock::Time;
use objects::Value;

use crate::Cluster;

/// Nothing may change for this long once every pod has found its state.
const QUIET_MS: i64 = 1_500;
/// Nothing at all has changed for this long: it won't any more.
const STALLED_MS: i64 = 12_000;
const AT_MOST_MS: i64 = 60_000;

impl Cluster {
    /// Runs until no pod is changing state and every rollout is done, or nothing has changed for long.
    pub fn settle(&mut self) {
        let begun = self.now();
        let mut last_change = begun;
        let mut revision = self.last_visible_change();
        loop {
            let now = self.now();
            let quiet = now.since(last_change);
            if now.since(begun) >= AT_MOST_MS
                || quiet >= STALLED_MS
                || (quiet >= QUIET_MS && self.is_settled())
            {
                return;
            }
            let until = now + 100;
            self.run_until(until, &mut || true);
            let latest = self.last_visible_change();
            if latest != revision {
                revision = latest;
                last_change = self.now();
            }
        }
    }

    /// The last revision that changed anything a reader would call a change: heartbeats and events are none.
    fn last_visible_change(&self) -> u64 {
        let own = self.own_visible_change();
        self.fleet.members.values().fold(own, |a, m| a.wrapping_mul(31).wrapping_add(m.last_visible_change()))
    }

    fn own_visible_change(&self) -> u64 {
        ["pods", "deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch"]
            .iter()
            .flat_map(|id| self.objects(id))
            .map(Value::revision)
            .chain(std::iter::once(self.objects("pods").count() as u64))
            .fold(0, |a, b| a.wrapping_mul(31).wrapping_add(b))
    }

    fn is_settled(&self) -> bool {
        self.is_itself_settled() && self.fleet.members.values().all(|m| m.components.dark || m.is_settled())
    }

    fn is_itself_settled(&self) -> bool {
        let pods = self.objects("pods").all(|p| {
            let done = matches!(p["status"]["phase"].text(), "Succeeded" | "Failed");
            !p.is_terminating() && (done || p.condition_true("Ready"))
        });
        let observed = |o: &Value| o["status"]["observedGeneration"].int() >= o.generation();
        let counted = |o: &Value, want: i64, keys: &[&str]| {
            observed(o) && keys.iter().all(|k| o["status"][*k].int() == want)
        };
        pods && self.objects("deployments.apps").all(|d| {
            let want = d["spec"]["replicas"].int_or(1);
            counted(d, want, &["replicas", "updatedReplicas", "availableReplicas"])
        }) && self
            .objects("statefulsets.apps")
            .all(|s| counted(s, s["spec"]["replicas"].int_or(1), &["replicas", "readyReplicas"]))
            && self.objects("daemonsets.apps").all(|d| {
                counted(
                    d,
                    d["status"]["desiredNumberScheduled"].int(),
                    &["updatedNumberScheduled", "numberAvailable"],
                )
            })
    }

    /// Lets `span` of virtual time pass.
    pub fn advance(&mut self, span: clock::Millis) -> Time {
        let until = self.now() + span;
        self.run_until(until, &mut || true);
        self.now()
    }
}
