//! The tree: null, bool, int, float, string, list, map.
//!
//! Lists and maps are shared: a clone costs a pointer, a change copies only the path to it, and equality stops
//! where pointers are equal. Maps (`map`) are sorted by key, so their order is that of kubectl's output, and those with
//! the same keys have one list of them, so that an entry costs its value.

use std::fmt;
use std::ops::{Deref, Index};
use std::sync::Arc;

use ordered::text::same;

use crate::{Entries, Map};

pub use smol_str::SmolStr as Str;

static NULL: Value = Value::Null;

#[derive(Clone, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Str),
    List(List),
    Map(Map),
}

/// A shared list. `None` is the empty one, so that empty lists cost nothing.
#[derive(Clone, Default)]
pub struct List(Option<Arc<Vec<Value>>>);

impl Value {
    pub fn str(text: impl Into<Str>) -> Self {
        Self::Str(text.into())
    }

    /// An empty map: most objects begin so.
    #[must_use]
    pub fn map() -> Self {
        Self::Map(Map::default())
    }

    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Null, `""`, 0, false, or an empty list or map: what Go's `omitempty` leaves out.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(b) => !b,
            Self::Int(i) => *i == 0,
            Self::Float(f) => *f == 0.0,
            Self::Str(s) => s.is_empty(),
            Self::List(l) => l.is_empty(),
            Self::Map(m) => m.is_empty(),
        }
    }

    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(b) = self { Some(*b) } else { None }
    }

    /// The integer; a float that is whole counts.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(i) => Some(*i),
            Self::Float(f) if f.fract() == 0.0 && f.abs() < 9.0e15 => Some(*f as i64),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Int(i) => Some(*i as f64),
            Self::Float(f) => Some(*f),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(s) = self { Some(s) } else { None }
    }

    #[must_use]
    pub fn as_list(&self) -> Option<&List> {
        if let Self::List(l) = self { Some(l) } else { None }
    }

    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        if let Self::Map(m) = self { Some(m) } else { None }
    }

    /// The text, or `""` when this is no string.
    #[must_use]
    pub fn text(&self) -> &str {
        if let Self::Str(s) = self { s } else { "" }
    }

    /// The text as a shared string, or `""`.
    #[must_use]
    pub fn to_str(&self) -> Str {
        if let Self::Str(s) = self { s.clone() } else { Str::default() }
    }

    /// The integer, or 0 when this is none.
    #[must_use]
    pub fn int(&self) -> i64 {
        self.as_int().unwrap_or(0)
    }

    /// The integer, or `default` when this is none.
    #[must_use]
    pub fn int_or(&self, default: i64) -> i64 {
        self.as_int().unwrap_or(default)
    }

    /// True only when this is `true`.
    #[must_use]
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// The elements, or none when this is no list.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        if let Self::List(l) = self { l } else { &[] }
    }

    /// The entries in key order, or none when this is no map.
    #[must_use]
    pub fn entries(&self) -> Entries<'_> {
        if let Self::Map(m) = self { m.entries() } else { Entries::default() }
    }

    /// The value under `key`, or null.
    #[must_use]
    #[inline(never)]
    pub fn get(&self, key: &str) -> &Value {
        // Here and below without the methods of `Option`: built for size they are calls.
        match self {
            Self::Map(m) => match m.look(key) {
                Some(value) => value,
                None => &NULL,
            },
            _ => &NULL,
        }
    }

    /// The value under `key`; tells absent from null.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&Value> {
        if let Self::Map(m) = self { m.get(key) } else { None }
    }

    /// The value along `path`, or null.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> &Value {
        path.iter().fold(self, |v, key| v.get(key))
    }

    /// Sets `key`; a value that is no map becomes one.
    pub fn set(&mut self, key: impl Into<Str>, value: impl Into<Value>) {
        self.map_mut().insert(key, value.into());
    }

    /// Sets the value at the end of `path`, making maps on the way.
    pub fn set_at(&mut self, path: &[&str], value: impl Into<Value>) {
        *self.at_mut(path) = value.into();
    }

    /// The place at the end of `path`, making maps on the way.
    pub fn at_mut(&mut self, path: &[&str]) -> &mut Value {
        path.iter().fold(self, |v, key| v.map_mut().entry(key))
    }

    /// The place at the end of `path` if it is there already. Copies only the path.
    pub fn find_mut(&mut self, path: &[&str]) -> Option<&mut Value> {
        path.iter().try_fold(self, |v, key| if let Self::Map(m) = v { m.get_mut(key) } else { None })
    }

    /// Removes `key` and returns what stood there.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        if let Self::Map(m) = self { m.remove(key) } else { None }
    }

    /// Removes what stands at the end of `path`.
    pub fn remove_at(&mut self, path: &[&str]) -> Option<Value> {
        let (last, way) = path.split_last()?;
        self.find_mut(way)?.remove(last)
    }

    /// This as a map to change; a value that is no map becomes an empty one.
    pub fn map_mut(&mut self) -> &mut Map {
        if !matches!(self, Self::Map(_)) {
            *self = Self::map();
        }
        let Self::Map(m) = self else { unreachable!("made a map above") };
        m
    }

    /// This as a list to change; a value that is no list becomes an empty one.
    pub fn list_mut(&mut self) -> &mut List {
        if !matches!(self, Self::List(_)) {
            *self = Self::List(List::default());
        }
        let Self::List(l) = self else { unreachable!("made a list above") };
        l
    }

    /// Where a shared subtree stands in memory, for tables that are only looked up: [`Self::same`] as a number. It is
    /// another's once the last holder is gone.
    #[must_use]
    pub fn address(&self) -> Option<usize> {
        match self {
            Self::List(l) => l.address(),
            Self::Map(m) => m.address(),
            _ => None,
        }
    }

    /// True when both are the same shared subtree: then they are equal without looking.
    #[must_use]
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) => a.address() == b.address(),
            (Self::Map(a), Self::Map(b)) => a.address() == b.address(),
            _ => false,
        }
    }
}

