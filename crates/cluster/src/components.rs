//! The cluster's own parts: which of them run, on which node, and what stands still without them.
//!
//! Owns: who reaches the API server, when the scheduler, the controller manager and the proxies act, their leases.
//! Does not own: what they do, how their pods are started (kubelet), what breaks them (`faults`).
//! Models `k8s.io/client-go/tools/leaderelection` with upstream's 15 s, 10 s and 2 s; a part that starts again has
//! forgotten everything and lists anew, when it leads. Without [`Addon::ControlPlane`](crate::Addon) all of them run beside the
//! cluster and never stop. Not modelled: etcd's quorum (one member is enough), the lease of the API server itself.

use client::{Caller, Change, Ctx, EventType, Interest, PatchType, Recorder};
use clock::{Millis, Time};
use objects::resources::{EVENTS, LEASES};
use objects::{Reason, Status, Str, Value, value};
use ordered::{BTreeMap, BTreeSet};

use apiserver::health::Health;

use crate::Cluster;

const API_SERVER: &str = "kube-apiserver";
const ETCD: &str = "etcd";
const LEASE_MS: Millis = 15_000;
const RENEW_DEADLINE_MS: Millis = 10_000;
const RETRY_MS: Millis = 2_000;

/// How far a request to the API server gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reach {
    #[default]
    Served,
    /// The machine answers, nobody listens.
    Refused,
    /// Nothing answers.
    Silence,
    /// The server answers without its store.
    NoStore,
}

impl Reach {
    /// # Errors
    /// What a client is left with when it is not served.
    pub(crate) fn check(self, address: &str) -> Result<(), Status> {
        match self {
            Self::Served => Ok(()),
            Self::Refused => Err(Status::new(
                Reason::Unreachable,
                format!(
                    "The connection to the server {address} was refused - did you specify the right host or port?"
                ),
            )),
            Self::Silence => Err(Status::new(
                Reason::Unreachable,
                format!("Unable to connect to the server: dial tcp {address}: i/o timeout"),
            )),
            Self::NoStore => Err(Status::new(Reason::Unknown, "etcdserver: request timed out")),
        }
    }
}

/// What is wrong with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeFault {
    /// Without power.
    Crashed,
    /// Nothing on it moves.
    Hung,
    /// Runs, but no packet gets in or out.
    CutOff,
    /// All runs but the kubelet.
    NoKubelet,
}

/// Invariant: a component without an entry in `running` never ran in a pod and acts beside the cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Components {
    running: BTreeMap<Str, BTreeSet<Str>>,
    pub(crate) nodes: BTreeMap<Str, NodeFault>,
    /// For whoever runs on a sound node.
    reach: Reach,
    /// The whole cluster is without power.
    pub(crate) dark: bool,
}

impl Components {
    fn is_alive(&self, node: &str) -> bool {
        !matches!(self.nodes.get(node), Some(NodeFault::Crashed | NodeFault::Hung))
    }

    /// Without power, standing still or off the network.
    fn is_apart(&self, node: &str) -> bool {
        !self.is_alive(node) || self.is_cut(node)
    }

    /// Where a component runs; `None`: beside the cluster.
    fn hosts(&self, component: &str) -> Option<Vec<&Str>> {
        self.running.get(component).map(|on| on.iter().filter(|n| self.is_alive(n)).collect())
    }

    fn is_cut(&self, node: &str) -> bool {
        self.nodes.get(node) == Some(&NodeFault::CutOff)
    }
}

impl Cluster {
    /// How far a request gets that is sent from `node`; `""`: from outside.
    pub(crate) fn reach_from(&self, node: &str) -> Reach {
        if self.components.nodes.is_empty() || self.components.dark {
            self.components.reach
        } else {
            self.find_reach(node)
        }
    }

