//! A binding on its way: evicted from clusters that are lost, scheduled, cut into works, its status gathered.
//!
//! Models `pkg/controllers/binding`, `gracefuleviction` and `cluster/taint_manager.go`. An eviction is graceful: the
//! work in the lost cluster goes when all others are healthy, or after 10 min. Each sync does the first thing that is
//! due and hears of its own write.

use client::{PatchType, Propagation};
use clock::Millis;
use objects::{Status, Str, Value, json, value};

use crate::kinds::{BINDINGS, SPACE, WORKS, work_name};
use crate::schedule::{APPLIED, placement_text, shares};
use crate::{Desk, Hub, aggregate, execution, kinds, overrides, placement, template_id};

const EVICTION_TIMEOUT_MS: Millis = 600_000;

impl Hub {
    pub(crate) fn sync_binding(&mut self, key: &str, cause: u64, desk: &mut Desk<'_>) -> Result<(), Status> {
        let Some(binding) = self.bindings.get(key).cloned() else {
            return self.delete_works(key, &[], cause, desk);
        };
        if binding.is_terminating()
            || self.evict(&binding, cause, desk)?
            || self.schedule(&binding, cause, desk)?
            || self.end_evictions(&binding, cause, desk)?
        {
            return Ok(());
        }
        self.ensure_works(&binding, cause, desk)?;
        self.gather(&binding, cause, desk)
    }

    pub(crate) fn template_of(&self, binding: &Value) -> Option<&Value> {
        let r = &binding["spec"]["resource"];
        let named = value!({"apiVersion": (r["apiVersion"].clone()), "kind": (r["kind"].clone())});
        let id = kinds::resource_of(&named)?.id;
        let key = format!("{}/{}", r["namespace"].text(), r["name"].text());
        self.templates.get(&template_id(&id, &key))
    }

    fn patch_binding(
        &mut self,
        binding: &Value,
        subresource: &str,
        patch: Value,
        actor: &str,
        cause: u64,
        desk: &mut Desk<'_>,
    ) -> Result<(), Status> {
        let at = self.at.clone();
        desk.on(&at, actor, cause, |ctx| {
            let (ns, name) = (binding.namespace(), binding.name());
            ctx.patch(&BINDINGS, ns, name, subresource, PatchType::Merge, patch)
        })
        .map(|_| ())
    }

    /// The same event about a binding and about what it binds.
    fn tell_both(&mut self, desk: &mut Desk<'_>, binding: &Value, warning: bool, reason: &str, text: &str) {
        self.tell(desk, binding, warning, reason, text);
        if let Some(template) = self.template_of(binding).cloned() {
            self.tell(desk, &template, warning, reason, text);
        }
    }

    /// Takes a binding off clusters whose taints it does not bear. True when it did.
    fn evict(&mut self, binding: &Value, cause: u64, desk: &mut Desk<'_>) -> Result<bool, Status> {
        let spec = &binding["spec"];
        let mut tasks = spec["gracefulEvictionTasks"].items().to_vec();
        let (mut kept, mut gone) = (Vec::new(), Vec::new());
        for target in spec["clusters"].items() {
            let name = target["name"].text();
            let left =
                self.clusters.get(name).and_then(|c| placement::bears(&spec["placement"], c, desk.now));
            match left {
                Some(0) => {
                    gone.push(name.to_owned());
                    let mut task = value!({
                        "fromCluster": (name), "purgeMode": "Gracefully", "reason": "TaintUntolerated",
                        "producer": "TaintManager", "creationTimestamp": (desk.now.rfc3339()),
                    });
                    if !target["replicas"].is_null() {
                        task.set("replicas", target["replicas"].clone());
                    }
                    tasks.push(task);
                }
                left => {
                    if let Some(ms) = left {
                        let item = format!("b:{}", binding.key());
                        self.queue.add_after(item, cause, desk.now, ms);
                    }
                    kept.push(target.clone());
                }
            }
        }
        if gone.is_empty() {
            return Ok(false);
        }
        let patch = value!({"spec": {
            "clusters": (Value::from(kept)), "gracefulEvictionTasks": (Value::from(tasks)),
        }});
        self.patch_binding(binding, "", patch, "taint-manager", cause, desk)?;
        for name in gone {
            let text = format!("Evict from cluster {name} succeed.");
            self.tell_both(desk, binding, false, "EvictWorkloadFromClusterSucceed", &text);
        }
        Ok(true)
    }

