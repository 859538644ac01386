//! Works carried out: a member has what a work says, and the work says what became of it.
//!
//! Models `pkg/controllers/execution`, `status/work_status_controller.go`, `pkg/util/objectwatcher` and
//! `pkg/resourceinterpreter/default/native`. What somebody changes in a member is put back; what a member's own
//! controllers fill in stays. A work of a member that is not ready waits, its deletion too.

use client::{Body, EventType, PatchType, Propagation, Request, Verb};
use objects::resources::{NAMESPACES, Resource};
use objects::{Reason, Status, Value, value};

use crate::binding::conditioned;
use crate::kinds::{FINALIZER, MANAGED, WORKS, cluster_of, resource_of};
use crate::{Desk, Hub, aggregate};

const GENERATION: &str = "resourcetemplate.karmada.io/generation";
const ACTOR: &str = "execution-controller";

pub(crate) fn generation_of(template: &Value) -> i64 {
    template.generation()
}

/// How many replicas a template wants; `None`: its kind has none.
pub(crate) fn replicas_of(template: &Value) -> Option<i64> {
    match template.kind() {
        "Deployment" | "StatefulSet" => Some(template["spec"]["replicas"].int_or(1)),
        "Job" => Some(template["spec"]["parallelism"].int_or(1)),
        "Pod" => Some(1),
        _ => None,
    }
}

/// A template as a member gets it.
pub(crate) fn manifest(template: &Value, binding: &Value, replicas: Option<i64>) -> Value {
    let mut m = template.clone();
    m.remove("status");
    let mut labels = template.labels().clone();
    labels.set(MANAGED, "true");
    let mut annotations = template.annotations().clone();
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    annotations.set("resourcetemplate.karmada.io/uid", template.uid());
    if template.generation() > 0 {
        annotations.set(GENERATION, template.generation().to_string());
    }
    for (k, v) in crate::kinds::binding_marks(binding).entries() {
        annotations.set(k.clone(), v.clone());
    }
    m.set(
        "metadata",
        value!({
            "name": (template.name()), "namespace": (template.namespace()),
            "labels": (labels), "annotations": (annotations),
        }),
    );
    match template.kind() {
        "Service" if template["spec"]["clusterIP"] != "None" => {
            m.remove_at(&["spec", "clusterIP"]);
            m.remove_at(&["spec", "clusterIPs"]);
        }
        "Job" if !template["spec"]["manualSelector"].is_true() => {
            m.remove_at(&["spec", "selector"]);
            for label in ["controller-uid", "batch.kubernetes.io/controller-uid"] {
                m.remove_at(&["spec", "template", "metadata", "labels", label]);
            }
        }
        "Pod" => {
            m.remove_at(&["spec", "nodeName"]);
        }
        _ => {}
    }
    match (template.kind(), replicas) {
        ("Deployment" | "StatefulSet", Some(n)) => m.set_at(&["spec", "replicas"], n),
        ("Job", Some(n)) => m.set_at(&["spec", "parallelism"], n),
        _ => {}
    }
    m
}

/// Whether an object has all that a manifest says.
fn covers(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Map(_), Value::Map(map)) => map.iter().all(|(k, v)| covers(live.get(k), v)),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| covers(a, b))
        }
        (Value::Null, other) => other.is_zero(),
        _ => live == wanted,
    }
}

impl Hub {
    pub(crate) fn sync_work(&mut self, key: &str, cause: u64, desk: &mut Desk<'_>) -> Result<(), Status> {
        let Some(work) = self.works.get(key).cloned() else {
            self.applied.remove(key);
            return Ok(());
        };
        let Some(cluster) = cluster_of(work.namespace()).map(str::to_owned) else { return Ok(()) };
        let named = self.clusters.get(cluster.as_str());
        let ready = named.is_some_and(|c| c.condition_true("Ready"));
        let leaving = named.is_none_or(Value::is_terminating);
        if work.is_terminating() {
            if ready {
                self.take_back(&work, &cluster, cause, desk)?;
            } else if !leaving {
                // Heard of again when the cluster is back.
                return Ok(());
            }
            return self.let_go(&work, cause, desk);
        }
        if !ready {
            return Ok(());
        }
        self.carry_out(&work, &cluster, cause, desk)
    }

