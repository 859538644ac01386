//! The state of one check as a lesson goes on, kept up to date change by change.
//!
//! Invariant: a [`Track`] has the shape of the [`Check`] it was started from. The cost of a change is that of the
//! checks it reaches; only a start looks at all objects of a resource.

use ordered::BTreeMap;

use client::{Change, ChangeKind};
use clock::{Millis, Time};
use objects::{Str, Value};

use crate::check::{Bound, Check, That};
use crate::look::{Lookout, Seen};
use crate::missing;

/// The exit code of a command that Ctrl-C has stopped.
const INTERRUPTED: i64 = 130;

#[derive(Clone, Debug)]
pub(crate) enum Track {
    Objects(Tally),
    /// Met once and for good; what came near is kept to speak of.
    Latch {
        met: bool,
        near: Option<i64>,
    },
    Look {
        met: bool,
        seen: Seen,
    },
    Replaced(Replacement),
    Several(Vec<Track>),
    Not(Box<Track>),
    /// The time counts from `since`, once what has to be true first was so.
    Within {
        inner: Box<Track>,
        after: Option<Box<Track>>,
        since: Option<Time>,
        ended: Option<bool>,
    },
    Steady {
        inner: Box<Track>,
        after: Option<Box<Track>>,
        armed: bool,
        broken: Option<Broken>,
    },
}

/// The objects in scope, and how many of them are as asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) objects: BTreeMap<Str, (Value, bool)>,
    pub(crate) good: i64,
}

/// What came after a deletion.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replacement {
    /// The first object that was deleted.
    pub(crate) gone: Option<Str>,
    /// Objects made since, and whether they are ready.
    pub(crate) since: BTreeMap<Str, bool>,
    pub(crate) met: bool,
}

/// When something steady was broken, counted from the step's beginning, and what was the matter, by language.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Broken {
    pub(crate) after: Millis,
    pub(crate) how: [String; 2],
}

impl Tally {
    fn put(&mut self, check: (&crate::scope::Scope, &That), key: Str, object: &Value, deleted: bool) {
        if let Some((_, good)) = self.objects.remove(&key) {
            self.good -= i64::from(good);
        }
        let (scope, that) = check;
        if !deleted && scope.has(object) {
            let good = is_good(that, &scope.resource, object);
            self.good += i64::from(good);
            self.objects.insert(key, (object.clone(), good));
        }
    }

    pub(crate) fn len(&self) -> i64 {
        i64::try_from(self.objects.len()).unwrap_or(i64::MAX)
    }

    fn met(&self, bound: Bound) -> bool {
        match bound {
            Bound::AtLeast(n) => self.good >= n,
            Bound::AtMost(n) => self.good <= n,
            Bound::Exactly(n) => self.good == n,
            Bound::Every => self.good > 0 && self.good == self.len(),
        }
    }
}

/// Whether an object is as asked.
fn is_good(that: &That, resource: &str, object: &Value) -> bool {
    match that {
        That::Exists => true,
        That::Ready => is_ready(resource, object),
        That::Condition { kind, status } => object.condition(kind)["status"] == status.as_str(),
        That::Field { path, expect } => expect.fits(&path.values(object)),
        That::Rollout { image } => rolled_out(object, image),
    }
}

pub(crate) fn is_ready(resource: &str, object: &Value) -> bool {
    let (spec, status) = (&object["spec"], &object["status"]);
    let observed = status["observedGeneration"].int() >= object.generation();
    match resource {
        "deployments.apps" => observed && status["availableReplicas"].int() >= spec["replicas"].int_or(1),
        "replicasets.apps" | "statefulsets.apps" => {
            observed && status["readyReplicas"].int() >= spec["replicas"].int_or(1)
        }
        "daemonsets.apps" => {
            observed && status["numberReady"].int() >= status["desiredNumberScheduled"].int().max(1)
        }
        _ => object.condition_true("Ready"),
    }
}

fn rolled_out(object: &Value, image: &str) -> bool {
    let (spec, status) = (&object["spec"], &object["status"]);
    let wanted = spec["replicas"].int_or(1);
    let mut containers = spec["template"]["spec"]["containers"].items().iter();
    (image.is_empty() || containers.any(|c| c["image"] == image))
        && status["observedGeneration"].int() >= object.generation()
        && ["replicas", "updatedReplicas", "availableReplicas"].iter().all(|k| status[*k].int() == wanted)
}

