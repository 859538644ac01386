//! One pod's way up: volumes, sandbox, images, containers one after the other, and the waits between attempts.
//!
//! Models `pkg/kubelet` syncPod and `kuberuntime` SyncPod, startContainer, doBackOff.

use std::sync::Arc;

use client::{Ctx, EventType, Recorder};
use clock::{Millis, Rng, Time};
use objects::resources::{
    CONFIGMAPS, CSIDRIVERS, CSINODES, PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS, SECRETS,
};
use objects::text::joined;
use objects::{Reason, Str, Value};

use crate::container::{Ended, Kind, Live, Machine, State};
use crate::definition::PullPolicy;
use crate::image_manager::{self, PullError};
use crate::node_status::NO_NETWORK;
use crate::pod_worker::{self, Work};
use crate::{Kubelet, Task, delays, environment, machines, status, volumes};

/// Up to half more, as upstream jitters its retries.
pub(crate) fn jitter(span: Millis, rng: &mut Rng) -> Millis {
    span + (span as f64 * 0.5 * rng.unit()) as Millis
}

/// Reads an object as volumes and variables name it; the error is the kubelet's text.
pub(crate) fn read(ctx: &mut Ctx<'_>, namespace: &str, resource: &str, name: &str) -> Result<Value, String> {
    let (namespace, name) = name.split_once('/').unwrap_or((namespace, name));
    let (r, namespace) = match resource {
        "configmap" | "configmaps" => (CONFIGMAPS, namespace),
        "secret" | "secrets" => (SECRETS, namespace),
        "persistentvolumeclaims" => (PERSISTENTVOLUMECLAIMS, namespace),
        "csidrivers" => (CSIDRIVERS, ""),
        "csinodes" => (CSINODES, ""),
        _ => (PERSISTENTVOLUMES, ""),
    };
    ctx.get(r, namespace, name).map_err(|s| {
        if s.reason == objects::Reason::NotFound {
            format!("{} \"{name}\" not found", r.singular)
        } else {
            s.message
        }
    })
}

impl Kubelet {
    /// Does one piece of a pod's work.
    pub(crate) fn work(&mut self, key: Str, work: Work, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(&key) else { return };
        ctx.caller.cause = worker.cause;
        let up = !worker.terminating && worker.failed.is_none();
        match work {
            Work::Begin => self.begin(&key, ctx),
            Work::Mount if up => self.mount(&key, ctx),
            Work::SandboxReady if up => self.sandbox_ready(&key, ctx),
            Work::Sync => {
                worker.sync_timer = None;
                self.sync(&key, ctx);
            }
            Work::Pulled(i) if up => self.pulled(&key, i, ctx),
            Work::Created(i) if up => self.created(&key, i, ctx),
            Work::Started(i) if up => self.started(&key, i, ctx),
            Work::Mount | Work::SandboxReady | Work::Pulled(_) | Work::Created(_) | Work::Started(_) => {}
            Work::Run(i, start) => self.run(&key, i, start, ctx),
            Work::Exit(i, start, code) => self.exit_of_lazy(&key, i, start, code, ctx),
            Work::Probe(i, start, kind) => self.probe(&key, i, start, kind, ctx),
            Work::Slept(i, start) => self.slept(&key, i, start, ctx),
            Work::Term(i, start) => self.hook_over(&key, i, start, ctx),
            Work::Kill(i, start) => self.kill(&key, i, start, ctx),
            Work::OutOfMemory(i, start) => self.out_of_memory(&key, i, start, ctx),
            Work::Refresh => self.refresh(&key, ctx),
            Work::Resize => self.resize(&key, ctx),
            Work::Resized => self.resized(&key, ctx),
            Work::Deadline => self.deadline(&key, ctx),
            Work::Report => self.report(&key, ctx),
            Work::Remove => self.remove(&key, ctx),
        }
    }

