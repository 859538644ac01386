//! Values of expressions.

use std::cmp::Ordering;

use objects::number::g_float;
use objects::quantity::Quantity;
use objects::{Str, Value};

use crate::authorizer::Authorizer;

#[derive(Clone, Debug, Default)]
pub enum Val {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Str),
    Bytes(Vec<u8>),
    List(Vec<Val>),
    Map(Vec<(Val, Val)>),
    /// A list or map of an object, read as it is asked for.
    Tree(Value),
    /// Nanoseconds.
    Duration(i64),
    /// Milliseconds since 1970.
    Timestamp(i64),
    Quantity(Quantity),
    Type(&'static str),
    Optional(Option<Box<Val>>),
    Authorizer(Authorizer),
    /// A variable that could not be worked out: whoever reads it fails with this text.
    Failed(Str),
}

impl Val {
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Int(i) => Self::Int(*i),
            Value::Float(f) => Self::Double(*f),
            Value::Str(s) => Self::Text(s.clone()),
            Value::List(_) | Value::Map(_) => Self::Tree(value.clone()),
        }
    }

    /// As a tree, for what is written back into objects.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null | Self::Optional(None) | Self::Failed(_) | Self::Authorizer(_) => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(i) => Value::Int(*i),
            Self::Uint(u) => Value::Int(i64::try_from(*u).unwrap_or(i64::MAX)),
            Self::Double(f) => Value::Float(*f),
            Self::Text(s) => Value::Str(s.clone()),
            Self::Bytes(b) => Value::from(objects::base64::encode(b)),
            Self::List(items) => items.iter().map(Self::to_value).collect(),
            Self::Map(entries) => {
                let mut out = Value::map();
                for (k, v) in entries {
                    // An absent optional leaves its key out.
                    if !matches!(v, Self::Optional(None)) {
                        out.set(k.shown(), v.to_value());
                    }
                }
                out
            }
            Self::Tree(v) => v.clone(),
            Self::Optional(Some(v)) => v.to_value(),
            Self::Duration(_) | Self::Timestamp(_) | Self::Quantity(_) | Self::Type(_) => {
                Value::from(self.shown())
            }
        }
    }

    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null | Self::Failed(_) => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Tree(v) => {
                if v.as_list().is_some() {
                    "list"
                } else {
                    "map"
                }
            }
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Quantity(_) => "kubernetes.Quantity",
            Self::Type(_) => "type",
            Self::Optional(_) => "optional_type",
            Self::Authorizer(a) => a.type_name(),
        }
    }

    /// As `string()` and concatenation show it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool(b) => b.to_string(),
            Self::Int(i) => i.to_string(),
            Self::Uint(u) => u.to_string(),
            Self::Double(f) => g_float(*f),
            Self::Text(s) => s.to_string(),
            Self::Bytes(b) => String::from_utf8_lossy(b).into_owned(),
            Self::Duration(nanos) => {
                let seconds = *nanos as f64 / 1e9;
                format!("{seconds}s")
            }
            Self::Timestamp(ms) => clock::Time(*ms).rfc3339(),
            Self::Quantity(q) => q.to_string(),
            Self::Type(t) => (*t).to_owned(),
            Self::Optional(None) => "optional.none()".into(),
            Self::Optional(Some(v)) => format!("optional.of({})", v.shown()),
            other => objects::json::to_string(&other.to_value()),
        }
    }

    /// The elements of a list.
    #[must_use]
    pub fn elements(&self) -> Option<Vec<Val>> {
        match self {
            Self::List(items) => Some(items.clone()),
            Self::Tree(Value::List(items)) => Some(items.iter().map(Self::of).collect()),
            _ => None,
        }
    }

    /// The keys of a map.
    #[must_use]
    pub fn keys(&self) -> Option<Vec<Val>> {
        match self {
            Self::Map(entries) => Some(entries.iter().map(|(k, _)| k.clone()).collect()),
            Self::Tree(Value::Map(m)) => Some(m.keys().map(|k| Self::Text(k.into())).collect()),
            _ => None,
        }
    }

    /// The value under a key of a map; `None` when this is no map, `Some(None)` when the key is absent.
    #[must_use]
    pub fn entry(&self, key: &Val) -> Option<Option<Val>> {
        match self {
            Self::Map(entries) => Some(entries.iter().find(|(k, _)| k.equals(key)).map(|(_, v)| v.clone())),
            Self::Tree(Value::Map(m)) => {
                let Self::Text(name) = key else { return Some(None) };
                // What is null in the tree counts as absent, as the API server prunes it.
                Some(m.get(name).filter(|v| !v.is_null()).map(Self::of))
            }
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        Some(match self {
            Self::Int(i) => *i as f64,
            Self::Uint(u) => *u as f64,
            Self::Double(f) => *f,
            _ => return None,
        })
    }

    #[must_use]
    pub fn equals(&self, other: &Val) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Duration(a), Self::Duration(b)) | (Self::Timestamp(a), Self::Timestamp(b)) => a == b,
            (Self::Quantity(a), Self::Quantity(b)) => a == b,
            (Self::Type(a), Self::Type(b)) => a == b,
            (Self::Optional(a), Self::Optional(b)) => match (a, b) {
                (None, None) => true,
                (Some(a), Some(b)) => a.equals(b),
                _ => false,
            },
            (Self::Tree(a), Self::Tree(b)) => a == b,
            _ => {
                if let (Some(a), Some(b)) = (self.number(), other.number()) {
                    return a == b;
                }
                if let (Some(a), Some(b)) = (self.elements(), other.elements()) {
                    return a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.equals(b));
                }
                let (Some(a), Some(b)) = (self.keys(), other.keys()) else { return false };
                a.len() == b.len()
                    && a.iter().all(|k| match (self.entry(k).flatten(), other.entry(k).flatten()) {
                        (Some(x), Some(y)) => x.equals(&y),
                        _ => false,
                    })
            }
        }
    }

    /// The order of two values of one type.
    #[must_use]
    pub fn order(&self, other: &Val) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            (Self::Duration(a), Self::Duration(b)) | (Self::Timestamp(a), Self::Timestamp(b)) => {
                Some(a.cmp(b))
            }
            (Self::Quantity(a), Self::Quantity(b)) => Some(a.cmp(b)),
            _ => self.number()?.partial_cmp(&other.number()?),
        }
    }
}

impl PartialEq for Val {
    fn eq(&self, other: &Self) -> bool {
        self.equals(other)
    }
}
