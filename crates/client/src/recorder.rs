//! Events: what a component tells the reader of an object.
//!
//! Models `k8s.io/client-go/tools/record` with its correlator: an event that repeats is counted on the first one instead
//! of written anew; from the tenth different message of one reason on they are combined; and an object gets 25 events
//! at once, then one more every five minutes. So a set of ten thousand pods does not write ten thousand events.

use std::sync::Arc;

use clock::Time;
use objects::resources::EVENTS;
use objects::running_hash::RunningHash;
use objects::{Str, Value, text, value};
use rustc_hash::FxHashMap;

use crate::{Ctx, PatchType, Subject};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    Normal,
    Warning,
}

/// Writes events in the name of one component. Remembers what it wrote, to count repeats.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    /// `deployment-controller`, `kubelet`.
    component: Str,
    /// The node, for kubelets.
    host: Str,
    /// What names both, one for all events.
    source: Value,
    /// Shared with the snapshots it is in until the next event.
    memory: Arc<Memory>,
    /// When the last event was named, and how many were before it in that ms.
    named: (Time, u64),
}

/// What was written, to count repeats and to keep measure.
#[derive(Clone, Debug, Default)]
struct Memory {
    /// The written events by object and text, as a hash: the texts of a hundred thousand pods are long. Bounded: the
    /// oldest half goes when there are too many.
    written: FxHashMap<u64, Written>,
    /// Different messages of one object and reason.
    similar: FxHashMap<u64, Similar>,
    /// What each object (and type) may still write.
    allowance: FxHashMap<u64, Allowance>,
}

#[derive(Clone, Debug)]
struct Similar {
    messages: Messages,
    last: Time,
}

/// Hashes of different messages. Most groups ever have one: a hundred thousand pods have three such groups each.
#[derive(Clone, Debug)]
enum Messages {
    One(u64),
    /// Invariant: ascending, no hash twice.
    Many(Vec<u64>),
}

impl Messages {
    fn insert(&mut self, hash: u64) {
        match self {
            Self::One(one) if *one == hash => {}
            Self::One(one) => *self = Self::Many(vec![hash.min(*one), hash.max(*one)]),
            Self::Many(many) => {
                if let Err(at) = many.binary_search(&hash) {
                    many.insert(at, hash);
                }
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(many) => many.len(),
        }
    }

    /// Takes the least out, where there is more than one.
    fn drop_first(&mut self) {
        if let Self::Many(many) = self
            && !many.is_empty()
        {
            many.remove(0);
        }
    }
}

/// A token bucket, counted in milliseconds of refill.
#[derive(Clone, Debug)]
struct Allowance {
    credit: i64,
    last: Time,
}

/// An event as it can be found again: what it is called follows from its object and its stamp.
#[derive(Clone, Debug)]
struct Written {
    stamp: u64,
    /// How often it happened, and when for the last time; most happen once, at their stamp.
    repeats: Option<Box<(i64, Time)>>,
}

impl Written {
    fn last(&self) -> Time {
        self.repeats.as_ref().map_or(Time((self.stamp / STAMPS_PER_MS) as i64), |r| r.1)
    }

    /// Counts one more. How many there are now.
    fn repeat(&mut self, now: Time) -> i64 {
        let (count, last) = &mut **self.repeats.get_or_insert_with(|| Box::new((1, now)));
        (*count, *last) = (*count + 1, now);
        *count
    }
}

/// A stamp counts ns.
const STAMPS_PER_MS: u64 = 1_000_000;

/// How many written events a recorder remembers; upstream's LRU holds as many.
const REMEMBERED: usize = 4096;
/// A repeat later than this starts a new event: the server has dropped the old one (upstream's event TTL is 1 h).
const TTL_MS: i64 = 3_600_000;

/// From so many different messages on they are combined.
const SIMILAR_MAX: usize = 10;
/// So long after the last one similar messages count anew.
const SIMILAR_MS: i64 = 600_000;
/// An object may have so many events at once ...
const BURST: i64 = 25;
/// ... and one more after each such span.
const REFILL_MS: i64 = 300_000;

impl Recorder {
    pub fn new(component: impl Into<Str>, host: impl Into<Str>) -> Self {
        let (component, host) = (component.into(), host.into());
        let mut source = value!({"component": (&component)});
        if !host.is_empty() {
            source.set("host", &host);
        }
        Self { component, host, source, ..Self::default() }
    }

