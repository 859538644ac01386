//! nginx that runs as user 101 on port 8080.

use super::super::Image;
use super::nginx::{NGINX, SETTINGS, SORRY, WELCOME};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/nginxinc/nginx-unprivileged",
    user: 101,
    ports: &[8080],
    programs: &[
        ("/docker-entrypoint.sh", "entrypoint nginx"),
        ("/usr/sbin/nginx", "nginx"),
        ("/usr/bin/curl", "curl"),
    ],
    files: &[
        WELCOME,
        SORRY,
        (
            "/etc/nginx/conf.d/default.conf",
            "server {\n    listen       8080;\n    server_name  localhost;\n    location / {\n        root   /usr/share/nginx/html;\n        index  index.html index.htm;\n    }\n}\n",
        ),
        SETTINGS,
    ],
    ..NGINX
};
