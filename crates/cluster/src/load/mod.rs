//! Load: people or programs outside the cluster that send requests to a Service or an Ingress.
//!
//! Owns: the profiles that run ([`Profile`]), one computation a second for each (cost independent of how many requests
//! there are), what became of the requests (latency, queue, errors), the last ten minutes of it, and what the custom
//! and external metrics APIs are told.
//! Does not own: single requests and their way (net.rs), how a node shares its cores (kubelet), what metrics are used
//! for (controllers).
//!
//! Flow, not packets: the requests of a second spread evenly over the ready endpoints; each brings CPU and memory to
//! its pod; what exceeds the CPU a pod can get waits in its queue; what waits longer than the caller's patience fails.
//! Models no upstream file. Not modelled: connections that stay open, session affinity, retries, an Ingress's
//! controller (its rules are followed as they stand).

pub mod profile;
pub mod queueing;

use std::collections::VecDeque;

use apiserver::{ExternalKey, Measured};
use clock::{Millis, Rng, Time};
use objects::{Str, Value};
use ordered::BTreeMap;

use crate::Cluster;
use crate::event_loop::Due;
use crate::journal::Input;
pub use profile::{Amount, Profile, Shape, Target, TargetKind};
use queueing::{Arrival, Outcome};

const TICK_MS: Millis = 1_000;
/// One request in so many seconds leaves its path for the reader.
const SAMPLE_EVERY: i64 = 5;
/// Seconds that are remembered.
const MEMORY: usize = 600;
/// Loads that may run at once.
const AT_MOST: usize = 32;
/// How much a second's requests vary, in thousandths either way.
const NOISE: u64 = 30;
/// The name of the metric that adapters report.
const METRIC: &str = "requests_per_second";

/// What became of one second's requests at one pod.
#[derive(Clone, Debug, PartialEq)]
pub struct BackendSample {
    /// `namespace/name`
    pub pod: Str,
    pub outcome: Outcome,
}

/// What became of one second's requests. Rates are in thousandths of a request per second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    pub at: Time,
    pub offered: i64,
    pub served: i64,
    pub failed: i64,
    /// The mean and the 95th percentile of those served, in microseconds.
    pub latency_us: i64,
    pub p95_us: i64,
    /// Requests that wait, in thousandths.
    pub queued: i64,
    pub backends: Vec<BackendSample>,
}

/// What a load does that is worth a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Started,
    Stopped,
    /// Nothing is ready to answer.
    NoEndpoints,
    /// Requests fail because they wait too long.
    TimingOut,
    /// All is answered again.
    Recovered,
}

impl What {
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Stopped => "Stopped",
            Self::NoEndpoints => "NoEndpoints",
            Self::TimingOut => "TimingOut",
            Self::Recovered => "Recovered",
        }
    }
}

/// One line of the log of loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadEvent {
    pub at: Time,
    pub load: Str,
    pub what: What,
}

/// One load that runs.
#[derive(Clone, Debug)]
pub struct Running {
    pub profile: Profile,
    pub since: Time,
    /// Requests that wait, by pod, in thousandths.
    queues: BTreeMap<Str, i64>,
    pub samples: VecDeque<Sample>,
    /// Sums since the start, in thousandths of a request.
    pub total_served: i64,
    pub total_failed: i64,
    state: What,
}

impl Running {
    #[must_use]
    pub fn latest(&self) -> Option<&Sample> {
        self.samples.back()
    }
}

/// All loads of a cluster. Plain data.
#[derive(Clone, Debug)]
pub struct LoadModel {
    running: BTreeMap<Str, Running>,
    events: VecDeque<LoadEvent>,
    rng: Rng,
    ticking: bool,
    /// The pods that carry load now, each with its node.
    loaded: BTreeMap<Str, Str>,
}

impl LoadModel {
    pub(crate) fn new(rng: &Rng) -> Self {
        Self {
            running: BTreeMap::new(),
            events: VecDeque::new(),
            rng: rng.fork("load"),
            ticking: false,
            loaded: BTreeMap::new(),
        }
    }

    pub fn running(&self) -> impl Iterator<Item = &Running> {
        self.running.values()
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Running> {
        self.running.get(name)
    }

    /// What happened, oldest first.
    pub fn events(&self) -> impl Iterator<Item = &LoadEvent> {
        self.events.iter()
    }
}

/// A pod that a Service's requests reach, with its part of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// `namespace/name`
    pub pod: Str,
    pub node: Str,
    pub port: i64,
    /// Out of the sum of all.
    pub weight: i64,
}

