//! mendhak's echo server.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/mendhak/http-https-echo",
    tags: &["latest", "[0-9]*"],
    size_bytes: 160 << 20,
    base: Base::Alpine,
    user: 1000,

    ports: &[8080, 8443],
    programs: &[("/usr/local/bin/node", "http-https-echo")],
    memory_bytes: 40 << 20,
    cpu_millis: 2,
    start_millis: 900,
    request_us: 800,
    request_bytes: 32 << 10,
    entrypoint: &["node", "./index.js"],
    workdir: "/app",
    users: &[("node", 1000)],
    ..PLAIN
};
