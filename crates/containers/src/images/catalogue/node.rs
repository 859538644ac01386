//! Node.js: an interpreter that is not simulated beyond waiting.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/node",
    tags: &["latest", "lts", "current", "1[0-9]", "2[0-4]", "1[0-9].[0-9]*", "2[0-4].[0-9]*", "0.10.40"],
    suffixes: &["-alpine", "-slim", "-bookworm"],
    size_bytes: 1100 << 20,
    cmd: &["node"],
    memory_bytes: 45 << 20,
    programs: &[
        ("/usr/local/bin/docker-entrypoint.sh", "entrypoint node"),
        ("/usr/local/bin/node", "node"),
        ("/usr/local/bin/npm", "npm"),
        ("/usr/local/bin/yarn", "yarn"),
        ("/usr/bin/git", "git"),
    ],
    entrypoint: &["docker-entrypoint.sh"],
    env: &[("NODE_VERSION", "@node")],
    users: &[("node", 1000)],
    ..PLAIN
};
