//! Help pages, in our own words. Owns the layout; each command carries its line.

use crate::command::{Command, GLOBAL};
use crate::flags::{Flag, Kind};

/// What `--help` prints.
#[must_use]
pub fn page(command: &Command, path: &str) -> String {
    let mut out = String::new();
    out.push_str(command.short);
    out.push('\n');
    if !command.aliases.is_empty() {
        out.push_str("\nAliases:\n");
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
        out.push_str("\nAvailable Commands:\n");
        for c in visible {
            out.push_str(&format!("  {:width$}   {}\n", c.name, c.short));
        }
    }
    let own: Vec<&Flag> = command.flags.iter().copied().flatten().collect();
    if !own.is_empty() {
        out.push_str("\nOptions:\n");
        for f in own {
            out.push_str(&option(f));
        }
    }
    out.push_str(&format!("\nUsage:\n  {path}"));
    if !command.usage.is_empty() {
        out.push(' ');
        out.push_str(command.usage);
    }
    out.push_str(if command.commands.is_empty() { " [flags]" } else { " [command]" });
    out.push_str(
        "\n\nUse \"kubectl options\" for a list of global command-line options (applies to all commands).\n",
    );
    out
}

/// What `kubectl options` prints.
#[must_use]
pub fn global_options() -> String {
    let mut out = "The following options can be passed to any command:\n\n".to_owned();
    for f in GLOBAL {
        out.push_str(&option(f));
    }
    out
}

fn option(f: &Flag) -> String {
    let default = match f.kind {
        Kind::Text | Kind::Optional(_) => format!("'{}'", f.default),
        Kind::Words | Kind::Texts => "[]".into(),
        _ => f.default.to_owned(),
    };
    let letter = if f.short == '\0' { "    ".to_owned() } else { format!("-{}, ", f.short) };
    format!("    {letter}--{}={default}:\n\t{}\n\n", f.name, f.help)
}
