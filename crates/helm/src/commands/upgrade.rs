//! `helm upgrade` and `rollback`.
//!
//! Models `pkg/action/upgrade.go` and `rollback.go`.

use objects::Value;

use super::install::{Plan, install};
use super::{Done, Helm, check_name, get};
use crate::hooks::{self, Picked};
use crate::kube::{self, Target, adopt, targets};
use crate::release::Release;
use crate::values::{coalesced, given, merged};

pub(super) async fn run(helm: &Helm) -> Done {
    let (name, word) = (helm.args.args[0].clone(), helm.args.args[1].clone());
    if !helm.args.is("install") {
        return upgrade(helm, &name, &word).await;
    }
    let history = helm.history_of(&name).await?;
    if history.last().is_none_or(|r| r.status() == "uninstalled") {
        if helm.args.text("output") == "table" {
            helm.out(&format!("Release \"{name}\" does not exist. Installing it now.\n"));
        }
        return install(helm, &name, &word, !history.is_empty()).await;
    }
    upgrade(helm, &name, &word).await
}

/// The revision that stands, or the last one where none does.
fn current(history: &[Release], name: &str) -> Result<usize, String> {
    let none = || format!("\"{name}\" has no deployed releases");
    let last = history.len().checked_sub(1).ok_or_else(none)?;
    match history.iter().rposition(|r| r.status() == "deployed") {
        Some(n) => Ok(n),
        None if matches!(history[last].status(), "failed" | "superseded") => Ok(last),
        None => Err(none()),
    }
}

/// The values of an upgrade: what the user gives now, and what was given before where that is wished for.
fn values(helm: &Helm, chart: &mut Value, before: &Release, user: Value) -> Value {
    let config = &before.body["config"];
    if helm.args.is("reset-values") {
        return user;
    }
    if helm.args.is("reuse-values") {
        let old = coalesced(&before.body["chart"]["values"], config);
        *chart = merged(chart, &old);
        return merged(config, &user);
    }
    if helm.args.is("reset-then-reuse-values") {
        return merged(config, &user);
    }
    if user.entries().is_empty() { config.clone() } else { user }
}

async fn upgrade(helm: &Helm, name: &str, word: &str) -> Done {
    let mut chart = helm.chart(word)?;
    let user = given(&helm.args, helm.io.as_ref())?;
    let failed = |why: String| format!("UPGRADE FAILED: {why}");
    let mut history = helm.history_of(name).await.map_err(failed)?;
    let done = async {
        check_name(name)?;
        if history.last().is_some_and(|r| r.status().starts_with("pending")) {
            return Err("another operation (install/upgrade/rollback) is in progress".into());
        }
        let current = current(&history, name)?;
        let user = values(helm, &mut chart.values, &history[current], user);
        let version = history.last().map_or(0, Release::version) + 1;
        let dry = helm.is_dry();
        let looks_up = !dry || helm.args.text("dry-run") == "server";
        let plan = Plan { name, revision: version, upgrade: true, online: true, looks_up };
        let rendered = helm.rendered(&mut chart, &user, &plan).await?;
        let mut release = Release::new(name, &helm.namespace, version, &chart, &user, &rendered, helm.now());
        let first = history[current].body["info"]["first_deployed"].clone();
        release.body.set_at(&["info", "first_deployed"], first);
        release.body.set("labels", history.last().map_or(Value::Null, |r| r.body["labels"].clone()));
        release.label(&helm.args.list("labels"));
        release.set_status("pending-upgrade", if dry { "Dry run complete" } else { "Preparing upgrade" });
        if !dry {
            let mut made = Vec::new();
            let done = upgraded(helm, &mut history, current, &mut release, &mut made).await;
            if let Err(why) = done {
                return Err(undone(helm, release, made, why).await);
            }
        }
        Ok(release)
    };
    let release = done.await.map_err(failed)?;
    if helm.args.text("output") == "table" {
        helm.out(&format!("Release \"{name}\" has been upgraded. Happy Helming!\n"));
    }
    get::shown(helm, &release)
}

/// The objects of two revisions, as the cluster is to have them.
async fn both(helm: &Helm, old: &Release, new: &Release) -> Result<(Vec<Target>, Vec<Target>), String> {
    let owned = |r: &Release| -> Vec<Value> {
        let mut all = r.objects();
        for o in &mut all {
            adopt(o, new.name(), &helm.namespace);
        }
        all
    };
    let which = |which: &str, why: String| {
        format!("unable to build kubernetes objects from {which} release manifest: {why}")
    };
    let old = targets(&helm.k, &owned(old), &helm.namespace).await.map_err(|why| which("current", why))?;
    let new = targets(&helm.k, &owned(new), &helm.namespace).await.map_err(|why| which("new", why))?;
    Ok((old, new))
}

