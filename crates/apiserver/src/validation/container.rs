//! Containers: names, images, ports, environment.
//!
//! Models validateContainers, validateInitContainers, validateEphemeralContainers and their parts in
//! `pkg/apis/core/validation`. Not modelled: stop signals, which are off by default.

use ordered::{BTreeMap, BTreeSet};

use objects::quantity::Quantity;
use objects::{Value, names};

use super::{Errors, probe, resources, security, volume_mount};

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

const RESTART_POLICIES: [&str; 3] = ["Always", "Never", "OnFailure"];
const NOT_EPHEMERAL: [&str; 8] = [
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];

/// What the containers of a pod have in common.
struct Pod<'a> {
    volumes: &'a BTreeMap<&'a str, &'a Value>,
    claims: BTreeSet<&'a str>,
    never_restarts: bool,
    host_users: bool,
}

/// All containers of a pod spec; `volumes` are those one can mount.
pub(super) fn validate(spec: &Value, volumes: &BTreeMap<&str, &Value>, e: &mut Errors) {
    let grace = spec["terminationGracePeriodSeconds"].int();
    let claims = spec["resourceClaims"].items().iter().map(|c| c["name"].text());
    let pod = Pod {
        volumes,
        claims: claims.filter(|n| !n.is_empty()).collect(),
        never_restarts: spec["restartPolicy"] == "Never",
        host_users: security::shares_users(spec),
    };
    let mut seen = BTreeSet::new();
    if spec["containers"].items().is_empty() {
        e.at("containers", |e| e.required(""));
    }
    e.each(spec, "containers", |e, _, c| {
        every(c, &pod, e);
        if !seen.insert(c["name"].text().to_owned()) {
            e.at("name", |e| e.duplicate(&c["name"]));
        }
        probe::of_container(c, grace, e);
        restart(c, e);
    });
    host_ports(spec["containers"].items(), "containers", e);
    e.each(spec, "initContainers", |e, _, c| {
        every(c, &pod, e);
        let sidecar = c["restartPolicy"] == "Always";
        restart(c, e);
        if !c["name"].text().is_empty() && !seen.insert(c["name"].text().to_owned()) {
            e.at("name", |e| e.duplicate(&c["name"]));
        }
        // Each is looked at alone, and upstream names the place as if it were the first.
        e.beside(|e| host_ports(std::slice::from_ref(c), "", e));
        if sidecar {
            probe::of_container(c, grace, e);
            return;
        }
        for key in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            if !c[key].is_null() {
                e.at(key, |e| {
                    e.forbidden("may not be set for init containers without restartPolicy=Always");
                });
            }
        }
        e.each(c, "resizePolicy", |e, _, p| {
            if p["restartPolicy"] == "RestartContainer" {
                let why = "must not be set to 'RestartContainer' for non-sidecar initContainers";
                e.at("restartPolicy", |e| e.invalid(&p["restartPolicy"], why));
            }
        });
    });
    let others = seen.clone();
    e.each(spec, "ephemeralContainers", |e, _, c| {
        every(c, &pod, e);
        only_in_pods(c, e);
        if !seen.insert(c["name"].text().to_owned()) {
            e.at("name", |e| e.duplicate(&c["name"]));
        }
        let target = &c["targetContainerName"];
        if !target.text().is_empty() && !others.contains(target.text()) {
            e.at("targetContainerName", |e| e.not_found(target));
        }
        const NOT_HERE: &str = "cannot be set for an Ephemeral Container";
        for key in NOT_EPHEMERAL {
            if !c[key].is_zero() {
                e.at(key, |e| e.forbidden(NOT_HERE));
            }
        }
        e.each(c, "volumeMounts", |e, _, m| {
            for key in ["subPath", "subPathExpr"] {
                if !m[key].text().is_empty() {
                    e.at(key, |e| e.forbidden(NOT_HERE));
                }
            }
        });
    });
}

