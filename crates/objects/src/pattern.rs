//! Patterns of schemas: the regular expressions that manifests use.
//!
//! Understands literals, classes, groups, alternation, repetition, anchors and the common escapes. A pattern it cannot
//! read matches everything: a learner's object is not refused for our limits. Not modelled: look-around, back
//! references (Go has none either), Unicode classes.

/// How many steps one match may take, so that no pattern hangs the page.
const STEPS_MAX: usize = 200_000;

#[derive(Clone, Debug)]
enum Node {
    Char(char),
    Any,
    /// Ranges, and whether it means all others.
    Class(Vec<(char, char)>, bool),
    Start,
    End,
    WordEdge(bool),
    Group(Vec<Vec<Node>>),
    /// Least, most, greedy or not makes no difference to whether it matches.
    Repeat(Box<Node>, usize, usize),
}

/// Whether `text` contains a match.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let chars: Vec<char> = pattern.chars().collect();
    let mut parser = Parser { chars: &chars, at: 0 };
    let Some(alternatives) = parser.alternatives() else { return true };
    if parser.at != chars.len() {
        return true;
    }
    let text: Vec<char> = text.chars().collect();
    let whole = [Node::Group(alternatives)];
    let mut matcher = Matcher { text: &text, steps: 0 };
    (0..=text.len()).any(|start| matcher.run(&whole, start, &mut |_, _| true))
}

struct Parser<'a> {
    chars: &'a [char],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, c: char) -> bool {
        let is = self.peek() == Some(c);
        self.at += usize::from(is);
        is
    }

    fn alternatives(&mut self) -> Option<Vec<Vec<Node>>> {
        let mut all = vec![self.sequence()?];
        while self.take('|') {
            all.push(self.sequence()?);
        }
        Some(all)
    }

    fn sequence(&mut self) -> Option<Vec<Node>> {
        let mut nodes = Vec::new();
        while let Some(c) = self.peek().filter(|c| !matches!(c, '|' | ')')) {
            self.at += 1;
            let node = match c {
                '^' => Node::Start,
                '$' => Node::End,
                '.' => Node::Any,
                '[' => self.class()?,
                '(' => {
                    if self.take('?') {
                        // `(?:` groups only; flags and look-around are not understood.
                        self.take(':').then_some(())?;
                    }
                    let inner = self.alternatives()?;
                    self.take(')').then_some(())?;
                    Node::Group(inner)
                }
                '\\' => self.escape()?,
                '*' | '+' | '?' => return None,
                c => Node::Char(c),
            };
            nodes.push(self.repeated(node)?);
        }
        Some(nodes)
    }

    fn repeated(&mut self, node: Node) -> Option<Node> {
        let (least, most) = match self.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => {
                let close = self.chars[self.at..].iter().position(|c| *c == '}')? + self.at;
                let inside: String = self.chars[self.at + 1..close].iter().collect();
                let (a, b) = inside.split_once(',').unwrap_or((&inside, &inside));
                let least = a.parse().ok()?;
                let most = if b.is_empty() { usize::MAX } else { b.parse().ok()? };
                self.at = close;
                (least, most)
            }
            _ => return Some(node),
        };
        self.at += 1;
        self.take('?');
        Some(Node::Repeat(Box::new(node), least, most))
    }

    fn escape(&mut self) -> Option<Node> {
        let c = self.peek()?;
        self.at += 1;
        Some(match c {
            'b' => Node::WordEdge(true),
            'B' => Node::WordEdge(false),
            'A' => Node::Start,
            'z' => Node::End,
            _ => match shorthand(c) {
                Some((ranges, others)) => Node::Class(ranges, others),
                None => Node::Char(literal(c)?),
            },
        })
    }

    fn class(&mut self) -> Option<Node> {
        let others = self.take('^');
        let mut ranges = Vec::new();
        let mut first = true;
        loop {
            let c = self.peek()?;
            self.at += 1;
            if c == ']' && !first {
                return Some(Node::Class(ranges, others));
            }
            first = false;
            let from = if c == '\\' {
                let e = self.peek()?;
                self.at += 1;
                match shorthand(e) {
                    Some((more, false)) => {
                        ranges.extend(more);
                        continue;
                    }
                    Some(_) => return None,
                    None => literal(e)?,
                }
            } else {
                c
            };
            let dash = self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|c| *c != ']');
            let to = if dash {
                self.at += 1;
                let end = self.peek()?;
                self.at += 1;
                if end == '\\' {
                    let e = self.peek()?;
                    self.at += 1;
                    literal(e)?
                } else {
                    end
                }
            } else {
                from
            };
            ranges.push((from, to));
        }
    }
}

