//! One-liners of Python, JavaScript, PHP and Ruby: printing, sums, variables, counted loops, sleeping, one request.
//!
//! Not an interpreter: a statement that is none of these is told and ends the program with code 1.

use ordered::BTreeMap;

use crate::machine::{Sys, Turn, Wait};
use crate::net::{HttpRequest, NetAnswer, NetRequest};

const LINES_MAX: usize = 2_000;
const DEPTH_MAX: usize = 20;

/// A program under way.
#[derive(Clone)]
pub(super) struct Run {
    /// Indentation and text of each statement.
    lines: Vec<(usize, String)>,
    at: usize,
    vars: BTreeMap<String, String>,
    /// Loops around the current line: where the head is, its variable, the values left (`None`: without end).
    loops: Vec<(usize, String, Option<std::ops::Range<i64>>)>,
    call: Option<u32>,
    /// What the last request gave.
    answer: Option<String>,
    /// The statement that was not understood.
    pub(super) unknown: Option<String>,
}

/// Apart at `;` and `,` outside of quotes and brackets.
fn apart(text: &str, mark: char) -> Vec<String> {
    let (mut all, mut one, mut quote, mut depth) = (Vec::new(), String::new(), None, 0);
    for c in text.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, c) if c == mark && depth == 0 => {
                all.push(std::mem::take(&mut one));
                continue;
            }
            _ => {}
        }
        one.push(c);
    }
    all.push(one);
    all
}

fn unquoted(text: &str) -> Option<(&str, char)> {
    let q = text.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'))?;
    let inner = text.get(1..)?.strip_suffix(q)?;
    (!inner.contains(q)).then_some((inner, q))
}

/// A page of PHP: its text, with what its `echo`s give.
pub(crate) fn page(text: &str, sys: &Sys<'_>) -> String {
    let (mut out, mut rest) = (String::new(), text);
    let mut run = Run::new("");
    while let Some(i) = rest.find("<?") {
        out.push_str(&rest[..i]);
        let code = rest[i..].trim_start_matches("<?php").trim_start_matches("<?=").trim_start_matches("<?");
        let short = rest[i..].starts_with("<?=");
        let (code, after) = code.split_once("?>").unwrap_or((code, ""));
        for statement in apart(code, ';').into_iter().take(LINES_MAX) {
            let statement = statement.trim();
            let echo = if short {
                Some(statement)
            } else {
                statement.strip_prefix("echo").or(statement.strip_prefix("print"))
            };
            if let Some(values) = echo {
                for value in apart(values.trim().trim_start_matches('(').trim_end_matches(')'), ',') {
                    out.push_str(&run.value(&value, sys, 0).unwrap_or_default());
                }
            } else if statement.starts_with("phpinfo(") {
                out.push_str("<h1 class=\"p\">PHP Version 8.3.14</h1>\n");
            } else if let Some((name, value)) = statement.split_once('=')
                && let Some(v) = run.value(value, sys, 0)
            {
                run.vars.insert(name.trim().trim_start_matches('$').to_owned(), v);
            }
        }
        rest = after;
    }
    out + rest
}

/// What a call's brackets hold: `print(x)` with `print`.
fn argument<'a>(text: &'a str, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|n| text.strip_prefix(n)?.trim_start().strip_prefix('(')?.strip_suffix(')'))
}

impl Run {
    pub(super) fn new(code: &str) -> Self {
        let mut lines = Vec::new();
        for line in code.lines() {
            let indent = line.len() - line.trim_start().len();
            let text = line.trim().trim_start_matches("<?php").trim();
            if text.starts_with('#') || text.starts_with("//") {
                continue;
            }
            for (i, part) in apart(text, ';').into_iter().enumerate() {
                let part = part.trim().to_owned();
                if part.is_empty() || lines.len() >= LINES_MAX {
                    continue;
                }
                // `for ..: body` on one line.
                let head = ["for ", "while "].iter().any(|k| part.starts_with(k));
                let cut = part.find(": ").filter(|_| head && i == 0);
                match cut {
                    Some(c) => {
                        lines.push((indent, part[..=c].to_owned()));
                        lines.push((indent + 1, part[c + 2..].trim().to_owned()));
                    }
                    None => lines.push((indent, part)),
                }
            }
        }
        Self {
            lines,
            at: 0,
            vars: BTreeMap::new(),
            loops: Vec::new(),
            call: None,
            answer: None,
            unknown: None,
        }
    }

    /// `{name}` and `${name}` in a text.
    fn filled(&self, text: &str, sys: &Sys<'_>) -> Option<String> {
        let (mut out, mut rest) = (String::new(), text);
        while let Some(i) = rest.find('{') {
            let end = i + rest[i..].find('}')?;
            out.push_str(rest[..i].strip_suffix('$').unwrap_or(&rest[..i]));
            out.push_str(&self.value(&rest[i + 1..end], sys, 1)?);
            rest = &rest[end + 1..];
        }
        out.push_str(rest);
        Some(out)
    }

