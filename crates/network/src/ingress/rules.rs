//! Which rule of which Ingress a request meets, and why none.
//!
//! Owns: hosts and their aliases, paths by type, default backends, canaries beside a rule.
//! Models ingress-nginx's `internal/ingress/controller/controller.go` (createServers, getBackendServers) with
//! `location.go`, and what Traefik's provider makes of the same rules.

use objects::{Str, Value};
use ordered::Sort as _;

use super::annotations::{annotation, is_on};
use super::pattern::Pattern;
use super::{Controller, Kind, class_of};
use crate::path::{Code, Hop, Stage};

/// How many names a sentence lists.
const LISTED_MAX: usize = 5;

/// A rule that fits: the Ingress, the path as written, its type, its backend.
pub(super) struct Rule<'a> {
    pub(super) ingress: &'a Value,
    /// As the rule has it: `*.example.com`, or empty.
    pub(super) host: &'a str,
    pub(super) path: &'a str,
    /// Empty: a default backend's.
    pub(super) kind: &'a str,
    pub(super) backend: &'a Value,
    pub(super) groups: Vec<String>,
    /// The places of the rule and of its path in the Ingress.
    at: (usize, usize),
}

impl<'a> Rule<'a> {
    fn default_of(ingress: &'a Value) -> Option<Self> {
        let backend = &ingress["spec"]["defaultBackend"];
        let rule = Self { ingress, host: "", path: "", kind: "", backend, groups: Vec::new(), at: (0, 0) };
        (!backend.is_null()).then_some(rule)
    }

    /// The field of its backend.
    pub(super) fn field(&self) -> String {
        if self.kind.is_empty() {
            return "spec.defaultBackend".to_owned();
        }
        format!("spec.rules[{}].http.paths[{}].backend", self.at.0, self.at.1)
    }
}

/// Brings Ingresses into the order that controllers heed: where two say the same, the older one counts.
pub(super) fn arrange_by_age(ingresses: &mut [&Value]) {
    let created = |i: &Value| i["metadata"]["creationTimestamp"].to_str();
    ingresses.arrange_by(|a, b| created(a).cmp(&created(b)).then_with(|| b.key().cmp(&a.key())));
}

fn has_host(rule: &Value, host: &str) -> bool {
    rule["host"].text().eq_ignore_ascii_case(host)
}

fn names(ingress: &Value, host: &str) -> bool {
    ingress["spec"]["rules"].items().iter().any(|r| has_host(r, host))
}

/// Whether a rule of an Ingress is for this very host and path.
pub(super) fn has_path(ingress: &Value, host: &str, path: &str) -> bool {
    let own = ingress["spec"]["rules"].items().iter().filter(|r| has_host(r, host));
    own.flat_map(|r| r["http"]["paths"].items()).any(|p| p["path"].as_str().unwrap_or("/") == path)
}

/// The rule for a host and path, among the Ingresses of a controller by age.
pub(super) fn find<'a>(
    controller: &Controller,
    ingresses: &[&'a Value],
    host: &str,
    path: &str,
) -> Option<Rule<'a>> {
    if controller.kind == Kind::Nginx {
        let server = server_of(ingresses, host);
        return at_server(ingresses, &server, path);
    }
    let wildcard = wildcard_of(host);
    let mut hosts = [Some(host), wildcard.as_deref(), Some("")].into_iter().flatten();
    let found = hosts.find_map(|wanted| best(ingresses, wanted, path, &|p, k| traefik_fits(p, k, path)));
    let alone = |i: &&&Value| i["spec"]["rules"].items().is_empty();
    found.or_else(|| ingresses.iter().filter(alone).find_map(|i| Rule::default_of(i)))
}

fn wildcard_of(host: &str) -> Option<String> {
    host.split_once('.').map(|(_, rest)| format!("*.{rest}"))
}

/// The host of nginx's server that takes a request: its own, one it is an alias of, a wildcard, or (`""`) that of all others.
fn server_of(ingresses: &[&Value], host: &str) -> String {
    let exists = |h: &str| ingresses.iter().any(|i| names(i, h));
    if exists(host) {
        return host.to_owned();
    }
    let is_alias = |i: &&&Value| {
        annotation(i, "server-alias").is_some_and(|all| all.split(',').any(|a| a.trim() == host))
    };
    if let Some(i) = ingresses.iter().find(is_alias) {
        return i["spec"]["rules"][0]["host"].text().to_owned();
    }
    wildcard_of(host).filter(|h| exists(h)).unwrap_or_default()
}