/// The work that one pod has got this second.
#[derive(Clone, Debug, Default)]
struct Work {
    node: Str,
    port: i64,
    cpu_millis: i64,
    memory_bytes: i64,
    arrivals: Vec<(Str, Arrival)>,
}

impl Cluster {
    /// The loads that run and have run.
    #[must_use]
    pub fn load(&self) -> &LoadModel {
        &self.load
    }

    /// Begins a load. One of the same name is replaced.
    ///
    /// # Errors
    /// A target that does not exist, an amount out of range, too many loads.
    pub fn start_load(&mut self, profile: Profile) -> Result<(), String> {
        profile.check()?;
        if self.load.running.len() >= AT_MOST && !self.load.running.contains_key(&profile.name) {
            return Err(format!("at most {AT_MOST} loads run at once"));
        }
        let t = &profile.target;
        if self.object(t.kind.resource(), &t.namespace, &t.name).is_none() {
            return Err(format!(
                "{} \"{}\" not found in namespace \"{}\"",
                t.kind.word(),
                t.name,
                t.namespace
            ));
        }
        self.note(|| Input::StartLoad(Box::new(profile.clone())));
        let name = profile.name.clone();
        self.load_event(&name, What::Started);
        let running = Running {
            profile,
            since: self.now,
            queues: BTreeMap::new(),
            samples: VecDeque::new(),
            total_served: 0,
            total_failed: 0,
            state: What::Recovered,
        };
        self.load.running.insert(name, running);
        if !std::mem::replace(&mut self.load.ticking, true) {
            self.due.set(self.now + TICK_MS, Due::Load);
        }
        Ok(())
    }

    /// Ends a load. False when there is none of that name.
    pub fn stop_load(&mut self, name: &str) -> bool {
        if !self.load.running.contains_key(name) {
            return false;
        }
        self.note(|| Input::StopLoad(name.into()));
        self.end_load(name);
        true
    }

    fn end_load(&mut self, name: &str) {
        self.load.running.remove(name);
        self.load_event(name, What::Stopped);
    }

    fn load_event(&mut self, name: &str, what: What) {
        self.log_hash.note(self.now, name);
        self.log_hash.note(self.now, what.code());
        if self.load.events.len() >= MEMORY {
            self.load.events.pop_front();
        }
        self.load.events.push_back(LoadEvent { at: self.now, load: name.into(), what });
    }

    /// The pods that requests to a Service's port reach (`0`: its first port), each with its part.
    #[must_use]
    pub fn backend_shares(&self, namespace: &str, service: &str, port: i64) -> Vec<Share> {
        let Some(object) = self.object("services", namespace, service) else { return Vec::new() };
        let mut ports = object["spec"]["ports"].items().iter();
        let Some(wanted) = ports.find(|p| port == 0 || p["port"].int() == port) else { return Vec::new() };
        let named = wanted["name"].text();
        let mut shares = Vec::new();
        for slice in self.api.objects("endpointslices.discovery.k8s.io", namespace) {
            if slice.labels()["kubernetes.io/service-name"] != service {
                continue;
            }
            let Some(p) = slice["ports"].items().iter().find(|p| p["name"].text() == named) else { continue };
            for e in slice["endpoints"].items() {
                if e["conditions"]["ready"].as_bool() == Some(false) || e["targetRef"]["kind"] != "Pod" {
                    continue;
                }
                shares.push(Share {
                    pod: format!("{namespace}/{}", e["targetRef"]["name"].text()).into(),
                    node: e["nodeName"].to_str(),
                    port: p["port"].int(),
                    weight: 1,
                });
            }
        }
        shares
    }

