//! `ss` and `netstat`: the ports that are listened on. Those of other containers of the pod (on a node: of its daemons)
//! are seen too, without their processes.
//!
//! Not modelled: connections (each lasts for one request), Unix sockets, filters, `-s`.

use crate::machine::Sys;
use ordered::Sort as _;

/// Daemons of a cluster's nodes, which their administrator sees by name.
const DAEMONS: [(u16, &str); 11] = [
    (22, "sshd"),
    (2379, "etcd"),
    (2380, "etcd"),
    (6443, "kube-apiserver"),
    (10248, "kubelet"),
    (10249, "kube-proxy"),
    (10250, "kubelet"),
    (10256, "kube-proxy"),
    (10257, "kube-controller"),
    (10259, "kube-scheduler"),
    (8472, "flanneld"),
];
/// These listen at the loopback address only.
const LOCAL: [u16; 4] = [10248, 10249, 10257, 10259];

struct Listener {
    port: u16,
    /// Process and its number.
    by: Option<(String, u32)>,
}

fn listeners(sys: &Sys<'_>) -> Vec<Listener> {
    let m = sys.machine();
    let mut all: Vec<Listener> = m
        .listening()
        .into_iter()
        .map(|(port, pid, name)| Listener { port, by: Some((name, pid)) })
        .chain(m.taken.iter().map(|port| {
            let daemon = DAEMONS.iter().position(|d| d.0 == *port);
            // Its number follows from its place: it stays the same.
            Listener { port: *port, by: daemon.map(|i| (DAEMONS[i].1.to_owned(), 611 + 97 * i as u32)) }
        }))
        .collect();
    all.arrange_by_key(|l| l.port);
    all.dedup_by_key(|l| l.port);
    all
}

pub(super) fn run(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let ss = super::short_name(&argv[0]) == "ss";
    let letters: String =
        argv[1..].iter().filter(|a| a.starts_with('-') && !a.starts_with("--")).map(|a| &a[1..]).collect();
    let has = |short: char, long: &str| letters.contains(short) || argv.iter().any(|a| a == long);
    if has('r', "--route") && !ss {
        sys.err("netstat: -r is not simulated; ip route tells the routes\n");
        return 1;
    }
    let listening = has('l', "--listening") || has('a', "--all");
    let processes = has('p', "--processes") || has('p', "--programs");
    let tcp = has('t', "--tcp") || !has('u', "--udp");
    let shown = if listening && tcp { listeners(sys) } else { Vec::new() };
    let address = |port: u16| {
        if LOCAL.contains(&port) && sys.machine().taken.contains(&port) { "127.0.0.1" } else { "0.0.0.0" }
    };
    let mut out = String::new();
    if ss {
        // Without a protocol named, its column is shown.
        let net = if has('t', "--tcp") != has('u', "--udp") { "" } else { "Netid " };
        out = format!(
            "{net}{:<7}{:<8}{:<8}{:>20}:{:<6}{:>20}:{:<6}{}\n",
            "State", "Recv-Q", "Send-Q", "Local Address", "Port", "Peer Address", "Port", "Process"
        );
        for l in shown {
            let by = match l.by {
                Some((name, pid)) if processes => format!("users:((\"{name}\",pid={pid},fd=6))"),
                _ => String::new(),
            };
            let kind = if net.is_empty() { "" } else { "tcp   " };
            out.push_str(&format!(
                "{kind}{:<7}{:<8}{:<8}{:>20}:{:<6}{:>20}:{:<6}{by}\n",
                "LISTEN",
                0,
                4096,
                address(l.port),
                l.port,
                "0.0.0.0",
                "*"
            ));
        }
    } else {
        let which = if has('a', "--all") {
            "servers and established"
        } else if listening {
            "only servers"
        } else {
            "w/o servers"
        };
        out.push_str(&format!(
            "Active Internet connections ({which})\nProto Recv-Q Send-Q Local Address           Foreign Address         State       {}\n",
            if processes { "PID/Program name    " } else { "" }
        ));
        for l in shown {
            let by = match l.by {
                _ if !processes => String::new(),
                Some((name, pid)) => format!("{pid}/{name}"),
                None => "-".into(),
            };
            let local = format!("{}:{}", address(l.port), l.port);
            out.push_str(&format!("tcp        0      0 {local:<23} {:<23} LISTEN      {by}\n", "0.0.0.0:*"));
        }
    }
    sys.out(out);
    0
}
