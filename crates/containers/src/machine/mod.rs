//! The small kernel under a container, or under the learner's prompt: processes, files and pipes as plain data.
//!
//! Owns: the process table, open files, pipes with bounded buffers, signals, and who runs next.
//! Does not own: volumes, the clock, commands the embedder provides, the network: see [`Host`].
//! Not modelled: job control by terminal groups, stopping with SIGSTOP, threads, named pipes between containers or opened
//! for both ways.

mod fellows;
mod outside;
mod ready;
mod serving;

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

use crate::fs::{Cred, Dev, Errno, Fs, Node, Root, View, Volumes, join};
use crate::net::{HttpRequest, HttpResponse, NetAnswer, NetRequest};
use crate::shell::{Dialect, Shell};

pub use fellows::{Fellow, Parting, Seen};
pub(crate) use process::Task;
pub use process::{Env, ExecError, Proc};
pub use signal::{Reaction, Signal};
pub use sys::{Got, Open, Sys};
pub use usage::{Appetite, NodeSize, Usage};

pub type Pid = u32;

/// Bytes a pipe holds before its writers wait.
pub const PIPE_BYTES: usize = 65_536;
/// Bytes that the embedder may feed ahead of who reads them: a file copied in comes whole.
const FED_BYTES: usize = 4 << 20;
/// Bytes of output that may wait for the embedder before their writers wait.
const SINK_BYTES: usize = 1 << 20;
/// Processes one machine may have.
const PROCS_MAX: usize = 200;
/// What a runtime lets a container's root do, as bits of capabilities(7).
const CAPABILITIES: u64 = 0xa804_25fb;
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

/// What a machine sees of an embedder that keeps its volumes, at one instant.
pub struct World<'a> {
    pub now: Time,
    pub volumes: &'a mut Volumes,
}

impl Host for World<'_> {
    fn now(&self) -> Time {
        self.now
    }
    fn volumes(&mut self) -> &mut Volumes {
        self.volumes
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
    /// Rows and columns of the terminal it is, once it was resized.
    window: Option<(u16, u16)>,
}

#[derive(Clone, Debug, Default)]
struct Pipe {
    data: VecDeque<u8>,
    readers: u32,
    writers: u32,
    /// A terminal's end of input (Ctrl-D): given once to a reader that finds no data.
    eof_once: bool,
    /// A named pipe with a reader to which no writer has come yet: its end is not the end.
    awaited: bool,
    /// A named pipe to whose writers no reader has come yet: it takes nothing. If they leave, the reader finds its end.
    unread: bool,
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
    /// The terminal it leads to, by where its output gathers.
    tty: Option<SinkId>,
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
    /// The number of its own process, with which all others end.
    first: Pid,
    /// Who else is in its process namespace, during a step.
    company: Option<Box<fellows::Company>>,
    cursor: Pid,
    rng: Rng,
    now: Time,
    booted: Time,
    exited: Option<i32>,
    /// A namespace's process 1 ignores signals it has no handler for.
    pub guard_init: bool,
    /// What its root may do, as bits of capabilities(7): told, not acted on.
    pub capabilities: u64,
    /// What servers know of the image they came in.
    pub image: ImageFacts,
    /// The node below it.
    pub node: NodeSize,
    /// Thousandths of a core it may use at most.
    pub cpu_limit_millis: Option<u32>,
    meter: usage::Meter,
    /// Ports taken by other machines on the same network: those of the pod's other containers.
    pub taken: Vec<u16>,
    /// It is in a cluster: the embedder drives the clients of the API server that images hold (kubectl), as
    /// [`Machine::externals`].
    pub in_cluster: bool,
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
            first: 1,
            company: None,
            cursor: 0,
            rng: Rng::new(seed),
            now,
            booted: now,
            exited: None,
            guard_init: false,
            capabilities: CAPABILITIES,
            image: ImageFacts { known: true, ..ImageFacts::default() },
            taken: Vec::new(),
            in_cluster: false,
            node: NodeSize::default(),
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
                self.end_hoarder(pid);
                *left = left.saturating_sub(used);
                quantum = quantum.saturating_sub(used);
                if !self.procs.get(&pid).is_some_and(|p| self.ready(p)) {
                    break;
                }
            }
        }
    }

    fn with_sys<T>(&mut self, host: &mut dyn Host, pid: Pid, f: impl FnOnce(&mut Sys<'_>) -> T) -> Option<T> {
        self.procs.contains_key(&pid).then(|| f(&mut Sys { m: self, host, pid, charge: 0 }))
    }

    fn add_file(&mut self, kind: OpenKind, tty: Option<SinkId>) -> u32 {
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
        if self.pipes.get(&id).is_some_and(|p| p.readers == 0 && p.writers == 0 && !p.unread) {
            self.pipes.remove(&id);
        }
    }

    fn new_pipe(&mut self) -> (u32, u32) {
        let id = self.fresh();
        self.pipes.insert(id, Pipe { readers: 1, writers: 1, ..Pipe::default() });
        (self.add_file(OpenKind::PipeRead(id), None), self.add_file(OpenKind::PipeWrite(id), None))
    }

    /// Seconds since the machine began, for `uptime` and `/proc/uptime`.
    /// How long the node has been up: since the beginning of time.
    #[must_use]
    pub fn node_uptime(&self) -> Millis {
        self.now.since(Time::EPOCH)
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    #[must_use]
    pub fn uptime(&self) -> Millis {
        self.now.since(self.booted)
    }

    fn node_program(
        &mut self,
        host: &mut dyn Host,
        path: &str,
        cred: Cred,
        root: &Root,
    ) -> Result<Found, Errno> {
        let view =
            View { root: root.clone(), fs: &mut self.fs, volumes: host.volumes(), cred, now: self.now };
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
