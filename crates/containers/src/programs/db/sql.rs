//! What an SQL server answered, as `mysql`, `psql` and `mysqldump` tell it.

use super::print::{Shape, aligned, boxed, cells, vertical};
use super::{Client, Kind};
use crate::images::servers::sql::VERTICAL;
use crate::machine::Sys;

type Row = Vec<Option<String>>;

/// A reply's heading and rows.
fn table(text: &str) -> (Vec<String>, Vec<Row>) {
    let mut lines = text.lines();
    let head = lines.next().unwrap_or_default().split('\t').skip(1).map(String::from).collect();
    (head, lines.map(cells).collect())
}

impl Client {
    /// A server's reply to a statement. `Some`: the program ends.
    pub(super) fn sql_came(&mut self, text: &str, sys: &mut Sys<'_>) -> Option<i32> {
        let mut parts = text.splitn(3, '\t');
        let (kind, a, b) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        if kind == "ERR" {
            return self.refused(a, b, sys);
        }
        if self.current == "\u{1}version" {
            let (head, _) = table(text);
            self.greet(&head, sys);
            return None;
        }
        match self.kind {
            Kind::Admin => return self.administered(text, sys),
            Kind::Ready => {
                let shown =
                    if self.host.is_empty() { "/var/run/postgresql".to_string() } else { self.host.clone() };
                sys.out(format!("{shown}:{} - accepting connections\n", self.port));
                return Some(0);
            }
            _ => {}
        }
        match kind {
            "ROWS" => {
                let (head, rows) = table(text);
                self.rows(head, rows, sys);
            }
            "RET" => {
                let (tag, rest) = text.split_once('\n').unwrap_or((text, ""));
                let (head, rows) = table(rest);
                self.rows(head, rows, sys);
                let tag = tag.trim_start_matches("RET\t");
                if self.kind == Kind::Psql && !self.tuples {
                    sys.out(format!("{tag}\n"));
                }
            }
            _ if self.kind == Kind::Psql => {
                if self.current.starts_with("\\indexes") {
                    sys.out(if b.is_empty() { "\n".to_string() } else { format!("{b}\n\n") });
                } else if !self.quiet {
                    sys.out(format!("{b}\n"));
                }
            }
            _ if self.footers => sys.out(self.query_ok(a)),
            _ => {}
        }
        None
    }

    /// What mysql says of a statement that gave no rows.
    fn query_ok(&self, rows: &str) -> String {
        let verb = self.current.split_whitespace().next().unwrap_or_default().to_lowercase();
        let s = if rows == "1" { "" } else { "s" };
        let more = match verb.as_str() {
            "insert" if rows.parse::<u32>().is_ok_and(|n| n > 1) => {
                format!("Records: {rows}  Duplicates: 0  Warnings: 0\n")
            }
            "update" => format!("Rows matched: {rows}  Changed: {rows}  Warnings: 0\n"),
            _ => String::new(),
        };
        format!("Query OK, {rows} row{s} affected (0.00 sec)\n{more}\n")
    }

    /// How many rows there were, where mysql says so.
    fn foot(&self, rows: usize, sys: &mut Sys<'_>) {
        if self.footers {
            let s = if rows == 1 { "" } else { "s" };
            sys.out(match rows {
                0 => "Empty set (0.00 sec)\n\n".to_string(),
                _ => format!("{rows} row{s} in set (0.00 sec)\n\n"),
            });
        }
    }

    fn rows(&mut self, head: Vec<String>, rows: Vec<Row>, sys: &mut Sys<'_>) {
        match self.kind {
            Kind::Dump => self.dumped(&head, rows, sys),
            Kind::Psql => self.psql_rows(&head, &rows, sys),
            _ if self.current.ends_with(VERTICAL) => {
                sys.out(vertical(&head, &rows));
                self.foot(rows.len(), sys);
            }
            _ if self.boxes => {
                if !rows.is_empty() {
                    sys.out(boxed(&head, &rows, !self.headless));
                }
                self.foot(rows.len(), sys);
            }
            _ => {
                let mut out = String::new();
                if !rows.is_empty() && !self.headless {
                    out.push_str(&format!("{}\n", head.join("\t")));
                }
                for row in rows {
                    let text = |c: Option<String>| c.unwrap_or_else(|| "NULL".into()).replace('\n', "\\n");
                    let list: Vec<String> = row.into_iter().map(text).collect();
                    out.push_str(&format!("{}\n", list.join("\t")));
                }
                sys.out(out);
            }
        }
    }

