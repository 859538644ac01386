//! From a request's tree to a stored object, as Go's decoder and encoder together would leave it.
//!
//! Owns: unknown fields, wrong types and malformed scalars with upstream's texts; dropping what Go would not write
//! again (nulls, empty optional fields); writing what it always writes (`resources: {}`, `status: {}`,
//! `containers: null`); canonical times and quantities; pruning of custom objects.
//! Does not own: parsing (`json`, `yaml`; duplicate keys are found there), defaults and validation (apiserver).
//!
//! What changes nothing returns the very same subtrees: a valid object that was decoded before is not rebuilt.
//!
//! Models `sigs.k8s.io/json`, `apimachinery/pkg/runtime/serializer/json`, `apiserver/pkg/endpoints/handlers/rest.go`
//! and, for custom objects, `apiextensions-apiserver/pkg/apiserver/schema/pruning`.
//! An empty list counts as absent everywhere, since a stored object passes through protobuf, which knows no
//! difference. Not modelled: the exact digits of a float in an error text; `metav1.Duration`, kept as the text it is.

use ordered::Sort as _;
mod scalar;

use std::cmp::Ordering;

use crate::schema::{Field, Omit, Schema, Shape, TypeId, type_for};
use crate::{Status, Str, Value};

/// What becomes of fields that the schema does not know: the `fieldValidation` of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// An error.
    Strict,
    /// A warning, the server's default.
    #[default]
    Warn,
    /// Nothing.
    Ignore,
}