    fn find_reach(&self, from: &str) -> Reach {
        let all = &self.components;
        if all.dark {
            return Reach::Silence;
        }
        let Some(servers) = all.running.get(API_SERVER) else {
            return if all.is_cut(from) { Reach::Silence } else { Reach::Served };
        };
        let mut best = Reach::Silence;
        for plane in self.config.nodes.iter().filter(|n| n.control_plane) {
            let name = plane.name.as_str();
            let apart = from != name && (all.is_cut(name) || all.is_cut(from));
            if !all.is_alive(name) || apart {
                continue;
            }
            if !servers.contains(name) {
                best = Reach::Refused;
                continue;
            }
            let stored = all.hosts(ETCD).is_none_or(|h| !h.is_empty());
            return if stored { Reach::Served } else { Reach::NoStore };
        }
        best
    }

    /// `172.18.0.2:6443`
    pub(crate) fn server_address(&self) -> String {
        format!("{}:{}", self.server.advertise_address, self.server.port)
    }

    /// Whether packets go from one node to another; `""` is outside.
    pub(crate) fn are_connected(&self, a: &str, b: &str) -> bool {
        let all = &self.components;
        all.nodes.is_empty()
            || (all.is_alive(a) && all.is_alive(b) && (a == b || !(all.is_cut(a) || all.is_cut(b))))
    }

    /// The node that the API server answers from; `""` beside the cluster.
    fn server_node(&self) -> Str {
        let hosts = self.components.hosts(API_SERVER).unwrap_or_default();
        hosts.first().map(|n| (*n).clone()).unwrap_or_default()
    }

    /// Whether the API server reaches a node's kubelet, and both are there.
    pub(crate) fn is_within_reach(&self, part: usize) -> bool {
        let node = self.parts.get(part).map_or("", crate::part::Part::node);
        self.reach_from("") == Reach::Served
            && self.are_connected(&self.server_node(), node)
            && self.node_fault(node) != Some(NodeFault::NoKubelet)
    }

    /// What comes of calling a kubelet that can't be reached; `None`: it answers.
    pub(crate) fn kubelet_silence(&self, part: usize) -> Option<String> {
        if self.is_within_reach(part) {
            return None;
        }
        let found = self.parts.get(part);
        let ip = found.and_then(|p| p.kubelet()).map(kubelet::Kubelet::host_ip).unwrap_or_default();
        let why = match self.node_fault(found.map_or("", crate::part::Part::node)) {
            Some(NodeFault::NoKubelet) => "connect: connection refused",
            _ => "i/o timeout",
        };
        Some(format!("dial tcp {ip}:10250: {why}"))
    }

    /// The API server's way to a kubelet.
    ///
    /// # Errors
    /// What it says when there is none.
    pub(crate) fn dial_kubelet(
        &self,
        part: usize,
        request: &client::Request,
        pod: &Value,
    ) -> Result<(), Status> {
        let Some(failed) = self.kubelet_silence(part) else { return Ok(()) };
        let text = if request.subresource == "log" {
            let ip = self.parts.get(part).and_then(|p| p.kubelet()).map(kubelet::Kubelet::host_ip);
            let ip = ip.unwrap_or_default();
            let container = request.options.query.iter().find(|(k, _)| k == "container");
            let container =
                container.map_or(pod["spec"]["containers"][0]["name"].text(), |(_, v)| v.as_str());
            format!(
                "Get \"https://{ip}:10250/containerLogs/{}/{}/{container}\": {failed}",
                pod.namespace(),
                pod.name()
            )
        } else {
            format!("error dialing backend: {failed}")
        };
        Err(Status::new(Reason::Unknown, text))
    }

    /// Takes note of parts that began or ended in pods of a node.
    pub(crate) fn note_components(&mut self, node: &Str, changes: Vec<(Str, bool)>) {
        for (name, up) in changes {
            let on = self.components.running.entry(name).or_default();
            if up {
                on.insert(node.clone());
            } else {
                on.remove(node);
            }
        }
        self.components_changed();
    }

