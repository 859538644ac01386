//! One walk over two kinds of schema: the built-in types' table and a CustomResourceDefinition's `openAPIV3Schema`.
//!
//! Not modelled: `allOf`, `anyOf` and their like, which constrain values but name no fields in a structural schema.

use super::{Field, ListType, Shape, TypeId};
use crate::Value;

/// The schema of one place in an object.
#[derive(Clone, Copy, Debug)]
pub enum Schema<'a> {
    /// A built-in shape, and the field it was reached by, which carries the merge facts.
    Static(Shape, Option<Field>),
    /// A node of an `openAPIV3Schema`.
    Dynamic(&'a Value),
    /// The root of a custom kind, or an embedded object: `metadata` and the type fields are the built-in ones.
    Object(&'a Value),
    /// Nothing is known: every field is kept, lists are atomic.
    Unknown,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Named fields.
    Struct,
    /// Any keys, values of one schema.
    Map,
    List,
    Scalar,
    /// Anything.
    Any,
}

impl<'a> Schema<'a> {
    /// The schema of a built-in kind.
    #[must_use]
    pub fn of_type(t: TypeId) -> Self {
        Self::Static(t.into(), None)
    }

    /// The schema of a custom kind, from its version's `schema.openAPIV3Schema`; null when there is none.
    #[must_use]
    pub fn of_custom(open_api_v3_schema: &'a Value) -> Self {
        if open_api_v3_schema.is_null() { Self::Unknown } else { Self::Object(open_api_v3_schema) }
    }

    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Unknown => Kind::Any,
            Self::Object(_) => Kind::Struct,
            Self::Static(shape, _) => match shape {
                Shape::Struct(_) => Kind::Struct,
                Shape::Map(_) => Kind::Map,
                Shape::List(_) => Kind::List,
                Shape::Any | Shape::SchemaOrBool | Shape::SchemaOrArray | Shape::SchemaOrStrings => Kind::Any,
                _ => Kind::Scalar,
            },
            Self::Dynamic(v) => match v["type"].text() {
                "array" => Kind::List,
                "object" if v["additionalProperties"].as_map().is_some() => Kind::Map,
                "object" => Kind::Struct,
                "" if v["x-kubernetes-preserve-unknown-fields"].is_true() => Kind::Any,
                _ => Kind::Scalar,
            },
        }
    }

    /// The schema of the field `name`. A map's every key is such a field.
    #[must_use]
    pub fn field(self, name: &str) -> Option<Schema<'a>> {
        match self {
            Self::Unknown => Some(Self::Unknown),
            Self::Static(Shape::Struct(_), _) => {
                let Self::Static(shape, _) = self else { return None };
                let f = shape.struct_type()?.field(name)?;
                Some(Self::Static(f.shape(), Some(f)))
            }
            Self::Static(Shape::Map(_), _) => self.additional(),
            Self::Static(Shape::Any, _) => Some(Self::Unknown),
            Self::Static(..) => None,
            Self::Object(v) => match name {
                "metadata" => Some(Self::Static(TypeId::OBJECT_META.into(), None)),
                "apiVersion" | "kind" => Some(Self::Static(Shape::Str, None)),
                _ => Self::Dynamic(v).field(name),
            },
            Self::Dynamic(v) => match v["properties"].find(name) {
                Some(p) => Some(Self::node(p)),
                None => self.additional().or_else(|| self.preserves_unknown().then_some(Self::Unknown)),
            },
        }
    }

    /// The schema of a list's elements.
    #[must_use]
    pub fn items(self) -> Option<Schema<'a>> {
        match self {
            Self::Static(shape @ Shape::List(_), _) => shape.element().map(|e| Self::Static(e, None)),
            Self::Dynamic(v) => v.find("items").filter(|i| i.as_map().is_some()).map(Self::node),
            Self::Unknown | Self::Static(Shape::Any, _) => Some(Self::Unknown),
            _ => None,
        }
    }

    /// The schema of a map's values.
    #[must_use]
    pub fn additional(self) -> Option<Schema<'a>> {
        match self {
            Self::Static(shape @ Shape::Map(_), _) => shape.element().map(|e| Self::Static(e, None)),
            Self::Dynamic(v) | Self::Object(v) => match v.find("additionalProperties")? {
                s @ Value::Map(_) => Some(Self::node(s)),
                Value::Bool(true) => Some(Self::Unknown),
                _ => None,
            },
            Self::Unknown | Self::Static(Shape::Any, _) => Some(Self::Unknown),
            _ => None,
        }
    }

    fn node(v: &'a Value) -> Self {
        if v["x-kubernetes-embedded-resource"].is_true() { Self::Object(v) } else { Self::Dynamic(v) }
    }

    /// Fields that the schema does not name are kept.
    #[must_use]
    pub fn preserves_unknown(self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Static(shape, _) => shape == Shape::Any,
            Self::Dynamic(v) | Self::Object(v) => v["x-kubernetes-preserve-unknown-fields"].is_true(),
        }
    }

    /// How server-side apply merges this list; atomic when nothing is said.
    #[must_use]
    pub fn list_type(self) -> ListType {
        match self {
            Self::Static(_, Some(f)) => f.list_type(),
            Self::Dynamic(v) => match v["x-kubernetes-list-type"].text() {
                "set" => ListType::Set,
                "map" => ListType::Map,
                _ => ListType::Atomic,
            },
            _ => ListType::Atomic,
        }
    }

    /// The keys by which server-side apply matches elements of a list of type map.
    #[must_use]
    pub fn list_map_keys(self) -> Vec<&'a str> {
        match self {
            Self::Static(_, Some(f)) => f.list_map_keys().to_vec(),
            Self::Dynamic(v) => v["x-kubernetes-list-map-keys"].items().iter().map(Value::text).collect(),
            _ => Vec::new(),
        }
    }

    /// Server-side apply treats this map or struct as one value.
    #[must_use]
    pub fn is_atomic_map(self) -> bool {
        match self {
            Self::Static(_, Some(f)) => f.is_atomic_map(),
            Self::Static(shape, None) => shape.struct_type().is_some_and(TypeId::is_atomic),
            Self::Dynamic(v) => v["x-kubernetes-map-type"] == "atomic",
            _ => false,
        }
    }

    /// Strategic merge patch merges this list or map. Custom kinds do not take such patches.
    #[must_use]
    pub fn patch_merges(self) -> bool {
        matches!(self, Self::Static(_, Some(f)) if f.patch_merges())
    }

    /// Strategic merge patch replaces this struct instead of merging it.
    #[must_use]
    pub fn patch_replaces(self) -> bool {
        matches!(self, Self::Static(_, Some(f)) if f.patch_replaces())
    }

    /// Strategic merge patch honours `$retainKeys` here.
    #[must_use]
    pub fn patch_retains_keys(self) -> bool {
        matches!(self, Self::Static(_, Some(f)) if f.patch_retains_keys())
    }

    /// The key by which strategic merge patch matches elements; `""` in a list of plain values.
    #[must_use]
    pub fn patch_merge_key(self) -> &'static str {
        if let Self::Static(_, Some(f)) = self { f.patch_merge_key() } else { "" }
    }

    /// The value that the schema gives to an absent field.
    #[must_use]
    pub fn default(self) -> Option<Value> {
        match self {
            Self::Static(_, field) => field?.default(),
            Self::Dynamic(v) | Self::Object(v) => v.find("default").cloned(),
            Self::Unknown => None,
        }
    }

    /// A custom kind's field that may be null.
    #[must_use]
    pub fn nullable(self) -> bool {
        if let Self::Dynamic(v) | Self::Object(v) = self { v["nullable"].is_true() } else { false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::type_for;
    use crate::value;

    #[test]
    fn the_same_walk_serves_built_in_and_custom_kinds() {
        let crd = value!({
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "properties": {
                        "ports": {
                            "type": "array",
                            "x-kubernetes-list-type": "map",
                            "x-kubernetes-list-map-keys": ["port"],
                            "items": {"type": "object", "properties": {"port": {"type": "integer"}}},
                        },
                        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                        "size": {"type": "integer", "default": 3},
                    },
                },
            },
        });
        let custom = Schema::of_custom(&crd);
        let service = type_for("", "v1", "Service").map_or(Schema::Unknown, Schema::of_type);
        for (root, keys) in [(custom, vec!["port"]), (service, vec!["port", "protocol"])] {
            let ports = root.field("spec").and_then(|s| s.field("ports")).unwrap_or(Schema::Unknown);
            assert_eq!(
                (ports.kind(), ports.list_type(), ports.list_map_keys()),
                (Kind::List, ListType::Map, keys)
            );
            let port = ports.items().and_then(|i| i.field("port"));
            assert_eq!(port.map(Schema::kind), Some(Kind::Scalar));
            let labels = root.field("metadata").and_then(|m| m.field("labels"));
            assert_eq!(labels.map(Schema::kind), Some(Kind::Map));
            assert!(root.field("spec").is_some_and(|s| s.field("nosuch").is_none()));
        }
        let spec = custom.field("spec").unwrap_or(Schema::Unknown);
        assert_eq!(spec.field("labels").and_then(|l| l.field("any")).map(Schema::kind), Some(Kind::Scalar));
        assert!(matches!(spec.field("free").and_then(|f| f.field("any")), Some(Schema::Unknown)));
        assert_eq!(spec.field("size").and_then(Schema::default), Some(Value::Int(3)));
    }
}
