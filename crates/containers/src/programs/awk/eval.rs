//! Running awk's tree over one record.

use ordered::BTreeMap;

use super::parse::{Expr, Pattern, Program, Stmt, Target};
use crate::machine::{Open, Sys};
use crate::programs::printf;
use crate::regex::Regex;

/// Steps one run of the rules over a record may take.
const FUEL: u32 = 2_000_000;
pub(super) const TEXT_MAX: usize = 1 << 20;

#[derive(Clone, Debug)]
pub(super) enum Value {
    Number(f64),
    Text(String),
    /// Text from outside that compares as a number if it looks like one.
    Input(String),
    Unset,
}

/// How a statement ended.
pub(super) enum Flow {
    Go,
    Next,
    NextFile,
    Exit(i32),
    Break,
    Continue,
    Error(String),
}

/// Variables, fields and arrays.
#[derive(Clone)]
pub(super) struct World {
    pub(super) vars: BTreeMap<String, Value>,
    pub(super) arrays: BTreeMap<String, BTreeMap<String, Value>>,
    pub(super) record: String,
    fields: Vec<String>,
    file: usize,
    fuel: u32,
    pub(super) ranges: Vec<bool>,
    fs_regex: Option<(String, Regex)>,
    /// Descriptors of files that were printed to.
    files: BTreeMap<String, u32>,
}

pub(super) type Evaluated<T> = Result<T, String>;

fn number_text(n: f64, format: &str) -> String {
    if n == n.trunc() && n.abs() < 1e16 {
        return format!("{}", n as i64);
    }
    let precision = format.trim_start_matches("%.").trim_end_matches('g').parse().unwrap_or(6);
    let sign = if n < 0.0 { "-" } else { "" };
    format!("{sign}{}", printf::float(n.abs(), 'g', Some(precision)))
}

