//! RBAC: a request is allowed when a rule bound to its user, or to one of their groups, covers it.
//!
//! Models `plugin/pkg/auth/authorizer/rbac`. The rules of aggregated roles are written into them by a controller.

use objects::{Str, Value};
use smol_str::format_smolstr;

use super::{ACCOUNT_PREFIX, Attributes, MASTERS, User};
use crate::server::ApiServer;

const CLUSTER_ROLES: &str = "clusterroles.rbac.authorization.k8s.io";
const ROLES: &str = "roles.rbac.authorization.k8s.io";
const CLUSTER_ROLE_BINDINGS: &str = "clusterrolebindings.rbac.authorization.k8s.io";
const ROLE_BINDINGS: &str = "rolebindings.rbac.authorization.k8s.io";

impl ApiServer {
    /// Why the user may do it, `None` when nothing allows it.
    pub(crate) fn may(&self, user: &User, wanted: &Attributes) -> Option<String> {
        if user.groups.iter().any(|g| g == MASTERS) {
            return Some(String::new());
        }
        self.bound_roles(user, &wanted.namespace)
            .find(|(_, role)| role["rules"].items().iter().any(|rule| covers(rule, wanted)))
            .map(|(binding, role)| reason(user, binding, role))
    }

    /// The rules that hold for a user in a namespace (`""`: in the whole cluster).
    pub(crate) fn rules_of(&self, user: &User, namespace: &str) -> Vec<Value> {
        self.bound_roles(user, namespace)
            .flat_map(|(_, role)| role["rules"].items().iter().cloned())
            .collect()
    }

    /// The bindings that name the user, each with its role.
    fn bound_roles<'a>(
        &'a self,
        user: &'a User,
        namespace: &str,
    ) -> impl Iterator<Item = (&'a Value, &'a Value)> + use<'a> {
        let local = (!namespace.is_empty()).then(|| self.objects(ROLE_BINDINGS, namespace));
        self.objects(CLUSTER_ROLE_BINDINGS, "")
            .chain(local.into_iter().flatten())
            .filter(|b| b["subjects"].items().iter().any(|s| is_subject(s, user)))
            .filter_map(|b| self.role_of(b).map(|role| (b, role)))
    }
}

/// Who may what, as it stands: all bindings with their roles.
pub(crate) struct Rights(Vec<(Value, Value)>);

impl ApiServer {
    pub(crate) fn rights(&self) -> Rights {
        let all = self.objects(CLUSTER_ROLE_BINDINGS, "").chain(self.objects(ROLE_BINDINGS, ""));
        Rights(all.filter_map(|b| Some((b.clone(), self.role_of(b)?.clone()))).collect())
    }

    fn role_of(&self, binding: &Value) -> Option<&Value> {
        let r = &binding["roleRef"];
        match r["kind"].text() {
            "ClusterRole" => self.get(CLUSTER_ROLES, "", r["name"].text()),
            _ => self.get(ROLES, binding.namespace(), r["name"].text()),
        }
    }
}

impl Rights {
    /// Why `user`, or the account that the question is about, may do it; `None` when nothing allows it.
    pub(crate) fn decide(&self, user: &User, is_trusted: bool, asked: &cel::Question) -> Option<String> {
        let account = asked.account.as_ref().map(|(namespace, name)| User {
            name: format_smolstr!("{ACCOUNT_PREFIX}{namespace}:{name}"),
            groups: vec![
                "system:serviceaccounts".into(),
                format_smolstr!("system:serviceaccounts:{namespace}"),
                super::AUTHENTICATED.into(),
            ],
            known: None,
        });
        let user = match &account {
            None if is_trusted || user.groups.iter().any(|g| g == MASTERS) => return Some(String::new()),
            None => user,
            Some(account) => account,
        };
        let wanted = Attributes {
            verb: asked.verb.clone(),
            group: asked.group.clone(),
            resource: match asked.subresource.as_str() {
                "" => asked.resource.clone(),
                sub => format_smolstr!("{}/{sub}", asked.resource),
            },
            namespace: asked.namespace.clone(),
            name: asked.name.clone(),
            path: asked.path.clone(),
        };
        let (binding, role) = self.0.iter().find(|(binding, role)| {
            (binding.namespace().is_empty() || binding.namespace() == wanted.namespace)
                && binding["subjects"].items().iter().any(|s| is_subject(s, user))
                && role["rules"].items().iter().any(|rule| covers(rule, &wanted))
        })?;
        Some(reason(user, binding, role))
    }
}

