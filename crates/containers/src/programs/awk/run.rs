//! Running awk's steps: a stack, frames of functions, files and commands that are read and written.

use ordered::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

use super::Reader;
use super::code::{Code, Op, Place, To, Var};
use super::functions::replace;
use super::parse::From;
use super::value::Value;
use super::world::{Evaluated, TEXT_MAX, World};
use crate::machine::{Open, Pid, Sys, Turn, Wait};
use crate::programs::input::{Input, Next};

/// Steps in one go.
const SLICE: u32 = 2_000;
const STACK_MAX: usize = 100_000;
const FRAMES_MAX: usize = 2_000;

/// How a run of steps ended.
pub(super) enum Ran {
    Go,
    Wait(Wait),
    /// The rules are through, or the record needs no more of them.
    End,
    NextFile,
    Exit(Option<i32>),
}

#[derive(Clone)]
struct Frame {
    back: usize,
    base: usize,
    keys: usize,
    /// Names of arrays that were made up for parameters without a value.
    made: std::ops::Range<u32>,
}

/// A file or command that is written to or read from.
#[derive(Clone)]
struct Stream {
    fd: Option<u32>,
    reader: Option<Reader>,
    child: Option<Pid>,
}

#[derive(Clone)]
pub(super) struct Run {
    pub(super) world: World,
    pub(super) main: Option<Reader>,
    stack: Vec<Value>,
    frames: Vec<Frame>,
    keys: Vec<VecDeque<String>>,
    open: Vec<bool>,
    made: u32,
    at: usize,
    streams: BTreeMap<String, Stream>,
    /// A command that is waited for.
    child: Option<Pid>,
}

fn arith(op: &str, a: f64, b: f64) -> Evaluated<f64> {
    Ok(match op {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" | "%" if b == 0.0 => return Err("Division by zero".into()),
        "/" => a / b,
        "%" => a % b,
        _ => a.powf(b),
    })
}

fn made_name(n: u32) -> String {
    format!("\u{1}{n}")
}

impl Run {
    pub(super) fn new() -> Self {
        Self {
            world: World::new(),
            main: None,
            stack: Vec::new(),
            frames: Vec::new(),
            keys: Vec::new(),
            open: Vec::new(),
            made: 0,
            at: 0,
            streams: BTreeMap::new(),
            child: None,
        }
    }

