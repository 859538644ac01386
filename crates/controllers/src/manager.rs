//! The kube-controller-manager: all controllers behind one component, with the caches they share.
//!
//! Owns: which controllers there are, whose turn it is, who writes in whose name, and pausing one of them.
//! Models `cmd/kube-controller-manager`. Not modelled: leader election, several workers per controller (a key is
//! busy for a stated while instead).

use std::sync::Arc;

use ordered::{BTreeMap, BTreeSet};

use client::{Change, Component, Ctx, Interest};
use clock::Time;
use objects::Str;
use objects::resources::{PODS, Resource};
use rustc_hash::FxHashMap;

use crate::caches::Caches;
use crate::controller::Controller;
use crate::pod_facts::PodFacts;

macro_rules! controllers {
    ($($field:ident: $kind:ty = $new:expr),+ $(,)?) => {
        /// All controllers. Plain data: a clone goes on as the original would.
        #[derive(Clone, Debug)]
        pub struct ControllerManager {
            pub caches: Caches,
            /// Names of controllers that do not act. They hear of changes all the same.
            pub paused: BTreeSet<Str>,
            /// Which controllers are told of a resource's changes: those that watch it, then those that watch
            /// everything, each in the fixed order.
            watchers: FxHashMap<Str, Arc<[usize]>>,
            /// Those that watch everything.
            everything: Arc<[usize]>,
            $(pub $field: $kind,)+
        }

        impl ControllerManager {
            #[must_use]
            pub fn new(now: Time) -> Self {
                let mut manager = Self {
                    caches: Caches::default(),
                    paused: BTreeSet::new(),
                    watchers: FxHashMap::default(),
                    everything: Arc::default(),
                    $($field: $new(now),)+
                };
                manager.subscribe();
                manager
            }

            /// The controllers in their fixed order.
            #[must_use]
            pub fn controllers(&self) -> Vec<&dyn Controller> {
                vec![$(&self.$field as &dyn Controller),+]
            }

            fn split(&mut self, at: usize) -> Option<(&mut dyn Controller, &Caches)> {
                let mut i = 0;
                $(
                    if i == at {
                        return Some((&mut self.$field as &mut dyn Controller, &self.caches));
                    }
                    i += 1;
                )+
                debug_assert!(at < i, "no controller {at}");
                None
            }

            /// Tells those that a pod's change concerns. It comes to nobody else: of all that changes in a cluster
            /// most are pods, and few care.
            fn tell_of_pod(&mut self, change: &Change, facts: &PodFacts<'_>, now: Time) {
                $(
                    if self.$field.concerns(facts) {
                        self.$field.on_pod_change(change, facts, &self.caches, now);
                    }
                )+
            }

            /// The controller that is next, and when: first due, then first in the fixed order.
            fn next(&self) -> Option<(Time, usize)> {
                let mut best: Option<(Time, usize)> = None;
                let mut i = 0;
                $(
                    if let Some(due) = self.$field.base.queue.next_due()
                        && best.is_none_or(|(b, _)| due < b)
                        && (self.paused.is_empty() || !self.paused.contains(self.$field.base.name))
                    {
                        best = Some((due, i));
                    }
                    i += 1;
                )+
                debug_assert!(i > 0);
                best
            }
        }
    };
}

