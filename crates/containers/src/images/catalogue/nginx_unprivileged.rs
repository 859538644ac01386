//! nginx that runs as user 101 on port 8080.

use super::super::Image;
use super::nginx::{LISTEN, NGINX, RESOLVERS, SETTINGS, SITE_8080, SORRY, TEMPLATES, TUNE, TYPES, WELCOME};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/nginxinc/nginx-unprivileged",
    user: 101,
    ports: &[8080],
    programs: &[
        ("/docker-entrypoint.sh", "entrypoint nginx"),
        ("/usr/sbin/nginx", "nginx"),
        ("/usr/bin/curl", "curl"),
    ],
    files: &[WELCOME, SORRY, SITE_8080, TYPES, LISTEN, RESOLVERS, TEMPLATES, TUNE, SETTINGS],
    ..NGINX
};