    fn value(&self, text: &str, sys: &Sys<'_>, depth: usize) -> Option<String> {
        let text = text.trim();
        if depth > DEPTH_MAX || text.is_empty() {
            return None;
        }
        if let Some((inner, q)) = unquoted(text) {
            if q == '`' {
                return self.filled(inner, sys);
            }
            return Some(crate::shell::unescape(inner, false).0);
        }
        if let Some((inner, _)) = text.strip_prefix('f').and_then(unquoted) {
            return self.filled(&crate::shell::unescape(inner, false).0, sys);
        }
        if text.contains("urlopen(") || text.contains("requests.get(") {
            return self.answer.clone();
        }
        if text.parse::<f64>().is_ok() {
            return Some(text.to_owned());
        }
        for sign in ['+', '-', '*', '.'] {
            let parts = apart(text, sign);
            if parts.len() < 2
                || parts.iter().any(|p| p.trim().is_empty())
                || sign == '.' && !text.contains(['\'', '"'])
            {
                continue;
            }
            let values: Vec<String> =
                parts.iter().map(|p| self.value(p, sys, depth + 1)).collect::<Option<_>>()?;
            let numbers: Option<Vec<i64>> = values.iter().map(|v| v.parse().ok()).collect();
            return match (sign, numbers) {
                ('.', _) | ('+', None) => Some(values.concat()),
                (_, Some(n)) => {
                    let fold = |a: i64, b: &i64| match sign {
                        '+' => a.checked_add(*b),
                        '-' => a.checked_sub(*b),
                        _ => a.checked_mul(*b),
                    };
                    n[1..].iter().try_fold(n[0], fold).map(|n| n.to_string())
                }
                _ => None,
            };
        }
        let key = |t: &str| unquoted(t.trim()).map(|(k, _)| k.to_owned());
        for (head, tail) in [
            ("os.environ[", "]"),
            ("ENV[", "]"),
            ("$_ENV[", "]"),
            ("os.environ.get(", ")"),
            ("os.getenv(", ")"),
            ("getenv(", ")"),
        ] {
            if let Some(inner) = text.strip_prefix(head).and_then(|t| t.strip_suffix(tail)) {
                let parts = apart(inner, ',');
                let default = parts.get(1).and_then(|d| self.value(d, sys, depth + 1));
                return sys.var(&key(parts.first()?)?).or(default).or(Some(String::new()));
            }
        }
        if let Some(name) = text.strip_prefix("process.env.") {
            return Some(sys.var(name).unwrap_or_else(|| "undefined".into()));
        }
        if let Some(inner) = argument(text, &["str", "int", "String", "len", "Number"]) {
            let v = self.value(inner, sys, depth + 1)?;
            return Some(if text.starts_with("len") { v.chars().count().to_string() } else { v });
        }
        match text {
            "socket.gethostname()"
            | "os.hostname()"
            | "gethostname()"
            | "os.uname()[1]"
            | "platform.node()"
            | "require('os').hostname()"
            | "require(\"os\").hostname()" => {
                return Some(sys.machine().hostname.clone());
            }
            "PHP_EOL" => return Some("\n".into()),
            "time.time()" | "time()" => return Some(super::date_text(sys.now(), "%s")),
            "os.getpid()" | "process.pid" => return Some(sys.pid().to_string()),
            "datetime.datetime.now()" | "datetime.now()" | "new Date()" | "new Date().toISOString()" => {
                return Some(super::date_text(sys.now(), "%FT%TZ"));
            }
            _ => {}
        }
        self.vars.get(text.trim_start_matches('$')).cloned()
    }

    fn printed(&self, text: &str, sys: &Sys<'_>) -> Option<String> {
        let newline = !text.starts_with("echo") && !text.starts_with("process.stdout.write");
        let list = argument(
            text,
            &["print", "console.log", "console.error", "puts", "process.stdout.write", "printf"],
        )
        .or_else(|| ["puts ", "echo ", "print "].iter().find_map(|p| text.strip_prefix(p)))?;
        let (mut parts, mut end, mut mark) = (Vec::new(), "\n".to_owned(), " ");
        if !newline {
            end.clear();
            mark = "";
        }
        for part in apart(list, ',') {
            let part = part.trim();
            if let Some(e) = part.strip_prefix("end=") {
                end = self.value(e, sys, 0).unwrap_or_default();
            } else if part.is_empty() || ["flush=", "file=", "sep="].iter().any(|k| part.starts_with(k)) {
                continue;
            } else {
                parts.push(self.value(part, sys, 0)?);
            }
        }
        Some(parts.join(mark) + &end)
    }

    /// Past the body of the loop whose head is at `head`.
    fn after(&self, head: usize) -> usize {
        let indent = self.lines[head].0;
        (head + 1..self.lines.len()).find(|i| self.lines[*i].0 <= indent).unwrap_or(self.lines.len())
    }

