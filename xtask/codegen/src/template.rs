//! The Go structs of a pod template, from data/pod-template.tsv: `objects::template_hash`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::{Error, Output, Table};

/// How values of a Go type are written: a variant of `objects::template_hash::Form`.
fn form(go_type: &str, structs: &BTreeMap<String, usize>) -> String {
    let plain = go_type.trim_start_matches('*');
    if let Some(i) = structs.get(plain) {
        return format!("Struct({i})");
    }
    if let Some(item) = plain.strip_prefix("[]") {
        return match form(item, structs) {
            f if f.starts_with("Struct") => f.replace("Struct", "Structs"),
            f if f == "Int" => "Ints".to_owned(),
            _ => "Texts".to_owned(),
        };
    }
    match plain {
        "bool" => "Bool",
        "int32" | "int64" => "Int",
        "v1.Time" => "Time",
        "resource.Quantity" => "Quantity",
        "intstr.IntOrString" => "IntOrString",
        "v1.ResourceList" => "Quantities",
        "map[string]string" => "TextMap",
        _ => "Text",
    }
    .to_owned()
}

pub fn generate(data: &Path) -> Result<Output, Error> {
    let t = Table::read(&data.join("pod-template.tsv"))?;
    let (owner, field, json, ty) =
        (t.column("struct")?, t.column("field")?, t.column("json")?, t.column("type")?);
    let mut structs: BTreeMap<String, usize> = BTreeMap::new();
    let mut order: Vec<(String, usize)> = Vec::new();
    for (i, row) in t.rows.iter().enumerate() {
        let next = structs.len();
        structs.entry(row[owner].clone()).or_insert_with(|| {
            order.push((row[owner].clone(), i));
            next
        });
    }
    let mut types: Vec<String> = Vec::new();
    let mut fields = String::new();
    for row in &t.rows {
        let at = types.iter().position(|t| *t == row[ty]).unwrap_or_else(|| {
            types.push(row[ty].clone());
            types.len() - 1
        });
        writeln!(fields, "F({:?}, {:?}, {at}),", row[field], row[json])?;
    }
    let mut text = String::from("use super::Form::{self, *};\nuse super::FieldRow as F;\n\n");
    writeln!(text, "/// Where each struct's fields begin; the next one's beginning ends them.")?;
    let starts: Vec<String> =
        order.iter().map(|(_, i)| i.to_string()).chain([t.rows.len().to_string()]).collect();
    writeln!(text, "pub(super) static STRUCTS: [u16; {}] = [{}];\n", starts.len(), starts.join(", "))?;
    writeln!(text, "#[rustfmt::skip]\npub(super) static TYPES: [(&str, Form); {}] = [", types.len())?;
    for ty in &types {
        writeln!(text, "({ty:?}, {}),", form(ty, &structs))?;
    }
    writeln!(text, "];\n")?;
    writeln!(text, "#[rustfmt::skip]\npub(super) static FIELDS: [F; {}] = [\n{fields}];", t.rows.len())?;
    Ok(Output { path: "crates/objects/src/template_hash/table.rs", text })
}
