//! nginx, the web server of most tutorials.

use super::super::{Image, PLAIN};

pub(super) const WELCOME: (&str, &str) = (
    "/usr/share/nginx/html/index.html",
    "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n<h1>Welcome to nginx!</h1>\n<p>The server works; its pages are still to be written.</p>\n</body>\n</html>\n",
);
pub(super) const SORRY: (&str, &str) =
    ("/usr/share/nginx/html/50x.html", "<html><body><h1>An error occurred.</h1></body></html>\n");
pub(super) const SETTINGS: (&str, &str) = (
    "/etc/nginx/nginx.conf",
    "user  nginx;\nworker_processes  auto;\nevents {\n    worker_connections  1024;\n}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n}\n",
);

pub(super) static IMAGE: Image = NGINX;

/// What the images built on this one share with it.
pub(super) const NGINX: Image = Image {
    name: "docker.io/library/nginx",
    tags: &[
        "latest",
        "stable",
        "mainline",
        "1",
        "1.[789]",
        "1.1[0-9]",
        "1.2[0-9]",
        "1.[789].*",
        "1.1[0-9].[0-9]",
        "1.1[0-9].[0-9][0-9]",
        "1.2[0-9].[0-9]",
    ],
    suffixes: &["-alpine", "-perl", "-alpine-slim", "-slim", "-bookworm", "-alpine-perl"],
    size_bytes: 192 << 20,
    layers: 7,
    entrypoint: &["/docker-entrypoint.sh"],
    cmd: &["nginx", "-g", "daemon off;"],
    ports: &[80],
    start_ms: 40,
    programs: &[
        ("/docker-entrypoint.sh", "entrypoint nginx"),
        ("/usr/sbin/nginx", "nginx"),
        ("/usr/sbin/nginx-debug", "nginx"),
        ("/usr/bin/curl", "curl"),
    ],
    files: &[
        WELCOME,
        SORRY,
        (
            "/etc/nginx/conf.d/default.conf",
            "server {\n    listen       80;\n    server_name  localhost;\n    location / {\n        root   /usr/share/nginx/html;\n        index  index.html index.htm;\n    }\n}\n",
        ),
        SETTINGS,
    ],
    dirs: &[
        "/etc/nginx/conf.d",
        "/usr/share/nginx/html",
        "/var/cache/nginx",
        "/var/log/nginx",
        "/docker-entrypoint.d",
    ],
    memory_bytes: 6 << 20,
    cpu_millis: 0,
    start_millis: 150,
    request_us: 120,
    request_bytes: 4 << 10,
    env: &[("NGINX_VERSION", "@nginx")],
    users: &[("nginx", 101)],
    ..PLAIN
};
