//! Processes in their slices, and every way a container or a pod comes to its end.
//!
//! Models `kuberuntime_container.go` (killContainer, hooks, terminationOrder), `pkg/kubelet/active_deadline.go`
//! and the life-cycle event generator's delay. Not modelled: stop signals of images, a hook's httpGet to other
//! hosts.

use client::{Ctx, EventType};
use clock::{Millis, Time};
use containers::container::ExecId;
use containers::machine::{Outcome, Signal};
use containers::net::HttpRequest;
use objects::resources::PODS;
use objects::{Reason, Str, Value};

use crate::container::{Container, Ended, Kind, Machine, PostStart, State, Stop};
use crate::net::NetCall;
use crate::pod_worker::{PodWorker, Work, full_name};
use crate::{Kubelet, Task, delays, machines};
use containers::machine::World;

/// How long a server without a machine takes to end after SIGTERM.
const LAZY_END_MS: Millis = 40;
const TERMINATION_LOG: &str = "/dev/termination-log";

impl Kubelet {
    /// Has a container's processes run at `now` at the latest.
    pub(crate) fn poke(&mut self, key: &Str, i: usize, now: Time) {
        let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i]) else { return };
        if let Some(old) = c.run_timer {
            if old.0 <= now {
                return;
            }
            self.tasks.cancel(old);
        }
        c.run_timer = Some(self.tasks.set(now, Task::Pod(key.clone(), Work::Run(i, c.starts))));
    }

    /// Has them run once at that instant, whatever they do meanwhile.
    pub(crate) fn run_by(&mut self, key: &Str, i: usize, at: Time) {
        if let Some(c) = self.pods.get(key).map(|w| &w.containers[i]) {
            self.tasks.set(at, Task::Pod(key.clone(), Work::Run(i, c.starts)));
        }
    }

    /// Starts a command inside a container.
    pub(crate) fn start_command(
        &mut self,
        key: &Str,
        i: usize,
        argv: &[String],
        now: Time,
    ) -> Result<ExecId, String> {
        let gone = || "container is not running".to_owned();
        let worker = self.pods.get_mut(key).ok_or_else(gone)?;
        let inside = machines::wake(worker, i, &mut self.depot, &self.facts, now).ok_or_else(gone)?;
        inside.exec(argv, false, false, &mut World { now, volumes: &mut self.depot.volumes })
    }

    /// One slice of a container's processes.
    pub(crate) fn run(&mut self, key: &Str, i: usize, start: u32, ctx: &mut Ctx<'_>) {
        let Some(mut worker) = self.pods.get_mut(key) else { return };
        let shares = worker.shares_processes;
        if shares {
            self.meet(key, i);
            let Some(again) = self.pods.get_mut(key) else { return };
            worker = again;
        }
        let ip = worker.ip.clone();
        let taken = ports_of_others(worker, i);
        let Some(c) = worker.containers.get_mut(i) else { return };
        if c.starts != start || !c.is_running() {
            return;
        }
        if let Some(timer) = c.run_timer.take() {
            // Run before its time: the timer would be one too many.
            self.tasks.cancel(timer);
        }
        if c.hung {
            return;
        }
        let Some(inside) = c.live_mut() else { return };
        inside.set_taken(taken);
        let mut world = World { now: ctx.now, volumes: &mut self.depot.volumes };
        let outcome = inside.run(delays::SLICE_STEPS, &mut world);
        let slice_ms = inside.slice_ms();
        let parting = if shares { Some(inside.machine_mut().part()) } else { None };
        let hoarder = inside.machine().hoarder().cloned();
        for (id, request) in inside.take_net_requests() {
            let call = NetCall { pod: key.clone(), container: i, start, id, source: ip.clone(), request };
            self.calls.push(call);
        }
        if inside.machine().has_externals() {
            self.outsiders.push((key.clone(), i, start));
        }
        if let Some(parting) = parting {
            self.part(key, i, parting, ctx.now);
        }
        if !matches!(outcome, Outcome::Exited(_)) {
            self.ran(key, i, ctx.now);
        }
        match outcome {
            Outcome::Running => self.poke(key, i, ctx.now + slice_ms),
            Outcome::Blocked { until: Some(t) } => self.poke(key, i, t.max(ctx.now + 1)),
            Outcome::Blocked { until: None } => {}
            Outcome::Exited(code) => {
                return match hoarder {
                    Some((name, pid)) => {
                        let node = self.node.clone();
                        let text = format!("System OOM encountered, victim process: {name}, pid: {pid}");
                        self.recorder.event(ctx, &node, EventType::Warning, "SystemOOM", &text);
                        self.ended(key, i, code, "OOMKilled", ctx);
                    }
                    None => self.exited(key, i, code, ctx),
                };
            }
        }
        self.check_hooks(key, i, ctx);
        self.check_probes(key, i, ctx);
        if self.pods.get(key).is_some_and(|w| w.sees_disk()) {
            self.disk_touched(ctx.now);
        }
    }

    pub(crate) fn exit_of_lazy(&mut self, key: &Str, i: usize, start: u32, code: i32, ctx: &mut Ctx<'_>) {
        let lives = self.pods.get(key).map(|w| &w.containers[i]);
        if lives.is_some_and(|c| c.starts == start && c.is_running()) {
            self.exited(key, i, code, ctx);
        }
    }

    /// The kernel ends what holds more memory than it may.
    pub(crate) fn out_of_memory(&mut self, key: &Str, i: usize, start: u32, ctx: &mut Ctx<'_>) {
        let Some(c) = self.pods.get_mut(key).and_then(|w| w.containers.get_mut(i)) else { return };
        if c.starts != start || !c.is_running() {
            return;
        }
        if let Machine::Live(live) = &mut c.machine {
            let mut world = World { now: ctx.now, volumes: &mut self.depot.volumes };
            live.get_mut().kill(&mut world);
        }
        self.ended(key, i, 128 + Signal::Kill.number(), "OOMKilled", ctx);
    }

    /// The main process has ended.
    fn exited(&mut self, key: &Str, i: usize, code: i32, ctx: &mut Ctx<'_>) {
        self.ended(key, i, code, if code == 0 { "Completed" } else { "Error" }, ctx);
    }

    pub(crate) fn ended(&mut self, key: &Str, i: usize, code: i32, reason: &'static str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let c = &mut worker.containers[i];
        let State::Running { since } = c.state else { return };
        if let Some(name) = &worker.component {
            self.components.push((Str::clone(name), false));
        }
        let c = &mut worker.containers[i];
        c.state = State::Ended(Box::new(Ended {
            code,
            reason,
            message: c.live().map(|m| termination_message(m, &c.spec, code)).unwrap_or_default(),
            started: since,
            finished: ctx.now,
            id: c.id.clone(),
        }));
        // The dead one before stays until the next start: garbage is collected once a minute.
        c.stop = None;
        c.post_start = None;
        c.probes = None;
        // Ended in the midst of its postStart hook.
        c.busy = false;
        if let Some(timer) = c.run_timer.take() {
            self.tasks.cancel(timer);
        }
        if worker.shares_processes {
            self.end_namespace(key, i, ctx);
        }
        self.next_in_turn(key, ctx);
        let Some(worker) = self.pods.get_mut(key) else { return };
        worker.restarting |= worker.restarts_all(&worker.containers[i]);
        if worker.terminating {
            self.terminate(key, ctx);
        } else if worker.containers[i].renewed {
            self.advance(key, ctx);
            if self.pods.get(key).is_some_and(|w| !w.containers[i].busy) {
                self.sync_by(key, ctx.now + delays::REPORT_MS);
            }
        } else {
            self.sync_by(key, ctx.now + delays::NOTICE_MS);
        }
    }

    /// Runs the postStart hook. Until it has ended the container does not count as running, and none after it begins.
    pub(crate) fn post_start(&mut self, key: &Str, i: usize, ctx: &mut Ctx<'_>) {
        let Some(c) = self.pods.get(key).map(|w| &w.containers[i]) else { return };
        let hook = c.spec["lifecycle"]["postStart"].clone();
        if let Some(exec) = hook.find("exec") {
            match self.start_command(key, i, &argv(exec), ctx.now) {
                Ok(id) => {
                    if let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i]) {
                        c.post_start = Some(PostStart::Command(id));
                        c.busy = true;
                    }
                }
                Err(e) => self.post_start_failed(key, i, &format!("error: {e}, message: \"\""), ctx),
            }
        } else if let Some(sleep) = hook.find("sleep") {
            let (start, at) = (c.starts, ctx.now + sleep["seconds"].int().max(0) * 1000);
            if let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i]) {
                c.post_start = Some(PostStart::Sleep);
                c.busy = true;
            }
            self.tasks.set(at, Task::Pod(key.clone(), Work::Slept(i, start)));
        } else if let Some(http) = hook.find("httpGet")
            && let Err(why) = self.http_hook(key, i, http, ctx.now)
        {
            self.post_start_failed(key, i, &format!("error: {why}"), ctx);
        }
    }

    /// A postStart hook that sleeps is over.
    pub(crate) fn slept(&mut self, key: &Str, i: usize, start: u32, ctx: &mut Ctx<'_>) {
        let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i]) else { return };
        if c.starts == start && c.is_running() && c.post_start == Some(PostStart::Sleep) {
            c.post_start = None;
            c.busy = false;
            self.sync_by(key, ctx.now);
        }
    }

    fn post_start_failed(&mut self, key: &Str, i: usize, why: &str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let pod = worker.pod.clone();
        let full_name = full_name(&pod);
        let c = &mut worker.containers[i];
        let hook = &c.spec["lifecycle"]["postStart"];
        let what = match hook.find("exec") {
            Some(exec) => format!("Exec lifecycle hook ([{}])", argv(exec).join(" ")),
            None => format!("HTTP lifecycle hook ({})", hook["httpGet"]["path"].text()),
        };
        let message = format!("{what} for Container \"{}\" in Pod \"{full_name}\" failed - {why}", c.name());
        c.trouble.reason = Some(("PostStartHookError", message));
        let path = c.field_path();
        self.recorder.event_at(
            ctx,
            &pod,
            &path,
            EventType::Warning,
            "FailedPostStartHook",
            "PostStartHook failed",
        );
        let grace = self.pods.get(key).map_or(0, crate::pod_worker::PodWorker::grace_ms);
        self.stop(key, i, grace, "FailedPostStartHook", ctx);
    }

    /// Any answer will do, whatever its status.
    fn http_hook(&mut self, key: &Str, i: usize, http: &Value, now: Time) -> Result<(), String> {
        let Some(worker) = self.pods.get(key) else { return Ok(()) };
        let c = &worker.containers[i];
        let port = match http["port"].as_str() {
            Some(name) => {
                let found = c.spec["ports"].items().iter().find(|p| p["name"] == name);
                found.map(|p| p["containerPort"].int()).ok_or(format!("couldn't find port: {name}"))?
            }
            None => http["port"].int(),
        };
        let path = http["path"].as_str().unwrap_or("/");
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let scheme = http["scheme"].as_str().unwrap_or("HTTP").to_lowercase();
        let at = format!("{}:{port}", worker.ip);
        let mut request = HttpRequest::get(&path);
        request.headers.push(("user-agent".into(), "kube-lifecycle/1.36".into()));
        for h in http["httpHeaders"].items() {
            request.headers.push((h["name"].text().to_lowercase(), h["value"].text().to_owned()));
        }
        let answer = self.serve_in_pod(key, port, now, |m, w| m.serve(w, port as u16, &request));
        match answer {
            Some(Some(_)) => Ok(()),
            Some(None) => Err(format!("Get \"{scheme}://{at}{path}\": EOF")),
            None => Err(format!("Get \"{scheme}://{at}{path}\": dial tcp {at}: connect: connection refused")),
        }
    }

    /// Looks whether hooks' commands have ended.
    fn check_hooks(&mut self, key: &Str, i: usize, ctx: &mut Ctx<'_>) {
        let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i]) else { return };
        if let Some(PostStart::Command(id)) = c.post_start
            && let Some(code) = c.live().and_then(|m| m.exec_code(id))
        {
            c.post_start = None;
            let mut said = String::new();
            if let Some(m) = c.live_mut() {
                let all = m.exec_output(id);
                said = all.into_iter().map(|(_, d)| String::from_utf8_lossy(&d).into_owned()).collect();
                m.exec_close(id);
            }
            if code == 0 {
                c.busy = false;
                self.sync_by(key, ctx.now);
            } else {
                let why = format!(
                    "error: command '{}' exited with {code}: {said}, message: {said:?}",
                    self.pods.get(key).map_or_else(String::new, |w| {
                        argv(&w.containers[i].spec["lifecycle"]["postStart"]["exec"]).join(" ")
                    })
                );
                self.post_start_failed(key, i, &why, ctx);
            }
        }
        let Some(worker) = self.pods.get_mut(key) else { return };
        let pod = worker.pod.clone();
        let c = &mut worker.containers[i];
        if let Some(id) = c.stop.as_ref().and_then(|s| s.hook)
            && let Some(code) = c.live().and_then(|m| m.exec_code(id))
        {
            let (path, start) = (c.field_path(), c.starts);
            if let Some(m) = c.live_mut() {
                m.exec_close(id);
            }
            if code != 0 {
                let text = "PreStopHook failed";
                self.recorder.event_at(ctx, &pod, &path, EventType::Warning, "FailedPreStopHook", text);
            }
            self.hook_over(key, i, start, ctx);
        }
    }

    /// Asks a container to end: its preStop hook, SIGTERM, and SIGKILL when the grace period is over.
    /// An empty message is the usual one. One that is ending already only gets the earlier deadline.
    pub(crate) fn stop(&mut self, key: &Str, i: usize, grace_ms: Millis, message: &str, ctx: &mut Ctx<'_>) {
        self.begin_stop(key, i, grace_ms, message, false, ctx);
    }

    /// Stops a container and starts it anew when it has ended, unless the pod's policy forbids that. `why` follows its
    /// name in the event.
    pub(crate) fn renew(
        &mut self,
        key: &Str,
        i: usize,
        grace_ms: Millis,
        why: &str,
        whatever_policy: bool,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let restarts = whatever_policy || worker.restarts_failed(&worker.containers[i]);
        let c = &mut worker.containers[i];
        let (title, after) = match (c.kind, restarts) {
            (Kind::Sidecar | Kind::Init, _) => ("Init container", ""),
            (_, true) => ("Container", ", will be restarted"),
            (_, false) => ("Container", ""),
        };
        let message = format!("{title} {} {why}{after}", c.name());
        c.renewed |= restarts;
        self.begin_stop(key, i, grace_ms, &message, false, ctx);
    }

    /// Stops a container whose resize policy says so, and starts it anew.
    pub(crate) fn renew_resized(&mut self, key: &Str, i: usize, grace_ms: Millis, ctx: &mut Ctx<'_>) {
        let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i]) else { return };
        c.renewed = true;
        let message = format!("Container {} resize requires restart", c.name());
        self.stop(key, i, grace_ms, &message, ctx);
    }

    fn begin_stop(
        &mut self,
        key: &Str,
        i: usize,
        grace_ms: Millis,
        message: &str,
        in_turn: bool,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let pod = worker.pod.clone();
        let c = &mut worker.containers[i];
        if !c.is_running() {
            return;
        }
        let hooks = grace_ms > 0;
        let grace_ms = grace_ms.max(delays::MINIMUM_GRACE_MS);
        let deadline = ctx.now + grace_ms;
        let start = c.starts;
        if let Some(stop) = &mut c.stop {
            if deadline < stop.deadline {
                stop.deadline = deadline;
                self.tasks.set(deadline, Task::Pod(key.clone(), Work::Kill(i, start)));
            }
            return;
        }
        c.stop = Some(Box::new(Stop { deadline, in_turn, hooked: false, termed: false, hook: None }));
        let usual = format!("Stopping container {}", c.name());
        let text = if message.is_empty() { usual.as_str() } else { message };
        let path = c.field_path();
        // Without time there is no hook.
        let hook = if hooks { c.spec["lifecycle"]["preStop"].clone() } else { Value::Null };
        self.recorder.event_at(ctx, &pod, &path, EventType::Normal, "Killing", text);
        self.tasks.set(deadline, Task::Pod(key.clone(), Work::Kill(i, start)));
        if let Some(exec) = hook.find("exec") {
            match self.start_command(key, i, &argv(exec), ctx.now) {
                Ok(id) => {
                    if let Some(stop) = self.pods.get_mut(key).and_then(|w| w.containers[i].stop.as_mut()) {
                        stop.hook = Some(id);
                    }
                    self.poke(key, i, ctx.now);
                    return;
                }
                Err(_) => {
                    let text = "PreStopHook failed";
                    self.recorder.event_at(ctx, &pod, &path, EventType::Warning, "FailedPreStopHook", text);
                }
            }
        } else if let Some(sleep) = hook.find("sleep") {
            let at = ctx.now + sleep["seconds"].int() * 1000;
            self.tasks.set(at, Task::Pod(key.clone(), Work::Term(i, start)));
            return;
        } else if let Some(http) = hook.find("httpGet")
            && self.http_hook(key, i, http, ctx.now).is_err()
        {
            let text = "PreStopHook failed";
            self.recorder.event_at(ctx, &pod, &path, EventType::Warning, "FailedPreStopHook", text);
        }
        self.hook_over(key, i, start, ctx);
    }

    /// Its hook is over: SIGTERM, unless it is not its turn yet.
    pub(crate) fn hook_over(&mut self, key: &Str, i: usize, start: u32, ctx: &mut Ctx<'_>) {
        let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i]) else { return };
        if c.starts != start || !c.is_running() {
            return;
        }
        let Some(stop) = c.stop.as_mut().filter(|s| !s.termed) else { return };
        stop.hooked = true;
        stop.hook = None;
        let waits = stop.in_turn && ctx.now < stop.deadline;
        if !waits || self.pods.get(key).is_some_and(|w| w.is_turn_of(i)) {
            self.term(key, i, start, ctx);
        }
    }

    /// Sidecars whose turn to end has come get SIGTERM.
    fn next_in_turn(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get(key) else { return };
        let due = |c: &Container| c.stop.as_ref().is_some_and(|s| s.in_turn && s.hooked && !s.termed);
        let all = worker.containers.iter().enumerate();
        let next: Vec<(usize, u32)> = all
            .filter(|(i, c)| c.is_running() && due(c) && worker.is_turn_of(*i))
            .map(|(i, c)| (i, c.starts))
            .collect();
        for (i, start) in next {
            self.term(key, i, start, ctx);
        }
    }

    /// Nothing holds the container up any more: SIGTERM.
    fn term(&mut self, key: &Str, i: usize, start: u32, ctx: &mut Ctx<'_>) {
        let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i]) else { return };
        let Some(stop) = c.stop.as_mut().filter(|s| !s.termed) else { return };
        stop.termed = true;
        // However long it waited, there is this much to end in.
        let least = ctx.now + delays::MINIMUM_GRACE_MS;
        if stop.deadline < least {
            stop.deadline = least;
            self.tasks.set(least, Task::Pod(key.clone(), Work::Kill(i, start)));
        }
        if c.hung {
            return;
        }
        let outcome = match &mut c.machine {
            Machine::Live(live) => {
                let mut world = World { now: ctx.now, volumes: &mut self.depot.volumes };
                live.get_mut().signal(Signal::Term, &mut world)
            }
            _ => {
                let name = c.spec["image"].text();
                let known = c.image.as_ref().and_then(|i| machines::verdict(&mut self.depot, name, i).term);
                if let Some(code) = known {
                    let at = ctx.now + LAZY_END_MS;
                    self.tasks.set(at, Task::Pod(key.clone(), Work::Exit(i, start, code)));
                }
                return;
            }
        };
        match outcome {
            Outcome::Exited(code) => {
                let at = ctx.now + LAZY_END_MS;
                self.tasks.set(at, Task::Pod(key.clone(), Work::Exit(i, start, code)));
            }
            _ => self.poke(key, i, ctx.now + 1),
        }
    }

    /// The grace period is over: what still runs is killed.
    pub(crate) fn kill(&mut self, key: &Str, i: usize, start: u32, ctx: &mut Ctx<'_>) {
        let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i]) else { return };
        let due = c.stop.as_ref().is_some_and(|s| s.deadline <= ctx.now);
        if c.starts != start || !c.is_running() || !due {
            return;
        }
        // Its hook, or those before it, have used up all the time there was.
        if c.stop.as_ref().is_some_and(|s| !s.termed) && !c.hung {
            return self.hook_over(key, i, start, ctx);
        }
        if let Machine::Live(live) = &mut c.machine {
            let mut world = World { now: ctx.now, volumes: &mut self.depot.volumes };
            live.get_mut().kill(&mut world);
        }
        self.exited(key, i, 128 + Signal::Kill.number(), ctx);
    }

    /// Ends the pod's containers, then the pod.
    pub(crate) fn terminate(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        worker.terminating = true;
        if let Some(timer) = worker.sync_timer.take() {
            self.tasks.cancel(timer);
        }
        let grace = worker.grace_ms();
        let deadline = match &worker.fixed {
            Some(_) => ctx.now + grace,
            None => worker.pod.deletion_time().unwrap_or(ctx.now),
        };
        // The server's stamp has whole seconds only.
        let left = deadline.since(ctx.now).clamp(0, grace);
        for c in &mut worker.containers {
            c.busy = false;
        }
        self.stop_in_order(key, left, ctx);
        let Some(worker) = self.pods.get_mut(key) else { return };
        if worker.removing || worker.containers.iter().any(|c| c.is_running()) {
            return;
        }
        worker.removing = true;
        self.tasks.set(ctx.now + delays::CLEANUP_MS, Task::Pod(key.clone(), Work::Remove));
        self.schedule_report(key, ctx.now);
    }

    /// What still runs in a pod that is done is stopped: sidecars, or all after a deadline.
    pub(crate) fn stop_rest(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let grace = self.pods.get(key).map_or(0, |w| w.grace_ms());
        self.stop_in_order(key, grace, ctx);
    }

    /// All are told at once and run their hooks; sidecars get SIGTERM when the main containers, and the sidecars after
    /// them, have ended.
    pub(crate) fn stop_in_order(&mut self, key: &Str, grace_ms: Millis, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get(key) else { return };
        let all = worker.containers.iter().enumerate();
        let (sidecars, others): (Vec<_>, Vec<_>) =
            all.map(|(i, c)| (i, c.kind == Kind::Sidecar)).partition(|(_, sidecar)| *sidecar);
        for (i, sidecar) in others.into_iter().chain(sidecars.into_iter().rev()) {
            self.begin_stop(key, i, grace_ms, "", sidecar, ctx);
        }
    }

    /// Ends what runs without grace; then the pod begins from its first init container again, in the same sandbox.
    pub(crate) fn restart_all(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let count = self.pods.get(key).map_or(0, |w| w.containers.len());
        for i in (0..count).rev() {
            self.stop(key, i, 0, "killing", ctx);
        }
        let Some(worker) = self.pods.get_mut(key) else { return };
        if worker.containers.iter().any(Container::is_running) {
            return;
        }
        worker.restarting = false;
        for c in worker.containers.iter_mut().filter(|c| c.kind != Kind::Ephemeral) {
            if let State::Ended(e) = std::mem::replace(&mut c.state, State::Absent) {
                c.last = Some(e);
            }
            c.past = c.starts;
            c.forget_reason();
            // What is removed has no past to back off from.
            c.trouble.crashes = crate::back_off::BackOff::default();
        }
        self.sync_by(key, ctx.now);
    }

    /// A container whose image changed is stopped and started anew; one that waits is tried at once.
    pub(crate) fn new_image(&mut self, key: &Str, i: usize, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let grace = worker.grace_ms();
        let c = &mut worker.containers[i];
        c.retry_at = ctx.now;
        c.trouble.pulls = crate::back_off::BackOff::default();
        c.failures = 0;
        if c.is_running() {
            self.renew(key, i, grace, "definition changed", true, ctx);
        }
    }

    pub(crate) fn deadline(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        if worker.terminating || worker.is_done() {
            return;
        }
        worker.failed = Some(Box::new((
            "DeadlineExceeded",
            "Pod was active on the node longer than the specified deadline".into(),
        )));
        for c in &mut worker.containers {
            c.busy = false;
        }
        let pod = worker.pod.clone();
        let text = "Pod was active on the node longer than the specified deadline";
        self.recorder.event(ctx, &pod, EventType::Normal, "DeadlineExceeded", text);
        self.stop_rest(key, ctx);
        self.sync_by(key, ctx.now);
    }

    pub(crate) fn remove(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        self.unmount(key, ctx);
        let Some(worker) = self.pods.get(key) else { return };
        if worker.fixed.is_some() {
            return self.static_ended(key, ctx);
        }
        let (namespace, name) = (worker.pod.namespace().to_owned(), worker.pod.name().to_owned());
        let uid = worker.uid().to_owned();
        // Refused only when it is gone already or finalizers hold it: then the watch tells.
        let gone = ctx.delete(PODS, &namespace, &name, Some(&uid), Some(0), None);
        if gone.is_err_and(|e| matches!(e.reason, Reason::Unreachable | Reason::Unknown)) {
            self.tasks.set(ctx.now + delays::RETRY_MS, Task::Pod(key.clone(), Work::Remove));
        }
    }
}

