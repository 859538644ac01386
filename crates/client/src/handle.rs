//! The API server as kubectl and other programs outside the cluster reach it: they wait for answers.
//!
//! A program is a Rust future without threads or wakers. It puts what it asks into a shared mailbox and is polled
//! again when the mailbox holds an answer. Whoever drives the program (the terminal's session, the native binary)
//! owns the cluster: it takes the asks, answers at once what can be answered, and keeps the rest until the cluster
//! has moved on.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use clock::{Millis, Time};
use objects::{Status, Str, Value};

use crate::{Credentials, Request, Response};

/// Names one ask within its mailbox.
pub type Ticket = u64;

/// Something a program waits for.
#[derive(Clone, Debug)]
pub enum Ask {
    Call(Box<Request>),
    /// Opens a watch; answered with [`Answer::Opened`] or a refusal.
    Watch(Box<Request>),
    /// The next event of an open watch.
    NextEvent(u64),
    /// Opens a stream (log, exec, attach, port-forward; for the path `/`, the port of `kubectl proxy`); answered with [`Answer::Opened`] or a refusal.
    Connect(Box<Request>),
    /// The next frame of an open stream.
    NextFrame(u64),
    /// Until this instant of virtual time.
    Sleep(Time),
}

/// One event of a watch: its type (`ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK`, `ERROR`) and the object (or `Table`).
#[derive(Clone, Debug)]
pub struct WatchEvent {
    pub kind: Str,
    pub object: Value,
}

/// One piece of a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    Stdin(Vec<u8>),
    StdinClosed,
    /// The reader's terminal has this size now.
    Window {
        rows: u16,
        columns: u16,
    },
    /// The next of the ports asked for that the client's machine listens on; 0: somebody else does.
    Listens(u16),
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    /// The remote process ended with this code.
    Exit(i32),
}

#[derive(Clone, Debug)]
pub enum Answer {
    Response(Box<Result<Response, Status>>),
    Opened(Result<u64, Status>),
    /// `None`: the watch has ended.
    Event(Option<WatchEvent>),
    /// `None`: the stream has ended.
    Frame(Option<Frame>),
    Slept,
}

/// Asks and answers between a program and its driver.
#[derive(Debug, Default)]
pub struct Mailbox {
    /// Asks that the driver has not taken yet, in order.
    pub asks: VecDeque<(Ticket, Ask)>,
    pub answers: BTreeMap<Ticket, Answer>,
    /// Asks whose program gave up waiting: the driver forgets them.
    pub dropped: Vec<Ticket>,
    /// Watches and streams that the program has closed.
    pub closed: Vec<u64>,
    /// Frames the program sends into open streams.
    pub sent: VecDeque<(u64, Frame)>,
    /// The driver keeps this at the cluster's now.
    pub now: Time,
    /// The server that the program talks to, as its kubeconfig names it; empty: the first there is.
    pub server: Str,
    /// What says who the program is; `None`: the driver knows.
    pub credentials: Option<Arc<Credentials>>,
    /// Clusters that a new machine knows of, by name and server, where there are several.
    pub clusters: Vec<(Str, Str)>,
    next_ticket: Ticket,
}

/// A program's end of the mailbox. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Handle {
    mailbox: Rc<RefCell<Mailbox>>,
}

impl Handle {
    /// The mailbox, for the driver.
    #[must_use]
    pub fn mailbox(&self) -> Rc<RefCell<Mailbox>> {
        self.mailbox.clone()
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.mailbox.borrow().now
    }

    /// From here on what is asked goes to this server.
    pub fn dial(&self, server: &str) {
        self.mailbox.borrow_mut().server = server.into();
    }

    /// From here on what is asked brings these.
    pub fn identify(&self, credentials: Arc<Credentials>) {
        self.mailbox.borrow_mut().credentials = Some(credentials);
    }

    fn sent(&self, mut request: Request) -> Box<Request> {
        request.options.credentials.clone_from(&self.mailbox.borrow().credentials);
        Box::new(request)
    }

    /// Clusters that a new machine knows of, by name and server: none where there is one only.
    #[must_use]
    pub fn clusters(&self) -> Vec<(Str, Str)> {
        self.mailbox.borrow().clusters.clone()
    }

