//! `helm status` and `get`.

use objects::{Value, yaml};

use super::{Done, Helm, ansic, encoded};
use crate::engine::{Rendered, shown};
use crate::release::Release;
use crate::values::coalesced;

pub(super) fn head(r: &Release) -> String {
    format!(
        "NAME: {}\nLAST DEPLOYED: {}\nNAMESPACE: {}\nSTATUS: {}\nREVISION: {}\n",
        r.name(),
        ansic(r.deployed_at()),
        r.body["namespace"].text(),
        r.status(),
        r.version()
    )
}

/// A release as install, upgrade and status show it; `dry`: with what it would make.
pub(super) fn described(r: &Release, dry: Option<&Rendered>) -> String {
    let mut out = head(r);
    out.push_str("TEST SUITE: None\n");
    if let Some(rendered) = dry {
        out.push_str("HOOKS:\n");
        out.extend(rendered.hooks.iter().map(shown));
        out.push_str(&format!("MANIFEST:\n{}\n", rendered.manifest_text()));
    }
    let notes = r.body["info"]["notes"].text().trim_end();
    if !notes.is_empty() {
        out.push_str(&format!("NOTES:\n{notes}\n"));
    }
    out
}

pub(super) async fn status(helm: &Helm) -> Done {
    helm.expects(1, "RELEASE_NAME [flags]")?;
    let release = helm.release(&helm.args.args[0], helm.args.int("revision")).await?;
    let mut shown = release.body.clone();
    shown.remove("chart");
    if let Some(text) = encoded(helm, &shown) {
        helm.out(&text);
        return Ok(());
    }
    helm.out(&described(&release, None));
    Ok(())
}

pub(super) async fn run(helm: &Helm) -> Done {
    let [what, name] = helm.args.args.as_slice() else {
        return Err(match helm.args.args.as_slice() {
            [what] => format!(
                "\"helm get {what}\" requires 1 argument\n\nUsage:  helm get {what} RELEASE_NAME [flags]"
            ),
            _ => "\"helm get\" needs one of: all, hooks, manifest, metadata, notes, values".to_owned(),
        });
    };
    let release = helm.release(name, helm.args.int("revision")).await?;
    let body = &release.body;
    let config = &body["config"];
    let computed = coalesced(&body["chart"]["values"], config);
    let block = |v: &Value| if v.entries().is_empty() { "null\n".to_owned() } else { yaml::emit(v) };
    let hooks: String = release.hooks().iter().map(shown).collect();
    let notes = body["info"]["notes"].text().trim_end();
    let text = match what.as_str() {
        "values" => {
            let (title, v) = if helm.args.is("all") {
                ("COMPUTED VALUES:", &computed)
            } else {
                ("USER-SUPPLIED VALUES:", config)
            };
            encoded(helm, v).unwrap_or_else(|| format!("{title}\n{}", block(v)))
        }
        "manifest" => format!("{}\n", body["manifest"].text()),
        "hooks" => hooks,
        "notes" => format!("NOTES:\n{notes}\n"),
        "metadata" => {
            let meta = &body["chart"]["metadata"];
            format!(
                "NAME: {}\nCHART: {}\nVERSION: {}\nAPP_VERSION: {}\nNAMESPACE: {}\nREVISION: {}\nSTATUS: {}\nDEPLOYED_AT: {}\n",
                release.name(),
                meta["name"].text(),
                meta["version"].text(),
                release.app_version(),
                body["namespace"].text(),
                release.version(),
                release.status(),
                release.deployed_at().rfc3339()
            )
        }
        "all" => format!(
            "{}CHART: {}\nVERSION: {}\nAPP_VERSION: {}\nTEST SUITE: None\nUSER-SUPPLIED VALUES:\n{}\nCOMPUTED VALUES:\n{}\nHOOKS:\n{hooks}MANIFEST:\n{}\nNOTES:\n{notes}\n",
            head(&release),
            body["chart"]["metadata"]["name"].text(),
            body["chart"]["metadata"]["version"].text(),
            release.app_version(),
            block(config),
            block(&computed),
            body["manifest"].text()
        ),
        other => return Err(format!("unknown command \"{other}\" for \"helm get\"")),
    };
    helm.out(&text);
    Ok(())
}
