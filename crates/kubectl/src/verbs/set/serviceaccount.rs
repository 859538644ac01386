//! `kubectl set serviceaccount`

use super::COMMON;
use crate::change::{Change, no_template, objects, pod_spec_path};
use crate::command::Command;
use crate::error::{Error, Result, fail};
use crate::flags::Args;
use crate::session::Kubectl;
use crate::verbs::create::manager;

pub static COMMAND: Command = Command {
    name: "serviceaccount",
    aliases: &["sa"],
    usage: "(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT",
    short: "Change the service account of pods",
    flags: &[COMMON[0], COMMON[1], COMMON[3], COMMON[4], COMMON[5]],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let mut change = Change::of(k, args, "serviceaccount updated", manager(args, "kubectl-set"))?;
    change.failing = "failed to patch ServiceAccountName ";
    let Some((account, resources)) = args.args.split_last() else {
        return fail("serviceaccount is required");
    };
    let mut errors = Vec::new();
    for i in objects(k, args, resources.to_vec()).await? {
        let mut new = i.object.clone();
        let Some(spec) = pod_spec_path(i.object.kind()).and_then(|p| new.find_mut(p)) else {
            errors.push(no_template(&i, change.local));
            continue;
        };
        spec.set("serviceAccountName", account.as_str());
        if spec.find("serviceAccount").is_some() {
            spec.set("serviceAccount", account.as_str());
        }
        if let Err(e) = change.always(k, &i, &new).await {
            errors.push(e);
        }
    }
    Error::of_all(errors)
}