impl Track {
    /// The state at this instant: what is there already counts, what happened already does not.
    pub(crate) fn start(check: &Check, from: &mut Lookout<'_>) -> Self {
        let cluster = from.cluster;
        match check {
            Check::Objects { scope, that, .. } => {
                let mut tally = Tally::default();
                for object in cluster.objects(&scope.resource) {
                    if scope.reaches(&scope.resource, object.namespace(), object.name()) {
                        tally.put((scope, that), object.key(), object, false);
                    }
                }
                Self::Objects(tally)
            }
            Check::Event { .. } | Check::Command { .. } | Check::Deleted { .. } => {
                Self::Latch { met: false, near: None }
            }
            Check::Look(look) => {
                let (met, seen) = look.take(from);
                Self::Look { met, seen }
            }
            Check::Replaced { .. } => Self::Replaced(Replacement::default()),
            Check::All(checks) | Check::Any(checks) => {
                Self::Several(checks.iter().map(|c| Self::start(c, from)).collect())
            }
            Check::Not(inner) => Self::Not(Box::new(Self::start(inner, from))),
            Check::Within { check, after, .. } => {
                let inner = Box::new(Self::start(check, from));
                let after_track = after.as_ref().map(|a| Box::new(Self::start(a, from)));
                let counts = after.as_ref().zip(after_track.as_ref()).is_none_or(|(a, t)| t.met(a));
                let ended = (counts && inner.met(check)).then_some(true);
                Self::Within { inner, after: after_track, since: counts.then(|| cluster.now()), ended }
            }
            Check::Steady { check, holds, after } => {
                let inner = Box::new(Self::start(check, from));
                let after_track = after.as_ref().map(|a| Box::new(Self::start(a, from)));
                let armed = match (after, &after_track) {
                    (Some(a), Some(t)) => t.met(a),
                    _ => inner.met(check) == *holds,
                };
                Self::Steady { inner, after: after_track, armed, broken: None }
            }
        }
    }

    pub(crate) fn met(&self, check: &Check) -> bool {
        match (self, check) {
            (Self::Objects(tally), Check::Objects { bound, .. }) => tally.met(*bound),
            (Self::Latch { met, .. } | Self::Look { met, .. }, _) => *met,
            (Self::Replaced(r), _) => r.met,
            (Self::Several(tracks), Check::All(checks)) => tracks.iter().zip(checks).all(|(t, c)| t.met(c)),
            (Self::Several(tracks), Check::Any(checks)) => tracks.iter().zip(checks).any(|(t, c)| t.met(c)),
            (Self::Not(inner), Check::Not(check)) => !inner.met(check),
            (Self::Within { ended, .. }, _) => *ended == Some(true),
            (Self::Steady { armed, broken, .. }, _) => *armed && broken.is_none(),
            _ => false,
        }
    }

    /// True when it can no longer be met without starting the step again.
    pub(crate) fn lost(&self) -> bool {
        match self {
            Self::Within { ended, .. } => *ended == Some(false),
            Self::Steady { broken, .. } => broken.is_some(),
            Self::Several(tracks) => tracks.iter().any(Self::lost),
            _ => false,
        }
    }

