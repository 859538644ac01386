//! How objects come, change and go.

use client::{PatchType, Propagation, Verb};
use objects::resources::{CONFIGMAPS, DEPLOYMENTS, JOBS, NAMESPACES, PODS, SERVICES};
use objects::{Value, value};

use crate::{Desk, at, refusal, to};

fn config_map(name: &str) -> Value {
    value!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": (name)}, "data": {"a": "1"}})
}

fn pod(name: &str) -> Value {
    value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": (name)},
        "spec": {"containers": [{"name": "a", "image": "nginx:1.25"}]}
    })
}

fn deployment(name: &str) -> Value {
    value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": (name)},
        "spec": {
            "replicas": 3, "selector": {"matchLabels": {"app": (name)}},
            "template": {
                "metadata": {"labels": {"app": (name)}},
                "spec": {"containers": [{"name": "a", "image": "nginx:1.25", "ports": [{"containerPort": 80}]}]}
            }
        }
    })
}

#[test]
fn a_new_object_gets_its_system_fields() {
    let mut d = Desk::new();
    let o = d.create(config_map("c")).expect("created");
    assert_eq!(o.meta()["creationTimestamp"], "2026-01-01T00:00:01Z");
    assert_eq!((o.namespace(), o.revision()), ("default", d.server.revision()));
    let uid = o.uid();
    assert_eq!((uid.len(), &uid[14..15]), (36, "4"));
    assert!(o.meta()["generation"].is_null(), "config maps count no generations");
    assert_eq!(d.get(CONFIGMAPS, "c"), Ok(o));
    assert_eq!(refusal(d.create(config_map("c"))), "AlreadyExists: configmaps \"c\" already exists");
    assert_eq!(refusal(d.get(CONFIGMAPS, "x")), "NotFound: configmaps \"x\" not found");
}

#[test]
fn generated_names_end_in_five_letters() {
    let mut d = Desk::new();
    let mut o = config_map("");
    o.set("metadata", value!({"generateName": "web-"}));
    let made = d.create(o).expect("created");
    let suffix = made.name().strip_prefix("web-").expect("the base");
    assert!(
        suffix.len() == 5 && suffix.bytes().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(&b)),
        "{suffix}"
    );
}

#[test]
fn nothing_is_made_in_an_absent_or_dying_namespace() {
    let mut d = Desk::new();
    let mut o = config_map("c");
    o.set_at(&["metadata", "namespace"], "nosuch");
    assert_eq!(refusal(d.create(o.clone())), "NotFound: namespaces \"nosuch\" not found");
    d.create(value!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "nosuch"}}))
        .expect("made");
    d.create(o.clone()).expect("the namespace is there");
    let gone = d.delete(NAMESPACES, "nosuch").expect("deleting");
    assert_eq!(gone["status"]["phase"], "Terminating");
    o.set_at(&["metadata", "name"], "d");
    assert_eq!(
        refusal(d.create(o)),
        "Forbidden: configmaps \"d\" is forbidden: unable to create new content in namespace nosuch because it is \
         being terminated"
    );
    let mut finalized = gone;
    finalized.remove_at(&["spec", "finalizers"]);
    d.update(finalized, "finalize").expect("finalized");
    assert_eq!(refusal(d.get(NAMESPACES, "nosuch")), "NotFound: namespaces \"nosuch\" not found");
    assert_eq!(
        refusal(d.delete(NAMESPACES, "default")),
        "Forbidden: namespaces \"default\" is forbidden: this namespace may not be deleted"
    );
}

#[test]
fn an_update_on_an_older_state_is_a_conflict() {
    let mut d = Desk::new();
    let first = d.create(config_map("c")).expect("created");
    let mut second = first.clone();
    second.set_at(&["data", "a"], "2");
    d.update(second, "").expect("the latest");
    let mut third = first;
    third.set_at(&["data", "a"], "3");
    assert_eq!(
        refusal(d.update(third, "")),
        "Conflict: Operation cannot be fulfilled on configmaps \"c\": the object has been modified; please apply your \
         changes to the latest version and try again"
    );
}

