//! `helm uninstall`

use super::{Done, Helm};
use crate::kube::{self, targets};

pub(super) async fn run(helm: &Helm) -> Done {
    if helm.args.args.is_empty() {
        return Err("\"helm uninstall\" requires at least 1 argument\n\nUsage:  helm uninstall RELEASE_NAME [...] [flags]".into());
    }
    for name in &helm.args.args {
        one(helm, name).await?;
    }
    Ok(())
}

async fn one(helm: &Helm, name: &str) -> Done {
    let history = helm.history_of(name).await?;
    let Some(last) = history.last() else {
        if helm.args.is("ignore-not-found") {
            return Ok(());
        }
        return Err(format!("uninstall: Release not loaded: {name}: release: not found"));
    };
    if helm.args.is("dry-run") {
        helm.out(&format!("release \"{name}\" uninstalled\n"));
        return Ok(());
    }
    let keep = helm.args.is("keep-history");
    if last.status() == "uninstalled" {
        if keep {
            return Err(format!("the release named \"{name}\" is already deleted"));
        }
    } else {
        let timeout = helm.args.millis("timeout");
        let hooks = last.hooks();
        let hooked = !helm.args.is("no-hooks");
        if hooked {
            kube::run_hooks(&helm.k, &hooks, "pre-delete", &helm.namespace, timeout).await?;
        }
        let mut kept = Vec::new();
        // What was made last goes first.
        for t in targets(&helm.k, &last.objects(), &helm.namespace).await?.iter().rev() {
            if t.object.annotations()["helm.sh/resource-policy"] == "keep" {
                kept.push(format!("[{}] {}", t.object.kind(), t.object.name()));
            } else {
                kube::delete(&helm.k, t).await?;
            }
        }
        if hooked {
            kube::run_hooks(&helm.k, &hooks, "post-delete", &helm.namespace, timeout).await?;
        }
        if !kept.is_empty() {
            helm.out(&format!(
                "These resources were kept due to the resource policy:\n{}\n\n",
                kept.join("\n")
            ));
        }
    }
    if keep {
        let mut release = last.clone();
        release.set_status("uninstalled", "Uninstallation complete");
        release.body.set_at(&["info", "deleted"], helm.now().rfc3339());
        release.store(&helm.k).await?;
    } else {
        for r in &history {
            r.forget(&helm.k).await?;
        }
    }
    helm.out(&format!("release \"{name}\" uninstalled\n"));
    Ok(())
}
