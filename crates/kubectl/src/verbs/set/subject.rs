//! `kubectl set subject`

use objects::{Value, value};

use super::COMMON;
use crate::change::{Change, objects, unfit};
use crate::command::Command;
use crate::error::{Error, Result, fail};
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;
use crate::verbs::create::manager;

static FLAGS: &[Flag] = &[
    flag("user", Kind::Texts, "", "user to bind to, repeatable"),
    flag("group", Kind::Texts, "", "group to bind to, repeatable"),
    flag("serviceaccount", Kind::Texts, "", "namespace:name to bind to, repeatable"),
];

pub static COMMAND: Command = Command {
    name: "subject",
    usage: "(-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname]",
    short: "Add people to a binding",
    flags: &[FLAGS, COMMON[0], COMMON[1], COMMON[2], COMMON[3], COMMON[4], COMMON[5]],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let mut change = Change::of(k, args, "subjects updated", manager(args, "kubectl-set"))?;
    change.failing = "failed to patch subjects to rolebinding: ";
    let infos = objects(k, args, args.args.clone()).await?;
    if args.is("all") && !args.text("selector").is_empty() {
        return fail("cannot set --all and --selector at the same time");
    }
    let sorted = |flag: &str| ordered::BTreeSet::from_iter(args.list(flag));
    let mut wanted: Vec<Value> = Vec::new();
    for (flag, kind) in [("user", "User"), ("group", "Group")] {
        for name in sorted(flag) {
            wanted.push(value!({"apiGroup": "rbac.authorization.k8s.io", "kind": (kind), "name": (name)}));
        }
    }
    for s in sorted("serviceaccount") {
        let Some((ns, name)) = s.split_once(':').filter(|(_, n)| !n.is_empty() && !n.contains(':')) else {
            return fail("serviceaccount must be <namespace>:<name>");
        };
        if ns.is_empty() && infos.iter().any(|i| i.resource.kind == "ClusterRoleBinding") {
            return fail("serviceaccount must be <namespace>:<name>, namespace must be specified");
        }
        let ns = if ns.is_empty() { k.namespace.as_str() } else { ns };
        wanted.push(value!({"kind": "ServiceAccount", "name": (name), "namespace": (ns)}));
    }
    if wanted.is_empty() {
        return fail("you must specify at least one value of user, group or serviceaccount");
    }
    let mut errors = Vec::new();
    for i in infos {
        if !matches!(i.resource.kind.as_str(), "RoleBinding" | "ClusterRoleBinding") {
            let why = "setting subjects is only supported for RoleBinding/ClusterRoleBinding";
            errors.push(unfit(&i, change.local, why));
            continue;
        }
        let mut all = i.object["subjects"].items().to_vec();
        for w in &wanted {
            if !all.contains(w) {
                all.push(w.clone());
            }
        }
        let mut new = i.object.clone();
        new.set("subjects", Value::List(all.into()));
        if let Err(e) = change.apply(k, &i, &new).await {
            errors.push(e);
        }
    }
    Error::of_all(errors)
}
