//! PhpMyAdmin.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/phpmyadmin",
    aliases: &["docker.io/phpmyadmin/phpmyadmin"],
    tags: &["latest", "5", "5.[0-9]", "5.[0-9].[0-9]"],
    size_bytes: 560 << 20,
    cmd: &["apache2-foreground"],
    ports: &[80],
    start_ms: 500,
    programs: &[
        ("/docker-entrypoint.sh", "entrypoint apache2-foreground"),
        ("/usr/local/bin/apache2-foreground", "phpmyadmin"),
    ],
    memory_bytes: 40 << 20,
    cpu_millis: 1,
    start_millis: 300,
    request_us: 9_000,
    request_bytes: 768 << 10,
    entrypoint: &["/docker-entrypoint.sh"],
    workdir: "/var/www/html",
    ..PLAIN
};
