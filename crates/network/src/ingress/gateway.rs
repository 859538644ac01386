//! Gateway API: which routes a Gateway accepts, and what an HTTPRoute does with a request.
//!
//! Models `gateway.networking.k8s.io/v1` (GatewayClass, Gateway, HTTPRoute) with the filters RequestHeaderModifier,
//! ResponseHeaderModifier, RequestRedirect, URLRewrite and RequestMirror, and ReferenceGrant for Services of other
//! namespaces, timeouts, filters of a rule and of a single backend. Not modelled: TLS of listeners beyond its end, mirroring
//! of a part, CORS, retries, GRPCRoute, TLSRoute, policies.

use objects::selector::LabelSelector;
use objects::{Str, Value};
use ordered::Sort as _;

use super::Kind;
use super::pattern::Pattern;
use super::route::{Again, Asked, DIAL_MS, Decision, Forward, HeaderChange};
use crate::ground::Ground;
use crate::kube_proxy::Endpoint;
use crate::path::{Code, Hop, Stage};

pub const GROUP: &str = "gateway.networking.k8s.io";
pub const CONTROLLER: &str = "traefik.io/gateway-controller";
/// How long a backend's answer is waited for.
const TIMEOUT_MS: i64 = 60_000;

/// `gateways.gateway.networking.k8s.io`
#[must_use]
pub fn resource(plural: &str) -> String {
    format!("{plural}.{GROUP}")
}

/// The Gateway (`namespace/name`) that a parent reference of a route means, if it means one.
#[must_use]
pub fn parent_key(route: &Value, parent: &Value) -> Option<Str> {
    let kind = parent["kind"].as_str().unwrap_or("Gateway");
    let group = parent["group"].as_str().unwrap_or(GROUP);
    let namespace = parent["namespace"].as_str().unwrap_or(route.namespace());
    (kind == "Gateway" && group == GROUP).then(|| format!("{namespace}/{}", parent["name"].text()).into())
}

/// Whether a host fits a pattern such as `*.example.com`; an empty pattern fits all.
fn host_fits(pattern: &str, host: &str) -> bool {
    pattern.is_empty()
        || pattern.eq_ignore_ascii_case(host)
        || pattern.strip_prefix("*.").is_some_and(|rest| {
            host.strip_suffix(rest).is_some_and(|front| front.len() > 1 && front.ends_with('.'))
        })
}

/// Names of the listeners of a Gateway that take a route by this parent reference.
///
/// # Errors
/// The reason and message of its condition Accepted.
pub fn accepted(
    route: &Value,
    parent: &Value,
    gateway: Option<&Value>,
    namespace_labels: &Value,
) -> Result<Vec<Str>, (&'static str, String)> {
    let Some(gateway) = gateway else {
        return Err(("NoMatchingParent", "No matching parent".into()));
    };
    let wanted = |l: &&Value| {
        parent["sectionName"].as_str().is_none_or(|n| l["name"] == n)
            && parent["port"].as_int().is_none_or(|p| l["port"].as_int() == Some(p))
    };
    let listeners: Vec<&Value> = gateway["spec"]["listeners"].items().iter().filter(wanted).collect();
    if listeners.is_empty() {
        return Err(("NoMatchingParent", "No listener of the Gateway matches the parent reference".into()));
    }
    let allows = |l: &Value| {
        let from = &l["allowedRoutes"]["namespaces"];
        match from["from"].as_str().unwrap_or("Same") {
            "All" => true,
            "Selector" => {
                LabelSelector::from_value(&from["selector"]).is_ok_and(|s| s.matches(namespace_labels))
            }
            "None" => false,
            _ => route.namespace() == gateway.namespace(),
        }
    };
    let allowed: Vec<&Value> = listeners.into_iter().filter(|l| allows(l)).collect();
    if allowed.is_empty() {
        return Err(("NotAllowedByListeners", "No listener allows routes of this namespace".into()));
    }
    let hosts = route["spec"]["hostnames"].items();
    let meets = |l: &&Value| {
        let own = l["hostname"].text();
        own.is_empty()
            || hosts.is_empty()
            || hosts.iter().any(|h| host_fits(own, h.text()) || host_fits(h.text(), own))
    };
    let taking: Vec<Str> = allowed.into_iter().filter(meets).map(|l| l["name"].to_str()).collect();
    if taking.is_empty() {
        return Err(("NoMatchingListenerHostname", "No hostname of the route fits a listener's".into()));
    }
    Ok(taking)
}

