//! What somebody with a shell on a node can see and do: its disk, its container runtime.
//!
//! Owns: which machine a name means, and that what is done there is noted as an input. Does not own: the disk and the
//! runtime (kubelet), the shell itself (terminal).

use containers::container::LogLine;
use containers::fs::Node;
use kubelet::runtime::Runtime;

use crate::journal::Input;
use crate::{Cluster, Fault, NodeFault};

impl Cluster {
    /// The node with this name or address.
    #[must_use]
    pub fn node_called(&self, name: &str) -> Option<String> {
        let mut kubelets = self.parts.iter().filter_map(crate::part::Part::kubelet);
        kubelets.find(|k| k.node() == name || k.host_ip() == name).map(|k| k.node().to_owned())
    }

    /// Whether a connection to the node comes about: it has power, moves and is on the network.
    #[must_use]
    pub fn node_answers(&self, node: &str) -> bool {
        matches!(self.node_fault(node), None | Some(NodeFault::NoKubelet))
    }

    #[must_use]
    pub fn is_control_plane(&self, node: &str) -> bool {
        self.config.nodes.iter().any(|n| n.name == node && n.control_plane)
    }

    /// Where a program in a node's own network stands; `None`: there is no such node.
    #[must_use]
    pub fn on_node(&self, node: &str) -> Option<network::Source> {
        Some(network::Source::Node { name: node.into(), ip: self.kubelet(node)?.host_ip() })
    }

    /// All files of a node's disk.
    pub fn node_disk(&mut self, node: &str) -> Option<Node> {
        let part = self.kubelet_part(node)?;
        self.with_kubelet(part, |k, _| k.disk_root()).flatten()
    }

    /// Writes a file on a node's disk; `None` removes it.
    pub fn write_node_file(&mut self, node: &str, path: &str, content: Option<Vec<u8>>) {
        self.note(|| Input::WriteFile(node.into(), path.into(), content.clone()));
        let Some(part) = self.kubelet_part(node) else { return };
        self.with_kubelet(part, |k, now| k.put_file(path, content.as_deref(), now));
    }

    /// What a node's runtime holds; `None`: there is no such node.
    #[must_use]
    pub fn runtime_of(&self, node: &str) -> Option<Runtime> {
        Some(self.kubelet(node)?.runtime(self.now))
    }

    /// Stops a container at its runtime; its kubelet sees to what follows. The pod is `namespace/name`.
    pub fn stop_container(&mut self, node: &str, pod: &str, name: &str) {
        self.note(|| Input::StopContainer(node.into(), pod.into(), name.into()));
        let fault = Fault::CrashContainer { pod: pod.into(), container: name.into(), code: 137 };
        // One that does not run is stopped already.
        let _ = self.inject_quietly(&fault);
        self.route();
    }

    /// The log of a container as its node's runtime keeps it, whether the API server answers or not. The pod is
    /// `namespace/name`, the id without `containerd://`.
    pub fn read_log(&mut self, node: &str, pod: &str, name: &str, id: &str) -> Vec<LogLine> {
        self.note(|| Input::ReadLog(node.into(), pod.into(), name.into(), id.into()));
        let Some(part) = self.kubelet_part(node) else { return Vec::new() };
        let read = self.with_kubelet(part, |k, now| {
            let at = k.with_id(pod, name, &format!("containerd://{id}"))?;
            Some(k.log(&at, 0, now)?.0)
        });
        read.flatten().unwrap_or_default()
    }

    /// Programs that containers asked for and no image here has, with how often: what is missing in the simulation, or
    /// was mistyped.
    pub fn missing_commands(&self) -> impl Iterator<Item = (&str, u32)> {
        self.depot.missing()
    }
}
