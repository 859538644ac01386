//! How time passes for the reader: at a speed, in steps, over what nobody wants to wait for, and back to an instant.
//!
//! Owns: which instant is shown. Does not own: how the past is stood up again (cluster::history).

use std::rc::Rc;

use clock::Time;
use cluster::history::Goal;
use smol_str::SmolStr;

use super::Session;
use crate::format::suffix;
use crate::i18n::Texts;
use crate::panels::timeline::record::{Due, Lane, Tick};
use crate::stage::facts::PodFacts;

/// Real time beyond this that passed between two frames (a hidden tab) is not made up for.
const MOST_REAL_MS: i64 = 250;
/// Writes looked through for one that is no heartbeat.
const MOST_STEPS: usize = 20_000;
/// While a solution is shown, time passes at least so fast.
const SHOW_SPEED: i64 = 10_000;
/// Writes looked through on a step back for one that leads to another instant.
const MOST_BACK: usize = 1024;
/// A jump over a back-off goes no further than this.
const JUMP_MS: i64 = 600_000;

impl Session {
    /// Lets `real_us` microseconds of the reader's time pass. `go_on` says whether this slice has time left; when it
    /// runs out, virtual time falls behind rather than the page. The past plays on until it has become the present.
    pub fn frame(&mut self, real_us: i64, go_on: &mut dyn FnMut() -> bool) {
        if !self.paused {
            let real_us = real_us.clamp(0, MOST_REAL_MS * 1000);
            // Nobody wants to wait for what they only watch.
            let speed = if self.showing.is_empty() { self.speed } else { self.speed.max(SHOW_SPEED) };
            let thousandths = self.rest + real_us * speed / 1000;
            self.rest = thousandths.rem_euclid(1000);
            let span = thousandths.div_euclid(1000);
            if self.past.is_some() {
                self.seek(self.now() + span);
            } else {
                self.run_until(self.here.cluster.now() + span, go_on);
            }
        }
        self.serve();
    }

    /// Lets `span` ms of virtual time pass at once, paused or not.
    pub fn advance(&mut self, span: i64) {
        self.to_present();
        self.run_until(self.here.cluster.now() + span.max(0), &mut || true);
        self.serve();
    }

    pub(super) fn run_until(&mut self, until: Time, go_on: &mut dyn FnMut() -> bool) {
        if self.early.is_some() {
            return;
        }
        loop {
            // Between two snapshots lies a bounded number of events, however long the run.
            let mut left = self.here.history.stride();
            let mut stopped = false;
            let mut more = || {
                left = left.saturating_sub(1);
                crate::room::keep_ahead();
                stopped |= !go_on();
                left > 0 && !stopped
            };
            self.take_readings();
            let here = &mut self.here;
            let goal = Time(until.0.min(here.first.usage.due()));
            let reached = self.terminal.run_until(&mut here.cluster, goal, &mut more);
            self.moved.time = true;
            if stopped || (reached && goal == until) {
                break;
            }
            self.look();
        }
        self.align();
    }

    /// Goes to the next write that is no heartbeat, and no further.
    pub fn step(&mut self) {
        if self.past.is_some() {
            let revision = self.revision();
            match self.record().after(revision, None).copied() {
                Some(next) => self.show_write(next.revision, next.at),
                None => self.to_present(),
            }
            return;
        }
        let ticks = self.record().ticks.len();
        for _ in 0..MOST_STEPS {
            if !self.run_to_write() {
                break;
            }
            self.look();
            if self.record().ticks.len() > ticks {
                break;
            }
        }
        self.moved.time = true;
        self.serve();
    }

    /// Runs until something happens that is no heartbeat: over back-offs and grace periods, at most ten minutes.
    pub fn jump(&mut self, until: &dyn Fn(&Self) -> bool) {
        self.to_present();
        let limit = self.here.cluster.now() + JUMP_MS;
        let ticks = self.record().ticks.len();
        for _ in 0..MOST_STEPS {
            if self.here.cluster.now() >= limit || !self.run_to_write() {
                break;
            }
            self.look();
            if self.record().ticks.len() > ticks && until(self) {
                break;
            }
        }
        self.moved.time = true;
        self.serve();
    }

    /// Shows the instant `at` (on the clock of the objects); from the present on, the present.
    pub fn seek(&mut self, at: i64) {
        if at >= self.latest() {
            self.to_present();
        } else {
            self.show(Goal::Time(Time(at.max(self.earliest()))));
        }
    }

    /// Shows the instant right after the write of this revision.
    pub fn seek_revision(&mut self, revision: u64) {
        let found = self.latest_shown().changes_since(revision.saturating_sub(1)).next().map(|c| c.at.0);
        if let Some(at) = found {
            self.show_write(revision, at);
        }
    }

    /// The learner's command that ran at this instant (on the clock of the objects): the last that had begun.
    #[must_use]
    pub fn command_of(&self, at: i64) -> Option<SmolStr> {
        let moments = &self.here.moments;
        let after = moments.partition_point(|m| m.at.0 <= at);
        moments[..after].last().map(|m| m.line.clone())
    }

    pub(super) fn show(&mut self, goal: Goal<'_>) {
        let from = self.past.take();
        self.past = self.here.seek(goal, from);
        self.meet_member();
        self.all_moved();
        self.align();
    }

    /// Shows the present again.
    pub fn to_present(&mut self) {
        if self.past.take().is_some() {
            self.meet_member();
            self.all_moved();
            self.align();
        }
    }

