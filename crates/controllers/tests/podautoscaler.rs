//! The autoscaler: what it says without metrics, how it follows a load up and down.

mod world;

use controllers::podautoscaler::metrics::{PodMetric, PodMetrics};
use controllers::podautoscaler::replica_calculator::{Goal, Tolerances, from_pods, requests};
use objects::resources::{DEPLOYMENTS, EVENTS, HORIZONTALPODAUTOSCALERS};
use objects::{Value, value};
use world::{World, deployment};

const KEY: &str = "default/web";

fn hpa(min: i64, max: i64) -> Value {
    value!({"metadata": {"name": "web", "namespace": "default"}, "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": (min), "maxReplicas": (max),
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}],
    }})
}

fn world(replicas: i64) -> World {
    let mut w = World::new(3);
    let mut d = deployment("web", replicas, "nginx:1.25");
    let mut c = d.at(&["spec", "template", "spec", "containers"]).items()[0].clone();
    c.set("resources", value!({"requests": {"cpu": "100m"}}));
    d.set_at(&["spec", "template", "spec", "containers"], vec![c]);
    w.create(DEPLOYMENTS, d);
    w
}

fn replicas(w: &World) -> i64 {
    w.get(DEPLOYMENTS, KEY)["spec"]["replicas"].int()
}

fn condition(w: &World, kind: &str) -> (String, String, String) {
    let c = w.get(HORIZONTALPODAUTOSCALERS, KEY).condition(kind);
    (c["status"].text().into(), c["reason"].text().into(), c["message"].text().into())
}

#[test]
fn without_metrics_it_says_what_is_missing() {
    let mut w = world(2);
    w.create(HORIZONTALPODAUTOSCALERS, hpa(1, 10));
    w.run(14_000);
    assert!(w.get(HORIZONTALPODAUTOSCALERS, KEY)["status"].is_null(), "looked at after 15 s");
    w.run(2_000);
    let why = "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from \
               resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)";
    assert_eq!(w.events("FailedGetResourceMetric"), [why]);
    let whole = format!(
        "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {why}"
    );
    assert_eq!(w.events("FailedComputeMetricsReplicas"), [whole]);
    let why = format!("the HPA was unable to compute the replica count: {why}");
    assert_eq!(condition(&w, "ScalingActive"), ("False".into(), "FailedGetResourceMetric".into(), why));
    assert_eq!(condition(&w, "AbleToScale").1, "SucceededGetScale");
    w.run(60_000);
    let e = w.all(EVENTS).into_iter().find(|e| e["reason"] == "FailedGetResourceMetric").cloned();
    assert_eq!(e.unwrap_or_default()["count"].int(), 5, "once in 15 s");
    assert_eq!(replicas(&w), 2);
}

#[test]
fn a_load_is_followed_up_at_once_and_down_after_five_minutes() {
    let mut w = world(1);
    w.server.load = Some(10);
    w.create(HORIZONTALPODAUTOSCALERS, hpa(1, 10));
    w.run(61_000);
    assert_eq!(replicas(&w), 1);
    assert_eq!(condition(&w, "ScalingLimited").1, "DesiredWithinRange");
    let s = &w.get(HORIZONTALPODAUTOSCALERS, KEY)["status"];
    let current = value!([{"type": "Resource", "resource": {"name": "cpu", "current": {"averageValue": "10m", "averageUtilization": 10}}}]);
    assert_eq!((s["currentReplicas"].int(), &s["currentMetrics"]), (1, &current));

    w.server.load = Some(400);
    w.run(15_000);
    assert_eq!(replicas(&w), 4, "no faster than to 4");
    assert_eq!(condition(&w, "ScalingLimited").1, "ScaleUpLimit");
    assert_eq!(condition(&w, "AbleToScale").2, "the HPA controller was able to update the target scale to 4");
    w.run(30_000);
    assert_eq!(replicas(&w), 8);
    w.run(60_000);
    assert_eq!(replicas(&w), 8, "100 m each of 100 m requested would be 8 at 50 %");
    let grown = [
        "New size: 4; reason: cpu resource utilization (percentage of request) above target",
        "New size: 8; reason: cpu resource utilization (percentage of request) above target",
    ];
    assert_eq!(w.events("SuccessfulRescale"), grown);

    w.server.load = Some(8);
    w.run(280_000);
    assert_eq!(replicas(&w), 8);
    assert_eq!(condition(&w, "AbleToScale").1, "ScaleDownStabilized");
    w.run(60_000);
    assert_eq!(replicas(&w), 1);
    assert_eq!(w.events("SuccessfulRescale")[2], "New size: 1; reason: All metrics below target");
    assert!(!w.get(HORIZONTALPODAUTOSCALERS, KEY)["status"]["lastScaleTime"].is_null());
}

