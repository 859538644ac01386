//! kubectl in containers: who runs there, and how each goes on.
//!
//! Owns: when it is driven, its way to the API server, what it prints and reads. Does not own: what it does (kubectl), its
//! process (kubelet).
//! Not modelled: ports it would listen on (`proxy`, `port-forward`), editors, authorities it would believe: whoever answers
//! as the API server is it.

mod relived;

use client::Caller;
use client::handle::Mailbox;
use clock::Millis;
use containers::fs::Errno;
use containers::machine::{External, Got, Machine, Stream as Fd, World};
use containers::net::{HttpRequest, NetAnswer, NetError, NetOptions, NetRequest};
use kubectl::FsError;
use kubelet::Outsider;
use objects::{Reason, Status, Str};
use ordered::BTreeMap;
use relived::{Fact, Life, Want};

use std::cell::RefCell;
use std::task::Poll;

use crate::Cluster;
use crate::event_loop::Due;
use crate::port::Desk;

/// From its start to its first request (estimate).
const START_MS: Millis = 60;
/// How often it looks whether what it waits for has come.
const LOOK_MS: Millis = 100;
/// How long Go's client tries to connect.
const DIAL_MS: Millis = 30_000;
/// Bytes of input taken at a time.
const INPUT_BYTES: usize = 64 << 10;

/// The kubectls that run in containers of this cluster. Plain data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Programs {
    all: BTreeMap<u64, Program>,
    next: u64,
}

#[derive(Clone, Debug)]
struct Program {
    /// The kubelet's part, and the process.
    part: usize,
    at: Outsider,
    /// `None` while it is driven.
    run: Option<Box<Run>>,
}

#[derive(Clone, Debug)]
struct Run {
    life: Life,
    desk: Desk,
    /// How the servers it dialled took it.
    dialled: BTreeMap<Str, Result<(), Status>>,
    /// It tries to connect until then.
    dials_until: Option<clock::Time>,
}

/// How far a program has come.
enum Turn {
    Ended(i32),
    /// Its process is gone.
    Gone,
    Waits,
}

/// What the C library calls an error of a file.
#[must_use]
pub fn file_error(e: Errno) -> FsError {
    match e {
        Errno::NoEntry => FsError::NotFound,
        Errno::IsDir => FsError::IsDir,
        Errno::NotDir => FsError::NotDir,
        Errno::Access => FsError::Denied,
        other => FsError::Other(other.text().to_lowercase()),
    }
}

impl Cluster {
    /// Takes up the programs that have begun on a node.
    pub(crate) fn begin_programs(&mut self, part: usize) {
        let Some(k) = self.parts.get_mut(part).and_then(crate::part::Part::kubelet_mut) else { return };
        for (at, external) in k.take_outsiders() {
            if self.programs.all.values().any(|p| p.part == part && p.at == at) {
                continue;
            }
            let id = self.programs.next;
            self.programs.next += 1;
            let run = self.run_of(&at, external);
            self.programs.all.insert(id, Program { part, at, run: Some(Box::new(run)) });
            self.due.set(self.now + START_MS, Due::Program(id));
        }
    }

    fn run_of(&self, at: &Outsider, external: External) -> Run {
        let actor = self.place(&at.pod).map(|(source, _)| source.label()).unwrap_or_default();
        // Without credentials it is nobody in particular.
        let nobody = self.api.authenticate(&client::Credentials::default(), self.now).unwrap_or_default();
        Run {
            life: Life::new(external, self.now),
            desk: Desk::new(Caller { actor, ..nobody }, false),
            dialled: BTreeMap::new(),
            dials_until: None,
        }
    }

    /// Lets a program go on as far as it can.
    pub(crate) fn drive_program(&mut self, id: u64) {
        let Some(program) = self.programs.all.get_mut(&id) else { return };
        let (part, at) = (program.part, program.at.clone());
        let Some(mut run) = program.run.take() else { return };
        // What it does follows from what was noted.
        let noting = std::mem::replace(&mut self.journal.on, false);
        let turn = self.go_on(part, &at, &mut run);
        if !matches!(turn, Turn::Waits) {
            run.desk.close(self);
        }
        self.journal.on = noting;
        match turn {
            Turn::Waits => {
                let wakes = run.dials_until.or(run.desk.sleeps_until());
                let look = self.now + LOOK_MS;
                self.due.set(wakes.map_or(look, |at| at.clamp(self.now + 1, look)), Due::Program(id));
                if let Some(program) = self.programs.all.get_mut(&id) {
                    program.run = Some(run);
                }
            }
            Turn::Ended(code) => {
                self.programs.all.remove(&id);
                let pid = at.pid;
                self.at_outsider(part, &at, |machine, _| machine.external_exit(pid, code));
            }
            Turn::Gone => drop(self.programs.all.remove(&id)),
        }
    }

