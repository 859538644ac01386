//! Replacements: a field of one object copied into fields of others.
//!
//! Models `sigs.k8s.io/kustomize/api/filters/replacement`. Not modelled: `encoding`.

use objects::{Value, jsonpath, yaml};

use super::{Item, fits, joined, read};
use crate::error::{Result, fail};
use crate::session::Kubectl;

/// One step of a field's path: `a`, `[name=x]`, `0`, `*`.
enum Step<'a> {
    Key(String),
    Where(&'a str, &'a str),
    At(usize),
    Every,
}

/// Splits at dots, but not within brackets nor behind a backslash.
fn steps(path: &str) -> Vec<Step<'_>> {
    let (mut out, mut start, mut depth, mut escaped) = (Vec::new(), 0, 0, false);
    let mut push = |from: usize, to: usize| {
        let text = &path[from..to];
        let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
        out.push(match (inner.and_then(|t| t.split_once('=')), text) {
            (Some((key, value)), _) => Step::Where(key, value),
            (None, "*") => Step::Every,
            (None, text) => match text.parse() {
                Ok(n) => Step::At(n),
                Err(_) => Step::Key(text.replace("\\.", ".")),
            },
        });
    };
    for (i, c) in path.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => depth += 1,
            ']' => depth -= 1,
            '.' if depth == 0 => {
                if i > start {
                    push(start, i);
                }
                start = i + 1;
            }
            _ => {}
        }
    }
    if start < path.len() {
        push(start, path.len());
    }
    out
}

/// Hands every field that a path leads to over to `f`; how many there were.
fn each(v: &mut Value, path: &[Step<'_>], create: bool, f: &mut dyn FnMut(&mut Value)) -> usize {
    let Some((first, rest)) = path.split_first() else {
        f(v);
        return 1;
    };
    match (first, v) {
        (Step::Key(key), v @ (Value::Map(_) | Value::Null)) => {
            if v.find(key).is_none() && !create {
                return 0;
            }
            each(v.map_mut().entry(key), rest, create, f)
        }
        (Step::At(n), v @ Value::Map(_)) => {
            let key = n.to_string();
            if v.find(&key).is_none() && !create {
                return 0;
            }
            each(v.map_mut().entry(key.as_str()), rest, create, f)
        }
        (step, Value::List(l)) => {
            let mut found = 0;
            for (i, item) in l.to_mut().iter_mut().enumerate() {
                let fits = match step {
                    Step::Where(key, value) => jsonpath::text(&item[*key]) == *value,
                    Step::At(n) => *n == i,
                    Step::Every => true,
                    Step::Key(_) => false,
                };
                if fits {
                    found += each(item, rest, create, f);
                }
            }
            found
        }
        (Step::Every, Value::Map(m)) => m.iter_mut().map(|(_, item)| each(item, rest, create, f)).sum(),
        _ => 0,
    }
}

fn selects(s: &Value, i: &Item) -> bool {
    let (group, version) = objects::resources::split_api_version(i.object.api_version());
    let same = |field: &str, is: &str| fits(s[field].text(), is);
    let name = s["name"].text();
    let labels = super::super::selector(s["labelSelector"].text());
    let notes = super::super::selector(s["annotationSelector"].text());
    i.names.iter().any(|n| fits(name, n))
        && same("kind", i.object.kind())
        && same("group", group)
        && same("version", version)
        && same("namespace", i.object.namespace())
        && labels.is_ok_and(|l| l.matches(i.object.labels()))
        && notes.is_ok_and(|l| l.matches(i.object.annotations()))
}

/// `ConfigMap.[noVer].[noGrp]/src.[noNs]`
fn shown(s: &Value) -> String {
    let or = |field: &str, none: &str| {
        if s[field].text().is_empty() { none.to_owned() } else { s[field].text().to_owned() }
    };
    format!(
        "{}.{}.{}/{}.{}",
        or("kind", "[noKind]"),
        or("version", "[noVer]"),
        or("group", "[noGrp]"),
        or("name", "[noName]"),
        or("namespace", "[noNs]")
    )
}

/// The part of a text that an index means, put in or taken out.
fn part(text: &str, options: &Value, new: Option<&str>) -> String {
    let delimiter = options["delimiter"].text();
    if delimiter.is_empty() {
        return new.unwrap_or(text).to_owned();
    }
    let mut parts: Vec<&str> = text.split(delimiter).collect();
    let index = options["index"].int();
    let at = usize::try_from(index).unwrap_or(0).min(parts.len());
    match new {
        None => parts.get(at).copied().unwrap_or_default().to_owned(),
        Some(new) => {
            if index < 0 {
                parts.insert(0, new);
            } else if at == parts.len() {
                parts.push(new);
            } else {
                parts[at] = new;
            }
            parts.join(delimiter)
        }
    }
}

/// Carries out the replacements of a kustomization.
///
/// # Errors
/// A source that is not there or not one, a target's field that is not there.
pub(super) fn replace(k: &Kubectl, root: &str, spec: &Value, all: &mut [Item]) -> Result<()> {
    for entry in spec["replacements"].items() {
        let mut wanted = vec![entry.clone()];
        if !entry["path"].text().is_empty() {
            wanted = match yaml::load(&read(k, &joined(root, entry["path"].text()))?) {
                Ok(d) => d.value.as_list().map_or_else(|| vec![d.value.clone()], |l| l.to_vec()),
                Err(e) => return fail(format!("error parsing replacements: {e}")),
            };
        }
        for r in wanted {
            if r["source"].is_null() || r["targets"].items().is_empty() {
                return fail("replacements must specify a source and at least one target");
            }
            one(&r, all)?;
        }
    }
    Ok(())
}

fn one(r: &Value, all: &mut [Item]) -> Result<()> {
    let source = &r["source"];
    let path =
        if source["fieldPath"].text().is_empty() { "metadata.name" } else { source["fieldPath"].text() };
    let value = if r["sourceValue"].is_null() {
        let mut found = all.iter().filter(|i| selects(source, i));
        let Some(from) = found.next() else {
            return fail(format!("nothing selected by {}:{path}", shown(source)));
        };
        if found.next().is_some() {
            return fail(format!("multiple matches for selector {}", shown(source)));
        }
        let (mut object, mut value) = (from.object.clone(), Value::Null);
        each(&mut object, &steps(path), false, &mut |v| value = v.clone());
        if value.is_null() {
            return fail(format!("fieldPath `{path}` is missing for replacement source {}", shown(source)));
        }
        if source["options"]["delimiter"].text().is_empty() {
            value
        } else {
            Value::from(part(&jsonpath::text(&value), &source["options"], None))
        }
    } else {
        r["sourceValue"].clone()
    };
    for target in r["targets"].items() {
        let options = &target["options"];
        for item in all.iter_mut() {
            if !selects(&target["select"], item) || target["reject"].items().iter().any(|s| selects(s, item))
            {
                continue;
            }
            let own = [Value::from("metadata.name")];
            let paths =
                if target["fieldPaths"].items().is_empty() { &own } else { target["fieldPaths"].items() };
            for path in paths {
                let set = &mut |v: &mut Value| {
                    *v = if options["delimiter"].text().is_empty() {
                        value.clone()
                    } else {
                        Value::from(part(&jsonpath::text(v), options, Some(&jsonpath::text(&value))))
                    };
                };
                let create = options["create"].is_true();
                if each(&mut item.object, &steps(path.text()), create, set) == 0 {
                    return fail(format!("unable to find field {:?} in replacement target", path.text()));
                }
            }
        }
    }
    Ok(())
}