    /// Has the pod looked at no later than `at`.
    pub(crate) fn sync_by(&mut self, key: &Str, at: Time) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        if let Some(old) = worker.sync_timer {
            if old.0 <= at {
                return;
            }
            self.tasks.cancel(old);
        }
        worker.sync_timer = Some(self.tasks.set(at, Task::Pod(key.clone(), Work::Sync)));
    }

    /// A pod that can't begin here fails before anything of it has run.
    pub(crate) fn reject(&mut self, key: &Str, reason: &'static str, why: &str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        worker.failed = Some(Box::new((reason, Str::from(format!("Pod was rejected: {why}")))));
        worker.rejected = true;
        let pod = worker.pod.clone();
        self.recorder.event(ctx, &pod, EventType::Warning, reason, why);
        self.report(key, ctx);
    }

    fn begin(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        worker.start_time = worker.pod["status"]["startTime"].time().unwrap_or(ctx.now);
        if worker.is_ending() || matches!(worker.pod["status"]["phase"].text(), "Succeeded" | "Failed") {
            return self.sync(key, ctx);
        }
        if let Some(why) = self.refusal(&self.pods[key].pod) {
            self.tell_shortage(ctx);
            return self.reject(key, "Evicted", &why, ctx);
        }
        if let Some((reason, why)) = self.inadmissible(key) {
            return self.reject(key, reason, &why, ctx);
        }
        let Some(worker) = self.pods.get_mut(key) else { return };
        if let Some(seconds) = worker.pod["spec"]["activeDeadlineSeconds"].as_int() {
            let at = worker.start_time + seconds * 1000;
            self.tasks.set(at, Task::Pod(key.clone(), Work::Deadline));
        }
        self.report(key, ctx);
        self.mount(key, ctx);
    }

    fn sandbox_ready(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get(key) else { return };
        let host = worker.on_host;
        if !host && !self.network_ready {
            let (pod, text) = (worker.pod.clone(), format!("network is not ready: {NO_NETWORK}"));
            self.recorder.event(ctx, &pod, EventType::Warning, "NetworkNotReady", &text);
            let again = ctx.now + jitter(delays::NETWORK_RETRY_MS, ctx.rng);
            self.tasks.set(again, Task::Pod(key.clone(), Work::SandboxReady));
            return;
        }
        let ip = if host { self.host_ip() } else { self.allocate_address(key) };
        if let Some(worker) = self.pods.get_mut(key) {
            worker.ip = ip;
            worker.ip_known = host;
            worker.sandbox_ready = true;
        }
        self.advance(key, ctx);
    }

    /// Looks at the pod as a whole: tells the API server, then does what is to be done next.
    pub(crate) fn sync(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        worker.ip_known = true;
        if worker.is_ending() {
            return self.terminate(key, ctx);
        }
        if matches!(worker.pod["status"]["phase"].text(), "Succeeded" | "Failed") {
            return;
        }
        self.report(key, ctx);
        self.advance(key, ctx);
    }

    /// Starts the next container that can be started; says when to look again at those that can't.
    pub(crate) fn advance(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        if !worker.sandbox_ready || worker.terminating || worker.containers.iter().any(|c| c.busy) {
            return;
        }
        if worker.restarting {
            return self.restart_all(key, ctx);
        }
        if worker.is_done() {
            return self.stop_rest(key, ctx);
        }
        let mut look_at: Option<Time> = None;
        for i in worker.to_start() {
            let pod = worker.pod.clone();
            let c = &mut worker.containers[i];
            if c.retry_at > ctx.now {
                look_at = Some(look_at.map_or(c.retry_at, |t| t.min(c.retry_at)));
                continue;
            }
            let renewed = std::mem::take(&mut c.renewed);
            let counted = if renewed { c.last.as_deref() } else { c.ended() };
            if let Some(finished) = counted.map(|e| e.finished) {
                if c.trouble.crashes.holds_since(finished, ctx.now) {
                    let (name, full_name) = (c.name().to_owned(), pod_worker::full_name(&pod));
                    let delay = c.trouble.crashes.delay_ms;
                    let message = format!(
                        "back-off {} restarting failed container={name} pod={full_name}",
                        go_duration(delay)
                    );
                    c.trouble.reason = Some(("CrashLoopBackOff", message));
                    let left = (finished + delay).since(ctx.now).min(delays::SYNC_PERIOD_MS);
                    c.retry_at = ctx.now + jitter(left, ctx.rng);
                    look_at = Some(look_at.map_or(c.retry_at, |t| t.min(c.retry_at)));
                    let path = c.field_path();
                    let text = format!("Back-off restarting failed container {name} in pod {full_name}");
                    self.recorder.event_at(ctx, &pod, &path, EventType::Warning, "BackOff", &text);
                    continue;
                }
                c.trouble.crashes.lengthen(finished, ctx.now);
            }
            return self.begin_start(key, i, ctx);
        }
        if let Some(at) = look_at {
            self.sync_by(key, at);
        }
    }

    /// Writes an event about a container.
    fn tell(
        &mut self,
        key: &Str,
        i: usize,
        kind: EventType,
        reason: &'static str,
        message: Str,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let c = &mut worker.containers[i];
        let definition = self.depot.parts.definition(c);
        let subject = c.subject(&worker.pod, &definition.field_path);
        self.recorder.event_about(ctx, subject, kind, reason, message);
    }

    /// Has the image, or pulls it.
    fn begin_start(&mut self, key: &Str, i: usize, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let c = &mut worker.containers[i];
        c.busy = true;
        c.attempt_at = ctx.now;
        let definition = self.depot.parts.definition(c);
        let (image, policy) = (&definition.image, definition.pull_policy);
        match self.images.get(image, ctx.now) {
            Some(facts) if policy != PullPolicy::Always => {
                c.image = Some(Arc::clone(facts));
                self.tell(key, i, EventType::Normal, "Pulled", definition.told_present.clone(), ctx);
                self.tasks.set(ctx.now + delays::CREATE_MS, Task::Pod(key.clone(), Work::Created(i)));
            }
            None if policy == PullPolicy::Never => {
                let message = format!("Container image \"{image}\" is not present with pull policy of Never");
                let told = message.as_str().into();
                self.tell(key, i, EventType::Warning, "ErrImageNeverPull", told, ctx);
                self.fail_start(key, i, "ErrImageNeverPull", message, "ErrImageNeverPull", ctx);
            }
            _ => {
                if let Err(PullError::Invalid(text)) = self.depot.look_up(image, &[]) {
                    let told = text.as_str().into();
                    self.tell(key, i, EventType::Warning, "InspectFailed", told, ctx);
                    return self.fail_start(key, i, "InvalidImageName", text, "InvalidImageName", ctx);
                }
                if c.trouble.pulls.holds_since_update(ctx.now) {
                    let text = format!("Back-off pulling image \"{image}\"");
                    let message = format!("{text}: ErrImagePull: {}", c.trouble.pull_error);
                    self.tell(key, i, EventType::Normal, "BackOff", text.into(), ctx);
                    return self.fail_start(key, i, "ImagePullBackOff", message, "ImagePullBackOff", ctx);
                }
                self.tell(key, i, EventType::Normal, "Pulling", definition.told_pulling.clone(), ctx);
                // A pull may take long: that the sandbox is ready is told before.
                if self.pods.get(key).is_some_and(|w| !w.ip_known) {
                    self.schedule_report(key, ctx.now);
                }
                let logins = self.logins(key, true, ctx);
                let found = self.depot.look_up(image, &logins);
                let slowness = self.depot.slowness(image);
                let done_at = self.images.pull(image, key, found, slowness, ctx.now);
                self.tasks.set(done_at, Task::Pod(key.clone(), Work::Pulled(i)));
            }
        }
    }

    /// The accounts of the pod's image pull secrets. With `tell`, one that is missing is told in an event.
    fn logins(&mut self, key: &Str, tell: bool, ctx: &mut Ctx<'_>) -> Vec<containers::images::Login> {
        let Some(pod) = self.pods.get(key).map(|w| w.pod.clone()) else { return Vec::new() };
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for secret in pod["spec"]["imagePullSecrets"].items() {
            let name = secret["name"].text();
            match read(ctx, pod.namespace(), "secrets", name) {
                Ok(secret) => found.extend(image_manager::logins_of(&secret)),
                Err(_) => missing.push(name),
            }
        }
        if tell && !missing.is_empty() {
            let text = format!(
                "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed.",
                missing.join(", ")
            );
            let reason = "FailedToRetrieveImagePullSecret";
            self.recorder.event_at(ctx, &pod, "", EventType::Warning, reason, &text);
        }
        found
    }

    fn pulled(&mut self, key: &Str, i: usize, ctx: &mut Ctx<'_>) {
        let logins = self.logins(key, false, ctx);
        let Some(worker) = self.pods.get_mut(key) else { return };
        let c = &mut worker.containers[i];
        let image = c.spec["image"].to_str();
        let waited = ctx.now.since(c.attempt_at);
        let took = self.images.pull_time(key).unwrap_or(waited);
        self.images.forget(key);
        match self.depot.look_up(&image, &logins) {
            Ok(facts) => {
                let message = joined(&[
                    "Successfully pulled image \"",
                    &image,
                    "\" in ",
                    &go_duration(took),
                    " (",
                    &go_duration(waited),
                    " including waiting). Image size: ",
                    &facts.size_bytes.to_string(),
                    " bytes.",
                ]);
                c.image = Some(facts);
                self.tell(key, i, EventType::Normal, "Pulled", message, ctx);
                self.tasks.set(ctx.now + delays::CREATE_MS, Task::Pod(key.clone(), Work::Created(i)));
                self.image_came(ctx.now);
            }
            Err(PullError::Invalid(message) | PullError::Refused(message)) => {
                c.trouble.pulls.lengthen(ctx.now, ctx.now);
                c.trouble.pull_error.clone_from(&message);
                let text = format!("Failed to pull image \"{image}\": {message}");
                self.tell(key, i, EventType::Warning, "Failed", text.into(), ctx);
                self.fail_start(key, i, "ErrImagePull", message, "ErrImagePull", ctx);
            }
        }
    }

    /// A start that came to nothing: told in an event, tried again later; the next container has its turn.
    fn fail_start(
        &mut self,
        key: &Str,
        i: usize,
        reason: &'static str,
        message: String,
        error: &str,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let c = &mut worker.containers[i];
        c.busy = false;
        c.trouble.reason = Some((reason, message));
        // The sandbox's own start brings a second look soon after the first failure.
        let first = c.failures == 0 && c.starts == 0;
        c.failures += 1;
        c.retry_at = ctx.now + if first { 1_000 } else { jitter(delays::RETRY_MS, ctx.rng) };
        let (at, text) = (c.retry_at, joined(&["Error: ", error]));
        self.tell(key, i, EventType::Warning, "Failed", text, ctx);
        self.sync_by(key, at);
        self.advance(key, ctx);
    }

    /// Works the container's configuration out and creates it.
    fn created(&mut self, key: &Str, i: usize, ctx: &mut Ctx<'_>) {
        let services = match self.pods.get(key) {
            Some(w) => {
                let links = w.pod["spec"]["enableServiceLinks"].as_bool() != Some(false);
                let namespace = w.pod.meta()["namespace"].to_str();
                self.service_variables(namespace, links)
            }
            None => return,
        };
        let Some(worker) = self.pods.get_mut(key) else { return };
        worker.containers[i].id = image_manager::container_id(ctx.rng.next_u64());
        let c = &worker.containers[i];
        let Some(image) = c.image.clone() else { return };
        let definition = self.depot.parts.definition(c);
        let plain = machines::is_plain(&definition, worker)
            && machines::verdict(&mut self.depot, &definition.image, &image).idle;
        let machine = if plain {
            Ok(None)
        } else {
            let down = machines::downward(worker, &self.facts);
            let spec = c.spec.clone();
            let namespace = worker.pod.namespace().to_owned();
            let mut fetch = |kind: &str, name: &str| read(ctx, &namespace, kind, name);
            let user = user_error(&spec, &worker.pod, image.uid());
            user.map_or(Ok(()), Err)
                .and_then(|()| environment::variables(&spec, &services, &down, &mut fetch))
                .and_then(|all| volumes::refused(&spec, &all).map_or(Ok(all), Err))
                .map(Some)
        };
        match machine {
            Err(why) => {
                let error = why.clone();
                return self.fail_start(key, i, "CreateContainerConfigError", why, &error, ctx);
            }
            Ok(None) => worker.containers[i].machine = Machine::Lazy(services),
            Ok(Some(variables)) => {
                let spec = machines::spec_of(worker, i, variables, &mut self.depot, &self.facts, ctx.now);
                worker.containers[i].prepared = Some(Arc::new(spec));
            }
        }
        let message = Str::new_static("Container created");
        self.tell(key, i, EventType::Normal, "Created", message, ctx);
        self.tasks.set(ctx.now + delays::START_MS, Task::Pod(key.clone(), Work::Started(i)));
    }

    fn started(&mut self, key: &Str, i: usize, ctx: &mut Ctx<'_>) {
        let first_pid = self.first_pid(key, i, ctx.now);
        let Some(worker) = self.pods.get_mut(key) else { return };
        let c = &mut worker.containers[i];
        c.busy = false;
        c.starts += 1;
        c.renewed = false;
        c.hung = false;
        c.stop = None;
        c.probes = None;
        c.post_start = None;
        if let State::Ended(e) = &c.state {
            c.last = Some(e.clone());
        }
        let Some(image) = c.image.clone() else { return };
        if let Some(mut spec) = c.prepared.take() {
            if first_pid > 1 {
                Arc::make_mut(&mut spec).first_pid = first_pid;
            }
            let before = std::mem::replace(&mut c.machine, Machine::Absent);
            if let Machine::Live(old) = before {
                c.old = Some(old);
            }
            match machines::start(&image, &spec, &mut self.depot, ctx.now) {
                Ok(inside) => c.machine = Machine::Live(Live::new(inside)),
                Err(e) => {
                    c.state = State::Ended(Box::new(Ended {
                        code: e.exit_code,
                        reason: "StartError",
                        message: e.message.clone(),
                        // As the runtime reports a process that never was.
                        started: Time(0),
                        finished: ctx.now,
                        id: c.id.clone(),
                    }));
                    c.trouble.reason = Some(("RunContainerError", e.message.clone()));
                    let text = joined(&["Error: ", &e.message]);
                    self.tell(key, i, EventType::Warning, "Failed", text, ctx);
                    self.sync_by(key, ctx.now + delays::NOTICE_MS);
                    return;
                }
            }
        }
        c.forget_reason();
        c.state = State::Running { since: ctx.now };
        if let Some(name) = &worker.component {
            self.components.push((Str::clone(name), true));
        }
        let app = (worker.pod.namespace() == "kube-system").then(|| worker.pod.labels()["k8s-app"].to_str());
        let c = &mut worker.containers[i];
        let live = c.live().is_some();
        let kind = c.kind;
        self.begin_meter(key, i, ctx.now);
        match app.as_deref() {
            Some("kindnet") => self.network_came(ctx.now),
            // The proxy tells of its own start, of its node.
            Some("kube-proxy") => {
                let mut recorder = Recorder::new("kube-proxy", self.config.node.clone());
                recorder.event(ctx, &self.node, EventType::Normal, "Starting", "");
            }
            _ => {}
        }
        let message = Str::new_static("Container started");
        self.tell(key, i, EventType::Normal, "Started", message, ctx);
        if let Some(worker) = self.pods.get_mut(key) {
            worker.containers[i].forget_subject();
        }
        self.sync_by(key, ctx.now + delays::REPORT_MS);
        if live {
            self.post_start(key, i, ctx);
            let start = self.pods.get(key).map_or(0, |w| w.containers[i].starts);
            self.run(key, i, start, ctx);
        }
        self.begin_probes(key, i, ctx.now);
        if kind != Kind::Init {
            self.advance(key, ctx);
        }
    }

    pub(crate) fn schedule_report(&mut self, key: &Str, now: Time) {
        if let Some(worker) = self.pods.get_mut(key)
            && !std::mem::replace(&mut worker.report_due, true)
        {
            self.tasks.set(now + delays::REPORT_MS, Task::Pod(key.clone(), Work::Report));
        }
    }

    /// Writes the pod's status if it differs from what the server has.
    pub(crate) fn report(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        worker.report_due = false;
        let status = status::pod_status(worker, &self.facts, &mut self.depot.parts, ctx.now);
        let old = &worker.pod["status"];
        // What was told to be over stays so: a kubelet that starts again knows nothing of how it was.
        if status == *old || (worker.fixed.is_none() && is_over(old) && !is_over(&status)) {
            return;
        }
        let mut pod = worker.pod.clone();
        pod.set("status", status);
        // A manifest's pod is none of the server's, and in no form of its.
        let told = if pod.meta()["resourceVersion"].is_null() {
            ctx.update_status(PODS, pod.clone())
        } else {
            match ctx.update_status_as_stored(PODS, pod.clone()) {
                // The server has a version that has not arrived here yet: the status is told of that one.
                Err(e) if e.reason == Reason::Conflict => {
                    let mut newest = pod.clone();
                    newest.at_mut(&["metadata"]).remove("resourceVersion");
                    ctx.update_status_as_stored(PODS, newest)
                }
                told => told,
            }
        };
        match told {
            Ok(stored) => {
                let status = &stored["status"];
                if let Some(worker) = self.pods.get_mut(key) {
                    worker.told = status.clone();
                    // Nothing but the status: a deletion that has not arrived yet must still be seen as new when it does.
                    pod.set("status", status);
                    worker.pod = pod;
                }
                if is_over(status) {
                    self.retry_resizes(ctx.now);
                    self.unmount(key, ctx);
                }
            }
            // Nobody answers: told later.
            Err(e) if matches!(e.reason, Reason::Unreachable | Reason::Unknown) => {
                let again = self.tasks.set(ctx.now + delays::RETRY_MS, Task::Pod(key.clone(), Work::Report));
                if let Some(old) = worker.retry.replace(Box::new(again)) {
                    self.tasks.cancel(*old);
                }
            }
            Err(_) => {}
        }
    }
}

