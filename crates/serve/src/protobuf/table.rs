//! The fields of every message, read once from `fields.tsv`.
//!
//! The file: `package NAME` lines, counted from 0; then each message as `PACKAGE.NAME`, and below it, after a tab, its
//! fields as number, name and type. A type is a letter (`s` text, `y` bytes, `i` integer, `b` bool, `d` double, `f`
//! float) or a message; `*` before it means repeated, `%` a map from text.

use std::collections::BTreeMap;
use std::sync::OnceLock;

#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Bytes,
    Int,
    Bool,
    Double,
    Float,
    /// By its full name.
    Message(String),
}

#[derive(Debug)]
pub struct Field {
    number: u64,
    pub name: &'static str,
    pub kind: Kind,
    pub repeated: bool,
    pub is_map: bool,
}

#[derive(Debug)]
pub struct Message {
    pub name: String,
    pub fields: Vec<Field>,
}

impl Message {
    pub fn field(&self, number: u64) -> Option<&Field> {
        self.fields.iter().find(|f| f.number == number)
    }
}

#[derive(Debug, Default)]
pub struct Table(BTreeMap<String, Message>);

impl Table {
    pub fn get() -> &'static Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(|| Self::read(include_str!("fields.tsv")))
    }

    pub fn message(&self, name: &str) -> Option<&Message> {
        self.0.get(name).or_else(|| self.0.get(&name.replace('-', "_")))
    }

    #[cfg(test)]
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.0.values()
    }

    fn read(text: &'static str) -> Self {
        let mut packages = Vec::new();
        let mut table = Self::default();
        let mut current: Option<Message> = None;
        let full = |packages: &[&str], short: &str| {
            let (package, name) = short.split_once('.').unwrap_or(("", short));
            let package =
                package.parse().ok().and_then(|i: usize| packages.get(i)).copied().unwrap_or_default();
            format!("{package}.{name}")
        };
        for line in text.lines() {
            if let Some(package) = line.strip_prefix("package ") {
                packages.push(package);
            } else if let Some(field) = line.strip_prefix('\t') {
                let mut cells = field.split('\t');
                let (Some(number), Some(name), Some(ty)) = (cells.next(), cells.next(), cells.next()) else {
                    continue;
                };
                let (repeated, is_map) = (ty.starts_with('*'), ty.starts_with('%'));
                let kind = match ty.trim_start_matches(['*', '%']) {
                    "s" => Kind::Text,
                    "y" => Kind::Bytes,
                    "i" => Kind::Int,
                    "b" => Kind::Bool,
                    "d" => Kind::Double,
                    "f" => Kind::Float,
                    message => Kind::Message(full(&packages, message)),
                };
                if let (Some(m), Ok(number)) = (&mut current, number.parse()) {
                    m.fields.push(Field { number, name, kind, repeated, is_map });
                }
            } else {
                if let Some(done) = current.take() {
                    table.0.insert(done.name.clone(), done);
                }
                current = Some(Message { name: full(&packages, line), fields: Vec::new() });
            }
        }
        if let Some(done) = current {
            table.0.insert(done.name.clone(), done);
        }
        table
    }
}
