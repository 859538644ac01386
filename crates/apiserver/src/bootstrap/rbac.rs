//! The roles and bindings a cluster begins with, from a table of one line per rule.
//!
//! Models `plugin/pkg/auth/authorizer/rbac/bootstrappolicy` of v1.36. The table's lines: `ClusterRole NAME` or
//! `Role NAMESPACE/NAME`, then ` label KEY`, ` aggregate LABEL`, ` rule GROUPS RESOURCES VERBS [NAMES]` and
//! ` path URLS VERBS`; `ClusterRoleBinding NAME KIND ROLE`, then ` KIND [NAMESPACE/]SUBJECT`. `''` is the empty text.

use objects::{Value, value};

const TABLE: &str = include_str!("rbac.txt");
const GROUP: &str = "rbac.authorization.k8s.io";

/// All of them, in the table's order.
pub(super) fn objects() -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for line in TABLE.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if !line.starts_with(' ') {
            found.extend(object(&words));
        } else if let Some(last) = found.last_mut() {
            part(last, &words);
        }
    }
    found
}

fn object(words: &[&str]) -> Option<Value> {
    let (kind, full, role) = match words {
        [kind, full] => (kind, full, None),
        [kind, full, role_kind, role] => (kind, full, Some((role_kind, role))),
        _ => return None,
    };
    let (namespace, name) = full.split_once('/').unwrap_or(("", full));
    let mut o = value!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": (*kind),
        "metadata": {
            "name": (name), "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
            "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}
        }
    });
    if !namespace.is_empty() {
        o.set_at(&["metadata", "namespace"], namespace);
    }
    match role {
        Some((kind, name)) => {
            o.set("roleRef", value!({"apiGroup": (GROUP), "kind": (*kind), "name": (*name)}));
        }
        None => o.set("rules", Value::Null),
    }
    Some(o)
}

fn part(o: &mut Value, words: &[&str]) {
    match words {
        ["label", key] => o.set_at(&["metadata", "labels", key], "true"),
        ["aggregate", label] => {
            let selectors = o.at_mut(&["aggregationRule", "clusterRoleSelectors"]).list_mut();
            selectors.push(Value::Map(
                [("matchLabels", Value::Map([(*label, "true")].into_iter().collect()))].into_iter().collect(),
            ));
        }
        ["path", urls, verbs] => {
            let rule = value!({"nonResourceURLs": (list(urls)), "verbs": (list(verbs))});
            o.map_mut().entry("rules").list_mut().push(rule);
        }
        ["rule", groups, resources, verbs, names @ ..] => {
            let mut rule =
                value!({"apiGroups": (list(groups)), "resources": (list(resources)), "verbs": (list(verbs))});
            if let [names] = names {
                rule.set("resourceNames", list(names));
            }
            o.map_mut().entry("rules").list_mut().push(rule);
        }
        ["ServiceAccount", full] => {
            let (namespace, name) = full.split_once('/').unwrap_or(("", full));
            let subject = value!({"kind": "ServiceAccount", "name": (name), "namespace": (namespace)});
            o.map_mut().entry("subjects").list_mut().push(subject);
        }
        [kind, name] => {
            let subject = value!({"apiGroup": (GROUP), "kind": (*kind), "name": (*name)});
            o.map_mut().entry("subjects").list_mut().push(subject);
        }
        _ => {}
    }
}

fn list(words: &str) -> Value {
    words.split(',').map(|w| Value::from(if w == "''" { "" } else { w })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_understood() {
        let all = objects();
        let of = |kind: &str| all.iter().filter(|o| o.kind() == kind).count();
        assert_eq!(
            (of("ClusterRole"), of("ClusterRoleBinding"), of("Role"), of("RoleBinding")),
            (70, 51, 7, 7)
        );
        let rules: usize = all.iter().map(|o| o["rules"].items().len()).sum();
        assert_eq!(rules, 394);
        let view = all.iter().find(|o| o.name() == "view").expect("there");
        assert_eq!(
            view["aggregationRule"]["clusterRoleSelectors"],
            value!([{"matchLabels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}])
        );
        assert!(
            all.iter().filter(|o| !o["roleRef"].is_null()).all(|o| !o["roleRef"]["name"].text().is_empty())
        );
    }
}