    fn at_outsider<T>(
        &mut self,
        part: usize,
        at: &Outsider,
        f: impl FnOnce(&mut Machine, &mut World<'_>) -> T,
    ) -> Option<T> {
        self.with_kubelet(part, |k, now| k.with_outsider(at, now, f)).flatten()
    }

    fn go_on(&mut self, part: usize, at: &Outsider, run: &mut Run) -> Turn {
        let pid = at.pid;
        let ttys = self.at_outsider(part, at, |m, _| [m.is_tty(pid, 0), m.is_tty(pid, 1)]);
        let Some(ttys) = ttys else { return Turn::Gone };
        run.life.ttys = ttys;
        'relived: loop {
            let Some(mut living) = run.life.relive() else {
                let text = "simulated: kubectl has run for too long in this container\n";
                self.at_outsider(part, at, |m, w| m.external_write(w, pid, 2, text.as_bytes()));
                return Turn::Ended(1);
            };
            loop {
                for (fd, bytes) in run.life.new_output(&living) {
                    let fd = if fd == Fd::Out { 1 } else { 2 };
                    self.at_outsider(part, at, |m, w| m.external_write(w, pid, fd, &bytes));
                }
                if let Some(want) = living.missed() {
                    let fact = self.at_outsider(part, at, |m, w| look_up(m, w, pid, want));
                    let Some(fact) = fact else { return Turn::Gone };
                    run.life.learn(fact);
                    continue 'relived;
                }
                if let Poll::Ready(code) = living.polled {
                    return Turn::Ended(code);
                }
                let mailbox = living.mailbox();
                run.life.skip_told(&mut living);
                let earlier = std::mem::take(&mut mailbox.borrow_mut().answers);
                let answered = self.serve_program(at, run, &mailbox);
                let new = std::mem::replace(&mut mailbox.borrow_mut().answers, earlier);
                if answered {
                    run.life.hear(&mut living, self.now, new.into_iter().collect());
                    continue;
                }
                if !living.wants_input() {
                    return Turn::Waits;
                }
                let read = self.at_outsider(part, at, |m, w| m.external_read(w, pid, INPUT_BYTES));
                match read {
                    None => return Turn::Gone,
                    Some(Got::Wait) => return Turn::Waits,
                    Some(Got::Data(bytes)) => run.life.take_in(&mut living, self.now, Some(bytes)),
                    Some(Got::End | Got::Failed(_)) => run.life.take_in(&mut living, self.now, None),
                }
            }
        }
    }

    /// Answers what it asks, by way of the network the first time. True when there were answers.
    fn serve_program(&mut self, at: &Outsider, run: &mut Run, mailbox: &RefCell<Mailbox>) -> bool {
        let (server, asks) = {
            let mut m = mailbox.borrow_mut();
            m.now = self.now;
            (m.server.clone(), !m.asks.is_empty() || run.desk.is_waiting())
        };
        if !asks {
            return false;
        }
        if !run.dialled.contains_key(&server) {
            let (taken, lasts) = self.dials(&at.pod, &server);
            if lasts {
                run.dials_until = Some(self.now + DIAL_MS);
            }
            run.dialled.insert(server.clone(), taken);
        }
        if run.dials_until.is_some_and(|until| self.now < until) {
            return false;
        }
        run.dials_until = None;
        run.life.note_told(&mailbox.borrow());
        match run.dialled.get(&server) {
            Some(Err(nobody)) => run.desk.refuse(self.now, nobody, mailbox),
            _ => run.desk.serve(self, mailbox),
        }
    }

    /// Whether the API server answers a pod at this address; and whether the pod waits long to learn that it does not.
    fn dials(&mut self, pod: &str, server: &str) -> (Result<(), Status>, bool) {
        let unreachable = |why: String| Err(Status::new(Reason::Unreachable, why));
        let (tls, rest) = match server.split_once("://") {
            Some((scheme, rest)) => (scheme == "https", rest),
            None => (false, server),
        };
        let at = rest.split('/').next().unwrap_or_default();
        let (host, port) = at.rsplit_once(':').unwrap_or((at, if tls { "443" } else { "80" }));
        let Some((source, files)) = self.place(pod) else { return (Ok(()), false) };
        let headers = vec![("host".to_owned(), at.to_owned())];
        let request = HttpRequest { headers, ..HttpRequest::get("/api") };
        let port = port.parse().unwrap_or_default();
        let request = NetRequest::Http { host: host.to_owned(), port, tls, request };
        let options = NetOptions { total_ms: Some(DIAL_MS), ..NetOptions::default() };
        let request = NetRequest::With { options: Box::new(options), request: Box::new(request) };
        let (answer, path) = self.ask_from(&source, &request, &files);
        self.net.keep_path(path);
        let NetAnswer::Failed { address, error } = answer else {
            let is_server = matches!(&answer, NetAnswer::Http { response, .. }
                if response.certificate.as_ref().is_some_and(|c| c.subject == "CN=kube-apiserver"));
            let other = "the server could not find the requested resource";
            return (if is_server { Ok(()) } else { Err(Status::new(Reason::NotFound, other)) }, false);
        };
        let full = format!("{}:{port}", address.as_deref().unwrap_or(host));
        match error {
            NetError::Refused => {
                let why = "was refused - did you specify the right host or port?";
                (unreachable(format!("The connection to the server {at} {why}")), false)
            }
            NetError::TimedOut | NetError::Slow => {
                (unreachable(format!("Unable to connect to the server: dial tcp {full}: i/o timeout")), true)
            }
            other => {
                let why = crate::webhooks::failure(&other, host, &full);
                (unreachable(format!("Unable to connect to the server: {why}")), false)
            }
        }
    }
}

/// What a program asks of its machine's files.
fn look_up(machine: &mut Machine, world: &mut World<'_>, pid: u32, want: Want) -> Fact {
    let mut view = machine.view_of(world, pid);
    match want {
        Want::Read(path) => Fact::Read(view.read(&path).map_err(file_error)),
        Want::List(path) => {
            let names =
                view.list(&path).map(|all| all.into_iter().map(|(name, _)| name.to_string()).collect());
            Fact::List(names.map_err(file_error))
        }
        Want::IsDir(path) => Fact::IsDir(view.is_dir(&path)),
        Want::Write(path, bytes) => {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let made = if folder.is_empty() { Ok(()) } else { view.mkdir_all(folder, 0o755) };
            Fact::Done(made.and_then(|()| view.write(&path, &bytes)).map_err(file_error))
        }
        Want::Remove(path) => Fact::Done(view.unlink(&path).map_err(file_error)),
    }
}
