//! A program whose state is what it was told.
//!
//! kubectl is a future, which nobody can copy; a cluster is plain data, which is copied at any instant. So what is kept of
//! a run is its arguments and everything it heard since, in order. Each time it goes on it lives through that again,
//! without printing what it has printed, and comes to the same point.
//!
//! Owns: this record, and the machine as the program sees it. Does not own: where answers come from (`programs`).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use client::Handle;
use client::handle::{Answer, Mailbox, Ticket};
use clock::Time;
use containers::machine::{External, Stream as Fd};
use kubectl::io::LocalFuture;
use kubectl::{FsError, Io};

/// Times it may hear something: each of them is lived through again whenever it goes on.
const HEARD_MAX: usize = 4_000;
/// Bytes of files and input it may take.
const TAKEN_MAX: usize = 16 << 20;

/// Something it asks of its machine's files.
#[derive(Clone, Debug)]
pub(super) enum Want {
    Read(String),
    List(String),
    IsDir(String),
    Write(String, Vec<u8>),
    Remove(String),
}

/// What came of it.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    Read(Result<Vec<u8>, FsError>),
    List(Result<Vec<String>, FsError>),
    IsDir(bool),
    Done(Result<(), FsError>),
}

/// What it heard at one instant, before it went on.
#[derive(Clone, Debug)]
struct Heard {
    now: Time,
    answers: Vec<(Ticket, Answer)>,
    /// In the order it asked.
    facts: Vec<Fact>,
    input: Option<Option<Vec<u8>>>,
}

/// One run, from its start on.
#[derive(Clone, Debug)]
pub(super) struct Life {
    program: External,
    /// Never empty.
    heard: Vec<Heard>,
    /// Bytes of files and input.
    taken: usize,
    /// Whether its input and its output are terminals.
    pub(super) ttys: [bool; 2],
    /// How much it has printed, asked, sent and closed already: pieces.
    printed: usize,
    asked: Ticket,
    sent: usize,
    closed: usize,
}

/// A run that has come to the end of what it heard.
pub(super) struct Living {
    future: LocalFuture<'static, i32>,
    stage: Rc<Stage>,
    handle: Handle,
    pub(super) polled: Poll<i32>,
    /// What this mailbox holds from before has been taken out of it.
    trimmed: bool,
}

impl Living {
    fn poll(&mut self, heard: &Heard) {
        {
            let mailbox = self.handle.mailbox();
            let mut m = mailbox.borrow_mut();
            m.now = heard.now;
            m.answers.extend(heard.answers.iter().cloned());
            let mut seen = self.stage.seen.borrow_mut();
            seen.facts.extend(heard.facts.iter().cloned());
            seen.input.extend(heard.input.iter().cloned());
            seen.wants_input = false;
        }
        self.polled = self.future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }

    pub(super) fn mailbox(&self) -> Rc<RefCell<Mailbox>> {
        self.handle.mailbox()
    }

    /// What it asked of its files and nobody has told it: the rest of what it did means nothing.
    pub(super) fn missed(&self) -> Option<Want> {
        self.stage.seen.borrow().missed.clone()
    }

    pub(super) fn wants_input(&self) -> bool {
        self.stage.seen.borrow().wants_input
    }
}

impl Life {
    pub(super) fn new(program: External, now: Time) -> Self {
        let heard = vec![Heard { now, answers: Vec::new(), facts: Vec::new(), input: None }];
        Self { program, heard, taken: 0, ttys: [false; 2], printed: 0, asked: 0, sent: 0, closed: 0 }
    }

    /// Brings it to where it was; `None` when it has heard too much.
    pub(super) fn relive(&self) -> Option<Living> {
        if self.heard.len() > HEARD_MAX || self.taken > TAKEN_MAX {
            return None;
        }
        let stage =
            Rc::new(Stage { program: self.program.clone(), ttys: self.ttys, seen: RefCell::default() });
        let handle = Handle::default();
        let argv = self.program.argv.iter().skip(1).cloned().collect();
        let (io, client) = (stage.clone(), handle.clone());
        let future: LocalFuture<'static, i32> = Box::pin(async move { kubectl::run(argv, io, client).await });
        let mut living = Living { future, stage, handle, polled: Poll::Pending, trimmed: false };
        for heard in &self.heard {
            living.poll(heard);
            if living.polled.is_ready() || living.missed().is_some() {
                break;
            }
        }
        Some(living)
    }

    /// What it has printed since the last time.
    pub(super) fn new_output(&mut self, living: &Living) -> Vec<(Fd, Vec<u8>)> {
        let seen = living.stage.seen.borrow();
        let new = seen.printed.get(self.printed..).unwrap_or_default().to_vec();
        self.printed = self.printed.max(seen.printed.len());
        new
    }

    /// Takes what it asked, sent and closed before out of its mailbox.
    pub(super) fn skip_told(&self, living: &mut Living) {
        let mailbox = living.mailbox();
        let mut m = mailbox.borrow_mut();
        if !std::mem::replace(&mut living.trimmed, true) {
            m.asks.retain(|(ticket, _)| *ticket >= self.asked);
            let (sent, closed) = (self.sent.min(m.sent.len()), self.closed.min(m.closed.len()));
            m.sent.drain(..sent);
            m.closed.drain(..closed);
        }
    }

