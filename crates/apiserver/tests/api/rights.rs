//! Who may do what.

use std::sync::Arc;

use client::{Request, Verb};
use objects::resources::{PODS, SECRETS, SELFSUBJECTACCESSREVIEWS, SELFSUBJECTREVIEWS};
use objects::{Str, Value, value};

use crate::{Desk, at, refusal, to};

fn as_user(mut request: Request, name: &str) -> Request {
    request.options.impersonate =
        Some(Arc::new(client::Impersonation { user: Str::from(name), ..Default::default() }));
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

/// What random rules are made of.
const GROUPS: [&str; 3] = ["", "apps", "batch"];
const RESOURCES: [(&str, &str); 5] =
    [("", "pods"), ("", "pods/log"), ("", "secrets"), ("apps", "deployments"), ("batch", "jobs")];
const VERBS: [&str; 5] = ["get", "list", "watch", "create", "delete"];
const SPACES: [&str; 2] = ["default", "kube-system"];
const NAMES: [&str; 3] = ["a", "b", "c"];

fn some(rng: &mut clock::Rng, all: &[&str], star: &str) -> Value {
    if rng.below(6) == 0 {
        return value!([(star)]);
    }
    all.iter().filter(|_| rng.below(2) == 0).map(|w| Value::from(*w)).collect()
}

fn random_rule(rng: &mut clock::Rng) -> Value {
    let resources = ["pods", "pods/log", "secrets", "deployments", "jobs", "*/log"];
    let mut rule = value!({
        "apiGroups": (some(rng, &GROUPS, "*")), "resources": (some(rng, &resources, "*")),
        "verbs": (some(rng, &VERBS, "*"))
    });
    if rng.below(4) == 0 {
        rule.set("resourceNames", some(rng, &NAMES, "a"));
    }
    rule
}

/// Whether a rule allows it, read off the documentation of RBAC and not off the server's code.
fn reads(rule: &Value, verb: &str, group: &str, resource: &str, name: &str) -> bool {
    let says =
        |list: &str, word: &str| rule[list].items().iter().any(|w| w.text() == "*" || w.text() == word);
    let sub = resource.split_once('/').map(|(_, s)| format!("*/{s}"));
    let resources = says("resources", resource)
        || sub.is_some_and(|s| rule["resources"].items().iter().any(|w| w.text() == s));
    let names = rule["resourceNames"].items();
    says("verbs", verb)
        && says("apiGroups", group)
        && resources
        && (names.is_empty() || names.iter().any(|n| n.text() == name))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a long run is asked for by the environment")]
fn random_rules_decide_as_they_read() {
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(12);
    for seed in 0..seeds {
        let mut rng = clock::Rng::new(seed);
        let mut d = Desk::new();
        for space in SPACES {
            for name in NAMES {
                let mut o = value!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": (name)}});
                o.set_at(&["metadata", "namespace"], space);
                d.create(o).expect("created");
            }
        }
        // Rules that hold for jane: in all namespaces (""), or in one.
        let mut held: Vec<(&str, Value)> = Vec::new();
        let group = "rbac.authorization.k8s.io";
        for i in 0..1 + rng.below(4) {
            let rule = random_rule(&mut rng);
            let cluster_role = rng.below(2) == 0;
            let space = SPACES[rng.below(2) as usize];
            let everywhere = cluster_role && rng.below(2) == 0;
            let mut role = value!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": (if cluster_role { "ClusterRole" } else { "Role" }),
                "metadata": {"name": (format!("r{i}"))}, "rules": [(rule.clone())]
            });
            let whose = ["jane", "joe"][rng.below(2) as usize];
            let subject = match rng.below(3) {
                0 => value!({"kind": "User", "name": (whose)}),
                1 => value!({"kind": "Group", "name": (if whose == "jane" { "crew" } else { "others" })}),
                _ => value!({"kind": "Group", "name": "system:authenticated"}),
            };
            let concerns = whose == "jane" || subject["name"] == "system:authenticated";
            let mut binding = value!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": (if everywhere { "ClusterRoleBinding" } else { "RoleBinding" }),
                "metadata": {"name": (format!("b{i}"))},
                "roleRef": {"apiGroup": (group), "kind": (role.kind()), "name": (format!("r{i}"))},
                "subjects": [(subject)]
            });
            if !cluster_role {
                role.set_at(&["metadata", "namespace"], space);
            }
            if !everywhere {
                binding.set_at(&["metadata", "namespace"], space);
            }
            let valid = d.create(role).is_ok();
            let bound = d.create(binding).is_ok();
            if valid && bound && concerns {
                held.push((if everywhere { "" } else { space }, rule));
            }
        }
        let holds = |verb: &str, group: &str, resource: &str, space: &str, name: &str| {
            held.iter()
                .any(|(at, rule)| (at.is_empty() || *at == space) && reads(rule, verb, group, resource, name))
        };
        let jane = |mut r: Request| {
            let whom = client::Impersonation {
                user: "jane".into(),
                groups: vec!["crew".into()],
                ..Default::default()
            };
            r.options.impersonate = Some(Arc::new(whom));
            r
        };
        for (group, resource) in RESOURCES {
            for verb in VERBS {
                for space in ["", SPACES[0], SPACES[1]] {
                    for name in ["", "a"] {
                        let (plain, sub) = resource.split_once('/').unwrap_or((resource, ""));
                        let review = value!({
                            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                            "spec": {"resourceAttributes": {
                                "verb": (verb), "group": (group), "resource": (plain), "subresource": (sub),
                                "namespace": (space), "name": (name)
                            }}
                        });
                        let r = jane(to(Verb::Create, SELFSUBJECTACCESSREVIEWS).object(review));
                        let got = d.call(r).expect("answered").object["status"]["allowed"].is_true();
                        let want = holds(verb, group, resource, space, name);
                        assert_eq!(
                            got, want,
                            "seed {seed}: {verb} {group}/{resource} in {space:?} {name:?}\n{held:?}"
                        );
                    }
                }
            }
        }
        // What a list or watch shows is within what was asked for, and is shown only where it may be.
        for space in ["", SPACES[0], SPACES[1]] {
            let list = d.call(jane(to(Verb::List, SECRETS).in_namespace(space)));
            assert_eq!(
                list.is_ok(),
                holds("list", "", "secrets", space, ""),
                "seed {seed}: list in {space:?}"
            );
            for o in list.iter().flat_map(|l| l.object["items"].items()) {
                assert!(space.is_empty() || o.namespace() == space, "seed {seed}");
            }
            let watch = jane(to(Verb::Watch, SECRETS).in_namespace(space));
            let opened = d.server.open_watch(&client::Caller::default(), watch, d.now);
            assert_eq!(
                opened.is_ok(),
                holds("watch", "", "secrets", space, ""),
                "seed {seed}: watch in {space:?}"
            );
            if let Ok(mut cursor) = opened {
                while let Some(e) = cursor.poll(&d.server) {
                    assert!(space.is_empty() || e.object.namespace() == space, "seed {seed}");
                }
            }
        }
    }
}
