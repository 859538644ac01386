//! awk's tree to steps over a stack, so that a program can stop between any two of them.

use super::functions::FUNCTIONS;
use super::parse::{Expr, From, Pattern, Script, Stmt, Target};
use super::value::Value;
use crate::regex::Regex;

/// A name, or the place of a parameter above the frame's base.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Var {
    Global(String),
    Local(usize),
}

/// What can be assigned to. A field's number or an element's key lies on the stack.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    Var(Var),
    Field,
    Element(Var),
}

/// Where output goes; the name lies on the stack. `>`, `>>` (`a`) or a command (`|`).
pub(super) type To = Option<char>;

#[derive(Clone)]
pub(super) enum Op {
    Value(Value),
    Load(Place),
    /// A value, or the array that a name without one may be.
    Pass(Var),
    Assign(Place, char),
    Step(Place, f64, bool),
    MatchRecord(usize),
    Match(Option<usize>, bool),
    Unary(char),
    Binary(&'static str),
    /// Keys to one.
    Join(usize),
    In(Var),
    Jump(usize),
    Unless(usize),
    Truth,
    Pop,
    Print(usize, To),
    Printf(usize, To),
    Getline(From<()>, Option<Place>),
    Keys(Var),
    NextKey(Var, usize),
    EndKeys,
    Call(usize, usize),
    Return,
    Builtin(&'static str, usize),
    Split(Var, bool),
    Sub(Place, Option<usize>, bool),
    Find(Option<usize>),
    Length(Var),
    Delete(Var, bool),
    IsOpen(usize),
    SetOpen(usize),
    PrintRecord,
    Next,
    NextFile,
    Exit(bool),
    End,
}

pub(super) struct Function {
    pub(super) entry: usize,
    pub(super) params: usize,
}

/// A program ready to run.
pub(super) struct Code {
    pub(super) ops: Vec<Op>,
    pub(super) regexes: Vec<Regex>,
    pub(super) functions: Vec<Function>,
    /// Where BEGIN, the rules and END start.
    pub(super) begin: usize,
    pub(super) main: usize,
    pub(super) end: usize,
    /// There is something to do with input.
    pub(super) reads: bool,
    pub(super) ranges: usize,
}

struct Loop {
    breaks: Vec<usize>,
    continues: Vec<usize>,
}

struct Compiler<'a> {
    script: &'a Script,
    code: Code,
    params: &'a [String],
    loops: Vec<Loop>,
}

type Done = Result<(), String>;

pub(super) fn compile(script: &Script) -> Result<Code, String> {
    let code = Code {
        ops: Vec::new(),
        regexes: Vec::new(),
        functions: Vec::new(),
        begin: 0,
        main: 0,
        end: 0,
        reads: script.rules.iter().any(|r| !matches!(r.pattern, Pattern::Begin)),
        ranges: 0,
    };
    let mut c = Compiler { script, code, params: &[], loops: Vec::new() };
    c.rules(|p| matches!(p, Pattern::Begin))?;
    c.code.main = c.at();
    c.rules(|p| !matches!(p, Pattern::Begin | Pattern::End))?;
    c.code.end = c.at();
    c.rules(|p| matches!(p, Pattern::End))?;
    for f in &script.functions {
        c.code.functions.push(Function { entry: c.at(), params: f.params.len() });
        c.params = &f.params;
        c.block(&f.body)?;
        c.op(Op::Value(Value::Unset));
        c.op(Op::Return);
    }
    Ok(c.code)
}

impl<'a> Compiler<'a> {
    fn at(&self) -> usize {
        self.code.ops.len()
    }

    fn op(&mut self, op: Op) -> usize {
        self.code.ops.push(op);
        self.at() - 1
    }

    /// Leads a jump to where the code ends now.
    fn here(&mut self, jump: usize) {
        let to = self.at();
        if let Some(Op::Jump(t) | Op::Unless(t) | Op::NextKey(_, t)) = self.code.ops.get_mut(jump) {
            *t = to;
        }
    }

