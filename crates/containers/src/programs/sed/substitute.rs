//! One `s` command carried out on one text.

use super::{Piece, SPACE_MAX};
use crate::regex::Regex;

/// Replaces matches; `None` when there was none to replace.
pub(super) fn substitute(
    text: &str,
    regex: &Regex,
    with: &[Piece],
    global: bool,
    nth: usize,
) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let (mut at, mut seen, mut changed) = (0, 0, false);
    let mut last_end = None;
    while at <= chars.len() {
        let Some(groups) = regex.find_at(&chars, at) else { break };
        let Some((a, b)) = groups[0] else { break };
        if a == b && last_end == Some(a) {
            // An empty match right after another match is none.
            if a < chars.len() {
                out.push(chars[a]);
            }
            at = a + 1;
            last_end = None;
            continue;
        }
        out.extend(&chars[at..a]);
        seen += 1;
        if seen >= nth {
            changed = true;
            let mut case = 'E';
            for piece in with {
                let text: String = match piece {
                    Piece::Text(t) => t.clone(),
                    Piece::Group(n) => groups
                        .get(*n)
                        .copied()
                        .flatten()
                        .map(|(x, y)| chars[x..y].iter().collect())
                        .unwrap_or_default(),
                    Piece::Case(c) => {
                        case = *c;
                        continue;
                    }
                };
                match case {
                    'U' => out.push_str(&text.to_uppercase()),
                    'L' => out.push_str(&text.to_lowercase()),
                    'u' | 'l' => {
                        let mut rest = text.chars();
                        if let Some(c) = rest.next() {
                            if case == 'u' {
                                out.extend(c.to_uppercase())
                            } else {
                                out.extend(c.to_lowercase())
                            }
                        }
                        out.push_str(rest.as_str());
                        case = 'E';
                    }
                    _ => out.push_str(&text),
                }
            }
        } else {
            out.extend(&chars[a..b]);
        }
        last_end = Some(b);
        if a == b {
            if b < chars.len() {
                out.push(chars[b]);
            }
            at = b + 1;
            last_end = None;
        } else {
            at = b;
        }
        if (changed && !global) || out.len() > SPACE_MAX {
            break;
        }
    }
    if !changed {
        return None;
    }
    out.extend(chars.get(at..).unwrap_or_default());
    Some(out)
}
