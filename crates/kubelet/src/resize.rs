//! Other requests and limits for a pod that runs: whether its node has room for them, and when they are in force.
//!
//! Owns: what is allocated to containers (it stays in their specs) and to the pod as a whole, the conditions PodResizePending and
//! PodResizeInProgress, resizes that wait for room. Does not own: what a person may ask for (the API server).
//! Models `pkg/kubelet/allocation`, `pkg/kubelet/events/resize.go` and computePodResizeAction of `kuberuntime`.
//! Not modelled: a memory limit below what is in use.

use client::{Ctx, EventType};
use clock::{Millis, Time};
use objects::quantity::Quantity;
use objects::{Str, Value, json, value};

use crate::container::Kind;
use crate::pod_worker::{PodWorker, Work};
use crate::{Kubelet, Task, admission, delays};

/// A resize without room is tried again after this, unless a pod leaves before (upstream).
const RETRY_MS: Millis = 180_000;

/// What is wanted of a pod that it does not have yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resize {
    /// Without room: why, for which generation, since when.
    pub(crate) pending: Option<Box<(String, i64, Time)>>,
    /// Being put into force.
    pub(crate) in_progress: Option<Box<(i64, Time)>>,
}

impl Resize {
    pub(crate) fn is_any(&self) -> bool {
        self.pending.is_some() || self.in_progress.is_some()
    }

    pub(crate) fn conditions(&self) -> Vec<Value> {
        let one = |kind: &str, generation: i64, since: Time| {
            value!({
                "type": (kind), "status": "True", "observedGeneration": (generation),
                "lastProbeTime": (since.rfc3339()), "lastTransitionTime": (since.rfc3339()),
            })
        };
        let mut all = Vec::new();
        if let Some((why, generation, since)) = self.pending.as_deref() {
            let mut c = one("PodResizePending", *generation, *since);
            c.set("reason", "Deferred");
            c.set("message", why.as_str());
            all.push(c);
        }
        all.extend(
            self.in_progress
                .as_deref()
                .map(|(generation, since)| one("PodResizeInProgress", *generation, *since)),
        );
        all
    }
}

/// `{"containers":[{"name":"c","resources":{...}}],"generation":2}`: what an event tells of a pod's resources.
fn summary(pod: &Value, generation: i64, error: &str) -> String {
    let mut all = Value::map();
    for list in ["initContainers", "containers"] {
        let of = |c: &Value| {
            let r = &c["resources"];
            let resources = if r.is_null() { Value::map() } else { r.clone() };
            value!({"name": (&c["name"]), "resources": (resources)})
        };
        let some: Vec<Value> = pod["spec"][list].items().iter().map(of).collect();
        if !some.is_empty() {
            all.set(list, some);
        }
    }
    all.set("generation", generation);
    if !error.is_empty() {
        all.set("error", error);
    }
    // In the order in which upstream's structure has them.
    let order = ["initContainers", "containers", "generation", "error"];
    let part = |k: &&str| all.find(k).map(|v| format!("\"{k}\":{}", json::to_string(v)));
    format!("{{{}}}", order.iter().filter_map(part).collect::<Vec<_>>().join(","))
}

/// The resources in the pod's spec for the container at `i` of the worker.
fn wanted(worker: &PodWorker, i: usize) -> Value {
    let c = &worker.containers[i];
    let found = worker.pod["spec"][c.list()].items().iter().find(|n| n["name"] == c.spec["name"]);
    found.map_or(Value::Null, |n| n["resources"].clone())
}

/// What the pod has, as a spec to count by.
pub(crate) fn allocated(worker: &PodWorker) -> Value {
    let mut spec = worker.pod["spec"].clone();
    if !worker.whole.is_null() {
        spec.set("resources", &worker.whole);
    }
    for list in ["initContainers", "containers"] {
        let all = worker.containers.iter().filter(|c| c.list() == list).map(|c| c.spec.clone());
        spec.set(list, all.collect::<Vec<_>>());
    }
    spec
}

/// The sum of what a spec's containers ask for at one time, for `requests` or `limits`.
pub(crate) fn total(spec: &Value, kind: &str) -> Value {
    let whole = &spec["resources"][kind];
    let mut names: Vec<Str> = Vec::new();
    let lists = ["initContainers", "containers"];
    for c in lists.iter().flat_map(|l| spec[*l].items()) {
        for (name, _) in c["resources"][kind].entries() {
            if !names.contains(name) {
                names.push(name.as_str().into());
            }
        }
    }
    let of = |c: &Value, name: &str| Quantity::of(&c["resources"][kind][name]);
    let mut all = Value::map();
    for name in names {
        let (mut sidecars, mut most) = (Quantity::zero(), Quantity::zero());
        for c in spec["initContainers"].items() {
            let alone = of(c, &name);
            let mut at_once = sidecars.clone();
            at_once.add(&alone);
            if c["restartPolicy"] == "Always" {
                sidecars = at_once.clone();
            }
            most = most.max(at_once);
        }
        let mut together = sidecars;
        spec["containers"].items().iter().for_each(|c| together.add(&of(c, &name)));
        all.set(name, together.max(most).canonical());
    }
    for (name, q) in whole.entries() {
        all.set(name.clone(), q);
    }
    all
}

/// Whether one of the changed resources asks for a restart.
fn needs_restart(spec: &Value, old: &Value, new: &Value) -> bool {
    spec["resizePolicy"].items().iter().any(|p| {
        let name = p["resourceName"].text();
        let differs = |kind: &str| old[kind][name] != new[kind][name];
        p["restartPolicy"] == "RestartContainer" && (differs("requests") || differs("limits"))
    })
}

