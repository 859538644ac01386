//! `iptables` and `iptables-save` on a node: what kube-proxy wrote there.
//!
//! Models the chains of `pkg/proxy/iptables`, by the names upstream gives them. Not modelled: the CNI's chains, session
//! affinity's and source ranges' rules, counters, any change.

use std::sync::Arc;

use cluster::network::kube_proxy::rules::{Rules, ServicePort};

/// The pods' range, from which traffic is not masqueraded.
const PODS: &str = "10.244.0.0/16";
const NAT: [&str; 4] = ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"];
const FILTER: [&str; 3] = ["INPUT", "FORWARD", "OUTPUT"];

#[derive(Default)]
struct Rule {
    chain: String,
    source: String,
    destination: String,
    protocol: String,
    comment: String,
    port: i64,
    /// As `-S` has it, and as `-L` does.
    more: (String, String),
    target: String,
}

/// Upstream's chain names: a prefix and 16 letters of a base32'd SHA-256.
fn chain(prefix: &str, of: &str) -> String {
    let hex = containers::programs::sha256(of.as_bytes());
    let bits = u128::from_str_radix(&hex[..20], 16).unwrap_or(0);
    let letter =
        |i: u32| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(bits >> (75 - 5 * i)) as usize & 31]);
    format!("{prefix}{}", (0..16).map(letter).collect::<String>())
}

fn of_port(rules: &Rules, p: &ServicePort, ip: &str, nat: &mut Vec<Rule>, filter: &mut Vec<Rule>) {
    let name =
        if p.name.is_empty() { rules.service.to_string() } else { format!("{}:{}", rules.service, p.name) };
    let protocol = p.protocol.to_lowercase();
    let key = format!("{name}{protocol}");
    let services = chain("KUBE-SVC-", &key);
    let rule = |chain: &str, comment: String, target: &str| Rule {
        chain: chain.into(),
        comment,
        target: target.into(),
        ..Rule::default()
    };
    let at = |chain: &str, comment: String, target: &str| Rule {
        destination: format!("{ip}/32"),
        protocol: protocol.clone(),
        port: p.port,
        ..rule(chain, comment, target)
    };
    let ready: Vec<_> = p.endpoints.iter().filter(|e| e.ready).collect();
    if ready.is_empty() {
        let reject = || {
            ("--reject-with icmp-port-unreachable".to_owned(), "reject-with icmp-port-unreachable".to_owned())
        };
        filter.push(Rule {
            more: reject(),
            ..at("KUBE-SERVICES", format!("{name} has no endpoints"), "REJECT")
        });
        return;
    }
    nat.push(at("KUBE-SERVICES", format!("{name} cluster IP"), &services));
    if p.node_port != 0 {
        let external = chain("KUBE-EXT-", &key);
        let port = Rule {
            protocol: protocol.clone(),
            port: p.node_port,
            ..rule("KUBE-NODEPORTS", name.clone(), &external)
        };
        nat.push(port);
        nat.push(rule(
            &external,
            format!("masquerade traffic for {name} external destinations"),
            "KUBE-MARK-MASQ",
        ));
        nat.push(rule(&external, String::new(), &services));
    }
    nat.push(Rule {
        source: format!("! {PODS}"),
        ..at(&services, format!("{name} cluster IP"), "KUBE-MARK-MASQ")
    });
    for (i, e) in ready.iter().enumerate() {
        let place = format!("{}:{}", e.ip, e.port);
        let end = chain("KUBE-SEP-", &format!("{key}{place}"));
        let share = 1.0 / (ready.len() - i) as f64;
        let more = if i + 1 < ready.len() {
            let share = format!("{share:.11}");
            (
                format!("-m statistic --mode random --probability {share}"),
                format!("statistic mode random probability {share}"),
            )
        } else {
            Default::default()
        };
        nat.push(Rule { more, ..rule(&services, format!("{name} -> {place}"), &end) });
        nat.push(Rule { source: format!("{}/32", e.ip), ..rule(&end, name.clone(), "KUBE-MARK-MASQ") });
        let to = (format!("--to-destination {place}"), format!("to:{place}"));
        nat.push(Rule { protocol: protocol.clone(), more: to, ..rule(&end, name.clone(), "DNAT") });
    }
}

