//! MariaDB.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/mariadb",
    tags: &["latest", "lts", "10", "11", "10.[0-9]", "10.1[01]", "11.[0-8]", "10.*.*", "11.*.*"],
    suffixes: &["-jammy", "-noble"],
    size_bytes: 405 << 20,
    layers: 8,
    base: Base::Ubuntu,
    entrypoint: &["docker-entrypoint.sh"],
    cmd: &["mariadbd"],
    ports: &[3306],
    start_ms: 4000,
    programs: &[
        ("/usr/local/bin/docker-entrypoint.sh", "entrypoint mariadbd"),
        ("/usr/sbin/mariadbd", "mariadbd"),
        ("/usr/bin/mariadb", "mysql"),
        ("/usr/bin/mysql", "mysql"),
        ("/usr/bin/mariadb-admin", "mysqladmin"),
        ("/usr/local/bin/healthcheck.sh", "true"),
    ],
    dirs: &["/var/lib/mysql"],
    memory_bytes: 110 << 20,
    cpu_millis: 6,
    start_millis: 900,
    request_us: 900,
    request_bytes: 128 << 10,
    env: &[("MARIADB_VERSION", "@mariadb"), ("LANG", "C.UTF-8")],
    users: &[("mysql", 999)],
    ..PLAIN
};
