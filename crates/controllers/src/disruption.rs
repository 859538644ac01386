//! The disruption controller: how many pods of a PodDisruptionBudget may be evicted now.
//!
//! Owns: the status of PodDisruptionBudgets, kept from each pod's change; resetting stale DisruptionTarget conditions.
//! Does not own: refusing evictions (apiserver).
//! Models `pkg/controller/disruption`. Not modelled: the scale of custom controllers.

use ordered::{BTreeMap, BTreeSet};

use client::{Change, Ctx};
use clock::Time;
use objects::int_or_string::scaled;
use objects::resources::{
    DEPLOYMENTS, PODDISRUPTIONBUDGETS, PODS, REPLICASETS, REPLICATIONCONTROLLERS, Resource, STATEFULSETS,
};
use objects::{Reason, Status, Str, Value, value};

use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base, internal, set_or_remove};
use crate::delays::{DISRUPTION_DELETION_TIMEOUT_MS, STALE_DISRUPTION_MS};
use crate::pod_facts::PodFacts;
use crate::pods;
use crate::selector::{self, SelectorIndex};

#[derive(Clone, Debug)]
pub struct DisruptionController {
    pub base: Base,
    selectors: SelectorIndex,
    budgets: BTreeMap<Str, Tally>,
}

/// The pods of one budget, counted.
#[derive(Clone, Debug, Default)]
struct Tally {
    pods: BTreeMap<Str, Counted>,
    healthy: i64,
    /// How many of the pods each controller (by uid) has.
    controllers: BTreeMap<Str, (i64, Value)>,
    unmanaged: BTreeSet<Str>,
}

#[derive(Clone, Debug)]
struct Counted {
    healthy: bool,
    controller: Str,
}

impl Tally {
    fn put(&mut self, pod: &Value) {
        let key = pod.key();
        self.remove(&key);
        let r = pod.controller_ref();
        let counted =
            Counted { healthy: !pod.is_terminating() && pods::is_ready(pod), controller: r["uid"].to_str() };
        self.healthy += i64::from(counted.healthy);
        if r.is_null() {
            self.unmanaged.insert(key.clone());
        } else {
            let entry = self.controllers.entry(counted.controller.clone()).or_insert((0, Value::Null));
            entry.0 += 1;
            entry.1 = value!({"kind": (&r["kind"]), "name": (&r["name"]), "uid": (&r["uid"]),
                "apiVersion": (&r["apiVersion"]), "pod": (pod.name())});
        }
        self.pods.insert(key, counted);
    }

    fn remove(&mut self, key: &Str) {
        let Some(old) = self.pods.remove(key) else { return };
        self.healthy -= i64::from(old.healthy);
        self.unmanaged.remove(key);
        if let Some(c) = self.controllers.get_mut(&old.controller) {
            c.0 -= 1;
            if c.0 == 0 {
                self.controllers.remove(&old.controller);
            }
        }
    }

    /// The replicas all controllers of the pods together should have.
    fn expected_scale(&self, namespace: &str, caches: &Caches) -> Result<i64, String> {
        let mut owners: BTreeMap<Str, i64> = BTreeMap::new();
        for (_, r) in self.controllers.values() {
            let (kind, name, uid) = (r["kind"].text(), r["name"].text(), r["uid"].text());
            let find = |resource: &Resource| caches.of_resource(resource).resolve(namespace, name, uid);
            let found = match kind {
                "ReplicaSet" => find(REPLICASETS),
                "StatefulSet" => find(STATEFULSETS),
                "ReplicationController" => find(REPLICATIONCONTROLLERS),
                _ => None,
            };
            let Some(owner) = found else {
                return Err(format!("found no controllers for pod \"{}\"", r["pod"].text()));
            };
            // A ReplicaSet counts with its Deployment, so that a rollout does not change the sum.
            let above = owner.controller_ref();
            let deployment = (above["kind"] == "Deployment")
                .then(|| {
                    let (name, uid) = (above["name"].text(), above["uid"].text());
                    caches.of_resource(DEPLOYMENTS).resolve(namespace, name, uid)
                })
                .flatten();
            let top = deployment.unwrap_or(owner);
            owners.insert(top.uid().into(), top["spec"]["replicas"].int());
        }
        Ok(owners.values().sum())
    }
}

impl Default for DisruptionController {
    fn default() -> Self {
        Self::new()
    }
}

