//! The descriptions of types and fields, from the k8s-openapi crate: assets/explain/en.json.
//!
//! An asset and not a table: `kubectl explain` alone needs them, and they outweigh everything else in `objects`.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::schema::Enums;
use crate::{Error, Output};

/// Without these the text would be there once for every kind.
const SAME_IN_EVERY_KIND: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// One type a line: `"io.k8s.api.core.v1.Pod": {"": "Pod is ...", "spec": "..."}`.
pub fn generate(definitions: &Map<String, Value>, types: &[String], enums: &Enums) -> Result<Output, Error> {
    let text_of = |v: &Value| v.get("description").and_then(Value::as_str).map(str::to_owned);
    let mut lines = Vec::new();
    let mut common: Map<String, Value> = Map::new();
    for name in types {
        let Some(definition) = definitions.get(name) else { continue };
        let mut entry = Map::new();
        if let Some(text) = text_of(definition) {
            entry.insert(String::new(), text.into());
        }
        for (field, schema) in definition.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let Some(mut text) = text_of(schema) else { continue };
            if let Some(e) = enums.get(&(name.clone(), field.clone())) {
                text.push_str(&e.text);
            }
            if SAME_IN_EVERY_KIND.contains(&field.as_str()) {
                let usual = common.entry(field.clone()).or_insert_with(|| text.clone().into());
                if *usual == text {
                    continue;
                }
            }
            entry.insert(field.clone(), text.into());
        }
        lines.push(format!("{}: {}", Value::from(name.as_str()), Value::Object(entry)));
    }
    let mut text = String::from("{\n");
    write!(text, "\"\": {}", Value::Object(common))?;
    for line in lines {
        write!(text, ",\n{line}")?;
    }
    text.push_str("\n}\n");
    Ok(Output { path: "assets/explain/en.json", text })
}
