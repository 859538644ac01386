//! The controllers: what each has to do, holding one of them, and taking its steps one by one.
//!
//! Owns: what of a queue is worth a line. Does not own: queues (controllers), holding (cluster).

#[cfg(target_arch = "wasm32")]
pub mod view;

use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use crate::i18n::Texts;
use crate::mark::Mark;
use crate::panels::lesson::drawing;
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

/// The row as it is shown. Its buttons stay the same elements whatever comes and goes: one may be under a finger, or have
/// the keyboard.
#[must_use]
pub fn mark(row: &Row, texts: &Texts) -> Mark {
    let texts = texts.objects();
    let button = |deed, icon, says: &'static str| {
        let drawing = drawing(icon, "ic").at("aria-hidden", "true");
        let label = format_smolstr!("{says} {}", row.name);
        Mark::new("button", "btn sm plain")
            .at(deed, row.name)
            .at("aria-label", label)
            .with(drawing)
            .with(Mark::new("span", "").says(says))
    };
    let hold = if row.held {
        button("data-free", "#i-play", texts.let_go).at("aria-pressed", "true")
    } else {
        button("data-hold", "#i-pause", texts.hold).at("aria-pressed", "false")
    };
    let idle = !row.held || row.waiting == 0;
    let step = button("data-step", "#i-step", texts.one_step)
        .at("aria-disabled", if idle { "true" } else { "false" });
    let head = Mark::new("div", "ctl")
        .with(Mark::new("b", "m").at("lang", "en").says(row.name))
        .with(Mark::new("small", "").says((texts.keys_wait)(i64::try_from(row.waiting).unwrap_or(0))))
        .with(hold)
        .with(step);
    let more = row.waiting.saturating_sub(row.ready.len());
    let mut keys = row.ready.join(", ");
    if more > 0 {
        keys.push_str(&format_smolstr!(" +{more}"));
    }
    // Below the head, so that what comes and goes there leaves its buttons alone.
    let mut below = Mark::new("div", "").with(Mark::new("p", "m keysof").at("lang", "en").says(keys));
    for next in &row.next {
        below.add(Mark::new("p", "m nextwrite").at("lang", "en").says(format_smolstr!("→ {next}")));
    }
    Mark::new("li", if row.held { "held" } else { "" }).with(head).with(below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

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
        for lang in [Lang::En, Lang::Ko] {
            let says = (lang.texts().objects().keys_wait)(row.waiting as i64);
            let all = mark(&row, lang.texts()).all_text();
            assert!(all.contains(says.as_str()) && all.contains(row.next[0].as_str()), "{all}");
        }
    }
}
