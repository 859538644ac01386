//! Many like requests at once: which part of them reaches which pod, and how the others end.
//!
//! Owns: parts of a whole, by the rules, policies and weights that one request's walk goes by, taken in their mean
//! instead of by turns. Does not own: how many requests there are, what they cost (cluster).
//! Requests come in by all nodes alike; to an Ingress or HTTPRoute, through the pods of its controller.
//! Not modelled: clients that try again, connections that stay open, mirrored requests, canaries by header or cookie.

use objects::{Str, Value};
use ordered::{BTreeMap, Sort as _};

use crate::address;
use crate::ground::{Ground, Owner};
use crate::ingress::{Controller, Kind, annotation, gate, gateway, is_on};
use crate::kube_proxy::choice::{Here, candidates};
use crate::kube_proxy::{Endpoint, Rules, Via};
use crate::path::{Fault, INTERNET_IP, Outcome};
use crate::policy::{self, Peer};

/// All requests.
pub const WHOLE: i64 = 1_000_000;
/// Nodes that requests come in by, at most; where policies are to be judged, fewer.
const ENTRIES_MAX: usize = 200;
const JUDGED_MAX: usize = 16;

/// A pod with its part of the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// `namespace/name`
    pub pod: Str,
    pub node: Str,
    pub port: i64,
    /// Out of [`WHOLE`].
    pub weight: i64,
}

impl Share {
    fn is_like(&self, other: &Self) -> bool {
        self.port == other.port && self.pod == other.pod
    }
}

/// What becomes of all requests. What is neither a pod's nor lost has been answered outside the cluster.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// Invariant outside of this file: each pod and port once.
    reached: Vec<Share>,
    lost: Vec<(Outcome, i64)>,
}

impl Flow {
    fn reach(&mut self, e: &Endpoint, weight: i64) {
        if !e.pod.is_empty() && weight > 0 {
            self.reached.push(Share { pod: e.pod.clone(), node: e.node.clone(), port: e.port, weight });
        }
    }

    fn lose(&mut self, how: Outcome, weight: i64) {
        if weight <= 0 {
            return;
        }
        match self.lost.iter_mut().find(|(o, _)| *o == how) {
            Some((_, n)) => *n += weight,
            None => self.lost.push((how, weight)),
        }
    }

    fn all_lost(how: Outcome) -> Self {
        Self { lost: vec![(how, WHOLE)], ..Self::default() }
    }

    /// Makes one of all shares of the same pod and port.
    fn gather(&mut self) {
        self.reached.arrange_by(|a, b| a.pod.cmp(&b.pod).then(a.port.cmp(&b.port)));
        self.reached.dedup_by(|later, first| {
            let same = later.is_like(first);
            if same {
                first.weight += later.weight;
            }
            same
        });
    }

    /// Adds a part (out of [`WHOLE`]) of another.
    pub fn add(&mut self, other: &Self, part: i64) {
        let of = |weight: i64| weight * part / WHOLE;
        let alike = self.reached.len() == other.reached.len()
            && self.reached.iter().zip(&other.reached).all(|(a, b)| a.is_like(b));
        if alike {
            for (own, more) in self.reached.iter_mut().zip(&other.reached) {
                own.weight += of(more.weight);
            }
        } else {
            let begun = !self.reached.is_empty();
            self.reached.extend(other.reached.iter().map(|s| Share { weight: of(s.weight), ..s.clone() }));
            if begun {
                self.gather();
            }
        }
        for (how, weight) in &other.lost {
            self.lose(*how, of(*weight));
        }
    }

    /// The pods reached.
    #[must_use]
    pub fn shares(&self) -> &[Share] {
        &self.reached
    }

    /// How requests end that nobody answers, each with its part.
    #[must_use]
    pub fn lost(&self) -> &[(Outcome, i64)] {
        &self.lost
    }
}

/// Which part of the clients stays with which endpoint of each Service that has an affinity. Plain data.
#[derive(Clone, Debug, Default)]
pub struct Sticky {
    kept: BTreeMap<Str, BTreeMap<(u32, i64), i64>>,
}

