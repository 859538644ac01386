//! PHP: its command line, and with the apache tags a web server.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/php",
    tags: &["latest", "apache", "cli", "fpm", "7", "8", "7.[0-4]", "8.[0-4]", "8.[0-4].[0-9]*"],
    suffixes: &["-apache", "-cli", "-fpm", "-alpine"],
    size_bytes: 530 << 20,
    workdir: "/var/www/html",
    entrypoint: &["docker-php-entrypoint"],
    cmd: &["php", "-a"],
    programs: &[
        ("/usr/local/bin/php", "php"),
        ("/usr/local/bin/docker-php-entrypoint", "php-entrypoint"),
        ("/usr/local/bin/apache2-foreground", "apache"),
        ("/usr/local/sbin/php-fpm", "hang"),
        ("/usr/bin/curl", "curl"),
    ],
    dirs: &["/var/www/html"],
    memory_bytes: 10 << 20,
    request_us: 900,
    env: &[("PHP_VERSION", "@php"), ("PHP_INI_DIR", "/usr/local/etc/php")],
    ..PLAIN
};
