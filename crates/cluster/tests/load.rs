//! Load and what follows from it: usage, latency, metrics, autoscaling.

mod ground;

use cluster::load::{Profile, Shape, Target, TargetKind, What};
use cluster::{Cluster, ClusterConfig};
use ground::{api_service, create, get, metrics_server, web};
use objects::value;

fn service(name: &str) -> Target {
    Target {
        kind: TargetKind::Service,
        namespace: "default".into(),
        name: name.into(),
        port: 0,
        path: "".into(),
    }
}

fn replicas(c: &Cluster, name: &str) -> i64 {
    c.object("deployments.apps", "default", name).map_or(0, |d| d["spec"]["replicas"].int())
}

#[test]
fn metrics_come_with_the_server_and_go_with_it() {
    let mut c = Cluster::new(ClusterConfig::workers(1, 2));
    let path = "/apis/metrics.k8s.io/v1beta1/nodes";
    let error = get(&mut c, path).expect_err("nothing serves it");
    assert_eq!(error.message, "the server could not find the requested resource");
    api_service(&mut c, "v1beta1", "metrics.k8s.io", "kube-system", "metrics-server");
    c.advance(5_000);
    let error = get(&mut c, path).expect_err("nothing answers");
    assert_eq!(error.message, "the server is currently unable to handle the request");
    let condition = c.object("apiservices.apiregistration.k8s.io", "", "v1beta1.metrics.k8s.io").cloned();
    let condition = condition.unwrap_or_default().condition("Available").clone();
    assert_eq!(condition["reason"], "ServiceNotFound", "{condition:?}");
    let admin = ground::admin();
    let r = objects::resources::APISERVICES;
    let delete = client::Request::new(client::Verb::Delete, &r.group, &r.version, &r.plural);
    c.request(&admin, delete.named("v1beta1.metrics.k8s.io")).expect("it is there");
    metrics_server(&mut c);
    web(&mut c, "web", 2, value!({}));
    c.advance(60_000);
    let nodes = get(&mut c, path).expect("metrics").object;
    assert_eq!(nodes["items"].items().len(), 2, "{nodes:?}");
    assert_eq!(nodes["items"][0]["window"], "15s");
    let pods = get(&mut c, "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=app%3Dweb");
    let pods = pods.expect("metrics").object;
    assert_eq!(pods["items"].items().len(), 2, "{pods:?}");
    assert_eq!(pods["items"][0]["containers"][0]["name"], "web");
    let group = get(&mut c, "/apis/metrics.k8s.io").expect("discovery").object;
    assert_eq!(group["name"], "metrics.k8s.io");
}

#[test]
fn load_becomes_usage_latency_and_errors() {
    let mut c = Cluster::new(ClusterConfig::workers(1, 1));
    web(&mut c, "web", 1, value!({"limits": {"cpu": "500m"}, "requests": {"cpu": "200m"}}));
    c.advance(20_000);
    assert!(c.start_load(Profile::constant(service("none"), 1_000)).is_err());
    c.start_load(Profile::constant(service("web"), 25_000)).expect("a service");
    c.advance(20_000);
    let (pod, low) = {
        let running = c.load().get("web").expect("a load");
        let s = running.latest().expect("a sample").clone();
        (s.backends[0].pod.clone(), s)
    };
    // 25 requests of 10 ms of CPU: a quarter of a core.
    let usage = ground::kubelet_usage(&mut c, "node-1", &pod);
    assert!((235..270).contains(&usage.cpu_millis()), "{usage:?}");
    assert_eq!(low.failed, 0);
    c.start_load(Profile::constant(service("web"), 100_000)).expect("a service");
    c.advance(30_000);
    let high = c.load().get("web").and_then(|r| r.latest().cloned()).expect("a sample");
    assert_eq!(ground::kubelet_usage(&mut c, "node-1", &pod).cpu_millis(), 500);
    assert!(high.latency_us > 10 * low.latency_us && high.failed > 0, "{high:?}");
    assert!((48_000..=50_000).contains(&high.served), "{high:?}");
    // Nobody answers once nothing is ready.
    let scale = value!({"apiVersion": "autoscaling/v1", "kind": "Scale",
        "metadata": {"name": "web", "namespace": "default"}, "spec": {"replicas": 0}});
    let r = objects::resources::DEPLOYMENTS;
    let put = client::Request::new(client::Verb::Update, &r.group, &r.version, &r.plural);
    let put = put.in_namespace("default").named("web").subresource("scale").object(scale);
    c.request(&ground::admin(), put).expect("scaled");
    c.advance(10_000);
    let none = c.load().get("web").and_then(|r| r.latest().cloned()).expect("a sample");
    assert_eq!((none.served, none.failed), (0, none.offered));
    assert!(c.stop_load("web") && !c.stop_load("web"));
    let told: Vec<What> = c.load().events().map(|e| e.what).collect();
    assert_eq!(
        told,
        [What::Started, What::Started, What::TimingOut, What::Unreached, What::Stopped],
        "{told:?}"
    );
}

