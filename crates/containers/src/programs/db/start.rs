//! What the clients' command lines ask for.

use super::{Client, Kind};
use crate::images::versions::version;
use crate::machine::{Got, Sys, Turn, Wait};

impl Client {
    pub(super) fn set_up(&mut self, sys: &mut Sys<'_>) -> Option<i32> {
        let env = sys.env();
        let var = |n: &str| env.get(n).cloned();
        self.port = match self.kind {
            Kind::MySql | Kind::Admin | Kind::Dump => 3306,
            Kind::Psql | Kind::Ready => 5432,
            Kind::Redis => 6379,
            Kind::Mongo => 27017,
        };
        let sql = matches!(self.kind, Kind::MySql | Kind::Admin | Kind::Dump);
        let pg = matches!(self.kind, Kind::Psql | Kind::Ready);
        if pg {
            self.host = var("PGHOST").unwrap_or_default();
            self.user = var("PGUSER").unwrap_or_else(|| "postgres".into());
            self.password = var("PGPASSWORD").unwrap_or_default();
            self.database = var("PGDATABASE").unwrap_or_default();
        } else if sql {
            self.user = "root".into();
            self.password = var("MYSQL_PWD").unwrap_or_default();
        } else if self.kind == Kind::Redis {
            self.password = var("REDISCLI_AUTH").unwrap_or_default();
        } else {
            self.database = "test".into();
        }
        let mut words = Vec::new();
        let (mut ask, mut given) = (false, false);
        let argv = self.argv.clone();
        let mut i = 1;
        while let Some(arg) = argv.get(i) {
            i += 1;
            if arg.len() < 2 || !arg.starts_with('-') || (self.kind == Kind::Redis && !words.is_empty()) {
                words.push(arg.clone());
                continue;
            }
            let (name, glued) = match arg.strip_prefix("--") {
                Some(long) => match long.split_once('=') {
                    Some((n, v)) => (n.to_string(), Some(v.to_string())),
                    None => (long.to_string(), None),
                },
                None => {
                    let v = &arg[2..];
                    (arg[1..2].to_string(), (!v.is_empty()).then(|| v.to_string()))
                }
            };
            // Flags without a value; several may stand together (`-sN`).
            let bare: &[&str] = match self.kind {
                Kind::Psql | Kind::Ready => &[
                    "t",
                    "A",
                    "q",
                    "w",
                    "W",
                    "1",
                    "X",
                    "l",
                    "tuples-only",
                    "no-align",
                    "quiet",
                    "no-password",
                    "list",
                    "x",
                    "expanded",
                    "csv",
                ],
                Kind::Redis => &["c", "x", "r", "raw", "no-raw", "no-auth-warning", "3"],
                Kind::Mongo => &["quiet", "norc", "nodb"],
                _ => &[
                    "B",
                    "N",
                    "s",
                    "t",
                    "v",
                    "f",
                    "batch",
                    "silent",
                    "skip-column-names",
                    "table",
                    "force",
                    "all-databases",
                    "databases",
                    "A",
                    "routines",
                    "triggers",
                    "events",
                    "quick",
                    "skip-lock-tables",
                    "add-drop-database",
                    "ssl",
                    "skip-ssl",
                    "no-tablespaces",
                    "single-transaction",
                ],
            };
            if name == "version" || name == "V" {
                sys.out(self.own_version(sys));
                return Some(0);
            }
            if bare.contains(&name.as_str()) {
                let long = arg.starts_with("--");
                let letters: Vec<String> =
                    if long { vec![name] } else { arg[1..].chars().map(String::from).collect() };
                let mut rest = letters.iter();
                while let Some(flag) = rest.next() {
                    self.flag(flag);
                    // The last of several letters may take a value: `-itAc QUERY`.
                    if !bare.contains(&flag.as_str())
                        && self.kind == Kind::Psql
                        && matches!(flag.as_str(), "c" | "U" | "d" | "h" | "p")
                    {
                        let glued: String = rest.by_ref().map(String::as_str).collect();
                        let value = if glued.is_empty() {
                            i += 1;
                            argv.get(i - 1).cloned().unwrap_or_default()
                        } else {
                            glued
                        };
                        self.valued(flag, value, sys);
                    }
                }
                continue;
            }
            // mysql's password is glued or asked for, never the next word.
            let is_password = sql && matches!(name.as_str(), "p" | "password");
            let value = match glued {
                Some(v) => {
                    given |= is_password;
                    v
                }
                None if is_password => {
                    ask = true;
                    continue;
                }
                None => {
                    i += 1;
                    argv.get(i - 1).cloned().unwrap_or_default()
                }
            };
            self.valued(&name, value, sys);
        }
        self.tty = sys.is_tty(0) && sys.is_tty(1);
        if ask && self.password.is_empty() {
            self.asking = self.tty;
            sys.out(if self.tty { "Enter password: " } else { "Enter password: \n" });
        }
        if given && sql && env.contains_key("MYSQL_VERSION") {
            let tool = crate::programs::short_name(&argv[0]).to_string();
            sys.err(&format!(
                "{tool}: [Warning] Using a password on the command line interface can be insecure.\n"
            ));
        }
        match self.kind {
            Kind::MySql => {
                self.database = words.first().cloned().unwrap_or(std::mem::take(&mut self.database))
            }
            Kind::Psql => {
                if let Some(uri) = words
                    .first()
                    .and_then(|w| w.strip_prefix("postgresql://").or(w.strip_prefix("postgres://")))
                {
                    self.take_uri(uri);
                } else if let Some(d) = words.first() {
                    self.database.clone_from(d);
                    if let Some(u) = words.get(1) {
                        self.user.clone_from(u);
                    }
                }
                if self.database.is_empty() {
                    self.database.clone_from(&self.user);
                }
            }
            Kind::Mongo => {
                for w in &words {
                    if let Some(uri) = w.strip_prefix("mongodb://") {
                        self.take_uri(uri);
                    } else if w.contains(':') {
                        let (h, p) = w.split_once(':').unwrap_or((w, ""));
                        self.host = h.into();
                        self.port = p.split('/').next().and_then(|p| p.parse().ok()).unwrap_or(27017);
                    } else {
                        self.database.clone_from(w);
                    }
                }
            }
            Kind::Redis => {
                if !words.is_empty() {
                    let list: String = words.iter().map(|w| format!("${}\r\n{w}\r\n", w.len())).collect();
                    self.queue.push(format!("*{}\r\n{list}", words.len()));
                }
            }
            Kind::Admin => {
                let name = words.get(1).map_or("", String::as_str);
                self.queue.push(match words.first().map_or("ping", String::as_str) {
                    "ping" => "SELECT 1".into(),
                    "create" => format!("CREATE DATABASE `{name}`"),
                    "drop" => format!("DROP DATABASE `{name}`"),
                    "processlist" => "SHOW PROCESSLIST".into(),
                    "variables" => "SHOW VARIABLES".into(),
                    "extended-status" => "SHOW STATUS".into(),
                    _ => "SELECT VERSION()".into(),
                });
            }
            Kind::Dump => {
                let version = self.server_version(sys);
                let names =
                    if argv.iter().any(|a| a == "--databases" || a == "-B") { words.len() } else { 0 };
                self.database = words.first().cloned().unwrap_or_default();
                sys.out(format!(
                    "-- MySQL dump 10.13  Distrib {version}, for Linux (x86_64)\n--\n-- Host: {}    Database: {}\n-- ------------------------------------------------------\n-- Server version\t{version}\n",
                    if self.host.is_empty() { "localhost" } else { &self.host },
                    self.database
                ));
                if argv.iter().any(|a| a == "--all-databases" || a == "-A") {
                    self.queue.push("SHOW DATABASES".into());
                } else if names > 0 {
                    self.database.clear();
                    for name in &words {
                        self.queue.push(format!("USE {name}"));
                        self.queue.push("SHOW TABLES".into());
                    }
                } else if words.len() > 1 {
                    for name in &words[1..] {
                        self.queue.push(format!("SHOW CREATE TABLE `{name}`"));
                        self.queue.push(format!("SELECT * FROM `{name}`"));
                    }
                } else {
                    self.queue.push("SHOW TABLES".into());
                }
            }
            Kind::Ready => self.queue.push("SELECT 1".into()),
        }
        self.interactive = self.queue.is_empty();
        self.boxes |= self.tty;
        self.footers = self.interactive && self.tty;
        let mongo = self.kind == Kind::Mongo && (self.tty || !self.interactive) && !self.quiet;
        if mongo || (self.interactive && matches!(self.kind, Kind::MySql | Kind::Psql)) {
            self.queue.insert(0, "\u{1}version".into());
        } else if self.interactive && self.tty {
            sys.out(self.prompt());
        }
        None
    }