    fn rules(&mut self, which: impl Fn(&Pattern) -> bool) -> Done {
        let script = self.script;
        for rule in script.rules.iter().filter(|r| which(&r.pattern)) {
            let mut skip = None;
            match &rule.pattern {
                Pattern::Expr(e) => {
                    self.expr(e)?;
                    skip = Some(self.op(Op::Unless(0)));
                }
                Pattern::Range(from, to) => {
                    let n = self.code.ranges;
                    self.code.ranges += 1;
                    self.op(Op::IsOpen(n));
                    let closed = self.op(Op::Unless(0));
                    let open = self.op(Op::Jump(0));
                    self.here(closed);
                    self.expr(from)?;
                    skip = Some(self.op(Op::Unless(0)));
                    self.here(open);
                    self.expr(to)?;
                    self.op(Op::SetOpen(n));
                }
                _ => {}
            }
            match &rule.body {
                Some(body) => self.block(body)?,
                None => {
                    self.op(Op::PrintRecord);
                }
            }
            if let Some(skip) = skip {
                self.here(skip);
            }
        }
        self.op(Op::End);
        Ok(())
    }

    fn block(&mut self, body: &'a [Stmt]) -> Done {
        body.iter().try_for_each(|s| self.stmt(s))
    }

    fn end_loop(&mut self, again: usize) {
        let Some(l) = self.loops.pop() else { return };
        for jump in l.continues {
            if let Some(Op::Jump(t)) = self.code.ops.get_mut(jump) {
                *t = again;
            }
        }
        for jump in l.breaks {
            self.here(jump);
        }
    }

    fn begin_loop(&mut self) -> usize {
        self.loops.push(Loop { breaks: Vec::new(), continues: Vec::new() });
        self.at()
    }

    fn output(&mut self, target: Option<&'a Target>) -> Result<To, String> {
        let Some(Target(name, how)) = target else { return Ok(None) };
        self.expr(name)?;
        Ok(Some(*how))
    }

    fn stmt(&mut self, stmt: &'a Stmt) -> Done {
        match stmt {
            Stmt::Expr(e) => {
                self.expr(e)?;
                self.op(Op::Pop);
            }
            Stmt::Print(list, target) => {
                self.list(list)?;
                let to = self.output(target.as_ref())?;
                self.op(Op::Print(list.len(), to));
            }
            Stmt::Printf(list, target) => {
                self.list(list)?;
                let to = self.output(target.as_ref())?;
                self.op(Op::Printf(list.len(), to));
            }
            Stmt::If(cond, yes, no) => {
                self.expr(cond)?;
                let skip = self.op(Op::Unless(0));
                self.stmt(yes)?;
                if let Some(no) = no {
                    let over = self.op(Op::Jump(0));
                    self.here(skip);
                    self.stmt(no)?;
                    self.here(over);
                } else {
                    self.here(skip);
                }
            }
            Stmt::While(cond, body) => {
                let top = self.begin_loop();
                self.expr(cond)?;
                let out = self.op(Op::Unless(0));
                self.stmt(body)?;
                self.op(Op::Jump(top));
                self.here(out);
                self.end_loop(top);
            }
            Stmt::Do(body, cond) => {
                let top = self.begin_loop();
                self.stmt(body)?;
                let test = self.at();
                self.expr(cond)?;
                let out = self.op(Op::Unless(0));
                self.op(Op::Jump(top));
                self.here(out);
                self.end_loop(test);
            }
            Stmt::For(init, cond, step, body) => {
                if let Some(init) = init {
                    self.stmt(init)?;
                }
                let top = self.begin_loop();
                let out = match cond {
                    Some(cond) => {
                        self.expr(cond)?;
                        Some(self.op(Op::Unless(0)))
                    }
                    None => None,
                };
                self.stmt(body)?;
                let again = self.at();
                if let Some(step) = step {
                    self.stmt(step)?;
                }
                self.op(Op::Jump(top));
                if let Some(out) = out {
                    self.here(out);
                }
                self.end_loop(again);
            }
            Stmt::ForIn(name, array, body) => {
                let (name, array) = (self.var(name), self.var(array));
                self.op(Op::Keys(array));
                let top = self.begin_loop();
                let out = self.op(Op::NextKey(name, 0));
                self.stmt(body)?;
                self.op(Op::Jump(top));
                self.here(out);
                self.end_loop(top);
                self.op(Op::EndKeys);
            }
            Stmt::Block(body) => self.block(body)?,
            Stmt::Break | Stmt::Continue => {
                let jump = self.op(Op::Jump(0));
                let Some(l) = self.loops.last_mut() else { return Err("break outside a loop".into()) };
                if matches!(stmt, Stmt::Break) { l.breaks.push(jump) } else { l.continues.push(jump) }
            }
            Stmt::Next => {
                self.op(Op::Next);
            }
            Stmt::NextFile => {
                self.op(Op::NextFile);
            }
            Stmt::Exit(code) => {
                if let Some(e) = code {
                    self.expr(e)?;
                }
                self.op(Op::Exit(code.is_some()));
            }
            Stmt::Return(value) => {
                match value {
                    Some(e) => self.expr(e)?,
                    None => {
                        self.op(Op::Value(Value::Unset));
                    }
                }
                self.op(Op::Return);
            }
            Stmt::Delete(array, keys) => {
                if let Some(keys) = keys {
                    self.keys(keys)?;
                }
                let array = self.var(array);
                self.op(Op::Delete(array, keys.is_some()));
            }
        }
        Ok(())
    }