/// All rules of a table, in the order of the chains.
fn table(nat: bool, all: &[Arc<Rules>]) -> Vec<Rule> {
    let jump = |chain: &str, comment: &str, target: &str| Rule {
        chain: chain.into(),
        comment: comment.into(),
        target: target.into(),
        ..Rule::default()
    };
    let (mut to_nat, mut to_filter) = (Vec::new(), Vec::new());
    for rules in all {
        for ip in rules.cluster_ips().filter(|ip| !ip.contains(':')) {
            for p in &rules.ports {
                of_port(rules, p, ip, &mut to_nat, &mut to_filter);
            }
        }
    }
    if !nat {
        let mut out = vec![
            jump("INPUT", "kubernetes health check service ports", "KUBE-NODEPORTS"),
            jump("INPUT", "kubernetes service portals", "KUBE-SERVICES"),
            jump("INPUT", "", "KUBE-FIREWALL"),
            jump("FORWARD", "kubernetes forwarding rules", "KUBE-FORWARD"),
            jump("FORWARD", "kubernetes service portals", "KUBE-SERVICES"),
            jump("OUTPUT", "kubernetes service portals", "KUBE-SERVICES"),
            jump("OUTPUT", "", "KUBE-FIREWALL"),
        ];
        out.append(&mut to_filter);
        return out;
    }
    let mut out = vec![
        jump("PREROUTING", "kubernetes service portals", "KUBE-SERVICES"),
        jump("OUTPUT", "kubernetes service portals", "KUBE-SERVICES"),
        jump("POSTROUTING", "kubernetes postrouting rules", "KUBE-POSTROUTING"),
        Rule {
            more: ("--set-xmark 0x4000/0x4000".into(), "MARK or 0x4000".into()),
            ..jump("KUBE-MARK-MASQ", "", "MARK")
        },
        Rule {
            more: ("-m mark ! --mark 0x4000/0x4000".into(), "mark match ! 0x4000/0x4000".into()),
            ..jump("KUBE-POSTROUTING", "", "RETURN")
        },
        Rule {
            more: ("--random-fully".into(), "random-fully".into()),
            ..jump("KUBE-POSTROUTING", "kubernetes service traffic requiring SNAT", "MASQUERADE")
        },
    ];
    out.append(&mut to_nat);
    // The last of its chain.
    out.push(Rule {
        more: ("-m addrtype --dst-type LOCAL".into(), "ADDRTYPE match dst-type LOCAL".into()),
        ..jump(
            "KUBE-SERVICES",
            "kubernetes service nodeports; NOTE: this must be the last rule in this chain",
            "KUBE-NODEPORTS",
        )
    });
    out
}

impl Rule {
    /// As a command adds it.
    fn saved(&self) -> String {
        let mut out = format!("-A {}", self.chain);
        let mut add = |flag: &str, value: &str| {
            if !value.is_empty() {
                out.push_str(&format!(" {flag}{value}"));
            }
        };
        match self.source.strip_prefix("! ") {
            Some(not) => add("! -s ", not),
            None => add("-s ", &self.source),
        }
        add("-d ", &self.destination);
        add("-p ", &self.protocol);
        let comment = if self.comment.is_empty() { String::new() } else { format!("\"{}\"", self.comment) };
        add("-m comment --comment ", &comment);
        match self.port {
            0 => add("-m ", &self.protocol),
            port => add("-m ", &format!("{} --dport {port}", self.protocol)),
        }
        let before = self.more.0.starts_with("-m");
        add("", if before { &self.more.0 } else { "" });
        add("-j ", &self.target);
        add("", if before { "" } else { &self.more.0 });
        out + "\n"
    }

    fn listed(&self, numeric: bool) -> String {
        let any = if numeric { "0.0.0.0/0" } else { "anywhere" };
        let place = |p: &str| {
            let p = p.trim_end_matches("/32");
            if p.is_empty() { any.to_owned() } else { p.replace("! ", "!") }
        };
        let protocol = if self.protocol.is_empty() { "all" } else { &self.protocol };
        let mut out = format!(
            "{:<10} {protocol:<4} --  {:<20} {:<20}",
            self.target,
            place(&self.source),
            place(&self.destination)
        );
        if !self.comment.is_empty() {
            out.push_str(&format!(" /* {} */", self.comment));
        }
        if self.port != 0 {
            out.push_str(&format!(" {} dpt:{}", self.protocol, self.port));
        }
        if !self.more.1.is_empty() {
            out.push_str(&format!(" {}", self.more.1));
        }
        out + "\n"
    }
}

