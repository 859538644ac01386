//! StatefulSets: names, order, claims, updates.

mod world;

use clock::Rng;
use objects::resources::{CONTROLLERREVISIONS, PERSISTENTVOLUMECLAIMS, PODS, STATEFULSETS};
use objects::{Value, value};
use world::{World, template};

fn set(name: &str, n: i64) -> Value {
    value!({
        "metadata": {"name": (name), "namespace": "default"},
        "spec": {"replicas": (n), "serviceName": (name), "revisionHistoryLimit": 10, "podManagementPolicy": "OrderedReady",
            "selector": {"matchLabels": {"app": (name)}}, "template": (template(name, "v0")),
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}},
    })
}

fn names(w: &World) -> Vec<String> {
    w.all(PODS).iter().map(|p| p.name().to_owned()).collect()
}

fn images(w: &World) -> Vec<String> {
    w.all(PODS).iter().map(|p| p["spec"]["containers"][0]["image"].text().to_owned()).collect()
}

fn set_image(w: &mut World, image: &str) {
    w.edit(STATEFULSETS, "default/db", |s| {
        s.set_at(&["spec", "template", "spec", "containers"], value!([{"name": "c", "image": (image)}]));
    });
}

fn db(w: &World) -> &Value {
    w.get(STATEFULSETS, "default/db")
}

#[test]
fn pods_come_and_go_in_order() {
    let mut w = World::new(1);
    w.create(STATEFULSETS, set("db", 3));
    w.run(300);
    assert_eq!(names(&w), ["db-0"], "one at a time");
    w.run(3000);
    assert_eq!(names(&w), ["db-0", "db-1", "db-2"]);
    let pod = w.get(PODS, "default/db-1");
    assert_eq!(pod.labels()["statefulset.kubernetes.io/pod-name"], "db-1");
    assert_eq!(pod.labels()["apps.kubernetes.io/pod-index"], "1");
    assert_eq!((pod["spec"]["hostname"].text(), pod["spec"]["subdomain"].text()), ("db-1", "db"));
    assert_eq!(pod.labels()["controller-revision-hash"], db(&w)["status"]["currentRevision"].text());
    assert_eq!(w.events("SuccessfulCreate")[0], "Create Pod db-0 in StatefulSet db successful");
    let s = &db(&w)["status"];
    assert_eq!(
        (s["readyReplicas"].int(), s["availableReplicas"].int(), s["updatedReplicas"].int()),
        (3, 3, 3)
    );
    assert_eq!(s["collisionCount"].as_int(), Some(0));
    // A deleted one comes back under its name.
    let uid = w.get(PODS, "default/db-1").uid().to_owned();
    w.delete(PODS, "default/db-1", None);
    w.run(3000);
    assert_eq!(names(&w), ["db-0", "db-1", "db-2"]);
    assert_ne!(w.get(PODS, "default/db-1").uid(), uid);
    w.edit(STATEFULSETS, "default/db", |s| s.set_at(&["spec", "replicas"], 1));
    w.run(200);
    assert!(w.get(PODS, "default/db-2").is_terminating() && !w.get(PODS, "default/db-1").is_terminating());
    w.run(5000);
    assert_eq!(names(&w), ["db-0"]);
}

#[test]
fn an_update_goes_from_the_last_to_the_first() {
    let mut w = World::new(2);
    w.create(STATEFULSETS, set("db", 3));
    w.run(4000);
    let first = db(&w)["status"]["currentRevision"].text().to_owned();
    set_image(&mut w, "v1");
    w.run(1200);
    assert_eq!(images(&w), ["v0", "v0", "v1"]);
    w.run(10_000);
    assert_eq!(images(&w), ["v1", "v1", "v1"]);
    let s = &db(&w)["status"];
    assert_ne!(s["currentRevision"], first.as_str());
    assert_eq!(s["currentRevision"], s["updateRevision"]);
    assert_eq!(w.all(CONTROLLERREVISIONS).len(), 2);
    // Back: the old revision is numbered anew, none is made.
    set_image(&mut w, "v0");
    w.run(15_000);
    assert_eq!(w.all(CONTROLLERREVISIONS).len(), 2);
    assert_eq!(db(&w)["status"]["currentRevision"], first.as_str());
    assert_eq!(w.get(CONTROLLERREVISIONS, &format!("default/{first}"))["revision"].int(), 3);
}

