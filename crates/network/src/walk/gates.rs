//! The policies on the way of a connection: what lets it out of its pod, and what lets it into the other.

use objects::Str;

use super::{End, Walk};
use crate::ground::Ground;
use crate::path::{Code, Fault, Hop, Stage};
use crate::policy::{self, Peer, Verdict};

impl<G: Ground> Walk<'_, G> {
    /// Whether the policies of the source's namespace let a packet out to an address.
    pub(super) fn leave(&mut self, ip: &str, port: i64, protocol: &str, _why: &str) -> Result<(), Fault> {
        let (from, to) = (self.source_peer(), Peer::of_address(ip));
        self.leave_peer(&from, &to, port, protocol)
    }

    /// The same for the DNS of a cluster that runs none: its pods are imagined as kubeadm makes them.
    pub(super) fn dns_policy(&mut self, server: &str) -> Result<(), Fault> {
        let from = self.source_peer();
        let namespace = "kube-system";
        let labels = self.ground.get("namespaces", "", namespace).unwrap_or_default().labels().clone();
        let to = Peer {
            pod: "kube-system/coredns".into(),
            namespace: namespace.into(),
            labels: objects::value!({"k8s-app": "kube-dns"}),
            namespace_labels: labels,
            ..Peer::of_address(server)
        };
        let before = self.hops.len();
        let passed = self.leave_peer(&from, &to, 53, "UDP");
        if passed.is_ok() {
            self.hops.truncate(before);
        }
        passed
    }

    pub(super) fn leave_peer(
        &mut self,
        from: &Peer,
        to: &Peer,
        port: i64,
        protocol: &str,
    ) -> Result<(), Fault> {
        if from.pod.is_empty() {
            return Ok(());
        }
        let policies = self.ground.list("networkpolicies.networking.k8s.io", &from.namespace);
        match policy::leaving(&policies, from, to, port, protocol) {
            Verdict::Open => {
                self.push(Hop::new(Stage::Policy, Code::NoPolicyOut).fact("pod", from.pod.clone()))
            }
            Verdict::Allowed { policy, .. } => {
                let hop = Hop::new(Stage::Policy, Code::PolicyAllowsOut).fact("policy", policy);
                self.push(hop.fact("pod", from.pod.clone()));
            }
            Verdict::Denied { policies } => {
                let code = if port == 53 { Code::PolicyDeniesDns } else { Code::PolicyDeniesOut };
                let hop = denied(code, &policies, &from.pod, &to.label(), port, protocol);
                let hop = hop.look("NetworkPolicy", &policies[0], "spec.egress");
                return self.fail(hop, Fault::TimedOut);
            }
        }
        Ok(())
    }

    pub(super) fn enter(&mut self, from: &Peer, to: &Peer, end: &End, protocol: &str) -> Result<(), Fault> {
        if to.pod.is_empty() {
            return Ok(());
        }
        let policies = self.ground.list("networkpolicies.networking.k8s.io", &to.namespace);
        match policy::entering(&policies, from, to, end.port, protocol) {
            Verdict::Open => self.push(Hop::new(Stage::Policy, Code::NoPolicyIn).fact("pod", to.pod.clone())),
            Verdict::Allowed { policy, .. } => {
                let hop = Hop::new(Stage::Policy, Code::PolicyAllowsIn).fact("policy", policy);
                self.push(hop.fact("pod", to.pod.clone()));
            }
            Verdict::Denied { policies } => {
                let hop = denied(Code::PolicyDeniesIn, &policies, &to.pod, &from.label(), end.port, protocol);
                let hop = hop.look("NetworkPolicy", &policies[0], "spec.ingress");
                return self.fail(hop, Fault::TimedOut);
            }
        }
        Ok(())
    }
}

fn denied(code: Code, policies: &[Str], pod: &Str, peer: &Str, port: i64, protocol: &str) -> Hop {
    let hop = Hop::failed(Stage::Policy, code).fact("policy", policies.join(", ")).fact("pod", pod.clone());
    hop.fact("peer", peer.clone()).number("port", port).fact("protocol", protocol)
}
