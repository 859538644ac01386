//! JSON in the order it was written, and the part of Go's templates that `--format` is used with.
//!
//! Templates: `{{.A.B}}`, `{{json .A}}`, `{{index .A "key"}}`, `{{range .A}}..{{end}}`, `{{range $k, $v := .A}}..{{end}}`,
//! `{{if .A}}..{{else}}..{{end}}`, `{{len .A}}`, `{{upper .A}}`, `{{println .A}}`, `{{join .A ","}}`. Not modelled: the rest.

/// A value; objects keep their order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(crate) fn text(t: impl Into<String>) -> Self {
        Self::Text(t.into())
    }

    pub(crate) fn object(entries: Vec<(&str, Json)>) -> Self {
        Self::Object(entries.into_iter().map(|(k, v)| (k.to_string(), v)).collect())
    }

    pub(crate) fn texts<T: AsRef<str>>(list: &[T]) -> Self {
        Self::List(list.iter().map(|t| Self::text(t.as_ref())).collect())
    }

    /// A list of texts, `null` when empty, as Go writes a nil slice.
    pub(crate) fn texts_or_null<T: AsRef<str>>(list: &[T]) -> Self {
        if list.is_empty() { Self::Null } else { Self::texts(list) }
    }

    fn field(&self, name: &str) -> Option<&Json> {
        match self {
            Self::Object(entries) => entries.iter().find(|(k, _)| k == name).map(|(_, v)| v),
            _ => None,
        }
    }

    fn truth(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(b) => *b,
            Self::Int(n) => *n != 0,
            Self::Text(t) => !t.is_empty(),
            Self::List(l) => !l.is_empty(),
            Self::Object(o) => !o.is_empty(),
        }
    }

    /// On one line.
    pub(crate) fn compact(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool(b) => b.to_string(),
            Self::Int(n) => n.to_string(),
            Self::Text(t) => quote(t),
            Self::List(l) => format!("[{}]", l.iter().map(Self::compact).collect::<Vec<_>>().join(",")),
            Self::Object(o) => {
                let parts: Vec<String> =
                    o.iter().map(|(k, v)| format!("{}:{}", quote(k), v.compact())).collect();
                format!("{{{}}}", parts.join(","))
            }
        }
    }

    /// Four spaces a level, as `docker inspect` prints it.
    pub(crate) fn pretty(&self, level: usize) -> String {
        let pad = "    ".repeat(level + 1);
        let end = "    ".repeat(level);
        match self {
            Self::List(l) if !l.is_empty() => {
                let parts: Vec<String> = l.iter().map(|v| format!("{pad}{}", v.pretty(level + 1))).collect();
                format!("[\n{}\n{end}]", parts.join(",\n"))
            }
            Self::Object(o) if !o.is_empty() => {
                let parts: Vec<String> =
                    o.iter().map(|(k, v)| format!("{pad}{}: {}", quote(k), v.pretty(level + 1))).collect();
                format!("{{\n{}\n{end}}}", parts.join(",\n"))
            }
            other => other.compact(),
        }
    }

    /// As Go prints it with `%v`.
    fn go(&self) -> String {
        match self {
            Self::Null => "<no value>".into(),
            Self::Bool(b) => b.to_string(),
            Self::Int(n) => n.to_string(),
            Self::Text(t) => t.clone(),
            Self::List(l) => format!("[{}]", l.iter().map(Self::go).collect::<Vec<_>>().join(" ")),
            Self::Object(o) => {
                let parts: Vec<String> = o.iter().map(|(k, v)| format!("{k}:{}", v.go())).collect();
                format!("map[{}]", parts.join(" "))
            }
        }
    }
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

