//! Go.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/golang",
    tags: &["latest", "1", "1.1[0-9]", "1.2[0-5]", "1.[12][0-9].[0-9]*"],
    suffixes: &["-alpine", "-bookworm"],
    size_bytes: 820 << 20,
    cmd: &["bash"],
    memory_bytes: 4 << 20,
    programs: &[("/usr/local/go/bin/go", "go"), ("/usr/local/bin/go", "go"), ("/usr/bin/git", "git")],
    workdir: "/go",
    env: &[
        ("GOLANG_VERSION", "@go"),
        ("GOPATH", "/go"),
        ("GOTOOLCHAIN", "local"),
        ("PATH", "/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ],
    ..PLAIN
};
