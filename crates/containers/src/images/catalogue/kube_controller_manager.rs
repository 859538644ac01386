//! kube-controller-manager, as kubeadm runs it.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/kube-controller-manager",
    tags: &[
        "latest",
        "v1.[12][0-9].[0-9]",
        "v1.[12][0-9].[0-9][0-9]",
        "v1.3[0-6].[0-9]",
        "v1.3[0-6].[0-9][0-9]",
    ],
    size_bytes: 25 << 20,
    base: Base::Scratch,
    entrypoint: &["/usr/local/bin/kube-controller-manager"],
    ports: &[10257],
    programs: &[("/usr/local/bin/kube-controller-manager", "kube-controller-manager")],
    memory_bytes: 60 << 20,
    cpu_millis: 20,
    ..PLAIN
};
