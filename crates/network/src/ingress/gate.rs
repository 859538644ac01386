//! What nginx does with a request before it looks for a backend, in the order of its phases: sizes, answers to browsers'
//! questions, redirects, how many may come, who may come.
//!
//! Models the locations of ingress-nginx's `nginx.tmpl` and `lua_ingress.lua`.
//! Not modelled: `limit-connections`, `auth-url`, `auth-type: digest` beyond its refusal.

use objects::{Str, Value, htpasswd};

use super::annotations::{PREFIX, annotation, body_limit, field, is_on, number, switch};
use super::rules::Rule;
use super::{Asked, Decision, HeaderChange, Kind};
use crate::address::{self, Block};
use crate::ground::Ground;
use crate::path::{Code, Hop, Stage};

/// How many times its rate a client may be ahead of it.
const BURST: i64 = 5;
const ALLOWED: [&str; 2] = ["whitelist-source-range", "allowlist-source-range"];
const CORS_METHODS: &str = "GET, PUT, POST, DELETE, PATCH, OPTIONS";
const CORS_HEADERS: &str = "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization";
const CORS_SECONDS: i64 = 1_728_000;

type Headers = Vec<(String, HeaderChange)>;

fn answer(status: u16, headers: Vec<(String, String)>) -> Decision {
    Decision::page(Kind::Nginx, status, headers)
}

/// What is wrong with a request at the gate: its hop, and the answer.
type Stopped = (Hop, Decision);

fn stopped(status: u16, hop: Hop) -> Stopped {
    (hop, answer(status, Vec::new()))
}

/// What the answer of a backend gets besides, if the gate lets a request through.
pub(super) fn pass(
    ground: &mut dyn Ground,
    ingresses: &[&Value],
    rule: &Rule<'_>,
    asked: &Asked<'_>,
    hops: &mut Vec<Hop>,
) -> Result<Headers, Decision> {
    let through = through(ground, ingresses, rule, asked);
    through.map_err(|(hop, decision)| {
        hops.push(hop);
        decision
    })
}

fn through(
    ground: &mut dyn Ground,
    ingresses: &[&Value],
    rule: &Rule<'_>,
    asked: &Asked<'_>,
) -> Result<Headers, Stopped> {
    let i = rule.ingress;
    if let Some(root) = annotation(i, "app-root").filter(|r| r.starts_with('/') && asked.path() == "/") {
        let to = format!("{}://{}{root}", asked.scheme(), asked.host);
        return Err(sent_away(i, 302, to, "app-root"));
    }
    fits(i, asked.body_bytes as i64)?;
    may_come_at_all(ground, i)?;
    let cors = cors(i, asked)?;
    for (name, usual, most) in [("temporal-redirect", 302, 307), ("permanent-redirect", 301, 308)] {
        if let Some(to) = annotation(i, name) {
            let code = number(i, &format!("{name}-code")).filter(|c| (300..=most).contains(c));
            let status = code.and_then(|c| u16::try_from(c).ok()).unwrap_or(usual);
            return Err(sent_away(i, status, asked.fill(to), name));
        }
    }
    to_tls(ingresses, i, asked)?;
    within_rate(ground, i, asked)?;
    let place = place(i, asked);
    let who = who(ground, i, asked);
    match (place, who) {
        (Err(_), Ok(true)) | (Ok(true), Err(_)) if annotation(i, "satisfy") == Some("any") => {}
        // Who could come by either is asked for the password.
        (Err(_), Err(unknown)) if annotation(i, "satisfy") == Some("any") => return Err(unknown),
        (place, who) => {
            place?;
            who?;
        }
    }
    Ok(cors)
}

/// How all requests to an Ingress end that come without credentials from an address; `None`: not at its gate.
pub(crate) fn status_of_all(ground: &dyn Ground, i: &Value, body_bytes: i64, client: &str) -> Option<u16> {
    let asked = Asked { client, ..Asked::default() };
    let stops = fits(i, body_bytes).and_then(|()| may_come_at_all(ground, i));
    let stops = stops.and_then(|()| place(i, &asked)).and_then(|_| who(ground, i, &asked));
    match stops {
        Err((_, Decision::Answer { status, .. })) => Some(status),
        _ => None,
    }
}