    fn psql_rows(&mut self, head: &[String], rows: &[Row], sys: &mut Sys<'_>) {
        let command = self.current.clone();
        let (word, of) = command.split_once(' ').unwrap_or((&command, ""));
        let mut shape = Shape { tuples: self.tuples, unaligned: self.unaligned, footer: true, title: None };
        if word.starts_with('\\') {
            if rows.is_empty() {
                sys.err("Did not find any relations.\n");
                return;
            }
            let described = head.first().is_some_and(|h| h == "Column");
            shape.title = Some(match word {
                "\\l" | "\\list" | "\\l+" => "List of databases".into(),
                "\\du" | "\\dg" => "List of roles".into(),
                "\\dn" => "List of schemas".into(),
                _ if described => format!("Table \"public.{}\"", of.trim()),
                _ => "List of relations".into(),
            });
            if described {
                self.queue.insert(0, format!("\\indexes {of}"));
            }
            shape.footer = !described && word != "\\du";
            let text = aligned(head, rows, &shape);
            sys.out(if described { text.trim_end_matches('\n').to_string() + "\n" } else { text });
            return;
        }
        if self.expanded {
            sys.out(super::print::expanded(head, rows));
        } else {
            sys.out(aligned(head, rows, &shape));
        }
    }

    fn refused(&mut self, code: &str, text: &str, sys: &mut Sys<'_>) -> Option<i32> {
        let early = matches!(code, "FATAL" | "1045 (28000)" | "1049 (42000)") && !self.met;
        match self.kind {
            Kind::Psql | Kind::Ready if early => {
                let (host, port) = (self.address(), self.port);
                if self.kind == Kind::Ready {
                    sys.out(format!("{host}:{port} - accepting connections\n"));
                    return Some(0);
                }
                let where_to = if self.host.is_empty() {
                    "connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\"".to_string()
                } else {
                    format!("connection to server at \"{host}\" ({}), port {port}", self.reached)
                };
                let why = if self.password.is_empty() && !self.host.is_empty() && text.starts_with("password")
                {
                    "fe_sendauth: no password supplied".to_string()
                } else {
                    format!("FATAL:  {text}")
                };
                sys.err(&format!("psql: error: {where_to} failed: {why}\n"));
                return Some(2);
            }
            Kind::Psql if code == "psql" => {
                sys.err(&format!("{text}\n"));
                self.code = 1;
                return None;
            }
            Kind::Psql => {
                sys.err(&format!("ERROR:  {text}\n{}", self.place_of(text)));
                self.code = 1;
                return None;
            }
            Kind::Admin if self.current == "SELECT 1" => {
                // Somebody answers: that is all that is asked.
                sys.out("mysqld is alive\n");
                return Some(0);
            }
            Kind::Admin => {
                let tool = crate::programs::short_name(&self.argv[0]).to_string();
                sys.err(&format!("{tool}: connect to server at 'localhost' failed\nerror: '{text}'\n"));
                return Some(1);
            }
            Kind::Dump => {
                let code = code.split(' ').next().unwrap_or_default();
                sys.err(&if early {
                    format!("mysqldump: Got error: {code}: {text} when trying to connect\n")
                } else {
                    format!("mysqldump: Error {code}: {text}\n")
                });
                return Some(2);
            }
            _ => {}
        }
        if early {
            sys.err(&format!("ERROR {code}: {text}\n"));
            return Some(1);
        }
        let line = if self.footers { String::new() } else { format!(" at line {}", self.line.max(1)) };
        sys.err(&format!("ERROR {code}{line}: {text}\n"));
        self.code = 1;
        if self.interactive && self.tty { None } else { Some(1) }
    }

