//! Verdicts on manifests: tables of what a server of v1.36 says, one file per family of kinds.
//!
//! A file has sections: `== name`, then a manifest that is good, then cases. A case is a line `# title`, lines
//! `path = value` (in YAML; `path -` takes away), and what the server says: lines `> field: message` for each error, in
//! any order, `! text` for each warning, or `> ok`. With `@` the manifest is created first and the lines are an update.
//! `^` instead of `>` begins the whole message of a refusal that names no fields.

use std::collections::BTreeSet;

use objects::{Value, yaml};

use crate::{Desk, to};
use client::{FieldValidation, Verb};
use objects::resources;

/// `a.b[0]["c.d"]` in steps.
fn steps(path: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(r) = rest.strip_prefix("[\"") {
            let (key, r) = r.split_once("\"]").expect("a closing bracket");
            out.push(key.to_owned());
            rest = r;
        } else if let Some(r) = rest.strip_prefix('[') {
            let (i, r) = r.split_once(']').expect("a closing bracket");
            out.push(format!("[{i}"));
            rest = r;
        } else {
            let r = rest.strip_prefix('.').unwrap_or(rest);
            let end = r.find(['.', '[']).unwrap_or(r.len());
            out.push(r[..end].to_owned());
            rest = &r[end..];
        }
    }
    out
}

fn place<'a>(v: &'a mut Value, steps: &[String]) -> &'a mut Value {
    steps.iter().fold(v, |v, step| match step.strip_prefix('[') {
        Some(i) => {
            let i: usize = i.parse().expect("an index");
            let list = v.list_mut().to_mut();
            while list.len() <= i {
                list.push(Value::map());
            }
            &mut list[i]
        }
        None => v.map_mut().entry(step),
    })
}

fn parse(text: &str) -> Value {
    yaml::load_stream(text).documents.into_iter().next().map(|d| d.value).unwrap_or_default()
}

fn change(object: &mut Value, line: &str) {
    if let Some(path) = line.strip_suffix(" -") {
        let mut way = steps(path);
        let last = way.pop().expect("a path");
        place(object, &way).remove(&last);
    } else {
        let (path, value) = line.split_once(" = ").unwrap_or_else(|| panic!("no change: {line}"));
        *place(object, &steps(path)) = parse(value);
    }
}

/// What the server says to this object: warnings, then the verdict.
fn said(desk: &mut Desk, object: &Value, verb: Verb) -> BTreeSet<String> {
    let r = resources::of(object).unwrap_or_else(|| panic!("no built-in kind: {object:?}"));
    let mut request = to(verb, r).object(object.clone());
    if r.namespaced {
        request = request.in_namespace("default");
    }
    if verb == Verb::Update {
        request = request.named(object.name());
    }
    request.options.field_validation = FieldValidation::Strict;
    match desk.call(request) {
        Ok(response) => {
            let mut out: BTreeSet<String> = response.warnings.iter().map(|w| format!("! {w}")).collect();
            out.insert("> ok".to_owned());
            out
        }
        Err(s) if s.causes.is_empty() => BTreeSet::from([format!("^ {}", s.message)]),
        Err(s) => s.causes.iter().map(|c| format!("> {}: {}", c.field, c.message)).collect(),
    }
}

/// Plays a file and returns how many cases it had.
fn play(text: &str) -> usize {
    let (mut base, mut count, mut wrong) = (Value::Null, 0, Vec::new());
    for section in text.split("\n== ").skip(1) {
        let mut blocks = section.split("\n# ");
        let head = blocks.next().unwrap_or_default();
        let (name, manifest) = head.split_once('\n').unwrap_or((head, ""));
        if !manifest.trim().is_empty() {
            base = parse(manifest);
        }
        for block in blocks {
            let (title, lines) = block.split_once('\n').unwrap_or((block, ""));
            count += 1;
            let mut desk = Desk::new();
            let mut object = base.clone();
            let mut verb = Verb::Create;
            let mut want: BTreeSet<String> = BTreeSet::new();
            for line in lines.lines().filter(|l| !l.is_empty()) {
                match line.as_bytes()[0] {
                    b'>' | b'!' | b'^' => drop(want.insert(line.to_owned())),
                    b'@' => {
                        let first = said(&mut desk, &object, verb);
                        assert!(first.contains("> ok"), "{name}: {title}: first {first:?}");
                        let r = resources::of(&object).expect("a built-in kind");
                        object = desk.get(r, object.name()).expect("what was created");
                        verb = Verb::Update;
                    }
                    _ => change(&mut object, line),
                }
            }
            if want.iter().all(|w| w.starts_with('!')) {
                want.insert("> ok".to_owned());
            }
            let got = said(&mut desk, &object, verb);
            // A `^` line may give the beginning only.
            let same = got == want
                || want.len() == 1
                    && got.len() == 1
                    && want.iter().zip(&got).all(|(w, g)| w.starts_with('^') && g.starts_with(w.as_str()));
            if !same {
                let lines = |s: &BTreeSet<String>| s.iter().cloned().collect::<Vec<_>>().join("\n");
                wrong.push(format!("{name}: {title}\n-- want\n{}\n-- got\n{}\n", lines(&want), lines(&got)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong\n{}", wrong.len(), wrong.join("\n"));
    count
}

#[test]
fn pods() {
    assert!(play(include_str!("pods.txt")) > 100);
}

#[test]
fn workloads() {
    assert!(play(include_str!("workloads.txt")) > 80);
}

#[test]
fn network() {
    assert!(play(include_str!("network.txt")) >= 55);
}

#[test]
fn settings() {
    assert!(play(include_str!("settings.txt")) > 45);
}

#[test]
fn system() {
    assert!(play(include_str!("system.txt")) >= 28);
}
