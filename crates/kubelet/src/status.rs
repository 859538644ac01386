//! A pod's status as a pure function of what its worker knows.
//!
//! Models `pkg/kubelet/status/generate.go` and `kubelet_pods.go` (getPhase, convertToAPIContainerStatuses).

use clock::Time;
use objects::{Str, Value, value};

use crate::pod_worker::{Container, Ended, PodWorker, State};

/// The whole status. Conditions of others (the scheduler's, readiness gates) are kept.
pub(crate) fn pod_status(worker: &PodWorker, host_ip: &Str, now: Time) -> Value {
    let pod = &worker.pod;
    let old = &pod["status"];
    let generation = pod.generation();
    let mut s = old.clone();
    let phase = phase(worker);
    s.set("phase", phase);
    s.set("observedGeneration", generation);
    s.set("startTime", worker.start_time.rfc3339());
    s.set("hostIP", host_ip);
    s.set("hostIPs", vec![value!({"ip": (host_ip)})]);
    if !worker.ip.is_empty() {
        s.set("podIP", &worker.ip);
        s.set("podIPs", vec![value!({"ip": (&worker.ip)})]);
    }
    let statuses = |init: bool| -> Vec<Value> {
        let mine = worker.containers.iter().filter(|c| c.init == init);
        let mut all: Vec<&Container> = mine.collect();
        if !init {
            all.sort_by(|a, b| a.name().cmp(b.name()));
        }
        all.into_iter().map(|c| container_status(c, is_ready(worker, c))).collect()
    };
    let init = statuses(true);
    if !init.is_empty() {
        s.set("initContainerStatuses", init);
    }
    s.set("containerStatuses", statuses(false));
    s.set("conditions", conditions(worker, phase, generation, now));
    s
}

/// Without a readiness probe a running container is ready; an init container once it succeeded.
fn is_ready(worker: &PodWorker, c: &Container) -> bool {
    if c.init { c.succeeded() } else { c.is_running() && !worker.pod.is_terminating() || c.is_running() }
}

fn phase(worker: &PodWorker) -> &'static str {
    let policy = worker.pod["spec"]["restartPolicy"].as_str().unwrap_or("Always");
    if worker.init_failed() {
        return "Failed";
    }
    let main = || worker.containers.iter().filter(|c| !c.init);
    if worker.containers.iter().any(|c| c.init && !c.succeeded()) {
        return "Pending";
    }
    let ended = |c: &Container| matches!(c.state, State::Ended(_));
    if main().any(|c| matches!(c.state, State::Waiting { .. }) && c.last.is_none()) {
        return "Pending";
    }
    if main().all(ended) {
        let all_zero = main().all(Container::succeeded);
        let stays = worker.pod.is_terminating() || policy == "Never" || (policy == "OnFailure" && all_zero);
        if stays {
            return if all_zero { "Succeeded" } else { "Failed" };
        }
    }
    "Running"
}

fn conditions(worker: &PodWorker, phase: &str, generation: i64, now: Time) -> Vec<Value> {
    let pod = &worker.pod;
    let done = phase == "Succeeded";
    let failed = phase == "Failed";
    let unready: Vec<&str> =
        worker.containers.iter().filter(|c| !c.init && !is_ready(worker, c)).map(Container::name).collect();
    let incomplete: Vec<&str> =
        worker.containers.iter().filter(|c| c.init && !c.succeeded()).map(Container::name).collect();
    let ready = unready.is_empty() && incomplete.is_empty();
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
    let mut list = vec![
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
    ];
    for kind in ["Ready", "ContainersReady"] {
        let ok = ready && !done && !failed;
        let (reason, message) = if ok { ("", "") } else { (ready_reason, ready_message.as_str()) };
        list.push(condition(pod, kind, ok, reason, message, generation, now));
    }
    const OWN: [&str; 4] = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"];
    let kept = pod["status"]["conditions"].items().iter().filter(|c| !OWN.contains(&c["type"].text()));
    list.extend(kept.cloned());
    list
}

/// A condition of the kubelet's, with its old transition time when its status is the old one.
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

fn container_status(c: &Container, ready: bool) -> Value {
    let mut s = value!({
        "name": (c.name()), "image": (&c.spec["image"]), "imageID": (&c.image_id), "ready": (ready),
        "restartCount": (c.starts.saturating_sub(1)), "started": (c.is_running() && !c.init),
        "lastState": {}, "resources": (c.spec["resources"].clone()),
    });
    if !c.id.is_empty() {
        s.set("containerID", &c.id);
    }
    let state = match &c.state {
        State::Waiting { reason, message } => {
            let mut w = value!({"reason": (*reason)});
            if !message.is_empty() {
                w.set("message", message);
            }
            value!({"waiting": (w)})
        }
        State::Running { since, .. } => value!({"running": {"startedAt": (since.rfc3339())}}),
        State::Ended(e) => ended(e),
    };
    s.set("state", state);
    if let Some(e) = &c.last {
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
    value!({"terminated": {
        "exitCode": (e.code), "reason": (e.reason), "containerID": (&e.id),
        "startedAt": (e.started.rfc3339()), "finishedAt": (e.finished.rfc3339()),
    }})
}