/// Of one server nginx looks at all paths, and at no other server's. What none of them takes is its default backend's: that
/// of the oldest Ingress that names the host. The server of all other hosts has that of the oldest Ingress without rules.
fn at_server<'a>(ingresses: &[&'a Value], host: &str, path: &str) -> Option<Rule<'a>> {
    let others = host.is_empty();
    let alone = |i: &&&Value| others && i["spec"]["rules"].items().is_empty();
    let first = if others { None } else { ingresses.iter().find(|i| names(i, host)) };
    let fallback = ingresses.iter().filter(alone).chain(first).find_map(|i| Rule::default_of(i));
    // One pattern among a host's paths makes patterns of them all.
    let writes = |i: &&&Value| annotation(i, "rewrite-target").is_some() || is_on(i, "use-regex");
    let patterns = ingresses.iter().filter(|i| names(i, host)).any(|i| writes(&i));
    let found = best(ingresses, host, path, &|p, kind| nginx_fits(p, kind, path, patterns));
    // A default backend without rules has taken the root of all other hosts before a rule can.
    let taken = others && fallback.is_some();
    found.filter(|r| !(taken && r.path == "/" && r.kind == "Prefix")).or(fallback)
}

/// The best of a host's paths that fit: an exact one, else the longest, else the oldest.
fn best<'a>(
    ingresses: &[&'a Value],
    wanted: &str,
    path: &str,
    fits: &dyn Fn(&str, &str) -> Option<Vec<String>>,
) -> Option<Rule<'a>> {
    let mut best: Option<((bool, usize, bool), Rule<'a>)> = None;
    let rules =
        ingresses.iter().flat_map(|i| i["spec"]["rules"].items().iter().enumerate().map(move |r| (*i, r)));
    for (ingress, (n, r)) in rules.filter(|(_, (_, r))| has_host(r, wanted)) {
        for (m, p) in r["http"]["paths"].items().iter().enumerate() {
            let (text, kind) = (p["path"].as_str().unwrap_or("/"), p["pathType"].text());
            let Some(groups) = fits(text, kind) else { continue };
            let rank = (kind == "Exact" && text == path, text.len(), kind == "Prefix");
            if best.as_ref().is_none_or(|(b, _)| rank > *b) {
                let (host, backend) = (r["host"].text(), &p["backend"]);
                best = Some((rank, Rule { ingress, host, path: text, kind, backend, groups, at: (n, m) }));
            }
        }
    }
    best.map(|(_, rule)| rule)
}

/// Whether a path fits; what a pattern's groups took. nginx compares what is `ImplementationSpecific` by the letter.
fn nginx_fits(rule: &str, kind: &str, path: &str, patterns: bool) -> Option<Vec<String>> {
    if patterns {
        return Pattern::parse(rule)?.matches(path);
    }
    let good = match kind {
        "Exact" => path == rule,
        "ImplementationSpecific" => path.starts_with(rule),
        _ => {
            let rule = rule.trim_end_matches('/');
            path.strip_prefix(rule).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
    };
    good.then(Vec::new)
}

/// Traefik compares by the letter whatever is not exact (its option `strictPrefixMatching` is off).
fn traefik_fits(rule: &str, kind: &str, path: &str) -> Option<Vec<String>> {
    let good = if kind == "Exact" { path == rule } else { path.starts_with(rule) };
    good.then(Vec::new)
}

/// The canary for the very host and path of a rule.
pub(super) fn beside<'a>(canaries: &[&'a Value], rule: &Rule<'_>) -> Option<Rule<'a>> {
    for ingress in canaries.iter().filter(|c| c.namespace() == rule.ingress.namespace()) {
        let rules = ingress["spec"]["rules"].items().iter().enumerate();
        for (n, r) in rules.filter(|(_, r)| r["host"].text() == rule.host) {
            for (m, p) in r["http"]["paths"].items().iter().enumerate() {
                let (path, kind) = (p["path"].as_str().unwrap_or("/"), p["pathType"].text());
                if path == rule.path && kind == rule.kind {
                    let (host, groups) = (r["host"].text(), rule.groups.clone());
                    let (backend, at) = (&p["backend"], (n, m));
                    return Some(Rule { ingress, host, path, kind, backend, groups, at });
                }
            }
        }
    }
    None
}