    /// The version of the image's own server, which its client bears too.
    pub(super) fn server_version(&self, sys: &Sys<'_>) -> String {
        let env = sys.env();
        let tag = sys.machine().image.tag.clone();
        match self.kind {
            Kind::Psql | Kind::Ready => {
                env.get("PG_VERSION").cloned().unwrap_or_else(|| version("postgres", "latest"))
            }
            Kind::Redis => version("redis", &tag),
            Kind::Mongo => "2.3.7".into(),
            _ => {
                let known = env.get("MYSQL_VERSION").or_else(|| env.get("MARIADB_VERSION"));
                known.cloned().unwrap_or_else(|| version("mariadb", "latest"))
            }
        }
    }

    fn own_version(&self, sys: &Sys<'_>) -> String {
        let v = self.server_version(sys);
        let tool = crate::programs::short_name(&self.argv[0]).to_string();
        match self.kind {
            Kind::Psql | Kind::Ready => format!("{tool} (PostgreSQL) {v} (Debian {v}-1.pgdg120+1)\n"),
            Kind::Redis => format!("redis-cli {v}\n"),
            Kind::Mongo => format!("{v}\n"),
            _ if sys.env().contains_key("MYSQL_VERSION") => {
                format!("{tool}  Ver {v} for Linux on x86_64 (MySQL Community Server - GPL)\n")
            }
            _ => format!(
                "{tool} from {}-MariaDB, client 15.2 for debian-linux-gnu (x86_64) using  EditLine wrapper\n",
                v.split('-').next().unwrap_or_default()
            ),
        }
    }

