//! One pod's way on its node: sandbox, init containers in order, containers, restarts, the end.
//!
//! Models `pkg/kubelet/pod_workers.go` and `kuberuntime` (computePodActions, the container back-off).
//! Not modelled: sidecar order at the end, ephemeral containers, hooks, probes.

use client::{Ctx, EventType};
use clock::{Millis, Time};
use objects::resources::PODS;
use objects::{Str, Value};

use crate::runtime::{Process, PullError};
use crate::{Kubelet, Task, delays, runtime, status};

/// What falls due for one pod. The number is a container's place among all of the pod's (init containers first).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Work {
    /// The binding has arrived.
    Begin,
    /// Look what is to be done next.
    Sync,
    SandboxReady,
    Pulled(usize),
    Created(usize),
    Started(usize),
    /// The main process of this start of the container ends.
    Exit(usize, u32, i32),
    /// Tell the API server.
    Report,
    /// The grace period is over.
    Kill,
    /// Cleaned up: the pod object can go.
    Remove,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) reason: &'static str,
    pub(crate) started: Time,
    pub(crate) finished: Time,
    pub(crate) id: Str,
}

#[derive(Clone, Debug)]
pub(crate) enum State {
    Waiting { reason: &'static str, message: String },
    Running { since: Time, process: Process },
    Ended(Ended),
}

#[derive(Clone, Debug)]
pub(crate) struct Container {
    pub(crate) spec: Value,
    pub(crate) init: bool,
    pub(crate) state: State,
    pub(crate) last: Option<Ended>,
    /// How often it was started; `restartCount` is one less.
    pub(crate) starts: u32,
    pub(crate) id: Str,
    pub(crate) image_id: Str,
    /// Pulling, being created or started: nothing else is done meanwhile.
    busy: bool,
    back_off_ms: Millis,
    not_before: Time,
}

impl Container {
    fn new(spec: &Value, init: bool, reason: &'static str) -> Self {
        Self {
            spec: spec.clone(),
            init,
            state: State::Waiting { reason, message: String::new() },
            last: None,
            starts: 0,
            id: Str::default(),
            image_id: Str::default(),
            busy: false,
            back_off_ms: 0,
            not_before: Time(0),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.spec["name"].text()
    }

    fn field_path(&self) -> String {
        let list = if self.init { "initContainers" } else { "containers" };
        format!("spec.{list}{{{}}}", self.name())
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    pub(crate) fn succeeded(&self) -> bool {
        matches!(&self.state, State::Ended(e) if e.code == 0)
    }

    /// Doubles the back-off, or begins it anew after a long run.
    fn lengthen_back_off(&mut self, ran_ms: Millis, now: Time) {
        let next = if ran_ms >= delays::BACKOFF_RESET_MS || self.back_off_ms == 0 {
            delays::BACKOFF_BASE_MS
        } else {
            (self.back_off_ms * 2).min(delays::BACKOFF_MAX_MS)
        };
        // The first restart comes at once; the back-off counts from the second.
        self.not_before = if self.starts <= 1 && ran_ms > 0 { now } else { now + self.back_off_ms.max(1) };
        self.back_off_ms = next;
    }
}

#[derive(Clone, Debug)]
pub(crate) struct PodWorker {
    pub(crate) pod: Value,
    pub(crate) ip: Str,
    pub(crate) start_time: Time,
    pub(crate) sandbox_ready: bool,
    pub(crate) containers: Vec<Container>,
    cause: u64,
    terminating: bool,
    removing: bool,
    report_due: bool,
}

impl PodWorker {
    pub(crate) fn new(pod: &Value, cause: u64) -> Self {
        let spec = &pod["spec"];
        let has_init = !spec["initContainers"].items().is_empty();
        let waiting = if has_init { "PodInitializing" } else { "ContainerCreating" };
        let init = spec["initContainers"].items().iter().map(|c| Container::new(c, true, waiting));
        let main = spec["containers"].items().iter().map(|c| Container::new(c, false, waiting));
        Self {
            pod: pod.clone(),
            ip: Str::default(),
            start_time: Time(0),
            sandbox_ready: false,
            containers: init.chain(main).collect(),
            cause,
            terminating: false,
            removing: false,
            report_due: false,
        }
    }

    pub(crate) fn uid(&self) -> &str {
        self.pod.uid()
    }

    /// Takes a newer version in. True when there is something to do about it.
    pub(crate) fn update(&mut self, pod: &Value, cause: u64) -> bool {
        let deletion = pod.is_terminating() && !self.pod.is_terminating();
        let spec_changed = !pod["spec"].same(&self.pod["spec"]) && pod["spec"] != self.pod["spec"];
        self.pod = pod.clone();
        if deletion || spec_changed {
            self.cause = cause;
        }
        if spec_changed {
            for c in &mut self.containers {
                let list = if c.init { "initContainers" } else { "containers" };
                if let Some(new) = pod["spec"][list].items().iter().find(|n| n["name"] == c.spec["name"]) {
                    c.spec = new.clone();
                }
            }
        }
        deletion || spec_changed
    }

    /// The grace period in force: the deletion's, else the spec's.
    fn grace_ms(&self) -> Millis {
        let spec = self.pod["spec"]["terminationGracePeriodSeconds"].int_or(30);
        self.pod.meta()["deletionGracePeriodSeconds"].int_or(spec) * 1000
    }

    fn should_restart(&self, c: &Container) -> bool {
        let policy = self.pod["spec"]["restartPolicy"].as_str().unwrap_or("Always");
        match (&c.state, policy) {
            (State::Ended(e), _) if c.init => e.code != 0 && policy != "Never",
            (State::Ended(e), "OnFailure") => e.code != 0,
            (State::Ended(_), policy) => policy == "Always",
            _ => true,
        }
    }

    /// An init container failed for good: the pod has failed.
    pub(crate) fn init_failed(&self) -> bool {
        self.containers
            .iter()
            .any(|c| c.init && matches!(&c.state, State::Ended(e) if e.code != 0) && !self.should_restart(c))
    }

    /// Which container is to be started next, if any.
    fn next_to_start(&self) -> Option<usize> {
        if self.containers.iter().any(|c| c.busy) || self.init_failed() {
            return None;
        }
        for (i, c) in self.containers.iter().enumerate() {
            if c.init && c.succeeded() {
                continue;
            }
            if c.init {
                return (!c.is_running() && self.should_restart(c)).then_some(i);
            }
            if !c.is_running() && self.should_restart(c) {
                return Some(i);
            }
        }
        None
    }
}

impl Kubelet {
    /// Does one piece of a pod's work.
    pub(crate) fn work(&mut self, key: Str, work: Work, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(&key) else { return };
        let cause = worker.cause;
        ctx.caller = self.caller(cause);
        let worker = match self.pods.get_mut(&key) {
            Some(w) => w,
            None => return,
        };
        match work {
            Work::Begin => {
                worker.start_time = ctx.now;
                let jitter = ctx.rng.below(delays::SANDBOX_JITTER_MS) as Millis;
                if worker.pod.is_terminating() {
                    return self.sync(key, ctx);
                }
                self.tasks
                    .set(ctx.now + delays::SANDBOX_MS + jitter, Task::Pod(key.clone(), Work::SandboxReady));
                self.report(key, ctx);
            }
            Work::SandboxReady => {
                let ip = if worker.pod["spec"]["hostNetwork"].is_true() {
                    self.host_ip()
                } else {
                    self.allocate_address()
                };
                if let Some(worker) = self.pods.get_mut(&key) {
                    worker.ip = ip;
                    worker.sandbox_ready = true;
                }
                self.sync(key, ctx);
            }
            Work::Sync => self.sync(key, ctx),
            Work::Pulled(i) => self.pulled(key, i, ctx),
            Work::Created(i) => self.created(key, i, ctx),
            Work::Started(i) => self.started(key, i, ctx),
            Work::Exit(i, start, code) => self.exited(key, i, start, code, ctx),
            Work::Report => self.report(key, ctx),
            Work::Kill => self.kill(key, ctx),
            Work::Remove => self.remove(key, ctx),
        }
    }

    fn sync(&mut self, key: Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(&key) else { return };
        if worker.pod.is_terminating() {
            return self.terminate(key, ctx);
        }
        if !worker.sandbox_ready {
            return;
        }
        let Some(i) = worker.next_to_start() else { return };
        let wait = worker.containers[i].not_before;
        if wait > ctx.now {
            self.back_off(key, i, ctx);
        } else {
            self.pull_or_create(key, i, ctx);
        }
    }

    /// The container must wait out its back-off: say so, and look again when it is over.
    fn back_off(&mut self, key: Str, i: usize, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(&key) else { return };
        let pod = worker.pod.clone();
        let c = &mut worker.containers[i];
        let pulling = matches!(&c.state, State::Waiting { reason, .. } if reason.contains("Image") || *reason == "ErrImagePull");
        let until = c.not_before;
        let (reason, event, message) = if pulling {
            let image = c.spec["image"].text();
            (
                "ImagePullBackOff",
                format!("Back-off pulling image \"{image}\""),
                format!("Back-off pulling image \"{image}\""),
            )
        } else {
            let (name, uid) = (c.name(), pod.uid());
            let full = format!("{}_{}({uid})", pod.name(), pod.namespace());
            (
                "CrashLoopBackOff",
                format!("Back-off restarting failed container {name} in pod {full}"),
                format!(
                    "back-off {} restarting failed container={name} pod={full}",
                    go_duration(until.since(ctx.now).max(delays::BACKOFF_BASE_MS))
                ),
            )
        };
        let path = c.field_path();
        if let State::Ended(e) = &c.state {
            c.last = Some(e.clone());
        }
        c.state = State::Waiting { reason, message };
        self.recorder.event_at(ctx, &pod, &path, EventType::Warning, "BackOff", &event);
        self.tasks.set(until, Task::Pod(key.clone(), Work::Sync));
        self.report(key, ctx);
    }

    fn pull_or_create(&mut self, key: Str, i: usize, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(&key) else { return };
        let pod = worker.pod.clone();
        let c = &mut worker.containers[i];
        c.busy = true;
        let (image, path) = (c.spec["image"].to_str(), c.field_path());
        let policy = c.spec["imagePullPolicy"].as_str().unwrap_or("IfNotPresent").to_owned();
        match self.images.get(&image, ctx.now) {
            Some(facts) if policy != "Always" => {
                c.image_id = facts.id.clone();
                let message = format!(
                    "Container image \"{image}\" already present on machine and can be accessed by the pod"
                );
                self.recorder.event_at(ctx, &pod, &path, EventType::Normal, "Pulled", &message);
                self.tasks.set(ctx.now + delays::CREATE_MS, Task::Pod(key, Work::Created(i)));
            }
            None if policy == "Never" => {
                let message = format!("Container image \"{image}\" is not present with pull policy of Never");
                self.recorder.event_at(ctx, &pod, &path, EventType::Warning, "ErrImageNeverPull", &message);
                self.recorder.event_at(
                    ctx,
                    &pod,
                    &path,
                    EventType::Warning,
                    "Failed",
                    "Error: ErrImageNeverPull",
                );
                self.fail_start(key, i, "ErrImageNeverPull", message, ctx);
            }
            _ => {
                let message = format!("Pulling image \"{image}\"");
                self.recorder.event_at(ctx, &pod, &path, EventType::Normal, "Pulling", &message);
                let done_at = self.images.pull(&image, &key, ctx.now);
                self.tasks.set(done_at, Task::Pod(key.clone(), Work::Pulled(i)));
                if let Some(worker) = self.pods.get_mut(&key) {
                    worker.containers[i].not_before = ctx.now;
                }
            }
        }
    }

    fn pulled(&mut self, key: Str, i: usize, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(&key) else { return };
        let pod = worker.pod.clone();
        let c = &mut worker.containers[i];
        let (image, path) = (c.spec["image"].to_str(), c.field_path());
        let waited = ctx.now.since(c.not_before);
        match runtime::resolve(&image) {
            Ok(facts) => {
                c.image_id = facts.id.clone();
                let took = self.images.pull_time(&key).unwrap_or(waited);
                let message = format!(
                    "Successfully pulled image \"{image}\" in {} ({} including waiting). Image size: {} bytes.",
                    go_duration(took),
                    go_duration(waited),
                    facts.size_bytes
                );
                self.recorder.event_at(ctx, &pod, &path, EventType::Normal, "Pulled", &message);
                self.tasks.set(ctx.now + delays::CREATE_MS, Task::Pod(key, Work::Created(i)));
            }
            Err(PullError::Invalid(message)) => {
                let text = format!("Failed to apply default image tag \"{image}\": {message}");
                self.recorder.event_at(ctx, &pod, &path, EventType::Warning, "InspectFailed", &text);
                self.recorder.event_at(
                    ctx,
                    &pod,
                    &path,
                    EventType::Warning,
                    "Failed",
                    "Error: InvalidImageName",
                );
                self.fail_start(key, i, "InvalidImageName", text, ctx);
            }
            Err(PullError::Refused(message)) => {
                let text = format!("Failed to pull image \"{image}\": {message}");
                self.recorder.event_at(ctx, &pod, &path, EventType::Warning, "Failed", &text);
                self.recorder.event_at(ctx, &pod, &path, EventType::Warning, "Failed", "Error: ErrImagePull");
                self.fail_start(key, i, "ErrImagePull", message, ctx);
            }
        }
        self.images.forget(&pod.key());
    }

    /// A start that came to nothing: try again after the back-off.
    fn fail_start(&mut self, key: Str, i: usize, reason: &'static str, message: String, ctx: &mut Ctx<'_>) {
        if let Some(worker) = self.pods.get_mut(&key) {
            let c = &mut worker.containers[i];
            c.busy = false;
            c.state = State::Waiting { reason, message };
            c.back_off_ms = if c.back_off_ms == 0 {
                delays::BACKOFF_BASE_MS
            } else {
                (c.back_off_ms * 2).min(delays::BACKOFF_MAX_MS)
            };
            c.not_before = ctx.now + c.back_off_ms;
            // The next look comes soon after and finds the back-off.
            self.tasks.set(ctx.now + 2_000, Task::Pod(key.clone(), Work::Sync));
        }
        self.report(key, ctx);
    }

    fn created(&mut self, key: Str, i: usize, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(&key) else { return };
        let pod = worker.pod.clone();
        let path = worker.containers[i].field_path();
        self.recorder.event_at(ctx, &pod, &path, EventType::Normal, "Created", "Container created");
        self.tasks.set(ctx.now + delays::START_MS, Task::Pod(key, Work::Started(i)));
    }

    fn started(&mut self, key: Str, i: usize, ctx: &mut Ctx<'_>) {
        let id = Str::from(format!("containerd://{}", runtime::digest(ctx.rng.next_u64())));
        let Some(worker) = self.pods.get_mut(&key) else { return };
        let pod = worker.pod.clone();
        let c = &mut worker.containers[i];
        c.busy = false;
        if let State::Ended(e) = &c.state {
            c.last = Some(e.clone());
        }
        c.starts += 1;
        c.id = id;
        let process = Process::start(&c.spec, ctx.now);
        if let Some((at, code)) = process.ends() {
            self.tasks.set(at, Task::Pod(key.clone(), Work::Exit(i, c.starts, code)));
        }
        c.state = State::Running { since: ctx.now, process };
        let path = c.field_path();
        self.recorder.event_at(ctx, &pod, &path, EventType::Normal, "Started", "Container started");
        self.schedule_report(&key, ctx.now);
        self.sync(key, ctx);
    }

    fn exited(&mut self, key: Str, i: usize, start: u32, code: i32, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(&key) else { return };
        let terminating = worker.terminating;
        let c = &mut worker.containers[i];
        let State::Running { since, .. } = c.state else { return };
        if c.starts != start {
            return;
        }
        c.state = State::Ended(Ended {
            code,
            reason: if code == 0 { "Completed" } else { "Error" },
            started: since,
            finished: ctx.now,
            id: c.id.clone(),
        });
        c.lengthen_back_off(ctx.now.since(since).max(1), ctx.now);
        if terminating {
            self.finish_if_stopped(key, ctx);
        } else {
            self.schedule_report(&key, ctx.now);
            self.tasks.set(ctx.now + delays::REPORT_MS, Task::Pod(key, Work::Sync));
        }
    }

    /// Asks every container to end, once.
    fn terminate(&mut self, key: Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(&key) else { return };
        let grace = worker.grace_ms();
        let first = !std::mem::replace(&mut worker.terminating, true);
        let pod = worker.pod.clone();
        let mut killing = Vec::new();
        for (i, c) in worker.containers.iter_mut().enumerate() {
            c.busy = false;
            let path = c.field_path();
            let name = c.name().to_owned();
            let start = c.starts;
            if let State::Running { process, .. } = &mut c.state
                && first
            {
                process.terminate(ctx.now);
                if let Some((at, code)) = process.ends() {
                    self.tasks.set(at, Task::Pod(key.clone(), Work::Exit(i, start, code)));
                }
                killing.push((path, name));
            }
        }
        for (path, name) in killing {
            let message = format!("Stopping container {name}");
            self.recorder.event_at(ctx, &pod, &path, EventType::Normal, "Killing", &message);
        }
        // A shorter grace period given later ends the wait earlier.
        self.tasks.set(ctx.now + grace, Task::Pod(key.clone(), Work::Kill));
        self.finish_if_stopped(key, ctx);
    }

    /// The grace period is over: what still runs is killed.
    fn kill(&mut self, key: Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(&key) else { return };
        let deadline = worker.pod.deletion_time().unwrap_or(ctx.now);
        if !worker.terminating || deadline.since(ctx.now) >= 1000 {
            return;
        }
        for c in &mut worker.containers {
            if let State::Running { since, .. } = c.state {
                c.state = State::Ended(Ended {
                    code: 137,
                    reason: "Error",
                    started: since,
                    finished: ctx.now,
                    id: c.id.clone(),
                });
            }
        }
        self.finish_if_stopped(key, ctx);
    }

    fn finish_if_stopped(&mut self, key: Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(&key) else { return };
        if worker.removing || worker.containers.iter().any(Container::is_running) {
            return;
        }
        worker.removing = true;
        self.tasks.set(ctx.now + delays::CLEANUP_MS, Task::Pod(key.clone(), Work::Remove));
        self.schedule_report(&key, ctx.now);
    }

    fn remove(&mut self, key: Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get(&key) else { return };
        let (namespace, name) = (worker.pod.namespace().to_owned(), worker.pod.name().to_owned());
        let uid = worker.uid().to_owned();
        // Refused only when it is gone already or finalizers hold it: then the watch tells.
        let _ = ctx.delete(&PODS, &namespace, &name, Some(&uid), Some(0), None);
    }

    fn schedule_report(&mut self, key: &Str, now: Time) {
        if let Some(worker) = self.pods.get_mut(key)
            && !std::mem::replace(&mut worker.report_due, true)
        {
            self.tasks.set(now + delays::REPORT_MS, Task::Pod(key.clone(), Work::Report));
        }
    }

    /// Writes the pod's status if it differs from what the server has.
    fn report(&mut self, key: Str, ctx: &mut Ctx<'_>) {
        let host_ip = self.host_ip();
        let Some(worker) = self.pods.get_mut(&key) else { return };
        worker.report_due = false;
        let status = status::pod_status(worker, &host_ip, ctx.now);
        if status == worker.pod["status"] {
            return;
        }
        let mut pod = worker.pod.clone();
        pod.set("status", status);
        pod.at_mut(&["metadata"]).remove("resourceVersion");
        if let Ok(stored) = ctx.update_status(&PODS, pod)
            && let Some(worker) = self.pods.get_mut(&key)
        {
            // A deletion that has not arrived yet must still be seen as new when it does.
            worker.pod.set("status", stored["status"].clone());
        }
    }
}

/// A span as Go prints `time.Duration` to the millisecond: `2.188s`, `10s`, `1m20s`.
fn go_duration(ms: Millis) -> String {
    if ms < 1000 {
        return format!("{ms}ms");
    }
    let (minutes, rest) = (ms / 60_000, ms % 60_000);
    let mut seconds = format!("{}.{:03}", rest / 1000, rest % 1000);
    while seconds.ends_with('0') {
        seconds.pop();
    }
    let seconds = seconds.trim_end_matches('.');
    if minutes >= 60 {
        format!("{}h{}m{seconds}s", minutes / 60, minutes % 60)
    } else if minutes > 0 {
        format!("{minutes}m{seconds}s")
    } else {
        format!("{seconds}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_as_go_prints_them() {
        let table = [(412, "412ms"), (2188, "2.188s"), (10_000, "10s"), (80_000, "1m20s"), (300_000, "5m0s")];
        for (ms, text) in table {
            assert_eq!(go_duration(ms), text);
        }
    }

    #[test]
    fn restart_back_off_doubles_from_ten_seconds_and_stops_at_five_minutes() {
        let mut c = Container::new(&Value::Null, false, "ContainerCreating");
        let mut gaps = vec![];
        for start in 1..=8 {
            c.starts = start;
            c.lengthen_back_off(1, Time(0));
            gaps.push(c.not_before.0 / 1000);
        }
        assert_eq!(gaps, [0, 10, 20, 40, 80, 160, 300, 300]);
    }
}
