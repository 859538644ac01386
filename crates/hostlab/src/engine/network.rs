//! Networks of the engine: addresses, names, and the way from one container to another or to a published port.
//!
//! Names resolve on networks that somebody made, not on the default bridge, as in docker. The world outside is not there.

use clock::Time;
use containers::net::{
    DnsData, DnsRecord, Forward, HttpRequest, HttpResponse, NetAnswer, NetError, NetRequest,
};

use super::Engine;
use containers::machine::World;

/// Reverse proxies behind reverse proxies, at most.
const PASSED_ON_MAX: u32 = 4;

/// One network.
#[derive(Clone, Debug)]
pub struct Network {
    pub id: String,
    pub name: String,
    pub driver: String,
    /// The second octet of its /16: `172.N.0.0`.
    pub(crate) octet: u8,
    pub(crate) next_host: u16,
    pub created: Time,
}

impl Network {
    #[must_use]
    pub fn subnet(&self) -> String {
        format!("172.{}.0.0/16", self.octet)
    }

    #[must_use]
    pub fn gateway(&self) -> String {
        format!("172.{}.0.1", self.octet)
    }

    /// Whether docker made it itself.
    #[must_use]
    pub fn is_predefined(&self) -> bool {
        matches!(self.name.as_str(), "bridge" | "host" | "none")
    }
}

impl Engine {
    pub(crate) fn make_network(&mut self, name: &str, driver: &str) -> String {
        let id = self.fresh_id();
        let octet = (17..=255).find(|n| self.networks.iter().all(|x| x.octet != *n)).unwrap_or(255);
        let octet = if matches!(driver, "host" | "null") { 0 } else { octet };
        let created = self.now;
        self.networks.push(Network {
            id: id.clone(),
            name: name.into(),
            driver: driver.into(),
            octet,
            next_host: 2,
            created,
        });
        id
    }

    pub(crate) fn network(&self, name: &str) -> Option<usize> {
        self.networks
            .iter()
            .position(|n| n.name == name || n.id == name || (name.len() >= 4 && n.id.starts_with(name)))
    }

    /// A free address on a network.
    pub(crate) fn address_on(&mut self, network: usize) -> String {
        let n = &mut self.networks[network];
        if n.octet == 0 {
            return String::new();
        }
        let host = n.next_host;
        n.next_host = n.next_host.wrapping_add(1).max(2);
        format!("172.{}.{}.{}", n.octet, host / 256, host % 256)
    }

    /// The container that has an address.
    fn with_address(&self, ip: &str) -> Option<usize> {
        self.containers.iter().position(|c| c.is_running() && c.networks.iter().any(|(_, a, _)| a == ip))
    }

    /// What a name leads to for a container.
    fn resolve(&self, from: usize, name: &str) -> Option<String> {
        let me = &self.containers[from];
        if name == "localhost" || name == me.hostname() {
            return Some("127.0.0.1".into());
        }
        for (network, own, _) in &me.networks {
            if name == "host.docker.internal" || name == "gateway.docker.internal" {
                let n = self.networks.iter().find(|n| n.name == *network)?;
                return Some(n.gateway());
            }
            let linked = me.links.iter().find(|(alias, _)| alias == name).map(|(_, target)| target.as_str());
            if network == "bridge" && linked.is_none() {
                continue;
            }
            let wanted = linked.unwrap_or(name);
            for c in self.containers.iter().filter(|c| c.is_running()) {
                let on = c.networks.iter().find(|(n, _, _)| n == network);
                if let Some((_, ip, aliases)) = on
                    && (c.name == wanted
                        || c.id.starts_with(wanted) && wanted.len() == 12
                        || aliases.iter().any(|a| a == wanted))
                {
                    return Some(ip.clone());
                }
            }
            let _ = own;
        }
        None
    }