    /// The head of a loop: its variable and its values.
    fn head(&self, text: &str, sys: &Sys<'_>) -> Option<(String, Option<std::ops::Range<i64>>)> {
        let text = text.strip_suffix(':')?.trim();
        if matches!(text, "while True" | "while 1" | "while (true)") {
            return Some((String::new(), None));
        }
        let (name, range) = text.strip_prefix("for ")?.split_once(" in ")?;
        let ends: Option<Vec<i64>> = apart(argument(range.trim(), &["range"])?, ',')
            .iter()
            .map(|p| self.value(p, sys, 0)?.parse().ok())
            .collect();
        match ends?.as_slice() {
            [n] => Some((name.trim().into(), Some(0..*n))),
            [a, b, ..] => Some((name.trim().into(), Some(*a..*b))),
            [] => None,
        }
    }

    /// An address a statement asks for.
    fn asks(&self, text: &str) -> Option<(String, u16, String)> {
        let i = ["urlopen(", "requests.get("].iter().find_map(|m| text.find(m).map(|i| i + m.len()))?;
        let url = text[i..].split(['\'', '"']).nth(1)?;
        let rest = url.split_once("://").map_or(url, |r| r.1);
        let (place, path) = rest.split_once('/').map_or((rest, String::new()), |(h, p)| (h, p.to_owned()));
        let (host, port) = place.split_once(':').map_or((place, 80), |(h, p)| (h, p.parse().unwrap_or(80)));
        Some((host.to_owned(), port, format!("/{path}")))
    }

    pub(super) fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        if let Some(call) = self.call {
            match sys.net_answer(call) {
                Err(wait) => return Turn::Wait(wait),
                Ok(NetAnswer::Http { response, .. }) => {
                    let status = self.lines[self.at].1.contains(".status");
                    self.answer = Some(if status {
                        response.status.to_string()
                    } else {
                        String::from_utf8_lossy(&response.body).into_owned()
                    });
                    self.call = None;
                }
                Ok(_) => {
                    sys.err("urllib.error.URLError: <urlopen error [Errno 111] Connection refused>\n");
                    return Turn::Exit(1);
                }
            }
        }
        // Loops that this line is not in any more go round again or end.
        let indent = self.lines.get(self.at).map(|l| l.0);
        if let Some((head, name, values)) = self.loops.last_mut()
            && indent.is_none_or(|i| i <= self.lines[*head].0)
        {
            let next = match values {
                None => Some(0),
                Some(values) => values.next(),
            };
            match next {
                Some(v) => {
                    self.at = *head + 1;
                    let name = name.clone();
                    self.vars.insert(name, v.to_string());
                }
                None => {
                    let head = *head;
                    self.loops.pop();
                    self.at = self.after(head);
                }
            }
            return Turn::More;
        }
        let Some((_, text)) = self.lines.get(self.at).cloned() else { return Turn::Exit(0) };
        sys.charge(1);
        if self.answer.is_none()
            && let Some((host, port, path)) = self.asks(&text)
        {
            let request = NetRequest::Http { host, port, tls: false, request: HttpRequest::get(&path) };
            self.call = Some(sys.net(request));
            return Turn::More;
        }
        let at = self.at;
        self.at += 1;
        if let Some(out) = self.printed(&text, sys) {
            self.answer = None;
            sys.out(out);
            return Turn::More;
        }
        if text.starts_with("import ")
            || text.starts_with("from ")
            || text == "pass"
            || text.starts_with("sys.stdout.flush")
        {
            return Turn::More;
        }
        if let Some((name, values)) = self.head(&text, sys) {
            if self.loops.len() < DEPTH_MAX && self.after(at) > at + 1 {
                self.loops.push((at, name, values));
                self.at = self.after(at);
            }
            return Turn::More;
        }
        if let Some(n) = argument(&text, &["time.sleep", "sleep"]).or_else(|| text.strip_prefix("sleep ")) {
            let seconds = self.value(n, sys, 0).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0);
            return Turn::Wait(Wait::Until(sys.now() + (seconds * 1000.0).clamp(0.0, 1e12) as i64));
        }
        if let Some(code) = argument(&text, &["exit", "sys.exit", "process.exit", "quit", "os._exit"]) {
            let code =
                if code.is_empty() { Some(0) } else { self.value(code, sys, 0).and_then(|c| c.parse().ok()) };
            return Turn::Exit(code.unwrap_or(1));
        }
        if let Some((name, value)) = text.split_once('=').filter(|(_, v)| !v.starts_with('=')) {
            let (name, add) =
                name.trim().strip_suffix('+').map_or((name.trim(), false), |n| (n.trim(), true));
            let name =
                name.trim_start_matches("const ").trim_start_matches("let ").trim_start_matches("var ");
            let name = name.trim().trim_start_matches('$').to_owned();
            let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
            let value = if add { format!("{name} + {value}") } else { value.to_owned() };
            if let Some(v) = self.value(&value, sys, 0).filter(|v| plain && v.len() < 1 << 16) {
                self.vars.insert(name, v);
                self.answer = None;
                return Turn::More;
            }
        }
        self.unknown = Some(text.chars().take(60).collect());
        Turn::Exit(1)
    }
}
