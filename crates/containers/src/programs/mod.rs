//! The programs images carry: one per file. Each is a function, or a machine that works piece by piece.
//!
//! Models busybox's applets, with coreutils' texts where the image has those.

mod args;
mod awk;
mod base64;
mod bc;
mod cat;
mod chroot;
mod control;
mod cut;
mod date;
mod db;
mod dd;
mod diff;
mod dump;
pub(crate) mod echo;
mod env;
mod envsubst;
mod expr;
mod files;
mod find;
mod gather;
pub(crate) mod gauges;
mod grep;
mod gzip;
mod hash;
mod head;
mod hello;
mod htpasswd;
mod input;
mod ip;
mod jq;
pub(crate) mod kill;
mod lines;
mod ls;
mod mkfifo;
mod names;
mod net;
mod nginx_entrypoint;
pub(crate) mod oneliner;
mod openssl;
mod packages;
mod pgrep;
mod pi;
pub(crate) mod printf;
mod proc;
mod sed;
mod seq;
mod sleep;
mod sockets;
mod sort;
mod source;
mod sudo;
mod tail;
mod tar;
mod tee;
mod tr;
mod uniq;
mod users;
mod vi;
mod watch;
mod wc;
mod xargs;

use crate::fs::{Node, join};
use crate::machine::{Env, ExecError, Flavor, Machine, Program, Sys, Task, Turn};
use crate::shell::{Dialect, Shell};

