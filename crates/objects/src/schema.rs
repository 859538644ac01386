//! What each kind's fields are: one walk over built-in types and custom ones.
//!
//! Owns: the static table of every built-in type ([`TypeId`], [`Field`], [`Shape`]) and [`Schema`], which walks it and a
//! CustomResourceDefinition's `openAPIV3Schema` alike, for decoding, pruning, merging and `explain`.
//! Does not own: decoding itself (`decode`), defaults of built-in kinds and validation (apiserver).
//!
//! Models the Go types of `k8s.io/api`, with the list facts of its OpenAPI document. Not modelled: alpha and beta groups;
//! descriptions of list types.
//! The table is plain data: nothing is parsed or built at start.

mod explain;
pub mod openapi;
mod table;
mod walk;

pub use explain::Descriptions;
use table::{
    ATOMIC_TYPES, DEFAULTS, EMBEDDED, ENUMS, ENUMS_OF, FIELDS, GO_TYPES, JSON_SCHEMA_PROPS, LIST_META,
    MERGES, META_PACKAGE, NAME_ENDS, NAMES, OBJECT_META, PACKAGES, RANKS, SHAPES, TYPES,
};
pub use walk::{Kind, Schema};

use crate::{Str, Value};

/// A built-in struct type. Its number is its place in the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeId(u16);

/// A field of a built-in struct type. Its number is its place in the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field(u16);

/// What a value must look like. `List` and `Map` hold the number of their element's shape: see [`Shape::element`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Bool,
    Int32,
    Int64,
    Float,
    Str,
    /// Base64 text.
    Bytes,
    /// RFC 3339, whole seconds.
    Time,
    /// RFC 3339 with microseconds.
    MicroTime,
    /// `500m`, `1Gi`: text, or a number.
    Quantity,
    /// A port by name or number, a count or a percentage.
    IntOrString,
    /// Any JSON.
    Any,
    /// Inside a CRD's schema: a schema or a bool.
    SchemaOrBool,
    /// Inside a CRD's schema: a schema or a list of them.
    SchemaOrArray,
    /// Inside a CRD's schema: a schema or a list of strings.
    SchemaOrStrings,
    /// The element's shape by number.
    List(u16),
    /// The values' shape by number; keys are strings.
    Map(u16),
    Struct(u16),
}

/// How server-side apply merges a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListType {
    #[default]
    Atomic,
    Set,
    Map,
}

/// When Go leaves a field out of the JSON it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Omit {
    /// Written even if it is zero.
    Never,
    /// Left out when empty (`omitempty`): never true of a struct that is not behind a pointer.
    Empty,
    /// Left out when zero (`omitzero`).
    Zero,
}

