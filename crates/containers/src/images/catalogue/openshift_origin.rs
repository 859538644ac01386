//! OpenShift Origin in one binary.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/openshift/origin",
    tags: &["latest", "v1.*", "v3.*"],
    size_bytes: 500 << 20,
    entrypoint: &["/usr/bin/openshift"],
    ports: &[53, 8443],
    programs: &[("/usr/bin/openshift", "openshift")],
    memory_bytes: 120 << 20,
    ..PLAIN
};
