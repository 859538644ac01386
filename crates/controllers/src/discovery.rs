//! Which resource an object belongs to, custom ones included.
//!
//! Owns: reading resources out of CustomResourceDefinitions. Does not own: what is served (apiserver).

use std::borrow::Cow;

use objects::resources::{self, Resource};
use objects::{Str, Value};

/// The resource a CustomResourceDefinition serves in its first served version; `None` before it names one.
#[must_use]
pub fn custom_resource(crd: &Value) -> Option<Resource> {
    let spec = &crd["spec"];
    let version = spec["versions"].items().iter().find(|v| v["served"].is_true())?;
    let (group, plural) = (spec["group"].to_str(), spec["names"]["plural"].to_str());
    let id = smol_str::format_smolstr!("{plural}.{group}");
    let verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    Some(Resource {
        storage: id.clone(),
        id,
        group,
        version: version["name"].to_str(),
        plural,
        singular: spec["names"]["singular"].to_str(),
        kind: spec["names"]["kind"].to_str(),
        namespaced: spec["scope"] == "Namespaced",
        short_names: Cow::Borrowed(&[]),
        categories: Cow::Borrowed(&[]),
        verbs: verbs.into_iter().map(Str::new_static).collect::<Vec<_>>().into(),
        subresources: Cow::Borrowed(&[]),
    })
}

/// The resource of a kind among the built-in ones, then among `custom`.
#[must_use]
pub fn resource_of<'a>(
    api_version: &str,
    kind: &str,
    custom: impl IntoIterator<Item = &'a Resource>,
) -> Option<Resource> {
    let (group, version) = resources::split_api_version(api_version);
    // Any served version of a built-in kind reaches the same object.
    resources::by_kind(group, version, kind)
        .cloned()
        .or_else(|| custom.into_iter().find(|r| r.group == group && r.kind == kind).cloned())
}
