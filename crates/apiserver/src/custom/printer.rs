//! Custom resources as tables: the columns their definition names.
//!
//! Models `apiextensions-apiserver/pkg/registry/customresource/tableconvertor`.

use clock::Time;
use objects::jsonpath::JsonPath;
use objects::{Value, value};

use super::Custom;
use crate::tables;

/// The column definitions.
pub(crate) fn columns(custom: &Custom) -> Value {
    let column = |name: &str, kind: &str, format: &str, priority: i64| value!({"name": (name), "type": (kind), "format": (format), "description": "", "priority": (priority)});
    let mut all = vec![column("Name", "string", "name", 0)];
    let own = custom.columns.items();
    all.extend(
        own.iter()
            .map(|c| column(c["name"].text(), c["type"].text(), c["format"].text(), c["priority"].int())),
    );
    if own.is_empty() {
        all.push(column("Age", "date", "", 0));
    }
    all.into()
}

/// The cells of one object.
pub(crate) fn cells(custom: &Custom, object: &Value, now: Time) -> Vec<Value> {
    let mut all = vec![object.meta()["name"].clone()];
    let own = custom.columns.items();
    all.extend(own.iter().map(|c| cell(c, object, now)));
    if own.is_empty() {
        all.push(tables::age(object, now));
    }
    all
}

fn cell(column: &Value, object: &Value, now: Time) -> Value {
    let template = format!("{{{}}}", column["jsonPath"].text());
    let found = JsonPath::parse(&template).and_then(|p| p.find(object, true)).unwrap_or_default();
    let Some(first) = found.first().and_then(|results| results.first()) else { return Value::Null };
    match (column["type"].text(), first) {
        (_, Value::Null) => Value::Null,
        ("date", v) if v.time().is_some() => tables::since(v, now),
        ("date", _) => "<invalid>".into(),
        ("integer", v) => v.as_int().map_or(Value::Null, Value::from),
        ("number", v) => v.as_float().map_or(Value::Null, |_| v.clone()),
        ("boolean", v) => v.as_bool().map_or(Value::Null, Value::from),
        (_, Value::Str(s)) => s.into(),
        (_, _) => {
            let texts: Vec<String> =
                found.first().into_iter().flatten().map(objects::jsonpath::text).collect();
            texts.join(",").into()
        }
    }
}
