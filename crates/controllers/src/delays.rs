//! Every span of virtual time the controllers wait for, in one table.
//!
//! A value is upstream's default unless its line says "estimate".

use clock::Millis;

/// How long one sync of a key keeps that key busy; what arrives meanwhile is one more sync afterwards.
/// Estimate: a sync with a handful of writes on a small cluster. It is what makes a hundred pods that turn ready
/// at nearly the same instant cost a few status writes instead of a hundred.
pub const SYNC_MS: Millis = 10;

/// The back-off of a failed sync doubles from the first to the second.
pub const BASE_BACKOFF_MS: Millis = 5;
pub const MAX_BACKOFF_MS: Millis = 1_000_000;

/// How long a controller waits for the echo of its own creates and deletes before it acts without it.
pub const EXPECTATIONS_TIMEOUT_MS: Millis = 5 * 60_000;

/// A deleted namespace is left alone this long, so that every API server has heard of it.
pub const NAMESPACE_GRACE_MS: Millis = 5_000;

/// How often node heartbeats are looked at.
pub const NODE_MONITOR_PERIOD_MS: Millis = 5_000;
/// A node that was silent for longer is not ready.
pub const NODE_MONITOR_GRACE_MS: Millis = 50_000;
/// The same for a node that has never posted a status.
pub const NODE_STARTUP_GRACE_MS: Millis = 60_000;
/// Nodes of a healthy zone get their NoExecute taint no faster than one in this span.
pub const NODE_EVICTION_INTERVAL_MS: Millis = 10_000;
/// The same where most of a large zone is lost (upstream: 0.01 a second), and from how many nodes on a zone is large.
pub const SLOW_EVICTION_INTERVAL_MS: Millis = 100_000;
pub const LARGE_ZONE: usize = 50;

/// How often leftover pods are collected.
pub const POD_GC_PERIOD_MS: Millis = 20_000;
/// A node must be gone this long before its pods are.
pub const POD_GC_QUARANTINE_MS: Millis = 40_000;
/// So many ended pods are kept.
pub const TERMINATED_POD_THRESHOLD: usize = 12_500;

/// The first back-off of a failed EndpointSlice sync.
pub const ENDPOINT_SLICE_BACKOFF_MS: Millis = 1_000;

/// The back-off of deleting failed daemon pods doubles from the first to the second.
pub const FAILED_DAEMON_POD_BACKOFF_MS: Millis = 1_000;
pub const FAILED_DAEMON_POD_MAX_BACKOFF_MS: Millis = 15 * 60_000;

/// A Job is synced this long after what made it necessary, so that many pods ending together are one sync.
pub const JOB_BATCH_MS: Millis = 1_000;
/// A failed Job's next pod waits from the first, doubling to the second.
pub const JOB_POD_BACKOFF_MS: Millis = 10_000;
pub const JOB_POD_MAX_BACKOFF_MS: Millis = 600_000;
/// The back-off of a failed Job sync doubles from the first to the second.
pub const JOB_API_BACKOFF_MS: Millis = 1_000;
pub const JOB_API_MAX_BACKOFF_MS: Millis = 60_000;

/// A CronJob is looked at this long after its time, to be surely past it.
pub const CRON_DELTA_MS: Millis = 100;

/// An evicted pod that is still there after this counts as healthy again.
pub const DISRUPTION_DELETION_TIMEOUT_MS: Millis = 2 * 60_000;
/// A pod said to be disrupted that is still there after this is no longer said to be.
pub const STALE_DISRUPTION_MS: Millis = 2 * 60_000;

/// How often claims and volumes that are not bound are looked at again.
pub const VOLUME_BINDER_RESYNC_MS: Millis = 15_000;

/// How often an autoscaler is looked at.
pub const HPA_SYNC_PERIOD_MS: Millis = 15_000;
/// A lower recommendation is followed only when no higher one is younger than this.
pub const HPA_DOWNSCALE_STABILIZATION_MS: Millis = 5 * 60_000;
/// A pod's CPU usage while it starts counts only when it was measured after it became ready.
pub const HPA_CPU_INITIALIZATION_MS: Millis = 5 * 60_000;
/// A pod that stopped being ready this early has never been.
pub const HPA_INITIAL_READINESS_MS: Millis = 30_000;

/// A disk that nobody wants is taken from a node that is not ready after this, mounted or not.
pub const MAX_WAIT_FOR_UNMOUNT_MS: Millis = 6 * 60_000;
/// A driver's attacher has so long to answer.
pub const ATTACH_TIMEOUT_MS: Millis = 2 * 60_000;
/// The back-off of a failed attachment doubles from the first to the second.
pub const ATTACH_BACKOFF_MS: Millis = 500;
pub const ATTACH_MAX_BACKOFF_MS: Millis = 2 * 60_000 + 2_000;
