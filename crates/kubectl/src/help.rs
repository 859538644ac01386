//! Help pages, in our own words. Owns the layout; each command carries its line, [`korean`] its translation.

mod korean;

use crate::command::{Command, GLOBAL};
use crate::flags::{Flag, Kind};
use crate::io::Io;

/// The language of help pages, by `LANGUAGE`, `LC_ALL` or `LANG`.
#[must_use]
pub fn speaks_korean(io: &dyn Io) -> bool {
    ["LANGUAGE", "LC_ALL", "LANG"]
        .iter()
        .find_map(|v| io.env(v).filter(|l| !l.is_empty()))
        .is_some_and(|l| l.starts_with("ko"))
}

fn said(english: &'static str, in_korean: bool) -> &'static str {
    if in_korean { korean::of(english) } else { english }
}

const OPTIONS_HINT: &str =
    "Use \"kubectl options\" for a list of global command-line options (applies to all commands).";

/// What `--help` prints.
#[must_use]
pub fn page(command: &Command, path: &str, ko: bool) -> String {
    let mut out = String::new();
    out.push_str(said(command.short, ko));
    out.push('\n');
    let heading = |out: &mut String, text| {
        out.push('\n');
        out.push_str(said(text, ko));
        out.push('\n');
    };
    if !command.aliases.is_empty() {
        heading(&mut out, "Aliases:");
        out.push_str(command.name);
        for a in command.aliases {
            out.push_str(", ");
            out.push_str(a);
        }
        out.push('\n');
    }
    let visible = command.commands.iter().filter(|c| !c.hidden);
    let width = visible.clone().map(|c| c.name.len()).max().unwrap_or(0);
    if width > 0 {
        heading(&mut out, "Available Commands:");
        for c in visible {
            out.push_str(&format!("  {:width$}   {}\n", c.name, said(c.short, ko)));
        }
    }
    let own: Vec<&Flag> = command.flags.iter().copied().flatten().collect();
    if !own.is_empty() {
        heading(&mut out, "Options:");
        for f in own {
            out.push_str(&option(f, ko));
        }
    }
    heading(&mut out, "Usage:");
    out.push_str("  ");
    out.push_str(path);
    if !command.usage.is_empty() {
        out.push(' ');
        out.push_str(command.usage);
    }
    out.push_str(if command.commands.is_empty() { " [flags]\n\n" } else { " [command]\n\n" });
    out.push_str(said(OPTIONS_HINT, ko));
    out.push('\n');
    out
}

/// What `kubectl options` prints.
#[must_use]
pub fn global_options(ko: bool) -> String {
    let mut out = said("The following options can be passed to any command:", ko).to_owned();
    out.push_str("\n\n");
    for f in GLOBAL {
        out.push_str(&option(f, ko));
    }
    out
}

fn option(f: &Flag, ko: bool) -> String {
    let default = match f.kind {
        Kind::Text | Kind::Optional(_) => format!("'{}'", f.default),
        Kind::Words | Kind::Texts => "[]".into(),
        _ => f.default.to_owned(),
    };
    let letter = if f.short == '\0' { String::new() } else { format!("-{}, ", f.short) };
    format!("    {letter}--{}={default}:\n\t{}\n\n", f.name, said(f.help, ko))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(command: &'static Command, seen: &mut Vec<&'static str>) {
        seen.push(command.short);
        // Words that stand for themselves need no translation.
        let plain = |h: &str| {
            !h.contains(' ') || h.contains('=') || h.starts_with(char::is_uppercase) || h.contains(", ")
        };
        seen.extend(command.flags.iter().copied().flatten().map(|f| f.help).filter(|h| !plain(h)));
        for c in command.commands {
            each(c, seen);
        }
    }

    #[test]
    fn every_command_is_explained_in_both_languages() {
        let mut lines = Vec::new();
        each(crate::verbs::root(), &mut lines);
        assert!(lines.len() > 80);
        for l in lines {
            assert!(korean::TABLE.iter().any(|(en, ko)| *en == l && !ko.is_empty()), "no Korean for: {l}");
        }
    }
}
