//! The schema table: every type reachable from a resource, from the k8s-openapi crate and data/go-fields.tsv.
//!
//! The crate says which fields exist and which are required; the Go facts add what no OpenAPI document carries: pointers,
//! `omitempty`, embedded structs and the types' Go names, which error texts quote. The two must agree.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::path::Path;

use serde_json::{Map, Value};

use crate::{Error, Output, Table, explain, roots};

/// One row of data/go-fields.tsv.
struct GoField {
    name: String,
    go_type: String,
    shape: String,
    omit: String,
    embedded: String,
}

/// One row of data/go-enums.tsv.
pub struct Enum {
    pub values: String,
    /// What the description of the field ends with.
    pub text: String,
}

/// By type and field.
pub type Enums = BTreeMap<(String, String), Enum>;

fn enums(data: &Path) -> Result<Enums, Error> {
    let t = Table::read(&data.join("go-enums.tsv"))?;
    let (ty, field) = (t.column("type")?, t.column("field")?);
    let (values, text) = (t.column("values")?, t.column("text")?);
    let rows = t.rows.into_iter().map(|row| {
        let text = row[text].replace("\\n", "\n");
        let e = Enum { values: row[values].clone(), text };
        ((row[ty].clone(), row[field].clone()), e)
    });
    Ok(rows.collect())
}

/// One row of data/list-merge.tsv.
#[derive(Default, Clone)]
struct Merge {
    strategy: String,
    key: String,
    list_type: String,
    list_keys: String,
    map_type: String,
}

/// The packages that hold types: prefix of the full name, API group, version, Go package.
const PACKAGES: &[(&str, &str, &str)] = &[
    ("io.k8s.api.admissionregistration.v1.", "admissionregistration.k8s.io", "v1"),
    ("io.k8s.api.apps.v1.", "apps", "v1"),
    ("io.k8s.api.authentication.v1.", "authentication.k8s.io", "v1"),
    ("io.k8s.api.authorization.v1.", "authorization.k8s.io", "v1"),
    ("io.k8s.api.autoscaling.v1.", "autoscaling", "v1"),
    ("io.k8s.api.autoscaling.v2.", "autoscaling", "v2"),
    ("io.k8s.api.batch.v1.", "batch", "v1"),
    ("io.k8s.api.certificates.v1.", "certificates.k8s.io", "v1"),
    ("io.k8s.api.coordination.v1.", "coordination.k8s.io", "v1"),
    ("io.k8s.api.core.v1.", "", "v1"),
    ("io.k8s.api.discovery.v1.", "discovery.k8s.io", "v1"),
    ("io.k8s.api.events.v1.", "events.k8s.io", "v1"),
    ("io.k8s.api.flowcontrol.v1.", "flowcontrol.apiserver.k8s.io", "v1"),
    ("io.k8s.api.networking.v1.", "networking.k8s.io", "v1"),
    ("io.k8s.api.node.v1.", "node.k8s.io", "v1"),
    ("io.k8s.api.policy.v1.", "policy", "v1"),
    ("io.k8s.api.rbac.v1.", "rbac.authorization.k8s.io", "v1"),
    ("io.k8s.api.resource.v1.", "resource.k8s.io", "v1"),
    ("io.k8s.api.scheduling.v1.", "scheduling.k8s.io", "v1"),
    ("io.k8s.api.storage.v1.", "storage.k8s.io", "v1"),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.", "apiextensions.k8s.io", "v1"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.", "meta.k8s.io", "v1"),
    ("io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.", "apiregistration.k8s.io", "v1"),
];

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// Types that are served though no resource's schema mentions them.
const EXTRA: &[&str] = &[
    "io.k8s.api.authentication.v1.TokenRequest",
    "io.k8s.api.autoscaling.v1.Scale",
    "io.k8s.api.core.v1.NodeProxyOptions",
    "io.k8s.api.core.v1.PodAttachOptions",
    "io.k8s.api.core.v1.PodExecOptions",
    "io.k8s.api.core.v1.PodLogOptions",
    "io.k8s.api.core.v1.PodPortForwardOptions",
    "io.k8s.api.core.v1.PodProxyOptions",
    "io.k8s.api.core.v1.SerializedReference",
    "io.k8s.api.core.v1.ServiceProxyOptions",
    "io.k8s.api.policy.v1.Eviction",
    "io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList",
    "io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList",
    "io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.CreateOptions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.GetOptions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.ListOptions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata",
    "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadataList",
    "io.k8s.apimachinery.pkg.apis.meta.v1.PatchOptions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Table",
    "io.k8s.apimachinery.pkg.apis.meta.v1.UpdateOptions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent",
];

