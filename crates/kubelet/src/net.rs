//! A node's containers and the network: what they ask of it, and what they answer to others.
//!
//! Owns: the requests that wait to be carried out, and the answers at pod addresses of this node.
//! Does not own: names, services, the way between nodes (the cluster's).

use clock::Time;
use containers::net::{HttpRequest, HttpResponse, NetAnswer, NetRequest};
use objects::{Str, Value};
use ordered::Sort as _;

use crate::container::Container;
use crate::pod_worker::PodWorker;
use crate::{Depot, Kubelet, machines, node_status, server};

/// A request of a process, to be carried out by the cluster.
#[derive(Clone, Debug)]
pub struct NetCall {
    /// `namespace/name` of the pod that asks.
    pub pod: Str,
    pub container: usize,
    pub start: u32,
    pub id: u32,
    /// The pod's address.
    pub source: Str,
    pub request: NetRequest,
}

/// What a connection to an address on this node found.
#[derive(Clone, Debug, PartialEq)]
pub enum Served<T> {
    /// Nobody has the address.
    NoHost,
    /// Nobody listens on the port.
    Refused,
    /// Somebody listens and does not speak what was spoken.
    Reset,
    /// Somebody listens and hangs: the connection is taken, nothing comes back.
    Silent,
    Answer(T),
}

impl Kubelet {
    /// What processes have asked of the network since the last call.
    pub fn take_calls(&mut self) -> Vec<NetCall> {
        std::mem::take(&mut self.calls)
    }

    /// Hands a process the network's answer.
    pub fn answer(&mut self, call: &NetCall, answer: NetAnswer, now: Time) {
        let Some(c) = self.pods.get_mut(&call.pod).and_then(|w| w.containers.get_mut(call.container)) else {
            return;
        };
        if c.starts != call.start {
            return;
        }
        if let Some(inside) = c.live_mut() {
            inside.answer_net(call.id, answer);
            self.poke(&call.pod.clone(), call.container, now);
        }
    }

    /// The pods that have an address: one, or all on the node's own network.
    fn pods_at(&self, ip: &str) -> Vec<Str> {
        if ip == self.host_ip() {
            let on_host = self.pods.iter().filter(|(_, w)| w.pod["spec"]["hostNetwork"].is_true());
            return on_host.map(|(k, _)| k.clone()).collect();
        }
        self.pod_at(ip).cloned().into_iter().collect()
    }

    /// An HTTP request to an address of this node.
    pub fn serve_http(
        &mut self,
        ip: &str,
        port: i64,
        request: &HttpRequest,
        now: Time,
    ) -> Served<HttpResponse> {
        let own = if ip == self.host_ip() { server::answer(self.node(), port, request) } else { None };
        if let Some(response) = own {
            return Served::Answer(response);
        }
        self.serve_at(ip, port, now, |inside, world| inside.serve(world, port as u16, request))
    }

    /// Bytes to an address of this node.
    pub fn serve_tcp(&mut self, ip: &str, port: i64, data: &[u8], now: Time) -> Served<Vec<u8>> {
        self.serve_at(ip, port, now, |inside, world| inside.serve_tcp(world, port as u16, data))
    }

