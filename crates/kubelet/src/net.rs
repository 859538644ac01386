//! A node's containers and the network: what they ask of it, and what they answer to others.
//!
//! Owns: the requests that wait to be carried out, and the answers at pod addresses of this node.
//! Does not own: names, services, the way between nodes (the cluster's).

use clock::Time;
use containers::net::{HttpRequest, HttpResponse, NetAnswer, NetRequest};
use objects::Str;

use crate::Kubelet;

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
        self.by_ip.get(ip).cloned().into_iter().collect()
    }

    /// An HTTP request to an address of this node.
    pub fn serve_http(
        &mut self,
        ip: &str,
        port: i64,
        request: &HttpRequest,
        now: Time,
    ) -> Served<HttpResponse> {
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
        mut f: impl FnMut(&mut containers::container::Container, &mut crate::depot::World<'_>) -> Option<T>,
    ) -> Served<T> {
        let pods = self.pods_at(ip);
        if pods.is_empty() {
            return if ip == self.host_ip() { Served::Refused } else { Served::NoHost };
        }
        for key in pods {
            match self.serve_in_pod(&key, port, now, &mut f) {
                Some(Some(answer)) => return Served::Answer(answer),
                Some(None) => return Served::Reset,
                None => {}
            }
        }
        Served::Refused
    }

    /// Whether a pod of this node has the address.
    #[must_use]
    pub fn has_address(&self, ip: &str) -> bool {
        ip == self.host_ip() || self.by_ip.contains_key(ip)
    }
}
