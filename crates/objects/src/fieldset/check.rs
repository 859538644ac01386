//! Whether a configuration fits its schema, in the words of server-side apply.

use super::{element_step, shown};
use crate::go_text::{plain, syntax, type_name};
use crate::schema::{Kind, ListType, Schema, Shape};
use crate::{Str, Value};

/// Everything wrong with a configuration, as one text; `None` when it fits.
#[must_use]
pub fn check(object: &Value, schema: Schema<'_>) -> Option<String> {
    let mut errors = Vec::new();
    walk(object, schema, "", &mut errors);
    match errors.len() {
        0 => None,
        1 => errors.pop(),
        _ => Some(errors.iter().fold("errors:".to_owned(), |all, e| format!("{all}\n  {e}"))),
    }
}

fn walk(value: &Value, schema: Schema<'_>, at: &str, errors: &mut Vec<String>) {
    let say = |errors: &mut Vec<String>, why: String| {
        errors.push(if at.is_empty() { why } else { format!("{at}: {why}") });
    };
    if value.is_null() {
        return;
    }
    match schema.kind() {
        Kind::Any => {}
        Kind::Scalar => {
            if let Some(why) = wrong_scalar(value, schema) {
                say(errors, why);
            }
        }
        Kind::Struct | Kind::Map => {
            if value.as_map().is_none() {
                return say(errors, format!("expected map, got {}", described(value)));
            }
            for (k, v) in value.entries() {
                let here = format!("{at}.{k}");
                match schema.field(k) {
                    Some(s) => walk(v, s, &here, errors),
                    None => {
                        errors.push(format!("{here}: field not declared in schema"));
                        return;
                    }
                }
            }
        }
        Kind::List => {
            if value.as_list().is_none() {
                return say(errors, format!("expected list, got {}", described(value)));
            }
            let items = schema.items().unwrap_or(Schema::Unknown);
            let mut seen: Vec<Str> = Vec::new();
            for (i, e) in value.items().iter().enumerate() {
                let step = if schema.list_type() == ListType::Atomic {
                    format!("[{i}]")
                } else {
                    match element_step(schema, e) {
                        Err(why) => return say(errors, format!("element {i}: {why}")),
                        Ok(step) => {
                            let text = shown(&step);
                            if seen.contains(&step) {
                                say(errors, format!("duplicate entries for key {text}"));
                            }
                            seen.push(step);
                            text
                        }
                    }
                };
                walk(e, items, &format!("{at}{step}"), errors);
            }
        }
    }
}

/// A value as Go's `%v` of it reads.
fn described(value: &Value) -> String {
    format!("&{{{}}}", plain(value))
}

fn wrong_scalar(value: &Value, schema: Schema<'_>) -> Option<String> {
    let wanted = match schema {
        Schema::Static(shape, _) => match shape {
            Shape::Bool => "boolean",
            Shape::Int32 | Shape::Int64 | Shape::Float => "numeric",
            Shape::Str | Shape::Bytes => "string",
            _ => "",
        },
        Schema::Dynamic(v) if v["x-kubernetes-int-or-string"].is_true() => "",
        Schema::Dynamic(v) => match v["type"].text() {
            "boolean" => "boolean",
            "integer" | "number" => "numeric",
            "string" => "string",
            _ => "",
        },
        _ => "",
    };
    let is_scalar = !matches!(value, Value::List(_) | Value::Map(_));
    match (wanted, value) {
        ("boolean", Value::Bool(_))
        | ("numeric", Value::Int(_) | Value::Float(_))
        | ("string", Value::Str(_)) => None,
        ("boolean", v) => Some(format!("expected boolean, got {}", described(v))),
        ("numeric", v) => Some(format!("expected numeric (int or float), got {}", type_name(v))),
        ("string", v) => Some(format!("expected string, got {}", reflected(v))),
        _ if is_scalar => None,
        (_, v) => Some(format!("expected any scalar, got {}", described(v))),
    }
}

/// `&value.valueUnstructured{Value:5}`
fn reflected(value: &Value) -> String {
    format!("&value.valueUnstructured{{Value:{}}}", syntax(value))
}
