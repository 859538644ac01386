//! bash's brace expansion: `a{b,c}d`, `{1..5}`, `{a..e..2}`.

use super::ast::{Part, Word};

/// Words one brace expansion may make.
pub(super) const BRACES_MAX: usize = 20_000;

pub(super) fn has_brace(word: &Word) -> bool {
    word.0.iter().any(|p| matches!(p, Part::Lit(t) if t.contains('{')))
}

#[derive(Clone)]
enum Token {
    Char(char),
    Part(Part),
}

/// Brace expansion of one word: `a{b,c}d`, `{1..5}`, `{a..e..2}`.
pub(super) fn braces(parts: &[Part], left: &mut usize) -> Vec<Vec<Part>> {
    let mut tokens = Vec::new();
    for part in parts {
        match part {
            Part::Lit(text) => tokens.extend(text.chars().map(Token::Char)),
            part => tokens.push(Token::Part(part.clone())),
        }
    }
    brace_tokens(&tokens, left, 0).into_iter().map(|t| from_tokens(&t)).collect()
}

fn from_tokens(tokens: &[Token]) -> Vec<Part> {
    let mut parts = Vec::new();
    for token in tokens {
        match (token, parts.last_mut()) {
            (Token::Char(c), Some(Part::Lit(text))) => text.push(*c),
            (Token::Char(c), _) => parts.push(Part::Lit(c.to_string())),
            (Token::Part(p), _) => parts.push(p.clone()),
        }
    }
    parts
}

fn brace_tokens(tokens: &[Token], left: &mut usize, depth: usize) -> Vec<Vec<Token>> {
    let is = |i: usize, c: char| matches!(tokens.get(i), Some(Token::Char(x)) if *x == c);
    let plain = |left: &mut usize| {
        *left = left.saturating_sub(1);
        vec![tokens.to_vec()]
    };
    if depth > 16 {
        return plain(left);
    }
    for open in 0..tokens.len() {
        if !is(open, '{') {
            continue;
        }
        let (mut level, mut commas, mut close) = (0, Vec::new(), None);
        for i in open + 1..tokens.len() {
            if is(i, '{') {
                level += 1;
            } else if is(i, '}') && level > 0 {
                level -= 1;
            } else if is(i, '}') {
                close = Some(i);
                break;
            } else if is(i, ',') && level == 0 {
                commas.push(i);
            }
        }
        let Some(close) = close else { continue };
        let choices: Vec<Vec<Token>> = if commas.is_empty() {
            let text: Option<String> = tokens[open + 1..close]
                .iter()
                .map(|t| if let Token::Char(c) = t { Some(*c) } else { None })
                .collect();
            match text.and_then(|t| sequence(&t)) {
                Some(items) => items.iter().map(|s| s.chars().map(Token::Char).collect()).collect(),
                None => continue,
            }
        } else {
            let mut ends = commas;
            ends.push(close);
            let mut from = open + 1;
            let mut choices = Vec::new();
            for end in ends {
                choices.extend(brace_tokens(&tokens[from..end], left, depth + 1));
                from = end + 1;
            }
            choices
        };
        let tails = brace_tokens(&tokens[close + 1..], left, depth + 1);
        let mut out = Vec::new();
        for choice in &choices {
            for tail in &tails {
                if *left == 0 {
                    return out;
                }
                *left -= 1;
                out.push([&tokens[..open], choice, tail].concat());
            }
        }
        return out;
    }
    plain(left)
}

fn sequence(text: &str) -> Option<Vec<String>> {
    let mut parts = text.split("..");
    let (from, to) = (parts.next()?, parts.next()?);
    let step: i64 = match parts.next() {
        Some(s) => s.parse::<i64>().ok()?.abs().max(1),
        None => 1,
    };
    if let (Ok(a), Ok(b)) = (from.parse::<i64>(), to.parse::<i64>()) {
        let padded =
            |t: &str| t.trim_start_matches('-').starts_with('0') && t.trim_start_matches('-').len() > 1;
        let width = if padded(from) || padded(to) { from.len().max(to.len()) } else { 0 };
        if a.abs_diff(b) / step.unsigned_abs() > BRACES_MAX as u64 {
            return None;
        }
        let n = a.abs_diff(b) / step.unsigned_abs();
        let sign = if a <= b { step } else { -step };
        return Some((0..=n as i64).map(|i| format!("{:0width$}", a + i * sign)).collect());
    }
    let one = |t: &str| t.chars().next().filter(|c| t.len() == 1 && c.is_ascii_alphabetic());
    let (a, b) = (one(from)? as u8, one(to)? as u8);
    let range: Vec<u8> = if a <= b { (a..=b).collect() } else { (b..=a).rev().collect() };
    Some(range.into_iter().step_by(step as usize).map(|c| (c as char).to_string()).collect())
}
