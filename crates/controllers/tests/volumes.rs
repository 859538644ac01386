//! Claims and volumes: binding, waiting, releasing, protection.

mod world;

use objects::resources::{PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS, STORAGECLASSES};
use objects::{Value, value};
use world::World;

fn claim(name: &str, size: &str, class: &str) -> Value {
    value!({"metadata": {"name": (name), "namespace": "default", "finalizers": ["kubernetes.io/pvc-protection"]},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": (class), "volumeMode": "Filesystem", "resources": {"requests": {"storage": (size)}}}})
}

fn volume(name: &str, size: &str, class: &str) -> Value {
    value!({"metadata": {"name": (name), "finalizers": ["kubernetes.io/pv-protection"]},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": (class), "volumeMode": "Filesystem", "capacity": {"storage": (size)},
            "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": "/x"}}})
}

fn phases(w: &World) -> (String, String) {
    let phase = |o: &Value| o["status"]["phase"].text().to_owned();
    (phase(w.get(PERSISTENTVOLUMECLAIMS, "default/data")), phase(w.get(PERSISTENTVOLUMES, "pv")))
}

#[test]
fn the_smallest_that_fits() {
    let mut w = World::new(1);
    for (name, size) in [("big", "100Gi"), ("pv", "10Gi"), ("small", "1Gi")] {
        w.create(PERSISTENTVOLUMES, volume(name, size, ""));
    }
    w.create(PERSISTENTVOLUMES, volume("other-class", "8Gi", "fast"));
    w.run(100);
    assert_eq!(w.get(PERSISTENTVOLUMES, "pv")["status"]["phase"], "Available");
    w.create(PERSISTENTVOLUMECLAIMS, claim("data", "5Gi", ""));
    w.run(100);
    let c = w.get(PERSISTENTVOLUMECLAIMS, "default/data");
    assert_eq!(c["spec"]["volumeName"], "pv");
    assert_eq!(c["status"]["capacity"]["storage"], "10Gi");
    assert_eq!(c.annotations()["pv.kubernetes.io/bind-completed"], "yes");
    assert_eq!(phases(&w), ("Bound".into(), "Bound".into()));
    assert_eq!(w.get(PERSISTENTVOLUMES, "pv")["spec"]["claimRef"]["name"], "data");
}

#[test]
fn a_claim_waits_and_says_why() {
    let mut w = World::new(2);
    w.create(PERSISTENTVOLUMECLAIMS, claim("data", "5Gi", "manual"));
    w.run(40_000);
    assert_eq!(phases(&w).0, "Pending");
    assert_eq!(w.events("ProvisioningFailed"), ["storageclass.storage.k8s.io \"manual\" not found"]);
    let e = w
        .server
        .all(objects::resources::EVENTS)
        .find(|e| e["reason"] == "ProvisioningFailed")
        .cloned()
        .unwrap_or_default();
    assert!((3..=4).contains(&e["count"].int()), "every 15 s: {}", e["count"].int());
    w.create(PERSISTENTVOLUMES, volume("pv", "10Gi", "manual"));
    w.run(15_500);
    assert_eq!(phases(&w), ("Bound".into(), "Bound".into()));
    // Without a class.
    w.create(PERSISTENTVOLUMECLAIMS, claim("none", "5Gi", ""));
    w.run(100);
    assert_eq!(
        w.events("FailedBinding"),
        ["no persistent volumes available for this claim and no storage class is set"]
    );
}

#[test]
fn a_used_claim_outlives_its_deletion() {
    let mut w = World::new(3);
    w.create(PERSISTENTVOLUMES, volume("pv", "10Gi", ""));
    w.create(PERSISTENTVOLUMECLAIMS, claim("data", "5Gi", ""));
    w.create(PODS, value!({"metadata": {"name": "user", "namespace": "default"}, "spec": {"containers": [{"name": "c", "image": "a"}],
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}}));
    w.run(2000);
    w.delete(PERSISTENTVOLUMECLAIMS, "default/data", None);
    w.delete(PERSISTENTVOLUMES, "pv", None);
    w.run(2000);
    assert!(w.get(PERSISTENTVOLUMECLAIMS, "default/data").is_terminating());
    assert!(w.get(PERSISTENTVOLUMES, "pv").is_terminating());
    w.delete(PODS, "default/user", None);
    w.run(3000);
    assert!(w.get(PERSISTENTVOLUMECLAIMS, "default/data").is_null());
    assert!(w.get(PERSISTENTVOLUMES, "pv").is_null());
}

