//! Custom resources: what CustomResourceDefinitions make the server serve.
//!
//! Owns: the registry of served versions ([`Customs`]), kept from the stored definitions.
//! Models `apiextensions-apiserver`. Not modelled: defaults of stored objects when a definition changes.

use ordered::Sort as _;
mod conversion;
pub(crate) mod definition;
pub(crate) mod printer;
mod rules;
mod schema;
mod structure;

use ordered::BTreeMap;
use std::borrow::Cow;
use std::sync::Arc;

use objects::resources::{Resource, Subresource};
use objects::{Str, Value};
use smol_str::format_smolstr;

pub use conversion::Conversion;
pub(crate) use conversion::renamed;
pub(crate) use schema::fill_defaults;

/// A custom object, new or instead of `old` (null: none), against its schema and the rules in it.
pub(crate) fn validate_all(new: &Value, old: &Value, schema: &Value, errs: &mut crate::validation::Errors) {
    let before = errs.len();
    schema::validate(new, schema, "", errs);
    if !rules::has_rules(schema) {
        return;
    }
    if errs.len() > before {
        errs.blocked();
        return;
    }
    rules::check(new, Some(old).filter(|o| !o.is_null()), schema, errs);
}

/// One served version of a custom resource.
#[derive(Clone, Debug)]
pub(crate) struct Custom {
    pub(crate) resource: Resource,
    /// `schema.openAPIV3Schema` of the version.
    pub(crate) schema: Value,
    /// `additionalPrinterColumns` of the version.
    pub(crate) columns: Value,
    /// The `clientConfig` of the webhook that converts between versions; null: they differ in name only.
    converter: Value,
    /// `group/version` that new objects are stored in.
    stored_in: Str,
    /// All versions of the definition, served or not.
    versions: Value,
}

/// All served versions, by the definition they come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Customs {
    by_definition: BTreeMap<Str, Vec<Arc<Custom>>>,
}

impl Customs {
    /// Takes in a definition as it is stored now.
    pub(crate) fn put(&mut self, definition: &Value) {
        self.by_definition.insert(definition.meta()["name"].to_str(), served(definition));
    }

    pub(crate) fn remove(&mut self, definition: &str) {
        self.by_definition.remove(definition);
    }

    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Custom>> {
        let versions = self.by_definition.get(format_smolstr!("{plural}.{group}").as_str())?;
        versions.iter().find(|c| c.resource.version == version)
    }

    fn iter_versions(&self) -> impl Iterator<Item = &Custom> {
        self.by_definition.values().flatten().map(|c| &**c)
    }

    /// Every served resource, the preferred version of each first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.by_definition.values().flatten().map(|c| &c.resource)
    }
}

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const PART_VERBS: [&str; 3] = ["get", "patch", "update"];

fn words(list: &[&'static str]) -> Cow<'static, [Str]> {
    list.iter().map(|w| Str::new_static(w)).collect()
}

fn texts(list: &Value) -> Cow<'static, [Str]> {
    list.items().iter().map(Value::to_str).collect()
}

/// Newer and more stable versions first, as discovery ranks them: `v2`, `v1`, `v1beta1`, `v1alpha1`, others by name.
fn rank(version: &str) -> (u8, std::cmp::Reverse<(u64, u64)>, &str) {
    let number = |t: &str| t.parse::<u64>().ok();
    let parsed = version.strip_prefix('v').and_then(|rest| {
        for (word, stage) in [("beta", 1), ("alpha", 2)] {
            if let Some((major, minor)) = rest.split_once(word) {
                return Some((stage, (number(major)?, number(minor)?)));
            }
        }
        Some((0, (number(rest)?, 0)))
    });
    match parsed {
        Some((stage, numbers)) => (stage, std::cmp::Reverse(numbers), ""),
        None => (3, std::cmp::Reverse((0, 0)), version),
    }
}

fn served(definition: &Value) -> Vec<Arc<Custom>> {
    let spec = &definition["spec"];
    let names = &spec["names"];
    let mut versions: Vec<&Value> =
        spec["versions"].items().iter().filter(|v| v["served"].is_true()).collect();
    versions.arrange_by(|a, b| rank(a["name"].text()).cmp(&rank(b["name"].text())));
    let id = definition.meta()["name"].to_str();
    let conversion = &spec["conversion"];
    let converter = match conversion["strategy"].text() {
        "Webhook" => conversion["webhook"]["clientConfig"].clone(),
        _ => Value::Null,
    };
    let stored = spec["versions"].items().iter().find(|v| v["storage"].is_true());
    let stored = stored.map_or("", |v| v["name"].text());
    let stored_in = format_smolstr!("{}/{stored}", spec["group"].text());
    versions
        .into_iter()
        .map(|v| {
            let group = spec["group"].to_str();
            let version = v["name"].to_str();
            let part = |name: &'static str, group: &Str, version: &Str, kind: &Value| Subresource {
                name: Str::new_static(name),
                group: group.clone(),
                version: version.clone(),
                kind: kind.to_str(),
                verbs: words(&PART_VERBS),
            };
            let mut subresources = Vec::new();
            if !v["subresources"]["scale"].is_null() {
                subresources.push(part("scale", &"autoscaling".into(), &"v1".into(), &"Scale".into()));
            }
            if !v["subresources"]["status"].is_null() {
                subresources.push(part("status", &group, &version, &names["kind"]));
            }
            Arc::new(Custom {
                resource: Resource {
                    id: id.clone(),
                    group,
                    version,
                    plural: names["plural"].to_str(),
                    singular: names["singular"].to_str(),
                    kind: names["kind"].to_str(),
                    namespaced: spec["scope"] == "Namespaced",
                    short_names: texts(&names["shortNames"]),
                    categories: texts(&names["categories"]),
                    verbs: words(&VERBS),
                    subresources: subresources.into(),
                    storage: id.clone(),
                },
                schema: v["schema"]["openAPIV3Schema"].clone(),
                columns: v["additionalPrinterColumns"].clone(),
                converter: converter.clone(),
                stored_in: stored_in.clone(),
                versions: spec["versions"].clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_by_rank() {
        let mut v = ["v1alpha1", "foo", "v1", "v1beta2", "v10", "v2", "v1beta10"];
        v.arrange_by(|a, b| rank(a).cmp(&rank(b)));
        assert_eq!(v, ["v10", "v2", "v1", "v1beta10", "v1beta2", "v1alpha1", "foo"]);
    }
}
