//! `helm list` and `history`.

use objects::selector::LabelSelector;
use objects::{Value, pattern, value};
use ordered::Sort as _;

use super::{Done, Helm, ansic, encoded, encoded_list, table};
use crate::release::{self, Release};

/// `2026-11-21 06:35:56.123 +0000 UTC`
fn updated(r: &Release) -> String {
    let text = r.deployed_at().rfc3339_micro();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{date} {} +0000 UTC", time.trim_end_matches('Z'))
}

pub(super) async fn run(helm: &Helm) -> Done {
    let args = &helm.args;
    let namespace = if args.is("all-namespaces") { "" } else { helm.namespace.as_str() };
    let labels = args.text("selector");
    let labels = LabelSelector::parse(labels)?;
    let mut latest: Vec<Release> = Vec::new();
    helm.reachable().await?;
    for r in release::history(&helm.k, namespace, "").await? {
        let same = |l: &Release| l.name() == r.name() && l.body["namespace"] == r.body["namespace"];
        match latest.last_mut().filter(|l| same(l)) {
            Some(l) => *l = r,
            None => latest.push(r),
        }
    }
    let states = ["deployed", "failed", "pending", "superseded", "uninstalled", "uninstalling"];
    let named: Vec<&str> = states.into_iter().filter(|state| args.is(state)).collect();
    let pick = Some(args.text("filter")).filter(|f| !f.is_empty());
    latest.retain(|r| {
        let status = r.status();
        let wanted = if !named.is_empty() {
            named.iter().any(|n| status == *n || *n == "pending" && status.starts_with(n))
        } else {
            args.is("all") || matches!(status, "deployed" | "failed")
        };
        wanted && labels.matches(&r.body["labels"]) && pick.is_none_or(|p| pattern::matches(p, r.name()))
    });
    if args.is("date") {
        latest.arrange_by(|a, b| a.deployed_at().cmp(&b.deployed_at()));
    } else {
        latest.arrange_by(|a, b| a.name().cmp(b.name()));
    }
    if args.is("reverse") {
        latest.reverse();
    }
    latest.drain(..usize::try_from(args.int("offset")).unwrap_or(0).min(latest.len()));
    latest.truncate(usize::try_from(args.int("max")).unwrap_or(usize::MAX));
    if args.is("short") {
        let names: Value = latest.iter().map(|r| Value::from(r.name())).collect();
        if let Some(text) = encoded(helm, &names) {
            helm.out(&text);
            return Ok(());
        }
        helm.out(&latest.iter().map(|r| format!("{}\n", r.name())).collect::<String>());
        return Ok(());
    }
    let as_values: Value = latest
        .iter()
        .map(|r| {
            value!({
                "name": (r.name()), "namespace": (r.body["namespace"].clone()), "revision": (r.version().to_string()),
                "updated": (updated(r)), "status": (r.status()), "chart": (r.chart_label()),
                "app_version": (r.app_version()),
            })
        })
        .collect();
    let fields = ["name", "namespace", "revision", "updated", "status", "chart", "app_version"];
    if let Some(text) = encoded_list(helm, &fields, &as_values) {
        helm.out(&text);
        return Ok(());
    }
    let head = ["NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION"];
    let mut rows = if args.is("no-headers") { Vec::new() } else { vec![head.map(str::to_owned).to_vec()] };
    for r in &latest {
        rows.push(vec![
            r.name().to_owned(),
            r.body["namespace"].text().to_owned(),
            r.version().to_string(),
            updated(r),
            r.status().to_owned(),
            r.chart_label(),
            r.app_version(),
        ]);
    }
    helm.out(&table(&rows));
    Ok(())
}

pub(super) async fn history(helm: &Helm) -> Done {
    let mut all = helm.history_of(&helm.args.args[0]).await?;
    if all.is_empty() {
        return Err("release: not found".into());
    }
    let most = usize::try_from(helm.args.int("max")).unwrap_or(usize::MAX);
    all.drain(..all.len().saturating_sub(most));
    let as_values: Value = all
        .iter()
        .map(|r| {
            value!({
                "revision": (r.version()), "updated": (r.deployed_at().rfc3339()), "status": (r.status()),
                "chart": (r.chart_label()), "app_version": (r.app_version()),
                "description": (r.body["info"]["description"].clone()),
            })
        })
        .collect();
    let fields = ["revision", "updated", "status", "chart", "app_version", "description"];
    if let Some(text) = encoded_list(helm, &fields, &as_values) {
        helm.out(&text);
        return Ok(());
    }
    let head = ["REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION", "DESCRIPTION"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for r in &all {
        rows.push(vec![
            r.version().to_string(),
            ansic(r.deployed_at()),
            r.status().to_owned(),
            r.chart_label(),
            r.app_version(),
            r.body["info"]["description"].text().to_owned(),
        ]);
    }
    helm.out(&table(&rows));
    Ok(())
}
