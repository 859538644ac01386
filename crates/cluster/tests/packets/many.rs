//! Many requests at once: the load's shares are those that single requests would come to, and no request reaches a pod
//! that never was an endpoint.

use clock::Rng;
use cluster::load::{Amount, Profile, Sample, Target, TargetKind, What};
use cluster::network::path::Code;
use cluster::network::{Fault, Language, Outcome};
use objects::resources::{DEPLOYMENTS, PODS};
use objects::{Value, value};

use crate::world::World;
use crate::{http, ingress, pod, policy, service, shop};

fn target(kind: TargetKind, name: &str) -> Target {
    Target { kind, namespace: "default".into(), name: name.into(), port: 0, path: "".into() }
}

/// A load of so many requests a second that cost their servers next to nothing.
fn begin(w: &mut World, kind: TargetKind, name: &str, requests: i64) {
    let mut profile = Profile::constant(target(kind, name), requests * 1_000);
    profile.work_us = 100;
    w.cluster.start_load(profile).expect("a target");
}

fn latest(w: &World, name: &str) -> Sample {
    w.cluster.load().get(name).and_then(|r| r.latest()).cloned().expect("a second has passed")
}

/// Thousandths of all requests that pods of this app (the front of their names) got.
fn share(s: &Sample, app: &str) -> i64 {
    let of = |b: &&cluster::load::BackendSample| b.pod.starts_with(&format!("default/{app}"));
    let got: i64 = s.backends.iter().filter(of).map(|b| b.outcome.arriving).sum();
    (got * 1_000 + s.offered / 2) / s.offered.max(1)
}

fn lost(s: &Sample, how: Outcome) -> i64 {
    let n: i64 = s.errors.iter().filter(|(o, _)| *o == how).map(|(_, n)| *n).sum();
    (n * 1_000 + s.offered / 2) / s.offered.max(1)
}

#[test]
fn a_load_is_shared_by_all_endpoints() {
    let mut w = shop(false);
    w.scale("web", 4);
    w.advance(30_000);
    begin(&mut w, TargetKind::Service, "web", 1_000);
    w.advance(3_000);
    let s = latest(&w, "web");
    let each: Vec<i64> = s.backends.iter().map(|b| b.outcome.arriving * 1_000 / s.offered).collect();
    assert!(each.len() == 4 && each.iter().all(|n| (248..=252).contains(n)), "{each:?}");
    assert!(s.errors.is_empty(), "{:?}", s.errors);
}

#[test]
fn a_policy_stops_a_load_where_it_stops_a_request() {
    let mut w = shop(false);
    begin(&mut w, TargetKind::Service, "web", 1_000);
    w.create(policy(value!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]})));
    w.advance(3_000);
    let s = latest(&w, "web");
    // Packets of a pod's own node always enter: one node of three for each pod.
    assert_eq!(lost(&s, Outcome::Failed(Fault::TimedOut)), 667, "{s:?}");
    let open = value!([{"from": [{"ipBlock": {"cidr": "172.18.0.0/16"}}]}]);
    w.patch(objects::resources::NETWORKPOLICIES, "default", "deny", value!({"spec": {"ingress": (open)}}));
    w.advance(3_000);
    assert_eq!(share(&latest(&w, "web"), "web"), 1_000);
}

#[test]
fn clients_with_an_affinity_stay_when_pods_come() {
    let mut w = shop(false);
    let spec = value!({"selector": {"app": "web"}, "ports": [{"port": 80}], "sessionAffinity": "ClientIP"});
    w.create(service("sticky", spec));
    w.advance(2_000);
    // One program is one client.
    begin(&mut w, TargetKind::Service, "sticky", 100);
    let mut people = Profile::constant(target(TargetKind::Service, "sticky"), 0);
    people.name = "people".into();
    people.amount = Amount::Users { count: 500, think_ms: 1_000 };
    people.work_us = 100;
    w.cluster.start_load(people).expect("a target");
    w.advance(3_000);
    assert_eq!(latest(&w, "sticky").backends.len(), 1);
    let before = latest(&w, "people").backends;
    assert_eq!(before.len(), 2);
    w.scale("web", 6);
    w.advance(30_000);
    let after: Vec<_> = latest(&w, "people").backends.into_iter().map(|b| b.pod).collect();
    assert_eq!(after, before.into_iter().map(|b| b.pod).collect::<Vec<_>>());
}

