//! The hub's own kinds: their definitions, their names, and what their labels mean.

use objects::resources::{self, Resource};
use objects::template_hash::safe_encode;
use objects::{Str, Value};

/// The definitions, and what a new hub begins with.
pub const KINDS: &str = include_str!("kinds.yaml");

pub(crate) const CLUSTERS_ID: &str = "clusters.cluster.karmada.io";
pub(crate) const POLICIES_ID: &str = "propagationpolicies.policy.karmada.io";
pub(crate) const CLUSTER_POLICIES_ID: &str = "clusterpropagationpolicies.policy.karmada.io";
pub(crate) const OVERRIDES_ID: &str = "overridepolicies.policy.karmada.io";
pub(crate) const CLUSTER_OVERRIDES_ID: &str = "clusteroverridepolicies.policy.karmada.io";
pub(crate) const TAINT_POLICIES_ID: &str = "clustertaintpolicies.policy.karmada.io";
pub(crate) const REBALANCERS_ID: &str = "workloadrebalancers.apps.karmada.io";
pub(crate) const BINDINGS_ID: &str = "resourcebindings.work.karmada.io";
pub(crate) const WORKS_ID: &str = "works.work.karmada.io";

pub(crate) static CLUSTERS: Resource =
    Resource::custom(CLUSTERS_ID, "cluster.karmada.io", "v1alpha1", "clusters", "Cluster", false);
pub(crate) static BINDINGS: Resource =
    Resource::custom(BINDINGS_ID, "work.karmada.io", "v1alpha2", "resourcebindings", "ResourceBinding", true);
pub(crate) static REBALANCERS: Resource = Resource::custom(
    REBALANCERS_ID,
    "apps.karmada.io",
    "v1alpha1",
    "workloadrebalancers",
    "WorkloadRebalancer",
    false,
);
pub(crate) static WORKS: Resource =
    Resource::custom(WORKS_ID, "work.karmada.io", "v1alpha1", "works", "Work", true);

/// Before a cluster's name: the namespace of its works.
pub(crate) const SPACE: &str = "karmada-es-";
pub(crate) const FINALIZER: &str = "karmada.io/execution-controller";
pub(crate) const MANAGED: &str = "karmada.io/managed";
const BINDING_NAMESPACE: &str = "resourcebinding.karmada.io/namespace";
const BINDING_NAME: &str = "resourcebinding.karmada.io/name";

pub(crate) fn cluster_of(namespace: &str) -> Option<&str> {
    namespace.strip_prefix(SPACE)
}

/// The key of the binding that a work was made for.
pub(crate) fn binding_of(work: &Value) -> Str {
    let a = work.annotations();
    Str::from(format!("{}/{}", a[BINDING_NAMESPACE].text(), a[BINDING_NAME].text()))
}

/// The annotations that say it.
pub(crate) fn binding_marks(binding: &Value) -> Value {
    let mut marks = Value::map();
    marks.set(BINDING_NAMESPACE, binding.namespace());
    marks.set(BINDING_NAME, binding.name());
    marks
}

/// The resource of a manifest: built in, or named by its kind's plural as the rule has it.
#[must_use]
pub fn resource_of(manifest: &Value) -> Option<Resource> {
    if let Some(r) = resources::of(manifest) {
        return Some(r.clone());
    }
    let (group, version) = resources::split_api_version(manifest.api_version());
    if group.is_empty() || manifest.kind().is_empty() {
        return None;
    }
    let kind = manifest.kind().to_ascii_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('s') => format!("{kind}es"),
        None => format!("{kind}s"),
    };
    let id = Str::from(format!("{plural}.{group}"));
    Some(Resource {
        group: group.into(),
        version: version.into(),
        plural: plural.into(),
        kind: manifest.kind().into(),
        storage: id.clone(),
        id,
        ..WORKS.clone()
    })
}

/// `web-deployment`
pub(crate) fn binding_name(kind: &str, name: &str) -> String {
    format!("{name}-{kind}").replace(':', ".").to_lowercase()
}

/// `web-687f7fb96f`
pub(crate) fn work_name(kind: &str, name: &str, namespace: &str) -> String {
    let name = name.replace(':', ".").to_lowercase();
    let whole = format!("(string){namespace}-{name}-{}", kind.to_lowercase());
    let step = |h: u32, b: u8| (h ^ u32::from(b)).wrapping_mul(0x0100_0193);
    format!("{name}-{}", safe_encode(whole.bytes().fold(0x811c_9dc5, step)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use objects::value;

    #[test]
    fn names_of_bindings_and_works() {
        assert_eq!(binding_name("Deployment", "web"), "web-deployment");
        assert_eq!(binding_name("Role", "system:x"), "system.x-role");
        let work = work_name("Deployment", "web", "default");
        assert!(work.starts_with("web-") && work != work_name("Service", "web", "default"), "{work}");
    }

    #[test]
    fn kinds_that_nobody_knows_have_a_guessed_plural() {
        let id = |v: &str, k: &str| resource_of(&value!({"apiVersion": (v), "kind": (k)})).map(|r| r.id);
        assert_eq!(id("apps/v1", "Deployment").as_deref(), Some("deployments.apps"));
        assert_eq!(id("x.io/v1", "Policy").as_deref(), Some("policies.x.io"));
        assert_eq!(id("x.io/v1", "Bus").as_deref(), Some("buses.x.io"));
        assert_eq!(id("v1", "Nothing"), None);
    }

    #[test]
    fn the_definitions_can_be_read() {
        let all = objects::yaml::load_stream(KINDS).documents;
        let crds = all.iter().filter(|d| d.value.kind() == "CustomResourceDefinition").count();
        assert_eq!((crds, all.len()), (9, 12));
    }
}
