//! What came from outside the cluster, and between which two of its events: with a snapshot, all that is needed to
//! live through the same time again.
//!
//! Owns: the list of inputs since the last look, doing one of them again, streams and pauses as inputs.
//! Does not own: snapshots and seeking (`history`).
//!
//! Invariant: whatever changes a cluster is either an event of its own queue or one of these inputs. A new way in
//! from outside (`&mut self`) must be noted here, or replays go astray.

use client::handle::Frame;
use client::{Caller, Request, Verb};
use clock::Time;
use containers::net::{HttpRequest, NetRequest};
use network::{Files, Source};
use objects::{Status, Str};

use crate::Cluster;
use crate::load::Profile;
use crate::stream::Stream;

/// One thing done to the cluster from outside.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    Request(Box<(Caller, Request)>),
    Open(Box<(Caller, Request)>),
    Send(u64, Frame),
    Poll(u64),
    Close(u64),
    /// A controller of the manager is held, or let go.
    Hold(Str, bool),
    /// A held controller does one unit of work.
    Nudge(Str),
    /// Somebody begins to send requests.
    StartLoad(Box<Profile>),
    /// They stop.
    StopLoad(Str),
    /// Somebody outside asks the network.
    Ask(Box<(Source, NetRequest, Files)>),
    Fault(Box<crate::faults::Fault>),
    /// A machine joins.
    Join(Box<crate::NodeConfig>),
    /// A group of nodes that an autoscaler looks after.
    Group(Box<cloud::NodeGroup>),
    /// Somebody pushed an image or made an account: the registries as they are after it.
    Registry(Box<containers::images::Registry>),
    /// A file on a node's disk is moved.
    MoveFile(Str, Str, Str),
    AddCluster(Box<crate::ClusterConfig>),
    RemoveCluster(Str),
    /// The same to a member.
    Member(Str, Box<Input>),
    /// A file on a node's disk is written, or removed.
    WriteFile(Str, Str, Option<Vec<u8>>),
    /// A container is stopped at its node's runtime.
    StopContainer(Str, Str, Str),
    /// A container's log is read at its node's runtime, which wakes what slept in it.
    ReadLog(Str, Str, Str, Str),
    /// A directory is made on a node's disk.
    MakeDirectory(Str, Str),
    /// A request goes through the API server to what is behind it.
    Proxy(Box<(Caller, Request, HttpRequest)>),
    /// A watch shows an object that a webhook converts.
    Convert(Box<apiserver::Conversion>),
}

/// An input with its place: after so many events, at this instant.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    pub(crate) steps: u64,
    pub(crate) at: Time,
    pub(crate) input: Input,
}

/// Invariant: `noted` stays empty unless `on`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    pub(crate) on: bool,
    /// Events run so far.
    pub(crate) steps: u64,
    pub(crate) noted: Vec<Noted>,
}

/// Keys of a held controller that are tried for its next write.
const FORESEEN: usize = 8;

/// Reading leaves no trace in the cluster.
pub(crate) fn changes(request: &Request) -> bool {
    !matches!(request.verb, Verb::Get | Verb::List | Verb::Watch)
}

impl Cluster {
    pub(crate) fn note(&mut self, input: impl FnOnce() -> Input) {
        if self.journal.on {
            let (steps, at) = (self.journal.steps, self.now);
            self.journal.noted.push(Noted { steps, at, input: input() });
        }
    }

