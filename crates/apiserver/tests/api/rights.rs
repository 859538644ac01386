//! Who may do what.

use client::{Request, Verb};
use objects::resources::{PODS, SECRETS, SELFSUBJECTACCESSREVIEWS, SELFSUBJECTREVIEWS};
use objects::{Str, Value, value};

use crate::{Desk, at, refusal, to};

fn as_user(mut request: Request, name: &str) -> Request {
    request.options.impersonate = Some((Str::from(name), Vec::new()));
    request
}

fn may(d: &mut Desk, who: &str, verb: &str, group: &str, resource: &str, namespace: &str) -> bool {
    let review = value!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "verb": (verb), "group": (group), "resource": (resource), "namespace": (namespace)
        }}
    });
    let request = as_user(to(Verb::Create, SELFSUBJECTACCESSREVIEWS).object(review), who);
    d.call(request).expect("answered").object["status"]["allowed"].is_true()
}

fn grant(d: &mut Desk) {
    let role = value!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "reader"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]
    });
    let binding = value!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "read"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "User", "name": "jane"}, {"kind": "ServiceAccount", "name": "app", "namespace": "default"}]
    });
    for mut o in [role, binding] {
        o.set_at(&["metadata", "namespace"], "default");
        d.create(o).expect("created");
    }
}

#[test]
fn a_user_may_what_is_bound_to_them() {
    let mut d = Desk::new();
    grant(&mut d);
    let app = "system:serviceaccount:default:app";
    for (who, verb, group, resource, namespace, allowed) in [
        ("jane", "list", "", "pods", "default", true),
        ("jane", "delete", "", "pods", "default", false),
        ("jane", "list", "", "pods", "kube-system", false),
        ("jane", "list", "", "secrets", "default", false),
        (app, "get", "", "pods", "default", true),
        (app, "get", "", "pods", "", false),
        ("jane", "create", "authorization.k8s.io", "selfsubjectaccessreviews", "", true),
    ] {
        assert_eq!(
            may(&mut d, who, verb, group, resource, namespace),
            allowed,
            "{who} {verb} {resource} {namespace}"
        );
    }
    d.call(as_user(to(Verb::List, PODS).in_namespace("default"), "jane")).expect("allowed");
    assert_eq!(
        refusal(d.call(as_user(to(Verb::List, SECRETS).in_namespace("default"), "jane"))),
        "Forbidden: secrets is forbidden: User \"jane\" cannot list resource \"secrets\" in API group \"\" in the \
         namespace \"default\""
    );
    assert_eq!(
        refusal(d.call(as_user(at(Verb::Delete, PODS, "x"), "jane"))),
        "Forbidden: pods \"x\" is forbidden: User \"jane\" cannot delete resource \"pods\" in API group \"\" in the \
         namespace \"default\""
    );
    assert_eq!(
        refusal(d.call(as_user(to(Verb::List, objects::resources::NODES), app))),
        format!(
            "Forbidden: nodes is forbidden: User \"{app}\" cannot list resource \"nodes\" in API group \"\" at the \
             cluster scope"
        )
    );
}

#[test]
fn one_learns_who_one_is() {
    let mut d = Desk::new();
    let review = value!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let me = d.call(as_user(to(Verb::Create, SELFSUBJECTREVIEWS).object(review), "jane")).expect("answered");
    assert_eq!(
        me.object["status"]["userInfo"],
        value!({"username": "jane", "groups": ["system:authenticated"]})
    );
}

#[test]
fn a_cluster_begins_with_upstreams_roles() {
    let d = Desk::new();
    let count = |id: &str| d.server.objects(id, "").count();
    assert_eq!(count("clusterroles.rbac.authorization.k8s.io"), 70);
    assert_eq!(count("rolebindings.rbac.authorization.k8s.io"), 7);
    let admin: &Value =
        d.server.get("clusterroles.rbac.authorization.k8s.io", "", "cluster-admin").expect("there");
    assert_eq!(admin["rules"][0]["resources"], value!(["*"]));
}