impl Sticky {
    /// The parts of the endpoints when `clients` come: each stays where it was while that is there.
    fn parts(&mut self, service: &Str, endpoints: &[&Endpoint], clients: i64) -> Vec<i64> {
        let number = |e: &Endpoint| (address::v4(&e.ip).unwrap_or(0), e.port);
        let kept = self.kept.entry(service.clone()).or_default();
        kept.retain(|k, _| endpoints.iter().any(|e| number(e) == *k));
        let free = WHOLE - kept.values().sum::<i64>();
        if free > 0 && !endpoints.is_empty() {
            let newcomers = (clients.max(1) * free / WHOLE).max(1);
            let takers = usize::try_from(newcomers).unwrap_or(usize::MAX).min(endpoints.len());
            let mut least: Vec<(i64, usize)> = endpoints
                .iter()
                .enumerate()
                .map(|(i, e)| (kept.get(&number(e)).copied().unwrap_or(0), i))
                .collect();
            // Newcomers are dealt out in turn: a few of them begin with those who have least.
            if takers < endpoints.len() {
                least.arrange();
            }
            for (n, (_, i)) in least.into_iter().take(takers).enumerate() {
                *kept.entry(number(endpoints[i])).or_default() += dealt(free, takers, n);
            }
        }
        endpoints.iter().map(|e| kept.get(&number(e)).copied().unwrap_or(0)).collect()
    }
}

/// The part of the `n`th among `of` alike: all parts together are the whole.
fn dealt(whole: i64, of: usize, n: usize) -> i64 {
    let (of, n) = (of.max(1) as i64, n as i64);
    whole * (n + 1) / of - whole * n / of
}

/// Nodes that requests come in by: linked ones that are no control plane's, else any.
fn entries(ground: &dyn Ground) -> Vec<Str> {
    let nodes = ground.list("nodes", "");
    let plain = |n: &&Value| n.labels().find("node-role.kubernetes.io/control-plane").is_none();
    let linked = |n: &&Value| ground.is_linked(n.name());
    let workers: Vec<Str> =
        nodes.iter().filter(plain).filter(linked).take(ENTRIES_MAX).map(|n| n.name().into()).collect();
    if workers.is_empty() {
        nodes.iter().filter(linked).take(1).map(|n| n.name().into()).collect()
    } else {
        workers
    }
}

/// The way of requests to a Service's port (`0`: its first). `clients`: how many different ones send them.
pub fn to_service<G: Ground>(
    ground: &mut G,
    namespace: &str,
    name: &str,
    port: i64,
    sticky: &mut Sticky,
    clients: i64,
) -> Flow {
    let Some(service) = ground.get("services", namespace, name) else {
        return Flow::all_lost(Outcome::Failed(Fault::NoName));
    };
    let spec = &service["spec"];
    if spec["type"] == "ExternalName" {
        return Flow::default();
    }
    let key = service.key();
    let balanced = !service["status"]["loadBalancer"]["ingress"].items().is_empty();
    let via = match spec["type"].text() {
        "LoadBalancer" if balanced => Via::LoadBalancer,
        "NodePort" | "LoadBalancer" => Via::NodePort,
        _ => Via::ClusterIp,
    };
    // By the version of their rules: how many nodes have these.
    let mut groups: Vec<(std::sync::Arc<Rules>, Vec<Str>)> = Vec::new();
    let (mut unknown, mut all) = (0usize, 0usize);
    let judged = !ground.list("networkpolicies.networking.k8s.io", namespace).is_empty();
    for node in entries(ground).into_iter().take(if judged { JUDGED_MAX } else { ENTRIES_MAX }) {
        let Some(rules) = ground.proxy(&node).and_then(|p| p.rules(&key)) else {
            (unknown, all) = (unknown + 1, all + 1);
            continue;
        };
        // A load balancer sends only to nodes that have an endpoint, where the policy is Local.
        if via == Via::LoadBalancer && rules.external_local {
            let has = |e: &Endpoint| e.node == node && e.ready;
            if !rules.ports.iter().any(|p| p.endpoints.iter().any(has)) {
                continue;
            }
        }
        all += 1;
        match groups.iter_mut().find(|(r, _)| r.version == rules.version) {
            Some((_, nodes)) => nodes.push(node),
            None => groups.push((rules, vec![node])),
        }
    }
    if all == 0 {
        return Flow::all_lost(Outcome::Failed(Fault::TimedOut));
    }
    let mut flow = Flow::default();
    // A node that has not heard of the Service does not know its address.
    flow.lose(Outcome::Failed(Fault::TimedOut), dealt(WHOLE, all, 0) * unknown as i64);
    let headless = spec["clusterIP"] == "None";
    let mut asked = 0;
    for (rules, nodes) in groups {
        let Some(index) = rules.ports.iter().position(|p| port == 0 || p.port == port) else {
            flow.lose(Outcome::Failed(Fault::TimedOut), WHOLE * nodes.len() as i64 / all as i64);
            continue;
        };
        let p = &rules.ports[index];
        let local = rules.local_only(via);
        let near = local || p.endpoints.iter().any(|e| !e.zones.is_empty() || !e.nodes.is_empty());
        // Where all nodes choose from the same endpoints, they are asked once.
        let together = !headless && !near && !judged;
        let askers: Vec<(Str, i64)> = if together {
            vec![(nodes[0].clone(), WHOLE * nodes.len() as i64 / all as i64)]
        } else {
            nodes.iter().map(|n| (n.clone(), WHOLE / all as i64)).collect()
        };
        asked += askers.len();
        for (node, weight) in askers {
            let zone =
                ground.get("nodes", "", &node).unwrap_or_default().labels()["topology.kubernetes.io/zone"]
                    .to_str();
            let from = if headless {
                p.endpoints.iter().filter(|e| e.ready).collect()
            } else {
                candidates(p, local, Here { node: &node, zone: &zone }).0
            };
            if from.is_empty() {
                let dropped = local && p.endpoints.iter().any(|e| e.ready);
                let fault = if dropped { Fault::TimedOut } else { Fault::Refused };
                flow.lose(Outcome::Failed(if headless { Fault::NoName } else { fault }), weight);
                continue;
            }
            let parts: Vec<i64> = if rules.affinity_ms > 0 && !near {
                sticky.parts(&rules.service, &from, clients)
            } else {
                (0..from.len()).map(|n| dealt(WHOLE, from.len(), n)).collect()
            };
            let asker = judged.then(|| host_peer(ground, &node));
            for (e, part) in from.iter().zip(parts) {
                let weight = weight * part / WHOLE;
                match arrives(ground, asker.as_ref(), e, &p.protocol) {
                    Ok(()) => flow.reach(e, weight),
                    Err(fault) => flow.lose(Outcome::Failed(fault), weight),
                }
            }
        }
    }
    if asked > 1 {
        flow.gather();
    }
    flow
}

