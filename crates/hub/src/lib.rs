//! A hub of clusters: what is given to it is spread over its members by policies, and what became of it is gathered.
//!
//! Owns: the order of its work, its caches, what it hears of. Does not own: the members (whoever implements
//! [`Fleet`]), what runs in them, what a Deployment means there.
//! Models karmada-io/karmada (v1.16) as one process: `pkg/detector`, `pkg/scheduler` and `pkg/controllers`. It talks to
//! API servers only.
//! Not modelled: templates without a namespace and ClusterResourceBindings, dependencies that follow
//! (`propagateDeps`), members that pull (`syncMode: Pull`), interpreters of custom kinds, spread constraints by region,
//! quotas, and searching or proxying through the hub.

mod aggregate;
mod binding;
mod clusters;
mod division;
mod execution;
mod kinds;
mod overrides;
mod placement;
mod policy;
mod rebalance;
mod schedule;

use client::{Api, Caller, Change, Ctx, Recorder, Request, Response, WorkQueue};
use clock::{Millis, Rng, Time};
use objects::resources::Resource;
use objects::{Status, Str, Value};
use ordered::{BTreeMap, BTreeSet};

pub use clusters::joining;
pub use kinds::{KINDS, resource_of};

/// The clusters as the hub reaches them, by name.
pub trait Fleet {
    /// # Errors
    /// The cluster's refusal, or that nobody answers.
    fn call(&mut self, cluster: &str, caller: &Caller, request: Request) -> Result<Response, Status>;

    /// The address of a cluster's API server; `None`: there is no such cluster.
    fn server(&self, cluster: &str) -> Option<Str>;
}

struct On<'a> {
    fleet: &'a mut dyn Fleet,
    cluster: &'a str,
}

impl Api for On<'_> {
    fn call(&mut self, caller: &Caller, request: Request) -> Result<Response, Status> {
        self.fleet.call(self.cluster, caller, request)
    }
}

/// What one unit of work may use.
struct Desk<'a> {
    now: Time,
    rng: &'a mut Rng,
    fleet: &'a mut dyn Fleet,
}

impl Desk<'_> {
    /// Works on a cluster in the name of one of the hub's controllers.
    fn on<T>(&mut self, cluster: &str, actor: &str, cause: u64, f: impl FnOnce(&mut Ctx<'_>) -> T) -> T {
        let caller = Caller {
            user: "system:karmada".into(),
            groups: vec!["system:masters".into()],
            actor: actor.into(),
            cause,
            known: None,
        };
        let mut api = On { fleet: self.fleet, cluster };
        f(&mut Ctx { now: self.now, rng: self.rng, api: &mut api, caller })
    }
}

/// How long after a failure work is tried again, at least.
const RETRY_MS: Millis = 5_000;

/// What the controllers of a hub know. Plain data.
#[derive(Clone, Debug)]
pub struct Hub {
    /// The cluster that holds the templates and policies.
    at: Str,
    queue: WorkQueue,
    /// Cluster objects by name.
    clusters: BTreeMap<Str, Value>,
    /// Propagation policies by key; those for the whole cluster have none but a name.
    policies: BTreeMap<Str, Value>,
    overrides: BTreeMap<Str, Value>,
    taint_policies: BTreeMap<Str, Value>,
    rebalancers: BTreeMap<Str, Value>,
    /// What may be spread: `deployments.apps default/web`.
    templates: BTreeMap<Str, Value>,
    bindings: BTreeMap<Str, Value>,
    works: BTreeMap<Str, Value>,
    /// The works of a binding.
    works_of: BTreeMap<Str, BTreeSet<Str>>,
    /// What works keep on members: by member, then `deployments.apps default/web`, the work.
    kept: BTreeMap<Str, BTreeMap<Str, Str>>,
    /// What members were last given by each work.
    applied: BTreeMap<Str, Value>,
    health: BTreeMap<Str, clusters::Health>,
    probe_at: Time,
    recorder: Recorder,
}

/// Namespaces whose objects are never spread.
fn is_reserved(namespace: &str) -> bool {
    namespace.is_empty()
        || namespace.starts_with("kube-")
        || namespace.starts_with(kinds::SPACE)
        || matches!(namespace, "karmada-system" | "karmada-cluster")
}

