//! What the scheduler has heard of besides pods and nodes: claims, volumes, classes, drivers, namespaces, Services,
//! disruption budgets.

use objects::{Str, Value};
use ordered::BTreeMap;

use client::Change;

type Objects = BTreeMap<Str, Value>;

#[derive(Clone, Debug, Default)]
pub struct Storage {
    /// By `namespace/name`.
    pub claims: Objects,
    pub volumes: Objects,
    pub classes: Objects,
    pub csi_nodes: Objects,
    pub attachments: Objects,
    pub namespaces: Objects,
    /// By `namespace/name`.
    pub budgets: Objects,
    /// By namespace, then name.
    pub services: BTreeMap<Str, Objects>,
}

/// The resources kept here.
pub(crate) const RESOURCES: [&str; 8] = [
    "persistentvolumeclaims",
    "persistentvolumes",
    "storageclasses.storage.k8s.io",
    "csinodes.storage.k8s.io",
    "volumeattachments.storage.k8s.io",
    "namespaces",
    "poddisruptionbudgets.policy",
    "services",
];

impl Storage {
    pub(crate) fn apply(&mut self, change: &Change) {
        let (map, key) = match change.resource.as_str() {
            "persistentvolumeclaims" => (&mut self.claims, change.key()),
            "persistentvolumes" => (&mut self.volumes, change.key()),
            "storageclasses.storage.k8s.io" => (&mut self.classes, change.key()),
            "csinodes.storage.k8s.io" => (&mut self.csi_nodes, change.key()),
            "volumeattachments.storage.k8s.io" => (&mut self.attachments, change.key()),
            "namespaces" => (&mut self.namespaces, change.key()),
            "poddisruptionbudgets.policy" => (&mut self.budgets, change.key()),
            _ => (self.services.entry(change.namespace.clone()).or_default(), change.name.clone()),
        };
        if change.is_deleted() {
            map.remove(&key);
        } else {
            map.insert(key, change.object.clone());
        }
    }

    #[must_use]
    pub fn claim(&self, namespace: &str, name: &str) -> Option<&Value> {
        self.claims.get(format!("{namespace}/{name}").as_str())
    }

    /// The class of a claim.
    #[must_use]
    pub fn class_of(&self, claim: &Value) -> Option<&Value> {
        self.classes.get(class_name(claim))
    }
}

/// The name of a claim's or volume's class.
#[must_use]
pub fn class_name(object: &Value) -> &str {
    match object.annotations()["volume.beta.kubernetes.io/storage-class"].as_str() {
        Some(name) => name,
        None => object["spec"]["storageClassName"].text(),
    }
}

/// The name of the claim behind a volume of a pod, and whether the volume is a generic ephemeral one.
#[must_use]
pub fn claim_of(pod_name: &str, volume: &Value) -> Option<(String, bool)> {
    if let Some(c) = volume.find("persistentVolumeClaim") {
        return Some((c["claimName"].text().to_owned(), false));
    }
    volume.find("ephemeral")?;
    Some((format!("{pod_name}-{}", volume["name"].text()), true))
}

/// Whether a claim and its volume have found each other for good.
#[must_use]
pub fn is_fully_bound(claim: &Value) -> bool {
    !claim["spec"]["volumeName"].text().is_empty()
        && claim.annotations().find("pv.kubernetes.io/bind-completed").is_some()
}
