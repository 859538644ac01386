//! The file server of old examples.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/test-webserver",
    aliases: &["k8s.gcr.io/test-webserver", "gcr.io/google_containers/test-webserver"],
    tags: &["latest"],
    size_bytes: 5 << 20,
    base: Base::Scratch,
    entrypoint: &["/test-webserver"],
    ports: &[80],
    programs: &[("/test-webserver", "test-webserver")],
    memory_bytes: 2 << 20,
    cpu_millis: 1,
    start_millis: 50,
    request_us: 120,
    request_bytes: 4 << 10,
    ..PLAIN
};
