//! kindnetd, as kubeadm runs it.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/kindest/kindnetd",
    tags: &["latest", "v2025*", "v2026*"],
    size_bytes: 40 << 20,
    base: Base::Debian,
    entrypoint: &["/usr/local/bin/kindnetd"],
    programs: &[("/usr/local/bin/kindnetd", "kindnetd")],
    memory_bytes: 20 << 20,
    cpu_millis: 2,
    ..PLAIN
};
