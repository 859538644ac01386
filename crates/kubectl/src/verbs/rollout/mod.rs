//! `kubectl rollout`
//!
//! Models `k8s.io/kubectl/pkg/cmd/rollout` and `k8s.io/kubectl/pkg/polymorphichelpers`.

use crate::change::Change;
use crate::command::{Command, DRY_RUN, FIELD_MANAGER, FILES, OUTPUT, SELECTOR};
use crate::error::{Error, Result, fail};
use crate::finder::{Find, Info};
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::{DryRun, Kubectl};
use crate::verbs::create::manager;
use objects::Value;

pub mod history;
pub mod status;
pub mod undo;

static HISTORY_FLAGS: &[Flag] = &[flag("revision", Kind::Int, "0", "show this revision in detail")];
static UNDO_FLAGS: &[Flag] =
    &[flag("to-revision", Kind::Int, "0", "revision to go back to; 0: the last one")];
static STATUS_FLAGS: &[Flag] = &[
    flag("revision", Kind::Int, "0", "wait for this revision"),
    flag("timeout", Kind::Duration, "0s", "how long to wait; 0: for ever"),
    short_watch(),
];

const fn short_watch() -> Flag {
    crate::flags::short('w', "watch", Kind::Bool, "true", "wait until the rollout is done")
}

pub static COMMAND: Command = Command {
    name: "rollout",
    usage: "SUBCOMMAND",
    short: "Watch, pause, restart or take back an update",
    commands: &[
        &Command {
            name: "history",
            usage: "(TYPE NAME | TYPE/NAME)",
            short: "List the revisions of a workload",
            flags: &[HISTORY_FLAGS, FILES, SELECTOR, OUTPUT],
            run: Some(|k, a| Box::pin(history::run(k, a))),
            ..Command::NONE
        },
        &Command {
            name: "pause",
            usage: "RESOURCE",
            short: "Hold an update",
            flags: &[FILES, SELECTOR, OUTPUT, FIELD_MANAGER],
            run: Some(|k, a| Box::pin(each(k, a, "paused", pause))),
            ..Command::NONE
        },
        &Command {
            name: "restart",
            usage: "RESOURCE",
            short: "Replace all pods of a workload, step by step",
            flags: &[FILES, SELECTOR, OUTPUT, FIELD_MANAGER],
            run: Some(|k, a| Box::pin(each(k, a, "restarted", restart))),
            ..Command::NONE
        },
        &Command {
            name: "resume",
            usage: "RESOURCE",
            short: "Go on with a held update",
            flags: &[FILES, SELECTOR, OUTPUT, FIELD_MANAGER],
            run: Some(|k, a| Box::pin(each(k, a, "resumed", resume))),
            ..Command::NONE
        },
        &Command {
            name: "status",
            usage: "(TYPE NAME | TYPE/NAME)",
            short: "Follow an update to its end",
            flags: &[STATUS_FLAGS, FILES, SELECTOR],
            run: Some(|k, a| Box::pin(status::run(k, a))),
            ..Command::NONE
        },
        &Command {
            name: "undo",
            usage: "(TYPE NAME | TYPE/NAME)",
            short: "Go back to an earlier revision",
            flags: &[UNDO_FLAGS, FILES, SELECTOR, DRY_RUN, OUTPUT],
            run: Some(|k, a| Box::pin(undo::run(k, a))),
            ..Command::NONE
        },
    ],
    ..Command::NONE
};

/// The objects meant by arguments, `-f` or `-l`.
///
/// # Errors
/// None meant.
pub async fn targets(k: &Kubectl, args: &Args) -> Result<(Vec<Info>, Vec<Error>)> {
    let (infos, errors) = quiet_targets(k, args).await?;
    if infos.is_empty() && errors.is_empty() {
        k.complain(format!("No resources found in {} namespace.", k.namespace));
    }
    Ok((infos, errors))
}

/// As [`targets`], but nothing is said when there are none.
///
/// # Errors
/// None meant.
pub async fn quiet_targets(k: &Kubectl, args: &Args) -> Result<(Vec<Info>, Vec<Error>)> {
    let find = Find { latest: true, type_is_enough: true, ..Find::of(args) };
    if find.is_empty() {
        return fail("required resource not specified");
    }
    let (infos, errors, _) = k.infos(&find).await?;
    Ok((infos, errors))
}

type Edit = fn(&Kubectl, &mut Value) -> std::result::Result<(), &'static str>;

async fn each(k: &Kubectl, args: &Args, done: &'static str, edit: Edit) -> Result<()> {
    let (infos, mut errors) = targets(k, args).await?;
    let mut change = Change::of(k, args, done, manager(args, "kubectl-rollout"))?;
    change.dry = DryRun::None;
    change.failing = "failed to patch: ";
    for i in infos {
        let mut new = i.object.clone();
        match edit(k, &mut new) {
            Ok(()) => {
                if new == i.object && done == "restarted" {
                    errors.push(Error::Plain(format!(
                        "failed to create patch for {}: if restart has already been triggered within the past second, please wait before attempting to trigger another",
                        i.name
                    )));
                } else if let Err(e) = change.apply(k, &i, &new).await {
                    errors.push(e);
                }
            }
            Err(why) => {
                errors.push(Error::Plain(format!(
                    "error: {} \"{}\" {why}",
                    crate::finder::resource_name(&i.resource),
                    i.name
                )));
            }
        }
    }
    Error::of_all(errors)
}

fn pause(_: &Kubectl, o: &mut Value) -> std::result::Result<(), &'static str> {
    match o.kind() {
        "Deployment" if o["spec"]["paused"].is_true() => Err("is already paused"),
        "Deployment" => {
            o.set_at(&["spec", "paused"], true);
            Ok(())
        }
        _ => Err("pausing is not supported"),
    }
}

fn resume(_: &Kubectl, o: &mut Value) -> std::result::Result<(), &'static str> {
    match o.kind() {
        "Deployment" if !o["spec"]["paused"].is_true() => Err("is not paused"),
        "Deployment" => {
            o.remove_at(&["spec", "paused"]);
            Ok(())
        }
        _ => Err("resuming is not supported"),
    }
}

fn restart(k: &Kubectl, o: &mut Value) -> std::result::Result<(), &'static str> {
    match o.kind() {
        "Deployment" if o["spec"]["paused"].is_true() => {
            Err("can't restart paused deployment (run rollout resume first)")
        }
        "Deployment" | "DaemonSet" | "StatefulSet" => {
            let path = ["spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"];
            o.set_at(&path, k.client.now().rfc3339());
            Ok(())
        }
        _ => Err("restarting is not supported"),
    }
}
