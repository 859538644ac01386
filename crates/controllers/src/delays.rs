//! Every span of virtual time the controllers wait for, in one table.
//!
//! A value is upstream's default unless its line says "estimate".

use clock::Millis;

/// How long one sync of a key keeps that key busy; what arrives meanwhile is one more sync afterwards.
/// Estimate: a sync with a handful of writes on a small cluster. It is what makes a hundred pods that turn ready
/// at nearly the same instant cost a few status writes instead of a hundred.
pub const SYNC_MS: Millis = 10;

/// How long a controller waits for the echo of its own creates and deletes before it acts without it.
pub const EXPECTATIONS_TIMEOUT_MS: Millis = 5 * 60_000;