fn template_id(resource: &str, key: &str) -> Str {
    Str::from(format!("{resource} {key}"))
}

impl Hub {
    #[must_use]
    pub fn new(at: Str, now: Time) -> Self {
        Self {
            at,
            queue: WorkQueue::default(),
            clusters: BTreeMap::new(),
            policies: BTreeMap::new(),
            overrides: BTreeMap::new(),
            taint_policies: BTreeMap::new(),
            rebalancers: BTreeMap::new(),
            templates: BTreeMap::new(),
            bindings: BTreeMap::new(),
            works: BTreeMap::new(),
            works_of: BTreeMap::new(),
            kept: BTreeMap::new(),
            applied: BTreeMap::new(),
            health: BTreeMap::new(),
            probe_at: now,
            recorder: Recorder::new("karmada-controller-manager", ""),
        }
    }

    /// The members it has been told of.
    #[must_use]
    pub fn joined(&self) -> Vec<Str> {
        self.clusters.keys().cloned().collect()
    }

    /// When it next has something to do.
    #[must_use]
    pub fn next_wake(&self) -> Option<Time> {
        let probe = (!self.clusters.is_empty()).then_some(self.probe_at);
        probe.into_iter().chain(self.queue.next_due()).min()
    }

    /// Takes in one change of a cluster.
    pub fn deliver(&mut self, cluster: &str, change: &Change, now: Time) {
        if cluster != self.at {
            return self.on_member(cluster, change, now);
        }
        let key = change.key();
        let mut stored = |map: fn(&mut Self) -> &mut BTreeMap<Str, Value>| {
            if change.is_deleted() {
                map(self).remove(&key);
            } else {
                map(self).insert(key.clone(), change.object.clone());
            }
        };
        match change.resource.as_str() {
            kinds::CLUSTERS_ID => {
                stored(|h| &mut h.clusters);
                self.queue.add(format!("c:{key}"), change.revision, now);
                let seen =
                    |v: &Value| (v["spec"]["taints"].clone(), v.labels().clone(), v.condition_true("Ready"));
                if change.is_deleted() || seen(&change.previous) != seen(&change.object) {
                    self.all_bindings(change.revision, now);
                    let space = format!("{}{key}/", kinds::SPACE);
                    let works: Vec<Str> =
                        self.works.keys().filter(|w| w.starts_with(&space)).cloned().collect();
                    works.into_iter().for_each(|w| self.queue.add(format!("w:{w}"), change.revision, now));
                }
            }
            kinds::POLICIES_ID | kinds::CLUSTER_POLICIES_ID => {
                stored(|h| &mut h.policies);
                let meant: Vec<Str> = self
                    .templates
                    .iter()
                    .filter(|(_, t)| {
                        change.namespace.is_empty() || t.namespace() == change.namespace.as_str()
                    })
                    .filter(|(_, t)| {
                        policy::selects(&change.object, t) || policy::selects(&change.previous, t)
                    })
                    .map(|(id, _)| id.clone())
                    .collect();
                meant.into_iter().for_each(|id| self.queue.add(format!("t:{id}"), change.revision, now));
            }
            kinds::OVERRIDES_ID | kinds::CLUSTER_OVERRIDES_ID => {
                stored(|h| &mut h.overrides);
                self.all_bindings(change.revision, now);
            }
            kinds::TAINT_POLICIES_ID => {
                stored(|h| &mut h.taint_policies);
                let all = self.joined();
                all.into_iter().for_each(|c| self.queue.add(format!("c:{c}"), change.revision, now));
            }
            kinds::REBALANCERS_ID => {
                stored(|h| &mut h.rebalancers);
                self.queue.add(format!("r:{key}"), change.revision, now);
            }
            kinds::BINDINGS_ID => {
                stored(|h| &mut h.bindings);
                self.queue.add(format!("b:{key}"), change.revision, now);
            }
            kinds::WORKS_ID => {
                let binding = kinds::binding_of(&change.object);
                stored(|h| &mut h.works);
                let of = self.works_of.entry(binding.clone()).or_default();
                if change.is_deleted() {
                    of.remove(&key);
                    if of.is_empty() {
                        self.works_of.remove(&binding);
                    }
                } else {
                    of.insert(key.clone());
                }
                self.keep(&change.previous, &change.object, change.is_deleted());
                self.queue.add(format!("w:{key}"), change.revision, now);
                self.queue.add(format!("b:{binding}"), change.revision, now);
            }
            "events" | "events.events.k8s.io" | "leases.coordination.k8s.io" => {}
            other => {
                if is_reserved(&change.namespace) || matches!(change.name.as_str(), "kube-root-ca.crt") {
                    return;
                }
                let id = template_id(other, &key);
                if change.is_deleted() {
                    self.templates.remove(&id);
                } else {
                    self.templates.insert(id.clone(), change.object.clone());
                }
                self.queue.add(format!("t:{id}"), change.revision, now);
            }
        }
    }

