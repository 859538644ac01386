//! `helm upgrade`, `rollback` and `test`.

use objects::Value;

use super::install::{Plan, install};
use super::{Done, Helm, check_name, get};
use crate::charts;
use crate::kube::{self, adopt, targets};
use crate::release::Release;
use crate::values::{coalesced, given, merged};

pub(super) async fn run(helm: &Helm) -> Done {
    helm.expects(2, "[RELEASE] [CHART] [flags]")?;
    let (name, word) = (helm.args.args[0].clone(), helm.args.args[1].clone());
    let history = helm.history_of(&name).await?;
    let gone = history.last().is_none_or(|r| r.status() == "uninstalled");
    if gone && helm.args.is("install") {
        helm.out(&format!("Release \"{name}\" does not exist. Installing it now.\n"));
        return install(helm, &name, &word).await;
    }
    upgrade(helm, &name, &word, history).await.map_err(|why| format!("UPGRADE FAILED: {why}"))
}

async fn upgrade(helm: &Helm, name: &str, word: &str, mut history: Vec<Release>) -> Done {
    check_name(name)?;
    let Some(last) = history.last() else { return Err(format!("\"{name}\" has no deployed releases")) };
    if last.status().starts_with("pending") {
        return Err("another operation (install/upgrade/rollback) is in progress".into());
    }
    let current = history.iter().rposition(|r| r.status() == "deployed").unwrap_or(history.len() - 1);
    if history[current].status() != "deployed" && history[current].status() != "failed" {
        return Err(format!("\"{name}\" has no deployed releases"));
    }
    let mut chart = charts::load(helm.io.as_ref(), &charts::find(helm.io.as_ref(), word)?)?;
    let mut user = given(&helm.args, helm.io.as_ref())?;
    let old_config = history[current].body["config"].clone();
    if helm.args.is("reuse-values") {
        let old_values = coalesced(&history[current].body["chart"]["values"], &old_config);
        user = merged(&old_config, &user);
        chart.values = merged(&chart.values, &old_values);
    } else if !helm.args.is("reset-values") && user.entries().is_empty() {
        user = old_config;
    }
    let version = last.version() + 1;
    let plan = Plan { name, revision: version, upgrade: true, online: true };
    let rendered = helm.rendered(&mut chart, &user, &plan).await?;
    let mut release = Release::new(name, &helm.namespace, version, &chart, &user, &rendered, helm.now());
    release.body.set_at(&["info", "first_deployed"], history[current].body["info"]["first_deployed"].clone());
    let dry = !matches!(helm.args.text("dry-run"), "" | "none" | "false");
    if dry {
        release.set_status("pending-upgrade", "Dry run complete");
        helm.out(&format!("Release \"{name}\" has been upgraded. Happy Helming!\n"));
        helm.out(&get::described(&release, Some(&rendered)));
        return Ok(());
    }
    release.set_status("pending-upgrade", "Preparing upgrade");
    apply(helm, &mut history, current, release, "upgrade", "Upgrade complete").await?;
    let done = helm.release(name, version).await?;
    helm.out(&format!("Release \"{name}\" has been upgraded. Happy Helming!\n"));
    helm.out(&get::described(&done, None));
    Ok(())
}

