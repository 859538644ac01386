//! http-echo: answers with its -text.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/hashicorp/http-echo",
    tags: &["latest", "0.2.[0-9]", "1.0", "1.0.0", "alpine"],
    size_bytes: 8 << 20,
    layers: 2,
    base: Base::Scratch,
    entrypoint: &["/http-echo"],
    ports: &[5678],
    start_ms: 10,
    programs: &[("/http-echo", "http-echo")],
    memory_bytes: 3 << 20,
    cpu_millis: 1,
    start_millis: 50,
    request_us: 120,
    request_bytes: 4 << 10,
    ..PLAIN
};