    /// How many events have run since the cluster began.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.journal.steps
    }

    /// Does an input again.
    pub(crate) fn redo(&mut self, noted: &Noted) {
        self.now = self.now.max(noted.at);
        match noted.input.clone() {
            Input::Request(asked) => drop(self.request(&asked.0, asked.1)),
            Input::Open(asked) => drop(self.open_stream(&asked.0, &asked.1)),
            Input::Send(id, frame) => self.send_stream(id, frame),
            Input::Poll(id) => drop(self.poll_stream(id)),
            Input::Close(id) => self.close_stream(id),
            Input::Hold(name, held) => self.hold_controller(&name, held),
            Input::Nudge(name) => drop(self.step_controller(&name)),
            Input::StartLoad(profile) => drop(self.start_load(*profile)),
            Input::StopLoad(name) => drop(self.stop_load(&name)),
            Input::Ask(a) => drop(self.send_from(a.0, a.1, a.2)),
            Input::MoveFile(node, from, to) => drop(self.move_node_file(&node, &from, &to)),
            Input::WriteFile(node, path, content) => self.write_node_file(&node, &path, content),
            Input::StopContainer(node, pod, name) => self.stop_container(&node, &pod, &name),
            Input::ReadLog(node, pod, name, id) => drop(self.read_log(&node, &pod, &name, &id)),
            Input::Proxy(asked) => drop(self.proxy(&asked.0, &asked.1, asked.2)),
            Input::Convert(conversion) => drop(self.convert(*conversion)),
            Input::MakeDirectory(node, path) => drop(self.make_node_directory(&node, &path)),
            Input::Registry(registry) => self.depot.registry = *registry,
            Input::Join(node) => drop(self.join_node(*node)),
            Input::Group(group) => drop(self.add_node_group(*group)),
            Input::Fault(fault) => drop(self.inject(*fault)),
            Input::AddCluster(config) => drop(self.add_cluster(*config)),
            Input::RemoveCluster(name) => drop(self.remove_cluster(&name)),
            Input::Member(name, input) => self.redo_in(&name, *input),
        }
    }

    /// Opens a stream into a pod; its number is for the calls below.
    ///
    /// # Errors
    /// The server's refusal.
    pub fn open_stream(&mut self, caller: &Caller, request: &Request) -> Result<u64, Status> {
        self.note(|| Input::Open(Box::new((caller.clone(), request.clone()))));
        let stream = Stream::open(self, caller, request)?;
        let id = self.next_stream;
        self.next_stream += 1;
        self.streams.insert(id, stream);
        Ok(id)
    }

    pub fn send_stream(&mut self, id: u64, frame: Frame) {
        self.note(|| Input::Send(id, frame.clone()));
        if let Some(mut stream) = self.streams.remove(&id) {
            stream.send(self, frame);
            self.streams.insert(id, stream);
        }
    }

    pub fn poll_stream(&mut self, id: u64) -> Option<Option<Frame>> {
        let Some(mut stream) = self.streams.remove(&id) else { return Some(None) };
        let first = stream.first_poll();
        let answer = stream.poll(self);
        self.streams.insert(id, stream);
        // A poll that finds nothing leaves no trace, but for the first, which may wake what slept in the container.
        if first || answer.is_some() {
            self.note(|| Input::Poll(id));
        }
        answer
    }

    pub fn close_stream(&mut self, id: u64) {
        self.note(|| Input::Close(id));
        if let Some(mut stream) = self.streams.remove(&id) {
            stream.close(self);
        }
    }

    /// Holds a controller of the manager (`deployment-controller`), or lets it go: its queue fills and nothing is
    /// taken from it.
    pub fn hold_controller(&mut self, name: &str, held: bool) {
        self.note(|| Input::Hold(name.into(), held));
        let Some(part) = self.parts.iter().position(|p| p.controller_manager().is_some()) else { return };
        if let Some(manager) = self.parts[part].controller_manager_mut() {
            if held {
                manager.paused.insert(name.into());
            } else {
                manager.paused.remove(name);
            }
        }
        self.reschedule(part);
    }

    /// Lets a held controller take one key from its queue now. False when it has nothing to do or does not exist.
    pub fn step_controller(&mut self, name: &str) -> bool {
        self.note(|| Input::Nudge(name.into()));
        let Some(part) = self.parts.iter().position(|p| p.controller_manager().is_some()) else {
            return false;
        };
        let Some(manager) = self.parts[part].controller_manager_mut() else { return false };
        let ready = manager
            .work()
            .into_iter()
            .find(|w| w.name == name)
            .is_some_and(|w| w.due.is_some_and(|due| due <= self.now));
        if !ready {
            return false;
        }
        // All others wait for this one turn.
        let others: Vec<Str> =
            manager.work().iter().map(|w| Str::from(w.name)).filter(|n| n != name).collect();
        let before = std::mem::replace(&mut manager.paused, others.into_iter().collect());
        let reach = self.reach_of(part);
        let mut api = crate::At::new(&mut self.api, self.now, reach);
        let calls = self.parts[part].wake(self.now, &mut api, &mut self.depot);
        if let Some(manager) = self.parts[part].controller_manager_mut() {
            manager.paused = before;
        }
        self.send_calls(part, calls);
        self.route();
        self.reschedule(part);
        true
    }
}

impl Cluster {
    /// What a held controller would write next: tried on a copy. Keys for which it has nothing to write are passed.
    #[must_use]
    pub fn foresee(&self, name: &str) -> Vec<client::Change> {
        let mut copy = self.clone();
        copy.journal = Journal::default();
        let before = copy.revision();
        for _ in 0..FORESEEN {
            if !copy.step_controller(name) || copy.revision() > before {
                break;
            }
        }
        copy.changes_since(before).cloned().collect()
    }
}
