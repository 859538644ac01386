//! Finding what a template asks for.
//!
//! Models `k8s.io/client-go/util/jsonpath/jsonpath.go` and the comparisons of its template functions.

use std::cmp::Ordering;

use super::parse::{Bound, Node};
use crate::{Value, go_text};

/// How many values one template may find: `..` can be written many times.
const MAX_FOUND: usize = 1_000_000;

type Found<T = Vec<Value>> = Result<T, String>;

pub(super) fn find(nodes: &[Node], data: &Value, allow_missing: bool) -> Found<Vec<Vec<Value>>> {
    let mut e = Eval { nodes, allow_missing, begin: 0, inside: 0, end: 0, last_end: None, found: 0 };
    e.results(0, data)
}

struct Eval<'a> {
    nodes: &'a [Node],
    allow_missing: bool,
    begin: usize,
    inside: usize,
    end: usize,
    /// The `{end}` that closed the last block.
    last_end: Option<usize>,
    found: usize,
}

impl Eval<'_> {
    /// Evaluates the template from node `from` on, to the `{end}` of the present block.
    fn results(&mut self, from: usize, data: &Value) -> Found<Vec<Vec<Value>>> {
        let nodes = self.nodes;
        let mut all = Vec::new();
        let mut i = from;
        while i < nodes.len() {
            let found = self.walk(vec![data.clone()], &nodes[i])?;
            if self.end > 0 && self.end <= self.inside {
                self.end -= 1;
                self.last_end = Some(i);
                break;
            }
            if self.begin > 0 {
                self.begin -= 1;
                self.inside += 1;
                if self.inside > 64 {
                    return Err("exceeded max depth".into());
                }
                if found.is_empty() {
                    // The block is gone through all the same, to find its end.
                    self.results(i + 1, &Value::Null)?;
                }
                for value in &found {
                    all.extend(self.results(i + 1, value)?);
                }
                self.inside -= 1;
                if let Some(end) = self.last_end.filter(|end| *end > i) {
                    i = end;
                }
            } else {
                all.push(found);
            }
            i += 1;
        }
        Ok(all)
    }

    fn list(&mut self, input: Vec<Value>, nodes: &[Node]) -> Found {
        nodes.iter().try_fold(input, |values, node| self.walk(values, node))
    }

    fn walk(&mut self, input: Vec<Value>, node: &Node) -> Found {
        let found = match node {
            Node::List(nodes) => self.list(input, nodes)?,
            Node::Text(text) => vec![Value::from(text)],
            Node::Int(i) => vec![Value::Int(*i); input.len()],
            Node::Float(f) => vec![Value::Float(*f); input.len()],
            Node::Bool(b) => vec![Value::Bool(*b); input.len()],
            Node::Field(name) => self.field(&input, name)?,
            Node::Array(bounds) => array(&input, *bounds)?,
            Node::Wildcard => input.iter().flat_map(children).collect(),
            Node::Recursive => {
                let mut found = Vec::new();
                for value in &input {
                    self.descend(value, &mut found)?;
                }
                found
            }
            Node::Union(parts) => {
                let mut found = Vec::new();
                for part in parts {
                    found.extend(self.list(input.clone(), part)?);
                }
                found
            }
            Node::Filter { left, right, operator } => self.filter(&input, left, right, operator)?,
            Node::Identifier(name) => self.identifier(input, name)?,
        };
        self.found += found.len();
        if self.found > MAX_FOUND {
            return Err(format!("more than {MAX_FOUND} results"));
        }
        Ok(found)
    }

    fn identifier(&mut self, input: Vec<Value>, name: &str) -> Found {
        match name {
            "range" => {
                self.begin += 1;
                Ok(input)
            }
            "end" if self.inside > 0 => {
                self.end += 1;
                Ok(Vec::new())
            }
            "end" => Err("not in range, nothing to end".into()),
            _ => Err(format!("unrecognized identifier {name}")),
        }
    }

    fn field(&self, input: &[Value], name: &str) -> Found {
        let found: Vec<Value> = input.iter().filter_map(|v| v.find(name).cloned()).collect();
        if found.is_empty() && !input.is_empty() && !self.allow_missing {
            return Err(format!("{name} is not found"));
        }
        Ok(found)
    }

    fn descend(&mut self, value: &Value, found: &mut Vec<Value>) -> Found<()> {
        let inside = children(value);
        if inside.is_empty() {
            return Ok(());
        }
        found.push(value.clone());
        if self.found + found.len() > MAX_FOUND {
            return Err(format!("more than {MAX_FOUND} results"));
        }
        if matches!(value, Value::Str(_)) {
            return Ok(());
        }
        inside.iter().try_for_each(|v| self.descend(v, found))
    }

    fn filter(&mut self, input: &[Value], left: &[Node], right: &[Node], operator: &str) -> Found {
        let mut found = Vec::new();
        for value in input {
            let Value::List(items) = value else {
                return Err(format!(
                    "{} is not array or slice and cannot be filtered",
                    go_text::plain(value)
                ));
            };
            for item in items.iter() {
                let lefts = self.list(vec![item.clone()], left);
                if operator == "exists" {
                    if lefts.is_ok_and(|l| !l.is_empty()) {
                        found.push(item.clone());
                    }
                    continue;
                }
                let Some(a) = one(lefts?)? else { continue };
                let Some(b) = one(self.list(vec![item.clone()], right)?)? else { continue };
                if compare(&a, &b, operator)? {
                    found.push(item.clone());
                }
            }
        }
        Ok(found)
    }
}

