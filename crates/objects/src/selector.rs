//! Selectors: which objects a label or field query picks.
//!
//! Owns: the text of `kubectl -l` and `--field-selector` with upstream's errors, LabelSelector objects, matching,
//! printing. Models `k8s.io/apimachinery/pkg/labels`, `pkg/fields` and LabelSelectorAsSelector of `pkg/apis/meta/v1`.
//! Not modelled here: which fields a kind can be selected by.

use std::fmt;

use crate::json::{go_quote, to_string};
use crate::{Str, Value, names};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    In,
    NotIn,
    Equals,
    DoubleEquals,
    NotEquals,
    GreaterThan,
    LessThan,
    Exists,
    DoesNotExist,
}

/// One condition on one label.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    pub key: Str,
    pub operator: Operator,
    /// Sorted when read from text.
    pub values: Vec<Str>,
}

/// All of its requirements must hold. The default selects everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelSelector {
    /// Sorted by key.
    requirements: Vec<Requirement>,
    nothing: bool,
}

impl Requirement {
    /// # Errors
    /// Upstream's text for a bad key, value or number of values.
    pub fn new(key: &str, operator: Operator, values: Vec<Str>) -> Result<Self, String> {
        let mut errors = Vec::new();
        if let Some(e) = bad_key(key, "key") {
            errors.push(e);
        }
        let shown =
            || if values.is_empty() { "null".to_owned() } else { to_string(&Value::from(values.clone())) };
        match operator {
            Operator::In | Operator::NotIn if values.is_empty() => errors.push(format!(
                "values: Invalid value: {}: for 'in', 'notin' operators, values set can't be empty",
                shown()
            )),
            Operator::Equals | Operator::DoubleEquals | Operator::NotEquals if values.len() != 1 => errors
                .push(format!(
                    "values: Invalid value: {}: exact-match compatibility requires one single value",
                    shown()
                )),
            Operator::Exists | Operator::DoesNotExist if !values.is_empty() => errors.push(format!(
                "values: Invalid value: {}: values set must be empty for exists and does not exist",
                shown()
            )),
            Operator::GreaterThan | Operator::LessThan => {
                if values.len() != 1 {
                    let why = "for 'Gt', 'Lt' operators, exactly one value is required";
                    errors.push(format!("values: Invalid value: {}: {why}", shown()));
                }
                for (i, v) in values.iter().enumerate().filter(|(_, v)| v.parse::<i64>().is_err()) {
                    let why = "for 'Gt', 'Lt' operators, the value must be an integer";
                    errors.push(format!("values[{i}]: Invalid value: {}: {why}", go_quote(v)));
                }
            }
            _ => {}
        }
        for (i, v) in values.iter().enumerate() {
            let problems = names::label_value(v);
            if !problems.is_empty() {
                errors.push(format!(
                    "values[{i}][{key}]: Invalid value: {}: {}",
                    go_quote(v),
                    problems.join("; ")
                ));
            }
        }
        match errors.as_slice() {
            [] => Ok(Self { key: key.into(), operator, values }),
            [one] => Err(one.clone()),
            many => Err(format!("[{}]", many.join(", "))),
        }
    }

    #[must_use]
    pub fn matches(&self, labels: &Value) -> bool {
        let label = labels.find(&self.key);
        let listed = |v: &Value| self.values.iter().any(|x| v == x.as_str());
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => label.is_some_and(listed),
            Operator::NotIn | Operator::NotEquals => !label.is_some_and(listed),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::GreaterThan | Operator::LessThan => {
                let number = label.and_then(|v| v.text().parse::<i64>().ok());
                let bound = self.values.first().and_then(|v| v.parse::<i64>().ok());
                match (number, bound) {
                    (Some(a), Some(b)) => {
                        if self.operator == Operator::GreaterThan {
                            a > b
                        } else {
                            a < b
                        }
                    }
                    _ => false,
                }
            }
        }
    }
}

fn bad_key(key: &str, path: &str) -> Option<String> {
    let problems = names::qualified_name(key);
    (!problems.is_empty())
        .then(|| format!("{path}: Invalid value: {}: {}", go_quote(key), problems.join("; ")))
}

