//! Fluentd.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/fluent/fluentd",
    aliases: &["quay.io/fluentd_elasticsearch/fluentd"],
    tags: &["latest", "edge", "v1.*"],
    size_bytes: 85 << 20,
    user: 999,
    cmd: &["fluentd"],
    ports: &[5140, 24224],
    programs: &[
        ("/bin/entrypoint.sh", "entrypoint fluentd"),
        ("/usr/bin/tini", "env"),
        ("/usr/bin/fluentd", "fluentd"),
    ],
    memory_bytes: 60 << 20,
    cpu_millis: 6,
    start_millis: 1000,
    request_us: 400,
    request_bytes: 8 << 10,
    entrypoint: &["tini", "--", "/bin/entrypoint.sh"],
    users: &[("fluent", 999)],
    ..PLAIN
};