    /// Whether the server answers a request by itself, whatever its store does.
    pub(crate) fn needs_no_store(request: &client::Request) -> bool {
        request.resource == "componentstatuses"
            || ["/livez", "/readyz", "/healthz", "/api/v1/componentstatuses"]
                .iter()
                .any(|p| request.path.starts_with(p))
    }

    /// Whether a part of the cluster (`kube-scheduler`) runs: in a container on a living node, or beside the cluster.
    #[must_use]
    pub fn part_runs(&self, component: &str) -> bool {
        !self.components.dark && self.components.hosts(component).is_none_or(|on| !on.is_empty())
    }

    /// What the server finds when it asks the parts beside it how they are.
    pub(crate) fn health(&self) -> Health {
        let no_store = self.components.reach == Reach::NoStore;
        let of = |name: &str, component: &str, port: u16| {
            let stopped = self.components.hosts(component).is_some_and(|h| h.is_empty());
            let failure = stopped.then(|| {
                format!("Get \"https://127.0.0.1:{port}/healthz\": dial tcp 127.0.0.1:{port}: connect: connection refused")
            });
            apiserver::health::Part { name: name.into(), failure }
        };
        let etcd = no_store.then(|| "context deadline exceeded".to_owned());
        let parts = vec![
            of("scheduler", "kube-scheduler", 10_259),
            of("controller-manager", "kube-controller-manager", 10_257),
            apiserver::health::Part { name: "etcd-0".into(), failure: etcd },
        ];
        Health { no_store, parts }
    }

    /// Starts and stops what now runs or no longer does.
    pub(crate) fn components_changed(&mut self) {
        self.components.reach = self.find_reach("");
        let health = self.health();
        self.api.set_health(health);
        let sick = self.components.reach == Reach::NoStore;
        for id in 0..self.parts.len() {
            let name = Str::from(self.parts[id].name());
            if let Some(node) = self.parts[id].kubelet().map(|k| Str::from(k.node())) {
                let fault = self.components.nodes.get(&node).copied();
                self.parts[id]
                    .hold(matches!(fault, Some(NodeFault::Crashed | NodeFault::Hung)), fault.is_some());
                if let Some(k) = self.parts[id].kubelet_mut() {
                    k.set_unwell(API_SERVER, sick, self.now);
                }
                self.reschedule(id);
                continue;
            }
            let (component, node) = name.split_once('/').map_or((name.as_str(), ""), |(c, n)| (c, n));
            let hosts = self.components.hosts(component);
            let (up, host) = match (&hosts, node) {
                (None, "") => (true, Str::default()),
                (None, node) => (!self.components.is_apart(node), node.into()),
                (Some(on), "") => (!on.is_empty(), on.first().map(|n| (*n).clone()).unwrap_or_default()),
                (Some(on), node) => {
                    (on.iter().any(|n| n.as_str() == node) && !self.components.is_apart(node), node.into())
                }
            };
            let up = up && !self.components.dark;
            if up && self.parts[id].is_down() {
                // Who leads by a lease lists when it gets it.
                let wants = self.parts[id].wants_list();
                let list = if wants { self.list(&self.parts[id].interests()) } else { Vec::new() };
                self.parts[id].start(host, &list, self.now);
                self.reschedule(id);
            } else if !up && !self.parts[id].is_down() {
                let now = self.now;
                self.parts[id].stop(now);
                self.reschedule(id);
            }
        }
    }

    /// A part that can't renew its lease ends itself, and its kubelet starts it again.
    pub(crate) fn leader_lost(&mut self, part: usize) {
        let name = Str::from(self.parts[part].name());
        let _ = self.inject_quietly(&crate::Fault::CrashComponent(name, 1));
    }

