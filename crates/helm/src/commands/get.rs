//! `helm status` and `get`: a release, whole or in parts.
//!
//! Models `cmd/helm/status.go` and `get_*.go`. `-o json` of a release leaves out the chart's templates.

use client::{TableOf, Verb};
use kubectl::printers::columns;
use kubectl::printers::table::{Options, TablePrinter};
use kubectl::session::request;
use objects::{Value, value, yaml};

use super::{Done, Helm, ansic, encoded};
use crate::kube::targets;
use crate::release::Release;
use crate::values::coalesced;

fn block(v: &Value) -> String {
    if v.entries().is_empty() { "null\n".to_owned() } else { yaml::emit(v) }
}

/// What is shown beside the usual.
#[derive(Default)]
struct More<'a> {
    /// Of which chart, and all of values, hooks and manifests.
    whole: bool,
    description: bool,
    resources: &'a str,
    no_notes: bool,
}

/// A release as install, upgrade and status show it.
fn described(r: &Release, more: &More<'_>) -> String {
    let body = &r.body;
    let info = &body["info"];
    let mut out = format!(
        "NAME: {}\nLAST DEPLOYED: {}\nNAMESPACE: {}\nSTATUS: {}\nREVISION: {}\n",
        r.name(),
        ansic(r.deployed_at()),
        body["namespace"].text(),
        r.status(),
        r.version()
    );
    if more.whole {
        let meta = &body["chart"]["metadata"];
        out.push_str(&format!(
            "CHART: {}\nVERSION: {}\nAPP_VERSION: {}\n",
            meta["name"].text(),
            meta["version"].text(),
            r.app_version()
        ));
    }
    if more.description {
        out.push_str(&format!("DESCRIPTION: {}\n", info["description"].text()));
    }
    if !more.resources.is_empty() {
        out.push_str(&format!("RESOURCES:\n{}\n", more.resources));
    }
    let tests = body["hooks"].items().iter().filter(|h| h["events"].items().iter().any(|e| *e == "test"));
    let tests: Vec<&Value> = tests.collect();
    if tests.is_empty() {
        out.push_str("TEST SUITE: None\n");
    }
    for t in tests {
        let at = |field: &str| t["last_run"][field].time().map(ansic).unwrap_or_default();
        if at("started_at").is_empty() {
            continue;
        }
        out.push_str(&format!(
            "TEST SUITE:     {}\nLast Started:   {}\nLast Completed: {}\nPhase:          {}\n",
            t["name"].text(),
            at("started_at"),
            at("completed_at"),
            t["last_run"]["phase"].text()
        ));
    }
    if more.whole {
        let computed = coalesced(&body["chart"]["values"], &body["config"]);
        out.push_str(&format!("USER-SUPPLIED VALUES:\n{}\n", block(&body["config"])));
        out.push_str(&format!("COMPUTED VALUES:\n{}\n", block(&computed)));
    }
    if more.whole || info["description"].text().eq_ignore_ascii_case("Dry run complete") {
        out.push_str(&format!("HOOKS:\n{}MANIFEST:\n{}\n", r.hooks_text(), body["manifest"].text()));
    }
    let notes = info["notes"].text().trim();
    if !notes.is_empty() && !more.no_notes {
        out.push_str(&format!("NOTES:\n{notes}\n"));
    }
    out
}

/// Prints a release, as `-o` says.
pub(super) fn shown(helm: &Helm, r: &Release) -> Done {
    let more = More { no_notes: helm.args.is("hide-notes"), whole: helm.args.is("debug"), ..More::default() };
    helm.out(&encoded(helm, &r.body).unwrap_or_else(|| described(r, &more)));
    Ok(())
}

async fn asked(helm: &Helm) -> Result<Release, String> {
    helm.release(&helm.args.args[0], helm.args.int("revision")).await
}

