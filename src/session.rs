//! One visitor's session: a cluster, a terminal and a course behind plain commands and events.
//!
//! Owns: how fast time passes, the order of commands, what has moved since the views last looked.
//! Does not own: the DOM, storage (`app`, `storage`), or anything the cluster does.
//! Everything here is plain data and runs natively.

use std::collections::VecDeque;
use std::rc::Rc;

use client::{Caller, Request, TableOf, Verb};
use clock::Time;
use cluster::history::{Goal, View};
use cluster::{Cluster, ClusterConfig};
use course::{Act, Attempt, Lesson};
use objects::Value;
use ordered::BTreeMap;
use smol_str::{SmolStr, ToSmolStr, format_smolstr};
use terminal::{Stream, Submitted, Terminal};

use crate::branch::{Branch, Files, Moment, Scene, is_event};
use crate::console::Kind;
use crate::console::table::Named;
use crate::format::suffix;
use crate::i18n::Texts;
use crate::panels::charts::record::Usage;
use crate::panels::editor::fault;
use crate::panels::lesson::Page;
use crate::panels::timeline::record::{Due, Lane, Record, Tick};
use crate::stage::facts::{ObjectId, PodFacts, object_id};
use crate::stage::model::Model;
use crate::stage::route::Route;
use crate::state_words::PodState;
use crate::tab::{Running, Tab};

/// Speeds in thousandths, as the reader may choose them.
pub const SPEEDS: [i64; 4] = [100, 1000, 10_000, 100_000];
/// Real time beyond this that passed between two frames (a hidden tab) is not made up for.
const MOST_REAL_MS: i64 = 250;
/// A command of a lesson's start takes at most this much virtual time.
const ACT_MS: i64 = 120_000;
/// Writes looked through for one that is no heartbeat.
const MOST_STEPS: usize = 20_000;
/// How long a request stays on the stage.
const ROUTE_MS: i64 = 2_500;
/// While a solution is shown, time passes at least so fast.
const SHOW_SPEED: i64 = 10_000;
/// A jump over a back-off goes no further than this.
const JUMP_MS: i64 = 600_000;

/// What the views must look at again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    pub time: bool,
    pub stage: bool,
    pub timeline: bool,
    pub objects: bool,
    pub events: bool,
    pub console: bool,
    pub files: bool,
    pub lesson: bool,
    pub lab: bool,
}

/// What an early session stands for: the playground of a seed, or a lesson with what was saved of it.
#[derive(Clone, Debug)]
pub enum Meant {
    Playground(u64),
    Lesson(Rc<Lesson>, Value),
}

/// A line of time: its name, where it left which other, whether it is the one shown.
pub type Branched = (char, Option<(char, i64)>, bool);

/// A cluster among several, as the switcher shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub summary: cluster::Summary,
    pub shown: bool,
}

/// A member's cluster on the stage: its picture, and the last revision taken into it.
#[derive(Clone, Debug, Default)]
struct MemberView {
    name: SmolStr,
    scene: Scene,
    seen: u64,
}

/// The end of a command that came through [`Session::exec`].
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    pub ticket: u64,
    pub output: String,
    pub exit: i32,
}

pub struct Session {
    /// The line of time that goes on.
    here: Branch,
    /// The other lines.
    others: Vec<Branch>,
    /// The instant looked back at; the present when there is none.
    past: Option<View<Scene>>,
    /// The line beside which this one is shown, and that line at the instant shown.
    beside: Option<(char, Option<View<Scene>>)>,
    terminal: Terminal,
    /// One for each prompt of the terminal, in their order; never empty.
    tabs: Vec<Tab>,
    /// The one shown; while they are served, the one that is served.
    tab: usize,
    pub seed: u64,
    files_kept: Files,
    files_moved: bool,
    /// Every command so far, with the virtual time it was given at: with the seed they repeat the session.
    pub commands: Vec<(i64, String)>,
    done: Vec<Done>,
    /// Only the nodes are there yet, and time stands still: see [`Session::early`].
    early: Option<Meant>,
    /// Commands stay in the queue: a part of the program is still on its way.
    waits: bool,
    /// Notes of what the cluster accepted but does not act on.
    pub notes: Vec<String>,
    pub paused: bool,
    /// Thousandths.
    pub speed: i64,
    /// Thousandths of a ms of virtual time that no whole ms has used up.
    rest: i64,
    /// What is left to play of a solution that is shown, and until when it waits.
    showing: VecDeque<Act>,
    show_at: i64,
    /// A command has begun a line of its own.
    forked: bool,
    /// The member whose cluster is shown in place of the first.
    member: Option<MemberView>,
    /// How often the picture has become another one not by writes: by looking back or switching over.
    pictures: u64,
    moved: Moved,
}

/// Where a learner stands, for whoever embeds the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonStanding {
    /// The lesson, the open step (from 0), how many steps are done, whether all are.
    pub told: (SmolStr, usize, usize, bool),
    pub steps: usize,
}

impl Session {
    #[must_use]
    pub fn new(seed: u64, files: &[(String, String)]) -> Self {
        let mut session = Self::of(ClusterConfig::playground(seed), files);
        session.look();
        session.here.begin_here();
        session
    }

    /// The playground with so many workers in three zones.
    #[must_use]
    pub fn with_nodes(seed: u64, workers: usize, files: &[(String, String)]) -> Self {
        let mut config = ClusterConfig::playground(seed);
        config.nodes.retain(|n| n.control_plane);
        let width = workers.to_string().len();
        config.nodes.extend((1..=workers).map(|i| {
            let mut node = cluster::NodeConfig::worker(format!("worker-{i:0width$}"));
            node.labels
                .push(("topology.kubernetes.io/zone".into(), ["zone-a", "zone-b", "zone-c"][i % 3].into()));
            node
        }));
        if workers > 200 {
            // Two pods of the cluster's own on each node would be what one waits for.
            config.addons.clear();
            config.dns = true;
        }
        let mut session = Self::of(config, files);
        session.look();
        session.here.begin_here();
        session
    }

    /// What a page shows before the rest of its program is there: the nodes of what is meant at their first instant, and
    /// none of what runs on them, so that the first part of the program needs not know how to run it.
    /// [`Session::whole`] follows.
    #[must_use]
    pub fn early(meant: Meant, files: &[(String, String)]) -> Self {
        let config = match &meant {
            Meant::Playground(seed) => ClusterConfig::playground(*seed),
            Meant::Lesson(lesson, _) => lesson.cluster.config(),
        };
        let mut session = Self::of(ClusterConfig { addons: Vec::new(), ..config }, files);
        if let Meant::Lesson(lesson, saved) = &meant {
            let attempt = Attempt::restored(lesson.clone(), saved, &session.here.cluster);
            session.here.attempt = Some(attempt);
        }
        session.early = Some(meant);
        session.waits = true;
        // The nodes register themselves in this very instant.
        let now = session.here.cluster.now();
        session.here.cluster.run_until(now, &mut || true);
        session.look();
        session.here.begin_here();
        session
    }

    /// What an early session stands for, with what was typed meanwhile; `None` for any other session.
    #[must_use]
    pub fn whole(&self) -> Option<Self> {
        let mut session = match self.early.as_ref()? {
            Meant::Playground(seed) => Self::new(*seed, &self.files()),
            Meant::Lesson(lesson, saved) => Self::learning(lesson.clone(), saved, &self.files()),
        };
        session.speed = self.speed;
        session.paused = self.paused;
        session.tabs[0].queue.clone_from(&self.tabs[0].queue);
        session.showing.clone_from(&self.showing);
        session.waits = true;
        Some(session)
    }

