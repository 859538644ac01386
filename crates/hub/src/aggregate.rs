//! What became of a template: in one member, and in all of them together.
//!
//! Models `pkg/resourceinterpreter/default/native` (`reflectstatus.go`, `healthy.go`, `aggregatestatus.go`).

use objects::resources::Resource;
use objects::{Value, value};

/// The fields of a status that are told on, by kind.
fn told(kind: &str) -> &'static [&'static str] {
    match kind {
        "Deployment" => &[
            "availableReplicas",
            "observedGeneration",
            "readyReplicas",
            "replicas",
            "unavailableReplicas",
            "updatedReplicas",
        ],
        "StatefulSet" => &[
            "availableReplicas",
            "currentReplicas",
            "observedGeneration",
            "readyReplicas",
            "replicas",
            "updatedReplicas",
        ],
        "DaemonSet" => &[
            "currentNumberScheduled",
            "desiredNumberScheduled",
            "numberAvailable",
            "numberMisscheduled",
            "numberReady",
            "numberUnavailable",
            "observedGeneration",
            "updatedNumberScheduled",
        ],
        "Job" => &["active", "completionTime", "conditions", "failed", "startTime", "succeeded"],
        "Pod" => &["phase", "podIP", "hostIP", "startTime"],
        "Service" | "Ingress" => &["loadBalancer"],
        "PersistentVolumeClaim" => &["phase", "capacity", "accessModes"],
        _ => &[],
    }
}

/// Whether an object does what it should; `None`: its kind can't tell.
fn health(live: &Value) -> Option<bool> {
    let (spec, status) = (&live["spec"], &live["status"]);
    let observed = status["observedGeneration"].int() == live.generation();
    let n = |field: &str| status[field].int();
    Some(match live.kind() {
        "Deployment" | "StatefulSet" => {
            observed
                && n("updatedReplicas") >= spec["replicas"].int_or(1)
                && n("availableReplicas") >= n("updatedReplicas")
        }
        "DaemonSet" => {
            observed
                && n("updatedNumberScheduled") >= n("desiredNumberScheduled")
                && n("numberAvailable") >= n("updatedNumberScheduled")
        }
        "Service" | "Ingress" => {
            let balanced = live.kind() == "Ingress" || spec["type"] == "LoadBalancer";
            !balanced || !status["loadBalancer"]["ingress"].is_zero()
        }
        "PersistentVolumeClaim" => status["phase"] == "Bound",
        "Pod" => {
            status["phase"] == "Succeeded" || (status["phase"] == "Running" && live.condition_true("Ready"))
        }
        _ => return None,
    })
}

/// The status of one manifest, for its work.
pub(crate) fn reflect(live: &Value, r: &Resource, ordinal: usize) -> Option<Value> {
    let mut status = Value::map();
    for field in told(&r.kind) {
        if !live["status"][*field].is_zero() {
            status.set(*field, live["status"][*field].clone());
        }
    }
    if status["observedGeneration"].as_int().is_some() {
        status.set("generation", live.generation());
        let of_template = live.annotations()["resourcetemplate.karmada.io/generation"].text().parse::<i64>();
        status.set("resourceTemplateGeneration", of_template.unwrap_or(0));
    }
    let health = match health(live) {
        Some(true) => "Healthy",
        Some(false) => "Unhealthy",
        None => "Unknown",
    };
    let mut item = value!({
        "identifier": {
            "ordinal": (ordinal as i64), "group": (&r.group), "version": (&r.version), "kind": (&r.kind),
            "resource": (&r.plural), "namespace": (live.namespace()), "name": (live.name()),
        },
        "health": (health),
    });
    if !status.is_zero() {
        item.set("status", status);
    }
    Some(item)
}

/// Whether a work's object is well, and its status of the manifest the work has now.
pub(crate) fn is_healthy(work: &Value) -> bool {
    let manifest = &work["spec"]["workload"]["manifests"][0];
    let told = &work["status"]["manifestStatuses"][0];
    let replicas = manifest["spec"]["replicas"].as_int();
    let caught_up = replicas.is_none_or(|n| told["status"]["replicas"].int() == n);
    work.condition_true("Applied") && caught_up && matches!(told["health"].text(), "Healthy" | "Unknown")
}

/// What the works of a binding say, by cluster.
pub(crate) fn items(works: &[&Value]) -> Vec<Value> {
    let of = |work: &Value| {
        let cluster = crate::kinds::cluster_of(work.namespace()).unwrap_or_default();
        let applied = work.condition("Applied");
        if applied["status"] != "True" {
            let mut item = value!({"clusterName": (cluster), "health": "Unknown"});
            if !applied["message"].is_zero() {
                item.set("appliedMessage", applied["message"].clone());
            }
            return item;
        }
        let told = &work["status"]["manifestStatuses"][0];
        let health = told["health"].as_str().unwrap_or("Unknown");
        let mut item = value!({"clusterName": (cluster), "applied": true, "health": (health)});
        if !told["status"].is_null() {
            item.set("status", told["status"].clone());
        }
        item
    };
    let mut all: Vec<Value> = works.iter().map(|w| of(w)).collect();
    ordered::Sort::arrange_by(&mut all[..], |a, b| a["clusterName"].text().cmp(b["clusterName"].text()));
    all
}

