//! The older guestbook's redis slave.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "gcr.io/google-samples/gb-redisslave",
    aliases: &[
        "gcr.io/google_samples/gb-redisslave",
        "registry.k8s.io/redis-slave",
        "k8s.gcr.io/redis-slave",
    ],
    tags: &["latest", "v[0-9]"],
    size_bytes: 119 << 20,
    cmd: &["redis-server"],
    env: &[("GB_LEADER", "redis-master")],
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
