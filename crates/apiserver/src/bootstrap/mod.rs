//! What a cluster begins with: its namespaces and the Service of the API server itself.
//!
//! Models `pkg/controlplane` (system namespaces, kubernetesservice) and `pkg/registry/scheduling/rest`.
//! Not modelled: flow schemas.

mod rbac;

use client::{Caller, Request, Verb};
use objects::resources::{
    ENDPOINTS, ENDPOINTSLICES, NAMESPACES, PRIORITYCLASSES, Resource, SERVICEACCOUNTS, SERVICECIDRS, SERVICES,
};
use objects::{Value, value};

use crate::server::ApiServer;

const NAMESPACES_AT_START: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

impl ApiServer {
    pub(crate) fn bootstrap(&mut self) {
        for name in NAMESPACES_AT_START {
            self.seed(NAMESPACES, value!({"metadata": {"name": (name)}}));
        }
        self.seed_roles();
        // Its controller would make it a moment later; a command may come sooner.
        self.seed(SERVICEACCOUNTS, value!({"metadata": {"name": "default", "namespace": "default"}}));
        self.seed(
            SERVICECIDRS,
            value!({"metadata": {"name": "kubernetes"}, "spec": {"cidrs": ["10.96.0.0/16"]}}),
        );
        for (name, value, what) in [
            (
                "system-cluster-critical",
                2_000_000_000i64,
                "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
            ),
            (
                "system-node-critical",
                2_000_001_000,
                "Used for system critical pods that must not be moved from their current node.",
            ),
        ] {
            self.seed(
                PRIORITYCLASSES,
                value!({
                    "metadata": {"name": (name)}, "value": (value), "description": (what),
                    "preemptionPolicy": "PreemptLowerPriority"
                }),
            );
        }
        let port = self.config.port;
        let address = self.config.advertise_address.clone();
        let labels = value!({"component": "apiserver", "provider": "kubernetes"});
        self.seed(
            SERVICES,
            value!({
                "metadata": {"name": "kubernetes", "namespace": "default", "labels": (labels)},
                "spec": {
                    "type": "ClusterIP", "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"],
                    "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None",
                    "internalTrafficPolicy": "Cluster",
                    "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": (port)}]
                }
            }),
        );
        self.seed(
            ENDPOINTS,
            value!({
                "metadata": {
                    "name": "kubernetes", "namespace": "default",
                    "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}
                },
                "subsets": [{
                    "addresses": [{"ip": (address.clone())}],
                    "ports": [{"name": "https", "port": (port), "protocol": "TCP"}]
                }]
            }),
        );
        self.seed(
            ENDPOINTSLICES,
            value!({
                "metadata": {
                    "name": "kubernetes", "namespace": "default",
                    "labels": {"kubernetes.io/service-name": "kubernetes"}
                },
                "addressType": "IPv4",
                "endpoints": [{"addresses": [(address)], "conditions": {"ready": true}}],
                "ports": [{"name": "https", "port": (port), "protocol": "TCP"}]
            }),
        );
    }

    fn seed_roles(&mut self) {
        for object in rbac::objects() {
            if let Some(resource) = objects::resources::of(&object) {
                self.seed(resource, object);
            }
        }
    }

    fn seed(&mut self, resource: &'static Resource, object: Value) {
        let caller =
            Caller { user: "system:apiserver".into(), actor: "kube-apiserver".into(), ..Caller::default() };
        let request = Request::new(Verb::Create, &resource.group, &resource.version, &resource.plural)
            .in_namespace(object.namespace())
            .object(object);
        let made = self.handle(&caller, request, self.now);
        debug_assert!(made.is_ok(), "{made:?}");
    }
}
