//! netshoot: network tools.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/nicolaka/netshoot",
    tags: &["latest", "v0.1", "v0.1[0-9]"],
    size_bytes: 500 << 20,
    base: Base::Alpine,
    cmd: &["zsh"],
    programs: &[
        ("/usr/bin/curl", "curl"),
        ("/usr/bin/dig", "dig"),
        ("/usr/bin/host", "host"),
        ("/usr/bin/nslookup", "nslookup.bind"),
        ("/bin/nc", "nc.openbsd"),
        ("/bin/ping", "ping.iputils"),
        ("/usr/bin/jq", "jq"),
        ("/usr/bin/openssl", "openssl"),
        ("/sbin/ss", "ss"),
        ("/sbin/iptables", "iptables"),
        ("/sbin/iptables-save", "iptables"),
        ("/bin/bash", "bash"),
        ("/bin/zsh", "bash"),
    ],
    memory_bytes: 2 << 20,
    workdir: "/root",
    ..PLAIN
};
