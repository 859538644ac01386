//! go-templates as kubectl and helm run them.

use clock::Rng;
use helm::Templates;
use kubectl::printers::go_template::Template;

use super::{noise, pick, values};

const PIECES: [&str; 56] = [
    "{{",
    "}}",
    "{{-",
    "-}}",
    " ",
    ".",
    ".metadata.name",
    ".spec",
    ".items",
    "$",
    "$x",
    ":=",
    "=",
    "|",
    "(",
    ")",
    "range ",
    "end",
    "if ",
    "else",
    "with ",
    "define \"t\"",
    "template \"t\" .",
    "include \"t\" .",
    "block \"b\" .",
    "break",
    "continue",
    "\"a\"",
    "`b`",
    "1",
    "-3",
    "2.5",
    "'c'",
    "printf \"%05d %q %v\" ",
    "index . 1",
    "slice \"abc\" 1",
    "len .",
    "eq 1 1",
    "and . .",
    "not .",
    "default 1 .",
    "toYaml .",
    "nindent 4",
    "quote",
    "tpl \"{{ . }}\" .",
    "dict \"a\" 1",
    "list 1 2",
    "until 9",
    "repeat 99999",
    "trunc -2",
    "replace \"a\" \"b\"",
    "b64enc",
    "fromYaml",
    "required \"m\"",
    "/* */",
    "{{ . }}",
];

pub(super) fn try_one(rng: &mut Rng) {
    let mut text = String::new();
    for _ in 0..rng.below(20) {
        if rng.below(10) == 0 {
            text.push_str(&noise(rng));
        } else {
            text.push_str(pick(rng, &PIECES));
        }
        if rng.below(2) == 0 {
            text.push(' ');
        }
    }
    if rng.below(2) == 0 {
        text = format!("{{{{define \"t\"}}}}<{{{{.}}}}>{{{{end}}}}{{{{ {text} }}}}");
    }
    let object = values::object(rng);
    if let Ok(t) = Template::parse(&text) {
        let _ = t.render(&object).is_ok();
    }
    let _ = Templates::render(&text, &object).is_ok();
}