/// The first backend of a route that can't be used: the reason and message of its condition ResolvedRefs.
pub fn unresolved(
    route: &Value,
    exists: &mut dyn FnMut(&str, &str) -> bool,
    granted: &mut dyn FnMut(&str) -> bool,
) -> Option<(&'static str, String)> {
    let rules = route["spec"]["rules"].items().iter();
    for b in rules.flat_map(|r| r["backendRefs"].items()) {
        if b["kind"].as_str().unwrap_or("Service") != "Service" {
            return Some(("InvalidKind", format!("kind {} is not supported", b["kind"].text())));
        }
        let namespace = b["namespace"].as_str().unwrap_or(route.namespace());
        if namespace != route.namespace() && !granted(namespace) {
            let text = format!("no ReferenceGrant in namespace {namespace} allows it");
            return Some(("RefNotPermitted", text));
        }
        if !exists(namespace, b["name"].text()) {
            return Some(("BackendNotFound", format!("service \"{}\" not found", b["name"].text())));
        }
    }
    None
}

/// How well a match fits: exact path, its length, method, headers, query.
type Rank = (bool, usize, bool, usize, usize);
/// How much a route's host name says: one without a wildcard, its length.
type HostRank = (bool, usize);

/// A rule of a route that fits a request.
struct Fit<'a> {
    route: &'a Value,
    rule: &'a Value,
    index: usize,
    /// What of the path the match took: a rewrite of the prefix replaces it.
    prefix: String,
    rank: (HostRank, Rank),
}

/// What the Gateways of a controller do with a request that came in by `ports` (the Service's and the container's).
/// `None`: no Gateway listens there.
pub fn route(ground: &mut dyn Ground, ports: [i64; 2], asked: &Asked<'_>) -> Option<(Vec<Hop>, Decision)> {
    let (host, path) = (asked.name(), asked.path());
    let ours = |g: &Value, ground: &dyn Ground| {
        ground
            .get(&resource("gatewayclasses"), "", g["spec"]["gatewayClassName"].text())
            .is_some_and(|c| c["spec"]["controllerName"] == CONTROLLER)
    };
    let gateways = ground.list(&resource("gateways"), "");
    let mut found: Option<(&Value, &Value)> = None;
    for g in gateways.iter().filter(|g| ours(g, ground)) {
        for l in g["spec"]["listeners"].items() {
            let speaks = matches!((l["protocol"].text(), asked.tls), ("HTTP", false) | ("HTTPS", true));
            let here = speaks && ports.contains(&l["port"].int()) && host_fits(l["hostname"].text(), &host);
            // The listener whose host name says most.
            let better = |old: &Value| l["hostname"].text().len() > old["hostname"].text().len();
            if here && found.is_none_or(|(_, old)| better(old)) {
                found = Some((g, l));
            }
        }
    }
    let (gateway, listener) = found?;
    let mut hops = vec![
        Hop::new(Stage::Ingress, Code::GatewayTakes)
            .fact("gateway", gateway.key())
            .fact("listener", listener["name"].to_str())
            .fact("host", host.as_str())
            .fact("path", path),
    ];
    let mut routes = ground.list(&resource("httproutes"), "");
    // Of those that fit alike the oldest goes first.
    routes.arrange_by(|a, b| age(a).cmp(&age(b)));
    let mut best: Option<Fit<'_>> = None;
    let mut refused = None;
    for r in &routes {
        let parents = r["spec"]["parentRefs"].items().iter();
        let mine: Vec<&Value> = parents.filter(|p| parent_key(r, p) == Some(gateway.key())).collect();
        let Some(host_rank) = host_rank(r, &host).filter(|_| !mine.is_empty()) else { continue };
        let labels = ground.get("namespaces", "", r.namespace()).unwrap_or_default().labels().clone();
        let taken = mine.iter().map(|p| accepted(r, p, Some(gateway), &labels));
        let mut why = None;
        let taken = taken.fold(false, |any, t| match t {
            Ok(names) => any || names.iter().any(|n| listener["name"] == n.as_str()),
            Err((_, text)) => {
                why = Some(text);
                any
            }
        });
        if !taken {
            if let Some(text) = why {
                refused = Some((r.key(), text));
            }
            continue;
        }
        for (index, rule) in r["spec"]["rules"].items().iter().enumerate() {
            let Some((rank, prefix)) = rule_rank(rule, asked, path) else { continue };
            let rank = (host_rank, rank);
            if best.as_ref().is_none_or(|b| rank > b.rank) {
                best = Some(Fit { route: r, rule, index, prefix, rank });
            }
        }
    }
    let Some(fit) = best else {
        let hop = match refused {
            Some((key, why)) => Hop::failed(Stage::Ingress, Code::GatewayRouteNotAccepted)
                .fact("route", key.clone())
                .fact("gateway", gateway.key())
                .fact("why", why)
                .look("HTTPRoute", &key, "spec.parentRefs"),
            None => Hop::failed(Stage::Ingress, Code::GatewayNoRoute)
                .fact("gateway", gateway.key())
                .fact("host", host.as_str())
                .fact("path", path)
                .look("Gateway", &gateway.key(), "status.listeners"),
        };
        hops.push(hop);
        return Some((hops, Decision::page(Kind::Traefik, 404, Vec::new())));
    };
    let decision = act(ground, &fit, asked, &host, &mut hops);
    Some((hops, decision))
}

