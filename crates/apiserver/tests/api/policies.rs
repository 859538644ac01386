//! Admission that policies in the cluster decide.

use client::PatchType;
use objects::resources::{CONFIGMAPS, DEPLOYMENTS};
use objects::{Value, value};

use crate::{Desk, refusal, to};

fn rules(group: &str, resource: &str) -> Value {
    value!({"resourceRules": [{
        "apiGroups": [(group)], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [(resource)]
    }]})
}

fn policy(name: &str, spec: Value) -> Value {
    value!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": (name)}, "spec": (spec)
    })
}

fn binding(name: &str, of: &str, actions: Value) -> Value {
    value!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": (name)}, "spec": {"policyName": (of), "validationActions": (actions)}
    })
}

fn deployment(name: &str, replicas: i64) -> Value {
    value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": (name), "labels": {"app": (name)}},
        "spec": {
            "replicas": (replicas), "selector": {"matchLabels": {"app": (name)}},
            "template": {
                "metadata": {"labels": {"app": (name)}},
                "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}
            }
        }
    })
}

fn config_map(name: &str, data: Value) -> Value {
    value!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": (name)}, "data": (data)})
}

#[test]
fn a_bound_policy_refuses() {
    let mut d = Desk::new();
    let spec = value!({
        "matchConstraints": (rules("apps", "deployments")),
        "variables": [{"name": "most", "expression": "5"}],
        "validations": [{"expression": "object.spec.replicas <= variables.most"}],
    });
    d.create(policy("few", spec)).expect("created");
    d.create(deployment("early", 9)).expect("what nothing binds decides nothing");
    d.create(binding("few-here", "few", value!(["Deny"]))).expect("created");
    let no = d.create(deployment("web", 6));
    assert_eq!(
        refusal(no.clone()),
        "Invalid: deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'few-here' \
         denied request: failed expression: object.spec.replicas <= variables.most"
    );
    let no = no.map_err(|s| s.to_value()["details"]["causes"].clone());
    let cause = "ValidatingAdmissionPolicy 'few' with binding 'few-here' denied request: failed expression: \
                 object.spec.replicas <= variables.most";
    assert_eq!(no, Err(value!([{"message": (cause)}])));
    d.create(deployment("web", 5)).expect("few enough");
    let up = d.patch(DEPLOYMENTS, "web", PatchType::Merge, value!({"spec": {"replicas": 7}}));
    assert!(refusal(up).contains("denied request"));
    d.delete(DEPLOYMENTS, "web").expect("deletion is not in the rules");
}

#[test]
fn expressions_ask_for_rights() {
    let mut d = Desk::new();
    let spec = value!({
        "matchConstraints": (rules("", "configmaps")),
        "validations": [
            {"expression": "authorizer.group('apps').resource('deployments').namespace('default').check('create').allowed()"},
            {"expression": "authorizer.requestResource.check('delete').allowed()", "message": "no deletion"},
            {"expression": "authorizer.serviceAccount('default', 'bot').path('/metrics').check('get').allowed() == false"}
        ],
    });
    d.create(policy("rights", spec)).expect("created");
    d.create(binding("here", "rights", value!(["Deny"]))).expect("created");
    d.create(config_map("by-a-master", value!({}))).expect("who may all may");
    let role = |verbs: Value| {
        value!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "jane"},
            "rules": [
                {"apiGroups": [""], "resources": ["configmaps"], "verbs": (verbs)},
                {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create"]}
            ]
        })
    };
    d.create(role(value!(["create"]))).expect("created");
    d.create(value!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "jane"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "jane"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}]
    }))
    .expect("created");
    let jane = client::Caller { user: "jane".into(), actor: "you".into(), ..client::Caller::default() };
    let asked = |name: &str| {
        to(client::Verb::Create, CONFIGMAPS).in_namespace("default").object(config_map(name, value!({})))
    };
    let now = d.now;
    let no = d.server.handle(&jane, asked("a"), now);
    assert!(refusal(no).ends_with("denied request: no deletion"));
    d.update(role(value!(["create", "delete"])), "").expect("updated");
    d.server.handle(&jane, asked("a"), now).expect("now she may");
}

#[test]
fn the_status_tells_of_fields_that_are_not_there() {
    let mut d = Desk::new();
    let spec = value!({
        "matchConstraints": (rules("apps", "deployments")),
        "validations": [
            {"expression": "object.spec.replicas <= 5 && object.spec.template.spec.containers.all(c, c.image != '')"},
            {"expression": "object.replicas > 1", "messageExpression": "'too many: ' + string(object.spec.replica)"},
            {"expression": "object.spec.template.spec.containers.all(c, has(c.imag))"},
            {"expression": "object.metadata.labels.anything == 'x'"}
        ],
    });
    let status = d.create(policy("typed", spec)).expect("created")["status"].clone();
    let kind = "apps/v1, Kind=Deployment: compilation failed: ERROR: <input>";
    let warning =
        |field: &str, text: String| value!({"fieldRef": (field), "warning": (format!("{kind}{text}\n"))});
    let dots = |n: usize| ".".repeat(n);
    assert_eq!(
        status,
        value!({"observedGeneration": 1, "typeChecking": {"expressionWarnings": [
            (warning("spec.validations[1].expression", format!(":1:7: undefined field 'replicas'\n | object.replicas > 1\n | {}^", dots(6)))),
            (warning("spec.validations[1].messageExpression", format!(":1:34: undefined field 'replica'\n | 'too many: ' + string(object.spec.replica)\n | {}^", dots(33)))),
            (warning("spec.validations[2].expression", format!(":1:50: undefined field 'imag'\n | object.spec.template.spec.containers.all(c, has(c.imag))\n | {}^", dots(49))))
        ]}})
    );
}

