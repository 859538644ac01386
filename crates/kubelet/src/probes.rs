//! Probes: what is asked of a container, when, and what follows from the answers.
//!
//! Models `pkg/kubelet/prober` and `pkg/probe`. An HTTP, TCP or gRPC probe is answered at once; a command may take
//! its time up to the timeout. A gRPC server that says nothing of its health is taken to be well. Not modelled: a probe's
//! own CPU, TLS.

use client::{Ctx, EventType};
use clock::{Millis, Time, TimerId};
use containers::container::ExecId;
use containers::grpc_health::{self, Health};
use containers::net::HttpRequest;
use objects::{Str, Value};

use crate::container::{Container, Machine, State};
use crate::pod_worker::Work;
use crate::{Kubelet, Task, machines};
use containers::machine::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProbeKind {
    Startup,
    Liveness,
    Readiness,
}

impl ProbeKind {
    const ALL: [Self; 3] = [Self::Startup, Self::Liveness, Self::Readiness];

    fn field(self) -> &'static str {
        match self {
            Self::Startup => "startupProbe",
            Self::Liveness => "livenessProbe",
            Self::Readiness => "readinessProbe",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Liveness => "Liveness",
            Self::Readiness => "Readiness",
        }
    }
}

/// One probe of one start of a container.
#[derive(Clone, Debug, Default)]
struct Prober {
    /// What counts, after thresholds.
    result: Option<bool>,
    last: Option<bool>,
    run: i64,
    on_hold: bool,
    /// A command that has not ended, and when it is given up.
    pending: Option<(ExecId, Time)>,
    timer: Option<TimerId>,
    /// It passed, and nothing can change that but a fault, which wakes it.
    rests: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Probes([Prober; 3]);

impl Probes {
    pub(crate) fn has_started(&self) -> bool {
        self.0[ProbeKind::Startup as usize].result == Some(true)
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.0[ProbeKind::Readiness as usize].result == Some(true)
    }

    /// Commands that have not ended.
    pub(crate) fn pending(&self) -> impl Iterator<Item = (ProbeKind, ExecId, Time)> {
        ProbeKind::ALL
            .into_iter()
            .filter_map(|k| self.0[k as usize].pending.map(|(id, until)| (k, id, until)))
    }
}

enum Outcome {
    Passed,
    Failed(String),
    Errored(String),
    Pending,
}

/// When a probe is first made: the first tick of its period that is not before its initial delay. A readiness probe
/// ticks from the container's start on, the others from one period later.
fn first_at(since: Time, spec: &Value, kind: ProbeKind) -> Time {
    let period = period_ms(spec);
    let delay = spec["initialDelaySeconds"].int() * 1000;
    let ticks = (delay + period - 1) / period;
    let ticks = if kind == ProbeKind::Readiness { ticks } else { ticks.max(1) };
    since + (ticks * period).max(50)
}

/// Whether what listens in a container may answer a gRPC probe; a stand-in for an unknown image does.
fn speaks_grpc(c: &Container) -> bool {
    let told = c.spec["args"].items().iter().chain(c.spec["command"].items());
    match c.image.as_ref().filter(|f| f.built.is_none()).and_then(|f| f.image) {
        Some(i) if i.name.contains("etcd") || i.name.contains("grpc") => true,
        Some(_) => told.into_iter().any(|word| word.text().contains("grpc")),
        None => true,
    }
}

fn period_ms(spec: &Value) -> Millis {
    spec["periodSeconds"].int_or(10).max(1) * 1000
}

impl Kubelet {
    /// Begins the probes of a container that has just started.
    pub(crate) fn begin_probes(&mut self, key: &Str, i: usize, now: Time) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let c = &mut worker.containers[i];
        c.probes = None;
        if !c.traits.probes {
            return;
        }
        for kind in ProbeKind::ALL {
            let spec = &c.spec[kind.field()];
            if spec.is_null() {
                continue;
            }
            let at = first_at(now, spec, kind);
            let timer = self.tasks.set(at, Task::Pod(key.clone(), Work::Probe(i, c.starts, kind)));
            c.probes.get_or_insert_default().0[kind as usize].timer = Some(timer);
        }
    }