impl DisruptionController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::with_account("controllermanager", "disruption-controller"),
            selectors: SelectorIndex::default(),
            budgets: BTreeMap::new(),
        }
    }

    fn on_budget(&mut self, change: &Change, caches: &Caches, now: Time) {
        let key = change.key();
        if change.is_deleted() {
            self.selectors.remove(&key);
            self.budgets.remove(&key);
        } else if !self.budgets.contains_key(&key)
            || change.previous["spec"]["selector"] != change.object["spec"]["selector"]
        {
            let mut tally = Tally::default();
            if let Some(s) = selector::of(&change.object["spec"]["selector"]) {
                for pod in caches.pods_matching(&change.namespace, &s) {
                    self.base.visited += 1;
                    tally.put(pod);
                }
                self.selectors.set(&key, &change.namespace, s);
            }
            self.budgets.insert(key.clone(), tally);
        }
        self.base.queue.add(key, change.revision, now);
    }

    fn on_pod(&mut self, change: &Change, now: Time) {
        let (old, pod) = (&change.previous, &change.object);
        let target = |p: &Value| p.condition_true("DisruptionTarget");
        if !change.is_deleted() && !pod.is_terminating() && target(pod) && !target(old) {
            let key = smol_str::format_smolstr!("!{}", change.key());
            self.base.queue.add_after(key, change.revision, now, STALE_DISRUPTION_MS);
        }
        if self.budgets.is_empty() {
            return;
        }
        let same = !old.is_null()
            && !change.is_deleted()
            && old.labels() == pod.labels()
            && pods::is_ready(old) == pods::is_ready(pod)
            && old.is_terminating() == pod.is_terminating()
            && old.controller_ref() == pod.controller_ref();
        if same {
            return;
        }
        let now_in = if change.is_deleted() {
            Vec::new()
        } else {
            self.selectors.matching(pod.namespace(), pod.labels())
        };
        let before = if old.is_null() && !change.is_deleted() {
            Vec::new()
        } else {
            let last = if old.is_null() { pod } else { old };
            self.selectors.matching(last.namespace(), last.labels())
        };
        for key in before.iter().filter(|k| !now_in.contains(k)) {
            if let Some(t) = self.budgets.get_mut(key) {
                t.remove(&change.key());
            }
            self.base.queue.add(key.clone(), change.revision, now);
        }
        for key in now_in {
            self.base.visited += 1;
            if let Some(t) = self.budgets.get_mut(&key) {
                t.put(pod);
            }
            self.base.queue.add(key, change.revision, now);
        }
    }

    /// A controller whose size changed changes what its budgets expect.
    fn on_owner(&mut self, change: &Change, caches: &Caches, now: Time) {
        if self.budgets.is_empty() || change.previous["spec"]["replicas"] == change.object["spec"]["replicas"]
        {
            return;
        }
        let template = change.object["spec"]["template"].labels();
        for key in self.selectors.matching(&change.namespace, template) {
            if caches.of_resource(PODDISRUPTIONBUDGETS).get(&key).is_some() {
                self.base.queue.add(key, change.revision, now);
            }
        }
    }

    /// (expected, desired healthy)
    fn expected(&self, budget: &Value, tally: &Tally, caches: &Caches) -> Result<(i64, i64), String> {
        let spec = &budget["spec"];
        let scale = || tally.expected_scale(budget.namespace(), caches);
        if !spec["maxUnavailable"].is_null() {
            let expected = scale()?;
            return Ok((expected, (expected - scaled(&spec["maxUnavailable"], expected, true)?).max(0)));
        }
        match &spec["minAvailable"] {
            Value::Null => Ok((0, 0)),
            percent @ Value::Str(_) => {
                let expected = scale()?;
                Ok((expected, scaled(percent, expected, true)?))
            }
            n => Ok((tally.pods.len() as i64, n.int())),
        }
    }

    fn sync_budget(
        &mut self,
        key: &str,
        budget: &Value,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        // Taken out while it is read, so that nothing is copied.
        let Some(tally) = self.budgets.remove(key) else { return Ok(()) };
        let result = self.sync_counted(key, budget, &tally, caches, ctx);
        self.budgets.insert(key.into(), tally);
        result
    }

    fn sync_counted(
        &mut self,
        key: &str,
        budget: &Value,
        tally: &Tally,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        if tally.pods.is_empty() {
            self.base.normal(ctx, budget, "NoPods", "No matching pods found");
        }
        let (expected, desired) = match self.expected(budget, tally, caches) {
            Ok(numbers) => numbers,
            Err(e) => {
                let text = format!("Failed to calculate the number of expected pods: {e}");
                self.base.warning(ctx, budget, "CalculateExpectedPodCountFailed", &text);
                let mut status = budget.get("status").clone();
                status.set("disruptionsAllowed", 0);
                set_condition(&mut status, "False", "SyncFailed", &e, ctx.now);
                return write(budget, status, ctx);
            }
        };
        let by_number = matches!(budget["spec"]["minAvailable"], Value::Int(_));
        if !tally.unmanaged.is_empty() && !by_number {
            let s = objects::selector::format_label_selector(&budget["spec"]["selector"]);
            let text = format!(
                "Pods selected by this PodDisruptionBudget (selector: {s}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value."
            );
            self.base.warning(ctx, budget, "UnmanagedPods", &text);
        }
        // Pods the eviction API let go but that are not deleted yet.
        let mut disrupted = Value::map();
        let mut healthy = tally.healthy;
        let mut recheck: Option<Time> = None;
        for (name, at) in budget["status"]["disruptedPods"].entries() {
            let pod_key = crate::caches::key_of(budget.namespace(), name);
            let (Some(counted), Some(at)) = (tally.pods.get(&pod_key), at.time()) else { continue };
            let Some(pod) = caches.pods().get(&pod_key).filter(|p| !p.is_terminating()) else { continue };
            let until = at + DISRUPTION_DELETION_TIMEOUT_MS;
            if until < ctx.now {
                let text = format!(
                    "Pod was expected by PDB {0}/{0} to be deleted but it wasn't",
                    budget.namespace()
                );
                self.base.warning(ctx, pod, "NotDeleted", &text);
            } else {
                disrupted.set(name.clone(), at.rfc3339());
                healthy -= i64::from(counted.healthy);
                recheck = recheck.into_iter().chain([until]).min();
            }
        }
        let allowed = if expected <= 0 { 0 } else { (healthy - desired).max(0) };
        let mut status = budget.get("status").clone();
        for (field, n) in [
            ("currentHealthy", healthy),
            ("desiredHealthy", desired),
            ("expectedPods", expected),
            ("disruptionsAllowed", allowed),
            ("observedGeneration", budget.generation()),
        ] {
            status.set(field, n);
        }
        set_or_remove(&mut status, "disruptedPods", disrupted);
        if allowed > 0 {
            set_condition(&mut status, "True", "SufficientPods", "", ctx.now);
        } else {
            set_condition(&mut status, "False", "InsufficientPods", "", ctx.now);
        }
        write(budget, status, ctx)?;
        if let Some(at) = recheck {
            self.base.queue.add_after(key, 0, ctx.now, at.since(ctx.now).max(1));
        }
        Ok(())
    }

    fn clear_stale(&mut self, pod_key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(pod) = caches.pods().get(pod_key) else { return Ok(()) };
        let c = pod.condition("DisruptionTarget");
        let stale = c["status"] == "True" && c["reason"] != "TerminationByKubelet";
        if pod.is_terminating() || !stale || pods::is_terminal(pod) {
            return Ok(());
        }
        let at = c["lastTransitionTime"].time().map_or(ctx.now, |t| t + STALE_DISRUPTION_MS);
        if at > ctx.now {
            let key = smol_str::format_smolstr!("!{pod_key}");
            self.base.queue.add_after(key, 0, ctx.now, at.since(ctx.now));
            return Ok(());
        }
        let mut all: Vec<Value> = pod["status"]["conditions"].items().to_vec();
        for c in all.iter_mut().filter(|c| c["type"] == "DisruptionTarget") {
            *c = value!({"type": "DisruptionTarget", "status": "False", "lastTransitionTime": (ctx.now.rfc3339())});
        }
        let mut pod = pod.clone();
        pod.set_at(&["status", "conditions"], all);
        ctx.update_status(PODS, pod).map(|_| ())
    }
}

