//! Patterns of paths, as nginx's regular locations are written in Ingresses: `/api(/|$)(.*)`.
//!
//! Owns: literals, `.`, classes, groups, alternatives, `* + ?`, `^ $`. Not modelled: counted repeats, look-around,
//! back-references. Matching is bounded: a pattern that needs too many steps does not match.

const STEPS_MAX: u32 = 20_000;
const LENGTH_MAX: usize = 512;

#[derive(Clone, Debug)]
enum Node {
    Char(char),
    Any,
    Class(Vec<(char, char)>, bool),
    Start,
    End,
    /// Alternatives of a group; its number, 0: captures nothing.
    Group(Vec<Vec<Node>>, usize),
    /// At least, at most.
    Repeat(Box<Node>, u32, u32),
}

/// A pattern that matches from the start of a path, letters of either case alike.
#[derive(Clone, Debug)]
pub struct Pattern {
    alternatives: Vec<Vec<Node>>,
    groups: usize,
}

struct Parser<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    groups: usize,
    depth: u32,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Option<Vec<Vec<Node>>> {
        self.depth += 1;
        if self.depth > 16 {
            return None;
        }
        let mut all = vec![Vec::new()];
        while let Some(c) = self.rest.peek().copied() {
            if c == ')' {
                break;
            }
            self.rest.next();
            let node = match c {
                '|' => {
                    all.push(Vec::new());
                    continue;
                }
                '.' => Node::Any,
                '^' => Node::Start,
                '$' => Node::End,
                '[' => self.class()?,
                '\\' => match self.rest.next()? {
                    'd' => Node::Class(vec![('0', '9')], false),
                    'w' => Node::Class(vec![('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')], false),
                    other => Node::Char(other),
                },
                '(' => {
                    let mut number = 0;
                    if self.rest.peek() == Some(&'?') {
                        self.rest.next();
                        if self.rest.next() != Some(':') {
                            return None;
                        }
                    } else {
                        self.groups += 1;
                        number = self.groups;
                    }
                    let inside = self.alternatives()?;
                    if self.rest.next() != Some(')') {
                        return None;
                    }
                    Node::Group(inside, number)
                }
                '*' | '+' | '?' => return None,
                other => Node::Char(other),
            };
            let node = match self.rest.peek() {
                Some('*') => Node::Repeat(Box::new(node), 0, u32::MAX),
                Some('+') => Node::Repeat(Box::new(node), 1, u32::MAX),
                Some('?') => Node::Repeat(Box::new(node), 0, 1),
                _ => {
                    all.last_mut()?.push(node);
                    continue;
                }
            };
            self.rest.next();
            all.last_mut()?.push(node);
        }
        self.depth -= 1;
        Some(all)
    }

    fn class(&mut self) -> Option<Node> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut ranges = Vec::new();
        loop {
            let mut c = self.rest.next()?;
            if c == ']' && !ranges.is_empty() {
                return Some(Node::Class(ranges, negated));
            }
            if c == '\\' {
                c = self.rest.next()?;
            }
            if self.rest.peek() == Some(&'-') {
                self.rest.next();
                match self.rest.peek() {
                    Some(']') | None => ranges.extend([(c, c), ('-', '-')]),
                    Some(_) => ranges.push((c, self.rest.next()?)),
                }
            } else {
                ranges.push((c, c));
            }
        }
    }
}

struct Run<'a> {
    text: &'a [char],
    groups: Vec<Option<(usize, usize)>>,
    steps: u32,
}

