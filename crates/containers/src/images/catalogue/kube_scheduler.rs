//! kube-scheduler, as kubeadm runs it.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/kube-scheduler",
    tags: super::RELEASES,
    size_bytes: 19 << 20,
    base: Base::Scratch,
    entrypoint: &["/usr/local/bin/kube-scheduler"],
    ports: &[10259],
    programs: &[("/usr/local/bin/kube-scheduler", "kube-scheduler")],
    memory_bytes: 30 << 20,
    cpu_millis: 5,
    ..PLAIN
};
