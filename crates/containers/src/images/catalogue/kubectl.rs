//! kubectl as an image: a shell and its tools beside it.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/bitnami/kubectl",
    aliases: &["docker.io/bitnamilegacy/kubectl", "registry.k8s.io/kubectl", "docker.io/rancher/kubectl"],
    tags: &["latest", "v1.*", "1.*"],
    size_bytes: 120 << 20,
    user: 1001,
    entrypoint: &["kubectl"],
    cmd: &["--help"],
    programs: &[("/usr/local/bin/kubectl", "kubectl-inside"), ("/usr/bin/curl", "curl")],
    memory_bytes: 12 << 20,
    ..PLAIN
};