    fn list(&mut self, list: &'a [Expr]) -> Done {
        list.iter().try_for_each(|e| self.expr(e))
    }

    fn keys(&mut self, keys: &'a [Expr]) -> Done {
        self.list(keys)?;
        if keys.len() != 1 {
            self.op(Op::Join(keys.len()));
        }
        Ok(())
    }

    fn var(&self, name: &str) -> Var {
        match self.params.iter().position(|p| p == name) {
            Some(i) => Var::Local(i),
            None => Var::Global(name.into()),
        }
    }

    /// What an expression stands for as a place; its key is put on the stack.
    fn place(&mut self, e: &'a Expr) -> Result<Place, String> {
        match e {
            Expr::Var(name) => Ok(Place::Var(self.var(name))),
            Expr::Field(inner) => {
                self.expr(inner)?;
                Ok(Place::Field)
            }
            Expr::Element(name, keys) => {
                self.keys(keys)?;
                Ok(Place::Element(self.var(name)))
            }
            _ => Err("assignment to a value".into()),
        }
    }

    /// A regular expression written down has a number; any other is computed onto the stack.
    fn pattern(&mut self, e: &'a Expr) -> Result<Option<usize>, String> {
        if let Expr::Regex(regex, _) = e {
            self.code.regexes.push(regex.clone());
            return Ok(Some(self.code.regexes.len() - 1));
        }
        self.expr(e)?;
        Ok(None)
    }

