//! Every resource the API serves, from data/resources.tsv: `objects::resources`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::{Error, Output, Table};

/// What a subresource takes and gives, where it is not its parent's own kind: group, version, kind.
fn kind_of_subresource(parent: &str, name: &str) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match (parent, name) {
        (_, "scale") => ("autoscaling", "v1", "Scale"),
        ("pods", "binding") => ("", "v1", "Binding"),
        ("pods", "eviction") => ("policy", "v1", "Eviction"),
        ("pods", "attach") => ("", "v1", "PodAttachOptions"),
        ("pods", "exec") => ("", "v1", "PodExecOptions"),
        ("pods", "portforward") => ("", "v1", "PodPortForwardOptions"),
        ("pods", "proxy") => ("", "v1", "PodProxyOptions"),
        ("nodes", "proxy") => ("", "v1", "NodeProxyOptions"),
        ("services", "proxy") => ("", "v1", "ServiceProxyOptions"),
        ("serviceaccounts", "token") => ("authentication.k8s.io", "v1", "TokenRequest"),
        _ => return None,
    })
}

/// The constant's name: `PODS`; the group or version is added to the later of two with the same plural.
fn constant(plural: &str, group: &str, version: &str, taken: &BTreeMap<String, usize>) -> String {
    let plain = plural.to_uppercase();
    if !taken.contains_key(&plain) {
        return plain;
    }
    let short = group.split('.').next().unwrap_or(group).to_uppercase();
    let grouped = format!("{short}_{plain}");
    if short == "AUTOSCALING" || taken.contains_key(&grouped) {
        return format!("{plain}_{}", version.to_uppercase());
    }
    grouped
}

/// The lists of texts that occur, each one static: a reference to a list written in place would have to be dropped.
#[derive(Default)]
struct Lists(Vec<String>);

impl Lists {
    fn add(&mut self, cell: &str) -> String {
        if cell.is_empty() {
            return "NONE".to_owned();
        }
        let at = self.0.iter().position(|c| c == cell).unwrap_or_else(|| {
            self.0.push(cell.to_owned());
            self.0.len() - 1
        });
        format!("Cow::Borrowed(&LIST_{at})")
    }

    fn statics(&self) -> String {
        let one = |(i, cell): (usize, &String)| {
            let items: Vec<String> = cell.split(',').map(|s| format!("s({s:?})")).collect();
            format!("static LIST_{i}: [Str; {}] = [{}];\n", items.len(), items.join(", "))
        };
        self.0.iter().enumerate().map(one).collect()
    }
}

pub fn generate(data: &Path) -> Result<Output, Error> {
    let table = Table::read(&data.join("resources.tsv"))?;
    let [group, version, plural, singular, kind, scope, short, categories, verb, subs] = [
        "group",
        "version",
        "resource",
        "singular",
        "kind",
        "scope",
        "short_names",
        "categories",
        "verbs",
        "subresources",
    ]
    .map(|name| table.column(name));
    let (group, version, plural, singular, kind) = (group?, version?, plural?, singular?, kind?);
    let (scope, short, categories, verb, subs) = (scope?, short?, categories?, verb?, subs?);

    let mut body = String::new();
    let mut lists = Lists::default();
    let mut statics = String::new();
    let mut constants: BTreeMap<String, usize> = BTreeMap::new();
    let mut order = Vec::new();
    for (i, row) in table.rows.iter().enumerate() {
        let id = if row[group].is_empty() {
            row[plural].clone()
        } else {
            format!("{}.{}", row[plural], row[group])
        };
        // Both event APIs show the same stored objects; reviews and bindings are acted on and forgotten.
        let storage = match row[verb].contains("list") && row[plural] != "componentstatuses" {
            true if row[plural] == "events" => "events",
            true => &id,
            false => "",
        };
        let (mut subresources, mut count) = (String::new(), 0);
        for sub in row[subs].split(' ').filter(|s| !s.is_empty()) {
            let (name, list) = sub.split_once(':').ok_or_else(|| format!("{sub}: verbs expected"))?;
            let own = (row[group].as_str(), row[version].as_str(), row[kind].as_str());
            let (g, v, k) = kind_of_subresource(&row[plural], name).unwrap_or(own);
            write!(subresources, "sub({name:?}, {g:?}, {v:?}, {k:?}, {}),", lists.add(list))?;
            count += 1;
        }
        let subresources = match count {
            0 => "Cow::Borrowed(&[])".to_owned(),
            _ => {
                writeln!(statics, "static SUBRESOURCES_{i}: [Subresource; {count}] = [{subresources}];")?;
                format!("Cow::Borrowed(&SUBRESOURCES_{i})")
            }
        };
        writeln!(
            body,
            "Resource {{ id: s({id:?}), group: s({:?}), version: s({:?}), plural: s({:?}), singular: s({:?}), \
             kind: s({:?}), namespaced: {}, short_names: {}, categories: {}, verbs: {}, \
             subresources: {subresources}, storage: s({storage:?}) }},",
            row[group],
            row[version],
            row[plural],
            row[singular],
            row[kind],
            row[scope] == "Namespaced",
            lists.add(&row[short]),
            lists.add(&row[categories]),
            lists.add(&row[verb]),
        )?;
        let name = constant(&row[plural], &row[group], &row[version], &constants);
        if constants.insert(name.clone(), i).is_some() {
            return Err(format!("two constants {name}").into());
        }
        order.push(name);
    }
    let mut text = format!(
        "use std::borrow::Cow;\n\nuse super::{{Resource, Subresource}};\nuse crate::Str;\n\n\
         const NONE: Cow<'static, [Str]> = Cow::Borrowed(&[]);\n\n\
         const fn s(text: &'static str) -> Str {{ Str::new_static(text) }}\n\n\
         const fn sub(name: &'static str, group: &'static str, version: &'static str, kind: &'static str, \
         verbs: Cow<'static, [Str]>) -> Subresource {{\n\
         Subresource {{ name: s(name), group: s(group), version: s(version), kind: s(kind), verbs }}\n}}\n\n\
         {}{statics}\n/// In discovery order.\npub static ALL: [Resource; {}] = [\n{body}];\n\n",
        lists.statics(),
        table.rows.len(),
    );
    for (i, name) in order.iter().enumerate() {
        writeln!(text, "pub static {name}: &Resource = &ALL[{i}];")?;
    }
    Ok(Output { path: "crates/objects/src/resources/table.rs", text })
}