/// Prefix of the full name, API group, version, first type.
struct Package(&'static str, &'static str, &'static str, u16);
/// Name without package, first field. The next row's first field ends it.
struct TypeRow(&'static str, u16);
/// Name, shape, flags, Go type, merge row, embedded structs: numbers into the tables of each.
struct FieldRow(u16, u16, u16, u16, u8, u8);

const REQUIRED: u16 = 1;
const POINTER: u16 = 1 << 1;
const OMIT_EMPTY: u16 = 1 << 2;
const OMIT_ZERO: u16 = 1 << 3;
const PATCH_MERGE: u16 = 1 << 4;
const PATCH_RETAIN_KEYS: u16 = 1 << 5;
const LIST_TYPE_AT: u16 = 6;
const MAP_ATOMIC: u16 = 1 << 8;
const DURATION: u16 = 1 << 9;
const MAP_GRANULAR: u16 = 1 << 10;
const PATCH_REPLACE: u16 = 1 << 11;

/// A declared default.
enum Default {
    Text(&'static str),
    Bool(bool),
    Int(i64),
}

/// The type of a built-in kind; also of list kinds (`PodList`), of subresources' kinds (`Scale`, `Eviction`) and of
/// `Status`, `DeleteOptions` and their like, which belong to every group.
#[must_use]
pub fn type_for(group: &str, version: &str, kind: &str) -> Option<TypeId> {
    let mut found = None;
    for (i, p) in PACKAGES.iter().enumerate() {
        if p.1 == group && p.2 == version {
            found = type_in(i, kind).filter(|t| t.is_kind());
        }
    }
    found.or_else(|| type_in(META_PACKAGE, kind).filter(|t| t.is_kind()))
}

/// The type with this full name: `io.k8s.api.apps.v1.DeploymentSpec`.
#[must_use]
pub fn type_named(full: &str) -> Option<TypeId> {
    let cut = full.rfind('.')? + 1;
    let package = PACKAGES.iter().position(|p| p.0 == &full[..cut])?;
    type_in(package, &full[cut..])
}

/// Every built-in type.
pub fn types() -> impl Iterator<Item = TypeId> {
    (0..TYPES.len() as u16 - 1).map(TypeId)
}

fn type_in(package: usize, name: &str) -> Option<TypeId> {
    let first = PACKAGES[package].3;
    let end = PACKAGES.get(package + 1)?.3;
    let rows = &TYPES[usize::from(first)..usize::from(end)];
    rows.binary_search_by(|t| t.0.cmp(name)).ok().map(|i| TypeId(first + i as u16))
}

impl TypeId {
    pub const OBJECT_META: Self = Self(OBJECT_META);
    pub const LIST_META: Self = Self(LIST_META);
    pub const JSON_SCHEMA_PROPS: Self = Self(JSON_SCHEMA_PROPS);

    fn package(self) -> &'static Package {
        let after = PACKAGES.partition_point(|p| p.3 <= self.0);
        &PACKAGES[after - 1]
    }

    /// `DeploymentSpec`
    #[must_use]
    pub fn name(self) -> &'static str {
        TYPES[usize::from(self.0)].0
    }

    /// `io.k8s.api.apps.v1.DeploymentSpec`
    #[must_use]
    pub fn full_name(self) -> String {
        format!("{}{}", self.package().0, self.name())
    }

    /// `v1.DeploymentSpec`, as errors quote it.
    #[must_use]
    pub fn go_name(self) -> String {
        format!("{}.{}", self.package().2, self.name())
    }

    /// True when objects of this type carry `apiVersion` and `kind`.
    #[must_use]
    pub fn is_kind(self) -> bool {
        self.field("kind").is_some_and(|f| f.row().5 != 0) && self.field("apiVersion").is_some()
    }

    /// Server-side apply treats such a struct as one value, unless its field says otherwise.
    #[must_use]
    pub fn is_atomic(self) -> bool {
        ATOMIC_TYPES.binary_search(&self.0).is_ok()
    }

    /// Its fields, sorted by JSON name.
    #[must_use]
    pub fn fields(self) -> impl DoubleEndedIterator<Item = Field> + ExactSizeIterator + Clone {
        let i = usize::from(self.0);
        (TYPES[i].1..TYPES[i + 1].1).map(Field)
    }

    #[must_use]
    pub fn field(self, name: &str) -> Option<Field> {
        let i = usize::from(self.0);
        let first = TYPES[i].1;
        let rows = &FIELDS[usize::from(first)..usize::from(TYPES[i + 1].1)];
        rows.binary_search_by(|f| name_at(f.0).cmp(name)).ok().map(|i| Field(first + i as u16))
    }

    /// The field at the end of `path`, through lists and maps; `None` when a step is no struct's field.
    #[must_use]
    pub fn field_at(self, path: &[&str]) -> Option<Field> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.field(first)?, |f, name| f.shape().leaf_type()?.field(name))
    }
}

impl std::fmt::Debug for TypeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.full_name())
    }
}

fn name_at(i: u16) -> &'static str {
    let i = usize::from(i);
    &NAMES[usize::from(NAME_ENDS[i])..usize::from(NAME_ENDS[i + 1])]
}

