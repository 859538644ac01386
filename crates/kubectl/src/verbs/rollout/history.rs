//! `kubectl rollout history`, and the revisions that `undo` goes back to.

use objects::resources::{CONTROLLERREVISIONS, REPLICASETS};
use objects::selector::LabelSelector;
use objects::{Str, Value};
use ordered::Sort as _;

use super::quiet_targets;
use crate::describe::{Page, pod_template};
use crate::error::{Error, Result, fail};
use crate::finder::Info;
use crate::flags::Args;
use crate::printers::Printer;
use crate::session::Kubectl;

/// One revision: a ReplicaSet, or a ControllerRevision.
pub struct Revision {
    pub number: i64,
    pub cause: Str,
    pub template: Value,
    pub object: Value,
}

const CAUSE: &str = "kubernetes.io/change-cause";

/// The revisions of a workload, oldest first.
///
/// # Errors
/// A kind without rollouts.
pub async fn revisions(k: &Kubectl, i: &Info) -> Result<Vec<Revision>> {
    let selector = LabelSelector::from_value(&i.object["spec"]["selector"]).map_err(Error::Text)?.to_string();
    let own = |o: &Value| o.controller_ref()["uid"] == i.object.uid();
    let mut out: Vec<Revision> = Vec::new();
    match i.resource.kind.as_str() {
        "Deployment" => {
            for rs in k.list(REPLICASETS, &i.namespace, &selector, "").await?.into_iter().filter(own) {
                let number =
                    rs.annotations()["deployment.kubernetes.io/revision"].text().parse().unwrap_or(0);
                out.push(Revision {
                    number,
                    cause: rs.annotations()[CAUSE].to_str(),
                    template: rs["spec"]["template"].clone(),
                    object: rs,
                });
            }
        }
        "DaemonSet" | "StatefulSet" => {
            for r in k.list(CONTROLLERREVISIONS, &i.namespace, &selector, "").await?.into_iter().filter(own) {
                let mut template = r["data"]["spec"]["template"].clone();
                template.remove("$patch");
                out.push(Revision {
                    number: r["revision"].int(),
                    cause: r.annotations()[CAUSE].to_str(),
                    template,
                    object: r,
                });
            }
        }
        _ => {
            let (r, kind) = (&i.resource, crate::finder::group_kind(&i.resource));
            return fail(format!(
                "error retrieving history for \"{kind}\", no visitor method exists for {{{} {}}}",
                r.group, r.kind
            ));
        }
    }
    out.arrange_by_key(|r| r.number);
    Ok(out)
}

/// # Errors
/// A revision that is not there.
pub async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let wanted = args.int("revision");
    if wanted < 0 {
        return fail(format!("revision must be a positive integer: {wanted}"));
    }
    let (infos, errors) = quiet_targets(k, args).await?;
    Error::of_all(errors)?;
    let printer = Printer::of(k, args)?;
    for i in &infos {
        let all = revisions(k, i).await?;
        if !printer.is_human() {
            for r in all.iter().filter(|r| wanted == 0 || r.number == wanted) {
                k.out(&printer.print_made(&r.object, "")?);
            }
            continue;
        }
        if wanted > 0 {
            let Some(r) = all.iter().find(|r| r.number == wanted) else {
                return fail(match i.resource.kind.as_str() {
                    "Deployment" => "unable to find the specified revision".to_owned(),
                    _ => format!("unable to find revision {wanted}"),
                });
            };
            let mut template = r.template.clone();
            if !r.cause.is_empty() {
                template.set_at(&["metadata", "annotations", CAUSE], r.cause.clone());
            }
            let mut page = Page::new(k.client.now());
            pod_template(&mut page, &template);
            k.say(format!("{} with revision #{wanted}\n{}", i.shown(), page.raw()));
            continue;
        }
        let mut rows = String::from("REVISION\tCHANGE-CAUSE\n");
        for r in &all {
            rows.push_str(&format!(
                "{}\t{}\n",
                r.number,
                if r.cause.is_empty() { "<none>" } else { &r.cause }
            ));
        }
        let mut w = objects::tabwriter::TabWriter::for_describe();
        w.write(&rows);
        k.say(format!("{} \n{}", i.shown(), w.finish()));
    }
    Ok(())
}
