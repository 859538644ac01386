//! Cassandra, and the build of it that the StatefulSet tutorial uses.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "gcr.io/google-samples/cassandra",
    aliases: &["docker.io/library/cassandra"],
    tags: &["latest", "v1[1-4]", "3", "4", "5", "3.*", "4.*", "5.*"],
    size_bytes: 370 << 20,
    entrypoint: &["/run.sh"],
    ports: &[7000, 9042],
    start_ms: 12_000,
    programs: &[
        ("/run.sh", "cassandra"),
        ("/usr/local/bin/docker-entrypoint.sh", "cassandra"),
        ("/usr/bin/cassandra", "cassandra"),
        ("/usr/bin/nodetool", "nodetool"),
    ],
    files: &[(
        "/ready-probe.sh",
        "#!/bin/bash\nif [[ $(nodetool status | grep $POD_IP) == *\"UN\"* ]]; then\n  if [[ $DEBUG ]]; then\n    echo \"UN\"\n  fi\n  exit 0\nelse\n  exit 1\nfi\n",
    )],
    dirs: &["/cassandra_data"],
    memory_bytes: 900 << 20,
    cpu_millis: 20,
    start_millis: 1800,
    request_us: 900,
    request_bytes: 64 << 10,
    ..PLAIN
};
