//! Events do not stay: an hour after their last write they are gone (`--event-ttl`).
//!
//! Beyond upstream there is a bound, so that a hundred thousand pods do not keep half a million events in memory: of
//! more than [`KEPT`] the oldest go early. Not modelled: watchers are not told when an event's time is over.

use std::collections::VecDeque;

use clock::{Millis, Time};
use objects::Str;
use objects::resources::EVENTS;

use crate::server::ApiServer;

const TTL_MS: Millis = 3_600_000;
/// Events kept at once.
const KEPT: usize = 16_384;

/// Writes of events: when, under which key, and the revision.
pub(crate) type Expiring = VecDeque<(Time, Str, u64)>;

impl ApiServer {
    /// An event was written at this revision; makes room and lets go what is old.
    pub(crate) fn event_written(&mut self, key: Str, revision: u64, now: Time) {
        self.events.push_back((now, key, revision));
        while self.events.front().is_some_and(|(at, ..)| now.since(*at) >= TTL_MS) || self.events.len() > KEPT
        {
            let Some((_, key, revision)) = self.events.pop_front() else { break };
            self.store.expire(&EVENTS.storage, &key, revision);
        }
    }
}
