//! RabbitMQ.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/rabbitmq",
    tags: &["latest", "management", "3", "4", "3.[0-9]", "3.1[0-3]", "4.[0-9]", "3.*.*", "4.*.*"],
    suffixes: &["-management", "-alpine", "-management-alpine"],
    size_bytes: 250 << 20,
    base: Base::Ubuntu,
    cmd: &["rabbitmq-server"],
    ports: &[4369, 5671, 5672, 15691, 15692, 25672],
    start_ms: 6000,
    programs: &[
        ("/usr/local/bin/docker-entrypoint.sh", "entrypoint rabbitmq-server"),
        ("/opt/rabbitmq/sbin/rabbitmq-server", "rabbitmq-server"),
        ("/usr/local/bin/rabbitmq-server", "rabbitmq-server"),
        ("/usr/local/bin/rabbitmq-diagnostics", "rabbitmqctl"),
        ("/usr/local/bin/rabbitmqctl", "rabbitmqctl"),
    ],
    memory_bytes: 140 << 20,
    cpu_millis: 12,
    start_millis: 1500,
    request_us: 600,
    request_bytes: 32 << 10,
    entrypoint: &["docker-entrypoint.sh"],
    env: &[("LANG", "C.UTF-8"), ("RABBITMQ_VERSION", "@rabbitmq")],
    users: &[("rabbitmq", 999)],
    ..PLAIN
};
