//! A pod's status as a pure function of what its worker knows.
//!
//! Models `pkg/kubelet/status/generate.go` and `kubelet_pods.go` (getPhase, convertToAPIContainerStatuses).

use clock::Time;
use objects::{Str, Value, value};
use ordered::Sort as _;

use crate::container::{Container, Ended, Kind, State};
use crate::pod_worker::PodWorker;
use crate::resize;

/// The whole status. Conditions of others (the scheduler's, readiness gates) are kept.
pub(crate) fn pod_status(worker: &PodWorker, host_ip: &Str, now: Time) -> Value {
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
    let mut s = old.clone();
    let phase = phase(worker);
    s.set("phase", phase);
    if let Some((reason, message)) = worker.failed.as_deref() {
        s.set("reason", *reason);
        s.set("message", message);
    }
    s.set("observedGeneration", generation);
    s.set("startTime", worker.start_time.rfc3339());
    s.set("hostIP", host_ip);
    set_addresses(&mut s, "hostIPs", host_ip);
    if !worker.ip.is_empty() && worker.ip_known {
        s.set("podIP", &worker.ip);
        set_addresses(&mut s, "podIPs", &worker.ip);
    }
    let statuses = |list: &str| -> Vec<Value> {
        let mut all: Vec<&Container> = worker.containers.iter().filter(|c| c.list() == list).collect();
        if list == "containers" {
            all.arrange_by(|a, b| a.name().cmp(b.name()));
        }
        all.into_iter().map(|c| container_status(worker, c)).collect()
    };
    s.set("containerStatuses", statuses("containers"));
    for (list, field) in
        [("initContainers", "initContainerStatuses"), ("ephemeralContainers", "ephemeralContainerStatuses")]
    {
        let some = statuses(list);
        if !some.is_empty() {
            s.set(field, some);
        }
    }
    s.set("conditions", conditions(worker, phase, generation, now));
    set_resources(worker, &mut s);
    s
}

/// Sets a list of one address. One that is there already stays the same subtree.
fn set_addresses(status: &mut Value, key: &str, ip: &Str) {
    let known = matches!(status[key].items(), [only] if only["ip"] == ip.as_str());
    if !known {
        status.set(key, vec![value!({"ip": (ip)})]);
    }
}

