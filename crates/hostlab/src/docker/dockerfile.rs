//! Dockerfiles: taken apart into stages and instructions, with BuildKit's words for what is wrong.
//!
//! Models `moby/buildkit/frontend/dockerfile/parser` and `instructions`. Not modelled: `ONBUILD`, `MAINTAINER`'s warning,
//! `--mount` of `RUN` (its caches and secrets are accepted), parser directives other than `escape`.

use ordered::BTreeMap;

/// Lines of a Dockerfile that are read at most.
const LINES_MAX: usize = 5_000;

/// One instruction.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Instruction {
    /// Upper case.
    pub(super) name: String,
    /// `--from=builder` and its like, without the dashes.
    pub(super) flags: Vec<(String, String)>,
    /// The rest of it, on one line.
    pub(super) rest: String,
    /// The here-document's text, if it has one.
    pub(super) here: Option<String>,
    /// The first and last line, from 1.
    pub(super) lines: (usize, usize),
}

/// A build stage.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stage {
    pub(super) base: String,
    pub(super) name: Option<String>,
    pub(super) instructions: Vec<Instruction>,
    pub(super) line: usize,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Dockerfile {
    /// `ARG`s before the first `FROM`.
    pub(super) args: Vec<String>,
    pub(super) stages: Vec<Stage>,
}

const NAMES: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

fn parse_error(line: usize, why: &str) -> String {
    format!("dockerfile parse error on line {line}: {why}")
}

/// The known instruction a wrong one may have been meant to be.
fn meant(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|known| {
        let (a, b): (Vec<char>, Vec<char>) = (name.chars().collect(), known.chars().collect());
        if a.len().abs_diff(b.len()) > 1 || a == b {
            return false;
        }
        let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
        let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(x, y)| x == y).count();
        let (left_a, left_b) = (a.len() - start - end, b.len() - start - end);
        let swapped = left_a == 2 && left_b == 2 && a[start] == b[start + 1] && a[start + 1] == b[start];
        (left_a <= 1 && left_b <= 1) || swapped
    })
}

/// # Errors
/// What stands after `ERROR: failed to solve: `.
pub(super) fn parse(text: &str) -> Result<Dockerfile, String> {
    let mut file = Dockerfile::default();
    let lines: Vec<&str> = text.lines().take(LINES_MAX).collect();
    let mut i = 0;
    while i < lines.len() {
        let first = i;
        let mut whole = String::new();
        // A comment inside a continued instruction is left out.
        while let Some(line) = lines.get(i) {
            let trimmed = line.trim();
            i += 1;
            if trimmed.starts_with('#') || (trimmed.is_empty() && !whole.is_empty()) {
                if whole.is_empty() {
                    break;
                }
                continue;
            }
            match trimmed.strip_suffix('\\') {
                Some(more) => whole.push_str(more),
                None => {
                    whole.push_str(trimmed);
                    break;
                }
            }
        }
        if whole.trim().is_empty() {
            continue;
        }
        let (name, rest) = whole.trim().split_once(char::is_whitespace).unwrap_or((whole.trim(), ""));
        let upper = name.to_ascii_uppercase();
        if !NAMES.contains(&upper.as_str()) {
            let hint = meant(&upper).map_or(String::new(), |m| format!(" (did you mean {m}?)"));
            return Err(parse_error(first + 1, &format!("unknown instruction: {name}{hint}")));
        }
        let mut rest = rest.trim();
        let mut flags = Vec::new();
        while let Some(flag) = rest.strip_prefix("--") {
            let (flag, more) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
            let (k, v) = flag.split_once('=').unwrap_or((flag, "true"));
            flags.push((k.to_string(), v.to_string()));
            rest = more.trim_start();
        }
        let mut here = None;
        if matches!(upper.as_str(), "RUN" | "COPY" | "ADD")
            && let Some(word) = rest.strip_prefix("<<").map(|w| w.trim_start_matches('-'))
        {
            let word = word.split_whitespace().next().unwrap_or("").trim_matches(['"', '\'']).to_string();
            let mut body = String::new();
            loop {
                let Some(line) = lines.get(i) else {
                    return Err(parse_error(first + 1, "unterminated heredoc"));
                };
                i += 1;
                if line.trim() == word {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            here = Some(body);
        }
        if rest.is_empty() && here.is_none() {
            return Err(parse_error(first + 1, &needs(&upper)));
        }
        let one = Instruction { name: upper, flags, rest: rest.to_string(), here, lines: (first + 1, i) };
        place(&mut file, one)?;
    }
    if file.stages.is_empty() {
        return Err(if file.args.is_empty() {
            "file with no instructions".into()
        } else {
            parse_error(1, "no build stage in current context")
        });
    }
    Ok(file)
}

fn needs(name: &str) -> String {
    match name {
        "FROM" => "FROM requires either one or three arguments".into(),
        "COPY" | "ADD" => format!(
            "{name} requires at least two arguments, but only one was provided. Destination could not be determined"
        ),
        "WORKDIR" | "USER" | "STOPSIGNAL" => format!("{name} requires exactly one argument"),
        _ => format!("{name} requires at least one argument"),
    }
}

fn place(file: &mut Dockerfile, one: Instruction) -> Result<(), String> {
    let line = one.lines.0;
    if one.name == "FROM" {
        let words: Vec<&str> = one.rest.split_whitespace().collect();
        let (base, name) = match words.as_slice() {
            [base] => (*base, None),
            [base, kw, name] if kw.eq_ignore_ascii_case("as") => (*base, Some((*name).to_string())),
            _ => return Err(parse_error(line, "FROM requires either one or three arguments")),
        };
        file.stages.push(Stage { base: base.to_string(), name, instructions: Vec::new(), line });
        return Ok(());
    }
    let Some(stage) = file.stages.last_mut() else {
        if one.name == "ARG" {
            file.args.push(one.rest);
            return Ok(());
        }
        return Err(parse_error(line, "no build stage in current context"));
    };
    let words = one.rest.split_whitespace().count();
    if matches!(one.name.as_str(), "COPY" | "ADD") && words < 2 && !one.rest.starts_with('[') {
        return Err(parse_error(line, &needs(&one.name)));
    }
    if one.name == "ENV" && words == 1 && !one.rest.contains('=') {
        return Err(parse_error(line, "ENV must have two arguments"));
    }
    stage.instructions.push(one);
    Ok(())
}

/// `["a", "b"]` as words, if it is that.
pub(super) fn json_words(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let mut words = Vec::new();
    let mut chars = inner.chars().peekable();
    loop {
        while chars.peek().is_some_and(|c| c.is_whitespace() || *c == ',') {
            chars.next();
        }
        match chars.next() {
            None => return Some(words),
            Some('"') => {
                let mut word = String::new();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            'n' => word.push('\n'),
                            't' => word.push('\t'),
                            c => word.push(c),
                        },
                        c => word.push(c),
                    }
                }
                words.push(word);
            }
            Some(_) => return None,
        }
    }
}

