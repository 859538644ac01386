//! The old Tomcat of the sidecar example.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/resouer/mytomcat",
    tags: &["latest", "7.0"],
    size_bytes: 390 << 20,
    base: Base::Ubuntu,
    cmd: &["/root/apache-tomcat-7.0.42-v2/bin/start.sh"],
    ports: &[8080],
    start_ms: 2500,
    programs: &[("/root/apache-tomcat-7.0.42-v2/bin/start.sh", "app-server")],
    dirs: &["/root/apache-tomcat-7.0.42-v2/webapps"],
    memory_bytes: 120 << 20,
    cpu_millis: 4,
    start_millis: 1600,
    request_us: 1_500,
    request_bytes: 128 << 10,
    ..PLAIN
};
