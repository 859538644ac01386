//! A watch: a cursor over the history that yields what its selectors let through.
//!
//! Models `k8s.io/apiserver/pkg/endpoints/handlers/watch.go` and the selector transitions of the watch cache.
//! Bookmarks come when asked for and the cursor has passed other changes.

use std::collections::VecDeque;

use client::handle::WatchEvent;
use client::{ChangeKind, Request, TableOf};
use clock::Time;
use objects::{Status, Str, Value, value};
use smol_str::ToSmolStr;

use crate::custom::{self, Conversion};
use crate::registry::meta::in_version;
use crate::registry::selection::Selection;
use crate::server::{ApiServer, Served, too_old};
use crate::tables;

/// After so many passed changes a cursor that asked for bookmarks yields one.
const BOOKMARK_EVERY: u64 = 256;

/// What a watch tells next.
#[derive(Clone, Debug)]
pub enum Pulled {
    Whole(WatchEvent),
    /// An object as it is stored, and when it became so.
    Stored {
        kind: &'static str,
        object: Value,
        at: Time,
    },
}

/// An open watch. Plain data: it belongs to no server and reads the one it is polled with.
#[derive(Clone, Debug)]
pub struct WatchCursor {
    resource: Served,
    namespace: Str,
    selection: Selection,
    table: TableOf,
    /// What existed when the watch began without a resource version.
    initial: VecDeque<Value>,
    initial_at: Time,
    /// The last revision seen.
    position: u64,
    bookmarks: bool,
    last_bookmark: u64,
    /// A bookmark that ends the initial events is still to come.
    initial_bookmark: bool,
    /// Only the first table of a watch names its columns.
    columns_sent: bool,
    ended: bool,
    /// When the client said that it wants no more (`timeoutSeconds`).
    until: Option<Time>,
}

impl WatchCursor {
    pub(crate) fn open(
        server: &ApiServer,
        resource: &Served,
        request: &Request,
        now: Time,
    ) -> Result<Self, Status> {
        let selection = Selection::of(resource, request)?;
        let namespace = if resource.namespaced { request.namespace.clone() } else { Str::default() };
        let flag = |name: &str| request.options.query.iter().any(|(k, v)| k == name && v == "true");
        let send_initial = flag("sendInitialEvents");
        let seconds = request.options.query.iter().find(|(k, _)| k == "timeoutSeconds");
        let seconds =
            seconds.and_then(|(_, v)| v.parse::<i64>().ok()).filter(|s| (1..=1_000_000).contains(s));
        let from = request.options.resource_version.filter(|rv| *rv > 0 && !send_initial);
        let mut cursor = Self {
            resource: resource.clone(),
            namespace,
            selection,
            table: request.options.table,
            initial: VecDeque::new(),
            initial_at: now,
            position: from.unwrap_or_else(|| server.revision()),
            bookmarks: flag("allowWatchBookmarks"),
            last_bookmark: from.unwrap_or_else(|| server.revision()),
            initial_bookmark: send_initial,
            columns_sent: false,
            ended: false,
            until: seconds.map(|s| now + s * 1000),
        };
        if from.is_none() {
            cursor.initial = server
                .objects(&resource.storage, &cursor.namespace)
                .filter(|o| cursor.selection.matches(o))
                .cloned()
                .collect();
        }
        Ok(cursor)
    }

    /// The revision up to which this watch has seen everything.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether it is over at an instant: its time has passed, or an error ended it.
    #[must_use]
    pub fn is_over(&self, now: Time) -> bool {
        self.ended || self.until.is_some_and(|until| now >= until)
    }

    /// The next event, `None` when there is none yet. After an `ERROR` the watch has ended. Where a webhook has a say in
    /// how an object is shown, it is shown as it is stored: [`WatchCursor::pull`] tells of it.
    pub fn poll(&mut self, server: &ApiServer) -> Option<WatchEvent> {
        let pulled = self.pull(server)?;
        Some(self.shown(pulled))
    }