/// Brings the cluster from one revision to the next. `made`: what was created on the way.
async fn upgraded(
    helm: &Helm,
    history: &mut [Release],
    current: usize,
    release: &mut Release,
    made: &mut Vec<Target>,
) -> Done {
    let (old, new) = both(helm, &history[current], release).await?;
    let fresh: Vec<Target> = new.iter().filter(|n| !old.iter().any(|o| o.is(n))).cloned().collect();
    if !helm.args.is("take-ownership") {
        kube::check_owners(&helm.k, &fresh, release.name(), &helm.namespace)
            .await
            .map_err(|why| format!("Unable to continue with update: {why}"))?;
    }
    release.store(&helm.k).await?;
    let timeout = helm.args.millis("timeout");
    let hooked = !helm.args.is("no-hooks");
    if hooked {
        let done = hooks::run(&helm.k, release, &Picked::all("pre-upgrade"), timeout).await;
        done.map_err(|why| format!("pre-upgrade hooks failed: {why}"))?;
    }
    let mut created = Vec::new();
    let done = kube::update(&helm.k, &old, &new, &mut created).await;
    made.extend(created.into_iter().map(|n| new[n].clone()));
    done?;
    if helm.waits() {
        kube::wait(&helm.k, &new, timeout, helm.args.is("wait-for-jobs")).await?;
    }
    if hooked {
        let done = hooks::run(&helm.k, release, &Picked::all("post-upgrade"), timeout).await;
        done.map_err(|why| format!("post-upgrade hooks failed: {why}"))?;
    }
    let said = helm.args.text("description");
    release.set_status("deployed", if said.is_empty() { "Upgrade complete" } else { said });
    stands(helm, history, release).await
}

/// Writes down that a revision stands, that those before it do not, and forgets the oldest ones.
async fn stands(helm: &Helm, history: &mut [Release], release: &Release) -> Done {
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

/// After an upgrade that failed: what is written down and what is taken back. Returns what to say.
async fn undone(helm: &Helm, mut release: Release, made: Vec<Target>, why: String) -> String {
    let name = release.name().to_owned();
    release.set_status("failed", &format!("Upgrade \"{name}\" failed: {why}"));
    // Refused before it began, there is no revision to remember.
    if why.starts_with("Unable to continue") || why.starts_with("unable to build") {
        return why;
    }
    if let Err(e) = release.store(&helm.k).await {
        return e;
    }
    if helm.args.is("cleanup-on-fail") {
        for t in &made {
            if let Err(e) = kube::delete(&helm.k, t).await {
                return format!(
                    "an error occurred while cleaning up resources. original upgrade error: {why}: unable to cleanup resources: {e}"
                );
            }
        }
    }
    if !helm.is_atomic() {
        return why;
    }
    let history = helm.history_of(&name).await.unwrap_or_default();
    let good = history.iter().rev().find(|r| matches!(r.status(), "superseded" | "deployed"));
    let Some(to) = good.map(Release::version) else {
        return format!(
            "unable to find a previously successful release when attempting to rollback. original upgrade error: {why}"
        );
    };
    match roll_back(helm, &name, to, true).await {
        Ok(()) => format!("release {name} failed, and has been rolled back due to atomic being set: {why}"),
        Err(e) => {
            format!("an error occurred while rolling back the release. original upgrade error: {why}: {e}")
        }
    }
}

pub(super) async fn rollback(helm: &Helm) -> Done {
    let to = match helm.args.args.get(1) {
        None => 0,
        Some(text) => text.parse::<i64>().map_err(|_| {
            format!(
                "could not convert revision to a number: strconv.Atoi: parsing \"{text}\": invalid syntax"
            )
        })?,
    };
    roll_back(helm, &helm.args.args[0], to, helm.waits()).await?;
    helm.out("Rollback was a success! Happy Helming!\n");
    Ok(())
}

/// Makes an earlier revision (0: the one before the last) the newest one.
async fn roll_back(helm: &Helm, name: &str, wanted: i64, waits: bool) -> Done {
    let mut history = helm.history_of(name).await?;
    let Some(last) = history.last().cloned() else { return Err("release: not found".into()) };
    if wanted < 0 {
        return Err("invalid release revision".into());
    }
    let to = if wanted == 0 { last.version() - 1 } else { wanted };
    let Some(mut release) = history.iter().find(|r| r.version() == to).cloned() else {
        return Err(format!("release has no {to} version"));
    };
    release.body.set("version", last.version() + 1);
    release.body.set_at(&["info", "first_deployed"], last.body["info"]["first_deployed"].clone());
    release.body.set_at(&["info", "last_deployed"], helm.now().rfc3339());
    release.body.set_at(&["info", "deleted"], "");
    let said = format!("Rollback to {to}");
    release.set_status("pending-rollback", &said);
    if helm.args.path == "helm rollback" && helm.args.is("dry-run") {
        return Ok(());
    }
    release.store(&helm.k).await?;
    let (old, new) = both(helm, &last, &release).await?;
    let timeout = helm.args.millis("timeout");
    let hooked = !helm.args.is("no-hooks");
    if hooked {
        hooks::run(&helm.k, &mut release, &Picked::all("pre-rollback"), timeout).await?;
    }
    let mut created = Vec::new();
    if let Err(why) = kube::update(&helm.k, &old, &new, &mut created).await {
        release.set_status("failed", &format!("Rollback \"{name}\" failed: {why}"));
        release.store(&helm.k).await?;
        if helm.args.is("cleanup-on-fail") {
            for n in created {
                kube::delete(&helm.k, &new[n]).await?;
            }
        }
        return Err(why);
    }
    if waits && let Err(why) = kube::wait(&helm.k, &new, timeout, helm.args.is("wait-for-jobs")).await {
        release.set_status("failed", &format!("Release \"{name}\" failed: {why}"));
        release.store(&helm.k).await?;
        return Err(format!("release {name} failed: {why}"));
    }
    if hooked {
        hooks::run(&helm.k, &mut release, &Picked::all("post-rollback"), timeout).await?;
    }
    release.set_status("deployed", &said);
    stands(helm, &mut history, &release).await
}
