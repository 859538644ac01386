//! Clients of databases: `mysql`, `mysqladmin`, `mysqldump`, `psql`, `pg_isready`, `redis-cli`, `mongosh`.
//!
//! One statement a connection (see images/servers/database.rs). Statements come from `-e`/`-c`/`--eval`, from the words,
//! or from standard input; a terminal gets a prompt. Not modelled: history, most options, `\` commands beyond the usual.

mod answers;
mod print;
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

impl Client {
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
