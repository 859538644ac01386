//! The one order of things: events by the instant they fall due, then by the order they were set.

use client::component::WATCH_LATENCY;
use clock::Time;

use crate::{At, Cluster};

/// Something that falls due. The number is the part's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Due {
    /// Changes arrive at a part.
    Deliver(usize),
    /// A part has work to do.
    Wake(usize),
    /// A request of this number has come through the network.
    Net(u64),
    /// The metrics server asks every node what it uses.
    Scrape,
    /// Another tenth of a second of load.
    Load,
    /// A program of this number in a container goes on.
    Program(u64),
    /// The hub of clusters has something to hear of or to do.
    Hub,
}

impl Cluster {
    /// When the next event falls due.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        let own = self.due.next_due();
        if !self.has_members() {
            return own;
        }
        own.into_iter().chain(self.next_due_of_members().map(|(at, _)| at)).min()
    }

    /// Runs the next event and moves the clock to it. False when nothing is left to happen.
    pub fn step(&mut self) -> bool {
        if self.has_members() && self.step_member() {
            return true;
        }
        let Some(at) = self.due.next_due() else { return false };
        self.now = self.now.max(at);
        let Some(due) = self.due.pop_due(self.now) else { return false };
        self.journal.steps += 1;
        match due {
            Due::Deliver(id) => self.parts[id].deliver(self.now),
            Due::Wake(id) => {
                self.parts[id].wake = None;
                let reach = self.reach_of(id);
                let calls = if self.asks_webhooks(id) {
                    self.wake_asking(id, reach);
                    Vec::new()
                } else {
                    let mut api = At::new(&mut self.api, self.now, reach);
                    self.parts[id].wake(self.now, &mut api, &mut self.depot)
                };
                self.send_calls(id, calls);
                self.after_kubelet(id);
                for order in self.parts[id].take_node_orders() {
                    self.carry_out(order);
                }
                if self.parts[id].has_lost() {
                    self.leader_lost(id);
                }
                if self.parts[id].begins_to_lead() {
                    let list = self.list(&self.parts[id].interests());
                    self.parts[id].begin_anew(&list, self.now);
                }
                self.route();
                self.fleet_moved();
            }
            Due::Net(call) => {
                self.carry(call);
                return true;
            }
            Due::Program(id) => {
                self.drive_program(id);
                return true;
            }
            Due::Scrape => {
                self.scrape();
                return true;
            }
            Due::Load => {
                self.load_look();
                return true;
            }
            Due::Hub => {
                self.wake_hub();
                return true;
            }
        }
        let (Due::Deliver(id) | Due::Wake(id)) = due else { return true };
        self.reschedule(id);
        true
    }

    /// Runs until the next write has happened, or nothing is left to happen. True when something was written.
    pub fn step_to_change(&mut self) -> bool {
        let before = self.revision();
        while self.revision() == before {
            if !self.step() {
                return false;
            }
        }
        true
    }

    /// Runs everything due by `until`, then sets the clock to it. `go_on` is asked before each event; when it says
    /// no, the run stops early and the clock stays at the last event. True when `until` was reached.
    pub fn run_until(&mut self, until: Time, go_on: &mut dyn FnMut() -> bool) -> bool {
        while self.next_due().is_some_and(|at| at <= until) {
            if !go_on() {
                return false;
            }
            self.step();
        }
        self.now = self.now.max(until);
        self.members_reach(until);
        true
    }

    /// Puts the changes since the last call into the inboxes of those they concern.
    pub(crate) fn route(&mut self) {
        if self.api.revision() == self.routed {
            return;
        }
        let arrives = self.now + WATCH_LATENCY;
        let mut recipients = Vec::new();
        let mut api_service = None;
        for change in self.api.changes_since(self.routed).into_iter().flatten() {
            if self.config.log_hash {
                self.log_hash.add(change);
            }
            if change.resource == "apiservices.apiregistration.k8s.io" {
                api_service = Some(change.name.clone());
            }
            self.router.recipients(change, &mut recipients);
            for id in &recipients {
                let part = &mut self.parts[*id];
                if part.is_deaf() {
                    continue;
                }
                // One delivery for all that arrives at the same instant.
                if part.inbox.back().is_none_or(|(at, _)| *at < arrives) {
                    self.due.set(arrives, Due::Deliver(*id));
                }
                part.inbox.push_back((arrives, change.clone()));
            }
        }
        self.routed = self.api.revision();
        if let Some(name) = api_service {
            self.api_service_changed(&name);
        }
    }

    pub(crate) fn reschedule(&mut self, id: usize) {
        let wanted = self.parts[id].next_wake().map(|at| at.max(self.now));
        let part = &mut self.parts[id];
        if part.wake.map(|(at, _)| at) == wanted {
            return;
        }
        if let Some(old) = part.wake.take() {
            self.due.cancel(old);
        }
        part.wake = wanted.map(|at| self.due.set(at, Due::Wake(id)));
    }
}