fn is_over(status: &Value) -> bool {
    matches!(status["phase"].text(), "Succeeded" | "Failed")
}

/// `runAsNonRoot` against the user the container would run as.
fn user_error(spec: &Value, pod: &Value, image_user: u32) -> Option<String> {
    let pick = |field: &str| {
        let own = &spec["securityContext"][field];
        if own.is_null() { pod["spec"]["securityContext"][field].clone() } else { own.clone() }
    };
    if !pick("runAsNonRoot").is_true() {
        return None;
    }
    let (container, full_name) = (spec["name"].text(), pod_worker::full_name(pod));
    match pick("runAsUser").as_int() {
        Some(0) => Some(format!(
            "container's runAsUser breaks non-root policy (pod: \"{full_name}\", container: {container})"
        )),
        None if image_user == 0 => Some(format!(
            "container has runAsNonRoot and image will run as root (pod: \"{full_name}\", container: {container})"
        )),
        _ => None,
    }
}

/// A span as Go prints `time.Duration` to the millisecond: `2.188s`, `10s`, `1m20s`.
pub(crate) fn go_duration(ms: Millis) -> String {
    if ms < 1000 {
        return ms.to_string() + "ms";
    }
    let (minutes, rest) = (ms / 60_000, ms % 60_000);
    let mut text = String::with_capacity(16);
    if minutes >= 60 {
        text.push_str(&(minutes / 60).to_string());
        text.push('h');
    }
    if minutes > 0 {
        text.push_str(&(minutes % 60).to_string());
        text.push('m');
    }
    text.push_str(&(rest / 1000).to_string());
    // Of the thousandths all but the zeros at the end.
    let mut thousandths = rest % 1000;
    if thousandths > 0 {
        text.push('.');
    }
    while thousandths > 0 {
        text.push(char::from(b'0' + (thousandths / 100) as u8));
        thousandths = thousandths % 100 * 10;
    }
    text.push('s');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_as_go_prints_them() {
        let table = [
            (412, "412ms"),
            (2188, "2.188s"),
            (10_000, "10s"),
            (80_000, "1m20s"),
            (300_000, "5m0s"),
            (61_007, "1m1.007s"),
            (7_265_040, "2h1m5.04s"),
        ];
        for (ms, text) in table {
            assert_eq!(go_duration(ms), text);
        }
    }
}
