//! A pod's status as a pure function of what its worker knows.
//!
//! Models `pkg/kubelet/status/generate.go` and `kubelet_pods.go` (getPhase, convertToAPIContainerStatuses).

use clock::Time;
use objects::{Str, Value, value};
use ordered::Sort as _;

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
    let mut s = old.clone();
    let phase = phase(worker);
    s.set("phase", phase);
    if let Some((reason, message)) = worker.failed.as_deref() {
        s.set("reason", *reason);
        s.set("message", message);
    }
    s.set("observedGeneration", generation);
    s.set("startTime", worker.start_time.rfc3339());
    s.set("hostIP", &node.host_ip);
    if old["hostIPs"] != node.host_ips {
        s.set("hostIPs", &node.host_ips);
    }
    if !worker.ip.is_empty() && worker.ip_known {
        s.set("podIP", &worker.ip);
        let known = matches!(old["podIPs"].items(), [only] if only["ip"] == worker.ip.as_str());
        if !known {
            s.set("podIPs", vec![value!({"ip": (&worker.ip)})]);
        }
    }
    let mut statuses = |list: &str| -> Vec<Value> {
        let mut all: Vec<&Container> = worker.containers.iter().filter(|c| c.list() == list).collect();
        if list == "containers" {
            all.arrange_by(|a, b| a.name().cmp(b.name()));
        }
        all.into_iter().map(|c| container_status(worker, c, parts)).collect()
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
    s.set("conditions", conditions(worker, phase, parts, now));
    set_resources(worker, &mut s);
    s
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

fn conditions(worker: &PodWorker, phase: &str, parts: &mut Parts, now: Time) -> Vec<Value> {
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
    let (ready_reason, ready_message) = match (done, failed) {
        (true, _) => ("PodCompleted", Str::default()),
        (_, true) => ("PodFailed", Str::default()),
        _ if containers_ready => ("", Str::default()),
        _ => ("ContainersNotReady", listed("unready", &unready)),
    };
    let sandbox = worker.sandbox_ready && !done && !failed;
    let mut c = Conditions {
        old: pod["status"]["conditions"].items().iter().map(|c| (c["type"].text(), c)).collect(),
        generation: pod.generation(),
        now: now.rfc3339().into(),
        parts,
        list: Vec::with_capacity(5),
    };
    c.push_others(worker);
    c.push("PodReadyToStartContainers", sandbox, "", "");
    if incomplete.is_empty() {
        c.push("Initialized", true, if done { "PodCompleted" } else { "" }, "");
    } else {
        c.push("Initialized", false, "ContainersNotInitialized", listed("incomplete", &incomplete));
    }
    for kind in ["Ready", "ContainersReady"] {
        let gated = kind == "Ready" && !closed.is_empty();
        let ok = containers_ready && !gated && !done && !failed;
        match (ok, containers_ready && gated) {
            (true, _) => c.push(kind, true, "", ""),
            (false, true) => c.push(kind, false, "ReadinessGatesNotReady", gate_message(pod, &closed)),
            (false, false) => c.push(kind, false, ready_reason, ready_message.clone()),
        }
    }
    c.push("PodScheduled", true, "", "");
    if worker.could_restart_all() {
        let (reason, message) = match (done, failed, worker.restarting) {
            (true, ..) => ("PodCompleted", ""),
            (_, true, _) => ("PodFailed", ""),
            (.., true) => ("RestartAllContainersStarted", "container exited with restart policy rule"),
            _ => ("", ""),
        };
        c.push("AllContainersRestarting", worker.restarting && !done && !failed, reason, message);
    }
    c.list
}

fn listed(what: &str, names: &[&str]) -> Str {
    ["containers with ", what, " status: [", &names.join(" "), "]"].concat().into()
}

/// Why gates hold the pod back.
fn gate_message(pod: &Value, closed: &[&str]) -> String {
    let of_gate = |t: &&str| {
        let condition = pod.condition(t);
        if condition.is_null() {
            return format!("corresponding condition of pod readiness gate \"{t}\" does not exist.");
        }
        let status = condition["status"].text();
        format!("the status of pod readiness gate \"{t}\" is not \"True\", but {status}")
    };
    closed.iter().map(of_gate).collect::<Vec<_>>().join(", ")
}

/// The conditions of a status that is being made.
struct Conditions<'a> {
    /// Those of the status before, by their types.
    old: Vec<(&'a str, &'a Value)>,
    generation: i64,
    now: Value,
    parts: &'a mut Parts,
    list: Vec<Value>,
}