    /// A recorder that writes as a client of `events.k8s.io` does: `source` stays empty, only `reportingComponent`
    /// names the component. The scheduler is one.
    pub fn reporting(component: impl Into<Str>) -> Self {
        Self { source: Value::map(), ..Self::new(component, "") }
    }

    /// Writes an event about `object`. A refusal is dropped, as upstream drops it.
    pub fn event(&mut self, ctx: &mut Ctx<'_>, object: &Value, kind: EventType, reason: &str, message: &str) {
        self.event_at(ctx, object, "", kind, reason, message);
    }

    /// The same about a part of the object: `spec.containers{web}`.
    pub fn event_at(
        &mut self,
        ctx: &mut Ctx<'_>,
        object: &Value,
        field_path: &str,
        kind: EventType,
        reason: &str,
        message: &str,
    ) {
        self.event_about(ctx, &Subject::new(object, field_path), kind, reason, message.into());
    }

    /// The same for who tells more than one thing of a subject.
    pub fn event_about(
        &mut self,
        ctx: &mut Ctx<'_>,
        subject: &Subject,
        kind: EventType,
        reason: &str,
        message: Str,
    ) {
        let kind = if kind == EventType::Normal { "Normal" } else { "Warning" };
        let on = hash(kind, &[subject.object_hash]);
        let group = hash(reason, &[on]);
        let said = hash(&message, &[0]);
        let memory = Arc::make_mut(&mut self.memory);
        let (known, message) = if memory.is_one_of_many(group, said, ctx.now) {
            (group, text::joined(&["(combined from similar events): ", &message]))
        } else {
            (hash("", &[group, subject.path_hash, said]), message)
        };
        let allowed = memory.is_allowed(on, ctx.now);
        if let Some(w) = memory.written.get_mut(&known)
            && ctx.now.since(w.last()) < TTL_MS
        {
            let count = w.repeat(ctx.now);
            if !allowed {
                return;
            }
            let at = text::rfc3339(ctx.now);
            let patch = value!({"count": (count), "lastTimestamp": (at), "message": (&message)});
            let (namespace, name) = (subject.events_namespace().text(), subject.event_name(w.stamp));
            if ctx.patch(EVENTS, namespace, &name, "", PatchType::Merge, patch).is_ok() {
                return;
            }
        }
        if !allowed {
            return;
        }
        let stamp = self.stamp(ctx.now, ctx.rng.next_u64());
        let (event, complete) = self.new_event(subject, stamp, [reason, kind], message, ctx.now);
        let created = if complete { ctx.create_as_stored(EVENTS, event) } else { ctx.create(EVENTS, event) };
        if created.is_ok() {
            Arc::make_mut(&mut self.memory).remember(known, Written { stamp, repeats: None });
        }
    }

    /// An event that was not told before, and whether it has the form in which it is stored: what is left out where it is
    /// empty is the server's to know.
    fn new_event(
        &self,
        subject: &Subject,
        stamp: u64,
        [reason, kind]: [&str; 2],
        message: Str,
        now: Time,
    ) -> (Value, bool) {
        static VERSION: Value = Value::Str(Str::new_static("v1"));
        static KIND: Value = Value::Str(Str::new_static("Event"));
        let complete = !reason.is_empty() && !message.is_empty() && subject.is_complete;
        let at = text::rfc3339(now);
        let event = value!({
            "apiVersion": (&VERSION), "kind": (&KIND),
            "metadata": {"name": (subject.event_name(stamp)), "namespace": (subject.events_namespace())},
            "involvedObject": (&subject.reference), "reason": (reason), "message": (message),
            "source": (&self.source), "firstTimestamp": (&at), "lastTimestamp": (at), "count": 1, "type": (kind),
            "eventTime": null, "reportingComponent": (&self.component), "reportingInstance": (&self.host),
        });
        (event, complete)
    }

