//! A small SQL database over files: what MySQL, MariaDB and PostgreSQL servers keep their rows with.
//!
//! Owns: statements, rows and their file form. Does not own: the connection and accounts (store.rs), how a client prints.
//! Statements: CREATE/DROP DATABASE and TABLE, ALTER TABLE ADD, INSERT, SELECT (one table; WHERE with AND and OR, ORDER BY, LIMIT,
//! COUNT, SUM, MIN, MAX, AVG), UPDATE, DELETE, TRUNCATE, SHOW, DESCRIBE, and what changes nothing here (SET, GRANT,
//! BEGIN, COMMIT ..). Not modelled: joins, indexes, transactions, types beyond numbers and text; they are refused as
//! syntax errors.

mod read;
mod select;
mod write;

pub(crate) use read::split;
use read::{Fallible, Reader, tokens};
use select::select;
use write::{columns, insert, matching, update};

use ordered::BTreeMap;
use ordered::Sort as _;

/// Which server's words are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    MySql,
    Postgres,
}

/// Rows one table keeps, and bytes of one statement.
const ROWS_MAX: usize = 10_000;
const STATEMENT_MAX: usize = 64 << 10;

/// What a statement gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A tag (`INSERT 0 1`) and how many rows were touched.
    Done(String, usize),
    Rows(Vec<String>, Vec<Vec<Option<String>>>),
    /// MySQL's code and state (empty for PostgreSQL), and the message.
    Failed(String, String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    /// Name, type, counts by itself.
    columns: Vec<(String, String, bool)>,
    rows: Vec<Vec<Option<String>>>,
    next: i64,
}

/// One database: its tables by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) tables: BTreeMap<String, Table>,
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n")
}

fn unescape(text: &str) -> String {
    let (mut out, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                Some(c) => out.push(c),
                None => {}
            },
            _ => out.push(c),
        }
    }
    out
}

impl Table {
    /// As its file holds it: columns, the next number, rows.
    pub(crate) fn to_file(&self) -> String {
        let head: Vec<String> =
            self.columns.iter().map(|(n, t, a)| format!("{n} {t} {}", i32::from(*a))).collect();
        let mut out = format!("{}\n{}\n", head.join("\t"), self.next);
        for row in &self.rows {
            let cells: Vec<String> =
                row.iter().map(|c| c.as_ref().map_or("\\N".into(), |t| escape(t))).collect();
            out.push_str(&cells.join("\t"));
            out.push('\n');
        }
        out
    }

    pub(crate) fn from_file(text: &str) -> Self {
        let mut lines = text.lines();
        let columns = lines.next().unwrap_or_default().split('\t').filter_map(|c| {
            let mut parts = c.split(' ');
            Some((parts.next()?.to_string(), parts.next()?.to_string(), parts.next() == Some("1")))
        });
        let columns: Vec<_> = columns.collect();
        let next = lines.next().and_then(|n| n.parse().ok()).unwrap_or(1);
        let cell = |c: &str| if c == "\\N" { None } else { Some(unescape(c)) };
        let rows = lines.map(|l| {
            let mut row: Vec<Option<String>> = l.split('\t').map(cell).collect();
            row.resize(columns.len(), None);
            row
        });
        let rows = rows.take(ROWS_MAX).collect();
        Self { rows, columns, next }
    }
}

impl Table {
    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.0.eq_ignore_ascii_case(name))
    }
}

fn done(dialect: Dialect, tag: &str, rows: usize) -> Answer {
    let tag = match (dialect, tag) {
        (Dialect::Postgres, "INSERT") => format!("INSERT 0 {rows}"),
        (Dialect::Postgres, "UPDATE" | "DELETE") => format!("{tag} {rows}"),
        _ => tag.to_string(),
    };
    Answer::Done(tag, rows)
}

fn no_table(dialect: Dialect, database: &str, name: &str) -> Answer {
    match dialect {
        Dialect::MySql => {
            Answer::Failed("1146 (42S02)".into(), format!("Table '{database}.{name}' doesn't exist"))
        }
        Dialect::Postgres => Answer::Failed(String::new(), format!("relation \"{name}\" does not exist")),
    }
}

/// All databases of a server, for one statement. `current` may be empty.
pub(crate) fn run(
    all: &mut BTreeMap<String, Database>,
    current: &str,
    dialect: Dialect,
    text: &str,
    now: &str,
) -> Answer {
    let wrong = Answer::Failed(
        if dialect == Dialect::MySql { "1064 (42000)".into() } else { String::new() },
        "syntax error".into(),
    );
    if text.len() > STATEMENT_MAX {
        return wrong;
    }
    let Some(list) = tokens(text) else { return wrong };
    let mut r = Reader { all: &list, at: 0, dialect, text };
    statement(&mut r, all, current, now).unwrap_or_else(|answer| answer)
}

