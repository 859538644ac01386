//! coredns, as kubeadm runs it.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/coredns/coredns",
    aliases: &["docker.io/coredns/coredns"],
    tags: &["latest", "v1.[0-9].[0-9]", "v1.[0-9][0-9].[0-9]"],
    size_bytes: 22 << 20,
    base: Base::Scratch,
    entrypoint: &["/coredns"],
    ports: &[53, 9153],
    programs: &[("/coredns", "coredns")],
    memory_bytes: 20 << 20,
    cpu_millis: 3,
    ..PLAIN
};
