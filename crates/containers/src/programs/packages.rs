//! Package managers as Dockerfiles call them: `apt-get`, `apk`, `yum`, `pip`, `npm`, `go`, and what they leave behind.
//!
//! What is installed is one of the programs that exist here, or nothing but a line saying so. Not modelled: versions,
//! dependencies, what a package of a language holds.

use crate::fs::Node;
use crate::machine::Sys;

/// Programs that a package brings: package, program, its path.
const BRINGS: [(&str, &str, &str); 41] = [
    ("curl", "curl", "/usr/bin/curl"),
    ("wget", "wget", "/usr/bin/wget"),
    ("vim", "vi", "/usr/bin/vim"),
    ("nano", "vi", "/usr/bin/nano"),
    ("netcat", "nc", "/bin/nc"),
    ("netcat-openbsd", "nc.openbsd", "/bin/nc"),
    ("netcat-traditional", "nc", "/bin/nc"),
    ("iputils-ping", "ping", "/bin/ping"),
    ("iputils", "ping.iputils", "/bin/ping"),
    ("dnsutils", "nslookup", "/usr/bin/nslookup"),
    ("dnsutils", "dig", "/usr/bin/dig"),
    ("dnsutils", "host", "/usr/bin/host"),
    ("bind9-dnsutils", "nslookup", "/usr/bin/nslookup"),
    ("bind9-dnsutils", "dig", "/usr/bin/dig"),
    ("bind-tools", "nslookup.bind", "/usr/bin/nslookup"),
    ("bind-tools", "dig", "/usr/bin/dig"),
    ("bind-tools", "host", "/usr/bin/host"),
    ("procps", "ps", "/bin/ps"),
    ("procps", "top", "/usr/bin/top"),
    ("procps", "free", "/usr/bin/free"),
    ("iproute2", "ip", "/sbin/ip"),
    ("stress", "stress", "/usr/bin/stress"),
    ("stress-ng", "stress", "/usr/bin/stress-ng"),
    ("python3", "python", "/usr/bin/python3"),
    ("python", "python", "/usr/bin/python"),
    ("python3-pip", "pip", "/usr/bin/pip3"),
    ("nodejs", "node", "/usr/bin/node"),
    ("npm", "npm", "/usr/bin/npm"),
    ("bash", "bash", "/bin/bash"),
    ("nginx", "nginx", "/usr/sbin/nginx"),
    ("mysql-client", "mysql", "/usr/bin/mysql"),
    ("postgresql-client", "psql", "/usr/bin/psql"),
    ("redis-tools", "redis-cli", "/usr/bin/redis-cli"),
    ("perl", "perl", "/usr/bin/perl"),
    ("jq", "jq", "/usr/bin/jq"),
    ("apache2-utils", "htpasswd", "/usr/bin/htpasswd"),
    ("openssl", "openssl", "/usr/bin/openssl"),
    ("gettext", "envsubst", "/usr/bin/envsubst"),
    ("gettext-base", "envsubst", "/usr/bin/envsubst"),
    ("iproute2", "ss", "/usr/bin/ss"),
    ("net-tools", "netstat", "/usr/bin/netstat"),
];

fn words(argv: &[String]) -> Vec<&str> {
    argv[1..].iter().map(String::as_str).filter(|a| !a.starts_with('-')).collect()
}

fn bring(sys: &mut Sys<'_>, package: &str) {
    let name = package.split(['=', '<', '>', '~', '@']).next().unwrap_or(package);
    for (_, program, path) in BRINGS.iter().filter(|b| b.0 == name) {
        sys.machine_tree().put(path, Node::program(program, 300_000));
    }
}

fn denied(sys: &mut Sys<'_>, text: &str) -> i32 {
    sys.err(text);
    100
}

pub(super) fn apt(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let list = words(argv);
    if sys.cred().uid != 0 && !matches!(list.first(), Some(&("list" | "search" | "show"))) {
        return denied(
            sys,
            "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?\n",
        );
    }
    match list.split_first() {
        Some((&"update", _)) => {
            sys.out("Get:1 http://deb.debian.org/debian bookworm InRelease [151 kB]\nFetched 9318 kB in 1s (9318 kB/s)\nReading package lists...\n");
            0
        }
        Some((&"install", packages)) => {
            sys.out("Reading package lists...\nBuilding dependency tree...\nReading state information...\n");
            sys.out(format!("The following NEW packages will be installed:\n  {}\n", packages.join(" ")));
            for p in packages {
                bring(sys, p);
                sys.out(format!("Setting up {p} ...\n"));
            }
            0
        }
        Some((
            &("remove" | "purge" | "clean" | "autoremove" | "upgrade" | "dist-upgrade" | "autoclean"),
            _,
        )) => 0,
        _ => {
            sys.out("apt 2.6.1 (amd64)\nUsage: apt [options] command\n");
            0
        }
    }
}