fn statement(
    r: &mut Reader<'_>,
    all: &mut BTreeMap<String, Database>,
    current: &str,
    now: &str,
) -> Fallible<Answer> {
    let d = r.dialect;
    let my = d == Dialect::MySql;
    let exists =
        |code: &str, text: String| Answer::Failed(if my { code.into() } else { String::new() }, text);
    if r.are(&["create", "database"]) || r.are(&["create", "schema"]) {
        let lenient = r.are(&["if", "not", "exists"]);
        let name = r.name()?;
        if all.contains_key(&name) && !lenient {
            return Err(if my {
                exists("1007 (HY000)", format!("Can't create database '{name}'; database exists"))
            } else {
                exists("", format!("database \"{name}\" already exists"))
            });
        }
        all.entry(name).or_default();
        return Ok(Answer::Done("CREATE DATABASE".into(), 1));
    }
    if r.are(&["drop", "database"]) {
        let lenient = r.are(&["if", "exists"]);
        let name = r.name()?;
        if all.remove(&name).is_none() && !lenient {
            return Err(if my {
                exists("1008 (HY000)", format!("Can't drop database '{name}'; database doesn't exist"))
            } else {
                exists("", format!("database \"{name}\" does not exist"))
            });
        }
        return Ok(Answer::Done("DROP DATABASE".into(), 0));
    }
    if r.are(&["show", "databases"]) {
        let builtin = ["information_schema", "mysql", "performance_schema", "sys"];
        let mut names: Vec<String> = all.keys().cloned().chain(builtin.map(String::from)).collect();
        names.arrange();
        names.dedup();
        return Ok(Answer::Rows(vec!["Database".into()], names.into_iter().map(|n| vec![Some(n)]).collect()));
    }
    let harmless = [
        "set", "grant", "flush", "begin", "commit", "rollback", "start", "analyze", "vacuum", "lock",
        "unlock", "revoke",
    ];
    if let Some(word) = harmless.into_iter().find(|w| r.is(w)) {
        return Ok(Answer::Done(word.to_uppercase(), 0));
    }
    if r.are(&["create", "user"])
        || r.are(&["create", "role"])
        || r.are(&["alter", "user"])
        || r.are(&["create", "extension"])
        || r.are(&["create", "index"])
        || r.are(&["create", "unique", "index"])
    {
        return Ok(Answer::Done(format!("CREATE {}", if my { "USER" } else { "ROLE" }), 0));
    }
    if r.is("select") {
        return select(r, all.get(current), current, now);
    }
    let Some(db) = all.get_mut(current) else {
        return Err(if current.is_empty() {
            Answer::Failed("1046 (3D000)".into(), "No database selected".into())
        } else {
            Answer::Failed(
                if my { "1049 (42000)".into() } else { String::new() },
                format!("Unknown database '{current}'"),
            )
        });
    };
    if r.are(&["show", "tables"]) || r.are(&["show", "full", "tables"]) {
        let rows = db.tables.keys().map(|n| vec![Some(n.clone())]).collect();
        return Ok(Answer::Rows(vec![format!("Tables_in_{current}")], rows));
    }
    if r.is("describe") || r.is("desc") || r.are(&["show", "columns", "from"]) {
        let name = r.name()?;
        let table = db.tables.get(&name).ok_or_else(|| no_table(d, current, &name))?;
        let rows = table.columns.iter().map(|(n, t, auto)| {
            let text = |t: &str| Some(t.to_string());
            vec![
                text(n),
                text(t),
                text(if *auto { "NO" } else { "YES" }),
                text(if *auto { "PRI" } else { "" }),
                None,
                text(if *auto { "auto_increment" } else { "" }),
            ]
        });
        let head = ["Field", "Type", "Null", "Key", "Default", "Extra"];
        return Ok(Answer::Rows(head.map(String::from).to_vec(), rows.collect()));
    }
    if r.are(&["create", "table"]) {
        let lenient = r.are(&["if", "not", "exists"]);
        let name = r.name()?;
        if db.tables.contains_key(&name) {
            return if lenient {
                Ok(Answer::Done("CREATE TABLE".into(), 0))
            } else if my {
                Err(exists("1050 (42S01)", format!("Table '{name}' already exists")))
            } else {
                Err(exists("", format!("relation \"{name}\" already exists")))
            };
        }
        let table = columns(r)?;
        db.tables.insert(name, table);
        return Ok(Answer::Done("CREATE TABLE".into(), 0));
    }
    if r.are(&["drop", "table"]) {
        let lenient = r.are(&["if", "exists"]);
        let name = r.name()?;
        if db.tables.remove(&name).is_none() && !lenient {
            return Err(if my {
                Answer::Failed("1051 (42S02)".into(), format!("Unknown table '{current}.{name}'"))
            } else {
                Answer::Failed(String::new(), format!("table \"{name}\" does not exist"))
            });
        }
        return Ok(Answer::Done("DROP TABLE".into(), 0));
    }
    if r.are(&["alter", "table"]) {
        let name = r.name()?;
        let table = db.tables.get_mut(&name).ok_or_else(|| no_table(d, current, &name))?;
        if !r.is("add") {
            return Err(r.wrong());
        }
        r.is("column");
        let column = r.name()?;
        let kind = r.name().unwrap_or_else(|_| "text".into());
        table.columns.push((column, kind, false));
        for row in &mut table.rows {
            row.push(None);
        }
        return Ok(Answer::Done("ALTER TABLE".into(), 0));
    }
    if r.are(&["insert", "into"]) || r.are(&["insert", "ignore", "into"]) || r.are(&["replace", "into"]) {
        return insert(r, db, current, now);
    }
    if r.are(&["truncate", "table"]) || r.is("truncate") {
        let name = r.name()?;
        let table = db.tables.get_mut(&name).ok_or_else(|| no_table(d, current, &name))?;
        table.rows.clear();
        return Ok(Answer::Done("TRUNCATE TABLE".into(), 0));
    }
    if r.are(&["delete", "from"]) {
        let name = r.name()?;
        let table = db.tables.get_mut(&name).ok_or_else(|| no_table(d, current, &name))?;
        let hits = matching(r, table, now)?;
        r.end()?;
        let before = table.rows.len();
        let mut i = 0;
        table.rows.retain(|_| {
            i += 1;
            !hits[i - 1]
        });
        return Ok(done(d, "DELETE", before - table.rows.len()));
    }
    if r.is("update") {
        return update(r, db, current, now);
    }
    Err(r.wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(all: &mut BTreeMap<String, Database>, text: &str) -> String {
        match run(all, "shop", Dialect::MySql, text, "2026-01-01 00:00:00") {
            Answer::Rows(h, r) => {
                let cell = |c: &Option<String>| c.clone().unwrap_or("NULL".into());
                let lines: Vec<String> =
                    r.iter().map(|r| r.iter().map(cell).collect::<Vec<_>>().join(",")).collect();
                format!("{}|{}", h.join(","), lines.join(";"))
            }
            Answer::Done(_, n) => format!("ok {n}"),
            Answer::Failed(c, t) => format!("{c} {t}"),
        }
    }

    #[test]
    fn rows_are_kept_and_found() {
        let mut all = BTreeMap::new();
        for (text, want) in [
            ("create database shop", "ok 1"),
            (
                "CREATE TABLE fruit (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL, n INT DEFAULT 0)",
                "ok 0",
            ),
            ("INSERT INTO fruit (name, n) VALUES ('apple', 3), ('pear', 10), ('it''s', NULL)", "ok 3"),
            ("SELECT * FROM fruit", "id,name,n|1,apple,3;2,pear,10;3,it's,NULL"),
            ("select name from fruit where n > 2 and name like '%a%' order by n desc limit 1", "name|pear"),
            ("select count(*), max(n) from fruit", "COUNT(*),MAX(n)|3,10"),
            ("update fruit set n = n + 1 where name = 'apple'", "ok 1"),
            ("select n from fruit where id in (1, 9)", "n|4"),
            ("delete from fruit where n is null", "ok 1"),
            ("show tables", "Tables_in_shop|fruit"),
            ("select 1 + 1", "1+1|2"),
            ("select * from nope", "1146 (42S02) Table 'shop.nope' doesn't exist"),
            ("select x from fruit", "1054 (42S22) Unknown column 'x' in 'field list'"),
            (
                "selec 1",
                "1064 (42000) You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near 'selec 1' at line 1",
            ),
        ] {
            assert_eq!(rows(&mut all, text), want, "{text}");
        }
        let table = &all["shop"].tables["fruit"];
        assert_eq!(&Table::from_file(&table.to_file()), table);
    }
}