    /// A lesson at the step where it was left: what comes before that step has been played.
    /// `saved` is what [`Session::progress`] gave, or null.
    #[must_use]
    pub fn learning(lesson: Rc<Lesson>, saved: &Value, files: &[(String, String)]) -> Self {
        let mut session = Self::of(lesson.cluster.config(), files);
        // What is played reads the lesson's own files; where the learner has changed one, theirs comes back after.
        let mut theirs = Vec::new();
        for (name, text) in &lesson.files {
            theirs.extend(session.file(name).map(|old| (name.clone(), old)));
            session.write_file(name, text);
        }
        let step = lesson.steps.iter().position(|s| saved["at"] == s.id.as_str()).unwrap_or(0);
        let acts: Vec<Act> = lesson.acts_before(step).cloned().collect();
        for act in &acts {
            session.play(act);
        }
        for (name, text) in &theirs {
            session.write_file(name, text);
        }
        // What was played is the lesson's doing, not the learner's: it is neither printed nor recorded.
        session.terminal.take_output();
        session.here.attempt = Some(Attempt::restored(lesson, saved, &session.here.cluster));
        session.look();
        session.here.begin_here();
        session
    }

    fn play(&mut self, act: &Act) {
        match act {
            Act::Run(text) => {
                for line in text.lines() {
                    self.terminal.submit(line);
                }
                self.terminal.finish(&mut self.here.cluster, ACT_MS);
                // The next act may speak of what this one brings about, such as a pod's name.
                self.here.cluster.settle();
            }
            Act::Wait(span) => {
                let until = self.here.cluster.now() + *span;
                self.terminal.run_until(&mut self.here.cluster, until, &mut || true);
            }
            Act::Answer(_) => {}
        }
    }

    fn of(config: ClusterConfig, files: &[(String, String)]) -> Self {
        let seed = config.seed;
        let mut session = Self {
            here: Branch::new(config),
            others: Vec::new(),
            past: None,
            beside: None,
            terminal: {
                let mut terminal = Terminal::new();
                terminal.explain_on_demand();
                terminal
            },
            seed,
            files_kept: Files::default(),
            files_moved: true,
            tabs: vec![Tab::new(1)],
            tab: 0,
            commands: Vec::new(),
            done: Vec::new(),
            early: None,
            waits: false,
            notes: Vec::new(),
            paused: false,
            speed: 1000,
            rest: 0,
            showing: VecDeque::new(),
            show_at: 0,
            forked: false,
            member: None,
            pictures: 0,
            moved: Moved::default(),
        };
        for (name, text) in files {
            session.write_file(name, text);
        }
        session
    }

    /// A new beginning after this one: of the lesson, or an empty cluster with the next seed. Files and speed stay.
    #[must_use]
    pub fn restarted(before: &Self, files: &[(String, String)]) -> Self {
        let mut session = match &before.here.attempt {
            Some(attempt) => Self::learning(attempt.lesson().clone(), &Value::Null, files),
            None => Self::new(before.seed.wrapping_add(1), files),
        };
        session.speed = before.speed;
        session.paused = before.paused;
        session
    }

    // ---- time ----------------------------------------------------------------------------------------------------

    /// The cluster and the picture that the page shows: a member's where one is chosen, else the first cluster's.
    fn shown(&self) -> (&Cluster, &Scene) {
        let base = self.base();
        let Some(member) = &self.member else { return base };
        base.0.cluster_named(&member.name).map_or(base, |cluster| (cluster, &member.scene))
    }

    /// The first cluster and its picture: those of the instant looked back at, else the present's.
    fn base(&self) -> (&Cluster, &Scene) {
        match &self.past {
            Some(view) => (&view.cluster, &view.companion),
            None => (&self.here.cluster, &self.here.scene),
        }
    }

