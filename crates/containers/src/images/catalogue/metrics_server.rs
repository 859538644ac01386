//! metrics-server.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/metrics-server/metrics-server",
    tags: &["latest", "v0.[0-9].[0-9]"],
    size_bytes: 68 << 20,
    base: Base::Scratch,
    user: 65534,
    entrypoint: &["/metrics-server"],

    ports: &[10250],
    start_ms: 1500,
    programs: &[("/metrics-server", "metrics")],
    memory_bytes: 20 << 20,
    cpu_millis: 5,
    start_millis: 600,
    request_us: 800,
    request_bytes: 16 << 10,
    ..PLAIN
};
