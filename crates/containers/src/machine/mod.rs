//! The small kernel under a container, or under the learner's prompt: processes, files and pipes as plain data.
//!
//! Owns: the process table, open files, pipes with bounded buffers, signals, and who runs next.
//! Does not own: volumes, the clock, commands the embedder provides, the network: see [`Host`].
//! Not modelled: job control by terminal groups, stopping with SIGSTOP, threads.

use ordered::Sort as _;
mod process;
mod signal;
mod sys;
mod usage;

use ordered::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

use clock::{Millis, Rng, Time};
use smol_str::SmolStr;

use crate::fs::{Cred, Dev, Errno, Fs, Node, View, Volumes, join};
use crate::net::{HttpRequest, HttpResponse, NetAnswer, NetRequest};
use crate::shell::{Dialect, Shell};

pub(crate) use process::Task;
pub use process::{Env, ExecError, Proc};
pub use signal::{Reaction, Signal};
pub use sys::{Got, Open, Sys};
pub use usage::{Appetite, Usage};

pub type Pid = u32;

/// Bytes a pipe holds before its writers wait.
pub const PIPE_BYTES: usize = 65_536;
/// Bytes of output that may wait for the embedder before their writers wait.
const SINK_BYTES: usize = 1 << 20;
/// Processes one machine may have.
const PROCS_MAX: usize = 200;
/// Steps one process runs before the next has its turn.
const QUANTUM: u32 = 200;

/// What a machine needs of the world around it.
pub trait Host {
    fn now(&self) -> Time;
    /// The volumes that mounts of this machine refer to.
    fn volumes(&mut self) -> &mut Volumes;
    /// Whether the embedder provides the command `name`; such a process is then listed by
    /// [`Machine::externals`] and driven from outside.
    fn provides(&self, _name: &str) -> bool {
        false
    }
}

/// A host with a clock and volumes and nothing else.
#[derive(Clone, Debug, Default)]
pub struct PlainHost {
    pub now: Time,
    pub volumes: Volumes,
}

impl Host for PlainHost {
    fn now(&self) -> Time {
        self.now
    }
    fn volumes(&mut self) -> &mut Volumes {
        &mut self.volumes
    }
}

/// What a machine does after a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The budget ran out; there is more to do now.
    Running,
    /// Nothing to do before `until`, or before something comes from outside.
    Blocked { until: Option<Time> },
    /// Process 1 has ended, and with it all others.
    Exited(i32),
}

/// A step of a program.
#[derive(Clone, Debug)]
pub enum Turn {
    More,
    Wait(Wait),
    Exit(i32),
    /// Become another program; the arguments, and the environment if it changes.
    Exec(Vec<String>, Option<Env>),
}

/// What a process waits for. Waking early is allowed: it looks again.
#[derive(Clone, Debug, PartialEq)]
pub enum Wait {
    Ready,
    /// Data or the end on a descriptor of its own.
    Read(u32),
    /// As `Read`, but at most until then.
    ReadUntil(u32, Time),
    /// The end of this child, or (`None`) of any.
    Child(Option<Pid>),
    Until(Time),
    Net(u32),
    /// A signal, or nothing at all.
    Forever,
}

/// A running program as plain data. `step` does a bounded piece of work.
pub trait Program: Send + Sync {
    fn step(&mut self, sys: &mut Sys<'_>) -> Turn;
    fn copy(&self) -> Box<dyn Program>;
    /// What a caught signal does; most programs leave it to the kernel.
    fn signal(&mut self, _signal: Signal, _sys: &mut Sys<'_>) -> Reaction {
        Reaction::Default
    }
    /// Ports it listens on.
    fn ports(&self) -> Vec<u16> {
        Vec::new()
    }
    /// Answers a request on one of its ports.
    fn serve(&mut self, _port: u16, _request: &HttpRequest, _sys: &mut Sys<'_>) -> Option<HttpResponse> {
        None
    }
    /// Answers raw bytes on one of its ports.
    fn serve_tcp(&mut self, _port: u16, _data: &[u8], _sys: &mut Sys<'_>) -> Option<Vec<u8>> {
        None
    }
}

/// Which family of tools an image carries: their messages differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    Busybox,
    Gnu,
}

