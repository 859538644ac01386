//! `kubectl describe limitrange`

use objects::{Str, Value};
use ordered::Sort as _;

use super::page::amount;
use super::{Page, Related};

pub(super) fn describe(p: &mut Page, o: &Value, _: &Related) {
    p.name(o);
    p.put(0, "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio\n");
    p.put(0, "----\t--------\t---\t---\t---------------\t-------------\t-----------------------\n");
    rows(p, o, "");
}

pub(super) fn within_namespace(p: &mut Page, limits: &[Value]) {
    if limits.is_empty() {
        p.line(0, &["No LimitRange resource."]);
        return;
    }
    p.put(0, "Resource Limits\n Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio\n");
    p.put(0, " ----\t--------\t---\t---\t---------------\t-------------\t-----------------------\n");
    for l in limits {
        rows(p, l, " ");
    }
}

fn rows(p: &mut Page, o: &Value, prefix: &str) {
    for item in o["spec"]["limits"].items() {
        let mut names: Vec<Str> = Vec::new();
        for field in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
            for (k, _) in item[field].entries() {
                if !names.contains(k) {
                    names.push(k.clone());
                }
            }
        }
        names.arrange();
        for name in names {
            let cell = |field: &str| item[field].find(&name).map_or_else(|| "-".to_owned(), amount);
            let cells: Vec<String> = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"]
                .into_iter()
                .map(cell)
                .collect();
            p.line(0, &[prefix, item["type"].text(), "\t", &name, "\t", &cells.join("\t")]);
        }
    }
}