    fn serve_at<T>(
        &mut self,
        ip: &str,
        port: i64,
        now: Time,
        mut f: impl FnMut(&mut containers::container::Container, &mut containers::machine::World<'_>) -> Option<T>,
    ) -> Served<T> {
        let pods = self.pods_at(ip);
        if pods.is_empty() {
            return if ip == self.host_ip() { Served::Refused } else { Served::NoHost };
        }
        for key in pods {
            if self.hangs(&key, port, now) {
                return Served::Silent;
            }
            match self.serve_in_pod(&key, port, now, &mut f) {
                Some(Some(answer)) => return Served::Answer(answer),
                Some(None) => return Served::Reset,
                None => {}
            }
        }
        Served::Refused
    }

    /// Writes a line into the log of the container that listens on a port of a pod.
    pub fn write_log(&mut self, pod: &str, port: i64, text: &str, now: Time) {
        let (Some(worker), Ok(port)) = (self.pods.get_mut(pod), u16::try_from(port)) else { return };
        for inside in worker.containers.iter_mut().filter_map(Container::live_mut) {
            if inside.ports().contains(&port) {
                inside.write_log(now, text);
                return;
            }
        }
    }

    /// Whether the container that listens on a port of a pod hangs.
    #[must_use]
    pub fn hangs(&self, pod: &str, port: i64, now: Time) -> bool {
        let (Some(worker), Ok(port)) = (self.pods.get(pod), u16::try_from(port)) else { return false };
        let hung = |c: &&Container| c.hung && machines::takes(c, &self.depot, port, now) != Some(false);
        worker.containers.iter().any(|c| hung(&c))
    }

    /// Who listens at an address of this node: pod (`""`: the kubelet itself), container and program, if anybody does on
    /// `port`; all ports listened on there; whether anything runs there at all.
    pub fn listening(&mut self, ip: &str, port: i64, now: Time) -> (Option<(Str, Str, Str)>, Vec<u16>, bool) {
        let (mut open, mut ports, mut runs) = (None, Vec::new(), false);
        if ip == self.host_ip() {
            (ports, runs) = (server::PORTS.to_vec(), true);
            let own = u16::try_from(port).is_ok_and(|p| ports.contains(&p));
            let name = Str::new_static(server::PROGRAM);
            open = own.then(|| (Str::default(), name.clone(), name));
        }
        for key in self.pods_at(ip) {
            for i in 0..self.pods.get(&key).map_or(0, |w| w.containers.len()) {
                let Some(worker) = self.pods.get_mut(&key) else { continue };
                if !worker.containers[i].is_running() {
                    continue;
                }
                runs = true;
                let Some(inside) = machines::wake(worker, i, &mut self.depot, &self.facts, now) else {
                    continue;
                };
                let own = inside.ports();
                if open.is_none() && u16::try_from(port).is_ok_and(|p| own.contains(&p)) {
                    let program = inside.machine().processes().next().and_then(|p| p.argv.first().cloned());
                    let program = program.as_deref().map_or("", |p| p.rsplit('/').next().unwrap_or(p));
                    let program = program.trim_end_matches(':');
                    let name = Str::from(worker.containers[i].name());
                    open = Some((key.clone(), name, program.into()));
                }
                ports.extend(own);
            }
        }
        ports.arrange();
        ports.dedup();
        (open, ports, runs)
    }

    /// Whether a pod (`namespace/name`) of this node takes connections to a port now; `None` where only
    /// [`Kubelet::listening`] can tell. Wakes nobody.
    #[must_use]
    pub fn takes(&self, pod: &str, port: i64, depot: &Depot, now: Time) -> Option<bool> {
        let (Some(worker), Ok(port)) = (self.pods.get(pod), u16::try_from(port)) else { return Some(false) };
        let mut answer = Some(false);
        for c in &worker.containers {
            match machines::takes(c, depot, port, now) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => answer = None,
            }
        }
        answer
    }

    /// The pod of this node with a network of its own that asks for a port of the node, and its port behind it.
    #[must_use]
    pub fn host_port(&self, port: i64, protocol: &str) -> Option<(&Str, i64)> {
        let here = |w: &PodWorker| {
            !w.pod["spec"]["hostNetwork"].is_true() && w.containers.iter().any(|c| c.is_running())
        };
        self.pods.iter().filter(|(_, w)| here(w)).find_map(|(key, w)| {
            let fits = |q: &&Value| {
                q["hostPort"].int() == port && q["protocol"].as_str().unwrap_or("TCP") == protocol
            };
            let to =
                w.pod["spec"]["containers"].items().iter().flat_map(|c| c["ports"].items()).find(fits)?;
            Some((key, to["containerPort"].int()))
        })
    }

    /// `/etc/hosts`, `/etc/resolv.conf` and the host name as a container of this node sees them; what the kubelet
    /// would write when the container has no machine yet.
    #[must_use]
    pub fn name_files(&self, pod: &str, container: usize) -> Option<(String, String, String)> {
        let worker = self.pods.get(pod)?;
        let live = worker.containers.get(container).and_then(|c| c.live());
        let Some(inside) = live else { return Some(machines::name_files(worker)) };
        let read = |path: &str| {
            let bytes = inside.machine().fs.tree.file(path).unwrap_or_default();
            String::from_utf8_lossy(bytes).into_owned()
        };
        Some((read("/etc/hosts"), read("/etc/resolv.conf"), inside.machine().hostname.clone()))
    }

    /// `namespace/name` of the pod that has an address of its own on this node.
    #[must_use]
    pub fn pod_at(&self, ip: &str) -> Option<&Str> {
        self.addresses.get(&node_status::pod_number(self.config.index, ip)?)
    }

    /// The node's number.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.config.index
    }

    /// Whether a pod of this node has the address.
    #[must_use]
    pub fn has_address(&self, ip: &str) -> bool {
        ip == self.host_ip() || self.pod_at(ip).is_some()
    }
}