impl Mode {
    /// From the query parameter; `None` when it is no known word.
    #[must_use]
    pub fn from_query(word: &str) -> Option<Self> {
        match word {
            "Strict" => Some(Self::Strict),
            "Warn" | "" => Some(Self::Warn),
            "Ignore" => Some(Self::Ignore),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    pub object: Value,
    /// `unknown field "spec.replica"`, in document order.
    pub warnings: Vec<String>,
}

/// Decodes an object of a built-in kind.
///
/// # Errors
/// `BadRequest`, as the API server words it: `Pod in version "v1" cannot be handled as a Pod: ...`.
pub fn decode(value: &Value, group: &str, version: &str, kind: &str, mode: Mode) -> Result<Decoded, Status> {
    let Some(ty) = type_for(group, version, kind) else {
        let gv = crate::resources::api_version(group, version);
        let text = format!("no kind {kind:?} is registered for version {gv:?} in scheme");
        return Err(Status::bad_request(text));
    };
    decode_type(value, ty, mode).map_err(|e| cannot_handle(kind, version, &e))
}

/// As [`decode`], but subtrees of which `known` says that they were decoded before are taken as they are. It is asked
/// only near the root.
///
/// # Errors
/// As [`decode`].
pub fn decode_known(
    value: &Value,
    group: &str,
    version: &str,
    kind: &str,
    mode: Mode,
    known: &dyn Fn(&Value) -> bool,
) -> Result<Decoded, Status> {
    let Some(ty) = type_for(group, version, kind) else { return decode(value, group, version, kind, mode) };
    let mut decoder = Decoder { known: Some(known), ..Decoder::default() };
    let object = decoder.run(value, ty.into()).map_err(|e| cannot_handle(kind, version, &e))?;
    finish(object, decoder.unknown, mode).map_err(|e| cannot_handle(kind, version, &e))
}

/// `Pod in version "v1" cannot be handled as a Pod: ...`
#[must_use]
pub fn cannot_handle(kind: &str, version: &str, why: &str) -> Status {
    Status::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"))
}

/// `strict decoding error: unknown field "spec.replica", duplicate field "spec.paused"`
#[must_use]
pub fn strict_error(violations: &[String]) -> String {
    format!("strict decoding error: {}", violations.join(", "))
}

/// Decodes an object of a built-in type.
///
/// # Errors
/// The decoder's own text, without the kind in front.
pub fn decode_type(value: &Value, ty: TypeId, mode: Mode) -> Result<Decoded, String> {
    let mut decoder = Decoder::default();
    let object = decoder.run(value, ty.into())?;
    finish(object, decoder.unknown, mode)
}

/// Decodes an object of a custom kind: fields outside its schema are pruned, the metadata is the built-in one.
/// Wrong types elsewhere are validation's to report.
///
/// # Errors
/// The decoder's own text, without the kind in front.
pub fn decode_custom(value: &Value, schema: Schema<'_>, mode: Mode) -> Result<Decoded, String> {
    let mut unknown = Vec::new();
    let mut object = prune(value, schema, &mut unknown);
    if object.find("metadata").is_some() {
        let mut decoder = Decoder::default();
        let metadata = decoder.run(&object["metadata"], TypeId::OBJECT_META.into())?;
        unknown.extend(decoder.unknown.iter().map(|u| u.replacen('"', "\"metadata.", 1)));
        if !metadata.same(&object["metadata"]) {
            object.set("metadata", metadata);
        }
    }
    unknown.arrange();
    finish(object, unknown, mode)
}

fn finish(object: Value, mut unknown: Vec<String>, mode: Mode) -> Result<Decoded, String> {
    match mode {
        Mode::Strict if !unknown.is_empty() => return Err(strict_error(&unknown)),
        Mode::Ignore => unknown.clear(),
        _ => {}
    }
    Ok(Decoded { object, warnings: unknown })
}

/// The object without the fields that a custom kind's schema does not name; each one dropped is noted in `unknown`
/// as `unknown field "spec.foo"`. Subtrees that lose nothing stay shared.
#[must_use]
pub fn prune(value: &Value, schema: Schema<'_>, unknown: &mut Vec<String>) -> Value {
    prune_at(value, schema, &mut String::new(), unknown).unwrap_or_else(|| value.clone())
}

fn prune_at(
    value: &Value,
    schema: Schema<'_>,
    path: &mut String,
    unknown: &mut Vec<String>,
) -> Option<Value> {
    // Built-in parts are decoded, not pruned.
    if matches!(schema, Schema::Unknown | Schema::Static(..)) {
        return None;
    }
    let length = path.len();
    match value {
        Value::Map(m) => {
            let mut out: Option<crate::Map> = None;
            for (key, child) in m.iter() {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(key);
                match schema.field(key) {
                    None => {
                        unknown.push(format!("unknown field {}", crate::json::go_quote(path)));
                        out.get_or_insert_with(|| m.clone()).remove(key);
                    }
                    Some(s) => {
                        if let Some(changed) = prune_at(child, s, path, unknown) {
                            out.get_or_insert_with(|| m.clone()).insert(key.clone(), changed);
                        }
                    }
                }
                path.truncate(length);
            }
            out.map(Value::Map)
        }
        Value::List(l) => {
            let items = schema.items()?;
            let mut out: Option<crate::List> = None;
            for (i, child) in l.iter().enumerate() {
                path.push_str(&format!("[{i}]"));
                if let Some(changed) = prune_at(child, items, path, unknown) {
                    out.get_or_insert_with(|| l.clone()).to_mut()[i] = changed;
                }
                path.truncate(length);
            }
            out.map(Value::List)
        }
        _ => None,
    }
}

/// One step on the way to the place being decoded.
#[derive(Clone, Copy)]
enum Step<'a> {
    Field(Field),
    Key(&'a str),
    Index(usize),
}

/// An error that ends decoding at once: those of types which decode themselves.
type Fatal = String;

/// `None`: the value stays as it is.
type Change = Option<Value>;

#[derive(Default)]
struct Decoder<'a> {
    steps: Vec<Step<'a>>,
    /// The struct whose field is being decoded.
    owner: Option<TypeId>,
    /// The first wrong type. Decoding goes on, to find what is fatal.
    wrong: Option<String>,
    unknown: Vec<String>,
    /// Inside a value that is decoded by a decoder of its own, which is not strict.
    lenient: bool,
    /// Says which subtrees need no second look.
    known: Option<&'a dyn Fn(&Value) -> bool>,
}

/// How deep `known` is asked: `spec`, `spec.template.spec` and `spec.jobTemplate.spec.template.spec`.
const KNOWN_DEPTH: usize = 5;

impl<'a> Decoder<'a> {
    fn run(&mut self, value: &'a Value, shape: Shape) -> Result<Value, String> {
        let change = self.value(value, shape)?;
        match self.wrong.take() {
            Some(text) => Err(text),
            None => Ok(change.unwrap_or_else(|| value.clone())),
        }
    }

