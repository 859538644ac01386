//! Transcripts, command by command, and how two of them differ.

use std::fmt::Write as _;
use std::path::Path;

use crate::normalise::{Keep, output};

/// One command of a transcript, normalised; a failed one ends in `[exit N]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub line: String,
    pub printed: Vec<String>,
}

pub fn parse(text: &str, keep: &Keep) -> Vec<Command> {
    let mut commands: Vec<(String, Vec<&str>)> = Vec::new();
    let mut here_document: Option<String> = None;
    for line in text.lines() {
        if let (Some(end), Some((command, _))) = (&here_document, commands.last_mut()) {
            command.push('\n');
            command.push_str(line);
            if line.trim() == end {
                here_document = None;
            }
        } else if let Some(command) = line.strip_prefix("$ ") {
            here_document = command.split_once("<<").and_then(|(_, rest)| {
                let rest = rest.trim_start_matches('-').trim_start().trim_start_matches(['\'', '"']);
                let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                (!word.is_empty()).then_some(word)
            });
            commands.push((command.to_owned(), Vec::new()));
        } else if let Some((_, printed)) = commands.last_mut() {
            printed.push(line);
        }
    }
    let normal = |(line, mut printed): (String, Vec<&str>)| {
        let is_exit = |l: &&str| l.starts_with("[exit ") && l.ends_with(']');
        let exit = if printed.last().is_some_and(is_exit) { printed.pop() } else { None };
        let mut printed = output(&printed, keep);
        printed.extend(exit.map(str::to_owned));
        Command { line, printed }
    };
    commands.into_iter().map(normal).collect()
}

/// The words that the scenario's own files spell out.
pub fn keep(directory: &Path) -> Keep {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name() != "expected.txt" {
            texts.extend(std::fs::read_to_string(entry.path()));
        }
    }
    Keep::of(texts.iter().map(String::as_str))
}

/// For each wanted command, whether `got` has it in the same place with the same output.
pub fn equal(wanted: &[Command], got: &[Command]) -> Vec<bool> {
    wanted.iter().enumerate().map(|(i, w)| got.get(i) == Some(w)).collect()
}

/// The commands that differ, both sides, for a reader.
pub fn difference(wanted: &[Command], got: &[Command]) -> String {
    let mut out = String::new();
    for (i, (w, same)) in wanted.iter().zip(equal(wanted, got)).enumerate() {
        if same {
            continue;
        }
        let _ = writeln!(out, "  $ {}", w.line);
        let none = Vec::new();
        let printed = got.get(i).filter(|g| g.line == w.line).map_or(&none, |g| &g.printed);
        for line in w.printed.iter().filter(|l| !printed.contains(l)) {
            let _ = writeln!(out, "    wanted {line}");
        }
        for line in printed.iter().filter(|l| !w.printed.contains(l)) {
            let _ = writeln!(out, "    got    {line}");
        }
        if w.printed.iter().all(|l| printed.contains(l)) && printed.iter().all(|l| w.printed.contains(l)) {
            let _ = writeln!(out, "    the same lines in another order");
        }
    }
    if got.len() != wanted.len() {
        let _ = writeln!(out, "  {} commands, wanted {}", got.len(), wanted.len());
    }
    out
}
