//! The outside end of a program's [`Handle`]: takes its asks to the cluster and brings the answers.

use ordered::BTreeMap;
use std::cell::RefCell;
use std::rc::Rc;

use apiserver::WatchCursor;
use client::handle::{Answer, Ask, Frame, Handle, Mailbox, Ticket};
use client::{Caller, Request};
use clock::Time;
use objects::{Reason, Status};

use crate::Cluster;

/// Serves one handle in the name of one caller.
#[derive(Debug)]
pub struct Port {
    mailbox: Rc<RefCell<Mailbox>>,
    desk: Desk,
}

/// What is kept for a program between its asks. Plain data: the mailbox may be another one each time.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    caller: Caller,
    /// The program runs on the learner's machine, whose ports it may listen on.
    is_learners: bool,
    /// Asks that the cluster's present can't answer yet.
    waiting: BTreeMap<Ticket, Ask>,
    watches: BTreeMap<u64, WatchCursor>,
    /// Our number of a stream to the cluster's.
    streams: BTreeMap<u64, u64>,
    next_id: u64,
}

impl Port {
    /// A port for a new program of `caller`, and the handle to give it.
    #[must_use]
    pub fn new(caller: Caller) -> (Self, Handle) {
        let handle = Handle::default();
        (Self { mailbox: handle.mailbox(), desk: Desk::new(caller, true) }, handle)
    }

    /// Answers what can be answered now. True when at least one answer was given: poll the program again.
    pub fn serve(&mut self, cluster: &mut Cluster) -> bool {
        let server = {
            let mut m = self.mailbox.borrow_mut();
            m.now = cluster.now();
            if cluster.has_members() && m.clusters.is_empty() {
                m.clusters = cluster.clusters_known();
            }
            m.server.clone()
        };
        let (desk, mailbox) = (&mut self.desk, &self.mailbox);
        if server.is_empty() {
            return desk.serve(cluster, mailbox);
        }
        match cluster.at_server(&server) {
            Ok(name) if name == cluster.config().name => desk.serve(cluster, mailbox),
            Ok(name) => cluster.with_cluster(&name, |c| desk.serve(c, mailbox)).unwrap_or(false),
            Err(nobody) => desk.refuse(cluster.now(), &nobody, mailbox),
        }
    }

    /// The earliest instant the program sleeps for: time must reach it for the program to go on.
    #[must_use]
    pub fn sleeps_until(&self) -> Option<Time> {
        self.desk.sleeps_until()
    }
}

impl Desk {
    pub(crate) fn new(caller: Caller, is_learners: bool) -> Self {
        Self {
            caller,
            is_learners,
            waiting: BTreeMap::new(),
            watches: BTreeMap::new(),
            streams: BTreeMap::new(),
            next_id: 1,
        }
    }

    /// Whether the program has asked for something that has not come.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Nobody answers: what has an end in time alone is answered still.
    pub(crate) fn refuse(&mut self, now: Time, nobody: &Status, mailbox: &RefCell<Mailbox>) -> bool {
        let mut m = mailbox.borrow_mut();
        self.waiting.extend(std::mem::take(&mut m.asks));
        for ticket in std::mem::take(&mut m.dropped) {
            self.waiting.remove(&ticket);
            m.answers.remove(&ticket);
        }
        let mut answered = false;
        for (ticket, ask) in std::mem::take(&mut self.waiting) {
            let answer = match &ask {
                Ask::Call(_) => Answer::Response(Box::new(Err(nobody.clone()))),
                Ask::Watch(_) | Ask::Connect(_) => Answer::Opened(Err(nobody.clone())),
                Ask::NextEvent(_) => Answer::Event(None),
                Ask::NextFrame(_) => Answer::Frame(None),
                Ask::Sleep(until) if now >= *until => Answer::Slept,
                Ask::Sleep(_) => {
                    self.waiting.insert(ticket, ask);
                    continue;
                }
            };
            m.answers.insert(ticket, answer);
            answered = true;
        }
        answered
    }

