//! A custom object against its schema: what it leaves out, and what is wrong with it.
//!
//! Models `apiextensions-apiserver/pkg/apiserver/schema/defaulting` and `validation` (which words errors as go-openapi
//! does). Not modelled: `format`, `not`. Rules are in `rules`.

use objects::{Value, pattern};

use crate::validation::Errors;

/// Fills in the schema's defaults.
pub(crate) fn fill_defaults(value: &mut Value, schema: &Value) {
    match value {
        Value::Map(_) => {
            for (name, property) in schema["properties"].entries() {
                let default = &property["default"];
                let absent = value.find(name).is_none_or(|v| v.is_null() && !property["nullable"].is_true());
                if absent && !default.is_null() {
                    value.set(name.clone(), default);
                }
                if value.find(name).is_some_and(|v| !v.is_null()) && has_defaults(property) {
                    fill_defaults(value.map_mut().entry(name), property);
                }
            }
            let rest = &schema["additionalProperties"];
            if has_defaults(rest) {
                for (_, v) in value.map_mut().iter_mut() {
                    fill_defaults(v, rest);
                }
            }
        }
        Value::List(l) if has_defaults(&schema["items"]) && !l.is_empty() => {
            for item in l.to_mut() {
                fill_defaults(item, &schema["items"]);
            }
        }
        _ => {}
    }
}

/// Whether [`fill_defaults`] would change anything.
pub(crate) fn lacks_defaults(value: &Value, schema: &Value) -> bool {
    match value {
        Value::Map(m) => {
            let rest = &schema["additionalProperties"];
            schema["properties"].entries().iter().any(|(name, property)| {
                let found = m.get(name).filter(|v| !v.is_null() || property["nullable"].is_true());
                match found {
                    Some(v) => lacks_defaults(v, property),
                    None => !property["default"].is_null(),
                }
            }) || has_defaults(rest) && m.iter().any(|(_, v)| lacks_defaults(v, rest))
        }
        Value::List(l) => {
            let items = &schema["items"];
            has_defaults(items) && l.iter().any(|v| lacks_defaults(v, items))
        }
        _ => false,
    }
}

/// Whether anything within a schema has a default: subtrees without one are not touched.
fn has_defaults(schema: &Value) -> bool {
    let parts = [&schema["items"], &schema["additionalProperties"]];
    schema["properties"].entries().iter().any(|(_, p)| !p["default"].is_null() || has_defaults(p))
        || parts.into_iter().any(|p| p.as_map().is_some() && has_defaults(p))
}

