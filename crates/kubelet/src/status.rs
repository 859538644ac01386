//! A pod's status as a pure function of what its worker knows.
//!
//! Models `pkg/kubelet/status/generate.go` and `kubelet_pods.go` (getPhase, convertToAPIContainerStatuses).

use clock::Time;
use objects::{Str, Value, text, value};
use ordered::Sort as _;

use crate::conditions::conditions;
use crate::container::{Container, Ended, Kind, State};
use crate::machines::NodeFacts;
use crate::parts::Parts;
use crate::pod_worker::PodWorker;
use crate::resize;

/// The whole status. Conditions of others (the scheduler's, readiness gates) are kept, and what is as it was stays the
/// same subtree.
pub(crate) fn pod_status(worker: &PodWorker, node: &NodeFacts, parts: &mut Parts, now: Time) -> Value {
    let pod = &worker.pod;
    let old = &pod["status"];
    let generation = pod.generation();
    if worker.rejected {
        // Nothing of it was ever here.
        let (reason, message) = worker.failed.as_deref().cloned().unwrap_or_default();
        return value!({
            "phase": "Failed", "reason": (reason), "message": (message),
            "qosClass": (old["qosClass"].clone()), "startTime": (worker.start_time.rfc3339()),
            "observedGeneration": (generation),
        });
    }
    let phase = phase(worker);
    let mut s = first_status(worker, node, old).unwrap_or_else(|| old.clone());
    put(&mut s, "phase", Str::new_static(phase).into());
    if let Some((reason, message)) = worker.failed.as_deref() {
        put(&mut s, "reason", Str::new_static(reason).into());
        put(&mut s, "message", message.into());
    }
    put(&mut s, "observedGeneration", generation.into());
    // What was told, and nobody has changed since, says where the pod is.
    let stands = old.same(&worker.told);
    if !stands {
        put(&mut s, "startTime", text::rfc3339(worker.start_time).into());
        put(&mut s, "hostIP", (&node.host_ip).into());
        put(&mut s, "hostIPs", (&node.host_ips).into());
    }
    if !worker.ip.is_empty() && worker.ip_known && !(stands && s["podIP"] == worker.ip.as_str()) {
        put(&mut s, "podIP", (&worker.ip).into());
        put(&mut s, "podIPs", value!([{"ip": (&worker.ip)}]));
    }
    put_statuses(worker, "containers", "containerStatuses", parts, &mut s);
    for (list, field) in
        [("initContainers", "initContainerStatuses"), ("ephemeralContainers", "ephemeralContainerStatuses")]
    {
        if worker.containers.iter().any(|c| c.list() == list) {
            put_statuses(worker, list, field, parts, &mut s);
        }
    }
    put(&mut s, "conditions", conditions(worker, phase, generation, parts, now));
    put_resources(worker, parts, &mut s);
    s
}

/// Sets what is not so already: what is as it was stays the same subtree.
fn put(s: &mut Value, field: &str, value: Value) {
    let place = s.map_mut().entry(field);
    if *place != value {
        *place = value;
    }
}

/// What a status begins with that says no more yet than the server and the scheduler do: all that each pod's first
/// report tells, in one piece.
fn first_status(worker: &PodWorker, node: &NodeFacts, old: &Value) -> Option<Value> {
    let theirs = ["conditions", "phase", "qosClass"];
    let is_first = old.entries().len() == theirs.len() && theirs.iter().all(|f| !old[*f].is_null());
    is_first.then(|| {
        value!({
            "conditions": (&old["conditions"]), "containerStatuses": null, "hostIP": (&node.host_ip),
            "hostIPs": (&node.host_ips), "observedGeneration": null, "phase": (&old["phase"]),
            "qosClass": (&old["qosClass"]), "resources": null, "startTime": (text::rfc3339(worker.start_time)),
        })
    })
}

/// The statuses of the containers of a list of the pod's spec.
fn put_statuses(worker: &PodWorker, list: &str, field: &str, parts: &mut Parts, s: &mut Value) {
    let mut all = Vec::with_capacity(1);
    for c in worker.containers.iter().filter(|c| c.list() == list) {
        all.push(container_status(worker, c, parts));
    }
    if list == "containers" && all.len() > 1 {
        all.arrange_by(|a, b| a["name"].text().cmp(b["name"].text()));
    }
    put(s, field, all.into());
}

