//! What a kustomization may say: its fields and their types, before anything is built.
//!
//! Models the strict decoding of `api/types/kustomization.go`. Not modelled: types below generators and patches.

use objects::Value;

use crate::error::{Result, fail};

#[derive(Clone, Copy)]
enum Type {
    Text,
    Flag,
    Number,
    Texts,
    Pairs,
    /// Not looked at.
    Any,
}
use Type::{Any, Flag, Number, Pairs, Text, Texts};

type Fields = &'static [(&'static str, Type)];

const KUSTOMIZATION: Fields = &[
    ("apiVersion", Text),
    ("kind", Text),
    ("metadata", Any),
    ("openapi", Any),
    ("namePrefix", Text),
    ("nameSuffix", Text),
    ("namespace", Text),
    ("commonLabels", Pairs),
    ("labels", Any),
    ("commonAnnotations", Pairs),
    ("patchesStrategicMerge", Any),
    ("patchesJson6902", Any),
    ("patches", Any),
    ("images", Any),
    ("imageTags", Any),
    ("replacements", Any),
    ("replicas", Any),
    ("vars", Any),
    ("sortOptions", Any),
    ("resources", Texts),
    ("components", Texts),
    ("crds", Texts),
    ("bases", Texts),
    ("configMapGenerator", Any),
    ("secretGenerator", Any),
    ("helmGlobals", Any),
    ("helmCharts", Any),
    ("helmChartInflationGenerator", Any),
    ("generatorOptions", Any),
    ("configurations", Texts),
    ("generators", Texts),
    ("transformers", Texts),
    ("validators", Texts),
    ("buildMetadata", Texts),
];

const GENERATED: Fields = &[
    ("name", Any),
    ("namespace", Any),
    ("behavior", Any),
    ("literals", Any),
    ("files", Any),
    ("env", Any),
    ("envs", Any),
    ("options", Any),
];

/// Lists of structs: field, its Go type, fields, and a further one that only it has.
const LISTS: [(&str, &str, Fields, &str); 6] = [
    (
        "images",
        "Image",
        &[("name", Text), ("newName", Text), ("tagSuffix", Text), ("newTag", Text), ("digest", Text)],
        "",
    ),
    ("replicas", "Replica", &[("name", Text), ("count", Number)], ""),
    (
        "labels",
        "Label",
        &[("pairs", Pairs), ("includeSelectors", Flag), ("includeTemplates", Flag), ("fields", Any)],
        "",
    ),
    ("patches", "Patch", &[("path", Text), ("patch", Text), ("target", Any), ("options", Any)], ""),
    ("configMapGenerator", "ConfigMapArgs", GENERATED, ""),
    ("secretGenerator", "SecretArgs", GENERATED, "type"),
];

/// # Errors
/// The first field that is not known or has another type.
pub(super) fn check(spec: &Value) -> Result<()> {
    if spec.is_null() {
        return fail("kustomization.yaml is empty");
    }
    fields(spec, "Kustomization", KUSTOMIZATION, "")?;
    for (list, go_type, known, own) in LISTS {
        for entry in spec[list].items() {
            fields(entry, &format!("{go_type}.{list}"), known, own)?;
        }
    }
    // What a kustomization is without these is nothing.
    if spec.entries().iter().all(|(field, v)| matches!(field.as_str(), "apiVersion" | "kind") || v.is_null())
    {
        return fail("kustomization.yaml is empty");
    }
    Ok(())
}

fn fields(v: &Value, of: &str, known: Fields, own: &str) -> Result<()> {
    for (field, v) in v.entries() {
        match known.iter().find(|(name, _)| field == name) {
            Some((_, wanted)) => typed(v, *wanted, &format!("{of}.{field}"))?,
            None if field == own => {}
            None => return fail(format!("invalid Kustomization: json: unknown field \"{field}\"")),
        }
    }
    Ok(())
}

fn typed(v: &Value, wanted: Type, field: &str) -> Result<()> {
    let go = match v {
        Value::Null => return Ok(()),
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Float(_) => "number",
        Value::Str(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    };
    let (type_name, is) = match wanted {
        Any => return Ok(()),
        Text => ("string", "string"),
        Flag => ("bool", "bool"),
        Number => ("int64", "number"),
        Texts => ("[]string", "array"),
        Pairs => ("map[string]string", "object"),
    };
    if go != is {
        return fail(format!(
            "invalid Kustomization: json: cannot unmarshal {go} into Go struct field {field} of type {type_name}"
        ));
    }
    v.items().iter().try_for_each(|x| typed(x, Text, field))?;
    v.entries().iter().try_for_each(|(_, x)| typed(x, Text, field))
}
