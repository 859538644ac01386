//! Nobody grants rights they do not hold: roles and bindings are checked against their writer's own rules.
//!
//! Models `pkg/registry/rbac/*/policybased` and `k8s.io/component-helpers/auth/rbac/validation` (Covers).

use objects::{Status, Str, Value, value};
use ordered::Sort as _;

use super::{Attributes, MASTERS, User, user};
use crate::server::{ApiServer, Cx};

const AUTHENTICATION: &str = "authentication.k8s.io";

impl ApiServer {
    /// Refuses a role or binding that would grant more than its writer holds.
    pub(crate) fn check_escalation(&self, cx: &Cx<'_>, new: &Value, old: &Value) -> Result<(), Status> {
        let kind = cx.resource.kind.as_str();
        if cx.resource.group != "rbac.authorization.k8s.io" || super::is_trusted(cx.caller, cx.request) {
            return Ok(());
        }
        let user = user(cx.caller, cx.request);
        if user.groups.iter().any(|g| g == MASTERS) || (!old.is_null() && is_same(new, old)) {
            return Ok(());
        }
        let is_binding = kind.ends_with("Binding");
        let may = |verb: &str, resource: &str, name: &str| {
            let wanted = Attributes {
                verb: verb.into(),
                group: cx.resource.group.clone(),
                resource: resource.into(),
                namespace: Str::from(cx.namespace()),
                name: name.into(),
                path: Str::default(),
            };
            self.may(&user, &wanted).is_some()
        };
        let rules = if is_binding {
            let role = &new["roleRef"];
            let (resource, namespace) = match role["kind"].text() {
                "ClusterRole" => ("clusterroles", ""),
                _ => ("roles", cx.namespace()),
            };
            let name = role["name"].text();
            if may("bind", resource, name) {
                return Ok(());
            }
            let id = format!("{resource}.{}", cx.resource.group);
            match self.get(&id, namespace, name) {
                Some(role) => role["rules"].clone(),
                None => {
                    return Err(Status::not_found(&cx.resource.group, resource, name));
                }
            }
        } else {
            if may("escalate", &cx.resource.plural, new.name()) {
                return Ok(());
            }
            new["rules"].clone()
        };
        let refuse =
            |why: &str| Err(Status::forbidden(&cx.resource.group, &cx.resource.plural, new.name(), why));
        let held = self.rules_of(&user, cx.namespace());
        let missing = missing(&held, rules.items());
        if !missing.is_empty() {
            return refuse(&denied(&user, &missing));
        }
        let aggregates = !is_binding && !new["aggregationRule"].is_null();
        let all = [
            value!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}),
            value!({"nonResourceURLs": ["*"], "verbs": ["*"]}),
        ];
        if aggregates && !self::missing(&held, &all).is_empty() {
            return refuse("must have cluster-admin privileges to use the aggregationRule");
        }
        Ok(())
    }

    /// Refuses to act as somebody whom the caller may not act as.
    pub(crate) fn check_impersonation(
        &self,
        cx: &client::Caller,
        request: &client::Request,
    ) -> Result<(), Status> {
        let Some(wanted) = &request.options.impersonate else { return Ok(()) };
        let mut own = request.clone();
        own.options.impersonate = None;
        if super::is_trusted(cx, &own) {
            return Ok(());
        }
        let user = user(cx, &own);
        let ask = |group: &str, resource: &str, namespace: &str, name: &str| {
            let wanted = Attributes {
                verb: "impersonate".into(),
                group: group.into(),
                resource: resource.into(),
                namespace: namespace.into(),
                name: name.into(),
                path: Str::default(),
            };
            if self.may(&user, &wanted).is_some() {
                return Ok(());
            }
            let scope = if namespace.is_empty() {
                "at the cluster scope".to_owned()
            } else {
                format!("in the namespace \"{namespace}\"")
            };
            let why = format!(
                "User \"{}\" cannot impersonate resource \"{resource}\" in API group \"{group}\" {scope}",
                user.name
            );
            Err(Status::forbidden(group, resource, name, &why))
        };
        match wanted.user.strip_prefix(super::ACCOUNT_PREFIX).and_then(|rest| rest.split_once(':')) {
            Some((namespace, account)) => ask("", "serviceaccounts", namespace, account)?,
            None => ask("", "users", "", &wanted.user)?,
        }
        wanted.groups.iter().try_for_each(|g| ask("", "groups", "", g))?;
        for (key, values) in &wanted.identity.extra {
            values.iter().try_for_each(|v| ask(AUTHENTICATION, &format!("userextras/{key}"), "", v))?;
        }
        match wanted.identity.uid.as_str() {
            "" => Ok(()),
            uid => ask(AUTHENTICATION, "uids", "", uid),
        }
    }
}

