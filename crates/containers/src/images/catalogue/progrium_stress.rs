//! stress, as an image whose entrypoint it is.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/progrium/stress",
    size_bytes: 282 << 20,
    entrypoint: &["/usr/bin/stress", "--verbose"],
    programs: &[("/usr/bin/stress", "stress")],
    memory_bytes: 1 << 20,
    ..PLAIN
};