fn set_condition(status: &mut Value, state: &str, reason: &str, message: &str, now: Time) {
    let mut all: Vec<Value> = status["conditions"].items().to_vec();
    let mut new = value!({
        "type": "DisruptionAllowed", "status": (state), "reason": (reason), "message": (message),
        "lastTransitionTime": (now.rfc3339()), "observedGeneration": (&status["observedGeneration"]),
    });
    match all.iter_mut().find(|c| c["type"] == "DisruptionAllowed") {
        Some(c) => {
            if c["status"] == state {
                new.set("lastTransitionTime", &c["lastTransitionTime"]);
            }
            *c = new;
        }
        None => all.push(new),
    }
    status.set("conditions", all);
}

fn write(budget: &Value, status: Value, ctx: &mut Ctx<'_>) -> Result<(), Status> {
    if *budget.get("status") == status {
        return Ok(());
    }
    let mut next = budget.clone();
    next.set("status", status);
    match ctx.update_status(PODDISRUPTIONBUDGETS, next) {
        Err(e) if e.reason == Reason::NotFound => Ok(()),
        Err(e) if e.reason == Reason::Conflict => Err(e),
        done => done.map(|_| ()).map_err(|e| internal(e.message)),
    }
}

impl Controller for DisruptionController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![PODDISRUPTIONBUDGETS, PODS, DEPLOYMENTS, REPLICASETS, STATEFULSETS, REPLICATIONCONTROLLERS]
    }

    fn concerns(&self, pod: &PodFacts<'_>) -> bool {
        pod.is.disruption_target || !self.budgets.is_empty()
    }

    fn on_change(&mut self, change: &Change, caches: &Caches, now: Time) {
        if change.resource == PODS.id {
            self.on_pod(change, now);
        } else if change.resource == PODDISRUPTIONBUDGETS.id {
            self.on_budget(change, caches, now);
        } else {
            self.on_owner(change, caches, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        if let Some(pod_key) = key.strip_prefix('!') {
            return self.clear_stale(pod_key, caches, ctx);
        }
        let Some(budget) = caches.of_resource(PODDISRUPTIONBUDGETS).get(key) else { return Ok(()) };
        self.sync_budget(key, budget, caches, ctx)
    }
}
