//! The example web application that a sidecar copies into a Tomcat.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/resouer/sample",
    tags: &["latest", "v[12]"],
    size_bytes: 5 << 20,
    layers: 3,
    base: Base::Busybox,
    cmd: &["sh"],
    files: &[(
        "/sample.war",
        "PK\u{3}\u{4}index.jsp\n<html><body>Hello, this is the sample application.</body></html>\n",
    )],
    memory_bytes: 1 << 20,
    ..PLAIN
};
