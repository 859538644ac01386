//! /livez, /readyz, /healthz: named checks, verbose or not, some excluded.
//!
//! Models `k8s.io/apiserver/pkg/server/healthz`. Not modelled: checks that fail; no fault reaches the server yet.

use objects::{Reason, Status, Str};

/// What every one of the three looks at first.
const FIRST: [&str; 2] = ["ping", "log"];
const LIVE: [&str; 2] = ["loopback-serving-certificate", "etcd"];
const READY: [&str; 1] = ["informer-sync"];
const LAST_READY: [&str; 1] = ["shutdown"];
/// The hooks that run after the server has started, in their order.
const HOOKS: [&str; 31] = [
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/storage-object-count-tracker-hook",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/peer-endpoint-reconciler-controller",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/start-kube-apiserver-identity-lease-controller",
    "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
    "poststarthook/storage-readiness",
    "poststarthook/start-legacy-token-tracking-controller",
    "poststarthook/start-service-ip-repair-controllers",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/priority-and-fairness-config-producer",
    "poststarthook/bootstrap-controller",
    "poststarthook/start-kubernetes-service-cidr-controller",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-status-remote-available-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-wait-for-first-sync",
    "poststarthook/apiservice-discovery-controller",
    "poststarthook/kube-apiserver-autoregistration",
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
];

fn checks(of: &str) -> Vec<&'static str> {
    let ready = of == "readyz";
    let second: &[&str] = if ready { &READY } else { &LIVE };
    let last: &[&str] = if ready { &LAST_READY } else { &[] };
    FIRST.iter().chain(second).chain(&HOOKS).chain(last).copied().collect()
}

/// The text of a health path: `ok`, or every check when `verbose` is asked for.
///
/// # Errors
/// 404 for a check that does not exist.
pub(crate) fn answer(
    of: &str,
    single: &[&str],
    query: &str,
    parameters: &[(Str, Str)],
) -> Result<String, Status> {
    let all = checks(of);
    if !single.is_empty() {
        let name = single.join("/");
        return if all.contains(&name.as_str()) {
            Ok("ok".into())
        } else {
            Err(Status::new(Reason::NotFound, "the server could not find the requested resource"))
        };
    }
    let given = query.split('&').filter(|p| !p.is_empty()).map(|p| p.split_once('=').unwrap_or((p, "")));
    let given: Vec<(&str, &str)> =
        given.chain(parameters.iter().map(|(k, v)| (k.as_str(), v.as_str()))).collect();
    if !given.iter().any(|(k, _)| *k == "verbose") {
        return Ok("ok".into());
    }
    let excluded: Vec<&str> = given.iter().filter(|(k, _)| *k == "exclude").map(|(_, v)| *v).collect();
    let mut text = String::new();
    for check in &all {
        let state = if excluded.contains(check) { "excluded: ok" } else { "ok" };
        text.push_str(&format!("[+]{check} {state}\n"));
    }
    let unknown: Vec<String> =
        excluded.iter().filter(|e| !all.contains(e)).map(|e| format!("\"{e}\"")).collect();
    if !unknown.is_empty() {
        text.push_str(&format!(
            "warn: some health checks cannot be excluded: no matches for {}\n",
            unknown.join(",")
        ));
    }
    text.push_str(&format!("{of} check passed\n"));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_verbose_single_and_excluded() {
        assert_eq!(answer("livez", &[], "", &[]).as_deref(), Ok("ok"));
        assert_eq!(answer("livez", &["etcd"], "", &[]).as_deref(), Ok("ok"));
        assert!(answer("livez", &["nosuch"], "", &[]).is_err());
        let text = answer("readyz", &[], "verbose&exclude=log&exclude=x", &[]).unwrap_or_default();
        assert!(text.starts_with("[+]ping ok\n[+]log excluded: ok\n[+]informer-sync ok\n"), "{text}");
        assert!(text.contains("no matches for \"x\"\n"), "{text}");
        assert!(text.ends_with("readyz check passed\n"), "{text}");
    }
}
