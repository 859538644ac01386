//! The file trees images start from: Alpine's, busybox's and Debian's usual directories and tools.

use crate::fs::{Dev, Meta, Node, Tree};
use crate::programs;

/// Which tools and shell a base has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Base {
    /// Nothing at all: the image is its one program.
    Scratch,
    Busybox,
    Alpine,
    Debian,
    Ubuntu,
}

impl Base {
    /// The size of its own layer, which all images of this base share (estimate).
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Self::Scratch => 0,
            Self::Busybox => 4 << 20,
            Self::Alpine => 7 << 20,
            Self::Debian => 74 << 20,
            Self::Ubuntu => 78 << 20,
        }
    }
}

/// Programs of coreutils and their like that Debian's slim images carry.
const DEBIAN: [&str; 106] = [
    "[",
    "addgroup",
    "adduser",
    "arch",
    "awk",
    "base64",
    "basename",
    "cat",
    "chgrp",
    "chmod",
    "chown",
    "chroot",
    "cksum",
    "clear",
    "cmp",
    "comm",
    "cp",
    "cut",
    "date",
    "dd",
    "df",
    "diff",
    "dirname",
    "du",
    "echo",
    "egrep",
    "env",
    "expand",
    "expr",
    "factor",
    "fallocate",
    "false",
    "fgrep",
    "find",
    "fold",
    "getent",
    "grep",
    "groupadd",
    "groups",
    "gunzip",
    "gzip",
    "head",
    "hostid",
    "hostname",
    "id",
    "ionice",
    "kill",
    "ln",
    "logger",
    "ls",
    "md5sum",
    "mkdir",
    "mkfifo",
    "mktemp",
    "more",
    "mount",
    "mv",
    "nice",
    "nl",
    "nohup",
    "nproc",
    "od",
    "paste",
    "perl",
    "pidof",
    "printenv",
    "printf",
    "pwd",
    "readlink",
    "realpath",
    "reset",
    "rev",
    "rm",
    "rmdir",
    "sed",
    "seq",
    "setsid",
    "sha1sum",
    "sha256sum",
    "shuf",
    "sleep",
    "sort",
    "stat",
    "stdbuf",
    "stty",
    "sync",
    "tac",
    "tail",
    "tar",
    "tee",
    "test",
    "timeout",
    "touch",
    "tr",
    "true",
    "truncate",
    "tty",
    "uname",
    "uniq",
    "useradd",
    "wc",
    "which",
    "whoami",
    "xargs",
    "yes",
    "zcat",
];

/// What nodes have beside the slim image's programs.
const NODE_TOOLS: [&str; 22] = [
    "curl", "dig", "free", "host", "ip", "less", "mount", "nc", "netstat", "nslookup", "openssl", "pgrep",
    "ping", "ps", "ss", "sudo", "sysctl", "top", "uptime", "vi", "watch", "wget",
];

/// `/dev` as a container sees it.
pub fn devices(tree: &mut Tree) {
    let meta = Meta::new(0o666);
    for (name, dev) in [
        ("null", Dev::Null),
        ("zero", Dev::Zero),
        ("full", Dev::Full),
        ("random", Dev::Random),
        ("urandom", Dev::Random),
        ("tty", Dev::Tty),
        ("stdin", Dev::Fd(0)),
        ("stdout", Dev::Fd(1)),
        ("stderr", Dev::Fd(2)),
        ("fd/0", Dev::Fd(0)),
        ("fd/1", Dev::Fd(1)),
        ("fd/2", Dev::Fd(2)),
    ] {
        tree.put(&format!("/dev/{name}"), Node::Dev(dev, meta));
    }
    tree.put("/proc/self/fd/1", Node::Dev(Dev::Fd(1), meta));
    tree.put("/proc/self/fd/2", Node::Dev(Dev::Fd(2), meta));
    tree.put("/proc/1/fd/1", Node::Dev(Dev::Fd(1), meta));
    tree.put("/proc/1/fd/2", Node::Dev(Dev::Fd(2), meta));
    tree.put("/dev/shm", Node::dir(0o1777));
}

