//! Perl, which prints pi.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/perl",
    tags: &["latest", "5", "5.[23][0-9]", "5.[23][0-9].[0-9]", "5.4[0-2]"],
    suffixes: &["-slim", "-bookworm"],
    size_bytes: 890 << 20,
    layers: 6,
    cmd: &["perl", "-de0"],
    programs: &[("/usr/local/bin/perl", "perl")],
    memory_bytes: 6 << 20,
    workdir: "/usr/src/app",
    ..PLAIN
};
