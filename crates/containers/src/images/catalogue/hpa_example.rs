//! The PHP page of the autoscaling walkthrough, which works hard for each request.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/hpa-example",
    aliases: &["k8s.gcr.io/hpa-example"],
    tags: &["latest"],
    size_bytes: 500 << 20,
    layers: 12,
    cmd: &["apache2-foreground"],
    ports: &[80],
    programs: &[("/usr/local/bin/apache2-foreground", "hpa-example")],
    memory_bytes: 15 << 20,
    cpu_millis: 1,
    start_millis: 300,
    request_us: 10_000,
    request_bytes: 64 << 10,
    ..PLAIN
};
