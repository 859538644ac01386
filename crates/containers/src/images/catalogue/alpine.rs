//! Alpine Linux.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/alpine",
    tags: &["latest", "edge", "3", "3.[0-9]", "3.1[0-9]", "3.2[0-2]", "3.1[0-9].[0-9]*", "3.2[0-2].[0-9]"],
    size_bytes: 8 << 20,
    layers: 1,
    base: Base::Alpine,
    cmd: &["/bin/sh"],
    memory_bytes: 1 << 20,
    ..PLAIN
};