    /// # Errors
    /// The server's refusal.
    pub async fn call(&self, request: Request) -> Result<Response, Status> {
        match self.ask(Ask::Call(self.sent(request))).await {
            Answer::Response(r) => *r,
            other => Err(mismatch(&other)),
        }
    }

    /// # Errors
    /// The server's refusal.
    pub async fn watch(&self, request: Request) -> Result<Watch, Status> {
        match self.ask(Ask::Watch(self.sent(request))).await {
            Answer::Opened(r) => r.map(|id| Watch { handle: self.clone(), id }),
            other => Err(mismatch(&other)),
        }
    }

    /// # Errors
    /// The server's refusal.
    pub async fn connect(&self, request: Request) -> Result<Stream, Status> {
        match self.ask(Ask::Connect(self.sent(request))).await {
            Answer::Opened(r) => r.map(|id| Stream { handle: self.clone(), id }),
            other => Err(mismatch(&other)),
        }
    }

    /// Waits for `span` of virtual time.
    pub async fn sleep(&self, span: Millis) {
        let until = self.now() + span;
        self.ask(Ask::Sleep(until)).await;
    }

    fn ask(&self, ask: Ask) -> Waiting {
        let mut m = self.mailbox.borrow_mut();
        let ticket = m.next_ticket;
        m.next_ticket += 1;
        m.asks.push_back((ticket, ask));
        Waiting { mailbox: self.mailbox.clone(), ticket, done: false }
    }
}

fn mismatch(answer: &Answer) -> Status {
    Status::new(objects::Reason::InternalError, format!("unexpected answer {answer:?}"))
}

/// An open watch; dropping it closes it.
#[derive(Debug)]
pub struct Watch {
    handle: Handle,
    id: u64,
}

impl Watch {
    /// The next event, `None` when the server has ended the watch.
    pub async fn next(&mut self) -> Option<WatchEvent> {
        match self.handle.ask(Ask::NextEvent(self.id)).await {
            Answer::Event(e) => e,
            _ => None,
        }
    }

    /// The next event, or `Err` when `span` of virtual time has passed without one.
    ///
    /// # Errors
    /// `TimedOut` after `span`.
    pub async fn next_within(&mut self, span: Millis) -> Result<Option<WatchEvent>, TimedOut> {
        let until = self.handle.now() + span;
        let event = self.handle.ask(Ask::NextEvent(self.id));
        let sleep = self.handle.ask(Ask::Sleep(until));
        match First(event, sleep).await {
            Answer::Event(e) => Ok(e),
            _ => Err(TimedOut),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.handle.mailbox.borrow_mut().closed.push(self.id);
    }
}

/// The span of a `next_within` has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut;

/// An open stream; dropping it closes it.
#[derive(Debug)]
pub struct Stream {
    handle: Handle,
    id: u64,
}

impl Stream {
    /// The next frame, `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<Frame> {
        match self.handle.ask(Ask::NextFrame(self.id)).await {
            Answer::Frame(f) => f,
            _ => None,
        }
    }

    pub fn send(&self, frame: Frame) {
        self.handle.mailbox.borrow_mut().sent.push_back((self.id, frame));
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.handle.mailbox.borrow_mut().closed.push(self.id);
    }
}

/// Waits for one answer; dropped early, it tells the driver to forget the ask.
struct Waiting {
    mailbox: Rc<RefCell<Mailbox>>,
    ticket: Ticket,
    done: bool,
}

impl Future for Waiting {
    type Output = Answer;
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Answer> {
        let answer = self.mailbox.borrow_mut().answers.remove(&self.ticket);
        match answer {
            Some(a) => {
                self.done = true;
                Poll::Ready(a)
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.done {
            self.mailbox.borrow_mut().dropped.push(self.ticket);
        }
    }
}

/// Whichever of two is answered first; the other is dropped.
struct First(Waiting, Waiting);

impl Future for First {
    type Output = Answer;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        if let Poll::Ready(a) = Pin::new(&mut self.0).poll(cx) {
            return Poll::Ready(a);
        }
        Pin::new(&mut self.1).poll(cx)
    }
}
