//! One learner's way through one lesson: the step they are at, what is reached, what is missing, what to say.
//!
//! Owns: progress, and keeping it up to date with the cluster's changes and the terminal's commands.
//! Does not own: the cluster, and where progress is saved. An attempt is plain data: clone it with a snapshot of the
//! cluster and both go on from there.

use std::rc::Rc;

use clock::Time;
use cluster::Cluster;
use objects::{Str, Value};

use crate::check::Check;
use crate::lesson::{Lesson, Question, Step};
use crate::look::Lookout;
use crate::missing;
use crate::text::Span;
use crate::track::Track;

/// Between two rounds of looks (virtual time).
const LOOK_EVERY_MS: clock::Millis = 1_000;

/// Invariant: `goals` and `feedback` belong to the step at `step`, and are empty while `pending`; `done` has one entry per
/// step.
#[derive(Clone, Debug)]
pub struct Attempt {
    lesson: Rc<Lesson>,
    step: usize,
    done: Vec<bool>,
    hints: Vec<usize>,
    answers: Vec<Option<usize>>,
    goals: Vec<Track>,
    feedback: Vec<Track>,
    /// When the step began.
    began: Time,
    /// The last revision taken in.
    seen: u64,
    /// When the last round of looks was taken; `None` in a step that takes none.
    looked: Option<Time>,
    /// A command has ended since: what it did is worth a look at once.
    look_now: bool,
    /// The host lab's facts, as they were last told.
    lab: Value,
    asks_lab: bool,
    /// The cluster is still to come, so nothing is looked at: the ids of the goals that were met when it was saved.
    pending: Option<Value>,
}

/// A goal as the learner sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct GoalReport {
    pub id: Str,
    pub text: Vec<Span>,
    pub met: bool,
    /// It can't be met any more unless the step is started again.
    pub lost: bool,
    /// (have, wanted), where that can be counted.
    pub progress: Option<(i64, i64)>,
    /// A sentence without its full stop, in the lesson's language; `None` when met.
    pub missing: Option<String>,
}

/// A question as the learner sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct QuestionReport {
    pub text: Vec<Span>,
    pub options: Vec<Vec<Span>>,
    /// The option chosen so far.
    pub chosen: Option<usize>,
    /// The right option, once it may be told.
    pub right: Option<usize>,
    /// About the chosen option, once it may be told; about the right one too if another was chosen.
    pub explain: Vec<Vec<Span>>,
}

impl Attempt {
    /// From the first step, on a cluster on which the lesson's start has been played.
    #[must_use]
    pub fn new(lesson: Rc<Lesson>, cluster: &Cluster) -> Self {
        let mut attempt = Self::of(lesson, cluster);
        attempt.open(0, cluster);
        attempt
    }

    fn of(lesson: Rc<Lesson>, cluster: &Cluster) -> Self {
        let steps = lesson.steps.len();
        Self {
            lesson,
            step: 0,
            done: vec![false; steps],
            hints: vec![0; steps],
            answers: vec![None; steps],
            goals: Vec::new(),
            feedback: Vec::new(),
            began: cluster.now(),
            seen: 0,
            looked: None,
            look_now: false,
            lab: Value::Null,
            asks_lab: false,
            pending: None,
        }
    }

    /// Where a saved attempt stood. Steps are found by their ids, so that a lesson may grow meanwhile; what can't be
    /// read is as if it were never saved.
    #[must_use]
    pub fn restored(lesson: Rc<Lesson>, saved: &Value, cluster: &Cluster) -> Self {
        let mut attempt = Self::of(lesson, cluster);
        attempt.take_up(saved, cluster);
        attempt
    }

    /// [`Self::restored`] before the lesson's start has been played: it shows where the learner stood, and neither looks at
    /// the cluster nor follows it.
    #[must_use]
    pub fn pending(lesson: Rc<Lesson>, saved: &Value, cluster: &Cluster) -> Self {
        let mut attempt = Self::of(lesson, cluster);
        attempt.pending = Some(Value::Null);
        attempt.take_up(saved, cluster);
        attempt
    }