    /// Changes of a member were missed: all that is kept there is looked at again.
    pub fn relist(&mut self, cluster: &str, now: Time) {
        let works: Vec<Str> =
            self.kept.get(cluster).into_iter().flat_map(BTreeMap::values).cloned().collect();
        works.into_iter().for_each(|w| self.queue.add(format!("w:{w}"), 0, now));
    }

    /// A member's object that a work keeps.
    fn on_member(&mut self, cluster: &str, change: &Change, now: Time) {
        let Some(kept) = self.kept.get(cluster) else { return };
        if let Some(work) = kept.get(&template_id(&change.resource, &change.key())) {
            self.queue.add(format!("w:{work}"), change.revision, now);
        }
    }

    /// Notes whom a work's manifests are about.
    fn keep(&mut self, old: &Value, new: &Value, deleted: bool) {
        for (work, there) in [(old, false), (new, !deleted)] {
            let Some(cluster) = kinds::cluster_of(work.namespace()) else { continue };
            for manifest in work["spec"]["workload"]["manifests"].items() {
                let Some(r) = kinds::resource_of(manifest) else { continue };
                let id = template_id(&r.id, &manifest.key());
                let kept = self.kept.entry(cluster.into()).or_default();
                if there {
                    kept.insert(id, work.key());
                } else {
                    kept.remove(&id);
                }
            }
        }
    }

    fn all_bindings(&mut self, cause: u64, now: Time) {
        let all: Vec<Str> = self.bindings.keys().cloned().collect();
        all.into_iter().for_each(|b| self.queue.add(format!("b:{b}"), cause, now));
    }

    /// Does one unit of work.
    pub fn wake(&mut self, now: Time, rng: &mut Rng, fleet: &mut dyn Fleet) {
        let mut desk = Desk { now, rng, fleet };
        if !self.clusters.is_empty() && self.probe_at <= now {
            self.probe_at = now + clusters::PROBE_MS;
            return self.probe_all(&mut desk);
        }
        let Some((item, cause)) = self.queue.pop(now) else { return };
        let done = match item.split_at_checked(2) {
            Some(("c:", name)) => self.sync_cluster(name, cause, &mut desk),
            Some(("t:", id)) => self.sync_template(id, cause, &mut desk),
            Some(("b:", key)) => self.sync_binding(key, cause, &mut desk),
            Some(("r:", name)) => self.sync_rebalancer(name, cause, &mut desk),
            Some(("w:", key)) => self.sync_work(key, cause, &mut desk),
            _ => Ok(()),
        };
        match done {
            Ok(()) => self.queue.forget(&item),
            // A conflict is no failure: the newer object is on its way.
            Err(_) => self.queue.add_after(item, cause, now, RETRY_MS),
        }
    }

    /// Writes an event about an object of the hub.
    fn tell(&mut self, desk: &mut Desk<'_>, about: &Value, warning: bool, reason: &str, text: &str) {
        let kind = if warning { client::EventType::Warning } else { client::EventType::Normal };
        let at = self.at.clone();
        desk.on(&at, "karmada-controller-manager", 0, |ctx| {
            self.recorder.event(ctx, about, kind, reason, text);
        });
    }
}

/// Creates or replaces, whichever is needed. The object as stored.
fn put(ctx: &mut Ctx<'_>, r: &Resource, object: Value, old: Option<&Value>) -> Result<Value, Status> {
    match old {
        None => ctx.create(r, object),
        Some(old) => {
            let mut object = object;
            object.set_at(&["metadata", "resourceVersion"], old.meta()["resourceVersion"].clone());
            ctx.update(r, object)
        }
    }
}