    /// Takes a change in. True when it reached this check.
    pub(crate) fn change(&mut self, check: &Check, change: &Change, began: Time) -> bool {
        match (&mut *self, check) {
            (Self::Objects(tally), Check::Objects { scope, that, .. }) => {
                let reached = scope.reaches(&change.resource, &change.namespace, &change.name);
                if reached {
                    tally.put((scope, that), change.key(), &change.object, change.is_deleted());
                }
                reached
            }
            (Self::Latch { met, .. }, Check::Event { reason, kind, name }) => {
                let about = &change.object["involvedObject"];
                let fits = !*met
                    && change.resource == "events"
                    && !change.is_deleted()
                    && change.object["reason"] == reason.as_str()
                    && (kind.is_empty() || about["kind"] == kind.as_str())
                    && (name.is_empty() || about["name"].text().starts_with(name.as_str()));
                *met |= fits;
                fits
            }
            (Self::Latch { met, .. }, Check::Deleted { scope, by }) => {
                let fits = !*met && scope.resource == change.resource && is_deletion(change, scope, by);
                *met |= fits;
                fits
            }
            (Self::Replaced(r), Check::Replaced { scope, by }) => r.change(change, scope, by),
            (Self::Several(tracks), Check::All(checks) | Check::Any(checks)) => {
                let mut reached = false;
                for (track, check) in tracks.iter_mut().zip(checks) {
                    reached |= track.change(check, change, began);
                }
                reached
            }
            (Self::Not(inner), Check::Not(check)) => inner.change(check, change, began),
            (Self::Within { inner, after, since, ended }, Check::Within { check, span, after: first }) => {
                let late = since.is_some_and(|from| change.at.since(from) > *span);
                if ended.is_none() && late {
                    *ended = Some(false);
                    return true;
                }
                let mut reached = inner.change(check, change, began);
                if let (None, Some(track), Some(first)) = (*since, after, first) {
                    reached |= track.change(first, change, began);
                    *since = track.met(first).then_some(change.at);
                }
                if reached && since.is_some() && ended.is_none() && inner.met(check) {
                    *ended = Some(true);
                }
                reached
            }
            (Self::Steady { .. }, Check::Steady { .. }) => self.steady_change(check, change, began),
            _ => false,
        }
    }

    fn steady_change(&mut self, check: &Check, change: &Change, began: Time) -> bool {
        let (Self::Steady { inner, after, armed, .. }, Check::Steady { check, holds, after: first }) =
            (&mut *self, check)
        else {
            return false;
        };
        let mut reached = inner.change(check, change, began);
        if let (false, Some(track), Some(first)) = (*armed, after.as_mut(), first) {
            reached |= track.change(first, change, began);
            *armed = track.met(first);
        }
        if reached {
            self.arm_or_break((check, *holds, first.is_some()), change.at.since(began));
        }
        reached
    }

    /// Takes looks at a copy of the cluster. True when what is seen is not what was seen before.
    pub(crate) fn look(&mut self, check: &Check, from: &mut Lookout<'_>, at: Time, began: Time) -> bool {
        match (&mut *self, check) {
            (Self::Look { met, seen }, Check::Look(look)) => {
                let now = look.take(from);
                let news = now != (*met, seen.clone());
                (*met, *seen) = now;
                news
            }
            (Self::Several(tracks), Check::All(checks) | Check::Any(checks)) => {
                let pairs = tracks.iter_mut().zip(checks);
                pairs.fold(false, |any, (t, c)| t.look(c, from, at, began) | any)
            }
            (Self::Not(inner), Check::Not(check)) => inner.look(check, from, at, began),
            (Self::Within { inner, after, since, ended }, Check::Within { check, after: first, .. }) => {
                let mut reached = inner.look(check, from, at, began);
                if let (None, Some(track), Some(first)) = (*since, after, first) {
                    reached |= track.look(first, from, at, began);
                    *since = track.met(first).then_some(at);
                }
                if since.is_some() && ended.is_none() && inner.met(check) {
                    *ended = Some(true);
                }
                reached
            }
            (Self::Steady { inner, after, armed, .. }, Check::Steady { check, holds, after: first }) => {
                let mut reached = check.looks() && inner.look(check, from, at, began);
                if let (false, Some(track), Some(first)) = (*armed, after.as_mut(), first) {
                    reached |= track.look(first, from, at, began);
                    *armed = track.met(first);
                }
                if reached {
                    self.arm_or_break((check, *holds, first.is_some()), at.since(began));
                }
                reached
            }
            _ => false,
        }
    }

    /// After something reached what must stay as it is: it counts from when it first holds, unless it has a `first`.
    fn arm_or_break(&mut self, (check, holds, first): (&Check, bool, bool), after: Millis) {
        let Self::Steady { inner, armed, broken, .. } = self else { return };
        let as_it_must = inner.met(check) == holds;
        if !first {
            // A step may open while things are still on their way.
            *armed |= as_it_must;
        }
        if *armed && broken.is_none() && !as_it_must {
            let how = crate::Lang::ALL.map(|lang| missing::steady(check, inner, lang));
            *broken = Some(Broken { after, how });
        }
    }