    /// The cluster that the page shows.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        self.shown().0
    }

    /// The picture that the page shows.
    #[must_use]
    pub fn stage(&self) -> &Model {
        &self.shown().1.stage
    }

    /// What the charts remember of the line that is shown, past what is shown too.
    #[must_use]
    pub fn readings(&self) -> &Usage {
        &self.here.usage
    }

    /// The writes of the line that is shown, past what is shown too.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.here.record
    }

    /// Ms of virtual time that the page shows, on the clock of the objects.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.base().0.now().0
    }

    /// The same since the cluster began.
    #[must_use]
    pub fn elapsed(&self) -> i64 {
        self.base().0.now().since(Time::EPOCH)
    }

    /// The end of the line of time, on the clock of the objects: the present, whatever is shown.
    #[must_use]
    pub fn latest(&self) -> i64 {
        self.here.cluster.now().0
    }

    /// Where the past begins, on the clock of the objects.
    #[must_use]
    pub fn earliest(&self) -> i64 {
        self.here.history.first().map_or(self.latest(), |at| at.0)
    }

    /// True while the page shows the past.
    #[must_use]
    pub fn looks_back(&self) -> bool {
        self.past.is_some()
    }

    #[must_use]
    pub fn revision(&self) -> u64 {
        self.base().0.revision()
    }

    #[must_use]
    pub fn log_hash(&self) -> u64 {
        self.base().0.log_hash()
    }

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

    fn run_until(&mut self, until: Time, go_on: &mut dyn FnMut() -> bool) {
        if self.early.is_some() {
            return;
        }
        loop {
            // Between two snapshots lies a bounded number of events, however long the run.
            let mut left = self.here.history.stride();
            let mut stopped = false;
            let mut more = || {
                left = left.saturating_sub(1);
                stopped |= !go_on();
                left > 0 && !stopped
            };
            let here = &mut self.here;
            here.usage.take(&here.cluster, &here.scene.stage);
            let goal = Time(until.0.min(here.usage.due()));
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
            match self.here.record.after(revision, None).map(|t| t.revision) {
                Some(next) => self.show(Goal::Revision(next)),
                None => self.to_present(),
            }
            return;
        }
        let ticks = self.here.record.ticks.len();
        for _ in 0..MOST_STEPS {
            if !self.here.cluster.step_to_change() {
                break;
            }
            self.look();
            if self.here.record.ticks.len() > ticks {
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
        let ticks = self.here.record.ticks.len();
        for _ in 0..MOST_STEPS {
            if self.here.cluster.now() >= limit || !self.here.cluster.step_to_change() {
                break;
            }
            self.look();
            if self.here.record.ticks.len() > ticks && until(self) {
                break;
            }
        }
        self.moved.time = true;
        self.serve();
    }

    // ---- the past ------------------------------------------------------------------------------------------------

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
        self.show(Goal::Revision(revision));
    }

    /// The learner's command that ran at this instant (on the clock of the objects): the last that had begun.
    #[must_use]
    pub fn command_of(&self, at: i64) -> Option<SmolStr> {
        let moments = &self.here.moments;
        let after = moments.partition_point(|m| m.at.0 <= at);
        moments[..after].last().map(|m| m.line.clone())
    }

    fn show(&mut self, goal: Goal) {
        let from = self.past.take();
        self.past = self.here.seek(goal, from);
        self.meet_member(true);
        self.all_moved();
        self.align();
    }

    /// Shows the present again.
    pub fn to_present(&mut self) {
        if self.past.take().is_some() {
            self.meet_member(true);
            self.all_moved();
            self.align();
        }
    }

    fn all_moved(&mut self) {
        self.pictures += 1;
        let m = &mut self.moved;
        (m.time, m.stage, m.timeline, m.objects, m.events) = (true, true, true, true, true);
    }

    /// Steps to the write before or after what is shown: of anybody, of one lane, or to one object.
    pub fn step_to(&mut self, forward: bool, lane: Option<Lane>, object: Option<&str>) {
        let (revision, now) = (self.revision(), self.now());
        let found = match object {
            Some(id) => self.write_to(id, forward),
            None if forward => self.here.record.after(revision, lane).cloned(),
            None => self.here.record.before(revision, now, lane).cloned(),
        };
        match found {
            Some(tick) => self.show(Goal::Revision(tick.revision)),
            None if forward && self.past.is_some() => self.to_present(),
            None if forward => self.step(),
            None => self.seek(self.earliest()),
        }
    }

    /// The write to an object next to what is shown.
    fn write_to(&self, id: &str, forward: bool) -> Option<Tick> {
        let (resource, namespace, name) = crate::stage::facts::split_id(id);
        let (revision, now) = (self.revision(), self.now());
        let of = |c: &&client::Change| c.resource == resource && c.name == name && c.namespace == namespace;
        let all = self.here.cluster.changes_since(self.here.cluster.compacted());
        let mut changes = all.filter(of).map(|c| Tick { at: c.at.0, revision: c.revision, lane: Lane::You });
        if forward {
            changes.find(|t| t.revision > revision)
        } else {
            changes.take_while(|t| t.revision < revision || (t.revision == revision && t.at < now)).last()
        }
    }

    /// Goes on from the instant shown, on a line of its own. The line before stays as it is.
    pub fn fork(&mut self) {
        let Some(view) = self.past.take() else { return };
        let names = self.others.iter().map(|b| b.name).chain([self.here.name]);
        let name = char::from_u32(names.map(u32::from).max().unwrap_or(64) + 1).unwrap_or('Z');
        let fork = self.here.fork(name, view);
        let old = std::mem::replace(&mut self.here, fork);
        self.others.push(old);
        if self.others.len() >= crate::branch::MOST {
            let beside = self.beside.as_ref().map(|(name, _)| *name);
            let oldest = self.others.iter().position(|b| Some(b.name) != beside);
            drop(oldest.map(|i| self.others.remove(i)));
        }
        self.turned();
    }

    /// What was running belongs to the line that was left.
    fn turned(&mut self) {
        let shown = self.tab;
        for at in 0..self.tabs.len() {
            self.choose(at);
            let busy = self.is_running();
            self.terminal.interrupt();
            self.terminal.poll(&mut self.here.cluster);
            self.drain();
            let tab = &mut self.tabs[at];
            if busy {
                tab.console.write(Kind::Out, "^C\n");
                tab.console.ended(None);
            }
            if let Some(ended) = tab.running.take()
                && ended.ticket > 0
            {
                self.done.push(Done { ticket: ended.ticket, output: ended.output, exit: 130 });
            }
        }
        self.choose(shown);
        self.all_moved();
        self.moved.lesson = true;
        self.moved.console = true;
        self.align();
        self.serve();
    }

    /// The lines of time: name, where it left which, whether it is the one shown.
    #[must_use]
    pub fn branches(&self) -> Vec<Branched> {
        let mut all: Vec<_> = self.others.iter().map(|b| (b.name, b.from, false)).collect();
        all.push((self.here.name, self.here.from, true));
        all.sort_unstable_by_key(|b| b.0);
        all
    }

    /// Goes over to another line, at its end.
    pub fn switch(&mut self, name: char) {
        let Some(at) = self.others.iter().position(|b| b.name == name) else { return };
        self.past = None;
        std::mem::swap(&mut self.here, &mut self.others[at]);
        self.turned();
    }

    /// Shows another line beside this one, or none.
    pub fn compare(&mut self, name: Option<char>) {
        self.beside = name.filter(|n| self.others.iter().any(|b| b.name == *n)).map(|n| (n, None));
        self.align();
        self.moved.stage = true;
    }

    /// The line shown beside this one.
    #[must_use]
    pub fn compared(&self) -> Option<char> {
        self.beside.as_ref().map(|(name, _)| *name)
    }

    /// The other line at the instant shown: its picture, and its instant, which is its end when it is shorter.
    #[must_use]
    pub fn other(&self) -> Option<(&Model, i64)> {
        let (name, view) = self.beside.as_ref()?;
        match view {
            Some(view) => Some((&view.companion.stage, view.cluster.now().0)),
            None => {
                let other = self.others.iter().find(|b| b.name == *name)?;
                Some((&other.scene.stage, other.cluster.now().0))
            }
        }
    }

    /// Brings the line beside to the instant shown.
    fn align(&mut self) {
        let Some((name, view)) = self.beside.take() else { return };
        let now = self.now();
        let Some(other) = self.others.iter().find(|b| b.name == name) else { return };
        let view = if now >= other.cluster.now().0 { None } else { other.seek(Goal::Time(Time(now)), view) };
        self.beside = Some((name, view));
        self.moved.stage = true;
    }

    /// Takes the last command back that did something: goes on from right before it. Its line, if there was one.
    pub fn undo(&mut self) -> Option<SmolStr> {
        let mut after = self.here.history.inputs();
        let shown = self.past.as_ref().map_or(after, View::inputs);
        let found = self.here.moments.iter().rposition(|m| {
            let did = m.inputs < after && m.inputs < shown;
            after = m.inputs;
            did
        })?;
        let moment = self.here.moments[found].clone();
        self.show(Goal::Input(moment.inputs));
        self.past.as_ref()?;
        self.fork();
        self.here.moments.truncate(found);
        self.here.record.commands.truncate(found);
        self.here.attempt = moment.attempt;
        for (name, text) in moment.files.iter() {
            self.write_file(name, text);
        }
        Some(moment.line)
    }

    /// Holds a controller, or lets it go.
    pub fn hold(&mut self, name: &str, held: bool) {
        self.to_present();
        self.here.cluster.hold_controller(name, held);
        self.all_moved();
        self.serve();
    }

    /// Lets a held controller take one key from its queue.
    pub fn nudge(&mut self, name: &str) {
        self.to_present();
        self.here.cluster.step_controller(name);
        self.all_moved();
        self.serve();
    }

    /// What is known of the future, soonest first: the ends of grace periods.
    #[must_use]
    pub fn due(&self, texts: &Texts) -> Vec<Due> {
        let (stage, now) = (&self.here.scene.stage, self.latest());
        let ending = stage.ending.iter().filter_map(|id| stage.pods.get(id));
        let ending = ending.filter(|p| p.ends_at > now);
        let due = |pod: &Rc<PodFacts>| {
            let owner = stage.owners.get(&pod.owner).map_or("", |o| o.name.as_str());
            Due { at: pod.ends_at, lane: Lane::Kubelet, what: (texts.end_of)(suffix(&pod.name, owner)) }
        };
        // No more than can be told apart on the timeline.
        let mut soon: Vec<&Rc<PodFacts>> = ending.collect();
        soon.sort_by_key(|pod| pod.ends_at);
        soon.truncate(24);
        soon.into_iter().map(due).collect()
    }

    // ---- commands ------------------------------------------------------------------------------------------------

    /// A line typed at the prompt. While a command runs, it is that command's input.
    pub fn submit(&mut self, line: &str) {
        self.leave_past();
        if self.terminal.is_running() {
            self.tabs[self.tab].console.write(Kind::Out, &format!("{line}\n"));
            self.moved.console = true;
            self.terminal.submit(line);
        } else {
            self.tabs[self.tab].queue.push_back((line.to_owned(), 0));
        }
        self.serve();
    }

    /// A line that stands for a click: it goes to a terminal that is free, so that no program takes it for its input.
    pub fn submit_free(&mut self, line: &str) {
        if self.is_running() || self.tabs[self.tab].continues {
            let free = |t: &Tab| t.running.is_none() && !t.continues;
            match self.tabs.iter().position(free) {
                Some(at) => self.show_tab(at),
                None => drop(self.open_tab()),
            }
        }
        if self.is_running() {
            // None is free: it waits for its turn.
            self.submit_all(&[line.to_owned()]);
        } else {
            self.submit(line);
        }
    }

    /// Lines one after the other, each once the one before has ended.
    pub fn submit_all(&mut self, lines: &[String]) {
        self.leave_past();
        self.tabs[self.tab].queue.extend(lines.iter().map(|line| (line.clone(), 0)));
        self.serve();
    }

    /// Lines from elsewhere on the page; their end comes with this ticket through [`Session::take_done`].
    pub fn exec(&mut self, text: &str, ticket: u64) {
        self.leave_past();
        let mut lines: Vec<&str> = text.trim_end_matches('\n').split('\n').collect();
        let last = lines.pop().unwrap_or_default();
        let queue = &mut self.tabs[self.tab].queue;
        queue.extend(lines.into_iter().map(|line| (line.to_owned(), 0)));
        queue.push_back((last.to_owned(), ticket));
        self.serve();
    }

    /// The terminals, in their order.
    #[must_use]
    pub fn tabs(&self) -> &[Tab] {
        &self.tabs
    }

    /// The place of the terminal shown.
    #[must_use]
    pub fn shown_tab(&self) -> usize {
        self.tab
    }

    /// The terminal shown.
    #[must_use]
    pub fn tab(&self) -> &Tab {
        &self.tabs[self.tab]
    }

    /// The directory that its shell stands in.
    #[must_use]
    pub fn directory(&self) -> String {
        self.terminal.directory()
    }

    fn choose(&mut self, at: usize) {
        self.tab = at;
        self.terminal.choose(at);
    }

    /// Shows another terminal.
    pub fn show_tab(&mut self, at: usize) {
        if at < self.tabs.len() {
            self.choose(at);
            self.moved.console = true;
        }
    }

    /// Opens another terminal and shows it. False when there are too many.
    pub fn open_tab(&mut self) -> bool {
        if !self.terminal.open() {
            return false;
        }
        let number = self.tabs.iter().map(|t| t.number).max().unwrap_or(0) + 1;
        self.tabs.push(Tab::new(number));
        self.show_tab(self.tabs.len() - 1);
        true
    }

    /// Closes a terminal and ends what runs there; the last one stays.
    pub fn close_tab(&mut self, at: usize) {
        if at >= self.tabs.len() {
            return;
        }
        let shown = self.tab;
        self.choose(at);
        if self.terminal.close() {
            let gone = self.tabs.remove(at);
            let waited = gone.running.into_iter().map(|r| (r.ticket, r.output));
            let waited = waited.chain(gone.queue.into_iter().map(|(_, ticket)| (ticket, String::new())));
            let ends = waited.filter(|(ticket, _)| *ticket > 0);
            self.done.extend(ends.map(|(ticket, output)| Done { ticket, output, exit: 130 }));
            let next = if shown > at || shown == self.tabs.len() { shown.saturating_sub(1) } else { shown };
            self.show_tab(next);
            self.serve();
        } else {
            self.choose(shown);
        }
    }

    /// A command goes on from where the reader stands: in the past, on a line of its own.
    fn leave_past(&mut self) {
        if self.past.is_some() {
            self.fork();
            self.forked = true;
        }
    }

    /// True once after a command has begun a line of its own.
    pub fn take_forked(&mut self) -> bool {
        std::mem::take(&mut self.forked)
    }

    /// Keeps commands in the queue, or lets them go.
    pub fn set_waits(&mut self, waits: bool) {
        self.waits = waits;
        self.moved.lesson = true;
        self.serve();
    }

    /// Ctrl+C.
    pub fn interrupt(&mut self) {
        let tab = &mut self.tabs[self.tab];
        let busy = self.terminal.is_running() || tab.running.is_some() || tab.continues;
        tab.queue.retain(|(_, ticket)| *ticket > 0);
        self.showing.clear();
        self.terminal.interrupt();
        tab.continues = false;
        if busy {
            tab.console.write(Kind::Out, "^C\n");
        }
        self.moved.console = true;
        self.serve();
    }

    /// Ctrl+D: no more input for the command that runs.
    pub fn end_of_input(&mut self) {
        if self.terminal.is_running() {
            self.terminal.end_of_input();
            self.serve();
        }
    }

    /// True while a command runs in the terminal shown.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.terminal.is_running() || self.tabs[self.tab].running.is_some()
    }

    pub fn take_done(&mut self) -> Vec<Done> {
        std::mem::take(&mut self.done)
    }

    /// Runs programs until all of them wait, starts what waits for them, and reads what has changed.
    fn serve(&mut self) {
        let shown = self.tab;
        loop {
            self.terminal.poll(&mut self.here.cluster);
            let mut started = false;
            for at in 0..self.tabs.len() {
                self.choose(at);
                started |= self.serve_tab();
            }
            if !started {
                break;
            }
        }
        self.choose(shown);
        let left: Vec<usize> = (0..self.tabs.len()).filter(|at| self.has_left(*at)).collect();
        for at in left.into_iter().rev() {
            if self.tabs.len() > 1 {
                self.close_tab(at);
            } else {
                self.terminal.restart_shell(true);
            }
        }
        self.look();
    }

    fn has_left(&mut self, at: usize) -> bool {
        let shown = self.tab;
        self.terminal.choose(at);
        let left = self.terminal.has_left();
        self.terminal.choose(shown);
        left
    }

    /// True when a command of the queue has been started.
    fn serve_tab(&mut self) -> bool {
        self.drain();
        let left = self.terminal.has_left();
        if self.terminal.is_running() && !left {
            return false;
        }
        if let Some(ended) = self.tabs[self.tab].running.take() {
            self.end(ended);
        }
        if self.waits || left {
            return false;
        }
        if self.tab == 0 && self.tabs[0].queue.is_empty() {
            self.show_next();
        }
        let Some((line, ticket)) = self.tabs[self.tab].queue.pop_front() else { return false };
        self.start(&line, ticket);
        true
    }

    fn end(&mut self, ended: Running) {
        self.moved.console = true;
        self.moved.files = true;
        self.files_moved = true;
        let exit = self.terminal.exit_code();
        self.look();
        self.moved.lab = true;
        let fault = if exit == 0 { None } else { fault::told(&ended.line, &ended.output) };
        let fault = fault.and_then(|told| {
            let path = self.path(&told.file);
            let line = told.line(&self.file(&path)?)?;
            Some((path.into(), line))
        });
        self.tabs[self.tab].console.ended(fault);
        if let Some(attempt) = &mut self.here.attempt {
            self.moved.lesson |= attempt.command(&ended.line, i64::from(exit));
        }
        // What a goal looks at now may be gone after the next command.
        self.look();
        if ended.ticket > 0 {
            self.done.push(Done { ticket: ended.ticket, output: ended.output, exit });
        }
    }

    /// A file as the shell shown names it, as the files of the session are named: below the home directory.
    fn path(&self, file: &str) -> String {
        let directory = self.directory();
        let below = directory.strip_prefix("~/").filter(|_| !file.starts_with('/'));
        let file = file.strip_prefix("./").unwrap_or(file);
        below.map_or_else(|| file.to_owned(), |d| format!("{d}/{file}"))
    }

    fn start(&mut self, line: &str, ticket: u64) {
        let continues = self.tabs[self.tab].continues;
        self.tabs[self.tab].console.command(line, continues);
        self.moved.console = true;
        if line.trim() == "clear" && !continues {
            self.tabs[self.tab].console.clear();
        }
        if !line.trim().is_empty() {
            let elapsed = self.here.cluster.now().since(Time::EPOCH);
            self.commands.push((elapsed, line.to_owned()));
            if !continues {
                self.mark_moment(line);
            }
        }
        let tab = &mut self.tabs[self.tab];
        if continues {
            tab.typed.push('\n');
        } else {
            tab.typed.clear();
        }
        tab.typed.push_str(line);
        tab.continues = self.terminal.submit(line) == Submitted::NeedsMore;
        if !tab.continues {
            let line = std::mem::take(&mut tab.typed);
            tab.running = Some(Running { line, ticket, output: String::new() });
        } else if ticket > 0 {
            // Who sent half a command gets its prompt back, as a shell would give it.
            self.done.push(Done { ticket, output: String::new(), exit: 0 });
        }
    }

    /// What stands right before a command, so that it can be taken back.
    fn mark_moment(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let short = words.strip_prefix(&["kubectl"]).unwrap_or(&words).join(" ");
        self.here.record.commands.push((self.latest(), short.to_smolstr()));
        self.moved.timeline = true;
        if std::mem::take(&mut self.files_moved) {
            self.files_kept = Files::new(self.files());
        }
        // What came in so far is in the history, so that the moment stands right before this command.
        self.look();
        self.here.moments.push(Moment {
            at: self.here.cluster.now(),
            inputs: self.here.history.inputs(),
            line: line.into(),
            attempt: self.here.attempt.clone(),
            files: self.files_kept.clone(),
        });
    }

    fn drain(&mut self) {
        let tab = &mut self.tabs[self.tab];
        for output in self.terminal.take_output() {
            let kind = if output.stream == Stream::Err { Kind::Err } else { Kind::Out };
            let printed = String::from_utf8_lossy(&output.bytes);
            for line in printed.lines().filter(|l| l.starts_with("Warning: ") && l.contains("not simulated"))
            {
                self.notes.push(line.trim_start_matches("Warning: ").to_owned());
            }
            tab.console.write(kind, &printed);
            if let Some(running) = &mut tab.running {
                running.output.push_str(&printed);
            }
            self.moved.console = true;
        }
    }

    /// The language that commands of the house speak.
    pub fn speak_korean(&mut self, korean: bool) {
        self.terminal.speak_korean(korean);
    }

    /// What the word before `cursor` (a byte offset) could become, and where that word begins.
    pub fn complete(&mut self, line: &str, cursor: usize) -> (usize, Vec<terminal::Candidate>) {
        if self.is_running() {
            // What is typed belongs to a program, which offers nothing.
            return (cursor, Vec::new());
        }
        self.terminal.complete(&mut self.here.cluster, line, cursor)
    }

    // ---- what the views read -------------------------------------------------------------------------------------

    /// Takes the writes since the last look into the picture and the timeline.
    fn look(&mut self) {
        let here = &mut self.here;
        if let Some(attempt) = &mut here.attempt {
            if attempt.asks_lab() {
                attempt.set_lab(self.terminal.lab_facts(here.cluster.now()));
            }
            self.moved.lesson |= attempt.observe(&here.cluster);
        }
        if self.member.is_some() {
            self.meet_member(false);
        }
        let here = &mut self.here;
        let latest = here.cluster.revision();
        if latest != here.seen {
            for change in here.cluster.changes_since(here.seen) {
                self.moved.stage |= here.scene.apply(change);
                self.moved.timeline |= here.record.apply(change);
                if is_event(change) {
                    self.moved.events = true;
                } else if change.resource != "leases.coordination.k8s.io" {
                    self.moved.objects = true;
                }
            }
            here.seen = latest;
        }
        here.history.follow(&mut here.cluster, &here.scene);
        if here.history.first().is_none() {
            // Moments of a past that is gone lead nowhere.
            here.moments.clear();
        }
    }

    /// True when a command waits for the texts of `kubectl explain`.
    #[must_use]
    pub fn wants_explain(&self) -> bool {
        self.terminal.wants_explain_texts()
    }

    /// Brings the texts of `kubectl explain`, or says that they can't be had.
    pub fn set_explain(&mut self, text: Option<String>) {
        self.terminal.set_explain_texts(text.map(Rc::from));
        self.serve();
    }

    /// What has moved since this was last asked.
    pub fn take_moved(&mut self) -> Moved {
        std::mem::take(&mut self.moved)
    }

    #[must_use]
    pub fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.shown().0.object(resource, namespace, name)
    }

    /// The object that printed text names: where the text tells no namespace, in the default one or else in the first
    /// that has an object of this name.
    #[must_use]
    pub fn named(&self, named: &Named) -> Option<ObjectId> {
        let Named { resource, namespace, name } = named;
        let place = if namespace.is_empty() { "default" } else { namespace };
        let cluster = self.shown().0;
        for place in [place, ""] {
            if cluster.object(resource, place, name).is_some() {
                return Some(object_id(resource, place, name));
            }
        }
        let mut others = cluster.objects(resource).filter(|_| namespace.is_empty());
        let found = others.find(|o| o.name() == name.as_str())?;
        Some(object_id(resource, found.namespace(), name))
    }

    /// The server's table of a resource; of all namespaces when none is named.
    #[must_use]
    pub fn table(&mut self, resource: &str, namespace: &str) -> Value {
        let Some(kind) = objects::resources::by_id(resource) else { return Value::Null };
        let place = if kind.namespaced { namespace } else { "" };
        let mut request =
            Request::new(Verb::List, &kind.group, &kind.version, &kind.plural).in_namespace(place);
        request.options.table = TableOf::Metadata;
        self.read(request)
    }

    /// What the server shown answers an administrator. Reading leaves no trace.
    fn read(&mut self, request: Request) -> Value {
        let admin = Caller {
            user: cluster::ADMIN.into(),
            groups: vec!["system:masters".into()],
            actor: "page".into(),
            cause: 0,
        };
        let cluster = match &mut self.past {
            Some(view) => &mut view.cluster,
            None => &mut self.here.cluster,
        };
        let name = self.member.as_ref().map_or_else(|| cluster.config().name.clone(), |m| m.name.clone());
        let answer = cluster.with_cluster(&name, |cluster| cluster.request(&admin, request));
        answer.and_then(Result::ok).map(|answer| answer.object).unwrap_or_default()
    }

    /// An object as the server answers it, with the managers of its fields.
    #[must_use]
    pub fn whole_object(&mut self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let kind = objects::resources::by_id(resource)?;
        let place = if kind.namespaced { namespace } else { "" };
        let request =
            Request::new(Verb::Get, &kind.group, &kind.version, &kind.plural).in_namespace(place).named(name);
        Some(self.read(request)).filter(|object| !object.is_null())
    }

    /// The last request, as long as it is news: the stage shows its way.
    #[must_use]
    pub fn route(&self) -> Option<Route> {
        let path = self.cluster().paths().iter().next_back()?;
        if self.now() - path.at.0 > ROUTE_MS {
            return None;
        }
        let (stops, passed) = crate::panels::traffic::stops(path);
        Some(Route { stops, served: passed && !crate::panels::traffic::failed(path) })
    }

    /// Changes when the picture has become another one not by writes.
    #[must_use]
    pub fn pictures(&self) -> u64 {
        self.pictures
    }

    /// What these nodes and their pods use now, by name and by id: thousandths of a cpu, and bytes.
    #[must_use]
    pub fn usage<'a>(&self, nodes: impl Iterator<Item = &'a SmolStr>) -> BTreeMap<SmolStr, (i64, i64)> {
        let mut out = BTreeMap::new();
        for node in nodes {
            let Some(usage) = self.cluster().node_usage(node) else { continue };
            out.insert(node.clone(), (usage.cpu_millis, usage.memory_bytes));
            for pod in usage.pods {
                out.insert(format_smolstr!("pods/{}", pod.pod), (pod.cpu_millis(), pod.memory_bytes()));
            }
        }
        out
    }

    /// Services whose targetPort nobody hears, with that port. Looks at one endpoint of each of these.
    #[must_use]
    pub fn unheard<'a>(&self, services: impl Iterator<Item = &'a SmolStr>) -> BTreeMap<SmolStr, SmolStr> {
        let (cluster, scene) = self.shown();
        let object = |id: &str| {
            let (resource, namespace, name) = crate::stage::facts::split_id(id);
            cluster.object(resource, namespace, name)
        };
        let mut out = BTreeMap::new();
        for id in services {
            let ends = scene.stage.slices.values().filter(|s| s.service == *id);
            let pod = ends.flat_map(|s| &s.endpoints).find(|e| e.ready && !e.pod.is_empty());
            let Some((service, pod)) = object(id).zip(pod.and_then(|e| object(&e.pod))) else { continue };
            if let Some(port) = why::unheard(service, pod) {
                out.insert(id.clone(), port.into());
            }
        }
        out
    }

    /// What one container uses now.
    #[must_use]
    pub fn container_usage(&self, pod: &str, container: &str) -> Option<(i64, i64)> {
        let (_, namespace, name) = crate::stage::facts::split_id(pod);
        let node = self.stage().any_pod(pod)?.node.clone();
        let key = format_smolstr!("{namespace}/{name}");
        let usage = self.cluster().node_usage(&node)?.pods.into_iter().find(|p| p.pod == key)?;
        usage.containers.iter().find(|c| c.name == container).map(|c| (c.cpu_millis, c.memory_bytes))
    }

    /// The clusters of this session; none when there is only one.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        let cluster = self.base().0;
        if !cluster.has_members() {
            return Vec::new();
        }
        let shown = self.member.as_ref().map(|m| &m.name);
        let member = |(i, summary): (usize, cluster::Summary)| {
            let shown = shown.map_or(i == 0, |name| *name == summary.name);
            Member { shown, summary }
        };
        cluster.clusters().into_iter().enumerate().map(member).collect()
    }

    /// Shows another cluster of this session.
    pub fn show_member(&mut self, name: &str) {
        let first = self.base().0.config().name == name;
        self.member = (!first).then(|| MemberView { name: name.into(), ..MemberView::default() });
        self.meet_member(true);
        self.all_moved();
    }

    /// Brings the picture of the member that is shown up to date; from the ground when it may be of another instant.
    fn meet_member(&mut self, anew: bool) {
        let Some(mut member) = self.member.take() else { return };
        let Some(cluster) = self.base().0.cluster_named(&member.name) else { return };
        let latest = cluster.revision();
        let (mut stage, mut objects) = (anew, anew);
        if anew || latest < member.seen {
            member.scene = Scene::default();
            let all = objects::resources::all().iter().map(|r| r.id.as_str());
            for resource in all.filter(|id| crate::stage::model::is_shown(id)) {
                for object in cluster.objects(resource) {
                    member.scene.apply(&client::Change {
                        revision: object.revision(),
                        at: cluster.now(),
                        kind: client::ChangeKind::Added,
                        resource: resource.into(),
                        namespace: object.namespace().into(),
                        name: object.name().into(),
                        object: object.clone(),
                        previous: Value::Null,
                        actor: "".into(),
                        cause: 0,
                    });
                }
            }
        } else {
            for change in cluster.changes_since(member.seen) {
                stage |= member.scene.apply(change);
                objects = true;
            }
        }
        self.moved.stage |= stage;
        self.moved.objects |= objects;
        member.seen = latest;
        self.member = Some(member);
    }

    /// How many events there are.
    #[must_use]
    pub fn event_count(&self) -> usize {
        self.shown().1.events
    }

    /// Events, the latest last; those about one object when its kind and name are given.
    #[must_use]
    pub fn events(&self, about: Option<(&str, &str, &str)>, most: usize) -> Vec<Value> {
        let fits = |event: &&Value| {
            about.is_none_or(|(kind, namespace, name)| {
                let object = event.get("involvedObject");
                object.get("kind") == kind
                    && object.get("name") == name
                    && (namespace.is_empty() || object.get("namespace") == namespace)
            })
        };
        let mut events: Vec<Value> = self.shown().0.objects("events").filter(fits).cloned().collect();
        events.sort_by_key(Value::revision);
        events.split_off(events.len().saturating_sub(most))
    }

    /// True while seconds are counted on the stage: a pod is ending, or a node has gone silent.
    #[must_use]
    pub fn counts_seconds(&self) -> bool {
        !self.stage().ending.is_empty() || self.stage().lost > 0
    }

    pub fn clear(&mut self) {
        self.tabs[self.tab].console.clear();
        self.moved.console = true;
    }

    // ---- lesson --------------------------------------------------------------------------------------------------

    #[must_use]
    pub fn lesson(&self) -> Option<Page> {
        let page = self.here.attempt.as_ref().map(Page::of)?;
        let busy = self.early.is_some() || self.waits;
        Some(Page { showing: !self.showing.is_empty(), busy, ..page })
    }

    /// Where the learner stands.
    #[must_use]
    pub fn standing(&self) -> Option<LessonStanding> {
        let attempt = self.here.attempt.as_ref()?;
        let done = attempt.done().iter().filter(|d| **d).count();
        let told = (attempt.lesson().slug.clone(), attempt.step(), done, attempt.lesson_done());
        Some(LessonStanding { told, steps: attempt.done().len() })
    }

    /// Looks at the host lab.
    pub fn lab<T>(&self, look: impl FnOnce(&terminal::lab::Lab) -> T) -> T {
        self.terminal.with_lab(look)
    }

    /// The end of the line of time.
    #[must_use]
    pub fn present(&self) -> Time {
        self.here.cluster.now()
    }

    /// Plays the open step's solution before the learner's eyes.
    pub fn show_me(&mut self) {
        self.to_present();
        let Some(attempt) = &self.here.attempt else { return };
        self.showing = attempt.current().solution.iter().cloned().collect();
        self.show_at = 0;
        self.moved.lesson = true;
        self.serve();
    }

    /// Queues what comes next of a solution that is shown.
    fn show_next(&mut self) {
        while self.latest() >= self.show_at {
            let Some(act) = self.showing.pop_front() else { return };
            self.moved.lesson = true;
            match act {
                Act::Run(text) => {
                    self.tabs[0].queue.extend(text.lines().map(|line| (line.to_owned(), 0)));
                    return;
                }
                Act::Answer(id) => self.answer_by_id(&id),
                Act::Wait(span) => self.show_at = self.latest() + span,
            }
        }
    }

    fn answer_by_id(&mut self, id: &str) {
        let Some(attempt) = &self.here.attempt else { return };
        let question = attempt.current().question.as_ref();
        if let Some(option) = question.and_then(|q| q.options.iter().position(|o| o.id == id)) {
            self.answer(option);
        }
    }

    /// Goes on to the next step as if this one had been solved: its solution is played at once.
    pub fn skip_step(&mut self) {
        if self.early.is_some() || self.waits {
            return;
        }
        self.to_present();
        self.interrupt();
        let Some(attempt) = &self.here.attempt else { return };
        let (step, acts) = (attempt.step(), attempt.current().solution.clone());
        for act in &acts {
            match act {
                Act::Answer(id) => self.answer_by_id(id),
                act => self.play(act),
            }
            self.look();
            let exit = i64::from(self.terminal.exit_code());
            if let (Act::Run(text), Some(attempt)) = (act, &mut self.here.attempt) {
                attempt.command(text, exit);
            }
            self.look();
        }
        let limit = self.here.cluster.now() + ACT_MS;
        let done = |s: &Self| s.here.attempt.as_ref().is_none_or(Attempt::step_done);
        while !done(self) && self.here.cluster.now() < limit && self.here.cluster.step_to_change() {
            self.look();
        }
        self.drain();
        let facts = self.terminal.lab_facts(self.here.cluster.now());
        if let Some(attempt) = &mut self.here.attempt {
            attempt.set_lab(facts);
            if step + 1 < attempt.done().len() {
                attempt.open(step + 1, &self.here.cluster);
            }
        }
        self.all_moved();
        (self.moved.lesson, self.moved.files, self.moved.lab) = (true, true, true);
        self.look();
    }

    /// The lesson's name and what to save of it.
    #[must_use]
    pub fn progress(&self) -> Option<(SmolStr, Value)> {
        self.here.attempt.as_ref().map(|a| (a.lesson().slug.clone(), a.save()))
    }

    /// Goes on in another language.
    pub fn translate(&mut self, lesson: Rc<Lesson>) {
        if let Some(attempt) = &mut self.here.attempt {
            self.moved.lesson |= attempt.translate(lesson);
        }
    }

    /// One hint more.
    pub fn hint(&mut self) {
        if let Some(attempt) = &mut self.here.attempt {
            self.moved.lesson |= attempt.hint();
        }
    }

    /// Chooses an option of the step's question.
    pub fn answer(&mut self, option: usize) {
        if let Some(attempt) = &mut self.here.attempt {
            self.moved.lesson |= attempt.answer(option);
        }
    }

    /// On to the next step, once this one's goals are met.
    pub fn next_step(&mut self) {
        if let Some(attempt) = &mut self.here.attempt {
            attempt.set_lab(self.terminal.lab_facts(self.here.cluster.now()));
            self.moved.lesson |= attempt.next(&self.here.cluster);
        }
    }

    // ---- files ---------------------------------------------------------------------------------------------------

    /// The learner's files in order of their names.
    #[must_use]
    pub fn files(&self) -> Vec<(String, String)> {
        let text = |name: String| self.file(&name).map(|text| (name, text));
        self.terminal.files().into_iter().filter_map(text).collect()
    }

    /// A file's text; none for what is no text.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<String> {
        self.terminal.read_file(name).ok().and_then(|bytes| String::from_utf8(bytes).ok())
    }

    /// Writes a file. A name the disk refuses is left alone.
    pub fn write_file(&mut self, name: &str, text: &str) {
        self.moved.files |= self.terminal.write_file(name, text.as_bytes()).is_ok();
        self.files_moved |= self.moved.files;
    }

    /// The session as others can repeat it: the seed, then each command after the ms it was given at.
    #[must_use]
    pub fn log(&self) -> String {
        let mut out = format!("seed {}\n", self.seed);
        for (at, line) in &self.commands {
            out.push_str(&format!("{at} {line}\n"));
        }
        out
    }

    /// The state as `window.wheelhouse.state()` tells it.
    #[must_use]
    pub fn state(&self) -> Value {
        let mut out = Value::map();
        out.set("now", self.elapsed());
        out.set("revision", i64::try_from(self.revision()).unwrap_or(i64::MAX));
        out.set("paused", self.paused);
        out.set("speed", self.speed as f64 / 1000.0);
        out.set("running", self.is_running());
        let text = |s: &SmolStr| Value::from(s.clone());
        let pod = |p: &Rc<PodFacts>| {
            let mut one = Value::map();
            one.set("namespace", text(&p.namespace));
            one.set("name", text(&p.name));
            one.set("node", text(&p.node));
            one.set("status", text(&p.word));
            one.set("state", p.state.class());
            one.set("ready", p.state == PodState::Ready);
            one.set("image", text(&p.image));
            one
        };
        let missing = self.terminal.missing(&self.here.cluster);
        out.set(
            "missing",
            missing.into_iter().map(|(name, n)| Value::from(format!("{name} {n}"))).collect::<Value>(),
        );
        out.set("pods", self.stage().pods.values().map(pod).collect::<Value>());
        out
    }
}

