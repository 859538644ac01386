//! The service controller: an address outside for every Service of type LoadBalancer.
//!
//! Models `staging/src/k8s.io/cloud-provider/controllers/service/controller.go`. The provider's side is imagined: an
//! address is free or taken, and a load balancer takes [`Config::load_balancer_ms`] to come.
//! Not modelled: failures of the provider, load balancers with a class of their own (nobody serves them).

use client::{Change, Component, Ctx, EventType, Interest, PatchType, Recorder, WorkQueue};
use clock::Time;
use objects::resources::{NODES, SERVICES};
use objects::{Reason, Status, Str, Value, value};
use ordered::{BTreeMap, BTreeSet};

use crate::Config;

const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
const EXCLUDE_LABEL: &str = "node.kubernetes.io/exclude-from-external-load-balancers";
const AUTOSCALER_TAINT: &str = "ToBeDeletedByClusterAutoscaler";
/// The key under which nodes are looked through; no Service is called so.
const NODES_KEY: &str = "nodes";

/// A load balancer on the provider's side.
#[derive(Clone, Debug)]
struct Balancer {
    address: Str,
    ready_at: Time,
    /// The Service it was last made to fit.
    wanted: Value,
    hosts: BTreeSet<Str>,
    told: bool,
}

#[derive(Clone, Debug)]
pub struct ServiceController {
    config: Config,
    queue: WorkQueue,
    /// Services that want or had a load balancer, by key.
    services: BTreeMap<Str, Value>,
    /// Nodes that may get traffic.
    nodes: BTreeSet<Str>,
    balancers: BTreeMap<Str, Balancer>,
    recorder: Recorder,
}

impl ServiceController {
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            queue: WorkQueue::default(),
            services: BTreeMap::new(),
            nodes: BTreeSet::new(),
            balancers: BTreeMap::new(),
            recorder: Recorder::new("service-controller", ""),
        }
    }

    fn free_address(&self, wanted: &str) -> Option<Str> {
        let taken = |a: &str| self.balancers.values().any(|b| b.address == a);
        if !wanted.is_empty() {
            return (!taken(wanted)).then(|| wanted.into());
        }
        let prefix = &self.config.addresses;
        (10..250).map(|n| Str::from(format!("{prefix}.{n}"))).find(|a| !taken(a))
    }

    fn tell(&mut self, ctx: &mut Ctx<'_>, service: &Value, kind: EventType, reason: &str, message: &str) {
        self.recorder.event(ctx, service, kind, reason, message);
    }

    fn sync(&mut self, key: &Str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(service) = self.services.get(key).cloned() else {
            self.balancers.remove(key);
            return Ok(());
        };
        if !wants(&service) || service.is_terminating() {
            return self.clean_up(key, &service, ctx);
        }
        let fits = self.balancers.get(key).is_some_and(|b| same_wish(&b.wanted, &service));
        if !fits {
            self.tell(ctx, &service, EventType::Normal, "EnsuringLoadBalancer", "Ensuring load balancer");
            if !has_finalizer(&service) {
                let mut list = service["metadata"]["finalizers"].items().to_vec();
                list.push(Value::str(FINALIZER));
                patch_finalizers(ctx, &service, list)?;
            }
            if self.nodes.is_empty() {
                let text = "There are no available nodes for LoadBalancer";
                self.tell(ctx, &service, EventType::Warning, "UnAvailableLoadBalancer", text);
            }
            let wanted_ip = service["spec"]["loadBalancerIP"].text();
            let old = self.balancers.remove(key);
            let kept = old.filter(|b| wanted_ip.is_empty() || b.address == wanted_ip);
            let found = kept.map_or_else(
                || self.free_address(wanted_ip).map(|a| (a, ctx.now + self.config.load_balancer_ms)),
                |b| Some((b.address, b.ready_at)),
            );
            let Some((address, ready_at)) = found else {
                let text = "Error syncing load balancer: failed to ensure load balancer: no address is free";
                self.tell(ctx, &service, EventType::Warning, "SyncLoadBalancerFailed", text);
                return Err(Status::new(Reason::InternalError, "no address is free"));
            };
            let hosts = self.nodes.clone();
            let balancer = Balancer { address, ready_at, wanted: service.clone(), hosts, told: false };
            self.balancers.insert(key.clone(), balancer);
        }
        let Some(balancer) = self.balancers.get_mut(key) else { return Ok(()) };
        if balancer.ready_at > ctx.now {
            let wait = balancer.ready_at.since(ctx.now);
            self.queue.add_after(key.clone(), 0, ctx.now, wait);
            return Ok(());
        }
        let first = !balancer.told;
        balancer.told = true;
        let status = value!({"ingress": [{"ip": (&balancer.address), "ipMode": "VIP"}]});
        if first {
            self.tell(ctx, &service, EventType::Normal, "EnsuredLoadBalancer", "Ensured load balancer");
        }
        if service["status"]["loadBalancer"] != status {
            patch_status(ctx, &service, status)?;
        }
        Ok(())
    }

    /// Takes the load balancer of a Service away that wants none any more.
    fn clean_up(&mut self, key: &Str, service: &Value, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let existed = self.balancers.remove(key).is_some();
        if existed {
            self.tell(ctx, service, EventType::Normal, "DeletingLoadBalancer", "Deleting load balancer");
        }
        if has_finalizer(service) {
            let mut list = service["metadata"]["finalizers"].items().to_vec();
            list.retain(|f| *f != FINALIZER);
            if !service["status"]["loadBalancer"].is_zero() && !service.is_terminating() {
                patch_status(ctx, service, Value::Null)?;
            }
            match patch_finalizers(ctx, service, list) {
                Err(e) if e.reason == Reason::NotFound => {}
                other => other?,
            }
        }
        if existed {
            self.tell(ctx, service, EventType::Normal, "DeletedLoadBalancer", "Deleted load balancer");
        }
        Ok(())
    }

    /// Hands the nodes there are now to every load balancer.
    fn sync_hosts(&mut self, ctx: &mut Ctx<'_>) {
        let stale: Vec<Str> = self
            .balancers
            .iter()
            .filter(|(_, b)| b.hosts != self.nodes && b.told)
            .map(|(k, _)| k.clone())
            .collect();
        for key in stale {
            if let Some(b) = self.balancers.get_mut(&key) {
                b.hosts = self.nodes.clone();
            }
            let Some(service) = self.services.get(&key).cloned() else { continue };
            let (kind, reason, text) = if self.nodes.is_empty() {
                let text = "There are no available nodes for LoadBalancer";
                (EventType::Warning, "UnAvailableLoadBalancer", text)
            } else {
                (EventType::Normal, "UpdatedLoadBalancer", "Updated load balancer with new hosts")
            };
            self.tell(ctx, &service, kind, reason, text);
        }
    }
}

