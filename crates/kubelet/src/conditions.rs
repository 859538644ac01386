//! A pod's conditions: what it has come to as a whole.
//!
//! Owns: the kubelet's own conditions, and those of others that it keeps. Does not own: the rest of a status (`status`).
//! Models `pkg/kubelet/status/generate.go` (GeneratePodReadyCondition and those beside it).

use clock::Time;
use objects::{Str, Value, text};

use crate::container::{Container, Kind};
use crate::parts::{Parts, Step};
use crate::pod_worker::PodWorker;

/// How many containers the state of a [`Step`] has room for.
const COUNTED: usize = 24;

/// The list of them. Conditions of others (the scheduler's, readiness gates) are kept.
pub(crate) fn conditions(
    worker: &PodWorker,
    phase: &str,
    generation: i64,
    parts: &mut Parts,
    now: Time,
) -> Value {
    let mut make = |parts: &mut Parts| made(worker, phase, parts, now);
    match step(worker, phase, generation, now) {
        Some(step) => parts.conditions_after(step, &mut make),
        None => make(parts).into(),
    }
}

/// What the conditions follow from; `None` where more has a say in them, as in few pods.
fn step(worker: &PodWorker, phase: &str, generation: i64, now: Time) -> Option<Step> {
    let special = worker.gated
        || worker.disrupted
        || worker.resize.is_any()
        || worker.containers.len() > COUNTED
        || worker.could_restart_all();
    if special {
        return None;
    }
    let containers = || worker.containers.iter().filter(|c| c.kind != Kind::Ephemeral);
    let wanting = containers().flat_map(|c| [is_unready(c), is_incomplete(worker, c)]);
    let wanting = wanting.fold(0, |all, on| all << 1 | u64::from(on));
    let of_pod = [phase == "Succeeded", phase == "Failed", worker.sandbox_ready];
    let names = match worker.containers.as_slice() {
        _ if wanting == 0 => Str::default(),
        [only] => only.spec["name"].to_str(),
        _ => containers().map(Container::name).collect::<Vec<_>>().join(" ").into(),
    };
    Some(Step {
        old: worker.pod["status"]["conditions"].clone(),
        second: now.0.div_euclid(1_000),
        generation,
        state: of_pod.iter().fold(wanting, |all, on| all << 1 | u64::from(*on)),
        names,
    })
}

fn made(worker: &PodWorker, phase: &str, parts: &mut Parts, now: Time) -> Vec<Value> {
    let pod = &worker.pod;
    let done = phase == "Succeeded";
    let failed = phase == "Failed";
    let unready: Vec<&str> =
        worker.containers.iter().filter(|c| is_unready(c)).map(Container::name).collect();
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
        now: text::rfc3339(now).into(),
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

/// Whether its readiness is the pod's, and wanting.
fn is_unready(c: &Container) -> bool {
    matches!(c.kind, Kind::Main | Kind::Sidecar) && !c.is_ready()
}

fn is_incomplete(worker: &PodWorker, c: &Container) -> bool {
    match c.kind {
        Kind::Init => !c.succeeded() && !worker.has_begun(),
        Kind::Sidecar => !c.is_started() && !worker.has_begun(),
        _ => false,
    }
}
