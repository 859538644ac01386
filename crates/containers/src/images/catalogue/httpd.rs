//! Apache httpd.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/httpd",
    tags: &["latest", "2", "2.4", "2.4.[0-9]", "2.4.[0-9][0-9]"],
    suffixes: &["-alpine", "-bookworm"],
    size_bytes: 148 << 20,
    layers: 6,
    workdir: "/usr/local/apache2",
    cmd: &["httpd-foreground"],
    ports: &[80],
    start_ms: 60,
    programs: &[
        ("/usr/local/bin/httpd-foreground", "apache"),
        ("/usr/local/apache2/bin/httpd", "apache"),
        ("/usr/local/apache2/bin/htpasswd", "htpasswd"),
    ],
    files: &[("/usr/local/apache2/htdocs/index.html", "<html><body><h1>It works!</h1></body></html>\n")],
    memory_bytes: 12 << 20,
    cpu_millis: 1,
    start_millis: 200,
    request_us: 250,
    request_bytes: 16 << 10,
    env: &[
        ("HTTPD_PREFIX", "/usr/local/apache2"),
        ("HTTPD_VERSION", "@httpd"),
        ("PATH", "/usr/local/apache2/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ],
    ..PLAIN
};