    /// What lies in its mailbox is taken now.
    pub(super) fn note_told(&mut self, m: &Mailbox) {
        self.asked = m.asks.back().map_or(self.asked, |(ticket, _)| ticket + 1);
        self.sent += m.sent.len();
        self.closed += m.closed.len();
    }

    /// It learns what came of its last want, and begins anew.
    pub(super) fn learn(&mut self, fact: Fact) {
        self.taken += match &fact {
            Fact::Read(Ok(bytes)) => bytes.len(),
            _ => 0,
        };
        if let Some(last) = self.heard.last_mut() {
            last.facts.push(fact);
        }
    }

    /// It hears answers, and goes on.
    pub(super) fn hear(&mut self, living: &mut Living, now: Time, answers: Vec<(Ticket, Answer)>) {
        self.go_on(living, Heard { now, answers, facts: Vec::new(), input: None });
    }

    /// It takes a piece of its input, or its end, and goes on.
    pub(super) fn take_in(&mut self, living: &mut Living, now: Time, input: Option<Vec<u8>>) {
        self.taken += input.as_ref().map_or(0, Vec::len);
        self.go_on(living, Heard { now, answers: Vec::new(), facts: Vec::new(), input: Some(input) });
    }

    fn go_on(&mut self, living: &mut Living, heard: Heard) {
        living.poll(&heard);
        self.heard.push(heard);
    }
}

/// The machine as the program sees it: it knows of files what it was told.
struct Stage {
    program: External,
    ttys: [bool; 2],
    seen: RefCell<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Not asked for yet, in order.
    facts: VecDeque<Fact>,
    input: VecDeque<Option<Vec<u8>>>,
    printed: Vec<(Fd, Vec<u8>)>,
    missed: Option<Want>,
    wants_input: bool,
}

impl Stage {
    /// The next fact; without one, what is wanted is noted.
    fn ask(&self, want: Want) -> Option<Fact> {
        let mut seen = self.seen.borrow_mut();
        if seen.missed.is_some() {
            return None;
        }
        let fact = seen.facts.pop_front();
        if fact.is_none() {
            seen.missed = Some(want);
        }
        fact
    }

    fn print(&self, fd: Fd, bytes: &[u8]) {
        let mut seen = self.seen.borrow_mut();
        if seen.missed.is_none() && !bytes.is_empty() {
            seen.printed.push((fd, bytes.to_vec()));
        }
    }

    fn path(&self, path: &str) -> String {
        containers::fs::join(&self.program.cwd, path)
    }
}

impl Io for Stage {
    fn out(&self, bytes: &[u8]) {
        self.print(Fd::Out, bytes);
    }

    fn err(&self, bytes: &[u8]) {
        self.print(Fd::Err, bytes);
    }

    fn stdin(&self) -> LocalFuture<'_, Vec<u8>> {
        Box::pin(async move {
            let mut all = Vec::new();
            while let Some(bytes) = self.stdin_chunk().await {
                all.extend(bytes);
            }
            all
        })
    }

    fn stdin_chunk(&self) -> LocalFuture<'_, Option<Vec<u8>>> {
        Box::pin(poll_fn(|_| {
            let mut seen = self.seen.borrow_mut();
            match seen.input.pop_front() {
                Some(piece) => Poll::Ready(piece),
                None => {
                    seen.wants_input = true;
                    Poll::Pending
                }
            }
        }))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FsError> {
        match self.ask(Want::Read(self.path(path))) {
            Some(Fact::Read(read)) => read,
            _ => Err(FsError::NotFound),
        }
    }

    fn list(&self, path: &str) -> Result<Vec<String>, FsError> {
        match self.ask(Want::List(self.path(path))) {
            Some(Fact::List(names)) => names,
            _ => Err(FsError::NotFound),
        }
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), FsError> {
        match self.ask(Want::Write(self.path(path), bytes.to_vec())) {
            Some(Fact::Done(done)) => done,
            _ => Ok(()),
        }
    }

    fn remove(&self, path: &str) -> Result<(), FsError> {
        match self.ask(Want::Remove(self.path(path))) {
            Some(Fact::Done(done)) => done,
            _ => Ok(()),
        }
    }

    fn is_dir(&self, path: &str) -> bool {
        matches!(self.ask(Want::IsDir(self.path(path))), Some(Fact::IsDir(true)))
    }

    fn absolute(&self, path: &str) -> String {
        self.path(path)
    }

    fn env(&self, name: &str) -> Option<String> {
        self.program.env.get(name).cloned()
    }

    fn run_editor<'a>(&'a self, command: &'a str, _: &'a str) -> LocalFuture<'a, Result<i32, String>> {
        Box::pin(async move { Err(format!("simulated: {command} is not run for kubectl in a container")) })
    }

    fn stdin_is_tty(&self) -> bool {
        self.ttys[0]
    }

    fn stdout_is_tty(&self) -> bool {
        self.ttys[1]
    }
}
