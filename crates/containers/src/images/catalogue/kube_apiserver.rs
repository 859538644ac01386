//! kube-apiserver, as kubeadm runs it.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/kube-apiserver",
    tags: super::RELEASES,
    size_bytes: 29 << 20,
    base: Base::Scratch,
    entrypoint: &["/usr/local/bin/kube-apiserver"],
    ports: &[6443],
    programs: &[("/usr/local/bin/kube-apiserver", "kube-apiserver")],
    memory_bytes: 300 << 20,
    cpu_millis: 50,
    ..PLAIN
};
