//! whoami: tells who answered.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/traefik/whoami",
    aliases: &["docker.io/containous/whoami"],
    tags: &["latest", "v1", "v1.[0-9]", "v1.1[01]", "v1.[0-9].[0-9]", "v1.1[01].[0-9]"],
    size_bytes: 7 << 20,
    layers: 3,
    base: Base::Scratch,
    entrypoint: &["/whoami"],
    ports: &[80],
    start_ms: 10,
    programs: &[("/whoami", "whoami-server")],
    memory_bytes: 3 << 20,
    cpu_millis: 1,
    start_millis: 50,
    request_us: 100,
    request_bytes: 4 << 10,
    ..PLAIN
};
