//! What a kubeadm cluster runs of itself in `kube-system`: there and running from a cluster's first instant.
//!
//! Owns: the manifests, which pods stand where at the beginning. Does not own: what these parts do, and what happens to
//! their pods afterwards (kubelet, controllers). The objects are written as their controllers would have left them.
//! Models `cmd/kubeadm/app/phases`. Not modelled: certificates and kubeconfig files, the objects `kubeadm join` reads.

use client::{Caller, Request, Verb};
use objects::resources::{CONTROLLERREVISIONS, DAEMONSETS, DEPLOYMENTS, PODS, REPLICASETS, Resource};
use objects::template_hash::pod_template_hash;
use objects::{Str, Value, value};

use crate::Cluster;

/// A part of the cluster that runs in pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Addon {
    /// etcd, kube-apiserver, kube-controller-manager and kube-scheduler, as static pods of control-plane nodes.
    ControlPlane,
    KubeProxy,
    /// The network agent.
    Kindnet,
    CoreDns,
    MetricsServer,
}

impl Addon {
    pub const ALL: [Self; 5] =
        [Self::ControlPlane, Self::KubeProxy, Self::Kindnet, Self::CoreDns, Self::MetricsServer];

    /// As `cluster.yaml` names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::KubeProxy => "kube-proxy",
            Self::Kindnet => "kindnet",
            Self::CoreDns => "coredns",
            Self::MetricsServer => "metrics-server",
        }
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }

    fn manifest(self) -> &'static str {
        match self {
            Self::ControlPlane => "",
            Self::KubeProxy => include_str!("kube-proxy.yaml"),
            Self::Kindnet => include_str!("kindnet.yaml"),
            Self::CoreDns => include_str!("coredns.yaml"),
            Self::MetricsServer => include_str!("metrics-server.yaml"),
        }
    }
}

/// The manifests of a control-plane node.
pub(crate) const STATIC_PODS: [(&str, &str); 4] = [
    ("etcd", include_str!("etcd.yaml")),
    ("kube-apiserver", include_str!("kube-apiserver.yaml")),
    ("kube-controller-manager", include_str!("kube-controller-manager.yaml")),
    ("kube-scheduler", include_str!("kube-scheduler.yaml")),
];

/// Who may join a cluster that kubeadm made.
const BINDINGS: &str = include_str!("kubeadm.yaml");

/// What a learner may install besides, as files on their machine: name and manifests.
pub const OPTIONAL: [(&str, &str); 8] = [
    ("cert-manager.yaml", include_str!("cert-manager.yaml")),
    ("gateway-api.yaml", include_str!("gateway-api.yaml")),
    ("gateway-class.yaml", include_str!("gateway-class.yaml")),
    ("ingress-nginx.yaml", include_str!("ingress-nginx.yaml")),
    ("metrics-adapter.yaml", include_str!("metrics-adapter.yaml")),
    ("operator.yaml", include_str!("operator.yaml")),
    ("traefik.yaml", include_str!("traefik.yaml")),
    ("vertical-pod-autoscaler.yaml", include_str!("vertical-pod-autoscaler.yaml")),
];

const NAMESPACE: &str = "kube-system";
/// A letter-only suffix for the names of the pods a cluster begins with.
const SUFFIX_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

impl Cluster {
    /// Writes what the configuration asks for; the nodes are registered already.
    pub(crate) fn install_addons(&mut self) {
        let addons = self.config.addons.clone();
        let planes: Vec<(usize, Str, Str)> = self.nodes(|control_plane| control_plane);
        let address = planes.first().map_or_else(|| Str::new_static("172.18.0.1"), |p| p.2.clone());
        for addon in addons {
            if addon == Addon::ControlPlane && !planes.is_empty() {
                for part in &mut self.parts {
                    if matches!(part.name(), "kube-scheduler" | "kube-controller-manager") {
                        part.stand(&planes[0].1, self.now);
                    }
                }
            }
            if addon == Addon::ControlPlane {
                for (part, name, ip) in &planes {
                    self.install_static_pods(*part, name, ip);
                }
                for document in objects::yaml::load_stream(BINDINGS).documents {
                    self.put_apart(document.value);
                }
                continue;
            }
            let pods = format!("10.{}.0.0", 244 + self.config.network);
            let text = addon.manifest().replace("$IP", &address).replace("10.244.0.0", &pods);
            for document in objects::yaml::load_stream(&text).documents {
                self.install(document.value);
            }
        }
    }