impl Field {
    fn row(self) -> &'static FieldRow {
        &FIELDS[usize::from(self.0)]
    }

    /// Its place in its Go struct.
    #[must_use]
    pub fn rank(self) -> u8 {
        RANKS[usize::from(self.0)]
    }

    fn has(self, flag: u16) -> bool {
        self.row().2 & flag != 0
    }

    /// The JSON name.
    #[must_use]
    pub fn name(self) -> &'static str {
        name_at(self.row().0)
    }

    /// The JSON name as a key of a map.
    #[must_use]
    pub fn key(self) -> Str {
        Str::new_static(self.name())
    }

    #[must_use]
    pub fn shape(self) -> Shape {
        SHAPES[usize::from(self.row().1)]
    }

    /// Required, by the OpenAPI document. Decoding does not insist; validation does.
    #[must_use]
    pub fn required(self) -> bool {
        self.has(REQUIRED)
    }

    /// A pointer in Go: an explicit zero is kept.
    #[must_use]
    pub fn is_pointer(self) -> bool {
        self.has(POINTER)
    }

    #[must_use]
    pub fn omit(self) -> Omit {
        match (self.has(OMIT_EMPTY), self.has(OMIT_ZERO)) {
            (_, true) => Omit::Zero,
            (true, _) => Omit::Empty,
            _ => Omit::Never,
        }
    }

    /// A `metav1.Duration`: text such as `1m30s`.
    #[must_use]
    pub fn is_duration(self) -> bool {
        self.has(DURATION)
    }

    /// Strategic merge patch merges this list or map, element by element.
    #[must_use]
    pub fn patch_merges(self) -> bool {
        self.has(PATCH_MERGE)
    }

    /// Strategic merge patch honours `$retainKeys` here: a union such as `strategy` or a volume.
    #[must_use]
    pub fn patch_retains_keys(self) -> bool {
        self.has(PATCH_RETAIN_KEYS)
    }

    /// Strategic merge patch replaces this struct instead of merging it.
    #[must_use]
    pub fn patch_replaces(self) -> bool {
        self.has(PATCH_REPLACE)
    }

    /// The key by which strategic merge patch matches elements; `""` in a list of plain values.
    #[must_use]
    pub fn patch_merge_key(self) -> &'static str {
        MERGES[usize::from(self.row().4)].0
    }

    #[must_use]
    pub fn list_type(self) -> ListType {
        match (self.row().2 >> LIST_TYPE_AT) & 3 {
            2 => ListType::Set,
            3 => ListType::Map,
            _ => ListType::Atomic,
        }
    }

    /// The list type in so many words: none when the document says nothing.
    fn list_type_given(self) -> Option<ListType> {
        ((self.row().2 >> LIST_TYPE_AT) & 3 != 0).then(|| self.list_type())
    }

    fn map_type_given(self) -> Option<&'static str> {
        if self.has(MAP_ATOMIC) { Some("atomic") } else { self.has(MAP_GRANULAR).then_some("granular") }
    }

    /// The keys by which server-side apply matches elements of a list of type map.
    #[must_use]
    pub fn list_map_keys(self) -> &'static [&'static str] {
        MERGES[usize::from(self.row().4)].1
    }

    /// Server-side apply treats this map or struct as one value. The field's word goes before its type's.
    #[must_use]
    pub fn is_atomic_map(self) -> bool {
        let of_type = || self.shape().struct_type().is_some_and(TypeId::is_atomic);
        self.has(MAP_ATOMIC) || (!self.has(MAP_GRANULAR) && of_type())
    }

    /// The default that the type declares, such as `TCP` for a port's protocol: one of a few. Most defaults are code of
    /// the API server.
    #[must_use]
    pub fn default(self) -> Option<Value> {
        let at = DEFAULTS.binary_search_by_key(&self.0, |(field, _)| *field).ok()?;
        Some(match DEFAULTS[at].1 {
            Default::Text(text) => Value::Str(Str::new_static(text)),
            Default::Bool(b) => Value::Bool(b),
            Default::Int(i) => Value::Int(i),
        })
    }

    /// The Go type that decoding errors quote: `int32`, `v1.PullPolicy`, `[]v1.Container`.
    #[must_use]
    pub fn go_type(self) -> String {
        match GO_TYPES[usize::from(self.row().3)] {
            "" => self.shape().go_type(),
            named => named.to_owned(),
        }
    }

    /// The words this field, or each element of this list, may be; none when it is free. The server's validation may
    /// allow fewer.
    #[must_use]
    pub fn enum_values(self) -> &'static [&'static str] {
        let found = ENUMS_OF.binary_search_by_key(&self.0, |(field, _)| *field);
        found.map_or(&[], |i| ENUMS[usize::from(ENUMS_OF[i].1)])
    }

    /// The embedded structs through which Go reaches this field, dotted; `""` when there is none.
    #[must_use]
    pub fn embedded_in(self) -> &'static str {
        EMBEDDED[usize::from(self.row().5)]
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name(), self.go_type())
    }
}

impl Shape {
    /// The shape of a list's elements or a map's values.
    #[must_use]
    pub fn element(self) -> Option<Shape> {
        match self {
            Self::List(i) | Self::Map(i) => Some(SHAPES[usize::from(i)]),
            _ => None,
        }
    }

    /// The struct type this is.
    #[must_use]
    pub fn struct_type(self) -> Option<TypeId> {
        if let Self::Struct(i) = self { Some(TypeId(i)) } else { None }
    }

    /// The struct type this is, or holds in lists and maps.
    #[must_use]
    pub fn leaf_type(self) -> Option<TypeId> {
        match self.element() {
            Some(e) => e.leaf_type(),
            None => self.struct_type(),
        }
    }

    /// The unnamed Go type of this shape.
    #[must_use]
    pub fn go_type(self) -> String {
        let text = match self {
            Self::Bool => "bool",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Float => "float64",
            Self::Str => "string",
            Self::Bytes => "[]uint8",
            Self::Time => "v1.Time",
            Self::MicroTime => "v1.MicroTime",
            Self::Quantity => "resource.Quantity",
            Self::IntOrString => "intstr.IntOrString",
            Self::Any => "runtime.RawExtension",
            Self::SchemaOrBool => "v1.JSONSchemaPropsOrBool",
            Self::SchemaOrArray => "v1.JSONSchemaPropsOrArray",
            Self::SchemaOrStrings => "v1.JSONSchemaPropsOrStringArray",
            Self::List(i) => return format!("[]{}", SHAPES[usize::from(i)].go_type()),
            Self::Map(i) => return format!("map[string]{}", SHAPES[usize::from(i)].go_type()),
            Self::Struct(i) => return TypeId(i).go_name(),
        };
        text.to_owned()
    }
}