controllers! {
    deployment: crate::deployment::DeploymentController = |_| crate::deployment::DeploymentController::new(),
    replicaset: crate::replicaset::ReplicaSetController = |_| crate::replicaset::ReplicaSetController::replica_sets(),
    replication: crate::replicaset::ReplicaSetController =
        |_| crate::replicaset::ReplicaSetController::replication_controllers(),
    statefulset: crate::statefulset::StatefulSetController =
        |_| crate::statefulset::StatefulSetController::new(),
    daemonset: crate::daemonset::DaemonSetController = |_| crate::daemonset::DaemonSetController::new(),
    job: crate::job::JobController = |_| crate::job::JobController::new(),
    cronjob: crate::cronjob::CronJobController = |_| crate::cronjob::CronJobController::new(),
    ttlafterfinished: crate::ttlafterfinished::TtlAfterFinishedController =
        |_| crate::ttlafterfinished::TtlAfterFinishedController::new(),
    garbagecollector: crate::garbagecollector::GarbageCollector =
        |_| crate::garbagecollector::GarbageCollector::new(),
    namespace: crate::namespace::NamespaceController = |_| crate::namespace::NamespaceController::new(),
    serviceaccount: crate::serviceaccount::ServiceAccountsController =
        |_| crate::serviceaccount::ServiceAccountsController::new(),
    rootcacertpublisher: crate::rootcacertpublisher::RootCaCertPublisher =
        |_| crate::rootcacertpublisher::RootCaCertPublisher::new(),
    endpointslice: crate::endpointslice::EndpointSliceController =
        |_| crate::endpointslice::EndpointSliceController::new(),
    endpoints: crate::endpoints::EndpointsController = |_| crate::endpoints::EndpointsController::new(),
    endpointslicemirroring: crate::endpointslicemirroring::EndpointSliceMirroringController =
        |_| crate::endpointslicemirroring::EndpointSliceMirroringController::new(),
    nodelifecycle: crate::nodelifecycle::NodeLifecycleController =
        |_| crate::nodelifecycle::NodeLifecycleController::new(),
    tainteviction: crate::tainteviction::TaintEvictionController =
        |_| crate::tainteviction::TaintEvictionController::new(),
    disruption: crate::disruption::DisruptionController =
        |_| crate::disruption::DisruptionController::new(),
    resourcequota: crate::resourcequota::ResourceQuotaController =
        |_| crate::resourcequota::ResourceQuotaController::new(),
    persistentvolume: crate::volume::persistentvolume::PersistentVolumeController =
        |_| crate::volume::persistentvolume::PersistentVolumeController::new(),
    attachdetach: crate::volume::attachdetach::AttachDetachController =
        |_| crate::volume::attachdetach::AttachDetachController::new(),
    expand: crate::volume::expand::ExpandController = |_| crate::volume::expand::ExpandController::new(),
    ephemeral: crate::volume::ephemeral::EphemeralController =
        |_| crate::volume::ephemeral::EphemeralController::new(),
    pvcprotection: crate::volume::pvcprotection::PvcProtectionController =
        |_| crate::volume::pvcprotection::PvcProtectionController::new(),
    pvprotection: crate::volume::pvprotection::PvProtectionController =
        |_| crate::volume::pvprotection::PvProtectionController::new(),
    podgc: crate::podgc::PodGcController = |_| crate::podgc::PodGcController::new(),
    ttl: crate::ttl::TtlController = |_| crate::ttl::TtlController::new(),
    podautoscaler: crate::podautoscaler::HorizontalController =
        |_| crate::podautoscaler::HorizontalController::new(),
    clusterroleaggregation: crate::clusterroleaggregation::ClusterRoleAggregationController =
        |_| crate::clusterroleaggregation::ClusterRoleAggregationController::new(),
    verticalpodautoscaler: crate::verticalpodautoscaler::VerticalController =
        |_| crate::verticalpodautoscaler::VerticalController::new(),
    certificate: crate::certificates::CertificateController =
        |_| crate::certificates::CertificateController::new(),
    csrapproving: crate::certificates::ApprovingController =
        |_| crate::certificates::ApprovingController::new(),
    csrsigning: crate::certificates::SigningController = |_| crate::certificates::SigningController::new(),
    operator: crate::operator::OperatorController = |_| crate::operator::OperatorController::new(),
    apiservice: crate::apiservice::AvailabilityController =
        |_| crate::apiservice::AvailabilityController::new(),
}

/// One controller's queue as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    pub name: &'static str,
    pub paused: bool,
    /// The keys that may be synced now, next first.
    pub ready: Vec<Str>,
    /// When it next acts; the past when a key is ready.
    pub due: Option<Time>,
}

