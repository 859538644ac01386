//! The namespace controller: empties a deleted namespace, tells how far it is, and lets it go.
//!
//! Models `pkg/controller/namespace`. Pods go first; the rest waits for them.
//! Not modelled: discovery failures (all resources are known here).

use ordered::BTreeMap;
use ordered::Sort as _;

use client::{Change, Ctx, Options, Propagation, Request, Verb};
use clock::Time;
use objects::resources::{self, CUSTOMRESOURCEDEFINITIONS, NAMESPACES, PODS, Resource};
use objects::{Reason, Status, Str, Value, value};

use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};
use crate::delays::NAMESPACE_GRACE_MS;
use crate::discovery::custom_resource;

/// How long finalizers are thought to take.
const FINALIZER_ESTIMATE_SECONDS: i64 = 15;

#[derive(Clone, Debug)]
pub struct NamespaceController {
    pub base: Base,
}

/// What one sync finds.
#[derive(Default)]
struct Found {
    /// Seconds until the rest is thought to be gone; 0 when nothing is left.
    estimate: i64,
    remaining: BTreeMap<String, usize>,
    finalizers: BTreeMap<Str, usize>,
    errors: Vec<Status>,
}

impl Default for NamespaceController {
    fn default() -> Self {
        Self::new()
    }
}

impl NamespaceController {
    #[must_use]
    pub fn new() -> Self {
        Self { base: Base::new("namespace-controller") }
    }

    fn delete_content(&mut self, ns: &Value, caches: &Caches, ctx: &mut Ctx<'_>) -> Found {
        let mut found = Found::default();
        self.delete_all(PODS, ns, ctx, &mut found);
        if !found.remaining.is_empty() {
            return found;
        }
        let custom: Vec<Resource> = caches
            .of_resource(CUSTOMRESOURCEDEFINITIONS)
            .iter()
            .filter_map(|(_, c)| custom_resource(c))
            .collect();
        let mut seen: Vec<&Str> = Vec::new();
        for r in resources::all().iter().chain(&custom) {
            if !r.namespaced || !r.allows("delete") || r == PODS || seen.contains(&&r.storage) {
                continue;
            }
            seen.push(&r.storage);
            self.delete_all(r, ns, ctx, &mut found);
        }
        found
    }

    /// Deletes all objects of one resource and counts what is left of them.
    fn delete_all(&mut self, r: &Resource, ns: &Value, ctx: &mut Ctx<'_>, found: &mut Found) {
        let list = |ctx: &mut Ctx<'_>| {
            ctx.call(Request::new(Verb::List, &r.group, &r.version, &r.plural).in_namespace(ns.name()))
                .map(|l| l.object["items"].clone())
        };
        let result = (|| {
            let before = list(ctx)?;
            self.base.visited += before.items().len() as u64;
            if before.is_zero() {
                return Ok(Value::Null);
            }
            let grace = if r == PODS { longest_grace(&before) } else { 0 };
            let waited = ns.deletion_time().map_or(0, |t| ctx.now.since(t));
            let mut estimate = if waited >= grace * 1000 { 0 } else { grace };
            let mut all =
                Request::new(Verb::DeleteCollection, &r.group, &r.version, &r.plural).in_namespace(ns.name());
            all.options = Options { propagation: Some(Propagation::Background), ..Options::default() };
            if r.allows("deletecollection") {
                ctx.call(all)?;
            } else {
                for o in before.items() {
                    let background = Some(Propagation::Background);
                    match ctx.delete(r, ns.name(), o.name(), None, None, background) {
                        Err(e) if !matches!(e.reason, Reason::NotFound | Reason::MethodNotAllowed) => {
                            return Err(e);
                        }
                        _ => {}
                    }
                }
            }
            let left = list(ctx)?;
            if left.is_zero() {
                return Ok(Value::Null);
            }
            found.remaining.insert(format!("{}.{}", r.plural, r.group), left.items().len());
            let mut held = false;
            for f in left.items().iter().flat_map(|o| o.meta()["finalizers"].items()) {
                *found.finalizers.entry(f.to_str()).or_default() += 1;
                held = true;
            }
            if estimate == 0 && held {
                estimate = FINALIZER_ESTIMATE_SECONDS;
            }
            found.estimate = found.estimate.max(estimate);
            if estimate == 0 {
                return Err(crate::controller::internal(format!(
                    "unexpected items still remain in namespace: {} for gvr: {}, Resource={}",
                    ns.name(),
                    r.api_version(),
                    r.plural
                )));
            }
            Ok(left)
        })();
        if let Err(e) = result {
            found.errors.push(e);
        }
    }
}

fn longest_grace(pods: &Value) -> i64 {
    let running = pods.items().iter().filter(|p| !crate::pods::is_terminal(p));
    running.map(|p| p["spec"]["terminationGracePeriodSeconds"].int()).max().unwrap_or(0)
}

