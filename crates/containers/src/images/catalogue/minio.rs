//! MinIO.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/minio/minio",
    tags: &["latest", "RELEASE.*"],
    size_bytes: 180 << 20,
    base: Base::Busybox,
    entrypoint: &["/usr/bin/docker-entrypoint.sh"],
    cmd: &["minio"],
    ports: &[9000],
    programs: &[("/usr/bin/docker-entrypoint.sh", "minio")],
    memory_bytes: 120 << 20,
    cpu_millis: 4,
    start_millis: 600,
    request_us: 1_500,
    request_bytes: 64 << 10,
    ..PLAIN
};
