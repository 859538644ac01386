//! Budgets and quotas: what is allowed, counted as things change.

mod world;

use clock::Rng;
use objects::resources::{DEPLOYMENTS, PODDISRUPTIONBUDGETS, PODS, RESOURCEQUOTAS, SECRETS, SERVICES};
use objects::{Value, value};
use world::{World, deployment};

fn budget(spec: Value) -> Value {
    let mut s = value!({"selector": {"matchLabels": {"app": "web"}}});
    for (k, v) in spec.entries() {
        s.set(k.clone(), v);
    }
    value!({"metadata": {"name": "web", "namespace": "default"}, "spec": (s)})
}

fn numbers(w: &World) -> (i64, i64, i64, i64) {
    let s = &w.get(PODDISRUPTIONBUDGETS, "default/web")["status"];
    (
        s["expectedPods"].int(),
        s["desiredHealthy"].int(),
        s["currentHealthy"].int(),
        s["disruptionsAllowed"].int(),
    )
}

#[test]
fn how_many_may_be_disturbed() {
    let table = [
        (value!({"minAvailable": 2}), (4, 2, 4, 2)),
        (value!({"minAvailable": "50%"}), (4, 2, 4, 2)),
        (value!({"minAvailable": "60%"}), (4, 3, 4, 1)),
        (value!({"maxUnavailable": 1}), (4, 3, 4, 1)),
        (value!({"maxUnavailable": "30%"}), (4, 2, 4, 2)),
        (value!({"maxUnavailable": 0}), (4, 4, 4, 0)),
        (value!({"minAvailable": 9}), (4, 9, 4, 0)),
    ];
    for (spec, want) in table {
        let mut w = World::new(1);
        w.create(DEPLOYMENTS, deployment("web", 4, "a"));
        w.create(PODDISRUPTIONBUDGETS, budget(spec.clone()));
        w.run(3000);
        assert_eq!(numbers(&w), want, "{spec:?}");
        let c = w.get(PODDISRUPTIONBUDGETS, "default/web").condition("DisruptionAllowed");
        let reason = if want.3 > 0 { "SufficientPods" } else { "InsufficientPods" };
        assert_eq!(c["reason"], reason, "{spec:?}");
    }
}

#[test]
fn a_budget_follows_its_pods() {
    let mut w = World::new(2);
    w.create(PODDISRUPTIONBUDGETS, budget(value!({"maxUnavailable": 1})));
    w.run(100);
    assert_eq!(w.events("NoPods"), ["No matching pods found"]);
    w.create(DEPLOYMENTS, deployment("web", 3, "a"));
    w.run(3000);
    assert_eq!(numbers(&w), (3, 2, 3, 1));
    let pod = w.all(PODS)[0].key();
    w.delete(PODS, &pod, None);
    w.run(100);
    assert_eq!(numbers(&w), (3, 2, 2, 0));
    w.run(5000);
    assert_eq!(numbers(&w), (3, 2, 3, 1));
    // An eviction that was let through but not carried out counts for two minutes.
    let name = w.all(PODS)[0].name().to_owned();
    let at = w.now().rfc3339();
    w.edit_status(PODDISRUPTIONBUDGETS, "default/web", |b| {
        b.set_at(&["status", "disruptedPods", &name], at.as_str())
    });
    w.run(1000);
    assert_eq!(numbers(&w), (3, 2, 2, 0));
    w.run(125_000);
    assert_eq!(numbers(&w), (3, 2, 3, 1));
}

