//! The documentation's echoserver.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/echoserver",
    aliases: &[
        "k8s.gcr.io/echoserver",
        "gcr.io/google_containers/echoserver",
        "gcr.io/kubernetes-e2e-test-images/echoserver",
    ],
    tags: &["latest", "1.[0-9]", "1.10"],
    size_bytes: 95 << 20,
    cmd: &["/usr/local/bin/run.sh"],
    ports: &[8080],
    programs: &[("/usr/local/bin/run.sh", "echo-server")],
    memory_bytes: 6 << 20,
    cpu_millis: 1,
    start_millis: 200,
    request_us: 400,
    request_bytes: 8 << 10,
    ..PLAIN
};
