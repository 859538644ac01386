//! The OpenAPI v3 documents that a server publishes, written from the type table.
//!
//! For clients from outside: a stock kubectl asks for them before `apply` and `explain`. Nothing in the house reads them.
//! Models the schemas of upstream's `api/openapi-spec/v3`, with the enums that a running server adds. Not modelled:
//! `x-kubernetes-unions`; the groups of `DeleteOptions` but the core one; parameters other than `fieldValidation`, the one that clients look for; bodies of requests
//! and responses.

use ordered::BTreeSet;

use super::{Descriptions, Field, ListType, Shape, TypeId, type_for};
use crate::resources::{self, Resource, Subresource};
use crate::{Map, Value, value};

const SCHEMAS: &str = "#/components/schemas/";

/// The document of one group and version, as under `/openapi/v3/apis/apps/v1`; `None` when no resource is in it.
#[must_use]
pub fn document(group: &str, version: &str, descriptions: &Descriptions) -> Option<Value> {
    let mut here = resources::all().iter().filter(|r| r.group == group && r.version == version).peekable();
    here.peek()?;
    let mut types = BTreeSet::new();
    let mut paths = Map::default();
    for r in here {
        for kind in [r.kind.clone(), r.list_kind()] {
            if let Some(t) = type_for(group, version, &kind) {
                reach(t, &mut types);
            }
        }
        for s in r.subresources.iter() {
            if let Some(t) = type_for(&s.group, &s.version, &s.kind) {
                reach(t, &mut types);
            }
        }
        add_paths(r, &mut paths);
    }
    for kind in ["DeleteOptions", "Status"] {
        if let Some(t) = type_for(group, version, kind) {
            reach(t, &mut types);
        }
    }
    let schemas = types.iter().map(|t| (t.full_name(), definition(*t, descriptions)));
    let schemas: Map = schemas.chain(leaves()).collect();
    Some(value!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": (paths),
        "components": {"schemas": (schemas)},
    }))
}

fn reach(t: TypeId, seen: &mut BTreeSet<TypeId>) {
    if !seen.insert(t) {
        return;
    }
    for field in t.fields() {
        let shape = field.shape();
        let nested = matches!(shape, Shape::SchemaOrBool | Shape::SchemaOrArray | Shape::SchemaOrStrings);
        for next in shape.leaf_type().into_iter().chain(nested.then_some(TypeId::JSON_SCHEMA_PROPS)) {
            reach(next, seen);
        }
    }
}

/// One type's schema.
#[must_use]
pub fn definition(t: TypeId, descriptions: &Descriptions) -> Value {
    let mut out = value!({"type": "object"});
    describe(&mut out, descriptions.of_type(t));
    let properties: Map = t.fields().map(|f| (f.key(), property(f, descriptions.of_field(t, f)))).collect();
    if !properties.is_empty() {
        out.set("properties", properties);
    }
    let required: Vec<&str> = t.fields().filter(|f| f.required()).map(Field::name).collect();
    if !required.is_empty() {
        out.set("required", required);
    }
    if t.is_atomic() {
        out.set("x-kubernetes-map-type", "atomic");
    }
    let kinds = group_version_kinds(t);
    if !kinds.is_empty() {
        out.set("x-kubernetes-group-version-kind", Value::List(kinds.into()));
    }
    out
}

/// The kind a type serves. What belongs to every group version is named in the core one only.
fn group_version_kinds(t: TypeId) -> Vec<Value> {
    if !t.is_kind() {
        return Vec::new();
    }
    let of = |group: &str, version: &str| value!({"group": group, "kind": (t.name()), "version": version});
    let package = t.package();
    if package.1 != "meta.k8s.io" {
        return vec![of(package.1, package.2)];
    }
    if matches!(t.name(), "Status" | "DeleteOptions" | "WatchEvent") {
        vec![of("", "v1")]
    } else {
        Vec::new()
    }
}

fn describe(schema: &mut Value, text: &str) {
    if !text.is_empty() {
        schema.set("description", text);
    }
}

