//! Clients of databases: `mysql`, `mysqladmin`, `mysqldump`, `psql`, `pg_isready`, `redis-cli`, `mongosh`.
//!
//! One statement a connection (see images/servers/database.rs). Statements come from `-e`/`-c`/`--eval`, from the words,
//! or from standard input; a terminal gets a prompt. Not modelled: history, most options, `\` commands beyond the usual.

use crate::machine::{Got, Program, Sys, Turn, Wait};
use crate::net::{NetAnswer, NetError, NetRequest};

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    MySql,
    Admin,
    Dump,
    Psql,
    Ready,
    Redis,
    Mongo,
}

#[derive(Clone)]
struct Client {
    kind: Kind,
    argv: Vec<String>,
    host: String,
    port: u16,
    user: String,
    password: String,
    database: String,
    /// Statements that wait.
    queue: Vec<String>,
    /// The one on its way.
    current: String,
    call: Option<u32>,
    /// Reads statements from standard input.
    interactive: bool,
    tty: bool,
    typed: Vec<u8>,
    ended: bool,
    begun: bool,
    plain: bool,
    code: i32,
    line: usize,
}

fn client(kind: Kind, argv: &[String]) -> Box<dyn Program> {
    Box::new(Client {
        kind,
        argv: argv.to_vec(),
        host: String::new(),
        port: 0,
        user: String::new(),
        password: String::new(),
        database: String::new(),
        queue: Vec::new(),
        current: String::new(),
        call: None,
        interactive: false,
        tty: false,
        typed: Vec::new(),
        ended: false,
        begun: false,
        plain: false,
        code: 0,
        line: 0,
    })
}

pub(super) fn mysql(argv: &[String]) -> Box<dyn Program> {
    client(Kind::MySql, argv)
}
pub(super) fn mysqladmin(argv: &[String]) -> Box<dyn Program> {
    client(Kind::Admin, argv)
}
pub(super) fn mysqldump(argv: &[String]) -> Box<dyn Program> {
    client(Kind::Dump, argv)
}
pub(super) fn psql(argv: &[String]) -> Box<dyn Program> {
    client(Kind::Psql, argv)
}
pub(super) fn pg_isready(argv: &[String]) -> Box<dyn Program> {
    client(Kind::Ready, argv)
}
pub(super) fn redis_cli(argv: &[String]) -> Box<dyn Program> {
    client(Kind::Redis, argv)
}
pub(super) fn mongosh(argv: &[String]) -> Box<dyn Program> {
    client(Kind::Mongo, argv)
}

/// What a reply's line of cells holds.
fn cells(line: &str) -> Vec<Option<String>> {
    let cell =
        |c: &str| (c != "\\N").then(|| c.replace("\\t", "\t").replace("\\n", "\n").replace("\\\\", "\\"));
    line.split('\t').map(cell).collect()
}

fn width(t: &str) -> usize {
    t.chars().count()
}

/// `+----+` around every cell, as mysql does on a terminal.
fn boxed(head: &[String], rows: &[Vec<Option<String>>]) -> String {
    let text = |c: &Option<String>| c.clone().unwrap_or_else(|| "NULL".into());
    let mut widths: Vec<usize> = head.iter().map(|h| width(h)).collect();
    for row in rows {
        for (w, c) in widths.iter_mut().zip(row) {
            *w = (*w).max(width(&text(c)));
        }
    }
    let rule: String = widths.iter().map(|w| format!("+{}", "-".repeat(w + 2))).collect::<String>() + "+\n";
    let numeric = |i: usize| {
        rows.iter().all(|r| r.get(i).and_then(Option::as_ref).is_none_or(|t| t.parse::<f64>().is_ok()))
    };
    let mut out = rule.clone();
    for (h, w) in head.iter().zip(&widths) {
        out.push_str(&format!("| {h:<w$} "));
    }
    out.push_str(&format!("|\n{rule}"));
    for row in rows {
        for (i, w) in widths.iter().enumerate() {
            let t = text(row.get(i).unwrap_or(&None));
            out.push_str(&if numeric(i) { format!("| {t:>w$} ") } else { format!("| {t:<w$} ") });
        }
        out.push_str("|\n");
    }
    out + &rule
}

