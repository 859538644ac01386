//! `reboot`, `poweroff`, `halt` and `shutdown` on a node: its power goes, at once or for a moment.
//!
//! Owns: the commands' words. Does not own: what follows (`cluster`'s faults). Not modelled: how long a machine takes to
//! boot, a time to wait until, kubelet's graceful shutdown (kubeadm leaves it off).

use cluster::{Cluster, Fault, NodeFault};

use crate::load::Printed;

/// What a command line asks for: `true` to start again, `false` to stay off; `None` when it is none of these.
pub(crate) fn asked(name: &str, args: &[String]) -> Option<bool> {
    let verb = args.iter().map(String::as_str).find(|a| !a.starts_with('-'));
    match (name, verb) {
        ("reboot", _) | ("systemctl", Some("reboot")) => Some(true),
        ("poweroff" | "halt", _) | ("systemctl", Some("poweroff" | "halt")) => Some(false),
        ("shutdown", _) => Some(args.iter().any(|a| a == "-r" || a == "--reboot")),
        _ => None,
    }
}

pub(crate) fn run(again: bool, node: &str, korean: bool, cluster: &mut Cluster) -> Printed {
    // The node is there: somebody has a shell on it.
    let _ = cluster.inject(Fault::Node(node.into(), NodeFault::Crashed));
    if again {
        let _ = cluster.inject(Fault::RestoreNode(node.into()));
        return Printed::default();
    }
    let err = if korean {
        format!("다시 켜기: fault node {node} restore\n")
    } else {
        format!("to have it back: fault node {node} restore\n")
    };
    Printed { err, ..Printed::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_a_machine_down() {
        for (line, wanted) in [
            ("reboot", Some(true)),
            ("reboot -f", Some(true)),
            ("systemctl reboot", Some(true)),
            ("shutdown -r now", Some(true)),
            ("shutdown -h now", Some(false)),
            ("shutdown", Some(false)),
            ("poweroff", Some(false)),
            ("halt -p", Some(false)),
            ("systemctl --no-wall poweroff", Some(false)),
            ("systemctl stop kubelet", None),
            ("systemctl", None),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(asked(&words[0], &words[1..]), wanted, "{line}");
        }
    }
}
