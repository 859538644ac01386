//! Roles, ClusterRoles and their bindings.
//!
//! Models `pkg/apis/rbac/validation`.

use objects::{Value, names};

use super::unified_diff::{Field, compact};
use super::{Errors, labels};

const GROUP: &str = "rbac.authorization.k8s.io";

fn rule(r: &Value, namespaced: bool, e: &mut Errors) {
    let none = |key: &str| r[key].items().is_empty();
    if none("verbs") {
        e.at("verbs", |e| e.required("verbs must contain at least one value"));
    }
    if !none("nonResourceURLs") {
        let urls = &r["nonResourceURLs"];
        e.at("nonResourceURLs", |e| {
            if namespaced {
                e.invalid(urls, "namespaced rules cannot apply to non-resource URLs");
            }
            if !none("apiGroups") || !none("resources") || !none("resourceNames") {
                e.invalid(urls, "rules cannot apply to both regular resources and non-resource URLs");
            }
        });
        return;
    }
    if none("apiGroups") {
        e.at("apiGroups", |e| e.required("resource rules must supply at least one api group"));
    }
    if none("resources") {
        e.at("resources", |e| e.required("resource rules must supply at least one resource"));
    }
}

pub(super) fn role(object: &Value, errs: &mut Errors) {
    errs.each(object, "rules", |e, _, r| rule(r, true, e));
}

pub(super) fn role_update(new: &Value, _: &Value, errs: &mut Errors) {
    role(new, errs);
}

pub(super) fn cluster_role(object: &Value, errs: &mut Errors) {
    errs.each(object, "rules", |e, _, r| rule(r, false, e));
    let aggregation = &object["aggregationRule"];
    if aggregation.is_null() {
        return;
    }
    errs.at("aggregationRule", |e| {
        if aggregation["clusterRoleSelectors"].items().is_empty() {
            e.at("clusterRoleSelectors", |e| {
                e.required("at least one clusterRoleSelector required if aggregationRule is non-nil");
            });
        }
        e.each(aggregation, "clusterRoleSelectors", |e, _, s| labels::selector(s, e));
    });
}

pub(super) fn cluster_role_update(new: &Value, _: &Value, errs: &mut Errors) {
    cluster_role(new, errs);
}

fn bound(object: &Value, namespaced: bool, errs: &mut Errors) {
    let r = &object["roleRef"];
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    errs.at("roleRef", |e| {
        if r["apiGroup"] != GROUP {
            e.at("apiGroup", |e| e.not_supported(&r["apiGroup"].text().into(), &[GROUP]));
        }
        if !kinds.contains(&r["kind"].text()) {
            e.at("kind", |e| e.not_supported(&r["kind"].text().into(), kinds));
        }
        e.at("name", |e| match r["name"].text() {
            "" => e.required(""),
            name => e.complaints(&r["name"], names::path_segment(name)),
        });
    });
    errs.each(object, "subjects", |e, _, s| {
        let (name, group) = (s["name"].text(), s["apiGroup"].text());
        if name.is_empty() {
            e.at("name", |e| e.required(""));
        }
        match s["kind"].text() {
            "ServiceAccount" => {
                e.rule(s, "name", names::dns1123_subdomain);
                if !group.is_empty() {
                    e.at("apiGroup", |e| e.not_supported(&s["apiGroup"], &[""]));
                }
                if !namespaced && s["namespace"].text().is_empty() {
                    e.at("namespace", |e| e.required(""));
                }
            }
            "User" | "Group" => {
                if group != GROUP {
                    e.at("apiGroup", |e| e.not_supported(&group.into(), &[GROUP]));
                }
            }
            kind => e.at("kind", |e| e.not_supported(&kind.into(), &["ServiceAccount", "User", "Group"])),
        }
    });
}

pub(super) fn binding(object: &Value, errs: &mut Errors) {
    bound(object, true, errs);
}

pub(super) fn binding_update(new: &Value, old: &Value, errs: &mut Errors) {
    bound(new, true, errs);
    same_role(new, old, errs);
}

pub(super) fn cluster_binding(object: &Value, errs: &mut Errors) {
    bound(object, false, errs);
}

pub(super) fn cluster_binding_update(new: &Value, old: &Value, errs: &mut Errors) {
    bound(new, false, errs);
    same_role(new, old, errs);
}

fn same_role(new: &Value, old: &Value, errs: &mut Errors) {
    if new["roleRef"] != old["roleRef"] {
        const REF: [Field; 3] =
            [Field::text("APIGroup", "apiGroup"), Field::text("Kind", "kind"), Field::text("Name", "name")];
        errs.at("roleRef", |e| e.invalid_shown(&compact(&new["roleRef"], &REF), "cannot change roleRef"));
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    fn said(check: fn(&Value, &mut Errors), object: &Value) -> String {
        let mut errs = Errors::new(false);
        check(object, &mut errs);
        let all: Vec<String> =
            errs.into_causes().into_iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
        all.join("; ")
    }

    #[test]
    fn what_is_wrong_with_roles_and_bindings() {
        type Check = fn(&Value, &mut Errors);
        let user = value!({"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"});
        let to = |kind: &str| value!({"apiGroup": "rbac.authorization.k8s.io", "kind": (kind), "name": "r"});
        let table: [(Check, Value, &str); 6] = [
            (role, value!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}), ""),
            (
                role,
                value!({"rules": [{"resources": ["pods"]}]}),
                "rules[0].verbs: Required value: verbs must contain at least one value; rules[0].apiGroups: Required value: resource rules must supply at least one api group",
            ),
            (
                role,
                value!({"rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]}),
                "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource URLs",
            ),
            (cluster_role, value!({"rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]}), ""),
            (binding, value!({"roleRef": (to("Role")), "subjects": [(user)]}), ""),
            (
                cluster_binding,
                value!({"roleRef": (to("Role")), "subjects": [{"kind": "ServiceAccount", "name": "s"}]}),
                "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"; subjects[0].namespace: Required value",
            ),
        ];
        for (check, object, want) in table {
            assert_eq!(said(check, &object), want, "{object:?}");
        }
    }
}
