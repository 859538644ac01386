//! The small nginx of the StatefulSet pages.

use super::super::Image;
use super::nginx::NGINX;

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/nginx-slim",
    aliases: &["gcr.io/google_containers/nginx-slim", "k8s.gcr.io/nginx-slim"],
    tags: &["latest", "0.[0-9]", "0.2[0-9]"],
    suffixes: &[],
    size_bytes: 108 << 20,
    entrypoint: &[],
    programs: &[("/usr/sbin/nginx", "nginx"), ("/usr/bin/curl", "curl")],
    dirs: &["/etc/nginx/conf.d", "/usr/share/nginx/html", "/var/cache/nginx", "/var/log/nginx"],
    ..NGINX
};
