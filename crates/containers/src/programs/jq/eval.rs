//! Running jq's tree: a filter gives any number of results, one after the other, each with its path where paths are
//! asked for.

use std::collections::VecDeque;
use std::sync::Arc;

use super::builtins;
use super::parse::{Definition, Filter};
use super::value::Json;

/// Steps that one input may take, and how deep calls may go.
const FUEL: u32 = 1_000_000;
const DEPTH_MAX: u32 = 120;

/// Why it goes on no further.
pub(super) enum Stop {
    Error(Json),
    /// A name that means nothing.
    Undefined(String),
    /// Enough was given.
    Enough,
}

pub(super) type Done = Result<(), Stop>;

pub(super) fn error<T>(text: String) -> Result<T, Stop> {
    Err(Stop::Error(Json::text(&text)))
}

/// A value and, if asked for, how it is reached.
#[derive(Clone)]
pub(super) struct At {
    pub(super) path: Option<Vec<Json>>,
    pub(super) value: Json,
}

impl At {
    pub(super) fn plain(value: Json) -> Self {
        Self { path: None, value }
    }

    fn below(&self, key: &Json, value: Json) -> Self {
        let path = self.path.as_ref().map(|p| p.iter().chain([key]).cloned().collect());
        Self { path, value }
    }

    /// A value that was computed has no path.
    fn made(&self, value: Json) -> Self {
        Self { path: self.path.as_ref().map(|_| vec![Json::Null, Json::Null]), value }
    }
}

/// What names mean.
pub(super) enum Meaning<'a> {
    Value(Json),
    Function(&'a Definition),
    /// An argument: a filter with the names it was written among.
    Argument(&'a Filter, &'a Names<'a>),
}

pub(super) struct Names<'a> {
    pub(super) name: &'a str,
    pub(super) arity: usize,
    pub(super) meaning: Meaning<'a>,
    pub(super) up: Option<&'a Names<'a>>,
}

impl<'a> Names<'a> {
    fn find(&self, name: &str, arity: usize, variable: bool) -> Option<&Names<'a>> {
        let mut at = Some(self);
        while let Some(n) = at {
            if n.name == name && n.arity == arity && matches!(n.meaning, Meaning::Value(_)) == variable {
                return Some(n);
            }
            at = n.up;
        }
        None
    }

    pub(super) fn value(&self, name: &str) -> Option<Json> {
        match &self.find(name, 0, true)?.meaning {
            Meaning::Value(v) => Some(v.clone()),
            _ => None,
        }
    }
}

pub(super) struct Run {
    pub(super) fuel: u32,
    pub(super) depth: u32,
    pub(super) now: f64,
    pub(super) inputs: VecDeque<Json>,
}

pub(super) type Give<'g> = &'g mut dyn FnMut(&mut Run, At) -> Done;

impl Run {
    pub(super) fn new(now: f64) -> Self {
        Self { fuel: FUEL, depth: 0, now, inputs: VecDeque::new() }
    }

    /// All results of a filter, without paths.
    pub(super) fn all(&mut self, f: &Filter, names: &Names<'_>, input: &Json) -> Result<Vec<Json>, Stop> {
        let mut out = Vec::new();
        self.eval(f, names, At::plain(input.clone()), &mut |_, at| {
            out.push(at.value);
            Ok(())
        })?;
        Ok(out)
    }

    /// The paths a filter leads to.
    pub(super) fn paths(
        &mut self,
        f: &Filter,
        names: &Names<'_>,
        input: &Json,
    ) -> Result<Vec<Vec<Json>>, Stop> {
        let mut out = Vec::new();
        let at = At { path: Some(Vec::new()), value: input.clone() };
        self.eval(f, names, at, &mut |_, at| {
            out.push(at.path.unwrap_or_default());
            Ok(())
        })?;
        Ok(out)
    }

    pub(super) fn eval(&mut self, f: &Filter, names: &Names<'_>, at: At, give: Give<'_>) -> Done {
        if self.fuel == 0 || self.depth > DEPTH_MAX {
            return error("this program does not end".into());
        }
        self.fuel -= 1;
        self.depth += 1;
        let done = self.eval_inner(f, names, at, give);
        self.depth -= 1;
        done
    }

