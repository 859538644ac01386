//! busybox: a shell and its tools in 4 MB.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/busybox",
    aliases: &["registry.k8s.io/busybox", "k8s.gcr.io/busybox", "gcr.io/google-containers/busybox"],
    tags: &["latest", "stable", "1", "1.2[0-9]", "1.3[0-7]", "1.[23][0-9].[0-9]", "1.24"],
    suffixes: &["-glibc", "-musl", "-uclibc"],
    size_bytes: 4 << 20,
    layers: 1,
    base: Base::Busybox,
    cmd: &["sh"],
    memory_bytes: 1 << 20,
    ..PLAIN
};