type Run = fn(&mut Sys<'_>, &[String]) -> i32;
type Start = fn(&[String]) -> Box<dyn Program>;

enum Kind {
    Run(Run),
    Start(Start),
}

use Kind::{Run as R, Start as S};

/// Every program by name, in order.
static TABLE: &[(&str, Kind)] = &[
    ("[", R(proc::test)),
    ("addgroup", R(users::add)),
    ("adduser", R(users::add)),
    ("apk", R(packages::apk)),
    ("apt", R(packages::apt)),
    ("apt-get", R(packages::apt)),
    ("arch", R(proc::arch)),
    ("awk", S(awk::start)),
    ("base64", S(base64::start)),
    ("basename", R(names::basename)),
    ("bc", S(bc::start)),
    ("cat", S(cat::start)),
    ("chgrp", R(files::chown)),
    ("chmod", R(files::chmod)),
    ("chown", R(files::chown)),
    ("chroot", S(chroot::start)),
    ("cksum", S(lines::start)),
    ("clear", R(proc::clear)),
    ("cmp", S(lines::start)),
    ("comm", S(lines::start)),
    ("cp", R(files::cp)),
    ("curl", S(net::curl)),
    ("cut", S(cut::start)),
    ("date", R(date::run)),
    ("dd", S(dd::start)),
    ("df", R(gauges::df)),
    ("diff", S(diff::start)),
    ("dig", S(net::dig)),
    ("dirname", R(names::dirname)),
    ("dmesg", R(proc::succeed)),
    ("dnf", R(packages::apt)),
    ("dos2unix", S(lines::start)),
    ("du", R(files::du)),
    ("echo", R(echo::run)),
    ("egrep", S(grep::start)),
    ("env", S(env::start)),
    ("envsubst", S(envsubst::start)),
    ("expand", S(lines::start)),
    ("expr", R(expr::run)),
    ("factor", R(proc::factor)),
    ("fallocate", R(files::fallocate)),
    ("false", R(proc::fail)),
    ("fgrep", S(grep::start)),
    ("find", S(find::start)),
    ("fold", S(lines::start)),
    ("free", R(gauges::free)),
    ("getent", S(net::getent)),
    ("git", R(packages::git)),
    ("go", S(source::start)),
    ("grep", S(grep::start)),
    ("groupadd", R(users::add)),
    ("groups", R(users::groups)),
    ("gunzip", S(gzip::start)),
    ("gzip", S(gzip::start)),
    ("head", S(head::start)),
    ("hello-docker", R(hello::run)),
    ("hexdump", S(dump::start)),
    ("host", S(net::host)),
    ("hostid", R(proc::hostid)),
    ("hostname", R(proc::hostname)),
    ("htpasswd", S(htpasswd::start)),
    ("httpd", S(source::httpd)),
    ("id", R(users::id)),
    ("ionice", S(env::start)),
    ("ip", R(ip::run)),
    ("iptables", R(ip::iptables)),
    ("java", S(source::start)),
    ("jq", S(jq::start)),
    ("kill", R(kill::run)),
    ("killall", R(pgrep::killall)),
    ("kubectl-inside", R(control::kubectl)),
    ("less", S(cat::start)),
    ("ln", R(files::ln)),
    ("logger", R(proc::succeed)),
    ("logname", R(users::whoami)),
    ("ls", R(ls::run)),
    ("md5sum", S(hash::start)),
    ("mkdir", R(files::mkdir)),
    ("mkfifo", R(mkfifo::run)),
    ("mktemp", R(files::mktemp)),
    ("mongosh", S(db::mongosh)),
    ("more", S(cat::start)),
    ("mount", R(gauges::mount)),
    ("mv", R(files::mv)),
    ("mysql", S(db::mysql)),
    ("mysqladmin", S(db::mysqladmin)),
    ("mysqldump", S(db::mysqldump)),
    ("nano", S(vi::start)),
    ("nc", S(net::nc)),
    ("nc.openbsd", S(net::openbsd_nc)),
    ("netstat", R(sockets::run)),
    ("nice", S(env::start)),
    ("nl", S(lines::start)),
    ("node", S(source::start)),
    ("nodetool", R(control::nodetool)),
    ("nohup", S(env::start)),
    ("npm", R(packages::npm)),
    ("nproc", R(proc::nproc)),
    ("nslookup", S(net::nslookup)),
    ("nslookup.bind", S(net::bind_nslookup)),
    ("od", S(dump::start)),
    ("openssl", S(openssl::start)),
    ("paste", S(lines::start)),
    ("perl", S(pi::start)),
    ("pg_isready", S(db::pg_isready)),
    ("pgrep", R(pgrep::pgrep)),
    ("php", S(source::start)),
    ("php-entrypoint", S(env::php)),
    ("pidof", R(pgrep::pidof)),
    ("ping", S(net::ping)),
    ("ping.iputils", S(net::iputils_ping)),
    ("pip", R(packages::pip)),
    ("pip3", R(packages::pip)),
    ("pkill", R(pgrep::pgrep)),
    ("printenv", R(env::printenv)),
    ("printf", R(printf::run)),
    ("ps", R(proc::ps)),
    ("psql", S(db::psql)),
    ("pwd", R(names::pwd)),
    ("python", S(source::start)),
    ("rabbitmqctl", R(control::rabbitmqctl)),
    ("readlink", R(files::readlink)),
    ("realpath", R(files::readlink)),
    ("redis-cli", S(db::redis_cli)),
    ("reset", R(proc::clear)),
    ("rev", S(cat::start)),
    ("rm", R(files::rm)),
    ("rmdir", R(files::rmdir)),
    ("ruby", S(source::start)),
    ("sed", S(sed::start)),
    ("seq", S(seq::start)),
    ("setsid", S(env::start)),
    ("sha1sum", S(hash::start)),
    ("sha256sum", S(hash::start)),
    ("shuf", S(lines::start)),
    ("sleep", S(sleep::start)),
    ("sort", S(sort::start)),
    ("ss", R(sockets::run)),
    ("stat", R(files::stat)),
    ("stdbuf", S(env::start)),
    ("stress", S(sleep::stress)),
    ("stress-go", S(sleep::stress)),
    ("strings", S(lines::start)),
    ("stty", R(proc::stty)),
    ("sudo", S(sudo::start)),
    ("sync", R(proc::succeed)),
    ("sysctl", R(proc::sysctl)),
    ("tac", S(sort::tac)),
    ("tail", S(tail::start)),
    ("tar", S(tar::start)),
    ("tee", S(tee::start)),
    ("test", R(proc::test)),
    ("time", S(env::start)),
    ("timeout", S(sleep::timeout)),
    ("top", R(gauges::top)),
    ("touch", R(files::touch)),
    ("tr", S(tr::start)),
    ("true", R(proc::succeed)),
    ("truncate", R(files::truncate)),
    ("tty", R(proc::tty)),
    ("uname", R(proc::uname)),
    ("uniq", S(uniq::start)),
    ("unix2dos", S(lines::start)),
    ("uptime", R(gauges::uptime)),
    ("useradd", R(users::add)),
    ("usleep", S(sleep::start)),
    ("vi", S(vi::start)),
    ("vim", S(vi::start)),
    ("watch", S(watch::start)),
    ("wc", S(wc::start)),
    ("wget", S(net::wget)),
    ("which", R(names::which_program)),
    ("whoami", R(users::whoami)),
    ("xargs", S(xargs::start)),
    ("xxd", S(dump::start)),
    ("yarn", R(packages::npm)),
    ("yes", S(seq::yes)),
    ("yum", R(packages::apt)),
    ("zcat", S(gzip::start)),
    ("zookeeper-ready", R(control::zookeeper_ready)),
];

/// Programs that only images of their own have.
const NOT_BUSYBOX: &[&str] = &[
    "apk",
    "apt",
    "apt-get",
    "curl",
    "dig",
    "dnf",
    "envsubst",
    "getent",
    "git",
    "go",
    "groupadd",
    "hello-docker",
    "host",
    "htpasswd",
    "iptables",
    "java",
    "jq",
    "kubectl-inside",
    "mongosh",
    "mysql",
    "mysqladmin",
    "mysqldump",
    "nano",
    "nc.openbsd",
    "node",
    "nodetool",
    "npm",
    "nslookup.bind",
    "openssl",
    "perl",
    "pg_isready",
    "php",
    "php-entrypoint",
    "ping.iputils",
    "pip",
    "pip3",
    "psql",
    "python",
    "rabbitmqctl",
    "redis-cli",
    "ruby",
    "ss",
    "stdbuf",
    "stress",
    "stress-go",
    "sudo",
    "useradd",
    "vim",
    "yarn",
    "yum",
    "zookeeper-ready",
];

/// Names of programs a busybox image has.
pub fn busybox_names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name).filter(|n| !NOT_BUSYBOX.contains(n)).chain(["sh", "ash"])
}

