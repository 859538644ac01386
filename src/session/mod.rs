//! One visitor's session: a cluster, a terminal and a course behind plain commands and events.
//!
//! Owns: how fast time passes, the order of commands, what has moved since the views last looked.
//! Does not own: the DOM, storage (`app`, `storage`), or anything the cluster does.
//! Everything here is plain data and runs natively.

mod begin;
mod branches;
mod clusters;
mod commands;
mod files;
mod lessons;
mod reading;
mod tabs;
mod time;

use std::collections::VecDeque;
use std::rc::Rc;

use clock::Time;
use cluster::Cluster;
use cluster::history::View;
use course::Act;
use objects::Value;
use smol_str::{SmolStr, format_smolstr};
use terminal::Terminal;

pub use begin::Meant;
use branches::Beside;
pub use branches::Branched;
pub use clusters::Member;
use clusters::MemberView;
pub use commands::Done;
pub use lessons::LessonStanding;

use crate::branch::{Branch, Files};
use crate::followed::{Followed, Scene, Touched};
use crate::panels::charts::record::Usage;
use crate::panels::timeline::record::Record;
use crate::stage::facts::PodFacts;
use crate::stage::model::Model;
use crate::state_words::PodState;
use crate::tab::Tab;

/// The file through which a script's manifest is applied, beside the learner's own files.
pub const APPLIED: &str = "/tmp/applied.yaml";

/// Speeds in thousandths, as the reader may choose them.
pub const SPEEDS: [i64; 4] = [100, 1000, 10_000, 100_000];

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

impl Moved {
    /// Adds what writes have touched.
    fn take(&mut self, touched: Touched) {
        self.stage |= touched.stage;
        self.timeline |= touched.timeline;
        self.objects |= touched.objects;
        self.events |= touched.events;
    }
}

pub struct Session {
    /// The line of time that goes on.
    here: Branch,
    /// The other lines.
    others: Vec<Branch>,
    /// The instant looked back at; the present when there is none.
    past: Option<View<Scene>>,
    beside: Option<Beside>,
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
    /// The cluster that commands go to, while there are several.
    context: SmolStr,
    /// How often the picture has become another one not by writes: by looking back or switching over.
    pictures: u64,
    moved: Moved,
}

impl Session {
    /// The cluster and the picture that the page shows: a member's where one is chosen, else the first cluster's.
    fn shown(&self) -> (&Cluster, &Scene) {
        let base = self.base();
        let Some(member) = &self.member else { return base };
        let Some(cluster) = base.0.cluster_named(&member.name) else { return base };
        match &member.past {
            Some(scene) => (cluster, scene),
            None => self.here.members.get(&member.name).map_or(base, |f| (cluster, &f.scene)),
        }
    }

    /// What this line of time follows of the cluster that the page shows.
    fn followed(&self) -> &Followed {
        let member = self.member.as_ref().and_then(|m| self.here.members.get(&m.name));
        member.unwrap_or(&self.here.first)
    }

    /// The first cluster and its picture: those of the instant looked back at, else the present's.
    fn base(&self) -> (&Cluster, &Scene) {
        match &self.past {
            Some(view) => (&view.cluster, &view.companion),
            None => (&self.here.cluster, &self.here.first.scene),
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
        &self.followed().usage
    }

    /// The writes of the line that is shown, past what is shown too.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.followed().record
    }

    /// The reader's commands on the line that is shown, past what is shown too: when, and what.
    #[must_use]
    pub fn typed(&self) -> &[(i64, SmolStr)] {
        &self.here.commands
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
        self.cluster().revision()
    }

    #[cfg(test)]
    #[must_use]
    pub fn log_hash(&self) -> u64 {
        self.base().0.log_hash()
    }

    /// Takes the writes since the last look into the picture and the timeline.
    fn look(&mut self) {
        let here = &mut self.here;
        if let Some(attempt) = &mut here.attempt {
            if attempt.asks_lab() {
                attempt.set_lab(self.terminal.lab_facts(here.cluster.now()));
            }
            self.moved.lesson |= attempt.observe(&here.cluster);
        }
        let touched = here.first.look(&here.cluster);
        self.moved.take(touched);
        if here.cluster.has_members() || !here.members.is_empty() {
            self.look_at_members();
        }
        let here = &mut self.here;
        here.history.follow(&mut here.cluster, &here.first.scene);
        if here.history.first().is_none() {
            // Moments of a past that is gone lead nowhere.
            here.moments.clear();
        }
    }

    /// What has moved since this was last asked.
    pub fn take_moved(&mut self) -> Moved {
        std::mem::take(&mut self.moved)
    }

    fn all_moved(&mut self) {
        self.pictures += 1;
        let m = &mut self.moved;
        (m.time, m.stage, m.timeline, m.objects, m.events) = (true, true, true, true, true);
    }

    /// Changes when the picture has become another one not by writes.
    #[must_use]
    pub fn pictures(&self) -> u64 {
        self.pictures
    }

    /// How many events there are.
    #[must_use]
    pub fn event_count(&self) -> usize {
        self.shown().1.events
    }

    /// The language that commands of the house speak.
    pub fn speak_korean(&mut self, korean: bool) {
        self.terminal.speak_korean(korean);
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

/// What the tests of a session begin with.
#[cfg(test)]
mod trial {
    use super::*;

    pub(super) const WEB: &str = include_str!("../../assets/web.yaml");

    pub(super) fn session() -> Session {
        Session::new(7, &[("web.yaml".to_owned(), WEB.to_owned())])
    }

    pub(super) fn run(session: &mut Session, line: &str) -> Done {
        session.exec(line, 1);
        session.take_done().pop().unwrap_or_else(|| panic!("{line} has not ended"))
    }

    pub(super) fn ready(session: &Session) -> usize {
        session.stage().pods.values().filter(|p| p.state == PodState::Ready).count()
    }
}

#[cfg(test)]
mod tests {
    use super::trial::*;
    use super::*;
    use crate::stage::facts::ObjectId;

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
    fn a_command_names_the_namespace_only_where_it_must() {
        assert_eq!(kubectl("describe", "Pod", "default", "a", ""), "kubectl describe pod a");
        assert_eq!(kubectl("get", "Pod", "shop", "a", " -o yaml"), "kubectl get pod a -n shop -o yaml");
        assert_eq!(kubectl("describe", "Node", "", "worker-1", ""), "kubectl describe node worker-1");
    }
}
