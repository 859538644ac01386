//! The ingress-nginx controller.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/ingress-nginx/controller",
    tags: &["latest", "v1.[0-9].[0-9]", "v1.1[0-9].[0-9]"],
    size_bytes: 290 << 20,
    base: Base::Alpine,
    user: 101,
    entrypoint: &["/usr/bin/dumb-init", "--"],
    cmd: &["/nginx-ingress-controller"],
    ports: &[80, 443, 10254],
    start_ms: 2000,
    programs: &[("/nginx-ingress-controller", "ingress-controller"), ("/usr/bin/dumb-init", "env")],
    dirs: &["/etc/nginx/conf.d"],
    memory_bytes: 90 << 20,
    cpu_millis: 4,
    start_millis: 800,
    request_us: 250,
    request_bytes: 8 << 10,
    ..PLAIN
};
