//! What admission adds and refuses.

use objects::{Value, value};

use crate::{Desk, refusal};

fn namespaced(mut object: Value) -> Value {
    object.set_at(&["metadata", "namespace"], "default");
    object
}

fn pod(name: &str, resources: Value) -> Value {
    value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": (name)},
        "spec": {"containers": [{"name": "c", "image": "nginx:1.25", "resources": (resources)}]}
    })
}

#[test]
fn quotas_are_charged_and_limits_filled_in() {
    let mut d = Desk::new();
    let hard = value!({"pods": "3", "requests.cpu": "1", "limits.cpu": "2"});
    let quota = value!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "compute"}, "spec": {"hard": (hard.clone())}
    });
    d.create(namespaced(quota)).expect("created");
    d.create(pod("early", Value::map())).expect("a quota that was never counted limits nothing yet");
    let mut counted = d.server.get("resourcequotas", "default", "compute").cloned().expect("there");
    counted.set(
        "status",
        value!({"hard": (hard), "used": {"pods": "1", "requests.cpu": "0", "limits.cpu": "0"}}),
    );
    d.update(counted, "status").expect("counted");
    assert_eq!(
        refusal(d.create(pod("nolimits", Value::map()))),
        "Forbidden: pods \"nolimits\" is forbidden: failed quota: compute: must specify limits.cpu for: c; requests.cpu \
         for: c"
    );
    let range = value!({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "defaults"},
        "spec": {"limits": [{
            "type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "100m"}, "max": {"cpu": "1"}
        }]}
    });
    d.create(namespaced(range)).expect("created");
    let small = d.create(pod("small", Value::map())).expect("the range fills in");
    assert_eq!(
        small["spec"]["containers"][0]["resources"],
        value!({"limits": {"cpu": "500m"}, "requests": {"cpu": "100m"}})
    );
    assert_eq!(
        small.annotations()["kubernetes.io/limit-ranger"],
        "LimitRanger plugin set: cpu request for container c; cpu limit for container c"
    );
    let used = d.server.get("resourcequotas", "default", "compute").expect("there")["status"]["used"].clone();
    assert_eq!(used, value!({"pods": "2", "requests.cpu": "100m", "limits.cpu": "500m"}));
    assert_eq!(
        refusal(d.create(pod("toobig", value!({"limits": {"cpu": "4"}})))),
        "Forbidden: pods \"toobig\" is forbidden: maximum cpu usage per Container is 1, but limit is 4"
    );
    d.create(pod("big", value!({"requests": {"cpu": "900m"}, "limits": {"cpu": "900m"}}))).expect("fits");
    assert_eq!(
        refusal(d.create(pod("another", Value::map()))),
        "Forbidden: pods \"another\" is forbidden: exceeded quota: compute, requested: pods=1,requests.cpu=100m, used: \
         pods=3,requests.cpu=1, limited: pods=3,requests.cpu=1"
    );
}

#[test]
fn service_accounts_must_exist_and_decide_on_tokens() {
    let mut d = Desk::new();
    let mut p = pod("p", Value::map());
    p.set_at(&["spec", "serviceAccountName"], "nosuch");
    assert_eq!(
        refusal(d.create(p.clone())),
        "Forbidden: pods \"p\" is forbidden: error looking up service account default/nosuch: serviceaccount \"nosuch\" \
         not found"
    );
    let account = value!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nosuch"},
        "automountServiceAccountToken": false, "imagePullSecrets": [{"name": "registry"}]
    });
    d.create(namespaced(account)).expect("created");
    let made = d.create(p).expect("created");
    assert!(made["spec"]["volumes"].is_null());
    assert_eq!(made["spec"]["imagePullSecrets"], value!([{"name": "registry"}]));
}

#[test]
fn priority_comes_from_the_class() {
    let mut d = Desk::new();
    let class = value!({
        "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000,
        "preemptionPolicy": "Never"
    });
    d.create(class).expect("created");
    let mut p = pod("p", Value::map());
    p.set_at(&["spec", "priorityClassName"], "high");
    let made = d.create(p.clone()).expect("created");
    assert_eq!((made["spec"]["priority"].int(), made["spec"]["preemptionPolicy"].text()), (1000, "Never"));
    p.set_at(&["spec", "priorityClassName"], "low");
    assert_eq!(
        refusal(d.create(p)),
        "Forbidden: pods \"p\" is forbidden: no PriorityClass with name low was found"
    );
}

#[test]
fn classes_marked_as_default_are_taken() {
    let mut d = Desk::new();
    let claim = |name: &str, class: Value| {
        let mut c = namespaced(value!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": (name)},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        }));
        if !class.is_null() {
            c.set_at(&["spec", "storageClassName"], class);
        }
        c
    };
    let none = d.create(claim("none", Value::Null)).expect("created");
    assert!(none["spec"]["storageClassName"].is_null());
    let mut class = value!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "fast"}, "provisioner": "x/y"
    });
    class.set_at(&["metadata", "annotations", "storageclass.kubernetes.io/is-default-class"], "true");
    d.create(class).expect("created");
    let given = d.create(claim("given", Value::Null)).expect("created");
    assert_eq!(given["spec"]["storageClassName"], "fast");
    let chosen = d.create(claim("chosen", "".into())).expect("created");
    assert_eq!(chosen["spec"]["storageClassName"], "");
}
