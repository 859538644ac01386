//! The entrypoint of nginx's image: what its `/docker-entrypoint.d` does before the server starts.
//!
//! Its own five scripts are done here; files that somebody added are run. Models docker-entrypoint.sh of docker-nginx.
//! Not modelled: variables that an added `.envsh` sets, `NGINX_ENTRYPOINT_WORKER_PROCESSES_AUTOTUNE` and its like.

use super::envsubst;
use crate::machine::{Program, Sys, Turn, Wait};

const DIR: &str = "/docker-entrypoint.d";
const CONF: &str = "/etc/nginx/conf.d/default.conf";
const TEMPLATES: &str = "/etc/nginx/templates";

#[derive(Clone)]
struct Entrypoint {
    argv: Vec<String>,
    /// Scripts that are still to be run, the next one last.
    todo: Option<Vec<String>>,
    child: Option<u32>,
    /// There was nothing to run, or all of it is done.
    idle: bool,
}

#[inline(never)]
pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    let mut argv = argv.to_vec();
    if argv.get(1).is_none_or(|a| a.starts_with('-')) {
        argv.insert(argv.len().min(1), "nginx".into());
    }
    Box::new(Entrypoint { argv, todo: None, child: None, idle: false })
}

fn say(sys: &mut Sys<'_>, text: &str) {
    sys.out(format!("/docker-entrypoint.sh: {text}\n"));
}

/// `10-listen-on-ipv6-by-default.sh`
fn listen(sys: &mut Sys<'_>) {
    let info =
        |sys: &mut Sys<'_>, text: &str| sys.out(format!("10-listen-on-ipv6-by-default.sh: info: {text}\n"));
    let Ok(bytes) = sys.fs().read(CONF) else {
        return info(sys, &format!("{CONF} is not a file or does not exist"));
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let port = if text.contains("listen       8080;") { "8080" } else { "80" };
    let before = format!("listen       {port};\n");
    let known = crate::images::is_nginx_site(&text);
    if sys.fs().access(CONF, 2).is_err() || sys.fs().create(CONF, false, 0o644).is_err() {
        return info(sys, &format!("can not modify {CONF} (read-only file system?)"));
    }
    if text.contains(&format!("listen  [::]:{port};")) {
        return info(sys, "IPv6 listen already enabled");
    }
    info(sys, &format!("Getting the checksum of {CONF}"));
    if !known {
        return info(sys, &format!("{CONF} differs from the packaged version"));
    }
    let both = format!("{before}    listen  [::]:{port};\n");
    if sys.fs().write(CONF, text.replace(&before, &both).as_bytes()).is_ok() {
        info(sys, &format!("Enabled listen on IPv6 in {CONF}"));
    }
}

/// `20-envsubst-on-templates.sh`
fn fill_templates(sys: &mut Sys<'_>) {
    let env = sys.env();
    for (name, _) in sys.fs().list(TEMPLATES).unwrap_or_default() {
        let Some(out) = name.strip_suffix(".template") else { continue };
        let (from, to) = (format!("{TEMPLATES}/{name}"), format!("/etc/nginx/conf.d/{out}"));
        let Ok(bytes) = sys.fs().read(&from) else { continue };
        sys.out(format!("20-envsubst-on-templates.sh: Running envsubst on {from} to {to}\n"));
        // Only what is set is replaced: nginx has variables of its own.
        let done = envsubst::replaced(&String::from_utf8_lossy(&bytes), &|name| env.get(name).cloned());
        if let Err(e) = sys.fs().write(&to, done.as_bytes()) {
            sys.err(&format!("20-envsubst-on-templates.sh: cannot create {to}: {e}\n"));
        }
    }
}

impl Entrypoint {
    /// One script; `true` when a process runs it.
    fn run(&mut self, name: &str, sys: &mut Sys<'_>) -> bool {
        let path = format!("{DIR}/{name}");
        let sourced = name.ends_with(".envsh");
        if !sourced && !name.ends_with(".sh") {
            say(sys, &format!("Ignoring {path}"));
            return false;
        }
        if sys.fs().access(&path, 1).is_err() {
            say(sys, &format!("Ignoring {path}, not executable"));
            return false;
        }
        say(sys, &format!("{} {path}", if sourced { "Sourcing" } else { "Launching" }));
        match name {
            "10-listen-on-ipv6-by-default.sh" => listen(sys),
            "20-envsubst-on-templates.sh" => fill_templates(sys),
            "15-local-resolvers.envsh" | "30-tune-worker-processes.sh" => {}
            _ => self.child = sys.spawn(&[path], None).ok(),
        }
        self.child.is_some()
    }
}

impl Program for Entrypoint {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let serves =
            self.argv.get(1).is_some_and(|a| matches!(super::short_name(a), "nginx" | "nginx-debug"));
        if let Some(child) = self.child {
            match sys.reap(child) {
                None if sys.has_child(child) => return Turn::Wait(Wait::Child(Some(child))),
                Some(code) if code != 0 => return Turn::Exit(code),
                _ => self.child = None,
            }
        }
        if serves && self.todo.is_none() {
            let names: Vec<String> = sys
                .fs()
                .list(DIR)
                .unwrap_or_default()
                .into_iter()
                .rev()
                .map(|(n, _)| n.to_string())
                .collect();
            if names.is_empty() {
                say(sys, &format!("No files found in {DIR}/, skipping configuration"));
                self.idle = true;
            } else {
                say(sys, &format!("{DIR}/ is not empty, will attempt to perform configuration"));
                say(sys, &format!("Looking for shell scripts in {DIR}/"));
            }
            self.todo = Some(names);
        }
        while let Some(name) = self.todo.as_mut().and_then(Vec::pop) {
            if self.run(&name, sys) {
                return Turn::More;
            }
        }
        if serves && !std::mem::replace(&mut self.idle, true) {
            say(sys, "Configuration complete; ready for start up");
        }
        Turn::Exec(self.argv.get(1..).unwrap_or_default().to_vec(), None)
    }
}
