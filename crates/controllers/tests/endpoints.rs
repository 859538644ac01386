//! Services and the pods behind them: Endpoints and EndpointSlices.

mod world;

use std::collections::BTreeSet;

use clock::Rng;
use objects::resources::{DEPLOYMENTS, ENDPOINTS, ENDPOINTSLICES, PODS, SERVICES};
use objects::{Value, value};
use world::{World, deployment};

fn service(name: &str) -> Value {
    value!({"metadata": {"name": (name), "namespace": "default", "labels": {"team": "a"}},
        "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.9", "ipFamilies": ["IPv4"], "selector": {"app": (name)},
            "ports": [{"name": "", "port": 80, "targetPort": 8080, "protocol": "TCP"}]}})
}

/// (ready, not ready) pod names over all slices of the cluster.
fn in_slices(w: &World) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut sets = (BTreeSet::new(), BTreeSet::new());
    for e in w.all(ENDPOINTSLICES).iter().flat_map(|s| s["endpoints"].items()) {
        let name = e["targetRef"]["name"].text().to_owned();
        let fresh =
            if e["conditions"]["ready"].is_true() { sets.0.insert(name) } else { sets.1.insert(name) };
        assert!(fresh, "an endpoint stands once");
    }
    sets
}

#[test]
fn a_service_finds_its_pods() {
    let mut w = World::new(1);
    w.create(SERVICES, service("web"));
    w.run(50);
    let slices = w.all(ENDPOINTSLICES);
    assert_eq!(slices.len(), 1, "a placeholder");
    let placeholder = slices[0].name().to_owned();
    assert!(placeholder.starts_with("web-"));
    assert!(slices[0]["endpoints"].is_zero() && slices[0]["ports"].is_zero());
    assert!(w.get(ENDPOINTS, "default/web")["subsets"].is_zero());

    w.create(DEPLOYMENTS, deployment("web", 3, "a"));
    w.run(3000);
    let slices = w.all(ENDPOINTSLICES);
    assert_eq!((slices.len(), slices[0].name()), (1, placeholder.as_str()), "the placeholder is filled");
    let s = slices[0];
    assert_eq!(s["ports"], value!([{"name": "", "port": 8080, "protocol": "TCP"}]));
    assert_eq!(s.labels()["team"], "a");
    assert_eq!(s.labels()["kubernetes.io/service-name"], "web");
    assert_eq!(s.controller_ref()["name"], "web");
    let e = &s["endpoints"][0];
    assert_eq!(e["conditions"], value!({"ready": true, "serving": true, "terminating": false}));
    assert!(!e["nodeName"].is_null());
    assert_eq!(in_slices(&w).0.len(), 3);
    let subsets = &w.get(ENDPOINTS, "default/web")["subsets"];
    assert_eq!(subsets[0]["addresses"].items().len(), 3);
    assert_eq!(subsets[0]["ports"], value!([{"port": 8080, "protocol": "TCP"}]));

    // A terminating pod stays, serving but not ready, until it is gone.
    let victim = w.all(PODS)[0].key();
    w.delete(PODS, &victim, None);
    w.run(200);
    let e = w.all(ENDPOINTSLICES)[0]["endpoints"]
        .items()
        .iter()
        .find(|e| e["conditions"]["terminating"].is_true())
        .cloned();
    assert_eq!(
        e.map(|e| e["conditions"].clone()),
        Some(value!({"ready": false, "serving": true, "terminating": true}))
    );
    assert_eq!(w.get(ENDPOINTS, "default/web")["subsets"][0]["addresses"].items().len(), 2);
    w.run(3000);
    assert_eq!((in_slices(&w).0.len(), in_slices(&w).1.len()), (3, 0));

    w.delete(SERVICES, "default/web", None);
    w.run(1000);
    assert_eq!((w.all(ENDPOINTSLICES).len(), w.all(ENDPOINTS).len()), (0, 0));
}

