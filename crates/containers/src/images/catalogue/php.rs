//! PHP.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/php",
    tags: &["latest", "apache", "cli", "fpm", "7", "8", "7.[0-4]", "8.[0-4]", "8.[0-4].[0-9]*"],
    suffixes: &["-apache", "-cli", "-fpm", "-alpine"],
    size_bytes: 530 << 20,
    cmd: &["php", "-a"],
    memory_bytes: 10 << 20,
    programs: &[("/usr/local/bin/php", "php")],
    ..PLAIN
};
