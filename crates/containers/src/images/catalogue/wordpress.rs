//! WordPress.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/wordpress",
    tags: &["latest", "php8.[0-9]", "4.*", "5.*", "6", "6.[0-9]", "6.[0-9].[0-9]"],
    suffixes: &["-apache", "-php8.2-apache", "-php8.3-apache"],
    size_bytes: 700 << 20,
    layers: 22,
    workdir: "/var/www/html",
    cmd: &["apache2-foreground"],
    ports: &[80],
    start_ms: 900,
    programs: &[
        ("/usr/local/bin/docker-entrypoint.sh", "entrypoint apache2-foreground"),
        ("/usr/local/bin/apache2-foreground", "wordpress"),
    ],
    dirs: &["/var/www/html"],
    memory_bytes: 60 << 20,
    cpu_millis: 1,
    start_millis: 400,
    request_us: 30_000,
    request_bytes: 1536 << 10,
    entrypoint: &["docker-entrypoint.sh"],
    ..PLAIN
};