pub(super) fn apk(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let list = words(argv);
    match list.split_first() {
        Some((&"add", packages)) => {
            if sys.cred().uid != 0 {
                sys.err("ERROR: Unable to lock database: Permission denied\nERROR: Failed to open apk database: Permission denied\n");
                return 99;
            }
            sys.out("fetch https://dl-cdn.alpinelinux.org/alpine/v3.20/main/x86_64/APKINDEX.tar.gz\n");
            let n = packages.len();
            for (i, p) in packages.iter().enumerate() {
                bring(sys, p);
                sys.out(format!("({}/{n}) Installing {p}\n", i + 1));
            }
            sys.out(format!("OK: 12 MiB in {} packages\n", 15 + n));
            0
        }
        Some((&("update" | "upgrade" | "del"), _)) => {
            sys.out("OK: 24168 distinct packages available\n");
            0
        }
        _ => {
            sys.out("apk-tools 2.14.4, compiled for x86_64.\n");
            1
        }
    }
}

pub(super) fn pip(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let list = words(argv);
    let Some((&"install", packages)) = list.split_first() else {
        sys.out("pip 24.3.1 from /usr/local/lib/python3.12/site-packages/pip (python 3.12)\n");
        return 0;
    };
    let mut all: Vec<String> = packages.iter().filter(|p| **p != ".").map(|p| (*p).to_string()).collect();
    if let Some(i) = argv.iter().position(|a| a == "-r" || a == "--requirement") {
        let file = argv.get(i + 1).cloned().unwrap_or_default();
        all.retain(|p| *p != file);
        let path = sys.path(&file);
        match sys.fs().read(&path) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                all.extend(
                    text.lines()
                        .map(|l| l.trim().to_string())
                        .filter(|l| !l.is_empty() && !l.starts_with('#')),
                );
            }
            Err(_) => {
                sys.err(&format!(
                    "ERROR: Could not open requirements file: [Errno 2] No such file or directory: '{file}'\n"
                ));
                return 1;
            }
        }
    }
    for p in &all {
        sys.out(format!("Collecting {p}\n"));
    }
    let names: Vec<String> =
        all.iter().map(|p| p.split(['=', '<', '>', '~', '[']).next().unwrap_or(p).to_string()).collect();
    sys.out(format!(
        "Installing collected packages: {}\nSuccessfully installed {}\n",
        names.join(", "),
        names.join(" ")
    ));
    0
}

pub(super) fn npm(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let list = words(argv);
    match list.first() {
        Some(&("install" | "i" | "ci" | "add")) => {
            let path = sys.path("package.json");
            if !sys.fs().exists(&path) && list.len() < 2 && list[0] == "ci" {
                sys.err("npm error code EUSAGE\nnpm error The `npm ci` command can only install with an existing package-lock.json\n");
                return 1;
            }
            let modules = sys.path("node_modules");
            let _ = sys.fs().mkdir_all(&modules, 0o755);
            sys.out("\nadded 68 packages, and audited 69 packages in 2s\n\nfound 0 vulnerabilities\n");
            0
        }
        Some(&"run") => {
            sys.out(format!("\n> {}\n\n", list.get(1).unwrap_or(&"")));
            0
        }
        _ => {
            sys.out("10.9.0\n");
            0
        }
    }
}

/// `git`: no repository can be reached from inside here.
pub(super) fn git(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let list = words(argv);
    match list.first() {
        Some(&"clone") => {
            let url = list.get(1).copied().unwrap_or_default();
            let name =
                url.trim_end_matches('/').trim_end_matches(".git").rsplit('/').next().unwrap_or_default();
            let name = list.get(2).copied().unwrap_or(name);
            let host = url.split("://").nth(1).and_then(|r| r.split('/').next()).unwrap_or(url);
            sys.err(&format!(
                "Cloning into '{name}'...\nfatal: unable to access '{url}/': Could not resolve host: {host}\n"
            ));
            128
        }
        Some(&"version") | None => {
            sys.out("git version 2.47.1\n");
            0
        }
        Some(_) => {
            sys.err("fatal: not a git repository (or any of the parent directories): .git\n");
            128
        }
    }
}
