//! /livez, /readyz, /healthz: named checks, verbose or not, some excluded; ComponentStatuses.
//!
//! Models `k8s.io/apiserver/pkg/server/healthz` and `pkg/registry/core/componentstatus`. The store is all that can fail
//! here: a server that starts answers nothing until its hooks are done.

use client::http::unexpected;
use objects::{Status, Str, Value, json, value};
use ordered::BTreeSet;

use crate::server::NO_PAGE;

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

const NO_ETCD: &str = "etcd client connection not yet established";

/// What fails while the store does not answer. A server that is well lists no check of it under /readyz.
const ETCD: [&str; 2] = ["etcd", "etcd-readiness"];

/// A part of the cluster that the server asks how it is, and what it says when it is not well.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// `scheduler`, `controller-manager`, `etcd-0`
    pub name: Str,
    pub failure: Option<String>,
}

/// How the server's surroundings are, as far as it can tell. Set by whoever runs it.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// The store does not answer.
    pub no_store: bool,
    pub parts: Vec<Part>,
}

impl Health {
    fn checks(&self, of: &str) -> Vec<&'static str> {
        let ready = of == "readyz";
        let second: &[&str] = if ready { &READY } else { &LIVE };
        let last: &[&str] = if ready { &LAST_READY } else { &[] };
        let etcd: &[&str] = if ready && self.no_store { &ETCD } else { &[] };
        FIRST.iter().chain(etcd).chain(second).chain(&HOOKS).chain(last).copied().collect()
    }

    fn fails(&self, check: &str) -> bool {
        self.no_store && ETCD.contains(&check)
    }

    /// The ComponentStatuses, in the order they are asked.
    pub(crate) fn statuses(&self) -> Vec<Value> {
        let status = |part: &Part| {
            let mut condition = value!({"type": "Healthy", "status": "True", "message": "ok"});
            if let Some(failure) = &part.failure {
                condition.set("status", "False");
                // The store's prober fails with an error; the others' say it in their message.
                let (message, error) = if part.name.starts_with("etcd") {
                    ("", failure.as_str())
                } else {
                    (failure.as_str(), "")
                };
                condition.remove("message");
                for (field, text) in [("message", message), ("error", error)] {
                    if !text.is_empty() {
                        condition.set(field, text);
                    }
                }
            }
            value!({
                "apiVersion": "v1", "kind": "ComponentStatus",
                "metadata": {"name": (&part.name), "creationTimestamp": null}, "conditions": [(condition)],
            })
        };
        self.parts.iter().map(status).collect()
    }

    /// The text of a health path: `ok`, or every check when `verbose` is asked for.
    ///
    /// # Errors
    /// 404 for a check that does not exist, 500 with every check when one fails.
    pub(crate) fn answer(
        &self,
        of: &str,
        single: &[&str],
        query: &str,
        parameters: &[(Str, Str)],
    ) -> Result<String, Status> {
        let all = self.checks(of);
        if !single.is_empty() {
            let name = single.join("/");
            return if !all.contains(&name.as_str()) {
                Err(unexpected(404, NO_PAGE))
            } else if self.fails(&name) {
                Err(unexpected(500, &format!("internal server error: {NO_ETCD}\n")))
            } else {
                Ok("ok".into())
            };
        }
        let given = query.split('&').filter(|p| !p.is_empty()).map(|p| p.split_once('=').unwrap_or((p, "")));
        let given: Vec<(&str, &str)> =
            given.chain(parameters.iter().map(|(k, v)| (k.as_str(), v.as_str()))).collect();
        let excluded: BTreeSet<&str> =
            given.iter().filter(|(k, _)| *k == "exclude").map(|(_, v)| *v).collect();
        let mut text = String::new();
        let mut failed = false;
        for check in &all {
            let (mark, state) = if excluded.contains(check) {
                ('+', "excluded: ok")
            } else if self.fails(check) {
                failed = true;
                ('-', "failed: reason withheld")
            } else {
                ('+', "ok")
            };
            text.push_str(&format!("[{mark}]{check} {state}\n"));
        }
        let unknown: Vec<String> =
            excluded.iter().filter(|e| !all.contains(e)).map(|e| json::go_quote(e)).collect();
        if !unknown.is_empty() {
            text.push_str(&format!(
                "warn: some health checks cannot be excluded: no matches for {}\n",
                unknown.join(",")
            ));
        }
        if failed {
            return Err(unexpected(500, &format!("{text}{of} check failed\n")));
        }
        if !given.iter().any(|(k, _)| *k == "verbose") {
            return Ok("ok".into());
        }
        text.push_str(&format!("{of} check passed\n"));
        Ok(text)
    }

    /// Every path that has a check behind it, and the three themselves.
    pub(crate) fn paths(&self) -> impl Iterator<Item = String> + use<'_> {
        ["healthz", "livez", "readyz"].into_iter().flat_map(|of| {
            let below = self.checks(of).into_iter().map(move |check| format!("/{of}/{check}"));
            std::iter::once(format!("/{of}")).chain(below)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_verbose_single_and_excluded() {
        let well = Health::default();
        assert_eq!(well.answer("livez", &[], "", &[]).as_deref(), Ok("ok"));
        assert_eq!(well.answer("livez", &["etcd"], "", &[]).as_deref(), Ok("ok"));
        assert!(well.answer("livez", &["nosuch"], "", &[]).is_err());
        let text = well
            .answer("readyz", &[], "verbose&exclude=x&exclude=log&exclude=a&exclude=x", &[])
            .unwrap_or_default();
        assert!(text.starts_with("[+]ping ok\n[+]log excluded: ok\n[+]informer-sync ok\n"), "{text}");
        assert!(text.contains("no matches for \"a\",\"x\"\n"), "{text}");
        assert!(text.ends_with("readyz check passed\n"), "{text}");
    }

    #[test]
    fn without_its_store_it_is_red() {
        let sick = Health { no_store: true, parts: Vec::new() };
        for of in ["livez", "readyz", "healthz"] {
            let status = sick.answer(of, &[], "", &[]).unwrap_err();
            let (said, body) = (&status.message, status.plain().unwrap_or_default());
            assert!(said.starts_with("an error on the server (\"[+]ping ok\\n[+]log ok\\n"), "{said}");
            assert!(body.contains("\n[-]etcd failed: reason withheld\n"), "{body}");
            assert!(body.ends_with(&format!("ok\n{of} check failed\n")), "{body}");
        }
        assert_eq!(sick.answer("livez", &[], "exclude=etcd", &[]).as_deref(), Ok("ok"));
        let single = sick.answer("livez", &["etcd"], "", &[]).unwrap_err();
        assert_eq!(
            (single.code(), single.plain()),
            (500, Some("internal server error: etcd client connection not yet established\n"))
        );
        assert_eq!(sick.answer("livez", &["ping"], "", &[]).as_deref(), Ok("ok"));
    }

    #[test]
    fn parts_say_how_they_are() {
        let part = |name: &str, failure: Option<&str>| Part {
            name: name.into(),
            failure: failure.map(str::to_owned),
        };
        let health =
            Health { no_store: true, parts: vec![part("scheduler", None), part("etcd-0", Some("gone"))] };
        let all = health.statuses();
        assert_eq!(all[0]["conditions"][0]["message"], "ok");
        assert_eq!(
            (&all[1]["conditions"][0]["error"], &all[1]["conditions"][0]["status"]),
            (&"gone".into(), &"False".into())
        );
    }
}
