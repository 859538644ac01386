//! The kubernetes-bootcamp app of the tutorial.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "gcr.io/google-samples/kubernetes-bootcamp",
    aliases: &["docker.io/jocatalin/kubernetes-bootcamp"],
    tags: &["v1", "v2", "latest"],
    size_bytes: 211 << 20,
    cmd: &["/bin/sh", "-c", "node server.js"],
    ports: &[8080],
    start_ms: 400,
    programs: &[("/usr/local/bin/node", "bootcamp"), ("/usr/bin/curl", "curl")],
    memory_bytes: 30 << 20,
    cpu_millis: 2,
    start_millis: 900,
    request_us: 800,
    request_bytes: 16 << 10,
    ..PLAIN
};
