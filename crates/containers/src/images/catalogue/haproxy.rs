//! HAProxy.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/haproxy",
    tags: &["latest", "lts", "2.[0-9]", "3.[0-9]", "2.[0-9].[0-9]*", "3.[0-9].[0-9]*"],
    suffixes: &["-alpine"],
    size_bytes: 104 << 20,
    cmd: &["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"],
    user: 99,
    dirs: &["/usr/local/etc/haproxy"],
    programs: &[
        ("/usr/local/bin/docker-entrypoint.sh", "entrypoint haproxy"),
        ("/usr/local/sbin/haproxy", "haproxy"),
    ],
    memory_bytes: 20 << 20,
    cpu_millis: 1,
    start_millis: 200,
    request_us: 150,
    request_bytes: 4 << 10,
    entrypoint: &["docker-entrypoint.sh"],
    workdir: "/var/lib/haproxy",
    env: &[("HAPROXY_VERSION", "@haproxy")],
    users: &[("haproxy", 99)],
    ..PLAIN
};
