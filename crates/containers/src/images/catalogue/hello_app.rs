//! Google's hello-app.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "gcr.io/google-samples/hello-app",
    aliases: &["us-docker.pkg.dev/google-samples/containers/gke/hello-app"],
    tags: &["1.0", "2.0", "latest"],
    size_bytes: 13 << 20,
    layers: 3,
    base: Base::Alpine,
    cmd: &["./hello-app"],
    ports: &[8080],
    start_ms: 10,
    programs: &[("/hello-app", "hello-app")],
    memory_bytes: 3 << 20,
    cpu_millis: 1,
    start_millis: 50,
    request_us: 150,
    request_bytes: 4 << 10,
    env: &[("PORT", "8080")],
    ..PLAIN
};