    fn value(&mut self, value: &'a Value, shape: Shape) -> Result<Change, Fatal> {
        if let (Some(known), Value::Map(_), 1..=KNOWN_DEPTH) = (self.known, value, self.steps.len())
            && known(value)
        {
            return Ok(None);
        }
        match shape {
            Shape::Struct(_) => match (value, shape.struct_type()) {
                (Value::Map(m), Some(t)) => return self.fields(m, t),
                _ => self.mismatch(value),
            },
            Shape::Str => match value {
                Value::Str(_) => {}
                _ => self.mismatch(value),
            },
            Shape::Bool => match value {
                Value::Bool(_) => {}
                _ => self.mismatch(value),
            },
            Shape::Int32 | Shape::Int64 => match value {
                Value::Int(i) if shape == Shape::Int64 || i32::try_from(*i).is_ok() => {}
                Value::Int(_) | Value::Float(_) => self.out_of_range(value),
                _ => self.mismatch(value),
            },
            Shape::Float => match value {
                Value::Int(_) | Value::Float(_) => {}
                _ => self.mismatch(value),
            },
            Shape::Bytes => match value {
                Value::Str(text) => match scalar::base64(text) {
                    Ok(change) => return Ok(change.map(Value::from)),
                    Err(e) => self.save(e),
                },
                _ => self.mismatch(value),
            },
            Shape::Time | Shape::MicroTime => {
                let Value::Str(text) = value else { return Err(self.inner(value, "string")) };
                return Ok(scalar::time(text, shape == Shape::MicroTime)?.map(Value::from));
            }
            Shape::Quantity => return scalar::quantity(value),
            Shape::IntOrString => match value {
                Value::Str(_) => {}
                Value::Int(i) if i32::try_from(*i).is_ok() => {}
                _ => return Err(self.inner(value, "int32")),
            },
            Shape::Any => {}
            Shape::List(_) => match (value, shape.element()) {
                (Value::List(l), Some(element)) => return self.elements(l, element),
                _ => self.mismatch(value),
            },
            Shape::Map(_) => match (value, shape.element()) {
                (Value::Map(m), Some(element)) => return self.entries(m, element),
                _ => self.mismatch(value),
            },
            Shape::SchemaOrBool | Shape::SchemaOrArray | Shape::SchemaOrStrings => {
                return self.schema_or(value, shape);
            }
        }
        Ok(None)
    }

    fn fields(&mut self, map: &'a crate::Map, ty: TypeId) -> Result<Change, Fatal> {
        let entries = map.entries();
        let outer = self.owner;
        let mut out: Option<Vec<(Str, Value)>> = None;
        let mut next = 0;
        for field in ty.fields() {
            let name = field.name();
            let found = loop {
                let Some((key, value)) = entries.get(next) else { break None };
                match key.as_str().cmp(name) {
                    Ordering::Greater => break None,
                    Ordering::Equal => break Some((key, value)),
                    Ordering::Less => {
                        self.unknown(key);
                        out.get_or_insert_with(|| entries.first(next));
                        next += 1;
                    }
                }
            };
            let Some((key, value)) = found else {
                if let Some(zero) = always_written(field) {
                    out.get_or_insert_with(|| entries.first(next)).push((field.key(), zero));
                }
                continue;
            };
            let kept = if value.is_null() {
                // What Go writes for null is what it writes for nothing.
                always_written(field).map(|zero| if zero.is_null() { None } else { Some(zero) })
            } else {
                self.owner = Some(ty);
                self.steps.push(Step::Field(field));
                let change = self.value(value, field.shape())?;
                self.steps.pop();
                self.owner = outer;
                written(field, change.as_ref().unwrap_or(value)).map(|null| null.or(change))
            };
            match kept {
                None => {
                    out.get_or_insert_with(|| entries.first(next));
                }
                Some(None) => {
                    if let Some(out) = &mut out {
                        out.push((key.clone(), value.clone()));
                    }
                }
                Some(Some(changed)) => {
                    out.get_or_insert_with(|| entries.first(next)).push((key.clone(), changed));
                }
            }
            next += 1;
        }
        for (i, (key, _)) in entries.iter().enumerate().skip(next) {
            self.unknown(key);
            out.get_or_insert_with(|| entries.first(i));
        }
        Ok(out.map(|entries| Value::Map(crate::Map::from_entries(entries))))
    }

