//! nginx that reads its settings again when they change, from the https-nginx example.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/ymqytw/nginxhttps",
    tags: &["latest", "1.[0-9]"],
    size_bytes: 190 << 20,
    cmd: &["/home/auto-reload-nginx.sh"],
    ports: &[80, 443],
    programs: &[("/usr/sbin/nginx", "nginx")],
    files: &[
        (
            "/home/auto-reload-nginx.sh",
            "#!/bin/bash\n# start nginx\nnginx -g \"daemon off;\" &\nold=$(cksum /etc/nginx/conf.d/default.conf 2>/dev/null)\nwhile sleep 5; do\n  new=$(cksum /etc/nginx/conf.d/default.conf 2>/dev/null)\n  if [ \"$new\" != \"$old\" ]; then old=$new; nginx -t && nginx -s reload; fi\ndone\n",
        ),
        (
            "/etc/nginx/conf.d/default.conf",
            "server {\n    listen 80;\n    listen 443;\n    root /usr/share/nginx/html;\n}\n",
        ),
        ("/etc/nginx/nginx.conf", "events {\n}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n}\n"),
        (
            "/usr/share/nginx/html/index.html",
            "<!DOCTYPE html>\n<title>Welcome to nginx!</title>\n<h1>Welcome to nginx!</h1>\n",
        ),
    ],
    memory_bytes: 6 << 20,
    ..PLAIN
};