/// Words apart, quotes taken off: `A="b c" D=e`.
pub(super) fn words(text: &str) -> Vec<String> {
    let (mut all, mut word, mut quote, mut any) = (Vec::new(), String::new(), None, false);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '"' | '\'') => {
                quote = Some(c);
                any = true;
            }
            (Some(q), c) if c == q => quote = None,
            (q, '\\') if q != Some('\'') => word.extend(chars.next()),
            (None, c) if c.is_whitespace() => {
                if any || !word.is_empty() {
                    all.push(std::mem::take(&mut word));
                }
                any = false;
            }
            (_, c) => word.push(c),
        }
    }
    if any || !word.is_empty() {
        all.push(word);
    }
    all
}

/// `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME:+word}` replaced.
pub(super) fn substitute(text: &str, vars: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(i) = rest.find('$') {
        if rest[..i].ends_with('\\') {
            out.push_str(&rest[..i - 1]);
            out.push('$');
            rest = &rest[i + 1..];
            continue;
        }
        out.push_str(&rest[..i]);
        rest = &rest[i + 1..];
        if let Some(inner) = rest.strip_prefix('{') {
            let Some(end) = inner.find('}') else {
                out.push('$');
                continue;
            };
            let body = &inner[..end];
            rest = &inner[end + 1..];
            let cut = body.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(body.len());
            let (name, how) = body.split_at(cut);
            let value = vars.get(name).filter(|v| !v.is_empty());
            match (how.get(..2), value) {
                (Some(":-"), None) => out.push_str(&how[2..]),
                (Some(":+"), Some(_)) => out.push_str(&how[2..]),
                (Some(":+"), None) => {}
                (_, Some(v)) => out.push_str(v),
                _ => {}
            }
        } else {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            if end == 0 {
                out.push('$');
            } else if let Some(v) = vars.get(&rest[..end]) {
                out.push_str(v);
            }
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_and_continued_lines() {
        let file = parse("# c\nARG V=3\nFROM alpine:${V} AS b\nRUN a \\\n  # no\n  b\nFROM scratch\nCOPY --from=b /x /y\nCMD [\"/y\"]\n").expect("a Dockerfile");
        assert_eq!(file.args, ["V=3"]);
        assert_eq!(file.stages.len(), 2);
        assert_eq!(file.stages[0].name.as_deref(), Some("b"));
        assert_eq!(file.stages[0].instructions[0].rest, "a b");
        assert_eq!(file.stages[1].instructions[0].flags, [("from".to_string(), "b".to_string())]);
    }

    #[test]
    fn what_is_wrong_is_said_as_buildkit_does() {
        for (text, want) in [
            ("", "file with no instructions"),
            (
                "FORM alpine\n",
                "dockerfile parse error on line 1: unknown instruction: FORM (did you mean FROM?)",
            ),
            (
                "FROM a\nRUNN x",
                "dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)",
            ),
            ("RUN x", "dockerfile parse error on line 1: no build stage in current context"),
            ("FROM a b", "dockerfile parse error on line 1: FROM requires either one or three arguments"),
            ("FROM a\nRUN <<E\nx", "dockerfile parse error on line 2: unterminated heredoc"),
        ] {
            assert_eq!(parse(text), Err(want.into()), "{text}");
        }
    }

    #[test]
    fn words_and_variables() {
        assert_eq!(json_words("[\"a\", \"b c\"]"), Some(vec!["a".into(), "b c".into()]));
        assert_eq!(json_words("[a]"), None);
        assert_eq!(words("A=\"b c\" D='e'\\ f"), ["A=b c", "D=e f"]);
        let vars = [("A".to_string(), "1".to_string())].into_iter().collect();
        assert_eq!(substitute("$A ${A}x ${B:-2} ${A:+y} \\$A $ $$", &vars), "1 1x 2 y $A $ $$");
    }
}
