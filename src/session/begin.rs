//! How a session begins: an empty playground, a lesson where it was left, or what stands for either for now.
//!
//! Owns: what is there before the first command. Does not own: the lesson itself (course).

use std::collections::VecDeque;
use std::rc::Rc;

use cluster::ClusterConfig;
use course::{Act, Attempt, Lesson};
use objects::Value;
use smol_str::SmolStr;
use terminal::Terminal;

use super::{APPLIED, Moved, Session};
use crate::branch::{Branch, Files};
use crate::tab::Tab;

/// A command of a lesson's start takes at most this much virtual time.
pub(super) const ACT_MS: i64 = 120_000;

/// Whether sessions keep a hash over their clusters' writes: where they are tested. In a page nobody asks for it.
const HASHES: bool = cfg!(not(target_arch = "wasm32"));

/// What an early session stands for: the playground of a seed, or a lesson with what was saved of it.
#[derive(Clone, Debug)]
pub enum Meant {
    Playground(u64),
    Lesson(Rc<Lesson>, Value),
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
            let attempt = Attempt::pending(lesson.clone(), saved, &session.here.cluster);
            session.here.attempt = Some(attempt);
        }
        session.early = Some(meant);
        session.waits = true;
        // The nodes register themselves in this very instant.
        let now = session.here.cluster.now();
        session.here.cluster.run_until(now, &mut || true);
        // No past is begun: time stands still, and what copies a cluster is not in the first part.
        session.look();
        session
    }

    /// What an early session stands for, with what was typed meanwhile; `None` for any other session.
    #[must_use]
    pub fn whole(&self) -> Option<Self> {
        let mut session = match self.early.as_ref()? {
            Meant::Playground(seed) => Self::new(*seed, &self.files()),
            Meant::Lesson(lesson, saved) => {
                // Meanwhile the learner may have answered, taken a hint, or turned to the other language.
                let now = self.here.attempt.as_ref().map(|a| (a.lesson().clone(), a.save()));
                let (lesson, saved) = now.unwrap_or_else(|| (lesson.clone(), saved.clone()));
                Self::learning(lesson, &saved, &self.files())
            }
        };
        if let Some(text) = self.file(APPLIED) {
            session.write_file(APPLIED, &text);
        }
        session.speed = self.speed;
        session.paused = self.paused;
        // Whatever it was typed at, there is one terminal again.
        session.tabs[0].queue.extend(self.tabs.iter().flat_map(|tab| tab.queue.iter().cloned()));
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

    pub(super) fn play(&mut self, act: &Act) {
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
            here: Branch::new(ClusterConfig { log_hash: HASHES, ..config }),
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
            context: SmolStr::default(),
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
}

#[cfg(test)]
mod tests {
    use clock::Time;

    use super::*;

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
}