/// Where output for the embedder gathers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SinkId(pub u32);

/// The stream a piece of output was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

#[derive(Clone, Debug, Default)]
struct Sink {
    chunks: Vec<(Stream, Vec<u8>)>,
    bytes: usize,
}

#[derive(Clone, Debug, Default)]
struct Pipe {
    data: VecDeque<u8>,
    readers: u32,
    writers: u32,
    /// A terminal's end of input (Ctrl-D): given once to a reader that finds no data.
    eof_once: bool,
}

#[derive(Clone, Debug)]
enum OpenKind {
    File {
        real: Vec<SmolStr>,
        at: u64,
        append: bool,
    },
    PipeRead(u32),
    PipeWrite(u32),
    Dev(Dev),
    Sink(SinkId, Stream),
    /// Fixed text (here-documents).
    Text(Arc<[u8]>, usize),
}

#[derive(Clone, Debug)]
struct OpenFile {
    kind: OpenKind,
    refs: u32,
    tty: bool,
}

#[derive(Clone, Debug)]
struct NetCall {
    pid: Pid,
    request: NetRequest,
    answer: Option<NetAnswer>,
    taken: bool,
}

/// Where a process's three first descriptors lead.
#[derive(Clone, Copy, Debug)]
pub struct Stdio {
    /// `None`: `/dev/null`.
    pub input: Option<InputId>,
    pub sink: SinkId,
    pub tty: bool,
}

/// The embedder's end of a pipe that feeds a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputId(u32);

/// A process the embedder drives.
#[derive(Clone, Debug)]
pub struct External {
    pub pid: Pid,
    pub argv: Vec<String>,
    pub env: Env,
    pub cwd: String,
}

/// A machine: a clone is a snapshot that runs on by itself.
#[derive(Clone)]
pub struct Machine {
    pub fs: Fs,
    pub hostname: String,
    pub flavor: Flavor,
    /// The dialect of `sh`.
    pub sh: Dialect,
    procs: BTreeMap<Pid, Proc>,
    files: BTreeMap<u32, OpenFile>,
    pipes: BTreeMap<u32, Pipe>,
    sinks: BTreeMap<SinkId, Sink>,
    net: BTreeMap<u32, NetCall>,
    next: u32,
    next_pid: Pid,
    cursor: Pid,
    rng: Rng,
    now: Time,
    booted: Time,
    exited: Option<i32>,
    /// A container's process 1 ignores signals it has no handler for.
    pub guard_init: bool,
    /// What servers know of the image they came in.
    pub image: ImageFacts,
    /// Thousandths of a core it may use at most.
    pub cpu_limit_millis: Option<u32>,
    meter: usage::Meter,
    /// Ports taken by other machines on the same network: those of the pod's other containers.
    pub taken: Vec<u16>,
}

/// The tag an image was pulled by, and the ports its container declares.
#[derive(Clone, Debug, Default)]
pub struct ImageFacts {
    pub tag: String,
    pub ports: Vec<u16>,
    pub appetite: Appetite,
    /// What the image holds is known: a program it lacks does not exist.
    pub known: bool,
}

impl Machine {
    #[must_use]
    pub fn new(fs: Fs, hostname: &str, seed: u64, now: Time) -> Self {
        let mut machine = Self {
            fs,
            hostname: hostname.into(),
            flavor: Flavor::Busybox,
            sh: Dialect::Ash,
            procs: BTreeMap::new(),
            files: BTreeMap::new(),
            pipes: BTreeMap::new(),
            sinks: BTreeMap::new(),
            net: BTreeMap::new(),
            next: 1,
            next_pid: 1,
            cursor: 0,
            rng: Rng::new(seed),
            now,
            booted: now,
            exited: None,
            guard_init: false,
            image: ImageFacts { known: true, ..ImageFacts::default() },
            taken: Vec::new(),
            cpu_limit_millis: None,
            meter: usage::Meter::default(),
        };
        machine.meter_began(now);
        machine
    }