/// Brings the cluster to a new revision, and writes down how it went.
async fn apply(
    helm: &Helm,
    history: &mut [Release],
    current: usize,
    mut release: Release,
    what: &str,
    complete: &str,
) -> Done {
    let name = release.name().to_owned();
    let owned = |r: &Release| -> Vec<Value> {
        let mut all = r.objects();
        for o in &mut all {
            adopt(o, &name, &helm.namespace);
        }
        all
    };
    let old = targets(&helm.k, &owned(&history[current]), &helm.namespace).await?;
    let new = targets(&helm.k, &owned(&release), &helm.namespace)
        .await
        .map_err(|why| format!("unable to build kubernetes objects from new release manifest: {why}"))?;
    let fresh: Vec<_> = new
        .iter()
        .filter(|n| !old.iter().any(|o| o.object.name() == n.object.name() && o.resource.id == n.resource.id))
        .map(|t| t.object.clone())
        .collect();
    let fresh = targets(&helm.k, &fresh, &helm.namespace).await?;
    kube::check_owners(&helm.k, &fresh, &name, &helm.namespace)
        .await
        .map_err(|why| format!("Unable to continue with update: {why}"))?;
    release.store(&helm.k).await?;
    let timeout = helm.args.millis("timeout");
    let hooked = !helm.args.is("no-hooks");
    let hooks = release.hooks();
    let done = async {
        if hooked {
            let event = format!("pre-{what}");
            kube::run_hooks(&helm.k, &hooks, &event, &helm.namespace, timeout)
                .await
                .map_err(|why| format!("{event} hooks failed: {why}"))?;
        }
        kube::update(&helm.k, &old, &new).await?;
        if helm.args.is("wait") {
            kube::wait(&helm.k, &new, timeout, helm.args.is("wait-for-jobs")).await?;
        }
        if hooked {
            let event = format!("post-{what}");
            kube::run_hooks(&helm.k, &hooks, &event, &helm.namespace, timeout)
                .await
                .map_err(|why| format!("{event} hooks failed: {why}"))?;
        }
        Ok::<(), String>(())
    };
    if let Err(why) = done.await {
        let said = if what == "upgrade" {
            format!("Upgrade \"{name}\" failed: {why}")
        } else {
            format!("Rollback \"{name}\" failed: {why}")
        };
        release.set_status("failed", &said);
        release.store(&helm.k).await?;
        return Err(why);
    }
    let said = helm.args.text("description");
    release.set_status("deployed", if said.is_empty() { complete } else { said });
    for r in history.iter_mut().filter(|r| r.status() == "deployed") {
        let description = r.body["info"]["description"].to_str();
        r.set_status("superseded", &description);
        r.store(&helm.k).await?;
    }
    release.store(&helm.k).await?;
    let most = usize::try_from(helm.args.int("history-max")).unwrap_or(0);
    if most > 0 {
        for r in history.iter().take((history.len() + 1).saturating_sub(most)) {
            if r.status() != "deployed" {
                r.forget(&helm.k).await?;
            }
        }
    }
    Ok(())
}

pub(super) async fn rollback(helm: &Helm) -> Done {
    let (name, wanted) = match helm.args.args.as_slice() {
        [name] => (name, 0),
        [name, revision] => {
            let n = revision.parse::<i64>();
            (name, n.map_err(|_| {
                format!("could not convert revision to a number: strconv.Atoi: parsing \"{revision}\": invalid syntax")
            })?)
        }
        _ => return Err("\"helm rollback\" requires at least 1 argument\n\nUsage:  helm rollback <RELEASE> [REVISION] [flags]".into()),
    };
    let mut history = helm.history_of(name).await?;
    let Some(last) = history.last() else { return Err("release: not found".into()) };
    let version = last.version() + 1;
    let to = if wanted == 0 { last.version() - 1 } else { wanted };
    let Some(target) = history.iter().find(|r| r.version() == to).cloned() else {
        return Err(if wanted == 0 {
            "release: not found".into()
        } else {
            format!("release has no {to} version")
        });
    };
    let current = history.iter().rposition(|r| r.status() == "deployed").unwrap_or(history.len() - 1);
    let mut release = target;
    release.body.set("version", version);
    release.body.set_at(&["info", "last_deployed"], helm.now().rfc3339());
    release.set_status("pending-rollback", &format!("Rollback to {to}"));
    apply(helm, &mut history, current, release, "rollback", &format!("Rollback to {to}")).await?;
    helm.out("Rollback was a success! Happy Helming!\n");
    Ok(())
}

pub(super) async fn test(helm: &Helm) -> Done {
    helm.expects(1, "[RELEASE] [flags]")?;
    let name = helm.args.args[0].clone();
    let release = helm.release(&name, 0).await?;
    let hooks = release.hooks();
    let started = helm.now();
    let done = kube::run_hooks(&helm.k, &hooks, "test", &helm.namespace, helm.args.millis("timeout")).await;
    let ended = helm.now();
    let mut text = get::head(&release);
    let tests: Vec<_> = hooks.iter().filter(|h| kube::is_hook_of(h, "test")).collect();
    if tests.is_empty() {
        text.push_str("TEST SUITE: None\n");
    }
    for t in tests {
        text.push_str(&format!(
            "TEST SUITE:     {}\nLast Started:   {}\nLast Completed: {}\nPhase:          {}\n",
            t.object.name(),
            super::ansic(started),
            super::ansic(ended),
            if done.is_ok() { "Succeeded" } else { "Failed" }
        ));
    }
    helm.out(&text);
    done
}