fn age(route: &Value) -> (&str, &str, &str) {
    (route["metadata"]["creationTimestamp"].text(), route.namespace(), route.name())
}

/// The best of a route's host names that fit a host; none fits: `None`.
fn host_rank(route: &Value, host: &str) -> Option<HostRank> {
    let hosts = route["spec"]["hostnames"].items();
    if hosts.is_empty() {
        return Some((false, 0));
    }
    let fitting = hosts.iter().map(Value::text).filter(|h| host_fits(h, host));
    fitting.map(|h| (!h.starts_with('*'), h.len())).max()
}

/// How well a rule fits, the best of its matches: exact path, longest path, method, headers, query.
fn rule_rank(rule: &Value, asked: &Asked<'_>, path: &str) -> Option<(Rank, String)> {
    let all = rule["matches"].items();
    if all.is_empty() {
        return Some(((false, 1, false, 0, 0), "/".into()));
    }
    all.iter().filter_map(|m| match_rank(m, asked, path)).max_by(|a, b| a.0.cmp(&b.0))
}

fn match_rank(m: &Value, asked: &Asked<'_>, path: &str) -> Option<(Rank, String)> {
    let (kind, value) =
        (m["path"]["type"].as_str().unwrap_or("PathPrefix"), m["path"]["value"].as_str().unwrap_or("/"));
    let fits = match kind {
        "Exact" => path == value,
        "RegularExpression" => Pattern::parse(value).is_some_and(|p| p.matches(path).is_some()),
        _ => {
            let value = value.trim_end_matches('/');
            path.strip_prefix(value).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
    };
    let method = m["method"].as_str();
    if !fits || method.is_some_and(|w| w != asked.method) {
        return None;
    }
    let same = |kind: &Value, wanted: &str, got: &str| match kind.as_str() {
        Some("RegularExpression") => Pattern::parse(wanted)
            .is_some_and(|p| p.matches(got).is_some_and(|g| g.first().is_some_and(|all| all == got))),
        _ => wanted == got,
    };
    let headers = m["headers"].items();
    let query = asked.target.split_once('?').map_or("", |(_, q)| q);
    let parameter = |name: &str| query.split('&').filter_map(|p| p.split_once('=')).find(|(n, _)| *n == name);
    let good = headers
        .iter()
        .all(|h| asked.header(h["name"].text()).is_some_and(|v| same(&h["type"], h["value"].text(), v)))
        && m["queryParams"].items().iter().all(|q| {
            parameter(q["name"].text()).is_some_and(|(_, v)| same(&q["type"], q["value"].text(), v))
        });
    let rank =
        (kind == "Exact", value.len(), method.is_some(), headers.len(), m["queryParams"].items().len());
    good.then(|| (rank, value.to_owned()))
}

/// How long a rule lets a request take, in milliseconds: the whole of it, and a backend's part.
pub(crate) fn timeout_ms(rule: &Value) -> i64 {
    let limits = ["request", "backendRequest"].map(|name| duration_ms(rule["timeouts"][name].text()));
    // Nought is no limit.
    let set = limits.into_iter().flatten().filter(|ms| *ms > 0);
    set.min().unwrap_or(TIMEOUT_MS)
}

/// Gateway API's durations (GEP-2257): `500ms`, `1m30s`.
fn duration_ms(text: &str) -> Option<i64> {
    let mut all = 0i64;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).filter(|end| (1..=5).contains(end))?;
        let number: i64 = rest[..end].parse().ok()?;
        let units = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
        let (unit, ms) = units.into_iter().find(|(unit, _)| rest[end..].starts_with(unit))?;
        all += number * ms;
        rest = &rest[end + unit.len()..];
    }
    (!text.is_empty()).then_some(all)
}

