//! kube-controller-manager, as kubeadm runs it.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/kube-controller-manager",
    tags: super::RELEASES,
    size_bytes: 25 << 20,
    base: Base::Scratch,
    entrypoint: &["/usr/local/bin/kube-controller-manager"],
    ports: &[10257],
    programs: &[("/usr/local/bin/kube-controller-manager", "kube-controller-manager")],
    memory_bytes: 60 << 20,
    cpu_millis: 20,
    ..PLAIN
};