fn one(mut values: Vec<Value>) -> Found<Option<Value>> {
    if values.len() > 1 {
        return Err("can only compare one element at a time".into());
    }
    Ok(values.pop())
}

/// What a value contains; a string contains its bytes.
fn children(value: &Value) -> Vec<Value> {
    match value {
        Value::List(l) => l.to_vec(),
        Value::Map(m) => m.iter().map(|(_, v)| v.clone()).collect(),
        Value::Str(s) => s.bytes().map(Value::from).collect(),
        _ => Vec::new(),
    }
}

fn array(input: &[Value], [start, end, step]: [Bound; 3]) -> Found {
    let mut found = Vec::new();
    for value in input {
        let items = match value {
            Value::Null => continue,
            Value::List(l) => l,
            other => return Err(format!("{} is not array or slice", go_text::type_name(other))),
        };
        let length = items.len() as i64;
        let mut from = if start.known { start.value } else { 0 };
        if from < 0 {
            from += length;
        }
        let mut to = if end.known { end.value } else { length };
        if to < 0 || (to == 0 && end.derived) {
            to += length;
        }
        if from == to {
            return Ok(found);
        }
        if from >= length || from < 0 {
            return Err(format!("array index out of bounds: index {from}, length {length}"));
        }
        if to > length || to < 0 {
            return Err(format!("array index out of bounds: index {}, length {length}", to - 1));
        }
        if from > to {
            return Err(format!("starting index {from} is greater than ending index {to}"));
        }
        if step.known && step.value <= 0 {
            return Err("step must be > 0".into());
        }
        let step = if step.known { usize::try_from(step.value).unwrap_or(usize::MAX) } else { 1 };
        found.extend(items[from as usize..to as usize].iter().step_by(step).cloned());
    }
    Ok(found)
}

fn compare(a: &Value, b: &Value, operator: &str) -> Found<bool> {
    Ok(match operator {
        "==" => equal(a, b)?,
        "!=" => !equal(a, b)?,
        "<" => less(a, b)?,
        "<=" => less(a, b)? || equal(a, b)?,
        ">" => !(less(a, b)? || equal(a, b)?),
        ">=" => !less(a, b)?,
        _ => return Err(format!("unrecognized filter operator {operator}")),
    })
}

const BAD_TYPE: &str = "invalid type for comparison";
const BAD_TYPES: &str = "incompatible types for comparison";

fn basic(value: &Value) -> Found<()> {
    match value {
        Value::Null | Value::List(_) | Value::Map(_) => Err(BAD_TYPE.into()),
        _ => Ok(()),
    }
}

fn equal(a: &Value, b: &Value) -> Found<bool> {
    basic(a)?;
    basic(b)?;
    if std::mem::discriminant(a) == std::mem::discriminant(b) { Ok(a == b) } else { Err(BAD_TYPES.into()) }
}

fn less(a: &Value, b: &Value) -> Found<bool> {
    basic(a)?;
    basic(b)?;
    let order = match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b).unwrap_or(Ordering::Greater),
        (Value::Str(a), Value::Str(b)) => a.cmp(b),
        (Value::Bool(_), Value::Bool(_)) => return Err(BAD_TYPE.into()),
        _ => return Err(BAD_TYPES.into()),
    };
    Ok(order == Ordering::Less)
}