/// What the pod has as a whole, as far as its containers say.
fn put_resources(worker: &PodWorker, parts: &mut Parts, s: &mut Value) {
    let known = worker.resize.in_progress.is_none() && s["resources"].find("requests").is_some();
    if known {
        return;
    }
    let (requests, limits) = match worker.containers.as_slice() {
        [only] if worker.whole.is_null() => {
            let definition = parts.definition(only);
            (definition.requests.clone(), definition.limits.clone())
        }
        _ => {
            let spec = resize::allocated(worker);
            (resize::total(&spec, "requests"), resize::total(&spec, "limits"))
        }
    };
    let mut all = Value::map();
    for (key, list) in [("limits", &limits), ("requests", &requests)] {
        if !list.is_zero() {
            all.set(key, list);
        }
    }
    put(s, "resources", all);
    if !requests.is_zero() {
        put(s, "allocatedResources", requests);
    }
}

fn phase(worker: &PodWorker) -> &'static str {
    let end = final_phase(worker);
    if let Some(end) = end {
        // The end is told when the last container has stopped.
        let stopped = !worker.containers.iter().any(Container::is_running);
        if stopped {
            return end;
        }
        return if worker.is_initialized() { "Running" } else { "Pending" };
    }
    if !worker.is_initialized() {
        return "Pending";
    }
    let waits = |c: &&Container| {
        c.kind == Kind::Main
            && c.last.is_none()
            && (matches!(c.state, State::Absent)
                || c.post_start.is_some()
                || (c.trouble.reason.is_some() && c.starts == 0))
    };
    if worker.containers.iter().any(|c| waits(&c)) { "Pending" } else { "Running" }
}

/// How the pod ends, once nothing of it will be started again.
fn final_phase(worker: &PodWorker) -> Option<&'static str> {
    if worker.failed.is_some() || worker.init_failed() {
        return Some("Failed");
    }
    let main = || worker.containers.iter().filter(|c| c.kind == Kind::Main);
    let over = main().all(|c| c.ended().is_some()) && (worker.is_ending() || worker.is_done());
    over.then(|| if main().all(Container::succeeded) { "Succeeded" } else { "Failed" })
}

fn container_status(worker: &PodWorker, c: &Container, parts: &mut Parts) -> Value {
    let definition = parts.definition(c);
    let initializing = c.kind != Kind::Ephemeral && worker.has_init();
    let begins = if initializing { "PodInitializing" } else { "ContainerCreating" };
    let untouched = matches!(c.state, State::Absent) && c.trouble.reason.is_none() && c.starts == 0;
    if untouched && !initializing && c.last.is_none() {
        return definition.absent.clone();
    }
    // What is in its postStart hook has not been looked at since before its start.
    let hooked = c.post_start.is_some();
    let starts = c.starts - u32::from(hooked);
    let mut last = c.last.as_deref();
    let state = match (&c.state, &c.trouble.reason) {
        (State::Running { .. }, _) if hooked => last.take().map_or_else(|| waiting(begins, ""), ended),
        (State::Running { since }, _) => parts.running(*since),
        (State::Ended(e), Some((reason, message))) if worker.should_restart(c) && !worker.is_ending() => {
            last = Some(e);
            waiting(reason, message)
        }
        (State::Ended(e), _) => ended(e),
        (State::Absent, Some((reason, message))) => waiting(reason, message),
        (State::Absent, None) => waiting(begins, ""),
    };
    let id = match (&c.state, &c.last) {
        (State::Running { .. }, None) if hooked => &Str::default(),
        (State::Running { .. }, Some(before)) if hooked => &before.id,
        (State::Absent, _) => &Str::default(),
        (State::Running { .. }, _) => &c.id,
        (State::Ended(e), _) => &e.id,
    };
    let mut s = if id.is_empty() { definition.absent.clone() } else { definition.made.clone() };
    s.set("state", state);
    if let Some(last) = last {
        s.set("lastState", ended(last));
    }
    if !id.is_empty() {
        s.set("containerID", id);
    }
    let seen = c.starts > 0 && (!hooked || c.last.is_some());
    if let Some(image) = c.image.as_ref().filter(|_| seen) {
        s.set("imageID", &image.id);
    }
    if c.is_ready() {
        s.set("ready", true);
    }
    if starts > 1 {
        s.set("restartCount", starts - 1);
    }
    if c.is_started() && c.kind != Kind::Init {
        s.set("started", true);
    }
    s
}

fn waiting(reason: &str, message: &str) -> Value {
    let mut w = value!({"reason": (reason)});
    if !message.is_empty() {
        w.set("message", message);
    }
    value!({"waiting": (w)})
}

fn ended(e: &Ended) -> Value {
    let mut t = value!({
        "exitCode": (e.code), "reason": (e.reason), "containerID": (&e.id),
        "startedAt": (e.started.rfc3339()), "finishedAt": (e.finished.rfc3339()),
    });
    if !e.message.is_empty() {
        t.set("message", &e.message);
    }
    value!({"terminated": (t)})
}