    /// An event of an object, as it was pulled.
    pub fn shown(&mut self, pulled: Pulled) -> WatchEvent {
        match pulled {
            Pulled::Whole(event) => event,
            Pulled::Stored { kind, object, at } => {
                let object = custom::renamed(&self.resource, object);
                self.event(kind, object, at)
            }
        }
    }

    /// As [`WatchCursor::shown`], with what the webhook made of the object; its failure ends the watch.
    pub fn shown_as(&mut self, pulled: Pulled, converted: Result<Value, Status>) -> WatchEvent {
        match (pulled, converted) {
            (Pulled::Whole(event), _) => event,
            (Pulled::Stored { kind, at, .. }, Ok(object)) => self.event(kind, object, at),
            (Pulled::Stored { .. }, Err(status)) => {
                self.ended = true;
                WatchEvent { kind: "ERROR".into(), object: status.to_value() }
            }
        }
    }

    /// What a webhook has to say before an event can be shown.
    #[must_use]
    pub fn conversion(&self, pulled: &Pulled) -> Option<Conversion> {
        match pulled {
            Pulled::Whole(_) => None,
            Pulled::Stored { object, .. } => Conversion::of(&self.resource, object),
        }
    }

    /// The next event as the store has it, `None` when there is none yet.
    pub fn pull(&mut self, server: &ApiServer) -> Option<Pulled> {
        if self.ended {
            return None;
        }
        if let Some(object) = self.initial.pop_front() {
            return Some(Pulled::Stored { kind: "ADDED", object, at: self.initial_at });
        }
        if std::mem::take(&mut self.initial_bookmark) {
            let mut bookmark = self.bookmark();
            bookmark.object.set_at(&["metadata", "annotations", "k8s.io/initial-events-end"], "true");
            return Some(Pulled::Whole(bookmark));
        }
        let changes = match server.store.changes_after(self.position) {
            Ok(changes) => changes,
            Err(compacted) => {
                self.ended = true;
                let object = too_old(self.position, compacted.compacted).to_value();
                return Some(Pulled::Whole(WatchEvent { kind: "ERROR".into(), object }));
            }
        };
        let mut found = None;
        for change in changes {
            self.position = change.revision;
            if change.resource != self.resource.storage
                || !(self.namespace.is_empty() || change.namespace == self.namespace)
            {
                continue;
            }
            let was = change.kind != ChangeKind::Added && self.selection.matches(&change.previous);
            let is = change.kind != ChangeKind::Deleted && self.selection.matches(&change.object);
            let kind = match (was, is) {
                (false, false) => continue,
                (false, true) => "ADDED",
                (true, true) => "MODIFIED",
                (true, false) => "DELETED",
            };
            let object = if !is && change.kind == ChangeKind::Modified {
                // It left the selection: watchers get its last matching state at the new revision.
                let mut left = change.previous.clone();
                left.map_mut().entry("metadata").set("resourceVersion", change.revision.to_smolstr());
                left
            } else {
                change.object.clone()
            };
            found = Some((kind, object, change.at));
            break;
        }
        if let Some((kind, object, at)) = found {
            return Some(Pulled::Stored { kind, object, at });
        }
        if self.bookmarks && self.position >= self.last_bookmark + BOOKMARK_EVERY {
            return Some(Pulled::Whole(self.bookmark()));
        }
        None
    }

    fn bookmark(&mut self) -> WatchEvent {
        self.last_bookmark = self.position;
        let object = value!({
            "kind": (self.resource.kind.clone()), "apiVersion": (self.resource.api_version()),
            "metadata": {"resourceVersion": (self.position.to_smolstr())}
        });
        WatchEvent { kind: "BOOKMARK".into(), object }
    }

    fn event(&mut self, kind: &str, object: Value, at: Time) -> WatchEvent {
        let object = in_version(&self.resource, object);
        let object = match self.table {
            TableOf::No => object,
            of => {
                let mut table = tables::of_one(&self.resource, &object, of, at);
                if std::mem::replace(&mut self.columns_sent, true) {
                    table.set("columnDefinitions", Value::Null);
                }
                table
            }
        };
        WatchEvent { kind: kind.into(), object }
    }
}
