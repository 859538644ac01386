//! YAML and JSON: real documents cut and mixed, alias bombs, depth, and what comes out read again.

use clock::Rng;
use objects::{json, yaml};

use super::{noise, pick, values};

const PIECES: [&str; 36] = [
    "a: b\n",
    "- ",
    "  ",
    "\n",
    ": ",
    "&a ",
    "*a",
    "*a\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    "|\n",
    ">-\n",
    "\"",
    "'",
    "#x\n",
    "---\n",
    "...\n",
    "<<: *a\n",
    "!!binary aGk=",
    "!!str ",
    "? ",
    "0o17",
    "0x1f",
    "1e9",
    ".inf",
    "~",
    "yes",
    "\t",
    "%YAML 1.1\n",
    "a: &a [*a, *a]\n",
    "\u{feff}",
    "x: |2\n   y\n",
    "{\"a\":",
];

pub(super) fn try_one(rng: &mut Rng) {
    let mut text = match rng.below(6) {
        0 => bomb(rng),
        1 => pick(rng, &["[", "{a: ", "- ", "? ", "((", "&a "]).repeat(1 + rng.below(3_000) as usize),
        2 => yaml::emit(&values::object(rng)),
        3 => json::to_string(&values::object(rng)),
        _ => String::new(),
    };
    for _ in 0..rng.below(12) {
        let piece = if rng.below(6) == 0 { noise(rng) } else { pick(rng, &PIECES).to_owned() };
        let at = rng.below(text.len() as u64 + 1) as usize;
        let at = (0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        if rng.below(3) == 0 {
            text.truncate(at);
        }
        text.insert_str(at, &piece);
    }
    let stream = yaml::load_stream(&text);
    for document in stream.documents.iter().take(4) {
        // What was read and is written reads as the same.
        if let Ok(again) = yaml::load(&yaml::emit(&document.value)) {
            let _ = again.value == document.value;
        }
    }
    let _ = (json::parse(&text).is_ok(), yaml::positions(&text).len());
}

/// Aliases of aliases.
fn bomb(rng: &mut Rng) -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x]\n");
    for i in 1..2 + rng.below(12) {
        let below = format!("*a{}, ", i - 1).repeat(1 + rng.below(9) as usize);
        text.push_str(&format!("a{i}: &a{i} [{}]\n", below.trim_end_matches(", ")));
    }
    text
}