#[test]
fn a_canary_and_a_load() {
    let mut w = shop(true);
    w.deployment("next", 1);
    w.service("next");
    w.create(ingress(Some("nginx"), "shop.example.com", None));
    let mut canary = ingress(Some("nginx"), "shop.example.com", None);
    canary.set_at(&["metadata", "name"], "canary");
    for (name, text) in [("canary", "true"), ("canary-weight", "20")] {
        canary.set_at(&["metadata", "annotations", &format!("nginx.ingress.kubernetes.io/{name}")], text);
    }
    let to = value!([{"host": "shop.example.com", "http": {"paths": [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "next", "port": {"number": 80}}}}]}}]);
    canary.set_at(&["spec", "rules"], to);
    w.create(canary);
    w.advance(20_000);
    begin(&mut w, TargetKind::Ingress, "shop", 1_000);
    w.advance(6_000);
    let s = latest(&w, "shop");
    assert_eq!((share(&s, "web"), share(&s, "next")), (800, 200), "{s:?}");
    // One of them is told whole.
    let path = w.cluster.paths().iter().rev().find(|p| p.has(Code::IngressTakes)).expect("a sample");
    assert!(path.has(Code::LoadBalancer) && path.outcome == Outcome::Reached, "{:?}", path.hops);
    // Nobody is left behind the one: its part fails as the controller says.
    w.scale("next", 0);
    w.advance(10_000);
    assert_eq!(lost(&latest(&w, "shop"), Outcome::Http(503)), 200);
    assert!(w.cluster.load().events().any(|e| e.what == What::Failing));
}

fn kinds(w: &World, name: &str) -> Vec<(Outcome, Option<Code>)> {
    let r = w.cluster.load().get(name).expect("it runs");
    r.failing().map(|f| (f.how, f.hop.as_ref().map(|h| h.code))).collect()
}

#[test]
fn a_load_on_a_route_follows_its_weights_and_filters() {
    let mut w = crate::entries::shop_with_traefik();
    for name in ["a", "b"] {
        w.deployment(name, 1);
        w.service(name);
    }
    let to = |name: &str, weight: i64| value!({"name": (name), "port": 80, "weight": (weight)});
    let path = |p: &str| value!([{"path": {"type": "PathPrefix", "value": (p)}}]);
    let redirect = value!([{"type": "RequestRedirect", "requestRedirect": {"hostname": "new.example.com"}}]);
    crate::entries::route(
        &mut w,
        value!([
            {"matches": (path("/shared")), "backendRefs": [(to("a", 9)), (to("b", 1)), (to("web", 0))]},
            {"matches": (path("/old")), "filters": (redirect)},
            {"matches": (path("/bad")), "backendRefs": [(to("nosuch", 1))]},
        ]),
    );
    w.advance(15_000);
    begin(&mut w, TargetKind::HttpRoute, "shop", 3_000);
    w.advance(3_000);
    let s = latest(&w, "shop");
    // A third of all each: shared, redirected, led to a Service that is not there.
    let (a, b) = (share(&s, "a"), share(&s, "b"));
    assert!((299..=301).contains(&a) && (33..=34).contains(&b) && share(&s, "web") == 0, "{a} {b} {s:?}");
    assert_eq!(lost(&s, Outcome::Http(500)), 333, "{s:?}");
    // Without endpoints a part is answered with 503, and the load says why.
    w.scale("b", 0);
    w.advance(10_000);
    let s = latest(&w, "shop");
    assert!((33..=34).contains(&lost(&s, Outcome::Http(503))), "{s:?}");
    assert!(
        kinds(&w, "shop").iter().any(|(how, code)| *how == Outcome::Http(503) && code.is_some()),
        "{:?}",
        kinds(&w, "shop")
    );
}

#[test]
fn every_kind_of_failure_has_its_number_and_its_reason() {
    let mut w = shop(true);
    w.create(service(
        "bad",
        value!({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}),
    ));
    w.create(service("none", value!({"selector": {"app": "wbe"}, "ports": [{"port": 80}]})));
    w.create(ingress(Some("nginx"), "shop.example.com", None));
    w.advance(10_000);
    for name in ["bad", "none"] {
        begin(&mut w, TargetKind::Service, name, 100);
    }
    let mut large = Profile::constant(target(TargetKind::Ingress, "shop"), 100_000);
    (large.name, large.body_bytes) = ("large".into(), 2 << 20);
    w.cluster.start_load(large).expect("a target");
    let mut heavy = Profile::constant(target(TargetKind::Ingress, "shop"), 5_000_000);
    (heavy.name, heavy.work_us, heavy.patience_ms) = ("heavy".into(), 50_000, 500);
    w.cluster.start_load(heavy).expect("a target");
    w.advance(5_000);
    let refused = Outcome::Failed(Fault::Refused);
    assert_eq!(kinds(&w, "bad"), [(refused, Some(Code::TargetPortClosed))]);
    assert_eq!(kinds(&w, "none"), [(refused, Some(Code::NoPodMatches))]);
    assert_eq!(kinds(&w, "large"), [(Outcome::Http(413), Some(Code::IngressBodyTooLarge))]);
    assert_eq!(kinds(&w, "heavy"), [(Outcome::Http(499), None)]);
    for name in ["bad", "none", "large", "heavy"] {
        let r = w.cluster.load().get(name).expect("it runs");
        let f = r.failing().next().expect("a kind");
        let (en, ko) = (f.why(Language::English), f.why(Language::Korean));
        assert!(!en.is_empty() && !ko.is_empty() && en != ko, "{name}: {en} {ko}");
        assert_eq!(f.total, r.total_failed, "{name}");
        assert_eq!(f.place().is_some(), name != "heavy");
    }
    // Packets that a policy drops; pods that are reached no more behind the controller.
    w.create(policy(value!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]})));
    begin(&mut w, TargetKind::Ingress, "shop", 100);
    w.advance(5_000);
    assert_eq!(kinds(&w, "shop").first().map(|k| k.0), Some(Outcome::Http(504)), "{:?}", kinds(&w, "shop"));
}

