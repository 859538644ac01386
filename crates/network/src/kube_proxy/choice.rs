//! Which endpoint a connection gets: who may be chosen, and whose turn it is.
//!
//! Models `pkg/proxy/topology.go` (CategorizeEndpoints) and session affinity. The choice is round robin over all
//! connections of the cluster, so that a reader sees each endpoint in turn; upstream's iptables mode draws by lot.

use clock::Time;
use objects::Str;
use ordered::BTreeMap;

use super::rules::{Endpoint, Rules, ServicePort};

/// How many clients' affinities are remembered.
const CLIENTS_MAX: usize = 4096;

/// Where the asking node is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Here<'a> {
    pub node: &'a str,
    pub zone: &'a str,
}

/// How one was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Turn,
    Sticky,
    /// Only terminating endpoints are left.
    Terminating,
}

/// The endpoints a connection from `here` may get (`local_only`: those of its node), and whether they are terminating ones.
#[must_use]
pub fn candidates<'a>(port: &'a ServicePort, local_only: bool, here: Here<'_>) -> (Vec<&'a Endpoint>, bool) {
    let of = |keep: &dyn Fn(&Endpoint) -> bool| -> Vec<&'a Endpoint> {
        port.endpoints.iter().filter(|e| (!local_only || e.node == here.node) && keep(e)).collect()
    };
    let ready = of(&|e| e.ready);
    if !ready.is_empty() {
        let near = if local_only { ready.clone() } else { nearest(&ready, here) };
        return (if near.is_empty() { ready } else { near }, false);
    }
    let last = of(&|e| e.serving && e.terminating);
    let any = !last.is_empty();
    (last, any)
}

/// Those meant for this node or zone. Hints count only when every endpoint has one and some fit.
fn nearest<'a>(ready: &[&'a Endpoint], here: Here<'_>) -> Vec<&'a Endpoint> {
    let pick = |hints: fn(&Endpoint) -> &Vec<Str>, own: &str| -> Vec<&'a Endpoint> {
        if own.is_empty() || ready.iter().any(|e| hints(e).is_empty()) {
            return Vec::new();
        }
        ready.iter().filter(|e| hints(e).iter().any(|h| h == own)).copied().collect()
    };
    let by_node = pick(|e| &e.nodes, here.node);
    if by_node.is_empty() { pick(|e| &e.zones, here.zone) } else { by_node }
}

/// Whose turn it is at each Service port, and which client stays with whom. Plain data, one for the whole cluster.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    /// By service and port: the endpoint chosen last.
    last: BTreeMap<(Str, i64), (u32, i64)>,
    /// By service, port, node and client: its endpoint and when it last came. Each node remembers its own.
    clients: BTreeMap<(Str, i64, Str, Str), (Str, Time)>,
    /// By load balancer or other list: how many it has had.
    counters: BTreeMap<Str, u64>,
    /// By limit and client: by how many thousandths of a request it is ahead of its rate, and when it last came.
    ahead: BTreeMap<Str, (i64, Time)>,
}

impl Turns {
    /// One of `from`, by the rules of a node. `None` when it is empty.
    pub fn choose<'a>(
        &mut self,
        rules: &Rules,
        port: &ServicePort,
        from: &[&'a Endpoint],
        node: &str,
        client: &str,
        now: Time,
    ) -> Option<(&'a Endpoint, How)> {
        let number = (port.port << 1) | i64::from(port.protocol == "UDP");
        let sticky = (rules.affinity_ms > 0)
            .then(|| (rules.service.clone(), number, Str::from(node), Str::from(client)));
        if let Some((ip, last)) = sticky.as_ref().and_then(|s| self.clients.get_mut(s))
            && now.since(*last) < rules.affinity_ms
            && let Some(e) = from.iter().find(|e| e.ip == *ip)
        {
            *last = now;
            return Some((e, How::Sticky));
        }
        let place = (rules.service.clone(), number);
        let number = |e: &Endpoint| (crate::address::v4(&e.ip).unwrap_or(0), e.port);
        let last = self.last.get(&place).copied();
        let chosen = from.iter().find(|e| last.is_none_or(|l| number(e) > l)).or(from.first())?;
        self.last.insert(place, number(chosen));
        if let Some(sticky) = sticky {
            if self.clients.len() >= CLIENTS_MAX {
                self.clients.retain(|_, (_, last)| now.since(*last) < rules.affinity_ms);
                if self.clients.len() >= CLIENTS_MAX {
                    self.clients.pop_first();
                }
            }
            self.clients.insert(sticky, (chosen.ip.clone(), now));
        }
        Some((chosen, How::Turn))
    }

    /// Whether a request keeps to a rate (thousandths of a request a second), at most `burst` requests ahead of it: nginx's
    /// `limit_req` without a delay.
    pub fn take(&mut self, zone: &str, milli_rate: i64, burst: i64, now: Time) -> bool {
        let since = self.ahead.get(zone).copied();
        let ahead = since.map_or(0, |(ahead, last)| {
            let gone = now.since(last).saturating_mul(milli_rate) / 1000;
            ahead.saturating_sub(gone).saturating_add(1000).max(0)
        });
        if ahead > burst.saturating_mul(1000) {
            return false;
        }
        if self.ahead.len() >= CLIENTS_MAX && since.is_none() {
            self.ahead.pop_first();
        }
        self.ahead.insert(zone.into(), (ahead, now));
        true
    }

    /// Counts up: the number before. For lists without endpoints of their own (nodes behind a load balancer, weights).
    pub fn next(&mut self, list: &str) -> u64 {
        let n = self.counters.entry(list.into()).or_default();
        let now = *n;
        *n = n.wrapping_add(1);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_lets_a_burst_through_and_then_its_own_pace() {
        let mut turns = Turns::default();
        let mut passed = |at: i64| turns.take("zone", 2000, 4, Time::EPOCH + at);
        assert_eq!((0..8).filter(|_| passed(0)).count(), 5);
        assert_eq!((0..8).filter(|_| passed(1000)).count(), 2);
        assert_eq!((0..8).filter(|_| passed(60_000)).count(), 5);
    }
}