    /// Part, name and address of each node of a sort.
    fn nodes(&self, wanted: impl Fn(bool) -> bool) -> Vec<(usize, Str, Str)> {
        let config = |name: &str| self.config.nodes.iter().find(|n| n.name == name);
        let parts = self.parts.iter().enumerate().filter_map(|(i, p)| Some((i, p.kubelet()?)));
        parts
            .filter(|(_, k)| config(k.node()).is_some_and(|n| wanted(n.control_plane)))
            .map(|(i, k)| (i, k.node().into(), k.host_ip()))
            .collect()
    }

    fn install_static_pods(&mut self, part: usize, node: &str, ip: &str) {
        let pods = format!("10.{}.0.0", 244 + self.config.network);
        let files: Vec<(String, String)> = STATIC_PODS
            .iter()
            .map(|(name, text)| {
                let path = format!("{}/{name}.yaml", kubelet::MANIFESTS);
                (path, text.replace("$NODE", node).replace("$IP", ip).replace("10.244.0.0", &pods))
            })
            .collect();
        self.kubelet_acts(part, |k, ctx| {
            for (path, text) in &files {
                k.write_file(path, text);
            }
            k.boot_static_pods(ctx);
        });
    }

    fn install(&mut self, object: Value) {
        match object.kind() {
            "DaemonSet" => self.install_daemon_set(object),
            "Deployment" => self.install_deployment(object),
            "APIService" => {
                let Some(stored) = self.put(object) else { return };
                let resource = objects::resources::of(&stored);
                let condition = value!({
                    "type": "Available", "status": "True", "reason": "Passed",
                    "message": "all checks passed", "lastTransitionTime": (self.now.rfc3339()),
                });
                if let Some(r) = resource {
                    self.put_status(r, stored, value!({"conditions": [(condition)]}));
                }
            }
            _ => drop(self.put(object)),
        }
    }

    pub(crate) fn system(actor: &'static str) -> Caller {
        Caller {
            user: "kubernetes-admin".into(),
            groups: vec!["system:masters".into()],
            actor: actor.into(),
            ..Caller::default()
        }
    }

    fn put(&mut self, object: Value) -> Option<Value> {
        let r = objects::resources::of(&object)?;
        let request = Request::new(Verb::Create, &r.group, &r.version, &r.plural)
            .in_namespace(object.namespace())
            .object(object);
        let made = self.api.handle(&Self::system("kubeadm"), request, self.now);
        debug_assert!(made.is_ok(), "{made:?}");
        made.ok().map(|r| r.object)
    }

    /// The same, with a name for its random choices: those of all other objects stay what they are.
    fn put_apart(&mut self, object: Value) {
        let Some(r) = objects::resources::of(&object) else { return };
        let name = object.name().to_owned();
        let request = Request::new(Verb::Create, &r.group, &r.version, &r.plural).object(object);
        let now = self.now;
        let made = self.api.apart(&name, |api| api.handle(&Self::system("kubeadm"), request, now));
        debug_assert!(made.is_ok(), "{made:?}");
    }

    fn put_status(&mut self, r: &Resource, mut object: Value, status: Value) {
        object.set("status", status);
        let request = Request::new(Verb::Update, &r.group, &r.version, &r.plural)
            .in_namespace(object.namespace())
            .named(object.name())
            .subresource("status")
            .object(object);
        let made = self.api.handle(&Self::system("kubeadm"), request, self.now);
        debug_assert!(made.is_ok(), "{made:?}");
    }

