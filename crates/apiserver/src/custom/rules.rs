//! Rules of custom kinds: `x-kubernetes-validations`, held against an object and what it was before.
//!
//! Models `apiextensions-apiserver/pkg/apiserver/schema/cel`. Not modelled: the estimated cost of a rule.

use cel::{Program, Val};
use objects::Value;

use crate::validation::Errors;

/// Whether anything within a schema has rules.
pub(crate) fn has_rules(schema: &Value) -> bool {
    !schema["x-kubernetes-validations"].items().is_empty()
        || schema["properties"].entries().iter().any(|(_, p)| has_rules(p))
        || [&schema["items"], &schema["additionalProperties"]]
            .into_iter()
            .any(|p| p.as_map().is_some() && has_rules(p))
}

/// Whether every rule of a definition's schema can be read, and names nothing but `self` and `oldSelf`.
pub(crate) fn compile(schema: &Value, e: &mut Errors) {
    if !has_rules(schema) {
        return;
    }
    for (i, rule) in schema["x-kubernetes-validations"].items().iter().enumerate() {
        let text = rule["rule"].text();
        let wrong = match Program::parse(text) {
            Err(why) => Some(why),
            Ok(p) => p.free_variables().iter().find(|v| !is_known(v)).map(|v| {
                format!(
                    "ERROR: <input>:1:{}: undeclared reference to '{v}' (in container '')\n | {text}\n | {}^",
                    column(text, v),
                    ".".repeat(column(text, v) - 1)
                )
            }),
        };
        if let Some(why) = wrong {
            e.at("x-kubernetes-validations", |e| {
                e.index(i, |e| {
                    e.at("rule", |e| e.invalid_text(text, &format!("compilation failed: {why}")));
                });
            });
        }
    }
    for (name, property) in schema["properties"].entries() {
        e.at("properties", |e| e.key(name, |e| compile(property, e)));
    }
    for below in ["items", "additionalProperties"] {
        if schema[below].as_map().is_some() {
            e.at(below, |e| compile(&schema[below], e));
        }
    }
}

fn is_known(name: &str) -> bool {
    matches!(name, "self" | "oldSelf") || cel::GLOBALS.contains(&name)
}

fn column(text: &str, name: &str) -> usize {
    text.find(name).map_or(1, |at| text[..at].chars().count() + 1)
}

/// Holds the rules against `value`; `old` is what stood at the same place, where places can be told.
pub(crate) fn check(value: &Value, old: Option<&Value>, schema: &Value, e: &mut Errors) {
    if value.is_null() || !has_rules(schema) {
        return;
    }
    for rule in schema["x-kubernetes-validations"].items() {
        one(rule, value, old, schema, e);
    }
    match value {
        Value::Map(m) => {
            for (key, v) in m.iter() {
                let property = match schema["properties"].find(key) {
                    Some(p) => p,
                    None => &schema["additionalProperties"],
                };
                if property.as_map().is_some() {
                    let was = old.and_then(|o| o.find(key));
                    e.at(key, |e| check(v, was, property, e));
                }
            }
        }
        Value::List(items) => {
            let keys: Vec<&str> =
                schema["x-kubernetes-list-map-keys"].items().iter().map(Value::text).collect();
            let by_key = schema["x-kubernetes-list-type"] == "map" && !keys.is_empty();
            for (i, item) in items.iter().enumerate() {
                // Only elements with names of their own can be told to be the same as before.
                let was = old
                    .filter(|_| by_key)
                    .and_then(|o| o.items().iter().find(|w| keys.iter().all(|k| w[*k] == item[*k])));
                e.index(i, |e| check(item, was, &schema["items"], e));
            }
        }
        _ => {}
    }
}

fn one(rule: &Value, value: &Value, old: Option<&Value>, schema: &Value, e: &mut Errors) {
    let text = rule["rule"].text();
    let shown = match schema["type"].text() {
        "" => "object",
        t => t,
    };
    let program = match Program::parse(text) {
        Ok(p) => p,
        Err(why) => return e.invalid_text(shown, &format!("rule compile error: {why}")),
    };
    let transition = program.free_variables().iter().any(|v| v == "oldSelf");
    let optional_old = rule["optionalOldSelf"].is_true();
    if transition && old.is_none() && !optional_old {
        return;
    }
    let was = match (optional_old, old) {
        (true, o) => Val::Optional(o.map(|o| Box::new(cel::tree(o)))),
        (false, Some(o)) => cel::tree(o),
        (false, None) => Val::Null,
    };
    let variables = [("self", cel::tree(value)), ("oldSelf", was)];
    let message = || {
        let own = rule["messageExpression"].text();
        if !own.is_empty()
            && let Ok(Val::Text(t)) = Program::parse(own).and_then(|p| p.eval(&variables))
            && !t.trim().is_empty()
            && !t.contains('\n')
        {
            return t.to_string();
        }
        match rule["message"].text() {
            "" => format!("failed rule: {}", text.trim()),
            m => m.trim().to_owned(),
        }
    };
    match program.holds(&variables) {
        Ok(true) => {}
        Ok(false) => {
            let message = message();
            let path: Vec<&str> = rule["fieldPath"].text().split('.').filter(|p| !p.is_empty()).collect();
            refuse(rule["reason"].text(), shown, &message, &path, e);
        }
        Err(why) => e.invalid_text(shown, &format!("rule evaluation error: {why}: {}", text.trim())),
    }
}

fn refuse(reason: &str, shown: &str, message: &str, path: &[&str], e: &mut Errors) {
    if let Some((first, rest)) = path.split_first() {
        e.at(first, |e| refuse(reason, shown, message, rest, e));
        return;
    }
    match reason {
        "FieldValueForbidden" => e.forbidden(message),
        "FieldValueRequired" => e.required(message),
        "FieldValueDuplicate" => e.duplicate(&Value::from(shown)),
        _ => e.invalid_text(shown, message),
    }
}
