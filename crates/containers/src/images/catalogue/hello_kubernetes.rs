//! hello-kubernetes.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/paulbouwer/hello-kubernetes",
    tags: &["latest", "1", "1.[0-9]", "1.10", "1.10.1"],
    size_bytes: 90 << 20,
    base: Base::Alpine,
    cmd: &["npm", "start"],
    ports: &[8080],
    start_ms: 600,
    programs: &[("/usr/local/bin/npm", "hello-kubernetes"), ("/usr/local/bin/node", "hello-kubernetes")],
    memory_bytes: 35 << 20,
    cpu_millis: 2,
    start_millis: 1000,
    request_us: 1_200,
    request_bytes: 64 << 10,
    user: 1000,
    workdir: "/usr/src/app",
    users: &[("node", 1000)],
    ..PLAIN
};