    /// Carries out what a container asks of the network.
    pub(super) fn answer(&mut self, from: usize, request: &NetRequest) -> NetAnswer {
        let failed =
            |address: Option<&str>, error| NetAnswer::Failed { address: address.map(String::from), error };
        let request = request.parts().0;
        let host = match request {
            NetRequest::Resolve { name, .. } => name,
            NetRequest::Http { host, .. }
            | NetRequest::Tcp { host, .. }
            | NetRequest::Udp { host, .. }
            | NetRequest::Ping { host } => host,
            NetRequest::With { .. } => return failed(None, NetError::Unreachable),
        };
        let is_ip = host.split('.').count() == 4 && host.split('.').all(|p| p.parse::<u8>().is_ok());
        let found = if is_ip { Some(host.clone()) } else { self.resolve(from, host.trim_end_matches('.')) };
        let Some(ip) = found else { return failed(None, NetError::NoName) };
        match request {
            NetRequest::Resolve { name, .. } => NetAnswer::Resolved {
                server: "127.0.0.11".into(),
                name: name.clone(),
                records: vec![DnsRecord { name: name.clone(), data: DnsData::A(ip) }],
            },
            NetRequest::Ping { .. } if self.target(from, &ip).is_some() => {
                NetAnswer::Pong { address: ip, ttl: 64 }
            }
            NetRequest::Ping { .. } => failed(Some(&ip), NetError::TimedOut),
            NetRequest::Http { port, request, .. } => {
                let mut request = request.clone();
                request.peer =
                    self.containers[from].networks.first().map_or("127.0.0.1".into(), |n| n.1.clone());
                let served = match self.target(from, &ip) {
                    Some(Some(to)) => self.http_in(to, *port, &request),
                    Some(None) => self.http_at_host(*port, &request),
                    None => return failed(Some(&ip), NetError::TimedOut),
                };
                match served {
                    Some(response) => NetAnswer::Http { address: ip, response },
                    None => failed(Some(&ip), NetError::Refused),
                }
            }
            NetRequest::Udp { .. } | NetRequest::With { .. } => failed(Some(&ip), NetError::TimedOut),
            NetRequest::Tcp { port, data, .. } => {
                let served = match self.target(from, &ip) {
                    Some(Some(to)) => self.tcp_in(to, *port, data),
                    Some(None) => self.tcp_at_host(*port, data),
                    None => return failed(Some(&ip), NetError::TimedOut),
                };
                match served {
                    Some(data) => NetAnswer::Tcp { address: ip, data },
                    None => failed(Some(&ip), NetError::Refused),
                }
            }
        }
    }

    /// Who is behind an address for a container: another container, the host itself (`Some(None)`), or nobody.
    fn target(&self, from: usize, ip: &str) -> Option<Option<usize>> {
        if ip.starts_with("127.") {
            let on_host = self.containers[from].networks.iter().any(|n| n.0 == "host");
            return Some(if on_host { None } else { Some(from) });
        }
        if self.networks.iter().any(|n| n.octet != 0 && n.gateway() == ip) {
            return Some(None);
        }
        let to = self.with_address(ip)?;
        // Only neighbours on one network see each other.
        let shared = |n: &str| self.containers[from].networks.iter().any(|m| m.0 == n);
        self.containers[to].networks.iter().any(|n| n.1 == ip && shared(&n.0)).then_some(Some(to))
    }

    pub(crate) fn http_in(&mut self, i: usize, port: u16, request: &HttpRequest) -> Option<HttpResponse> {
        let now = self.now;
        let mut world = World { now, volumes: &mut self.trees };
        let mut answer = self.containers.get_mut(i)?.inside_mut()?.serve(&mut world, port, request);
        self.touch(i);
        if let Some(forward) = answer.as_mut().and_then(|a| a.forward.take()) {
            return self.passed_on(i, &forward).or(answer);
        }
        answer
    }

    /// What the servers behind a reverse proxy answer.
    fn passed_on(&mut self, from: usize, forward: &Forward) -> Option<HttpResponse> {
        if self.passing >= PASSED_ON_MAX {
            return None;
        }
        self.passing += 1;
        let mut found = None;
        for (host, port) in &forward.servers {
            let request = NetRequest::Http {
                host: host.clone(),
                port: *port,
                tls: false,
                request: forward.request.clone(),
            };
            if let NetAnswer::Http { response, .. } = self.answer(from, &request) {
                found = Some(response);
                break;
            }
        }
        self.passing -= 1;
        found
    }

    pub(crate) fn tcp_in(&mut self, i: usize, port: u16, data: &[u8]) -> Option<Vec<u8>> {
        let now = self.now;
        let mut world = World { now, volumes: &mut self.trees };
        let answer = self.containers.get_mut(i)?.inside_mut()?.serve_tcp(&mut world, port, data);
        self.touch(i);
        answer
    }

    /// The container and port behind a port of the host.
    fn published(&self, port: u16) -> Option<(usize, u16)> {
        self.containers.iter().enumerate().filter(|(_, c)| c.is_running()).find_map(|(i, c)| {
            if c.networks.iter().any(|n| n.0 == "host") {
                return c.listens(port).then_some((i, port));
            }
            c.ports.iter().find(|p| p.host == port).map(|p| (i, p.container))
        })
    }

    /// Whether somebody publishes this port of the host.
    #[must_use]
    pub fn publishes(&self, port: u16) -> bool {
        self.published(port).is_some()
    }

    /// An HTTP request to a port of the host; `None`: nobody is there.
    pub fn http_at_host(&mut self, port: u16, request: &HttpRequest) -> Option<HttpResponse> {
        let (i, inner) = self.published(port)?;
        let mut request = request.clone();
        request.peer = self.containers[i]
            .networks
            .first()
            .and_then(|n| self.networks.iter().find(|x| x.name == n.0))
            .map_or("172.17.0.1".into(), Network::gateway);
        self.http_in(i, inner, &request)
    }

    /// Bytes to a port of the host; `None`: nobody is there.
    pub fn tcp_at_host(&mut self, port: u16, data: &[u8]) -> Option<Vec<u8>> {
        let (i, inner) = self.published(port)?;
        self.tcp_in(i, inner, data)
    }
}
