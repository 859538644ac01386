//! `echo`: with `-n`, `-e` and `-E`.

use crate::machine::Sys;
use crate::shell::{Dialect, to_bytes, unescape};

/// The bytes `echo` writes. dash reads escapes always and knows only `-n`.
pub(crate) fn render(args: &[String], dialect: Dialect) -> Vec<u8> {
    let mut newline = true;
    let mut escapes = dialect == Dialect::Dash;
    let mut rest = args;
    while let Some(flags) = rest.first().and_then(|a| a.strip_prefix('-')).filter(|f| !f.is_empty()) {
        let known =
            if dialect == Dialect::Dash { flags == "n" } else { flags.bytes().all(|b| b"neE".contains(&b)) };
        if !known {
            break;
        }
        for c in flags.chars() {
            match c {
                'n' => newline = false,
                'e' => escapes = true,
                _ => escapes = false,
            }
        }
        rest = &rest[1..];
    }
    let text = rest.join(" ");
    let mut out = if escapes {
        let (text, cut) = unescape(&text, true);
        newline &= !cut;
        to_bytes(&text)
    } else {
        text.into_bytes()
    };
    if newline {
        out.push(b'\n');
    }
    out
}

pub(super) fn run(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let dialect = if sys.gnu() { Dialect::Bash } else { Dialect::Ash };
    sys.out(render(&argv[1..], dialect));
    0
}
