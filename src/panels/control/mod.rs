//! The controllers: what each has to do, holding one of them, and taking its steps one by one.
//!
//! Owns: what of a queue is worth a line. Does not own: queues (controllers), holding (cluster).

#[cfg(target_arch = "wasm32")]
pub mod view;

use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use crate::session::Session;

/// Keys of a queue that are shown.
const KEYS: usize = 4;
/// Objects beyond which nobody looks ahead: it is tried on a copy of the cluster.
const MOST_OBJECTS: usize = 20_000;

/// One controller as a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: &'static str,
    pub held: bool,
    /// Keys that may be taken now, the first ones.
    pub ready: Vec<SmolStr>,
    pub waiting: usize,
    /// What it would write next, when it is held: `update replicasets.apps default/web`.
    pub next: Vec<SmolStr>,
}

/// Controllers with something to do, and those held; all of them when `all`.
#[must_use]
pub fn rows(session: &Session, all: bool) -> Vec<Row> {
    let cluster = session.cluster();
    let Some(manager) = cluster.controller_manager() else { return Vec::new() };
    let work = manager.work().into_iter().filter(|w| all || w.paused || !w.ready.is_empty());
    work.map(|w| {
        let few = cluster.object_count() <= MOST_OBJECTS;
        let changes =
            if few && w.paused && !w.ready.is_empty() { cluster.foresee(w.name) } else { Vec::new() };
        let verb = |c: &client::Change| match c.kind {
            client::ChangeKind::Added => "create",
            client::ChangeKind::Modified => "update",
            client::ChangeKind::Deleted => "delete",
        };
        let events = |c: &&client::Change| !crate::followed::is_event(c);
        let next = changes.iter().filter(events).take(KEYS);
        Row {
            name: w.name,
            held: w.paused,
            waiting: w.ready.len(),
            ready: w.ready.iter().take(KEYS).map(|k| k.to_smolstr()).collect(),
            next: next.map(|c| format_smolstr!("{} {} {}", verb(c), c.resource, c.key())).collect(),
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_controller_shows_its_queue_and_its_next_write() {
        let mut session = Session::new(1, &[]);
        session.hold("deployment-controller", true);
        session.exec("kubectl create deployment web --image=nginx", 1);
        session.advance(1_000);
        let hash = session.log_hash();
        let row =
            rows(&session, false).into_iter().find(|r| r.name == "deployment-controller").expect("a row");
        assert!(row.held && row.ready.iter().any(|k| k == "default/web"), "{row:?}");
        assert!(row.next.iter().any(|n| n.starts_with("create replicasets.apps default/web-")), "{row:?}");
        assert_eq!(session.log_hash(), hash, "looking ahead changes nothing");
    }
}
