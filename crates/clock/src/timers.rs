//! Timers in the one order of the house: first by the instant they fall due, then by the order they were set.

use ordered::BTreeMap;

use crate::Time;

/// A queue of what is due when. Plain data: a clone fires the same timers in the same order.
#[derive(Clone, Debug)]
pub struct Timers<T> {
    due: BTreeMap<(Time, u64), T>,
    next_sequence: u64,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { due: BTreeMap::new(), next_sequence: 0 }
    }
}

/// Names one timer, to cancel it.
pub type TimerId = (Time, u64);

impl<T> Timers<T> {
    /// Sets a timer; of two due at one instant the first set fires first.
    pub fn set(&mut self, due: Time, what: T) -> TimerId {
        let id = (due, self.next_sequence);
        self.next_sequence += 1;
        self.due.insert(id, what);
        id
    }

    /// Takes a timer back. `None` when it has fired or was cancelled.
    pub fn cancel(&mut self, id: TimerId) -> Option<T> {
        self.due.remove(&id)
    }

    /// When the next timer falls due.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        self.due.first_key_value().map(|((due, _), _)| *due)
    }

    /// The first timer due at `now` or before.
    pub fn pop_due(&mut self, now: Time) -> Option<T> {
        if self.next_due()? > now {
            return None;
        }
        self.due.pop_first().map(|(_, what)| what)
    }

    /// All timers, first due first.
    pub fn iter(&self) -> impl Iterator<Item = (Time, &T)> {
        self.due.iter().map(|((due, _), what)| (*due, what))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.due.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_instant_then_by_order_set() {
        let mut t = Timers::default();
        t.set(Time(5), 'c');
        t.set(Time(3), 'a');
        let gone = t.set(Time(3), 'x');
        t.set(Time(3), 'b');
        assert_eq!(t.cancel(gone), Some('x'));
        assert_eq!(t.pop_due(Time(2)), None);
        assert_eq!(
            (t.pop_due(Time(4)), t.pop_due(Time(4)), t.pop_due(Time(4))),
            (Some('a'), Some('b'), None)
        );
        assert_eq!(t.next_due(), Some(Time(5)));
    }
}
