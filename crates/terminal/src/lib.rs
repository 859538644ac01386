//! The learner's shell line: files, history, and the programs that reach the cluster.
//!
//! Owns: the learner's machine (a shell and files, by the kernel of `containers`), the commands that are not in it
//! (kubectl with its alias `k`, helm, load), and when each of them goes on.
//! Does not own: what a command does (kubectl), how time passes (whoever calls [`Terminal::run_until`]).

mod clusters;
mod complete;
mod crictl;
mod docker;
pub mod fault;
mod files;
mod host;
mod io;
mod iptables;
mod load;
mod net;
mod node;
mod power;
mod program;
pub mod prompts;
pub mod script;
mod ssh;
mod systemctl;
mod why;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use clock::Time;
use cluster::Cluster;
use containers::fs::{Cred, Fs};
use containers::machine::{Env, Host as _, Machine, Outcome, Stdio};
use containers::shell::{Dialect, ParseError, Shell};

pub use complete::Candidate;
pub use containers::machine::Stream;
pub use files::FileError;
use host::LearnerHost;
pub use hostlab::lab;
use program::Program;
use prompts::Prompt;

/// Where the learner's files are.
pub const HOME: &str = "/home/learner";
/// Where the manifests of addons are that a learner may install.
pub const ADDONS: &str = "/usr/share/addons";
/// Steps the shell may take before the page gets its frame back.
const STEPS_PER_POLL: u32 = 20_000;
/// What `LANG` says to a reader of Korean.
const KOREAN: &str = "ko_KR.UTF-8";
/// Lines kept in the history.
const HISTORY_LINES: usize = 1_000;

/// What the machine's users share: the shell's kernel and its host.
pub(crate) struct Shared {
    pub(crate) machine: RefCell<Machine>,
    pub(crate) host: RefCell<LearnerHost>,
    /// The container engine on the learner's machine.
    pub(crate) docker: Docker,
    /// Engines of the nodes that somebody was on, by their names.
    engines: RefCell<Vec<(String, Docker)>>,
    /// Servers, guests and containers side by side.
    pub(crate) lab: RefCell<hostlab::Lab>,
    pub(crate) discovery: kubectl::io::DiscoveryCache,
    pub(crate) explain: RefCell<ExplainTexts>,
    /// Where this machine stands.
    pub(crate) place: Place,
}

/// Where a terminal's machine stands in the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// Beside the nodes: the learner's own.
    #[default]
    Here,
    Node(String),
    Internet,
}

/// A container engine that the sessions of its machine share.
type Docker = Rc<RefCell<hostlab::Engine>>;

impl Shared {
    /// The engine on a node; it is there from the first time that somebody asks.
    pub(crate) fn engine_of(&self, node: &str) -> Docker {
        let mut all = self.engines.borrow_mut();
        if let Some((_, engine)) = all.iter().find(|(name, _)| name == node) {
            return engine.clone();
        }
        let engine = Docker::default();
        all.push((node.to_owned(), engine.clone()));
        engine
    }
}

/// What `kubectl explain` says of fields is an asset that most sessions never need.
#[derive(Clone, Debug, Default)]
pub(crate) enum ExplainTexts {
    /// There is none: fields are listed without a word.
    #[default]
    Absent,
    /// It comes when it is asked for.
    OnDemand,
    /// A command waits for it.
    Wanted,
    Here(Rc<str>),
}

/// A piece of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    pub stream: Stream,
    pub bytes: Vec<u8>,
}

/// What became of a submitted line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It runs.
    Runs,
    /// It is the beginning of a command (an open quote, a here-document): type on.
    NeedsMore,
    /// Another command still runs: the line went to its standard input.
    ToProgram,
}

pub struct Terminal {
    shared: Rc<Shared>,
    /// Never empty.
    prompts: Vec<Prompt>,
    /// The chosen one.
    at: usize,
    programs: Vec<Program>,
    calls: net::Calls,
    /// The reader's language is Korean.
    korean: bool,
    /// When something in the shell's kernel (`sleep`) goes on.
    shell_wakes_at: Option<Time>,
    home: &'static str,
    user: &'static str,
}

