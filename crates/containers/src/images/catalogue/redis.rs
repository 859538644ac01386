//! Redis.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/redis",
    aliases: &["registry.k8s.io/redis", "k8s.gcr.io/redis", "docker.io/kubernetes/redis"],
    tags: &["latest", "5", "6", "7", "8", "[5678].[0-9]", "[5678].[0-9].[0-9]*"],
    suffixes: &["-alpine", "-bookworm"],
    size_bytes: 117 << 20,
    layers: 8,
    workdir: "/data",
    entrypoint: &["docker-entrypoint.sh"],
    cmd: &["redis-server"],
    ports: &[6379],
    start_ms: 30,
    programs: &[
        ("/usr/local/bin/docker-entrypoint.sh", "entrypoint redis-server"),
        ("/usr/local/bin/redis-server", "redis-server"),
        ("/usr/local/bin/redis-cli", "redis-cli"),
    ],
    memory_bytes: 9 << 20,
    cpu_millis: 2,
    start_millis: 50,
    request_us: 40,
    request_bytes: 1 << 10,
    env: &[("REDIS_VERSION", "@redis")],
    users: &[("redis", 999)],
    ..PLAIN
};