impl List {
    fn address(&self) -> Option<usize> {
        self.0.as_ref().map(|items| Arc::as_ptr(items) as usize)
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Int(a), Self::Float(b)) | (Self::Float(b), Self::Int(a)) => *a as f64 == *b,
            (Self::Str(a), Self::Str(b)) => same(a, b),
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            _ => false,
        }
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, other: &str) -> bool {
        self.as_str().is_some_and(|text| same(text, other))
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl Index<&str> for Value {
    type Output = Value;
    /// The value under `key`, or null: reading never fails.
    #[inline(always)]
    fn index(&self, key: &str) -> &Value {
        self.get(key)
    }
}

impl Index<usize> for Value {
    type Output = Value;
    fn index(&self, at: usize) -> &Value {
        self.items().get(at).unwrap_or(&NULL)
    }
}

impl List {
    pub fn push(&mut self, value: impl Into<Value>) {
        self.to_mut().push(value.into());
    }

    /// The vector to change, copied first if it is shared.
    pub fn to_mut(&mut self) -> &mut Vec<Value> {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl Deref for List {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        self.0.as_ref().map_or(&[], |v| v.as_slice())
    }
}

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address() || self[..] == other[..]
    }
}

impl From<Vec<Value>> for List {
    fn from(v: Vec<Value>) -> Self {
        Self((!v.is_empty()).then(|| Arc::new(v)))
    }
}

impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(iter: I) -> Self {
        Vec::from_iter(iter).into()
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

macro_rules! from_int {
    ($($t:ty),*) => {$(
        impl From<$t> for Value {
            fn from(i: $t) -> Self {
                Self::Int(i as i64)
            }
        }
    )*};
}
from_int!(i64, i32, u32, u64, usize, u16, u8);

impl From<f64> for Value {
    fn from(f: f64) -> Self {
        Self::Float(f)
    }
}

impl From<&str> for Value {
    #[inline(never)]
    fn from(s: &str) -> Self {
        Self::Str(s.into())
    }
}

impl From<String> for Value {
    #[inline(never)]
    fn from(s: String) -> Self {
        Self::Str(s.into())
    }
}

impl From<&String> for Value {
    #[inline(never)]
    fn from(s: &String) -> Self {
        Self::Str(s.as_str().into())
    }
}

impl From<Str> for Value {
    #[inline(never)]
    fn from(s: Str) -> Self {
        Self::Str(s)
    }
}

impl From<&Str> for Value {
    #[inline(never)]
    fn from(s: &Str) -> Self {
        Self::Str(s.clone())
    }
}

impl From<&Value> for Value {
    #[inline(never)]
    fn from(v: &Value) -> Self {
        v.clone()
    }
}

impl From<List> for Value {
    fn from(l: List) -> Self {
        Self::List(l)
    }
}

impl From<Map> for Value {
    fn from(m: Map) -> Self {
        Self::Map(m)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(v: Vec<T>) -> Self {
        Self::List(v.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::Null, Into::into)
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(iter: I) -> Self {
        Self::List(iter.into_iter().collect())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(i) => write!(f, "{i}"),
            Self::Float(x) => write!(f, "{x}"),
            Self::Str(s) => write!(f, "{s:?}"),
            Self::List(l) => l.fmt(f),
            Self::Map(m) => m.fmt(f),
        }
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Builds a [`Value`] from JSON-like notation; expressions go in parentheses or stand as they are.
///
/// `value!({"kind": "Pod", "spec": {"nodeName": (node), "containers": [c]}})`
#[macro_export]
macro_rules! value {
    (null) => { $crate::Value::Null };
    ({}) => { $crate::Value::map() };
    ([]) => { $crate::Value::List($crate::List::default()) };
    ({ $($key:tt : $val:tt),* $(,)? }) => {
        $crate::Value::Map($crate::Map::literal(&[$($key),*], vec![$($crate::value!($val)),*]))
    };
    ([ $($val:tt),* $(,)? ]) => {
        $crate::Value::List($crate::List::from(vec![$($crate::value!($val)),*]))
    };
    ($val:expr) => { $crate::Value::from($val) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_copies_only_its_path() {
        let a = value!({"spec": {"template": {"x": 1}, "replicas": 3}, "status": {"n": 1}});
        let mut b = a.clone();
        b.set_at(&["status", "n"], 2);
        assert!(a["spec"].same(&b["spec"]), "untouched subtree is shared");
        assert_eq!((a["status"]["n"].int(), b["status"]["n"].int()), (1, 2));
        assert_ne!(a, b);
    }

    #[test]
    fn reading_what_is_not_there_is_null() {
        let v = value!({"a": [1, "x"]});
        assert!(v["b"]["c"][3].is_null());
        assert_eq!(v["a"][1], "x");
        assert_eq!(v.at(&["a", "b"]).text(), "");
    }

    #[test]
    fn maps_are_sorted_and_the_last_of_a_key_stays() {
        let m: Map = [("b", 1), ("a", 2), ("b", 3)].into_iter().collect();
        assert_eq!(format!("{m:?}"), r#"{"a": 2, "b": 3}"#);
    }

    #[test]
    fn an_emptied_map_is_the_empty_map() {
        let mut v = value!({"a": 1});
        v.remove("a");
        assert_eq!(v, Value::map());
        assert!(v.is_zero());
    }
}
