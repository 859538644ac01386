//! The node's own objects: registration, status, lease.
//!
//! Models `pkg/kubelet/kubelet_node_status.go` and `nodestatus`.

use client::{Ctx, EventType};
use clock::Time;
use objects::quantity::{Format, Quantity};
use objects::resources::{LEASES, NODES};
use objects::{Str, Value, value};

use crate::eviction::{MEMORY_THRESHOLD, NODE_DISK_PERCENT};
use crate::{Kubelet, Task, delays};

/// What every node's disk holds.
pub(crate) const DISK: &str = "100Gi";
/// What a container runtime without a network plugin says of itself.
pub(crate) const NO_NETWORK: &str = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";
const LEASE_NAMESPACE: &str = "kube-node-lease";

/// `172.18.0.2` for the first node.
#[must_use]
pub fn host_ip(index: u32) -> Str {
    Str::from(format!("172.18.{}.{}", (index + 2) / 256, (index + 2) % 256))
}

/// Pods' addresses are 10.244.0.0 to 10.255.255.255, of 768 nodes; then they go on at 10.112.0.0, past those of Services.
const PODS_FIRST: u32 = 0x0af4_0000;
const PODS_END: u32 = 0x0b00_0000;
const PODS_MORE: u32 = 0x0a70_0000;
/// A node has four blocks of 256 addresses.
const RANGE_BITS: u32 = 10;

/// The first address of a node's range, as a number: 10.244.0.0 for the first node's.
fn pod_range(index: u32) -> u32 {
    let at = PODS_FIRST + (index << RANGE_BITS);
    if at < PODS_END { at } else { PODS_MORE + (at - PODS_END) }
}

/// The number of the node that an address of a pod is of.
#[must_use]
pub fn node_of_pod(address: u32) -> Option<u32> {
    let places = match address {
        PODS_END.. => return None,
        PODS_FIRST.. => address - PODS_FIRST,
        _ => address.checked_sub(PODS_MORE)? + (PODS_END - PODS_FIRST),
    };
    Some(places >> RANGE_BITS)
}

fn dotted(address: u32) -> String {
    let mut text = String::with_capacity(15);
    for part in address.to_be_bytes() {
        if !text.is_empty() {
            text.push('.');
        }
        for (place, least) in [(100, 100), (10, 10), (1, 0)] {
            if part >= least {
                text.push(char::from(b'0' + part / place % 10));
            }
        }
    }
    text
}

/// The `n`th address of the node's range.
pub(crate) fn pod_ip(index: u32, n: u32) -> Str {
    Str::from(dotted(pod_range(index) + n))
}

/// Which address of the node's range this is.
pub(crate) fn pod_number(index: u32, ip: &str) -> Option<u32> {
    let mut parts = ip.split('.').map(|p| p.parse::<u8>().ok());
    let bytes = [parts.next()??, parts.next()??, parts.next()??, parts.next()??];
    u32::from_be_bytes(bytes).checked_sub(pod_range(index))
}

/// The same in bytes.
pub(crate) fn disk_bytes() -> i64 {
    100 << 30
}

/// What is left of a node's memory and disk for pods: the eviction manager keeps its hard thresholds free.
pub(crate) fn allocatable(memory: &str) -> (Str, Str) {
    let binary = |bytes: i64| Str::from(Quantity::from_units(bytes.max(0), Format::Binary).canonical());
    let memory = Quantity::parse(memory).map_or(0, |q| q.value());
    (binary(memory - MEMORY_THRESHOLD), binary(disk_bytes() - disk_bytes() / 100 * NODE_DISK_PERCENT))
}

impl Kubelet {
    pub(crate) fn boot_id(&self) -> String {
        format!("{:032x}", u64::from(self.config.index + 1) + (u64::from(self.boots) << 32))
    }

