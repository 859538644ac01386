//! Pods.
//!
//! Models ValidatePodCreate, ValidatePodUpdate and ValidatePodSpec in `pkg/apis/core/validation`.
//! Not modelled: tolerations in annotations; the text of the difference in a refused update names the fields instead of
//! printing Go structs.

use ordered::BTreeSet;

use objects::{Value, names};

use super::unified_diff::{Field, compact};
use super::{Errors, container, ip, labels, resources, scheduling, security, volume};

const CLAIM: [Field; 3] = [
    Field::text("Name", "name"),
    Field::plain("ResourceClaimName", "resourceClaimName"),
    Field::plain("ResourceClaimTemplateName", "resourceClaimTemplateName"),
];
const MIRROR: &str = "kubernetes.io/config.mirror";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

pub(super) fn validate(pod: &Value, errs: &mut Errors) {
    let s = &pod["spec"];
    errs.at("metadata", |e| e.at("annotations", |e| annotations(pod.annotations(), s, e)));
    if errs.pod_spec_known {
        return;
    }
    errs.at("spec", |e| {
        spec(s, pod.name(), e);
        if s["serviceAccountName"].text().is_empty() {
            e.each(s, "volumes", |e, _, v| {
                e.at("projected", |e| {
                    e.each(&v["projected"], "sources", |e, _, source| {
                        if !source["serviceAccountToken"].is_null() {
                            e.at("serviceAccountToken", |e| {
                                e.forbidden("must not be specified when serviceAccountName is not set");
                            });
                        }
                    });
                });
            });
        }
        for list in ["containers", "initContainers"] {
            e.each(s, list, |e, _, c| container::only_in_pods(c, e));
        }
    });
}

/// What is asked of new pods only.
pub(super) fn validate_new(pod: &Value, errs: &mut Errors) {
    validate(pod, errs);
    let s = &pod["spec"];
    errs.at("spec", |e| {
        if !s["ephemeralContainers"].items().is_empty() {
            e.at("ephemeralContainers", |e| e.forbidden("cannot be set on create"));
        }
        if !s["nodeName"].text().is_empty() && !s["schedulingGates"].items().is_empty() {
            e.at("nodeName", |e| e.forbidden("cannot be set until all schedulingGates have been cleared"));
        }
        security::annotations_match(pod.annotations(), s, e);
    });
}

/// Annotations that mean something to pods.
pub(super) fn annotations(annotations: &Value, spec: &Value, e: &mut Errors) {
    let mirror = &annotations[MIRROR];
    if !mirror.is_null() && spec["nodeName"].text().is_empty() {
        e.key(MIRROR, |e| e.invalid(mirror, "must set spec.nodeName if mirror pod annotation is set"));
    }
    if let Some(cost) = annotations[DELETION_COST].as_str() {
        let digits = cost.strip_prefix('-').unwrap_or(cost);
        // Leading zeros and plus signs would be read in more than one way.
        let plain = cost == "0" || digits.starts_with(|c: char| ('1'..='9').contains(&c));
        if !plain || cost.parse::<i32>().is_err() {
            e.key(DELETION_COST, |e| e.invalid(&cost.into(), "must be a 32bit integer"));
        }
    }
    security::annotations(annotations, spec, e);
}

