//! The lines of time: forks, the one beside, and undo, which is a fork from right before a command.
//!
//! Owns: which line goes on. Does not own: what belongs to a line (`branch`).

use clock::Time;
use cluster::history::{Goal, View};
use smol_str::SmolStr;

use super::{Done, Session};
use crate::console::Kind;
use crate::followed::Scene;
use crate::stage::model::Model;

/// A line of time: its name, where it left which other, whether it is the one shown.
pub type Branched = (char, Option<(char, i64)>, bool);

/// The line beside which the one that goes on is shown.
pub(super) struct Beside {
    name: char,
    /// That line at the instant shown; its end when there is none.
    view: Option<View<Scene>>,
    /// The picture there of the member that is shown.
    member: Option<Box<Scene>>,
}

impl Session {
    /// Goes on from the instant shown, on a line of its own. The line before stays as it is.
    pub fn fork(&mut self) {
        let Some(view) = self.past.take() else { return };
        let names = self.others.iter().map(|b| b.name).chain([self.here.name]);
        let name = char::from_u32(names.map(u32::from).max().unwrap_or(64) + 1).unwrap_or('Z');
        let fork = self.here.fork(name, view);
        let old = std::mem::replace(&mut self.here, fork);
        self.others.push(old);
        if self.others.len() >= crate::branch::MOST {
            let beside = self.beside.as_ref().map(|b| b.name);
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
        self.meet_member();
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
        let beside = |name| Beside { name, view: None, member: None };
        self.beside = name.filter(|n| self.others.iter().any(|b| b.name == *n)).map(beside);
        self.align();
        self.moved.stage = true;
    }

    /// The line shown beside this one.
    #[must_use]
    pub fn compared(&self) -> Option<char> {
        self.beside.as_ref().map(|b| b.name)
    }

    /// The other line at the instant shown: its picture, and its instant, which is its end when it is shorter.
    #[must_use]
    pub fn other(&self) -> Option<(&Model, i64)> {
        let Beside { name, view, member } = self.beside.as_ref()?;
        let other = self.others.iter().find(|b| b.name == *name)?;
        let (first, now) = match view {
            Some(view) => (&view.companion, view.cluster.now()),
            None => (&other.first.scene, other.cluster.now()),
        };
        Some((&member.as_deref().unwrap_or(first).stage, now.0))
    }

    /// Brings the line beside to the instant shown.
    pub(super) fn align(&mut self) {
        let Some(Beside { name, view, .. }) = self.beside.take() else { return };
        let now = self.now();
        let Some(other) = self.others.iter().find(|b| b.name == name) else { return };
        let view = if now >= other.cluster.now().0 { None } else { other.seek(Goal::Time(Time(now)), view) };
        let cluster = view.as_ref().map_or(&other.cluster, |v| &v.cluster);
        let member = self.member.as_ref().and_then(|m| cluster.cluster_named(&m.name));
        let member = member.map(|cluster| Box::new(Scene::of(cluster)));
        self.beside = Some(Beside { name, view, member });
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
        self.here.commands.truncate(found);
        self.here.attempt = moment.attempt;
        for (name, text) in moment.files.iter() {
            self.write_file(name, text);
        }
        Some(moment.line)
    }

    /// A command goes on from where the reader stands: in the past, on a line of its own.
    pub(super) fn leave_past(&mut self) {
        if self.past.is_some() {
            self.fork();
            self.forked = true;
        }
    }

    /// True once after a command has begun a line of its own.
    pub fn take_forked(&mut self) -> bool {
        std::mem::take(&mut self.forked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::trial::*;

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
}