fn shorthand(c: char) -> Option<(Vec<(char, char)>, bool)> {
    let ranges = match c.to_ascii_lowercase() {
        'd' => vec![('0', '9')],
        'w' => vec![('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        's' => vec![('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        _ => return None,
    };
    Some((ranges, c.is_ascii_uppercase()))
}

fn literal(c: char) -> Option<char> {
    Some(match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'f' => '\x0c',
        c if c.is_ascii_alphanumeric() => return None,
        c => c,
    })
}

struct Matcher<'a> {
    text: &'a [char],
    steps: usize,
}

type Then<'c, 'a> = &'c mut dyn FnMut(&mut Matcher<'a>, usize) -> bool;

impl<'a> Matcher<'a> {
    fn run(&mut self, nodes: &[Node], at: usize, then: Then<'_, 'a>) -> bool {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return true;
        }
        let Some((node, rest)) = nodes.split_first() else { return then(self, at) };
        let word = |i: Option<usize>| {
            i.and_then(|i| self.text.get(i)).is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_')
        };
        match node {
            Node::Start => at == 0 && self.run(rest, at, then),
            Node::End => at == self.text.len() && self.run(rest, at, then),
            Node::WordEdge(wanted) => {
                let edge = word(at.checked_sub(1)) != word(Some(at));
                edge == *wanted && self.run(rest, at, then)
            }
            Node::Group(alternatives) => {
                alternatives.iter().any(|a| self.run(a, at, &mut |m, end| m.run(rest, end, then)))
            }
            Node::Repeat(inner, least, most) => {
                self.repeat(inner, *least, *most, at, &mut |m, end| m.run(rest, end, then))
            }
            single => {
                let fits = self.text.get(at).is_some_and(|c| match single {
                    Node::Char(x) => x == c,
                    Node::Any => *c != '\n',
                    Node::Class(ranges, others) => {
                        ranges.iter().any(|(a, b)| (a..=b).contains(&c)) != *others
                    }
                    _ => false,
                });
                fits && self.run(rest, at + 1, then)
            }
        }
    }

    fn repeat(&mut self, inner: &Node, least: usize, most: usize, at: usize, then: Then<'_, 'a>) -> bool {
        if most > 0 {
            let more = most.saturating_sub(usize::from(most != usize::MAX));
            let once = std::slice::from_ref(inner);
            let again = self.run(once, at, &mut |m, end| {
                // An empty round adds nothing and would not end.
                (end > at || least > 0) && m.repeat(inner, least.saturating_sub(1), more, end, then)
            });
            if again {
                return true;
            }
        }
        least == 0 && then(self, at)
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_of_manifests() {
        let cron = r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$";
        for (pattern, text, wanted) in [
            (cron, "* * * * */5", true),
            (cron, "* * * *", false),
            ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "my-name", true),
            ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "My-name", false),
            ("b+", "abbbc", true),
            ("^(https?|s3)://.+$", "s3://x", true),
            ("^(https?|s3)://.+$", "ftp://x", false),
            (r"^v\d{1,2}(\.\d+){0,2}$", "v12.3.4", true),
            (r"^v\d{1,2}(\.\d+){0,2}$", "v123", false),
            ("^[^/]+$", "a/b", false),
            ("(?:a|b)c", "xbc", true),
            ("^(a*)*$", "aaab", false),
            // Too many steps: given up in the object's favour.
            ("^(a*)*$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaab", true),
            ("(unclosed", "anything", true),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} on {text}");
        }
    }
}
