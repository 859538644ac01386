//! What came back from the server, told in each client's words.

use super::print::{aligned, boxed, cells, resp};
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
}