    /// Where in the statement a message points, as psql shows it.
    fn place_of(&self, text: &str) -> String {
        let pointing = ["near \"", "does not exist", "at end of input"].iter().any(|w| text.contains(w));
        let word = text
            .split('"')
            .nth(1)
            .filter(|_| pointing && !text.contains("role ") && !text.contains("database "));
        let at = match word {
            Some(word) => self.current.to_lowercase().find(&word.to_lowercase()),
            None if text.ends_with("at end of input") => Some(self.current.len()),
            None => None,
        };
        let Some(at) = at.filter(|at| self.current.is_char_boundary(*at)) else { return String::new() };
        let line = self.current[..at].matches('\n').count();
        let begin = self.current[..at].rfind('\n').map_or(0, |i| i + 1);
        let shown = self.current[begin..].lines().next().unwrap_or_default();
        let head = format!("LINE {}: ", line + 1);
        let before = head.chars().count() + self.current[begin..at].chars().count();
        format!("{head}{shown}\n{}^\n", " ".repeat(before))
    }

    /// mysqladmin's words.
    fn administered(&mut self, text: &str, sys: &mut Sys<'_>) -> Option<i32> {
        let word = self.argv.iter().skip(1).find(|a| !a.starts_with('-')).cloned().unwrap_or_default();
        let (head, rows) = table(text);
        let since = crate::programs::date_text(sys.now(), "%s").parse::<u64>().unwrap_or(0) % 86_400;
        sys.out(match word.as_str() {
            "status" => format!(
                "Uptime: {since}  Threads: 2  Questions: 9  Slow queries: 0  Opens: 119  Flush tables: 3  Open tables: 38  Queries per second avg: 0.045\n"
            ),
            "version" => format!(
                "mysqladmin  Ver {0} for Linux on x86_64 (MySQL Community Server - GPL)\n\nServer version\t\t{0}\nProtocol version\t10\nConnection\t\tLocalhost via UNIX socket\nUNIX socket\t\t/var/run/mysqld/mysqld.sock\nUptime:\t\t\t{since} sec\n",
                rows.first().and_then(|r| r.first().cloned().flatten()).unwrap_or_default()
            ),
            "processlist" | "variables" | "extended-status" => boxed(&head, &rows, true),
            "create" | "drop" => String::new(),
            _ => "mysqld is alive\n".into(),
        });
        Some(0)
    }

    /// mysqldump goes from databases to tables to rows.
    fn dumped(&mut self, head: &[String], rows: Vec<Row>, sys: &mut Sys<'_>) {
        let first = |r: &Row| r.first().cloned().flatten().unwrap_or_default();
        match self.current.as_str() {
            "SHOW DATABASES" => {
                let own = ["information_schema", "mysql", "performance_schema", "sys"];
                for name in rows.iter().map(first).filter(|n| !own.contains(&n.as_str())) {
                    self.queue.push(format!("USE {name}"));
                    self.queue.push("SHOW TABLES".into());
                }
            }
            "SHOW TABLES" => {
                let mut next = Vec::new();
                for name in rows.iter().map(first) {
                    next.push(format!("SHOW CREATE TABLE `{name}`"));
                    next.push(format!("SELECT * FROM `{name}`"));
                }
                self.queue.splice(0..0, next);
            }
            shown if shown.starts_with("SHOW CREATE TABLE") => {
                let name = rows.first().map(first).unwrap_or_default();
                let text = rows.first().and_then(|r| r.get(1).cloned().flatten()).unwrap_or_default();
                sys.out(format!(
                    "\n--\n-- Table structure for table `{name}`\n--\n\nDROP TABLE IF EXISTS `{name}`;\n{text};\n"
                ));
            }
            selected => {
                let name = selected.rsplit('`').nth(1).unwrap_or_default().to_string();
                let value = |c: &Option<String>| match c {
                    None => "NULL".to_string(),
                    Some(t) if t.parse::<f64>().is_ok() => t.clone(),
                    Some(t) => format!("'{}'", t.replace('\\', "\\\\").replace('\'', "\\'")),
                };
                let list: Vec<String> = rows
                    .iter()
                    .map(|r| format!("({})", r.iter().map(value).collect::<Vec<_>>().join(",")))
                    .collect();
                let insert = if list.is_empty() || head.is_empty() {
                    String::new()
                } else {
                    format!("INSERT INTO `{name}` VALUES {};\n", list.join(","))
                };
                sys.out(format!(
                    "\n--\n-- Dumping data for table `{name}`\n--\n\nLOCK TABLES `{name}` WRITE;\n{insert}UNLOCK TABLES;\n"
                ));
            }
        }
    }
}
