//! Jenkins.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/jenkins/jenkins",
    tags: &["latest", "lts", "2.*"],
    suffixes: &["-jdk17", "-jdk21", "-alpine"],
    size_bytes: 480 << 20,
    user: 1000,
    cmd: &["jenkins.sh"],
    ports: &[8080, 50000],
    start_ms: 15000,
    programs: &[("/usr/local/bin/jenkins.sh", "jenkins")],
    dirs: &["/var/jenkins_home"],
    memory_bytes: 600 << 20,
    cpu_millis: 25,
    start_millis: 1800,
    request_us: 12_000,
    request_bytes: 1024 << 10,
    ..PLAIN
};
