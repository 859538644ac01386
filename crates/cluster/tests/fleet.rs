//! Several clusters in one: each whole and apart, one order of events, one past; a hub over them.

use client::{Caller, Request, Verb};
use cluster::history::{Goal, History};
use cluster::{Cluster, ClusterConfig, FIRST, Fault};
use objects::{Str, Value, value};

fn admin() -> Caller {
    Caller {
        user: cluster::ADMIN.into(),
        groups: vec!["system:masters".into()],
        actor: "you".into(),
        ..Caller::default()
    }
}

fn three() -> Cluster {
    let members =
        vec![ClusterConfig::member("east", 1), ClusterConfig::member("west", 1), ClusterConfig::hub("hub")];
    Cluster::new(ClusterConfig { members, ..ClusterConfig::playground(7) })
}

fn create(c: &mut Cluster, at: &str, object: Value) {
    let r = hub::resource_of(&object).expect("a kind");
    let request = Request::new(Verb::Create, &r.group, &r.version, &r.plural)
        .in_namespace(object.namespace())
        .object(object);
    c.with_cluster(at, |c| c.request(&admin(), request)).expect("there").expect("made");
}

fn web(replicas: i64) -> Value {
    value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": (replicas), "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "nginx:1.25"}]},
            },
        },
    })
}

fn policy() -> Value {
    let weight = |name: &str, w: i64| value!({"targetCluster": {"clusterNames": [(name)]}, "weight": (w)});
    value!({
        "apiVersion": "policy.karmada.io/v1alpha1", "kind": "PropagationPolicy",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "resourceSelectors": [{"apiVersion": "apps/v1", "kind": "Deployment"}],
            "placement": {"replicaScheduling": {
                "replicaSchedulingType": "Divided", "replicaDivisionPreference": "Weighted",
                "weightPreference": {"staticWeightList": [(weight("east", 2)), (weight("west", 1))]},
            }},
        },
    })
}

fn ready(c: &Cluster, at: &str) -> usize {
    let Some(c) = c.cluster_named(at) else { return 0 };
    c.objects("pods").filter(|p| p.namespace() == "default" && p.condition_true("Ready")).count()
}

#[test]
fn clusters_are_apart() {
    let mut c = three();
    create(&mut c, "west", web(2));
    c.settle();
    assert_eq!([FIRST, "east", "west", "hub"].map(|n| ready(&c, n)), [0, 0, 2, 0]);
    let addresses: Vec<Str> = [FIRST, "east", "west"]
        .iter()
        .filter_map(|n| c.cluster_named(n))
        .flat_map(|c| c.objects("nodes"))
        .map(|n| n["status"]["addresses"][0]["address"].to_str())
        .collect();
    let mut different = addresses.clone();
    different.sort();
    different.dedup();
    assert_eq!(addresses.len(), different.len(), "{addresses:?}");
    let list = c.clusters();
    assert_eq!(list.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), [FIRST, "east", "hub", "west"]);
    assert_eq!((list[3].ready_nodes, list[2].is_hub), (2, true));
}

#[test]
fn a_lost_member_is_made_up_for_and_gets_nothing_back() {
    let mut c = three();
    create(&mut c, "hub", web(3));
    create(&mut c, "hub", policy());
    c.settle();
    c.advance(15_000);
    assert_eq!((ready(&c, "east"), ready(&c, "west")), (2, 1));
    let status = |c: &Cluster| {
        c.cluster_named("hub")
            .and_then(|h| h.object("deployments.apps", "default", "web"))
            .map_or(0, |d| d["status"]["readyReplicas"].int())
    };
    assert_eq!(status(&c), 3);
    c.inject(Fault::Cluster("east".into(), true)).expect("there");
    c.advance(30_000);
    assert_eq!(ready(&c, "west"), 1, "not before it is sure");
    c.advance(60_000);
    assert_eq!((ready(&c, "west"), status(&c)), (3, 3));
    c.inject(Fault::Cluster("east".into(), false)).expect("there");
    c.advance(120_000);
    assert_eq!((ready(&c, "east"), ready(&c, "west"), status(&c)), (0, 3, 3));
    assert!(
        c.cluster_named("east").is_some_and(|e| e.object("deployments.apps", "default", "web").is_none())
    );
}

#[test]
fn the_past_of_all_of_them_is_played_again() {
    let mut c = Cluster::new(ClusterConfig::playground(3));
    let mut history = History::begin(&mut c, &());
    let mut marks = Vec::new();
    let mut mark = |c: &mut Cluster, history: &mut History<()>, ms: i64| {
        c.advance(ms);
        history.follow(c, &());
        marks.push((c.now(), c.log_hash()));
        // What comes from outside next is of a later instant.
        c.advance(5);
    };
    mark(&mut c, &mut history, 3_000);
    c.add_cluster(ClusterConfig::member("east", 1)).expect("new");
    c.add_cluster(ClusterConfig::member("west", 1)).expect("new");
    c.add_cluster(ClusterConfig::hub("hub")).expect("new");
    for name in ["east", "west"] {
        let server = c.cluster_named(name).map(Cluster::server_url).unwrap_or_default();
        let request = cluster::membership(name, &server, true);
        c.with_cluster("hub", |h| h.request(&admin(), request)).expect("there").expect("joined");
    }
    mark(&mut c, &mut history, 12_000);
    create(&mut c, "hub", web(3));
    create(&mut c, "hub", policy());
    mark(&mut c, &mut history, 20_000);
    c.inject(Fault::Cluster("east".into(), true)).expect("there");
    mark(&mut c, &mut history, 70_000);
    c.with_cluster("west", |w| w.inject(Fault::RestoreNode("west-worker-1".into())))
        .expect("there")
        .expect("done");
    c.inject(Fault::Cluster("east".into(), false)).expect("there");
    mark(&mut c, &mut history, 60_000);
    assert!(c.remove_cluster("east"));
    mark(&mut c, &mut history, 20_000);
    let end = (c.steps(), c.now());
    for (at, hash) in marks.iter().rev() {
        let view = history.seek(Goal::Time(*at), None, end).expect("a past");
        assert_eq!(view.cluster.log_hash(), *hash, "at {at:?}");
    }
    // A fork at an instant goes on by itself.
    let (at, _) = marks[2];
    let mut view = history.seek(Goal::Time(at), None, end).expect("a past");
    let _ = history.fork(&mut view);
    view.cluster.advance(60_000);
    assert_eq!((ready(&view.cluster, "east"), ready(&view.cluster, "west")), (2, 1));
}

#[test]
fn names_are_checked() {
    use cluster::NotMade;
    let mut c = Cluster::new(ClusterConfig::workers(1, 1));
    let mut add = |name: &str| c.add_cluster(ClusterConfig::member(name, 0));
    assert_eq!(add("A b"), Err(NotMade::BadName));
    assert_eq!(add(FIRST), Err(NotMade::Exists));
    for i in 0..8 {
        assert_eq!(add(&format!("m{i}")), Ok(()));
    }
    assert_eq!(add("m3"), Err(NotMade::Exists));
    assert_eq!(add("one-more"), Err(NotMade::TooMany));
    assert!(c.remove_cluster("m3") && !c.remove_cluster("m3"));
    assert_eq!(c.add_cluster(ClusterConfig::member("one-more", 0)), Ok(()));
}