/// The spec of the pod of this name, or of a template when it is `""`.
pub(super) fn spec(s: &Value, name: &str, e: &mut Errors) {
    let volumes = volume::validate(s, name, e);
    resource_claims(s, e);
    container::validate(s, &volumes, e);
    resources::of_pod(s, e);
    host_network_ports(s, !name.is_empty(), e);
    e.one_of(s, "restartPolicy", &["Always", "OnFailure", "Never"]);
    e.one_of(s, "dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
    e.at("nodeSelector", |e| labels::labels(&s["nodeSelector"], e));
    security::of_pod(s, e);
    scheduling::affinity(s, e);
    dns(s, e);
    e.each(s, "readinessGates", |e, _, g| {
        let kind = g["conditionType"].text();
        e.at("conditionType", |e| e.complaints(&kind.into(), names::qualified_name(kind)));
    });
    gates(s, e);
    scheduling::spread(s, e);
    security::host_process(s, e);
    security::host_users(s, e);
    host_name(s, e);
    e.rule(s, "serviceAccountName", names::dns1123_subdomain);
    e.rule(s, "nodeName", names::dns1123_subdomain);
    if let Some(n) = s["activeDeadlineSeconds"].as_int()
        && !(1..=i64::from(i32::MAX)).contains(&n)
    {
        e.at("activeDeadlineSeconds", |e| {
            e.invalid(&n.into(), "must be between 1 and 2147483647, inclusive")
        });
    }
    e.rule(s, "hostname", names::dns1123_label);
    e.rule(s, "subdomain", names::dns1123_label);
    scheduling::tolerations(s, e);
    e.each(s, "hostAliases", |e, _, alias| {
        e.at("ip", |e| ip::legacy(&alias["ip"].text().into(), e));
        e.each(alias, "hostnames", |e, _, h| e.complaints(h, names::dns1123_subdomain(h.text())));
    });
    e.rule(s, "priorityClassName", names::dns1123_subdomain);
    if !s["runtimeClassName"].is_null() {
        let class = s["runtimeClassName"].text();
        e.at("runtimeClassName", |e| e.complaints(&class.into(), names::dns1123_subdomain(class)));
    }
    e.one_of_if_set(s, "preemptionPolicy", &["PreemptLowerPriority", "Never"]);
    e.at("overhead", |e| {
        e.at("limits", |e| {
            for (name, q) in s["overhead"].entries() {
                e.key(name, |e| {
                    resources::container_name(name, e);
                    resources::amount(name, q, e);
                });
            }
        });
    });
    security::operating_system(s, e);
    files_of_volumes(s, e);
}

fn resource_claims(s: &Value, e: &mut Errors) {
    let mut seen = BTreeSet::new();
    e.each(s, "resourceClaims", |e, _, c| {
        let name = c["name"].text();
        e.at("name", |e| {
            if name.is_empty() {
                e.required("");
            } else if seen.insert(name.to_owned()) {
                e.complaints(&c["name"], names::dns1123_label(name));
            } else {
                e.duplicate(&c["name"]);
            }
        });
        let given = |key: &str| !c[key].is_null();
        let why = match (given("resourceClaimName"), given("resourceClaimTemplateName")) {
            (true, true) => {
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            }
            (false, false) => "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
            _ => "",
        };
        if !why.is_empty() {
            e.invalid_shown(&compact(c, &CLAIM), why);
        }
        for key in ["resourceClaimName", "resourceClaimTemplateName"] {
            if given(key) {
                e.at(key, |e| e.complaints(&c[key], names::dns1123_subdomain(c[key].text())));
            }
        }
    });
}

fn host_network_ports(s: &Value, is_pod: bool, e: &mut Errors) {
    if !s["hostNetwork"].is_true() {
        return;
    }
    e.each(s, "containers", |e, _, c| {
        e.each(c, "ports", |e, _, p| {
            let (host, own) = (p["hostPort"].int(), p["containerPort"].int());
            if (is_pod || host != 0) && host != own {
                e.at("hostPort", |e| {
                    e.invalid(&host.into(), "must match `containerPort` when `hostNetwork` is true");
                });
            }
        });
    });
}

fn dns(s: &Value, e: &mut Errors) {
    let config = &s["dnsConfig"];
    e.at("dnsConfig", |e| {
        if s["dnsPolicy"] == "None" {
            if config.is_null() {
                e.required("must provide `dnsConfig` when `dnsPolicy` is None");
                return;
            }
            if config["nameservers"].items().is_empty() {
                e.at("nameservers", |e| {
                    e.required("must provide at least one DNS nameserver when `dnsPolicy` is None");
                });
                return;
            }
        }
        if config["nameservers"].items().len() > 3 {
            e.at("nameservers", |e| {
                e.invalid(&config["nameservers"], "must not have more than 3 nameservers")
            });
        }
        e.each(config, "nameservers", |e, _, ns| ip::legacy(ns, e));
        let searches = config["searches"].items();
        if searches.len() > 32 {
            e.at("searches", |e| e.invalid(&config["searches"], "must not have more than 32 search paths"));
        }
        let length: usize = searches.iter().map(|s| s.text().len() + 1).sum();
        if length > 2049 {
            let why = "must not have more than 2048 characters (including spaces) in the search list";
            e.at("searches", |e| e.invalid(&config["searches"], why));
        }
        e.each(config, "searches", |e, _, search| {
            if search != "." {
                let name = search.text();
                let name = name.strip_suffix('.').unwrap_or(name);
                e.complaints(&name.into(), names::dns1123_subdomain_with_underscore(name));
            }
        });
        e.each(config, "options", |e, _, option| {
            if option["name"].text().is_empty() {
                e.required("must not be empty");
            }
        });
    });
}

fn gates(s: &Value, e: &mut Errors) {
    let mut seen = BTreeSet::new();
    e.each(s, "schedulingGates", |e, _, g| {
        let name = g["name"].text();
        e.complaints(&name.into(), names::qualified_name(name));
        if !seen.insert(name.to_owned()) {
            e.duplicate(&name.into());
        }
    });
}

fn host_name(s: &Value, e: &mut Errors) {
    let Some(name) = s["hostnameOverride"].as_str() else { return };
    e.at("hostnameOverride", |e| {
        if s["setHostnameAsFQDN"].is_true() {
            e.forbidden("may not be specified when setHostnameAsFQDN is true");
        }
        if s["hostNetwork"].is_true() {
            e.forbidden("may not be specified when hostNetwork is true");
        }
        if name.len() > 64 {
            e.too_long(64);
        }
        e.complaints(&s["hostnameOverride"], names::dns1123_subdomain(name));
    });
}

/// Variables from files must name a volume that another container can write to.
fn files_of_volumes(s: &Value, e: &mut Errors) {
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        e.each(s, list, |e, _, c| {
            e.each(c, "env", |e, _, v| {
                let name = &v["valueFrom"]["fileKeyRef"]["volumeName"];
                if v["valueFrom"]["fileKeyRef"].is_null() {
                    return;
                }
                let volume = s["volumes"].items().iter().find(|v| v["name"].text() == name.text());
                e.at("valueFrom.fileKeyRef.volumeName", |e| match volume {
                    None => e.not_found(&name.text().into()),
                    Some(v) if v["emptyDir"].is_null() => {
                        e.invalid(name, "referenced volume must be of type emptyDir");
                    }
                    Some(_) => {}
                });
            });
        });
    }
}

