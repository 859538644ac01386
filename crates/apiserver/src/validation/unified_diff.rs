//! The difference of two objects as errors of immutable fields show it: a unified diff of their JSON.
//!
//! Models `k8s.io/apimachinery/pkg/util/diff`: internal types have no JSON names, so fields appear under Go's, all of
//! them, in the order of the type. Not modelled: difflib's choice between equally good differences.

use objects::Value;
use objects::json::to_string;

/// One field of a Go struct: its name there, its name in JSON, how it is written.
pub(super) struct Field(pub(super) &'static str, pub(super) &'static str, pub(super) Shape);

impl Field {
    pub(super) const fn plain(name: &'static str, key: &'static str) -> Self {
        Self(name, key, Shape::Plain)
    }

    pub(super) const fn text(name: &'static str, key: &'static str) -> Self {
        Self(name, key, Shape::Text)
    }
}

/// How a value is written.
pub(super) enum Shape {
    /// As it is; null when absent.
    Plain,
    /// A text that is `""` when absent.
    Text,
    /// A flag that is false when absent.
    Flag,
    /// A number that is 0 when absent.
    Number,
    /// A struct, or null when absent.
    Struct(&'static [Field]),
    /// A struct that is always there.
    Embedded(&'static [Field]),
}

/// Lines around a change that are shown with it.
const CONTEXT: usize = 3;
/// Longer texts are compared as one change.
const LINES_MAX: usize = 600;

/// An object on one line, as Go prints a struct of the internal types.
pub(super) fn compact(object: &Value, fields: &[Field]) -> String {
    let mut out = String::from("{");
    for (i, Field(name, key, shape)) in fields.iter().enumerate() {
        let value = &object[*key];
        let text = match shape {
            Shape::Struct(inner) if !value.is_null() => compact(value, inner),
            Shape::Embedded(inner) => compact(value, inner),
            Shape::Text => to_string(&Value::from(value.text())),
            Shape::Flag => to_string(&Value::from(value.is_true())),
            Shape::Number if value.is_null() => "0".into(),
            Shape::Plain | Shape::Number | Shape::Struct(_) => to_string(value),
        };
        let comma = if i > 0 { "," } else { "" };
        out.push_str(&format!("{comma}\"{name}\":{text}"));
    }
    out.push('}');
    out
}

/// The difference that an error about `new` shows.
pub(super) fn difference(old: &Value, new: &Value, fields: &[Field]) -> String {
    unified(&lines(old, fields), &lines(new, fields))
}

/// The lines of an object's JSON, indented by one space.
fn lines(object: &Value, fields: &[Field]) -> Vec<String> {
    let mut out = Vec::new();
    structure(object, fields, "", 0, "", &mut out);
    out
}

fn structure(object: &Value, fields: &[Field], lead: &str, depth: usize, end: &str, out: &mut Vec<String>) {
    let pad = " ".repeat(depth);
    out.push(format!("{pad}{lead}{{"));
    for (i, Field(name, key, shape)) in fields.iter().enumerate() {
        let comma = if i + 1 < fields.len() { "," } else { "" };
        let value = &object[*key];
        let lead = format!("\"{name}\": ");
        match shape {
            Shape::Struct(inner) if !value.is_null() => structure(value, inner, &lead, depth + 1, comma, out),
            Shape::Embedded(inner) => structure(value, inner, &lead, depth + 1, comma, out),
            Shape::Text => plain(&Value::from(value.text()), &lead, depth + 1, comma, out),
            Shape::Flag => plain(&Value::from(value.is_true()), &lead, depth + 1, comma, out),
            Shape::Number if value.is_null() => plain(&Value::from(0), &lead, depth + 1, comma, out),
            Shape::Plain | Shape::Number | Shape::Struct(_) => plain(value, &lead, depth + 1, comma, out),
        }
    }
    out.push(format!("{pad}}}{end}"));
}

fn plain(value: &Value, lead: &str, depth: usize, end: &str, out: &mut Vec<String>) {
    let pad = " ".repeat(depth);
    let text = objects::json::to_pretty(value, " ");
    let last = text.lines().count().saturating_sub(1);
    if value.items().is_empty() && value.entries().is_empty() {
        out.push(format!("{pad}{lead}{}{end}", to_string(value)));
        return;
    }
    for (i, line) in text.lines().enumerate() {
        let lead = if i == 0 { lead } else { "" };
        let end = if i == last { end } else { "" };
        out.push(format!("{pad}{lead}{line}{end}"));
    }
}

/// What turns `old` into `new`, as lines that each end in a line break.
fn unified(old: &[String], new: &[String]) -> String {
    let script = edits(old, new);
    let mut out = String::new();
    let mut i = 0;
    while let Some(first) = (i..script.len()).find(|k| script[*k].0 != ' ') {
        let begin = first.saturating_sub(CONTEXT).max(i);
        let mut end = first + 1;
        let mut quiet = 0;
        for (k, (sign, _)) in script.iter().enumerate().skip(first) {
            quiet = if *sign == ' ' { quiet + 1 } else { 0 };
            if quiet > 2 * CONTEXT {
                break;
            }
            if *sign != ' ' {
                end = k + 1;
            }
        }
        let end = (end + CONTEXT).min(script.len());
        let count = |signs: &str, from: usize, to: usize| {
            script[from..to].iter().filter(|(s, _)| signs.contains(*s)).count()
        };
        let range = |signs: &str| {
            let (at, n) = (count(signs, 0, begin), count(signs, begin, end));
            match n {
                1 => format!("{}", at + 1),
                0 => format!("{at},0"),
                n => format!("{},{n}", at + 1),
            }
        };
        out.push_str(&format!("@@ -{} +{} @@\n", range(" -"), range(" +")));
        for (sign, line) in &script[begin..end] {
            out.push(*sign);
            out.push_str(line);
            out.push('\n');
        }
        i = end;
    }
    out
}

/// The lines of both, each kept (` `), taken away (`-`) or added (`+`).
fn edits<'a>(old: &'a [String], new: &'a [String]) -> Vec<(char, &'a str)> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut out: Vec<(char, &str)> = old[..head].iter().map(|l| (' ', l.as_str())).collect();
    if a.len() > LINES_MAX || b.len() > LINES_MAX {
        out.extend(a.iter().map(|l| ('-', l.as_str())));
        out.extend(b.iter().map(|l| ('+', l.as_str())));
    } else {
        // The longest common subsequence from each place on.
        let width = b.len() + 1;
        let mut best = vec![0u32; (a.len() + 1) * width];
        for i in (0..a.len()).rev() {
            for j in (0..b.len()).rev() {
                best[i * width + j] = if a[i] == b[j] {
                    best[(i + 1) * width + j + 1] + 1
                } else {
                    best[(i + 1) * width + j].max(best[i * width + j + 1])
                };
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < a.len() || j < b.len() {
            if i < a.len() && j < b.len() && a[i] == b[j] {
                out.push((' ', &a[i]));
                (i, j) = (i + 1, j + 1);
            } else if i < a.len() && (j == b.len() || best[(i + 1) * width + j] >= best[i * width + j + 1]) {
                out.push(('-', &a[i]));
                i += 1;
            } else {
                out.push(('+', &b[j]));
                j += 1;
            }
        }
    }
    out.extend(old[old.len() - tail..].iter().map(|l| (' ', l.as_str())));
    out
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn a_change_with_what_is_around_it() {
        const FIELDS: [Field; 3] = [
            Field("Modes", "modes", Shape::Plain),
            Field("Name", "name", Shape::Text),
            Field("On", "on", Shape::Flag),
        ];
        let text = |v: Value| lines(&v, &FIELDS);
        let (a, b) = (value!({"modes": ["x"]}), value!({"modes": ["y"], "name": "n"}));
        let want = "@@ -1,7 +1,7 @@\n {\n  \"Modes\": [\n-  \"x\"\n+  \"y\"\n  ],\n- \"Name\": \"\",\n+ \"Name\": \"n\",\n  \"On\": false\n }\n";
        assert_eq!(unified(&text(a.clone()), &text(b)), want);
        assert_eq!(unified(&text(a.clone()), &text(a)), "");
    }
}