fn is_subject(subject: &Value, user: &User) -> bool {
    let name = subject["name"].text();
    match subject["kind"].text() {
        "User" => user.name == name,
        "Group" => user.groups.iter().any(|g| g == name),
        "ServiceAccount" => user
            .name
            .strip_prefix(ACCOUNT_PREFIX)
            .and_then(|rest| rest.split_once(':'))
            .is_some_and(|(ns, account)| ns == subject["namespace"].text() && account == name),
        _ => false,
    }
}

fn has(list: &Value, word: &str) -> bool {
    list.items().iter().any(|w| *w == *word || *w == "*")
}

/// Whether one rule allows the request.
pub(super) fn covers(rule: &Value, wanted: &Attributes) -> bool {
    if !has(&rule["verbs"], &wanted.verb) {
        return false;
    }
    if !wanted.path.is_empty() {
        return rule["nonResourceURLs"].items().iter().any(|url| match url.text().strip_suffix('*') {
            Some(prefix) => wanted.path.starts_with(prefix),
            None => *url == *wanted.path,
        });
    }
    let names = rule["resourceNames"].items();
    has(&rule["apiGroups"], &wanted.group)
        && covers_resource(&rule["resources"], &wanted.resource)
        && (names.is_empty() || names.iter().any(|n| *n == *wanted.name))
}

fn covers_resource(list: &Value, resource: &Str) -> bool {
    has(list, resource)
        || resource
            .split_once('/')
            .is_some_and(|(_, sub)| list.items().iter().any(|r| r.text().strip_prefix("*/") == Some(sub)))
}

/// `RBAC: allowed by RoleBinding "read/default" of Role "reader" to User "jane"`
fn reason(user: &User, binding: &Value, role: &Value) -> String {
    let subject = binding["subjects"].items().iter().find(|s| is_subject(s, user));
    let subject = subject.map_or_else(String::new, |s| {
        let name = match s["kind"].text() {
            "ServiceAccount" => format!("{}/{}", s["name"].text(), s["namespace"].text()),
            _ => s["name"].text().to_owned(),
        };
        format!("{} \"{name}\"", s["kind"].text())
    });
    let bound = match binding.namespace() {
        "" => binding.name().to_owned(),
        ns => format!("{}/{ns}", binding.name()),
    };
    format!(
        "RBAC: allowed by {} \"{bound}\" of {} \"{}\" to {subject}",
        binding.kind(),
        role.kind(),
        role.name()
    )
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn rules_cover_what_they_name() {
        let wanted = |verb: &str, group: &str, resource: &str, name: &str| Attributes {
            verb: verb.into(),
            group: group.into(),
            resource: resource.into(),
            name: name.into(),
            ..Attributes::default()
        };
        let pods = value!({"apiGroups": [""], "resources": ["pods", "*/scale"], "verbs": ["get", "list"]});
        let one = value!({"apiGroups": ["*"], "resources": ["*"], "resourceNames": ["a"], "verbs": ["*"]});
        let table = [
            (&pods, wanted("get", "", "pods", "x"), true),
            (&pods, wanted("delete", "", "pods", "x"), false),
            (&pods, wanted("get", "apps", "pods", "x"), false),
            (&pods, wanted("get", "", "pods/log", "x"), false),
            (&pods, wanted("get", "", "replicationcontrollers/scale", "x"), true),
            (&one, wanted("delete", "apps", "deployments", "a"), true),
            (&one, wanted("delete", "apps", "deployments", "b"), false),
            (&one, wanted("list", "apps", "deployments", ""), false),
        ];
        for (rule, wanted, allowed) in table {
            assert_eq!(covers(rule, &wanted), allowed, "{wanted:?}");
        }
        let paths = value!({"nonResourceURLs": ["/healthz", "/api/*"], "verbs": ["get"]});
        let path = |p: &str| Attributes { verb: "get".into(), path: p.into(), ..Attributes::default() };
        assert!(
            covers(&paths, &path("/healthz"))
                && covers(&paths, &path("/api/v1"))
                && !covers(&paths, &path("/metrics"))
        );
    }
}
