//! `kubectl set resources`

use objects::Value;

use super::COMMON;
use crate::change::{Change, each_container, no_template, objects, pod_spec_path};
use crate::command::Command;
use crate::error::{Error, Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::Kubectl;
use crate::verbs::create::manager;
use crate::verbs::create::quota::resource_list;

static FLAGS: &[Flag] = &[
    short('c', "containers", Kind::Text, "*", "names of the containers, * for all"),
    flag("limits", Kind::Text, "", "cpu=200m,memory=512Mi"),
    flag("requests", Kind::Text, "", "cpu=100m,memory=256Mi"),
];

pub static COMMAND: Command = Command {
    name: "resources",
    usage: "(-f FILENAME | TYPE NAME) ([--limits=LIMITS & --requests=REQUESTS]",
    short: "Change requests and limits",
    flags: &[FLAGS, COMMON[0], COMMON[1], COMMON[2], COMMON[3], COMMON[4], COMMON[5]],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let mut change = Change::of(k, args, "resource requirements updated", manager(args, "kubectl-set"))?;
    change.failing = "failed to patch resources update to pod template ";
    let infos = objects(k, args, args.args.clone()).await?;
    if args.is("all") && !args.text("selector").is_empty() {
        return fail("cannot set --all and --selector at the same time");
    }
    if args.text("limits").is_empty() && args.text("requests").is_empty() {
        return fail("you must specify an update to requests or limits (in the form of --requests/--limits)");
    }
    let list = |name: &str| {
        if args.text(name).is_empty() { Ok(Value::map()) } else { resource_list(args.text(name)) }
    };
    let (limits, requests) = (list("limits")?, list("requests")?);
    let pattern = args.text("containers");
    let (mut errors, mut refused, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for i in infos {
        if pod_spec_path(i.object.kind()).is_none() {
            refused.push(no_template(&i, change.local));
            continue;
        }
        let mut new = i.object.clone();
        let found = each_container(&mut new, pattern, &mut |c| {
            for (field, list) in [("limits", &limits), ("requests", &requests)] {
                for (name, q) in list.entries() {
                    c.set_at(&["resources", field, name], q.clone());
                }
            }
        });
        if found == 0 {
            errors.push(Error::Text(format!("error: unable to find container named {pattern}")));
            continue;
        }
        changed.push((i, new));
    }
    for (i, new) in changed {
        if let Err(e) = change.apply(k, &i, &new).await {
            errors.push(e);
        }
    }
    errors.append(&mut refused);
    Error::of_all(errors)
}
