//! A running hash over the log of changes: FNV-1a 64 of what each write did and who did it.

use client::Change;
use objects::Value;

#[derive(Clone, Debug)]
pub(crate) struct LogHash(u64);

impl Default for LogHash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl LogHash {
    pub(crate) fn value(&self) -> u64 {
        self.0
    }

    pub(crate) fn add(&mut self, change: &Change) {
        self.number(change.revision);
        self.number(change.at.0 as u64);
        self.text(change.kind.as_str());
        self.text(&change.resource);
        self.text(&change.namespace);
        self.text(&change.name);
        self.text(&change.actor);
        self.number(change.cause);
        self.difference(&change.previous, &change.object);
    }

    /// Takes in something that happened and is no write.
    pub(crate) fn note(&mut self, at: clock::Time, text: &str) {
        self.number(at.0 as u64);
        self.text(text);
    }

    /// Hashes what differs: shared subtrees are passed over, so the cost is that of the change. Equal ones that are
    /// not shared count the same: what is shared depends on who asked, not on what was written.
    fn difference(&mut self, old: &Value, new: &Value) {
        if old.same(new) || old == new {
            return self.number(0);
        }
        match (old, new) {
            (Value::Map(_), Value::Map(map)) => {
                self.number(1 + map.len() as u64);
                for (key, value) in map.iter() {
                    self.text(key);
                    self.difference(old.get(key), value);
                }
            }
            (Value::List(a), Value::List(b)) => {
                self.number(1 + b.len() as u64);
                for (i, value) in b.iter().enumerate() {
                    self.difference(a.get(i).unwrap_or(&Value::Null), value);
                }
            }
            (_, Value::Map(map)) => {
                for (key, value) in map.iter() {
                    self.text(key);
                    self.difference(&Value::Null, value);
                }
            }
            (_, Value::List(list)) => list.iter().for_each(|v| self.difference(&Value::Null, v)),
            (_, Value::Null) => self.number(2),
            (_, Value::Bool(b)) => self.number(3 + u64::from(*b)),
            (_, Value::Int(i)) => self.number(*i as u64),
            (_, Value::Float(f)) => self.number(f.to_bits()),
            (_, Value::Str(s)) => self.text(s),
        }
    }

    fn number(&mut self, n: u64) {
        self.0 = (self.0 ^ n).wrapping_mul(0x0000_0100_0000_01b3);
    }

    fn text(&mut self, s: &str) {
        for b in s.bytes() {
            self.0 = (self.0 ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self.number(0xff);
    }
}