fn host_peer<G: Ground>(ground: &G, node: &Str) -> Peer {
    let object = ground.get("nodes", "", node).unwrap_or_default();
    let found = object["status"]["addresses"].items().iter().find(|a| a["type"] == "InternalIP");
    let ip = found.map(|a| a["address"].to_str()).unwrap_or_default();
    Peer::of_node(node, &ip)
}

/// Whether a connection from `asker` (nobody: no policy is asked) to an endpoint is taken there.
fn arrives<G: Ground>(
    ground: &mut G,
    asker: Option<&Peer>,
    e: &Endpoint,
    protocol: &str,
) -> Result<(), Fault> {
    if e.pod.is_empty() {
        let nobody = ground.owner(&e.ip) == Owner::Nobody && !crate::dns::outside::is_outside(&e.ip);
        return if nobody { Err(Fault::TimedOut) } else { Ok(()) };
    }
    if !e.node.is_empty() && !ground.is_linked(&e.node) {
        return Err(Fault::TimedOut);
    }
    if let Some(from) = asker {
        let (namespace, name) = objects::meta::split_key(&e.pod);
        let pod = ground.get("pods", namespace, name).unwrap_or_default();
        let to = Peer { ip: e.ip.clone(), ..Peer::of_pod(ground, &pod) };
        let of = |namespace: &str| ground.list("networkpolicies.networking.k8s.io", namespace);
        let leaves = from.pod.is_empty()
            || policy::leaving(&of(&from.namespace), from, &to, e.port, protocol).passes();
        if !leaves || !policy::entering(&of(namespace), from, &to, e.port, protocol).passes() {
            return Err(Fault::TimedOut);
        }
    }
    ground.takes(e)
}

/// A controller that acts, and one of its ready pods.
fn controller_of<G: Ground>(ground: &G, fits: &dyn Fn(&Controller) -> bool) -> Option<(Controller, Value)> {
    ground.controllers().into_iter().find(|(c, pod)| fits(c) && pod.condition_true("Ready"))
}

/// Who sends requests to an Ingress: what each of them carries, how many there are a second (in thousandths), and of how
/// many clients.
#[derive(Clone, Copy, Debug, Default)]
pub struct Crowd {
    pub body_bytes: i64,
    pub milli_rate: i64,
    pub clients: i64,
}