/// Whose terminal it is: the machine's name, its user, its place, and what it has beside its files.
pub(crate) struct Seat<'a> {
    pub(crate) name: &'a str,
    pub(crate) home: &'static str,
    pub(crate) user: &'static str,
    pub(crate) place: Place,
    pub(crate) provided: &'static [&'static str],
    pub(crate) docker: Docker,
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Terminal {
    #[must_use]
    pub fn new() -> Self {
        let mut fs = Fs::default();
        fs.tree = containers::images::base::workstation(HOME);
        for (name, text) in cluster::addons::OPTIONAL {
            fs.tree.put_file(&format!("{ADDONS}/{name}"), text.as_bytes(), 0o644);
        }
        for (name, text) in helm::BUNDLED {
            fs.tree.put_file(&format!("{}/{name}", helm::CHARTS), text.as_bytes(), 0o644);
        }
        fs.tree.put_file("/etc/hosts", net::HOSTS.as_bytes(), 0o644);
        fs.tree.put_file("/etc/resolv.conf", net::RESOLV.as_bytes(), 0o644);
        Self::over(
            fs,
            Seat {
                name: "wheelhouse",
                home: HOME,
                user: "learner",
                place: Place::Here,
                provided: host::PROVIDED,
                docker: Docker::default(),
            },
        )
    }

    /// A terminal on a machine with these files.
    pub(crate) fn over(fs: Fs, seat: Seat<'_>) -> Self {
        let mut machine = Machine::new(fs, seat.name, 1, Time::EPOCH);
        machine.flavor = containers::machine::Flavor::Gnu;
        machine.sh = Dialect::Bash;
        let prompt = Prompt::on(&mut machine);
        // Process 1 only keeps the machine alive: the shells above it may end.
        let idle = Stdio { input: None, sink: prompt.sink, tty: false };
        machine.prompt(Dialect::Bash, Env::default(), "/", Cred::default(), idle);
        let shared = Rc::new(Shared {
            machine: RefCell::new(machine),
            host: RefCell::new(LearnerHost::new(seat.provided)),
            place: seat.place,
            docker: seat.docker,
            engines: RefCell::default(),
            lab: RefCell::default(),
            discovery: kubectl::io::DiscoveryCache::default(),
            explain: RefCell::default(),
        });
        let mut terminal = Self {
            shared,
            prompts: vec![prompt],
            at: 0,
            programs: Vec::new(),
            calls: net::Calls::default(),
            korean: false,
            shell_wakes_at: None,
            home: seat.home,
            user: seat.user,
        };
        terminal.start_shell(true);
        terminal
    }

    /// A fresh shell over the same files: variables are gone; what ran in the background runs on.
    pub fn restart_shell(&mut self, tty: bool) {
        let mut machine = self.shared.machine.borrow_mut();
        machine.signal(self.prompts[self.at].shell, containers::machine::Signal::Kill);
        machine.reap(self.prompts[self.at].shell);
        drop(machine);
        self.start_shell(tty);
    }

    fn start_shell(&mut self, tty: bool) {
        let env = [
            ("HOME", self.home),
            ("USER", self.user),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("TERM", "xterm-256color"),
            ("PWD", self.home),
        ];
        let lang = self.korean.then_some(("LANG", KOREAN));
        let env = env.into_iter().chain(lang).map(|(k, v)| (k.to_owned(), v.to_owned()));
        let env = Arc::new(env.collect());
        let prompt = &mut self.prompts[self.at];
        let stdio = Stdio { input: Some(prompt.input), sink: prompt.sink, tty };
        let shell =
            self.shared.machine.borrow_mut().prompt(Dialect::Bash, env, self.home, Cred::default(), stdio);
        prompt.shell = shell.unwrap_or_default();
    }

    /// The language that the commands of the house speak (help pages, `load`, `fault`, `why`), by `LANG` of each shell.
    /// What upstream says stays as upstream says it.
    pub fn speak_korean(&mut self, korean: bool) {
        if self.korean == korean {
            return;
        }
        self.korean = korean;
        let mut machine = self.shared.machine.borrow_mut();
        for prompt in &self.prompts {
            if let Some(shell) = machine.shell_mut(prompt.shell) {
                shell.assign("LANG", if korean { KOREAN } else { "C.UTF-8" }, true);
            }
        }
    }

    /// Takes a line as typed, without its newline.
    pub fn submit(&mut self, line: &str) -> Submitted {
        let runs = self.is_running();
        let prompt = &mut self.prompts[self.at];
        let mut machine = self.shared.machine.borrow_mut();
        if runs {
            machine.feed(prompt.input, line.as_bytes());
            machine.feed(prompt.input, b"\n");
            return Submitted::ToProgram;
        }
        prompt.pending.push_str(line);
        let text = prompt.pending.clone();
        let Some(shell) = machine.shell_mut(prompt.shell) else { return Submitted::Runs };
        match shell.submit(&text) {
            Err(ParseError::Incomplete(_)) => {
                prompt.pending.push('\n');
                return Submitted::NeedsMore;
            }
            Err(error) => {
                let message = shell.syntax_error(&error);
                shell.set_status(2);
                prompt.own_output.push(Output { stream: Stream::Err, bytes: message.into_bytes() });
            }
            Ok(_) => {}
        }
        drop(machine);
        prompt.pending.clear();
        self.remember(&text);
        Submitted::Runs
    }

    fn remember(&mut self, text: &str) {
        let history = &mut self.prompts[self.at].history;
        if text.trim().is_empty() || history.last().is_some_and(|l| l == text) {
            return;
        }
        if history.len() >= HISTORY_LINES {
            history.remove(0);
        }
        history.push(text.to_owned());
    }

    /// Submitted commands, oldest first.
    #[must_use]
    pub fn history(&self) -> &[String] {
        &self.prompts[self.at].history
    }

    pub fn set_history(&mut self, lines: Vec<String>) {
        self.prompts[self.at].history = lines;
    }

    /// Whether a command runs in the foreground.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.shared.machine.borrow().at_prompt(self.prompts[self.at].shell)
    }

    /// Whether a command has begun that is not complete yet.
    #[must_use]
    pub fn needs_more(&self) -> bool {
        !self.prompts[self.at].pending.is_empty()
    }

    /// Ctrl-C.
    pub fn interrupt(&mut self) {
        let prompt = &mut self.prompts[self.at];
        prompt.pending.clear();
        self.shared.machine.borrow_mut().interrupt(prompt.shell);
    }

    /// Commands that were asked for and are not here, in the containers and at the prompt, and how often.
    #[must_use]
    pub fn missing(&self, cluster: &Cluster) -> Vec<(String, u32)> {
        let mut all: ordered::BTreeMap<String, u32> =
            cluster.missing_commands().map(|(name, n)| (name.to_owned(), n)).collect();
        for (name, n) in &self.shared.host.borrow_mut().volumes().missing {
            *all.entry(name.clone()).or_default() += n;
        }
        all.into_iter().collect()
    }

    /// The shell's exit code, once it has ended.
    pub(crate) fn ended(&self) -> Option<i32> {
        let machine = self.shared.machine.borrow();
        let shell = self.prompts[self.at].shell;
        if machine.is_alive(shell) { None } else { Some(machine.exit_code(shell).unwrap_or(0)) }
    }

    /// All files of the machine.
    pub(crate) fn root(&self) -> containers::fs::Node {
        self.shared.machine.borrow().fs.tree.root.clone()
    }

    /// Ctrl-D.
    pub fn end_of_input(&mut self) {
        self.shared.machine.borrow_mut().end_input_once(self.prompts[self.at].input);
    }

    /// The exit code of the last command.
    #[must_use]
    pub fn exit_code(&self) -> i32 {
        self.shared.machine.borrow().shell(self.prompts[self.at].shell).map_or(0, Shell::status)
    }

    /// The directory the shell stands in, with the home directory as `~`.
    #[must_use]
    pub fn directory(&self) -> String {
        let machine = self.shared.machine.borrow();
        let cwd = machine.cwd(self.prompts[self.at].shell).unwrap_or(self.home);
        match cwd.strip_prefix(self.home) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
            _ => cwd.to_owned(),
        }
    }

    /// What was printed since the last call.
    pub fn take_output(&mut self) -> Vec<Output> {
        let prompt = &mut self.prompts[self.at];
        let taken = self.shared.machine.borrow_mut().take_output(prompt.sink);
        let mut all = std::mem::take(&mut prompt.own_output);
        all.extend(taken.into_iter().map(|(stream, bytes)| Output { stream, bytes }));
        all
    }

    /// Lets everything that can go on at this instant go on. True when some of it would go on at once: the steps of
    /// one call are bounded, so that a loop without end does not stop the page.
    pub fn poll(&mut self, cluster: &mut Cluster) -> bool {
        self.shared.host.borrow_mut().now = cluster.now();
        let mut steps_left = 4u32;
        loop {
            let outcome = {
                let mut host = self.shared.host.borrow_mut();
                self.shared.machine.borrow_mut().step(STEPS_PER_POLL, &mut *host)
            };
            self.shell_wakes_at = if let Outcome::Blocked { until } = outcome { until } else { None };
            let now = cluster.now();
            let stepped = self.shared.docker.borrow_mut().step(now, &mut docker::Files(&self.shared));
            let mut progressed = self.start_programs() | stepped;
            let shared = self.shared.clone();
            progressed |= self.calls.serve(&shared, cluster);
            progressed |= self.drive_programs(cluster);
            let more = matches!(outcome, Outcome::Running);
            if !progressed && !more {
                return false;
            }
            if more {
                steps_left -= 1;
                if steps_left == 0 {
                    return true;
                }
            }
        }
    }

    fn start_programs(&mut self) -> bool {
        let externals = self.shared.machine.borrow().externals();
        let mut started = false;
        for e in externals {
            if self.programs.iter().all(|p| p.pid != e.pid) {
                self.programs.push(Program::start(e, &self.shared));
                started = true;
            }
        }
        started
    }

    fn drive_programs(&mut self, cluster: &mut Cluster) -> bool {
        let mut progressed = false;
        let shared = self.shared.clone();
        self.programs.retain_mut(|program| {
            if !shared.machine.borrow().is_alive(program.pid) {
                program.abandon(cluster);
                progressed = true;
                return false;
            }
            let (code, moved) = program.drive(cluster);
            progressed |= moved;
            match code {
                Some(code) => {
                    shared.machine.borrow_mut().external_exit(program.pid, code);
                    progressed = true;
                    false
                }
                None => true,
            }
        });
        progressed
    }

    /// Looks at the host lab.
    pub fn with_lab<T>(&self, look: impl FnOnce(&lab::Lab) -> T) -> T {
        look(&self.shared.lab.borrow())
    }

    /// The host lab's facts by name, for goals; null while the lab is closed.
    #[must_use]
    pub fn lab_facts(&self, now: Time) -> objects::Value {
        let lab = self.shared.lab.borrow();
        let mut all = objects::Value::map();
        if lab.open == lab::Open::Nothing {
            return all;
        }
        for (name, fact) in lab.facts(now) {
            match fact {
                lab::Fact::Number(n) => all.set(name, n),
                lab::Fact::Word(word) => all.set(name, word),
            }
        }
        all
    }

    /// Says that the texts of `explain` can be had: ask [`Self::wants_explain_texts`] after each poll.
    pub fn explain_on_demand(&mut self) {
        *self.shared.explain.borrow_mut() = ExplainTexts::OnDemand;
    }

    /// True when a command waits for the texts of `explain`.
    #[must_use]
    pub fn wants_explain_texts(&self) -> bool {
        matches!(*self.shared.explain.borrow(), ExplainTexts::Wanted)
    }

    /// Gives the texts of `explain` (`assets/explain/en.json`), or says that they can't be had.
    pub fn set_explain_texts(&mut self, text: Option<Rc<str>>) {
        *self.shared.explain.borrow_mut() = text.map_or(ExplainTexts::Absent, ExplainTexts::Here);
    }

    /// The next instant at which something here waits to go on, whatever the cluster does.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Time> {
        let programs = self.programs.iter().filter_map(Program::sleeps_until);
        programs.chain(self.shell_wakes_at).chain(self.shared.docker.borrow().next_wake()).min()
    }

    /// Runs cluster and commands together until `until`: after every event each waiting command may go on, so that
    /// the same commands give the same log whatever the frame rate. False when `go_on` said no.
    pub fn run_until(&mut self, cluster: &mut Cluster, until: Time, go_on: &mut dyn FnMut() -> bool) -> bool {
        loop {
            if self.poll(cluster) && !go_on() {
                return false;
            }
            let next = match (cluster.next_due(), self.wakes_at()) {
                (Some(a), Some(b)) => a.min(b),
                (Some(a), None) | (None, Some(a)) => a,
                (None, None) => until,
            };
            if next > until {
                cluster.run_until(until, &mut || true);
                return true;
            }
            if !go_on() {
                return false;
            }
            if cluster.next_due().is_some_and(|at| at <= next) {
                cluster.step();
            } else if cluster.now() < next {
                cluster.run_until(next, &mut || true);
            } else if next >= until {
                return true;
            }
        }
    }

    /// Runs until the command in the foreground has ended, at most `limit` of virtual time.
    /// False when it still runs then.
    pub fn finish(&mut self, cluster: &mut Cluster, limit: clock::Millis) -> bool {
        let until = cluster.now() + limit;
        loop {
            self.poll(cluster);
            if !self.is_running() {
                return true;
            }
            if cluster.now() >= until {
                return false;
            }
            let next =
                cluster.next_due().into_iter().chain(self.wakes_at()).min().unwrap_or(until).min(until);
            if cluster.next_due().is_some_and(|at| at <= next) {
                cluster.step();
            } else {
                cluster.run_until(next.max(cluster.now() + 1), &mut || true);
            }
        }
    }
}