/// Numbers for things as they are first met.
#[derive(Default)]
struct Interner {
    list: Vec<String>,
    place: BTreeMap<String, usize>,
}

impl Interner {
    fn add(&mut self, item: &str) -> usize {
        if let Some(i) = self.place.get(item) {
            return *i;
        }
        self.list.push(item.to_owned());
        self.place.insert(item.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }
}

fn package(full: &str) -> Result<usize, Error> {
    let found =
        PACKAGES.iter().position(|(p, ..)| full.strip_prefix(p).is_some_and(|rest| !rest.contains('.')));
    found.ok_or_else(|| format!("{full}: its package is not listed").into())
}

/// The types a shape names.
fn referred(shape: &str) -> Option<&str> {
    let at = shape.find("io.k8s.")?;
    Some(&shape[at..])
}

fn go_fields(data: &Path) -> Result<BTreeMap<String, Vec<GoField>>, Error> {
    let t = Table::read(&data.join("go-fields.tsv"))?;
    let (ty, name, go_type) = (t.column("type")?, t.column("field")?, t.column("go_type")?);
    let (shape, omit, embedded) = (t.column("shape")?, t.column("omit")?, t.column("embedded")?);
    let mut types: BTreeMap<String, Vec<GoField>> = BTreeMap::new();
    for row in t.rows {
        types.entry(row[ty].clone()).or_default().push(GoField {
            name: row[name].clone(),
            go_type: row[go_type].clone(),
            shape: row[shape].clone(),
            omit: row[omit].clone(),
            embedded: row[embedded].clone(),
        });
    }
    Ok(types)
}

fn merges(data: &Path) -> Result<BTreeMap<(String, String), Merge>, Error> {
    let t = Table::read(&data.join("list-merge.tsv"))?;
    let (ty, field, strategy) = (t.column("type")?, t.column("field")?, t.column("patch_strategy")?);
    let (key, list_type) = (t.column("patch_merge_key")?, t.column("list_type")?);
    let (list_keys, map_type) = (t.column("list_map_keys")?, t.column("map_type")?);
    let mut out = BTreeMap::new();
    for row in t.rows {
        let merge = Merge {
            strategy: row[strategy].clone(),
            key: row[key].clone(),
            list_type: row[list_type].clone(),
            list_keys: row[list_keys].clone(),
            map_type: row[map_type].clone(),
        };
        out.insert((row[ty].clone(), row[field].clone()), merge);
    }
    Ok(out)
}

/// The text of the Go type that decoding errors quote: pointers are followed before a value is looked at.
fn quoted_go_type(go_type: &str) -> &str {
    go_type.trim_start_matches('*')
}

/// What the schema crate would call the leaf of a shape; the check that both sources agree on scalars.
fn agrees(shape: &str, schema: &Value) -> bool {
    let shape = shape.trim_start_matches('*');
    let ty = schema.get("type").and_then(Value::as_str).unwrap_or("");
    let reference = schema
        .get("$ref")
        .or_else(|| schema.pointer("/allOf/0/$ref"))
        .and_then(Value::as_str)
        .unwrap_or("")
        .rsplit('/')
        .next()
        .unwrap_or("");
    let reference = reference.rsplit('.').next().unwrap_or("");
    match shape {
        "string" | "bytes" => ty == "string",
        "bool" => ty == "boolean",
        "int32" | "int64" => ty == "integer",
        "float64" => ty == "number",
        "Duration" => ty == "string" || reference == "Duration",
        "Any" => matches!(reference, "RawExtension" | "JSON" | "FieldsV1") || ty.is_empty() || ty == "object",
        "Time" | "MicroTime" | "Quantity" | "IntOrString" => reference == shape,
        _ if shape.starts_with("[]") => {
            ty == "array" && schema.get("items").is_some_and(|i| agrees(&shape[2..], i))
        }
        _ if shape.starts_with("map:") => {
            ty == "object" && schema.get("additionalProperties").is_some_and(|i| agrees(&shape[4..], i))
        }
        _ if shape.starts_with("io.k8s.") => shape.rsplit('.').next() == Some(reference),
        _ => true,
    }
}

struct Build {
    shapes: Interner,
    types: Vec<String>,
}

impl Build {
    /// The number of a shape, its parts numbered before it.
    fn shape(&mut self, shape: &str) -> Result<usize, Error> {
        let shape = shape.trim_start_matches('*');
        let text = if let Some(item) = shape.strip_prefix("[]") {
            format!("List({})", self.shape(item)?)
        } else if let Some(item) = shape.strip_prefix("map:") {
            format!("Map({})", self.shape(item)?)
        } else if shape.starts_with("io.k8s.") {
            let at = self.types.iter().position(|t| t == shape);
            format!("Struct({})", at.ok_or_else(|| format!("{shape} is not reachable"))?)
        } else {
            match shape {
                "string" | "Duration" => "Str",
                "bytes" => "Bytes",
                "bool" => "Bool",
                "int32" => "Int32",
                "int64" => "Int64",
                "float64" => "Float",
                "Time" | "MicroTime" | "Quantity" | "IntOrString" | "Any" => shape,
                "SchemaOrBool" | "SchemaOrArray" | "SchemaOrStrings" => shape,
                _ => return Err(format!("unknown shape {shape}").into()),
            }
            .to_owned()
        };
        Ok(self.shapes.add(&text))
    }
}

pub fn generate(data: &Path) -> Result<[Output; 2], Error> {
    let go = go_fields(data)?;
    let merges = merges(data)?;
    let enums = enums(data)?;
    let openapi: Map<String, Value> = roots::definitions();
    let resources = Table::read(&data.join("resources.tsv"))?;

    // Everything reachable.
    let mut queue: VecDeque<String> = EXTRA.iter().map(|s| (*s).to_owned()).collect();
    let (group, version, kind) =
        (resources.column("group")?, resources.column("version")?, resources.column("kind")?);
    for row in &resources.rows {
        let found = PACKAGES.iter().find(|(_, g, v)| *g == row[group] && *v == row[version]);
        let prefix = found.ok_or_else(|| format!("{}/{}: no package", row[group], row[version]))?.0;
        queue.push_back(format!("{prefix}{}", row[kind]));
        let list = format!("{prefix}{}List", row[kind]);
        if go.contains_key(&list) {
            queue.push_back(list);
        }
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(name) = queue.pop_front() {
        if !seen.insert(name.clone()) {
            continue;
        }
        for field in go.get(&name).into_iter().flatten() {
            if let Some(next) = referred(&field.shape) {
                queue.push_back(next.to_owned());
            }
            if field.shape.contains("Schema") {
                queue.push_back(
                    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps".to_owned(),
                );
            }
        }
    }
    let mut types: Vec<String> = seen.into_iter().collect();
    types.sort_by_key(|t| (package(t).unwrap_or(usize::MAX), t.clone()));

    let mut names: BTreeSet<String> = BTreeSet::new();
    for ty in &types {
        names.extend(go.get(ty).into_iter().flatten().map(|f| f.name.clone()));
    }
    let names: Vec<String> = names.into_iter().collect();
    let name_at = |n: &str| names.binary_search_by(|x| x.as_str().cmp(n)).map_err(|_| format!("no name {n}"));

    let mut build = Build { shapes: Interner::default(), types: types.clone() };
    let (mut merge_rows, mut go_names, mut embedded) =
        (Interner::default(), Interner::default(), Interner::default());
    merge_rows.add("(\"\", &[])");
    go_names.add("");
    embedded.add("");
    let (mut type_rows, mut field_rows) = (String::new(), String::new());
    let mut ranks: Vec<String> = Vec::new();
    let mut fields_so_far = 0;
    let (mut enum_rows, mut enums_of) = (Interner::default(), String::new());
    let mut enum_count = 0;
    let (mut atomic_types, mut atomic_count) = (String::new(), 0);
    let corrections = Table::read(&data.join("required.tsv"))?;
    let defaults = Table::read(&data.join("defaults.tsv"))?;
    let (mut default_rows, mut default_count) = (String::new(), 0);
    let mut used_merges = BTreeSet::new();
    for ty in &types {
        let package = package(ty)?;
        let short = &ty[PACKAGES[package].0.len()..];
        writeln!(type_rows, "T({:?}, {fields_so_far}),", short)?;
        let whole = (ty.clone(), String::new());
        if merges.get(&whole).is_some_and(|m| m.map_type == "atomic") {
            write!(atomic_types, "{}, ", types.iter().position(|t| t == ty).unwrap_or_default())?;
            atomic_count += 1;
        }
        used_merges.insert(whole);
        let mut fields: Vec<&GoField> = go.get(ty).into_iter().flatten().collect();
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        // Lists are generic in the crate; options travel as query parameters and have no schema.
        let schema = openapi.get(ty);
        let properties = schema.and_then(|s| s.get("properties")).and_then(Value::as_object);
        if let Some(properties) = properties {
            let have: BTreeSet<&str> = fields.iter().map(|f| f.name.as_str()).collect();
            let want: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
            if have != want {
                let odd: Vec<_> = have.symmetric_difference(&want).collect();
                return Err(format!("{ty}: the sources differ on {odd:?}").into());
            }
        }
        let mut required: BTreeSet<&str> = schema
            .and_then(|s| s.get("required"))
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        // The crate requires every kind's metadata and a name in every reference, which upstream does not.
        required.remove("metadata");
        if schema.is_none() {
            // The crate's lists are generic.
            required
                .extend(fields.iter().filter(|f| f.name == "items" && f.omit.is_empty()).map(|_| "items"));
        }
        for row in corrections.rows.iter().filter(|r| r[0] == *ty) {
            match row[2].as_str() {
                "yes" => required.insert(&row[1]),
                _ => required.remove(row[1].as_str()),
            };
        }
        for field in fields {
            if let Some(p) = properties.and_then(|p| p.get(&field.name))
                && !agrees(&field.shape, p)
            {
                return Err(format!("{ty}.{}: {} but {p}", field.name, field.shape).into());
            }
            let key = (ty.clone(), field.name.clone());
            let merge = merges.get(&key).cloned().unwrap_or_default();
            if merges.contains_key(&key) {
                used_merges.insert(key);
            }
            let list_keys: Vec<String> =
                merge.list_keys.split(',').filter(|s| !s.is_empty()).map(|s| format!("{s:?}")).collect();
            let merge_row = merge_rows.add(&format!("({:?}, &[{}])", merge.key, list_keys.join(", ")));
            let mut flags = 0;
            flags |= usize::from(required.contains(field.name.as_str()));
            flags |= usize::from(field.shape.starts_with('*')) << 1;
            flags |= usize::from(field.omit == "empty") << 2;
            flags |= usize::from(field.omit == "zero") << 3;
            flags |= usize::from(merge.strategy.split(',').any(|s| s == "merge")) << 4;
            flags |= usize::from(merge.strategy.split(',').any(|s| s == "retainKeys")) << 5;
            flags |= match merge.list_type.as_str() {
                "" => 0,
                "atomic" => 1,
                "set" => 2,
                "map" => 3,
                other => return Err(format!("{ty}.{}: list type {other}", field.name).into()),
            } << 6;
            flags |= usize::from(merge.map_type == "atomic") << 8;
            flags |= usize::from(merge.map_type == "granular") << 10;
            flags |= usize::from(field.shape.ends_with("Duration")) << 9;
            flags |= usize::from(merge.strategy == "replace") << 11;
            // Kept only where it does not follow from the shape.
            let go_type = quoted_go_type(&field.go_type);
            let own = if derived_go_type(&field.shape) == go_type { "" } else { go_type };
            writeln!(
                field_rows,
                "F({}, {}, {flags}, {}, {}, {}),",
                name_at(&field.name)?,
                build.shape(&field.shape)?,
                go_names.add(own),
                merge_row,
                embedded.add(&field.embedded),
            )?;
            let rank = go.get(ty).and_then(|all| all.iter().position(|g| g.name == field.name));
            ranks.push(rank.unwrap_or_default().to_string());
            if let Some(e) = enums.get(&(ty.clone(), field.name.clone())) {
                let values: Vec<String> = e.values.split(',').map(|v| format!("{v:?}")).collect();
                let row = enum_rows.add(&format!("&[{}]", values.join(", ")));
                write!(enums_of, "({fields_so_far}, {row}), ")?;
                enum_count += 1;
            }
            if let Some(row) = defaults.rows.iter().find(|r| r[0] == *ty && r[1] == field.name) {
                write!(default_rows, "({fields_so_far}, {}), ", default(&row[2])?)?;
                default_count += 1;
            }
            fields_so_far += 1;
        }
    }
    for key in merges.keys() {
        if !used_merges.contains(key) {
            return Err(format!("list-merge.tsv: {}.{} is not in the schema", key.0, key.1).into());
        }
    }

    let mut text =
        String::from("use super::{Default, Shape, Shape::*, FieldRow as F, Package as P, TypeRow as T};\n\n");
    // Names in one string, found by offset: half the size of a table of slices.
    let mut offsets = vec![0];
    let mut all = String::new();
    for name in &names {
        all.push_str(name);
        offsets.push(all.len());
    }
    let joined = offsets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    writeln!(text, "pub(super) static NAMES: &str = \"{all}\";\n")?;
    writeln!(
        text,
        "#[rustfmt::skip]\npub(super) static NAME_ENDS: [u16; {}] = [{joined}];\n",
        offsets.len()
    )?;
    writeln!(text, "/// Sorted by group and version within their kind of package.")?;
    writeln!(text, "pub(super) static PACKAGES: [P; {}] = [", PACKAGES.len() + 1)?;
    for (i, (prefix, group, version)) in PACKAGES.iter().enumerate() {
        let first = types.iter().position(|t| package(t).is_ok_and(|p| p >= i)).unwrap_or(types.len());
        writeln!(text, "P({prefix:?}, {group:?}, {version:?}, {first}),")?;
    }
    writeln!(text, "P(\"\", \"-\", \"\", {}),\n];\n", types.len())?;
    let meta_type = |n: &str| {
        let full = format!("{META}{n}");
        types.iter().position(|t| *t == full).ok_or_else(|| format!("no {full}"))
    };
    writeln!(text, "pub(super) const META_PACKAGE: usize = {};", package(&format!("{META}Status"))?)?;
    writeln!(text, "pub(super) const OBJECT_META: u16 = {};", meta_type("ObjectMeta")?)?;
    writeln!(text, "pub(super) const LIST_META: u16 = {};", meta_type("ListMeta")?)?;
    let props = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
    let props = types.iter().position(|t| t == props).ok_or("no JSONSchemaProps")?;
    writeln!(text, "pub(super) const JSON_SCHEMA_PROPS: u16 = {props};\n")?;
    writeln!(
        text,
        "pub(super) static TYPES: [T; {}] = [\n{type_rows}T(\"\", {fields_so_far}),\n];\n",
        types.len() + 1
    )?;
    writeln!(
        text,
        "pub(super) static SHAPES: [Shape; {}] = [{}];\n",
        build.shapes.list.len(),
        build.shapes.list.join(", ")
    )?;
    writeln!(
        text,
        "pub(super) static MERGES: [(&str, &[&str]); {}] = [{}];\n",
        merge_rows.list.len(),
        merge_rows.list.join(", ")
    )?;
    writeln!(
        text,
        "pub(super) static ENUMS: [&[&str]; {}] = [{}];\n",
        enum_rows.list.len(),
        enum_rows.list.join(", ")
    )?;
    writeln!(text, "/// Field and enum, by number, sorted by field.")?;
    writeln!(
        text,
        "#[rustfmt::skip]\npub(super) static ENUMS_OF: [(u16, u8); {enum_count}] = [\n{}];\n",
        enums_of.trim_end()
    )?;
    if default_count != defaults.rows.len() {
        return Err("defaults.tsv names what is not in the schema".into());
    }
    writeln!(text, "/// Field, by number, and what stands there when nothing is given.")?;
    writeln!(
        text,
        "#[rustfmt::skip]\npub(super) static DEFAULTS: [(u16, Default); {default_count}] = [\n{}];\n",
        default_rows.trim_end()
    )?;
    writeln!(text, "/// Structs that server-side apply treats as one value.")?;
    writeln!(
        text,
        "#[rustfmt::skip]\npub(super) static ATOMIC_TYPES: [u16; {atomic_count}] = [{}];\n",
        atomic_types.trim_end()
    )?;
    let quote = |list: &[String]| list.iter().map(|s| format!("{s:?}")).collect::<Vec<_>>().join(", ");
    writeln!(
        text,
        "pub(super) static GO_TYPES: [&str; {}] = [{}];\n",
        go_names.list.len(),
        quote(&go_names.list)
    )?;
    writeln!(
        text,
        "pub(super) static EMBEDDED: [&str; {}] = [{}];\n",
        embedded.list.len(),
        quote(&embedded.list)
    )?;
    writeln!(text, "#[rustfmt::skip]\npub(super) static FIELDS: [F; {fields_so_far}] = [\n{field_rows}];\n")?;
    writeln!(text, "/// The place of each field in its Go struct.")?;
    let ranks = ranks.join(", ");
    writeln!(text, "#[rustfmt::skip]\npub(super) static RANKS: [u8; {fields_so_far}] = [{ranks}];")?;
    let table = Output { path: "crates/objects/src/schema/table.rs", text };
    Ok([table, explain::generate(&openapi, &types, &enums)?])
}

/// A default as `objects::schema::Default`.
fn default(json: &str) -> Result<String, Error> {
    Ok(match serde_json::from_str(json)? {
        Value::String(s) => format!("Default::Text({s:?})"),
        Value::Bool(b) => format!("Default::Bool({b})"),
        Value::Number(n) => format!("Default::Int({n})"),
        other => return Err(format!("a default that is {other}").into()),
    })
}

/// The Go type that follows from a shape, as `objects::schema` derives it.
fn derived_go_type(shape: &str) -> String {
    let shape = shape.trim_start_matches('*');
    if let Some(item) = shape.strip_prefix("[]") {
        return format!("[]{}", derived_go_type(item));
    }
    if let Some(item) = shape.strip_prefix("map:") {
        return format!("map[string]{}", derived_go_type(item));
    }
    if shape.starts_with("io.k8s.") {
        let mut parts = shape.rsplit('.');
        let (name, package) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        return format!("{package}.{name}");
    }
    match shape {
        "bytes" => "[]uint8",
        "Time" => "v1.Time",
        "MicroTime" => "v1.MicroTime",
        "Duration" => "v1.Duration",
        "Quantity" => "resource.Quantity",
        "IntOrString" => "intstr.IntOrString",
        "Any" => "runtime.RawExtension",
        "SchemaOrBool" => "v1.JSONSchemaPropsOrBool",
        "SchemaOrArray" => "v1.JSONSchemaPropsOrArray",
        "SchemaOrStrings" => "v1.JSONSchemaPropsOrStringArray",
        other => other,
    }
    .to_owned()
}