impl Run<'_> {
    /// Matches nodes from `at`, then what `then` wants.
    fn go(&mut self, nodes: &[Node], at: usize, then: &mut dyn FnMut(&mut Self, usize) -> bool) -> bool {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return false;
        }
        let Some((first, rest)) = nodes.split_first() else { return then(self, at) };
        match first {
            Node::Start => at == 0 && self.go(rest, at, then),
            Node::End => at == self.text.len() && self.go(rest, at, then),
            Node::Char(_) | Node::Any | Node::Class(..) => self.one(first, at) && self.go(rest, at + 1, then),
            Node::Group(alternatives, number) => {
                let before = self.groups[*number];
                for a in alternatives {
                    let found = self.go(a, at, &mut |run, end| {
                        let kept = run.groups[*number];
                        run.groups[*number] = Some((at, end));
                        if run.go(rest, end, then) {
                            return true;
                        }
                        run.groups[*number] = kept;
                        false
                    });
                    if found {
                        return true;
                    }
                }
                self.groups[*number] = before;
                false
            }
            Node::Repeat(inner, least, most) => self.repeat(inner, (*least, *most), rest, at, then),
        }
    }

    fn repeat(
        &mut self,
        inner: &Node,
        (least, most): (u32, u32),
        rest: &[Node],
        at: usize,
        then: &mut dyn FnMut(&mut Self, usize) -> bool,
    ) -> bool {
        if matches!(inner, Node::Char(_) | Node::Any | Node::Class(..)) {
            // A run of single characters, longest first.
            let mut count = 0u32;
            while count < most && self.one(inner, at + count as usize) {
                count += 1;
            }
            loop {
                if count < least {
                    return false;
                }
                if self.go(rest, at + count as usize, then) {
                    return true;
                }
                if count == 0 {
                    return false;
                }
                count -= 1;
            }
        }
        let more = most > 0
            && self.go(std::slice::from_ref(inner), at, &mut |run, end| {
                end > at
                    && run.repeat(inner, (least.saturating_sub(1), most.saturating_sub(1)), rest, end, then)
            });
        more || (least == 0 && self.go(rest, at, then))
    }

    fn one(&self, node: &Node, at: usize) -> bool {
        let Some(c) = self.text.get(at).copied() else { return false };
        let c = c.to_ascii_lowercase();
        match node {
            Node::Char(want) => want.to_ascii_lowercase() == c,
            Node::Any => true,
            Node::Class(ranges, negated) => {
                let within = ranges
                    .iter()
                    .any(|(a, b)| (*a..=*b).contains(&c) || (*a..=*b).contains(&c.to_ascii_uppercase()));
                within != *negated
            }
            _ => false,
        }
    }
}

impl Pattern {
    /// `None` for what this cannot read.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LENGTH_MAX {
            return None;
        }
        let mut parser = Parser { rest: text.chars().peekable(), groups: 0, depth: 0 };
        let alternatives = parser.alternatives()?;
        parser.rest.next().is_none().then_some(Self { alternatives, groups: parser.groups })
    }

    /// What the groups took if the pattern fits the beginning of `path`; group 0 is all that it took.
    #[must_use]
    pub fn matches(&self, path: &str) -> Option<Vec<String>> {
        let text: Vec<char> = path.chars().collect();
        let mut run = Run { text: &text, groups: vec![None; self.groups + 1], steps: 0 };
        for a in &self.alternatives {
            let mut end = 0;
            let found = run.go(a, 0, &mut |_, e| {
                end = e;
                true
            });
            if found {
                run.groups[0] = Some((0, end));
                let groups = run.groups.iter();
                return Some(
                    groups.map(|g| g.map_or(String::new(), |(a, b)| text[a..b].iter().collect())).collect(),
                );
            }
        }
        None
    }
}

/// Fills `$1`, `$2` .. of a rewrite target.
#[must_use]
pub fn fill(target: &str, groups: &[String]) -> String {
    let mut out = String::new();
    let mut chars = target.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek().and_then(|d| d.to_digit(10))) {
            ('$', Some(n)) => {
                chars.next();
                out.push_str(groups.get(n as usize).map_or("", String::as_str));
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_rewrites() {
        let table = [
            ("/api(/|$)(.*)", "/api/v1/x", "/$2", Some("/v1/x")),
            ("/api(/|$)(.*)", "/api", "/$2", Some("/")),
            ("/api(/|$)(.*)", "/apix", "/$2", None),
            ("/(.*)", "/a/b", "/x/$1", Some("/x/a/b")),
            ("/[a-z]+/([0-9]+)$", "/item/42", "/$1", Some("/42")),
            ("/[^/]+/b", "/a/b", "/", Some("/")),
            ("/(?:a|b)/c?", "/b/", "/", Some("/")),
            ("/a(bc)*d", "/abcbcd", "/$1", Some("/bc")),
        ];
        for (pattern, path, target, want) in table {
            let p = Pattern::parse(pattern).expect(pattern);
            assert_eq!(p.matches(path).map(|g| fill(target, &g)).as_deref(), want, "{pattern} {path}");
        }
        for bad in ["(", "[a", "*a", "a**", ")", "(?=x)", "\\"] {
            assert!(Pattern::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_costly_pattern_ends() {
        let p = Pattern::parse("/(a*)*(a*)*(a*)*b").expect("good");
        assert_eq!(p.matches(&format!("/{}", "a".repeat(200))), None);
    }
}