/// What is asked of the containers of pods, and not of templates.
pub(super) fn only_in_pods(c: &Value, e: &mut Errors) {
    let image = c["image"].text();
    if image.trim().len() != image.len() {
        e.at("image", |e| e.invalid_text(image, "must not have leading or trailing whitespace"));
    }
}

/// When a container restarts, unlike its pod.
fn restart(c: &Value, e: &mut Errors) {
    let (policy, rules) = (&c["restartPolicy"], c["restartPolicyRules"].items());
    if policy.is_null() {
        if !rules.is_empty() {
            e.at("restartPolicy", |e| e.required("must specify restartPolicy when restart rules are used"));
        }
    } else if !RESTART_POLICIES.contains(&policy.text()) {
        e.at("restartPolicy", |e| e.not_supported(policy, &RESTART_POLICIES));
    }
    if rules.len() > 20 {
        e.at("restartPolicyRules", |e| e.too_many(rules.len(), 20));
    }
    e.each(c, "restartPolicyRules", |e, _, r| {
        e.at("action", |e| match r["action"].text() {
            "Restart" | "RestartAllContainers" => {}
            other => e.not_supported(&other.into(), &["Restart", "RestartAllContainers"]),
        });
        e.at("exitCodes", |e| {
            let codes = &r["exitCodes"];
            if codes.is_null() {
                e.required("must be specified");
                return;
            }
            e.at("operator", |e| match codes["operator"].text() {
                "In" | "NotIn" => {}
                other => e.not_supported(&other.into(), &["In", "NotIn"]),
            });
            let values = codes["values"].items().len();
            if values > 255 {
                e.at("values", |e| e.too_many(values, 255));
            }
        });
    });
}

