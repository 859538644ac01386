//! Runs a template's nodes.

use std::rc::Rc;

use objects::{Str, Value, go_text};

use super::parse::{At, Node, Operand, Pipeline};
use super::{Body, Functions, Source, funcs};

/// What stands for a field that a map has not.
pub(super) const NO_VALUE: &str = "<no value>";
const MAX_DEPTH: usize = 100;
const MAX_OUTPUT: usize = 8 << 20;
/// Nodes run, for templates that would never end.
const MAX_STEPS: usize = 300_000;

type Ran<T> = Result<T, Fault>;

/// What went wrong, and whether it says where.
enum Fault {
    Bare(String),
    Placed(String),
}

impl Fault {
    fn text(self, template: &str) -> String {
        match self {
            Self::Bare(why) => format!("template: {template}: {why}"),
            Self::Placed(text) => text,
        }
    }
}

enum Flow {
    On,
    Break,
    Continue,
}

struct Run<'a> {
    defined: &'a [Body],
    more: Option<&'a dyn Functions>,
    /// The template that runs now.
    name: String,
    source: Rc<Source>,
    variables: Vec<(String, Option<Value>)>,
    out: String,
    depth: usize,
    steps: usize,
}

pub(super) fn render(
    body: &Body,
    defined: &[Body],
    data: &Value,
    more: Option<&dyn Functions>,
) -> Result<String, String> {
    let data = Some(data.clone());
    let mut run = Run {
        defined,
        more,
        name: body.name.clone(),
        source: body.source.clone(),
        variables: vec![("$".into(), data.clone())],
        out: String::new(),
        depth: 0,
        steps: 0,
    };
    match run.nodes(&body.nodes, &data) {
        Ok(_) => Ok(run.out),
        Err(f) => Err(f.text(&body.name)),
    }
}

fn fail<T>(why: impl Into<String>) -> Ran<T> {
    Err(Fault::Bare(why.into()))
}

/// Empty values are false.
pub(super) fn truth(v: &Option<Value>) -> bool {
    v.as_ref().is_some_and(|v| !v.is_zero())
}