    fn eval_inner(&mut self, f: &Filter, names: &Names<'_>, at: At, give: Give<'_>) -> Done {
        match f {
            Filter::Dot => give(self, at),
            Filter::Literal(v) => give(self, at.made(v.clone())),
            Filter::Var(name) => match names.value(name) {
                Some(v) => give(self, at.made(v)),
                None => Err(Stop::Undefined(format!("${name}"))),
            },
            Filter::Index(base, key) => {
                let keys = self.all(key, names, &at.value)?;
                self.eval(base, names, at, &mut |run, at| {
                    for key in &keys {
                        let value = builtins::index(&at.value, key)?;
                        give(run, at.below(key, value))?;
                    }
                    Ok(())
                })
            }
            Filter::Each(base) => self.eval(base, names, at, &mut |run, at| match &at.value {
                Json::List(items) => (0u32..)
                    .zip(items.iter())
                    .try_for_each(|(i, v)| give(run, at.below(&Json::Number(f64::from(i)), v.clone()))),
                Json::Map(m) => {
                    m.iter().try_for_each(|(k, v)| give(run, at.below(&Json::Text(k.clone()), v.clone())))
                }
                other => error(format!("Cannot iterate over {}", builtins::told(other))),
            }),
            Filter::Pipe(a, b) => self.eval(a, names, at, &mut |run, v| run.eval(b, names, v, give)),
            Filter::Comma(a, b) => {
                self.eval(a, names, at.clone(), give)?;
                self.eval(b, names, at, give)
            }
            Filter::If(cond, yes, no) => {
                for c in self.all(cond, names, &at.value)? {
                    self.eval(if c.truth() { yes } else { no }, names, at.clone(), give)?;
                }
                Ok(())
            }
            Filter::Define(def, rest) => {
                let inner = Names {
                    name: &def.name,
                    arity: def.params.len(),
                    meaning: Meaning::Function(def),
                    up: Some(names),
                };
                self.eval(rest, &inner, at, give)
            }
            Filter::Call(name, args) => self.call(name, args, names, at, give),
            _ => self.eval_composed(f, names, at, give),
        }
    }