fn resize(c: &Value, never_restarts: bool, e: &mut Errors) {
    if c["resizePolicy"].items().is_empty() {
        return;
    }
    e.at("resizePolicy", |e| {
        let mut seen = BTreeSet::new();
        for (i, p) in c["resizePolicy"].items().iter().enumerate() {
            let (resource, policy) = (&p["resourceName"], &p["restartPolicy"]);
            if !seen.insert(resource.text()) {
                e.index(i, |e| e.duplicate(resource));
            }
            match resource.text() {
                "cpu" | "memory" => {}
                "" => e.required(""),
                _ => e.not_supported(resource, &["cpu", "memory"]),
            }
            match policy.text() {
                "NotRequired" | "RestartContainer" => {}
                "" => e.required(""),
                _ => e.not_supported(policy, &["NotRequired", "RestartContainer"]),
            }
            if never_restarts && policy != "NotRequired" {
                e.invalid_text(policy.text(), "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
            }
        }
    });
}

/// What holds for containers of every sort.
fn every(c: &Value, pod: &Pod<'_>, e: &mut Errors) {
    let name = c["name"].text();
    e.at("name", |e| {
        if name.is_empty() {
            e.required("");
        } else {
            e.complaints(&c["name"], names::dns1123_label(name));
        }
    });
    if c["image"].text().is_empty() {
        e.at("image", |e| e.required(""));
    }
    e.one_of(c, "terminationMessagePolicy", &["File", "FallbackToLogsOnError"]);
    ports(c, e);
    env(c, e);
    env_from(c, e);
    volume_mount::validate(c, pod.volumes, e);
    e.one_of(c, "imagePullPolicy", &["Always", "IfNotPresent", "Never"]);
    e.at("resources", |e| resources::requirements(&c["resources"], &pod.claims, e));
    resize(c, pod.never_restarts, e);
    security::of_container(c, pod.host_users, e);
}

fn ports(c: &Value, e: &mut Errors) {
    let mut seen = BTreeSet::new();
    e.each(c, "ports", |e, _, p| {
        let name = p["name"].text();
        if !name.is_empty() {
            let complaints = names::port_name(name);
            e.at("name", |e| {
                if !complaints.is_empty() {
                    e.complaints(&p["name"], complaints);
                } else if !seen.insert(name.to_owned()) {
                    e.duplicate(&p["name"]);
                }
            });
        }
        e.at("containerPort", |e| match p["containerPort"].int() {
            0 => e.required(""),
            n => e.complaints(&n.into(), names::port_number(n)),
        });
        let host = p["hostPort"].int();
        if host != 0 {
            e.at("hostPort", |e| e.complaints(&host.into(), names::port_number(host)));
        }
        e.one_of(p, "protocol", &PROTOCOLS);
    });
}

/// Ports of the node, each of which only one container can have.
fn host_ports(containers: &[Value], list: &str, e: &mut Errors) {
    let mut taken = BTreeSet::new();
    for (i, c) in containers.iter().enumerate() {
        for (j, p) in c["ports"].items().iter().enumerate() {
            let host = p["hostPort"].int();
            let all = format!("{}/{}/{host}", p["protocol"].text(), p["hostIP"].text());
            if host != 0 && !taken.insert(all.clone()) {
                e.at(&format!("{list}[{i}].ports[{j}].hostPort"), |e| e.duplicate(&all.into()));
            }
        }
    }
}

/// Since v1.34 a name may be any printable ASCII but `=`.
fn env_name(name: &str) -> Vec<String> {
    let bad = name.is_empty() || name.bytes().any(|b| !(0x20..0x7f).contains(&b) || b == b'=');
    let why =
        "a valid environment variable name must consist only of printable ASCII characters other than '='";
    if bad { vec![why.into()] } else { Vec::new() }
}

const ENV_FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

const ENV_RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

const ENV_SOURCES: [&str; 5] =
    ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

fn env(c: &Value, e: &mut Errors) {
    e.each(c, "env", |e, _, v| {
        e.at("name", |e| match v["name"].text() {
            "" => e.required(""),
            name => e.complaints(&v["name"], env_name(name)),
        });
        let from = &v["valueFrom"];
        if from.is_null() {
            return;
        }
        e.at("valueFrom", |e| {
            let sources = ENV_SOURCES.iter().filter(|s| !from[**s].is_null()).count();
            if !from["fieldRef"].is_null() {
                e.at("fieldRef", |e| field_ref(&from["fieldRef"], &ENV_FIELDS, e));
            }
            if !from["resourceFieldRef"].is_null() {
                e.at("resourceFieldRef", |e| resource_ref(&from["resourceFieldRef"], false, e));
            }
            for key in ["configMapKeyRef", "secretKeyRef"] {
                if !from[key].is_null() {
                    e.at(key, |e| key_ref(&from[key], e));
                }
            }
            if !from["fileKeyRef"].is_null() {
                e.at("fileKeyRef", |e| file_key_ref(&from["fileKeyRef"], e));
            }
            if sources == 0 {
                e.invalid_text(
                    "",
                    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or \
                     `fileKeyRef`",
                );
            } else if !v["value"].text().is_empty() {
                e.invalid_text("", "may not be specified when `value` is not empty");
            } else if sources > 1 {
                e.invalid_text("", "may not have more than one field specified at a time");
            }
        });
    });
}

/// A reference to a field of the pod itself.
pub(super) fn field_ref(field: &Value, known: &[&str], e: &mut Errors) {
    let path = field["fieldPath"].text();
    if path.is_empty() {
        e.at("fieldPath", |e| e.required(""));
        return;
    }
    if let Some((map, rest)) = path.split_once("['") {
        let key = rest.trim_end_matches("']");
        match map {
            "metadata.annotations" => e.complaints(&key.into(), names::qualified_name(&key.to_lowercase())),
            "metadata.labels" => e.complaints(&key.into(), names::qualified_name(key)),
            _ => e.at("fieldPath", |e| {
                e.invalid_text(
                    path,
                    &format!("error converting fieldPath: field label does not support subscript: {path}"),
                );
            }),
        }
    } else if !matches!(path, "metadata.annotations" | "metadata.labels") && !ENV_FIELDS.contains(&path) {
        e.at("fieldPath", |e| {
            e.invalid_text(path, &format!("error converting fieldPath: field label not supported: {path}"));
        });
    } else if !known.contains(&path) {
        e.at("fieldPath", |e| e.not_supported(&field["fieldPath"], known));
    }
}

const SIZES: [&str; 13] = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// A reference to what a container asks for or may have; in a volume it names the container.
pub(super) fn resource_ref(r: &Value, in_volume: bool, e: &mut Errors) {
    let resource = r["resource"].text();
    if in_volume && r["containerName"].text().is_empty() {
        e.at("containerName", |e| e.required(""));
    } else if resource.is_empty() {
        e.at("resource", |e| e.required(""));
    } else if !ENV_RESOURCES.contains(&resource)
        && !["requests.hugepages-", "limits.hugepages-"].iter().any(|p| resource.starts_with(p))
    {
        e.at("resource", |e| e.not_supported(&r["resource"], &ENV_RESOURCES));
    }
    let divisor = Quantity::of(&r["divisor"]);
    if divisor == Quantity::zero() {
        return;
    }
    let (known, what): (&[&str], &str) = match resource.split_once('.').map_or("", |(_, kind)| kind) {
        "cpu" => (&["1m", "1"], "cpu"),
        "memory" => (&SIZES, "memory"),
        "ephemeral-storage" => (&SIZES, "local ephemeral storage"),
        kind if kind.starts_with("hugepages-") => (&SIZES, "hugepages"),
        _ => return,
    };
    if !known.contains(&divisor.canonical().as_str()) {
        let listed = if what == "cpu" { "1m and 1".to_owned() } else { known.join(", ") };
        let why = format!("only divisor's values {listed} are supported with the {what} resource");
        e.at("divisor", |e| e.invalid_text(resource, &why));
    }
}

fn file_key_ref(r: &Value, e: &mut Errors) {
    e.at("key", |e| match r["key"].text() {
        "" => e.required(""),
        key => e.complaints(&r["key"], env_name(key)),
    });
    e.at("volumeName", |e| match r["volumeName"].text() {
        "" => e.required(""),
        name => e.complaints(&r["volumeName"], names::dns1123_label(name)),
    });
    e.at("path", |e| match r["path"].text() {
        "" => e.required(""),
        path if path.split('/').any(|p| p == "..") => e.invalid(&r["path"], "must not contain '..'"),
        _ => {}
    });
}

fn key_ref(r: &Value, e: &mut Errors) {
    e.at("name", |e| e.complaints(&r["name"].text().into(), names::dns1123_subdomain(r["name"].text())));
    e.at("key", |e| match r["key"].text() {
        "" => e.required(""),
        key => e.complaints(&r["key"], names::config_map_key(key)),
    });
}

fn env_from(c: &Value, e: &mut Errors) {
    if c["envFrom"].items().is_empty() {
        return;
    }
    e.at("envFrom", |e| {
        for (i, source) in c["envFrom"].items().iter().enumerate() {
            let given: Vec<&str> =
                ["configMapRef", "secretRef"].into_iter().filter(|k| !source[*k].is_null()).collect();
            e.index(i, |e| {
                e.rule(source, "prefix", env_name);
                for key in &given {
                    e.at(key, |e| match source[*key]["name"].text() {
                        "" => e.at("name", |e| e.required("")),
                        name => e.at("name", |e| e.complaints(&name.into(), names::dns1123_subdomain(name))),
                    });
                }
            });
            match given.len() {
                0 => e.invalid_text("", "must specify one of: `configMapRef` or `secretRef`"),
                1 => {}
                _ => e.invalid_text("", "may not have more than one field specified at a time"),
            }
        }
    });
}

/// A relative path that never climbs.
pub(super) fn descending_path(path: &Value, e: &mut Errors) {
    if path.text().starts_with('/') {
        e.invalid(path, "must be a relative path");
    }
    if path.text().split('/').any(|part| part == "..") {
        e.invalid(path, "must not contain '..'");
    }
}
