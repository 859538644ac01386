//! Which names are allowed: each function gives upstream's complaints, none when the name is good.
//!
//! Models `k8s.io/apimachinery/pkg/util/validation` and `pkg/api/validate/content`.

type Errors = Vec<String>;

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const LABEL_KEY: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_KEY_WORDS: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

#[must_use]
pub fn max_len_error(length: usize) -> String {
    format!("must be no more than {length} characters")
}

/// `msg (e.g. 'a',  or 'b', regex used for validation is '...')`, upstream's commas included.
#[must_use]
pub fn regex_error(message: &str, regex: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{message} (regex used for validation is '{regex}')");
    }
    let quoted: Vec<String> = examples.iter().map(|e| format!("'{e}', ")).collect();
    format!("{message} (e.g. {}regex used for validation is '{regex}')", quoted.join(" or "))
}

fn lower(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

fn ends_well(text: &str, ends: fn(u8) -> bool, inside: fn(u8) -> bool) -> bool {
    let b = text.as_bytes();
    b.first().is_some_and(|b| ends(*b)) && b.last().is_some_and(|b| ends(*b)) && b.iter().all(|b| inside(*b))
}

fn is_label(text: &str) -> bool {
    ends_well(text, lower, |b| lower(b) || b == b'-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_key(text: &str) -> bool {
    ends_well(
        text,
        |b| b.is_ascii_alphanumeric(),
        |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'),
    )
}

/// The name of a Service's port, a namespace, a container: `IsDNS1123Label`.
#[must_use]
pub fn dns1123_label(value: &str) -> Errors {
    let mut errors = too_long(value, 63);
    if !is_label(value) {
        errors.push(if is_subdomain(value) {
            "must not contain dots".into()
        } else {
            let message = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
            regex_error(message, LABEL, &["my-name", "123-abc"])
        });
    }
    errors
}

/// Most objects' names: `IsDNS1123Subdomain`.
#[must_use]
pub fn dns1123_subdomain(value: &str) -> Errors {
    let mut errors = too_long(value, 253);
    if !is_subdomain(value) {
        let message = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
        errors.push(regex_error(message, SUBDOMAIN, &["example.com"]));
    }
    errors
}

/// Search domains: `IsDNS1123SubdomainWithUnderscore`.
#[must_use]
pub fn dns1123_subdomain_with_underscore(value: &str) -> Errors {
    let mut errors = too_long(value, 253);
    let label = |l: &str| {
        let rest = l.strip_prefix('_').unwrap_or(l);
        ends_well(rest, lower, |b| lower(b) || matches!(b, b'-' | b'_'))
    };
    if !value.split('.').all(label) {
        let message = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character";
        let part = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
        errors.push(regex_error(message, &format!("{part}(\\.{part})*"), &["example.com"]));
    }
    errors
}

/// Service names: `IsDNS1035Label`.
#[must_use]
pub fn dns1035_label(value: &str) -> Errors {
    let mut errors = too_long(value, 63);
    if !is_label(value) || !value.starts_with(|c: char| c.is_ascii_lowercase()) {
        let message = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
        errors.push(regex_error(message, "[a-z]([-a-z0-9]*[a-z0-9])?", &["my-name", "abc-123"]));
    }
    errors
}

/// Hosts of an Ingress that start with `*.`: `IsWildcardDNS1123Subdomain`.
#[must_use]
pub fn wildcard_dns1123_subdomain(value: &str) -> Errors {
    let mut errors = too_long(value, 253);
    if !value.strip_prefix("*.").is_some_and(is_subdomain) {
        let message = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
        errors.push(regex_error(message, &format!("\\*\\.{SUBDOMAIN}"), &["*.example.com"]));
    }
    errors
}

/// Keys of labels and annotations, with an optional `prefix/`: `IsQualifiedName`.
#[must_use]
pub fn qualified_name(value: &str) -> Errors {
    let examples = ["MyName", "my.name", "123-abc"];
    let mut errors = Vec::new();
    let parts: Vec<&str> = value.split('/').collect();
    let name = match parts.as_slice() {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                errors.push("prefix part must be non-empty".into());
            } else {
                errors.extend(dns1123_subdomain(prefix).into_iter().map(|e| format!("prefix part {e}")));
            }
            name
        }
        _ => {
            let regex = regex_error(LABEL_KEY_WORDS, LABEL_KEY, &examples);
            return vec![format!(
                "a valid label key {regex} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".into());
    } else if name.len() > 63 {
        errors.push(format!("name part {}", max_len_error(63)));
    }
    if !is_key(name) {
        errors.push(format!("name part {}", regex_error(LABEL_KEY_WORDS, LABEL_KEY, &examples)));
    }
    errors
}

/// Values of labels: `IsValidLabelValue`.
#[must_use]
pub fn label_value(value: &str) -> Errors {
    let mut errors = too_long(value, 63);
    if !value.is_empty() && !is_key(value) {
        let message = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
        errors.push(regex_error(message, &format!("({LABEL_KEY})?"), &["MyValue", "my_value", "12345"]));
    }
    errors
}

/// Names of container and service ports: `IsValidPortName`.
#[must_use]
pub fn port_name(port: &str) -> Errors {
    let mut errors = too_long(port, 15);
    if port.is_empty() || !port.bytes().all(|b| lower(b) || b == b'-') {
        errors.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into());
    }
    if !port.bytes().any(|b| b.is_ascii_lowercase()) {
        errors.push("must contain at least one letter (a-z)".into());
    }
    if port.contains("--") {
        errors.push("must not contain consecutive hyphens".into());
    }
    if port.starts_with('-') || port.ends_with('-') {
        errors.push("must not begin or end with a hyphen".into());
    }
    errors
}

/// Port numbers: `IsValidPortNum`.
#[must_use]
pub fn port_number(port: i64) -> Errors {
    in_range(port, 1, 65535)
}

#[must_use]
pub fn in_range(value: i64, low: i64, high: i64) -> Errors {
    if (low..=high).contains(&value) {
        Vec::new()
    } else {
        vec![format!("must be between {low} and {high}, inclusive")]
    }
}

/// Names of environment variables: `IsRelaxedEnvVarName`, the default since v1.34.
#[must_use]
pub fn env_var_name(value: &str) -> Errors {
    let mut errors = Vec::new();
    if value.is_empty() {
        errors.push("environment variable name must be non-empty".into());
    }
    if !value.chars().all(|c| matches!(c, ' '..='~') && c != '=') {
        let message = "a valid environment variable name must consist only of printable ASCII characters other than '='";
        errors.push(message.into());
    }
    errors
}

/// Names that a ConfigMap's or Secret's keys may have: `IsConfigMapKey`.
#[must_use]
pub fn config_map_key(value: &str) -> Errors {
    let mut errors = too_long(value, 253);
    if value.is_empty()
        || !value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    {
        let message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
        errors.push(regex_error(message, "[-._a-zA-Z0-9]+", &["key.name", "KEY_NAME", "key-name"]));
    }
    match value {
        "." => errors.push("must not be '.'".into()),
        ".." => errors.push("must not be '..'".into()),
        _ if value.starts_with("..") => errors.push("must not start with '..'".into()),
        _ => {}
    }
    errors
}

/// `10%`: `IsValidPercent`.
#[must_use]
pub fn percent(value: &str) -> Errors {
    let digits = value.strip_suffix('%').unwrap_or_default();
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Vec::new();
    }
    let message = "a valid percent string must be a numeric string followed by an ending '%'";
    vec![regex_error(message, "[0-9]+%", &["1%", "93%"])]
}

