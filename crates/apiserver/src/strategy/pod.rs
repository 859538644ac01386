//! Pods: phase and quality-of-service class at birth, grace at deletion.
//!
//! Models `pkg/registry/core/pod/strategy.go` and `pkg/apis/core/helper/qos`.
//! Not modelled: AppArmor version skew, match-label keys merged into selectors.

use objects::{Value, value};

use super::{PLAIN, Strategy};

pub(crate) static STRATEGY: Strategy = Strategy {
    generation: true,
    status: true,
    returns_deleted: true,
    prepare_create,
    prepare_status,
    grace,
    ..PLAIN
};

fn prepare_create(pod: &mut Value, _: clock::Time) {
    let mut status = value!({"phase": "Pending", "qosClass": (qos_class(&pod["spec"]))});
    if !pod["spec"]["schedulingGates"].items().is_empty() {
        status.set(
            "conditions",
            value!([{
                "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
                "lastProbeTime": null, "lastTransitionTime": null
            }]),
        );
    }
    pod.set("status", status);
}

/// Of what a resize writes only the resources and resize policies of containers remain. Containers that do not fit each
/// other are left for validation to find.
pub(crate) fn prepare_resize(new: &mut Value, old: &Value) {
    let mut spec = old["spec"].clone();
    for list in ["initContainers", "containers"] {
        let (is, was) = (new["spec"][list].items(), old["spec"][list].items());
        if is.len() != was.len() || is.iter().zip(was).any(|(a, b)| a["name"] != b["name"]) {
            return;
        }
        if is.is_empty() {
            continue;
        }
        let merged = is.iter().zip(was).map(|(a, b)| {
            let mut c = b.clone();
            for key in ["resources", "resizePolicy"] {
                match a.find(key) {
                    Some(v) => c.set(key, v),
                    None => drop(c.remove(key)),
                }
            }
            c
        });
        spec.set(list, merged.collect::<Vec<_>>());
    }
    match new["spec"].find("resources") {
        Some(r) => spec.set("resources", r),
        None => drop(spec.remove("resources")),
    }
    new.set("spec", spec);
    new.set("status", &old["status"]);
}

fn prepare_status(new: &mut Value, old: &Value) {
    if !new.meta().same(old.meta()) && new.meta()["ownerReferences"] != old.meta()["ownerReferences"] {
        let owners = old.meta()["ownerReferences"].clone();
        new.map_mut().entry("metadata").set("ownerReferences", owners);
    }
    if new.get("status").same(old.get("status")) {
        return;
    }
    if new.get("status").get("qosClass").text().is_empty() {
        let class = old["status"]["qosClass"].clone();
        new.map_mut().entry("status").set("qosClass", class);
    }
    keep_observed_generations(new, old);
}

/// A writer that leaves out `observedGeneration` does not take it back.
fn keep_observed_generations(new: &mut Value, old: &Value) {
    const OBSERVED: &str = "observedGeneration";
    let (is, before) = (new.get("status"), old.get("status"));
    let stood = before.get("conditions").items();
    let missing: Vec<(usize, Value)> = is
        .get("conditions")
        .items()
        .iter()
        .enumerate()
        // One that is the very same has what it had.
        .filter(|(i, c)| !stood.get(*i).is_some_and(|s| s.same(c)) && c.get(OBSERVED).int() == 0)
        .filter_map(|(i, c)| {
            let was = old.condition(c["type"].text()).get(OBSERVED);
            (was.int() != 0).then(|| (i, was.clone()))
        })
        .collect();
    let was = before.get(OBSERVED);
    if is.get(OBSERVED).int() == 0 && was.int() != 0 {
        new.map_mut().entry("status").set(OBSERVED, was);
    }
    if !missing.is_empty() {
        let conditions = new.at_mut(&["status", "conditions"]).list_mut().to_mut();
        for (i, generation) in missing {
            conditions[i].set(OBSERVED, generation);
        }
    }
}

fn grace(pod: &Value, asked: Option<i64>) -> Option<i64> {
    let spec = &pod["spec"];
    let ended = matches!(pod["status"]["phase"].text(), "Failed" | "Succeeded");
    if spec["nodeName"].text().is_empty() || ended {
        return Some(0);
    }
    Some(asked.unwrap_or_else(|| spec["terminationGracePeriodSeconds"].int()))
        .map(|p| if p < 0 { 1 } else { p })
}

/// `Guaranteed`, `Burstable` or `BestEffort`, from the requests and limits for cpu and memory.
pub(crate) fn qos_class(spec: &Value) -> &'static str {
    let zero = |v: &Value| v.is_null() || v.text().trim_start_matches(['0', '.']).is_empty() && v.int() == 0;
    let mut any = false;
    let mut guaranteed = true;
    let pod_level = &spec["resources"];
    let containers: Vec<&Value> = if pod_level.is_zero() {
        spec["initContainers"]
            .items()
            .iter()
            .chain(spec["containers"].items())
            .map(|c| &c["resources"])
            .collect()
    } else {
        vec![pod_level]
    };
    for r in containers {
        for kind in ["cpu", "memory"] {
            let (request, limit) = (&r["requests"][kind], &r["limits"][kind]);
            any |= !zero(request) || !zero(limit);
            guaranteed &= !zero(limit) && (zero(request) || request == limit);
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_of_service() {
        let of = |resources: &[Value]| {
            let containers: Vec<Value> = resources.iter().map(|r| value!({"resources": (r)})).collect();
            qos_class(&value!({"containers": (containers)}))
        };
        let both =
            value!({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}});
        assert_eq!(of(&[Value::map()]), "BestEffort");
        assert_eq!(of(&[value!({"requests": {"cpu": "0"}})]), "BestEffort");
        assert_eq!(of(&[value!({"requests": {"cpu": "100m"}})]), "Burstable");
        assert_eq!(of(std::slice::from_ref(&both)), "Guaranteed");
        assert_eq!(of(&[both.clone(), Value::map()]), "Burstable");
        assert_eq!(of(&[value!({"limits": {"cpu": "1"}})]), "Burstable");
    }

    #[test]
    fn grace_periods() {
        let pod = |node: &str, phase: &str| value!({"spec": {"nodeName": (node), "terminationGracePeriodSeconds": 30}, "status": {"phase": (phase)}});
        assert_eq!(grace(&pod("", "Pending"), None), Some(0));
        assert_eq!(grace(&pod("n", "Running"), None), Some(30));
        assert_eq!(grace(&pod("n", "Running"), Some(5)), Some(5));
        assert_eq!(grace(&pod("n", "Succeeded"), None), Some(0));
    }
}
