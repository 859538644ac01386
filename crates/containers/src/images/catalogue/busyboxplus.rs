//! busybox with curl.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/radial/busyboxplus",
    tags: &["latest", "curl", "git"],
    size_bytes: 13 << 20,
    base: Base::Busybox,
    cmd: &["/bin/sh"],
    programs: &[("/usr/bin/curl", "curl")],
    memory_bytes: 1 << 20,
    ..PLAIN
};