fn property(field: Field, description: &str) -> Value {
    let shape = field.shape();
    let mut out = schema(shape, &field.go_type(), false);
    describe(&mut out, description);
    let plain = !field.is_pointer() && field.omit() == super::Omit::Never;
    let default = field.default().or_else(|| match shape {
        Shape::Struct(_) if !field.is_pointer() => Some(Value::map()),
        Shape::Str if plain && !field.is_duration() => Some(Value::from("")),
        Shape::Int32 | Shape::Int64 | Shape::Float if plain => Some(Value::Int(0)),
        Shape::Bool if plain => Some(Value::Bool(false)),
        _ => None,
    });
    if let Some(default) = default {
        out.set("default", default);
    }
    if !field.enum_values().is_empty() {
        let words = Value::from(field.enum_values().to_vec());
        match shape {
            Shape::List(_) => out.set_at(&["items", "enum"], words),
            Shape::Map(_) => out.set_at(&["additionalProperties", "enum"], words),
            _ => out.set("enum", words),
        }
    }
    match (shape, field.list_type_given()) {
        (Shape::List(_) | Shape::Bytes, Some(list)) => {
            let word = match list {
                ListType::Atomic => "atomic",
                ListType::Set => "set",
                ListType::Map => "map",
            };
            out.set("x-kubernetes-list-type", word);
            if !field.list_map_keys().is_empty() {
                out.set("x-kubernetes-list-map-keys", field.list_map_keys().to_vec());
            }
        }
        (Shape::Map(_) | Shape::Struct(_), _) => {
            if let Some(word) = field.map_type_given() {
                out.set("x-kubernetes-map-type", word);
            }
        }
        _ => {}
    }
    let strategies = [
        ("merge", field.patch_merges()),
        ("retainKeys", field.patch_retains_keys()),
        ("replace", field.patch_replaces()),
    ];
    let strategies: Vec<&str> = strategies.iter().filter(|(_, has)| *has).map(|(word, _)| *word).collect();
    if !strategies.is_empty() {
        out.set("x-kubernetes-patch-strategy", strategies.join(","));
    }
    if !field.patch_merge_key().is_empty() {
        out.set("x-kubernetes-patch-merge-key", field.patch_merge_key());
    }
    // Beside a reference nothing may stand, so it is wrapped; alone it is not.
    match out.find("allOf") {
        Some(one) if out.entries().len() == 1 => one[0].clone(),
        _ => out,
    }
}

/// A shape; a reference stands alone only where nothing is said beside it.
fn schema(shape: Shape, go_type: &str, alone: bool) -> Value {
    let refer = |name: &str| {
        let reference = value!({"$ref": (format!("{SCHEMAS}{name}"))});
        if alone { reference } else { value!({"allOf": [reference]}) }
    };
    let inner = go_type.rsplit(']').next().unwrap_or(go_type);
    let element = || schema(shape.element().unwrap_or(Shape::Any), inner, true);
    match shape {
        Shape::Bool => value!({"type": "boolean"}),
        Shape::Int32 => value!({"type": "integer", "format": "int32"}),
        Shape::Int64 => value!({"type": "integer", "format": "int64"}),
        Shape::Float => value!({"type": "number", "format": "double"}),
        Shape::Str if inner == "v1.Duration" => refer("io.k8s.apimachinery.pkg.apis.meta.v1.Duration"),
        Shape::Str => value!({"type": "string"}),
        Shape::Bytes => value!({"type": "string", "format": "byte"}),
        Shape::Time => refer(TIME),
        Shape::MicroTime => refer(MICRO_TIME),
        Shape::Quantity => refer(QUANTITY),
        Shape::IntOrString => refer(INT_OR_STRING),
        Shape::Any => match inner.rsplit('.').next() {
            Some("JSON") => refer(JSON),
            Some("FieldsV1") => refer(FIELDS),
            _ => refer(RAW),
        },
        Shape::SchemaOrBool => refer(OR_BOOL),
        Shape::SchemaOrArray => refer(OR_ARRAY),
        Shape::SchemaOrStrings => refer(OR_STRINGS),
        Shape::List(_) => value!({"type": "array", "items": (element())}),
        Shape::Map(_) => value!({"type": "object", "additionalProperties": (element())}),
        Shape::Struct(_) => shape.struct_type().map_or(Value::Null, |t| refer(&t.full_name())),
    }
}

const TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
const MICRO_TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";
const FIELDS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const RAW: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";
const JSON: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON";
const OR_BOOL: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool";
const OR_ARRAY: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray";
const OR_STRINGS: &str =
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray";