/// True when a write changes nothing but what the garbage collector needs.
fn is_same(new: &Value, old: &Value) -> bool {
    ["rules", "aggregationRule", "roleRef", "subjects"].iter().all(|k| new[*k] == old[*k])
        && new.labels() == old.labels()
        && new.annotations() == old.annotations()
}

fn denied(user: &User, missing: &[String]) -> String {
    let groups: Vec<String> = user.groups.iter().map(|g| format!("\"{g}\"")).collect();
    format!(
        "user \"{}\" (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}",
        user.name,
        groups.join(" "),
        missing.join("\n")
    )
}

/// The parts of `wanted` that no held rule covers, described; each once, sorted.
fn missing(held: &[Value], wanted: &[Value]) -> Vec<String> {
    // Verbs on one resource share a line.
    let mut lines: Vec<Value> = Vec::new();
    for part in wanted.iter().flat_map(broken_down) {
        if held.iter().any(|h| holds(h, &part)) {
            continue;
        }
        let same = |l: &&mut Value| {
            ["apiGroups", "resources", "resourceNames", "nonResourceURLs"].iter().all(|k| l[*k] == part[*k])
        };
        match lines.iter_mut().find(same).filter(|l| l["nonResourceURLs"].is_null()) {
            Some(line) => line.map_mut().entry("verbs").list_mut().push(part["verbs"][0].clone()),
            None => lines.push(part),
        }
    }
    let mut out: Vec<String> = lines.iter().map(described).collect();
    out.arrange();
    out
}

/// A rule as rules of one verb, one group, one resource and one name each.
fn broken_down(rule: &Value) -> Vec<Value> {
    let mut out = Vec::new();
    for verb in rule["verbs"].items() {
        for url in rule["nonResourceURLs"].items() {
            out.push(value!({"nonResourceURLs": [(url)], "verbs": [(verb)]}));
        }
        for group in rule["apiGroups"].items() {
            for resource in rule["resources"].items() {
                let one = value!({"apiGroups": [(group)], "resources": [(resource)], "verbs": [(verb)]});
                let names = rule["resourceNames"].items();
                if names.is_empty() {
                    out.push(one);
                } else {
                    out.extend(names.iter().map(|n| {
                        let mut named = one.clone();
                        named.set("resourceNames", value!([(n)]));
                        named
                    }));
                }
            }
        }
    }
    out
}

/// Whether a held rule covers a rule of one of each.
fn holds(held: &Value, part: &Value) -> bool {
    let has = |key: &str, word: &str| held[key].items().iter().any(|w| *w == *word || *w == *"*");
    if !has("verbs", part["verbs"][0].text()) {
        return false;
    }
    let url = part["nonResourceURLs"][0].text();
    if !url.is_empty() {
        return held["nonResourceURLs"].items().iter().any(|h| match h.text().strip_suffix('*') {
            Some(prefix) => url.starts_with(prefix),
            None => h.text() == url,
        });
    }
    let resource = part["resources"][0].text();
    let sub = resource.split_once('/').map(|(_, sub)| format!("*/{sub}"));
    let resource_held = has("resources", resource)
        || sub.is_some_and(|s| held["resources"].items().iter().any(|r| r.text() == s));
    let names = held["resourceNames"].items();
    has("apiGroups", part["apiGroups"][0].text())
        && resource_held
        && (names.is_empty() || names.contains(&part["resourceNames"][0]))
}

/// `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`
fn described(rule: &Value) -> String {
    let parts = [
        ("APIGroups", "apiGroups"),
        ("Resources", "resources"),
        ("NonResourceURLs", "nonResourceURLs"),
        ("ResourceNames", "resourceNames"),
        ("Verbs", "verbs"),
    ];
    let texts: Vec<String> = parts
        .iter()
        .filter(|(_, key)| !rule[*key].items().is_empty())
        .map(|(shown, key)| {
            let words: Vec<String> =
                rule[*key].items().iter().map(|w| objects::json::go_quote(w.text())).collect();
            format!("{shown}:[{}]", words.join(" "))
        })
        .collect();
    format!("{{{}}}", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_held_is_named() {
        let held = [value!({"apiGroups": [""], "resources": ["pods", "*/scale"], "verbs": ["get", "list"]})];
        let cases = [
            (value!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}), vec![]),
            (
                value!({"apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"], "verbs": ["get"]}),
                vec![],
            ),
            (value!({"apiGroups": [""], "resources": ["services/scale"], "verbs": ["get"]}), vec![]),
            (
                value!({"apiGroups": ["", "apps"], "resources": ["pods"], "verbs": ["get", "delete"]}),
                vec![
                    r#"{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}"#,
                    r#"{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "delete"]}"#,
                ],
            ),
            (
                value!({"nonResourceURLs": ["/metrics"], "verbs": ["get"]}),
                vec![r#"{NonResourceURLs:["/metrics"], Verbs:["get"]}"#],
            ),
        ];
        for (rule, want) in cases {
            assert_eq!(missing(&held, &[rule]), want);
        }
    }
}
