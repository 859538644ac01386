//! What the clients' command lines ask for.

use super::{Client, Kind};
use crate::machine::Sys;

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
        let mut ask = false;
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
                    "version",
                ],
                Kind::Redis => &["c", "x", "r", "raw", "no-raw", "no-auth-warning", "version", "3"],
                Kind::Mongo => &["quiet", "norc", "version", "nodb"],
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
                    "version",
                    "ssl",
                    "skip-ssl",
                    "no-tablespaces",
                    "single-transaction",
                    "protocol",
                ],
            };
            if bare.contains(&name.as_str()) {
                if matches!(name.as_str(), "N" | "s" | "t" | "A" | "tuples-only" | "skip-column-names") {
                    self.plain = true;
                }
                if name == "version" {
                    sys.out(format!(
                        "{}  Ver 8.4.3 for Linux on x86_64\n",
                        crate::programs::short_name(&argv[0])
                    ));
                    return Some(0);
                }
                if name == "l" {
                    self.queue.push("\\l".into());
                }
                continue;
            }
            // mysql's password is glued or asked for, never the next word.
            let is_password = sql && matches!(name.as_str(), "p" | "password");
            let value = match glued {
                Some(v) => v,
                None if is_password => {
                    ask = true;
                    continue;
                }
                None => {
                    i += 1;
                    argv.get(i - 1).cloned().unwrap_or_default()
                }
            };
            match (self.kind, name.as_str()) {
                (_, "h" | "host") => self.host = value,
                (Kind::Mongo | Kind::Psql | Kind::Ready | Kind::Redis, "p" | "port") | (_, "P" | "port") => {
                    self.port = value.parse().unwrap_or(self.port);
                }
                (Kind::Psql | Kind::Ready, "U" | "username") | (_, "u" | "user" | "username") => {
                    self.user = value
                }
                (_, "password")
                | (Kind::MySql | Kind::Admin | Kind::Dump, "p")
                | (Kind::Redis, "a" | "pass") => self.password = value,
                (Kind::Psql | Kind::Ready, "d" | "dbname") | (_, "D" | "database") => self.database = value,
                (Kind::MySql, "e" | "execute") => {
                    self.queue.extend(crate::images::servers::sql::split(&value))
                }
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
        if ask && self.password.is_empty() {
            sys.err("Enter password: \n");
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
                let word = words.first().map_or("ping", String::as_str);
                self.queue.push(if word == "ping" { "SELECT 1".into() } else { "SHOW DATABASES".into() });
            }
            Kind::Dump => {
                self.database = words.first().cloned().unwrap_or_default();
                self.queue.push("SHOW TABLES".into());
            }
            Kind::Ready => self.queue.push("SELECT 1".into()),
        }
        self.interactive = self.queue.is_empty();
        self.tty = sys.is_tty(0) && sys.is_tty(1);
        if self.interactive && self.tty {
            sys.out(self.greeting());
        }
        None
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