    /// Takes a finished command in. True when it reached this check.
    pub(crate) fn command(&mut self, check: &Check, line: &str, exit: i64) -> bool {
        match (self, check) {
            (Self::Latch { met, near }, Check::Command { pattern, exit: wanted }) => {
                if *met || !pattern.matches(line) {
                    return false;
                }
                // A watch has no end of its own: stopped by Ctrl-C it has done its work.
                *met = wanted.is_none_or(|w| w == exit || (w == 0 && exit == INTERRUPTED));
                *near = Some(exit);
                true
            }
            (Self::Several(tracks), Check::All(checks) | Check::Any(checks)) => {
                let mut reached = false;
                for (track, check) in tracks.iter_mut().zip(checks) {
                    reached |= track.command(check, line, exit);
                }
                reached
            }
            (Self::Not(inner), Check::Not(check)) => inner.command(check, line, exit),
            (Self::Within { inner, after, since, ended }, Check::Within { check, after: first, .. }) => {
                let mut reached = inner.command(check, line, exit);
                if let (None, Some(track), Some(first)) = (*since, after, first) {
                    reached |= track.command(first, line, exit);
                }
                if reached && since.is_some() && ended.is_none() && inner.met(check) {
                    *ended = Some(true);
                }
                reached
            }
            (Self::Steady { inner, after, armed, .. }, Check::Steady { check, after: first, .. }) => {
                let mut reached = inner.command(check, line, exit);
                if let (false, Some(track), Some(first)) = (*armed, after, first) {
                    reached |= track.command(first, line, exit);
                    *armed = track.met(first);
                }
                reached
            }
            _ => false,
        }
    }

    /// Lets time pass: what had to happen by now has not. True when that changes anything.
    pub(crate) fn time(&mut self, check: &Check, now: Time) -> bool {
        match (self, check) {
            (Self::Within { inner, after, since, ended }, Check::Within { check, span, after: first }) => {
                let Some(from) = *since else {
                    // What has to be true first may be a command, which has no time of its own.
                    let begins = after.as_ref().zip(first.as_ref()).is_some_and(|(t, c)| t.met(c));
                    *since = begins.then_some(now);
                    *ended = (begins && inner.met(check)).then_some(true);
                    return begins;
                };
                let late = ended.is_none() && now.since(from) > *span;
                if late {
                    *ended = Some(false);
                }
                late
            }
            (Self::Several(tracks), Check::All(checks) | Check::Any(checks)) => {
                tracks.iter_mut().zip(checks).fold(false, |any, (t, c)| t.time(c, now) | any)
            }
            _ => false,
        }
    }

    /// Whether what was reached stays so whatever the objects do now, and is worth keeping over a reload.
    pub(crate) fn latched(&self) -> bool {
        match self {
            Self::Latch { met, .. } => *met,
            Self::Replaced(r) => r.met,
            Self::Within { ended, .. } => *ended == Some(true),
            _ => false,
        }
    }

    /// Puts back what a saved attempt had reached.
    pub(crate) fn restore(&mut self) {
        match self {
            Self::Latch { met, .. } => *met = true,
            Self::Replaced(r) => r.met = true,
            Self::Within { ended, .. } => *ended = Some(true),
            _ => {}
        }
    }
}

impl Replacement {
    fn change(&mut self, change: &Change, scope: &crate::scope::Scope, by: &str) -> bool {
        if self.met || scope.resource != change.resource {
            return false;
        }
        if is_deletion(change, scope, by) {
            self.since.remove(&change.key());
            self.gone.get_or_insert_with(|| change.name.clone());
            return true;
        }
        let in_place = scope.namespace.is_empty() || scope.namespace == change.namespace;
        if self.gone.is_none() || !in_place {
            return false;
        }
        let key = change.key();
        let new = change.kind == ChangeKind::Added && scope.has(&change.object);
        if !new && !self.since.contains_key(&key) {
            return false;
        }
        if change.is_deleted() || !scope.has(&change.object) {
            self.since.remove(&key);
        } else {
            let ready = is_ready(&scope.resource, &change.object);
            self.met |= ready;
            self.since.insert(key, ready);
        }
        true
    }
}

/// Whether this change is somebody's asking for the end of an object in scope: with grace, the mark on it is what
/// they wrote; without, the deletion itself.
fn is_deletion(change: &Change, scope: &crate::scope::Scope, by: &str) -> bool {
    let marked = change.object.is_terminating() && !change.previous.is_terminating();
    (by == "*" || change.actor == by)
        && (change.is_deleted() || marked)
        && scope.reaches(&change.resource, &change.namespace, &change.name)
        && scope.means(&change.object)
}
