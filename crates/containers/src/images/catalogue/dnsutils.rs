//! dig, nslookup and their like.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/e2e-test-images/jessie-dnsutils",
    aliases: &["k8s.gcr.io/e2e-test-images/jessie-dnsutils", "docker.io/tutum/dnsutils"],
    tags: &["latest", "1.[0-9]"],
    size_bytes: 120 << 20,
    cmd: &["sleep", "infinity"],
    programs: &[
        ("/usr/bin/nslookup", "nslookup"),
        ("/usr/bin/dig", "dig"),
        ("/usr/bin/host", "host"),
        ("/usr/bin/curl", "curl"),
        ("/usr/bin/wget", "wget"),
        ("/bin/ping", "ping"),
        ("/bin/nc", "nc"),
    ],
    memory_bytes: 1 << 20,
    ..PLAIN
};