    fn take_up(&mut self, saved: &Value, cluster: &Cluster) {
        let lesson = self.lesson.clone();
        if saved["slug"] != lesson.slug.as_str() {
            self.open(0, cluster);
            return;
        }
        for (i, step) in lesson.steps.iter().enumerate() {
            let one = saved["steps"].get(&step.id);
            self.done[i] = one["done"].is_true();
            self.hints[i] = usize::try_from(one["hints"].int()).unwrap_or(0).min(step.hints.len());
            let options = step.question.iter().flat_map(|q| &q.options);
            let answer = one["answer"].text();
            self.answers[i] = options.map(|o| &o.id).position(|id| !answer.is_empty() && id == answer);
        }
        let at = lesson.steps.iter().position(|s| saved["at"] == s.id.as_str());
        self.open(at.unwrap_or(0), cluster);
        if let Some(met) = &mut self.pending {
            met.clone_from(&saved["met"]);
        }
        for (goal, track) in lesson.steps[self.step].goals.iter().zip(&mut self.goals) {
            if saved["met"].items().iter().any(|id| *id == goal.id.as_str()) {
                track.restore();
            }
        }
    }

    /// What to save: `{slug, at, met, steps: {id: {done, hints, answer}}}`.
    #[must_use]
    pub fn save(&self) -> Value {
        let mut steps = Value::map();
        for (i, step) in self.lesson.steps.iter().enumerate() {
            let mut one = Value::map();
            if self.done[i] {
                one.set("done", true);
            }
            if self.hints[i] > 0 {
                one.set("hints", i64::try_from(self.hints[i]).unwrap_or(0));
            }
            if let (Some(chosen), Some(question)) = (self.answers[i], &step.question) {
                one.set("answer", question.options.get(chosen).map(|o| &o.id).cloned());
            }
            if !one.is_zero() {
                steps.set(step.id.clone(), one);
            }
        }
        let goals = self.current().goals.iter().zip(&self.goals);
        let met: Value = match &self.pending {
            Some(met) => met.clone(),
            None => goals.filter(|(_, t)| t.latched()).map(|(g, _)| Value::from(&g.id)).collect(),
        };
        let mut saved = Value::map();
        saved.set("slug", &self.lesson.slug);
        saved.set("at", &self.current().id);
        saved.set("met", met);
        saved.set("steps", steps);
        saved
    }

    #[must_use]
    pub fn lesson(&self) -> &Rc<Lesson> {
        &self.lesson
    }

    /// The same lesson in another language; progress stays. False (and nothing done) when it is another lesson.
    pub fn translate(&mut self, lesson: Rc<Lesson>) -> bool {
        let ids =
            |l: &Lesson| l.steps.iter().map(|s| (s.id.clone(), s.goals.len(), s.feedback.len())).collect();
        let (old, new): (Vec<_>, Vec<_>) = (ids(&self.lesson), ids(&lesson));
        let same = lesson.slug == self.lesson.slug && old == new;
        if same {
            self.lesson = lesson;
        }
        same
    }

    /// Counted from 0.
    #[must_use]
    pub fn step(&self) -> usize {
        self.step
    }

    #[must_use]
    pub fn current(&self) -> &Step {
        &self.lesson.steps[self.step]
    }

    /// Whether each step's goals were once all met together.
    #[must_use]
    pub fn done(&self) -> &[bool] {
        &self.done
    }

    #[must_use]
    pub fn step_done(&self) -> bool {
        self.done[self.step]
    }

    #[must_use]
    pub fn lesson_done(&self) -> bool {
        self.done.iter().all(|d| *d)
    }

