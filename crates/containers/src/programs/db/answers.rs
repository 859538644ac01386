//! What came back from the server, or why nothing did, told in each client's words.

use super::print::resp;
use super::{Client, Kind};
use crate::machine::Sys;
use crate::net::NetError;

impl Client {
    /// A connection that did not come about. `Some`: the program ends with this code.
    pub(super) fn failed(&mut self, address: Option<String>, error: NetError, sys: &mut Sys<'_>) -> i32 {
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
                let tool = crate::programs::short_name(&self.argv[0]).to_string();
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
    pub(super) fn came(&mut self, text: &str, sys: &mut Sys<'_>) -> Option<i32> {
        match self.kind {
            Kind::Redis => {
                let shown = resp(text, !self.tty);
                let failed = text.starts_with('-');
                sys.out(format!("{shown}\n"));
                if failed {
                    self.code = i32::from(!self.interactive);
                }
                None
            }
            Kind::Mongo => {
                if self.current == "\u{1}version" {
                    self.greet(&[text.to_owned()], sys);
                    return None;
                }
                if let Some(name) = text.strip_prefix("switched to db ") {
                    self.database = name.trim().into();
                }
                if !text.is_empty() {
                    sys.out(format!("{text}\n"));
                }
                self.code = i32::from(text.starts_with("Mongo") || text.contains("Error: "));
                None
            }
            _ => {
                let ended = self.sql_came(text, sys);
                self.met = true;
                ended
            }
        }
    }
}