#[test]
fn a_write_that_changes_nothing_makes_no_revision() {
    let mut d = Desk::new();
    let o = d.create(config_map("c")).expect("created");
    let before = d.server.revision();
    assert_eq!(d.update(o.clone(), ""), Ok(o));
    assert_eq!(d.server.revision(), before);
}

#[test]
fn generation_counts_spec_changes_and_status_has_its_own_door() {
    let mut d = Desk::new();
    let mut o = deployment("web");
    o.set("status", value!({"replicas": 9}));
    let made = d.create(o).expect("created");
    assert!(made["status"]["replicas"].is_null() && made.generation() == 1);
    let mut spec = made.clone();
    spec.set_at(&["spec", "replicas"], 5);
    spec.set_at(&["status", "replicas"], 9);
    let spec = d.update(spec, "").expect("updated");
    assert_eq!((spec.generation(), spec["status"]["replicas"].int()), (2, 0));
    let mut status = spec.clone();
    status.set_at(&["status", "replicas"], 5);
    status.set_at(&["spec", "replicas"], 7);
    let status = d.update(status, "status").expect("updated");
    assert_eq!(
        (status.generation(), status["status"]["replicas"].int(), status["spec"]["replicas"].int()),
        (2, 5, 5)
    );
    assert!(status["spec"].same(&spec["spec"]), "a status write shares the spec");
}

#[test]
fn scale_reads_and_writes_replicas() {
    let mut d = Desk::new();
    d.create(deployment("web")).expect("created");
    let scale = d.call(at(Verb::Get, DEPLOYMENTS, "web").subresource("scale")).expect("read").object;
    assert_eq!((scale["spec"]["replicas"].int(), scale["status"]["selector"].text()), (3, "app=web"));
    let mut wanted = scale;
    wanted.set_at(&["spec", "replicas"], 0);
    d.call(at(Verb::Update, DEPLOYMENTS, "web").subresource("scale").object(wanted)).expect("scaled");
    let after = d.get(DEPLOYMENTS, "web").expect("there");
    assert_eq!((after["spec"]["replicas"].int(), after.generation()), (0, 2));
}

#[test]
fn pods_go_at_once_or_with_grace() {
    let mut d = Desk::new();
    d.create(pod("early")).expect("created");
    d.delete(PODS, "early").expect("gone");
    assert!(d.get(PODS, "early").is_err(), "unscheduled pods go at once");

    d.create(pod("web")).expect("created");
    let binding = value!({
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web"}, "target": {"kind": "Node", "name": "n1"}
    });
    d.call(at(Verb::Create, PODS, "web").subresource("binding").object(binding.clone())).expect("bound");
    assert_eq!(
        refusal(d.call(at(Verb::Create, PODS, "web").subresource("binding").object(binding))),
        "Conflict: Operation cannot be fulfilled on pods/binding \"web\": pod web is already assigned to node \"n1\""
    );
    let bound = d.get(PODS, "web").expect("there");
    assert!(bound.condition_true("PodScheduled") && bound["spec"]["nodeName"] == "n1");
    let mut delete = at(Verb::Delete, PODS, "web");
    delete.options.grace_period_seconds = Some(30);
    let dying = d.call(delete.clone()).expect("deleting").object;
    assert_eq!(dying.meta()["deletionTimestamp"], "2026-01-01T00:00:31Z");
    assert_eq!((dying.meta()["deletionGracePeriodSeconds"].int(), dying.generation()), (30, 2));
    let before = d.server.revision();
    d.call(delete.clone()).expect("pending already");
    assert_eq!(d.server.revision(), before, "a second deletion changes nothing");
    delete.options.grace_period_seconds = Some(0);
    d.call(delete).expect("gone");
    assert!(d.get(PODS, "web").is_err());
}