    fn elements(&mut self, list: &'a crate::List, element: Shape) -> Result<Change, Fatal> {
        let items: &'a [Value] = list;
        let mut out: Option<Vec<Value>> = None;
        for (i, item) in items.iter().enumerate() {
            let change = if item.is_null() {
                Some(zero(element)).filter(|z| !z.is_null())
            } else {
                self.steps.push(Step::Index(i));
                let change = self.value(item, element)?;
                self.steps.pop();
                change
            };
            match (&mut out, change) {
                (None, None) => {}
                (Some(out), change) => out.push(change.unwrap_or_else(|| item.clone())),
                (None, Some(changed)) => {
                    let mut copy = items[..i].to_vec();
                    copy.push(changed);
                    out = Some(copy);
                }
            }
        }
        Ok(out.map(|items| Value::List(items.into())))
    }

    fn entries(&mut self, map: &'a crate::Map, element: Shape) -> Result<Change, Fatal> {
        let mut out: Option<crate::Map> = None;
        for (key, value) in map {
            if value.is_null() && element == Shape::Bytes {
                // No bytes are stored as no entry.
                out.get_or_insert_with(|| map.clone()).remove(key);
                continue;
            }
            let change = if value.is_null() {
                Some(zero(element)).filter(|z| !z.is_null())
            } else {
                self.steps.push(Step::Key(key));
                let change = self.value(value, element)?;
                self.steps.pop();
                change
            };
            if let Some(changed) = change {
                out.get_or_insert_with(|| map.clone()).insert(key.clone(), changed);
            }
        }
        Ok(out.map(Value::Map))
    }

    /// The three unions inside a custom kind's schema. Each one decodes its own text, leniently.
    fn schema_or(&mut self, value: &'a Value, shape: Shape) -> Result<Change, Fatal> {
        let outer = std::mem::replace(&mut self.lenient, true);
        let wrong = self.wrong.take();
        let change = match (value, shape) {
            (Value::Map(m), _) => self.fields(m, TypeId::JSON_SCHEMA_PROPS),
            (Value::List(l), Shape::SchemaOrArray) => self.elements(l, TypeId::JSON_SCHEMA_PROPS.into()),
            (Value::List(l), Shape::SchemaOrStrings) => self.elements(l, Shape::Str),
            (Value::Bool(_), Shape::SchemaOrBool) => Ok(None),
            (_, Shape::SchemaOrBool) => Err("boolean or JSON schema expected".to_owned()),
            _ => Ok(Some(Value::Null)),
        };
        self.lenient = outer;
        match std::mem::replace(&mut self.wrong, wrong) {
            Some(inner) => Err(inner),
            None => change,
        }
    }

    fn unknown(&mut self, key: &str) {
        // Upstream stops counting at a hundred and names each place once.
        if self.lenient || self.unknown.len() >= 100 {
            return;
        }
        let mut path = self.path();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
        let text = format!("unknown field {}", crate::json::go_quote(&path));
        if !self.unknown.contains(&text) {
            self.unknown.push(text);
        }
    }