    /// Schedules what is due. True when it wrote something.
    fn schedule(&mut self, binding: &Value, cause: u64, desk: &mut Desk<'_>) -> Result<bool, Status> {
        const ACTOR: &str = "karmada-scheduler";
        if !self.is_due(binding) {
            return Ok(false);
        }
        let decided = self.decide(binding);
        let before = shares(binding);
        let (condition, event) = match &decided {
            Ok(found) => {
                let text = "Binding has been scheduled successfully.";
                let list: Vec<String> = found.iter().map(|(n, r)| format!("{n}:{r}")).collect();
                (("True", "Success", text.to_owned()), format!("{text} Result: {{{}}}", list.join(", ")))
            }
            Err(u) => (("False", u.reason, u.message.clone()), u.message.clone()),
        };
        let target = match &decided {
            Ok(found) => Some(found.as_slice()),
            Err(u) if u.clears => Some(&[][..]),
            Err(_) => None,
        };
        let mut wrote = false;
        if let Some(target) = target {
            let with_replicas = !binding["spec"]["replicas"].is_null();
            let clusters: Value = target
                .iter()
                .map(|(name, n)| {
                    let mut c = value!({"name": (name)});
                    if with_replicas && *n > 0 {
                        c.set("replicas", *n);
                    }
                    c
                })
                .collect();
            let text = placement_text(binding);
            if before != target || binding.annotations()[APPLIED].text() != text {
                let mut patch = value!({"metadata": {"annotations": {(APPLIED): (text)}}});
                patch.set("spec", value!({"clusters": (clusters)}));
                self.patch_binding(binding, "", patch, ACTOR, cause, desk)?;
                wrote = true;
            }
        }
        let old = binding.condition("Scheduled");
        let same = old["status"] == condition.0 && old["message"] == condition.2.as_str();
        if !same || wrote || (decided.is_ok() && crate::schedule::wants_anew(binding)) {
            let (status, reason, message) = condition;
            let condition = conditioned(binding, "Scheduled", status, reason, &message, &desk.now.rfc3339());
            let mut patch = value!({"status": {"conditions": (condition)}});
            if decided.is_ok() {
                // A wish for a time to come is fulfilled once.
                let wish = binding["spec"]["rescheduleTriggeredAt"].time();
                let at = wish.map_or(desk.now, |w| w.max(desk.now));
                patch.set_at(&["status", "lastScheduledTime"], at.rfc3339());
            }
            self.patch_binding(binding, "status", patch, ACTOR, cause, desk)?;
            let (failed, reason) = match decided {
                Ok(_) => (false, "ScheduleBindingSucceed"),
                Err(_) => (true, "ScheduleBindingFailed"),
            };
            self.tell_both(desk, binding, failed, reason, &event);
            wrote = true;
        }
        Ok(wrote)
    }