    pub(crate) fn register(&mut self, ctx: &mut Ctx<'_>) {
        let c = &self.config;
        let mut labels = value!({
            "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux",
            "kubernetes.io/hostname": (&c.node),
        });
        for (key, text) in &c.labels {
            labels.set(key.clone(), text);
        }
        let cidr = format!("{}/{}", dotted(pod_range(c.index)), 32 - RANGE_BITS);
        let mut spec = value!({"podCIDR": (cidr.as_str()), "podCIDRs": [(cidr.as_str())]});
        if c.control_plane {
            labels.set("node-role.kubernetes.io/control-plane", "");
            labels.set("node.kubernetes.io/exclude-from-external-load-balancers", "");
            let taint = value!({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"});
            spec.set("taints", vec![taint]);
        }
        if !self.network_ready {
            // As `plugin/pkg/admission/nodetaint` does to every new node.
            spec.at_mut(&["taints"])
                .list_mut()
                .push(value!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}));
        }
        let node = value!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {
                "name": (&c.node), "labels": (labels),
                "annotations": {
                    "node.alpha.kubernetes.io/ttl": "0",
                    "volumes.kubernetes.io/controller-managed-attach-detach": "true",
                },
            },
            "spec": (spec),
        });
        match ctx.create(NODES, node) {
            Ok(node) => self.node = node,
            // Registered before: go on with the node that is there.
            Err(_) => self.node = ctx.get(NODES, "", &self.config.node).unwrap_or_default(),
        }
        self.since = ctx.now;
        self.registered |= !self.node.is_null();
        let node = self.node.clone();
        self.recorder.event(ctx, &node, EventType::Normal, "Starting", "Starting kubelet.");
        if !self.network_ready {
            self.tell_beginning(&node, ctx);
        }
        self.report_node(true, ctx);
        self.renew_lease(true, ctx);
    }

    /// What a kubelet says as its machine joins. It works its conditions out once to register and once to start what
    /// manages containers, and each time they are new.
    fn tell_beginning(&mut self, node: &Value, ctx: &mut Ctx<'_>) {
        for _ in 0..2 {
            for reason in ["NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"] {
                let text = format!("Node {} status is now: {reason}", self.config.node);
                self.recorder.event(ctx, node, EventType::Normal, reason, &text);
            }
        }
        self.tell_enforced(ctx);
    }

    /// Every kubelet that starts sets the limit of all its pods together.
    pub(crate) fn tell_enforced(&mut self, ctx: &mut Ctx<'_>) {
        let node = self.node.clone();
        let text = "Updated Node Allocatable limit across pods";
        self.recorder.event(ctx, &node, EventType::Normal, "NodeAllocatableEnforced", text);
    }

    /// The machine joins a cluster whose network agent it does not have yet: until a pod of that runs here no pod but
    /// those of the host's network can.
    pub fn await_network(&mut self) {
        self.network_ready = false;
    }

    /// The network agent has begun: it has put the plugin's configuration in its place.
    pub(crate) fn network_came(&mut self, now: Time) {
        if !std::mem::replace(&mut self.network_ready, true) {
            self.tasks.set(now + delays::REPORT_MS, Task::ReportNode(false));
        }
    }

    pub(crate) fn report_node(&mut self, again: bool, ctx: &mut Ctx<'_>) {
        if self.node.is_null() {
            // Not registered: the API server could not be reached. A kubelet registers once; of a node that was deleted
            // it has nothing to report until it starts again or somebody makes the object.
            if again {
                let task = if self.registered { Task::ReportNode(true) } else { Task::Register };
                let at = self.tasks.set(ctx.now + delays::RETRY_MS, task);
                self.rearm_report(at);
            }
            return;
        }
        let mut node = self.node.clone();
        let mut status = self.node_status(ctx);
        self.tell_volumes(&mut status, ctx);
        node.set("status", status);
        // Unconditional: the kubelet alone writes a node's status.
        node.at_mut(&["metadata"]).remove("resourceVersion");
        let stored = ctx.update_status(NODES, node);
        let wait = if stored.is_ok() { delays::NODE_STATUS_MS } else { delays::RETRY_MS };
        let untold = stored.is_err();
        if let Ok(stored) = stored {
            let before = std::mem::replace(&mut self.node, stored);
            self.tell_changes(&before, ctx);
        }
        // What could not be told is told soon, not with the next report due.
        if again || untold {
            let at = self.tasks.set(ctx.now + wait, Task::ReportNode(true));
            self.rearm_report(at);
        }
    }

    /// Events of conditions that turned.
    fn tell_changes(&mut self, before: &Value, ctx: &mut Ctx<'_>) {
        const TURNS: [(&str, &str, &str); 7] = [
            ("MemoryPressure", "True", "NodeHasInsufficientMemory"),
            ("MemoryPressure", "False", "NodeHasSufficientMemory"),
            ("DiskPressure", "True", "NodeHasDiskPressure"),
            ("DiskPressure", "False", "NodeHasNoDiskPressure"),
            ("PIDPressure", "False", "NodeHasSufficientPID"),
            ("Ready", "True", "NodeReady"),
            ("Ready", "False", "NodeNotReady"),
        ];
        let node = self.node.clone();
        for (kind, status, reason) in TURNS {
            let was = before.condition(kind);
            if !was.is_null() && was["status"] != status && node.condition(kind)["status"] == status {
                let text = format!("Node {} status is now: {reason}", self.config.node);
                self.recorder.event(ctx, &node, EventType::Normal, reason, &text);
            }
        }
    }

    fn node_status(&self, ctx: &Ctx<'_>) -> Value {
        let c = &self.config;
        let now = ctx.now.rfc3339();
        let condition = |kind: &str, status: &str, reason: &str, message: &str| {
            let old = self.node.condition(kind);
            let since = if old["status"] == status {
                old["lastTransitionTime"].clone()
            } else {
                Value::from(now.as_str())
            };
            value!({
                "type": (kind), "status": (status), "reason": (reason), "message": (message),
                "lastHeartbeatTime": (now.as_str()), "lastTransitionTime": (since),
            })
        };
        let conditions = vec![
            if self.pressure.memory.is_some() {
                condition(
                    "MemoryPressure",
                    "True",
                    "KubeletHasInsufficientMemory",
                    "kubelet has insufficient memory available",
                )
            } else {
                condition(
                    "MemoryPressure",
                    "False",
                    "KubeletHasSufficientMemory",
                    "kubelet has sufficient memory available",
                )
            },
            if self.pressure.disk.is_some() {
                condition("DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure")
            } else {
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure")
            },
            condition(
                "PIDPressure",
                "False",
                "KubeletHasSufficientPID",
                "kubelet has sufficient PID available",
            ),
            if self.network_ready {
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
            } else {
                condition("Ready", "False", "KubeletNotReady", NO_NETWORK)
            },
        ];
        let resources = |memory: &str, disk: &str| {
            value!({
                "cpu": (&c.cpu), "memory": (memory), "pods": (c.pods.to_string()),
                "ephemeral-storage": (disk), "hugepages-1Gi": "0", "hugepages-2Mi": "0",
            })
        };
        value!({
            "addresses": [
                {"type": "InternalIP", "address": (host_ip(c.index))},
                {"type": "Hostname", "address": (&c.node)}
            ],
            "allocatable": (resources(&self.facts.allocatable.0, &self.facts.allocatable.1)),
            "capacity": (resources(&c.memory, DISK)),
            "conditions": (conditions),
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "images": (self.images.node_status()),
            "nodeInfo": {
                "architecture": "amd64", "operatingSystem": "linux",
                "kernelVersion": "6.12.0", "osImage": "Wheelhouse simulated node",
                "containerRuntimeVersion": "containerd://2.1.4",
                "kubeletVersion": "v1.36.2", "kubeProxyVersion": "",
                "machineID": (format!("{:032x}", c.index + 1)), "systemUUID": (format!("{:032x}", c.index + 1)),
                "bootID": (self.boot_id()),
            },
        })
    }

    /// Other images are on the node now: told with the next list of them.
    pub(crate) fn images_changed(&mut self, now: Time) {
        if !std::mem::replace(&mut self.images_untold, true) {
            let until = delays::IMAGE_LIST_MS - now.0.rem_euclid(delays::IMAGE_LIST_MS);
            self.tasks.set(now + until, Task::ReportImages);
        }
    }

    fn rearm_report(&mut self, at: clock::TimerId) {
        if let Some(old) = self.report_timer.replace(at) {
            self.tasks.cancel(old);
        }
    }

    pub(crate) fn renew_lease(&mut self, again: bool, ctx: &mut Ctx<'_>) {
        let name = self.config.node.clone();
        let renew = ctx.now.rfc3339_micro();
        let patch = value!({"spec": {"renewTime": (renew.as_str())}});
        let renewed = ctx.patch(LEASES, LEASE_NAMESPACE, &name, "", client::PatchType::Merge, patch).is_ok();
        if !renewed {
            let lease = value!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": {
                    "name": (&name), "namespace": (LEASE_NAMESPACE),
                    "ownerReferences": [
                        {"apiVersion": "v1", "kind": "Node", "name": (&name), "uid": (self.node.uid())}
                    ],
                },
                "spec": {"holderIdentity": (&name), "leaseDurationSeconds": 40, "renewTime": (renew.as_str())},
            });
            // Refused while the namespace does not exist yet: the next renewal tries again.
            let _ = ctx.create(LEASES, lease);
        }
        if again {
            let at = self.tasks.set(ctx.now + delays::LEASE_RENEW_MS, Task::RenewLease(true));
            if let Some(old) = self.lease_timer.replace(at) {
                self.tasks.cancel(old);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_there_and_back() {
        for (index, n) in [(0, 2), (0, 255), (0, 1000), (3, 77), (100, 513), (767, 1016), (768, 2), (1000, 3)]
        {
            assert_eq!(pod_number(index, &pod_ip(index, n)), Some(n), "{index} {n}");
            assert_eq!(node_of_pod(pod_range(index) + n), Some(index), "{index} {n}");
        }
        assert_eq!(pod_ip(1, 5), "10.244.4.5");
        assert_eq!([767, 768, 1000].map(|i| pod_ip(i, 1)), ["10.255.252.1", "10.112.0.1", "10.115.160.1"]);
        assert_eq!([0x0a60_0001, 0xac12_0002].map(node_of_pod), [None, None]);
        assert_eq!(host_ip(0), "172.18.0.2");
        assert_eq!(pod_number(0, "::1"), None);
        for n in 0..=255 {
            assert_eq!(dotted(n << 8 | 10), format!("0.0.{n}.10"));
        }
    }

    #[test]
    fn a_disk_is_as_large_as_it_is_said_to_be() {
        assert_eq!(Quantity::parse(DISK).map_or(0, |q| q.value()), disk_bytes());
    }
}
