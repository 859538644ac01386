//! Requests under way: who asked, when the answer arrives, and the paths they took.
//!
//! Owns: requests between their sending and their answer, the kept paths, the index from an
//! address to its kubelet. Does not own: the way itself (`network::walk`), what a server answers (its container).
//! Not modelled: packets, bandwidth; a request is carried as a whole.

mod access_log;
mod api;
mod ground;
mod kubectl_proxy;
mod outside;
mod perform;
mod proxy;
mod sample;

use std::sync::Arc;

use clock::Millis;
use containers::net::{NetAnswer, NetError, NetRequest};
use kubelet::NetCall;
use network::kube_proxy::Rules;
use network::kube_proxy::choice::Turns;
use network::{Files, Journal, Path, Source};
use objects::Str;
use ordered::BTreeMap;

use crate::event_loop::Due;
use crate::journal::Input;
use crate::{Cluster, Fault, NodeFault};
pub(crate) use kubectl_proxy::ApiProxy;
use perform::Done;

/// From a request to the first hop that decides something: half a round trip, rounded up.
const SENDING_MS: Millis = 1;
/// How long a connection to nowhere is tried: Linux sends its first packet seven times.
const CONNECT_TIMEOUT_MS: Millis = 127_000;
/// How long a resolver asks: two servers' worth of five seconds, as `nslookup` and libc do by default.
const DNS_TIMEOUT_MS: Millis = 10_000;
/// Services whose endpoints are remembered for controllers.
const BACKENDS_MAX: usize = 256;
/// Requests from outside that may wait for an answer.
const ASKED_MAX: usize = 1_000;

/// The network's own state. Plain data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Net {
    flights: BTreeMap<u64, Flight>,
    next: u64,
    /// Answers for those outside who have not fetched them yet.
    answers: BTreeMap<u64, NetAnswer>,
    pub(crate) turns: Turns,
    paths: Journal,
    /// By the number of the node: the part that is its kubelet.
    pub(crate) kubelets: BTreeMap<u32, usize>,
    /// By node: the part that is its kubelet.
    pub(crate) kubelet_of: BTreeMap<Str, usize>,
    /// By node: the part that is its kube-proxy.
    pub(crate) proxies: BTreeMap<Str, usize>,
    /// What was last made of Services that controllers send to, and of which versions of them and their slices.
    backends: BTreeMap<Str, (Vec<Str>, Arc<Rules>)>,
}

/// One request under way.
#[derive(Clone, Debug)]
struct Flight {
    asker: Asker,
    source: Source,
    request: NetRequest,
    files: Files,
    /// What came back, waiting for its time.
    answer: Option<NetAnswer>,
}

#[derive(Clone, Debug)]
enum Asker {
    /// A process of a pod, by the part that is its kubelet.
    Process(usize, Box<NetCall>),
    /// Somebody outside who will fetch the answer.
    Outside,
}

impl Net {
    /// Keeps a way that was taken, under the number it returns.
    pub(crate) fn keep_path(&mut self, path: Path) -> u64 {
        self.paths.keep(path)
    }
}

impl Cluster {
    /// Sends what processes ask on its way.
    pub(crate) fn send_calls(&mut self, part: usize, calls: Vec<NetCall>) {
        self.begin_programs(part);
        for call in calls {
            let (source, files) = self.seat(part, &call.pod, call.container, &call.source);
            let request = call.request.clone();
            self.send(Flight {
                asker: Asker::Process(part, Box::new(call)),
                source,
                request,
                files,
                answer: None,
            });
        }
    }

    fn send(&mut self, flight: Flight) -> u64 {
        let id = self.net.next;
        self.net.next += 1;
        self.net.flights.insert(id, flight);
        self.due.set(self.now + SENDING_MS, Due::Net(id));
        id
    }

    /// A request from outside the cluster: the learner's machine, or the internet. Its number is for
    /// [`Cluster::asked`]. `files` are those of the machine that asks.
    pub fn send_from(&mut self, source: Source, request: NetRequest, files: Files) -> u64 {
        self.note(|| Input::Ask(Box::new((source.clone(), request.clone(), files.clone()))));
        while self.net.answers.len() >= ASKED_MAX {
            self.net.answers.pop_first();
        }
        self.send(Flight { asker: Asker::Outside, source, request, files, answer: None })
    }

    /// A request that a pod (`namespace/name`) makes of itself, for somebody outside; as [`Cluster::send_from`].
    pub fn send_as(&mut self, pod: &str, request: NetRequest) -> u64 {
        let (source, files) = self.place(pod).unwrap_or((Source::Learner, Files::default()));
        self.send_from(source, request, files)
    }

    /// The answer to a request from outside, once it has come. It is handed out once.
    pub fn asked(&mut self, id: u64) -> Option<NetAnswer> {
        self.net.answers.remove(&id)
    }