#[test]
fn finalizers_hold_and_propagation_asks_for_them() {
    let mut d = Desk::new();
    let mut o = config_map("c");
    o.set_at(&["metadata", "finalizers"], value!(["example.com/hold"]));
    d.create(o).expect("created");
    let held = d.delete(CONFIGMAPS, "c").expect("marked");
    assert!(held.is_terminating());
    let mut freed = held;
    freed.remove_at(&["metadata", "finalizers"]);
    d.update(freed, "").expect("freed");
    assert!(d.get(CONFIGMAPS, "c").is_err(), "the last finalizer's removal deletes");

    for (propagation, finalizer) in
        [(Propagation::Orphan, "orphan"), (Propagation::Foreground, "foregroundDeletion")]
    {
        d.create(deployment("web")).expect("created");
        let mut delete = at(Verb::Delete, DEPLOYMENTS, "web");
        delete.options.propagation = Some(propagation);
        let marked = d.call(delete).expect("marked").object;
        assert_eq!(marked.meta()["finalizers"], value!([finalizer]));
        let mut freed = marked;
        freed.remove_at(&["metadata", "finalizers"]);
        d.update(freed, "").expect("freed");
    }
    d.create(deployment("web")).expect("created");
    let status = d.delete(DEPLOYMENTS, "web").expect("gone");
    assert_eq!((status.kind(), status["status"].text()), ("Status", "Success"));
    let job = value!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {
        "template": {"spec": {"containers": [{"name": "a", "image": "b"}], "restartPolicy": "Never"}}
    }});
    d.create(job).expect("created");
    assert_eq!(d.delete(JOBS, "j").expect("marked").meta()["finalizers"], value!(["orphan"]));
}

#[test]
fn preconditions_are_kept() {
    let mut d = Desk::new();
    let o = d.create(config_map("c")).expect("created");
    let mut delete = at(Verb::Delete, CONFIGMAPS, "c");
    delete.options.precondition_uid = Some("other".into());
    assert_eq!(
        refusal(d.call(delete)),
        format!(
            "Conflict: Operation cannot be fulfilled on configmaps \"c\": Precondition failed: UID in precondition: \
             other, UID in object meta: {}",
            o.uid()
        )
    );
}

#[test]
fn services_get_addresses_and_ports_and_give_them_back() {
    let mut d = Desk::new();
    let service = |name: &str, kind: &str| {
        value!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": (name)},
            "spec": {"type": (kind), "selector": {"app": "web"}, "ports": [{"port": 80}]}
        })
    };
    let a = d.create(service("a", "NodePort")).expect("created");
    let ip = a["spec"]["clusterIP"].text().to_owned();
    assert!(ip.starts_with("10.96.") && a["spec"]["clusterIPs"] == value!([(ip.as_str())]), "{ip}");
    let port = a["spec"]["ports"][0]["nodePort"].int();
    assert!((30_086..=32_767).contains(&port), "{port}");
    let mut b = service("b", "NodePort");
    b.set_at(&["spec", "clusterIP"], ip.as_str());
    assert_eq!(
        refusal(d.create(b.clone())),
        format!(
            "Invalid: Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"{ip}\"]: failed to allocate IP \
             {ip}: provided IP is already allocated"
        )
    );
    d.delete(SERVICES, "a").expect("gone");
    d.create(b).expect("the address is free again");
    let mut back = d.get(SERVICES, "b").expect("there");
    back.set_at(&["spec", "type"], "ClusterIP");
    let back = d.update(back, "").expect("updated");
    assert!(back["spec"]["ports"][0]["nodePort"].is_null(), "{back:?}");
}

#[test]
fn dry_run_stores_nothing() {
    let mut d = Desk::new();
    let before = d.server.revision();
    let mut r = to(Verb::Create, CONFIGMAPS).in_namespace("default").object(config_map("c"));
    r.options.dry_run = true;
    assert_eq!(d.call(r).expect("accepted").object.name(), "c");
    assert_eq!(d.server.revision(), before);
    assert!(d.get(CONFIGMAPS, "c").is_err());
}

