//! A running hash over the log of changes: what each write did and who did it.

use client::Change;
use objects::Value;
use objects::running_hash::RunningHash;

#[derive(Clone, Debug, Default)]
pub(crate) struct LogHash(RunningHash);

impl LogHash {
    pub(crate) fn value(&self) -> u64 {
        self.0.value()
    }

    pub(crate) fn add(&mut self, change: &Change) {
        self.0.number(change.revision);
        self.0.number(change.at.0 as u64);
        self.0.text(change.kind.as_str());
        self.0.text(&change.resource);
        self.0.text(&change.namespace);
        self.0.text(&change.name);
        self.0.text(&change.actor);
        self.0.number(change.cause);
        self.difference(&change.previous, &change.object);
    }

    /// Takes in something that happened and is no write.
    pub(crate) fn note(&mut self, at: clock::Time, text: &str) {
        self.0.number(at.0 as u64);
        self.0.text(text);
    }

    /// Takes in what differs, and says whether anything does: shared subtrees are passed over, so the cost is that of
    /// the change. Equal ones that are not shared count the same: what is shared depends on who asked, not on what
    /// was written.
    fn difference(&mut self, old: &Value, new: &Value) -> bool {
        if old.same(new) {
            return false;
        }
        match (old, new) {
            (Value::Map(a), Value::Map(b)) => {
                let mut differs = false;
                let mut kept = 0;
                let alike = a.has_keys_of(b);
                let before = a.entries();
                for (i, (key, value)) in b.iter().enumerate() {
                    let was = if alike { before.get(i).map(|(_, was)| was) } else { a.get(key) };
                    kept += usize::from(was.is_some());
                    if was.is_some_and(|was| was.same(value)) {
                        continue;
                    }
                    let before = self.0;
                    self.0.text(key);
                    if was.is_none_or(|was| self.difference(was, value)) {
                        differs = true;
                    } else {
                        self.0 = before;
                    }
                    if was.is_none() {
                        self.0.tree(value);
                    }
                }
                if kept < a.len() {
                    differs = true;
                    for (key, _) in a.iter().filter(|(key, _)| b.get(key).is_none()) {
                        self.0.number(GONE);
                        self.0.text(key);
                    }
                }
                if differs {
                    self.0.number(END);
                }
                differs
            }
            (Value::List(a), Value::List(b)) => {
                let mut differs = a.len() != b.len();
                let before = self.0;
                self.0.number(b.len() as u64);
                for (i, value) in b.iter().enumerate() {
                    let before = self.0;
                    self.0.number(i as u64);
                    let changed = match a.get(i) {
                        Some(was) => self.difference(was, value),
                        None => {
                            self.0.tree(value);
                            true
                        }
                    };
                    if changed {
                        differs = true;
                    } else {
                        self.0 = before;
                    }
                }
                if !differs {
                    self.0 = before;
                }
                differs
            }
            _ if old == new => false,
            _ => {
                self.0.tree(new);
                true
            }
        }
    }
}

/// Stands before a key that is no longer there, and after a map's changes.
const GONE: u64 = 0x676f_6e65;
const END: u64 = 0x656e_6421;

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    fn hashed(old: &Value, new: &Value) -> (bool, u64) {
        let mut hash = LogHash::default();
        (hash.difference(old, new), hash.value())
    }

    #[test]
    fn what_is_equal_counts_as_nothing_shared_or_not() {
        let make = || value!({"a": {"x": [1, {"y": "text that is no short one at all"}]}, "b": null});
        let one = make();
        let nothing = (false, LogHash::default().value());
        assert_eq!(hashed(&one, &one.clone()), nothing);
        assert_eq!(hashed(&one, &make()), nothing);
        let mut changed = make();
        changed.set("c", 1);
        let mut shared = one.clone();
        shared.set("c", 1);
        assert_eq!(hashed(&one, &changed), hashed(&one, &shared));
    }

    #[test]
    fn every_change_shows() {
        let old = value!({"a": 1, "b": {"x": "eightlong", "y": "z"}, "l": [1, 2], "n": null});
        let changes: [&dyn Fn(&mut Value); 9] = [
            &|v| v.set("a", 2),
            &|v| v.set("a", "1"),
            &|v| v.set("c", 1),
            &|v| drop(v.remove("a")),
            &|v| drop(v.remove("n")),
            &|v| v.set_at(&["b", "x"], "eightlonG"),
            &|v| v.set_at(&["b", "y"], ""),
            &|v| v.set("l", vec![1, 2, 3]),
            &|v| v.set("l", vec![2, 1]),
        ];
        let mut seen = vec![LogHash::default().value()];
        for (i, change) in changes.iter().enumerate() {
            let mut new = old.clone();
            change(&mut new);
            let (differs, hash) = hashed(&old, &new);
            assert!(differs && !seen.contains(&hash), "change {i}");
            seen.push(hash);
        }
    }
}