#[test]
fn a_pod_without_the_named_port_has_no_place() {
    let mut w = World::new(2);
    let mut s = service("web");
    s.set_at(
        &["spec", "ports"],
        value!([{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]),
    );
    w.create(SERVICES, s);
    let mut d = deployment("web", 2, "a");
    let ports = value!([{"name": "http", "containerPort": 8000, "protocol": "TCP"}]);
    d.set_at(
        &["spec", "template", "spec", "containers"],
        value!([{"name": "c", "image": "a", "ports": (ports)}]),
    );
    w.create(DEPLOYMENTS, d);
    w.run(3000);
    assert_eq!(
        w.all(ENDPOINTSLICES)[0]["ports"],
        value!([{"name": "http", "port": 8000, "protocol": "TCP"}])
    );
    assert_eq!(in_slices(&w).0.len(), 2);
}

#[test]
fn a_hundred_a_slice() {
    let mut w = World::new(3);
    w.create(SERVICES, service("web"));
    w.create(DEPLOYMENTS, deployment("web", 250, "a"));
    w.run(5000);
    let mut sizes: Vec<usize> = w.all(ENDPOINTSLICES).iter().map(|s| s["endpoints"].items().len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100, 100]);
}

#[test]
fn a_slice_someone_deletes_comes_back() {
    let mut w = World::new(4);
    w.create(SERVICES, service("web"));
    w.create(DEPLOYMENTS, deployment("web", 3, "a"));
    w.run(3000);
    let key = w.all(ENDPOINTSLICES)[0].key();
    w.delete(ENDPOINTSLICES, &key, None);
    w.run(3000);
    assert_eq!(in_slices(&w).0.len(), 3);
}

/// Whatever happens to pods and the Service, at rest the slices hold exactly the pods they should.
#[test]
fn slices_follow_any_history() {
    for seed in world::seeds(20) {
        let mut w = World::new(seed);
        let mut rng = Rng::new(seed).fork("endpoints");
        w.habits.ready_ms = 50 + rng.below(400) as i64;
        w.create(SERVICES, service("web"));
        w.create(DEPLOYMENTS, deployment("web", 5, "a"));
        for step in 0..15 {
            w.run(rng.below(1500) as i64);
            match rng.below(6) {
                0 => {
                    let n = [0, 3, 8, 120, 230][rng.below(5) as usize];
                    w.edit(DEPLOYMENTS, "default/web", |d| d.set_at(&["spec", "replicas"], n));
                }
                1 => w.edit(SERVICES, "default/web", |s| {
                    s.set_at(
                        &["spec", "ports"],
                        value!([{"name": "", "port": 80, "targetPort": (8000 + step), "protocol": "TCP"}]),
                    );
                }),
                2 => {
                    let slices: Vec<_> = w.all(ENDPOINTSLICES).iter().map(|s| s.key()).collect();
                    if !slices.is_empty() {
                        w.delete(ENDPOINTSLICES, &slices[rng.below(slices.len() as u64) as usize], None);
                    }
                }
                3 => w.edit(SERVICES, "default/web", |s| {
                    s.set_at(&["metadata", "labels", "step"], step.to_string())
                }),
                _ => {
                    let pods: Vec<_> = w.all(PODS).iter().map(|p| p.key()).collect();
                    if !pods.is_empty() {
                        let key = &pods[rng.below(pods.len() as u64) as usize];
                        if rng.below(2) == 0 {
                            w.delete(PODS, key, None);
                        } else {
                            w.edit_status(PODS, key, |p| {
                                p.set_at(
                                    &["status", "conditions"],
                                    value!([{"type": "Ready", "status": "False"}]),
                                )
                            });
                        }
                    }
                }
            }
        }
        w.run(20_000);
        let pods = |ready: bool| -> BTreeSet<String> {
            w.all(PODS)
                .iter()
                .filter(|p| p.condition_true("Ready") == ready)
                .map(|p| p.name().to_owned())
                .collect()
        };
        assert_eq!(in_slices(&w), (pods(true), pods(false)), "seed {seed}");
        let labels = w.get(SERVICES, "default/web").labels()["step"].clone();
        assert!(w.all(ENDPOINTSLICES).iter().all(|s| s.labels()["step"] == labels), "seed {seed}");
        let old: usize = w.get(ENDPOINTS, "default/web")["subsets"]
            .items()
            .iter()
            .map(|s| s["addresses"].items().len())
            .sum();
        assert_eq!(old, pods(true).len(), "seed {seed}");
    }
}