/// The number a text begins with, and whether that is all of it.
fn parse_number(text: &str) -> (f64, bool) {
    let t = text.trim();
    if let Ok(n) = t.parse::<f64>()
        && t.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
    {
        return (n, true);
    }
    let mut end = 0;
    let bytes = t.as_bytes();
    let mut seen = (false, false, false);
    while let Some(b) = bytes.get(end) {
        match b {
            b'0'..=b'9' => seen.0 = true,
            b'+' | b'-' if end == 0 || matches!(bytes[end - 1], b'e' | b'E') => {}
            b'.' if !seen.1 && !seen.2 => seen.1 = true,
            b'e' | b'E' if seen.0 && !seen.2 && bytes.get(end + 1).is_some_and(|n| n.is_ascii_digit()) => {
                seen.2 = true
            }
            _ => break,
        }
        end += 1;
    }
    (t[..end].parse().unwrap_or(0.0), false)
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
        Self {
            vars,
            arrays: BTreeMap::new(),
            record: String::new(),
            fields: Vec::new(),
            file: 0,
            fuel: 0,
            ranges: Vec::new(),
            fs_regex: None,
            files: BTreeMap::new(),
        }
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.vars.insert(name.into(), Value::Input(value.into()));
    }

    pub(super) fn set_element(&mut self, array: &str, key: &str, value: &str) {
        self.arrays.entry(array.into()).or_default().insert(key.into(), Value::Input(value.into()));
    }

    pub(super) fn var_text(&self, name: &str) -> String {
        self.vars.get(name).map(|v| self.text(v)).unwrap_or_default()
    }

    pub(super) fn text(&self, value: &Value) -> String {
        match value {
            Value::Number(n) => number_text(*n, "%.6g"),
            Value::Text(t) | Value::Input(t) => t.clone(),
            Value::Unset => String::new(),
        }
    }

    pub(super) fn number(value: &Value) -> f64 {
        match value {
            Value::Number(n) => *n,
            Value::Text(t) | Value::Input(t) => parse_number(t).0,
            Value::Unset => 0.0,
        }
    }

    fn truth(value: &Value) -> bool {
        match value {
            Value::Number(n) => *n != 0.0,
            Value::Text(t) => !t.is_empty(),
            Value::Input(t) => match parse_number(t) {
                (n, true) => n != 0.0,
                _ => !t.is_empty(),
            },
            Value::Unset => false,
        }
    }

    pub(super) fn record(&mut self, text: &str, file: &str, nth: usize) {
        let nr = self.vars.get("NR").map_or(0.0, Self::number) + 1.0;
        let fnr = if self.file == nth { self.vars.get("FNR").map_or(0.0, Self::number) + 1.0 } else { 1.0 };
        self.file = nth;
        self.vars.insert("NR".into(), Value::Number(nr));
        self.vars.insert("FNR".into(), Value::Number(fnr));
        self.vars.insert("FILENAME".into(), Value::Text(file.into()));
        self.set_record(text);
    }

    fn set_record(&mut self, text: &str) {
        self.record = text.into();
        let separator = self.var_text("FS");
        self.fields = self.split(text, &separator).unwrap_or_default();
        self.vars.insert("NF".into(), Value::Number(self.fields.len() as f64));
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
        if self.fs_regex.as_ref().is_none_or(|(t, _)| t != separator) {
            self.fs_regex = Some((separator.into(), Regex::new(separator, true, false)?));
        }
        let Some((_, regex)) = &self.fs_regex else { return Ok(Vec::new()) };
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

    pub(super) fn run_rules(
        &mut self,
        script: &Program,
        sys: &mut Sys<'_>,
        which: impl Fn(&Pattern) -> bool,
    ) -> Flow {
        self.fuel = FUEL;
        let flow = self.rules(script, sys, which);
        sys.charge((FUEL - self.fuel) >> 6);
        match flow {
            Ok(flow) => flow,
            Err(text) => Flow::Error(text),
        }
    }

    fn rules(
        &mut self,
        script: &Program,
        sys: &mut Sys<'_>,
        which: impl Fn(&Pattern) -> bool,
    ) -> Evaluated<Flow> {
        for (n, rule) in script.rules.iter().enumerate() {
            if !which(&rule.pattern) {
                continue;
            }
            let hit = match &rule.pattern {
                Pattern::Begin | Pattern::End | Pattern::Always => true,
                Pattern::Expr(e) => {
                    let v = self.eval(e, sys)?;
                    Self::truth(&v)
                }
                Pattern::Range(from, to) => {
                    let open = self.ranges.get(n).copied().unwrap_or(false);
                    let begins = open || {
                        let v = self.eval(from, sys)?;
                        Self::truth(&v)
                    };
                    if begins {
                        let v = self.eval(to, sys)?;
                        let ends = Self::truth(&v);
                        if let Some(r) = self.ranges.get_mut(n) {
                            *r = !ends;
                        }
                    }
                    begins
                }
            };
            if !hit {
                continue;
            }
            match &rule.body {
                None => {
                    let line = format!("{}{}", self.record, self.var_text("ORS"));
                    sys.out(line);
                }
                Some(body) => match self.block(body, sys)? {
                    Flow::Go | Flow::Break | Flow::Continue => {}
                    Flow::Next => return Ok(Flow::Go),
                    flow => return Ok(flow),
                },
            }
        }
        Ok(Flow::Go)
    }

    fn block(&mut self, body: &[Stmt], sys: &mut Sys<'_>) -> Evaluated<Flow> {
        for stmt in body {
            match self.stmt(stmt, sys)? {
                Flow::Go => {}
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Go)
    }

    pub(super) fn burn(&mut self, n: u32) -> Evaluated<()> {
        match self.fuel.checked_sub(n) {
            Some(left) => {
                self.fuel = left;
                Ok(())
            }
            None => Err("program does not end".into()),
        }
    }

    fn holds(&mut self, e: &Expr, sys: &mut Sys<'_>) -> Evaluated<bool> {
        let v = self.eval(e, sys)?;
        Ok(Self::truth(&v))
    }

    fn print(&mut self, data: &[u8], target: Option<&Target>, sys: &mut Sys<'_>) -> Evaluated<()> {
        let Some(Target(name, stays)) = target else {
            sys.out(data);
            return Ok(());
        };
        let v = self.eval(name, sys)?;
        let name = self.text(&v);
        // A file is emptied once, by the first that is printed to it.
        let fd = match self.files.get(&name) {
            Some(fd) => *fd,
            None => {
                let how = if *stays { Open::Append } else { Open::Write };
                let fd = sys.open(&name, how).map_err(|e| format!("can't redirect to `{name}' ({e})"))?;
                self.files.insert(name, fd);
                fd
            }
        };
        sys.write(fd, data);
        Ok(())
    }

    fn stmt(&mut self, stmt: &Stmt, sys: &mut Sys<'_>) -> Evaluated<Flow> {
        self.burn(1)?;
        match stmt {
            Stmt::Expr(e) => {
                self.eval(e, sys)?;
            }
            Stmt::Print(list, target) => {
                let (ofs, ors) = (self.var_text("OFS"), self.var_text("ORS"));
                let mut out = String::new();
                if list.is_empty() {
                    out.push_str(&self.record);
                }
                for (n, e) in list.iter().enumerate() {
                    if n > 0 {
                        out.push_str(&ofs);
                    }
                    let v = self.eval(e, sys)?;
                    out.push_str(&match v {
                        Value::Number(n) => number_text(n, &self.var_text("OFMT")),
                        v => self.text(&v),
                    });
                }
                out.push_str(&ors);
                self.burn(out.len() as u32 >> 4)?;
                self.print(out.as_bytes(), target.as_ref(), sys)?;
            }
            Stmt::Printf(list, target) => {
                let text = self.format(list, sys)?;
                self.burn(text.len() as u32 >> 4)?;
                self.print(&text, target.as_ref(), sys)?;
            }
            Stmt::If(cond, yes, no) => {
                if self.holds(cond, sys)? {
                    return self.stmt(yes, sys);
                } else if let Some(no) = no {
                    return self.stmt(no, sys);
                }
            }
            Stmt::While(cond, body) => {
                while self.holds(cond, sys)? {
                    match self.stmt(body, sys)? {
                        Flow::Go | Flow::Continue => {}
                        Flow::Break => break,
                        flow => return Ok(flow),
                    }
                }
            }
            Stmt::Do(body, cond) => loop {
                match self.stmt(body, sys)? {
                    Flow::Go | Flow::Continue => {}
                    Flow::Break => break,
                    flow => return Ok(flow),
                }
                if !self.holds(cond, sys)? {
                    break;
                }
            },
            Stmt::For(init, cond, step, body) => {
                if let Some(init) = init {
                    self.stmt(init, sys)?;
                }
                loop {
                    if let Some(cond) = cond
                        && !self.holds(cond, sys)?
                    {
                        break;
                    }
                    match self.stmt(body, sys)? {
                        Flow::Go | Flow::Continue => {}
                        Flow::Break => break,
                        flow => return Ok(flow),
                    }
                    if let Some(step) = step {
                        self.stmt(step, sys)?;
                    }
                }
            }
            Stmt::ForIn(name, array, body) => {
                let keys: Vec<String> =
                    self.arrays.get(array).map(|a| a.keys().cloned().collect()).unwrap_or_default();
                for key in keys {
                    self.vars.insert(name.clone(), Value::Input(key));
                    match self.stmt(body, sys)? {
                        Flow::Go | Flow::Continue => {}
                        Flow::Break => break,
                        flow => return Ok(flow),
                    }
                }
            }
            Stmt::Block(body) => return self.block(body, sys),
            Stmt::Next => return Ok(Flow::Next),
            Stmt::NextFile => return Ok(Flow::NextFile),
            Stmt::Exit(code) => {
                let code = match code {
                    Some(e) => {
                        let v = self.eval(e, sys)?;
                        Self::number(&v) as i32
                    }
                    None => 0,
                };
                return Ok(Flow::Exit(code));
            }
            Stmt::Break => return Ok(Flow::Break),
            Stmt::Continue => return Ok(Flow::Continue),
            Stmt::Delete(array, keys) => match keys {
                None => {
                    self.arrays.remove(array);
                }
                Some(keys) => {
                    let key = self.key(keys, sys)?;
                    if let Some(a) = self.arrays.get_mut(array) {
                        a.remove(&key);
                    }
                }
            },
        }
        Ok(Flow::Go)
    }

    fn key(&mut self, keys: &[Expr], sys: &mut Sys<'_>) -> Evaluated<String> {
        let mut parts = Vec::new();
        for e in keys {
            let v = self.eval(e, sys)?;
            parts.push(self.text(&v));
        }
        Ok(parts.join(&self.var_text("SUBSEP")))
    }

    pub(super) fn format(&mut self, list: &[Expr], sys: &mut Sys<'_>) -> Evaluated<Vec<u8>> {
        let mut args = Vec::new();
        for e in list {
            let v = self.eval(e, sys)?;
            args.push(match v {
                Value::Number(n) if n != n.trunc() => n.to_string(),
                v => self.text(&v),
            });
        }
        // awk's %d takes what number a text begins with, and the format is used once.
        let Some(format) = args.first().cloned() else { return Ok(Vec::new()) };
        let chars: Vec<char> = format.chars().collect();
        let (mut n, mut i) = (1, 0);
        while i < chars.len() {
            if chars[i] == '%' {
                i += 1;
                while chars.get(i).is_some_and(|c| "-+ #0123456789.".contains(*c)) {
                    i += 1;
                }
                match chars.get(i) {
                    Some('%') | None => {}
                    Some('c') => n += 1,
                    Some(c) => {
                        if let Some(a) = args.get_mut(n) {
                            match c {
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
        Ok(printf::render(&args, true).0)
    }

    pub(super) fn assign(&mut self, target: &Expr, value: Value, sys: &mut Sys<'_>) -> Evaluated<()> {
        match target {
            Expr::Var(name) if name == "NF" => {
                let n = (Self::number(&value).max(0.0) as usize).min(10_000);
                self.fields.resize(n, String::new());
                self.rebuild();
            }
            Expr::Var(name) => {
                self.vars.insert(name.clone(), value);
            }
            Expr::Field(inner) => {
                let v = self.eval(inner, sys)?;
                let n = (Self::number(&v).max(0.0) as usize).min(10_000);
                let text = self.text(&value);
                if n == 0 {
                    self.set_record(&text);
                } else {
                    if self.fields.len() < n {
                        self.fields.resize(n, String::new());
                    }
                    self.fields[n - 1] = text;
                    self.rebuild();
                }
            }
            Expr::Element(name, keys) => {
                let key = self.key(keys, sys)?;
                let array = self.arrays.entry(name.clone()).or_default();
                array.insert(key, value);
                if array.len() > 200_000 {
                    return Err("out of memory".into());
                }
            }
            _ => return Err("assignment to a value".into()),
        }
        Ok(())
    }

    pub(super) fn regex(&mut self, e: &Expr, sys: &mut Sys<'_>) -> Evaluated<Regex> {
        if let Expr::Regex(regex, _) = e {
            return Ok(regex.clone());
        }
        let v = self.eval(e, sys)?;
        Regex::new(&self.text(&v), true, false)
    }

    pub(super) fn eval(&mut self, e: &Expr, sys: &mut Sys<'_>) -> Evaluated<Value> {
        self.burn(1)?;
        Ok(match e {
            Expr::Number(n) => Value::Number(*n),
            Expr::Text(t) => Value::Text(t.clone()),
            Expr::Group(inner) => self.eval(inner, sys)?,
            Expr::Regex(regex, _) => {
                self.burn(self.record.len() as u32 >> 4)?;
                Value::Number(f64::from(u8::from(regex.is_match(&self.record))))
            }
            Expr::Var(name) => self.vars.get(name).cloned().unwrap_or(Value::Unset),
            Expr::Field(inner) => {
                let v = self.eval(inner, sys)?;
                let n = Self::number(&v);
                if n < 0.0 {
                    return Err("Access to negative field".into());
                }
                match n as usize {
                    0 => Value::Input(self.record.clone()),
                    n => self.fields.get(n - 1).map_or(Value::Unset, |f| Value::Input(f.clone())),
                }
            }
            Expr::Element(name, keys) => {
                let key = self.key(keys, sys)?;
                self.arrays.entry(name.clone()).or_default().entry(key).or_insert(Value::Unset).clone()
            }
            Expr::In(keys, name) => {
                let key = self.key(keys, sys)?;
                let there = self.arrays.get(name).is_some_and(|a| a.contains_key(&key));
                Value::Number(f64::from(u8::from(there)))
            }
            Expr::Assign(target, op, right) => {
                let right = self.eval(right, sys)?;
                let value = if *op == '=' {
                    right
                } else {
                    let left = self.eval(target, sys)?;
                    Value::Number(arith(*op, Self::number(&left), Self::number(&right))?)
                };
                self.assign(target, value.clone(), sys)?;
                value
            }
            Expr::Step { target, by, before } => {
                let v = self.eval(target, sys)?;
                let old = Self::number(&v);
                self.assign(target, Value::Number(old + by), sys)?;
                Value::Number(if *before { old + by } else { old })
            }
            Expr::Unary(op, inner) => {
                let v = self.eval(inner, sys)?;
                Value::Number(match op {
                    '!' => f64::from(u8::from(!Self::truth(&v))),
                    '-' => -Self::number(&v),
                    _ => Self::number(&v),
                })
            }
            Expr::Match(left, want, right) => {
                let v = self.eval(left, sys)?;
                let text = self.text(&v);
                let regex = self.regex(right, sys)?;
                Value::Number(f64::from(u8::from(regex.is_match(&text) == *want)))
            }
            Expr::Cond(cond, yes, no) => {
                if self.holds(cond, sys)? {
                    self.eval(yes, sys)?
                } else {
                    self.eval(no, sys)?
                }
            }
            Expr::Binary(op, left, right) => self.binary(op, left, right, sys)?,
            Expr::Call(name, args) => self.call(name, args, sys)?,
        })
    }

    fn binary(&mut self, op: &str, left: &Expr, right: &Expr, sys: &mut Sys<'_>) -> Evaluated<Value> {
        let bit = |b: bool| Value::Number(f64::from(u8::from(b)));
        if op == "&&" || op == "||" {
            let first = self.holds(left, sys)?;
            return Ok(bit(if op == "&&" {
                first && self.holds(right, sys)?
            } else {
                first || self.holds(right, sys)?
            }));
        }
        let (a, b) = (self.eval(left, sys)?, self.eval(right, sys)?);
        Ok(match op {
            "concat" => {
                let text = self.text(&a) + &self.text(&b);
                if text.len() > TEXT_MAX {
                    return Err("out of memory".into());
                }
                self.burn(text.len() as u32 >> 5)?;
                Value::Text(text)
            }
            "<" | "<=" | "==" | "!=" | ">" | ">=" => {
                let numeric = |v: &Value| match v {
                    Value::Number(_) | Value::Unset => true,
                    Value::Input(t) => parse_number(t).1,
                    Value::Text(_) => false,
                };
                let order = if numeric(&a) && numeric(&b) {
                    Self::number(&a).total_cmp(&Self::number(&b))
                } else {
                    self.text(&a).cmp(&self.text(&b))
                };
                bit(match op {
                    "<" => order.is_lt(),
                    "<=" => order.is_le(),
                    "==" => order.is_eq(),
                    "!=" => order.is_ne(),
                    ">" => order.is_gt(),
                    _ => order.is_ge(),
                })
            }
            op => Value::Number(arith(op.chars().next().unwrap_or('+'), Self::number(&a), Self::number(&b))?),
        })
    }
}

fn arith(op: char, a: f64, b: f64) -> Evaluated<f64> {
    Ok(match op {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        '/' | '%' if b == 0.0 => return Err("Division by zero".into()),
        '/' => a / b,
        '%' => a % b,
        _ => a.powf(b),
    })
}
