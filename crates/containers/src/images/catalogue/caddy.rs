//! Caddy.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/caddy",
    tags: &["latest", "2", "2.[0-9]", "2.[0-9].[0-9]*"],
    suffixes: &["-alpine"],
    size_bytes: 50 << 20,
    base: Base::Alpine,
    workdir: "/srv",
    cmd: &["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
    ports: &[80, 443, 2019],
    programs: &[("/usr/bin/caddy", "caddy")],
    files: &[(
        "/usr/share/caddy/index.html",
        "<!DOCTYPE html>\n<title>Caddy works!</title>\n<h1>Congratulations!</h1>\n",
    )],
    memory_bytes: 14 << 20,
    cpu_millis: 1,
    start_millis: 200,
    request_us: 200,
    request_bytes: 8 << 10,
    env: &[("CADDY_VERSION", "@caddy"), ("XDG_CONFIG_HOME", "/config"), ("XDG_DATA_HOME", "/data")],
    ..PLAIN
};
