//! The vertical pod autoscaler as an addon: recommendations, evictions, new pods.

mod ground;

use cluster::load::{Profile, Target, TargetKind};
use cluster::{Cluster, ClusterConfig, addons};
use ground::{create, metrics_server, web};
use objects::{Value, value};

const VPAS: &str = "verticalpodautoscalers.autoscaling.k8s.io";

fn install(c: &mut Cluster) {
    metrics_server(c);
    let text = addons::OPTIONAL.iter().find(|(n, _)| n.starts_with("vertical")).map_or("", |(_, t)| t);
    for document in objects::yaml::load_stream(text).documents {
        create(c, "crds", document.value);
    }
}

fn vpa(c: &mut Cluster, mode: &str, more: Value) {
    let mut object = value!({
        "apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "updatePolicy": {"updateMode": (mode)},
        },
    });
    for (k, v) in more.entries() {
        object.set_at(&["spec", k], v);
    }
    let group = "autoscaling.k8s.io".into();
    let request =
        client::Request::new(client::Verb::Create, &group, &"v1".into(), &"verticalpodautoscalers".into());
    c.request(&ground::admin(), request.in_namespace("default").object(object)).expect("a VPA");
}

fn loaded(c: &mut Cluster, rate: i64) {
    let target = Target {
        kind: TargetKind::Service,
        namespace: "default".into(),
        name: "web".into(),
        port: 0,
        path: "".into(),
    };
    c.start_load(Profile::constant(target, rate)).expect("a service");
}

fn cpu_requests(c: &Cluster) -> Vec<String> {
    let pods = c.objects("pods").filter(|p| p.labels()["app"] == "web" && !p.is_terminating());
    pods.map(|p| p["spec"]["containers"][0]["resources"]["requests"]["cpu"].text().to_owned()).collect()
}

fn recommended(c: &Cluster) -> Value {
    let vpa = c.object(VPAS, "default", "web").cloned().unwrap_or_default();
    vpa["status"]["recommendation"]["containerRecommendations"][0].clone()
}

#[test]
fn recommendations_come_from_use_and_off_changes_nothing() {
    let mut c = Cluster::new(ClusterConfig::workers(1, 2));
    install(&mut c);
    web(&mut c, "web", 2, value!({"requests": {"cpu": "50m"}}));
    vpa(&mut c, "Off", value!({}));
    c.advance(20_000);
    loaded(&mut c, 40_000);
    c.advance(600_000);
    let r = recommended(&c);
    // Each of two pods does 20 requests of 10 ms: 200 thousandths of a core, and 15 % more.
    let target = objects::quantity::Quantity::of(&r["target"]["cpu"]).milli_value();
    assert!((225..275).contains(&target), "{r:?}");
    assert_eq!(r["target"]["memory"], "262144k");
    assert_eq!(cpu_requests(&c), ["50m", "50m"]);
    let vpa = c.object(VPAS, "default", "web").cloned().unwrap_or_default();
    assert!(vpa.condition_true("RecommendationProvided") && vpa.condition_true("LowConfidence"));
    let kept = c.objects("verticalpodautoscalercheckpoints.autoscaling.k8s.io").count();
    assert_eq!(kept, 1);
}

#[test]
fn recreate_evicts_one_by_one_and_new_pods_ask_for_what_is_recommended() {
    let mut c = Cluster::new(ClusterConfig::workers(1, 2));
    install(&mut c);
    web(&mut c, "web", 3, value!({"requests": {"cpu": "2m"}, "limits": {"cpu": "1"}}));
    let policy = value!({"containerPolicies": [{"containerName": "*", "controlledResources": ["cpu"]}]});
    vpa(&mut c, "Recreate", value!({"resourcePolicy": (policy)}));
    c.advance(20_000);
    loaded(&mut c, 30_000);
    let mut fewest = 3;
    for _ in 0..2_200 {
        c.advance(100);
        let d = c.object("deployments.apps", "default", "web").cloned().unwrap_or_default();
        fewest = fewest.min(d["status"]["availableReplicas"].int());
    }
    assert_eq!(fewest, 2, "never more than one of three is taken away");
    let requests = cpu_requests(&c);
    assert!(requests.len() == 3 && requests.iter().all(|r| r != "2m"), "{requests:?}");
    let pod = c.objects("pods").find(|p| p.labels()["app"] == "web").cloned().unwrap_or_default();
    assert_eq!(
        pod.annotations()["vpaUpdates"],
        "Pod resources updated by web: container 0: cpu request, cpu limit"
    );
    assert!(c.objects("events").any(|e| e["reason"] == "EvictedByVPA"));
}

#[test]
fn initial_waits_for_new_pods_and_a_target_that_is_missing_is_said() {
    let mut c = Cluster::new(ClusterConfig::workers(1, 2));
    install(&mut c);
    vpa(&mut c, "Initial", value!({}));
    c.advance(70_000);
    let v = c.object(VPAS, "default", "web").cloned().unwrap_or_default();
    assert_eq!(
        v.condition("ConfigUnsupported")["message"],
        "cannot read targetRef. Reason: Deployment default/web does not exist",
        "{v:?}"
    );
    web(&mut c, "web", 2, value!({"requests": {"cpu": "1m"}}));
    c.advance(20_000);
    loaded(&mut c, 20_000);
    c.advance(300_000);
    assert_eq!(cpu_requests(&c), ["1m", "1m"]);
    let pod = c.objects("pods").find(|p| p.labels()["app"] == "web").cloned().unwrap_or_default();
    let r = objects::resources::PODS;
    let delete = client::Request::new(client::Verb::Delete, &r.group, &r.version, &r.plural);
    c.request(&ground::admin(), delete.in_namespace("default").named(pod.name())).expect("a pod");
    c.advance(20_000);
    let requests = cpu_requests(&c);
    assert_eq!(requests.iter().filter(|r| *r == "1m").count(), 1, "{requests:?}");
}
