//! Debian.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/debian",
    tags: &[
        "latest",
        "stable",
        "testing",
        "sid",
        "bookworm",
        "bullseye",
        "buster",
        "trixie",
        "9",
        "10",
        "11",
        "12",
        "13",
        "1[0-3].[0-9]*",
    ],
    suffixes: &["-slim"],
    size_bytes: 117 << 20,
    layers: 1,
    cmd: &["bash"],
    memory_bytes: 2 << 20,
    ..PLAIN
};
