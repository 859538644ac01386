//! HorizontalPodAutoscalers, budgets, quotas and limit ranges: what is refused, and how versions show it.

use client::Verb;
use objects::resources::{HORIZONTALPODAUTOSCALERS, HORIZONTALPODAUTOSCALERS_V1};
use objects::{Value, value};

use crate::{Desk, at};

/// The causes of a refusal as kubectl lists them; empty when the object was accepted.
fn causes(object: Value) -> Vec<String> {
    match Desk::new().create(object) {
        Ok(_) => Vec::new(),
        Err(s) if s.causes.is_empty() => vec![s.message],
        Err(s) => s.causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect(),
    }
}

fn hpa(spec: Value) -> Value {
    let mut s = value!({"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}});
    for (k, v) in spec.entries() {
        s.set(k.clone(), v);
    }
    value!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": (s)})
}

fn cpu(target: Value) -> Value {
    hpa(value!({"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": (target)}}]}))
}

#[test]
fn autoscalers() {
    let good = value!({"type": "Utilization", "averageUtilization": 50});
    assert_eq!(causes(cpu(good)), [] as [&str; 0]);
    let table = [
        (hpa(value!({"maxReplicas": 0})), "spec.maxReplicas: Required value: must be set and greater than 0"),
        (
            hpa(value!({"minReplicas": 5})),
            "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`",
        ),
        (
            hpa(value!({"minReplicas": 0})),
            "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
        ),
        (
            hpa(value!({"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": ""}})),
            "spec.scaleTargetRef.name: Required value",
        ),
        (
            cpu(value!({"type": "Utilization"})),
            "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization",
        ),
        (
            cpu(value!({"type": "Utilization", "averageUtilization": 0})),
            "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
        ),
        (
            cpu(value!({"type": "Percent", "averageUtilization": 5})),
            "spec.metrics[0].resource.target.type: Invalid value: \"Percent\": must be either Utilization, Value, or AverageValue",
        ),
        (
            hpa(value!({"metrics": [{"type": "Pods"}]})),
            "spec.metrics[0].pods: Required value: must populate information for the given metric source",
        ),
        (
            hpa(value!({"behavior": {"scaleDown": {"stabilizationWindowSeconds": 4000}}})),
            "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600",
        ),
        (
            hpa(
                value!({"behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 0, "periodSeconds": 15}]}}}),
            ),
            "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
        ),
    ];
    for (object, wanted) in table {
        let found = causes(object);
        assert!(found.iter().any(|c| c == wanted), "wanted {wanted}\nfound {found:#?}");
    }
}

#[test]
fn the_old_version_shows_what_the_new_one_says_of_cpu() {
    let mut d = Desk::new();
    let v1 = value!({
        "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
        "spec": {
            "maxReplicas": 3, "targetCPUUtilizationPercentage": 60,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        },
    });
    let made = d.create(v1).expect("accepted");
    assert_eq!(made["spec"]["targetCPUUtilizationPercentage"].int(), 60);
    assert_eq!(made.api_version(), "autoscaling/v1");
    let new = d.get(HORIZONTALPODAUTOSCALERS, "h").expect("stored");
    assert_eq!(new["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"].int(), 60, "{new:?}");
    let old = d.call(at(Verb::Get, HORIZONTALPODAUTOSCALERS_V1, "h")).expect("stored").object;
    assert!(old["spec"]["metrics"].is_null() && old["spec"]["targetCPUUtilizationPercentage"].int() == 60);
}

fn of(api_version: &str, kind: &str, spec: Value) -> Value {
    value!({"apiVersion": (api_version), "kind": (kind), "metadata": {"name": "x"}, "spec": (spec)})
}

#[test]
fn budgets_quotas_and_limit_ranges() {
    let pdb = |spec| of("policy/v1", "PodDisruptionBudget", spec);
    let quota = |spec| of("v1", "ResourceQuota", spec);
    let limits = |limit| of("v1", "LimitRange", value!({"limits": [(limit)]}));
    for good in [
        pdb(value!({"minAvailable": "50%", "selector": {"matchLabels": {"a": "b"}}})),
        quota(value!({"hard": {"pods": "4", "requests.cpu": "1", "count/deployments.apps": "2"}})),
        limits(value!({"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "500m"}})),
    ] {
        assert_eq!(causes(good), [] as [&str; 0]);
    }
    let table = [
        (
            pdb(value!({"minAvailable": 1, "maxUnavailable": 1})),
            "spec: Invalid value: {\"MinAvailable\":1,\"Selector\":null,\"MaxUnavailable\":1,\"UnhealthyPodEvictionPolicy\":null}: minAvailable and maxUnavailable cannot be both set",
        ),
        (
            pdb(value!({"minAvailable": (-1)})),
            "spec.minAvailable: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            pdb(value!({"maxUnavailable": "150%"})),
            "spec.maxUnavailable: Invalid value: \"150%\": must not be greater than 100%",
        ),
        (
            quota(value!({"hard": {"flowers": "4"}})),
            "spec.hard[flowers]: Invalid value: \"flowers\": must be a standard resource for quota",
        ),
        (
            quota(value!({"hard": {"pods": "-1"}})),
            "spec.hard[pods]: Invalid value: \"-1\": must be greater than or equal to 0",
        ),
        (
            quota(value!({"hard": {"cpu": "1"}, "scopes": ["BestEffort"]})),
            "spec.scopes: Invalid value: [\"BestEffort\"]: unsupported scope applied to resource",
        ),
        (
            quota(value!({"hard": {"pods": "1"}, "scopes": ["BestEffort", "NotBestEffort"]})),
            "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\"]: conflicting scopes",
        ),
        (
            limits(value!({"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}})),
            "spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1",
        ),
        (
            limits(value!({"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "2"}})),
            "spec.limits[0].defaultRequest[cpu]: Invalid value: \"2\": default request value 2 is greater than default limit value 1",
        ),
        (
            limits(value!({"type": "Pod", "default": {"cpu": "1"}})),
            "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
        ),
        (
            limits(value!({"type": "Node", "max": {"cpu": "1"}})),
            "spec.limits[0].type: Invalid value: \"Node\": must be a standard limit type or fully qualified",
        ),
        (
            limits(
                value!({"type": "Container", "min": {"cpu": "1"}, "max": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "4"}}),
            ),
            "spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"4\": ratio 4 is greater than max/min = 2.000000",
        ),
    ];
    for (object, wanted) in table {
        let found = causes(object);
        assert!(found.iter().any(|c| c == wanted), "wanted {wanted}\nfound {found:#?}");
    }
}
