//! `kubectl rollout undo`

use client::{Body, PatchType};
use objects::{Value, json, value};

use super::history::{Revision, revisions};
use super::targets;
use crate::change::Change;
use crate::error::{Error, Result, fail};
use crate::finder::Info;
use crate::flags::Args;
use crate::session::{DryRun, Kubectl};
use crate::verbs::create::LAST_APPLIED;

const KEPT: [&str; 6] = [
    LAST_APPLIED,
    "deployment.kubernetes.io/revision",
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];

/// # Errors
/// A revision that is not there, a paused deployment.
pub async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let (infos, mut errors) = targets(k, args).await?;
    let change = Change::of(k, args, "rolled back", "kubectl-rollout")?;
    for i in &infos {
        if let Err(e) = one(k, args, i, &change).await {
            errors.push(e);
        }
    }
    Error::of_all(errors)
}

async fn one(k: &Kubectl, args: &Args, i: &Info, change: &Change<'_>) -> Result<()> {
    let wanted = args.int("to-revision");
    let all = match revisions(k, i).await {
        Ok(all) => all,
        Err(_) => {
            let (r, kind) = (&i.resource, crate::finder::group_kind(&i.resource));
            return fail(format!(
                "error retrieving rollbacker for \"{kind}\", no visitor method exists for {{{} {}}}",
                r.group, r.kind
            ));
        }
    };
    if !i.object.annotations()[LAST_APPLIED].is_null() {
        k.complain(format!(
            "Warning: resource {}/{} was previously managed with 'kubectl apply'. Rolling back will not update the {LAST_APPLIED} annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.",
            i.resource.plural, i.name
        ));
    }
    let deployment = i.resource.kind == "Deployment";
    if deployment && i.object["spec"]["paused"].is_true() {
        return fail(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
        );
    }
    let target = pick(i, &all, wanted)?;
    let printed = |what: &str| change.printer.print_made(&i.object, what);
    if change.dry == DryRun::Client {
        let mut page = crate::describe::Page::new(k.client.now());
        crate::describe::pod_template(&mut page, &target.template);
        k.out(&printed(&format!("{} (dry run)", page.raw()))?);
        return Ok(());
    }
    let same = if deployment {
        crate::describe::same_template(&target.template, &i.object["spec"]["template"])
    } else {
        target.template == i.object["spec"]["template"]
    };
    if same {
        k.out(&printed(&format!(
            "skipped rollback (current template already matches revision {})",
            target.number
        ))?);
        return Ok(());
    }
    let (kind, body) = if deployment {
        (PatchType::Json, backwards(i, target))
    } else {
        (PatchType::Strategic, target.object["data"].clone())
    };
    match change.send(k, i, kind, Body::Text(json::to_string(&body))).await {
        Ok(_) => k.out(&printed(&format!("rolled back{}", change.dry.suffix()))?),
        Err(e) => return fail(format!("failed restoring revision {wanted}: {}", e.message())),
    }
    Ok(())
}

fn pick<'a>(i: &Info, all: &'a [Revision], wanted: i64) -> Result<&'a Revision> {
    if wanted > 0 {
        return match all.iter().find(|r| r.number == wanted) {
            Some(r) => Ok(r),
            None => fail(format!("unable to find specified revision {wanted} in history")),
        };
    }
    match all {
        [.., previous, _] => Ok(previous),
        _ if i.resource.kind == "Deployment" => {
            fail(format!("no rollout history found for deployment \"{}\"", i.name))
        }
        _ => fail("no last revision to roll back to"),
    }
}

/// The JSON patch that puts a ReplicaSet's template and annotations into its deployment.
fn backwards(i: &Info, target: &Revision) -> Value {
    let mut template = target.template.clone();
    template.remove_at(&["metadata", "labels", "pod-template-hash"]);
    let mut annotations = Value::map();
    for (key, v) in i.object.annotations().entries() {
        if KEPT.contains(&key.as_str()) {
            annotations.set(key.clone(), v.clone());
        }
    }
    for (key, v) in target.object.annotations().entries() {
        if !KEPT.contains(&key.as_str()) {
            annotations.set(key.clone(), v.clone());
        }
    }
    value!([
        {"op": "replace", "path": "/spec/template", "value": (template)},
        {"op": "replace", "path": "/metadata/annotations", "value": (annotations)}
    ])
}
