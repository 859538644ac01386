//! Descriptions and changes of objects that a server in a closure keeps.

use std::rc::Rc;

use client::{Body, Request, Response, Verb};
use kubectl::testing::{MemoryIo, run};
use objects::patch::merge_patch;
use objects::{Status, Value, value};

/// A server that has these objects, keyed by resource and name, and applies merge patches to them.
struct Kept(Vec<(&'static str, Value)>);

impl Kept {
    fn answer(&mut self, r: &Request) -> Result<Response, Status> {
        let done = |object| Ok(Response { object, ..Response::default() });
        if r.path == "/apis" {
            return done(value!({"kind": "APIGroupList", "groups": []}));
        }
        if r.verb == Verb::List {
            let items: Value = self
                .0
                .iter()
                .filter(|(resource, _)| *resource == r.resource_id().as_str())
                .map(|(_, o)| o.clone())
                .filter(|o| {
                    let wanted = r.options.field_selector.strip_prefix("metadata.name=");
                    wanted.is_none_or(|n| o.name() == n)
                })
                .collect();
            return done(value!({"items": (items), "metadata": {"resourceVersion": "7"}}));
        }
        let found =
            self.0.iter_mut().find(|(id, o)| *id == r.resource_id().as_str() && o.name() == r.name.as_str());
        let Some((_, o)) = found else { return Err(Status::not_found(&r.group, &r.resource, &r.name)) };
        if let (Verb::Patch, Body::Object(patch)) = (r.verb, &r.body) {
            *o = merge_patch::apply(o, patch);
        }
        done(o.clone())
    }
}

fn check(kept: &mut Kept, line: &str, code: i32, output: &str) {
    let io = Rc::new(MemoryIo::default());
    let got = run(&io, line, &mut |r| kept.answer(r));
    assert_eq!((got.0, got.1.as_str()), (code, output), "{line}");
}

#[test]
fn roles_are_taken_apart_and_ordered_as_upstream_does() {
    let role = value!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "reader", "namespace": "default"},
        "rules": [
            {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["web"], "verbs": ["get"]}
        ],
    });
    check(
        &mut Kept(vec![("roles.rbac.authorization.k8s.io", role)]),
        "describe role reader",
        0,
        "Name:         reader
Labels:       <none>
Annotations:  <none>
PolicyRule:
  Resources         Non-Resource URLs  Resource Names  Verbs
  ---------         -----------------  --------------  -----
  pods/log          []                 []              [get list watch]
  pods              []                 []              [get list watch]
  deployments.apps  []                 [web]           [get]
",
    );
}

#[test]
fn a_custom_kind_is_described_by_its_fields() {
    let lease = value!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "x", "namespace": "default", "labels": {"a": "b", "c": "d"}},
        "spec": {"holderIdentity": "me", "leaseTransitions": 2, "list": [1, {"deep": true}]},
    });
    check(
        &mut Kept(vec![("leases.coordination.k8s.io", lease)]),
        "describe lease x --show-events=false",
        0,
        "Name:         x
Namespace:    default
Labels:       a=b
              c=d
Annotations:  <none>
API Version:  coordination.k8s.io/v1
Kind:         Lease
Metadata:
Spec:
  Holder Identity:    me
  Lease Transitions:  2
  List:
    1
    Deep:  true
",
    );
}

fn deployment() -> Value {
    value!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "generation": 2},
        "spec": {
            "replicas": 3, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:1"}]},
            },
        },
        "status": {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3},
    })
}

#[test]
fn changes_say_what_they_did() {
    let mut kept = Kept(vec![("deployments.apps", deployment())]);
    check(&mut kept, "set image deploy/web a=x:2", 0, "deployment.apps/web image updated\n");
    assert_eq!(kept.0[0].1["spec"]["template"]["spec"]["containers"][0]["image"], "x:2");
    assert_eq!(kept.0[0].1["spec"]["template"]["spec"]["containers"][1]["image"], "y:1");
    check(&mut kept, "set image deploy/web a=x:2", 0, "");
    check(&mut kept, "set image deploy/web *=z", 0, "deployment.apps/web image updated\n");
    check(&mut kept, "set image deploy/web c=z", 1, "error: unable to find container named \"c\"\n");
    check(&mut kept, "set env deploy/web -c b A=1 B=2", 0, "deployment.apps/web env updated\n");
    check(
        &mut kept,
        "set env deploy/web --list",
        0,
        "# Deployment web, container a\n# Deployment web, container b\nA=1\nB=2\n",
    );
    check(&mut kept, "set env deploy/web A- B-", 0, "deployment.apps/web env updated\n");
    check(&mut kept, "rollout pause deploy/web", 0, "deployment.apps/web paused\n");
    check(&mut kept, "rollout pause deploy/web", 1, "error: deployments.apps \"web\" is already paused\n");
    check(&mut kept, "rollout resume deploy/web", 0, "deployment.apps/web resumed\n");
    check(&mut kept, "label deploy web a=b", 0, "deployment.apps/web labeled\n");
    check(&mut kept, "label deploy web a=b", 0, "deployment.apps/web not labeled\n");
    check(
        &mut kept,
        "label deploy web a=c",
        1,
        "error: 'a' already has a value (b), and --overwrite is false\n",
    );
    check(&mut kept, "label deploy web a-", 0, "deployment.apps/web unlabeled\n");
    check(&mut kept, "scale deploy web --replicas=5", 0, "deployment.apps/web scaled\n");
}

#[test]
fn a_rollout_is_waited_for() {
    let mut kept = Kept(vec![("deployments.apps", deployment())]);
    check(&mut kept, "rollout status deploy/web", 0, "deployment \"web\" successfully rolled out\n");
    kept.0[0].1.set_at(&["status", "updatedReplicas"], 1);
    check(
        &mut kept,
        "rollout status deploy/web --watch=false",
        0,
        "Waiting for deployment \"web\" rollout to finish: 1 out of 3 new replicas have been updated...\n",
    );
    check(&mut kept, "rollout status cm/x", 1, "Error from server (NotFound): configmaps \"x\" not found\n");
}

#[test]
fn what_is_not_simulated_is_noted() {
    check(
        &mut Kept(Vec::new()),
        "create ns x --dry-run=client --cache-dir=y",
        0,
        "Note: --cache-dir is accepted, not simulated.\nnamespace/x created (dry run)\n",
    );
}
