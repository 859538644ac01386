//! What an awk program knows: variables, arrays, the record and its fields.

use ordered::BTreeMap;

use super::value::{Value, parse_number};
use crate::programs::printf;
use crate::regex::Regex;

pub(super) const TEXT_MAX: usize = 1 << 20;
const ELEMENTS_MAX: usize = 200_000;
const FIELDS_MAX: usize = 10_000;

pub(super) type Evaluated<T> = Result<T, String>;

#[derive(Clone)]
pub(super) struct World {
    pub(super) vars: BTreeMap<String, Value>,
    pub(super) arrays: BTreeMap<String, BTreeMap<String, Value>>,
    pub(super) record: String,
    pub(super) fields: Vec<String>,
    /// The last regular expression that was made while running.
    regex: Option<(String, Regex)>,
}

impl World {
    pub(super) fn new() -> Self {
        let vars = [
            ("FS", " "),
            ("OFS", " "),
            ("ORS", "\n"),
            ("RS", "\n"),
            ("SUBSEP", "\u{1c}"),
            ("OFMT", "%.6g"),
            ("CONVFMT", "%.6g"),
        ];
        let mut vars: BTreeMap<String, Value> =
            vars.into_iter().map(|(k, v)| (k.to_string(), Value::Text(v.into()))).collect();
        for name in ["NR", "FNR", "NF"] {
            vars.insert(name.into(), Value::Number(0.0));
        }
        Self { vars, arrays: BTreeMap::new(), record: String::new(), fields: Vec::new(), regex: None }
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.vars.insert(name.into(), Value::Input(value.into()));
    }

    pub(super) fn element(&mut self, array: &str, key: String, value: Value) -> Evaluated<()> {
        let array = self.arrays.entry(array.into()).or_default();
        array.insert(key, value);
        if array.len() > ELEMENTS_MAX { Err("out of memory".into()) } else { Ok(()) }
    }

    pub(super) fn var_text(&self, name: &str) -> String {
        self.vars.get(name).map(|v| v.text("%.6g")).unwrap_or_default()
    }

    /// A value as text.
    pub(super) fn text(&self, value: &Value) -> String {
        match value {
            Value::Number(n) if *n != n.trunc() => value.text(&self.var_text("CONVFMT")),
            _ => value.text(""),
        }
    }

    /// One more of a counter.
    pub(super) fn count(&mut self, name: &str) {
        let n = self.vars.get(name).map_or(0.0, Value::number) + 1.0;
        self.vars.insert(name.into(), Value::Number(n));
    }

    pub(super) fn set_record(&mut self, text: &str) {
        self.record = text.into();
        let separator = self.var_text("FS");
        self.fields = self.split(text, &separator).unwrap_or_default();
        self.vars.insert("NF".into(), Value::Number(self.fields.len() as f64));
    }

    /// A regular expression from a text.
    pub(super) fn regex(&mut self, text: &str) -> Evaluated<Regex> {
        match &self.regex {
            Some((t, r)) if t == text => Ok(r.clone()),
            _ => {
                let made = Regex::new(text, true, false)?;
                self.regex = Some((text.into(), made.clone()));
                Ok(made)
            }
        }
    }

    pub(super) fn split(&mut self, text: &str, separator: &str) -> Evaluated<Vec<String>> {
        if separator == " " {
            return Ok(text.split_whitespace().map(String::from).collect());
        }
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let mut chars = separator.chars();
        if let (Some(c), None) = (chars.next(), chars.next())
            && c != '\\'
        {
            return Ok(text.split(c).map(String::from).collect());
        }
        if separator.is_empty() {
            return Ok(text.chars().map(String::from).collect());
        }
        let regex = self.regex(separator)?;
        let chars: Vec<char> = text.chars().collect();
        let (mut out, mut at, mut from) = (Vec::new(), 0, 0);
        while let Some((a, b)) = regex.find_at(&chars, from).and_then(|g| g[0]) {
            if b == a {
                from = a + 1;
                if from > chars.len() {
                    break;
                }
                continue;
            }
            out.push(chars[at..a].iter().collect());
            (at, from) = (b, b);
        }
        out.push(chars[at..].iter().collect());
        Ok(out)
    }

    fn rebuild(&mut self) {
        let ofs = self.var_text("OFS");
        self.record = self.fields.join(&ofs);
        self.vars.insert("NF".into(), Value::Number(self.fields.len() as f64));
    }

    /// Changes how many fields there are.
    pub(super) fn set_count(&mut self, n: f64) {
        self.fields.resize((n.max(0.0) as usize).min(FIELDS_MAX), String::new());
        self.rebuild();
    }

    pub(super) fn field(&self, n: f64) -> Evaluated<Value> {
        if n < 0.0 {
            return Err("Access to negative field".into());
        }
        Ok(match n as usize {
            0 => Value::Input(self.record.clone()),
            n => self.fields.get(n - 1).map_or(Value::Unset, |f| Value::Input(f.clone())),
        })
    }

    pub(super) fn set_field(&mut self, n: f64, text: &str) {
        match (n.max(0.0) as usize).min(FIELDS_MAX) {
            0 => self.set_record(text),
            n => {
                if self.fields.len() < n {
                    self.fields.resize(n, String::new());
                }
                self.fields[n - 1] = text.into();
                self.rebuild();
            }
        }
    }

    /// `printf`: awk's `%d` takes what number a text begins with, `%c` a code, and the format is used once.
    pub(super) fn format(&self, values: &[Value]) -> Vec<u8> {
        let mut args: Vec<String> = values
            .iter()
            .map(|v| match v {
                Value::Number(n) if *n != n.trunc() => n.to_string(),
                v => self.text(v),
            })
            .collect();
        let Some(format) = args.first().cloned() else { return Vec::new() };
        let chars: Vec<char> = format.chars().collect();
        let (mut n, mut i) = (1, 0);
        while i < chars.len() {
            if chars[i] == '%' {
                i += 1;
                while chars.get(i).is_some_and(|c| "-+ #0123456789.*".contains(*c)) {
                    n += usize::from(chars[i] == '*');
                    i += 1;
                }
                match chars.get(i) {
                    Some('%') | None => {}
                    Some(c) => {
                        if let Some(a) = args.get_mut(n) {
                            match c {
                                'c' => {
                                    if let Some(Value::Number(code)) = values.get(n) {
                                        *a = char::from_u32(*code as u32).unwrap_or(' ').into();
                                    }
                                }
                                'd' | 'i' | 'o' | 'x' | 'X' | 'u' => {
                                    *a = format!("{}", parse_number(a).0 as i64)
                                }
                                'f' | 'e' | 'g' | 'E' | 'G' => *a = parse_number(a).0.to_string(),
                                _ => {}
                            }
                        }
                        n += 1;
                    }
                }
            }
            i += 1;
        }
        args.truncate(n.max(1));
        args[0] = format.replace('\\', "\\\\");
        printf::render(&args, true).0
    }
}
