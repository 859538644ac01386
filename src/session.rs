//! One visitor's session: a cluster, a terminal and a course behind plain commands and events.
//!
//! Owns: how fast time passes, the order of commands, what has moved since the views last looked.
//! Does not own: the DOM, storage (`app`, `storage`), or anything the cluster does.
//! Everything here is plain data and runs natively.

use std::collections::VecDeque;
use std::rc::Rc;

use client::ChangeKind;
use clock::Time;
use cluster::{Cluster, ClusterConfig};
use course::{Act, Attempt, Lesson};
use objects::Value;
use smol_str::{SmolStr, ToSmolStr, format_smolstr};
use terminal::{Stream, Submitted, Terminal};

use crate::console::{Console, Kind};
use crate::format::suffix;
use crate::i18n::Texts;
use crate::panels::lesson::Page;
use crate::panels::timeline::record::{Due, Lane, Record};
use crate::stage::facts::PodFacts;
use crate::stage::model::Model;
use crate::state_words::PodState;

/// Speeds in thousandths, as the reader may choose them.
pub const SPEEDS: [i64; 4] = [100, 1000, 10_000, 100_000];
/// Real time beyond this that passed between two frames (a hidden tab) is not made up for.
const MOST_REAL_MS: i64 = 250;
/// A command of a lesson's start takes at most this much virtual time.
const ACT_MS: i64 = 120_000;

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
}

/// The end of a command that came through [`Session::exec`].
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    pub ticket: u64,
    pub output: String,
    pub exit: i32,
}

/// A command that runs: its text, who waits for it (0 is the prompt), what it has printed.
struct Running {
    line: String,
    ticket: u64,
    output: String,
}

pub struct Session {
    cluster: Cluster,
    terminal: Terminal,
    pub seed: u64,
    pub stage: Model,
    pub record: Record,
    pub console: Console,
    /// Every command so far, with the virtual time it was given at: with the seed they repeat the session.
    pub commands: Vec<(i64, String)>,
    /// Commands that wait for the one that runs, with the ticket of who waits for them.
    queue: VecDeque<(String, u64)>,
    /// The command that runs.
    running: Option<Running>,
    /// The lines of a command so far.
    typed: String,
    attempt: Option<Attempt>,
    done: Vec<Done>,
    /// The shell waits for more lines of a command.
    pub continues: bool,
    /// Commands stay in the queue: a part of the program is still on its way.
    waits: bool,
    /// Notes of what the cluster accepted but does not act on.
    pub notes: Vec<String>,
    pub paused: bool,
    /// Thousandths.
    pub speed: i64,
    /// Thousandths of a ms of virtual time that no whole ms has used up.
    rest: i64,
    seen: u64,
    event_count: usize,
    moved: Moved,
}

impl Session {
    #[must_use]
    pub fn new(seed: u64, files: &[(String, String)]) -> Self {
        let mut session = Self::of(ClusterConfig::playground(seed), files);
        session.look();
        session
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
        session.attempt = Some(Attempt::restored(lesson, saved, &session.cluster));
        session.look();
        session
    }

    fn play(&mut self, act: &Act) {
        match act {
            Act::Run(text) => {
                for line in text.lines() {
                    self.terminal.submit(line);
                }
                self.terminal.finish(&mut self.cluster, ACT_MS);
                // The next act may speak of what this one brings about, such as a pod's name.
                self.cluster.settle();
            }
            Act::Wait(span) => {
                let until = self.cluster.now() + *span;
                self.terminal.run_until(&mut self.cluster, until, &mut || true);
            }
            Act::Answer(_) => {}
        }
    }

    fn of(config: ClusterConfig, files: &[(String, String)]) -> Self {
        let seed = config.seed;
        let mut session = Self {
            cluster: Cluster::new(config),
            terminal: Terminal::new(),
            seed,
            stage: Model::default(),
            record: Record::default(),
            console: Console::default(),
            commands: Vec::new(),
            queue: VecDeque::new(),
            running: None,
            typed: String::new(),
            attempt: None,
            done: Vec::new(),
            continues: false,
            waits: false,
            notes: Vec::new(),
            paused: false,
            speed: 1000,
            rest: 0,
            seen: 0,
            event_count: 0,
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
        let mut session = match &before.attempt {
            Some(attempt) => Self::learning(attempt.lesson().clone(), &Value::Null, files),
            None => Self::new(before.seed.wrapping_add(1), files),
        };
        session.speed = before.speed;
        session.paused = before.paused;
        session
    }

    // ---- time ----------------------------------------------------------------------------------------------------

    /// Ms of virtual time, on the clock of the objects.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.cluster.now().0
    }