    fn expr(&mut self, e: &'a Expr) -> Done {
        let op = match e {
            Expr::Number(n) => Op::Value(Value::Number(*n)),
            Expr::Text(t) => Op::Value(Value::Text(t.clone())),
            Expr::Group(inner) => return self.expr(inner),
            Expr::Regex(..) => Op::MatchRecord(self.pattern(e)?.unwrap_or(0)),
            Expr::Var(_) | Expr::Field(_) | Expr::Element(..) => Op::Load(self.place(e)?),
            Expr::In(keys, name) => {
                self.keys(keys)?;
                Op::In(self.var(name))
            }
            Expr::Assign(target, op, right) => {
                let place = self.place(target)?;
                self.expr(right)?;
                Op::Assign(place, *op)
            }
            Expr::Step { target, by, before } => Op::Step(self.place(target)?, *by, *before),
            Expr::Unary(op, inner) => {
                self.expr(inner)?;
                Op::Unary(*op)
            }
            Expr::Match(left, want, right) => {
                self.expr(left)?;
                Op::Match(self.pattern(right)?, *want)
            }
            Expr::Cond(cond, yes, no) => {
                self.expr(cond)?;
                let skip = self.op(Op::Unless(0));
                self.expr(yes)?;
                let over = self.op(Op::Jump(0));
                self.here(skip);
                self.expr(no)?;
                self.here(over);
                return Ok(());
            }
            Expr::Binary(op @ ("&&" | "||"), left, right) => {
                self.expr(left)?;
                let or = *op == "||";
                let skip = self.op(Op::Unless(0));
                if or {
                    self.op(Op::Value(Value::Number(1.0)));
                } else {
                    self.expr(right)?;
                    self.op(Op::Truth);
                }
                let over = self.op(Op::Jump(0));
                self.here(skip);
                if or {
                    self.expr(right)?;
                    self.op(Op::Truth);
                } else {
                    self.op(Op::Value(Value::Number(0.0)));
                }
                self.here(over);
                return Ok(());
            }
            Expr::Binary(op, left, right) => {
                self.expr(left)?;
                self.expr(right)?;
                Op::Binary(op)
            }
            Expr::Getline(from, target) => {
                let place = match target {
                    Some(t) => Some(self.place(t)?),
                    None => None,
                };
                let from = match from {
                    From::Main => From::Main,
                    From::File(name) => {
                        self.expr(name)?;
                        From::File(())
                    }
                    From::Command(name) => {
                        self.expr(name)?;
                        From::Command(())
                    }
                };
                Op::Getline(from, place)
            }
            Expr::Call(name, args) => return self.call(name, args),
        };
        self.op(op);
        Ok(())
    }

    fn call(&mut self, name: &str, args: &'a [Expr]) -> Done {
        let Some(known) = FUNCTIONS.into_iter().find(|f| *f == name) else {
            let Some(n) = self.script.functions.iter().position(|f| f.name == name) else {
                return Err(format!("Call to undefined function {name}"));
            };
            if args.len() > self.script.functions[n].params.len() {
                return Err(format!("Too many arguments for {name}"));
            }
            for e in args {
                match e {
                    Expr::Var(name) => {
                        let var = self.var(name);
                        self.op(Op::Pass(var));
                    }
                    e => self.expr(e)?,
                }
            }
            self.op(Op::Call(n, args.len()));
            return Ok(());
        };
        let bad = || format!("bad arguments to {name}");
        let op = match (known, args) {
            ("length", [Expr::Var(array)]) => Op::Length(self.var(array)),
            ("split", [text, Expr::Var(array), rest @ ..]) => {
                self.expr(text)?;
                match rest.first() {
                    Some(Expr::Regex(_, t)) => {
                        self.op(Op::Value(Value::Text(t.clone())));
                    }
                    Some(e) => self.expr(e)?,
                    None => {}
                }
                Op::Split(self.var(array), !rest.is_empty())
            }
            ("sub" | "gsub", [pattern, with, rest @ ..]) => {
                let place = match rest.first() {
                    Some(e @ (Expr::Var(_) | Expr::Field(_) | Expr::Element(..))) => self.place(e)?,
                    Some(_) => return Err(bad()),
                    None => {
                        self.op(Op::Value(Value::Number(0.0)));
                        Place::Field
                    }
                };
                let regex = self.pattern(pattern)?;
                self.expr(with)?;
                Op::Sub(place, regex, known == "gsub")
            }
            ("match", [text, pattern]) => {
                self.expr(text)?;
                Op::Find(self.pattern(pattern)?)
            }
            ("split" | "sub" | "gsub" | "match", _) => return Err(bad()),
            ("gensub", [Expr::Regex(_, t), ..]) => {
                self.op(Op::Value(Value::Text(t.clone())));
                self.list(&args[1..])?;
                Op::Builtin(known, args.len())
            }
            _ => {
                self.list(args)?;
                Op::Builtin(known, args.len())
            }
        };
        self.op(op);
        Ok(())
    }
}