fn argv(exec: &Value) -> Vec<String> {
    exec["command"].items().iter().map(|w| w.text().to_owned()).collect()
}

/// What the container left for its reader: the file it was told of, else the end of its log if that is wanted.
fn termination_message(inside: &containers::container::Container, spec: &Value, code: i32) -> String {
    const FILE_BYTES: usize = 4096;
    const LOG_LINES: usize = 80;
    const LOG_BYTES: usize = 2048;
    let path = spec["terminationMessagePath"].as_str().unwrap_or(TERMINATION_LOG);
    let file = inside.machine().fs.tree.file(path).unwrap_or_default();
    if !file.is_empty() {
        let from = file.len().saturating_sub(FILE_BYTES);
        return String::from_utf8_lossy(&file[from..]).into_owned();
    }
    if code == 0 || spec["terminationMessagePolicy"] != "FallbackToLogsOnError" {
        return String::new();
    }
    let (lines, _) = inside.log();
    let mut text: String =
        lines[lines.len().saturating_sub(LOG_LINES)..].iter().map(|l| format!("{}\n", l.text)).collect();
    while text.len() > LOG_BYTES {
        let cut = text.find('\n').map_or(text.len(), |n| n + 1);
        text.drain(..cut);
    }
    text
}

/// Ports that the other containers of a pod listen on.
fn ports_of_others(worker: &PodWorker, i: usize) -> Vec<u16> {
    let others = worker.containers.iter().enumerate().filter(|(j, c)| *j != i && c.is_running());
    others.filter_map(|(_, c)| c.live()).flat_map(containers::container::Container::ports).collect()
}
