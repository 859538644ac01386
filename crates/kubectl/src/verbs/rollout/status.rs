//! `kubectl rollout status`

use client::Verb;
use clock::Time;
use objects::Value;
use objects::resources::Resource;

use super::targets;
use crate::error::{Error, Result, fail};
use crate::finder::{Info, group_kind};
use crate::flags::Args;
use crate::session::{Kubectl, request};

/// # Errors
/// A rollout that failed, or took too long.
pub async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    if args.int("revision") < 0 {
        return fail(format!("revision must be a positive integer: {}", args.int("revision")));
    }
    let (infos, errors) = targets(k, args).await?;
    Error::of_all(errors)?;
    let timeout = args.millis("timeout");
    let until = (timeout > 0).then(|| k.client.now() + timeout);
    for i in &infos {
        one(k, args, i, until).await?;
    }
    Ok(())
}

async fn one(k: &Kubectl, args: &Args, i: &Info, until: Option<Time>) -> Result<()> {
    let revision = args.int("revision");
    let mut r = request(Verb::List, &i.resource, &i.namespace);
    r.options.field_selector = format!("metadata.name={}", i.name).into();
    let list = k.call(r.clone()).await?.object;
    let Some(live) = list["items"].items().first() else { return fail("object has been deleted") };
    let (text, done) = look(&i.resource, live, revision)?;
    k.out(&text);
    if done || !args.is("watch") {
        return Ok(());
    }
    r.verb = Verb::Watch;
    r.options.resource_version = Some(list.revision());
    let mut stream = k.watch(r).await?;
    loop {
        let event = match until {
            None => stream.next().await,
            Some(t) => match stream.next_within(t.since(k.client.now()).max(0)).await {
                Ok(e) => e,
                Err(_) => return fail("timed out waiting for the condition"),
            },
        };
        let Some(e) = event else { return fail("watch closed before UntilWithoutRetry timeout") };
        match e.kind.as_str() {
            "ADDED" | "MODIFIED" => {
                let (text, done) = look(&i.resource, &e.object, revision)?;
                k.out(&text);
                if done {
                    return Ok(());
                }
            }
            "DELETED" => return fail("object has been deleted"),
            _ => {}
        }
    }
}

/// What is to be said of a rollout, and whether it is done.
///
/// # Errors
/// A rollout that failed, a kind without rollouts.
fn look(r: &Resource, o: &Value, revision: i64) -> Result<(String, bool)> {
    let (name, spec, status) = (o.name(), &o["spec"], &o["status"]);
    let n = |field: &str| status[field].int();
    let observed = o.generation() <= n("observedGeneration");
    let waiting = |text: String| Ok((text, false));
    match r.kind.as_str() {
        "Deployment" => {
            let is: i64 = o.annotations()["deployment.kubernetes.io/revision"].text().parse().unwrap_or(0);
            if revision > 0 && revision != is {
                return fail(format!(
                    "desired revision ({revision}) is different from the running revision ({is})"
                ));
            }
            if !observed {
                return waiting("Waiting for deployment spec update to be observed...\n".into());
            }
            if o.condition("Progressing")["reason"] == "ProgressDeadlineExceeded" {
                return fail(format!("deployment \"{name}\" exceeded its progress deadline"));
            }
            let head = format!("Waiting for deployment \"{name}\" rollout to finish: ");
            let (updated, wanted) = (n("updatedReplicas"), spec["replicas"].int());
            if updated < wanted {
                return waiting(format!(
                    "{head}{updated} out of {wanted} new replicas have been updated...\n"
                ));
            }
            if n("replicas") > updated {
                return waiting(format!(
                    "{head}{} old replicas are pending termination...\n",
                    n("replicas") - updated
                ));
            }
            if n("availableReplicas") < updated {
                let available = n("availableReplicas");
                return waiting(format!(
                    "{head}{available} of {updated} updated replicas are available...\n"
                ));
            }
            Ok((format!("deployment \"{name}\" successfully rolled out\n"), true))
        }
        "DaemonSet" => {
            if spec["updateStrategy"]["type"] != "RollingUpdate" {
                return fail("rollout status is only available for RollingUpdate strategy type");
            }
            if !observed {
                return waiting("Waiting for daemon set spec update to be observed...\n".into());
            }
            let head = format!("Waiting for daemon set \"{name}\" rollout to finish: ");
            let wanted = n("desiredNumberScheduled");
            let (updated, available) = (n("updatedNumberScheduled"), n("numberAvailable"));
            if updated < wanted {
                return waiting(format!("{head}{updated} out of {wanted} new pods have been updated...\n"));
            }
            if available < wanted {
                return waiting(format!("{head}{available} of {wanted} updated pods are available...\n"));
            }
            Ok((format!("daemon set \"{name}\" successfully rolled out\n"), true))
        }
        "StatefulSet" => {
            if spec["updateStrategy"]["type"] != "RollingUpdate" {
                return fail("rollout status is only available for RollingUpdate strategy type");
            }
            if n("observedGeneration") == 0 || !observed {
                return waiting("Waiting for statefulset spec update to be observed...\n".into());
            }
            let wanted = spec["replicas"].int();
            if n("readyReplicas") < wanted {
                return waiting(format!("Waiting for {} pods to be ready...\n", wanted - n("readyReplicas")));
            }
            let (updated, rolling) = (n("updatedReplicas"), &spec["updateStrategy"]["rollingUpdate"]);
            if !rolling.is_null() {
                let partition = rolling["partition"].int();
                if !rolling["partition"].is_null() && updated < wanted - partition {
                    let of = wanted - partition;
                    return waiting(format!(
                        "Waiting for partitioned roll out to finish: {updated} out of {of} new pods have been updated...\n"
                    ));
                }
                return Ok((
                    format!("partitioned roll out complete: {updated} new pods have been updated...\n"),
                    true,
                ));
            }
            if status["updateRevision"] != status["currentRevision"] {
                let to = status["updateRevision"].text();
                return waiting(format!(
                    "waiting for statefulset rolling update to complete {updated} pods at revision {to}...\n"
                ));
            }
            let at = status["currentRevision"].text();
            Ok((
                format!(
                    "statefulset rolling update complete {} pods at revision {at}...\n",
                    n("currentReplicas")
                ),
                true,
            ))
        }
        _ => fail(format!("no status viewer has been implemented for {}", group_kind(r))),
    }
}
