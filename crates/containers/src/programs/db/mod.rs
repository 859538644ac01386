//! Clients of databases: `mysql`, `mysqladmin`, `mysqldump`, `psql`, `pg_isready`, `redis-cli`, `mongosh`.
//!
//! One statement a connection (see images/servers/database.rs). Statements come from `-e`/`-c`/`--eval`, from the words,
//! or from standard input; a terminal gets a prompt. Not modelled: history, most options, `\` commands beyond the usual.

mod answers;
mod print;
mod sql;
mod start;

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
    /// No heading over rows (`-N`).
    headless: bool,
    /// Boxes around rows, as mysql draws them on a terminal; lines that count rows.
    boxes: bool,
    footers: bool,
    /// psql's rows without heading and count; apart at bars only; one value a line; no tags.
    tuples: bool,
    unaligned: bool,
    expanded: bool,
    quiet: bool,
    /// The server has let it in.
    met: bool,
    /// The address it was found at.
    reached: String,
    /// The prompt that asks for the rest of a statement was shown.
    continued: bool,
    /// A password is being asked for.
    asking: bool,
    code: i32,
    line: usize,
    /// Lines of the statement that is under way.
    passed: usize,
    /// What the server calls itself.
    server: String,
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
        headless: false,
        boxes: false,
        footers: false,
        tuples: false,
        unaligned: false,
        expanded: false,
        quiet: false,
        met: false,
        reached: String::new(),
        continued: false,
        asking: false,
        code: 0,
        line: 0,
        passed: 0,
        server: String::new(),
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

impl Client {
    /// What a terminal shows once the server has said who it is.
    fn greet(&mut self, server: &[String], sys: &mut Sys<'_>) {
        let part = |i: usize| server.get(i).map_or("", String::as_str);
        self.server = part(1).to_string();
        if self.kind == Kind::Mongo {
            if !self.quiet {
                let id = sys.rng().letters(b"0123456789abcdef", 24);
                let at = format!(
                    "mongodb://{}:{}/{}",
                    self.address(),
                    self.port,
                    if self.database == "test" { "" } else { &self.database }
                );
                sys.out(format!(
                    "Current Mongosh Log ID:\t{id}\nConnecting to:\t\t{at}?directConnection=true&serverSelectionTimeoutMS=2000&appName=mongosh+2.3.7\nUsing MongoDB:\t\t{}\nUsing Mongosh:\t\t2.3.7\n\nFor mongosh info see: https://www.mongodb.com/docs/mongodb-shell/\n\n",
                    part(0)
                ));
            }
            return;
        }
        if !self.tty {
            return;
        }
        let own = self.server_version(sys);
        sys.out(match self.kind {
            Kind::MySql => {
                let maria = part(1).contains("MariaDB");
                let (name, id) = if maria { ("MariaDB", 3) } else { ("MySQL", 8) };
                let owner = if maria {
                    "Copyright (c) 2000, 2018, Oracle, MariaDB Corporation Ab and others.\n"
                } else {
                    "Copyright (c) 2000, 2024, Oracle and/or its affiliates.\n\nOracle is a registered trademark of Oracle Corporation and/or its\naffiliates. Other names may be trademarks of their respective\nowners.\n"
                };
                format!(
                    "Welcome to the {name} monitor.  Commands end with ; or \\g.\nYour {name} connection id is {id}\nServer version: {} {}\n\n{owner}\nType 'help;' or '\\h' for help. Type '\\c' to clear the current input statement.\n\n",
                    part(1),
                    part(2)
                )
            }
            _ => {
                let differs = own != part(0);
                let server = if differs { format!(", server {}", part(0)) } else { String::new() };
                format!("psql ({own} (Debian {own}-1.pgdg120+1){server})\nType \"help\" for help.\n\n")
            }
        });
    }

