//! kube-proxy, as kubeadm runs it.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/kube-proxy",
    tags: super::RELEASES,
    size_bytes: 28 << 20,
    base: Base::Debian,
    entrypoint: &["/usr/local/bin/kube-proxy"],
    ports: &[10256],
    programs: &[("/usr/local/bin/kube-proxy", "kube-proxy")],
    memory_bytes: 25 << 20,
    cpu_millis: 2,
    ..PLAIN
};