    /// Steps to the write before or after what is shown: of anybody, of one lane, or to one object.
    pub fn step_to(&mut self, forward: bool, lane: Option<Lane>, object: Option<&str>) {
        let (revision, now) = (self.revision(), self.now());
        if !forward {
            let before = match object {
                Some(id) => {
                    let past = |t: &Tick| t.revision < revision || (t.revision == revision && t.at < now);
                    let mut writes: Vec<Tick> = self.writes_to(id).take_while(past).collect();
                    writes.reverse();
                    writes
                }
                None => self.record().before(revision, now, lane).take(MOST_BACK).copied().collect(),
            };
            return self.step_back(&before);
        }
        let found = match object {
            Some(id) => self.writes_to(id).find(|t| t.revision > revision),
            None => self.record().after(revision, lane).copied(),
        };
        match found {
            Some(tick) => self.show_write(tick.revision, tick.at),
            None if self.past.is_some() => self.to_present(),
            None => self.step(),
        }
    }

    /// Shows the nearest of these writes that leads to another instant than is shown: what one event wrote came at once.
    fn step_back(&mut self, nearest_first: &[Tick]) {
        let shown = (self.revision(), self.now());
        let mut stays = |tick: &Tick| {
            self.show_write(tick.revision, tick.at);
            (self.revision(), self.now()) == shown
        };
        match nearest_first {
            [first, rest @ ..] if stays(first) => match rest.get(rest.partition_point(stays)) {
                Some(tick) => self.show_write(tick.revision, tick.at),
                None => self.seek(self.earliest()),
            },
            [_, ..] => {}
            [] => self.seek(self.earliest()),
        }
    }

    /// The writes to an object in the cluster that is shown, the first first.
    fn writes_to(&self, id: &str) -> impl Iterator<Item = Tick> {
        let (resource, namespace, name) = crate::stage::facts::split_id(id);
        let of =
            move |c: &&client::Change| c.resource == resource && c.name == name && c.namespace == namespace;
        let latest = self.latest_shown();
        let all = latest.changes_since(latest.compacted()).filter(of);
        all.map(|c| Tick { at: c.at.0, revision: c.revision, lane: Lane::You })
    }

    /// Holds a controller, or lets it go.
    pub fn hold(&mut self, name: &str, held: bool) {
        self.on_shown(|cluster| cluster.hold_controller(name, held));
    }

    /// Lets a held controller take one key from its queue.
    pub fn nudge(&mut self, name: &str) {
        self.on_shown(|cluster| {
            cluster.step_controller(name);
        });
    }

    /// What is known of the future, soonest first: the ends of grace periods.
    #[must_use]
    pub fn due(&self, texts: &Texts) -> Vec<Due> {
        let (stage, now) = (&self.followed().scene.stage, self.latest());
        let ending = stage.ending.iter().filter_map(|id| stage.pods.get(id));
        let ending = ending.filter(|p| p.ends_at > now);
        let due = |pod: &Rc<PodFacts>| {
            let owner = stage.owners.get(&pod.owner).map_or("", |o| o.name.as_str());
            Due {
                at: pod.ends_at,
                lane: Lane::Kubelet,
                what: (texts.time().end_of)(suffix(&pod.name, owner)),
            }
        };
        // No more than can be told apart on the timeline.
        let mut soon: Vec<&Rc<PodFacts>> = ending.collect();
        soon.sort_by_key(|pod| pod.ends_at);
        soon.truncate(24);
        soon.into_iter().map(due).collect()
    }

    /// True while seconds are counted on the stage: a pod is ending, or a node has gone silent.
    #[must_use]
    pub fn counts_seconds(&self) -> bool {
        !self.stage().ending.is_empty() || self.stage().lost > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::trial::*;

    #[test]
    fn paused_time_stands_still_but_commands_are_answered() {
        let mut session = session();
        session.paused = true;
        session.frame(5_000_000, &mut || true);
        assert_eq!(session.elapsed(), 0);
        assert_eq!(run(&mut session, "kubectl get nodes").exit, 0);
        assert_eq!(session.elapsed(), 0);
        session.step();
        assert!(session.revision() > 0);
    }

    #[test]
    fn time_passes_at_the_chosen_speed() {
        let mut session = session();
        for (speed, passed) in [(1000, 16), (100, 1), (100_000, 1600)] {
            session.speed = speed;
            let before = session.elapsed();
            session.frame(16_000, &mut || true);
            assert!((session.elapsed() - before - passed).abs() <= 1, "{speed}");
        }
    }

    #[test]
    fn the_whole_page_shows_the_instant_looked_back_at() {
        let mut session = session();
        run(&mut session, "kubectl apply -f web.yaml");
        session.advance(60_000);
        let (latest, revision, hash) = (session.latest(), session.revision(), session.log_hash());
        session.seek(session.earliest());
        assert!(session.looks_back());
        assert_eq!((session.elapsed(), ready(&session)), (0, 0));
        assert!(session.revision() < revision);
        session.step_to(true, None, None);
        session.step_to(true, Some(Lane::Scheduler), None);
        let bound = session.stage().pods.values().filter(|p| !p.node.is_empty()).count();
        assert_eq!(bound, 1, "right after the scheduler's first write");
        let first = session.revision();
        session.step_to(true, Some(Lane::Scheduler), None);
        session.step_to(false, Some(Lane::Scheduler), None);
        assert_eq!(session.revision(), first, "and back to it, whatever else the same event wrote");
        session.seek(latest);
        assert_eq!((session.looks_back(), ready(&session), session.log_hash()), (false, 3, hash));
    }

    #[test]
    fn a_held_controller_stands_still_and_steps() {
        let mut session = session();
        session.hold("replicaset-controller", true);
        run(&mut session, "kubectl apply -f web.yaml");
        session.advance(10_000);
        assert!(session.stage().pods.is_empty());
        // Other keys may be before it in the queue.
        for _ in 0..8 {
            session.nudge("replicaset-controller");
        }
        assert_eq!(session.stage().pods.len(), 3);
    }
}
