//! etcd, as kubeadm runs it.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/etcd",
    tags: &["latest", "3.[0-9].[0-9]-0", "3.[0-9].[0-9][0-9]-0"],
    size_bytes: 60 << 20,
    base: Base::Scratch,
    entrypoint: &["/usr/local/bin/etcd"],
    ports: &[2379, 2381],
    programs: &[("/usr/local/bin/etcd", "etcd")],
    memory_bytes: 60 << 20,
    cpu_millis: 20,
    ..PLAIN
};