impl LabelSelector {
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn nothing() -> Self {
        Self { requirements: Vec::new(), nothing: true }
    }

    #[must_use]
    pub fn of(mut requirements: Vec<Requirement>) -> Self {
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self { requirements, nothing: false }
    }

    /// Reads `app=web,tier in (a, b),!x`.
    ///
    /// # Errors
    /// Upstream's text, such as `unable to parse requirement: found ',', expected: identifier`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut p = Parser { tokens: lex(text), at: 0 };
        p.selector().map(Self::of)
    }

    /// A LabelSelector object: null selects nothing, an empty one everything.
    ///
    /// # Errors
    /// Upstream's text for a bad key, value or operator.
    pub fn from_value(selector: &Value) -> Result<Self, String> {
        if selector.is_null() {
            return Ok(Self::nothing());
        }
        let mut requirements = Vec::new();
        for (key, value) in selector["matchLabels"].entries() {
            requirements.push(Requirement::new(key, Operator::Equals, vec![value.to_str()])?);
        }
        for e in selector["matchExpressions"].items() {
            let operator = match e["operator"].text() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => return Err(format!("{} is not a valid label selector operator", go_quote(other))),
            };
            let values = e["values"].items().iter().map(Value::to_str).collect();
            requirements.push(Requirement::new(e["key"].text(), operator, values)?);
        }
        Ok(Self::of(requirements))
    }

    /// A plain map of labels, as Services and ReplicationControllers have; an empty one selects everything.
    #[must_use]
    pub fn from_labels(labels: &Value) -> Self {
        let equals = |(key, value): &(Str, Value)| Requirement {
            key: key.clone(),
            operator: Operator::Equals,
            values: vec![value.to_str()],
        };
        Self::of(labels.entries().iter().map(equals).collect())
    }

    /// Whether these labels (a map, or null for none) are picked.
    #[must_use]
    pub fn matches(&self, labels: &Value) -> bool {
        !self.nothing && self.requirements.iter().all(|r| r.matches(labels))
    }

    #[must_use]
    pub fn is_everything(&self) -> bool {
        !self.nothing && self.requirements.is_empty()
    }

    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.nothing
    }

    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The one value that `label` must have, if the selector says so.
    #[must_use]
    pub fn exact(&self, label: &str) -> Option<&str> {
        let r = self.requirements.iter().find(|r| r.key == label)?;
        let exact = matches!(r.operator, Operator::Equals | Operator::DoubleEquals | Operator::In);
        if exact && r.values.len() == 1 { Some(&r.values[0]) } else { None }
    }
}

/// How `kubectl` shows a LabelSelector object: `<none>` for an empty one, `<error>` for a bad one.
#[must_use]
pub fn format_label_selector(selector: &Value) -> String {
    match LabelSelector::from_value(selector).map(|s| s.to_string()) {
        Ok(text) if text.is_empty() => "<none>".into(),
        Ok(text) => text,
        Err(_) => "<error>".into(),
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut values = self.values.clone();
        values.sort();
        let values = values.join(",");
        let key = &self.key;
        match self.operator {
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
            Operator::Exists => f.write_str(key),
            Operator::DoesNotExist => write!(f, "!{key}"),
        }
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, r) in self.requirements.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            r.fmt(f)?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    Error,
    End,
    Close,
    Comma,
    Not,
    Operator(Operator),
    Word,
    Open,
}

fn keyword(text: &str) -> Option<Token> {
    Some(match text {
        ")" => Token::Close,
        "," => Token::Comma,
        "!" => Token::Not,
        "(" => Token::Open,
        "==" => Token::Operator(Operator::DoubleEquals),
        "=" => Token::Operator(Operator::Equals),
        ">" => Token::Operator(Operator::GreaterThan),
        "<" => Token::Operator(Operator::LessThan),
        "!=" => Token::Operator(Operator::NotEquals),
        "in" => Token::Operator(Operator::In),
        "notin" => Token::Operator(Operator::NotIn),
        _ => return None,
    })
}