/// How a command says where: ` -n shop`; nothing for the default namespace and for what has none.
#[must_use]
pub fn place(namespace: &str) -> SmolStr {
    match namespace {
        "" | "default" => SmolStr::default(),
        other => format_smolstr!(" -n {other}"),
    }
}

/// A command as a shell would need it to name one object: `kubectl describe pod web-0 -n shop`.
#[must_use]
pub fn kubectl(verb: &str, kind: &str, namespace: &str, name: &str, rest: &str) -> SmolStr {
    let place = place(namespace);
    format_smolstr!("kubectl {verb} {} {name}{place}{rest}", kind.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &str = include_str!("../assets/web.yaml");

    fn session() -> Session {
        Session::new(7, &[("web.yaml".to_owned(), WEB.to_owned())])
    }

    fn run(session: &mut Session, line: &str) -> Done {
        session.exec(line, 1);
        session.take_done().pop().unwrap_or_else(|| panic!("{line} has not ended"))
    }

    fn ready(session: &Session) -> usize {
        session.stage().pods.values().filter(|p| p.state == PodState::Ready).count()
    }

    #[test]
    fn what_is_applied_comes_to_stand_on_the_stage() {
        let mut session = session();
        let done = run(&mut session, "kubectl apply -f web.yaml");
        assert_eq!(
            (done.exit, done.output.as_str()),
            (0, "deployment.apps/web created\nservice/web created\n")
        );
        session.advance(60_000);
        assert_eq!(ready(&session), 3);
        let web = ObjectId::from("services/default/web");
        assert_eq!(session.stage().endpoints().get(&web).map(Vec::len), Some(3));
        let moved = session.take_moved();
        assert!(moved.stage && moved.console && moved.timeline && moved.time);
        assert_eq!(session.take_moved(), Moved::default());
    }

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
    fn a_here_document_is_one_command() {
        let mut session = session();
        let done = run(&mut session, "cat > a.txt <<EOF\nhello\nEOF");
        assert_eq!(done.exit, 0);
        assert_eq!(session.file("a.txt").as_deref(), Some("hello\n"));
        session.submit("cat <<EOF");
        assert!(session.tab().continues);
        session.interrupt();
        assert!(!session.tab().continues && !session.is_running());
    }

    #[test]
    fn commands_wait_for_the_one_that_runs() {
        let mut session = session();
        session.exec("kubectl get pods -w", 1);
        session.exec("kubectl get nodes", 2);
        assert!(session.is_running() && session.take_done().is_empty());
        session.interrupt();
        let tickets: Vec<u64> = session.take_done().iter().map(|d| d.ticket).collect();
        assert_eq!(tickets, [1, 2]);
    }

    #[test]
    fn terminals_run_side_by_side() {
        let mut session = session();
        session.submit("mkdir a && cd a && x=1");
        session.submit("kubectl get pods -w");
        assert!(session.is_running());
        assert!(session.open_tab() && !session.is_running());
        assert_eq!((session.shown_tab(), session.directory().as_str()), (1, "~"));
        session.submit("echo \"[$x]\" > b.txt");
        assert_eq!(session.file("b.txt").as_deref(), Some("[]\n"), "files are shared, variables are not");
        session.show_tab(0);
        assert_eq!(session.directory(), "~/a");
        // A click finds the terminal that is free.
        session.submit_free("kubectl apply -f web.yaml");
        assert_eq!(session.shown_tab(), 1);
        session.advance(20_000);
        let rows = session.tabs()[0].console.live().map(|l| l.rows().count());
        assert_eq!(rows, Some(3), "the watch went on");
        session.submit("exit");
        assert_eq!((session.tabs().len(), session.shown_tab(), session.is_running()), (1, 0, true));
        session.interrupt();
        session.submit("exit");
        session.submit("echo still here > c.txt");
        assert_eq!(session.file("c.txt").as_deref(), Some("still here\n"), "the last one starts again");
    }

    #[test]
    fn an_error_leads_to_its_line() {
        let mut session = session();
        session.write_file("d/bad.yaml", &WEB.replace("replicas:", "replica:"));
        session.submit("cd d");
        session.submit("kubectl apply -f bad.yaml");
        let console = &session.tab().console;
        let last = console.line(console.end() - 1).map(|l| l.kind.clone());
        let line = WEB.lines().position(|l| l.contains("replicas:")).unwrap_or(0) + 1;
        assert_eq!(last, Some(Kind::Fault("d/bad.yaml".into(), line)));
    }

    #[test]
    fn a_printed_name_finds_its_object() {
        let mut session = session();
        run(&mut session, "kubectl apply -f web.yaml");
        let named = |resource: &str, namespace: &str, name: &str| Named {
            resource: resource.into(),
            namespace: namespace.into(),
            name: name.into(),
        };
        for (what, id) in [
            (named("deployments.apps", "", "web"), Some("deployments.apps/default/web")),
            (named("nodes", "", "worker-1"), Some("nodes//worker-1")),
            (named("deployments.apps", "", "coredns"), Some("deployments.apps/kube-system/coredns")),
            (named("deployments.apps", "default", "coredns"), None),
        ] {
            assert_eq!(session.named(&what).as_deref(), id, "{what:?}");
        }
    }

    #[test]
    fn the_same_seed_and_commands_give_the_same_log() {
        let play = |seed| {
            let mut session = Session::new(seed, &[("web.yaml".to_owned(), WEB.to_owned())]);
            run(&mut session, "kubectl apply -f web.yaml");
            session.advance(30_000);
            session.log_hash()
        };
        assert_eq!(play(1), play(1));
        assert_ne!(play(1), play(2));
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
        session.step_to(false, Some(Lane::Scheduler), None);
        assert_eq!(session.revision(), session.cluster().revision());
        session.seek(latest);
        assert_eq!((session.looks_back(), ready(&session), session.log_hash()), (false, 3, hash));
    }

    #[test]
    fn a_command_in_the_past_begins_a_line_of_its_own() {
        let mut session = session();
        run(&mut session, "kubectl apply -f web.yaml");
        session.advance(60_000);
        let hash = session.log_hash();
        session.seek(session.earliest() + 30_000);
        run(&mut session, "kubectl scale deployment/web --replicas=1");
        assert!(session.take_forked() && !session.looks_back());
        session.advance(30_000);
        assert_eq!(ready(&session), 1);
        session.compare(Some('A'));
        assert_eq!(session.other().map(|(stage, _)| stage.pods.len()), Some(3));
        let names: Vec<_> = session.branches().iter().map(|b| (b.0, b.2)).collect();
        assert_eq!(names, [('A', false), ('B', true)]);
        session.switch('A');
        assert_eq!((ready(&session), session.log_hash()), (3, hash));
    }

    #[test]
    fn undo_goes_back_to_right_before_the_last_command_that_did_something() {
        let mut session = session();
        run(&mut session, "kubectl apply -f web.yaml");
        session.advance(30_000);
        let before = session.log_hash();
        run(&mut session, "kubectl scale deployment/web --replicas=5");
        session.advance(30_000);
        run(&mut session, "kubectl get pods");
        assert_eq!(session.undo().as_deref(), Some("kubectl scale deployment/web --replicas=5"));
        assert_eq!(session.log_hash(), before);
        session.advance(30_000);
        assert_eq!(ready(&session), 3);
        assert_eq!(session.undo().as_deref(), Some("kubectl apply -f web.yaml"));
        assert_eq!(session.undo(), None);
    }

    #[test]
    fn streams_into_pods_are_part_of_the_past() {
        let mut session = session();
        run(&mut session, "kubectl apply -f web.yaml");
        session.advance(30_000);
        session.exec("kubectl exec deploy/web -- sh -c 'echo hello > /tmp/x; cat /tmp/x'", 2);
        session.advance(10_000);
        assert_eq!(session.take_done().pop().map(|d| d.output).as_deref(), Some("hello\n"));
        run(&mut session, "kubectl scale deployment/web --replicas=2");
        session.advance(30_000);
        let hash = session.log_hash();
        session.seek(session.earliest() + 10_000);
        session.fork();
        session.switch('A');
        session.seek(session.latest() - 1);
        session.seek(session.earliest() + 69_999);
        session.to_present();
        assert_eq!(session.log_hash(), hash);
        let view =
            session.here.seek(Goal::Time(session.here.cluster.now()), None).map(|v| v.cluster.log_hash());
        assert_eq!(view, Some(hash));
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

    #[test]
    fn an_early_session_becomes_the_playground_it_stands_for() {
        let mut session = Session::early(Meant::Playground(1), &[("a.yaml".into(), "a: 1".into())]);
        session.exec("kubectl get pods -n kube-system --no-headers | wc -l", 1);
        session.advance(60_000);
        assert_eq!((session.now(), session.take_done()), (Time::EPOCH.0, vec![]), "time stands still");
        assert_eq!(session.stage().nodes.len(), 4);
        let mut whole = session.whole().expect("it was early");
        assert!(whole.whole().is_none());
        whole.set_waits(false);
        whole.advance(5_000);
        assert_ne!(whole.take_done().first().map(|d| d.output.trim().to_owned()), Some("0".to_owned()));
        assert_eq!(whole.file("a.yaml").as_deref(), Some("a: 1"));
        let mut same = Session::new(1, &[("a.yaml".into(), "a: 1".into())]);
        same.exec("kubectl get pods -n kube-system --no-headers | wc -l", 1);
        same.advance(5_000);
        assert_eq!(whole.log_hash(), same.log_hash(), "as if it had been there from the start");
    }

    #[test]
    fn commands_wait_for_the_rest_of_the_program_in_their_order() {
        let mut session = Session::new(1, &[]);
        session.set_waits(true);
        session.exec("echo one", 1);
        session.exec("echo two", 2);
        assert_eq!(session.take_done(), []);
        session.set_waits(false);
        let outputs: Vec<String> = session.take_done().into_iter().map(|done| done.output).collect();
        assert_eq!(outputs, ["one\n", "two\n"]);
    }

    fn hello() -> Rc<Lesson> {
        let text = r#"{"version":1,"slug":"hello","lang":"en","title":"T","level":"beginner","minutes":5,
            "summary":[],"cluster":{"workers":1,"control_plane":true,"seed":1},"steps":[
            {"id":"one","title":"One","blocks":[],"goals":[{"id":"g","text":["Web"],
              "want":{"exists":{"of":"deployments","name":"web"}}}],
             "solution":["echo a","kubectl create deployment web --image=nginx:1.28",{"wait":"3s"}]},
            {"id":"two","title":"Two","blocks":[],"goals":[{"id":"g","text":["Lab"],"want":{"lab":{"fact":"open","equals":"day"}}}],
             "solution":[{"wait":"2s"},"lab open day"]}]}"#;
        let value = objects::json::parse(text).unwrap_or_default();
        Rc::new(Lesson::from_json(&value).unwrap_or_else(|e| panic!("{e}")))
    }

    #[test]
    fn a_solution_is_shown_line_by_line_and_waits_where_it_must() {
        let mut session = Session::learning(hello(), &Value::Null, &[]);
        session.show_me();
        session.advance(10_000);
        assert!(session.lesson().is_some_and(|l| l.step_done));
        session.next_step();
        session.show_me();
        assert!(session.lesson().is_some_and(|l| l.showing && !l.step_done));
        session.advance(1_000);
        assert!(session.lesson().is_some_and(|l| !l.step_done));
        session.advance(2_000);
        session.advance(1_000);
        assert!(session.lesson().is_some_and(|l| l.lesson_done), "{:?}", session.lesson().map(|l| l.goals));
        assert_eq!(session.standing().map(|s| s.told), Some(("hello".into(), 1, 2, true)));
    }

    #[test]
    fn a_step_that_is_skipped_is_played_and_the_next_one_opens() {
        let mut session = Session::learning(hello(), &Value::Null, &[]);
        session.skip_step();
        assert_eq!(session.lesson().map(|l| l.step), Some(1));
        assert!(session.object("deployments.apps", "default", "web").is_some());
        session.skip_step();
        assert!(session.lesson().is_some_and(|l| l.lesson_done));
    }

    #[test]
    fn a_command_names_the_namespace_only_where_it_must() {
        assert_eq!(kubectl("describe", "Pod", "default", "a", ""), "kubectl describe pod a");
        assert_eq!(kubectl("get", "Pod", "shop", "a", " -o yaml"), "kubectl get pod a -n shop -o yaml");
        assert_eq!(kubectl("describe", "Node", "", "worker-1", ""), "kubectl describe node worker-1");
    }
}
