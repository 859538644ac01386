//! Prometheus.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/prom/prometheus",
    aliases: &["quay.io/prometheus/prometheus"],
    tags: &["latest", "main", "v2.*", "v3.*"],
    size_bytes: 300 << 20,
    base: Base::Busybox,
    user: 65534,
    entrypoint: &["/bin/prometheus"],
    ports: &[9090],
    start_ms: 300,
    programs: &[("/bin/prometheus", "prometheus")],
    memory_bytes: 80 << 20,
    cpu_millis: 6,
    start_millis: 900,
    request_us: 2_500,
    request_bytes: 128 << 10,
    cmd: &["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
    workdir: "/prometheus",
    files: &[(
        "/etc/prometheus/prometheus.yml",
        "global:\n  scrape_interval: 15s\n  evaluation_interval: 15s\nscrape_configs:\n  - job_name: \"prometheus\"\n    static_configs:\n      - targets: [\"localhost:9090\"]\n",
    )],
    ..PLAIN
};
