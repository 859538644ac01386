//! What the API serves: every built-in resource as static data, and the same type for custom ones.
//!
//! Owns: [`Resource`] (names, scope, verbs, subresources), one constant per built-in resource
//! ([`PODS`], [`DEPLOYMENTS`], ...) and look-ups among the built-in ones. The order of [`all`] is that of discovery,
//! on which kubectl relies when a short name fits several.
//! Does not own: which custom resources exist (apiserver), how objects are stored (etcd).
//!
//! Models the discovery documents of a v1.36 server. Not modelled: alpha and beta groups, `storageVersionHash`.

mod table;

use std::borrow::Cow;

pub use table::*;

use crate::Str;

/// One resource of one group and version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `deployments.apps`, or `pods` for the core group. The same in every version of a group.
    pub id: Str,
    /// `""` is the core group.
    pub group: Str,
    pub version: Str,
    pub plural: Str,
    pub singular: Str,
    pub kind: Str,
    pub namespaced: bool,
    pub short_names: Cow<'static, [Str]>,
    pub categories: Cow<'static, [Str]>,
    pub verbs: Cow<'static, [Str]>,
    pub subresources: Cow<'static, [Subresource]>,
    /// The `id` under which its objects are kept: two resources with the same one show the same objects
    /// (both `events`; both versions of `horizontalpodautoscalers`). `""` when nothing is kept.
    pub storage: Str,
}

/// `pods/exec`, `deployments/scale`: named without the parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subresource {
    pub name: Str,
    /// Group, version and kind of the object it takes and gives.
    pub group: Str,
    pub version: Str,
    pub kind: Str,
    pub verbs: Cow<'static, [Str]>,
}

impl Resource {
    /// A custom resource as its own controllers know it: by its names alone. What the API serves of it says its definition.
    #[must_use]
    pub const fn custom(
        id: &'static str,
        group: &'static str,
        version: &'static str,
        plural: &'static str,
        kind: &'static str,
        namespaced: bool,
    ) -> Self {
        Self {
            id: Str::new_static(id),
            group: Str::new_static(group),
            version: Str::new_static(version),
            plural: Str::new_static(plural),
            singular: Str::new_static(""),
            kind: Str::new_static(kind),
            namespaced,
            short_names: Cow::Borrowed(&[]),
            categories: Cow::Borrowed(&[]),
            verbs: Cow::Borrowed(&[]),
            subresources: Cow::Borrowed(&[]),
            storage: Str::new_static(id),
        }
    }

    /// `v1`, `apps/v1`
    #[must_use]
    pub fn api_version(&self) -> Str {
        api_version(&self.group, &self.version)
    }

    /// Whether [`Self::api_version`] is this.
    #[must_use]
    pub fn has_api_version(&self, api_version: &str) -> bool {
        if self.group.is_empty() {
            return api_version == self.version;
        }
        let rest = api_version.strip_prefix(self.group.as_str()).and_then(|rest| rest.strip_prefix('/'));
        rest.is_some_and(|version| version == self.version)
    }

    /// `PodList`
    #[must_use]
    pub fn list_kind(&self) -> Str {
        smol_str::format_smolstr!("{}List", self.kind)
    }

    #[must_use]
    pub fn allows(&self, verb: &str) -> bool {
        self.verbs.iter().any(|v| v == verb)
    }

    #[must_use]
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }

    /// True when `word` (in lower case) is its plural, singular or a short name.
    #[must_use]
    pub fn is_called(&self, word: &str) -> bool {
        self.plural == word || self.singular == word || self.short_names.iter().any(|s| s == word)
    }
}

/// `v1`, `apps/v1`
#[must_use]
pub fn api_version(group: &str, version: &str) -> Str {
    if group.is_empty() { version.into() } else { smol_str::format_smolstr!("{group}/{version}") }
}

/// `apps/v1` taken apart; the group is `""` for the core one.
#[must_use]
pub fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// Every built-in resource, in discovery order.
#[must_use]
pub fn all() -> &'static [Resource] {
    &ALL
}

/// The built-in resource of this kind.
#[must_use]
pub fn by_kind(group: &str, version: &str, kind: &str) -> Option<&'static Resource> {
    ALL.iter().find(|r| r.kind == kind && r.group == group && r.version == version)
}

/// The built-in resource with this plural name.
#[must_use]
pub fn by_plural(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    ALL.iter().find(|r| r.plural == plural && r.group == group && r.version == version)
}

/// The built-in resource with this `id`, in the version its group prefers.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Resource> {
    ALL.iter().find(|r| r.id == id)
}

/// The built-in resource that this object (by `apiVersion` and `kind`) belongs to.
#[must_use]
pub fn of(object: &crate::Value) -> Option<&'static Resource> {
    let (group, version) = split_api_version(object.api_version());
    by_kind(group, version, object.kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_found_by_each_of_their_names() {
        assert_eq!(by_kind("apps", "v1", "Deployment"), Some(DEPLOYMENTS));
        assert_eq!(by_plural("", "v1", "pods"), Some(PODS));
        assert_eq!(by_id("horizontalpodautoscalers.autoscaling").map(|r| r.version.as_str()), Some("v2"));
        assert_eq!(by_kind("extensions", "v1beta1", "Deployment"), None);
        assert_eq!(of(&crate::value!({"apiVersion": "batch/v1", "kind": "Job"})), Some(JOBS));
        assert!(DEPLOYMENTS.is_called("deploy") && !DEPLOYMENTS.is_called("Deployment"));
    }

    #[test]
    fn names_are_what_discovery_says() {
        assert_eq!(
            (DEPLOYMENTS.id.as_str(), DEPLOYMENTS.api_version().as_str()),
            ("deployments.apps", "apps/v1")
        );
        assert_eq!((PODS.id.as_str(), PODS.api_version().as_str()), ("pods", "v1"));
        for (r, version) in [(DEPLOYMENTS, "apps/v1"), (PODS, "v1")] {
            assert!(r.has_api_version(version));
            assert!(!["", "/v1", "apps/v2", "appsv1"].iter().any(|other| r.has_api_version(other)));
        }
        assert_eq!(PODS.list_kind(), "PodList");
        let scale = STATEFULSETS.subresource("scale").map(|s| (s.group.as_str(), s.kind.as_str()));
        assert_eq!(scale, Some(("autoscaling", "Scale")));
        assert_eq!(PODS.subresource("log").map(|s| s.kind.as_str()), Some("Pod"));
        assert!(!NAMESPACES.allows("deletecollection") && NODES.allows("deletecollection"));
    }

    #[test]
    fn two_names_of_one_storage_agree() {
        assert_eq!(EVENTS.storage, EVENTS_EVENTS.storage);
        assert_eq!(HORIZONTALPODAUTOSCALERS.storage, HORIZONTALPODAUTOSCALERS_V1.storage);
        assert_eq!(TOKENREVIEWS.storage, "");
        for r in all() {
            assert_eq!(by_kind(&r.group, &r.version, &r.kind), Some(r));
        }
    }
}
