//! vish/stress: the documentation's load for CPU and memory limits.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/vish/stress",
    tags: &["latest"],
    size_bytes: 6 << 20,
    layers: 1,
    base: Base::Scratch,
    entrypoint: &["/stress"],
    cmd: &["-logtostderr"],
    programs: &[("/stress", "stress-go")],
    memory_bytes: 3 << 20,
    ..PLAIN
};