    fn prompt(&self) -> String {
        match self.kind {
            Kind::MySql if self.continued => "    -> ".into(),
            Kind::MySql if self.server.contains("MariaDB") => {
                let place = if self.database.is_empty() { "(none)" } else { &self.database };
                format!("MariaDB [{place}]> ")
            }
            Kind::MySql => "mysql> ".into(),
            Kind::Psql if self.continued => format!("{}-# ", self.database),
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
                let wanted = statement.trim_end_matches(crate::images::servers::sql::VERTICAL);
                format!("SQL\0{}\0{password}\0{database}\0{wanted}", self.user)
            }
        };
        self.current = statement;
        let request = NetRequest::Tcp { host: self.address(), port: self.port, data: text.into_bytes() };
        self.call = Some(sys.net(request));
    }

    /// Takes whole statements out of what was typed.
    fn take_typed(&mut self, sys: &mut Sys<'_>) -> Option<i32> {
        let text = String::from_utf8_lossy(&self.typed).into_owned();
        let sql = matches!(self.kind, Kind::MySql | Kind::Psql);
        let first = text.trim_start();
        let word = first.split([' ', '\n', ';']).next().unwrap_or_default().to_lowercase();
        let by_line = !sql
            || first.starts_with('\\')
            || matches!(word.as_str(), "exit" | "quit" | "help" | "status")
            || (word == "use" && self.kind == Kind::MySql);
        let found = if by_line {
            text.find('\n').map(|i| (text[..i].trim().trim_end_matches(';').to_string(), i + 1))
        } else {
            first_statement(&text)
        };
        let (one, end) = match found {
            Some(found) => found,
            None if self.ended && !text.trim().is_empty() => {
                (text.trim().trim_end_matches(';').to_string(), text.len())
            }
            None => {
                if self.ended {
                    if self.tty {
                        sys.out("\n");
                    }
                    return Some(self.code);
                }
                if sql && self.tty && !self.continued && !text.trim().is_empty() {
                    self.continued = true;
                    sys.out(self.prompt());
                }
                return None;
            }
        };
        let lead = text.len() - text.trim_start().len();
        self.line = self.line.max(1) + text[..lead.min(end)].matches('\n').count();
        let after = text[lead.min(end)..end].matches('\n').count();
        self.typed = text.get(end..).unwrap_or_default().as_bytes().to_vec();
        self.continued = false;
        match one.as_str() {
            "" => {}
            "exit" | "quit" | "\\q" | "exit()" | "quit()" => {
                if self.kind == Kind::MySql && self.tty {
                    sys.out("Bye\n");
                }
                return Some(self.code);
            }
            _ => {
                self.queue.push(one);
                self.passed = after;
                return None;
            }
        }
        self.line += after;
        if self.tty {
            sys.out(self.prompt());
        }
        None
    }

    /// What the client does by itself: whether it was one of those.
    fn by_itself(&mut self, one: &str, sys: &mut Sys<'_>) -> bool {
        let (word, rest) = one.split_once(char::is_whitespace).unwrap_or((one, ""));
        let rest = rest.trim().trim_matches(['`', '"', ';']);
        let told = self.interactive && self.tty;
        match (self.kind, word) {
            (Kind::MySql | Kind::Dump, "use" | "USE" | "Use") => {
                self.database = rest.into();
                if self.kind == Kind::Dump {
                    sys.out(format!(
                        "\n--\n-- Current Database: `{rest}`\n--\n\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ `{rest}` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci */;\n\nUSE `{rest}`;\n"
                    ));
                } else if told {
                    sys.out("Database changed\n");
                }
            }
            (Kind::Psql, "\\c" | "\\connect") => {
                if !rest.is_empty() {
                    self.database = rest.split(' ').next().unwrap_or_default().into();
                }
                sys.out(format!(
                    "You are now connected to database \"{}\" as user \"{}\".\n",
                    self.database, self.user
                ));
            }
            (Kind::Psql, "\\x") => {
                self.expanded = !self.expanded;
                sys.out(format!("Expanded display is {}.\n", if self.expanded { "on" } else { "off" }));
            }
            (Kind::Psql, "\\t") => {
                self.tuples = !self.tuples;
                sys.out(format!("Tuples only is {}.\n", if self.tuples { "on" } else { "off" }));
            }
            (Kind::Psql, "\\timing") => sys.out("Timing is on.\n"),
            (Kind::Psql, "\\echo") => sys.out(format!("{rest}\n")),
            (Kind::Psql, "\\i") => match sys.path(rest) {
                path if sys.fs().exists(&path) => {
                    let bytes = sys.fs().read(&path).unwrap_or_default();
                    let list = crate::images::servers::sql::split(&String::from_utf8_lossy(&bytes));
                    self.queue.splice(0..0, list);
                }
                _ => sys.err(&format!("{rest}: No such file or directory\n")),
            },
            (Kind::Psql, "\\set" | "\\pset" | "\\encoding") => {}
            (Kind::MySql, "source" | "\\.") => {
                let path = sys.path(rest);
                let bytes = sys.fs().read(&path).unwrap_or_default();
                let list = crate::images::servers::sql::split(&String::from_utf8_lossy(&bytes));
                self.queue.splice(0..0, list);
            }
            _ => return false,
        }
        true
    }
}

/// The first whole statement of a text, and where it ends.
fn first_statement(text: &str) -> Option<(String, usize)> {
    let (one, end) = crate::images::servers::sql::first(text)?;
    Some((one.trim().to_string(), end))
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
                NetAnswer::Tcp { data, address, .. } => {
                    self.reached = address;
                    let text = String::from_utf8_lossy(&data).into_owned();
                    self.came(&text, sys)
                }
                NetAnswer::Failed { address, error } => Some(self.failed(address, error, sys)),
                _ => Some(self.failed(None, NetError::Reset, sys)),
            };
            if let Some(code) = ended {
                return Turn::Exit(code);
            }
            self.line += std::mem::take(&mut self.passed);
            if self.interactive && self.tty && self.queue.is_empty() {
                sys.out(self.prompt());
            }
            return Turn::More;
        }
        if self.asking {
            return self.ask_password(sys);
        }
        if !self.queue.is_empty() {
            let one = self.queue.remove(0);
            if self.by_itself(&one, sys) {
                if self.interactive && self.tty && self.queue.is_empty() {
                    sys.out(self.prompt());
                }
                return Turn::More;
            }
            self.send(one, sys);
            return Turn::More;
        }
        if !self.interactive {
            if self.kind == Kind::Dump {
                let now = crate::programs::date_text(sys.now(), "%Y-%m-%d %H:%M:%S");
                sys.out(format!("\n-- Dump completed on {now}\n"));
            }
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
                self.continued = false;
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