fn lex(text: &str) -> Vec<(Token, String)> {
    fn special(c: char) -> bool {
        matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next().filter(|c| *c != '\0') else { break };
        if special(first) {
            // The longest run of signs that is an operator so far.
            let (mut found, mut length) = (None, 0);
            for (i, _) in rest.char_indices().take_while(|(_, c)| special(*c)) {
                match keyword(&rest[..=i]) {
                    Some(token) => found = Some((token, &rest[..=i])),
                    None if found.is_some() => break,
                    None => {}
                }
                length = i + 1;
            }
            let (run, after) = rest.split_at(length);
            match found {
                Some((token, literal)) => tokens.push((token, literal.to_owned())),
                None => tokens.push((Token::Error, format!("error expected: keyword found '{run}'"))),
            }
            rest = after;
        } else {
            let end = rest
                .find(|c| special(c) || matches!(c, ' ' | '\t' | '\r' | '\n' | '\0'))
                .unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            tokens.push((keyword(word).unwrap_or(Token::Word), word.to_owned()));
            rest = after;
        }
    }
    tokens.push((Token::End, String::new()));
    tokens
}

struct Parser {
    tokens: Vec<(Token, String)>,
    at: usize,
}

impl Parser {
    /// The next token; where a value or key may stand, `in` and `notin` are words.
    fn peek(&self, value: bool) -> (Token, &str) {
        let Some((token, text)) = self.tokens.get(self.at) else { return (Token::End, "") };
        match token {
            Token::Operator(Operator::In | Operator::NotIn) if value => (Token::Word, text),
            _ => (*token, text),
        }
    }

    fn next(&mut self, value: bool) -> (Token, String) {
        let (token, text) = self.peek(value);
        let text = text.to_owned();
        self.at += 1;
        (token, text)
    }