    /// Where a process of a pod stands: its place in the network and its files of names.
    fn seat(&self, part: usize, pod: &str, container: usize, ip: &Str) -> (Source, Files) {
        let Some(k) = self.parts.get(part).and_then(crate::part::Part::kubelet) else {
            return (Source::Learner, Files::default());
        };
        let node = Str::from(k.node());
        let (hosts, resolv, hostname) = k.name_files(pod, container).unwrap_or_default();
        let files = Files { hosts: hosts.into(), resolv: resolv.into(), hostname: hostname.into() };
        if pod.is_empty() {
            return (Source::Node { name: node, ip: k.host_ip() }, files);
        }
        let host_ip = k.host_ip();
        let ip = if ip.is_empty() { host_ip.clone() } else { ip.clone() };
        let host_network = ip == host_ip;
        (Source::Pod { key: pod.into(), ip, node, host_network }, files)
    }

    /// A request has reached the network, or its answer whoever asked.
    pub(crate) fn carry(&mut self, id: u64) {
        let Some(mut flight) = self.net.flights.remove(&id) else { return };
        if let Some(answer) = flight.answer.take() {
            self.hand_over(id, flight.asker, answer);
            return;
        }
        let Done { answer, took_ms, path } = self.perform(&flight.source, &flight.request, &flight.files);
        self.net.keep_path(path);
        flight.answer = Some(answer);
        self.net.flights.insert(id, flight);
        self.due.set(self.now + (took_ms - SENDING_MS).max(1), Due::Net(id));
    }

    fn hand_over(&mut self, id: u64, asker: Asker, answer: NetAnswer) {
        match asker {
            Asker::Process(part, call) => {
                self.with_kubelet(part, |k, now| k.answer(&call, answer, now));
            }
            Asker::Outside => {
                self.net.answers.insert(id, answer);
            }
        }
    }

    /// One request and its answer at this instant, as a pod (`namespace/name`) would make it; of a name that is no pod,
    /// as a program on the first node that runs a kubelet would. For who looks: on a copy of the cluster.
    pub fn ask(&mut self, pod: &str, request: NetRequest) -> NetAnswer {
        self.ask_with_path(pod, request).0
    }

    /// The same with the way it took.
    pub fn ask_with_path(&mut self, pod: &str, request: NetRequest) -> (NetAnswer, Path) {
        let Some((source, files)) = self.place(pod) else {
            let path = Path::new(self.now, Source::Internet, "");
            return (NetAnswer::Failed { address: None, error: NetError::Unreachable }, path);
        };
        let done = self.perform(&source, &request, &files);
        (done.answer, done.path)
    }

    /// Where a pod stands, or else a program on the first node that runs a kubelet.
    pub(crate) fn place(&self, pod: &str) -> Option<(Source, Files)> {
        let (namespace, name) = objects::meta::split_key(pod);
        let found = self.object("pods", namespace, name);
        let node = found.map(|p| p["spec"]["nodeName"].to_str()).unwrap_or_default();
        let ip = found.map(|p| p["status"]["podIP"].to_str()).unwrap_or_default();
        let at = |wanted: &str| {
            self.parts
                .iter()
                .position(|p| p.kubelet().is_some_and(|k| wanted.is_empty() || k.node() == wanted))
        };
        let part = at(&node).or_else(|| at(""))?;
        let (source, mut files) = self.seat(part, if ip.is_empty() { "" } else { pod }, 0, &ip);
        if ip.is_empty() {
            // Nobody's files: names are those a pod of the namespace would know.
            files.resolv = format!(
                "search {namespace}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
            )
            .into();
        }
        Some((source, files))
    }

    /// The same for somebody outside, at once.
    pub fn ask_from(&mut self, source: &Source, request: &NetRequest, files: &Files) -> (NetAnswer, Path) {
        let done = self.perform(source, request, files);
        (done.answer, done.path)
    }

    /// The last requests and the ways they took, oldest first.
    #[must_use]
    pub fn paths(&self) -> &Journal {
        &self.net.paths
    }

    /// Cuts a node's wires, or joins them: no packet passes, and what runs on it hears of nothing.
    pub fn cut_off(&mut self, node: &str, cut: bool) {
        let fault =
            if cut { Fault::Node(node.into(), NodeFault::CutOff) } else { Fault::RestoreNode(node.into()) };
        // Of a node that does not exist there are no wires.
        let _ = self.inject(fault);
    }

    /// Whether a node's wires are cut.
    #[must_use]
    pub fn is_cut_off(&self, node: &str) -> bool {
        self.node_fault(node) == Some(NodeFault::CutOff)
    }

    /// Remembers where a new part stands in the network.
    pub(crate) fn join_network(&mut self, id: usize) {
        if let Some(k) = self.parts[id].kubelet() {
            self.net.kubelets.insert(k.index(), id);
            self.net.kubelet_of.insert(k.node().into(), id);
        }
        if let Some(p) = self.parts[id].kube_proxy() {
            self.net.proxies.insert(p.node().into(), id);
        }
    }
}