    /// Opens a step: its goals count from here on.
    pub fn open(&mut self, step: usize, cluster: &Cluster) {
        self.step = step.min(self.lesson.steps.len() - 1);
        self.began = cluster.now();
        self.seen = cluster.revision();
        if self.pending.is_some() {
            return;
        }
        let step = &self.lesson.steps[self.step];
        let takes_looks =
            step.goals.iter().map(|g| &g.want).chain(step.feedback.iter().map(|f| &f.when)).any(Check::looks);
        self.looked = takes_looks.then(|| cluster.now());
        let mut from = Lookout::new(cluster, &self.lab);
        self.goals = step.goals.iter().map(|g| Track::start(&g.want, &mut from)).collect();
        self.feedback = step.feedback.iter().map(|f| Track::start(&f.when, &mut from)).collect();
        let checks = step.goals.iter().map(|g| &g.want).chain(step.feedback.iter().map(|f| &f.when));
        self.asks_lab = checks.into_iter().any(Check::asks_lab);
    }

    /// Whether this step asks for facts of the host lab: then tell them before each [`Self::observe`].
    #[must_use]
    pub fn asks_lab(&self) -> bool {
        self.asks_lab
    }

    /// Tells the host lab's facts (`terminal::Terminal::lab_facts`), which the cluster does not know.
    pub fn set_lab(&mut self, facts: Value) {
        self.lab = facts;
    }

    /// On to the next step. False when this one is not done, or is the last.
    pub fn next(&mut self, cluster: &Cluster) -> bool {
        let goes = self.step_done() && self.step + 1 < self.lesson.steps.len();
        if goes {
            self.open(self.step + 1, cluster);
        }
        goes
    }

    /// Starts the step again: what happened so far no longer counts.
    pub fn restart_step(&mut self, cluster: &Cluster) {
        self.done[self.step] = false;
        self.answers[self.step] = None;
        self.open(self.step, cluster);
    }

    /// Takes in what has changed since the last call. True when a report may look different.
    pub fn observe(&mut self, cluster: &Cluster) -> bool {
        if self.pending.is_some() {
            return false;
        }
        if cluster.revision() < self.seen {
            // The cluster went back in time: look at it afresh, keeping what cannot be unreached.
            self.resync(cluster);
            return true;
        }
        let mut reached = false;
        let lesson = self.lesson.clone();
        let step = &lesson.steps[self.step];
        let mut next = self.seen + 1;
        let mut together = false;
        for change in cluster.changes_since(self.seen) {
            if change.revision != next {
                break;
            }
            next += 1;
            let mut goal_reached = false;
            for (goal, track) in step.goals.iter().zip(&mut self.goals) {
                goal_reached |= track.change(&goal.want, change, self.began);
            }
            for (feedback, track) in step.feedback.iter().zip(&mut self.feedback) {
                reached |= track.change(&feedback.when, change, self.began);
            }
            if goal_reached {
                reached = true;
                // What a look may still find out of time is looked at before the step counts as done.
                if self.looked.is_some() { together |= self.goals_met() } else { self.settle() }
            }
        }
        if next <= cluster.revision() {
            // Changes that are no longer kept.
            self.resync(cluster);
            return true;
        }
        self.seen = cluster.revision();
        let now = cluster.now();
        for (goal, track) in step.goals.iter().zip(&mut self.goals) {
            reached |= track.time(&goal.want, now);
        }
        reached |= self.look(cluster, together);
        self.settle();
        reached
    }

    /// Takes a look at what no change tells of, when it is time.
    fn look(&mut self, cluster: &Cluster, at_once: bool) -> bool {
        let now = cluster.now();
        let due = self.looked.is_some_and(|at| at_once || self.look_now || now.since(at) >= LOOK_EVERY_MS);
        if !due || self.step_done() {
            return false;
        }
        (self.looked, self.look_now) = (Some(now), false);
        let lesson = self.lesson.clone();
        let step = &lesson.steps[self.step];
        let facts = self.lab.clone();
        let mut from = Lookout::new(cluster, &facts);
        let mut reached = false;
        for (goal, track) in step.goals.iter().zip(&mut self.goals) {
            reached |= track.look(&goal.want, &mut from, now, self.began);
        }
        for (feedback, track) in step.feedback.iter().zip(&mut self.feedback) {
            reached |= track.look(&feedback.when, &mut from, now, self.began);
        }
        reached
    }