    /// The ns that name an event, as upstream's do, so that a list of events is in the order they were written. What
    /// is smaller than this clock's ms is made up: the place among the recorder's own, then chance, for the others'.
    fn stamp(&mut self, now: Time, chance: u64) -> u64 {
        self.named = if self.named.0 == now { (now, (self.named.1 + 1).min(499)) } else { (now, 0) };
        now.0.unsigned_abs() * STAMPS_PER_MS + self.named.1 * 2_000 + chance % 2_000
    }
}

impl Memory {
    /// True when so many different messages of this group came lately that this one is told combined.
    fn is_one_of_many(&mut self, group: u64, message: u64, now: Time) -> bool {
        forget_older_half(&mut self.similar, |s| s.last);
        let new = || Similar { messages: Messages::One(message), last: now };
        let s = self.similar.entry(group).or_insert_with(new);
        if now.since(s.last) > SIMILAR_MS {
            *s = new();
        }
        s.last = now;
        s.messages.insert(message);
        if s.messages.len() < SIMILAR_MAX {
            return false;
        }
        s.messages.drop_first();
        true
    }

    /// Takes one event out of the allowance of an object; false when there is none left.
    fn is_allowed(&mut self, about: u64, now: Time) -> bool {
        let most = BURST * REFILL_MS;
        forget_older_half(&mut self.allowance, |a| a.last);
        let a = self.allowance.entry(about).or_insert(Allowance { credit: most, last: now });
        a.credit = (a.credit + now.since(a.last)).min(most);
        a.last = now;
        let allowed = a.credit >= REFILL_MS;
        if allowed {
            a.credit -= REFILL_MS;
        }
        allowed
    }

    fn remember(&mut self, key: u64, written: Written) {
        forget_older_half(&mut self.written, Written::last);
        self.written.insert(key, written);
    }
}

/// The hash of a text, going on from numbers.
fn hash(text: &str, from: &[u64]) -> u64 {
    let mut digest = RunningHash::default();
    from.iter().for_each(|n| digest.number(*n));
    digest.text(text);
    digest.value()
}

/// Makes room when there is none: rarely, so that each entry costs a little only.
#[expect(
    clippy::disallowed_methods,
    reason = "ages are sorted: in which order they are met says nothing of what stays"
)]
fn forget_older_half<T>(map: &mut FxHashMap<u64, T>, last: impl Fn(&T) -> Time) {
    if map.len() >= REMEMBERED {
        let mut ages: Vec<Time> = map.values().map(&last).collect();
        ages.sort_unstable();
        let middle = ages[ages.len() / 2];
        map.retain(|_, v| last(v) > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenth_different_message_is_combined() {
        let mut r = Memory::default();
        let told: Vec<bool> = (0..12).map(|i| r.is_one_of_many(1, i as u64, Time(i))).collect();
        assert_eq!(told.iter().filter(|t| !**t).count(), 9);
        assert!(!r.is_one_of_many(1, 99, Time(SIMILAR_MS + 100)));
    }

    #[test]
    fn names_are_in_the_order_of_writing() {
        let mut r = Recorder::new("c", "");
        let stamps: Vec<u64> =
            [(1, 1999), (1, 0), (1, 5), (2, 0)].iter().map(|&(t, c)| r.stamp(Time(t), c)).collect();
        assert!(stamps.is_sorted(), "{stamps:?}");
    }

    #[test]
    fn twenty_five_at_once_then_one_every_five_minutes() {
        let mut r = Memory::default();
        let at_once = (0..40).filter(|_| r.is_allowed(1, Time(0))).count();
        assert_eq!(at_once, 25);
        assert!(!r.is_allowed(1, Time(REFILL_MS - 1)));
        assert!(r.is_allowed(1, Time(REFILL_MS)));
        assert!(!r.is_allowed(1, Time(REFILL_MS)));
        assert!(r.is_allowed(2, Time(0)));
    }
}