#[test]
fn cost_of_endpoints_is_linear_in_pods() {
    let cost = |n: i64| {
        let mut w = World::new(1);
        w.create(SERVICES, service("web"));
        w.create(DEPLOYMENTS, deployment("web", n, "a"));
        w.run(10_000);
        assert_eq!(in_slices(&w).0.len() as i64, n);
        w.manager.endpointslice.base.visited + w.manager.endpoints.base.visited
    };
    let (small, large) = (cost(100) as f64 / 100.0, cost(4000) as f64 / 4000.0);
    assert!(large < small * 1.5, "visited per pod: {small} and {large}");
}

fn by_hand(ips: &[&str], port: i64) -> Value {
    let addresses: Value = ips.iter().map(|ip| value!({"ip": (*ip)})).collect();
    value!({"metadata": {"name": "db", "namespace": "default", "labels": {"tier": "data"}},
        "subsets": [{"addresses": (addresses), "ports": [{"port": (port), "protocol": "TCP"}]}]})
}

fn mirrored(w: &World) -> Vec<(String, i64, Vec<String>)> {
    let of = |s: &Value| {
        let ips = s["endpoints"].items().iter().map(|e| e["addresses"][0].text().to_owned()).collect();
        (s["addressType"].text().to_owned(), s["ports"][0]["port"].int(), ips)
    };
    w.all(ENDPOINTSLICES).into_iter().map(of).collect()
}

#[test]
fn endpoints_written_by_hand_are_mirrored() {
    let mut w = World::new(9);
    let service = value!({"metadata": {"name": "db", "namespace": "default"}, "spec": {"clusterIP": "10.96.7.7", "ports": [{"port": 5432}]}});
    w.create(SERVICES, service);
    w.create(ENDPOINTS, by_hand(&["192.0.2.10", "2001:db8::1", "nonsense"], 5432));
    w.run(100);
    let own = |s: &str| vec![s.to_owned()];
    let want = [("IPv4".into(), 5432, own("192.0.2.10")), ("IPv6".into(), 5432, own("2001:db8::1"))];
    assert_eq!(mirrored(&w), want);
    assert_eq!(
        w.events("InvalidIPAddress"),
        ["Skipped 1 invalid IP addresses when mirroring to EndpointSlices"]
    );
    let slice = w.all(ENDPOINTSLICES)[0].clone();
    let labels = value!({"tier": "data", "kubernetes.io/service-name": "db",
        "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io"});
    assert_eq!((slice.labels(), slice.controller_ref()["kind"].text()), (&labels, "Endpoints"));
    assert!(slice.name().starts_with("db-"));

    // A change is written over the slice that is there; an address too many goes.
    w.edit(ENDPOINTS, "default/db", |e| {
        e.set("subsets", by_hand(&["192.0.2.11"], 6543).get("subsets"));
    });
    w.run(100);
    assert_eq!(mirrored(&w), [("IPv4".into(), 6543, own("192.0.2.11"))]);
    assert_eq!(w.all(ENDPOINTSLICES)[0].uid(), slice.uid());
    let revision = w.all(ENDPOINTSLICES)[0].revision();
    w.run(9_000);
    assert_eq!(w.all(ENDPOINTSLICES)[0].revision(), revision, "nothing to do, nothing written");

    w.edit(ENDPOINTS, "default/db", |e| {
        e.set_at(&["metadata", "labels", "endpointslice.kubernetes.io/skip-mirror"], "true");
    });
    w.run(100);
    assert_eq!(mirrored(&w), []);
}