/// The template's own status out of its members'; `None`: its kind has none that could be summed up.
pub(crate) fn template_status(template: &Value, items: &[&Value], targets: usize) -> Option<Value> {
    let statuses: Vec<&Value> = items.iter().map(|i| &i["status"]).collect();
    let sum = |field: &str| statuses.iter().map(|s| s[field].int()).sum::<i64>();
    let mut status = template["status"].clone();
    if status.is_null() {
        status = Value::map();
    }
    let mut put = |field: &str| match sum(field) {
        0 => drop(status.remove(field)),
        n => status.set(field, n),
    };
    match template.kind() {
        kind @ ("Deployment" | "StatefulSet" | "DaemonSet") => {
            told(kind).iter().filter(|f| **f != "observedGeneration").for_each(|f| put(f));
            if kind == "StatefulSet" {
                status.set("replicas", sum("replicas"));
            }
            // Seen only when every member has seen what is said now.
            let seen = |s: &&Value| {
                s["resourceTemplateGeneration"].int() == template.generation()
                    && s["observedGeneration"].int() == s["generation"].int()
            };
            if statuses.len() == targets && targets > 0 && statuses.iter().all(seen) {
                status.set("observedGeneration", template.generation());
            }
        }
        "Job" => {
            ["active", "succeeded", "failed"].into_iter().for_each(put);
            let done = |s: &&Value, kind: &str| {
                s["conditions"].items().iter().any(|c| c["type"] == kind && c["status"] == "True")
            };
            let whole = statuses.len() == targets && targets > 0;
            let condition = if statuses.iter().any(|s| done(s, "Failed")) {
                Some(("Failed", "JobFailed", "Job executed failed in member clusters"))
            } else if whole && statuses.iter().all(|s| done(s, "Complete")) {
                Some(("Complete", "Completed", "Job completed"))
            } else {
                None
            };
            if let Some((kind, reason, message)) = condition
                && template.condition(kind).is_null()
            {
                let last = statuses.iter().map(|s| s["completionTime"].text()).max().unwrap_or_default();
                let conditions = crate::binding::conditioned(template, kind, "True", reason, message, last);
                status.set("conditions", conditions);
                if kind == "Complete" {
                    status.set("completionTime", last);
                }
            }
            let first = statuses.iter().map(|s| s["startTime"].text()).filter(|t| !t.is_empty()).min();
            if let Some(first) = first {
                status.set("startTime", first);
            }
        }
        "Service" if template["spec"]["type"] == "LoadBalancer" => {
            let mut all = Vec::new();
            for item in items {
                for i in item["status"]["loadBalancer"]["ingress"].items() {
                    let mut i = i.clone();
                    if i["hostname"].is_null() {
                        i.set("hostname", item["clusterName"].clone());
                    }
                    all.push(i);
                }
            }
            status.set(
                "loadBalancer",
                if all.is_empty() { value!({}) } else { value!({"ingress": (Value::from(all))}) },
            );
        }
        _ => return None,
    }
    Some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_summed_up() {
        let web = value!({"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 3}});
        let item = |ready: i64, generation: i64| {
            value!({"clusterName": "a", "status": {
                "replicas": 2, "readyReplicas": (ready), "observedGeneration": 5, "generation": 5,
                "resourceTemplateGeneration": (generation),
            }})
        };
        let (a, b, late) = (item(2, 2), item(1, 2), item(2, 1));
        let status = template_status(&web, &[&a, &b], 2).unwrap_or_default();
        assert_eq!((status["replicas"].int(), status["readyReplicas"].int()), (4, 3));
        assert_eq!(status["observedGeneration"].int(), 2);
        let status = template_status(&web, &[&a, &late], 2).unwrap_or_default();
        assert!(status["observedGeneration"].is_null());
        assert!(template_status(&web, &[&a], 2).unwrap_or_default()["observedGeneration"].is_null());
        assert_eq!(template_status(&value!({"kind": "ConfigMap"}), &[&a], 1), None);
    }

    #[test]
    fn a_deployment_is_well_when_all_is_new_and_available() {
        let of = |observed: i64, updated: i64, available: i64| {
            health(&value!({
                "kind": "Deployment", "metadata": {"generation": 3}, "spec": {"replicas": 2},
                "status": {"observedGeneration": (observed), "updatedReplicas": (updated), "availableReplicas": (available)},
            }))
        };
        assert_eq!(of(3, 2, 2), Some(true));
        assert_eq!(of(2, 2, 2), Some(false));
        assert_eq!(of(3, 1, 1), Some(false));
        assert_eq!(of(3, 2, 1), Some(false));
        assert_eq!(health(&value!({"kind": "ConfigMap"})), None);
    }
}
