//! The old New Relic server monitor: without a licence key it ends.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/newrelic/nrsysmond",
    tags: &["latest", "2.*"],
    size_bytes: 140 << 20,
    cmd: &["/usr/sbin/nrsysmond"],
    files: &[(
        "/usr/sbin/nrsysmond",
        "#!/bin/sh\n[ -n \"$NRSYSMOND_license_key\" ] || { echo \"Error: New Relic license key not set. Please refer to the documentation for how to set the license key.\" >&2; exit 1; }\necho \"nrsysmond: started\"\nexec sleep infinity\n",
    )],
    memory_bytes: 10 << 20,
    ..PLAIN
};
