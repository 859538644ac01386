//! The init container of CockroachDB on Kubernetes: it finds the peers and runs a script.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/cockroachdb/cockroach-k8s-init",
    tags: &["latest", "0.[0-9]"],
    size_bytes: 180 << 20,
    entrypoint: &["/peer-finder"],
    files: &[
        (
            "/peer-finder",
            "#!/bin/sh\nfor a; do case $a in -service=*) service=${a#*=};; -on-start=*) start=${a#*=};; esac; done\nself=$(hostname -f)\necho \"Peer list updated\"\necho \"was []\"\necho \"now [$self]\"\nif [ -x \"$start\" ]; then echo \"execing: $start with stdin: $self\"; echo \"$self\" | \"$start\"; fi\necho \"Peer finder exiting\"\n",
        ),
        ("/on-start.sh", "#!/bin/bash\n# With certificates it would ask for them here.\ncat > /dev/null\n"),
    ],
    ..PLAIN
};
