//! ZooKeeper, and the build of it that the StatefulSet tutorial uses.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/kubernetes-zookeeper",
    aliases: &["k8s.gcr.io/kubernetes-zookeeper", "docker.io/library/zookeeper"],
    tags: &["latest", "1.0-3.4.10", "3", "3.[4-9]", "3.[4-9].*"],
    size_bytes: 230 << 20,
    cmd: &["zkServer.sh", "start-foreground"],
    ports: &[2181, 2888, 3888],
    start_ms: 3_000,
    programs: &[
        ("/usr/bin/start-zookeeper", "zookeeper"),
        ("/usr/bin/zkServer.sh", "zookeeper"),
        ("/opt/zookeeper/bin/zkServer.sh", "zookeeper"),
        ("/usr/bin/zookeeper-ready", "zookeeper-ready"),
        ("/usr/bin/zkCli.sh", "true"),
    ],
    dirs: &["/var/lib/zookeeper"],
    memory_bytes: 90 << 20,
    cpu_millis: 4,
    start_millis: 900,
    ..PLAIN
};
