//! `/metrics`: what the server counted, as Prometheus reads it.
//!
//! Owns: the counter of requests. Models `k8s.io/apiserver/pkg/endpoints/metrics` and `storage/etcd3/metrics`, the few
//! families that people look at. Not modelled: durations, sizes, the server's own work queues.

use std::fmt::Write as _;

use client::{Request, Response, Verb};
use objects::{Status, Str};
use ordered::Sort as _;

use crate::server::ApiServer;

/// Places for kinds that were counted lately.
const HINTS: usize = 32;

/// What requests that are counted together have in common.
#[derive(Clone, Debug)]
struct Kind {
    verb: &'static str,
    group: Str,
    resource: Str,
    /// `resource.group`, by which they are put in order.
    id: Str,
    version: Str,
    subresource: Str,
    scope: &'static str,
    dry_run: bool,
    code: u16,
}

/// Requests by what they were and how they ended. Plain data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// In the order in which they were met.
    counts: Vec<(Kind, u64)>,
    /// Where in `counts` kinds were found lately: a few take nearly all requests.
    hints: [usize; HINTS],
}

impl Asked {
    pub(crate) fn count(&mut self, request: &Request, answer: &Result<Response, Status>) {
        let code = match answer {
            Ok(r) if r.created || request.verb == Verb::Create => 201,
            Ok(_) => 200,
            Err(s) => s.code(),
        };
        let verb = match request.verb {
            Verb::Get => "GET",
            Verb::List => "LIST",
            Verb::Watch => "WATCH",
            Verb::Create => "POST",
            Verb::Update => "PUT",
            Verb::Patch if request.patch_type == Some(client::PatchType::Apply) => "APPLY",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
            Verb::DeleteCollection => "DELETECOLLECTION",
        };
        let scope = match (request.name.is_empty(), request.namespace.is_empty()) {
            (false, _) => "resource",
            (true, false) => "namespace",
            (true, true) => "cluster",
        };
        let is = |(kind, _): &(Kind, u64)| {
            kind.verb == verb
                && kind.code == code
                && kind.scope == scope
                && kind.dry_run == request.options.dry_run
                && kind.resource == request.resource
                && kind.group == request.group
                && kind.version == request.version
                && kind.subresource == request.subresource
        };
        let letter = request.resource.bytes().next().map_or(0, usize::from);
        let place = (letter * 7 + verb.len() * 5 + request.subresource.len() + usize::from(code)) % HINTS;
        let met = self.hints[place];
        let at = if self.counts.get(met).is_some_and(is) {
            met
        } else {
            self.counts.iter().position(is).unwrap_or_else(|| {
                let kind = Kind {
                    verb,
                    group: request.group.clone(),
                    resource: request.resource.clone(),
                    id: request.resource_id(),
                    version: request.version.clone(),
                    subresource: request.subresource.clone(),
                    scope,
                    dry_run: request.options.dry_run,
                    code,
                };
                self.counts.push((kind, 0));
                self.counts.len() - 1
            })
        };
        self.hints[place] = at;
        self.counts[at].1 += 1;
    }

    /// All that was counted, in order.
    fn sorted(&self) -> Vec<&(Kind, u64)> {
        fn order(kind: &Kind) -> impl Ord + '_ {
            let Kind { verb, id, version, subresource, scope, dry_run, code, .. } = kind;
            (verb, id, version, subresource, scope, dry_run, code)
        }
        let mut all: Vec<&(Kind, u64)> = self.counts.iter().collect();
        all.as_mut_slice().arrange_by(|a, b| order(&a.0).cmp(&order(&b.0)));
        all
    }
}

/// The two lines that open a family.
fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

impl ApiServer {
    pub(crate) fn metrics(&self) -> String {
        let mut out = String::new();
        let name = "apiserver_request_total";
        head(
            &mut out,
            name,
            "counter",
            "[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
        );
        for (kind, n) in self.asked.sorted() {
            let Kind { verb, group, resource, version, subresource, scope, dry_run, code, .. } = kind;
            let dry = if *dry_run { "All" } else { "" };
            let _ = writeln!(
                out,
                "{name}{{code=\"{code}\",component=\"apiserver\",dry_run=\"{dry}\",group=\"{group}\",resource=\"{resource}\",scope=\"{scope}\",subresource=\"{subresource}\",verb=\"{verb}\",version=\"{version}\"}} {n}"
            );
        }
        let stored: Vec<(Str, usize)> =
            self.resource_ids().into_iter().map(|id| (id.clone(), self.objects(&id, "").count())).collect();
        let name = "apiserver_resource_objects";
        head(
            &mut out,
            name,
            "gauge",
            "[ALPHA] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.",
        );
        for (id, n) in &stored {
            let (resource, group) = id.split_once('.').unwrap_or((id, ""));
            let _ = writeln!(out, "{name}{{group=\"{group}\",resource=\"{resource}\"}} {n}");
        }
        let name = "apiserver_storage_objects";
        head(
            &mut out,
            name,
            "gauge",
            "[STABLE] [DEPRECATED, consider using apiserver_resource_objects instead] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.",
        );
        for (id, n) in &stored {
            let _ = writeln!(out, "{name}{{resource=\"{id}\"}} {n}");
        }
        for (name, kind, help, value) in [
            (
                "apiserver_audit_event_total",
                "counter",
                "[ALPHA] Counter of audit events generated and sent to the audit backend.",
                0,
            ),
            (
                "etcd_bookmark_counts",
                "gauge",
                "[ALPHA] Number of etcd bookmarks (progress notify events) split by kind.",
                0,
            ),
        ] {
            head(&mut out, name, kind, help);
            let _ = writeln!(out, "{name} {value}");
        }
        let name = "kubernetes_build_info";
        head(
            &mut out,
            name,
            "gauge",
            "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
        );
        let _ = writeln!(
            out,
            "{name}{{git_version=\"v1.36.2\",major=\"1\",minor=\"36\",platform=\"linux/amd64\"}} 1"
        );
        out
    }
}