/// Whether a built-in program has this name.
#[must_use]
pub fn exists(name: &str) -> bool {
    matches!(name, "sh" | "ash" | "bash" | "dash" | "busybox")
        || TABLE.binary_search_by_key(&name, |(n, _)| n).is_ok()
}

/// The last name of a path.
#[must_use]
pub fn short_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A program that does all its work in one step.
#[derive(Clone)]
struct Once {
    run: Run,
    argv: Vec<String>,
}

impl Program for Once {
    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        sys.charge(2);
        Turn::Exit((self.run)(sys, &self.argv))
    }
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

/// The program of images that hold kubectl.
pub(crate) const CLIENT: &str = "kubectl-inside";

/// What executing the built-in program `name` runs.
pub(crate) fn start(machine: &Machine, name: &str, argv: &[String], env: &Env) -> Option<Task> {
    let shell = |dialect| Some(Task::Shell(Box::new(Shell::command(dialect, argv, env))));
    match name {
        "sh" => return shell(machine.sh),
        "ash" => return shell(Dialect::Ash),
        "dash" => return shell(Dialect::Dash),
        "bash" => return shell(Dialect::Bash),
        "busybox" => {
            let rest = argv.get(1..).unwrap_or_default();
            let applet = rest.first().map_or("true", String::as_str);
            let known = exists(applet) && applet != "busybox";
            let rest = if known { rest.to_vec() } else { vec!["true".to_string()] };
            return start(machine, if known { applet } else { "true" }, &rest, env);
        }
        _ => {}
    }
    if let Some(rest) = name.strip_prefix("served ") {
        return Some(source::served(rest, argv, env));
    }
    if let Some(text) = name.strip_prefix("says ") {
        return Some(source::says(text));
    }
    if name == "entrypoint nginx" {
        return Some(Task::Program(nginx_entrypoint::start(argv)));
    }
    if let Some(default) = name.strip_prefix("entrypoint ") {
        return Some(Task::Program(env::entrypoint(default, argv)));
    }
    if let Some(server) = crate::images::servers::start(name, argv, env) {
        return Some(Task::Program(server));
    }
    let i = TABLE.binary_search_by_key(&name, |(n, _)| n).ok()?;
    let argv = if argv.is_empty() { vec![name.to_string()] } else { argv.to_vec() };
    Some(Task::Program(match TABLE[i].1 {
        Kind::Run(run) => Box::new(Once { run, argv }),
        Kind::Start(start) => start(&argv),
    }))
}

/// The message and code of a program (`env`, `xargs`, ..) that could not run another.
pub(crate) fn exec_error(flavor: Flavor, program: &str, error: &ExecError) -> (String, i32) {
    let (name, text, code) = match error {
        ExecError::NotInPath(n) | ExecError::NoFile(n) => {
            (n.as_str(), "No such file or directory".to_string(), 127)
        }
        ExecError::Denied(n, e) => (n.as_str(), e.to_string(), 126),
        ExecError::Errno(e) => ("", e.to_string(), 125),
    };
    if flavor == Flavor::Gnu {
        (format!("{program}: ‘{name}’: {text}\n"), code)
    } else {
        (format!("{program}: can't execute '{name}': {text}\n"), code)
    }
}

/// The first executable called `name` in `path`.
pub(crate) fn which(sys: &mut Sys<'_>, path: &str, name: &str) -> Option<String> {
    let cwd = sys.cwd();
    let dirs: Vec<&str> = if name.contains('/') { vec![""] } else { path.split(':').collect() };
    for dir in dirs {
        let full = if dir.is_empty() { join(&cwd, name) } else { join(&join(&cwd, dir), name) };
        let view = sys.fs();
        if matches!(view.get(&full), Ok(Node::File(_))) && view.access(&full, 1).is_ok() {
            return Some(if name.contains('/') { name.to_string() } else { full });
        }
    }
    None
}

/// `md5` of some bytes, in hexadecimal.
pub(crate) fn md5(data: &[u8]) -> String {
    hash::digest("md5", data)
}

/// `sha256` of some bytes, in hexadecimal.
#[must_use]
pub fn sha256(data: &[u8]) -> String {
    hash::digest("sha256", data)
}

/// An instant by a `strftime` format.
pub(crate) fn date_text(t: clock::Time, format: &str) -> String {
    date::format(t, format)
}

/// A usage error: its text, and code 1. GNU's programs point to their help when an operand is missing.
fn usage(sys: &mut Sys<'_>, text: &str) -> i32 {
    sys.err(text);
    if let Some((name, why)) = text.split_once(": missing ").filter(|_| sys.gnu())
        && why.contains("operand")
        && why.lines().count() == 1
    {
        sys.err(&format!("Try '{name} --help' for more information.\n"));
    }
    1
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted_for_looking_up() {
        assert!(super::TABLE.windows(2).all(|w| w[0].0 < w[1].0));
    }
}
