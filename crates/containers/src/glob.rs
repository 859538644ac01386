//! Shell patterns: `*`, `?`, `[..]` and backslash, as `fnmatch` has them. Linear in the text for each star.

/// One element of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Char(char),
    Any,
    Star,
    Set { not: bool, ranges: Vec<(char, char)> },
}

/// A pattern ready to match.
#[derive(Clone, Debug)]
pub struct Pattern(Vec<Item>);

impl Pattern {
    /// Reads a pattern in which a backslash makes the next character literal.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut items = Vec::new();
        let mut i = 0;
        while i < chars.len() {
            match chars[i] {
                '\\' if i + 1 < chars.len() => {
                    items.push(Item::Char(chars[i + 1]));
                    i += 1;
                }
                '*' => {
                    if items.last() != Some(&Item::Star) {
                        items.push(Item::Star);
                    }
                }
                '?' => items.push(Item::Any),
                '[' => match set(&chars, i) {
                    Some((item, next)) => {
                        items.push(item);
                        i = next - 1;
                    }
                    None => items.push(Item::Char('[')),
                },
                c => items.push(Item::Char(c)),
            }
            i += 1;
        }
        Self(items)
    }

    /// True when the pattern has no special element: it can only match itself.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.0.iter().all(|i| matches!(i, Item::Char(_)))
    }

    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        self.matches_chars(&chars)
    }

    #[must_use]
    pub fn matches_chars(&self, text: &[char]) -> bool {
        let (mut p, mut t) = (0, 0);
        let mut back: Option<(usize, usize)> = None;
        loop {
            match self.0.get(p) {
                Some(Item::Star) => {
                    back = Some((p, t));
                    p += 1;
                    continue;
                }
                Some(item) if t < text.len() && one(item, text[t]) => {
                    p += 1;
                    t += 1;
                    continue;
                }
                None if t == text.len() => return true,
                _ => {}
            }
            match back {
                Some((star, at)) if at < text.len() => {
                    back = Some((star, at + 1));
                    p = star + 1;
                    t = at + 1;
                }
                _ => return false,
            }
        }
    }

    /// Where in `text` a removed prefix ends: `${x#p}` (shortest) or `${x##p}` (longest).
    #[must_use]
    pub fn prefix(&self, text: &[char], longest: bool) -> Option<usize> {
        let mut ends = 0..=text.len();
        let fits = |&n: &usize| self.matches_chars(&text[..n]);
        if longest { ends.rev().find(fits) } else { ends.find(fits) }
    }

    /// Where in `text` a removed suffix begins.
    #[must_use]
    pub fn suffix(&self, text: &[char], longest: bool) -> Option<usize> {
        let mut starts = 0..=text.len();
        let fits = |&n: &usize| self.matches_chars(&text[n..]);
        if longest { starts.find(fits) } else { starts.rev().find(fits) }
    }
}

fn one(item: &Item, c: char) -> bool {
    match item {
        Item::Char(x) => *x == c,
        Item::Any => true,
        Item::Star => false,
        Item::Set { not, ranges } => ranges.iter().any(|(a, b)| (*a..=*b).contains(&c)) != *not,
    }
}

/// Reads `[..]` at `at`; `None` when it never closes.
fn set(chars: &[char], at: usize) -> Option<(Item, usize)> {
    let mut i = at + 1;
    let not = matches!(chars.get(i), Some('!' | '^'));
    i += usize::from(not);
    let mut ranges = Vec::new();
    let first = i;
    loop {
        let c = *chars.get(i)?;
        if c == ']' && i > first {
            return Some((Item::Set { not, ranges }, i + 1));
        }
        if c == '[' && chars.get(i + 1) == Some(&':') {
            let end = (i + 2..chars.len()).find(|&j| chars[j] == ':' && chars.get(j + 1) == Some(&']'))?;
            let name: String = chars[i + 2..end].iter().collect();
            ranges.extend_from_slice(class(&name));
            i = end + 2;
            continue;
        }
        let low = if c == '\\' {
            i += 1;
            *chars.get(i)?
        } else {
            c
        };
        if chars.get(i + 1) == Some(&'-') && chars.get(i + 2).is_some_and(|c| *c != ']') {
            let mut high = chars[i + 2];
            i += 2;
            if high == '\\' {
                i += 1;
                high = *chars.get(i)?;
            }
            ranges.push((low, high));
        } else {
            ranges.push((low, low));
        }
        i += 1;
    }
}

/// The ranges of a named character class; empty for an unknown one.
#[must_use]
pub fn class(name: &str) -> &'static [(char, char)] {
    match name {
        "alpha" => &[('a', 'z'), ('A', 'Z'), ('\u{80}', '\u{10FFFF}')],
        "digit" => &[('0', '9')],
        "alnum" => &[('a', 'z'), ('A', 'Z'), ('0', '9'), ('\u{80}', '\u{10FFFF}')],
        "upper" => &[('A', 'Z')],
        "lower" => &[('a', 'z')],
        "space" => &[(' ', ' '), ('\t', '\r')],
        "blank" => &[(' ', ' '), ('\t', '\t')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "xdigit" => &[('0', '9'), ('a', 'f'), ('A', 'F')],
        "print" => &[(' ', '~'), ('\u{80}', '\u{10FFFF}')],
        "graph" => &[('!', '~'), ('\u{80}', '\u{10FFFF}')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_match_as_fnmatch_does() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("a*b*c", "aXXbYYc", true),
            ("a*b*c", "aXXbYY", false),
            ("?", "한", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]x]", "]", true),
            ("[", "[", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("[[:digit:]]*", "7up", true),
            ("*.yaml", "a.yaml", true),
            ("*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), want, "{pattern} on {text}");
        }
    }
}