impl Conditions<'_> {
    fn old(&self, kind: &str) -> &Value {
        static NULL: Value = Value::Null;
        self.old.iter().find(|(known, _)| *known == kind).map_or(&NULL, |(_, c)| c)
    }

    /// Conditions that come before the kubelet's usual ones: those of others, a resize, the end by the node.
    fn push_others(&mut self, worker: &PodWorker) {
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
        let kept = self.old.iter().filter(|(kind, _)| !OWN.contains(kind));
        self.list.extend(kept.map(|(_, c)| Value::clone(c)));
        self.list.extend(worker.resize.conditions());
        if worker.disrupted && self.old("DisruptionTarget").is_null() {
            let message = worker.failed.as_deref().map_or("", |(_, m)| m.as_str());
            self.push("DisruptionTarget", true, "TerminationByKubelet", message);
        }
    }

    /// A condition of the kubelet's, with its old transition time when its status is the old one. One that says what it
    /// said stays the same subtree.
    fn push(&mut self, kind: &'static str, ok: bool, reason: &str, message: impl Into<Str>) {
        let message = message.into();
        let status = if ok { "True" } else { "False" };
        let old = self.old(kind);
        let stays = old["status"] == status;
        if stays
            && old["observedGeneration"].as_int() == Some(self.generation)
            && old["reason"].text() == reason
            && old["message"].text() == message
        {
            let old = old.clone();
            return self.list.push(old);
        }
        let since = if stays { old["lastTransitionTime"].clone() } else { self.now.clone() };
        let mut c = self.parts.condition(kind, ok, self.generation, &since);
        if !reason.is_empty() {
            c.set("reason", reason);
        }
        if !message.is_empty() {
            c.set("message", message);
        }
        self.list.push(c);
    }
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

fn container_status(worker: &PodWorker, c: &Container, parts: &mut Parts) -> Value {
    let initializing = !worker.pod["spec"]["initContainers"].items().is_empty() && c.kind != Kind::Ephemeral;
    let begins = if initializing { "PodInitializing" } else { "ContainerCreating" };
    let mounts = parts.of(&c.spec["volumeMounts"], &mount_statuses);
    let untouched = matches!(c.state, State::Absent) && c.trouble.reason.is_none() && c.starts == 0;
    if untouched && !initializing && c.last.is_none() {
        return parts.of(&c.spec, &|spec| of_new(spec, &mounts));
    }
    let image_id = c.image.as_ref().filter(|_| c.starts > 0).map_or(Str::default(), |i| i.id.clone());
    // What is in its postStart hook has not been looked at since before its start.
    let hooked = c.post_start.is_some();
    let image_id = if hooked && c.last.is_none() { Str::default() } else { image_id };
    let starts = c.starts - u32::from(hooked);
    let mut last = c.last.as_deref();
    let state = match (&c.state, &c.trouble.reason) {
        (State::Running { .. }, _) if hooked => last.take().map_or_else(|| waiting(begins, ""), ended),
        (State::Running { since }, _) => parts.running(since.rfc3339().into()),
        (State::Ended(e), Some((reason, message))) if worker.should_restart(c) && !worker.is_ending() => {
            last = Some(e);
            waiting(reason, message)
        }
        (State::Ended(e), _) => ended(e),
        (State::Absent, Some((reason, message))) => waiting(reason, message),
        (State::Absent, None) => waiting(begins, ""),
    };
    let mut s = value!({
        "name": (&c.spec["name"]), "image": (&c.spec["image"]), "imageID": (image_id),
        "ready": (c.is_ready()), "restartCount": (starts.saturating_sub(1)),
        "started": (c.is_started() && c.kind != Kind::Init),
        "lastState": (last.map_or_else(Value::map, ended)), "state": (state),
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
    if !mounts.is_null() {
        s.set("volumeMounts", mounts);
    }
    s
}

/// The status of a container that nothing has become of yet, and that waits for no other.
fn of_new(spec: &Value, mounts: &Value) -> Value {
    let mut s = value!({
        "name": (&spec["name"]), "image": (&spec["image"]), "imageID": "",
        "ready": false, "restartCount": 0, "started": false,
        "lastState": {}, "state": (waiting("ContainerCreating", "")),
    });
    if !mounts.is_null() {
        s.set("volumeMounts", mounts);
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

/// Null without mounts.
fn mount_statuses(mounts: &Value) -> Value {
    let of_mount = |mount: &Value| {
        let mut m = value!({"name": (&mount["name"]), "mountPath": (&mount["mountPath"])});
        if mount["readOnly"].is_true() {
            m.set("readOnly", true);
            m.set("recursiveReadOnly", "Disabled");
        }
        m
    };
    match mounts.items() {
        [] => Value::Null,
        all => all.iter().map(of_mount).collect(),
    }
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
