//! OpenShift's etcd, with the script of its discovery service.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/openshift/etcd-20-centos7",
    tags: &["latest"],
    size_bytes: 250 << 20,
    cmd: &["etcd.sh"],
    ports: &[2379, 2380],
    programs: &[("/usr/local/bin/etcd", "etcd")],
    files: &[
        (
            "/usr/local/bin/etcd-discovery.sh",
            "#!/bin/bash\nexec etcd --listen-client-urls http://0.0.0.0:2379 --advertise-client-urls http://0.0.0.0:2379\n",
        ),
        ("/usr/local/bin/etcd.sh", "#!/bin/bash\nexec etcd\n"),
    ],
    memory_bytes: 40 << 20,
    ..PLAIN
};
