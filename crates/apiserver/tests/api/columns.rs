//! What every built-in resource serves: its list as a table with upstream's columns.

use client::{TableOf, Verb};
use objects::resources;

use crate::{Desk, to};

const COLUMNS: &str = include_str!("columns.txt");

#[test]
fn tables_have_upstreams_columns() {
    let mut d = Desk::new();
    let rows = COLUMNS.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t'));
    let known: Vec<(&str, &str)> = rows.collect();
    let mut seen = 0;
    for r in resources::all().iter().filter(|r| r.allows("list")) {
        let id = if r.group.is_empty() { r.plural.to_string() } else { format!("{}.{}", r.plural, r.group) };
        let Some((_, want)) = known.iter().find(|(known, _)| *known == id) else { continue };
        seen += 1;
        let mut request = to(Verb::List, r);
        request.options.table = TableOf::Nothing;
        let table = d.call(request).map(|r| r.object).unwrap_or_else(|e| panic!("{id}: {e:?}"));
        let got: Vec<String> = table["columnDefinitions"]
            .items()
            .iter()
            .map(|c| {
                let (kind, format) = (c["type"].text(), c["format"].text());
                let wide = if c["priority"].int() > 0 { "+" } else { "" };
                let kind =
                    if kind == "string" && format.is_empty() { String::new() } else { format!(":{kind}") };
                let format = if format.is_empty() { String::new() } else { format!(":{format}") };
                format!("{wide}{}{kind}{format}", c["name"].text())
            })
            .collect();
        assert_eq!(got.join("|"), *want, "{id} {}", r.version);
    }
    assert!(seen >= 60, "{seen} resources have a row");
}