#[test]
fn merge_patches_change_what_they_name() {
    let mut d = Desk::new();
    d.create(deployment("web")).expect("created");
    let o =
        d.patch(DEPLOYMENTS, "web", PatchType::Merge, value!({"spec": {"replicas": 1}})).expect("patched");
    assert_eq!((o["spec"]["replicas"].int(), o.generation()), (1, 2));
}

#[test]
fn patches_of_every_kind_and_their_refusals() {
    let mut d = Desk::new();
    d.create(deployment("web")).expect("created");
    let added =
        value!({"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "busybox:1.36"}]}}}});
    let o = d.patch(DEPLOYMENTS, "web", PatchType::Strategic, added).expect("patched");
    let names: Vec<&str> =
        o["spec"]["template"]["spec"]["containers"].items().iter().map(|c| c["name"].text()).collect();
    assert_eq!(names, ["side", "a"]);
    assert_eq!(o["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"], "IfNotPresent");
    let replace = value!([{"op": "replace", "path": "/spec/replicas", "value": 1}]);
    assert_eq!(
        d.patch(DEPLOYMENTS, "web", PatchType::Json, replace).expect("patched")["spec"]["replicas"].int(),
        1
    );
    let before = d.server.revision();
    assert_eq!(
        refusal(d.patch(
            DEPLOYMENTS,
            "web",
            PatchType::Json,
            value!([{"op": "remove", "path": "/spec/nosuch"}])
        )),
        "Invalid: the server rejected our request due to an error in our request"
    );
    let wrong = d.patch(DEPLOYMENTS, "web", PatchType::Strategic, value!({"spec": {"replicas": "two"}}));
    let wrong = wrong.expect_err("a wrong type");
    assert_eq!(
        wrong.causes[0].message,
        "Invalid value: \"map[spec:map[replicas:two]]\": unrecognized type: int32"
    );
    let cut = at(Verb::Patch, DEPLOYMENTS, "web")
        .patch(PatchType::Strategic, client::Body::Text("{\"spec\":".into()));
    assert_eq!(refusal(d.call(cut)), "BadRequest: unexpected end of JSON input");
    assert_eq!(d.server.revision(), before);
}

#[test]
fn unknown_fields_are_refused_or_warned_of() {
    let mut d = Desk::new();
    let mut o = pod("web");
    o.set_at(&["spec", "replica"], 1);
    let mut r = to(Verb::Create, PODS).in_namespace("default").object(o);
    r.options.field_validation = client::FieldValidation::Strict;
    assert_eq!(
        refusal(d.call(r.clone())),
        "BadRequest: Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \
         \"spec.replica\""
    );
    r.options.field_validation = client::FieldValidation::Warn;
    let response = d.call(r).expect("accepted");
    assert_eq!(response.warnings, ["unknown field \"spec.replica\""]);
    assert!(response.object["spec"]["replica"].is_null());
}

#[test]
fn replicas_share_their_template_and_pods_get_what_every_pod_gets() {
    let mut d = Desk::new();
    let made = d.create(deployment("web")).expect("created");
    let spec = made["spec"]["template"]["spec"].clone();
    let replica = |name: &str| value!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": (name)}, "spec": (spec.clone())});
    let a = d.create(replica("a")).expect("created");
    let b = d.create(replica("b")).expect("created");
    assert!(a["spec"]["securityContext"].same(&b["spec"]["securityContext"]));
    assert!(a["spec"]["containers"][0]["ports"].same(&b["spec"]["containers"][0]["ports"]));
    assert_eq!(a["status"], value!({"phase": "Pending", "qosClass": "BestEffort"}));
    let mount = &a["spec"]["containers"][0]["volumeMounts"][0];
    assert_eq!(mount["name"], a["spec"]["volumes"][0]["name"]);
    assert_ne!(a["spec"]["volumes"][0]["name"], b["spec"]["volumes"][0]["name"]);
    assert_eq!((a["spec"]["priority"].int(), a["spec"]["serviceAccountName"].text()), (0, "default"));
    let tolerations: Vec<&str> = a["spec"]["tolerations"].items().iter().map(|t| t["key"].text()).collect();
    assert_eq!(tolerations, ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]);
}