    /// All that is stored of what a part wants to be told of, as if it had just been made.
    pub(crate) fn list(&self, interests: &[Interest]) -> Vec<Change> {
        let mut ids: Vec<Str> = Vec::new();
        for interest in interests {
            match interest {
                Interest::All(id) => ids.push(id.clone()),
                Interest::Everything => {
                    ids.extend(self.api.resource_ids().into_iter().filter(|id| *id != EVENTS.storage));
                }
                Interest::PodsOnNode(_) | Interest::Object(..) => {}
            }
        }
        let all = ids.iter().flat_map(|id| self.api.objects(id, "").map(move |o| added(id, o, self.now)));
        all.collect()
    }
}

/// An object that is there as a change that made it.
pub(crate) fn added(resource: &Str, object: &Value, now: Time) -> Change {
    Change { revision: object.revision(), at: now, ..Change::added(resource, object.clone()) }
}

/// A part's standing for its lease.
#[derive(Clone, Debug)]
pub(crate) struct Election {
    lease: Str,
    user: Str,
    identity: Str,
    pub(crate) leading: bool,
    pub(crate) next: Time,
    renewed: Time,
    recorder: Recorder,
}

impl Election {
    pub(crate) fn new(lease: &str, identity: String, now: Time) -> Self {
        let reporter = if lease == "kube-scheduler" { "default-scheduler" } else { lease };
        Self {
            lease: lease.into(),
            user: Str::from(format!("system:{lease}")),
            identity: identity.into(),
            leading: false,
            next: now,
            renewed: now,
            recorder: Recorder::new(reporter, ""),
        }
    }

    /// Tries for the lease or keeps it. False when it was held and is lost.
    pub(crate) fn turn(&mut self, ctx: &mut Ctx<'_>) -> bool {
        self.next = ctx.now + RETRY_MS;
        let caller = Caller {
            user: self.user.clone(),
            groups: vec!["system:authenticated".into()],
            actor: self.lease.clone(),
            ..Caller::default()
        };
        let before = std::mem::replace(&mut ctx.caller, caller);
        let kept = self.try_for(ctx);
        ctx.caller = before;
        if kept.is_ok() {
            self.renewed = ctx.now;
        }
        !(self.leading && ctx.now.since(self.renewed) > RENEW_DEADLINE_MS)
    }

    fn try_for(&mut self, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let now = ctx.now.rfc3339_micro();
        let old = match ctx.get(LEASES, "kube-system", &self.lease) {
            Ok(old) => old,
            Err(e) if e.reason == Reason::NotFound => {
                let lease = value!({
                    "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                    "metadata": {"name": (&self.lease), "namespace": "kube-system"},
                    "spec": {
                        "holderIdentity": (&self.identity), "leaseDurationSeconds": (LEASE_MS / 1000),
                        "acquireTime": (now.as_str()), "renewTime": (now.as_str()), "leaseTransitions": 0,
                    },
                });
                let lease = ctx.create(LEASES, lease)?;
                self.lead(&lease, ctx);
                return Ok(());
            }
            Err(e) => return Err(e),
        };
        let spec = &old["spec"];
        let mine = spec["holderIdentity"] == self.identity.as_str();
        let patch = if mine {
            value!({"spec": {"renewTime": (now.as_str())}})
        } else {
            let free = spec["holderIdentity"].text().is_empty()
                || spec["renewTime"].time().is_none_or(|t| ctx.now.since(t) >= LEASE_MS);
            if !free {
                return Ok(());
            }
            value!({"spec": {
                "holderIdentity": (&self.identity), "acquireTime": (now.as_str()), "renewTime": (now.as_str()),
                "leaseTransitions": (spec["leaseTransitions"].int() + 1),
            }})
        };
        let lease = ctx.patch(LEASES, "kube-system", &self.lease, "", PatchType::Merge, patch)?;
        if !self.leading {
            self.lead(&lease, ctx);
        }
        Ok(())
    }

    fn lead(&mut self, lease: &Value, ctx: &mut Ctx<'_>) {
        self.leading = true;
        let text = format!("{} became leader", self.identity);
        self.recorder.event(ctx, lease, EventType::Normal, "LeaderElection", &text);
    }
}