/// `IsHTTPHeaderName`.
#[must_use]
pub fn http_header_name(value: &str) -> Errors {
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Vec::new();
    }
    let message = "a valid HTTP header must consist of alphanumeric characters or '-'";
    vec![regex_error(message, "[-A-Za-z0-9]+", &["X-Header-Name"])]
}

/// A part of a URL path, as RBAC names are: `IsValidPathSegmentName`.
#[must_use]
pub fn path_segment(name: &str) -> Errors {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    let mut errors = Vec::new();
    for part in ["/", "%"] {
        if name.contains(part) {
            errors.push(format!("may not contain '{part}'"));
        }
    }
    errors
}

fn too_long(value: &str, length: usize) -> Errors {
    if value.len() > length { vec![max_len_error(length)] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_upstream_s() {
        for (errors, expected) in [
            (dns1123_label("a-b"), ""),
            (dns1123_label("a.b"), "must not contain dots"),
            (
                dns1123_label("A"),
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            ),
            (
                dns1123_subdomain("Web_1"),
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            ),
            (
                dns1035_label("1a"),
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
            ),
            (qualified_name("app.kubernetes.io/name"), ""),
            (
                qualified_name("a/b/c"),
                "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
            ),
            (
                label_value("a b"),
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            ),
            (label_value(""), ""),
            (port_name("http"), ""),
            (port_name("80"), "must contain at least one letter (a-z)"),
            (port_number(0), "must be between 1 and 65535, inclusive"),
            (config_map_key("..a"), "must not start with '..'"),
            (env_var_name("A.b-c"), ""),
        ] {
            assert_eq!(errors.join("; "), expected);
        }
        assert_eq!(dns1123_label(&"a".repeat(64)), ["must be no more than 63 characters"]);
    }
}
