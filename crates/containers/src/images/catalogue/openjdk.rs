//! OpenJDK.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/openjdk",
    tags: &["latest", "8", "11", "17", "21", "8-jdk", "11-jre", "17-jdk"],
    suffixes: &["-slim", "-alpine"],
    size_bytes: 470 << 20,
    cmd: &["jshell"],
    memory_bytes: 80 << 20,
    programs: &[("/usr/local/bin/java", "java"), ("/usr/local/bin/jshell", "java")],
    ..PLAIN
};