    /// Lets go of what was evicted when the others are well. True when it wrote something.
    fn end_evictions(&mut self, binding: &Value, cause: u64, desk: &mut Desk<'_>) -> Result<bool, Status> {
        let tasks = binding["spec"]["gracefulEvictionTasks"].items();
        if tasks.is_empty() {
            return Ok(false);
        }
        let targets = shares(binding);
        let works = self.works_of.get(&binding.key());
        let well = !targets.is_empty()
            && targets.iter().all(|(name, _)| {
                let space = format!("{SPACE}{name}/");
                let work = works.into_iter().flatten().find(|w| w.starts_with(&space));
                work.and_then(|w| self.works.get(w))
                    .is_some_and(|w| self.is_current(binding, w, name) && aggregate::is_healthy(w))
            });
        let mut kept = Vec::new();
        for task in tasks {
            let begun = task["creationTimestamp"].time().unwrap_or(desk.now);
            let left = EVICTION_TIMEOUT_MS - desk.now.since(begun);
            if well || left <= 0 {
                continue;
            }
            self.queue.add_after(format!("b:{}", binding.key()), cause, desk.now, left);
            kept.push(task.clone());
        }
        if kept.len() == tasks.len() {
            return Ok(false);
        }
        let patch = value!({"spec": {"gracefulEvictionTasks": (Value::from(kept))}});
        self.patch_binding(binding, "", patch, "graceful-eviction-controller", cause, desk)?;
        Ok(true)
    }

    /// Whether a work holds what it should by now.
    fn is_current(&self, binding: &Value, work: &Value, cluster: &str) -> bool {
        let wanted = self.manifest_for(binding, cluster);
        wanted.is_some_and(|m| work["spec"]["workload"]["manifests"][0] == m)
    }

    /// What a cluster is to have of a binding.
    fn manifest_for(&self, binding: &Value, cluster: &str) -> Option<Value> {
        let template = self.template_of(binding)?;
        let target = binding["spec"]["clusters"].items().iter().find(|c| c["name"] == cluster)?;
        let replicas = binding["spec"]["replicas"].as_int().map(|_| target["replicas"].int());
        let mut manifest = execution::manifest(template, binding, replicas);
        let name = work_name(template.kind(), template.name(), template.namespace());
        manifest.set_at(&["metadata", "annotations", "work.karmada.io/name"], name);
        let space = format!("{SPACE}{cluster}");
        manifest.set_at(&["metadata", "annotations", "work.karmada.io/namespace"], space);
        let named = self.clusters.get(cluster);
        overrides::apply(&mut manifest, template, named, self.overrides.values());
        Some(manifest)
    }

    fn ensure_works(&mut self, binding: &Value, cause: u64, desk: &mut Desk<'_>) -> Result<(), Status> {
        let Some(template) = self.template_of(binding).cloned() else { return Ok(()) };
        let name = work_name(template.kind(), template.name(), template.namespace());
        let mut wanted: Vec<Str> = Vec::new();
        let at = self.at.clone();
        for (cluster, _) in shares(binding) {
            let Some(manifest) = self.manifest_for(binding, &cluster) else { continue };
            let key = Str::from(format!("{SPACE}{cluster}/{name}"));
            wanted.push(key.clone());
            let space = format!("{SPACE}{cluster}");
            let id = binding.labels()["resourcebinding.karmada.io/permanent-id"].clone();
            let spec = value!({"workload": {"manifests": [(manifest)]}});
            if let Some(old) = self.works.get(&key) {
                if old["spec"] == spec || old.is_terminating() {
                    continue;
                }
                let patch = value!({"spec": (spec)});
                desk.on(&at, "binding-controller", cause, |ctx| {
                    ctx.patch(&WORKS, &space, &name, "", PatchType::Merge, patch)
                })?;
                continue;
            }
            let work = value!({
                "apiVersion": "work.karmada.io/v1alpha1", "kind": "Work",
                "metadata": {
                    "name": (name.as_str()), "namespace": (space), "finalizers": [(kinds::FINALIZER)],
                    "labels": {"resourcebinding.karmada.io/permanent-id": (id)},
                    "annotations": (kinds::binding_marks(binding)),
                },
                "spec": (spec),
            });
            desk.on(&at, "binding-controller", cause, |ctx| ctx.create(&WORKS, work))?;
        }
        for task in binding["spec"]["gracefulEvictionTasks"].items() {
            wanted.push(Str::from(format!("{SPACE}{}/{name}", task["fromCluster"].text())));
        }
        self.delete_works(&binding.key(), &wanted, cause, desk)
    }