    /// The filters that hold more while others run: a frame of their own keeps recursion over the rest shallow.
    #[inline(never)]
    fn eval_composed(&mut self, f: &Filter, names: &Names<'_>, at: At, give: Give<'_>) -> Done {
        match f {
            Filter::Format(name) => {
                let text = builtins::format(name, &at.value)?;
                give(self, at.made(Json::text(&text)))
            }
            Filter::Text(format, parts) => {
                let mut texts = vec![String::new()];
                for (i, part) in parts.iter().enumerate() {
                    let mut next = Vec::new();
                    for v in self.all(part, names, &at.value)? {
                        let piece = if i % 2 == 0 { v.shown() } else { builtins::format(format, &v)? };
                        next.extend(texts.iter().map(|t| format!("{t}{piece}")));
                    }
                    texts = next;
                }
                texts.iter().try_for_each(|t| give(self, at.made(Json::text(t))))
            }
            Filter::Slice(base, from, to) => {
                let mut bound = |f: &Option<Box<Filter>>| match f {
                    Some(f) => Ok(self.all(f, names, &at.value)?.into_iter().next().unwrap_or(Json::Null)),
                    None => Ok(Json::Null),
                };
                let (from, to) = (bound(from)?, bound(to)?);
                self.eval(base, names, at, &mut |run, at| {
                    let value = builtins::slice(&at.value, &from, &to)?;
                    let mut key = Json::Map(Arc::default());
                    key.set("start", from.clone());
                    key.set("end", to.clone());
                    give(run, at.below(&key, value))
                })
            }
            Filter::List(inner) => {
                let items = match inner {
                    Some(f) => self.all(f, names, &at.value)?,
                    None => Vec::new(),
                };
                give(self, at.made(Json::list(items)))
            }
            Filter::Map(entries) => {
                let mut all = vec![Json::Map(Arc::default())];
                for (key, value) in entries {
                    let mut next = Vec::new();
                    for k in self.all(key, names, &at.value)? {
                        let Json::Text(k) = &k else {
                            return error(format!("Object keys must be strings, not {}", builtins::told(&k)));
                        };
                        for v in self.all(value, names, &at.value)? {
                            for m in &all {
                                let mut m = m.clone();
                                m.set(k, v.clone());
                                next.push(m);
                            }
                        }
                    }
                    all = next;
                }
                all.into_iter().try_for_each(|m| give(self, at.made(m)))
            }
            Filter::Negative(inner) => self.eval(inner, names, at, &mut |run, v| match v.value {
                Json::Number(n) => give(run, v.made(Json::Number(-n))),
                other => error(format!("{} cannot be negated", builtins::told(&other))),
            }),
            Filter::Binary("//", a, b) => {
                let mut found = false;
                let tried = self.eval(a, names, at.clone(), &mut |run, v| {
                    if !v.value.truth() {
                        return Ok(());
                    }
                    found = true;
                    give(run, v)
                });
                match tried {
                    Err(Stop::Enough) => Err(Stop::Enough),
                    Err(e) if found => Err(e),
                    _ if found => Ok(()),
                    _ => self.eval(b, names, at, give),
                }
            }
            Filter::Binary(op @ ("and" | "or"), a, b) => {
                for left in self.all(a, names, &at.value)? {
                    if left.truth() == (*op == "or") {
                        give(self, at.made(Json::Bool(*op == "or")))?;
                        continue;
                    }
                    for right in self.all(b, names, &at.value)? {
                        give(self, at.made(Json::Bool(right.truth())))?;
                    }
                }
                Ok(())
            }
            Filter::Binary(op, a, b) => {
                for right in self.all(b, names, &at.value)? {
                    for left in self.all(a, names, &at.value)? {
                        give(self, at.made(builtins::binary(op, &left, &right)?))?;
                    }
                }
                Ok(())
            }
            Filter::Assign(op, target, value) => {
                let paths = self.paths(target, names, &at.value)?;
                let update = *op == "|=";
                let values = if update { vec![Json::Null] } else { self.all(value, names, &at.value)? };
                for v in values {
                    let mut whole = at.value.clone();
                    let mut gone = Vec::new();
                    for path in &paths {
                        let old = builtins::get(&whole, path)?;
                        let new = match *op {
                            "=" => v.clone(),
                            "|=" => match self.all(value, names, &old)?.into_iter().next() {
                                Some(new) => new,
                                None => {
                                    gone.push(path.clone());
                                    continue;
                                }
                            },
                            "//=" if old.truth() => old,
                            "//=" => v.clone(),
                            op => builtins::binary(op.trim_end_matches('='), &old, &v)?,
                        };
                        whole = builtins::put(&whole, path, Some(new))?;
                    }
                    for path in gone.iter().rev() {
                        whole = builtins::put(&whole, path, None)?;
                    }
                    give(self, at.made(whole))?;
                }
                Ok(())
            }
            Filter::Try(body, catch) => {
                // What goes wrong after the body is not the body's error.
                let mut later = None;
                let done = self.eval(body, names, at.clone(), &mut |run, v| {
                    give(run, v).map_err(|stop| {
                        later = Some(stop);
                        Stop::Enough
                    })
                });
                match (done, later) {
                    (_, Some(stop)) => Err(stop),
                    (Err(Stop::Error(e)), None) => match catch {
                        Some(catch) => self.eval(catch, names, At::plain(e), give),
                        None => Ok(()),
                    },
                    (done, None) => done,
                }
            }
            Filter::Reduce(source, var, init, update) => {
                let sources = self.all(source, names, &at.value)?;
                for mut state in self.all(init, names, &at.value)? {
                    for v in &sources {
                        let inner = Names {
                            name: var,
                            arity: 0,
                            meaning: Meaning::Value(v.clone()),
                            up: Some(names),
                        };
                        state = self.all(update, &inner, &state)?.pop().unwrap_or(Json::Null);
                    }
                    give(self, at.made(state))?;
                }
                Ok(())
            }
            Filter::Foreach(source, var, init, update, shown) => {
                let sources = self.all(source, names, &at.value)?;
                for mut state in self.all(init, names, &at.value)? {
                    for v in &sources {
                        let inner = Names {
                            name: var,
                            arity: 0,
                            meaning: Meaning::Value(v.clone()),
                            up: Some(names),
                        };
                        for new in self.all(update, &inner, &state)? {
                            state = new.clone();
                            match shown {
                                Some(f) => self.eval(f, &inner, At::plain(new), give)?,
                                None => give(self, at.made(new))?,
                            }
                        }
                    }
                }
                Ok(())
            }
            Filter::Bind(source, var, body) => {
                for v in self.all(source, names, &at.value)? {
                    let inner = Names { name: var, arity: 0, meaning: Meaning::Value(v), up: Some(names) };
                    self.eval(body, &inner, at.clone(), give)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn call(&mut self, name: &str, args: &[Filter], names: &Names<'_>, at: At, give: Give<'_>) -> Done {
        let Some(found) = names.find(name, args.len(), false) else {
            return builtins::call(self, name, args, names, &at, give);
        };
        match &found.meaning {
            Meaning::Argument(f, among) => self.eval(f, among, at, give),
            Meaning::Function(def) => self.bind(def, found, args, names, 0, None, at, give),
            Meaning::Value(_) => Ok(()),
        }
    }

    /// Names a function's arguments one after the other, then runs its body.
    #[expect(clippy::too_many_arguments, reason = "each argument lives on the stack below the next")]
    fn bind(
        &mut self,
        def: &Definition,
        function: &Names<'_>,
        args: &[Filter],
        names: &Names<'_>,
        n: usize,
        up: Option<&Names<'_>>,
        at: At,
        give: Give<'_>,
    ) -> Done {
        let up = up.unwrap_or(function);
        let (Some(param), Some(arg)) = (def.params.get(n), args.get(n)) else {
            return self.eval(&def.body, up, at, give);
        };
        if let Some(var) = param.strip_prefix('$') {
            for v in self.all(arg, names, &at.value)? {
                let inner = Names { name: var, arity: 0, meaning: Meaning::Value(v), up: Some(up) };
                self.bind(def, function, args, names, n + 1, Some(&inner), at.clone(), give)?;
            }
            return Ok(());
        }
        let inner = Names { name: param, arity: 0, meaning: Meaning::Argument(arg, names), up: Some(up) };
        self.bind(def, function, args, names, n + 1, Some(&inner), at, give)
    }
}
