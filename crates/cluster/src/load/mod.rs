//! Load: people or programs outside the cluster that send requests to a Service or an Ingress.
//!
//! Owns: the profiles that run ([`Profile`]), one computation a second for each (cost independent of how many requests
//! there are), what became of the requests (latency, queue, errors), the last ten minutes of it, and what the custom
//! and external metrics APIs are told.
//! Does not own: who gets which part of the requests (`network::flow`: rules, policies, affinity, weights), single
//! requests and their way (net), how a node shares its cores (kubelet), what metrics are used for (controllers).
//!
//! Flow, not packets: ten times a second is looked where requests go, so that pods which end before the rules know, or
//! are ready before they listen, cost their share of errors. Each request brings CPU and memory to its pod; what exceeds
//! the CPU a pod can get waits in its queue; what waits longer than the caller's patience fails.
//! Models no upstream file. Not modelled: connections that stay open, retries, what the controller of an Ingress costs.

mod failing;
pub mod profile;
pub mod queueing;

use std::collections::VecDeque;

use apiserver::{ExternalKey, Measured};
use clock::{Millis, Rng, Time};
use objects::Str;
use ordered::BTreeMap;

use crate::Cluster;
use crate::event_loop::Due;
use crate::journal::Input;
pub use failing::Failing;
use failing::Tally;
use network::flow::{self, Flow, Sticky, WHOLE};
pub use profile::{Amount, NoLoad, Profile, Shape, Target, TargetKind};
use queueing::{Arrival, Outcome};

const TICK_MS: Millis = 1_000;
/// So many times a second is looked where requests go.
const LOOKS: i64 = 10;
/// One request in so many seconds leaves its path for the reader.
const SAMPLE_EVERY: i64 = 5;
/// Seconds that are remembered.
const MEMORY: usize = 600;
/// Loads that may run at once.
const AT_MOST: usize = 32;
/// How much a second's requests vary, in thousandths either way.
const NOISE: u64 = 30;
/// How long a controller waits for what is behind it.
const CONTROLLER_MS: Millis = 60_000;
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
    /// How those ended that were not answered, each with its number.
    pub errors: Vec<(network::Outcome, i64)>,
}

/// What a load does that is worth a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Started,
    Stopped,
    /// No request reaches anybody.
    Unreached,
    /// Requests fail because they wait too long.
    TimingOut,
    /// Some requests reach nobody.
    Failing,
    /// All is answered again.
    Recovered,
}

impl What {
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Stopped => "Stopped",
            Self::Unreached => "Unreached",
            Self::TimingOut => "TimingOut",
            Self::Failing => "Failing",
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
    /// Where requests went at the looks since the last second, and how many looks there were.
    seen: Flow,
    looks: i64,
    sticky: Sticky,
    tally: Tally,
    /// The number of the last request that was looked at, 0: none was.
    sampled: u64,
}

impl Running {
    /// How requests failed since the load began, by kind.
    pub fn failing(&self) -> impl Iterator<Item = &Failing> {
        self.tally.iter()
    }

