//! The guestbook's Redis follower.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = FOLLOWER;

/// Shared with the older name of the same thing.
pub(super) const FOLLOWER: Image = Image {
    name: "us-docker.pkg.dev/google-samples/containers/gke/gb-redis-follower",
    aliases: &["gcr.io/google_samples/gb-redis-follower", "gcr.io/google-samples/gb-redis-follower"],
    tags: &["latest", "v[0-9]"],
    size_bytes: 119 << 20,
    cmd: &["redis-server"],
    env: &[("GB_LEADER", "redis-leader")],
    workdir: "/data",
    ports: &[6379],
    programs: &[("/usr/local/bin/redis-server", "redis-server"), ("/usr/local/bin/redis-cli", "redis-cli")],
    memory_bytes: 9 << 20,
    cpu_millis: 2,
    start_millis: 50,
    request_us: 40,
    request_bytes: 1 << 10,
    ..PLAIN
};