/// The way of requests to an Ingress: to one of its paths, or (`""`) to all of them alike.
pub fn through_ingress<G: Ground>(
    ground: &mut G,
    namespace: &str,
    name: &str,
    path: &str,
    crowd: Crowd,
) -> Flow {
    let Some(ingress) = ground.get("ingresses.networking.k8s.io", namespace, name) else {
        return Flow::all_lost(Outcome::Failed(Fault::NoName));
    };
    let Some((controller, pod)) = controller_of(ground, &|c| c.serves(ground, &ingress)) else {
        // Nobody gave it an address.
        return Flow::all_lost(Outcome::Failed(Fault::NoName));
    };
    if controller.kind == Kind::Nginx {
        if let Some(status) = gate::status_of_all(ground, &ingress, crowd.body_bytes, INTERNET_IP) {
            return Flow::all_lost(Outcome::Http(status));
        }
        let most = gate::rate_of(&ingress).map(|milli| milli.saturating_mul(crowd.clients.max(1)));
        if let Some(most) = most.filter(|most| *most < crowd.milli_rate) {
            let taken = WHOLE * most / crowd.milli_rate;
            let mut flow = Flow::default();
            flow.add(&past_the_gate(ground, &controller, &pod, &ingress, path), taken);
            flow.lose(Outcome::Http(503), WHOLE - taken);
            return flow;
        }
    }
    past_the_gate(ground, &controller, &pod, &ingress, path)
}

fn past_the_gate<G: Ground>(
    ground: &mut G,
    controller: &Controller,
    pod: &Value,
    ingress: &Value,
    path: &str,
) -> Flow {
    let namespace = ingress.namespace();
    let from = Peer::of_pod(ground, pod);
    let mut chosen: Vec<(Str, Str, Value)> = Vec::new();
    for rule in ingress["spec"]["rules"].items() {
        for p in rule["http"]["paths"].items() {
            if path.is_empty() || p["path"] == path {
                chosen.push((rule["host"].to_str(), p["path"].to_str(), p["backend"]["service"].clone()));
            }
        }
    }
    if chosen.is_empty() && !ingress["spec"]["defaultBackend"].is_null() {
        chosen.push((Str::default(), Str::default(), ingress["spec"]["defaultBackend"]["service"].clone()));
    }
    if chosen.is_empty() {
        return Flow::all_lost(Outcome::Http(404));
    }
    let canaries: Vec<Value> = if controller.kind == Kind::Nginx {
        let all = ground.list("ingresses.networking.k8s.io", namespace);
        all.into_iter().filter(|i| is_on(i, "canary") && controller.serves(ground, i)).collect()
    } else {
        Vec::new()
    };
    let mut flow = Flow::default();
    for (n, (host, path, backend)) in chosen.iter().enumerate() {
        let part = dealt(WHOLE, chosen.len(), n);
        let canary = canaries.iter().find_map(|c| {
            let rule = c["spec"]["rules"].items().iter().find(|r| r["host"] == host.as_str())?;
            let p = rule["http"]["paths"].items().iter().find(|p| p["path"] == path.as_str())?;
            Some((c, &p["backend"]["service"]))
        });
        let mut left = part;
        if let Some((c, other)) = canary {
            let (weight, total) = canary_weight(c);
            let taken = part * weight / total;
            left -= taken;
            flow.add(&behind(ground, &from, namespace, other), taken);
        }
        flow.add(&behind(ground, &from, namespace, backend), left);
    }
    flow
}

/// The weight of a canary, and what it is out of.
pub(crate) fn canary_weight(canary: &Value) -> (i64, i64) {
    let number = |name: &str| annotation(canary, name).and_then(|t| t.parse::<i64>().ok());
    let total = number("canary-weight-total").unwrap_or(100).clamp(1, 1_000_000);
    (number("canary-weight").unwrap_or(0).clamp(0, total), total)
}