/// `/etc/passwd` and `/etc/group`, shortened to users that commands name.
fn accounts(base: Base) -> (&'static str, &'static str) {
    match base {
        Base::Scratch | Base::Busybox => (
            "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nbin:x:2:2:bin:/bin:/bin/false\nsys:x:3:3:sys:/dev:/bin/false\nsync:x:4:100:sync:/bin:/bin/sync\nmail:x:8:8:mail:/var/spool/mail:/bin/false\nwww-data:x:33:33:www-data:/var/www:/bin/false\noperator:x:37:37:Operator:/var:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
            "root:x:0:\ndaemon:x:1:\nbin:x:2:\nsys:x:3:\nadm:x:4:\ntty:x:5:\ndisk:x:6:\nwheel:x:10:root\nutmp:x:43:\nstaff:x:50:\nusers:x:100:\nwww-data:x:33:\nnobody:x:65534:\n",
        ),
        Base::Alpine => (
            "root:x:0:0:root:/root:/bin/sh\nbin:x:1:1:bin:/bin:/sbin/nologin\ndaemon:x:2:2:daemon:/sbin:/sbin/nologin\nlp:x:4:7:lp:/var/spool/lpd:/sbin/nologin\nsync:x:5:0:sync:/sbin:/bin/sync\nshutdown:x:6:0:shutdown:/sbin:/sbin/shutdown\nhalt:x:7:0:halt:/sbin:/sbin/halt\nmail:x:8:12:mail:/var/mail:/sbin/nologin\nnews:x:9:13:news:/usr/lib/news:/sbin/nologin\nuucp:x:10:14:uucp:/var/spool/uucppublic:/sbin/nologin\ncron:x:16:16:cron:/var/spool/cron:/sbin/nologin\nftp:x:21:21::/var/lib/ftp:/sbin/nologin\nsshd:x:22:22:sshd:/dev/null:/sbin/nologin\ngames:x:35:35:games:/usr/games:/sbin/nologin\nntp:x:123:123:NTP:/var/empty:/sbin/nologin\nguest:x:405:100:guest:/dev/null:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
            "root:x:0:root\nbin:x:1:root,bin,daemon\ndaemon:x:2:root,bin,daemon\nsys:x:3:root,bin\nadm:x:4:root,daemon\ntty:x:5:\ndisk:x:6:root\nlp:x:7:lp\nwheel:x:10:root\nfloppy:x:11:root\nmail:x:12:mail\ncron:x:16:cron\ndialout:x:20:root\ntape:x:26:root\nvideo:x:27:root\nwww-data:x:82:\nusers:x:100:games\nnogroup:x:65533:\nnobody:x:65534:\n",
        ),
        Base::Debian | Base::Ubuntu => (
            "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nbin:x:2:2:bin:/bin:/usr/sbin/nologin\nsys:x:3:3:sys:/dev:/usr/sbin/nologin\nsync:x:4:65534:sync:/bin:/bin/sync\ngames:x:5:60:games:/usr/games:/usr/sbin/nologin\nman:x:6:12:man:/var/cache/man:/usr/sbin/nologin\nlp:x:7:7:lp:/var/spool/lpd:/usr/sbin/nologin\nmail:x:8:8:mail:/var/mail:/usr/sbin/nologin\nnews:x:9:9:news:/var/spool/news:/usr/sbin/nologin\nuucp:x:10:10:uucp:/var/spool/uucp:/usr/sbin/nologin\nproxy:x:13:13:proxy:/bin:/usr/sbin/nologin\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nbackup:x:34:34:backup:/var/backups:/usr/sbin/nologin\nlist:x:38:38:Mailing List Manager:/var/list:/usr/sbin/nologin\nirc:x:39:39:ircd:/run/ircd:/usr/sbin/nologin\n_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
            "root:x:0:\ndaemon:x:1:\nbin:x:2:\nsys:x:3:\nadm:x:4:\ntty:x:5:\ndisk:x:6:\nlp:x:7:\nmail:x:8:\nnews:x:9:\nman:x:12:\nproxy:x:13:\ncdrom:x:24:\nsudo:x:27:\nwww-data:x:33:\nbackup:x:34:\nshadow:x:42:\nstaff:x:50:\ngames:x:60:\nusers:x:100:\nnogroup:x:65534:\n",
        ),
    }
}