impl<'a> Run<'a> {
    fn nodes(&mut self, nodes: &[Node], dot: &Option<Value>) -> Ran<Flow> {
        self.depth += 1;
        if self.depth > MAX_DEPTH || self.out.len() > MAX_OUTPUT {
            return fail("exceeded maximum template depth");
        }
        let mut flow = Flow::On;
        self.steps += 1;
        for n in nodes {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return fail("the template runs too long");
            }
            flow = self.node(n, dot)?;
            if !matches!(flow, Flow::On) {
                break;
            }
        }
        self.depth -= 1;
        Ok(flow)
    }

    fn node(&mut self, node: &Node, dot: &Option<Value>) -> Ran<Flow> {
        match node {
            Node::Text(t) => self.out.push_str(t),
            Node::Print(p) => {
                let v = self.pipeline(p, dot)?;
                if p.variables.is_empty() {
                    self.out.push_str(&printed(&v));
                }
            }
            Node::If { condition, then, other } => {
                let known = self.variables.len();
                let v = self.pipeline(condition, dot)?;
                let flow = self.nodes(if truth(&v) { then } else { other }, dot)?;
                self.variables.truncate(known);
                return Ok(flow);
            }
            Node::With { subject, then, other } => {
                let known = self.variables.len();
                let v = self.pipeline(subject, dot)?;
                let flow = if truth(&v) { self.nodes(then, &v)? } else { self.nodes(other, dot)? };
                self.variables.truncate(known);
                return Ok(flow);
            }
            Node::Range { over, body, other } => return self.range(over, body, other, dot),
            Node::Call { name, data } => {
                let Some(body) = self.body(name) else {
                    return fail(format!("template {name:?} not defined"));
                };
                let data = match data {
                    Some(p) => self.pipeline(p, dot)?,
                    None => None,
                };
                self.within(body, &data)?;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn range(&mut self, over: &Pipeline, body: &[Node], other: &[Node], dot: &Option<Value>) -> Ran<Flow> {
        let known = self.variables.len();
        let bare = Pipeline { variables: Vec::new(), ..over.clone() };
        let pairs: Vec<(Value, Value)> = match self.pipeline(&bare, dot)? {
            Some(Value::List(l)) => l.iter().enumerate().map(|(i, v)| (Value::from(i), v.clone())).collect(),
            Some(Value::Map(m)) => m.iter().map(|(k, v)| (Value::from(k), v.clone())).collect(),
            Some(Value::Int(n)) if (0..=100_000).contains(&n) => {
                (0..n).map(|i| (Value::Int(i), Value::Int(i))).collect()
            }
            None | Some(Value::Null) => Vec::new(),
            Some(v) => return fail(format!("range can't iterate over {}", go_text::plain(&v))),
        };
        if pairs.is_empty() {
            return self.nodes(other, dot);
        }
        for (k, v) in pairs {
            match over.variables.as_slice() {
                [] => {}
                [value] => self.assign(value, over.declares, Some(v.clone())),
                [key, value, ..] => {
                    self.assign(key, over.declares, Some(k));
                    self.assign(value, over.declares, Some(v.clone()));
                }
            }
            let flow = self.nodes(body, &Some(v))?;
            if over.declares || over.variables.is_empty() {
                self.variables.truncate(known);
            }
            if matches!(flow, Flow::Break) {
                break;
            }
        }
        self.variables.truncate(known);
        Ok(Flow::On)
    }

    fn body(&self, name: &str) -> Option<&'a Body> {
        self.defined.iter().find(|b| b.name == name)
    }

    /// Runs another template's nodes, with variables of its own.
    fn within(&mut self, body: &Body, data: &Option<Value>) -> Ran<()> {
        let outer = (
            std::mem::replace(&mut self.variables, vec![("$".into(), data.clone())]),
            std::mem::replace(&mut self.name, body.name.clone()),
            std::mem::replace(&mut self.source, body.source.clone()),
        );
        let done = self.nodes(&body.nodes, data);
        (self.variables, self.name, self.source) = outer;
        done.map(|_| ())
    }

    /// Says where in the text something went wrong.
    fn placed(&self, at: At, fault: Fault) -> Fault {
        let Fault::Bare(why) = fault else { return fault };
        let text = &self.source.text;
        let part = |from: u32, to: u32| text.get(from as usize..to as usize).unwrap_or_default();
        let before = part(0, at.point);
        let column = before.len() - before.rfind('\n').map_or(0, |n| n + 1);
        let line = 1 + before.matches('\n').count();
        Fault::Placed(format!(
            "template: {}:{line}:{column}: executing {:?} at <{}>: {why}",
            self.source.name,
            self.name,
            part(at.start, at.end)
        ))
    }

    fn assign(&mut self, name: &str, declares: bool, value: Option<Value>) {
        if !declares && let Some((_, v)) = self.variables.iter_mut().rev().find(|(n, _)| n == name) {
            *v = value;
            return;
        }
        self.variables.push((name.to_owned(), value));
    }

    fn pipeline(&mut self, p: &Pipeline, dot: &Option<Value>) -> Ran<Option<Value>> {
        let mut last: Option<Option<Value>> = None;
        for command in &p.commands {
            let done = self.command(&command.operands, dot, last);
            last = Some(done.map_err(|fault| self.placed(command.at, fault))?);
        }
        let value = last.unwrap_or_default();
        for name in &p.variables {
            self.assign(name, p.declares, value.clone());
        }
        Ok(value)
    }

    fn command(
        &mut self,
        operands: &[Operand],
        dot: &Option<Value>,
        piped: Option<Option<Value>>,
    ) -> Ran<Option<Value>> {
        let Some((first, rest)) = operands.split_first() else { return fail("empty command") };
        if let (Operand::Chain(base, fields, _), Some(more)) = (first, self.more)
            && (!rest.is_empty() || piped.is_some())
            && let Some((method, path)) = fields.split_last()
        {
            let mut subject = self.operand(base, dot)?;
            for f in path {
                subject = field(subject, f)?;
            }
            let mut args = vec![subject];
            for o in rest {
                args.push(self.operand(o, dot)?);
            }
            args.extend(piped);
            return more.method(method, &args).or_else(fail);
        }
        let Operand::Function(name) = first else {
            if !rest.is_empty() || piped.is_some() {
                return fail("can't give argument to non-function");
            }
            return self.operand(first, dot);
        };
        // `and` and `or` stop at the operand that decides.
        if matches!(name.as_str(), "and" | "or") {
            let mut value = None;
            for o in rest {
                value = self.operand(o, dot)?;
                if truth(&value) == (name == "or") {
                    return Ok(value);
                }
            }
            return Ok(piped.unwrap_or(value));
        }
        let mut args = Vec::with_capacity(rest.len() + 1);
        for o in rest {
            args.push(self.operand(o, dot)?);
        }
        args.extend(piped);
        if let Some(more) = self.more {
            match name.as_str() {
                "include" => return self.include(&args),
                "tpl" => return self.tpl(&args),
                _ => {}
            }
            if more.knows(name) {
                let changes = matches!(name.as_str(), "set" | "unset");
                let value =
                    more.call(name, &args).or_else(|why| fail(format!("error calling {name}: {why}")))?;
                // What a variable holds changes with it, as Go's maps do.
                if let (true, Some(Operand::Variable(v))) = (changes, rest.first()) {
                    self.assign(v, false, value.clone());
                }
                return Ok(value);
            }
        }
        match funcs::call(name, &args) {
            Ok(Some(Value::Str(s))) if s.len() > MAX_OUTPUT => {
                fail(format!("error calling {name}: the text is too long"))
            }
            Ok(v) => Ok(v),
            Err(why) => fail(format!("error calling {name}: {why}")),
        }
    }

    /// The output of a named template.
    fn include(&mut self, args: &[Option<Value>]) -> Ran<Option<Value>> {
        let [Some(Value::Str(name)), data] = args else {
            return fail("error calling include: wrong number of args");
        };
        let Some(body) = self.body(name) else {
            return fail(format!(
                "error calling include: template: no template {name:?} associated with template \"gotpl\""
            ));
        };
        let before = std::mem::take(&mut self.out);
        let done = self.within(body, data);
        let text = std::mem::replace(&mut self.out, before);
        match done {
            Ok(()) => Ok(Some(Value::from(text))),
            Err(f) => fail(format!("error calling include: {}", f.text(name))),
        }
    }

    /// A text run as a template.
    fn tpl(&mut self, args: &[Option<Value>]) -> Ran<Option<Value>> {
        let [source, data] = args else { return fail("error calling tpl: wrong number of args") };
        let written = text(source);
        let (body, own) = match super::bodies("gotpl", &written, self.more) {
            Ok(found) => found,
            Err(why) => return fail(format!("error calling tpl: cannot parse template {written:?}: {why}")),
        };
        let mut defined = self.defined.to_vec();
        defined.retain(|old| !own.iter().any(|o| o.name == old.name));
        defined.extend(own);
        let mut run = Run {
            defined: &defined,
            more: self.more,
            name: body.name.clone(),
            source: body.source.clone(),
            variables: vec![("$".into(), data.clone())],
            out: String::new(),
            depth: self.depth + 1,
            steps: self.steps,
        };
        let done = run.nodes(&body.nodes, data);
        self.steps = run.steps;
        match done {
            Ok(_) => Ok(Some(Value::from(run.out.replace(NO_VALUE, "")))),
            Err(f) => fail(format!(
                "error calling tpl: error during tpl function execution for {written:?}: {}",
                f.text("gotpl")
            )),
        }
    }

    fn operand(&mut self, o: &Operand, dot: &Option<Value>) -> Ran<Option<Value>> {
        Ok(match o {
            Operand::Literal(v) => Some(v.clone()),
            Operand::Nil => None,
            Operand::Dot => dot.clone(),
            Operand::Variable(name) => {
                self.variables.iter().rev().find(|(n, _)| n == name).and_then(|(_, v)| v.clone())
            }
            Operand::Inner(p) => self.pipeline(p, dot)?,
            Operand::Function(_) => return self.command(std::slice::from_ref(o), dot, None),
            Operand::Chain(base, fields, at) => {
                let v = self.operand(base, dot)?;
                self.chain(v, fields).map_err(|fault| self.placed(*at, fault))?
            }
        })
    }

    fn chain(&self, mut v: Option<Value>, fields: &[String]) -> Ran<Option<Value>> {
        for f in fields {
            if let (None | Some(Value::Null), Some(_)) = (&v, self.more) {
                return fail(format!("nil pointer evaluating interface {{}}.{f}"));
            }
            let property = match (&v, self.more) {
                (Some(of), Some(more)) => more.property(of, f),
                _ => None,
            };
            v = match property {
                Some(p) => Some(p),
                None => field(v, f)?,
            };
        }
        Ok(v)
    }
}

/// A field of a map; nothing of nothing.
fn field(v: Option<Value>, name: &str) -> Ran<Option<Value>> {
    match v {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Map(m)) => Ok(m.get(name).cloned()),
        // What a map or a list holds is of no type Go knows.
        Some(_) => fail(format!("can't evaluate field {name} in type interface {{}}")),
    }
}

pub(super) fn type_name(v: &Value) -> &'static str {
    match v {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int64",
        Value::Float(_) => "float64",
        Value::Str(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    }
}

pub(super) fn printed(v: &Option<Value>) -> String {
    match v {
        None | Some(Value::Null) => NO_VALUE.into(),
        Some(v) => go_text::plain(v),
    }
}

/// The text of a string, for functions.
pub(super) fn text(v: &Option<Value>) -> Str {
    match v {
        Some(Value::Str(s)) => s.clone(),
        other => printed(other).into(),
    }
}