fn wants(service: &Value) -> bool {
    let spec = &service["spec"];
    spec["type"] == "LoadBalancer" && spec["loadBalancerClass"].is_null()
}

fn has_finalizer(service: &Value) -> bool {
    service["metadata"]["finalizers"].items().iter().any(|f| *f == FINALIZER)
}

/// Whether the fields that a load balancer is made of are the same.
fn same_wish(old: &Value, new: &Value) -> bool {
    const FIELDS: [&str; 8] = [
        "type",
        "ports",
        "sessionAffinity",
        "loadBalancerIP",
        "loadBalancerSourceRanges",
        "externalIPs",
        "externalTrafficPolicy",
        "healthCheckNodePort",
    ];
    old.uid() == new.uid()
        && FIELDS.iter().all(|f| old["spec"][*f] == new["spec"][*f])
        && old.annotations() == new.annotations()
}

/// Whether a node stands behind load balancers.
fn takes_traffic(node: &Value) -> bool {
    let tainted = node["spec"]["taints"].items().iter().any(|t| t["key"] == AUTOSCALER_TAINT);
    !tainted && node.labels().find(EXCLUDE_LABEL).is_none() && !node.is_terminating()
}

fn patch_finalizers(ctx: &mut Ctx<'_>, service: &Value, list: Vec<Value>) -> Result<(), Status> {
    let list: Value = list.into_iter().collect();
    let patch = value!({"metadata": {"finalizers": (list)}});
    let (namespace, name) = (service.namespace(), service.name());
    ctx.patch(SERVICES, namespace, name, "status", PatchType::Merge, patch).map(|_| ())
}

fn patch_status(ctx: &mut Ctx<'_>, service: &Value, status: Value) -> Result<(), Status> {
    let patch = value!({"status": {"loadBalancer": (status)}});
    let (namespace, name) = (service.namespace(), service.name());
    match ctx.patch(SERVICES, namespace, name, "status", PatchType::Merge, patch) {
        Err(e) if e.reason == Reason::NotFound => Ok(()),
        other => other.map(|_| ()),
    }
}

impl Component for ServiceController {
    fn interests(&self) -> Vec<Interest> {
        vec![Interest::All(SERVICES.id.clone()), Interest::All(NODES.id.clone())]
    }

    fn deliver(&mut self, change: &Change, now: Time) {
        if change.resource == SERVICES.id {
            let key = change.key();
            if change.is_deleted() {
                self.services.remove(&key);
            } else if wants(&change.object) || has_finalizer(&change.object) {
                self.services.insert(key.clone(), change.object.clone());
            } else if self.services.remove(&key).is_none() {
                return;
            }
            self.queue.add(key, change.revision, now);
        } else if change.resource == NODES.id {
            let takes = !change.is_deleted() && takes_traffic(&change.object);
            let changed =
                if takes { self.nodes.insert(change.name.clone()) } else { self.nodes.remove(&change.name) };
            if changed && !self.balancers.is_empty() {
                self.queue.add(NODES_KEY, change.revision, now);
            }
        }
    }

    fn next_wake(&self) -> Option<Time> {
        self.queue.next_due()
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>) {
        let Some((key, cause)) = self.queue.pop(ctx.now) else { return };
        ctx.caller.cause = cause;
        if key == NODES_KEY {
            self.sync_hosts(ctx);
            return;
        }
        match self.sync(&key, ctx) {
            Ok(()) => self.queue.forget(&key),
            Err(_) => self.queue.add_rate_limited(key, cause, ctx.now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stands_behind_load_balancers() {
        let table = [
            (value!({"metadata": {"name": "a"}}), true),
            (value!({"metadata": {"name": "a", "labels": {(EXCLUDE_LABEL): ""}}}), false),
            (value!({"metadata": {"name": "a"}, "spec": {"taints": [{"key": (AUTOSCALER_TAINT)}]}}), false),
        ];
        for (node, want) in table {
            assert_eq!(takes_traffic(&node), want, "{node:?}");
        }
    }

    #[test]
    fn an_address_is_given_once() {
        let mut c = ServiceController::new(Config::default());
        let first = c.free_address("").expect("free");
        let taken = Balancer {
            address: first.clone(),
            ready_at: Time(0),
            wanted: Value::Null,
            hosts: BTreeSet::new(),
            told: false,
        };
        c.balancers.insert("a/b".into(), taken);
        assert_ne!(c.free_address(""), Some(first.clone()));
        assert_eq!(c.free_address(&first), None);
        assert_eq!(c.free_address("198.51.100.7"), Some("198.51.100.7".into()));
    }
}
