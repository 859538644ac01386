//! kubectl as an image: a shell and its tools. Its own program is not run in a container.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/bitnami/kubectl",
    aliases: &["registry.k8s.io/kubectl", "docker.io/alpine/k8s", "docker.io/rancher/kubectl"],
    tags: &["latest", "v1.*", "1.*"],
    size_bytes: 120 << 20,
    user: 1001,
    entrypoint: &["kubectl"],
    cmd: &["--help"],
    programs: &[("/usr/local/bin/kubectl", "kubectl-inside"), ("/usr/bin/curl", "curl")],
    memory_bytes: 12 << 20,
    ..PLAIN
};