/// The most requests a second, in thousandths, that nginx takes from one client in the long run.
pub(crate) fn rate_of(i: &Value) -> Option<i64> {
    rates(i).map(|(_, milli, _)| milli).min()
}

fn fits(i: &Value, body_bytes: i64) -> Result<(), Stopped> {
    let Some(limit) = body_limit(i).filter(|limit| body_bytes > *limit) else { return Ok(()) };
    let hop = Hop::failed(Stage::Ingress, Code::IngressBodyTooLarge).fact("ingress", i.key());
    let hop = hop.number("bytes", body_bytes).number("limit", limit);
    Err(stopped(413, hop.look("Ingress", &i.key(), field("proxy-body-size"))))
}

/// What can't be read of an Ingress's own rules of access shuts everybody out.
fn may_come_at_all(ground: &dyn Ground, i: &Value) -> Result<(), Stopped> {
    for name in ALLOWED.into_iter().chain(["denylist-source-range"]) {
        let Some(ranges) = annotation(i, name) else { continue };
        let mut ranges = ranges.split(',').map(str::trim);
        if let Some(wrong) = ranges.find(|r| Block::parse(r).is_none() && !address::is_ip(r)) {
            let hop = Hop::failed(Stage::Ingress, Code::IngressBadRange).fact("ingress", i.key());
            return Err(stopped(503, hop.fact("range", wrong).look("Ingress", &i.key(), field(name))));
        }
    }
    if annotation(i, "auth-type").is_none() {
        return Ok(());
    }
    let (secret, why) = match passwords(ground, i) {
        Ok(_) => return Ok(()),
        Err(wrong) => wrong,
    };
    let hop = Hop::failed(Stage::Ingress, Code::IngressNoAuthSecret).fact("ingress", i.key());
    let hop = hop.fact("secret", secret).fact("why", why);
    Err(stopped(503, hop.look("Ingress", &i.key(), field("auth-secret"))))
}

/// Whether a list of addresses says anything about a client, and lets it in.
fn place(i: &Value, asked: &Asked<'_>) -> Result<bool, Stopped> {
    let ip = address::v4(asked.client);
    let among = |ranges: &str| ip.is_some_and(|ip| address::any_contains(ranges, ip));
    let refused = |code, name: &str, ranges: &str| {
        let hop = Hop::failed(Stage::Ingress, code).fact("ingress", i.key()).fact("ranges", ranges);
        Err(stopped(403, hop.fact("ip", asked.client).look("Ingress", &i.key(), field(name))))
    };
    let denied = annotation(i, "denylist-source-range");
    if let Some(ranges) = denied.filter(|r| among(r)) {
        return refused(Code::IngressDenies, "denylist-source-range", ranges);
    }
    match ALLOWED.into_iter().find_map(|name| Some((name, annotation(i, name)?))) {
        Some((name, ranges)) if !among(ranges) => refused(Code::IngressForbids, name, ranges),
        found => Ok(denied.or(found.map(|f| f.0)).is_some()),
    }
}

