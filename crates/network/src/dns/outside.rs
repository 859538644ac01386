//! Names outside the cluster: a few that tutorials use, with an address each.
//!
//! The addresses are stated examples; real ones change. What is not in the table does not exist.

use objects::Str;

use crate::address;

const NAMES: [(&str, &str); 23] = [
    ("example.com", "23.192.228.80"),
    ("www.example.com", "23.192.228.80"),
    ("example.org", "23.192.228.84"),
    ("google.com", "142.250.206.206"),
    ("www.google.com", "142.250.206.196"),
    ("github.com", "20.200.245.247"),
    ("raw.githubusercontent.com", "185.199.108.133"),
    ("kubernetes.io", "15.197.167.90"),
    ("k8s.io", "34.107.204.206"),
    ("registry.k8s.io", "34.96.108.209"),
    ("docker.io", "54.198.86.24"),
    ("hub.docker.com", "44.193.57.117"),
    ("registry-1.docker.io", "54.227.20.253"),
    ("quay.io", "54.156.10.58"),
    ("naver.com", "223.130.192.247"),
    ("www.naver.com", "223.130.192.248"),
    ("wikipedia.org", "198.35.26.96"),
    ("one.one.one.one", "1.1.1.1"),
    ("dns.google", "8.8.8.8"),
    ("httpbin.org", "54.157.108.193"),
    ("info.cern.ch", "188.184.67.127"),
    ("ifconfig.me", "34.160.111.145"),
    ("my.database.example.com", "203.0.113.200"),
];

/// Servers outside that answer questions for names.
const SERVERS: [&str; 7] =
    ["172.18.0.1", "127.0.0.11", "8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9"];

/// The address of a full name in lower case. Names below `nip.io` and `sslip.io` say theirs.
#[must_use]
pub fn lookup(full: &str) -> Option<Str> {
    if let Some((_, ip)) = NAMES.iter().find(|(n, _)| *n == full) {
        return Some(Str::new_static(ip));
    }
    let rest = full.strip_suffix(".nip.io").or_else(|| full.strip_suffix(".sslip.io"))?;
    let dotted: Vec<&str> = rest.split('.').collect();
    let last_four = dotted.len().checked_sub(4).map(|at| dotted[at..].join("."));
    let dashed = || {
        dotted
            .last()
            .map(|l| l.split('-').collect::<Vec<_>>())
            .map(|parts| parts[parts.len().saturating_sub(4)..].join("."))
    };
    [last_four, dashed()].into_iter().flatten().find(|ip| address::v4(ip).is_some()).map(Str::from)
}

#[must_use]
pub fn is_server(ip: &str) -> bool {
    SERVERS.contains(&ip)
}

/// The name behind an address of the table.
#[must_use]
pub fn name_of(ip: &str) -> Option<&'static str> {
    NAMES.iter().find(|(_, i)| *i == ip).map(|(n, _)| *n)
}

/// Whether an address belongs to the world outside: none of the cluster's, the nodes' or a machine's own.
#[must_use]
pub fn is_outside(ip: &str) -> bool {
    let inside =
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "203.0.113.0/25"];
    address::v4(ip).is_some_and(|a| !address::any_contains(&inside.join(","), a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside() {
        let table = [
            ("example.com", Some("23.192.228.80")),
            ("shop.127.0.0.1.nip.io", Some("127.0.0.1")),
            ("shop-10-0-0-9.sslip.io", Some("10.0.0.9")),
            ("nip.io", None),
            ("a.nip.io", None),
            ("no-such.example.com", None),
        ];
        for (name, want) in table {
            assert_eq!(lookup(name).as_deref(), want, "{name}");
        }
        assert!(is_outside("8.8.8.8") && !is_outside("10.96.0.1") && !is_outside("203.0.113.10"));
    }
}