/// What is wrong with a custom object. `path` is that of the value in error texts.
pub(crate) fn validate(value: &Value, schema: &Value, path: &str, e: &mut Errors) {
    if value.is_null() && (schema["nullable"].is_true() || path.is_empty()) {
        return;
    }
    let said = |what: String| format!("{path} in body {what}");
    if !right_type(value, schema) {
        let is = type_name(value);
        let wanted = schema["type"].text();
        e.invalid_text(is, &said(format!("must be of type {wanted}: \"{is}\"")));
        return;
    }
    let allowed = schema["enum"].items();
    if !allowed.is_empty() && !allowed.contains(value) {
        let list: Vec<&str> = allowed.iter().map(Value::text).collect();
        e.not_supported(value, &list);
    }
    match value {
        Value::Str(s) => {
            let length = s.chars().count() as i64;
            if schema["maxLength"].as_int().is_some_and(|max| length > max) {
                e.too_long(schema["maxLength"].int() as usize);
            }
            if let Some(min) = schema["minLength"].as_int().filter(|min| length < *min) {
                e.invalid(value, &said(format!("should be at least {min} chars long")));
            }
            if let Value::Str(p) = &schema["pattern"]
                && !pattern::matches(p, s)
            {
                e.invalid(value, &said(format!("should match '{p}'")));
            }
        }
        Value::Int(_) | Value::Float(_) => numbers(value, schema, &said, e),
        Value::List(items) => {
            if let Some(max) = schema["maxItems"].as_int().filter(|max| items.len() as i64 > *max) {
                e.too_many(items.len(), max);
            }
            if let Some(min) = schema["minItems"].as_int().filter(|min| (items.len() as i64) < *min) {
                e.invalid(value, &said(format!("should have at least {min} items")));
            }
            for (i, item) in items.iter().enumerate() {
                let below = format!("{path}[{i}]");
                e.index(i, |e| validate(item, &schema["items"], &below, e));
            }
        }
        Value::Map(m) => {
            for name in schema["required"].items() {
                if m.get(name.text()).is_none() {
                    e.at(name.text(), |e| e.required(""));
                }
            }
            if let Some(max) = schema["maxProperties"].as_int().filter(|max| m.len() as i64 > *max) {
                e.too_many(m.len(), max);
            }
            for (key, v) in m.iter() {
                let property = match schema["properties"].find(key) {
                    Some(p) => p,
                    None => &schema["additionalProperties"],
                };
                if property.as_map().is_some() {
                    let below = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                    e.at(key, |e| validate(v, property, &below, e));
                }
            }
        }
        _ => {}
    }
    for part in schema["allOf"].items() {
        validate(value, part, path, e);
    }
    let alternatives = schema["anyOf"].items();
    if !alternatives.is_empty() && !alternatives.iter().any(|a| is_valid(value, a)) {
        e.invalid_text("", &format!("\"{path}\" must validate at least one schema (anyOf)"));
    }
    let exclusive = schema["oneOf"].items();
    if !exclusive.is_empty() {
        let valid = exclusive.iter().filter(|a| is_valid(value, a)).count();
        if valid != 1 {
            let found = if valid == 0 {
                "Found none valid".to_owned()
            } else {
                format!("Found {valid} valid alternatives")
            };
            e.invalid_text("", &format!("\"{path}\" must validate one and only one schema (oneOf). {found}"));
        }
    }
}

fn is_valid(value: &Value, schema: &Value) -> bool {
    let mut errs = Errors::new(false);
    validate(value, schema, "x", &mut errs);
    errs.len() == 0
}

fn numbers(value: &Value, schema: &Value, said: &dyn Fn(String) -> String, e: &mut Errors) {
    let n = value.as_float().unwrap_or(0.0);
    let text = |v: &Value| objects::json::to_string(v);
    if let Some(max) = schema["maximum"].as_float() {
        let exclusive = schema["exclusiveMaximum"].is_true();
        if n > max || exclusive && n == max {
            let than = if exclusive { "less than" } else { "less than or equal to" };
            e.invalid(value, &said(format!("should be {than} {}", text(&schema["maximum"]))));
        }
    }
    if let Some(min) = schema["minimum"].as_float() {
        let exclusive = schema["exclusiveMinimum"].is_true();
        if n < min || exclusive && n == min {
            let than = if exclusive { "greater than" } else { "greater than or equal to" };
            e.invalid(value, &said(format!("should be {than} {}", text(&schema["minimum"]))));
        }
    }
    if let Some(step) = schema["multipleOf"].as_float().filter(|s| *s > 0.0)
        && (n / step).fract() != 0.0
    {
        e.invalid(value, &said(format!("should be a multiple of {}", text(&schema["multipleOf"]))));
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) => "integer",
        Value::Float(_) => "number",
        Value::Str(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    }
}

fn right_type(value: &Value, schema: &Value) -> bool {
    if schema["x-kubernetes-int-or-string"].is_true() {
        return matches!(value, Value::Int(_) | Value::Str(_));
    }
    match schema["type"].text() {
        "" => true,
        "number" => matches!(value, Value::Int(_) | Value::Float(_)),
        "integer" => value.as_int().is_some(),
        wanted => type_name(value) == wanted,
    }
}