/// What an update of a pod may touch.
const UPDATABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
                         `spec.tolerations` (only additions to existing tolerations),\
                         `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
    errs.at("metadata", |e| e.at("annotations", |e| fixed_annotations(new, old, e)));
    let (s, was) = (&new["spec"], &old["spec"]);
    errs.at("spec", |e| {
        for key in ["containers", "initContainers"] {
            if s[key].items().len() != was[key].items().len() {
                e.at(key, |e| e.forbidden("pod updates may not add or remove containers"));
                return;
            }
            e.each(s, key, |e, _, c| {
                if c["image"].text().is_empty() {
                    e.at("image", |e| e.required(""));
                }
                container::only_in_pods(c, e);
            });
        }
        let (deadline, before) = (s["activeDeadlineSeconds"].as_int(), was["activeDeadlineSeconds"].as_int());
        match (deadline, before) {
            (Some(n), Some(m)) if n > m => {
                e.at("activeDeadlineSeconds", |e| {
                    e.invalid(&n.into(), "must be less than or equal to previous value");
                });
                return;
            }
            (None, Some(_)) => e.at("activeDeadlineSeconds", |e| {
                e.invalid(&Value::Null, "must not update from a positive integer to nil value");
            }),
            _ => {}
        }
        let same_but_time = |a: &Value, b: &Value| {
            ["key", "operator", "value", "effect"].iter().all(|k| a[*k].text() == b[*k].text())
        };
        let now = s["tolerations"].items();
        let kept = was["tolerations"].items().iter().all(|t| now.iter().any(|n| same_but_time(n, t)));
        if !kept {
            e.at("tolerations", |e| {
                e.forbidden("existing toleration can not be modified except its tolerationSeconds");
            });
        }
        e.each(s, "schedulingGates", |e, _, g| {
            if !was["schedulingGates"].items().contains(g) {
                let why =
                    format!("only deletion is allowed, but found new scheduling gate '{}'", g["name"].text());
                e.at("name", |e| e.forbidden(&why));
            }
        });
        let gated = !was["schedulingGates"].items().is_empty();
        let changed: Vec<&str> = s
            .entries()
            .iter()
            .chain(was.entries().iter().filter(|(k, _)| s.find(k).is_none()))
            .map(|(k, _)| k.as_str())
            .filter(|k| {
                let may_change = matches!(*k, "activeDeadlineSeconds" | "tolerations" | "schedulingGates")
                    || gated && matches!(*k, "nodeSelector" | "affinity");
                !may_change && !same_but_images(k, &s[*k], &was[*k])
            })
            .collect();
        if !changed.is_empty() {
            let lines: Vec<String> = changed
                .iter()
                .map(|k| {
                    let text = objects::json::to_string;
                    format!("-  {k}: {}\n+  {k}: {}\n", text(&was[*k]), text(&s[*k]))
                })
                .collect();
            e.forbidden(&format!(
                "pod updates may not change fields other than {UPDATABLE}\n{}",
                lines.concat()
            ));
        }
    });
}

/// A write of the subresource `resize`.
pub(super) fn validate_resize(new: &Value, old: &Value, errs: &mut Errors) {
    if !old.annotations()["kubernetes.io/config.mirror"].is_null() {
        return errs.forbidden("static pods cannot be resized");
    }
    validate(new, errs);
    let (s, was) = (&new["spec"], &old["spec"]);
    errs.at("spec", |e| {
        if crate::strategy::pod::qos_class(s) != crate::strategy::pod::qos_class(was) {
            e.invalid(&new["status"]["qosClass"], "Pod QOS Class may not change as a result of resizing");
        }
        let mut fit = true;
        for list in ["containers", "initContainers"] {
            let (is, before) = (s[list].items(), was[list].items());
            if is.len() != before.len() {
                fit = false;
                e.at(list, |e| e.forbidden(&format!("{list} may not be added or removed on resize")));
                continue;
            }
            e.each(s, list, |e, i, c| {
                if c["name"] != before[i]["name"] {
                    fit = false;
                    e.at("name", |e| {
                        e.forbidden(&format!("{list} may not be renamed or reordered on resize"))
                    });
                }
            });
        }
        if !fit {
            return;
        }
        for list in ["initContainers", "containers"] {
            e.each(s, list, |e, i, c| resized(e, c, &was[list].items()[i], list));
        }
    });
}

/// What may not be about one container of a resize.
fn resized(e: &mut Errors, new: &Value, old: &Value, list: &str) {
    let (r, had) = (&new["resources"], &old["resources"]);
    if list == "initContainers" && old["restartPolicy"] != "Always" {
        if r != had {
            e.elsewhere("spec", |e| e.forbidden("resources for non-sidecar init containers are immutable"));
        }
        return;
    }
    e.at("resources", |e| {
        for (kind, text) in [("requests", "resource requests"), ("limits", "resource limits")] {
            if had[kind].entries().iter().any(|(k, _)| r[kind].find(k).is_none()) {
                e.at(kind, |e| e.forbidden(&format!("{text} cannot be removed")));
            }
        }
    });
    let rest = |of: &Value, kind: &str| -> Vec<(objects::Str, Value)> {
        let all = of[kind].entries().iter().filter(|(k, _)| !matches!(k.as_str(), "cpu" | "memory"));
        all.map(|(k, v)| (k.as_str().into(), v.clone())).collect()
    };
    if ["requests", "limits"].iter().any(|k| rest(r, k) != rest(had, k))
        || new["resizePolicy"] != old["resizePolicy"]
    {
        if list == "containers" {
            e.elsewhere("spec", |e| e.forbidden("only cpu and memory resources are mutable"));
        } else {
            e.forbidden("only cpu and memory resources for init or sidecar containers are mutable");
        }
    }
}

/// Annotations that a pod is born with.
fn fixed_annotations(new: &Value, old: &Value, e: &mut Errors) {
    const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
    let (is, was) = (new.annotations(), old.annotations());
    for (key, what) in [(APP_ARMOR, "AppArmor annotations"), (MIRROR, "mirror pod annotation")] {
        let fixed = |k: &str| if key == MIRROR { k == key } else { k.starts_with(key) };
        for (k, v) in was.entries().iter().filter(|(k, _)| fixed(k)) {
            if is[k.as_str()] != *v {
                e.key(k, |e| e.forbidden(&format!("may not remove or update {what}")));
            }
        }
        for (k, _) in is.entries().iter().filter(|(k, _)| fixed(k) && was.find(k).is_none()) {
            e.key(k, |e| e.forbidden(&format!("may not add {what}")));
        }
    }
}

fn same_but_images(key: &str, new: &Value, old: &Value) -> bool {
    if new == old {
        return true;
    }
    matches!(key, "containers" | "initContainers")
        && new.items().iter().zip(old.items()).all(|(n, o)| {
            let mut n = n.clone();
            n.set("image", &o["image"]);
            n == *o
        })
}