    /// `spec.containers[0].ports`
    fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            let key = match step {
                Step::Index(i) => {
                    path.push_str(&format!("[{i}]"));
                    continue;
                }
                Step::Field(f) => f.name(),
                Step::Key(k) => k,
            };
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(key);
        }
        path
    }

    fn save(&mut self, text: String) {
        self.wrong.get_or_insert(text);
    }

    fn mismatch(&mut self, value: &Value) {
        let text = self.type_error(scalar::word(value), &self.go_type());
        self.save(text);
    }

    fn out_of_range(&mut self, value: &Value) {
        let text = self.type_error(&format!("number {}", scalar::number(value)), &self.go_type());
        self.save(text);
    }

    /// The error of a type that decodes itself by way of `inner`.
    fn inner(&self, value: &Value, inner: &str) -> Fatal {
        let what = match value {
            Value::Int(_) | Value::Float(_) if inner == "int32" => {
                format!("number {}", scalar::number(value))
            }
            _ => scalar::word(value).to_owned(),
        };
        self.type_error(&what, inner)
    }

    fn type_error(&self, what: &str, go_type: &str) -> String {
        let mut names: Vec<&str> = Vec::new();
        for step in &self.steps {
            if let Step::Field(f) = step {
                if !f.embedded_in().is_empty() {
                    names.push(f.embedded_in());
                }
                names.push(f.name());
            }
        }
        match self.owner {
            Some(owner) => format!(
                "json: cannot unmarshal {what} into Go struct field {}.{} of type {go_type}",
                owner.name(),
                names.join(".")
            ),
            None => format!("json: cannot unmarshal {what} into Go value of type {go_type}"),
        }
    }

    /// The Go type of the place being decoded: that of the last field, less a list or map for each step since.
    fn go_type(&self) -> String {
        let Some(at) = self.steps.iter().rposition(|s| matches!(s, Step::Field(_))) else {
            return self.owner.map_or_else(|| "v1.Object".to_owned(), TypeId::go_name);
        };
        let Step::Field(field) = self.steps[at] else { return String::new() };
        let (mut text, mut shape) = (field.go_type(), field.shape());
        for _ in &self.steps[at + 1..] {
            let element = shape.element().unwrap_or(Shape::Any);
            let inner = match text.strip_prefix("[]") {
                Some(rest) => Some(rest),
                None => text.strip_prefix("map[").and_then(|t| t.split_once(']')).map(|(_, rest)| rest),
            };
            text = inner.map_or_else(|| element.go_type(), str::to_owned);
            shape = element;
        }
        text
    }
}

/// What Go writes for a field that was not given; `None` when it leaves the field out.
fn always_written(field: Field) -> Option<Value> {
    match (field.is_pointer(), field.omit()) {
        (_, Omit::Zero) | (true, Omit::Empty) => None,
        (true, Omit::Never) => Some(Value::Null),
        (false, Omit::Never) => Some(zero(field.shape())),
        (false, Omit::Empty) => is_struct(field.shape()).then(|| zero(field.shape())),
    }
}

/// Whether Go writes this value of the field: `None` leaves it out, `Some(Some(null))` writes null instead.
fn written(field: Field, value: &Value) -> Option<Change> {
    if field.is_pointer() || is_struct(field.shape()) || !value.is_zero() {
        return Some(None);
    }
    let is_list = matches!(field.shape(), Shape::List(_) | Shape::Map(_) | Shape::Bytes);
    match field.omit() {
        Omit::Never if is_list && !value.is_null() => Some(Some(Value::Null)),
        Omit::Never => Some(None),
        Omit::Empty | Omit::Zero => None,
    }
}

/// Go's `omitempty` never leaves these out.
fn is_struct(shape: Shape) -> bool {
    matches!(
        shape,
        Shape::Struct(_) | Shape::Time | Shape::MicroTime | Shape::Quantity | Shape::IntOrString | Shape::Any
    )
}

/// How Go writes the zero value.
fn zero(shape: Shape) -> Value {
    match shape {
        Shape::Bool => Value::Bool(false),
        Shape::Int32 | Shape::Int64 | Shape::Float | Shape::IntOrString => Value::Int(0),
        Shape::Str => Value::Str(Str::default()),
        Shape::Quantity => Value::Str(Str::new_static("0")),
        Shape::Struct(_) => {
            let fields = shape.struct_type().into_iter().flat_map(TypeId::fields);
            Value::Map(fields.filter_map(|f| always_written(f).map(|z| (f.key(), z))).collect())
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests;
