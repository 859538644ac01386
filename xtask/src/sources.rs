//! What an engine crate's source may not say: real time, threads, I/O, and maps whose order is chance.
//!
//! Reads text, not types, so it also sees what a configuration flag hides from clippy (crates/clippy.toml has the
//! typed half). Tests are free: files called tests.rs, directories called tests, and items under `#[cfg(test)]`.

use std::path::Path;

use crate::{Outcome, project};

/// A module of std, and why it is out.
const MODULES: &[(&str, &str)] = &[
    ("time", "the clock crate has the time"),
    ("thread", "the engine runs on one thread"),
    ("fs", "the engine does no I/O"),
    ("process", "the engine does no I/O"),
    ("env", "the engine does no I/O"),
    ("io", "the engine does no I/O"),
    ("os", "the engine does no I/O"),
];

/// A word, and why it is out.
const WORDS: &[(&str, &str)] = &[
    ("println!", "the engine does no I/O"),
    ("print!", "the engine does no I/O"),
    ("eprintln!", "the engine does no I/O"),
    ("eprint!", "the engine does no I/O"),
    // Of std::net the sockets are out; an address is a value like any other.
    ("TcpListener", "the engine does no I/O"),
    ("TcpStream", "the engine does no I/O"),
    ("ToSocketAddrs", "the engine does no I/O"),
    ("UdpSocket", "the engine does no I/O"),
    ("HashMap", "its order is chance: BTreeMap, or rustc_hash::FxHashMap for look-ups"),
    ("HashSet", "its order is chance: BTreeSet, or rustc_hash::FxHashSet for look-ups"),
    ("RandomState", "its seed is chance"),
    ("SystemTime", "the clock crate has the time"),
    ("Instant::now", "the clock crate has the time"),
];

/// `file:line: what (why)` for every breach below a source directory.
pub(crate) fn broken_in(dir: &Path) -> Outcome<Vec<String>> {
    let mut broken = Vec::new();
    for file in project::files_below(dir)? {
        let inside = file.strip_prefix(dir).unwrap_or(&file);
        let is_test =
            inside.components().any(|part| part.as_os_str() == "tests") || inside.ends_with("tests.rs");
        if is_test || file.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let source = project::read_text(&file)?;
        let shown = file.strip_prefix(project::root()).unwrap_or(&file).display().to_string();
        broken.extend(breaches(&source).into_iter().map(|(line, what)| format!("{shown}:{line}: {what}")));
    }
    Ok(broken)
}

/// `(line, what)` for every breach in a source text.
fn breaches(source: &str) -> Vec<(usize, String)> {
    let code = without_tests(&without_words(source));
    let mut found = Vec::new();
    for (word, why) in WORDS {
        found.extend(places(&code, word).map(|at| (at, format!("{word} ({why})"))));
    }
    for root in ["std::", "core::"] {
        for at in places(&code, root) {
            for module in first_segments(&code[at + root.len()..]) {
                if let Some((name, why)) = MODULES.iter().find(|(name, _)| *name == module) {
                    found.push((at, format!("{root}{name} ({why})")));
                }
            }
        }
    }
    found.sort();
    found.into_iter().map(|(at, what)| (code[..at].matches('\n').count() + 1, what)).collect()
}

/// Where `word` stands on its own, as byte offsets.
fn places<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let in_name = |c: char| c == '_' || c.is_alphanumeric();
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].chars().next_back().is_some_and(in_name);
        let after = word.ends_with(in_name) && code[at + word.len()..].chars().next().is_some_and(in_name);
        !before && !after
    })
}