#[test]
fn a_bare_pod_needs_a_plain_number() {
    let mut w = World::new(3);
    w.create(PODS, value!({"metadata": {"name": "bare", "namespace": "default", "labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "a"}]}}));
    w.create(PODDISRUPTIONBUDGETS, budget(value!({"maxUnavailable": 1})));
    w.run(2000);
    assert!(
        w.events("UnmanagedPods")[0].starts_with("Pods selected by this PodDisruptionBudget (selector: ")
    );
}

fn quota(hard: Value) -> Value {
    value!({"metadata": {"name": "q", "namespace": "default"}, "spec": {"hard": (hard)}})
}

fn used(w: &World) -> Value {
    w.get(RESOURCEQUOTAS, "default/q")["status"]["used"].clone()
}

#[test]
fn a_quota_counts_what_there_is_and_what_comes() {
    let mut w = World::new(4);
    let mut d = deployment("web", 2, "a");
    let ask = value!({"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m"}});
    d.set_at(
        &["spec", "template", "spec", "containers"],
        value!([{"name": "c", "image": "a", "resources": (ask)}]),
    );
    w.create(DEPLOYMENTS, d);
    w.run(2000);
    w.create(
        RESOURCEQUOTAS,
        quota(value!({"pods": "10", "requests.cpu": "2", "memory": "1Gi", "limits.cpu": "4", "services": "5", "services.nodeports": "3",
            "count/deployments.apps": "4", "count/secrets": "9", "requests.storage": "1Ti"})),
    );
    w.run(1000);
    assert_eq!(
        used(&w),
        value!({"pods": "2", "requests.cpu": "200m", "memory": "128Mi", "limits.cpu": "400m", "services": "0", "services.nodeports": "0",
            "count/deployments.apps": "1", "count/secrets": "0", "requests.storage": "0"})
    );
    w.edit(DEPLOYMENTS, "default/web", |d| d.set_at(&["spec", "replicas"], 3));
    w.create(SECRETS, value!({"metadata": {"name": "s", "namespace": "default"}}));
    w.create(SERVICES, value!({"metadata": {"name": "np", "namespace": "default"}, "spec": {"type": "NodePort", "ports": [{"port": 80}, {"port": 81}]}}));
    w.run(2000);
    let u = used(&w);
    assert_eq!((u["pods"].text(), u["requests.cpu"].text(), u["count/secrets"].text()), ("3", "300m", "1"));
    assert_eq!((u["services"].text(), u["services.nodeports"].text()), ("1", "2"));
    w.edit(DEPLOYMENTS, "default/web", |d| d.set_at(&["spec", "replicas"], 0));
    w.run(5000);
    assert_eq!(used(&w)["pods"], "0");
}

#[test]
fn scopes_pick_their_pods() {
    let mut w = World::new(5);
    let mut q = quota(value!({"pods": "10"}));
    q.set_at(&["spec", "scopes"], value!(["BestEffort"]));
    w.create(RESOURCEQUOTAS, q);
    let pod = |name: &str, resources: Value| value!({"metadata": {"name": (name), "namespace": "default"}, "spec": {"containers": [{"name": "c", "image": "a", "resources": (resources)}]}});
    w.create(PODS, pod("lax", value!({})));
    w.create(PODS, pod("strict", value!({"requests": {"cpu": "1"}})));
    w.run(1000);
    assert_eq!(used(&w)["pods"], "1");
}

/// However pods come, end and go, a quota's sums are those of counting anew.
#[test]
fn sums_equal_a_recount() {
    for seed in world::seeds(30) {
        let mut w = World::new(seed);
        let mut rng = Rng::new(seed).fork("quota");
        w.create(RESOURCEQUOTAS, quota(value!({"pods": "100", "requests.cpu": "100"})));
        let mut names = 0;
        for _ in 0..40 {
            let all: Vec<_> = w.all(PODS).iter().map(|p| p.key()).collect();
            match rng.below(3) {
                0 if !all.is_empty() => w.delete(PODS, &all[rng.below(all.len() as u64) as usize], None),
                1 if !all.is_empty() => w.set_phase(&all[rng.below(all.len() as u64) as usize], "Succeeded"),
                _ => {
                    names += 1;
                    let cpu = format!("{}m", 1 + rng.below(900));
                    w.create(PODS, value!({"metadata": {"name": (format!("p{names}")), "namespace": "default"},
                        "spec": {"containers": [{"name": "c", "image": "a", "resources": {"requests": {"cpu": (cpu)}}}]}}));
                }
            }
            w.run(rng.below(300) as i64);
        }
        w.run(5000);
        let live: Vec<&Value> =
            w.all(PODS).into_iter().filter(|p| p["status"]["phase"] != "Succeeded").collect();
        let milli = |q: &Value| objects::quantity::Quantity::of(q).milli_value();
        let cpu: i64 =
            live.iter().map(|p| milli(&p["spec"]["containers"][0]["resources"]["requests"]["cpu"])).sum();
        assert_eq!(used(&w)["pods"], live.len().to_string().as_str(), "seed {seed}");
        assert_eq!(milli(&used(&w)["requests.cpu"]), cpu, "seed {seed}");
    }
}

#[test]
fn aggregated_roles_gather_the_rules_of_those_that_join() {
    use objects::resources::CLUSTERROLES;
    let mut w = World::new(4);
    let rule = |resource: &str| value!({"apiGroups": [""], "resources": [(resource)], "verbs": ["get"]});
    let view = value!({"metadata": {"name": "view"}, "rules": [],
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to-view": "true"}}]}});
    w.create(CLUSTERROLES, view);
    for (name, resource) in [("b", "pods"), ("a", "services"), ("c", "pods")] {
        let role = value!({"metadata": {"name": (name), "labels": {"to-view": "true"}}, "rules": [(rule(resource))]});
        w.create(CLUSTERROLES, role);
    }
    w.run(100);
    assert_eq!(w.get(CLUSTERROLES, "view")["rules"], value!([(rule("services")), (rule("pods"))]));
    w.delete(CLUSTERROLES, "a", None);
    w.run(100);
    assert_eq!(w.get(CLUSTERROLES, "view")["rules"], value!([(rule("pods"))]));
}
