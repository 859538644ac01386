//! `kubectl create rolebinding` and `clusterrolebinding`

use objects::resources::{CLUSTERROLEBINDINGS, ROLEBINDINGS};
use objects::{Value, value};

use super::{GENERATOR, generate, named};
use crate::command::{Command, one_name};
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;

static SUBJECTS: &[Flag] = &[
    flag("clusterrole", Kind::Text, "", "cluster role to bind"),
    flag("user", Kind::Texts, "", "user to bind to, repeatable"),
    flag("group", Kind::Texts, "", "group to bind to, repeatable"),
    flag("serviceaccount", Kind::Texts, "", "namespace:name to bind to, repeatable"),
];
static ROLE_FLAG: &[Flag] = &[flag("role", Kind::Text, "", "role to bind")];

pub static ROLEBINDING: Command = Command {
    name: "rolebinding",
    usage: "NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname]",
    short: "Give a role to someone, in one namespace",
    flags: &[SUBJECTS, ROLE_FLAG, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
    run: Some(|k, a| Box::pin(run(k, a, false))),
    ..Command::NONE
};

pub static CLUSTERROLEBINDING: Command = Command {
    name: "clusterrolebinding",
    usage: "NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname]",
    short: "Give a cluster role to someone, everywhere",
    flags: &[SUBJECTS, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
    required: &["clusterrole"],
    run: Some(|k, a| Box::pin(run(k, a, true))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args, cluster: bool) -> Result<()> {
    let name = one_name(args)?;
    let (clusterrole, role) = (args.text("clusterrole"), args.text("role"));
    if !cluster && clusterrole.is_empty() == role.is_empty() {
        return fail("exactly one of clusterrole or role must be specified");
    }
    let (kind, target) = if role.is_empty() { ("ClusterRole", clusterrole) } else { ("Role", role) };
    let mut subjects: Vec<Value> = Vec::new();
    for (flag, kind) in [("user", "User"), ("group", "Group")] {
        for s in args.list(flag) {
            subjects.push(value!({"apiGroup": "rbac.authorization.k8s.io", "kind": (kind), "name": (s)}));
        }
    }
    for s in args.list("serviceaccount") {
        let parts: Vec<&str> = s.split(':').collect();
        let [namespace, account] = parts.as_slice() else {
            return fail("serviceaccount must be <namespace>:<name>");
        };
        if namespace.is_empty() || account.is_empty() {
            return fail("serviceaccount must be <namespace>:<name>");
        }
        subjects.push(value!({"kind": "ServiceAccount", "name": (*account), "namespace": (*namespace)}));
    }
    let (resource, failing) =
        if cluster { (CLUSTERROLEBINDINGS, "clusterrolebinding:") } else { (ROLEBINDINGS, "rolebinding:") };
    let mut b = named(resource, &name);
    b.set("roleRef", value!({"apiGroup": "rbac.authorization.k8s.io", "kind": (kind), "name": (target)}));
    if !subjects.is_empty() {
        b.set("subjects", Value::List(subjects.into()));
    }
    generate(k, args, resource, b, failing).await
}