    fn selector(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        loop {
            match self.peek(true) {
                (Token::Word | Token::Not, _) => {
                    let r = self.requirement().map_err(|e| format!("unable to parse requirement: {e}"))?;
                    requirements.push(r);
                    match self.next(true) {
                        (Token::End, _) => return Ok(requirements),
                        (Token::Comma, _) => match self.peek(true) {
                            (Token::Word | Token::Not, _) => {}
                            (_, text) => {
                                return Err(format!("found '{text}', expected: identifier after ','"));
                            }
                        },
                        (_, text) => return Err(format!("found '{text}', expected: ',' or 'end of string'")),
                    }
                }
                (Token::End, _) => return Ok(requirements),
                (_, text) => {
                    return Err(format!("found '{text}', expected: !, identifier, or 'end of string'"));
                }
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let (mut token, mut key) = self.next(true);
        let negated = token == Token::Not;
        if negated {
            (token, key) = self.next(true);
        }
        if token != Token::Word {
            return Err(format!("found '{key}', expected: identifier"));
        }
        if let Some(e) = bad_key(&key, "<nil>") {
            return Err(e);
        }
        if negated {
            return Requirement::new(&key, Operator::DoesNotExist, Vec::new());
        }
        if matches!(self.peek(true).0, Token::End | Token::Comma) {
            return Requirement::new(&key, Operator::Exists, Vec::new());
        }
        let operator = match self.next(false) {
            (Token::Operator(operator), _) => operator,
            (_, text) => return Err(format!("found '{text}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        let mut values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.exact_value()?],
        };
        values.sort();
        values.dedup();
        Requirement::new(&key, operator, values)
    }

    fn exact_value(&mut self) -> Result<Str, String> {
        if matches!(self.peek(true).0, Token::End | Token::Comma) {
            return Ok(Str::default());
        }
        match self.next(true) {
            (Token::Word, text) => Ok(text.into()),
            (_, text) => Err(format!("found '{text}', expected: identifier")),
        }
    }

    fn values(&mut self) -> Result<Vec<Str>, String> {
        let (token, text) = self.next(true);
        if token != Token::Open {
            return Err(format!("found '{text}' expected: '('"));
        }
        let (token, text) = self.peek(true);
        let text = text.to_owned();
        match token {
            Token::Word | Token::Comma => {
                let values = self.identifiers()?;
                if self.next(true).0 != Token::Close {
                    return Err(format!("found '{text}', expected: ')'"));
                }
                Ok(values)
            }
            Token::Close => {
                self.at += 1;
                Ok(vec![Str::default()])
            }
            _ => Err(format!("found '{text}', expected: ',', ')' or identifier")),
        }
    }

    fn identifiers(&mut self) -> Result<Vec<Str>, String> {
        let mut values: Vec<Str> = Vec::new();
        loop {
            match self.next(true) {
                (Token::Word, text) => {
                    values.push(text.into());
                    match self.peek(true) {
                        (Token::Comma, _) => {}
                        (Token::Close, _) => return Ok(values),
                        (_, text) => return Err(format!("found '{text}', expected: ',' or ')'")),
                    }
                }
                (Token::Comma, _) => {
                    if values.is_empty() {
                        values.push(Str::default());
                    }
                    match self.peek(true).0 {
                        Token::Close => {
                            values.push(Str::default());
                            return Ok(values);
                        }
                        Token::Comma => values.push(Str::default()),
                        _ => {}
                    }
                }
                (_, text) => return Err(format!("found '{text}', expected: ',', or identifier")),
            }
        }
    }
}

/// One condition on one field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldTerm {
    pub field: Str,
    pub value: Str,
    pub equal: bool,
}

/// `status.phase=Running,metadata.name!=a`; the default selects everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldSelector {
    terms: Vec<FieldTerm>,
}

impl FieldSelector {
    /// # Errors
    /// Upstream's text, such as `invalid selector: 'a'; can't understand 'a'`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = split_terms(text);
        parts.sort_unstable();
        let mut terms = Vec::new();
        for part in parts.into_iter().filter(|p| !p.is_empty()) {
            let Some(at) = part.find("!=").into_iter().chain(part.find('=')).min() else {
                return Err(format!("invalid selector: '{text}'; can't understand '{part}'"));
            };
            let (field, rest) = part.split_at(at);
            let equal = !rest.starts_with('!');
            let value = if equal { rest.strip_prefix("==").unwrap_or(&rest[1..]) } else { &rest[2..] };
            terms.push(FieldTerm { field: field.into(), value: unescape(value)?, equal });
        }
        Ok(Self { terms })
    }

    #[must_use]
    pub fn terms(&self) -> &[FieldTerm] {
        &self.terms
    }

    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether an object is picked whose fields `field` tells; absent ones are `""`.
    pub fn matches(&self, mut field: impl FnMut(&str) -> Str) -> bool {
        self.terms.iter().all(|t| (field(&t.field) == t.value) == t.equal)
    }

    /// The one value that `name` must have, if the selector says so.
    #[must_use]
    pub fn exact(&self, name: &str) -> Option<&str> {
        self.terms.iter().find(|t| t.equal && t.field == name).map(|t| t.value.as_str())
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, t) in self.terms.iter().enumerate() {
            let value = t.value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            let (comma, sign) = (if i > 0 { "," } else { "" }, if t.equal { "=" } else { "!=" });
            write!(f, "{comma}{}{sign}{value}", t.field)?;
        }
        Ok(())
    }
}

