//! Names: what a resolver asks for a name, and what CoreDNS answers.
//!
//! Owns: `/etc/resolv.conf` and `/etc/hosts` as a resolver reads them, the names tried in order. Does not own: the
//! records of the cluster's zone ([`zone`]), names outside ([`outside`]), the packets to the server (walk).
//! Not modelled: caching, TTLs, DNSSEC, TCP fallback.

pub mod outside;
pub mod zone;

use objects::Str;

use crate::address;

pub use zone::{Data, Found, Record};

/// The zone of the cluster.
pub const ZONE: &str = "cluster.local";
/// At most so many search domains are used.
const SEARCH_MAX: usize = 32;
const NAMESERVERS_MAX: usize = 3;

/// `/etc/resolv.conf`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolver {
    pub servers: Vec<Str>,
    pub search: Vec<Str>,
    pub ndots: usize,
}

impl Resolver {
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut r = Self { ndots: 1, ..Self::default() };
        for line in text.lines().take(256) {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    r.servers.extend(words.next().filter(|s| address::is_ip(s)).map(Str::from));
                    r.servers.truncate(NAMESERVERS_MAX);
                }
                Some("search" | "domain") => {
                    r.search = words.take(SEARCH_MAX).map(|w| Str::from(w.trim_end_matches('.'))).collect();
                }
                Some("options") => {
                    for option in words {
                        if let Some(n) = option.strip_prefix("ndots:") {
                            r.ndots = n.parse().unwrap_or(1).min(15);
                        }
                    }
                }
                _ => {}
            }
        }
        r
    }

    /// The full names a resolver asks for, in order.
    #[must_use]
    pub fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(absolute) = name.strip_suffix('.') {
            return vec![absolute.to_lowercase()];
        }
        let own = name.to_lowercase();
        let searched = self.search.iter().filter(|s| !s.is_empty()).map(|s| format!("{own}.{s}"));
        let mut all: Vec<String> = searched.collect();
        let dots = own.bytes().filter(|b| *b == b'.').count();
        let at = if dots >= self.ndots { 0 } else { all.len() };
        all.insert(at, own);
        all
    }
}

/// The address that `/etc/hosts` gives a name.
#[must_use]
pub fn in_hosts(hosts: &str, name: &str) -> Option<Str> {
    hosts.lines().take(10_000).find_map(|line| {
        let mut words = line.split('#').next().unwrap_or("").split_whitespace();
        let ip = words.next().filter(|ip| address::v4(ip).is_some())?;
        words.any(|w| w.eq_ignore_ascii_case(name)).then(|| ip.into())
    })
}

/// Whether a resolver would ask for this text at all: labels of 1 to 63 bytes, 253 in all.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PODS: &str = "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n";

    #[test]
    fn names_are_tried_in_the_resolvers_order() {
        let pod = Resolver::parse(PODS);
        assert_eq!((pod.servers.len(), pod.search.len(), pod.ndots), (1, 3, 5));
        let table: [(&str, &[&str]); 4] = [
            ("web", &["web.default.svc.cluster.local", "web.svc.cluster.local", "web.cluster.local", "web"]),
            (
                "Web.other",
                &[
                    "web.other.default.svc.cluster.local",
                    "web.other.svc.cluster.local",
                    "web.other.cluster.local",
                    "web.other",
                ],
            ),
            ("web.default.svc.cluster.local.", &["web.default.svc.cluster.local"]),
            (
                "a.b.c.d.e.f",
                &[
                    "a.b.c.d.e.f",
                    "a.b.c.d.e.f.default.svc.cluster.local",
                    "a.b.c.d.e.f.svc.cluster.local",
                    "a.b.c.d.e.f.cluster.local",
                ],
            ),
        ];
        for (name, want) in table {
            assert_eq!(pod.candidates(name), want);
        }
        assert_eq!(Resolver::parse("").candidates("x.y"), ["x.y"]);
    }

    #[test]
    fn odd_resolver_files_are_read_as_far_as_they_go() {
        let r = Resolver::parse(
            "nameserver\nnameserver x\nnameserver 1.1.1.1\noptions ndots:99 ndots:q\nsearch\n# c",
        );
        assert_eq!(r, Resolver { servers: vec!["1.1.1.1".into()], search: vec![], ndots: 1 });
    }

    #[test]
    fn hosts_and_names() {
        let hosts = "# x\n127.0.0.1\tlocalhost\n10.0.0.7 shop.local shop # here\nbad line\n";
        assert_eq!(in_hosts(hosts, "SHOP"), Some("10.0.0.7".into()));
        assert_eq!(in_hosts(hosts, "here"), None);
        for (name, want) in
            [("web", true), ("a..b", false), ("", false), ("_http._tcp.web", true), ("a b", false)]
        {
            assert_eq!(is_name(name), want, "{name}");
        }
        assert!(!is_name(&"a".repeat(64)));
    }
}
