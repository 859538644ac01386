//! kubectl among the tools of those who look after clusters; a shell is its command.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/alpine/k8s",
    aliases: &["docker.io/dtzar/helm-kubectl"],
    tags: &["latest", "1.*", "3.*"],
    size_bytes: 250 << 20,
    base: Base::Alpine,
    workdir: "/apps",
    cmd: &["bash"],
    programs: &[
        ("/usr/bin/kubectl", "kubectl-inside"),
        ("/usr/bin/curl", "curl"),
        ("/usr/bin/jq", "jq"),
        ("/bin/bash", "bash"),
    ],
    dirs: &["/apps"],
    memory_bytes: 12 << 20,
    ..PLAIN
};
