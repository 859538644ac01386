//! agnhost, the test image of Kubernetes itself.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/e2e-test-images/agnhost",
    aliases: &["k8s.gcr.io/e2e-test-images/agnhost"],
    tags: &["latest", "2.[0-9]*"],
    size_bytes: 125 << 20,
    base: Base::Alpine,
    entrypoint: &["/agnhost"],
    cmd: &["pause"],
    ports: &[8080],
    start_ms: 20,
    programs: &[("/agnhost", "agnhost"), ("/usr/bin/curl", "curl")],
    memory_bytes: 6 << 20,
    cpu_millis: 1,
    start_millis: 100,
    request_us: 200,
    request_bytes: 4 << 10,
    ..PLAIN
};