enum Piece<'a> {
    Text(&'a str),
    Action(&'a str),
}

/// What a template makes of a value.
///
/// # Errors
/// Go's message, shortened to what is wrong.
pub(crate) fn template(text: &str, value: &Json) -> Result<String, String> {
    let text = text.replace("\\t", "\t").replace("\\n", "\n");
    let mut pieces = Vec::new();
    let mut rest = text.as_str();
    while let Some(i) = rest.find("{{") {
        pieces.push(Piece::Text(&rest[..i]));
        let Some(j) = rest[i..].find("}}") else {
            return Err("template parsing error: template: :1: unclosed action".into());
        };
        pieces.push(Piece::Action(rest[i + 2..i + j].trim()));
        rest = &rest[i + j + 2..];
    }
    pieces.push(Piece::Text(rest));
    let mut out = String::new();
    let mut vars = Vec::new();
    let used = run(&pieces, value, &mut vars, &mut out, 0)?;
    if used < pieces.len() {
        return Err("template parsing error: template: :1: unexpected {{end}}".into());
    }
    Ok(out)
}

/// The end of the block that begins after `from`, and its `else`, if it has one.
fn block(pieces: &[Piece<'_>], from: usize) -> Option<(Option<usize>, usize)> {
    let (mut depth, mut middle) = (0, None);
    for (i, piece) in pieces.iter().enumerate().skip(from) {
        if let Piece::Action(a) = piece {
            match a.split_whitespace().next() {
                Some("range" | "if" | "with") => depth += 1,
                Some("else") if depth == 0 => middle = Some(i),
                Some("end") if depth == 0 => return Some((middle, i)),
                Some("end") => depth -= 1,
                _ => {}
            }
        }
    }
    None
}

type Vars = Vec<(String, Json)>;

fn run(
    pieces: &[Piece<'_>],
    dot: &Json,
    vars: &mut Vars,
    out: &mut String,
    depth: u32,
) -> Result<usize, String> {
    if depth > 20 {
        return Err("template: too deep".into());
    }
    let mut i = 0;
    while let Some(piece) = pieces.get(i) {
        i += 1;
        let action = match piece {
            Piece::Text(t) => {
                out.push_str(t);
                continue;
            }
            Piece::Action(a) => *a,
        };
        let (word, rest) = action.split_once(char::is_whitespace).unwrap_or((action, ""));
        match word {
            "end" => return Ok(i - 1),
            "range" | "if" | "with" => {
                let Some((middle, end)) = block(pieces, i) else {
                    return Err("template parsing error: template: :1: unexpected EOF".into());
                };
                let (names, expr) = rest.split_once(":=").map_or(("", rest), |(n, e)| (n, e));
                let value = eval(expr.trim(), dot, vars)?;
                let body = &pieces[i..middle.unwrap_or(end)];
                let other = middle.map_or(&pieces[end..end], |m| &pieces[m + 1..end]);
                if !value.truth() {
                    run(other, dot, vars, out, depth + 1)?;
                } else if word == "range" {
                    let items: Vec<(Json, Json)> = match value {
                        Json::List(l) => {
                            l.into_iter().enumerate().map(|(n, v)| (Json::Int(n as i64), v)).collect()
                        }
                        Json::Object(o) => o.into_iter().map(|(k, v)| (Json::Text(k), v)).collect(),
                        _ => Vec::new(),
                    };
                    let names: Vec<&str> =
                        names.split(',').map(str::trim).filter(|n| !n.is_empty()).collect();
                    for (key, item) in items {
                        let before = vars.len();
                        match names.as_slice() {
                            [v] => vars.push(((*v).into(), item.clone())),
                            [k, v] => vars.extend([((*k).into(), key), ((*v).into(), item.clone())]),
                            _ => {}
                        }
                        run(body, &item, vars, out, depth + 1)?;
                        vars.truncate(before);
                    }
                } else {
                    let inner = if word == "with" { value } else { dot.clone() };
                    run(body, &inner, vars, out, depth + 1)?;
                }
                i = end + 1;
            }
            _ => {
                let value = eval(action, dot, vars)?;
                out.push_str(&value.go());
            }
        }
    }
    Ok(i)
}

fn eval(expr: &str, dot: &Json, vars: &Vars) -> Result<Json, String> {
    let mut value: Option<Json> = None;
    for stage in expr.split('|').map(str::trim) {
        let mut words = split_words(stage);
        if words.is_empty() {
            return Err("template parsing error: template: :1: missing value for command".into());
        }
        let name = words.remove(0);
        let mut args: Vec<Json> = Vec::new();
        for w in &words {
            args.push(operand(w, dot, vars)?);
        }
        args.extend(value.take());
        let first = args.first();
        value = Some(match (name.as_str(), first) {
            ("json", Some(v)) => Json::Text(v.compact()),
            ("len", Some(Json::List(l))) => Json::Int(l.len() as i64),
            ("len", Some(Json::Object(l))) => Json::Int(l.len() as i64),
            ("len", Some(Json::Text(l))) => Json::Int(l.len() as i64),
            ("upper", Some(v)) => Json::Text(v.go().to_uppercase()),
            ("lower", Some(v)) => Json::Text(v.go().to_lowercase()),
            ("print" | "printf", Some(v)) => Json::Text(v.go()),
            ("println", Some(v)) => Json::Text(format!("{}\n", v.go())),
            ("join", Some(Json::List(l))) => {
                let by = args.get(1).map(Json::go).unwrap_or_default();
                Json::Text(l.iter().map(Json::go).collect::<Vec<_>>().join(&by))
            }
            ("index", Some(at)) => {
                let mut at = at.clone();
                for key in &args[1..] {
                    at = match (&at, key) {
                        (Json::List(l), Json::Int(n)) => {
                            usize::try_from(*n).ok().and_then(|n| l.get(n)).cloned().unwrap_or(Json::Null)
                        }
                        (o, Json::Text(k)) => o.field(k).cloned().unwrap_or(Json::Null),
                        _ => Json::Null,
                    };
                }
                at
            }
            ("not", Some(v)) => Json::Bool(!v.truth()),
            ("eq", Some(v)) => Json::Bool(args.get(1) == Some(v)),
            _ if args.is_empty() => operand(&name, dot, vars)?,
            _ => {
                return Err(format!("template parsing error: template: :1: function \"{name}\" not defined"));
            }
        });
    }
    Ok(value.unwrap_or(Json::Null))
}

fn split_words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' | '`' => {
                quoted = !quoted;
                word.push('"');
            }
            c if c.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            '(' | ')' if !quoted => {}
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn operand(word: &str, dot: &Json, vars: &Vars) -> Result<Json, String> {
    if let Some(t) = word.strip_prefix('"') {
        return Ok(Json::text(t.trim_end_matches('"')));
    }
    if let Ok(n) = word.parse() {
        return Ok(Json::Int(n));
    }
    let (mut at, path) = if let Some(path) = word.strip_prefix('.') {
        (dot.clone(), path)
    } else if word.starts_with('$') {
        let (name, path) = word.split_once('.').unwrap_or((word, ""));
        let found = vars.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        (found.unwrap_or_else(|| dot.clone()), path)
    } else {
        return Err(format!("template parsing error: template: :1: function \"{word}\" not defined"));
    };
    for key in path.split('.').filter(|k| !k.is_empty()) {
        at = match at.field(key) {
            Some(v) => v.clone(),
            None if matches!(at, Json::Object(_)) => {
                return Err(format!(
                    "template: :1:2: executing \"\" at <{word}>: map has no entry for key \"{key}\""
                ));
            }
            None => Json::Null,
        };
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_as_people_use_them() {
        let v = Json::object(vec![
            ("Name", Json::text("/web")),
            ("Env", Json::texts(&["A=1", "B=2"])),
            (
                "Networks",
                Json::object(vec![("bridge", Json::object(vec![("IPAddress", Json::text("172.17.0.2"))]))]),
            ),
            ("On", Json::Bool(true)),
        ]);
        for (t, want) in [
            ("{{.Name}}", Ok("/web")),
            ("{{ .Networks.bridge.IPAddress }}\\n", Ok("172.17.0.2\n")),
            ("{{range .Networks}}{{.IPAddress}} {{end}}", Ok("172.17.0.2 ")),
            ("{{range $k, $v := .Networks}}{{$k}}={{$v.IPAddress}}{{end}}", Ok("bridge=172.17.0.2")),
            ("{{json .Env}}", Ok("[\"A=1\",\"B=2\"]")),
            ("{{index .Env 1}}", Ok("B=2")),
            ("{{join .Env \",\"}}", Ok("A=1,B=2")),
            ("{{.Env}} {{len .Env}}", Ok("[A=1 B=2] 2")),
            ("{{if .On}}yes{{else}}no{{end}}", Ok("yes")),
            ("{{.Name | upper}}", Ok("/WEB")),
            (
                "{{.Nope}}",
                Err("template: :1:2: executing \"\" at <.Nope>: map has no entry for key \"Nope\""),
            ),
            ("{{.Name", Err("template parsing error: template: :1: unclosed action")),
        ] {
            assert_eq!(template(t, &v).as_deref().map_err(String::as_str), want, "{t}");
        }
    }
}