    /// Begins at a place of the code with nothing left over.
    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at;
        self.stack.clear();
        self.frames.clear();
        self.keys.clear();
    }

    /// Counts a record of the main input.
    pub(super) fn record(&mut self, text: &str) {
        self.count();
        self.world.set_record(text);
    }

    fn count(&mut self) {
        self.world.count("NR");
        let Some(reader) = &mut self.main else { return };
        let name = if reader.input.name == "-" { String::new() } else { reader.input.name.clone() };
        if std::mem::replace(&mut reader.seen, reader.input.opened) != reader.input.opened {
            self.world.vars.insert("FNR".into(), Value::Number(0.0));
        }
        self.world.count("FNR");
        self.world.vars.insert("FILENAME".into(), Value::Text(name));
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or(Value::Unset)
    }

    fn pop_text(&mut self) -> String {
        let v = self.pop();
        self.world.text(&v)
    }

    fn pop_many(&mut self, n: usize) -> Vec<Value> {
        let from = self.stack.len().saturating_sub(n);
        self.stack.split_off(from)
    }

    fn base(&self) -> usize {
        self.frames.last().map_or(0, |f| f.base)
    }

    /// The array a name means.
    fn array(&self, var: &Var) -> String {
        match var {
            Var::Global(name) => name.clone(),
            Var::Local(i) => match self.stack.get(self.base() + i) {
                Some(Value::Array(name)) => name.clone(),
                _ => made_name(u32::MAX),
            },
        }
    }

    fn var(&self, var: &Var) -> Value {
        match var {
            Var::Global(name) => self.world.vars.get(name).cloned().unwrap_or(Value::Unset),
            Var::Local(i) => self.stack.get(self.base() + i).cloned().unwrap_or(Value::Unset),
        }
    }

    fn set(&mut self, var: &Var, value: Value) {
        match var {
            Var::Global(name) if name == "NF" => self.world.set_count(value.number()),
            Var::Global(name) => {
                self.world.vars.insert(name.clone(), value);
            }
            Var::Local(i) => {
                let at = self.base() + i;
                if let Some(slot) = self.stack.get_mut(at) {
                    *slot = value;
                }
            }
        }
    }

    fn load(&mut self, place: &Place, key: &Value) -> Evaluated<Value> {
        Ok(match place {
            Place::Var(var) => self.var(var),
            Place::Field => self.world.field(key.number())?,
            Place::Element(var) => {
                let (array, key) = (self.array(var), self.world.text(key));
                match self.world.arrays.get(&array).and_then(|a| a.get(&key)) {
                    Some(v) => v.clone(),
                    None => {
                        self.world.element(&array, key, Value::Unset)?;
                        Value::Unset
                    }
                }
            }
        })
    }

    fn store(&mut self, place: &Place, key: &Value, value: Value) -> Evaluated<()> {
        match place {
            Place::Var(var) => self.set(var, value),
            Place::Field => {
                let text = self.world.text(&value);
                self.world.set_field(key.number(), &text);
            }
            Place::Element(var) => {
                let (array, key) = (self.array(var), self.world.text(key));
                self.world.element(&array, key, value)?;
            }
        }
        Ok(())
    }

    fn pop_key(&mut self, place: &Place) -> Value {
        if matches!(place, Place::Var(_)) { Value::Unset } else { self.pop() }
    }

    /// Starts a shell with a command; it has none of the other streams.
    fn spawn(&mut self, sys: &mut Sys<'_>, command: &str) -> Evaluated<Pid> {
        let argv = ["sh", "-c", command].map(String::from);
        let child = sys.spawn(&argv, None).map_err(|_| format!("can't run `{command}'"))?;
        for s in self.streams.values().filter_map(|s| s.fd) {
            sys.close_of(child, s);
        }
        Ok(child)
    }

    /// The stream called `name`, opened when it is not. `how`: `>`, `a`, `|` (written to), `r` (a command that is
    /// read), `<`.
    fn stream(&mut self, sys: &mut Sys<'_>, name: &str, how: char) -> Evaluated<&mut Stream> {
        if !self.streams.contains_key(name) {
            let mut stream = Stream { fd: None, reader: None, child: None };
            match how {
                '<' => stream.reader = Some(Reader::new(Input::new(&[name.into()]))),
                '|' | 'r' => {
                    let (r, w) = sys.pipe().map_err(|e| e.to_string())?;
                    let child = self.spawn(sys, name)?;
                    let (theirs, to, mine) = if how == '|' { (r, 0, w) } else { (w, 1, r) };
                    sys.give(child, theirs, to);
                    sys.close_of(child, r);
                    sys.close_of(child, w);
                    sys.close(theirs);
                    (stream.child, stream.fd) = (Some(child), Some(mine));
                    if how == 'r' {
                        stream.reader = Some(Reader::new(Input::of(mine)));
                    }
                }
                how => {
                    let open = if how == 'a' { Open::Append } else { Open::Write };
                    let fd = sys.open(name, open).map_err(|e| format!("can't redirect to `{name}' ({e})"))?;
                    stream.fd = Some(fd);
                }
            }
            self.streams.insert(name.into(), stream);
        }
        self.streams.get_mut(name).ok_or_else(String::new)
    }

    fn print(&mut self, data: &[u8], to: To, sys: &mut Sys<'_>) -> Evaluated<()> {
        let Some(how) = to else {
            sys.out(data);
            return Ok(());
        };
        let name = self.pop_text();
        if let Some(fd) = self.stream(sys, &name, how)?.fd {
            sys.write(fd, data);
        }
        Ok(())
    }

    /// Closes a stream; `true`: its command is to be waited for.
    fn close(&mut self, sys: &mut Sys<'_>, name: &str) -> Option<bool> {
        let stream = self.streams.remove(name)?;
        if let Some(fd) = stream.fd {
            sys.close(fd);
        }
        self.child = stream.child;
        Some(self.child.is_some())
    }

    /// The code of the command that is waited for.
    fn reap(&mut self, sys: &mut Sys<'_>) -> Result<i32, Wait> {
        let Some(child) = self.child else { return Ok(0) };
        let code = sys.reap(child);
        if code.is_none() && sys.has_child(child) {
            return Err(Wait::Child(Some(child)));
        }
        self.child = None;
        Ok(code.unwrap_or(0))
    }

    /// Closes all that is open, one after the other, and waits for commands to end.
    pub(super) fn leave(&mut self, sys: &mut Sys<'_>) -> Result<(), Wait> {
        loop {
            self.reap(sys)?;
            let Some(name) = self.streams.keys().next().cloned() else { return Ok(()) };
            self.close(sys, &name);
        }
    }

    /// `getline`: what it comes to, once it comes to something.
    fn getline(
        &mut self,
        from: &From<()>,
        place: Option<&Place>,
        sys: &mut Sys<'_>,
    ) -> Evaluated<Option<Wait>> {
        let separator = self.world.var_text("RS");
        let name = self.stack.last().map(|v| self.world.text(v)).unwrap_or_default();
        let main = matches!(from, From::Main);
        let reader = match from {
            From::Main => self.main.as_mut(),
            From::File(()) => self.stream(sys, &name, '<')?.reader.as_mut(),
            From::Command(()) => self.stream(sys, &name, 'r')?.reader.as_mut(),
        };
        let Some(reader) = reader else { return Err(format!("`{name}' is written to")) };
        let mut result = 0.0;
        let mut line = None;
        match reader.next(&separator, sys) {
            Next::Line(text, _) => {
                result = 1.0;
                line = Some(String::from_utf8_lossy(&text).into_owned());
            }
            Next::Wait(Turn::Wait(wait)) => return Ok(Some(wait)),
            Next::FileEnd if main => return Ok(Some(Wait::Ready)),
            Next::End | Next::FileEnd => {}
            Next::Failed(..) => {
                result = -1.0;
                if !main {
                    self.streams.remove(&name);
                }
            }
            _ => return Ok(Some(Wait::Ready)),
        }
        if !main {
            self.pop();
        }
        let key = place.map(|p| self.pop_key(p));
        if let Some(text) = line {
            match from {
                From::Main => self.count(),
                From::Command(()) => self.world.count("NR"),
                From::File(()) => {}
            }
            match (place, key) {
                (Some(place), Some(key)) => self.store(place, &key, Value::Input(text))?,
                _ => self.world.set_record(&text),
            }
        }
        self.stack.push(Value::Number(result));
        Ok(None)
    }

    fn binary(&mut self, op: &str) -> Evaluated<Value> {
        let (b, a) = (self.pop(), self.pop());
        Ok(match op {
            "concat" => {
                let text = self.world.text(&a) + &self.world.text(&b);
                if text.len() > TEXT_MAX {
                    return Err("out of memory".into());
                }
                Value::Text(text)
            }
            "<" | "<=" | "==" | "!=" | ">" | ">=" => {
                let order = if a.is_numeric() && b.is_numeric() {
                    a.number().total_cmp(&b.number())
                } else {
                    self.world.text(&a).cmp(&self.world.text(&b))
                };
                Value::bit(match op {
                    "<" => order.is_lt(),
                    "<=" => order.is_le(),
                    "==" => order.is_eq(),
                    "!=" => order.is_ne(),
                    ">" => order.is_gt(),
                    _ => order.is_ge(),
                })
            }
            op => Value::Number(arith(op, a.number(), b.number())?),
        })
    }

    fn regex(&mut self, code: &Code, known: Option<usize>) -> Evaluated<crate::regex::Regex> {
        match known.and_then(|n| code.regexes.get(n)) {
            Some(r) => Ok(r.clone()),
            None => {
                let text = self.pop_text();
                self.world.regex(&text)
            }
        }
    }

    fn call(&mut self, code: &Code, n: usize, given: usize) -> Evaluated<()> {
        let Some(f) = code.functions.get(n) else { return Ok(()) };
        if self.frames.len() >= FRAMES_MAX {
            return Err("recursion too deep".into());
        }
        let from = self.made;
        for _ in given..f.params {
            self.stack.push(Value::Array(made_name(self.made)));
            self.made = self.made.wrapping_add(1);
        }
        let base = self.stack.len().saturating_sub(f.params);
        self.frames.push(Frame { back: self.at, base, keys: self.keys.len(), made: from..self.made });
        self.at = f.entry;
        Ok(())
    }

    /// Goes on for a slice.
    pub(super) fn run(&mut self, code: &Arc<Code>, sys: &mut Sys<'_>) -> Evaluated<Ran> {
        let mut spent = 0;
        while spent < SLICE {
            spent += 1;
            let Some(op) = code.ops.get(self.at) else { return Ok(Ran::End) };
            let here = self.at;
            self.at += 1;
            match op {
                Op::Value(v) => self.stack.push(v.clone()),
                Op::Load(place) => {
                    let key = self.pop_key(place);
                    let v = self.load(place, &key)?;
                    self.stack.push(v);
                }
                Op::Pass(var) => {
                    let v = match (var, self.var(var)) {
                        (Var::Global(name), Value::Unset) => Value::Array(name.clone()),
                        (_, v) => v,
                    };
                    self.stack.push(v);
                }
                Op::Assign(place, op) => {
                    let right = self.pop();
                    let key = self.pop_key(place);
                    let value = if *op == '=' {
                        if let Value::Array(_) = right { Value::Unset } else { right }
                    } else {
                        let left = self.load(place, &key)?;
                        let mut name = [0; 4];
                        Value::Number(arith(op.encode_utf8(&mut name), left.number(), right.number())?)
                    };
                    self.store(place, &key, value.clone())?;
                    self.stack.push(value);
                }
                Op::Step(place, by, before) => {
                    let key = self.pop_key(place);
                    let old = self.load(place, &key)?.number();
                    self.store(place, &key, Value::Number(old + by))?;
                    self.stack.push(Value::Number(if *before { old + by } else { old }));
                }
                Op::MatchRecord(n) => {
                    spent += self.world.record.len() as u32 >> 4;
                    let hit = code.regexes.get(*n).is_some_and(|r| r.is_match(&self.world.record));
                    self.stack.push(Value::bit(hit));
                }
                Op::Match(known, want) => {
                    let regex = self.regex(code, *known)?;
                    let text = self.pop_text();
                    spent += text.len() as u32 >> 4;
                    self.stack.push(Value::bit(regex.is_match(&text) == *want));
                }
                Op::Unary(op) => {
                    let v = self.pop();
                    self.stack.push(match op {
                        '!' => Value::bit(!v.truth()),
                        '-' => Value::Number(-v.number()),
                        _ => Value::Number(v.number()),
                    });
                }
                Op::Binary(op) => {
                    let v = self.binary(op)?;
                    if let Value::Text(t) = &v {
                        spent += t.len() as u32 >> 5;
                    }
                    self.stack.push(v);
                }
                Op::Join(n) => {
                    let parts: Vec<String> = self.pop_many(*n).iter().map(|v| self.world.text(v)).collect();
                    self.stack.push(Value::Text(parts.join(&self.world.var_text("SUBSEP"))));
                }
                Op::In(var) => {
                    let (key, array) = (self.pop_text(), self.array(var));
                    let there = self.world.arrays.get(&array).is_some_and(|a| a.contains_key(&key));
                    self.stack.push(Value::bit(there));
                }
                Op::Jump(to) => self.at = *to,
                Op::Unless(to) => {
                    if !self.pop().truth() {
                        self.at = *to;
                    }
                }
                Op::Truth => {
                    let v = self.pop().truth();
                    self.stack.push(Value::bit(v));
                }
                Op::Pop => {
                    self.pop();
                }
                Op::Print(n, to) => {
                    let name = to.map(|_| self.pop());
                    let list = self.pop_many(*n);
                    let (ofs, ofmt) = (self.world.var_text("OFS"), self.world.var_text("OFMT"));
                    let parts: Vec<String> = list.iter().map(|v| v.text(&ofmt)).collect();
                    let mut out = if list.is_empty() { self.world.record.clone() } else { parts.join(&ofs) };
                    out.push_str(&self.world.var_text("ORS"));
                    spent += out.len() as u32 >> 4;
                    self.stack.extend(name);
                    self.print(out.as_bytes(), *to, sys)?;
                }
                Op::Printf(n, to) => {
                    let name = to.map(|_| self.pop());
                    let list = self.pop_many(*n);
                    let out = self.world.format(&list);
                    spent += out.len() as u32 >> 4;
                    self.stack.extend(name);
                    self.print(&out, *to, sys)?;
                }
                Op::PrintRecord => {
                    let line = format!("{}{}", self.world.record, self.world.var_text("ORS"));
                    sys.out(line);
                }
                Op::Getline(from, place) => {
                    spent += 10;
                    if let Some(wait) = self.getline(from, place.as_ref(), sys)? {
                        self.at = here;
                        sys.charge(spent >> 4);
                        return Ok(if wait == Wait::Ready { Ran::Go } else { Ran::Wait(wait) });
                    }
                }
                Op::Keys(var) => {
                    let array = self.array(var);
                    let keys = self.world.arrays.get(&array).map(|a| a.keys().cloned().collect());
                    self.keys.push(keys.unwrap_or_default());
                }
                Op::NextKey(var, out) => match self.keys.last_mut().and_then(VecDeque::pop_front) {
                    Some(key) => self.set(var, Value::Input(key)),
                    None => self.at = *out,
                },
                Op::EndKeys => {
                    self.keys.pop();
                }
                Op::Call(n, given) => self.call(code, *n, *given)?,
                Op::Return => {
                    let value = self.pop();
                    let Some(frame) = self.frames.pop() else {
                        return Err("return outside a function".into());
                    };
                    self.stack.truncate(frame.base);
                    self.keys.truncate(frame.keys);
                    for n in frame.made {
                        self.world.arrays.remove(&made_name(n));
                    }
                    self.stack.push(value);
                    self.at = frame.back;
                }
                Op::Builtin(name @ ("system" | "close"), _) => {
                    if self.child.is_none() {
                        let text = self.stack.last().map(|v| self.world.text(v)).unwrap_or_default();
                        if *name == "system" {
                            self.child = Some(self.spawn(sys, &text)?);
                        } else {
                            let waits = self.close(sys, &text);
                            if waits != Some(true) {
                                self.pop();
                                self.stack.push(Value::Number(if waits.is_some() { 0.0 } else { -1.0 }));
                                continue;
                            }
                        }
                    }
                    match self.reap(sys) {
                        Ok(status) => {
                            self.pop();
                            self.stack.push(Value::Number(f64::from(status)));
                        }
                        Err(wait) => {
                            self.at = here;
                            return Ok(Ran::Wait(wait));
                        }
                    }
                }
                Op::Builtin(name, n) => {
                    let values = self.pop_many(*n);
                    let v = self.world.builtin(name, &values, sys)?;
                    spent += 2;
                    self.stack.push(v);
                }
                Op::Split(var, separated) => {
                    let separator = if *separated { self.pop_text() } else { self.world.var_text("FS") };
                    let text = self.pop_text();
                    spent += text.len() as u32 >> 2;
                    let parts = self.world.split(&text, &separator)?;
                    self.stack.push(Value::Number(parts.len() as f64));
                    let array = self.array(var);
                    let map = (1u32..).zip(parts).map(|(i, t)| (i.to_string(), Value::Input(t))).collect();
                    self.world.arrays.insert(array, map);
                }
                Op::Sub(place, known, all) => {
                    let with = self.pop_text();
                    let regex = self.regex(code, *known)?;
                    let key = self.pop_key(place);
                    let v = self.load(place, &key)?;
                    let text = self.world.text(&v);
                    spent += text.len() as u32;
                    let (text, n) = replace(&text, &regex, &with, usize::from(!all), false);
                    if n > 0 {
                        self.store(place, &key, Value::Text(text))?;
                    }
                    self.stack.push(Value::Number(n as f64));
                }
                Op::Find(known) => {
                    let regex = self.regex(code, *known)?;
                    let chars: Vec<char> = self.pop_text().chars().collect();
                    let found = regex.find_at(&chars, 0).and_then(|g| g[0]);
                    let (start, length) =
                        found.map_or((0.0, -1.0), |(a, b)| (a as f64 + 1.0, (b - a) as f64));
                    self.world.vars.insert("RSTART".into(), Value::Number(start));
                    self.world.vars.insert("RLENGTH".into(), Value::Number(length));
                    self.stack.push(Value::Number(start));
                }
                Op::Length(var) => {
                    let n = match self.world.arrays.get(&self.array(var)) {
                        Some(a) => a.len(),
                        None => self.world.text(&self.var(var)).chars().count(),
                    };
                    self.stack.push(Value::Number(n as f64));
                }
                Op::Delete(var, one) => {
                    let array = self.array(var);
                    if !one {
                        self.world.arrays.remove(&array);
                    } else {
                        let key = self.pop_text();
                        if let Some(a) = self.world.arrays.get_mut(&array) {
                            a.remove(&key);
                        }
                    }
                }
                Op::IsOpen(n) => self.stack.push(Value::bit(self.open.get(*n).copied().unwrap_or(false))),
                Op::SetOpen(n) => {
                    let open = !self.pop().truth();
                    self.open.resize(code.ranges, false);
                    self.open[*n] = open;
                }
                Op::Next => return Ok(Ran::End),
                Op::NextFile => return Ok(Ran::NextFile),
                Op::Exit(given) => {
                    let status = given.then(|| self.pop().number() as i32);
                    return Ok(Ran::Exit(status));
                }
                Op::End => {
                    sys.charge(spent >> 4);
                    return Ok(Ran::End);
                }
            }
            if self.stack.len() > STACK_MAX {
                return Err("recursion too deep".into());
            }
            if sys.must_flush() {
                break;
            }
        }
        sys.charge(spent >> 4);
        Ok(Ran::Go)
    }
}
