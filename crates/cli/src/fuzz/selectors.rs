//! Label and field selectors, and JSONPath templates, over real objects.

use clock::Rng;
use objects::jsonpath::{JsonPath, relaxed};
use objects::selector::{FieldSelector, LabelSelector};

use super::{noise, pick, values};

const SELECTORS: [&str; 22] = [
    "app",
    "a.b/c",
    "=",
    "==",
    "!=",
    " in ",
    " notin ",
    "(",
    ")",
    ",",
    "!",
    "web",
    "x,y",
    "exists",
    "1",
    ">",
    "<",
    " ",
    "''",
    "metadata.name",
    "spec.nodeName",
    "\\",
];
const PATHS: [&str; 34] = [
    "{",
    "}",
    ".items",
    "[*]",
    "[0]",
    "[-1]",
    "[1:3]",
    "[::-1]",
    "..",
    ".metadata",
    ".name",
    "range ",
    "end",
    "?(",
    ")",
    "@",
    "@.name",
    "==",
    "<",
    "&&",
    "\"x\"",
    "'y'",
    "*",
    "['a','b']",
    "\\.",
    "{\"\\n\"}",
    ".spec",
    ".containers",
    "$",
    "text",
    "[?(@.a==1)]",
    "-",
    "99999999999999999999",
    ",",
];

fn text(rng: &mut Rng, pieces: &[&str], most: u64) -> String {
    let mut out = String::new();
    for _ in 0..rng.below(most) {
        if rng.below(8) == 0 {
            out.push_str(&noise(rng));
        } else {
            out.push_str(pick(rng, pieces));
        }
    }
    out
}

pub(super) fn try_one(rng: &mut Rng) {
    let selector = text(rng, &SELECTORS, 14);
    let object = values::object(rng);
    if let Ok(s) = LabelSelector::parse(&selector) {
        let _ = s.matches(object.labels());
    }
    if let Ok(s) = FieldSelector::parse(&selector) {
        let _ = s.matches(|f| f.into());
    }
    if let Ok(s) = LabelSelector::from_value(&values::tree(rng, 4)) {
        let _ = s.matches(object.labels());
    }
}

pub(super) fn try_jsonpath(rng: &mut Rng) {
    let path = text(rng, &PATHS, 16);
    let object = values::object(rng);
    for path in [path.clone(), format!("{{{path}}}"), relaxed(&path).unwrap_or_default()] {
        if let Ok(p) = JsonPath::parse(&path) {
            let _ = (p.print(&object, true), p.print_json(&object, false), p.find(&object, true));
        }
    }
}