#[test]
fn limits_of_the_spec_need_no_metrics() {
    for (start, min, max, want, why) in [
        (5, 1, 3, 3, "Current number of replicas above Spec.MaxReplicas"),
        (1, 2, 9, 2, "Current number of replicas below Spec.MinReplicas"),
    ] {
        let mut w = world(start);
        w.create(HORIZONTALPODAUTOSCALERS, hpa(min, max));
        w.run(16_000);
        assert_eq!(replicas(&w), want);
        assert_eq!(w.events("SuccessfulRescale"), [format!("New size: {want}; reason: {why}")]);
    }
    let mut w = world(0);
    w.create(HORIZONTALPODAUTOSCALERS, hpa(2, 5));
    w.run(16_000);
    assert_eq!((replicas(&w), condition(&w, "ScalingActive").1.as_str()), (0, "ScalingDisabled"));
}

#[test]
fn two_for_the_same_pods_and_one_for_none() {
    let mut w = world(2);
    w.server.load = Some(200);
    w.create(HORIZONTALPODAUTOSCALERS, hpa(1, 10));
    let mut other = hpa(1, 10);
    other.set_at(&["metadata", "name"], "other");
    w.create(HORIZONTALPODAUTOSCALERS, other);
    let mut lost = hpa(1, 10);
    lost.set_at(&["metadata", "name"], "lost");
    lost.set_at(&["spec", "scaleTargetRef", "name"], "nothing");
    w.create(HORIZONTALPODAUTOSCALERS, lost);
    w.run(40_000);
    let why = "pods by selector app=web are controlled by multiple HPAs: [{other default} {web default}]";
    assert!(w.events("AmbiguousSelector").iter().all(|m| m == why));
    assert_eq!(condition(&w, "ScalingActive").1, "AmbiguousSelector");
    assert_eq!(w.events("FailedGetScale"), ["deployments.apps \"nothing\" not found"]);
    w.delete(HORIZONTALPODAUTOSCALERS, "default/other", None);
    w.run(30_000);
    assert_eq!(condition(&w, "ScalingActive").1, "ValidMetricFound");
}

#[test]
fn pods_that_say_nothing_dampen() {
    let pod = |i: usize, phase: &str| {
        value!({"metadata": {"name": (format!("p{i}"))},
            "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "100m"}}}]},
            "status": {"phase": (phase), "startTime": "2026-01-01T00:00:00Z",
                "conditions": [{"type": "Ready", "status": (if phase == "Running" { "True" } else { "False" }), "lastTransitionTime": "2026-01-01T00:00:10Z"}]}})
    };
    let now = clock::Time::parse_rfc3339("2026-01-01T01:00:00Z").expect("a time");
    // Usage of each measured pod at a target of 50 m, measured, silent, pending: the answer from all of them.
    for (usage, measured, silent, pending, want) in [
        (50, 3, 0, 0, 3),  // on target
        (54, 3, 0, 0, 3),  // within a tenth
        (100, 3, 0, 0, 6), // double
        (10, 5, 0, 0, 1),
        (100, 2, 1, 0, 4), // the silent one uses nothing: (100+100+0)/150
        (100, 1, 3, 0, 4), // would turn around: stay
        (10, 3, 1, 0, 3),  // the silent one uses all it requests
        (100, 2, 0, 1, 4), // the pending one uses nothing
        (10, 2, 0, 1, 1),  // and does not count on the way down
    ] {
        let n = measured + silent + pending;
        let pods: Vec<Value> =
            (0..n).map(|i| pod(i, if i < measured + silent { "Running" } else { "Pending" })).collect();
        let all: Vec<&Value> = pods.iter().collect();
        let metrics: PodMetrics = (0..measured)
            .map(|i| (format!("p{i}").into(), PodMetric { at: Some(now), window: 15_000, value: usage }))
            .collect();
        let goal = |p: &[&Value]| Ok(Goal::Utilization { percent: 50, requests: requests(p, "", "cpu")? });
        let t = Tolerances { down: 0.1, up: 0.1 };
        let got = from_pods(metrics, &all, n as i64, t, goal, true, now).map(|p| p.replicas);
        assert_eq!(got, Ok(want), "{usage} {measured} {silent} {pending}");
    }
}
