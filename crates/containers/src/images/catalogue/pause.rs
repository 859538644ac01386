//! What holds a pod's namespaces.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/pause",
    aliases: &["k8s.gcr.io/pause", "gcr.io/google_containers/pause", "docker.io/kubernetes/pause"],
    tags: &["latest", "2.0", "3.[0-9]", "3.10", "3.10.[0-9]"],
    size_bytes: 1 << 20,
    layers: 1,
    base: Base::Scratch,
    user: 65535,
    entrypoint: &["/pause"],
    programs: &[("/pause", "pause")],
    memory_bytes: 1 << 20,
    ..PLAIN
};