    /// The Services that a target's requests go to, each with its part in thousandths.
    fn services_of(&self, target: &Target) -> Vec<(Str, i64, i64)> {
        if target.kind == TargetKind::Service {
            return vec![(target.name.clone(), target.port, 1000)];
        }
        let Some(ingress) = self.object("ingresses.networking.k8s.io", &target.namespace, &target.name)
        else {
            return Vec::new();
        };
        let spec = &ingress["spec"];
        let paths = spec["rules"].items().iter().flat_map(|r| r["http"]["paths"].items());
        let chosen: Vec<&Value> = paths
            .filter(|p| target.path.is_empty() || p["path"] == target.path.as_str())
            .map(|p| &p["backend"])
            .collect();
        let all = if chosen.is_empty() { vec![&spec["defaultBackend"]] } else { chosen };
        let part = 1000 / all.len().max(1) as i64;
        let number = |b: &Value| match b["service"]["port"]["name"].as_str() {
            None => b["service"]["port"]["number"].int(),
            Some(name) => {
                let service = self.object("services", &target.namespace, b["service"]["name"].text());
                let ports = service.map(|s| &s["spec"]["ports"]);
                let found = ports.and_then(|p| p.items().iter().find(|p| p["name"] == name));
                found.map_or(-1, |p| p["port"].int())
            }
        };
        all.into_iter().map(|b| (b["service"]["name"].to_str(), number(b), part)).collect()
    }

    /// One second of all loads.
    pub(crate) fn load_tick(&mut self) {
        let now = self.now;
        let names: Vec<Str> = self.load.running.keys().cloned().collect();
        let mut work: BTreeMap<Str, Work> = BTreeMap::new();
        let mut lost: BTreeMap<Str, i64> = BTreeMap::new();
        let mut offered_by: BTreeMap<Str, i64> = BTreeMap::new();
        for name in &names {
            let Some(r) = self.load.running.get(name) else { continue };
            let (profile, age) = (r.profile.clone(), now.since(r.since));
            if profile.for_ms.is_some_and(|ms| age > ms) {
                self.end_load(name);
                continue;
            }
            let latency = r.latest().map_or(0, |s| s.latency_us);
            let noise = 1000 - NOISE as i64 + self.load.rng.below(2 * NOISE + 1) as i64;
            let offered = profile.requests_at(age, latency) * noise / 1000;
            offered_by.insert(name.clone(), offered);
            let mut waiting = self.load.running.get(name).map(|r| r.queues.clone()).unwrap_or_default();
            let services = self.services_of(&profile.target);
            if age / TICK_MS % SAMPLE_EVERY == 0 {
                for (service, port, _) in &services {
                    self.sample_path(&profile.target.namespace, service, *port);
                }
            }
            for (service, port, part) in services {
                let shares = self.backend_shares(&profile.target.namespace, &service, port);
                let whole: i64 = shares.iter().map(|s| s.weight).sum();
                let asked = offered * part / 1000;
                if whole == 0 {
                    *lost.entry(name.clone()).or_default() += asked;
                }
                for share in shares {
                    let queued = waiting.remove(&share.pod).unwrap_or(0);
                    let arrival = Arrival {
                        arriving: asked * share.weight / whole.max(1),
                        queued,
                        work_us: profile.work_us,
                        patience_ms: profile.patience_ms,
                    };
                    let w = work.entry(share.pod).or_default();
                    (w.node, w.port) = (share.node, share.port);
                    w.cpu_millis += arrival.wanted_millis();
                    let held = latency.max(arrival.work_us) * arrival.arriving / 1_000_000 + queued;
                    w.memory_bytes =
                        w.memory_bytes.saturating_add(profile.memory_bytes.saturating_mul(held) / 1000);
                    w.arrivals.push((name.clone(), arrival));
                }
            }
            // What waited at a pod that takes no more requests is lost with it.
            *lost.entry(name.clone()).or_default() += waiting.values().sum::<i64>();
        }
        let results = self.lay(&work);
        self.settle_load(&names, &offered_by, &lost, results);
        self.report_load();
        if self.load.running.is_empty() && self.load.loaded.is_empty() {
            self.load.ticking = false;
        } else {
            self.due.set(now + TICK_MS, Due::Load);
        }
    }