    /// An option without a value.
    fn flag(&mut self, flag: &str) {
        let psql = self.kind == Kind::Psql;
        match flag {
            "t" | "tuples-only" if psql => self.tuples = true,
            "A" | "no-align" if psql => self.unaligned = true,
            "x" | "expanded" if psql => self.expanded = true,
            "csv" if psql => self.unaligned = true,
            "q" | "quiet" => self.quiet = true,
            "l" | "list" if psql => self.queue.push("\\l".into()),
            "N" | "skip-column-names" => self.headless = true,
            "t" | "table" => self.boxes = true,
            _ => {}
        }
    }

    /// An option with its value.
    fn valued(&mut self, name: &str, value: String, sys: &mut Sys<'_>) {
        match (self.kind, name) {
            (_, "h" | "host") => self.host = value,
            (Kind::Mongo | Kind::Psql | Kind::Ready | Kind::Redis, "p" | "port") | (_, "P" | "port") => {
                self.port = value.parse().unwrap_or(self.port);
            }
            (Kind::Psql | Kind::Ready, "U" | "username") | (_, "u" | "user" | "username") => {
                self.user = value
            }
            (_, "password") | (Kind::MySql | Kind::Admin | Kind::Dump, "p") | (Kind::Redis, "a" | "pass") => {
                self.password = value
            }
            (Kind::Psql | Kind::Ready, "d" | "dbname") | (_, "D" | "database") => self.database = value,
            (Kind::MySql, "e" | "execute") => self.queue.extend(crate::images::servers::sql::split(&value)),
            (Kind::Psql, "c" | "command") => {
                if value.starts_with('\\') {
                    self.queue.push(value)
                } else {
                    self.queue.extend(crate::images::servers::sql::split(&value))
                }
            }
            (Kind::Psql, "f" | "file") => {
                let path = sys.path(&value);
                let bytes = sys.fs().read(&path).unwrap_or_default();
                self.queue.extend(crate::images::servers::sql::split(&String::from_utf8_lossy(&bytes)));
            }
            (Kind::Mongo, "eval") => self.queue.push(value),
            _ => {}
        }
    }

    /// Reads a line as the password.
    pub(super) fn ask_password(&mut self, sys: &mut Sys<'_>) -> Turn {
        if let Some(end) = self.typed.iter().position(|b| *b == b'\n') {
            self.password = String::from_utf8_lossy(&self.typed[..end]).trim_end_matches('\r').into();
            self.typed.drain(..=end);
            self.asking = false;
            sys.out("\n");
            return Turn::More;
        }
        match sys.read(0, 1024) {
            Got::Data(bytes) => self.typed.extend(bytes),
            Got::End | Got::Failed(_) => self.asking = false,
            Got::Wait => return Turn::Wait(Wait::Read(0)),
        }
        Turn::More
    }

    fn take_uri(&mut self, uri: &str) {
        let (account, rest) = uri.rsplit_once('@').map_or(("", uri), |(a, r)| (a, r));
        if !account.is_empty() {
            let (u, p) = account.split_once(':').unwrap_or((account, ""));
            (self.user, self.password) = (u.into(), p.into());
        }
        let (host, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = host.split_once(':').unwrap_or((host, ""));
        self.host = host.into();
        self.port = port.parse().unwrap_or(self.port);
        let database = database.split('?').next().unwrap_or_default();
        if !database.is_empty() {
            self.database = database.into();
        }
    }
}