fn act(
    ground: &mut dyn Ground,
    fit: &Fit<'_>,
    asked: &Asked<'_>,
    host: &str,
    hops: &mut Vec<Hop>,
) -> Decision {
    let (key, rule) = (fit.route.key(), Str::from((fit.index + 1).to_string()));
    let limit_ms = timeout_ms(fit.rule);
    let mut f = Forward {
        by: key.clone(),
        kind: "HTTPRoute",
        patience: format!("spec.rules[{}].timeouts", fit.index),
        target: asked.target.to_owned(),
        connect_ms: limit_ms.min(DIAL_MS),
        timeout_ms: limit_ms,
        again: Again { tries: 1, ..Again::default() },
        request_headers: vec![
            ("x-forwarded-for".into(), HeaderChange::Set(asked.client.to_owned())),
            ("x-forwarded-host".into(), HeaderChange::Set(asked.host.to_owned())),
            ("x-forwarded-proto".into(), HeaderChange::Set(asked.scheme().to_owned())),
        ],
        ..Forward::default()
    };
    if let Some(sent_away) = filter(ground, &fit.rule["filters"], fit, asked, host, &mut f, hops) {
        return sent_away;
    }
    let backends = fit.rule["backendRefs"].items();
    let total: i64 = backends.iter().map(weight).sum();
    let none = |why: &str| {
        Hop::failed(Stage::Ingress, Code::GatewayNoBackend)
            .fact("route", key.clone())
            .fact("rule", rule.clone())
            .fact("why", why)
            .look("HTTPRoute", &key, format!("spec.rules[{}].backendRefs", fit.index))
    };
    if total == 0 {
        hops.push(none("weight 0"));
        return Decision::page(Kind::Traefik, 500, Vec::new());
    }
    let turn = ground.turns().next(&format!("gateway/{key}/{}", fit.index)) as i64;
    let Some(backend) = spread(backends, &weight, total, turn) else {
        return Decision::page(Kind::Traefik, 500, Vec::new());
    };
    let namespace = backend["namespace"].as_str().unwrap_or(fit.route.namespace());
    let (name, port) = (backend["name"].text(), backend["port"].int());
    let service = Str::from(format!("{namespace}/{name}"));
    let hop =
        Hop::new(Stage::Ingress, Code::GatewayRoute).fact("route", key.clone()).fact("rule", rule.clone());
    let hop = hop.fact("service", service.clone()).number("port", port);
    hops.push(hop.number("weight", weight(backend)).number("total", total));
    if namespace != fit.route.namespace() && !is_granted(ground, fit.route, namespace) {
        hops.push(none("RefNotPermitted"));
        return Decision::page(Kind::Traefik, 500, Vec::new());
    }
    let Some((index, mut ready)) = ready_endpoints(ground, namespace, name, port) else {
        hops.push(none("BackendNotFound"));
        return Decision::page(Kind::Traefik, 500, Vec::new());
    };
    if ready.is_empty() {
        let hop = Hop::failed(Stage::Ingress, Code::GatewayNoEndpoints).fact("service", service.clone());
        let hop = hop.fact("route", key.clone()).fact("rule", rule.clone());
        hops.push(hop.look("Service", &service, "spec.selector"));
        return Decision::page(Kind::Traefik, 503, Vec::new());
    }
    if let Some(sent_away) = filter(ground, &backend["filters"], fit, asked, host, &mut f, hops) {
        return sent_away;
    }
    let first = ground.turns().next(&format!("gateway/{service}/{port}")) as usize;
    let first = first % ready.len();
    ready.rotate_left(first);
    f.alternatives = ready.iter().map(Endpoint::label).collect();
    ready.truncate(f.again.tries);
    f.endpoints = ready;
    (f.service, f.port, f.port_index) = (service, port, index);
    Decision::Forward(Box::new(f))
}