    fn fresh(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    /// A place for output.
    pub fn sink(&mut self) -> SinkId {
        let id = SinkId(self.fresh());
        self.sinks.insert(id, Sink::default());
        id
    }

    /// What was written to a sink since it was last taken.
    pub fn take_output(&mut self, sink: SinkId) -> Vec<(Stream, Vec<u8>)> {
        match self.sinks.get_mut(&sink) {
            Some(s) => {
                s.bytes = 0;
                std::mem::take(&mut s.chunks)
            }
            None => Vec::new(),
        }
    }

    /// A pipe the embedder feeds.
    pub fn input(&mut self) -> InputId {
        let id = self.fresh();
        self.pipes.insert(id, Pipe { writers: 1, ..Pipe::default() });
        InputId(id)
    }

    /// Feeds input; what does not fit is given back as the number of bytes taken.
    pub fn feed(&mut self, input: InputId, data: &[u8]) -> usize {
        let Some(pipe) = self.pipes.get_mut(&input.0) else { return data.len() };
        let n = data.len().min(PIPE_BYTES - pipe.data.len().min(PIPE_BYTES));
        pipe.data.extend(&data[..n]);
        n
    }

    /// The embedder will feed no more.
    pub fn close_input(&mut self, input: InputId) {
        if let Some(pipe) = self.pipes.get_mut(&input.0) {
            pipe.writers = pipe.writers.saturating_sub(1);
        }
        self.drop_idle_pipe(input.0);
    }

    /// Ctrl-D at a terminal: the reader sees the end once.
    pub fn end_input_once(&mut self, input: InputId) {
        if let Some(pipe) = self.pipes.get_mut(&input.0) {
            pipe.eof_once = true;
        }
    }

    /// Starts a program found by name in `PATH`, as `exec` in a container does.
    pub fn spawn(
        &mut self,
        host: &mut dyn Host,
        argv: &[String],
        env: Env,
        cwd: &str,
        cred: Cred,
        stdio: Stdio,
    ) -> Result<Pid, ExecError> {
        self.now = host.now();
        let first = self.procs.is_empty();
        let (task, argv) = match self.load(host, argv, &env, cwd, cred) {
            Err(ExecError::NotInPath(_) | ExecError::NoFile(_)) if first && !self.image.known => {
                self.stand_in(argv, &env).ok_or(ExecError::Errno(Errno::NoEntry))?
            }
            other => other?,
        };
        let pid = self.add_proc(0, argv, env, cwd, cred, task).map_err(ExecError::Errno)?;
        self.wire(pid, stdio);
        Ok(pid)
    }

    /// Starts a shell that waits for lines (see [`Machine::submit`]); its process never ends by itself.
    pub fn prompt(&mut self, dialect: Dialect, env: Env, cwd: &str, cred: Cred, stdio: Stdio) -> Option<Pid> {
        let shell = Shell::interactive(dialect, &env);
        let pid = self
            .add_proc(0, vec![dialect.name().into()], env, cwd, cred, Task::Shell(Box::new(shell)))
            .ok()?;
        self.wire(pid, stdio);
        Some(pid)
    }

    /// Starts a built-in program that no file stands for (an image's own server).
    pub fn spawn_program(
        &mut self,
        argv: &[String],
        env: Env,
        cwd: &str,
        cred: Cred,
        stdio: Stdio,
        program: Box<dyn Program>,
    ) -> Option<Pid> {
        let pid = self.add_proc(0, argv.to_vec(), env, cwd, cred, Task::Program(program)).ok()?;
        self.wire(pid, stdio);
        Some(pid)
    }

    fn wire(&mut self, pid: Pid, stdio: Stdio) {
        let input = match stdio.input {
            Some(InputId(pipe)) => {
                if let Some(p) = self.pipes.get_mut(&pipe) {
                    p.readers += 1;
                }
                OpenKind::PipeRead(pipe)
            }
            None => OpenKind::Dev(Dev::Null),
        };
        let kinds = [input, OpenKind::Sink(stdio.sink, Stream::Out), OpenKind::Sink(stdio.sink, Stream::Err)];
        for (fd, kind) in (0..).zip(kinds) {
            let file = self.add_file(kind, stdio.tty);
            if let Some(proc) = self.procs.get_mut(&pid) {
                proc.fds.insert(fd, file);
            }
        }
    }

    /// Whether the prompt's shell has nothing more to run.
    #[must_use]
    pub fn at_prompt(&self, pid: Pid) -> bool {
        self.procs
            .get(&pid)
            .is_none_or(|p| p.outbox.is_empty() && p.shell().is_none_or(|s| s.idle()) && p.exit.is_none())
    }

    #[must_use]
    pub fn shell(&self, pid: Pid) -> Option<&Shell> {
        self.procs.get(&pid)?.shell()
    }

    pub fn shell_mut(&mut self, pid: Pid) -> Option<&mut Shell> {
        let proc = self.procs.get_mut(&pid)?;
        // What is changed may give it something to do.
        proc.wait = Wait::Ready;
        match &mut proc.task {
            Some(Task::Shell(s)) => Some(s),
            _ => None,
        }
    }

    /// Ctrl-C at a prompt: ends what runs in the foreground, and the rest of the line.
    pub fn interrupt(&mut self, pid: Pid) {
        let jobs: Vec<Pid> = self.shell(pid).map(Shell::background).unwrap_or_default();
        let mut doomed = self.descendants(pid);
        for job in jobs {
            let spared = self.descendants(job);
            doomed.retain(|p| *p != job && !spared.contains(p));
        }
        for p in doomed {
            self.deliver(p, Signal::Int);
        }
        if let Some(proc) = self.procs.get_mut(&pid)
            && let Some(Task::Shell(mut shell)) = proc.task.take()
        {
            shell.abandon(130);
            let saved = shell.take_saved_fds();
            proc.task = Some(Task::Shell(shell));
            proc.wait = Wait::Ready;
            self.restore_fds(pid, saved);
        }
    }

    fn descendants(&self, pid: Pid) -> Vec<Pid> {
        let mut found = vec![pid];
        let mut i = 0;
        while i < found.len() {
            let parent = found[i];
            found.extend(self.procs.values().filter(|p| p.ppid == parent && p.pid != parent).map(|p| p.pid));
            i += 1;
        }
        found.remove(0);
        found
    }

    /// The directory a process works in.
    #[must_use]
    pub fn cwd(&self, pid: Pid) -> Option<&str> {
        self.procs.get(&pid).map(|p| p.cwd.as_str())
    }

    /// The exit code of a process that has ended and was not yet reaped.
    #[must_use]
    pub fn exit_code(&self, pid: Pid) -> Option<i32> {
        self.procs.get(&pid).and_then(|p| p.exit)
    }

    /// Forgets an ended process.
    pub fn reap(&mut self, pid: Pid) {
        if self.exit_code(pid).is_some() {
            self.procs.remove(&pid);
        }
    }

    pub fn processes(&self) -> impl Iterator<Item = &Proc> {
        self.procs.values()
    }

    /// Processes the embedder has to drive: it reads their input, writes their output, ends them.
    #[must_use]
    pub fn externals(&self) -> Vec<External> {
        self.procs
            .values()
            .filter(|p| p.exit.is_none() && matches!(p.task, Some(Task::External)))
            .map(|p| External { pid: p.pid, argv: p.argv.clone(), env: p.env.clone(), cwd: p.cwd.clone() })
            .collect()
    }

    /// Whether an external process is still wanted (it was not killed).
    #[must_use]
    pub fn is_alive(&self, pid: Pid) -> bool {
        self.procs.get(&pid).is_some_and(|p| p.exit.is_none())
    }

    /// Reads for an external process. `Got::Wait` means nothing is there yet.
    pub fn external_read(&mut self, host: &mut dyn Host, pid: Pid, max: usize) -> Got {
        self.with_sys(host, pid, |sys| sys.read(0, max)).unwrap_or(Got::End)
    }

    /// Writes for an external process. All of it is taken; while [`Machine::external_full`], write no more.
    pub fn external_write(&mut self, host: &mut dyn Host, pid: Pid, fd: u32, data: &[u8]) {
        self.with_sys(host, pid, |sys| sys.write(fd, data));
        self.check_pipe_death(pid);
    }

    /// Whether output of an external process still waits for a reader.
    #[must_use]
    pub fn external_full(&self, pid: Pid) -> bool {
        self.procs.get(&pid).is_some_and(|p| !p.outbox.is_empty())
    }

    /// Whether a descriptor of a process leads to a terminal.
    #[must_use]
    pub fn is_tty(&self, pid: Pid, fd: u32) -> bool {
        let file = self.procs.get(&pid).and_then(|p| p.fds.get(&fd));
        file.and_then(|f| self.files.get(f)).is_some_and(|f| f.tty)
    }

    /// Ends an external process; what it wrote is still delivered.
    pub fn external_exit(&mut self, pid: Pid, code: i32) {
        if let Some(proc) = self.procs.get_mut(&pid)
            && proc.exit.is_none()
        {
            proc.exiting = Some(code);
            proc.task = Some(Task::Done);
            proc.wait = Wait::Ready;
        }
    }

    /// A file system view for a process that runs from outside.
    pub fn view<'a>(&'a mut self, host: &'a mut dyn Host, cred: Cred) -> View<'a> {
        let now = host.now();
        View { fs: &mut self.fs, volumes: host.volumes(), cred, now }
    }

    /// Requests to the network that were not yet taken.
    pub fn take_net_requests(&mut self) -> Vec<(u32, NetRequest)> {
        let mut out = Vec::new();
        for (id, call) in &mut self.net {
            if !call.taken {
                call.taken = true;
                out.push((*id, call.request.clone()));
            }
        }
        out
    }

    pub fn answer_net(&mut self, id: u32, answer: NetAnswer) {
        if let Some(call) = self.net.get_mut(&id) {
            call.answer = Some(answer);
        }
    }

    /// Sends a signal. `Kill` ends even process 1.
    pub fn signal(&mut self, pid: Pid, signal: Signal) {
        self.deliver(pid, signal);
    }

    fn deliver(&mut self, pid: Pid, signal: Signal) {
        if let Some(proc) = self.procs.get_mut(&pid)
            && proc.exit.is_none()
        {
            if signal == Signal::Kill {
                self.finish(pid, 128 + Signal::Kill.number());
            } else {
                proc.signals.push(signal);
            }
        }
    }

    /// Ports that processes listen on.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        let mut ports: Vec<u16> = self
            .procs
            .values()
            .filter(|p| p.exit.is_none())
            .flat_map(|p| if let Some(Task::Program(prog)) = &p.task { prog.ports() } else { Vec::new() })
            .collect();
        ports.arrange();
        ports.dedup();
        ports
    }

