//! PostgreSQL; exits 1 without a password.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/postgres",
    tags: &["latest", "9", "9.[0-6]", "9.6.[0-9]*", "1[0-8]", "1[0-8].[0-9]", "1[0-8].[0-9][0-9]"],
    suffixes: &["-alpine", "-bookworm", "-bullseye"],
    size_bytes: 435 << 20,
    layers: 14,
    entrypoint: &["docker-entrypoint.sh"],
    cmd: &["postgres"],
    env: &[("LANG", "en_US.utf8"), ("PG_VERSION", "@postgres"), ("PGDATA", "/var/lib/postgresql/data")],
    ports: &[5432],
    start_ms: 1500,
    programs: &[
        ("/usr/local/bin/docker-entrypoint.sh", "entrypoint postgres"),
        ("/usr/lib/postgresql/bin/postgres", "postgres"),
        ("/usr/local/bin/postgres", "postgres"),
        ("/usr/local/bin/psql", "psql"),
        ("/usr/local/bin/pg_isready", "pg_isready"),
    ],
    dirs: &["/var/lib/postgresql/data"],
    memory_bytes: 38 << 20,
    cpu_millis: 3,
    start_millis: 700,
    request_us: 700,
    request_bytes: 96 << 10,
    users: &[("postgres", 999)],
    ..PLAIN
};