fn split_terms(text: &str) -> Vec<&str> {
    let (mut terms, mut start, mut escaped) = (Vec::new(), 0, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

fn unescape(text: &str) -> Result<Str, String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                other => {
                    let sequence: String = std::iter::once('\\').chain(other).collect();
                    return Err(format!("invalid field selector: invalid escape sequence: {sequence}"));
                }
            },
            ',' | '=' => {
                return Err(format!("invalid field selector: unescaped character in value: {}", c as u32));
            }
            c => out.push(c),
        }
    }
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;
    use proptest::prelude::*;

    #[test]
    fn label_texts_match_and_print() {
        let labels = value!({"app": "web", "tier": "a", "n": "5"});
        for (text, matches, printed) in [
            ("", true, ""),
            ("app=web", true, "app=web"),
            ("app==web", true, "app==web"),
            ("app = web, tier in (b, a)", true, "app=web,tier in (a,b)"),
            ("tier notin (a)", false, "tier notin (a)"),
            ("x notin (a)", true, "x notin (a)"),
            ("app!=web", false, "app!=web"),
            ("x!=1", true, "x!=1"),
            ("app", true, "app"),
            ("!app", false, "!app"),
            ("!x,app", true, "app,!x"),
            ("n>4", true, "n>4"),
            ("n<4", false, "n<4"),
            ("app=", false, "app="),
            ("in in (in)", false, "in in (in)"),
            ("app in (web,)", true, "app in (,web)"),
            ("app in ()", false, "app in ()"),
        ] {
            let s = LabelSelector::parse(text);
            assert_eq!(s.as_ref().map(|s| s.matches(&labels)), Ok(matches), "{text}");
            assert_eq!(s.map(|s| s.to_string()), Ok(printed.to_owned()), "{text}");
        }
    }

    #[test]
    fn bad_label_texts_are_refused_in_upstream_s_words() {
        for (text, error) in [
            ("app=web,", "found '', expected: identifier after ','"),
            (",app", "found ',', expected: !, identifier, or 'end of string'"),
            ("app=web tier=a", "found 'tier', expected: ',' or 'end of string'"),
            ("app in web", "unable to parse requirement: found 'web' expected: '('"),
            ("app in (web", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("app web", "unable to parse requirement: found 'web', expected: in, notin, =, ==, !=, gt, lt"),
            ("app=!x", "unable to parse requirement: found '!', expected: identifier"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
            (
                "n>x",
                "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
            ),
            (
                "a_/b=c",
                "unable to parse requirement: <nil>: Invalid value: \"a_/b\": prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            ),
            (
                "app=-x",
                "unable to parse requirement: values[0][app]: Invalid value: \"-x\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            ),
        ] {
            assert_eq!(LabelSelector::parse(text), Err(error.to_owned()), "{text}");
        }
    }

    #[test]
    fn selector_objects() {
        let s = value!({"matchLabels": {"app": "web"}, "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["b", "a"]}, {"key": "x", "operator": "DoesNotExist"}]});
        assert_eq!(format_label_selector(&s), "app=web,tier in (a,b),!x");
        let s = LabelSelector::from_value(&s).expect("valid");
        assert!(s.matches(&value!({"app": "web", "tier": "a"})));
        assert!(!s.matches(&value!({"app": "web", "tier": "a", "x": "1"})));
        assert_eq!(s.exact("app"), Some("web"));
        assert!(LabelSelector::from_value(&value!({})).expect("valid").is_everything());
        assert!(!LabelSelector::from_value(&Value::Null).expect("valid").matches(&Value::Null));
        assert_eq!(
            LabelSelector::from_value(&value!({"matchExpressions": [{"key": "a", "operator": "Is"}]})),
            Err("\"Is\" is not a valid label selector operator".to_owned())
        );
        assert!(LabelSelector::from_labels(&value!({"a": "b"})).matches(&value!({"a": "b", "c": "d"})));
    }

    #[test]
    fn field_selectors() {
        let fields = |name: &str| Str::from(if name == "status.phase" { "Running" } else { "" });
        for (text, expected) in [
            ("status.phase=Running", Ok(true)),
            ("status.phase==Running,metadata.name!=a", Ok(true)),
            ("status.phase!=Running", Ok(false)),
            ("a", Err("invalid selector: 'a'; can't understand 'a'".to_owned())),
            ("a=b=c", Err("invalid field selector: unescaped character in value: 61".to_owned())),
            ("a=b\\x", Err("invalid field selector: invalid escape sequence: \\x".to_owned())),
        ] {
            assert_eq!(FieldSelector::parse(text).map(|s| s.matches(fields)), expected, "{text}");
        }
        let s = FieldSelector::parse("b=x\\,y,a!=1").expect("valid");
        assert_eq!((s.to_string().as_str(), s.exact("b")), ("a!=1,b=x\\,y", Some("x,y")));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_prints_reads_back(text in "[a-c=!<>(),in \\\\]{0,16}", any in "\\PC{0,16}") {
            for text in [&text, &any] {
                let _ = FieldSelector::parse(text);
                if let Ok(s) = LabelSelector::parse(text) {
                    prop_assert_eq!(LabelSelector::parse(&s.to_string()), Ok(s));
                }
            }
        }
    }
}
