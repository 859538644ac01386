//! Server-side tables: what `kubectl get` shows of each kind.
//!
//! Models `pkg/printers/internalversion` and `k8s.io/apimachinery/pkg/api/meta/table`, one printer per kind.

use client::TableOf;
use clock::{Time, duration_short};
use objects::resources::Resource;
use objects::{Str, Value, value};

/// One column: name, type, format, priority (above 0: only with `-o wide`).
pub(crate) struct Column(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) i64,
);

/// How one kind is shown: its columns, and the cells of an object in their order.
pub(crate) struct Printer {
    pub(crate) columns: &'static [Column],
    pub(crate) cells: fn(&Value, Time) -> Vec<Value>,
}

static BY_NAME: Printer = Printer {
    columns: &[Column("Name", "string", "name", 0), Column("Age", "string", "", 0)],
    cells: |o, now| vec![o.meta()["name"].clone(), age(o, now)],
};

fn printer(_resource: &Resource) -> &'static Printer {
    &BY_NAME
}

/// A list as a table.
pub(crate) fn of_list(resource: &Resource, items: &[Value], of: TableOf, now: Time, meta: Value) -> Value {
    let printer = printer(resource);
    let columns: Value = printer
        .columns
        .iter()
        .map(
            |c| value!({"name": (c.0), "type": (c.1), "format": (c.2), "description": "", "priority": (c.3)}),
        )
        .collect();
    let rows: Value = items
        .iter()
        .map(|o| {
            let cells: Value = (printer.cells)(o, now).into_iter().collect();
            let object = match of {
                TableOf::Nothing | TableOf::No => Value::Null,
                TableOf::Object => o.clone(),
                TableOf::Metadata => value!({
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": (o.meta().clone())
                }),
            };
            value!({"cells": (cells), "object": (object)})
        })
        .collect();
    value!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": (meta),
        "columnDefinitions": (columns), "rows": (rows)
    })
}

/// One object as a table of one row.
pub(crate) fn of_one(resource: &Resource, object: &Value, of: TableOf, now: Time) -> Value {
    let meta = value!({"resourceVersion": (object.meta()["resourceVersion"].clone())});
    of_list(resource, std::slice::from_ref(object), of, now, meta)
}

/// How long ago the object was created.
pub(crate) fn age(object: &Value, now: Time) -> Value {
    since(&object.meta()["creationTimestamp"], now)
}

/// How long ago an instant was, `<unknown>` when there is none.
pub(crate) fn since(instant: &Value, now: Time) -> Value {
    match instant.time() {
        Some(t) => duration_short(now.since(t)).into(),
        None => Str::new_static("<unknown>").into(),
    }
}