    /// Counts every probe of a container as passed.
    pub(crate) fn pass_probes(&mut self, key: &Str, i: usize) {
        let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i]) else { return };
        let Some(probes) = &mut c.probes else { return };
        for (prober, kind) in probes.0.iter_mut().zip(ProbeKind::ALL) {
            prober.result = Some(true);
            prober.last = Some(true);
            prober.on_hold = kind == ProbeKind::Startup;
        }
    }

    /// Sets a probe's next tick, instead of the one it has.
    fn tick(&mut self, key: &Str, i: usize, kind: ProbeKind, at: Time) {
        let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i]) else { return };
        let starts = c.starts;
        let Some(prober) = c.probes.as_mut().map(|p| &mut p.0[kind as usize]) else { return };
        if let Some(old) = prober.timer.take() {
            self.tasks.cancel(old);
        }
        prober.timer = Some(self.tasks.set(at, Task::Pod(key.clone(), Work::Probe(i, starts, kind))));
    }

    pub(crate) fn probe(&mut self, key: &Str, i: usize, starts: u32, kind: ProbeKind, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let terminating = worker.terminating;
        let c = &mut worker.containers[i];
        if c.starts != starts || !c.is_running() || (terminating && kind != ProbeKind::Readiness) {
            return;
        }
        let started = c.is_started();
        let spec = c.spec[kind.field()].clone();
        let Some(prober) = c.probes.as_mut().map(|p| &mut p.0[kind as usize]) else { return };
        if prober.on_hold || (kind == ProbeKind::Startup && started) {
            return;
        }
        // Nobody is asked before its postStart hook has ended.
        let waits = prober.pending.is_some() || c.post_start.is_some();
        self.tick(key, i, kind, ctx.now + period_ms(&spec));
        if waits || (kind != ProbeKind::Startup && !started) {
            return;
        }
        let outcome = match self.component_answers(key, i, kind) {
            Some(o) => o,
            None => self.ask(key, i, kind, &spec, ctx.now),
        };
        self.answered(key, i, kind, outcome, ctx);
        self.rest(key, i, kind);
    }

    /// A probe of a part of the cluster that waits for its first visitor need not be made again and again.
    fn rest(&mut self, key: &Str, i: usize, kind: ProbeKind) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let c = &mut worker.containers[i];
        let quiet = worker.component.is_some() && !c.hung && matches!(c.machine, Machine::Lazy(_));
        let well = worker.component.as_deref().is_none_or(|name| !self.unwell.contains(name));
        let Some(p) = c.probes.as_mut().map(|p| &mut p.0[kind as usize]) else { return };
        if quiet && well && p.result == Some(true) {
            p.rests = true;
            if let Some(timer) = p.timer.take() {
                self.tasks.cancel(timer);
            }
        }
    }

    /// A part of the cluster that waits for its first visitor is well; its machine is not made for a probe.
    fn component_answers(&self, key: &Str, i: usize, kind: ProbeKind) -> Option<Outcome> {
        let worker = self.pods.get(key)?;
        if worker.containers[i].hung {
            return Some(Outcome::Failed(self.no_answer(key, i, kind)));
        }
        if worker.component.as_deref().is_some_and(|name| self.unwell.contains(name)) {
            return Some(Outcome::Failed("HTTP probe failed with statuscode: 500".into()));
        }
        let waits = matches!(worker.containers[i].machine, Machine::Lazy(_));
        (worker.component.is_some() && waits).then_some(Outcome::Passed)
    }

    /// What a probe of a container says that stands still.
    fn no_answer(&self, key: &Str, i: usize, kind: ProbeKind) -> String {
        let Some(worker) = self.pods.get(key) else { return String::new() };
        let c = &worker.containers[i];
        let spec = &c.spec[kind.field()];
        let seconds = spec["timeoutSeconds"].int_or(1).max(1);
        let port = |p: &Value| match p.as_str() {
            Some(name) => {
                let found = c.spec["ports"].items().iter().find(|p| p["name"] == name);
                found.map_or(0, |p| p["containerPort"].int())
            }
            None => p.int(),
        };
        if let Some(http) = spec.find("httpGet") {
            let scheme = http["scheme"].as_str().unwrap_or("HTTP").to_lowercase();
            let host = http["host"].as_str().filter(|h| !h.is_empty()).unwrap_or(&worker.ip);
            let path = http["path"].as_str().unwrap_or("/");
            return format!(
                "Get \"{scheme}://{host}:{}{path}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
                port(&http["port"])
            );
        }
        if let Some(grpc) = spec.find("grpc") {
            let at = format!("{}:{}", worker.ip, port(&grpc["port"]));
            return format!(
                "timeout: failed to connect service \"{at}\" within {seconds}s: context deadline exceeded"
            );
        }
        if let Some(tcp) = spec.find("tcpSocket") {
            return format!("dial tcp {}:{}: i/o timeout", worker.ip, port(&tcp["port"]));
        }
        let words: Vec<&str> = spec["exec"]["command"].items().iter().map(Value::text).collect();
        format!("command timed out: \"{}\" timed out after {seconds}s", words.join(" "))
    }

    /// Has the probes of a container looked at by the next tick, should they rest.
    pub(crate) fn wake_probes(&mut self, key: &Str, i: usize, now: Time) {
        for kind in ProbeKind::ALL {
            let Some(c) = self.pods.get(key).map(|w| &w.containers[i]) else { return };
            let period = period_ms(&c.spec[kind.field()]);
            let rests = c.probes.as_ref().is_some_and(|p| p.0[kind as usize].rests);
            if rests {
                if let Some(p) = self.pods.get_mut(key).and_then(|w| w.containers[i].probes.as_mut()) {
                    p.0[kind as usize].rests = false;
                }
                self.tick(key, i, kind, now + period);
            }
        }
    }

    fn ask(&mut self, key: &Str, i: usize, kind: ProbeKind, spec: &Value, now: Time) -> Outcome {
        let timeout_s = spec["timeoutSeconds"].int_or(1).max(1);
        let Some(ip) = self.pods.get(key).map(|w| w.ip.clone()) else { return Outcome::Passed };
        let c = &self.pods[key].containers[i];
        let port = |p: &Value| match p {
            Value::Str(name) => c.spec["ports"]
                .items()
                .iter()
                .find(|p| p["name"] == name.as_str())
                .map(|p| p["containerPort"].int()),
            n => Some(n.int()),
        };
        if let Some(http) = spec.find("httpGet") {
            let Some(port) = port(&http["port"]) else {
                return Outcome::Errored(format!("couldn't find port: {}", http["port"].text()));
            };
            let path = http["path"].as_str().unwrap_or("/");
            let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
            let scheme = http["scheme"].as_str().unwrap_or("HTTP").to_lowercase();
            let mut request = HttpRequest::get(&path);
            request.headers = vec![
                ("host".into(), format!("{ip}:{port}")),
                ("user-agent".into(), "kube-probe/1.36".into()),
                ("accept".into(), "*/*".into()),
            ];
            for h in http["httpHeaders"].items() {
                request.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(h["name"].text()));
                request.headers.push((h["name"].text().to_lowercase(), h["value"].text().to_owned()));
            }
            request.peer = self.host_ip().to_string();
            let at = format!("{ip}:{port}");
            return match self.serve_in_pod(key, port, now, |m, w| m.serve(w, port as u16, &request)) {
                None => Outcome::Failed(format!(
                    "Get \"{scheme}://{at}{path}\": dial tcp {at}: connect: connection refused"
                )),
                Some(None) => Outcome::Failed(format!("Get \"{scheme}://{at}{path}\": EOF")),
                // What a reverse proxy passes on is taken to be well: a probe does not go through the network here.
                Some(Some(r)) if (200..400).contains(&r.status) || r.forward.is_some() => Outcome::Passed,
                Some(Some(r)) => Outcome::Failed(format!("HTTP probe failed with statuscode: {}", r.status)),
            };
        }
        if let Some(tcp) = spec.find("tcpSocket") {
            let Some(port) = port(&tcp["port"]) else {
                return Outcome::Errored(format!("couldn't find port: {}", tcp["port"].text()));
            };
            return match self.serve_in_pod(key, port, now, |_, _| ()) {
                Some(()) => Outcome::Passed,
                None => Outcome::Failed(format!("dial tcp {ip}:{port}: connect: connection refused")),
            };
        }
        if let Some(grpc) = spec.find("grpc") {
            let port = grpc["port"].int();
            let request = grpc_health::request(grpc["service"].text());
            let answer = if speaks_grpc(c) {
                self.serve_in_pod(key, port, now, |m, w| m.serve(w, port as u16, &request))
            } else {
                None
            };
            return match answer.map(|a| a.as_ref().and_then(grpc_health::read)) {
                None => Outcome::Failed(format!(
                    "timeout: failed to connect service \"{ip}:{port}\" within {timeout_s}s: context deadline exceeded"
                )),
                Some(None | Some(Health::Serving)) => Outcome::Passed,
                Some(Some(Health::NotServing)) => {
                    Outcome::Failed("service unhealthy (responded with \"NOT_SERVING\")".into())
                }
                Some(Some(Health::Unknown)) => Outcome::Failed(
                    "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service"
                        .into(),
                ),
            };
        }
        let argv: Vec<String> = spec["exec"]["command"].items().iter().map(|a| a.text().to_owned()).collect();
        match self.start_command(key, i, &argv, now) {
            Err(e) => Outcome::Errored(format!(
                "rpc error: code = Unknown desc = failed to exec in container: failed to start exec: {e}"
            )),
            Ok(id) => {
                let until = now + timeout_s * 1000;
                if let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i])
                    && let Some(p) = c.probes.as_mut()
                {
                    p.0[kind as usize].pending = Some((id, until));
                }
                self.run_by(key, i, until);
                self.poke(key, i, now);
                Outcome::Pending
            }
        }
    }

    /// Looks whether commands of probes have ended or ran out of time.
    pub(crate) fn check_probes(&mut self, key: &Str, i: usize, ctx: &mut Ctx<'_>) {
        let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i]) else { return };
        let Some(probes) = c.probes.as_ref() else { return };
        let pending: Vec<(ProbeKind, ExecId, Time)> = probes.pending().collect();
        for (kind, id, until) in pending {
            let Some(c) = self.pods.get_mut(key).map(|w| &mut w.containers[i]) else { return };
            let Some(m) = c.live_mut() else { return };
            let code = m.exec_code(id);
            if code.is_none() && ctx.now < until {
                continue;
            }
            let output: String = m
                .exec_output(id)
                .into_iter()
                .map(|(_, d)| String::from_utf8_lossy(&d).into_owned())
                .collect();
            m.exec_close(id);
            if let Some(p) = c.probes.as_mut() {
                p.0[kind as usize].pending = None;
            }
            let spec = &c.spec[kind.field()];
            let outcome = match code {
                Some(0) => Outcome::Passed,
                Some(_) => Outcome::Failed(output),
                None => {
                    let words: Vec<&str> = spec["exec"]["command"].items().iter().map(Value::text).collect();
                    let seconds = spec["timeoutSeconds"].int_or(1);
                    Outcome::Failed(format!(
                        "command timed out: \"{}\" timed out after {seconds}s",
                        words.join(" ")
                    ))
                }
            };
            self.answered(key, i, kind, outcome, ctx);
        }
    }

    fn answered(&mut self, key: &Str, i: usize, kind: ProbeKind, outcome: Outcome, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let pod = worker.pod.clone();
        let c = &mut worker.containers[i];
        let path = c.field_path();
        let title = kind.title();
        let (ok, text) = match outcome {
            Outcome::Pending => return,
            Outcome::Passed => (true, None),
            Outcome::Failed(why) => (false, Some(format!("{title} probe failed: {why}"))),
            Outcome::Errored(why) => {
                let text = format!("{title} probe errored and resulted in unknown state: {why}");
                self.recorder.event_at(ctx, &pod, &path, EventType::Warning, "Unhealthy", &text);
                return;
            }
        };
        let spec = c.spec[kind.field()].clone();
        let asks_readiness = !c.spec[ProbeKind::Readiness.field()].is_null();
        let Some(p) = c.probes.as_mut().map(|p| &mut p.0[kind as usize]) else { return };
        p.run = if p.last == Some(ok) { p.run + 1 } else { 1 };
        p.last = Some(ok);
        let threshold =
            if ok { spec["successThreshold"].int_or(1) } else { spec["failureThreshold"].int_or(3) };
        let counts = p.run >= threshold;
        let changed = counts && p.result != Some(ok);
        if counts {
            p.result = Some(ok);
            if kind == ProbeKind::Startup || (kind == ProbeKind::Liveness && !ok) {
                p.on_hold = true;
                p.run = 0;
            }
        }
        if let Some(text) = text {
            self.recorder.event_at(ctx, &pod, &path, EventType::Warning, "Unhealthy", &text);
        }
        if !counts {
            return;
        }
        if !ok && kind != ProbeKind::Readiness {
            let word = title.to_lowercase();
            let grace = spec["terminationGracePeriodSeconds"]
                .int_or(pod["spec"]["terminationGracePeriodSeconds"].int_or(30));
            self.renew(key, i, grace * 1000, &format!("failed {word} probe"), false, ctx);
        } else if changed {
            if kind == ProbeKind::Startup && asks_readiness {
                self.tick(key, i, ProbeKind::Readiness, ctx.now);
            }
            if kind != ProbeKind::Liveness {
                self.sync_by(key, ctx.now);
            }
        }
    }

    /// Lets whoever listens on `port` in the pod answer. `None`: nobody does.
    pub(crate) fn serve_in_pod<T>(
        &mut self,
        key: &Str,
        port: i64,
        now: Time,
        f: impl FnOnce(&mut containers::container::Container, &mut World<'_>) -> T,
    ) -> Option<T> {
        let worker = self.pods.get_mut(key)?;
        let port = u16::try_from(port).ok()?;
        for i in 0..worker.containers.len() {
            if !matches!(worker.containers[i].state, State::Running { .. }) || worker.containers[i].hung {
                continue;
            }
            let Some(inside) = machines::wake(worker, i, &mut self.depot, &self.facts, now) else { continue };
            if !inside.ports().contains(&port) {
                continue;
            }
            let mut world = World { now, volumes: &mut self.depot.volumes };
            let answer = f(inside, &mut world);
            self.poke(key, i, now);
            return Some(answer);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn first_ticks() {
        let table = [
            (0, 10, ProbeKind::Readiness, 50),
            (5, 5, ProbeKind::Readiness, 5_000),
            (7, 5, ProbeKind::Readiness, 10_000),
            (0, 10, ProbeKind::Liveness, 10_000),
            (3, 3, ProbeKind::Liveness, 3_000),
            (5, 3, ProbeKind::Startup, 6_000),
        ];
        for (delay, period, kind, want) in table {
            let spec = value!({"initialDelaySeconds": (delay as i64), "periodSeconds": (period as i64)});
            assert_eq!(first_at(Time(0), &spec, kind), Time(want), "{delay} {period} {kind:?}");
        }
    }
}
