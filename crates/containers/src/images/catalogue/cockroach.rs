//! CockroachDB.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/cockroachdb/cockroach",
    tags: &["latest", "v[12].*", "v2[0-5].*", "latest-v*"],
    size_bytes: 160 << 20,
    workdir: "/cockroach",
    entrypoint: &["/cockroach/cockroach.sh"],
    ports: &[8080, 26257],
    programs: &[("/cockroach/cockroach", "cockroach"), ("/cockroach/cockroach.sh", "cockroach")],
    dirs: &["/cockroach/cockroach-data"],
    memory_bytes: 200 << 20,
    ..PLAIN
};