    /// Answers what this cluster can answer now. True when at least one answer was given.
    pub(crate) fn serve(&mut self, cluster: &mut Cluster, mailbox: &RefCell<Mailbox>) -> bool {
        let (sent, closed) = {
            let mut m = mailbox.borrow_mut();
            // One asked and dropped since the last time would take an answer that another waits for.
            self.waiting.extend(std::mem::take(&mut m.asks));
            for ticket in std::mem::take(&mut m.dropped) {
                self.waiting.remove(&ticket);
                m.answers.remove(&ticket);
            }
            let closed = std::mem::take(&mut m.closed);
            (std::mem::take(&mut m.sent), closed)
        };
        for id in closed {
            self.watches.remove(&id);
            if let Some(stream) = self.streams.remove(&id) {
                cluster.close_stream(stream);
            }
        }
        for (id, frame) in sent {
            if let Some(stream) = self.streams.get(&id) {
                cluster.send_stream(*stream, frame);
            }
        }
        let tickets: Vec<Ticket> = self.waiting.keys().copied().collect();
        let mut answered = false;
        for ticket in tickets {
            let Some(ask) = self.waiting.remove(&ticket) else { continue };
            match self.answer(cluster, &ask) {
                Some(answer) => {
                    mailbox.borrow_mut().answers.insert(ticket, answer);
                    answered = true;
                }
                None => drop(self.waiting.insert(ticket, ask)),
            }
        }
        answered
    }

    fn answer(&mut self, cluster: &mut Cluster, ask: &Ask) -> Option<Answer> {
        match ask {
            Ask::Call(request) => {
                Some(Answer::Response(Box::new(cluster.request(&self.caller, (**request).clone()))))
            }
            Ask::Watch(request) => {
                let reached = cluster.reach_from("").check(&cluster.server_address());
                let opened = reached.and_then(|()| {
                    cluster.api().open_watch(&self.caller, (**request).clone(), cluster.now())
                });
                Some(Answer::Opened(opened.map(|cursor| {
                    let id = self.id();
                    self.watches.insert(id, cursor);
                    id
                })))
            }
            // A server that is gone takes its watches with it.
            Ask::NextEvent(_) if cluster.reach_from("") != crate::components::Reach::Served => {
                Some(Answer::Event(None))
            }
            Ask::NextEvent(id) => match self.watches.get_mut(id) {
                Some(cursor) => match cluster.poll_watch(cursor) {
                    Some(event) => Some(Answer::Event(Some(event))),
                    None => cursor.is_over(cluster.now()).then_some(Answer::Event(None)),
                },
                None => Some(Answer::Event(None)),
            },
            Ask::Connect(request) if !self.is_learners && listens(request) => {
                let why = "simulated: kubectl listens on no port of a container";
                Some(Answer::Opened(Err(Status::new(Reason::Unknown, why))))
            }
            Ask::Connect(request) => {
                let opened = cluster.open_stream(&self.caller, request);
                Some(Answer::Opened(opened.map(|stream| {
                    let id = self.id();
                    self.streams.insert(id, stream);
                    id
                })))
            }
            Ask::NextFrame(id) => match self.streams.get(id) {
                Some(stream) => cluster.poll_stream(*stream).map(Answer::Frame),
                None => Some(Answer::Frame(None::<Frame>)),
            },
            Ask::Sleep(until) => (cluster.now() >= *until).then_some(Answer::Slept),
        }
    }

    fn id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// The earliest instant the program sleeps for.
    pub(crate) fn sleeps_until(&self) -> Option<Time> {
        self.waiting.values().filter_map(|ask| if let Ask::Sleep(t) = ask { Some(*t) } else { None }).min()
    }

    /// The program is gone.
    pub(crate) fn close(&mut self, cluster: &mut Cluster) {
        for stream in std::mem::take(&mut self.streams).into_values() {
            cluster.close_stream(stream);
        }
    }
}

/// Whether a stream is ports of the machine that asks for it.
fn listens(request: &Request) -> bool {
    request.resource.is_empty() || request.subresource == "portforward"
}
