//! Traefik.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/traefik",
    tags: &["latest", "v3", "v3.[0-9]", "v3.[0-9].[0-9]", "v2", "v2.[0-9]", "v2.1[01]", "3", "3.[0-9]"],
    size_bytes: 190 << 20,
    base: Base::Alpine,
    entrypoint: &["/entrypoint.sh"],
    cmd: &["traefik"],
    ports: &[80],
    start_ms: 500,
    programs: &[("/usr/local/bin/traefik", "traefik"), ("/entrypoint.sh", "entrypoint traefik")],
    memory_bytes: 60 << 20,
    cpu_millis: 3,
    ..PLAIN
};
