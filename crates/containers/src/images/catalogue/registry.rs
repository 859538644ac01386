//! The distribution registry, which keeps images.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/registry",
    aliases: &["docker.io/distribution/distribution"],
    tags: &["latest", "2", "2.[0-8]", "2.[0-8].[0-9]", "3", "3.0", "3.0.0", "3.1", "edge"],
    size_bytes: 25 << 20,
    layers: 5,
    base: Base::Alpine,
    entrypoint: &["/entrypoint.sh"],
    cmd: &["/etc/docker/registry/config.yml"],
    ports: &[5000],
    start_ms: 150,
    programs: &[("/bin/registry", "registry")],
    files: &[
        ("/entrypoint.sh", ENTRYPOINT),
        ("/etc/docker/registry/config.yml", CONFIG),
        ("/etc/distribution/config.yml", CONFIG),
    ],
    dirs: &["/var/lib/registry"],
    memory_bytes: 14 << 20,
    cpu_millis: 0,
    start_millis: 120,
    request_us: 250,
    request_bytes: 16 << 10,
    ..PLAIN
};

const ENTRYPOINT: &str = "#!/bin/sh\ncase \"$1\" in\n  *.yaml|*.yml) set -- registry serve \"$@\" ;;\n  serve|garbage-collect|help|-*) set -- registry \"$@\" ;;\nesac\nexec \"$@\"\n";

const CONFIG: &str = "version: 0.1\nlog:\n  fields:\n    service: registry\nstorage:\n  cache:\n    blobdescriptor: inmemory\n  filesystem:\n    rootdirectory: /var/lib/registry\nhttp:\n  addr: :5000\n  headers:\n    X-Content-Type-Options: [nosniff]\nhealth:\n  storagedriver:\n    enabled: true\n    interval: 10s\n    threshold: 3\n";
