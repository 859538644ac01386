//! Grafana.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/grafana/grafana",
    tags: &["latest", "main", "[5-9].*", "1[0-2].*"],
    size_bytes: 480 << 20,
    base: Base::Alpine,
    user: 472,
    entrypoint: &["/run.sh"],
    env: &[
        ("GF_PATHS_CONFIG", "/etc/grafana/grafana.ini"),
        ("GF_PATHS_DATA", "/var/lib/grafana"),
        ("GF_PATHS_HOME", "/usr/share/grafana"),
        ("GF_PATHS_LOGS", "/var/log/grafana"),
        ("GF_PATHS_PLUGINS", "/var/lib/grafana/plugins"),
        ("GF_PATHS_PROVISIONING", "/etc/grafana/provisioning"),
    ],
    ports: &[3000],
    start_ms: 4000,
    programs: &[("/run.sh", "grafana")],
    memory_bytes: 90 << 20,
    cpu_millis: 5,
    start_millis: 1200,
    request_us: 6_000,
    request_bytes: 256 << 10,
    workdir: "/usr/share/grafana",
    users: &[("grafana", 472)],
    ..PLAIN
};
