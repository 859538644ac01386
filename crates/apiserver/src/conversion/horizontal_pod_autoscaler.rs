//! autoscaling/v1, which knows one metric: the CPU utilization of pods.
//!
//! Models `pkg/apis/autoscaling/v1/conversion.go`. Not modelled: the annotations in which v1 keeps what it has no field
//! for (`autoscaling.alpha.kubernetes.io/metrics` and its like): v1 does not show it, and an update in v1 drops it.

use objects::{Value, value};

const PERCENT: &str = "targetCPUUtilizationPercentage";

fn is_cpu(metric: &Value) -> bool {
    metric["type"] == "Resource" && metric["resource"]["name"] == "cpu"
}

pub(super) fn from_v1(object: &mut Value) {
    object.set("apiVersion", "autoscaling/v2");
    let spec = object.map_mut().entry("spec");
    let percent = spec[PERCENT].as_int();
    if let Some(percent) = percent {
        spec.remove(PERCENT);
        let target = value!({"type": "Utilization", "averageUtilization": (percent)});
        spec.set(
            "metrics",
            vec![value!({"type": "Resource", "resource": {"name": "cpu", "target": (target)}})],
        );
    }
    let current = object["status"]["currentCPUUtilizationPercentage"].as_int();
    if let Some(current) = current {
        object.remove_at(&["status", "currentCPUUtilizationPercentage"]);
        let now = value!({"averageUtilization": (current)});
        let metric = value!({"type": "Resource", "resource": {"name": "cpu", "current": (now)}});
        object.set_at(&["status", "currentMetrics"], vec![metric]);
    }
}

pub(super) fn to_v1(object: &mut Value) {
    let of = |list: &Value, part: &str| {
        let cpu = list.items().iter().find(|m| is_cpu(m))?;
        cpu["resource"][part]["averageUtilization"].as_int()
    };
    let target = of(&object["spec"]["metrics"], "target");
    let current = of(&object["status"]["currentMetrics"], "current");
    for path in
        [["spec", "metrics"], ["spec", "behavior"], ["status", "currentMetrics"], ["status", "conditions"]]
    {
        if !object.at(&path).is_null() {
            object.remove_at(&path);
        }
    }
    if let Some(target) = target {
        object.set_at(&["spec", PERCENT], target);
    }
    if let Some(current) = current {
        object.set_at(&["status", "currentCPUUtilizationPercentage"], current);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let old = value!({"spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50}, "status": {}});
        let mut o = old.clone();
        from_v1(&mut o);
        assert_eq!(o["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"].int(), 50);
        assert!(o["spec"][PERCENT].is_null());
        to_v1(&mut o);
        assert_eq!((&o["spec"], &o["status"]), (&old["spec"], &old["status"]));
    }
}