    /// Ms since the cluster began.
    #[must_use]
    pub fn elapsed(&self) -> i64 {
        self.cluster.now().since(Time::EPOCH)
    }

    #[must_use]
    pub fn revision(&self) -> u64 {
        self.cluster.revision()
    }

    #[must_use]
    pub fn log_hash(&self) -> u64 {
        self.cluster.log_hash()
    }

    /// Lets `real_us` microseconds of the reader's time pass. `go_on` says whether this slice has time left; when it
    /// runs out, virtual time falls behind rather than the page.
    pub fn frame(&mut self, real_us: i64, go_on: &mut dyn FnMut() -> bool) {
        if !self.paused {
            let real_us = real_us.clamp(0, MOST_REAL_MS * 1000);
            let thousandths = self.rest + real_us * self.speed / 1000;
            self.rest = thousandths.rem_euclid(1000);
            let until = self.cluster.now() + thousandths.div_euclid(1000);
            self.run_until(until, go_on);
        }
        self.serve();
    }

    /// Lets `span` ms of virtual time pass at once, paused or not.
    pub fn advance(&mut self, span: i64) {
        let until = self.cluster.now() + span.max(0);
        self.run_until(until, &mut || true);
        self.serve();
    }

    fn run_until(&mut self, until: Time, go_on: &mut dyn FnMut() -> bool) {
        self.terminal.run_until(&mut self.cluster, until, go_on);
        self.moved.time = true;
    }

    /// Goes to the next write and no further.
    pub fn step(&mut self) {
        self.cluster.step_to_change();
        self.moved.time = true;
        self.serve();
    }

    /// What is known of the future, soonest first: the ends of grace periods.
    #[must_use]
    pub fn due(&self, texts: &Texts) -> Vec<Due> {
        let ending = self.stage.ending.iter().filter_map(|id| self.stage.pods.get(id));
        let ending = ending.filter(|p| p.ends_at > self.now());
        let due = |pod: &Rc<PodFacts>| {
            let owner = self.stage.owners.get(&pod.owner).map_or("", |o| o.name.as_str());
            Due { at: pod.ends_at, lane: Lane::Kubelet, what: (texts.end_of)(suffix(&pod.name, owner)) }
        };
        let mut all: Vec<Due> = ending.map(due).collect();
        all.sort_by_key(|d| d.at);
        all
    }

    // ---- commands ------------------------------------------------------------------------------------------------

    /// A line typed at the prompt. While a command runs, it is that command's input.
    pub fn submit(&mut self, line: &str) {
        if self.terminal.is_running() {
            self.console.write(Kind::Out, &format!("{line}\n"));
            self.moved.console = true;
            self.terminal.submit(line);
        } else {
            self.queue.push_back((line.to_owned(), 0));
        }
        self.serve();
    }

    /// Lines one after the other, each once the one before has ended.
    pub fn submit_all(&mut self, lines: &[String]) {
        self.queue.extend(lines.iter().map(|line| (line.clone(), 0)));
        self.serve();
    }

    /// Lines from elsewhere on the page; their end comes with this ticket through [`Session::take_done`].
    pub fn exec(&mut self, text: &str, ticket: u64) {
        let mut lines: Vec<&str> = text.trim_end_matches('\n').split('\n').collect();
        let last = lines.pop().unwrap_or_default();
        self.queue.extend(lines.into_iter().map(|line| (line.to_owned(), 0)));
        self.queue.push_back((last.to_owned(), ticket));
        self.serve();
    }

    /// Keeps commands in the queue, or lets them go.
    pub fn set_waits(&mut self, waits: bool) {
        self.waits = waits;
        self.serve();
    }

