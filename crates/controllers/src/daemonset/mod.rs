//! The DaemonSet controller: one pod on each node that should have one.
//!
//! Owns: creating and deleting daemon pods, their rolling update (update), revisions, the status of DaemonSets.
//! Does not own: binding the pods (the scheduler follows the node affinity they are made with).
//! Models `pkg/controller/daemon`. A sync costs as many looks as there are nodes.

use ordered::Sort as _;
mod placement;
mod update;

use ordered::BTreeMap;

use client::{Change, ChangeKind, Ctx};
use clock::{Millis, Time};
use objects::resources::{CONTROLLERREVISIONS, DAEMONSETS, NODES, PODS, Resource};
use objects::template_hash::pod_template_hash;
use objects::{Reason, Status, Str, Value};

use self::placement::{allows_surge, pod_template, should_run, target_node};
use crate::caches::{Caches, key_of};
use crate::controller::{
    Base, Controller, has_base, internal, is_namespace_terminating, owner_of_kind, set_count,
};
use crate::delays::{FAILED_DAEMON_POD_BACKOFF_MS, FAILED_DAEMON_POD_MAX_BACKOFF_MS};
use crate::expectations::Expectations;
use crate::pod_control::{create_pod, delete_pod};
use crate::pod_facts::PodFacts;
use crate::pod_owners::PodOwners;
use crate::statefulset::REVISION_LABEL;
use crate::{history, pods, selector};

/// At most this many pods are created, and as many deleted, in one sync.
const BURST_REPLICAS: usize = 250;

#[derive(Clone, Debug)]
pub struct DaemonSetController {
    pub base: Base,
    owners: PodOwners,
    expectations: Expectations,
    /// Back-off of deleting failed pods: its span and when it began.
    failed: BTreeMap<Str, (Millis, Time)>,
}

/// The pods of one DaemonSet by the node they are for.
type ByNode = BTreeMap<Str, Vec<Value>>;

/// What a look at the nodes finds to do.
#[derive(Debug, Default)]
struct Work {
    create_on: Vec<Str>,
    delete: Vec<Value>,
}

impl Default for DaemonSetController {
    fn default() -> Self {
        Self::new()
    }
}

/// Bound first, then oldest, then by name.
fn sort_pods(list: &mut [Value]) {
    list.arrange_by_key(|p| (p["spec"]["nodeName"].is_zero(), p.created(), p.name().to_owned()));
}

