//! CEL expressions over real objects.

use cel::{Program, tree};
use clock::Rng;

use super::{noise, pick, values};

const PIECES: [&str; 52] = [
    "object",
    "oldObject",
    ".metadata",
    ".name",
    ".spec",
    ".?x",
    "[0]",
    "['a']",
    "[?1]",
    "has(",
    ")",
    "(",
    "size(",
    ".all(x, ",
    ".exists(x, ",
    ".map(x, ",
    ".filter(x, ",
    "x",
    " && ",
    " || ",
    "!",
    " == ",
    " != ",
    " < ",
    " in ",
    " + ",
    " - ",
    " * ",
    " / ",
    " % ",
    " ? ",
    " : ",
    "1",
    "-9223372036854775808",
    "2u",
    "1.5",
    "'a'",
    "b'\\xff'",
    "true",
    "null",
    "[1, 'a']",
    "{'k': 1}",
    "Object{a: 1}",
    ".matches('(a+)+$')",
    ".startsWith('a')",
    "duration('1h')",
    "timestamp('2026-01-01T00:00:00Z')",
    "quantity('1Gi')",
    ".format([1])",
    "cel.bind(y, ",
    "optional.of(",
    ", ",
];

pub(super) fn try_one(rng: &mut Rng) {
    let mut text = String::new();
    for _ in 0..rng.below(18) {
        if rng.below(14) == 0 {
            text.push_str(&noise(rng));
        } else {
            text.push_str(pick(rng, &PIECES));
        }
    }
    let Ok(program) = Program::parse(&text) else { return };
    let (object, old) = (values::object(rng), values::object(rng));
    let _ = program.eval(&[("object", tree(&object)), ("oldObject", tree(&old))]).map(|v| v.to_value());
    let _ = (
        program.free_variables(),
        program.fields_of("object"),
        program.misnamed(),
        program.shown_type().is_some(),
    );
}
