//! Models SetDefaults_Service in `pkg/apis/core/v1/defaults.go` and the address family defaults of
//! `pkg/registry/core/service/storage/alloc.go` for a single-stack IPv4 cluster.

use objects::{Str, Value, value};

use super::{each, fill};

pub(super) fn defaults(object: &mut Value) {
    let spec = object.map_mut().entry("spec");
    fill(spec, "sessionAffinity", "None");
    if spec["sessionAffinity"] == "None" {
        spec.remove("sessionAffinityConfig");
    } else if spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"].is_null() {
        spec.set("sessionAffinityConfig", value!({"clientIP": {"timeoutSeconds": 10800}}));
    }
    fill(spec, "type", "ClusterIP");
    for p in each(spec, "ports") {
        fill(p, "protocol", Str::new_static("TCP"));
        if p["targetPort"].is_zero() {
            let port = p["port"].clone();
            p.set("targetPort", port);
        }
    }
    let kind = spec["type"].to_str();
    let external = matches!(kind.as_str(), "NodePort" | "LoadBalancer")
        || kind == "ClusterIP" && !spec["externalIPs"].items().is_empty();
    if external {
        fill(spec, "externalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        fill(spec, "allocateLoadBalancerNodePorts", true);
    }
    if kind == "ExternalName" {
        return;
    }
    fill(spec, "internalTrafficPolicy", "Cluster");
    // A headless Service without selector may stand for endpoints of either family.
    let headless = spec["clusterIP"] == "None";
    if spec["ipFamilyPolicy"].is_null() {
        let policy = if headless && spec["selector"].is_zero() { "RequireDualStack" } else { "SingleStack" };
        spec.set("ipFamilyPolicy", policy);
    }
    if spec["ipFamilies"].is_null() {
        let both = spec["ipFamilyPolicy"] == "RequireDualStack" && headless && spec["selector"].is_zero();
        spec.set("ipFamilies", if both { value!(["IPv4", "IPv6"]) } else { value!(["IPv4"]) });
    }
}