#[test]
fn an_ingress_without_controller_gets_no_load_through() {
    let mut w = shop(false);
    w.create(ingress(Some("nginx"), "shop.example.com", None));
    begin(&mut w, TargetKind::Ingress, "shop", 100);
    w.advance(3_000);
    let s = latest(&w, "shop");
    assert_eq!(lost(&s, Outcome::Failed(Fault::NoName)), 1_000, "{s:?}");
}

/// The part of all requests that failed while a Deployment of such pods was rolled out, in thousandths.
fn failed_in_a_rollout(container: Value) -> i64 {
    let mut w = World::playground();
    let mut container = container;
    container.set("name", "app");
    w.create(value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app", "namespace": "default"},
        "spec": {
            "replicas": 4, "selector": {"matchLabels": {"app": "app"}},
            "template": {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [(container)]}},
        },
    }));
    w.service("app");
    w.advance(60_000);
    begin(&mut w, TargetKind::Service, "app", 1_000);
    w.advance(5_000);
    let failed = |w: &World| w.cluster.load().get("app").map_or(0, |r| r.total_failed);
    assert_eq!(failed(&w), 0);
    let change = value!({"spec": {"template": {"metadata": {"annotations": {"again": "1"}}}}});
    w.patch(DEPLOYMENTS, "default", "app", change);
    w.advance(60_000);
    failed(&w) / 1_000
}

#[test]
fn a_rollout_without_readiness_or_pre_stop_costs_requests() {
    // It listens some seconds after its start.
    let command = value!(["sh", "-c", "sleep 4; exec nginx -g 'daemon off;'"]);
    let careless = value!({"image": "nginx:1.25", "command": (command)});
    let without = failed_in_a_rollout(careless.clone());
    let mut ready = careless.clone();
    ready.set("readinessProbe", value!({"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1}));
    let with_probe = failed_in_a_rollout(ready.clone());
    let mut careful = ready;
    careful.set("lifecycle", value!({"preStop": {"sleep": {"seconds": 5}}}));
    let with_both = failed_in_a_rollout(careful);
    assert!(without > 1_000, "{without}");
    assert!(with_probe > 0 && with_probe < without / 2, "{with_probe} {without}");
    assert_eq!(with_both, 0);
}

/// Endpoints are what the slices of a Service have had in them.
#[test]
#[expect(clippy::disallowed_methods, reason = "a long run is asked for by the environment")]
fn no_request_reaches_a_pod_that_never_was_an_endpoint() {
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(3);
    for seed in 1..=seeds {
        wander(seed);
    }
}

fn wander(seed: u64) {
    let mut rng = Rng::new(seed);
    let mut w = World::of(cluster::ClusterConfig::workers(seed, 3));
    w.deployment("web", 3);
    w.service("web");
    w.create(pod("client", value!({}), value!({"image": "busybox:1.36", "command": ["sleep", "100000"]})));
    w.advance(30_000);
    let mut ever: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    let note = |w: &World, ever: &mut std::collections::BTreeSet<String>| {
        for slice in w.cluster.objects("endpointslices.discovery.k8s.io") {
            for e in slice["endpoints"].items() {
                ever.insert(format!("default/{}", e["targetRef"]["name"].text()));
            }
        }
    };
    for _ in 0..12 {
        match rng.below(4) {
            0 => w.scale("web", rng.below(6) as i64),
            1 => {
                let all = w.pods("web");
                if !all.is_empty() {
                    w.delete_pod(&all[rng.below(all.len() as u64) as usize]);
                }
            }
            2 => {
                let all = w.pods("web");
                if !all.is_empty() {
                    let name = all[rng.below(all.len() as u64) as usize].clone();
                    w.patch(PODS, "default", &name, value!({"metadata": {"labels": {"app": "gone"}}}));
                }
            }
            _ => {}
        }
        // In small steps, so that nothing is an endpoint unseen.
        for _ in 0..rng.below(30) {
            w.advance(20);
            note(&w, &mut ever);
            if rng.below(3) == 0 {
                let (_, path) = w.cluster.ask_with_path("default/client", http("web", 80, false));
                for hop in path
                    .hops
                    .iter()
                    .filter(|h| matches!(h.code, Code::Chosen | Code::ChosenOnly | Code::ChosenTerminating))
                {
                    assert!(ever.contains(hop.get("pod")), "seed {seed}: {hop:?}");
                    assert!(
                        hop.alternatives.iter().all(|a| ever.contains(a.as_str())),
                        "seed {seed}: {hop:?}"
                    );
                }
            }
        }
    }
}