    fn install_daemon_set(&mut self, object: Value) {
        let Some(ds) = self.put(object) else { return };
        let hash = pod_template_hash(&ds["spec"]["template"], None);
        let label = "controller-revision-hash";
        let data = controllers::history::data_of(&ds);
        let revision = controllers::history::new_revision(&ds, DAEMONSETS, 1, &hash, label, &data);
        debug_assert!(objects::resources::of(&revision).is_some_and(|r| r.id == CONTROLLERREVISIONS.id));
        self.put(revision);
        let nodes = self.nodes(|_| true);
        let n = nodes.len() as i64;
        let generation = ds.generation();
        for (part, node, _) in &nodes {
            let affinity = value!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchFields": [
                    {"key": "metadata.name", "operator": "In", "values": [(node)]}
                ]}]
            }}});
            let mut spec = ds["spec"]["template"]["spec"].clone();
            spec.set("affinity", affinity);
            self.install_pod(*part, node, &ds, DAEMONSETS, (label, &hash), &format!("{}-", ds.name()), spec);
        }
        let status = value!({
            "currentNumberScheduled": (n), "numberMisscheduled": 0, "desiredNumberScheduled": (n),
            "numberReady": (n), "updatedNumberScheduled": (n), "numberAvailable": (n),
            "observedGeneration": (generation),
        });
        self.put_status(DAEMONSETS, ds, status);
    }

    fn install_deployment(&mut self, object: Value) {
        const REVISION: &str = "deployment.kubernetes.io/revision";
        let Some(mut d) = self.put(object) else { return };
        let hash = pod_template_hash(&d["spec"]["template"], None);
        let replicas = d["spec"]["replicas"].int_or(1);
        // What kubeadm starts before the first worker has joined stays where it was started.
        let early = d["spec"]["template"]["spec"]["tolerations"].items().len() > 1;
        let mut places = self.nodes(|control_plane| control_plane == early);
        if places.is_empty() && early {
            places = self.nodes(|_| true);
        }
        let mut template = d["spec"]["template"].clone();
        template.set_at(&["metadata", "labels", "pod-template-hash"], hash.as_str());
        let mut selector = d["spec"]["selector"].clone();
        selector.set_at(&["matchLabels", "pod-template-hash"], hash.as_str());
        let surge = i64::from(replicas > 0);
        let rs = value!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {
                "name": (format!("{}-{hash}", d.name())), "namespace": (NAMESPACE),
                "labels": (template.labels().clone()),
                "annotations": {
                    "deployment.kubernetes.io/desired-replicas": (replicas.to_string()),
                    "deployment.kubernetes.io/max-replicas": ((replicas + surge).to_string()),
                    (REVISION): "1",
                },
                "ownerReferences": [(controllers::controller::controller_ref(&d, DEPLOYMENTS))],
            },
            "spec": {"replicas": (replicas), "selector": (selector), "template": (template)},
        });
        let Some(rs) = self.put(rs) else { return };
        let spec = rs["spec"]["template"]["spec"].clone();
        let mut up = 0;
        for (part, node, _) in
            places.iter().cycle().take(if places.is_empty() { 0 } else { replicas as usize })
        {
            let prefix = format!("{}-", rs.name());
            self.install_pod(
                *part,
                node,
                &rs,
                REPLICASETS,
                ("pod-template-hash", &hash),
                &prefix,
                spec.clone(),
            );
            up += 1;
        }
        if up < replicas {
            return;
        }
        let status = value!({
            "replicas": (up), "fullyLabeledReplicas": (up), "readyReplicas": (up), "availableReplicas": (up),
            "terminatingReplicas": 0, "observedGeneration": (rs.generation()),
        });
        let rs_name = rs.name().to_owned();
        self.put_status(REPLICASETS, rs, status);
        let now = self.now.rfc3339();
        let condition = |kind: &str, reason: &str, message: &str| {
            value!({
                "type": (kind), "status": "True", "reason": (reason), "message": (message),
                "lastUpdateTime": (now.as_str()), "lastTransitionTime": (now.as_str()),
            })
        };
        let status = value!({
            "observedGeneration": (d.generation()), "replicas": (up), "updatedReplicas": (up),
            "readyReplicas": (up), "availableReplicas": (up), "terminatingReplicas": 0,
            "conditions": [
                (condition("Available", "MinimumReplicasAvailable", "Deployment has minimum availability.")),
                (condition("Progressing", "NewReplicaSetAvailable",
                    &format!("ReplicaSet \"{rs_name}\" has successfully progressed.")))
            ],
        });
        d.set_at(&["metadata", "annotations", REVISION], "1");
        self.put_status(DEPLOYMENTS, d, status);
    }

    /// A pod of `owner`, bound and running.
    #[allow(clippy::too_many_arguments, reason = "what a pod is made of")]
    fn install_pod(
        &mut self,
        part: usize,
        node: &str,
        owner: &Value,
        of: &Resource,
        hash: (&str, &str),
        prefix: &str,
        mut spec: Value,
    ) {
        let suffix = self.parts[part].letters(SUFFIX_LETTERS, 5);
        let mut labels = owner["spec"]["template"].labels().clone();
        labels.set(hash.0, hash.1);
        spec.set("nodeName", node);
        let pod = value!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": (format!("{prefix}{suffix}")), "generateName": (prefix), "namespace": (NAMESPACE),
                "labels": (labels),
                "ownerReferences": [(controllers::controller::controller_ref(owner, of))],
            },
            "spec": (spec),
        });
        debug_assert!(objects::resources::of(&pod).is_some_and(|r| r.id == PODS.id));
        let Some(stored) = self.put(pod) else { return };
        self.kubelet_acts(part, |k, ctx| k.adopt(&stored, ctx));
    }
}