#[test]
fn a_volume_remembers_the_claim_it_had() {
    let mut w = World::new(4);
    w.create(PERSISTENTVOLUMES, volume("pv", "10Gi", ""));
    w.create(PERSISTENTVOLUMECLAIMS, claim("data", "5Gi", ""));
    w.run(500);
    w.delete(PERSISTENTVOLUMECLAIMS, "default/data", None);
    w.run(500);
    assert_eq!(phases(&w).1, "Released");
    // Another claim of that name does not get it.
    w.create(PERSISTENTVOLUMECLAIMS, claim("data", "5Gi", ""));
    w.run(500);
    assert_eq!(phases(&w), ("Pending".into(), "Released".into()));
    w.edit(PERSISTENTVOLUMES, "pv", |v| {
        v.remove_at(&["spec", "claimRef"]);
    });
    w.run(16_000);
    assert_eq!(phases(&w), ("Bound".into(), "Bound".into()));
}

#[test]
fn a_class_may_wait_for_its_consumer() {
    let mut w = World::new(5);
    w.create(STORAGECLASSES, value!({"metadata": {"name": "local"}, "provisioner": "example.com/disk", "volumeBindingMode": "WaitForFirstConsumer"}));
    w.create(STORAGECLASSES, value!({"metadata": {"name": "now"}, "provisioner": "example.com/disk", "volumeBindingMode": "Immediate"}));
    w.create(PERSISTENTVOLUMECLAIMS, claim("data", "5Gi", "local"));
    w.create(PERSISTENTVOLUMECLAIMS, claim("eager", "5Gi", "now"));
    w.run(500);
    assert_eq!(w.events("WaitForFirstConsumer"), ["waiting for first consumer to be created before binding"]);
    assert_eq!(
        w.get(PERSISTENTVOLUMECLAIMS, "default/eager").annotations()["volume.kubernetes.io/storage-provisioner"],
        "example.com/disk"
    );
    assert!(w.events("ExternalProvisioning")[0].starts_with(
        "Waiting for a volume to be created either by the external provisioner 'example.com/disk'"
    ));
}

#[test]
fn a_pods_own_claim_lives_as_long_as_the_pod() {
    let mut w = World::new(8);
    let spec = claim("x", "1Gi", "fast")["spec"].clone();
    let template = value!({"metadata": {"labels": {"kind": "scratch"}}, "spec": (spec)});
    let pod = value!({"metadata": {"name": "app", "namespace": "default"}, "spec": {
        "containers": [{"name": "c", "image": "nginx:1.25"}],
        "volumes": [{"name": "tmp", "ephemeral": {"volumeClaimTemplate": (template)}}]}});
    w.create(PODS, pod.clone());
    w.run(100);
    let c = w.get(PERSISTENTVOLUMECLAIMS, "default/app-tmp");
    assert_eq!((c.controller_ref()["name"].text(), c.labels()["kind"].text()), ("app", "scratch"));
    w.delete(PODS, "default/app", None);
    w.run(3_000);
    assert!(w.get(PERSISTENTVOLUMECLAIMS, "default/app-tmp").is_null());

    // Somebody else's claim of that name is not taken.
    w.create(PERSISTENTVOLUMECLAIMS, claim("app-tmp", "1Gi", "fast"));
    w.create(PODS, pod);
    w.run(100);
    let why =
        "ephemeral volume tmp: PVC default/app-tmp was not created for pod default/app (pod is not owner)";
    assert_eq!(w.events("FailedBinding").last().map(String::as_str), Some(why));
}
