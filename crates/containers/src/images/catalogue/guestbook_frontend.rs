//! The guestbook's front end.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "us-docker.pkg.dev/google-samples/containers/gke/gb-frontend",
    aliases: &["gcr.io/google_samples/gb-frontend", "gcr.io/google-samples/gb-frontend"],
    tags: &["latest", "v[0-9]"],
    size_bytes: 512 << 20,
    layers: 18,
    cmd: &["apache2-foreground"],
    ports: &[80],
    start_ms: 200,
    programs: &[("/usr/local/bin/apache2-foreground", "gb-frontend")],
    memory_bytes: 22 << 20,
    cpu_millis: 1,
    start_millis: 400,
    request_us: 4_000,
    request_bytes: 512 << 10,
    ..PLAIN
};
