//! The environment explorer of the Kubernetes examples.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/explorer",
    aliases: &["k8s.gcr.io/explorer", "gcr.io/google_containers/explorer"],
    tags: &["latest", "1.0"],
    size_bytes: 5 << 20,
    base: Base::Scratch,
    entrypoint: &["/explorer"],
    programs: &[("/explorer", "explorer")],
    memory_bytes: 4 << 20,
    ..PLAIN
};
