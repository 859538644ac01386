//! hello-world: says that Docker works, and ends.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/hello-world",
    tags: &["latest", "linux", "nanoserver"],
    size_bytes: 10 << 10,
    layers: 1,
    base: Base::Scratch,
    cmd: &["/hello"],
    programs: &[("/hello", "hello-docker")],
    memory_bytes: 512 << 10,
    start_millis: 0,
    ..PLAIN
};
