//! MySQL; exits 1 without a password option.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/mysql",
    tags: &[
        "latest",
        "lts",
        "innovation",
        "5",
        "8",
        "9",
        "5.[67]",
        "8.[04]",
        "9.[0-9]",
        "5.[67].[0-9]*",
        "8.[04].[0-9]*",
        "9.[0-9].[0-9]*",
    ],
    suffixes: &["-oracle", "-debian"],
    size_bytes: 590 << 20,
    layers: 10,
    entrypoint: &["docker-entrypoint.sh"],
    cmd: &["mysqld"],
    ports: &[3306, 33060],
    start_ms: 6000,
    programs: &[
        ("/usr/local/bin/docker-entrypoint.sh", "entrypoint mysqld"),
        ("/usr/sbin/mysqld", "mysqld"),
        ("/usr/bin/mysql", "mysql"),
        ("/usr/bin/mysqladmin", "mysqladmin"),
        ("/usr/bin/mysqldump", "mysqldump"),
    ],
    dirs: &["/var/lib/mysql"],
    memory_bytes: 420 << 20,
    cpu_millis: 7,
    start_millis: 1300,
    request_us: 900,
    request_bytes: 128 << 10,
    env: &[("MYSQL_VERSION", "@mysql")],
    users: &[("mysql", 999)],
    ..PLAIN
};
