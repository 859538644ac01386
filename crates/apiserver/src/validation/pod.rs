//! Pods.
//!
//! Models ValidatePodCreate, ValidatePodUpdate and ValidatePodSpec in `pkg/apis/core/validation`.
//! Not modelled: Windows, security contexts beyond decoding, resource claims; the text of the difference in a refused
//! update names the fields instead of printing Go structs.

use objects::{Value, names};

use super::{Errors, container, labels, scheduling, volume};

pub(super) fn validate(pod: &Value, errs: &mut Errors) {
    if !errs.pod_spec_known {
        errs.at("spec", |e| spec(&pod["spec"], pod.name(), e));
    }
}

/// The spec of the pod of this name, or of a template when it is `""`.
pub(super) fn spec(s: &Value, name: &str, e: &mut Errors) {
    let volumes = volume::validate(s, name, e);
    container::validate(s, &volumes, e);
    host_network_ports(s, e);
    e.one_of(s, "restartPolicy", &["Always", "OnFailure", "Never"]);
    e.one_of(s, "dnsPolicy", &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]);
    e.at("nodeSelector", |e| labels::labels(&s["nodeSelector"], e));
    e.each(s, "imagePullSecrets", |e, _, r| {
        if r["name"].text().is_empty() {
            e.at("name", |e| e.required(""));
        }
    });
    scheduling::affinity(s, e);
    if s["dnsPolicy"] == "None" && s["dnsConfig"]["nameservers"].items().is_empty() {
        e.at("dnsConfig", |e| {
            if s["dnsConfig"].is_null() {
                e.required("must provide `dnsConfig` when `dnsPolicy` is None");
            } else {
                e.at("nameservers", |e| {
                    e.required("must provide at least one DNS nameserver when `dnsPolicy` is None");
                });
            }
        });
    }
    scheduling::spread(s, e);
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
    e.rule(s, "priorityClassName", names::dns1123_subdomain);
    e.rule(s, "runtimeClassName", names::dns1123_subdomain);
    e.one_of_if_set(s, "preemptionPolicy", &["Never", "PreemptLowerPriority"]);
}

fn host_network_ports(s: &Value, e: &mut Errors) {
    if !s["hostNetwork"].is_true() {
        return;
    }
    e.each(s, "containers", |e, _, c| {
        e.each(c, "ports", |e, _, p| {
            if p["hostPort"] != p["containerPort"] {
                e.at("containerPort", |e| {
                    e.invalid(&p["containerPort"], "must match `hostPort` when `hostNetwork` is true");
                });
            }
        });
    });
}

/// What an update of a pod may touch.
const UPDATABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
                         `spec.tolerations` (only additions to existing tolerations),\
                         `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
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
        let kept = was["tolerations"].items().iter().all(|t| s["tolerations"].items().contains(t));
        if !kept {
            e.at("tolerations", |e| {
                e.forbidden("existing toleration can not be modified except its tolerationSeconds");
            });
        }
        let gates = |v: &Value| v["schedulingGates"].items().to_vec();
        if gates(s).iter().any(|g| !gates(was).contains(g)) {
            e.at("schedulingGates", |e| {
                e.forbidden("only deletion is allowed, but found new scheduling gate");
            });
        }
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
