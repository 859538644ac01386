//! `kubectl create role` and `clusterrole`

use objects::resources::{CLUSTERROLES, ROLES, Resource};
use objects::{Value, value};
use ordered::Sort as _;

use super::{GENERATOR, generate, named, texts};
use crate::command::{Command, one_name};
use crate::error::{Error, Result, fail};
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    flag("verb", Kind::Words, "", "verb of the rule"),
    flag("resource", Kind::Words, "", "resource of the rule"),
    flag("resource-name", Kind::Texts, "", "name the rule is limited to, repeatable"),
];
static CLUSTER_FLAGS: &[Flag] = &[
    flag("non-resource-url", Kind::Words, "", "path such as /healthz"),
    flag("aggregation-rule", Kind::Words, "", "label=value of the roles to join"),
];

pub static ROLE: Command = Command {
    name: "role",
    usage: "NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename]",
    short: "A set of rights in one namespace",
    flags: &[FLAGS, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
    run: Some(|k, a| Box::pin(run(k, a, false))),
    ..Command::NONE
};

pub static CLUSTERROLE: Command = Command {
    name: "clusterrole",
    usage: "NAME --verb=verb --resource=resource.group [--resource-name=resourcename]",
    short: "A set of rights for the whole cluster",
    flags: &[FLAGS, CLUSTER_FLAGS, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
    run: Some(|k, a| Box::pin(run(k, a, true))),
    ..Command::NONE
};

const STANDARD: [&str; 14] = [
    "*",
    "get",
    "delete",
    "list",
    "create",
    "update",
    "patch",
    "watch",
    "proxy",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
];
const OF_URLS: [&str; 8] = ["*", "get", "post", "put", "delete", "patch", "head", "options"];

/// What verbs of their own may be about.
const SPECIAL: [(&str, &[&str]); 4] = [
    ("use", &["podsecuritypolicies.policy", "podsecuritypolicies.extensions"]),
    ("bind", &["roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"]),
    ("escalate", &["roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"]),
    ("impersonate", &["users", "serviceaccounts", "groups", "userextras.authentication.k8s.io"]),
];

fn deduped(words: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for w in words {
        if !out.contains(&w) {
            out.push(w);
        }
    }
    out
}

async fn run(k: &Kubectl, args: &Args, cluster: bool) -> Result<()> {
    let name = one_name(args)?;
    let resource: &Resource = if cluster { CLUSTERROLES } else { ROLES };
    let mut verbs = deduped(args.list("verb"));
    if verbs.iter().any(|v| v == "*") {
        verbs = vec!["*".into()];
    }
    let wanted = args.list("resource");
    let urls = args.list("non-resource-url");
    let mut role = named(resource, &name);
    let aggregated = args.list("aggregation-rule");
    if !aggregated.is_empty() {
        if !verbs.is_empty() || !wanted.is_empty() || !urls.is_empty() || args.changed("resource-name") {
            return fail(
                "aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames",
            );
        }
        let mut labels = Value::map();
        for a in &aggregated {
            let Some((key, v)) = a.split_once('=') else {
                return fail(format!(
                    "invalid argument \"{a}\" for \"--aggregation-rule\" flag: malformed pair, expect string=string\nSee 'kubectl create clusterrole --help' for usage."
                ));
            };
            labels.set(key, v);
        }
        role.set("aggregationRule", value!({"clusterRoleSelectors": [{"matchLabels": (labels)}]}));
        role.set("rules", Value::Null);
        return generate(k, args, resource, role, "").await;
    }
    if verbs.is_empty() {
        return fail("at least one verb must be specified");
    }
    if wanted.is_empty() && (!cluster || urls.is_empty()) {
        return fail(if cluster {
            "one of resource or nonResourceURL must be specified"
        } else {
            "at least one resource must be specified"
        });
    }
    if !wanted.is_empty() {
        for v in &verbs {
            if !STANDARD.contains(&v.as_str()) {
                k.warn(&format!("'{v}' is not a standard resource verb"));
            }
        }
    }
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    let mut checking = true;
    for w in &wanted {
        let (body, sub) = w.split_once('/').map_or((w.as_str(), ""), |(b, s)| (b, s));
        let (mut plural, mut group) = body
            .split_once('.')
            .map_or((body.to_owned(), String::new()), |(r, g)| (r.to_owned(), g.to_owned()));
        if plural.is_empty() {
            return fail("resource must be specified if apiGroup/subresource specified");
        }
        if plural == "*" {
            checking = false;
            if body == w && !body.contains('.') {
                groups = vec![(String::new(), vec!["*".into()])];
                break;
            }
        }
        let found = if plural == "*" { None } else { k.resource(body).await.ok() };
        if let Some(r) = &found {
            (plural, group) = (r.plural.to_string(), r.group.to_string());
        }
        let id = if group.is_empty() { plural.clone() } else { format!("{plural}.{group}") };
        let mut known = found.is_some();
        for (_, about) in SPECIAL.iter().filter(|(v, _)| checking && verbs.iter().any(|x| x == v)) {
            if !about.contains(&id.as_str()) {
                let verb = SPECIAL.iter().find(|(v, a)| a == about && verbs.iter().any(|x| x == v));
                let verb = verb.map_or("", |(v, _)| v);
                return fail(format!("can not perform '{verb}' on '{plural}' in group '{group}'"));
            }
            known = true;
        }
        if checking && !known {
            let mut text = format!("the server doesn't have a resource type \"{plural}\"");
            if !group.is_empty() {
                text.push_str(&format!(" in group \"{group}\""));
            }
            return Err(Error::Plain(text));
        }
        let full = if sub.is_empty() { plural } else { format!("{plural}/{sub}") };
        match groups.iter_mut().find(|(g, _)| *g == group) {
            Some((_, list)) if list.contains(&full) => {}
            Some((_, list)) => list.push(full),
            None => groups.push((group, vec![full])),
        }
    }
    for v in &verbs {
        if !urls.is_empty() && !OF_URLS.contains(&v.as_str()) {
            return fail(format!("invalid verb: '{v}' for nonResourceURL"));
        }
    }
    for u in &urls {
        if !u.starts_with('/') && u != "*" {
            return fail("nonResourceURL should start with /");
        }
        if u[..u.len() - 1].contains('*') && u != "*" {
            return fail("nonResourceURL only supports wildcard matches when '*' is at the end");
        }
    }
    groups.arrange();
    let names = deduped(args.list("resource-name"));
    let mut rules: Vec<Value> = Vec::new();
    for (group, list) in groups {
        let mut rule =
            value!({"apiGroups": [(group)], "resources": (texts(&list)), "verbs": (texts(&verbs))});
        if !names.is_empty() {
            rule.set("resourceNames", texts(&names));
        }
        rules.push(rule);
    }
    if !urls.is_empty() {
        rules.push(value!({"nonResourceURLs": (texts(&urls)), "verbs": (texts(&verbs))}));
    }
    role.set("rules", Value::List(rules.into()));
    generate(k, args, resource, role, "").await
}