    fn resync(&mut self, cluster: &Cluster) {
        let kept: Vec<bool> = self.goals.iter().map(Track::latched).collect();
        self.open(self.step, cluster);
        for (track, kept) in self.goals.iter_mut().zip(kept) {
            if kept {
                track.restore();
            }
        }
        self.settle();
    }

    /// Takes in a command line that has ended. True when a report may look different.
    pub fn command(&mut self, line: &str, exit: i64) -> bool {
        let lesson = self.lesson.clone();
        let step = &lesson.steps[self.step];
        let mut reached = false;
        for (goal, track) in step.goals.iter().zip(&mut self.goals) {
            reached |= track.command(&goal.want, line, exit);
        }
        for (feedback, track) in step.feedback.iter().zip(&mut self.feedback) {
            reached |= track.command(&feedback.when, line, exit);
        }
        self.look_now = true;
        self.settle();
        reached
    }

    /// Chooses an option of the step's question. The first choice stays once the answer has been told.
    pub fn answer(&mut self, option: usize) -> bool {
        let options = self.current().question.as_ref().map_or(0, |q| q.options.len());
        if option >= options || self.told() {
            return false;
        }
        self.answers[self.step] = Some(option);
        self.settle();
        true
    }

    /// One hint more. False when all are shown.
    pub fn hint(&mut self) -> bool {
        let more = self.more_hints();
        self.hints[self.step] += usize::from(more);
        more
    }

    #[must_use]
    pub fn more_hints(&self) -> bool {
        self.hints[self.step] < self.current().hints.len()
    }

    /// How many of the step's hints are shown.
    #[must_use]
    pub fn hints_shown(&self) -> usize {
        self.hints[self.step]
    }

    fn goals_met(&self) -> bool {
        self.pending.is_none() && self.current().goals.iter().zip(&self.goals).all(|(g, t)| t.met(&g.want))
    }

    /// Whether the question's answer may be told.
    fn told(&self) -> bool {
        let Some(question) = &self.current().question else { return false };
        self.answers[self.step].is_some() && (question.at_once || self.done[self.step])
    }

    fn settle(&mut self) {
        let answered = self.current().question.is_none() || self.answers[self.step].is_some();
        if answered && !self.done[self.step] && self.goals_met() {
            self.done[self.step] = true;
        }
    }

    /// Each goal of the step.
    #[must_use]
    pub fn report(&self) -> Vec<GoalReport> {
        let lang = self.lesson.lang;
        let goals = self.current().goals.iter().enumerate();
        goals
            .map(|(i, goal)| {
                let (id, text) = (goal.id.clone(), goal.text.clone());
                let Some(track) = self.goals.get(i) else {
                    return GoalReport { id, text, met: false, lost: false, progress: None, missing: None };
                };
                let met = track.met(&goal.want);
                let missing = if met { None } else { missing::missing(&goal.want, track, lang) };
                GoalReport {
                    id,
                    text,
                    met,
                    lost: track.lost(),
                    progress: missing::progress(&goal.want, track),
                    missing,
                }
            })
            .collect()
    }

    /// What there is to say about the way things are now; nothing once the step is done.
    pub fn feedback(&self) -> impl Iterator<Item = (&Str, &[Span])> {
        let all = self.current().feedback.iter().zip(&self.feedback);
        let open = !self.step_done();
        all.filter(move |(f, t)| open && t.met(&f.when)).map(|(f, _)| (&f.id, &f.text[..]))
    }

    /// The step's question, if it has one.
    #[must_use]
    pub fn question(&self) -> Option<QuestionReport> {
        let question: &Question = self.current().question.as_ref()?;
        let chosen = self.answers[self.step];
        let right = question.options.iter().position(|o| o.right).filter(|_| self.told());
        let mut explain = Vec::new();
        if let (Some(right), Some(chosen)) = (right, chosen) {
            explain.push(question.options[chosen].explain.clone());
            if right != chosen {
                explain.push(question.options[right].explain.clone());
            }
        }
        let options = question.options.iter().map(|o| o.text.clone()).collect();
        Some(QuestionReport { text: question.text.clone(), options, chosen, right, explain })
    }
}