#[test]
fn messages_reasons_conditions_and_params() {
    let mut d = Desk::new();
    let spec = value!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "matchConstraints": (rules("apps", "deployments")),
        "matchConditions": [{"name": "not-free", "expression": "!('free' in object.metadata.labels)"}],
        "validations": [{
            "expression": "object.spec.replicas <= int(params.data.most)",
            "messageExpression": "'at most ' + params.data.most + ' in ' + namespaceObject.metadata.name",
            "reason": "Forbidden",
        }],
    });
    d.create(policy("few", spec)).expect("created");
    let mut b = binding("b", "few", value!(["Deny"]));
    b.set_at(
        &["spec", "paramRef"],
        value!({"name": "limit", "namespace": "default", "parameterNotFoundAction": "Deny"}),
    );
    d.create(b).expect("created");
    assert_eq!(
        refusal(d.create(deployment("web", 3))),
        "Invalid: deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'b' denied \
         request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    );
    d.create(config_map("limit", value!({"most": "2"}))).expect("created");
    assert_eq!(
        refusal(d.create(deployment("web", 3))),
        "Forbidden: deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'b' denied \
         request: at most 2 in default"
    );
    let mut free = deployment("web", 3);
    free.set_at(&["metadata", "labels", "free"], "yes");
    d.create(free).expect("a condition leaves it out");
}

#[test]
fn warnings_and_failures() {
    let mut d = Desk::new();
    let spec = value!({
        "matchConstraints": (rules("", "configmaps")),
        "validations": [{"expression": "object.data.mode == 'safe'", "message": "mode should be safe"}],
    });
    d.create(policy("mode", spec.clone())).expect("created");
    d.create(binding("b", "mode", value!(["Warn"]))).expect("created");
    let request = crate::to(client::Verb::Create, CONFIGMAPS)
        .in_namespace("default")
        .object(config_map("a", value!({"mode": "wild"})));
    let warnings = d.call(request).map(|r| r.warnings);
    assert_eq!(
        warnings,
        Ok(vec![
            "Validation failed for ValidatingAdmissionPolicy 'mode' with binding 'b': mode should be safe"
                .to_owned()
        ])
    );
    let mut other = policy("other", spec);
    d.create(other.clone()).expect("created");
    d.create(binding("o", "other", value!(["Deny"]))).expect("created");
    assert!(refusal(d.create(config_map("b", value!({"x": "y"})))).ends_with(
        "'other' with binding 'o' denied request: expression 'object.data.mode == 'safe'' resulted in error: no such \
         key: mode"
    ));
    other = d
        .server
        .get("validatingadmissionpolicies.admissionregistration.k8s.io", "", "other")
        .cloned()
        .expect("");
    other.set_at(&["spec", "failurePolicy"], "Ignore");
    d.update(other, "").expect("updated");
    d.create(config_map("b", value!({"x": "y"}))).expect("errors are ignored");
}

#[test]
fn policies_change_what_is_written() {
    let mut d = Desk::new();
    let mutating = |name: &str, mutation: Value, group: &str, resource: &str| {
        value!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy",
            "metadata": {"name": (name)},
            "spec": {"matchConstraints": (rules(group, resource)), "mutations": [(mutation)], "reinvocationPolicy": "Never"}
        })
    };
    let bind = |name: &str| {
        value!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
            "metadata": {"name": (name)}, "spec": {"policyName": (name)}
        })
    };
    let sidecar = value!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression":
        "Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{\
         containers: [Object.spec.template.spec.containers{name: 'proxy', image: 'envoy:1'}]}}}}"}});
    let owner = value!({"patchType": "JSONPatch", "jsonPatch": {"expression":
        "[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('example.com/owner'), value: request.userInfo.username}]"}});
    for (name, mutation) in [("a-sidecar", sidecar), ("b-owner", owner)] {
        d.create(mutating(name, mutation, "apps", "deployments")).expect("created");
        d.create(bind(name)).expect("created");
    }
    let made = d.create(deployment("web", 1)).expect("created");
    let containers = &made["spec"]["template"]["spec"]["containers"];
    assert_eq!((containers[0]["name"].text(), containers[1]["name"].text()), ("c", "proxy"));
    assert_eq!(containers[1]["terminationMessagePath"], "/dev/termination-log", "defaults follow");
    assert_eq!(made.labels()["example.com/owner"], "admin");
    let wrong = value!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression":
        "Object{data: Object.date{a: 'b'}}"}});
    d.create(mutating("wrong", wrong, "", "configmaps")).expect("created");
    d.create(bind("wrong")).expect("created");
    assert_eq!(
        refusal(d.create(config_map("x", value!({})))),
        "Invalid: policy 'wrong' with binding 'wrong' denied request: type mismatch: unexpected type name \
         \"Object.date\", expected \"Object.data\", which matches field name path from root Object type"
    );
}