impl From<TypeId> for Shape {
    fn from(t: TypeId) -> Self {
        Self::Struct(t.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(group: &str, version: &str, kind: &str) -> TypeId {
        type_for(group, version, kind).unwrap_or_else(|| panic!("{group}/{version} {kind}"))
    }

    #[test]
    fn every_resource_and_its_subresources_have_a_type() {
        for r in crate::resources::all() {
            assert_eq!(ty(&r.group, &r.version, &r.kind).name(), r.kind);
            if r.allows("list") {
                assert_eq!(ty(&r.group, &r.version, &r.list_kind()).name(), r.list_kind());
            }
            for s in r.subresources.iter() {
                ty(&s.group, &s.version, &s.kind);
            }
        }
        assert_eq!(ty("", "v1", "Status"), ty("apps", "v1", "Status"));
        assert_eq!(type_for("apps", "v1", "DeploymentSpec"), None, "a struct is no kind");
        assert_eq!(type_for("extensions", "v1beta1", "Deployment"), None);
    }

    #[test]
    fn fields_say_what_they_are() {
        let d = ty("apps", "v1", "Deployment");
        let replicas = d.field_at(&["spec", "replicas"]);
        assert_eq!(
            replicas.map(|f| (f.shape(), f.is_pointer(), f.omit())),
            Some((Shape::Int32, true, Omit::Empty))
        );
        let containers = d.field_at(&["spec", "template", "spec", "containers"]).map(|f| {
            (f.go_type(), f.required(), f.patch_merge_key(), f.list_type(), f.list_map_keys(), f.omit())
        });
        assert_eq!(
            containers,
            Some(("[]v1.Container".to_owned(), true, "name", ListType::Map, &["name"][..], Omit::Never))
        );
        let ports = d.field_at(&["spec", "template", "spec", "containers", "ports"]);
        assert_eq!(
            ports.map(|f| (f.patch_merges(), f.list_map_keys())),
            Some((true, &["containerPort", "protocol"][..]))
        );
        assert_eq!(d.field_at(&["spec", "strategy"]).map(|f| f.patch_retains_keys()), Some(true));
        assert_eq!(d.field_at(&["spec", "replica"]), None);
        let pull = d.field_at(&["spec", "template", "spec", "containers", "imagePullPolicy"]);
        assert_eq!(pull.map(|f| f.go_type()), Some("v1.PullPolicy".to_owned()));
        assert_eq!(pull.map(|f| f.enum_values()), Some(&["Always", "IfNotPresent", "Never"][..]));
        assert_eq!(replicas.map(|f| f.enum_values().len()), Some(0));
    }

    #[test]
    fn what_is_one_value_to_apply_says_so() {
        let pod = ty("", "v1", "Pod");
        let atomic = |t: TypeId, path: &[&str]| t.field_at(path).map(Field::is_atomic_map);
        assert_eq!(atomic(ty("apps", "v1", "Deployment"), &["spec", "selector"]), Some(true), "by its type");
        assert_eq!(atomic(pod, &["spec", "nodeSelector"]), Some(true), "by its field");
        assert_eq!(
            atomic(ty("", "v1", "PersistentVolume"), &["spec", "claimRef"]),
            Some(false),
            "field before type"
        );
        assert_eq!(atomic(pod, &["metadata", "labels"]), Some(false));
        let owners = Schema::of_type(pod).field("metadata").and_then(|m| m.field("ownerReferences"));
        assert_eq!(
            owners.and_then(Schema::items).map(Schema::is_atomic_map),
            Some(true),
            "an element, by its type"
        );
    }

    #[test]
    fn a_few_fields_declare_their_default() {
        let protocol = ty("", "v1", "Service").field_at(&["spec", "ports", "protocol"]);
        assert_eq!(protocol.and_then(Field::default), Some(Value::from("TCP")));
        let replicas = ty("", "v1", "ReplicationController").field_at(&["spec", "replicas"]);
        assert_eq!(replicas.and_then(Field::default), Some(Value::Int(1)));
    }

    #[test]
    fn the_table_is_sorted_where_it_is_searched() {
        for t in types() {
            assert!(t.fields().map(Field::name).is_sorted(), "{t:?}");
            assert_eq!(type_named(&t.full_name()), Some(t));
            for f in t.fields() {
                assert_eq!(t.field(f.name()), Some(f));
            }
        }
    }
}
