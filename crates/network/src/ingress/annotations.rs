//! ingress-nginx's annotations: how they are read, and which of them are acted on.
//!
//! Does not own: what each of them does ([`super::gate`], [`super::route`], [`super::rules`]).
//! Models `internal/ingress/annotations/parser`. Not modelled: an annotation whose value can't be read counts as absent.

use objects::Value;

pub const PREFIX: &str = "nginx.ingress.kubernetes.io/";

/// What is sent up in one piece without a limit of its own.
const BODY_MAX_BYTES: i64 = 1 << 20;

/// Those that change what a reader sees. All others are accepted and change nothing.
pub const ACTED_ON: [&str; 57] = [
    "affinity",
    "allowlist-source-range",
    "app-root",
    "auth-realm",
    "auth-secret",
    "auth-secret-type",
    "auth-type",
    "backend-protocol",
    "canary",
    "canary-by-cookie",
    "canary-by-header",
    "canary-by-header-pattern",
    "canary-by-header-value",
    "canary-weight",
    "canary-weight-total",
    "cors-allow-credentials",
    "cors-allow-headers",
    "cors-allow-methods",
    "cors-allow-origin",
    "cors-expose-headers",
    "cors-max-age",
    "default-backend",
    "denylist-source-range",
    "enable-cors",
    "force-ssl-redirect",
    "from-to-www-redirect",
    "limit-allowlist",
    "limit-burst-multiplier",
    "limit-rpm",
    "limit-rps",
    "limit-whitelist",
    "permanent-redirect",
    "permanent-redirect-code",
    "preserve-trailing-slash",
    "proxy-body-size",
    "proxy-connect-timeout",
    "proxy-next-upstream",
    "proxy-next-upstream-tries",
    "proxy-read-timeout",
    "proxy-send-timeout",
    "rewrite-target",
    "satisfy",
    "server-alias",
    "session-cookie-domain",
    "session-cookie-max-age",
    "session-cookie-name",
    "session-cookie-path",
    "session-cookie-samesite",
    "session-cookie-secure",
    "ssl-redirect",
    "temporal-redirect",
    "temporal-redirect-code",
    "upstream-hash-by",
    "upstream-vhost",
    "use-regex",
    "whitelist-source-range",
    "x-forwarded-prefix",
];

pub(crate) fn annotation<'a>(ingress: &'a Value, name: &str) -> Option<&'a str> {
    let mut all = ingress.annotations().entries().iter();
    let (_, text) = all.find(|(key, _)| key.strip_prefix(PREFIX) == Some(name))?;
    text.as_str().filter(|t| !t.is_empty())
}

/// A switch; neither on nor off: `None`.
pub(super) fn switch(ingress: &Value, name: &str) -> Option<bool> {
    match annotation(ingress, name)? {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

pub(crate) fn is_on(ingress: &Value, name: &str) -> bool {
    switch(ingress, name) == Some(true)
}

pub(super) fn number(ingress: &Value, name: &str) -> Option<i64> {
    annotation(ingress, name)?.parse().ok()
}

/// The field of an Ingress that holds an annotation, for a reader to look at.
pub(super) fn field(name: &str) -> String {
    format!("metadata.annotations[{PREFIX}{name}]")
}

/// The largest body that nginx lets through to an Ingress; `None`: any.
pub(crate) fn body_limit(ingress: &Value) -> Option<i64> {
    let limit = annotation(ingress, "proxy-body-size").and_then(bytes).unwrap_or(BODY_MAX_BYTES);
    (limit > 0).then_some(limit)
}

/// nginx's sizes: `8m`, `512k`, `0`: without limit. What is none leaves the default.
fn bytes(text: &str) -> Option<i64> {
    let text = text.trim();
    let (digits, unit) = match text.chars().last()? {
        'k' | 'K' => (&text[..text.len() - 1], 1 << 10),
        'm' | 'M' => (&text[..text.len() - 1], 1 << 20),
        'g' | 'G' => (&text[..text.len() - 1], 1 << 30),
        'b' | 'B' => (&text[..text.len() - 1], 1),
        _ => (text, 1),
    };
    digits.parse::<i64>().ok()?.checked_mul(unit)
}

/// Annotations of an Ingress for ingress-nginx that change nothing here, by their whole names.
#[must_use]
pub fn unsimulated(ingress: &Value) -> Vec<&str> {
    let all = ingress.annotations().entries().iter().map(|(k, _)| k.as_str());
    let idle = |k: &&str| k.strip_prefix(PREFIX).is_some_and(|name| ACTED_ON.binary_search(&name).is_err());
    all.filter(idle).collect()
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn the_list_is_in_order() {
        assert!(ACTED_ON.is_sorted());
    }

    #[test]
    fn values_are_read_as_upstream_reads_them() {
        let i = value!({"metadata": {"annotations": {
            "nginx.ingress.kubernetes.io/ssl-redirect": "False", "nginx.ingress.kubernetes.io/use-regex": "yes",
            "nginx.ingress.kubernetes.io/proxy-body-size": "8m", "nginx.ingress.kubernetes.io/limit-rps": "5",
            "nginx.ingress.kubernetes.io/proxy-buffer-size": "8k", "example.com/other": "x",
        }}});
        assert_eq!((switch(&i, "ssl-redirect"), switch(&i, "use-regex")), (Some(false), None));
        assert_eq!((body_limit(&i), number(&i, "limit-rps")), (Some(8 << 20), Some(5)));
        assert_eq!(unsimulated(&i), ["nginx.ingress.kubernetes.io/proxy-buffer-size"]);
        for (text, want) in
            [("0", Some(0)), ("1k", Some(1024)), ("", None), ("m", None), ("9999999999g", None)]
        {
            assert_eq!(bytes(text), want, "{text}");
        }
    }
}
