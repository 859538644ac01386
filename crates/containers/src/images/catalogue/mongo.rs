//! MongoDB.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/mongo",
    tags: &["latest", "[34567]", "8", "[34567].[0-9]", "8.0", "[345678].[0-9].[0-9]*"],
    suffixes: &["-jammy", "-noble"],
    size_bytes: 850 << 20,
    layers: 8,
    base: Base::Ubuntu,
    entrypoint: &["docker-entrypoint.sh"],
    cmd: &["mongod"],
    ports: &[27017],
    start_ms: 1200,
    programs: &[
        ("/usr/local/bin/docker-entrypoint.sh", "entrypoint mongod"),
        ("/usr/bin/mongod", "mongod"),
        ("/usr/bin/mongosh", "mongosh"),
        ("/usr/bin/mongo", "mongosh"),
    ],
    dirs: &["/data/db"],
    memory_bytes: 160 << 20,
    cpu_millis: 8,
    start_millis: 900,
    request_us: 700,
    request_bytes: 64 << 10,
    env: &[("HOME", "/data/db"), ("MONGO_VERSION", "@mongo")],
    users: &[("mongodb", 999)],
    ..PLAIN
};