#[test]
fn an_autoscaler_follows_the_load_up_and_down() {
    let mut c = Cluster::new(ClusterConfig::workers(1, 3));
    metrics_server(&mut c);
    web(&mut c, "web", 1, value!({"requests": {"cpu": "200m"}, "limits": {"cpu": "500m"}}));
    create(
        &mut c,
        "hpa",
        value!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {
                "minReplicas": 1, "maxReplicas": 10,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "metrics": [{"type": "Resource", "resource": {
                    "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}],
            },
        }),
    );
    c.advance(60_000);
    assert_eq!(replicas(&c, "web"), 1);
    c.start_load(Profile::constant(service("web"), 60_000)).expect("a service");
    c.advance(180_000);
    // 600 thousandths of a core at a goal of 100 each.
    assert!((6..=7).contains(&replicas(&c, "web")), "{}", replicas(&c, "web"));
    c.stop_load("web");
    c.advance(240_000);
    assert!(replicas(&c, "web") > 1, "the way down is held for five minutes");
    c.advance(200_000);
    assert_eq!(replicas(&c, "web"), 1);
}

#[test]
fn an_autoscaler_follows_requests_and_external_queues() {
    let mut c = Cluster::new(ClusterConfig::workers(1, 3));
    for (version, group) in [("v1beta2", "custom.metrics.k8s.io"), ("v1beta1", "external.metrics.k8s.io")] {
        api_service(&mut c, version, group, "default", "adapter");
    }
    web(&mut c, "adapter", 1, value!({}));
    let mut svc = c.object("services", "default", "adapter").cloned().unwrap_or_default();
    svc.set_at(&["spec", "ports"], vec![value!({"name": "https", "port": 443, "targetPort": 80})]);
    let r = objects::resources::SERVICES;
    let put = client::Request::new(client::Verb::Update, &r.group, &r.version, &r.plural);
    c.request(&ground::admin(), put.in_namespace("default").named("adapter").object(svc)).expect("updated");
    let by = |kind: &str, metric: objects::Value| {
        let mut m = value!({"type": (kind)});
        m.set(kind.to_lowercase(), metric);
        m
    };
    let rps = value!({"name": "requests_per_second"});
    let metrics = [
        (
            "pods",
            by(
                "Pods",
                value!({"metric": (rps.clone()), "target": {"type": "AverageValue", "averageValue": "10"}}),
            ),
        ),
        (
            "object",
            by(
                "Object",
                value!({
            "metric": (rps.clone()), "describedObject": {"apiVersion": "v1", "kind": "Service", "name": "object"},
            "target": {"type": "AverageValue", "averageValue": "10"}}),
            ),
        ),
        (
            "external",
            by(
                "External",
                value!({
            "metric": {"name": "requests_per_second", "selector": {"matchLabels": {"service": "external"}}},
            "target": {"type": "AverageValue", "averageValue": "10"}}),
            ),
        ),
    ];
    for (name, metric) in metrics {
        web(&mut c, name, 1, value!({}));
        create(
            &mut c,
            "hpa",
            value!({
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": (name), "namespace": "default"},
                "spec": {
                    "minReplicas": 1, "maxReplicas": 10, "metrics": [(metric)],
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": (name)},
                },
            }),
        );
        let mut p = Profile::constant(service(name), 0);
        p.shape = Shape::Ramp { to: 50_000, over_ms: 60_000 };
        c.start_load(p).expect("a service");
    }
    c.advance(240_000);
    for name in ["pods", "object", "external"] {
        let hpa = c.object("horizontalpodautoscalers.autoscaling", "default", name).cloned();
        assert!((5..=6).contains(&replicas(&c, name)), "{name}: {:?}", hpa.unwrap_or_default()["status"]);
    }
}

#[test]
fn the_same_load_leaves_the_same_log() {
    let run = || {
        let mut c = Cluster::new(ClusterConfig::workers(7, 2));
        web(&mut c, "web", 2, value!({"limits": {"cpu": "100m"}}));
        c.advance(15_000);
        let mut p = Profile::constant(service("web"), 5_000);
        p.shape = Shape::Wave { to: 80_000, period_ms: 20_000 };
        c.start_load(p).expect("a service");
        c.advance(60_000);
        (c.log_hash(), c.load().get("web").map(|r| (r.total_served, r.total_failed)))
    };
    assert_eq!(run(), run());
}