/// As psql prints rows.
fn aligned(head: &[String], rows: &[Vec<Option<String>>], only: bool) -> String {
    let text = |c: &Option<String>| c.clone().unwrap_or_default();
    let mut widths: Vec<usize> = head.iter().map(|h| width(h)).collect();
    for row in rows {
        for (w, c) in widths.iter_mut().zip(row) {
            *w = (*w).max(width(&text(c)));
        }
    }
    let numeric = |i: usize| {
        !rows.is_empty()
            && rows.iter().all(|r| r.get(i).and_then(Option::as_ref).is_none_or(|t| t.parse::<f64>().is_ok()))
    };
    let mut out = String::new();
    if !only {
        let titles: Vec<String> = head
            .iter()
            .zip(&widths)
            .map(|(h, w)| {
                let left = (w - width(h)) / 2;
                format!(" {}{h}{} ", " ".repeat(left), " ".repeat(w - width(h) - left))
            })
            .collect();
        out.push_str(&format!("{}\n", titles.join("|")));
        out.push_str(&format!(
            "{}\n",
            widths.iter().map(|w| "-".repeat(w + 2)).collect::<Vec<_>>().join("+")
        ));
    }
    for row in rows {
        let line: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(i, w)| {
                let t = text(row.get(i).unwrap_or(&None));
                let last = i + 1 == widths.len();
                match (numeric(i), last) {
                    (true, _) => format!(" {t:>w$}{}", if last { "" } else { " " }),
                    (false, true) => format!(" {t}"),
                    (false, false) => format!(" {t:<w$} "),
                }
            })
            .collect();
        out.push_str(&format!("{}\n", line.join("|")));
    }
    if !only {
        let s = if rows.len() == 1 { "" } else { "s" };
        out.push_str(&format!("({} row{s})\n", rows.len()));
    }
    out + "\n"
}

