//! Any other kind, custom ones too: its fields under readable labels.

use objects::Value;

use super::page::plain;
use super::{Page, Related, events};

const SKIPPED: [&str; 5] = [
    ".metadata.managedFields",
    ".metadata.name",
    ".metadata.namespace",
    ".metadata.labels",
    ".metadata.annotations",
];

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    p.name(o);
    p.labels_and_annotations(o);
    content(p, 0, o, "");
    events::describe(p, related);
}

fn content(p: &mut Page, level: usize, v: &Value, path: &str) {
    for (k, x) in v.entries() {
        let here = format!("{path}.{k}");
        if SKIPPED.contains(&here.as_str()) {
            continue;
        }
        let label = label(k);
        match x {
            Value::Map(_) => {
                p.line(level, &[&label, ":"]);
                content(p, level + 1, x, &here);
            }
            Value::List(l) => {
                p.line(level, &[&label, ":"]);
                for child in l.iter() {
                    match child {
                        Value::Map(_) => content(p, level + 1, child, &here),
                        other => p.line(level + 1, &[&plain(other)]),
                    }
                }
            }
            other => p.at(level, &label, &plain(other)),
        }
    }
}

/// `cronSpec` as `Cron Spec`, `apiVersion` as `API Version`; names with other characters stay.
fn label(field: &str) -> String {
    if !field.chars().all(|c| c.is_alphabetic() || c == '-') {
        return field.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    for part in split(field) {
        let merges = words.last().is_some_and(|w| w.len() >= 2 && w.chars().all(char::is_uppercase))
            && part.starts_with(char::is_uppercase);
        match words.last_mut() {
            Some(w) if merges => w.push_str(&part),
            _ => words.push(part),
        }
    }
    let shown: Vec<String> = words
        .into_iter()
        .map(|w| {
            let upper = w.to_uppercase();
            if ["API", "URL", "UID", "GUID"].contains(&upper.as_str()) {
                return upper;
            }
            if w.to_lowercase() != w {
                return w;
            }
            let mut c = w.chars();
            c.next().map_or_else(String::new, |f| f.to_uppercase().collect::<String>() + c.as_str())
        })
        .collect();
    shown.join(" ")
}

/// Splits where the case of letters changes: `podIPs` is `pod`, `I`, `Ps` by upstream's rule.
fn split(field: &str) -> Vec<String> {
    let class = |c: char| {
        if c.is_lowercase() {
            1
        } else if c.is_uppercase() {
            2
        } else {
            4
        }
    };
    let mut runs: Vec<Vec<char>> = Vec::new();
    let mut last = 0;
    for c in field.chars() {
        if class(c) == last {
            if let Some(r) = runs.last_mut() {
                r.push(c);
            }
        } else {
            runs.push(vec![c]);
        }
        last = class(c);
    }
    for i in 0..runs.len().saturating_sub(1) {
        if runs[i].first().is_some_and(|c| c.is_uppercase())
            && runs[i + 1].first().is_some_and(|c| c.is_lowercase())
            && let Some(c) = runs[i].pop()
        {
            runs[i + 1].insert(0, c);
        }
    }
    runs.into_iter().filter(|r| !r.is_empty()).map(|r| r.into_iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn labels_read_well() {
        for (field, text) in [
            ("cronSpec", "Cron Spec"),
            ("apiVersion", "API Version"),
            ("uid", "UID"),
            ("creationTimestamp", "Creation Timestamp"),
            ("image", "Image"),
            ("a.b/c", "a.b/c"),
            ("clusterIP", "Cluster IP"),
        ] {
            assert_eq!(label(field), text, "{field}");
        }
    }
}