/// The way of requests to an HTTPRoute: to all of its rules alike, in each by the weights of its backends.
pub fn through_route<G: Ground>(ground: &mut G, namespace: &str, name: &str) -> Flow {
    let Some(route) = ground.get(&gateway::resource("httproutes"), namespace, name) else {
        return Flow::all_lost(Outcome::Failed(Fault::NoName));
    };
    let labels = ground.get("namespaces", "", namespace).unwrap_or_default().labels().clone();
    let taken = route["spec"]["parentRefs"].items().iter().any(|p| {
        let gateway = gateway::parent_key(&route, p).and_then(|key| {
            let (namespace, name) = objects::meta::split_key(&key);
            ground.get(&gateway::resource("gateways"), namespace, name)
        });
        gateway::accepted(&route, p, gateway.as_ref(), &labels).is_ok()
    });
    let Some((_, pod)) = controller_of(ground, &|c| c.gateways) else {
        return Flow::all_lost(Outcome::Failed(Fault::NoName));
    };
    let rules = route["spec"]["rules"].items();
    if !taken || rules.is_empty() {
        return Flow::all_lost(Outcome::Http(404));
    }
    let from = Peer::of_pod(ground, &pod);
    let mut flow = Flow::default();
    for (n, rule) in rules.iter().enumerate() {
        let part = dealt(WHOLE, rules.len(), n);
        let backends = rule["backendRefs"].items();
        let total: i64 = backends.iter().map(gateway::weight).sum();
        if total == 0 {
            let redirects = rule["filters"].items().iter().any(|f| f["type"] == "RequestRedirect");
            if !redirects {
                flow.lose(Outcome::Http(500), part);
            }
            continue;
        }
        for b in backends {
            let at = b["namespace"].as_str().unwrap_or(namespace);
            if ground.get("services", at, b["name"].text()).is_none() {
                flow.lose(Outcome::Http(500), part * gateway::weight(b) / total);
                continue;
            }
            let to = objects::value!({"name": (b["name"].clone()), "port": {"number": (b["port"].clone())}});
            flow.add(&behind(ground, &from, at, &to), part * gateway::weight(b) / total);
        }
    }
    flow
}

/// From a controller's pod to the endpoints of a Service. One that refuses is passed over for the next.
fn behind<G: Ground>(ground: &mut G, from: &Peer, namespace: &str, backend: &Value) -> Flow {
    let key = Str::from(format!("{namespace}/{}", backend["name"].text()));
    let unavailable = || Flow::all_lost(Outcome::Http(503));
    let Some(rules) = ground.proxy(&from.node).and_then(|p| p.rules(&key)) else { return unavailable() };
    let port = &backend["port"];
    let fits = |p: &&crate::kube_proxy::ServicePort| match port["name"].as_str() {
        Some(name) => p.name == name,
        None => p.port == port["number"].int(),
    };
    let Some(p) = rules.ports.iter().find(fits) else { return unavailable() };
    let ready: Vec<&Endpoint> = p.endpoints.iter().filter(|e| e.ready).collect();
    if ready.is_empty() {
        return unavailable();
    }
    let mut flow = Flow::default();
    let mut taking = Vec::new();
    let mut refused = 0;
    for (n, e) in ready.iter().enumerate() {
        let part = dealt(WHOLE, ready.len(), n);
        match arrives(ground, Some(from), e, &p.protocol) {
            Ok(()) => taking.push((*e, part)),
            Err(Fault::Refused) => refused += part,
            Err(_) => flow.lose(Outcome::Http(504), part),
        }
    }
    if taking.is_empty() {
        flow.lose(Outcome::Http(502), refused);
    }
    let of = taking.len();
    for (n, (e, part)) in taking.into_iter().enumerate() {
        flow.reach(e, part + dealt(refused, of, n));
    }
    flow
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(n: usize) -> Endpoint {
        Endpoint {
            ip: format!("10.244.0.{n}").into(),
            port: 80,
            pod: format!("default/web-{n}").into(),
            node: "a".into(),
            ready: true,
            serving: true,
            terminating: false,
            zones: Vec::new(),
            nodes: Vec::new(),
        }
    }

    #[test]
    fn clients_stay_where_they_are() {
        let all: Vec<Endpoint> = (1..=4).map(endpoint).collect();
        let (two, four): (Vec<&Endpoint>, Vec<&Endpoint>) = (all[..2].iter().collect(), all.iter().collect());
        let key = Str::from("default/web");
        let mut many = Sticky::default();
        assert_eq!(many.parts(&key, &two, 1_000), [500_000, 500_000]);
        // Two more endpoints get nobody: the clients have theirs.
        assert_eq!(many.parts(&key, &four, 1_000), [500_000, 500_000, 0, 0]);
        // Those of a lost endpoint are dealt out again.
        let left: Vec<&Endpoint> = all[1..].iter().collect();
        assert_eq!(many.parts(&key, &left, 1_000).iter().sum::<i64>(), WHOLE);
        let mut one = Sticky::default();
        assert_eq!(one.parts(&key, &two, 1), [WHOLE, 0]);
        assert_eq!(one.parts(&key, &[&all[1]], 1), [WHOLE]);
    }

    #[test]
    fn parts_make_the_whole() {
        for of in 1..40 {
            assert_eq!((0..of).map(|n| dealt(WHOLE, of, n)).sum::<i64>(), WHOLE);
        }
    }
}