/// The names right after a path root: one, or those of a `{...}` group.
fn first_segments(rest: &str) -> Vec<&str> {
    let rest = rest.trim_start();
    let Some(group) = rest.strip_prefix('{') else { return vec![leading_name(rest)] };
    let mut names = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(leading_name(group[start..at].trim_start()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

fn leading_name(text: &str) -> &str {
    text.split(|c: char| c != '_' && !c.is_alphanumeric()).next().unwrap_or_default()
}

/// The source with comments, strings and character literals blanked; lines stay where they are.
fn without_words(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut code = String::with_capacity(source.len());
    let mut i = 0;
    while i < chars.len() {
        let end = match (at(i), at(i + 1)) {
            ('/', '/') => (i..chars.len()).find(|&j| at(j) == '\n').unwrap_or(chars.len()),
            ('/', '*') => block_comment_end(&chars, i),
            ('"', _) => string_end(&chars, i),
            ('r', '"' | '#') if !(i > 0 && is_name(at(i - 1)) && at(i - 1) != 'b') => {
                raw_string_end(&chars, i)
            }
            ('\'', '\\') => (i + 3..chars.len()).find(|&j| at(j) == '\'').map_or(chars.len(), |j| j + 1),
            ('\'', _) if at(i + 2) == '\'' => i + 3,
            _ => i,
        };
        if end == i {
            code.push(at(i));
            i += 1;
        } else {
            code.extend(chars[i..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            i = end;
        }
    }
    code
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut i = start;
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 2),
            ('*', '/') => {
                (depth, i) = (depth - 1, i + 2);
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    chars.len()
}

fn string_end(chars: &[char], start: usize) -> usize {
    let mut i = start + 1;
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    chars.len()
}

/// `start` itself when it is no raw string but a raw name such as `r#type`.
fn raw_string_end(chars: &[char], start: usize) -> usize {
    let hashes = chars[start + 1..].iter().take_while(|&&c| c == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return start;
    }
    let mut i = open + 1;
    while i < chars.len() {
        if chars[i] == '"' && chars[i + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes {
            return i + 1 + hashes;
        }
        i += 1;
    }
    chars.len()
}

/// The code with every item under `#[cfg(test)]` blanked.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        out.push_str(&rest[..at]);
        let end = at + item_end(&rest[at..]);
        out.extend(rest[at..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// The end of the item that starts here: its last brace, or its semicolon.
fn item_end(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(source: &str) -> Vec<usize> {
        breaches(source).into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn breaches_are_found_where_they_stand() {
        for (source, expected) in [
            ("use std::time::Duration;", vec![1]),
            ("\nlet t = std::time::Instant::now();", vec![2, 2]),
            ("use std::{fmt, fs::File, sync::Arc};", vec![1]),
            ("use std::{\n  collections::{BTreeMap, HashMap},\n  io,\n};", vec![1, 2]),
            ("use std::{thread};", vec![1]),
            ("fn f() { println!(\"x\") }", vec![1]),
            ("fn f() { std::eprintln!(\"x\") }", vec![1]),
            ("let s: HashSet<u8>;", vec![1]),
            ("let p = std::env::var(\"X\"); std::process::exit(1)", vec![1, 1]),
            ("/* a /* b */ c */ use std::net::TcpStream;", vec![1]),
            ("let a = '\"'; use std::fs;", vec![1]),
            ("let a = r#\"\"#; use std::fs;", vec![1]),
            ("fn f<'a>(x: &'a str) { std::fs::read(x) }", vec![1]),
            ("#[cfg(test)]\nmod tests { fn f() {} }\nuse std::fs;", vec![3]),
        ] {
            assert_eq!(lines(source), expected, "{source}");
        }
    }

    #[test]
    fn what_only_looks_like_a_breach_passes() {
        for source in [
            "use std::collections::BTreeMap; use std::fmt; use std::sync::Arc;",
            "use rustc_hash::FxHashMap; let m: FxHashMap<u8, u8>;",
            "use std::{fmt, collections::{BTreeMap, time}};",
            "// std::time is forbidden\n/// as is HashMap\n//! and println!",
            "let s = \"std::fs and \\\" HashMap\"; let c = '\"';",
            "let s = r##\"println!(\"#\") std::fs\"##; let b = br\"HashMap\";",
            "let r#fs = 1; mystd::fs(); writeln!(f, \"x\")",
            "#[cfg(test)]\nmod tests {\n use std::fs; fn f() { println!(\"}\") }\n}\nfn g() {}",
            "#[cfg(test)]\nuse std::collections::HashMap;\nfn g() {}",
            "use crate::time::Instant; use core::cmp::Ordering;",
            "use std::net::{IpAddr, Ipv4Addr};",
        ] {
            assert_eq!(breaches(source), [], "{source}");
        }
    }
}
