//! Models SetDefaults_HorizontalPodAutoscaler in `pkg/apis/autoscaling/v2/defaults.go`.

use objects::{Value, value};

use super::{fill, part};

pub(super) fn defaults(object: &mut Value) {
    let spec = object.map_mut().entry("spec");
    fill(spec, "minReplicas", 1);
    if spec["metrics"].is_zero() && spec["targetCPUUtilizationPercentage"].is_null() {
        let cpu = value!([{
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
        }]);
        spec.set("metrics", cpu);
    }
    let Some(behavior) = part(spec, "behavior") else { return };
    let up = behavior.map_mut().entry("scaleUp");
    fill(up, "stabilizationWindowSeconds", 0);
    fill(up, "selectPolicy", "Max");
    fill(
        up,
        "policies",
        value!([
            {"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 100, "periodSeconds": 15}
        ]),
    );
    let down = behavior.map_mut().entry("scaleDown");
    fill(down, "selectPolicy", "Max");
    fill(down, "policies", value!([{"type": "Percent", "value": 100, "periodSeconds": 15}]));
}
