//! `helm uninstall`
//!
//! Models `pkg/action/uninstall.go`.

use client::Propagation;

use super::{Done, Helm, check_name};
use crate::hooks::{self, Picked};
use crate::kube::{self, targets};

pub(super) async fn run(helm: &Helm) -> Done {
    let dependents = match helm.args.text("cascade") {
        "background" => Propagation::Background,
        "foreground" => Propagation::Foreground,
        "orphan" => Propagation::Orphan,
        other => {
            return Err(format!(
                "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
            ));
        }
    };
    for name in &helm.args.args {
        one(helm, name, dependents, helm.args.is("keep-history")).await?;
        helm.out(&format!("release \"{name}\" uninstalled\n"));
    }
    Ok(())
}

/// Removes a release and its history.
pub(super) async fn uninstalled(helm: &Helm, name: &str) -> Done {
    one(helm, name, Propagation::Background, false).await
}

async fn one(helm: &Helm, name: &str, dependents: Propagation, keep: bool) -> Done {
    let mut history = helm.history_of(name).await?;
    if helm.args.path == "helm uninstall" && helm.args.is("dry-run") {
        return history.last().map(|_| ()).ok_or_else(|| "release: not found".to_owned());
    }
    check_name(name).map_err(|_| format!("uninstall: Release name is invalid: {name}"))?;
    let Some(mut last) = history.pop() else {
        if helm.args.is("ignore-not-found") {
            return Ok(());
        }
        return Err(format!("uninstall: Release not loaded: {name}: release: not found"));
    };
    let mut wrong = Vec::new();
    if last.status() == "uninstalled" {
        if keep {
            return Err(format!("the release named \"{name}\" is already deleted"));
        }
    } else {
        let timeout = helm.args.millis("timeout");
        let hooked = !helm.args.is("no-hooks");
        last.set_status("uninstalling", "Deletion in progress (or silently failed)");
        last.body.set_at(&["info", "deleted"], helm.now().rfc3339());
        if hooked {
            hooks::run(&helm.k, &mut last, &Picked::all("pre-delete"), timeout).await?;
        }
        last.store(&helm.k).await?;
        // What was made last goes first.
        let all = targets(&helm.k, &last.objects(), &helm.namespace).await?;
        let (kept, gone): (Vec<_>, Vec<_>) =
            all.into_iter().rev().partition(|t| t.object.annotations()["helm.sh/resource-policy"] == "keep");
        for t in &gone {
            let done = kube::delete_with(&helm.k, t, dependents).await;
            done.map_err(|_| format!("failed to delete release: {name}"))?;
        }
        if helm.args.path == "helm uninstall" && helm.args.is("wait") {
            wrong.extend(kube::wait_gone(&helm.k, &gone, timeout).await.err());
        }
        if hooked {
            wrong.extend(hooks::run(&helm.k, &mut last, &Picked::all("post-delete"), timeout).await.err());
        }
        if !kept.is_empty() {
            let names = kept.iter().rev().map(|t| format!("[{}] {}\n", t.object.kind(), t.object.name()));
            let names: String = names.collect();
            helm.out(&format!("These resources were kept due to the resource policy:\n{names}\n"));
        }
        let said = helm.args.text("description");
        last.set_status("uninstalled", if said.is_empty() { "Uninstallation complete" } else { said });
    }
    if keep {
        last.store(&helm.k).await?;
    } else {
        history.push(last);
        for r in &history {
            r.forget(&helm.k).await?;
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("uninstallation completed with {} error(s): {}", wrong.len(), wrong.join("; ")))
}