/// A RESP reply as redis-cli prints it; `raw` when not on a terminal.
fn resp(text: &str, raw: bool) -> String {
    fn one(
        lines: &mut std::iter::Peekable<std::str::Split<'_, &str>>,
        raw: bool,
        indent: usize,
        depth: u32,
    ) -> String {
        let Some(line) = lines.next() else { return String::new() };
        let (kind, rest) = line.split_at(line.len().min(1));
        match kind {
            "+" => rest.to_string(),
            "-" if raw => rest.to_string(),
            "-" => format!("(error) {rest}"),
            ":" if raw => rest.to_string(),
            ":" => format!("(integer) {rest}"),
            "$" if rest.starts_with('-') => {
                if raw {
                    String::new()
                } else {
                    "(nil)".into()
                }
            }
            "$" => {
                let n: usize = rest.parse().unwrap_or(0);
                let mut text = lines.next().unwrap_or_default().to_string();
                while text.len() < n && lines.peek().is_some() {
                    text.push_str("\r\n");
                    text.push_str(lines.next().unwrap_or_default());
                }
                if raw { text } else { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")) }
            }
            "*" if depth < 8 => {
                let n: usize = rest.parse().unwrap_or(0);
                if n == 0 {
                    return if raw { String::new() } else { "(empty array)".into() };
                }
                let mut all = Vec::new();
                for i in 0..n.min(100_000) {
                    if lines.peek().is_none() {
                        break;
                    }
                    let item = one(lines, raw, indent + 3, depth + 1);
                    let pad = if i == 0 { 0 } else { indent };
                    all.push(if raw { item } else { format!("{}{}) {item}", " ".repeat(pad), i + 1) });
                }
                all.join("\n")
            }
            _ => line.to_string(),
        }
    }
    one(&mut text.split("\r\n").peekable(), raw, 0, 0)
}

impl Client {
    fn set_up(&mut self, sys: &mut Sys<'_>) -> Option<i32> {
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
                    sys.out(format!("{}  Ver 8.4.3 for Linux on x86_64\n", super::short_name(&argv[0])));
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

    fn greeting(&self) -> String {
        match self.kind {
            Kind::MySql => "Welcome to the MySQL monitor.  Commands end with ; or \\g.\nServer version: 8.4.3 MySQL Community Server - GPL\n\nType 'help;' or '\\h' for help. Type '\\c' to clear the current input statement.\n\nmysql> ".into(),
            Kind::Psql => format!("psql (17.2)\nType \"help\" for help.\n\n{}=# ", self.database),
            _ => self.prompt(),
        }
    }

    fn prompt(&self) -> String {
        match self.kind {
            Kind::MySql => "mysql> ".into(),
            Kind::Psql => format!("{}=# ", self.database),
            Kind::Redis => format!("{}:{}> ", self.address(), self.port),
            _ => format!("{}> ", self.database),
        }
    }

    fn address(&self) -> String {
        if self.host.is_empty() || self.host == "localhost" { "127.0.0.1".into() } else { self.host.clone() }
    }

    fn send(&mut self, statement: String, sys: &mut Sys<'_>) {
        let text = match self.kind {
            Kind::Redis => {
                let auth = if self.password.is_empty() {
                    String::new()
                } else {
                    format!("AUTH {}\n", self.password)
                };
                format!("{auth}{statement}")
            }
            Kind::Mongo => format!("MONGO\0{}\0{statement}", self.database),
            _ => {
                // A local connection to PostgreSQL is trusted.
                let local = matches!(self.kind, Kind::Psql | Kind::Ready) && self.host.is_empty();
                let password = if local { "\u{1}local" } else { self.password.as_str() };
                let database = if self.kind == Kind::Ready { "" } else { self.database.as_str() };
                let wanted = if statement == "\\d" { "\\dt" } else { statement.as_str() };
                format!("SQL\0{}\0{password}\0{database}\0{wanted}", self.user)
            }
        };
        self.current = statement;
        let request = NetRequest::Tcp { host: self.address(), port: self.port, data: text.into_bytes() };
        self.call = Some(sys.net(request));
    }

    /// A connection that did not come about. `Some`: the program ends with this code.
    fn failed(&mut self, address: Option<String>, error: NetError, sys: &mut Sys<'_>) -> i32 {
        let (host, port) = (self.host.clone(), self.port);
        let local = host.is_empty() || host == "localhost";
        let why = match error {
            NetError::Refused => "Connection refused",
            NetError::TimedOut => "Connection timed out",
            NetError::NoName | NetError::NoServer => "Name or service not known",
            _ => "No route to host",
        };
        let address = address.unwrap_or_default();
        match self.kind {
            Kind::MySql | Kind::Admin | Kind::Dump => {
                let tool = super::short_name(&self.argv[0]).to_string();
                let text = match (local, error) {
                    (true, _) => "ERROR 2002 (HY000): Can't connect to local MySQL server through socket '/var/run/mysqld/mysqld.sock' (2)\n".into(),
                    (_, NetError::NoName | NetError::NoServer) => format!("ERROR 2005 (HY000): Unknown MySQL server host '{host}' (-2)\n"),
                    (_, NetError::TimedOut) => format!("ERROR 2003 (HY000): Can't connect to MySQL server on '{host}:{port}' (110)\n"),
                    _ => format!("ERROR 2003 (HY000): Can't connect to MySQL server on '{host}:{port}' (111)\n"),
                };
                sys.err(&if self.kind == Kind::Admin {
                    format!(
                        "{tool}: connect to server at '{}' failed\nerror: '{}'\n",
                        if local { "localhost" } else { &host },
                        text.trim().split_once(": ").map_or("", |(_, t)| t)
                    )
                } else {
                    text
                });
                1
            }
            Kind::Psql => {
                let text = if local {
                    "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: No such file or directory\n\tIs the server running locally and accepting connections on that socket?\n".into()
                } else if matches!(error, NetError::NoName | NetError::NoServer) {
                    format!(
                        "psql: error: could not translate host name \"{host}\" to address: Name or service not known\n"
                    )
                } else {
                    format!(
                        "psql: error: connection to server at \"{host}\" ({address}), port {port} failed: {why}\n\tIs the server running on that host and accepting TCP/IP connections?\n"
                    )
                };
                sys.err(&text);
                2
            }
            Kind::Ready => {
                let shown = if local { "/var/run/postgresql".to_string() } else { host };
                sys.out(format!("{shown}:{port} - no response\n"));
                2
            }
            Kind::Redis => {
                sys.err(&format!("Could not connect to Redis at {}:{port}: {why}\n", self.address()));
                1
            }
            Kind::Mongo => {
                sys.err(&format!(
                    "MongoNetworkError: connect {} {}:{port}\n",
                    if error == NetError::Refused { "ECONNREFUSED" } else { "ENOTFOUND" },
                    self.address()
                ));
                1
            }
        }
    }

    /// A server's reply. `Some`: the program ends.
    fn came(&mut self, text: &str, sys: &mut Sys<'_>) -> Option<i32> {
        match self.kind {
            Kind::Redis => {
                let shown = resp(text, !self.tty);
                let failed = text.starts_with('-');
                sys.out(format!("{shown}\n"));
                if failed {
                    self.code = i32::from(!self.interactive);
                }
                return None;
            }
            Kind::Mongo => {
                if !text.is_empty() {
                    sys.out(format!("{text}\n"));
                }
                self.code = i32::from(text.starts_with("Mongo") || text.contains("Error: "));
                return None;
            }
            _ => {}
        }
        let mut parts = text.splitn(3, '\t');
        let (kind, a, b) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        if kind == "ERR" {
            return self.refused(a, b, sys);
        }
        match self.kind {
            Kind::Admin => {
                sys.out("mysqld is alive\n");
                return Some(0);
            }
            Kind::Ready => {
                let shown =
                    if self.host.is_empty() { "/var/run/postgresql".to_string() } else { self.host.clone() };
                sys.out(format!("{shown}:{} - accepting connections\n", self.port));
                return Some(0);
            }
            _ => {}
        }
        if kind == "ROWS" {
            let mut lines = text.lines();
            let head: Vec<String> =
                lines.next().unwrap_or_default().split('\t').skip(1).map(String::from).collect();
            let rows: Vec<Vec<Option<String>>> = lines.map(cells).collect();
            match self.kind {
                Kind::Dump if self.current == "SHOW TABLES" => {
                    sys.out(format!(
                        "-- MySQL dump 10.13  Distrib 8.4.3\n--\n-- Host: {}    Database: {}\n",
                        self.address(),
                        self.database
                    ));
                    self.queue.extend(
                        rows.iter().filter_map(|r| r.first()?.as_ref().map(|t| format!("SELECT * FROM {t}"))),
                    );
                }
                Kind::Dump => {
                    let table = self.current.rsplit(' ').next().unwrap_or_default().to_string();
                    let columns: Vec<String> = head.iter().map(|h| format!("  `{h}` text")).collect();
                    sys.out(format!(
                        "DROP TABLE IF EXISTS `{table}`;\nCREATE TABLE `{table}` (\n{}\n);\n",
                        columns.join(",\n")
                    ));
                    for row in &rows {
                        let list: Vec<String> = row
                            .iter()
                            .map(|c| {
                                c.as_ref().map_or("NULL".into(), |t| format!("'{}'", t.replace('\'', "''")))
                            })
                            .collect();
                        sys.out(format!("INSERT INTO `{table}` VALUES ({});\n", list.join(",")));
                    }
                }
                Kind::Psql if self.current.starts_with('\\') && rows.is_empty() => {
                    sys.out("Did not find any relations.\n")
                }
                Kind::Psql if self.current.starts_with('\\') => {
                    let title = if self.current == "\\l" { "List of databases" } else { "List of relations" };
                    sys.out(format!("          {title}\n{}", aligned(&head, &rows, false)));
                }
                Kind::Psql => sys.out(aligned(&head, &rows, self.plain)),
                _ if self.tty => {
                    let s = if rows.len() == 1 { "" } else { "s" };
                    sys.out(if rows.is_empty() {
                        "Empty set (0.00 sec)\n\n".into()
                    } else {
                        format!("{}{} row{s} in set (0.00 sec)\n\n", boxed(&head, &rows), rows.len())
                    });
                }
                _ => {
                    let mut out = String::new();
                    if !rows.is_empty() && !self.plain {
                        out.push_str(&format!("{}\n", head.join("\t")));
                    }
                    for row in rows {
                        let list: Vec<String> =
                            row.into_iter().map(|c| c.unwrap_or_else(|| "NULL".into())).collect();
                        out.push_str(&format!("{}\n", list.join("\t")));
                    }
                    sys.out(out);
                }
            }
        } else if self.kind == Kind::Psql {
            sys.out(format!("{b}\n"));
        } else if self.tty {
            let s = if a == "1" { "" } else { "s" };
            sys.out(format!("Query OK, {a} row{s} affected (0.00 sec)\n\n"));
        }
        None
    }

    fn refused(&mut self, code: &str, text: &str, sys: &mut Sys<'_>) -> Option<i32> {
        let early = matches!(code, "FATAL" | "1045 (28000)" | "1049 (42000)");
        match self.kind {
            Kind::Psql | Kind::Ready if early => {
                let (host, port) = (self.address(), self.port);
                sys.err(&if self.host.is_empty() {
                    format!("psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  {text}\n")
                } else {
                    format!("psql: error: connection to server at \"{host}\", port {port} failed: FATAL:  {text}\n")
                });
                return Some(2);
            }
            Kind::Psql => {
                sys.err(&format!("ERROR:  {text}\nLINE 1: {}\n", self.current));
                self.code = 1;
                return None;
            }
            Kind::Admin => {
                // Somebody answers: that is all that is asked.
                sys.out("mysqld is alive\n");
                return Some(0);
            }
            Kind::Ready => {
                sys.out(format!("{}:{} - accepting connections\n", self.address(), self.port));
                return Some(0);
            }
            _ => {}
        }
        if early {
            sys.err(&format!("ERROR {code}: {text}\n"));
            return Some(1);
        }
        let line = if self.tty { String::new() } else { format!(" at line {}", self.line.max(1)) };
        sys.err(&format!("ERROR {code}{line}: {text}\n"));
        self.code = 1;
        if self.tty { None } else { Some(1) }
    }

    /// Takes whole statements out of what was typed.
    fn take_typed(&mut self, sys: &mut Sys<'_>) -> Option<i32> {
        let text = String::from_utf8_lossy(&self.typed).into_owned();
        let sql = matches!(self.kind, Kind::MySql | Kind::Psql);
        let first = text.trim_start();
        let by_line = !sql
            || first.starts_with('\\')
            || ["exit", "quit", "use ", "USE "].iter().any(|w| first.starts_with(w));
        let end = if by_line { text.find('\n') } else { text.find(';') };
        let end = match end {
            Some(i) => i,
            None if self.ended && !text.trim().is_empty() => text.len(),
            None => {
                if self.ended {
                    if self.tty {
                        sys.out("\n");
                    }
                    return Some(self.code);
                }
                return None;
            }
        };
        let one = text[..end].trim().trim_end_matches(';').to_string();
        self.line += text[..end].matches('\n').count() + 1;
        self.typed = text.get(end + 1..).unwrap_or_default().as_bytes().to_vec();
        match one.as_str() {
            "" => {}
            "exit" | "quit" | "\\q" | "exit()" | "quit()" => {
                if self.kind == Kind::MySql && self.tty {
                    sys.out("Bye\n");
                }
                return Some(self.code);
            }
            _ => {
                if let Some(name) =
                    one.strip_prefix("use ").or(one.strip_prefix("USE ")).or(one.strip_prefix("\\c "))
                {
                    self.database = name.trim().trim_matches('`').into();
                    if self.tty {
                        sys.out(match self.kind {
                            Kind::MySql => "Database changed\n".to_string(),
                            Kind::Psql => format!(
                                "You are now connected to database \"{}\" as user \"{}\".\n",
                                self.database, self.user
                            ),
                            _ => format!("switched to db {}\n", self.database),
                        });
                    }
                } else {
                    self.queue.push(one);
                    return None;
                }
            }
        }
        if self.tty {
            sys.out(self.prompt());
        }
        None
    }
}

impl Program for Client {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        if !self.begun {
            self.begun = true;
            if let Some(code) = self.set_up(sys) {
                return Turn::Exit(code);
            }
            return Turn::More;
        }
        if let Some(id) = self.call {
            let answer = match sys.net_answer(id) {
                Err(wait) => return Turn::Wait(wait),
                Ok(a) => a,
            };
            self.call = None;
            let ended = match answer {
                NetAnswer::Tcp { data, .. } => {
                    let text = String::from_utf8_lossy(&data).into_owned();
                    self.came(&text, sys)
                }
                NetAnswer::Failed { address, error } => Some(self.failed(address, error, sys)),
                _ => Some(self.failed(None, NetError::Reset, sys)),
            };
            if let Some(code) = ended {
                return Turn::Exit(code);
            }
            if self.interactive && self.tty && self.queue.is_empty() {
                sys.out(self.prompt());
            }
            return Turn::More;
        }
        if !self.queue.is_empty() {
            let one = self.queue.remove(0);
            if let Some(name) =
                one.strip_prefix("use ").or(one.strip_prefix("USE ")).or(one.strip_prefix("\\c "))
            {
                self.database = name.trim().trim_matches('`').into();
                return Turn::More;
            }
            self.send(one, sys);
            return Turn::More;
        }
        if !self.interactive {
            return Turn::Exit(self.code);
        }
        if let Some(code) = self.take_typed(sys) {
            return Turn::Exit(code);
        }
        if !self.queue.is_empty() || self.ended {
            return Turn::More;
        }
        match sys.read(0, 8192) {
            Got::Data(bytes) => {
                self.typed.extend(bytes);
                if self.typed.len() > 1 << 20 {
                    return Turn::Exit(1);
                }
            }
            Got::End | Got::Failed(_) => self.ended = true,
            Got::Wait => return Turn::Wait(Wait::Read(0)),
        }
        Turn::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_shown_as_the_clients_do() {
        assert_eq!(resp("*2\r\n$1\r\na\r\n:3\r\n", false), "1) \"a\"\n2) (integer) 3");
        assert_eq!(resp("$-1\r\n", false), "(nil)");
        assert_eq!(resp("$2\r\nhi\r\n", true), "hi");
        let head = ["id".to_string(), "name".into()];
        let rows = [vec![Some("1".to_string()), Some("a".into())]];
        assert_eq!(aligned(&head, &rows, false), " id | name \n----+------\n  1 | a\n(1 row)\n\n");
        assert_eq!(
            boxed(&head, &rows),
            "+----+------+\n| id | name |\n+----+------+\n|  1 | a    |\n+----+------+\n"
        );
    }
}