/// The five conditions of a namespace on its way out.
fn conditions(found: &Found, pods_only: bool) -> Vec<(&'static str, &'static str, &'static str, String)> {
    let ok = |kind, reason, text: &str| (kind, "False", reason, text.to_owned());
    let mut all = vec![
        ok(
            "NamespaceDeletionDiscoveryFailure",
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        ok(
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
    ];
    if found.errors.is_empty() {
        all.push(ok(
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ));
    } else {
        let mut texts: Vec<&str> = found.errors.iter().map(|e| e.message.as_str()).collect();
        texts.arrange();
        let text =
            format!("Failed to delete all resource types, {} remaining: {}", texts.len(), texts.join(", "));
        all.push(("NamespaceDeletionContentFailure", "True", "ContentDeletionFailed", text));
    }
    // While pods hold up the rest, totals are not told yet.
    if found.remaining.is_empty() || pods_only {
        all.push(ok("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"));
    } else {
        let mut each: Vec<String> =
            found.remaining.iter().map(|(r, n)| format!("{r} has {n} resource instances")).collect();
        each.arrange();
        let text = format!("Some resources are remaining: {}", each.join(", "));
        all.push(("NamespaceContentRemaining", "True", "SomeResourcesRemain", text));
    }
    if found.finalizers.is_empty() || pods_only {
        let text = "All content-preserving finalizers finished";
        all.push(ok("NamespaceFinalizersRemaining", "ContentHasNoFinalizers", text));
    } else {
        let each: Vec<String> =
            found.finalizers.iter().map(|(f, n)| format!("{f} in {n} resource instances")).collect();
        let text = format!("Some content in the namespace has finalizers remaining: {}", each.join(", "));
        all.push(("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", text));
    }
    all
}

/// Puts `wanted` into `status.conditions`; `None` when that changes nothing.
fn with_conditions(
    ns: &Value,
    wanted: Vec<(&'static str, &'static str, &'static str, String)>,
    now: Time,
) -> Option<Value> {
    let mut list: Vec<Value> = ns["status"]["conditions"].items().to_vec();
    let mut changed = false;
    for (kind, status, reason, message) in wanted {
        let at = now.rfc3339();
        match list.iter_mut().find(|c| c["type"] == kind) {
            None => {
                list.push(value!({"type": (kind), "status": (status), "reason": (reason),
                    "message": (message), "lastTransitionTime": (at)}));
                changed = true;
            }
            Some(c) => {
                if c["status"] == status && c["reason"] == reason && c["message"] == message.as_str() {
                    continue;
                }
                if c["status"] != status {
                    c.set("lastTransitionTime", at);
                }
                c.set("status", status);
                c.set("reason", reason);
                c.set("message", message);
                changed = true;
            }
        }
    }
    changed.then(|| {
        let mut ns = ns.clone();
        ns.set_at(&["status", "conditions"], list);
        ns
    })
}

impl Controller for NamespaceController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![NAMESPACES, CUSTOMRESOURCEDEFINITIONS]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource == NAMESPACES.id && !change.is_deleted() && change.object.is_terminating() {
            self.base.queue.add_after(change.name.clone(), change.revision, now, NAMESPACE_GRACE_MS);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let mut ns = match ctx.get(NAMESPACES, "", key) {
            Err(e) if e.reason == Reason::NotFound => return Ok(()),
            ns => ns?,
        };
        if !ns.is_terminating() {
            return Ok(());
        }
        if ns["status"]["phase"] != "Terminating" {
            ns.set_at(&["status", "phase"], "Terminating");
            ns = ctx.update_status(NAMESPACES, ns)?;
        }
        if ns["spec"]["finalizers"].is_zero() {
            return Ok(());
        }
        let found = self.delete_content(&ns, caches, ctx);
        let pods_only = found.remaining.contains_key("pods.");
        if let Some(next) = with_conditions(&ns, conditions(&found, pods_only), ctx.now)
            && let Ok(stored) = ctx.update_status(NAMESPACES, next)
        {
            ns = stored;
        }
        if let Some(e) = found.errors.into_iter().next() {
            return Err(e);
        }
        if found.estimate > 0 {
            let seconds = found.estimate / 2 + 1;
            self.base.queue.add_after(key, ctx.caller.cause, ctx.now, seconds * 1000);
            return Ok(());
        }
        let left: Vec<Value> =
            ns["spec"]["finalizers"].items().iter().filter(|f| **f != "kubernetes").cloned().collect();
        ns.set_at(&["spec", "finalizers"], value!([]));
        if !left.is_empty() {
            ns.set_at(&["spec", "finalizers"], left);
        }
        let finalize = Request::new(Verb::Update, &NAMESPACES.group, &NAMESPACES.version, &NAMESPACES.plural)
            .named(key)
            .subresource("finalize")
            .object(ns);
        match ctx.call(finalize) {
            Err(e) if e.reason != Reason::NotFound => Err(e),
            _ => Ok(()),
        }
    }
}