impl DaemonSetController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::with_account("daemonset-controller", "daemon-set-controller"),
            owners: PodOwners::new(DAEMONSETS),
            expectations: Expectations::default(),
            failed: BTreeMap::new(),
        }
    }

    fn on_pod(&mut self, change: &Change, caches: &Caches, now: Time) {
        let pod = &change.object;
        if let Some(ds) = self.owners.owner(pod, caches) {
            if change.is_deleted() || pod.is_terminating() {
                self.expectations.deletion_observed(&ds.key(), &change.key());
            } else if change.kind == ChangeKind::Added {
                self.expectations.creation_observed(&ds.key());
            }
        }
        for key in self.owners.on_pod(change, caches) {
            self.base.queue.add(key, change.revision, now);
        }
    }

    fn on_node(&mut self, change: &Change, caches: &Caches, now: Time) {
        let (old, new) = (&change.previous, &change.object);
        let same = old.labels() == new.labels() && old["spec"]["taints"] == new["spec"]["taints"];
        if !change.is_deleted() && !old.is_null() && same {
            return;
        }
        for (key, ds) in caches.of_resource(DAEMONSETS).iter() {
            self.base.visited += 1;
            let (was, is) = (should_run(ds, old), should_run(ds, new));
            if change.is_deleted() || old.is_null() || was != is {
                self.base.queue.add(key.clone(), change.revision, now);
            }
        }
    }

    fn by_node(&mut self, mine: &[Value]) -> ByNode {
        let mut nodes = ByNode::new();
        for pod in mine {
            self.base.visited += 1;
            if pods::is_terminal(pod) && pod.is_terminating() {
                continue;
            }
            if let Some(node) = target_node(pod) {
                nodes.entry(node).or_default().push(pod.clone());
            }
        }
        nodes
    }

    /// The revision of the present template and the older ones; makes or renumbers the former.
    fn construct_history(
        &mut self,
        ds: &Value,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(Value, Vec<Value>), Status> {
        let selector =
            selector::of(&ds["spec"]["selector"]).ok_or_else(|| internal("invalid label selector"))?;
        let all = history::claim(ds, DAEMONSETS, &selector, caches, ctx)?;
        let data = history::data_of(ds);
        let (mut current, old): (Vec<Value>, Vec<Value>) = all.into_iter().partition(|r| r["data"] == data);
        let next = old.iter().map(|r| r["revision"].int()).max().unwrap_or(0) + 1;
        let Some(keep) = current.pop() else {
            return Ok((self.snapshot(ds, &data, next, ctx)?, old));
        };
        for duplicate in &current {
            history::delete(ctx, duplicate)?;
        }
        let keep = if keep["revision"].int() < next { history::renumber(ctx, &keep, next)? } else { keep };
        Ok((keep, old))
    }

    fn snapshot(&self, ds: &Value, data: &Value, number: i64, ctx: &mut Ctx<'_>) -> Result<Value, Status> {
        let hash = pod_template_hash(&ds["spec"]["template"], ds["status"]["collisionCount"].as_int());
        let new = history::new_revision(ds, DAEMONSETS, number, &hash, REVISION_LABEL, data);
        let name = new.name().to_owned();
        let error = match ctx.create(CONTROLLERREVISIONS, new) {
            Err(e) if e.reason == Reason::AlreadyExists => e,
            created => return created,
        };
        let there = ctx.get(CONTROLLERREVISIONS, ds.namespace(), &name)?;
        if there["data"] == *data {
            return Ok(there);
        }
        let mut fresh = ctx.get(DAEMONSETS, ds.namespace(), ds.name())?;
        if fresh["status"]["collisionCount"] == ds["status"]["collisionCount"] {
            let n = fresh["status"]["collisionCount"].int() + 1;
            fresh.set_at(&["status", "collisionCount"], n);
            ctx.update_status(DAEMONSETS, fresh)?;
        }
        Err(error)
    }

    /// What one node lacks or has too much.
    fn look(
        &mut self,
        ds: &Value,
        node: &Value,
        mine: Option<&Vec<Value>>,
        hash: &str,
        ctx: &mut Ctx<'_>,
        work: &mut Work,
    ) {
        self.base.visited += 1;
        let (run, keep) = should_run(ds, node);
        let Some(mine) = mine else {
            if run {
                work.create_on.push(node.name().into());
            }
            return;
        };
        let live = mine.iter().filter(|p| !p.is_terminating());
        if !keep {
            work.delete.extend(live.cloned());
            return;
        }
        let mut running: Vec<Value> = Vec::new();
        for pod in live {
            let (place, at) = (format!("{}/{}", pod.namespace(), pod.name()), node.name());
            match pods::phase(pod) {
                "Failed" => {
                    if !self.may_delete_failed(ds, at, ctx.now) {
                        continue;
                    }
                    let text = format!("Found failed daemon pod {place} on node {at}, will try to kill it");
                    self.base.warning(ctx, ds, "FailedDaemonPod", &text);
                    work.delete.push(pod.clone());
                }
                "Succeeded" => {
                    let text =
                        format!("Found succeeded daemon pod {place} on node {at}, will try to delete it");
                    self.base.normal(ctx, ds, "SucceededDaemonPod", &text);
                    work.delete.push(pod.clone());
                }
                _ => running.push(pod.clone()),
            }
        }
        sort_pods(&mut running);
        if !allows_surge(ds) {
            work.delete.extend(running.into_iter().skip(1));
        } else if running.is_empty() && run {
            work.create_on.push(node.name().into());
        } else if running.len() > 1 {
            self.look_at_surge(ds, running, hash, ctx.now, work);
        }
    }

    /// Of several pods on a node the oldest of the new revision and the oldest of an old one may stay together
    /// while the new one is not available and the old one is ready.
    fn look_at_surge(&self, ds: &Value, running: Vec<Value>, hash: &str, now: Time, work: &mut Work) {
        let (mut new, mut old) = (None, None);
        for pod in running {
            let slot = if pod.labels()[REVISION_LABEL] == hash { &mut new } else { &mut old };
            if slot.is_none() {
                *slot = Some(pod);
            } else {
                work.delete.push(pod);
            }
        }
        if let (Some(new), Some(old)) = (new, old) {
            let available = pods::is_available(&new, ds["spec"]["minReadySeconds"].int(), now);
            if !pods::is_ready(&old) || available {
                work.delete.push(old);
            }
        }
    }

    /// False while the back-off of failed pods on this node lasts; the DaemonSet is looked at again when it ends.
    fn may_delete_failed(&mut self, ds: &Value, node: &str, now: Time) -> bool {
        let generation = ds["status"]["observedGeneration"].int();
        let key = Str::from(format!("{}/{generation}/{node}", ds.uid()));
        let next = match self.failed.get(&key) {
            Some((span, since)) if now.since(*since) < *span => {
                let left = *span;
                self.base.queue.add_after(ds.key(), 0, now, left);
                return false;
            }
            Some((span, since)) if now.since(*since) <= 2 * FAILED_DAEMON_POD_MAX_BACKOFF_MS => {
                (span * 2).min(FAILED_DAEMON_POD_MAX_BACKOFF_MS)
            }
            _ => FAILED_DAEMON_POD_BACKOFF_MS,
        };
        if self.failed.len() > 1024 {
            self.failed.retain(|_, (_, since)| now.since(*since) <= 2 * FAILED_DAEMON_POD_MAX_BACKOFF_MS);
        }
        self.failed.insert(key, (next, now));
        true
    }

    fn manage(
        &mut self,
        ds: &Value,
        nodes: &ByNode,
        hash: &str,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let mut work = Work::default();
        for (name, node) in caches.of_resource(NODES).iter() {
            self.look(ds, node, nodes.get(name), hash, ctx, &mut work);
        }
        // Pods made for a node that is gone are never bound, so nobody else deletes them.
        for (node, list) in nodes {
            if caches.of_resource(NODES).get(node).is_none() {
                work.delete.extend(list.iter().filter(|p| p["spec"]["nodeName"].is_zero()).cloned());
            }
        }
        self.sync_nodes(ds, work, hash, ctx)
    }

    fn sync_nodes(
        &mut self,
        ds: &Value,
        mut work: Work,
        hash: &str,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        work.create_on.truncate(BURST_REPLICAS);
        work.delete.truncate(BURST_REPLICAS);
        let key = ds.key();
        let n = work.create_on.len();
        self.expectations.expect(&key, n as i64, work.delete.iter().map(Value::key), ctx.now);
        let mut error = None;
        let (mut at, mut batch) = (0, 1.min(n));
        while at < n && error.is_none() {
            for node in &work.create_on[at..at + batch] {
                let template = pod_template(ds, hash, node);
                match create_pod(&mut self.base, ctx, &template, ds, DAEMONSETS) {
                    Ok(_) => {}
                    Err(e) => {
                        self.expectations.creation_observed(&key);
                        if !is_namespace_terminating(&e) {
                            error = error.or(Some(e));
                        }
                    }
                }
            }
            at += batch;
            batch = (batch * 2).min(n - at);
        }
        for _ in at..n {
            self.expectations.creation_observed(&key);
        }
        for pod in &work.delete {
            if let Err(e) = delete_pod(&mut self.base, ctx, pod, ds) {
                self.expectations.deletion_observed(&key, &pod.key());
                if e.reason != Reason::NotFound {
                    error = error.or(Some(e));
                }
            }
        }
        error.map_or(Ok(()), Err)
    }

    fn clean_up_history(ds: &Value, old: &[Value], mine: &[Value], ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let limit = ds["spec"]["revisionHistoryLimit"].int_or(10).max(0) as usize;
        let mut surplus = old.len().saturating_sub(limit);
        for revision in old {
            if surplus == 0 {
                break;
            }
            let hash = &revision.labels()[REVISION_LABEL];
            if mine.iter().any(|p| p.labels()[REVISION_LABEL] == *hash) {
                continue;
            }
            history::delete(ctx, revision)?;
            surplus -= 1;
        }
        Ok(())
    }

    fn update_status(
        &mut self,
        ds: &Value,
        nodes: &ByNode,
        hash: &str,
        observed: bool,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let min_ready = ds["spec"]["minReadySeconds"].int();
        let (mut desired, mut current, mut misplaced) = (0, 0, 0);
        let (mut ready, mut available, mut updated) = (0, 0, 0);
        for (name, node) in caches.of_resource(NODES).iter() {
            self.base.visited += 1;
            let mut mine = nodes.get(name).cloned().unwrap_or_default();
            if !should_run(ds, node).0 {
                misplaced += i64::from(!mine.is_empty());
                continue;
            }
            desired += 1;
            sort_pods(&mut mine);
            let Some(pod) = mine.first() else { continue };
            current += 1;
            ready += i64::from(pods::is_ready(pod));
            available += i64::from(pods::is_available(pod, min_ready, ctx.now));
            updated += i64::from(pod.labels()[REVISION_LABEL] == hash);
        }
        let mut status = ds.get("status").clone();
        status.set("currentNumberScheduled", current);
        status.set("numberMisscheduled", misplaced);
        status.set("desiredNumberScheduled", desired);
        status.set("numberReady", ready);
        set_count(&mut status, "updatedNumberScheduled", updated);
        set_count(&mut status, "numberAvailable", available);
        set_count(&mut status, "numberUnavailable", desired - available);
        if observed {
            set_count(&mut status, "observedGeneration", ds.generation());
        }
        if *ds.get("status") != status {
            let mut next = ds.clone();
            next.set("status", status.clone());
            if ctx.update_status(DAEMONSETS, next).is_err() {
                let mut fresh = ctx.get(DAEMONSETS, ds.namespace(), ds.name())?;
                fresh.set("status", status);
                ctx.update_status(DAEMONSETS, fresh)?;
            }
        }
        if min_ready > 0 && ready != available {
            self.base.queue.add_after(ds.key(), 0, ctx.now, min_ready * 1000);
        }
        Ok(())
    }
}

