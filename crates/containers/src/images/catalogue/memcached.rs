//! memcached.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/memcached",
    tags: &["latest", "1", "1.[456]", "1.6.[0-9]*"],
    suffixes: &["-alpine", "-bookworm"],
    size_bytes: 89 << 20,
    user: 11211,
    cmd: &["memcached"],
    ports: &[11211],
    programs: &[
        ("/usr/local/bin/docker-entrypoint.sh", "entrypoint memcached"),
        ("/usr/local/bin/memcached", "memcached"),
    ],
    memory_bytes: 4 << 20,
    cpu_millis: 1,
    start_millis: 50,
    request_us: 60,
    request_bytes: 2 << 10,
    entrypoint: &["docker-entrypoint.sh"],
    env: &[("MEMCACHED_VERSION", "@memcached")],
    users: &[("memcache", 11211)],
    ..PLAIN
};