/// The types that are no structs.
fn leaves() -> impl Iterator<Item = (String, Value)> {
    let time = || value!({"type": "string", "format": "date-time"});
    [
        (TIME, time()),
        (MICRO_TIME, time()),
        (FIELDS, value!({"type": "object"})),
        (QUANTITY, value!({"oneOf": [{"type": "string"}, {"type": "number"}]})),
        (
            INT_OR_STRING,
            value!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}),
        ),
        (RAW, value!({"type": "object"})),
        (JSON, Value::map()),
        (OR_BOOL, Value::map()),
        (OR_ARRAY, Value::map()),
        (OR_STRINGS, Value::map()),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
}

fn add_paths(r: &Resource, paths: &mut Map) {
    let api = r.api_version();
    let root = if r.group.is_empty() { format!("/api/{api}") } else { format!("/apis/{api}") };
    let scope = if r.namespaced { "/namespaces/{namespace}" } else { "" };
    let collection = format!("{root}{scope}/{}", r.plural);
    let one = format!("{collection}/{{name}}");
    let own = (&*r.group, &*r.version, &*r.kind);
    let mut add = |path: String, operations: Value| {
        if !operations.is_zero() {
            paths.insert(path, operations);
        }
    };
    add(collection, operations(own, |verb| matches!(verb, "create" | "list") && r.allows(verb)));
    add(one.clone(), operations(own, |verb| !matches!(verb, "create" | "list") && r.allows(verb)));
    for s in r.subresources.iter() {
        let allows = |s: &Subresource, verb: &str| s.verbs.iter().any(|v| v == verb);
        add(format!("{one}/{}", s.name), operations((&s.group, &s.version, &s.kind), |verb| allows(s, verb)));
    }
}

/// The types of a patch; custom kinds take the first ones.
const PATCHES: [&str; 4] = [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];
/// How many of them a custom kind takes.
const CUSTOM_PATCHES: usize = 3;

fn patches(types: &[&str]) -> Value {
    let mut content = Value::map();
    for ty in types {
        content.set(*ty, value!({"schema": {"type": "object"}}));
    }
    value!({"content": (content), "required": true})
}

/// What the PATCH of a custom kind takes.
#[must_use]
pub fn custom_patches() -> Value {
    patches(&PATCHES[..CUSTOM_PATCHES])
}

fn operations((group, version, kind): (&str, &str, &str), allows: impl Fn(&str) -> bool) -> Value {
    let mut out = Value::map();
    for (verb, method, action) in [
        ("get", "get", "get"),
        ("list", "get", "list"),
        ("create", "post", "post"),
        ("update", "put", "put"),
        ("patch", "patch", "patch"),
        ("delete", "delete", "delete"),
    ] {
        if !allows(verb) {
            continue;
        }
        let mut operation = value!({
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
            "responses": {"200": {"description": "OK"}},
        });
        if matches!(method, "post" | "put" | "patch") {
            let parameter = value!({"name": "fieldValidation", "in": "query", "schema": {"type": "string", "uniqueItems": true}});
            operation.set("parameters", vec![parameter]);
        }
        if method == "patch" {
            operation.set("requestBody", patches(&PATCHES));
        }
        out.set(method, operation);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_holds_what_clients_look_for() {
        let doc = document("apps", "v1", &Descriptions::default()).unwrap_or_default();
        let schemas = &doc["components"]["schemas"];
        let spec = &schemas["io.k8s.api.apps.v1.DeploymentSpec"];
        assert_eq!(spec["required"], value!(["selector", "template"]));
        assert_eq!(
            spec["properties"]["strategy"],
            value!({
                "allOf": [{"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy"}],
                "default": {}, "x-kubernetes-patch-strategy": "retainKeys",
            })
        );
        let ports = &schemas["io.k8s.api.core.v1.Container"]["properties"]["ports"];
        assert_eq!(ports["x-kubernetes-list-map-keys"], value!(["containerPort", "protocol"]));
        let patch = &doc["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
        assert_eq!(patch["parameters"][0]["name"], "fieldValidation");
        assert!(patch["requestBody"]["content"].find("application/strategic-merge-patch+json").is_some());
        assert!(document("nosuch", "v1", &Descriptions::default()).is_none());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(v: &Value, schemas: &Value) {
            if let Some(name) = v.find("$ref").and_then(|r| r.text().strip_prefix(SCHEMAS)) {
                assert!(schemas.find(name).is_some(), "{name}");
            }
            v.entries().iter().for_each(|(_, child)| check(child, schemas));
            v.items().iter().for_each(|child| check(child, schemas));
        }
        for r in resources::all() {
            let doc = document(&r.group, &r.version, &Descriptions::default()).unwrap_or_default();
            check(&doc, &doc["components"]["schemas"]);
        }
    }
}