impl Kubelet {
    /// The pod's spec asks for other resources than it has, or there may be room for them now.
    pub(crate) fn resize(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get(key) else { return };
        if worker.terminating || worker.is_done() || worker.fixed.is_some() {
            return;
        }
        let differs = |i: &usize| wanted(worker, *i) != worker.containers[*i].spec["resources"];
        let changed: Vec<usize> = (0..worker.containers.len()).filter(differs).collect();
        let (pod, generation) = (worker.pod.clone(), worker.pod.generation());
        let whole = worker.pod["spec"]["resources"].clone();
        if changed.is_empty() && whole == worker.whole {
            self.pending_resizes.remove(key);
            if let Some(w) = self.pods.get_mut(key)
                && w.resize.pending.take().is_some()
            {
                self.schedule_report(key, ctx.now);
            }
            return;
        }
        if let Some((reason, why)) = self.lacks(key, &pod["spec"]) {
            let text = format!("Pod resize {reason}: {}", summary(&pod, generation, &why));
            let Some(w) = self.pods.get_mut(key) else { return };
            let known = w.resize.pending.as_deref().is_some_and(|(_, g, _)| *g == generation);
            let since = w.resize.pending.as_deref().map_or(ctx.now, |(.., since)| *since);
            w.resize.pending = Some(Box::new((why, generation, since)));
            if !known {
                self.recorder.event(ctx, &pod, EventType::Warning, "ResizeDeferred", &text);
            }
            self.pending_resizes.insert(key.clone());
            self.tasks.set(ctx.now + RETRY_MS, Task::Pod(key.clone(), Work::Resize));
            return self.schedule_report(key, ctx.now);
        }
        self.pending_resizes.remove(key);
        let text = format!("Pod resize started: {}", summary(&pod, generation, ""));
        self.recorder.event(ctx, &pod, EventType::Normal, "ResizeStarted", &text);
        let Some(w) = self.pods.get_mut(key) else { return };
        w.resize.pending = None;
        w.resize.in_progress = Some(Box::new((generation, ctx.now)));
        w.whole = whole;
        let grace = w.grace_ms();
        let mut restarts = Vec::new();
        for i in changed {
            let new = wanted(w, i);
            let c = &mut w.containers[i];
            let old = c.spec["resources"].clone();
            if c.is_running()
                && matches!(c.kind, Kind::Main | Kind::Sidecar)
                && needs_restart(&c.spec, &old, &new)
            {
                restarts.push(i);
            }
            if new.is_null() {
                c.spec.remove("resources");
            } else {
                c.spec.set("resources", new);
            }
        }
        for i in restarts {
            self.renew_resized(key, i, grace, ctx);
        }
        self.limits_changed(key, ctx.now);
        self.schedule_report(key, ctx.now);
        self.tasks.set(ctx.now + delays::RESIZE_MS, Task::Pod(key.clone(), Work::Resized));
        self.retry_resizes(ctx.now);
    }

    /// A resize is in force, unless a container is being started anew for it.
    pub(crate) fn resized(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(w) = self.pods.get_mut(key) else { return };
        if w.containers.iter().any(|c| c.renewed || c.busy) && !w.terminating {
            self.tasks.set(ctx.now + delays::RESIZE_MS, Task::Pod(key.clone(), Work::Resized));
            return;
        }
        let Some((generation, _)) = w.resize.in_progress.take().map(|p| *p) else { return };
        let mut pod = w.pod.clone();
        pod.set("spec", allocated(w));
        let text = format!("Pod resize completed: {}", summary(&pod, generation, ""));
        self.recorder.event(ctx, &pod, EventType::Normal, "ResizeCompleted", &text);
        self.schedule_report(key, ctx.now);
    }

    /// There may be room now for what waits for it.
    pub(crate) fn retry_resizes(&mut self, now: Time) {
        for key in &self.pending_resizes {
            self.tasks.set(now + delays::REPORT_MS, Task::Pod(key.clone(), Work::Resize));
        }
    }

    /// What the node lacks for this spec of the pod, beside what the others have.
    fn lacks(&self, key: &Str, spec: &Value) -> Option<(&'static str, String)> {
        admission::RESOURCES[..2]
            .iter()
            .find_map(|(resource, reason)| self.lacks_of(key, spec, resource, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_events_tell_of_resources() {
        let pod = value!({"spec": {
            "initContainers": [{"name": "s", "resources": {"limits": {"cpu": "200m"}, "requests": {"cpu": "100m"}}}],
            "containers": [{"name": "c"}],
        }});
        assert_eq!(
            summary(&pod, 2, "no room"),
            r#"{"initContainers":[{"name":"s","resources":{"limits":{"cpu":"200m"},"requests":{"cpu":"100m"}}}],"containers":[{"name":"c","resources":{}}],"generation":2,"error":"no room"}"#
        );
    }

    #[test]
    fn a_restart_is_asked_for_by_resource() {
        let spec = value!({"resizePolicy": [
            {"resourceName": "memory", "restartPolicy": "RestartContainer"},
            {"resourceName": "cpu", "restartPolicy": "NotRequired"},
        ]});
        let of = |cpu: &str, memory: &str| value!({"requests": {"cpu": (cpu), "memory": (memory)}});
        assert!(!needs_restart(&spec, &of("1", "1Gi"), &of("2", "1Gi")));
        assert!(needs_restart(&spec, &of("1", "1Gi"), &of("1", "2Gi")));
        assert!(!needs_restart(&Value::map(), &of("1", "1Gi"), &of("1", "2Gi")));
    }
}