/// What the pod has as a whole, as far as its containers say.
fn set_resources(worker: &PodWorker, s: &mut Value) {
    let known = worker.resize.in_progress.is_none() && s["resources"].find("requests").is_some();
    if known {
        return;
    }
    let (requests, limits) = match worker.containers.as_slice() {
        [only] if worker.whole.is_null() => {
            (only.spec["resources"]["requests"].clone(), only.spec["resources"]["limits"].clone())
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
    s.set("resources", all);
    if !requests.is_zero() {
        s.set("allocatedResources", requests);
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

fn conditions(worker: &PodWorker, phase: &str, generation: i64, now: Time) -> Vec<Value> {
    let pod = &worker.pod;
    let done = phase == "Succeeded";
    let failed = phase == "Failed";
    let unready: Vec<&str> =
        worker.containers.iter().filter(|c| counts(c) && !c.is_ready()).map(Container::name).collect();
    let incomplete: Vec<&str> =
        worker.containers.iter().filter(|c| is_incomplete(worker, c)).map(Container::name).collect();
    let gates = pod["spec"]["readinessGates"].items();
    let closed: Vec<&str> =
        gates.iter().map(|g| g["conditionType"].text()).filter(|t| !pod.condition_true(t)).collect();
    let containers_ready = unready.is_empty() && incomplete.is_empty();
    let (ready_reason, ready_message) = if done {
        ("PodCompleted", String::new())
    } else if failed {
        ("PodFailed", String::new())
    } else {
        ("ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" ")))
    };
    let sandbox = worker.sandbox_ready && !done && !failed;
    let init_message = format!("containers with incomplete status: [{}]", incomplete.join(" "));
    let init_reason = if done && incomplete.is_empty() { "PodCompleted" } else { "ContainersNotInitialized" };
    let gate_messages: Vec<String> = closed
        .iter()
        .map(|t| {
            if pod.condition(t).is_null() {
                format!("corresponding condition of pod readiness gate \"{t}\" does not exist.")
            } else {
                format!(
                    "the status of pod readiness gate \"{t}\" is not \"True\", but {}",
                    pod.condition(t)["status"].text()
                )
            }
        })
        .collect();
    let gate_message = gate_messages.join(", ");
    let mut list = others(worker, generation, now);
    list.extend([
        condition(pod, "PodReadyToStartContainers", sandbox, "", "", generation, now),
        condition(
            pod,
            "Initialized",
            incomplete.is_empty(),
            if incomplete.is_empty() && !done { "" } else { init_reason },
            if incomplete.is_empty() { "" } else { &init_message },
            generation,
            now,
        ),
    ]);
    for kind in ["Ready", "ContainersReady"] {
        let gated = kind == "Ready" && !closed.is_empty();
        let ok = containers_ready && !gated && !done && !failed;
        let (reason, message) = match (ok, containers_ready && gated) {
            (true, _) => ("", ""),
            (false, true) => ("ReadinessGatesNotReady", gate_message.as_str()),
            (false, false) => (ready_reason, ready_message.as_str()),
        };
        list.push(condition(pod, kind, ok, reason, message, generation, now));
    }
    list.push(condition(pod, "PodScheduled", true, "", "", generation, now));
    if worker.could_restart_all() {
        let (reason, message) = match (done, failed, worker.restarting) {
            (true, ..) => ("PodCompleted", ""),
            (_, true, _) => ("PodFailed", ""),
            (.., true) => ("RestartAllContainersStarted", "container exited with restart policy rule"),
            _ => ("", ""),
        };
        let on = worker.restarting && !done && !failed;
        list.push(condition(pod, "AllContainersRestarting", on, reason, message, generation, now));
    }
    list
}

/// Conditions that come before the kubelet's usual ones: those of others, a resize, the end by the node.
fn others(worker: &PodWorker, generation: i64, now: Time) -> Vec<Value> {
    const OWN: [&str; 8] = [
        "AllContainersRestarting",
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
        "PodResizePending",
        "PodResizeInProgress",
    ];
    let pod = &worker.pod;
    let kept = pod["status"]["conditions"].items().iter().filter(|c| !OWN.contains(&c["type"].text()));
    let mut list: Vec<Value> = kept.cloned().collect();
    list.extend(worker.resize.conditions());
    if worker.disrupted && pod.condition("DisruptionTarget").is_null() {
        let message = worker.failed.as_deref().map_or("", |(_, m)| m.as_str());
        let reason = "TerminationByKubelet";
        list.push(condition(pod, "DisruptionTarget", true, reason, message, generation, now));
    }
    list
}

/// A condition of the kubelet's, with its old transition time when its status is the old one. One that says what it said
/// stays the same subtree.
fn condition(
    pod: &Value,
    kind: &str,
    ok: bool,
    reason: &str,
    message: &str,
    generation: i64,
    now: Time,
) -> Value {
    let status = if ok { "True" } else { "False" };
    let old = pod.condition(kind);
    let holds = old["status"] == status
        && old["observedGeneration"].as_int() == Some(generation)
        && old["reason"].text() == reason
        && old["message"].text() == message;
    if holds {
        return old.clone();
    }
    let since =
        if old["status"] == status { old["lastTransitionTime"].clone() } else { Value::from(now.rfc3339()) };
    let mut c = value!({
        "type": (kind), "status": (status), "observedGeneration": (generation),
        "lastProbeTime": null, "lastTransitionTime": (since),
    });
    if !reason.is_empty() {
        c.set("reason", reason);
    }
    if !message.is_empty() {
        c.set("message", message);
    }
    c
}

/// Whether its readiness is the pod's.
fn counts(c: &Container) -> bool {
    matches!(c.kind, Kind::Main | Kind::Sidecar)
}

fn is_incomplete(worker: &PodWorker, c: &Container) -> bool {
    match c.kind {
        Kind::Init => !c.succeeded() && !worker.has_begun(),
        Kind::Sidecar => !c.is_started() && !worker.has_begun(),
        _ => false,
    }
}

fn container_status(worker: &PodWorker, c: &Container) -> Value {
    let image_id = c.image.as_ref().filter(|_| c.starts > 0).map_or(Str::default(), |i| i.id.clone());
    // What is in its postStart hook has not been looked at since before its start.
    let hooked = c.post_start.is_some();
    let image_id = if hooked && c.last.is_none() { Str::default() } else { image_id };
    let starts = c.starts - u32::from(hooked);
    let mut s = value!({
        "name": (c.name()), "image": (&c.spec["image"]), "imageID": (image_id),
        "ready": (c.is_ready()), "restartCount": (starts.saturating_sub(1)),
        "started": (c.is_started() && c.kind != Kind::Init),
        "lastState": {},
    });
    let id = match (&c.state, &c.last) {
        (State::Running { .. }, None) if hooked => &Str::default(),
        (State::Running { .. }, Some(before)) if hooked => &before.id,
        (State::Absent, _) => &Str::default(),
        (State::Running { .. }, _) => &c.id,
        (State::Ended(e), _) => &e.id,
    };
    if !id.is_empty() {
        s.set("containerID", id);
        // Nothing is allocated to what never was.
        s.set("resources", c.spec["resources"].clone());
        let requests = &c.spec["resources"]["requests"];
        if !requests.is_null() {
            s.set("allocatedResources", requests);
        }
    }
    let waiting = |reason: &str, message: &str| {
        let mut w = value!({"reason": (reason)});
        if !message.is_empty() {
            w.set("message", message);
        }
        value!({"waiting": (w)})
    };
    let mut last = c.last.as_deref();
    let initializing = !worker.pod["spec"]["initContainers"].items().is_empty() && c.kind != Kind::Ephemeral;
    let begins = if initializing { "PodInitializing" } else { "ContainerCreating" };
    let state = match (&c.state, &c.trouble.reason) {
        (State::Running { .. }, _) if hooked => last.take().map_or_else(|| waiting(begins, ""), ended),
        (State::Running { since }, _) => value!({"running": {"startedAt": (since.rfc3339())}}),
        (State::Ended(e), Some((reason, message))) if worker.should_restart(c) && !worker.is_ending() => {
            last = Some(e);
            waiting(reason, message)
        }
        (State::Ended(e), _) => ended(e),
        (State::Absent, Some((reason, message))) => waiting(reason, message),
        (State::Absent, None) => waiting(begins, ""),
    };
    s.set("state", state);
    if let Some(e) = last {
        s.set("lastState", ended(e));
    }
    let mounts: Vec<Value> = c.spec["volumeMounts"].items().iter().map(mount_status).collect();
    if !mounts.is_empty() {
        s.set("volumeMounts", mounts);
    }
    s
}

fn mount_status(mount: &Value) -> Value {
    let mut m = value!({"name": (&mount["name"]), "mountPath": (&mount["mountPath"])});
    if mount["readOnly"].is_true() {
        m.set("readOnly", true);
        m.set("recursiveReadOnly", "Disabled");
    }
    m
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