    /// Lays the work on the nodes. What became of each load's requests at each pod.
    fn lay(&mut self, work: &BTreeMap<Str, Work>) -> Vec<(Str, BackendSample)> {
        let mut by_node: BTreeMap<Str, Vec<(Str, i64, kubelet::usage::Load)>> = BTreeMap::new();
        for (pod, w) in work {
            let load = kubelet::usage::Load { cpu_millis: w.cpu_millis, memory_bytes: w.memory_bytes };
            by_node.entry(w.node.clone()).or_default().push((pod.clone(), w.port, load));
        }
        // Who carried load and no longer does is relieved of it.
        for (pod, node) in std::mem::take(&mut self.load.loaded) {
            if !work.contains_key(&pod) {
                by_node.entry(node).or_default().push((pod, 0, kubelet::usage::Load::default()));
            }
        }
        let mut results = Vec::new();
        for (node, loads) in by_node {
            let Some(part) = self.kubelet_part(&node) else { continue };
            let served = self.with_kubelet(part, |k, now| k.set_loads(&loads, now)).unwrap_or_default();
            for ((pod, ..), served) in loads.into_iter().zip(served) {
                let Some(w) = work.get(&pod) else { continue };
                if served.is_some() {
                    self.load.loaded.insert(pod.clone(), node.clone());
                }
                let served = served.unwrap_or_default();
                let all: i64 = w.cpu_millis.max(1);
                for (name, arrival) in &w.arrivals {
                    // Loads on the same pod share what it can get by what they want.
                    let part = (arrival.wanted_millis() * 1000 / all).clamp(1, 1000);
                    let outcome = arrival.outcome(served.ceiling_millis * part / 1000, served.ceiling_millis);
                    results.push((name.clone(), BackendSample { pod: pod.clone(), outcome }));
                }
            }
        }
        results
    }

    fn settle_load(
        &mut self,
        names: &[Str],
        offered_by: &BTreeMap<Str, i64>,
        lost: &BTreeMap<Str, i64>,
        results: Vec<(Str, BackendSample)>,
    ) {
        let mut by_name: BTreeMap<Str, Vec<BackendSample>> = BTreeMap::new();
        for (name, sample) in results {
            by_name.entry(name).or_default().push(sample);
        }
        let mut told = Vec::new();
        for name in names {
            let (at, backends) = (self.now, by_name.remove(name).unwrap_or_default());
            let Some(r) = self.load.running.get_mut(name) else { continue };
            let no_endpoint = lost.get(name).copied().unwrap_or(0);
            let served: i64 = backends.iter().map(|b| b.outcome.served).sum();
            let weighed = |f: fn(&Outcome) -> i64| {
                let sum: i64 = backends.iter().map(|b| f(&b.outcome) / 1000 * b.outcome.served).sum();
                if served > 0 { sum / served * 1000 } else { 0 }
            };
            let timed_out: i64 = backends.iter().map(|b| b.outcome.failed).sum();
            let sample = Sample {
                at,
                offered: offered_by.get(name).copied().unwrap_or(0),
                served,
                failed: no_endpoint + timed_out,
                latency_us: weighed(|o| o.latency_us),
                p95_us: weighed(|o| o.p95_us),
                queued: backends.iter().map(|b| b.outcome.queued).sum(),
                backends,
            };
            r.queues = sample
                .backends
                .iter()
                .filter(|b| b.outcome.queued > 0)
                .map(|b| (b.pod.clone(), b.outcome.queued))
                .collect();
            r.total_served = r.total_served.saturating_add(sample.served);
            r.total_failed = r.total_failed.saturating_add(sample.failed);
            let state = if no_endpoint > 0 {
                What::NoEndpoints
            } else if timed_out > 0 {
                What::TimingOut
            } else {
                What::Recovered
            };
            if std::mem::replace(&mut r.state, state) != state {
                told.push((name.clone(), state));
            }
            if r.samples.len() >= MEMORY {
                r.samples.pop_front();
            }
            r.samples.push_back(sample);
        }
        for (name, state) in told {
            self.load_event(&name, state);
        }
    }

    /// Tells the servers of custom and external metrics what was served.
    fn report_load(&mut self) {
        let now = self.now;
        let m: &mut Measured = self.api.measured_mut();
        m.custom.clear();
        m.external.clear();
        for r in self.load.running.values() {
            let Some(s) = r.samples.back() else { continue };
            let t = &r.profile.target;
            let metric = || Str::new_static(METRIC);
            let plural = Str::new_static(t.kind.resource());
            let key = (plural, t.namespace.clone(), t.name.clone(), metric());
            m.custom.entry(key).or_insert((now, 0)).1 += s.offered;
            for b in &s.backends {
                let (namespace, name) = objects::meta::split_key(&b.pod);
                let key = (Str::new_static("pods"), namespace.into(), name.into(), metric());
                m.custom.entry(key).or_insert((now, 0)).1 += b.outcome.arriving;
            }
            let labels = vec![(Str::new_static(t.kind.word()), t.name.clone())];
            for (name, value) in [(METRIC, s.offered), ("queue_length", s.queued)] {
                let key: ExternalKey = (t.namespace.clone(), Str::new_static(name), labels.clone());
                m.external.entry(key).or_insert((now, 0)).1 += value;
            }
        }
    }
}