    fn listener(&self, port: u16) -> Option<Pid> {
        self.procs
            .values()
            .find(|p| {
                p.exit.is_none()
                    && matches!(&p.task, Some(Task::Program(prog)) if prog.ports().contains(&port))
            })
            .map(|p| p.pid)
    }

    fn ask<T>(
        &mut self,
        host: &mut dyn Host,
        port: u16,
        f: impl FnOnce(&mut dyn Program, &mut Sys<'_>) -> Option<T>,
    ) -> Option<T> {
        self.now = host.now();
        let pid = self.listener(port)?;
        let Some(Task::Program(mut program)) = self.procs.get_mut(&pid)?.task.take() else { return None };
        let answer = self.with_sys(host, pid, |sys| f(&mut *program, sys)).flatten();
        if let Some(proc) = self.procs.get_mut(&pid) {
            proc.task = Some(Task::Program(program));
            // It may have something to do about it.
            proc.wait = Wait::Ready;
        }
        answer
    }

    /// Asks whoever listens on `port`; `None` when nobody does or it speaks no HTTP.
    pub fn serve(&mut self, host: &mut dyn Host, port: u16, request: &HttpRequest) -> Option<HttpResponse> {
        self.ask(host, port, |program, sys| program.serve(port, request, sys))
    }

    /// Sends raw bytes to whoever listens on `port`.
    pub fn serve_tcp(&mut self, host: &mut dyn Host, port: u16, data: &[u8]) -> Option<Vec<u8>> {
        self.ask(host, port, |program, sys| program.serve_tcp(port, data, sys))
    }

    /// Runs processes in turn for at most `budget` steps.
    pub fn step(&mut self, budget: u32, host: &mut dyn Host) -> Outcome {
        self.now = host.now();
        self.count();
        let mut left = budget;
        let outcome = self.slice(&mut left, host);
        self.count_slice(budget - left, outcome);
        outcome
    }

    fn slice(&mut self, left: &mut u32, host: &mut dyn Host) -> Outcome {
        loop {
            if let Some(code) = self.exited {
                return Outcome::Exited(code);
            }
            let Some(pid) = self.next_runnable() else {
                return Outcome::Blocked { until: self.next_alarm() };
            };
            if *left == 0 {
                return Outcome::Running;
            }
            self.cursor = pid;
            let mut quantum = QUANTUM.min(*left);
            while quantum > 0 {
                let used = self.run(pid, host).max(1);
                *left = left.saturating_sub(used);
                quantum = quantum.saturating_sub(used);
                if !self.procs.get(&pid).is_some_and(|p| self.ready(p)) {
                    break;
                }
            }
        }
    }

    fn next_runnable(&self) -> Option<Pid> {
        let ready = |(pid, p): (&Pid, &Proc)| self.ready(p).then_some(*pid);
        self.procs
            .range(self.cursor + 1..)
            .find_map(ready)
            .or_else(|| self.procs.range(..=self.cursor).find_map(ready))
    }

    fn next_alarm(&self) -> Option<Time> {
        self.procs
            .values()
            .filter(|p| p.exit.is_none() && p.outbox.is_empty())
            .filter_map(|p| match p.wait {
                Wait::Until(t) | Wait::ReadUntil(_, t) => Some(t),
                _ => None,
            })
            .min()
    }

    fn ready(&self, p: &Proc) -> bool {
        if p.exit.is_some() {
            return false;
        }
        if !p.signals.is_empty() {
            return true;
        }
        if let Some((file, _)) = p.outbox.front() {
            return self.writable(*file);
        }
        if p.exiting.is_some() {
            return true;
        }
        if matches!(p.task, Some(Task::External)) {
            return false;
        }
        match &p.wait {
            Wait::Ready => true,
            Wait::Read(fd) => self.readable(p, *fd),
            Wait::ReadUntil(fd, t) => self.now >= *t || self.readable(p, *fd),
            Wait::Child(Some(pid)) => self.procs.get(pid).is_none_or(|c| c.exit.is_some() || c.ppid != p.pid),
            Wait::Child(None) => {
                let mut children =
                    self.procs.values().filter(|c| c.ppid == p.pid && c.pid != p.pid).peekable();
                children.peek().is_none() || children.any(|c| c.exit.is_some())
            }
            Wait::Until(t) => self.now >= *t,
            Wait::Net(id) => self.net.get(id).is_none_or(|c| c.answer.is_some()),
            Wait::Forever => false,
        }
    }

    fn readable(&self, p: &Proc, fd: u32) -> bool {
        match p.fds.get(&fd).and_then(|f| self.files.get(f)).map(|f| &f.kind) {
            Some(OpenKind::PipeRead(id)) => {
                self.pipes.get(id).is_none_or(|p| !p.data.is_empty() || p.writers == 0 || p.eof_once)
            }
            _ => true,
        }
    }

    fn writable(&self, file: u32) -> bool {
        match self.files.get(&file).map(|f| &f.kind) {
            Some(OpenKind::PipeWrite(id)) => {
                self.pipes.get(id).is_none_or(|p| p.data.len() < PIPE_BYTES || p.readers == 0)
            }
            Some(OpenKind::Sink(id, _)) => self.sinks.get(id).is_none_or(|s| s.bytes < SINK_BYTES),
            _ => true,
        }
    }

    fn with_sys<T>(&mut self, host: &mut dyn Host, pid: Pid, f: impl FnOnce(&mut Sys<'_>) -> T) -> Option<T> {
        self.procs.contains_key(&pid).then(|| f(&mut Sys { m: self, host, pid, charge: 0 }))
    }

    fn add_file(&mut self, kind: OpenKind, tty: bool) -> u32 {
        let id = self.fresh();
        self.files.insert(id, OpenFile { kind, refs: 1, tty });
        id
    }

    fn keep(&mut self, file: u32) {
        if let Some(f) = self.files.get_mut(&file) {
            f.refs += 1;
        }
    }

    fn drop_file(&mut self, file: u32) {
        let Some(f) = self.files.get_mut(&file) else { return };
        f.refs -= 1;
        if f.refs > 0 {
            return;
        }
        let pipe = match f.kind {
            OpenKind::PipeRead(id) => {
                if let Some(p) = self.pipes.get_mut(&id) {
                    p.readers = p.readers.saturating_sub(1);
                }
                Some(id)
            }
            OpenKind::PipeWrite(id) => {
                if let Some(p) = self.pipes.get_mut(&id) {
                    p.writers = p.writers.saturating_sub(1);
                }
                Some(id)
            }
            _ => None,
        };
        self.files.remove(&file);
        if let Some(id) = pipe {
            self.drop_idle_pipe(id);
        }
    }

    fn drop_idle_pipe(&mut self, id: u32) {
        if self.pipes.get(&id).is_some_and(|p| p.readers == 0 && p.writers == 0) {
            self.pipes.remove(&id);
        }
    }

    fn new_pipe(&mut self) -> (u32, u32) {
        let id = self.fresh();
        self.pipes.insert(id, Pipe { readers: 1, writers: 1, ..Pipe::default() });
        (self.add_file(OpenKind::PipeRead(id), false), self.add_file(OpenKind::PipeWrite(id), false))
    }

    /// Seconds since the machine began, for `uptime` and `/proc/uptime`.
    #[must_use]
    pub fn uptime(&self) -> Millis {
        self.now.since(self.booted)
    }

    fn node_program(&mut self, host: &mut dyn Host, path: &str, cred: Cred) -> Result<Found, Errno> {
        let view = View { fs: &mut self.fs, volumes: host.volumes(), cred, now: self.now };
        match view.get(path)? {
            Node::Dir(_) => Err(Errno::Access),
            Node::File(f) => {
                view.access(path, 1)?;
                if let Some(p) = &f.program {
                    return Ok(Found::Program(p.clone()));
                }
                let head = f.read_at(0, 200);
                if let Some(line) = head.strip_prefix(b"#!") {
                    let line =
                        String::from_utf8_lossy(line.split(|b| *b == b'\n').next().unwrap_or_default());
                    let mut parts = line.trim().splitn(2, ' ');
                    let interpreter = parts.next().unwrap_or_default().to_string();
                    return Ok(Found::Script(interpreter, parts.next().map(|a| a.trim().to_string())));
                }
                if head.contains(&0) { Err(Errno::NoExec) } else { Ok(Found::Script("/bin/sh".into(), None)) }
            }
            _ => Err(Errno::Access),
        }
    }
}

enum Found {
    Program(SmolStr),
    Script(String, Option<String>),
}

/// The first directory of `PATH` in which `name` is an executable file.
fn search_path(view: &View<'_>, path: &str, cwd: &str, name: &str) -> Result<String, Errno> {
    let mut error = Errno::NoEntry;
    for dir in path.split(':') {
        let full = join(&join(cwd, dir), name);
        match view.get(&full) {
            Ok(Node::File(_)) => match view.access(&full, 1) {
                Ok(()) => return Ok(full),
                Err(e) => error = e,
            },
            _ => continue,
        }
    }
    Err(error)
}