    fn take_back(
        &mut self,
        work: &Value,
        cluster: &str,
        cause: u64,
        desk: &mut Desk<'_>,
    ) -> Result<(), Status> {
        for m in work["spec"]["workload"]["manifests"].items() {
            let Some(r) = resource_of(m) else { continue };
            let done = desk.on(cluster, ACTOR, cause, |ctx| {
                let live = ctx.get(&r, m.namespace(), m.name())?;
                if live.labels()[MANAGED] != "true" || live.is_terminating() {
                    return Ok(());
                }
                let how = Some(Propagation::Background);
                ctx.delete(&r, m.namespace(), m.name(), Some(live.uid()), None, how).map(|_| ())
            });
            match done {
                Err(e) if e.reason != Reason::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }

    fn let_go(&mut self, work: &Value, cause: u64, desk: &mut Desk<'_>) -> Result<(), Status> {
        let left: Value =
            work.meta()["finalizers"].items().iter().filter(|f| **f != FINALIZER).cloned().collect();
        let at = self.at.clone();
        let patch = value!({"metadata": {"finalizers": (left)}});
        desk.on(&at, ACTOR, cause, |ctx| {
            ctx.patch(&WORKS, work.namespace(), work.name(), "", PatchType::Merge, patch)
        })
        .map(|_| ())
    }

    fn carry_out(
        &mut self,
        work: &Value,
        cluster: &str,
        cause: u64,
        desk: &mut Desk<'_>,
    ) -> Result<(), Status> {
        let mut failed: Vec<String> = Vec::new();
        let mut statuses: Vec<Value> = Vec::new();
        let manifests = work["spec"]["workload"]["manifests"].items();
        for (ordinal, m) in manifests.iter().enumerate() {
            let Some(r) = resource_of(m) else { continue };
            let anew = self.applied.get(&work.key()) != Some(&work["spec"]);
            match desk.on(cluster, ACTOR, cause, |ctx| apply(ctx, &r, m, anew, cluster)) {
                Ok((live, written)) => {
                    if written {
                        let at = self.at.clone();
                        let (ns, name) = (m.namespace(), m.name());
                        let text = format!("Successfully applied resource({ns}/{name}) to cluster {cluster}");
                        let about =
                            desk.on(&at, ACTOR, cause, |ctx| ctx.get(&r, ns, name)).unwrap_or_default();
                        desk.on(&at, ACTOR, cause, |ctx| {
                            if !about.is_null() {
                                let kind = EventType::Normal;
                                self.recorder.event(ctx, &about, kind, "SyncSucceed", &text);
                            }
                        });
                    }
                    statuses.extend(aggregate::reflect(&live, &r, ordinal));
                }
                // A cluster that can't be reached is found out by its probe.
                Err(e) if e.reason == Reason::Unreachable => return Err(e),
                Err(e) => failed.push(e.message),
            }
        }
        if failed.is_empty() {
            self.applied.insert(work.key(), work["spec"].clone());
        }
        let all = manifests.len();
        let now = desk.now.rfc3339();
        let mut next = work.clone();
        let text = "Work is being dispatched to member clusters.";
        let conditions = conditioned(&next, "Dispatching", "True", "Dispatching", text, &now);
        next.set_at(&["status", "conditions"], conditions);
        let conditions = if failed.is_empty() {
            let text = "Manifest has been successfully applied";
            conditioned(&next, "Applied", "True", "AppliedSuccessful", text, &now)
        } else {
            let list =
                if let [one] = failed.as_slice() { one.clone() } else { format!("[{}]", failed.join(", ")) };
            let text = format!("Failed to apply all manifests ({}/{all}): {list}", all - failed.len());
            conditioned(&next, "Applied", "False", "AppliedFailed", &text, &now)
        };
        let status = value!({"conditions": (conditions), "manifestStatuses": (Value::from(statuses))});
        if work["status"]["conditions"] != status["conditions"]
            || work["status"]["manifestStatuses"].items() != status["manifestStatuses"].items()
        {
            let at = self.at.clone();
            let patch = value!({"status": (status)});
            desk.on(&at, "work-status-controller", cause, |ctx| {
                ctx.patch(&WORKS, work.namespace(), work.name(), "status", PatchType::Merge, patch)
            })?;
        }
        match failed.is_empty() {
            true => Ok(()),
            false => Err(Status::new(Reason::Unknown, failed.join(", "))),
        }
    }
}

/// Makes a member's object what the manifest says. The object, and whether it was written.
fn apply(
    ctx: &mut client::Ctx<'_>,
    r: &Resource,
    manifest: &Value,
    anew: bool,
    cluster: &str,
) -> Result<(Value, bool), Status> {
    let (ns, name) = (manifest.namespace(), manifest.name());
    match ctx.get(r, ns, name) {
        Ok(live) if live.is_terminating() => {
            return Err(Status::new(Reason::Conflict, format!("{} \"{name}\" is being deleted", r.plural)));
        }
        Ok(live) => {
            if live.labels()[MANAGED] != "true" {
                let text = format!(
                    "resource(kind={}, {ns}/{name}) already exists in the cluster {cluster} and the conflictResolution is Abort, karmada will not manage this resource",
                    r.kind
                );
                return Err(Status::new(Reason::AlreadyExists, text));
            }
            if !anew && covers(&live, manifest) {
                return Ok((live, false));
            }
        }
        Err(e) if e.reason == Reason::NotFound => {
            let there = ctx.get(NAMESPACES, "", ns);
            if there.is_err_and(|e| e.reason == Reason::NotFound) {
                let object = value!({
                    "apiVersion": "v1", "kind": "Namespace",
                    "metadata": {"name": (ns), "labels": {(MANAGED): "true"}},
                });
                ctx.create(NAMESPACES, object)?;
            }
        }
        Err(e) => return Err(e),
    }
    let mut request = Request::new(Verb::Patch, &r.group, &r.version, &r.plural)
        .in_namespace(ns)
        .named(name)
        .patch(PatchType::Apply, Body::Object(manifest.clone()));
    request.options.field_manager = "karmada".into();
    request.options.force = true;
    Ok((ctx.call(request)?.object, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_may_have_more_than_its_manifest() {
        let live = value!({"a": 1, "b": {"c": [{"n": "x", "d": true}]}});
        for (wanted, want) in [
            (value!({"a": 1}), true),
            (value!({"b": {"c": [{"n": "x"}]}}), true),
            (value!({"b": {"c": []}}), false),
            (value!({"a": 2}), false),
            (value!({"z": 1}), false),
            (value!({"z": {}}), true),
        ] {
            assert_eq!(covers(&live, &wanted), want, "{wanted:?}");
        }
    }

    #[test]
    fn a_member_gets_its_share_and_no_status() {
        let web = value!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "default", "uid": "u", "generation": 2, "resourceVersion": "9"},
            "spec": {"replicas": 3}, "status": {"replicas": 3},
        });
        let binding = value!({"metadata": {"name": "web-deployment", "namespace": "default"}});
        let m = manifest(&web, &binding, Some(2));
        assert_eq!(m["spec"]["replicas"].int(), 2);
        assert!(m["status"].is_null() && m.uid().is_empty() && m.meta()["resourceVersion"].is_null());
        assert_eq!(m.labels()[MANAGED], "true");
        assert_eq!(m.annotations()[GENERATION], "2");
    }
}