/// The file of passwords of an Ingress; the Secret that should have it, and why it has none.
fn passwords(ground: &dyn Ground, i: &Value) -> Result<(Str, String), (Str, &'static str)> {
    let named = annotation(i, "auth-secret").unwrap_or("");
    let (namespace, name) = objects::meta::split_key(named);
    let namespace = if namespace.is_empty() { i.namespace() } else { namespace };
    let key = Str::from(format!("{namespace}/{name}"));
    if namespace != i.namespace() {
        return Err((key, "cross namespace"));
    }
    let Some(secret) = ground.get("secrets", namespace, name) else { return Err((key, "NotFound")) };
    let text = |v: &Value| {
        let bytes = objects::base64::decode(v.text()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    if annotation(i, "auth-secret-type") == Some("auth-map") {
        let lines = secret["data"].entries().iter().map(|(user, kept)| format!("{user}:{}\n", text(kept)));
        return Ok((key, lines.collect()));
    }
    match &secret["data"]["auth"] {
        none if none.is_null() => Err((key, "auth")),
        file => Ok((key, text(file))),
    }
}

/// Whether an Ingress asks who a client is, and knows it.
fn who(ground: &dyn Ground, i: &Value, asked: &Asked<'_>) -> Result<bool, Stopped> {
    let Some(kind) = annotation(i, "auth-type") else { return Ok(false) };
    let Ok((secret, file)) = passwords(ground, i) else { return Ok(false) };
    let given = asked.header("authorization").and_then(|h| h.strip_prefix("Basic "));
    let given = given.and_then(objects::base64::decode).map(|b| String::from_utf8_lossy(&b).into_owned());
    let hop =
        |code| Hop::failed(Stage::Ingress, code).fact("ingress", i.key()).fact("secret", secret.clone());
    let hop = match given.as_deref().and_then(|g| g.split_once(':')).filter(|_| kind == "basic") {
        None => hop(Code::IngressNoCredentials),
        Some((user, password)) => {
            let code = match htpasswd::kept_of(&file, user).map(|kept| htpasswd::is_kept(password, kept)) {
                Some(Some(true)) => return Ok(true),
                Some(Some(false)) => Code::IngressWrongPassword,
                Some(None) => Code::IngressUnknownHash,
                None => Code::IngressNoSuchUser,
            };
            hop(code).fact("user", user)
        }
    };
    let scheme = if kind == "digest" { "Digest" } else { "Basic" };
    let realm = annotation(i, "auth-realm").unwrap_or("");
    let header = ("WWW-Authenticate".to_owned(), format!("{scheme} realm=\"{realm}\""));
    Err((hop.look("Ingress", &i.key(), field("auth-secret")), answer(401, vec![header])))
}

fn sent_away(i: &Value, status: u16, to: String, why: &str) -> Stopped {
    let hop = Hop::new(Stage::Ingress, Code::IngressSendsAway).fact("ingress", i.key());
    let hop = hop.fact("location", to.as_str()).fact("why", format!("{PREFIX}{why}"));
    (hop, answer(status, vec![("Location".into(), to)]))
}

/// A host that stands for another: `www.` before it, or not.
pub(super) fn to_www(i: &Value, asked: &Asked<'_>, host: &str) -> (Hop, Decision) {
    sent_away(i, 308, format!("{}://{host}{}", asked.scheme(), asked.target), "from-to-www-redirect")
}

/// Plain HTTP is sent to TLS where the host has a certificate, or by force.
fn to_tls(ingresses: &[&Value], i: &Value, asked: &Asked<'_>) -> Result<(), Stopped> {
    let host = asked.name();
    let lists = |t: &Value| t["hosts"].items().iter().any(|h| h.text() == host);
    let has_tls = || ingresses.iter().any(|o| o["spec"]["tls"].items().iter().any(lists));
    let forced = is_on(i, "force-ssl-redirect");
    if asked.tls || !(forced || (switch(i, "ssl-redirect") != Some(false) && has_tls())) {
        return Ok(());
    }
    let target = match asked.target.strip_suffix('/') {
        Some(without) if !is_on(i, "preserve-trailing-slash") => without,
        _ => asked.target,
    };
    let location = format!("https://{host}{target}");
    if forced {
        return Err(sent_away(i, 308, location, "force-ssl-redirect"));
    }
    let hop = Hop::new(Stage::Ingress, Code::IngressRedirects).fact("ingress", i.key());
    Err((hop.fact("location", location.as_str()), answer(308, vec![("Location".into(), location)])))
}

/// Limits of an Ingress: annotation, thousandths of a request a second, how far ahead a client may be.
fn rates(i: &Value) -> impl Iterator<Item = (&'static str, i64, i64)> + '_ {
    let times = number(i, "limit-burst-multiplier").filter(|n| *n > 0).unwrap_or(BURST);
    [("limit-rps", 1), ("limit-rpm", 60)].into_iter().filter_map(move |(name, seconds)| {
        let limit = number(i, name).filter(|n| (1..=1_000_000).contains(n))?;
        Some((name, limit * 1000 / seconds, limit.saturating_mul(times)))
    })
}

fn within_rate(ground: &mut dyn Ground, i: &Value, asked: &Asked<'_>) -> Result<(), Stopped> {
    let free = ["limit-allowlist", "limit-whitelist"].into_iter().find_map(|name| annotation(i, name));
    let ip = address::v4(asked.client);
    if free.is_some_and(|ranges| ip.is_some_and(|ip| address::any_contains(ranges, ip))) {
        return Ok(());
    }
    let now = ground.now();
    for (name, milli, burst) in rates(i) {
        let zone = format!("{name}/{}/{}", i.key(), asked.client);
        if ground.turns().take(&zone, milli, burst, now) {
            continue;
        }
        let hop = Hop::failed(Stage::Ingress, Code::IngressRateExceeded).fact("ingress", i.key());
        let hop = hop.fact("name", name).fact("limit", annotation(i, name).unwrap_or(""));
        let hop = hop.number("burst", burst).fact("ip", asked.client);
        return Err(stopped(503, hop.look("Ingress", &i.key(), field(name))));
    }
    Ok(())
}

/// What a browser is told of pages from elsewhere; its own question beforehand is answered here.
fn cors(i: &Value, asked: &Asked<'_>) -> Result<Headers, Stopped> {
    if !is_on(i, "enable-cors") {
        return Ok(Vec::new());
    }
    let from = asked.header("origin").unwrap_or("");
    let origins: Vec<&str> =
        annotation(i, "cors-allow-origin").unwrap_or("*").split(',').map(str::trim).collect();
    let origin = if origins.contains(&"*") {
        "*"
    } else if origins.iter().any(|o| is_origin(o, from)) {
        from
    } else {
        return Ok(Vec::new());
    };
    let said = |name: &str, usual: &str| annotation(i, name).unwrap_or(usual).to_owned();
    let mut headers = vec![("Access-Control-Allow-Origin", origin.to_owned())];
    if switch(i, "cors-allow-credentials") != Some(false) {
        headers.push(("Access-Control-Allow-Credentials", "true".to_owned()));
    }
    headers.push(("Access-Control-Allow-Methods", said("cors-allow-methods", CORS_METHODS)));
    headers.push(("Access-Control-Allow-Headers", said("cors-allow-headers", CORS_HEADERS)));
    if let Some(exposed) = annotation(i, "cors-expose-headers") {
        headers.push(("Access-Control-Expose-Headers", exposed.to_owned()));
    }
    let seconds = number(i, "cors-max-age").unwrap_or(CORS_SECONDS);
    headers.push(("Access-Control-Max-Age", seconds.to_string()));
    if asked.method != "OPTIONS" {
        return Ok(headers.into_iter().map(|(n, v)| (n.to_owned(), HeaderChange::Set(v))).collect());
    }
    let hop = Hop::new(Stage::Ingress, Code::IngressPreflight).fact("ingress", i.key());
    let mut all: Vec<(String, String)> = headers.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
    all.push(("Content-Type".into(), "text/plain charset=UTF-8".into()));
    all.push(("Content-Length".into(), "0".into()));
    Err((hop, Decision::Answer { status: 204, headers: all, body: String::new() }))
}

/// Whether an origin fits one of the list, which may leave its first name open: `https://*.example.com`.
fn is_origin(listed: &str, origin: &str) -> bool {
    match listed.split_once('*') {
        None => !origin.is_empty() && origin.eq_ignore_ascii_case(listed),
        Some((before, after)) => {
            let name = origin.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            name.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let table = [
            ("https://a.io", "https://a.io", true),
            ("https://a.io", "http://a.io", false),
            ("https://*.a.io", "https://x.a.io", true),
            ("https://*.a.io", "https://x.y.a.io", false),
            ("https://*.a.io", "https://.a.io", false),
            ("https://a.io", "", false),
        ];
        for (listed, origin, want) in table {
            assert_eq!(is_origin(listed, origin), want, "{listed} {origin}");
        }
    }
}
