//! Python: an interpreter that is not simulated beyond waiting.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/python",
    tags: &["latest", "2", "2.7", "3", "3.[5-9]", "3.1[0-4]", "3.[0-9].[0-9]*", "3.1[0-4].[0-9]*"],
    suffixes: &["-alpine", "-slim", "-bookworm", "-slim-bookworm"],
    size_bytes: 1000 << 20,
    cmd: &["python3"],
    memory_bytes: 12 << 20,
    programs: &[
        ("/usr/local/bin/python", "python"),
        ("/usr/local/bin/python3", "python"),
        ("/usr/local/bin/pip", "pip"),
        ("/usr/local/bin/pip3", "pip"),
    ],
    env: &[
        ("LANG", "C.UTF-8"),
        ("PYTHON_VERSION", "@python"),
        ("PATH", "/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ],
    ..PLAIN
};
