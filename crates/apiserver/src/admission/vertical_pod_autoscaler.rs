//! The vertical pod autoscaler's part in a pod's creation: requests as recommended, limits in the proportion they had.
//!
//! Models `vertical-pod-autoscaler/pkg/admission-controller` of kubernetes/autoscaler, which upstream runs as a
//! mutating webhook. Nothing happens without its CustomResourceDefinition.
//! Not modelled: VPAs that are validated by that webhook, limit ranges that bound a recommendation.

use objects::quantity::Quantity;
use objects::{Str, Value};

use crate::server::{ApiServer, Cx};

pub(super) const AUTOSCALERS: &str = "verticalpodautoscalers.autoscaling.k8s.io";

/// The kind and name of the workload a pod belongs to at last.
fn workload(server: &ApiServer, namespace: &str, pod: &Value) -> Option<(Str, Str)> {
    let owner = pod.controller_ref();
    if owner.is_null() {
        return None;
    }
    let (kind, name) = (owner["kind"].to_str(), owner["name"].to_str());
    let above = match kind.as_str() {
        "ReplicaSet" => server.get("replicasets.apps", namespace, &name),
        "Job" => server.get("jobs.batch", namespace, &name),
        _ => None,
    };
    match above.map(Value::controller_ref).filter(|r| !r.is_null()) {
        Some(r) => Some((r["kind"].to_str(), r["name"].to_str())),
        None => Some((kind, name)),
    }
}

/// Whether there are any that may have a say.
#[inline(never)]
pub(super) fn admit(server: &ApiServer, cx: &Cx<'_>, pod: &mut Value) -> bool {
    let namespace = cx.request.namespace.as_str();
    let mut all = server.objects(AUTOSCALERS, namespace).peekable();
    if all.peek().is_none() {
        return false;
    }
    let Some((kind, name)) = workload(server, namespace, pod) else { return true };
    let about = |vpa: &&Value| {
        let t = &vpa["spec"]["targetRef"];
        t["kind"] == kind.as_str()
            && t["name"] == name.as_str()
            && vpa["spec"]["updatePolicy"]["updateMode"] != "Off"
    };
    if let Some(vpa) = all.find(about).cloned() {
        apply(&vpa, pod);
    }
    true
}

fn policy_of<'a>(vpa: &'a Value, container: &str) -> &'a Value {
    let all = vpa["spec"]["resourcePolicy"]["containerPolicies"].items();
    let named = |n: &str| all.iter().find(|p| p["containerName"] == n);
    named(container).or_else(|| named("*")).unwrap_or(&Value::Null)
}

fn apply(vpa: &Value, pod: &mut Value) {
    let (mut notes, mut observed) = (Vec::new(), Vec::new());
    for i in 0..pod["spec"]["containers"].items().len() {
        let mut c = pod["spec"]["containers"][i].clone();
        observed.push(c["name"].text().to_owned());
        let policy = policy_of(vpa, c["name"].text());
        let recommended = vpa["status"]["recommendation"]["containerRecommendations"].items();
        let Some(r) = recommended.iter().find(|r| r["containerName"] == c["name"]) else { continue };
        if policy["mode"] == "Off" {
            continue;
        }
        let keep_limits = policy["controlledValues"] == "RequestsOnly";
        let mut set = Vec::new();
        for (name, q) in r["target"].entries() {
            let request = c["resources"]["requests"][name.as_str()].clone();
            let limit = c["resources"]["limits"][name.as_str()].clone();
            c.set_at(&["resources", "requests", name], q);
            set.push(format!("{name} request"));
            if limit.is_null() || keep_limits {
                continue;
            }
            c.set_at(&["resources", "limits", name], in_proportion(name, q, &request, &limit));
            set.push(format!("{name} limit"));
        }
        if !set.is_empty() {
            notes.push(format!("container {i}: {}", set.join(", ")));
            pod.at_mut(&["spec", "containers"]).list_mut().to_mut()[i] = c;
        }
    }
    if !notes.is_empty() {
        let text = format!("Pod resources updated by {}: {}", vpa.name(), notes.join("; "));
        pod.set_at(&["metadata", "annotations", "vpaUpdates"], text);
    }
    pod.set_at(&["metadata", "annotations", "vpaObservedContainers"], observed.join(", "));
}

/// A limit as far above its new request as it was above its old one.
fn in_proportion(name: &str, target: &Value, request: &Value, limit: &Value) -> String {
    let had = Quantity::of(if request.is_null() { limit } else { request }).as_float();
    let most = Quantity::of(limit);
    let factor = if had > 0.0 { most.as_float() / had } else { 1.0 };
    let milli = (Quantity::of(target).as_float() * factor * 1000.0).min(9e17) as i64;
    if name == "memory" {
        Quantity::from_units(milli / 1000, most.format()).canonical()
    } else {
        Quantity::from_millis(milli, most.format()).canonical()
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn requests_as_recommended_and_limits_in_proportion() {
        let vpa = value!({
            "metadata": {"name": "v"},
            "status": {"recommendation": {"containerRecommendations": [
                {"containerName": "c", "target": {"cpu": "300m", "memory": "500Mi"}},
                {"containerName": "off", "target": {"cpu": "1"}},
            ]}},
            "spec": {"resourcePolicy": {"containerPolicies": [{"containerName": "off", "mode": "Off"}]}},
        });
        let mut pod = value!({"metadata": {}, "spec": {"containers": [
            {"name": "c", "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "200m"}}},
            {"name": "off"},
        ]}});
        apply(&vpa, &mut pod);
        let c = &pod["spec"]["containers"][0]["resources"];
        assert_eq!(*c, value!({"requests": {"cpu": "300m", "memory": "500Mi"}, "limits": {"cpu": "600m"}}));
        assert!(pod["spec"]["containers"][1]["resources"].is_null());
        assert_eq!(
            pod.annotations()["vpaUpdates"],
            "Pod resources updated by v: container 0: cpu request, cpu limit, memory request"
        );
        assert_eq!(pod.annotations()["vpaObservedContainers"], "c, off");
    }
}
