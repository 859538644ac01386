//! The servers images run: they start after a while, listen, answer, write logs and end on a signal.
//!
//! Not modelled: TLS handshakes, keep-alive connections, most of every configuration language.

mod admission;
mod agnhost;
mod app;
mod conversion;
mod database;
mod distribution;
mod documents;
mod haproxy;
mod nginx;
mod products;
mod redis;
pub(crate) mod sql;
mod store;
mod system;
mod text;
mod web;
mod wild;
mod wordpress;
mod workers;

use ordered::BTreeMap;
use std::sync::Arc;

use clock::Time;

use crate::images::versions::version;
use crate::machine::{Env, Program, Reaction, Signal, Sys, Turn, Wait};
use crate::net::{HttpRequest, HttpResponse, NetAnswer, NetError, NetRequest};
use crate::programs;

/// Says why a server will not start: a message and an exit code.
type Demand = fn(&Server, &mut Sys<'_>) -> Result<(), (String, i32)>;
type Tcp = fn(&mut Server, &[u8], &mut Sys<'_>) -> Vec<u8>;

/// How a kind of server behaves.
struct Kind {
    /// The built-in program's name.
    name: &'static str,
    /// Ports it listens on; an image's arguments may change them.
    ports: &'static [u16],
    start_ms: i64,
    /// What must hold before it starts: a message and an exit code otherwise.
    demand: Demand,
    /// Lines written before it listens, and once it does.
    log: fn(&Server, &Sys<'_>) -> (String, String),
    http: Option<fn(&mut Server, &HttpRequest, &mut Sys<'_>) -> HttpResponse>,
    tcp: Option<Tcp>,
    /// The exit code after SIGTERM; `None`: the kernel's default.
    term: Option<i32>,
}

/// A server as a process.
#[derive(Clone)]
pub(super) struct Server {
    kind: &'static Kind,
    argv: Vec<String>,
    env: Env,
    ports: Vec<u16>,
    up: bool,
    begun: Option<Time>,
    /// What databases keep.
    rows: BTreeMap<String, String>,
    hits: u64,
    /// The port of the request that is answered now.
    port: u16,
    /// Names that are looked up before it listens, and where they are written.
    unresolved: Option<Vec<(String, String)>>,
    lookup: Option<u32>,
    /// What an earlier start left was read.
    loaded: bool,
    /// nginx's settings as they were read last, and how many workers they ask for.
    settings: Option<Arc<[nginx::Directive]>>,
    workers: usize,
    /// The servers behind this one, asked between requests.
    back: app::Back,
}

const KINDS: [&[Kind]; 11] = [
    &distribution::KINDS,
    &agnhost::KINDS,
    &wild::KINDS,
    &haproxy::KINDS,
    &products::KINDS,
    &web::KINDS,
    &text::KINDS,
    &store::KINDS,
    &system::KINDS,
    &app::KINDS,
    &admission::KINDS,
];

/// Servers that tell their version: which, the arguments that ask for it, whose version, and the text.
static TOLD: [(&str, &[&str], &str, &str); 8] = [
    (
        "mysqld",
        &["--version", "-V"],
        "mysql",
        "/usr/sbin/mysqld  Ver {} for Linux on x86_64 (MySQL Community Server - GPL)\n",
    ),
    (
        "mariadbd",
        &["--version", "-V"],
        "mariadb",
        "mariadbd  Ver {}-MariaDB-ubu2404 for debian-linux-gnu on x86_64 (mariadb.org binary distribution)\n",
    ),
    (
        "redis-server",
        &["--version", "-v"],
        "redis",
        "Redis server v={} sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=b4c1c9e2d0f6b5a1\n",
    ),
    ("postgres", &["--version", "-V"], "postgres", "postgres (PostgreSQL) {}\n"),
    ("apache", &["-v"], "httpd", "Server version: Apache/{} (Unix)\n"),
    ("mongod", &["--version"], "mongo", "db version v{}\n"),
    ("memcached", &["-V", "--version"], "memcached", "memcached {}\n"),
    ("caddy", &["version"], "caddy", "v{} h1:q3pe0wpBj1OcHFZ3n/1nl4V4bxBrYoSoab7rL9BMYNk=\n"),
];

fn no_demand(_: &Server, _: &mut Sys<'_>) -> Result<(), (String, i32)> {
    Ok(())
}

/// What a server says that finds its port taken.
fn address_in_use(server: &str, port: u16, now: Time) -> String {
    match server {
        "nginx" => format!("nginx: [emerg] bind() to 0.0.0.0:{port} failed (98: Address already in use)\n"),
        "apache" => format!(
            "(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:{port}\n"
        ),
        "redis-server" => format!(
            "# Warning: Could not create server TCP listening socket *:{port}: bind: Address already in use\n# Failed listening on port {port} (tcp), aborting.\n"
        ),
        _ => {
            let stamp = programs::date_text(now, "%Y/%m/%d %H:%M:%S");
            format!("{stamp} [ERR] server exited with: listen tcp :{port}: bind: address already in use\n")
        }
    }
}

fn silent(_: &Server, _: &Sys<'_>) -> (String, String) {
    Default::default()
}

/// The server a built-in program's name stands for.
pub(crate) fn start(name: &str, argv: &[String], env: &Env) -> Option<Box<dyn Program>> {
    let kind = KINDS.iter().flat_map(|k| k.iter()).find(|k| k.name == name)?;
    Some(Box::new(Server {
        kind,
        argv: argv.to_vec(),
        env: env.clone(),
        ports: Vec::new(),
        up: false,
        begun: None,
        rows: BTreeMap::new(),
        hits: 0,
        port: 0,
        unresolved: None,
        lookup: None,
        loaded: false,
        settings: None,
        workers: 0,
        back: app::Back::default(),
    }))
}

impl Server {
    /// The value after `-name=value`, `--name value` or `-name value` among the arguments.
    fn option(&self, names: &[&str]) -> Option<String> {
        for (i, arg) in self.argv.iter().enumerate() {
            let bare = arg.trim_start_matches('-');
            if bare.len() == arg.len() {
                continue;
            }
            for name in names {
                if bare == *name {
                    return self.argv.get(i + 1).cloned();
                }
                if let Some(v) = bare.strip_prefix(name).and_then(|r| r.strip_prefix('=')) {
                    return Some(v.into());
                }
            }
        }
        None
    }

    /// nginx will not start while it can't find those it passes requests on to.
    fn look_up(&mut self, sys: &mut Sys<'_>) -> Option<Turn> {
        if self.unresolved.is_none() {
            let all = nginx::config(self, sys).unwrap_or_default();
            self.unresolved = Some(nginx::upstream_hosts(&all));
        }
        let (host, at) = self.unresolved.as_ref()?.last()?.clone();
        let Some(id) = self.lookup else {
            let id = sys.net(NetRequest::Resolve { name: host, kind: "A".into() });
            self.lookup = Some(id);
            return Some(Turn::Wait(Wait::Net(id)));
        };
        let answer = match sys.net_answer(id) {
            Ok(answer) => answer,
            Err(wait) => return Some(Turn::Wait(wait)),
        };
        self.lookup = None;
        if let NetAnswer::Failed { error: NetError::NoName | NetError::NoServer, .. } = answer {
            let now = programs::date_text(sys.now(), "%Y/%m/%d %H:%M:%S");
            let why = format!("host not found in upstream \"{host}\" in {at}");
            let pid = sys.pid();
            sys.err(&format!("{now} [emerg] {pid}#{pid}: {why}\nnginx: [emerg] {why}\n"));
            return Some(Turn::Exit(1));
        }
        self.unresolved.as_mut()?.pop();
        Some(Turn::More)
    }

    /// From start to listening: what its image states, else what is usual for its kind.
    fn start_ms(&self, sys: &Sys<'_>) -> i64 {
        match sys.machine().image.appetite.start_ms {
            0 => self.kind.start_ms,
            ms => i64::from(ms),
        }
    }

    /// What it prints when it is asked for its version only.
    fn told_version(&self, sys: &Sys<'_>) -> Option<String> {
        let (_, flags, product, text) = TOLD.iter().find(|t| t.0 == self.kind.name)?;
        let asked = self.argv.get(1).is_some_and(|a| flags.contains(&a.as_str()));
        asked.then(|| text.replace("{}", &version(product, &sys.machine().image.tag)))
    }

    /// A request has been answered.
    fn worked(&self, sys: &mut Sys<'_>) {
        let a = sys.machine().image.appetite;
        sys.work(a.request_us);
        sys.set_memory(a.memory_bytes + u64::from(a.request_bytes) * self.hits.min(64));
    }

    fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str)
    }

    /// Ports: those the arguments or the environment name, else the kind's own.
    fn listen(&self, sys: &mut Sys<'_>) -> Vec<u16> {
        match self.kind.name {
            "nginx" | "caddy" | "apache" => web::ports(self, sys),
            "haproxy" => haproxy::ports(self, sys),
            "registry" => distribution::ports(self),
            "agnhost" => agnhost::ports(self),
            "plain-server" => sys.machine().image.ports.clone(),
            // These have an option for each of their ports.
            "tensorflow_model_server" | "cockroach" | "spark-master" | "spark-worker" => {
                self.kind.ports.to_vec()
            }
            _ => {
                let named = self
                    .option(&["port", "http-port", "listen", "p"])
                    .or_else(|| self.var("PORT").map(String::from));
                match named.and_then(|p| p.rsplit(':').next().and_then(|p| p.parse().ok())) {
                    Some(port) => vec![port],
                    None => self.kind.ports.to_vec(),
                }
            }
        }
    }
}

impl Program for Server {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        if self.workers > 0 {
            workers::tend(self, sys);
            return Turn::Wait(Wait::Child(None));
        }
        if self.up {
            return app::step(self, sys);
        }
        let Some(begun) = self.begun else {
            if let Some(text) = self.told_version(sys) {
                sys.out(text);
                return Turn::Exit(0);
            }
            if let Err((text, code)) = (self.kind.demand)(self, sys) {
                sys.err(&text);
                return Turn::Exit(code);
            }
            let (text, _) = (self.kind.log)(self, sys);
            sys.err(&text);
            self.begun = Some(sys.now());
            let appetite = sys.machine().image.appetite;
            sys.set_memory(appetite.memory_bytes);
            sys.set_load(appetite.start_millis);
            return Turn::More;
        };
        let ready = begun + self.start_ms(sys);
        if sys.now() < ready {
            return Turn::Wait(Wait::Until(ready));
        }
        if self.kind.name == "nginx"
            && let Some(turn) = self.look_up(sys)
        {
            return turn;
        }
        self.ports = self.listen(sys);
        if let Some(port) = self.ports.iter().find(|p| sys.machine().taken.contains(p)) {
            sys.err(&address_in_use(self.kind.name, *port, sys.now()));
            return Turn::Exit(1);
        }
        let (_, text) = (self.kind.log)(self, sys);
        sys.err(&text);
        self.up = true;
        let idle = sys.machine().image.appetite.idle_millis;
        sys.set_load(idle);
        if self.kind.name == "nginx" {
            workers::begin(self, sys);
            return Turn::Wait(Wait::Child(None));
        }
        app::step(self, sys)
    }

    fn signal(&mut self, signal: Signal, sys: &mut Sys<'_>) -> Reaction {
        match (signal, self.kind.term) {
            (Signal::Hup, _) if self.workers > 0 => {
                workers::reload(self, sys);
                Reaction::Handled
            }
            (Signal::Term | Signal::Int | Signal::Quit, Some(code)) => Reaction::Exit(code),
            (Signal::Hup, Some(_)) => Reaction::Handled,
            _ => Reaction::Default,
        }
    }

    fn ports(&self) -> Vec<u16> {
        if self.up { self.ports.clone() } else { Vec::new() }
    }

    fn serve(&mut self, port: u16, request: &HttpRequest, sys: &mut Sys<'_>) -> Option<HttpResponse> {
        let http = self.kind.http?;
        (self.port, self.hits) = (port, self.hits + 1);
        self.worked(sys);
        app::touch(self, sys.now());
        Some(http(self, request, sys))
    }

    fn serve_tcp(&mut self, _port: u16, data: &[u8], sys: &mut Sys<'_>) -> Option<Vec<u8>> {
        app::touch(self, sys.now());
        self.worked(sys);
        Some(self.kind.tcp.map_or_else(Vec::new, |f| f(self, data, sys)))
    }
}
