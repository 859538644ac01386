//! Tomcat.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/library/tomcat",
    tags: &["latest", "8", "9", "10", "11", "[89].[0-9]", "10.1", "8.5.[0-9]*", "9.0.[0-9]*", "10.1.[0-9]*"],
    suffixes: &["-jdk17", "-jre17", "-jdk21"],
    size_bytes: 480 << 20,
    base: Base::Ubuntu,
    workdir: "/usr/local/tomcat",
    cmd: &["catalina.sh", "run"],
    ports: &[8080],
    start_ms: 2500,
    programs: &[("/usr/local/tomcat/bin/catalina.sh", "tomcat"), ("/usr/local/bin/catalina.sh", "tomcat")],
    dirs: &["/usr/local/tomcat/webapps"],
    memory_bytes: 150 << 20,
    cpu_millis: 4,
    start_millis: 1600,
    request_us: 1_500,
    request_bytes: 128 << 10,
    env: &[
        ("CATALINA_HOME", "/usr/local/tomcat"),
        ("JAVA_HOME", "/opt/java/openjdk"),
        ("TOMCAT_VERSION", "@tomcat"),
        (
            "PATH",
            "/usr/local/tomcat/bin:/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ),
    ],
    ..PLAIN
};