/// Adds an image's own users, each with a group.
pub fn add_users(tree: &mut Tree, users: &[(&str, u32)]) {
    for (file, group) in [("/etc/passwd", false), ("/etc/group", true)] {
        let Some(text) = tree.file(file).filter(|_| !users.is_empty()) else { continue };
        let mut text = String::from_utf8_lossy(text).into_owned();
        for (name, id) in users {
            text.push_str(&if group {
                format!("{name}:x:{id}:\n")
            } else {
                format!("{name}:x:{id}:{id}::/home/{name}:/bin/sh\n")
            });
        }
        tree.put_file(file, text.as_bytes(), 0o644);
    }
}

/// A base's tree, before an image adds to it.
#[must_use]
pub fn tree(base: Base) -> Tree {
    let mut tree = Tree::default();
    devices(&mut tree);
    for dir in ["/etc", "/proc", "/sys"] {
        if tree.node(&crate::fs::split(dir)).is_none() {
            tree.put(dir, Node::dir(0o755));
        }
    }
    if base == Base::Scratch {
        return tree;
    }
    for dir in [
        "/bin",
        "/home",
        "/lib",
        "/mnt",
        "/opt",
        "/run",
        "/sbin",
        "/srv",
        "/usr/bin",
        "/usr/local/bin",
        "/usr/sbin",
        "/var/log",
        "/var/run",
        "/var/lib",
        "/var/cache",
        "/usr/share",
    ] {
        tree.put(dir, Node::dir(0o755));
    }
    tree.put("/root", Node::dir(0o700));
    tree.put("/tmp", Node::dir(0o1777));
    tree.put("/var/tmp", Node::dir(0o1777));
    let (passwd, group) = accounts(base);
    tree.put_file("/etc/passwd", passwd.as_bytes(), 0o644);
    tree.put_file("/etc/group", group.as_bytes(), 0o644);
    match base {
        Base::Busybox | Base::Alpine | Base::Scratch => {
            for name in programs::busybox_names() {
                tree.put(&format!("/bin/{name}"), Node::program(name, 1_030_000));
            }
            if base == Base::Alpine {
                tree.put("/sbin/apk", Node::program("apk", 60_000));
            }
            tree.put("/bin/busybox", Node::program("busybox", 1_030_000));
            tree.put("/usr/bin/env", Node::program("env", 1_030_000));
        }
        Base::Debian | Base::Ubuntu => {
            for name in DEBIAN {
                tree.put(&format!("/usr/bin/{name}"), Node::program(name, 60_000));
                tree.put(&format!("/bin/{name}"), Node::program(name, 60_000));
            }
            for name in ["apt", "apt-get"] {
                tree.put(&format!("/usr/bin/{name}"), Node::program("apt", 60_000));
            }
            tree.put("/bin/sh", Node::program("dash", 125_000));
            tree.put("/bin/dash", Node::program("dash", 125_000));
            tree.put("/bin/bash", Node::program("bash", 1_260_000));
        }
    }
    super::releases::write(&mut tree, base, "latest");
    tree
}

/// What a node's distribution brings: its tools, as an administrator finds them.
#[must_use]
pub fn system() -> Tree {
    let mut tree = tree(Base::Ubuntu);
    tree.put("/root", Node::dir(0o700));
    for name in NODE_TOOLS {
        tree.put(&format!("/usr/bin/{name}"), Node::program(name, 60_000));
    }
    tree
}

/// The learner's own machine: all programs, a home, and `bash`.
#[must_use]
pub fn workstation(home: &str) -> Tree {
    let mut tree = tree(Base::Ubuntu);
    for name in programs::busybox_names() {
        let path = format!("/usr/bin/{name}");
        if !matches!(name, "sh" | "ash") {
            tree.put(&path, Node::program(name, 60_000));
        }
    }
    for name in ["curl", "dig", "envsubst", "host", "htpasswd", "jq", "openssl", "ss", "sudo"] {
        tree.put(&format!("/usr/bin/{name}"), Node::program(name, 260_000));
    }
    tree.put(home, Node::dir(0o755));
    tree
}
