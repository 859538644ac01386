//! Jenkins.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/jenkins/jenkins",
    tags: &["latest", "lts", "2.*"],
    suffixes: &["-jdk17", "-jdk21", "-alpine"],
    size_bytes: 480 << 20,
    user: 1000,

    ports: &[8080, 50000],
    start_ms: 15000,
    programs: &[
        ("/usr/bin/tini", "env"),
        ("/opt/java/openjdk/bin/java", "java"),
        ("/usr/bin/curl", "curl"),
        ("/usr/bin/git", "git"),
        ("/usr/local/bin/jenkins.sh", "jenkins"),
    ],
    dirs: &["/var/jenkins_home"],
    memory_bytes: 600 << 20,
    cpu_millis: 25,
    start_millis: 1800,
    request_us: 12_000,
    request_bytes: 1024 << 10,
    entrypoint: &["/usr/bin/tini", "--", "/usr/local/bin/jenkins.sh"],
    env: &[
        ("JENKINS_HOME", "/var/jenkins_home"),
        ("JENKINS_SLAVE_AGENT_PORT", "50000"),
        ("JAVA_HOME", "/opt/java/openjdk"),
        ("LANG", "C.UTF-8"),
        ("PATH", "/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ],
    users: &[("jenkins", 1000)],
    ..PLAIN
};
