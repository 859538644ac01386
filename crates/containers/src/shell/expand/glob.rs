//! Patterns that stand for the names of files.

use super::{Expander, Piece};
use crate::fs::{Node, clean};
use crate::glob::Pattern;

impl Expander<'_, '_> {
    pub(super) fn globbed(&mut self, field: Vec<Piece>, out: &mut Vec<String>) {
        let plain: String = field.iter().map(|p| p.text.as_str()).collect();
        let magic = field.iter().any(|p| !p.quoted && p.text.contains(['*', '?', '[']));
        if magic && !self.shell.options.no_glob {
            let pattern = pattern_text(&field);
            let found = self.glob(&pattern);
            if !found.is_empty() {
                out.extend(found);
                return;
            }
        }
        out.push(plain);
    }

    /// Names that match a pattern with escapes, in byte order.
    pub(in crate::shell) fn glob(&mut self, pattern: &str) -> Vec<String> {
        let absolute = pattern.starts_with('/');
        let mut found = vec![if absolute { "/".to_string() } else { String::new() }];
        let parts: Vec<&str> = pattern.split('/').filter(|p| !p.is_empty()).collect();
        for (n, part) in parts.iter().enumerate() {
            let last = n + 1 == parts.len();
            let compiled = Pattern::new(part);
            let mut next = Vec::new();
            for base in &found {
                if compiled.is_literal() {
                    let name: String = unescape_glob(part);
                    let path = format!("{base}{name}");
                    let full = self.sys.path(&path);
                    if self.sys.fs().get_link(&full).is_ok() {
                        next.push(if last { path } else { format!("{path}/") });
                    }
                    continue;
                }
                let dir = self.sys.path(if base.is_empty() { "." } else { base });
                for (name, node) in self.sys.fs().list(&clean(&dir)).unwrap_or_default() {
                    let hidden = name.starts_with('.') && !part.starts_with('.');
                    if hidden || !compiled.matches(&name) {
                        continue;
                    }
                    if last {
                        next.push(format!("{base}{name}"));
                    } else if !matches!(node, Node::File(_)) {
                        next.push(format!("{base}{name}/"));
                    }
                }
            }
            found = next;
            self.sys.charge(found.len() as u32);
        }
        if pattern.ends_with('/') {
            found.iter_mut().for_each(|f| f.push('/'));
        }
        found
    }
}

pub(in crate::shell) fn pattern_text(pieces: &[Piece]) -> String {
    let mut out = String::new();
    for piece in pieces {
        for c in piece.text.chars() {
            if piece.quoted && "*?[]\\".contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

fn unescape_glob(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    out
}
