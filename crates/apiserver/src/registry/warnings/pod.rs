//! Pods and templates of pods.
//!
//! Models `pkg/api/pod/warnings.go`. Not modelled: annotations of security profiles, forms of IPv6 addresses.

use objects::Value;
use ordered::BTreeMap;

use super::{fraction, node_term, old_label, volumes};

const OLD_NOTES: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    (
        "security.alpha.kubernetes.io/unsafe-sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
];
const BYTES: [&str; 2] = ["memory", "ephemeral-storage"];
const NO_POD: &str = "a null labelSelector results in matching no pod";

/// A container with its path.
type Containers<'a> = Vec<(&'a Value, String)>;

/// Tells of a pod or template; `base` is the path before its fields, with a dot at its end, or empty.
#[inline(never)]
pub(super) fn told(template: &Value, base: &str, out: &mut Vec<String>) {
    let spec = &template["spec"];
    let at = format!("{base}spec");
    placement(spec, &at, out);
    for (key, text) in OLD_NOTES {
        if template.annotations().find(key).is_some() {
            out.push(format!("{base}metadata.annotations[{key}]: {text}"));
        }
    }
    volumes::told(spec, &at, out);
    repeats(spec, "hostAliases", "ip", &at, out);
    repeats(spec, "imagePullSecrets", "name", &at, out);
    for (i, secret) in spec["imagePullSecrets"].items().iter().enumerate() {
        if secret["name"].is_zero() {
            out.push(format!("{at}.imagePullSecrets[{i}].name: invalid empty name \"\""));
        }
    }
    for what in BYTES {
        fraction(&spec["overhead"], what, &format!("{at}.overhead"), out);
    }
    let containers: Containers<'_> = ["initContainers", "containers", "ephemeralContainers"]
        .iter()
        .flat_map(|list| {
            let at = &at;
            spec[*list].items().iter().enumerate().map(move |(i, c)| (c, format!("{at}.{list}[{i}]")))
        })
        .collect();
    for (c, at) in &containers {
        for what in BYTES {
            for list in ["limits", "requests"] {
                fraction(&c["resources"][list], what, &format!("{at}.resources.{list}"), out);
            }
        }
        variables(c, at, out);
    }
    ports(&containers, out);
    if spec["terminationGracePeriodSeconds"].int() < 0 {
        out.push(format!("{at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"));
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let affinity = &spec["affinity"][kind];
        for (list, inner) in [
            ("requiredDuringSchedulingIgnoredDuringExecution", ""),
            ("preferredDuringSchedulingIgnoredDuringExecution", "podAffinityTerm"),
        ] {
            for (i, term) in affinity[list].items().iter().enumerate() {
                let (term, dot) = if inner.is_empty() { (term, "") } else { (&term[inner], ".") };
                if term["labelSelector"].is_null() {
                    out.push(format!("{at}.affinity.{kind}.{list}[{i}]{dot}{inner}.labelSelector: {NO_POD}"));
                }
            }
        }
    }
}

/// Labels of nodes that are old, and spreading over no pod.
#[inline(never)]
fn placement(spec: &Value, at: &str, out: &mut Vec<String>) {
    for (key, _) in spec["nodeSelector"].entries() {
        if let Some(text) = old_label(key) {
            out.push(format!("{at}.nodeSelector[{key}]: {text}"));
        }
    }
    let affinity = &spec["affinity"]["nodeAffinity"];
    let list = "requiredDuringSchedulingIgnoredDuringExecution";
    for (i, term) in affinity[list]["nodeSelectorTerms"].items().iter().enumerate() {
        let at = format!("{at}.affinity.nodeAffinity.{list}.nodeSelectorTerms[{i}]");
        node_term(term, false, &at, out);
    }
    let list = "preferredDuringSchedulingIgnoredDuringExecution";
    for (i, term) in affinity[list].items().iter().enumerate() {
        node_term(
            &term["preference"],
            true,
            &format!("{at}.affinity.nodeAffinity.{list}[{i}].preference"),
            out,
        );
    }
    for (i, c) in spec["topologySpreadConstraints"].items().iter().enumerate() {
        let (at, key) = (format!("{at}.topologySpreadConstraints[{i}]"), c["topologyKey"].text());
        if let Some(text) = old_label(key) {
            out.push(format!("{at}.topologyKey: {key} is {text}"));
        }
        if c["labelSelector"].is_null() {
            out.push(format!("{at}.labelSelector: {NO_POD}"));
        }
    }
}

/// Entries of a list that have the same `field`.
#[inline(never)]
fn repeats(spec: &Value, list: &str, field: &str, at: &str, out: &mut Vec<String>) {
    let items = spec[list].items();
    for (i, item) in items.iter().enumerate() {
        if items[..i].iter().any(|before| before[field] == item[field]) {
            out.push(format!("{at}.{list}[{i}].{field}: duplicate {field} \"{}\"", item[field].text()));
        }
    }
}

#[inline(never)]
fn variables(container: &Value, at: &str, out: &mut Vec<String>) {
    let all = container["env"].items();
    let mut seen: BTreeMap<&str, ()> = BTreeMap::new();
    for (i, v) in all.iter().enumerate() {
        let name = v["name"].text();
        if seen.insert(name, ()).is_none() {
            continue;
        }
        let (value, old) = (v["value"].text(), format!("$({name})"));
        if !v["valueFrom"].is_null() || value == old || !value.contains(&old) {
            out.push(format!("{at}.env[{i}]: hides previous definition of \"{name}\", which may be dropped when using apply"));
        }
    }
}

#[inline(never)]
fn ports(containers: &Containers<'_>, out: &mut Vec<String>) {
    let all: Vec<(&Value, String)> = containers
        .iter()
        .flat_map(|(c, at)| {
            c["ports"].items().iter().enumerate().map(move |(i, p)| (p, format!("{at}.ports[{i}]")))
        })
        .collect();
    let protocol = |p: &Value| p["protocol"].as_str().unwrap_or("TCP").to_owned();
    for (n, (port, at)) in all.iter().enumerate() {
        let (ip, host) = (port["hostIP"].text(), port["hostPort"].int());
        if !ip.is_empty() && host == 0 {
            out.push(format!(
                "{at}: hostIP set without hostPort: {{Name:{} HostPort:0 ContainerPort:{} Protocol:{} HostIP:{ip}}}",
                port["name"].text(),
                port["containerPort"].int(),
                protocol(port)
            ));
        }
        for (other, there) in &all[..n] {
            if other["containerPort"] != port["containerPort"] || protocol(other) != protocol(port) {
                continue;
            }
            let (other_ip, other_host) = (other["hostIP"].text(), other["hostPort"].int());
            let how = if ip == other_ip && host == other_host {
                "duplicate"
            } else if host == 0 || other_host == 0 {
                "overlapping"
            } else if host == other_host && ip.is_empty() != other_ip.is_empty() {
                "dangerously ambiguous"
            } else {
                continue;
            };
            out.push(format!("{at}: {how} port definition with {there}"));
        }
    }
    for (n, (port, at)) in all.iter().enumerate() {
        let name = port["name"].text();
        let before = all[..n].iter().find(|(p, _)| !name.is_empty() && p["name"] == name);
        if let Some((_, first)) = before {
            out.push(format!("{at}: duplicate port name \"{name}\" with {first}, services and probes that select ports by name will use {first}"));
        }
    }
}
