//! `systemctl` on a node: its kubelet as a service.
//!
//! Owns: the command's words. Does not own: what a stopped kubelet leaves undone (`kubelet`, `cluster`).
//! Models systemd 252 with the units of a kubeadm node. Not modelled: stopping `containerd` and other units, which is
//! accepted and says so; boot targets, `journalctl`.

use clock::Time;
use cluster::{Cluster, Fault, NodeFault};

use crate::load::Printed;

const UNITS: [(&str, &str, &str); 2] = [
    ("kubelet", "kubelet: The Kubernetes Node Agent", "https://kubernetes.io/docs/"),
    ("containerd", "containerd container runtime", "https://containerd.io"),
];

fn says(out: String, code: i32) -> Printed {
    Printed { out, code, ..Printed::default() }
}

fn fails(err: String, code: i32) -> Printed {
    Printed { err, code, ..Printed::default() }
}

/// `2min 5s ago`, as systemd tells how long ago something was.
fn ago(millis: i64) -> String {
    let s = millis.max(0) / 1000;
    match s {
        ..60 => format!("{s}s ago"),
        60..3600 => format!("{}min {}s ago", s / 60, s % 60),
        3600..86_400 => format!("{}h {}min ago", s / 3600, s / 60 % 60),
        _ => format!("{} days ago", s / 86_400),
    }
}

/// `Thu 2026-01-01 00:00:00 UTC`
fn stamp(at: Time) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let day = DAYS[at.0.div_euclid(86_400_000).rem_euclid(7) as usize];
    let text = at.rfc3339();
    let (date, rest) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {date} {} UTC", rest.trim_end_matches('Z'))
}

fn status(unit: usize, node: &str, cluster: &Cluster) -> Printed {
    let (name, about, docs) = UNITS[unit];
    let kubelet = cluster.kubelet(node).filter(|_| name == "kubelet");
    let stopped = kubelet.is_some_and(cluster::kubelet::Kubelet::is_stopped);
    let since = kubelet.map_or(cluster.config().start, cluster::kubelet::Kubelet::since);
    let mark = if stopped { "○" } else { "●" };
    let state = if stopped { "inactive (dead)" } else { "active (running)" };
    let mut text = format!(
        "{mark} {name}.service - {about}\n     Loaded: loaded (/usr/lib/systemd/system/{name}.service; enabled; preset: enabled)\n"
    );
    if name == "kubelet" {
        text.push_str(
            "    Drop-In: /usr/lib/systemd/system/kubelet.service.d\n             └─10-kubeadm.conf\n",
        );
    }
    let ago = ago(cluster.now().since(since));
    text.push_str(&format!("     Active: {state} since {}; {ago}\n       Docs: {docs}\n", stamp(since)));
    says(text, if stopped { 3 } else { 0 })
}

/// Starts or stops the node's kubelet. One that runs already runs on, one that is stopped stays so.
fn turn(node: &str, on: bool, cluster: &mut Cluster) {
    let stopped = cluster.kubelet(node).is_some_and(cluster::kubelet::Kubelet::is_stopped);
    if stopped == on {
        let fault =
            if on { Fault::RestoreNode(node.into()) } else { Fault::Node(node.into(), NodeFault::NoKubelet) };
        // The node is there: somebody has a shell on it.
        let _ = cluster.inject(fault);
    }
}

pub(crate) fn run(args: &[String], node: &str, cluster: &mut Cluster) -> Printed {
    let mut words = args.iter().map(String::as_str).filter(|a| !a.starts_with('-'));
    let (verb, named) = (words.next().unwrap_or("list-units"), words.next().unwrap_or_default());
    let unit = UNITS.iter().position(|(name, ..)| *name == named.trim_end_matches(".service"));
    let Some(unit) = unit else {
        return match verb {
            "daemon-reload" => Printed::default(),
            "list-units" => {
                let rows =
                    UNITS.map(|(name, about, _)| format!("  {name}.service loaded active running {about}\n"));
                says(format!("  UNIT               LOAD   ACTIVE SUB     DESCRIPTION\n{}", rows.concat()), 0)
            }
            "status" => fails(format!("Unit {named}.service could not be found.\n"), 4),
            "is-active" => says("inactive\n".to_owned(), 4),
            _ => fails(format!("Failed to {verb} {named}.service: Unit {named}.service not found.\n"), 5),
        };
    };
    let ours = UNITS[unit].0 == "kubelet";
    match verb {
        "status" => status(unit, node, cluster),
        "is-active" => {
            let stopped = status(unit, node, cluster).code != 0;
            says(if stopped { "inactive\n" } else { "active\n" }.to_owned(), if stopped { 3 } else { 0 })
        }
        "is-enabled" => says("enabled\n".to_owned(), 0),
        "start" | "stop" | "restart" if !ours => {
            fails(format!("systemctl: {verb} {named}: accepted, not simulated\n"), 0)
        }
        "start" => {
            turn(node, true, cluster);
            Printed::default()
        }
        "stop" => {
            turn(node, false, cluster);
            Printed::default()
        }
        "restart" | "try-restart" => {
            turn(node, false, cluster);
            turn(node, true, cluster);
            Printed::default()
        }
        "enable" | "disable" | "daemon-reload" => Printed::default(),
        _ => fails(format!("Unknown command verb '{verb}'.\n"), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_systemd_tells_them() {
        for (millis, text) in [(5_000, "5s ago"), (125_000, "2min 5s ago"), (7_500_000, "2h 5min ago")] {
            assert_eq!(ago(millis), text);
        }
        assert_eq!(stamp(Time(0)), "Thu 1970-01-01 00:00:00 UTC");
    }
}