    /// Deletes the works of a binding but for those that are wanted.
    fn delete_works(
        &mut self,
        key: &str,
        wanted: &[Str],
        cause: u64,
        desk: &mut Desk<'_>,
    ) -> Result<(), Status> {
        let at = self.at.clone();
        let all: Vec<Str> = self.works_of.get(key).into_iter().flatten().cloned().collect();
        for work in all.into_iter().filter(|w| !wanted.contains(w)) {
            if self.works.get(&work).is_none_or(Value::is_terminating) {
                continue;
            }
            let (ns, name) = objects::meta::split_key(&work);
            desk.on(&at, "binding-controller", cause, |ctx| {
                ctx.delete(&WORKS, ns, name, None, None, Some(Propagation::Background))
            })?;
        }
        Ok(())
    }

    /// What became of it, on the binding and on the template.
    fn gather(&mut self, binding: &Value, cause: u64, desk: &mut Desk<'_>) -> Result<(), Status> {
        let works: Vec<&Value> = self
            .works_of
            .get(&binding.key())
            .into_iter()
            .flatten()
            .filter_map(|w| self.works.get(w))
            .filter(|w| !w.is_terminating())
            .collect();
        let items = aggregate::items(&works);
        let targets = shares(binding);
        let tasks = binding["spec"]["gracefulEvictionTasks"].items().len();
        let full = !targets.is_empty()
            && items.len() == targets.len() + tasks
            && items.iter().all(|i| i["applied"].is_true());
        let condition = if full {
            ("True", "FullyAppliedSuccess", "All works have been successfully applied")
        } else {
            (
                "False",
                "FullyAppliedFailed",
                "Failed to apply all works, see status.aggregatedStatus for details",
            )
        };
        let conditions =
            conditioned(binding, "FullyApplied", condition.0, condition.1, condition.2, &desk.now.rfc3339());
        let list = Value::from(items.clone());
        let status = &binding["status"];
        if status["aggregatedStatus"].items() != items.as_slice() || status["conditions"] != conditions {
            let patch = value!({"status": {"aggregatedStatus": (list), "conditions": (conditions)}});
            self.patch_binding(binding, "status", patch, "resource-binding-status-controller", cause, desk)?;
            let text =
                format!("Update ResourceBinding({}) with AggregatedStatus successfully.", binding.key());
            self.tell_both(desk, binding, false, "AggregateStatusSucceed", &text);
        }
        let Some(template) = self.template_of(binding).cloned() else { return Ok(()) };
        let counted: Vec<&Value> =
            items.iter().filter(|i| targets.iter().any(|(n, _)| i["clusterName"] == n.as_str())).collect();
        let Some(status) = aggregate::template_status(&template, &counted, targets.len()) else {
            return Ok(());
        };
        if json::to_string(&template["status"]) == json::to_string(&status) {
            return Ok(());
        }
        let Some(r) = kinds::resource_of(&template) else { return Ok(()) };
        let mut object = template;
        object.set("status", status);
        let at = self.at.clone();
        desk.on(&at, "resource-binding-status-controller", cause, |ctx| ctx.update_status(&r, object))
            .map(|_| ())
    }
}

/// The conditions of an object with one set.
pub(crate) fn conditioned(
    object: &Value,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: &str,
) -> Value {
    let mut all = object["status"]["conditions"].items().to_vec();
    let since = match object.condition(kind) {
        c if c["status"] == status => c["lastTransitionTime"].clone(),
        _ => now.into(),
    };
    let new = value!({
        "type": (kind), "status": (status), "reason": (reason), "message": (message), "lastTransitionTime": (since),
    });
    match all.iter_mut().find(|c| c["type"] == kind) {
        Some(old) => *old = new,
        None => all.push(new),
    }
    Value::from(all)
}
