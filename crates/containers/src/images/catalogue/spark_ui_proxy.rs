//! The proxy in front of Spark's pages.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/elsonrodriguez/spark-ui-proxy",
    tags: &["latest", "1.0"],
    size_bytes: 690 << 20,
    entrypoint: &["python", "/spark-ui-proxy.py"],
    ports: &[80],
    programs: &[("/usr/local/bin/python", "spark-ui-proxy")],
    memory_bytes: 12 << 20,
    ..PLAIN
};