impl Controller for DaemonSetController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![DAEMONSETS, PODS, NODES, CONTROLLERREVISIONS]
    }

    fn concerns(&self, pod: &PodFacts<'_>) -> bool {
        pod.may_be_of(&DAEMONSETS.kind)
    }

    fn on_change(&mut self, change: &Change, caches: &Caches, now: Time) {
        if change.resource == PODS.id {
            self.on_pod(change, caches, now);
        } else if change.resource == NODES.id {
            self.on_node(change, caches, now);
        } else if change.resource == DAEMONSETS.id {
            self.owners.on_owner(change, caches);
            if change.is_deleted() {
                self.expectations.forget(&change.key());
            }
            self.base.queue.add(change.key(), change.revision, now);
        } else if let Some((name, _)) = owner_of_kind(&change.object, "DaemonSet")
            && (change.is_deleted() || change.kind == ChangeKind::Added)
        {
            self.base.queue.add(key_of(&change.namespace, name), change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(ds) = caches.of_resource(DAEMONSETS).get(key) else {
            self.expectations.forget(key);
            return Ok(());
        };
        if ds["spec"]["selector"] == Value::map() {
            let text = "This daemon set is selecting all pods. A non-empty selector is required.";
            self.base.warning(ctx, ds, "SelectingAll", text);
            return Ok(());
        }
        if ds.is_terminating() {
            return Ok(());
        }
        let (current, old) = self.construct_history(ds, caches, ctx)?;
        let hash = current.labels()[REVISION_LABEL].to_str();
        let mine = self.owners.claim(ds, caches, ctx, |_| true)?;
        let nodes = self.by_node(&mine);
        if !self.expectations.satisfied(key, ctx.now) {
            return self.update_status(ds, &nodes, &hash, false, caches, ctx);
        }
        let mut result = self.manage(ds, &nodes, &hash, caches, ctx);
        if result.is_ok()
            && self.expectations.satisfied(key, ctx.now)
            && ds["spec"]["updateStrategy"]["type"] == "RollingUpdate"
        {
            let work = self.rolling_update(ds, &nodes, &hash, caches, ctx.now);
            result = self.sync_nodes(ds, work, &hash, ctx);
        }
        if result.is_ok() {
            result = Self::clean_up_history(ds, &old, &mine, ctx);
        }
        let told = self.update_status(ds, &nodes, &hash, true, caches, ctx);
        result.and(told)
    }
}
