//! NodePorts: two pods can't take the same port of one node.
//!
//! Models `plugins/nodeports`.

use crate::framework::{Filter, Look, Refusal};
use crate::node_info::{HostPort, NodeInfo};

pub(super) struct NodePorts;

/// Whether one of `these` ports is among `those`.
pub(crate) fn conflict(these: &[HostPort], those: &[HostPort]) -> bool {
    these.iter().any(|a| those.iter().any(|b| a.conflicts(b)))
}

impl Filter for NodePorts {
    fn name(&self) -> &'static str {
        "NodePorts"
    }

    fn is_local(&self) -> bool {
        true
    }

    fn skip(&self, look: &Look<'_>) -> bool {
        look.pod.needs.host_ports.is_empty()
    }

    fn filter(&self, look: &Look<'_>, node: &NodeInfo) -> Result<(), Refusal> {
        let wanted = &look.pod.needs.host_ports;
        if node.with_ports > 0 && node.pods.values().any(|p| conflict(wanted, &p.needs.host_ports)) {
            return Err(Refusal::unschedulable("node(s) didn't have free ports for the requested pod ports"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use objects::{Value, value};

    use super::*;
    use crate::testing::{cluster, named, put, verdict};

    #[test]
    fn a_port_is_taken_by_address_and_protocol() {
        let pod = |ports: Vec<Value>| value!({"spec": {"containers": [{"ports": (ports)}]}});
        let port = |n: i64, protocol: &str, ip: &str| value!({"containerPort": 80, "hostPort": (n), "protocol": (protocol), "hostIP": (ip)});
        let mut c = cluster(vec![named("a")]);
        put(&mut c, "a", "ns/x", &pod(vec![port(80, "TCP", "127.0.0.1"), port(53, "UDP", "")]));
        let table = [
            (port(80, "TCP", "127.0.0.1"), false),
            (port(80, "TCP", "10.0.0.1"), true),
            (port(80, "TCP", ""), false),
            (port(80, "TCP", "0.0.0.0"), false),
            (port(80, "UDP", ""), true),
            (port(81, "TCP", ""), true),
            (port(53, "UDP", "10.0.0.1"), false),
            (port(53, "", ""), true),
        ];
        for (p, fits) in table {
            let want = if fits {
                Ok(())
            } else {
                Err("node(s) didn't have free ports for the requested pod ports".to_owned())
            };
            assert_eq!(verdict(&NodePorts, &c, &pod(vec![p.clone()]), "a"), want, "{p:?}");
        }
        assert_eq!(verdict(&NodePorts, &c, &pod(vec![value!({"containerPort": 80})]), "a"), Ok(()));
    }
}
