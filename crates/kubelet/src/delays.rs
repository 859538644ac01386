//! How long things take on a node: upstream's values, or estimates from a real two-node v1.36 cluster.

use clock::Millis;

/// From the binding's arrival to a running sandbox with an address (estimate: 0.2 to 0.3 s of the 0.6 s that a pod
/// with a present image takes to Ready).
pub const SANDBOX_MS: Millis = 220;
/// How much the sandbox's time varies.
pub const SANDBOX_JITTER_MS: u64 = 80;
/// Creating a container from a present image (estimate).
pub const CREATE_MS: Millis = 60;
/// Starting a created container (estimate).
pub const START_MS: Millis = 70;
/// From a container's start or end to the status that tells of it: the pod lifecycle event generator and the status
/// manager (estimate).
pub const REPORT_MS: Millis = 150;
/// From a container's end to the removal of its pod: unmounting and cleaning up (estimate: a server that ends at
/// once is gone after 1 to 3 s).
pub const CLEANUP_MS: Millis = 800;
/// A registry's answer before the first byte of a layer (estimate).
pub const REGISTRY_ANSWER_MS: Millis = 400;
/// How fast layers arrive and are unpacked: 25 MB a second (estimate).
pub const PULL_BYTES_PER_MS: i64 = 25_000;
/// A registry's refusal (estimate).
pub const REGISTRY_REFUSAL_MS: Millis = 1_200;
/// How long a registry that does not answer is waited for (upstream: 30 s to connect).
pub const REGISTRY_TIMEOUT_MS: Millis = 30_000;
/// Image pull and container restart back-off: 10 s doubling to 5 min (upstream).
pub const BACKOFF_BASE_MS: Millis = 10_000;
pub const BACKOFF_MAX_MS: Millis = 300_000;
/// A container that ran this long starts its back-off anew: twice the maximum (upstream).
pub const BACKOFF_RESET_MS: Millis = 2 * BACKOFF_MAX_MS;
/// How often a pod that waits is looked at again at the latest (upstream: one minute, with jitter).
pub const SYNC_PERIOD_MS: Millis = 60_000;
/// Lease renewal (upstream: a quarter of 40 s).
pub const LEASE_RENEW_MS: Millis = 10_000;
/// Node status report without a change (upstream).
pub const NODE_STATUS_MS: Millis = 300_000;
/// How often a kubelet compares its node's status with what it knows (upstream).
pub const STATUS_LOOK_MS: Millis = 10_000;
/// How often a kubelet lists its images (upstream).
pub const IMAGE_LIST_MS: Millis = 30_000;
/// How often the directory of static pods is read (upstream), and how soon a change in it is noticed (estimate).
pub const MANIFEST_CHECK_MS: Millis = 20_000;
pub const MANIFEST_NOTICE_MS: Millis = 1_000;
/// From a container's end to the kubelet's notice of it: half the life-cycle generator's period of one second, and
/// the look that follows (estimate).
pub const NOTICE_MS: Millis = 400;
/// After a sync that failed the pod is looked at again after this, plus up to half of it (upstream).
pub const RETRY_MS: Millis = 10_000;
/// A pod whose node has no network yet is looked at again after this, plus up to half of it (upstream).
pub const NETWORK_RETRY_MS: Millis = 1_000;
/// A failed mount is tried again after this, doubling (upstream).
pub const MOUNT_RETRY_MS: Millis = 500;
pub const MOUNT_RETRY_MAX_MS: Millis = 122_000;
/// Steps a process may run in one slice; [`containers::container::Container::slice_ms`] says what it stands for.
pub const SLICE_STEPS: u32 = 4_000;
/// A container always has this long to end before it is killed (upstream).
pub const MINIMUM_GRACE_MS: Millis = 2_000;
/// Changing the limits of a running container, and noticing that they are in force (estimate).
pub const RESIZE_MS: Millis = 1_000;
