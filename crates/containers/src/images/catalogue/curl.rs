//! curl alone.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/curlimages/curl",
    aliases: &["quay.io/curl/curl"],
    tags: &["latest", "7.*.*", "8.[0-9].[0-9]", "8.1[0-9].[0-9]"],
    size_bytes: 22 << 20,
    base: Base::Alpine,
    user: 100,
    entrypoint: &["/entrypoint.sh"],
    cmd: &["curl"],
    programs: &[("/usr/bin/curl", "curl")],
    files: &[(
        "/entrypoint.sh",
        "#!/bin/sh\ncase \"$1\" in -*) exec curl \"$@\";; http*) exec curl \"$@\";; *) exec \"$@\";; esac\n",
    )],
    memory_bytes: 3 << 20,
    users: &[("curl_user", 100)],
    ..PLAIN
};
