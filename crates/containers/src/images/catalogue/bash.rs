//! bash on Alpine.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/bash",
    tags: &["latest", "5", "4", "5.[0-3]", "4.[0-4]", "5.[0-3].*"],
    suffixes: &["-alpine3*"],
    size_bytes: 14 << 20,
    layers: 3,
    base: Base::Alpine,
    entrypoint: &["docker-entrypoint.sh"],
    cmd: &["bash"],
    programs: &[("/usr/local/bin/bash", "bash"), ("/usr/local/bin/docker-entrypoint.sh", "entrypoint bash")],
    memory_bytes: 1 << 20,
    ..PLAIN
};