    /// The number of the request whose way was followed last ([`network::Path::id`]); 0: of none.
    #[must_use]
    pub fn sampled(&self) -> u64 {
        self.sampled
    }

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
    /// Looks since loads began to run.
    looks: i64,
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
            looks: 0,
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
    pub fn start_load(&mut self, profile: Profile) -> Result<(), NoLoad> {
        profile.check()?;
        if self.load.running.len() >= AT_MOST && !self.load.running.contains_key(&profile.name) {
            return Err(NoLoad::TooMany(AT_MOST));
        }
        let t = &profile.target;
        if self.object(t.kind.resource(), &t.namespace, &t.name).is_none() {
            let (name, namespace) = (t.name.clone(), t.namespace.clone());
            return Err(NoLoad::NoTarget { kind: t.kind.word(), name, namespace });
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
            seen: Flow::default(),
            looks: 0,
            sticky: Sticky::default(),
            tally: Tally::default(),
            sampled: 0,
        };
        self.load.running.insert(name, running);
        if !std::mem::replace(&mut self.load.ticking, true) {
            self.load.looks = 0;
            self.due.set(self.now + TICK_MS / LOOKS, Due::Load);
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
        if self.config.log_hash {
            self.log_hash.note(self.now, name);
            self.log_hash.note(self.now, what.code());
        }
        if self.load.events.len() >= MEMORY {
            self.load.events.pop_front();
        }
        self.load.events.push_back(LoadEvent { at: self.now, load: name.into(), what });
    }

    /// Where the requests of a load go now.
    fn flow_of(&mut self, profile: &Profile, sticky: &mut Sticky, clients: i64, milli_rate: i64) -> Flow {
        let target = &profile.target;
        let (namespace, name) = (&target.namespace, &target.name);
        match target.kind {
            TargetKind::Service => flow::to_service(self, namespace, name, target.port, sticky, clients),
            TargetKind::Ingress => {
                let crowd = flow::Crowd { body_bytes: profile.body_bytes, milli_rate, clients };
                flow::through_ingress(self, namespace, name, &target.path, crowd)
            }
            TargetKind::HttpRoute => flow::through_route(self, namespace, name),
        }
    }

    /// A tenth of a second of all loads, and each tenth time the second.
    pub(crate) fn load_look(&mut self) {
        let names: Vec<Str> = self.load.running.keys().cloned().collect();
        for name in names {
            let Some(r) = self.load.running.get_mut(&name) else { continue };
            let mut sticky = std::mem::take(&mut r.sticky);
            let (profile, age) = (r.profile.clone(), self.now.since(r.since));
            let latency = r.latest().map_or(0, |s| s.latency_us);
            let (clients, rate) = (profile.clients_at(age), profile.requests_at(age, latency));
            let flow = self.flow_of(&profile, &mut sticky, clients, rate);
            let Some(r) = self.load.running.get_mut(&name) else { continue };
            r.sticky = sticky;
            r.seen.add(&flow, WHOLE);
            r.looks += 1;
        }
        self.load.looks += 1;
        if self.load.looks % LOOKS == 0 {
            self.load_tick();
        }
        if self.load.ticking {
            self.due.set(self.now + TICK_MS / LOOKS, Due::Load);
        }
    }

    /// One second of all loads.
    fn load_tick(&mut self) {
        let now = self.now;
        let names: Vec<Str> = self.load.running.keys().cloned().collect();
        let mut work: BTreeMap<Str, Work> = BTreeMap::new();
        let mut lost: BTreeMap<Str, Vec<(network::Outcome, i64)>> = BTreeMap::new();
        let mut offered_by: BTreeMap<Str, i64> = BTreeMap::new();
        for name in &names {
            let Some(r) = self.load.running.get_mut(name) else { continue };
            let (seen, looks) = (std::mem::take(&mut r.seen), std::mem::take(&mut r.looks).max(1));
            let (profile, age) = (r.profile.clone(), now.since(r.since));
            let mut waiting = std::mem::take(&mut r.queues);
            if profile.for_ms.is_some_and(|ms| age > ms) {
                self.end_load(name);
                continue;
            }
            let latency = r.latest().map_or(0, |s| s.latency_us);
            let noise = 1000 - NOISE as i64 + self.load.rng.below(2 * NOISE + 1) as i64;
            let offered = profile.requests_at(age, latency) * noise / 1000;
            offered_by.insert(name.clone(), offered);
            if age / TICK_MS % SAMPLE_EVERY == 0 {
                self.look_at_one(name, false);
            }
            let part = |weight: i64| {
                let n = i128::from(offered) * i128::from(weight) / i128::from(WHOLE * looks);
                i64::try_from(n).unwrap_or(i64::MAX)
            };
            for share in seen.shares() {
                let queued = if waiting.is_empty() { 0 } else { waiting.remove(&share.pod).unwrap_or(0) };
                let arrival = Arrival {
                    arriving: part(share.weight),
                    queued,
                    work_us: profile.work_us,
                    patience_ms: profile.patience_ms,
                };
                let w = work.entry(share.pod.clone()).or_default();
                (w.node, w.port) = (share.node.clone(), share.port);
                w.cpu_millis += arrival.wanted_millis();
                let held = latency.max(arrival.work_us) * arrival.arriving / 1_000_000 + queued;
                w.memory_bytes =
                    w.memory_bytes.saturating_add(profile.memory_bytes.saturating_mul(held) / 1000);
                w.arrivals.push((name.clone(), arrival));
            }
            let mut errors: Vec<(network::Outcome, i64)> =
                seen.lost().iter().map(|(how, weight)| (*how, part(*weight))).collect();
            // What waited at a pod that takes no more requests is lost with it.
            let dropped = waiting.values().sum::<i64>();
            if dropped > 0 {
                errors.push((network::Outcome::Failed(network::Fault::Reset), dropped));
            }
            errors.retain(|(_, n)| *n > 0);
            lost.insert(name.clone(), errors);
        }
        let results = self.lay(&work, &mut lost);
        self.settle_load(&names, &offered_by, &lost, results);
        for name in &names {
            let now = self.now;
            if self.load.running.get_mut(name).is_some_and(|r| r.tally.wants_another(now)) {
                self.look_at_one(name, true);
            }
        }
        self.report_load();
        if self.load.running.is_empty() && self.load.loaded.is_empty() {
            self.load.ticking = false;
        }
    }

    /// Follows one request of a load and keeps its way; `wanted`: only if it explains a failure.
    fn look_at_one(&mut self, name: &str, wanted: bool) {
        let Some((target, body)) =
            self.load.running.get(name).map(|r| (r.profile.target.clone(), r.profile.body_bytes))
        else {
            return;
        };
        let Some(path) = self.sample_path(&target, body) else { return };
        let Some(r) = self.load.running.get_mut(name) else { return };
        r.tally.explain(&path);
        if !wanted || path.failing().is_some() {
            r.sampled = self.net.keep_path(path);
        }
    }

    /// Lays the work on the nodes. What became of each load's requests at each pod; what waited at one that has ended is
    /// `lost`.
    fn lay(
        &mut self,
        work: &BTreeMap<Str, Work>,
        lost: &mut BTreeMap<Str, Vec<(network::Outcome, i64)>>,
    ) -> Vec<(Str, BackendSample)> {
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
                let Some(served) = served else {
                    for (name, arrival) in &w.arrivals {
                        if arrival.queued > 0 {
                            let reset = network::Outcome::Failed(network::Fault::Reset);
                            lost.entry(name.clone()).or_default().push((reset, arrival.queued));
                        }
                        let sample = BackendSample { pod: pod.clone(), outcome: arrival.before_the_end() };
                        results.push((name.clone(), sample));
                    }
                    continue;
                };
                self.load.loaded.insert(pod.clone(), node.clone());
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
        lost: &BTreeMap<Str, Vec<(network::Outcome, i64)>>,
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
            let mut errors = lost.get(name).cloned().unwrap_or_default();
            let unreached: i64 = errors.iter().map(|(_, n)| *n).sum();
            let served: i64 = backends.iter().map(|b| b.outcome.served).sum();
            let weighed = |f: fn(&Outcome) -> i64| {
                let sum: i64 = backends.iter().map(|b| f(&b.outcome) / 1000 * b.outcome.served).sum();
                if served > 0 { sum / served * 1000 } else { 0 }
            };
            let nobody = backends.iter().all(|b| b.outcome.arriving == 0);
            let timed_out: i64 = backends.iter().map(|b| b.outcome.failed).sum();
            if timed_out > 0 {
                // A controller between sees its client go, unless it loses patience first.
                let how = match r.profile.target.kind {
                    TargetKind::Service => network::Outcome::Failed(network::Fault::Slow),
                    _ if r.profile.patience_ms > CONTROLLER_MS => network::Outcome::Http(504),
                    _ => network::Outcome::Http(499),
                };
                errors.push((how, timed_out));
            }
            r.tally.note(&errors, r.profile.patience_ms, at);
            let sample = Sample {
                at,
                offered: offered_by.get(name).copied().unwrap_or(0),
                served,
                failed: unreached + timed_out,
                latency_us: weighed(|o| o.latency_us),
                p95_us: weighed(|o| o.p95_us),
                queued: backends.iter().map(|b| b.outcome.queued).sum(),
                backends,
                errors,
            };
            r.queues = sample
                .backends
                .iter()
                .filter(|b| b.outcome.queued > 0)
                .map(|b| (b.pod.clone(), b.outcome.queued))
                .collect();
            r.total_served = r.total_served.saturating_add(sample.served);
            r.total_failed = r.total_failed.saturating_add(sample.failed);
            let state = if unreached > 0 && nobody {
                What::Unreached
            } else if timed_out > 0 {
                What::TimingOut
            } else if unreached > 0 {
                What::Failing
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
