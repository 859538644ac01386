//! A running hash of 64 bits over numbers, texts and trees, the same on every machine.
//!
//! Eight bytes at a time: names are long, and much is hashed for each write. Not for what must resist an attack.

use crate::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningHash(u64);

impl Default for RunningHash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl RunningHash {
    #[must_use]
    pub fn value(self) -> u64 {
        self.0
    }

    /// Multiplied upwards, then folded down: every bit that comes in reaches all of those after it.
    pub fn number(&mut self, n: u64) {
        let mixed = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    pub fn text(&mut self, s: &str) {
        let (words, rest) = s.as_bytes().as_chunks();
        for bytes in words {
            self.number(u64::from_le_bytes(*bytes));
        }
        let last = match s.as_bytes().last_chunk() {
            _ if rest.is_empty() => 0,
            // The rest with what stands before it is a word, too: at once, not byte by byte.
            Some(bytes) => u64::from_le_bytes(*bytes) >> (64 - 8 * rest.len()),
            None => rest.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)),
        };
        // With the length no text is the beginning of another.
        self.number(last << 8 | (s.len() as u64 & 0xff));
    }

    /// All of a tree, whatever it shares.
    pub fn tree(&mut self, value: &Value) {
        match value {
            Value::Null => self.number(1),
            Value::Bool(b) => self.number(2 + u64::from(*b)),
            Value::Int(i) => self.number(*i as u64),
            Value::Float(f) => self.number(f.to_bits()),
            Value::Str(s) => self.text(s),
            Value::List(list) => {
                self.number(4 + 2 * list.len() as u64);
                list.iter().for_each(|v| self.tree(v));
            }
            Value::Map(map) => {
                self.number(5 + 2 * map.len() as u64);
                for (key, value) in map.iter() {
                    self.text(key);
                    self.tree(value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    /// Logs are compared by their hash between machines: it must not depend on how a text is read.
    #[test]
    fn a_text_is_hashed_as_words_of_eight_bytes_whatever_its_length() {
        let text = "a text of more than three words of eight bytes";
        for n in 0..text.len() {
            let (mut plain, mut hash) = (RunningHash::default(), RunningHash::default());
            let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
            let whole = n / 8 * 8;
            text.as_bytes()[..whole].chunks(8).for_each(|bytes| plain.number(word(bytes)));
            plain.number(word(&text.as_bytes()[whole..n]) << 8 | n as u64);
            hash.text(&text[..n]);
            assert_eq!(hash, plain, "{n}");
        }
    }

    #[test]
    fn what_differs_hashes_differently() {
        let trees = [
            Value::Null,
            value!(true),
            value!(false),
            value!(""),
            value!("a"),
            value!("eightlong"),
            value!("eightlonG"),
            value!("eight\0long"),
            value!(["a", "b"]),
            value!(["ab"]),
            value!([["a"], "b"]),
            value!({"a": "b"}),
            value!({"a": {"b": null}}),
            value!({"ab": null}),
        ];
        let mut seen = Vec::new();
        for tree in &trees {
            let mut hash = RunningHash::default();
            hash.tree(tree);
            assert!(!seen.contains(&hash.value()), "{tree:?}");
            seen.push(hash.value());
        }
    }
}