/// The host that a request for `host` is sent to instead: the same with `www.` before it, or without.
pub(super) fn www_of<'a>(ingresses: &[&'a Value], host: &str) -> Option<(&'a Value, String)> {
    let other = host.strip_prefix("www.").map_or_else(|| format!("www.{host}"), str::to_owned);
    let sends = |i: &&&Value| is_on(i, "from-to-www-redirect") && names(i, &other);
    let known = ingresses.iter().any(|i| names(i, host));
    ingresses.iter().find(sends).filter(|_| !known).map(|i| (*i, other))
}

/// The hop that says why no rule takes a request.
pub(super) fn why_none(
    all: &[Value],
    served: &[&Value],
    controller: &Controller,
    host: &str,
    path: &str,
) -> Hop {
    if let Some(own) = served.iter().find(|i| names(i, host)) {
        let rules = served.iter().flat_map(|i| i["spec"]["rules"].items()).filter(|r| has_host(r, host));
        let paths: Vec<&str> =
            rules.flat_map(|r| r["http"]["paths"].items()).map(|p| p["path"].text()).collect();
        return Hop::failed(Stage::Ingress, Code::IngressNoPath)
            .fact("ingress", own.key())
            .fact("host", host)
            .fact("path", path)
            .fact("paths", listed(&paths))
            .look("Ingress", &own.key(), "spec.rules[0].http.paths");
    }
    if let Some(other) = all.iter().find(|i| names(i, host)) {
        let class = class_of(other);
        let hop = if class.is_empty() {
            Hop::failed(Stage::Ingress, Code::IngressWithoutClass)
        } else {
            Hop::failed(Stage::Ingress, Code::IngressOtherClass)
                .fact("other", class)
                .fact("class", controller.class.clone())
        };
        return hop.fact("ingress", other.key()).fact("host", host).look(
            "Ingress",
            &other.key(),
            "spec.ingressClassName",
        );
    }
    let mut hosts: Vec<&str> =
        served.iter().flat_map(|i| i["spec"]["rules"].items()).map(|r| r["host"].text()).collect();
    hosts.retain(|h| !h.is_empty());
    hosts.dedup();
    let hop = Hop::failed(Stage::Ingress, Code::IngressNoHost).fact("class", controller.class.clone());
    let hop = hop.fact("host", host).fact("hosts", listed(&hosts));
    match served.first() {
        Some(i) => hop.look("Ingress", &i.key(), "spec.rules[0].host"),
        None => hop,
    }
}