impl ControllerManager {
    /// Another authority than the simulated one signs and is published.
    pub fn set_authority(&mut self, authority: &x509::Authority) {
        self.rootcacertpublisher.root_ca = authority.certificate.clone();
        self.csrsigning.authority = Some(authority.clone());
    }

    fn subscribe(&mut self) {
        let mut watched: Vec<&'static Resource> = Vec::new();
        let mut watchers: BTreeMap<Str, Vec<usize>> = BTreeMap::new();
        let mut everything = Vec::new();
        for (i, c) in self.controllers().into_iter().enumerate() {
            if c.watches_everything() {
                everything.push(i);
            }
            for r in c.watches() {
                if !watched.contains(&r) {
                    watched.push(r);
                }
                if c.watches_everything() {
                    continue;
                }
                watchers.entry(r.id.clone()).or_default().push(i);
            }
        }
        for told in watchers.values_mut() {
            told.extend(&everything);
        }
        self.watchers = watchers.into_iter().map(|(id, told)| (id, told.into())).collect();
        (self.everything, self.caches) = (everything.into(), Caches::of(&watched));
    }

    /// A controller by its name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&dyn Controller> {
        self.controllers().into_iter().find(|c| c.base().name == name)
    }

    /// What each controller has to do, in the fixed order: for a screen that shows or steps them.
    #[must_use]
    pub fn work(&self) -> Vec<Work> {
        let all = self.controllers().into_iter().map(Controller::base);
        all.map(|b| Work {
            name: b.name,
            paused: self.paused.contains(b.name),
            ready: b.queue.ready().cloned().collect(),
            due: b.queue.next_due(),
        })
        .collect()
    }

    /// The controller that acts next, with the key it takes if one is ready.
    #[must_use]
    pub fn next_work(&self) -> Option<(&'static str, Option<Str>, Time)> {
        let (due, i) = self.next()?;
        let base = self.controllers()[i].base();
        Some((base.name, base.queue.ready().next().cloned(), due))
    }

    /// Objects looked at by all controllers so far.
    #[must_use]
    pub fn visited(&self) -> u64 {
        self.controllers().iter().map(|c| c.base().visited).sum()
    }
}

impl Component for ControllerManager {
    fn interests(&self) -> Vec<Interest> {
        if self.everything.is_empty() {
            let ids = self.controllers().into_iter().flat_map(Controller::watches).map(|r| r.id.clone());
            ids.collect::<BTreeSet<_>>().into_iter().map(Interest::All).collect()
        } else {
            vec![Interest::Everything]
        }
    }

    fn deliver(&mut self, change: &Change, now: Time) {
        if change.resource == PODS.id {
            let facts = self.caches.apply_pod(change);
            self.tell_of_pod(change, &facts, now);
            return;
        }
        self.caches.apply(change);
        let told = self.watchers.get(&change.resource).unwrap_or(&self.everything).clone();
        for i in told.iter().copied() {
            if let Some((controller, caches)) = self.split(i) {
                controller.on_change(change, caches, now);
            }
        }
    }

    fn next_wake(&self) -> Option<Time> {
        self.next().map(|(due, _)| due)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>) {
        let Some((due, i)) = self.next() else { return };
        if due > ctx.now {
            return;
        }
        let Some((controller, caches)) = self.split(i) else { return };
        let Some((key, cause)) = controller.base_mut().queue.pop(ctx.now) else { return };
        let base = controller.base();
        ctx.caller.user = base.user.clone();
        ctx.caller.groups =
            ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"]
                .into_iter()
                .map(Str::new_static)
                .collect();
        ctx.caller.actor = Str::new_static(base.name);
        ctx.caller.cause = cause;
        let result = controller.sync(&key, caches, ctx);
        let queue = &mut controller.base_mut().queue;
        match result {
            Ok(()) if queue.is_unfinished() => {}
            Ok(()) => queue.forget(&key),
            Err(status) if crate::controller::is_namespace_terminating(&status) => queue.forget(&key),
            Err(_) => queue.add_rate_limited(key, cause, ctx.now),
        }
    }
}
