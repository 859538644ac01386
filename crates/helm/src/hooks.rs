//! Hooks: objects that a release makes around what it does, in order, and takes away again.
//!
//! Models `pkg/action/hooks.go`. Not modelled: hooks of other kinds than Job and Pod are not waited for, as upstream.

use clock::{Millis, Time};
use kubectl::Kubectl;
use objects::{Value, yaml};
use ordered::Sort as _;

use crate::kube::{EVERY_MS, Target, create, delete, targets, wait_gone};
use crate::release::Release;

/// Which hooks of an event run.
pub(crate) struct Picked<'a> {
    pub(crate) event: &'a str,
    /// Only those with one of these names; empty: all.
    pub(crate) only: &'a [String],
    pub(crate) but: &'a [String],
}

impl<'a> Picked<'a> {
    pub(crate) fn all(event: &'a str) -> Self {
        Self { event, only: &[], but: &[] }
    }

    /// Indexes of the release's hooks, the lightest first.
    pub(crate) fn of(&self, release: &Release) -> Vec<usize> {
        let hooks = release.body["hooks"].items();
        let named = |list: &[String], h: &Value| list.iter().any(|n| h["name"] == n.as_str());
        let mut all: Vec<usize> = (0..hooks.len())
            .filter(|n| hooks[*n]["events"].items().iter().any(|e| e == self.event))
            .filter(|n| {
                (self.only.is_empty() || named(self.only, &hooks[*n])) && !named(self.but, &hooks[*n])
            })
            .collect();
        all.arrange_by(|a, b| {
            let key = |n: usize| (hooks[n]["weight"].int(), hooks[n]["name"].text());
            key(*a).cmp(&key(*b))
        });
        all
    }
}

/// Runs the hooks of an event one after the other; the release says how each went.
///
/// # Errors
/// The first that failed.
pub(crate) async fn run(
    k: &Kubectl,
    release: &mut Release,
    picked: &Picked<'_>,
    timeout: Millis,
) -> Result<(), String> {
    let order = picked.of(release);
    let namespace = release.body["namespace"].to_str();
    for (i, n) in order.iter().enumerate() {
        let hook = release.body["hooks"][*n].clone();
        let object = yaml::load(hook["manifest"].text()).map(|d| d.value).unwrap_or_default();
        let t = targets(k, &[object], &namespace).await.map_err(|why| {
            format!(
                "unable to build kubernetes object for {} hook {}: {why}",
                picked.event,
                hook["path"].text()
            )
        })?;
        let policies = hook["delete_policies"].items();
        if policies.is_empty() || policies.iter().any(|p| *p == "before-hook-creation") {
            remove(k, &t, timeout).await?;
        }
        note(release, *n, "started_at", k.client.now(), "Running");
        release.store(k).await?;
        let done = match t.first() {
            None => Ok(()),
            Some(t) => match create(k, t).await {
                Ok(()) => finish(k, t, timeout).await,
                Err(e) => Err(format!("warning: Hook {} {} failed: {e}", picked.event, hook["path"].text())),
            },
        };
        note(release, *n, "completed_at", k.client.now(), if done.is_ok() { "Succeeded" } else { "Failed" });
        if let Err(why) = done {
            if policies.iter().any(|p| *p == "hook-failed") {
                remove(k, &t, timeout).await?;
            }
            clean(k, release, &order[..i], timeout).await?;
            return Err(why);
        }
    }
    clean(k, release, &order, timeout).await
}

/// Takes away the hooks that are to go once they succeeded, the last one first.
async fn clean(k: &Kubectl, release: &Release, order: &[usize], timeout: Millis) -> Result<(), String> {
    for n in order.iter().rev() {
        let hook = &release.body["hooks"][*n];
        if hook["delete_policies"].items().iter().any(|p| *p == "hook-succeeded") {
            let object = yaml::load(hook["manifest"].text()).map(|d| d.value).unwrap_or_default();
            remove(k, &targets(k, &[object], release.body["namespace"].text()).await?, timeout).await?;
        }
    }
    Ok(())
}

async fn remove(k: &Kubectl, all: &[Target], timeout: Millis) -> Result<(), String> {
    for t in all.iter().filter(|t| t.object.kind() != "CustomResourceDefinition") {
        delete(k, t).await?;
    }
    wait_gone(k, all, timeout).await
}

/// Writes down how a hook goes.
fn note(release: &mut Release, n: usize, field: &str, at: Time, phase: &str) {
    let mut hooks = release.body["hooks"].items().to_vec();
    if let Some(h) = hooks.get_mut(n) {
        h.set_at(&["last_run", field], at.rfc3339());
        h.set_at(&["last_run", "phase"], phase);
    }
    release.body.set("hooks", Value::List(hooks.into()));
}

/// Waits for a Job or Pod to end.
async fn finish(k: &Kubectl, t: &Target, timeout: Millis) -> Result<(), String> {
    if !matches!(t.resource.id.as_str(), "jobs.batch" | "pods") {
        return Ok(());
    }
    let until = k.client.now() + timeout;
    let name = t.object.name();
    loop {
        let live = k.get(&t.resource, &t.namespace, name).await.unwrap_or_default();
        match live["status"]["phase"].text() {
            "Succeeded" => return Ok(()),
            "Failed" => return Err(format!("pod {name} failed")),
            _ => {}
        }
        if live.condition_true("Complete") {
            return Ok(());
        }
        if live.condition_true("Failed") {
            return Err(format!("job {name} failed: {}", live.condition("Failed")["reason"].text()));
        }
        if k.client.now() >= until {
            return Err("timed out waiting for the condition".into());
        }
        k.client.sleep(EVERY_MS).await;
    }
}