fn listed(names: &[&str]) -> Str {
    if names.is_empty() { "-".into() } else { names[..names.len().min(LISTED_MAX)].join(", ").into() }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    fn controller(kind: Kind) -> Controller {
        let text = |s: &'static str| Str::new_static(s);
        Controller {
            kind,
            name: text("k8s.io/ingress-nginx"),
            class: text("nginx"),
            takes_classless: false,
            publish: text(""),
            gateways: false,
        }
    }

    fn path(text: &str, kind: &str, to: &str) -> Value {
        value!({"path": (text), "pathType": (kind), "backend": {"service": {"name": (to)}}})
    }

    fn ingress(name: &str, created: i64, host: &str, paths: Vec<Value>, default: &str) -> Value {
        let mut i = value!({
            "metadata": {"namespace": "default", "name": (name), "creationTimestamp": (format!("2026-01-01T00:00:0{created}Z"))},
            "spec": {},
        });
        if !paths.is_empty() {
            let host = if host.is_empty() { Value::Null } else { Value::from(host) };
            i.set_at(&["spec", "rules"], value!([{"host": (host), "http": {"paths": (paths)}}]));
        }
        if !default.is_empty() {
            i.set_at(&["spec", "defaultBackend"], value!({"service": {"name": (default)}}));
        }
        i
    }

    fn ask(kind: Kind, all: &[Value], host: &str, path: &str) -> String {
        let mut sorted: Vec<&Value> = all.iter().collect();
        arrange_by_age(&mut sorted);
        let found = find(&controller(kind), &sorted, host, path);
        found.map_or("404".to_owned(), |r| r.backend["service"]["name"].text().to_owned())
    }

    #[test]
    fn a_host_with_rules_has_only_its_own_default_backend() {
        let all = [
            ingress("alone", 1, "", Vec::new(), "any"),
            ingress("shop", 2, "shop.io", vec![path("/a", "Prefix", "a")], "rest"),
            ingress("shop-too", 3, "shop.io", vec![path("/b", "Prefix", "b")], "never"),
            ingress("plain", 4, "plain.io", vec![path("/a", "Prefix", "p")], ""),
        ];
        let table = [
            ("shop.io", "/a/x", "a"),
            ("shop.io", "/b", "b"),
            ("shop.io", "/else", "rest"),
            ("plain.io", "/a", "p"),
            ("plain.io", "/else", "404"),
            ("other.io", "/else", "any"),
        ];
        for (host, path, want) in table {
            assert_eq!(ask(Kind::Nginx, &all, host, path), want, "{host}{path}");
        }
        // Traefik asks the default backend of an Ingress without rules for whatever is left, and no other.
        assert_eq!(ask(Kind::Traefik, &all, "plain.io", "/else"), "any");
        assert_eq!(ask(Kind::Traefik, &all, "shop.io", "/else"), "any");
    }

    #[test]
    fn rules_without_a_host_and_default_backends() {
        let both = [ingress("x", 1, "", vec![path("/a", "Prefix", "a")], "ignored")];
        assert_eq!(ask(Kind::Nginx, &both, "any.io", "/else"), "404");
        let root = [
            ingress("root", 1, "", vec![path("/", "Prefix", "root"), path("/a", "Prefix", "a")], ""),
            ingress("alone", 2, "", Vec::new(), "alone"),
        ];
        assert_eq!(ask(Kind::Nginx, &root, "any.io", "/else"), "alone");
        assert_eq!(ask(Kind::Nginx, &root, "any.io", "/a"), "a");
        assert_eq!(ask(Kind::Nginx, &root[..1], "any.io", "/else"), "root");
    }

    #[test]
    fn of_the_same_path_the_older_rule_counts() {
        let all = [
            ingress("a", 2, "h.io", vec![path("/", "Prefix", "young")], ""),
            ingress("b", 1, "h.io", vec![path("/", "Prefix", "old")], ""),
        ];
        assert_eq!(ask(Kind::Nginx, &all, "h.io", "/"), "old");
    }

    #[test]
    fn a_pattern_makes_patterns_of_all_paths_of_its_host() {
        let mut all = vec![
            ingress("exact", 1, "h.io", vec![path("/exact", "Exact", "exact")], ""),
            ingress("regex", 2, "h.io", vec![path("/v[0-9]+", "ImplementationSpecific", "versions")], ""),
        ];
        assert_eq!(ask(Kind::Nginx, &all, "h.io", "/EXACTLY"), "404");
        all[1]
            .set_at(&["metadata", "annotations"], value!({"nginx.ingress.kubernetes.io/use-regex": "true"}));
        assert_eq!(ask(Kind::Nginx, &all, "h.io", "/EXACTLY"), "exact");
        assert_eq!(ask(Kind::Nginx, &all, "h.io", "/v12/x"), "versions");
    }

    #[test]
    fn names_beside_a_host() {
        let mut all = vec![ingress("x", 1, "h.io", vec![path("/", "Prefix", "x")], "")];
        let annotations = value!({
            "nginx.ingress.kubernetes.io/server-alias": "a.io, b.io",
            "nginx.ingress.kubernetes.io/from-to-www-redirect": "true",
        });
        all[0].set_at(&["metadata", "annotations"], annotations);
        assert_eq!(ask(Kind::Nginx, &all, "b.io", "/"), "x");
        assert_eq!(ask(Kind::Nginx, &all, "c.io", "/"), "404");
        let refs: Vec<&Value> = all.iter().collect();
        assert_eq!(www_of(&refs, "www.h.io").map(|(_, to)| to).as_deref(), Some("h.io"));
        assert!(www_of(&refs, "h.io").is_none());
    }

    #[test]
    fn prefixes_by_controller() {
        let all = [ingress("x", 1, "h.io", vec![path("/blog", "Prefix", "blog")], "")];
        assert_eq!(ask(Kind::Nginx, &all, "h.io", "/blogger"), "404");
        assert_eq!(ask(Kind::Traefik, &all, "h.io", "/blogger"), "blog");
    }
}