/// Does what filters say, in their order; the answer of one that makes one up itself.
fn filter(
    ground: &mut dyn Ground,
    filters: &Value,
    fit: &Fit<'_>,
    asked: &Asked<'_>,
    host: &str,
    f: &mut Forward,
    hops: &mut Vec<Hop>,
) -> Option<Decision> {
    let key = fit.route.key();
    for filter in filters.items() {
        match filter["type"].text() {
            "RequestHeaderModifier" => modify(&filter["requestHeaderModifier"], &mut f.request_headers),
            "ResponseHeaderModifier" => modify(&filter["responseHeaderModifier"], &mut f.response_headers),
            "RequestRedirect" => {
                let r = &filter["requestRedirect"];
                let scheme = r["scheme"].as_str().unwrap_or(asked.scheme());
                let to = r["hostname"].as_str().unwrap_or(host);
                let port = r["port"].as_int().map_or(String::new(), |p| format!(":{p}"));
                let path = replaced(&r["path"], &fit.prefix, asked.target);
                let location = format!("{scheme}://{to}{port}{path}");
                let hop = Hop::new(Stage::Ingress, Code::GatewayRedirects).fact("route", key);
                hops.push(hop.number("rule", fit.index as i64 + 1).fact("location", location.as_str()));
                let status = u16::try_from(r["statusCode"].int_or(302)).unwrap_or(302);
                return Some(Decision::page(Kind::Traefik, status, vec![("Location".into(), location)]));
            }
            "URLRewrite" => {
                let r = &filter["urlRewrite"];
                let path = replaced(&r["path"], &fit.prefix, asked.target);
                if path != f.target {
                    let hop = Hop::new(Stage::Ingress, Code::IngressRewrites).fact("path", asked.path());
                    hops.push(hop.fact("new", path.as_str()));
                    f.target = path;
                }
                if let Some(name) = r["hostname"].as_str() {
                    f.request_headers.push(("host".into(), HeaderChange::Set(name.to_owned())));
                }
            }
            "RequestMirror" => {
                let to = &filter["requestMirror"]["backendRef"];
                let namespace = to["namespace"].as_str().unwrap_or(fit.route.namespace());
                let service = Str::from(format!("{namespace}/{}", to["name"].text()));
                let ready = ready_endpoints(ground, namespace, to["name"].text(), to["port"].int());
                if let Some((_, ready)) = ready.filter(|(_, r)| !r.is_empty()) {
                    let turn = ground.turns().next(&format!("gateway/{service}/mirror")) as usize;
                    let hop = Hop::new(Stage::Ingress, Code::GatewayMirrors).fact("route", key.clone());
                    hops.push(hop.fact("service", service));
                    f.mirrors.push(ready[turn % ready.len()].clone());
                }
            }
            _ => {}
        }
    }
    None
}

/// The place of a Service's port among its ports, and the ready endpoints; `None`: there is no such Service.
fn ready_endpoints(
    ground: &mut dyn Ground,
    namespace: &str,
    name: &str,
    port: i64,
) -> Option<(usize, Vec<Endpoint>)> {
    let rules = ground.rules_now(namespace, name)?;
    let Some((index, found)) = rules.ports.iter().enumerate().find(|(_, p)| p.port == port) else {
        return Some((0, Vec::new()));
    };
    Some((index, found.endpoints.iter().filter(|e| e.ready).cloned().collect()))
}

/// A backend's weight among those of its rule.
pub(crate) fn weight(backend: &Value) -> i64 {
    backend["weight"].as_int().unwrap_or(1).clamp(0, 1_000_000)
}

/// Whose turn it is among weights, spread as evenly as weights allow: the one furthest behind its share.
fn spread<'a>(
    backends: &'a [Value],
    weight: &dyn Fn(&Value) -> i64,
    total: i64,
    turn: i64,
) -> Option<&'a Value> {
    let turn = turn.rem_euclid(total);
    let mut had = vec![0i64; backends.len()];
    let mut chosen = 0;
    for n in 0..=turn.min(10_000) {
        let behind = |i: usize| weight(&backends[i]) * (n + 1) - had[i] * total;
        chosen = (0..backends.len())
            .filter(|i| weight(&backends[*i]) > 0)
            .max_by_key(|i| (behind(*i), usize::MAX - i))?;
        had[chosen] += 1;
    }
    backends.get(chosen)
}

fn is_granted(ground: &dyn Ground, route: &Value, namespace: &str) -> bool {
    ground.list(&resource("referencegrants"), namespace).iter().any(|g| grants(g, route.namespace()))
}

/// Whether a ReferenceGrant lets HTTPRoutes of a namespace use Services.
#[must_use]
pub fn grants(grant: &Value, from: &str) -> bool {
    grant["spec"]["from"].items().iter().any(|f| f["kind"] == "HTTPRoute" && f["namespace"] == from)
        && grant["spec"]["to"].items().iter().any(|t| t["kind"] == "Service")
}

