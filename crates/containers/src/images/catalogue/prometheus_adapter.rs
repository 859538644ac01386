//! The Prometheus adapter for the custom metrics API.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/prometheus-adapter/prometheus-adapter",
    tags: &["latest", "v0.[0-9].[0-9]", "v0.1[0-2].[0-9]"],
    size_bytes: 70 << 20,
    base: Base::Scratch,
    entrypoint: &["/adapter"],
    programs: &[("/adapter", "prometheus-adapter")],
    memory_bytes: 40 << 20,
    ..PLAIN
};
