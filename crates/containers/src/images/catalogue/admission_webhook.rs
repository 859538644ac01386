//! A server for admission webhooks, whose rules are a file.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/wheelhouse/admission-webhook",
    tags: &["latest", "1", "1.0"],
    size_bytes: 18 << 20,
    entrypoint: &["/admission-webhook"],
    ports: &[8443],
    start_ms: 60,
    programs: &[("/admission-webhook", "admission-webhook")],
    memory_bytes: 12 << 20,
    cpu_millis: 1,
    request_us: 400,
    ..PLAIN
};