#[test]
fn a_partition_holds_back_the_lower_ordinals() {
    let mut w = World::new(3);
    w.create(STATEFULSETS, set("db", 3));
    w.run(4000);
    w.edit(STATEFULSETS, "default/db", |s| {
        s.set_at(&["spec", "updateStrategy", "rollingUpdate", "partition"], 2)
    });
    set_image(&mut w, "v1");
    w.run(10_000);
    assert_eq!(images(&w), ["v0", "v0", "v1"]);
    // A held back pod that is deleted returns in its old revision.
    w.delete(PODS, "default/db-0", None);
    w.run(5000);
    assert_eq!(images(&w), ["v0", "v0", "v1"]);
}

#[test]
fn on_delete_updates_what_is_deleted() {
    let mut w = World::new(4);
    let mut s = set("db", 2);
    s.set_at(&["spec", "updateStrategy"], value!({"type": "OnDelete"}));
    w.create(STATEFULSETS, s);
    w.run(4000);
    set_image(&mut w, "v1");
    w.run(5000);
    assert_eq!(images(&w), ["v0", "v0"]);
    w.delete(PODS, "default/db-0", None);
    w.run(5000);
    assert_eq!(images(&w), ["v1", "v0"]);
}

#[test]
fn parallel_does_not_wait() {
    let mut w = World::new(5);
    let mut s = set("db", 3);
    s.set_at(&["spec", "podManagementPolicy"], "Parallel");
    s.set_at(&["spec", "ordinals"], value!({"start": 5}));
    w.create(STATEFULSETS, s);
    w.run(100);
    assert_eq!(names(&w), ["db-5", "db-6", "db-7"]);
}

#[test]
fn claims_stay_unless_the_policy_says_delete() {
    for delete in [false, true] {
        let mut w = World::new(6);
        let mut s = set("db", 2);
        let spec = value!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        s.set_at(&["spec", "volumeClaimTemplates"], value!([{"metadata": {"name": "data"}, "spec": (spec)}]));
        if delete {
            s.set_at(
                &["spec", "persistentVolumeClaimRetentionPolicy"],
                value!({"whenScaled": "Delete", "whenDeleted": "Delete"}),
            );
        }
        w.create(STATEFULSETS, s);
        w.run(4000);
        let claims =
            |w: &World| w.all(PERSISTENTVOLUMECLAIMS).iter().map(|c| c.name().to_owned()).collect::<Vec<_>>();
        assert_eq!(claims(&w), ["data-db-0", "data-db-1"]);
        assert_eq!(
            w.get(PODS, "default/db-0")["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"],
            "data-db-0"
        );
        assert_eq!(
            w.events("SuccessfulCreate")[0],
            "Create Claim data-db-0 Pod db-0 in StatefulSet db success"
        );
        w.edit(STATEFULSETS, "default/db", |s| s.set_at(&["spec", "replicas"], 1));
        w.run(5000);
        assert_eq!(claims(&w).len(), if delete { 1 } else { 2 });
        w.delete(STATEFULSETS, "default/db", None);
        w.run(5000);
        assert_eq!(claims(&w).len(), if delete { 0 } else { 2 });
        assert_eq!(names(&w).len(), 0);
    }
}

/// In order: a pod exists only when all before it are ready, but for one that failed later.
#[test]
fn order_holds_under_random_scaling() {
    fn check(w: &World) {
        let mut created: Vec<&Value> = w.all(PODS);
        created.sort_by_key(|p| p.name().to_owned());
        for (i, pod) in created.iter().enumerate() {
            let fresh = pod["status"]["phase"] == "Pending" && pod["spec"]["nodeName"].is_null();
            if fresh && !pod.is_terminating() {
                let earlier_ready =
                    created[..i].iter().all(|p| p.condition_true("Ready") || p.is_terminating());
                assert!(earlier_ready, "{} before its predecessors at {}", pod.name(), w.now());
            }
        }
    }
    for seed in world::seeds(40) {
        let mut w = World::new(seed);
        let mut rng = Rng::new(seed).fork("sets");
        w.create(STATEFULSETS, set("db", 3));
        w.checks.push(check);
        for step in 0..10 {
            if rng.below(2) == 0 {
                let n = rng.below(6) as i64;
                w.edit(STATEFULSETS, "default/db", |s| s.set_at(&["spec", "replicas"], n));
            } else {
                set_image(&mut w, &format!("v{step}"));
            }
            w.run(rng.below(4000) as i64);
        }
        w.run(60_000);
        let n = db(&w)["spec"]["replicas"].int();
        let want: Vec<String> = (0..n).map(|i| format!("db-{i}")).collect();
        assert_eq!(names(&w), want, "seed {seed}");
        assert_eq!(db(&w)["status"]["updatedReplicas"].int(), n, "seed {seed}");
    }
}
