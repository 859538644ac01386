//! Models SetDefaults_NetworkPolicy in `pkg/apis/networking/v1/defaults.go`.

use objects::{Value, value};

use super::each;

pub(super) fn defaults(object: &mut Value) {
    let spec = object.map_mut().entry("spec");
    for direction in ["ingress", "egress"] {
        for rule in each(spec, direction) {
            for port in each(rule, "ports") {
                super::fill(port, "protocol", "TCP");
            }
        }
    }
    if spec["policyTypes"].is_zero() {
        let both = !spec["egress"].is_zero();
        spec.set("policyTypes", if both { value!(["Ingress", "Egress"]) } else { value!(["Ingress"]) });
    }
}
