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
    r#"
user  nginx;
worker_processes  auto;

error_log  /var/log/nginx/error.log notice;
pid        /run/nginx.pid;


events {
    worker_connections  1024;
}


http {
    include       /etc/nginx/mime.types;
    default_type  application/octet-stream;

    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';

    access_log  /var/log/nginx/access.log  main;

    sendfile        on;
    #tcp_nopush     on;

    keepalive_timeout  65;

    #gzip  on;

    include /etc/nginx/conf.d/*.conf;
}
"#,
);
/// What `conf.d/default.conf` says, but for its port.
macro_rules! site {
    ($port:literal) => {
        concat!(
            "server {\n    listen       ",
            $port,
            r#";
    server_name  localhost;

    #access_log  /var/log/nginx/host.access.log  main;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }

    #error_page  404              /404.html;

    # what is wrong with the server itself
    #
    error_page   500 502 503 504  /50x.html;
    location = /50x.html {
        root   /usr/share/nginx/html;
    }

    # PHP by way of another server
    #
    #location ~ \.php$ {
    #    proxy_pass   http://127.0.0.1;
    #}

    # what is meant for Apache stays unseen
    #
    #location ~ /\.ht {
    #    deny  all;
    #}
}

"#
        )
    };
}
pub(super) const SITE: (&str, &str) = ("/etc/nginx/conf.d/default.conf", site!("80"));
pub(super) const SITE_8080: (&str, &str) = ("/etc/nginx/conf.d/default.conf", site!("8080"));
pub(super) const TYPES: (&str, &str) = (
    "/etc/nginx/mime.types",
    "\ntypes {\n    text/html                                        html htm shtml;\n    text/css                                         css;\n    text/xml                                         xml;\n    image/gif                                        gif;\n    image/jpeg                                       jpeg jpg;\n    application/javascript                           js;\n    text/plain                                       txt;\n    image/png                                        png;\n    image/svg+xml                                    svg svgz;\n    application/json                                 json;\n}\n",
);
/// The image's own entrypoint does what these do by itself.
pub(super) const LISTEN: (&str, &str) =
    ("/docker-entrypoint.d/10-listen-on-ipv6-by-default.sh", "#!/bin/sh\n");
pub(super) const RESOLVERS: (&str, &str) = ("/docker-entrypoint.d/15-local-resolvers.envsh", "#!/bin/sh\n");
pub(super) const TEMPLATES: (&str, &str) =
    ("/docker-entrypoint.d/20-envsubst-on-templates.sh", "#!/bin/sh\n");
pub(super) const TUNE: (&str, &str) = ("/docker-entrypoint.d/30-tune-worker-processes.sh", "#!/bin/sh\n");

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
    files: &[WELCOME, SORRY, SITE, TYPES, LISTEN, RESOLVERS, TEMPLATES, TUNE, SETTINGS],
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
