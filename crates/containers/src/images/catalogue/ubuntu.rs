//! Ubuntu.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/ubuntu",
    tags: &[
        "latest",
        "rolling",
        "devel",
        "1[4-9].04",
        "2[0-5].04",
        "2[0-5].10",
        "xenial",
        "bionic",
        "focal",
        "jammy",
        "noble",
    ],
    size_bytes: 78 << 20,
    layers: 1,
    base: Base::Ubuntu,
    cmd: &["/bin/bash"],
    memory_bytes: 2 << 20,
    users: &[("ubuntu", 1000)],
    ..PLAIN
};