fn modify(modifier: &Value, headers: &mut Vec<(String, HeaderChange)>) {
    let mut all = |list: &str, make: &dyn Fn(String) -> HeaderChange| {
        for h in modifier[list].items() {
            headers.push((h["name"].text().to_lowercase(), make(h["value"].text().to_owned())));
        }
    };
    all("set", &HeaderChange::Set);
    all("add", &HeaderChange::Add);
    for name in modifier["remove"].items() {
        headers.push((name.text().to_lowercase(), HeaderChange::Remove));
    }
}

/// Path and query after a path modifier.
fn replaced(modifier: &Value, prefix: &str, target: &str) -> String {
    let (path, query) = target.split_once('?').map_or((target, String::new()), |(p, q)| (p, format!("?{q}")));
    match modifier["type"].text() {
        "ReplaceFullPath" => format!("{}{query}", modifier["replaceFullPath"].text()),
        "ReplacePrefixMatch" => {
            let rest = path.strip_prefix(prefix.trim_end_matches('/')).unwrap_or(path);
            let new = modifier["replacePrefixMatch"].text().trim_end_matches('/');
            let joined =
                format!("{new}{}{rest}", if rest.is_empty() || rest.starts_with('/') { "" } else { "/" });
            format!("{}{query}", if joined.is_empty() { "/" } else { &joined })
        }
        _ => target.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn weights_are_kept_evenly() {
        let list = value!([{"name": "a", "weight": 9}, {"name": "b", "weight": 1}]);
        let weight = |b: &Value| b["weight"].int();
        let names: String =
            (0..20).filter_map(|n| spread(list.items(), &weight, 10, n)).map(|b| b["name"].text()).collect();
        assert_eq!((names.matches('a').count(), names.matches('b').count()), (18, 2));
    }

    #[test]
    fn durations_and_limits() {
        let table = [
            ("500ms", Some(500)),
            ("1m30s", Some(90_000)),
            ("10s", Some(10_000)),
            ("0s", Some(0)),
            ("", None),
            ("s", None),
            ("1d", None),
            ("123456s", None),
        ];
        for (text, want) in table {
            assert_eq!(duration_ms(text), want, "{text}");
        }
        let of = |request: &str, backend: &str| {
            timeout_ms(&value!({"timeouts": {"request": (request), "backendRequest": (backend)}}))
        };
        assert_eq!((of("10s", "2s"), of("1s", ""), of("0s", "0s")), (2000, 1000, TIMEOUT_MS));
    }

    #[test]
    fn paths_are_replaced() {
        let prefix = value!({"type": "ReplacePrefixMatch", "replacePrefixMatch": "/v2"});
        let table = [("/v1/x?q", "/v2/x?q"), ("/v1", "/v2"), ("/v1/", "/v2/")];
        for (from, want) in table {
            assert_eq!(replaced(&prefix, "/v1", from), want);
        }
        let root = value!({"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"});
        assert_eq!(replaced(&root, "/v1", "/v1"), "/");
        assert_eq!(replaced(&root, "/v1", "/v1/a"), "/a");
        let full = value!({"type": "ReplaceFullPath", "replaceFullPath": "/all"});
        assert_eq!(replaced(&full, "/", "/x?y"), "/all?y");
    }

    #[test]
    fn which_routes_a_gateway_takes() {
        let gateway = value!({
            "metadata": {"namespace": "infra", "name": "gw"},
            "spec": {"listeners": [
                {"name": "web", "port": 80, "hostname": "*.example.com", "allowedRoutes": {"namespaces": {"from": "All"}}},
                {"name": "own", "port": 81}
            ]},
        });
        let route = |hosts: Value| value!({"metadata": {"namespace": "shop", "name": "r"}, "spec": {"hostnames": (hosts)}});
        let parent = value!({"name": "gw", "namespace": "infra"});
        let own = value!({"name": "gw", "namespace": "infra", "sectionName": "own"});
        let say = |r: &Value, p: &Value| {
            accepted(r, p, Some(&gateway), &Value::Null).map(|l| l.join(",")).map_err(|e| e.0)
        };
        assert_eq!(say(&route(value!(["a.example.com"])), &parent), Ok("web".into()));
        assert_eq!(say(&route(value!(["a.example.org"])), &parent), Err("NoMatchingListenerHostname"));
        assert_eq!(say(&route(value!([])), &own), Err("NotAllowedByListeners"));
        assert_eq!(
            accepted(&route(value!([])), &parent, None, &Value::Null).map_err(|e| e.0),
            Err("NoMatchingParent")
        );
    }
}