/// The command's text and code.
pub(crate) fn run(args: &[String], saves: bool, all: &[Arc<Rules>]) -> (String, i32) {
    let mut nat = false;
    let (mut list, mut spec, mut numeric) = (false, false, false);
    let mut wanted: Option<&str> = None;
    let mut words = args.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-t" | "--table" => match words.next() {
                Some("nat") => nat = true,
                Some("filter") => {}
                Some(other @ ("mangle" | "raw" | "security")) => {
                    return (format!("iptables: table {other} is not simulated\n"), 1);
                }
                other => {
                    let name = other.unwrap_or_default();
                    return (
                        format!(
                            "iptables v1.8.10 (nf_tables): table '{name}' does not exist\nPerhaps iptables or your kernel needs to be upgraded.\n"
                        ),
                        3,
                    );
                }
            },
            "-n" | "--numeric" => numeric = true,
            "-v" | "--verbose" | "-w" | "--line-numbers" | "-c" => {}
            "-S" | "--list-rules" => spec = true,
            w if w.starts_with('-')
                && !w.starts_with("--")
                && w.chars().skip(1).all(|c| "Lnvx".contains(c)) =>
            {
                list |= w.contains('L');
                numeric |= w.contains('n');
            }
            "--list" => list = true,
            w if w.starts_with('-') => {
                return (format!("iptables: {w}: changing kube-proxy's rules is not simulated\n"), 1);
            }
            w => wanted = Some(w),
        }
    }
    if saves {
        let part = |nat: bool| {
            let rules = table(nat, all);
            let chains: String = chains(nat, &rules)
                .iter()
                .map(|c| {
                    let policy = if c.starts_with("KUBE-") { "-" } else { "ACCEPT" };
                    format!(":{c} {policy} [0:0]\n")
                })
                .collect();
            let rules: String = rules.iter().map(Rule::saved).collect();
            format!("*{}\n{chains}{rules}COMMIT\n", if nat { "nat" } else { "filter" })
        };
        return (if args.iter().any(|a| a == "-t") { part(nat) } else { part(false) + &part(true) }, 0);
    }
    if !list && !spec {
        return ("iptables v1.8.10 (nf_tables): no command specified\nTry `iptables -h' or 'iptables --help' for more information.\n".into(), 2);
    }
    let rules = table(nat, all);
    let chains = chains(nat, &rules);
    if let Some(name) = wanted
        && !chains.iter().any(|c| c == name)
    {
        return ("iptables: No chain/target/match by that name.\n".into(), 1);
    }
    let chains = chains.iter().filter(|c| wanted.is_none_or(|w| w == *c));
    let mut out = Vec::new();
    for c in chains {
        let own = rules.iter().filter(|r| r.chain == *c);
        let built_in = !c.starts_with("KUBE-");
        if spec {
            let head = if built_in { format!("-P {c} ACCEPT\n") } else { format!("-N {c}\n") };
            out.push(head + &own.map(Rule::saved).collect::<String>());
            continue;
        }
        let told = if built_in {
            "policy ACCEPT".to_owned()
        } else {
            format!("{} references", rules.iter().filter(|r| r.target == *c).count())
        };
        let own: String = own.map(|r| r.listed(numeric)).collect();
        out.push(format!(
            "Chain {c} ({told})\ntarget     prot opt source               destination         \n{own}"
        ));
    }
    (out.join(if spec { "" } else { "\n" }), 0)
}

/// The table's own chains, then kube-proxy's by name.
fn chains(nat: bool, rules: &[Rule]) -> Vec<String> {
    let own: &[&str] = if nat { &NAT } else { &FILTER };
    let mut more: Vec<String> = rules
        .iter()
        .flat_map(|r| [&r.chain, &r.target])
        .filter(|c| c.starts_with("KUBE-"))
        .cloned()
        .collect();
    more.sort();
    more.dedup();
    own.iter().map(|c| (*c).to_owned()).chain(more).collect()
}

#[cfg(test)]
mod tests {
    use super::chain;

    #[test]
    fn chains_have_upstreams_names() {
        for (of, name) in [
            ("default/kubernetes:httpstcp", "KUBE-SVC-NPX46M4PTMTKRN6Y"),
            ("kube-system/kube-dns:dnsudp", "KUBE-SVC-TCOU7JCQXEZGVUNU"),
            ("kube-system/kube-dns:dns-tcptcp", "KUBE-SVC-ERIFXISQEP7F7OF4"),
        ] {
            assert_eq!(chain("KUBE-SVC-", of), name);
        }
    }
}
