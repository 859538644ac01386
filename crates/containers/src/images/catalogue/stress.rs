//! stress, for limits and eviction.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/polinux/stress",
    tags: &["latest", "1.0.4"],
    size_bytes: 10 << 20,
    base: Base::Alpine,
    cmd: &["stress", "--help"],
    programs: &[("/usr/bin/stress", "stress")],
    memory_bytes: 2 << 20,
    ..PLAIN
};