    /// Ctrl+C.
    pub fn interrupt(&mut self) {
        let busy = self.is_running() || self.continues;
        self.queue.retain(|(_, ticket)| *ticket > 0);
        self.terminal.interrupt();
        self.continues = false;
        if busy {
            self.console.write(Kind::Out, "^C\n");
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

    #[must_use]
    pub fn is_running(&self) -> bool {
        self.terminal.is_running() || self.running.is_some()
    }

    pub fn take_done(&mut self) -> Vec<Done> {
        std::mem::take(&mut self.done)
    }

    /// Runs programs until all of them wait, starts what waits for them, and reads what has changed.
    fn serve(&mut self) {
        loop {
            self.terminal.poll(&mut self.cluster);
            self.drain();
            if self.terminal.is_running() {
                break;
            }
            if let Some(ended) = self.running.take() {
                self.end(ended);
            }
            if self.waits {
                break;
            }
            let Some((line, ticket)) = self.queue.pop_front() else { break };
            self.start(&line, ticket);
        }
        self.look();
    }

    fn end(&mut self, ended: Running) {
        self.moved.console = true;
        self.moved.files = true;
        let exit = self.terminal.exit_code();
        self.look();
        if let Some(attempt) = &mut self.attempt {
            self.moved.lesson |= attempt.command(&ended.line, i64::from(exit));
        }
        if ended.ticket > 0 {
            self.done.push(Done { ticket: ended.ticket, output: ended.output, exit });
        }
    }

    fn start(&mut self, line: &str, ticket: u64) {
        self.console.command(line, self.continues);
        self.moved.console = true;
        if line.trim() == "clear" && !self.continues {
            self.console.clear();
        }
        if !line.trim().is_empty() {
            self.commands.push((self.elapsed(), line.to_owned()));
            if !self.continues {
                let words: Vec<&str> = line.split_whitespace().collect();
                let short = words.strip_prefix(&["kubectl"]).unwrap_or(&words).join(" ");
                self.record.commands.push((self.now(), short.to_smolstr()));
                self.moved.timeline = true;
            }
        }
        if self.continues {
            self.typed.push('\n');
        } else {
            self.typed.clear();
        }
        self.typed.push_str(line);
        if self.terminal.submit(line) == Submitted::NeedsMore {
            self.continues = true;
            if ticket > 0 {
                // Who sent half a command gets its prompt back, as a shell would give it.
                self.done.push(Done { ticket, output: String::new(), exit: 0 });
            }
        } else {
            self.continues = false;
            let line = std::mem::take(&mut self.typed);
            self.running = Some(Running { line, ticket, output: String::new() });
        }
    }

    fn drain(&mut self) {
        for output in self.terminal.take_output() {
            let kind = if output.stream == Stream::Err { Kind::Err } else { Kind::Out };
            let printed = String::from_utf8_lossy(&output.bytes);
            for line in printed.lines().filter(|l| l.starts_with("Warning: ") && l.contains("not simulated"))
            {
                self.notes.push(line.trim_start_matches("Warning: ").to_owned());
            }
            self.console.write(kind, &printed);
            if let Some(running) = &mut self.running {
                running.output.push_str(&printed);
            }
            self.moved.console = true;
        }
    }

    /// What the word before `cursor` (a byte offset) could become, and where that word begins.
    pub fn complete(&mut self, line: &str, cursor: usize) -> (usize, Vec<terminal::Candidate>) {
        self.terminal.complete(&mut self.cluster, line, cursor)
    }

    // ---- what the views read -------------------------------------------------------------------------------------

    /// Takes the writes since the last look into the picture and the timeline.
    fn look(&mut self) {
        if let Some(attempt) = &mut self.attempt {
            self.moved.lesson |= attempt.observe(&self.cluster);
        }
        let latest = self.cluster.revision();
        if latest == self.seen {
            return;
        }
        for change in self.cluster.changes_since(self.seen) {
            self.moved.stage |= self.stage.apply(change);
            self.moved.timeline |= self.record.apply(change);
            match change.resource.as_str() {
                "events" | "events.events.k8s.io" => {
                    self.moved.events = true;
                    match change.kind {
                        ChangeKind::Added => self.event_count += 1,
                        ChangeKind::Deleted => self.event_count = self.event_count.saturating_sub(1),
                        ChangeKind::Modified => {}
                    }
                }
                "leases.coordination.k8s.io" => {}
                _ => self.moved.objects = true,
            }
        }
        self.seen = latest;
    }

    /// What has moved since this was last asked.
    pub fn take_moved(&mut self) -> Moved {
        std::mem::take(&mut self.moved)
    }

    #[must_use]
    pub fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.cluster.object(resource, namespace, name)
    }

    /// How many events there are.
    #[must_use]
    pub fn event_count(&self) -> usize {
        self.event_count
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
        let mut events: Vec<Value> = self.cluster.objects("events").filter(fits).cloned().collect();
        events.sort_by_key(Value::revision);
        events.split_off(events.len().saturating_sub(most))
    }

    /// True while seconds are counted on the stage: a pod is ending, or a node has gone silent.
    #[must_use]
    pub fn counts_seconds(&self) -> bool {
        !self.stage.ending.is_empty() || self.stage.nodes.values().any(|n| !n.ready)
    }

    pub fn clear(&mut self) {
        self.console.clear();
        self.moved.console = true;
    }

    // ---- lesson --------------------------------------------------------------------------------------------------

    #[must_use]
    pub fn lesson(&self) -> Option<Page> {
        self.attempt.as_ref().map(Page::of)
    }

    /// The lesson's name and what to save of it.
    #[must_use]
    pub fn progress(&self) -> Option<(SmolStr, Value)> {
        self.attempt.as_ref().map(|a| (a.lesson().slug.clone(), a.save()))
    }

    /// Goes on in another language.
    pub fn translate(&mut self, lesson: Rc<Lesson>) {
        if let Some(attempt) = &mut self.attempt {
            self.moved.lesson |= attempt.translate(lesson);
        }
    }

    /// One hint more.
    pub fn hint(&mut self) {
        if let Some(attempt) = &mut self.attempt {
            self.moved.lesson |= attempt.hint();
        }
    }

    /// Chooses an option of the step's question.
    pub fn answer(&mut self, option: usize) {
        if let Some(attempt) = &mut self.attempt {
            self.moved.lesson |= attempt.answer(option);
        }
    }

    /// On to the next step, once this one's goals are met.
    pub fn next_step(&mut self) {
        if let Some(attempt) = &mut self.attempt {
            self.moved.lesson |= attempt.next(&self.cluster);
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
        out.set("pods", self.stage.pods.values().map(pod).collect::<Value>());
        out
    }
}

/// A command as a shell would need it to name one object: `kubectl describe pod web-0 -n shop`.
#[must_use]
pub fn kubectl(verb: &str, kind: &str, namespace: &str, name: &str, rest: &str) -> SmolStr {
    let place = if namespace.is_empty() || namespace == "default" {
        SmolStr::default()
    } else {
        format_smolstr!(" -n {namespace}")
    };
    format_smolstr!("kubectl {verb} {} {name}{place}{rest}", kind.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::facts::ObjectId;

    const WEB: &str = include_str!("../assets/web.yaml");

    fn session() -> Session {
        Session::new(7, &[("web.yaml".to_owned(), WEB.to_owned())])
    }

    fn run(session: &mut Session, line: &str) -> Done {
        session.exec(line, 1);
        session.take_done().pop().unwrap_or_else(|| panic!("{line} has not ended"))
    }

    fn ready(session: &Session) -> usize {
        session.stage.pods.values().filter(|p| p.state == PodState::Ready).count()
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
        assert_eq!(session.stage.endpoints().get(&web).map(Vec::len), Some(3));
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
        assert!(session.continues);
        session.interrupt();
        assert!(!session.continues && !session.is_running());
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

    #[test]
    fn a_command_names_the_namespace_only_where_it_must() {
        assert_eq!(kubectl("describe", "Pod", "default", "a", ""), "kubectl describe pod a");
        assert_eq!(kubectl("get", "Pod", "shop", "a", " -o yaml"), "kubectl get pod a -n shop -o yaml");
        assert_eq!(kubectl("describe", "Node", "", "worker-1", ""), "kubectl describe node worker-1");
    }
}