/// The release's objects as the server's tables, kind by kind.
async fn resources(helm: &Helm, r: &Release) -> Result<String, String> {
    let mut found: Vec<(String, Vec<Value>)> = Vec::new();
    for t in targets(&helm.k, &r.objects(), &helm.namespace).await? {
        let kind = format!("{}/{}", t.object.api_version(), t.object.kind());
        let mut asked = request(Verb::Get, &t.resource, &t.namespace).named(t.object.name());
        asked.options.table = TableOf::Metadata;
        let Ok(answer) = helm.k.call(asked).await else { continue };
        match found.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, all)) => all.push(answer.object),
            None => found.push((kind, vec![answer.object])),
        }
    }
    let mut out = String::new();
    for (kind, tables) in found {
        let mut printer = TablePrinter::new(Options::default());
        let mut text = String::new();
        for t in &tables {
            printer.print(t, None, &mut text);
        }
        out.push_str(&format!("==> {kind}\n{}\n", columns(&text)));
    }
    Ok(out)
}

pub(super) async fn status(helm: &Helm) -> Done {
    let release = asked(helm).await?;
    if let Some(text) = encoded(helm, &release.body) {
        helm.out(&text);
        return Ok(());
    }
    let resources =
        if helm.args.is("show-resources") { resources(helm, &release).await? } else { String::new() };
    let more = More {
        description: helm.args.is("show-desc"),
        resources: &resources,
        whole: helm.args.is("debug"),
        ..More::default()
    };
    helm.out(&described(&release, &more));
    Ok(())
}

pub(super) async fn all(helm: &Helm) -> Done {
    helm.out(&described(&asked(helm).await?, &More { whole: true, ..More::default() }));
    Ok(())
}

pub(super) async fn hooks(helm: &Helm) -> Done {
    helm.out(&asked(helm).await?.hooks_text());
    Ok(())
}

pub(super) async fn manifest(helm: &Helm) -> Done {
    helm.out(&format!("{}\n", asked(helm).await?.body["manifest"].text()));
    Ok(())
}

pub(super) async fn notes(helm: &Helm) -> Done {
    let release = asked(helm).await?;
    let notes = release.body["info"]["notes"].text();
    if !notes.is_empty() {
        helm.out(&format!("NOTES:\n{notes}\n"));
    }
    Ok(())
}

pub(super) async fn values(helm: &Helm) -> Done {
    let release = asked(helm).await?;
    let config = &release.body["config"];
    let computed = coalesced(&release.body["chart"]["values"], config);
    let (title, v) = match helm.args.is("all") {
        true => ("COMPUTED VALUES:", &computed),
        false => ("USER-SUPPLIED VALUES:", config),
    };
    let v = if v.entries().is_empty() { &Value::Null } else { v };
    helm.out(&encoded(helm, v).unwrap_or_else(|| format!("{title}\n{}", block(v))));
    Ok(())
}

pub(super) async fn metadata(helm: &Helm) -> Done {
    let release = asked(helm).await?;
    let meta = &release.body["chart"]["metadata"];
    let notes = meta["annotations"].entries().iter();
    let notes: Vec<String> = notes.map(|(k, v)| format!("{k}={}", v.text())).collect();
    let needs: Vec<&str> = meta["dependencies"].items().iter().map(|d| d["name"].text()).collect();
    let at = release.deployed_at().rfc3339();
    let mut as_value = value!({
        "name": (release.name()), "chart": (meta["name"].clone()), "version": (meta["version"].clone()),
        "appVersion": (release.app_version()), "namespace": (release.body["namespace"].clone()),
        "revision": (release.version()), "status": (release.status()), "deployedAt": (at.as_str()),
    });
    for field in ["annotations", "dependencies"] {
        if !meta[field].is_null() {
            as_value.set(field, meta[field].clone());
        }
    }
    helm.out(&encoded(helm, &as_value).unwrap_or_else(|| {
        format!(
            "NAME: {}\nCHART: {}\nVERSION: {}\nAPP_VERSION: {}\nANNOTATIONS: {}\nDEPENDENCIES: {}\nNAMESPACE: {}\nREVISION: {}\nSTATUS: {}\nDEPLOYED_AT: {at}\n",
            release.name(),
            meta["name"].text(),
            meta["version"].text(),
            release.app_version(),
            notes.join(","),
            needs.join(","),
            release.body["namespace"].text(),
            release.version(),
            release.status(),
        )
    }));
    Ok(())
}
