//! What a server tells of itself: variables, its own tables, SHOW, DESCRIBE and what psql's `\` commands ask.
//!
//! Not modelled: most columns of the catalogues.

use super::read::{Fallible, Reader, Token, like};
use super::select::database_of;
use super::{Answer, Cell, Column, Dialect, Session, State, Table, no_table};
use ordered::Sort as _;

/// Databases MySQL has from its first start on.
const OWN: [&str; 4] = ["information_schema", "mysql", "performance_schema", "sys"];

fn cell(text: impl Into<String>) -> Cell {
    Some(text.into())
}

fn cells<const N: usize>(all: [&str; N]) -> Vec<Cell> {
    all.iter().map(|t| cell(*t)).collect()
}

fn heads(all: &[&str]) -> Vec<String> {
    all.iter().map(|h| (*h).to_string()).collect()
}

/// Variables of a server by name, in order.
fn variables(s: &Session) -> Vec<(&'static str, String)> {
    let text = |t: &str| t.to_string();
    match s.dialect {
        Dialect::MySql => vec![
            ("autocommit", text("ON")),
            ("character_set_server", text("utf8mb4")),
            ("datadir", text("/var/lib/mysql/")),
            ("gtid_mode", text("OFF")),
            ("hostname", s.host.clone()),
            ("innodb_buffer_pool_size", text("134217728")),
            ("log_bin", text(if s.version.starts_with('5') { "OFF" } else { "ON" })),
            ("max_connections", text("151")),
            ("port", text("3306")),
            ("read_only", text("OFF")),
            ("server_id", text("1")),
            ("socket", text("/var/run/mysqld/mysqld.sock")),
            (
                "sql_mode",
                text(
                    "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
                ),
            ),
            ("time_zone", text("SYSTEM")),
            ("version", s.banner.clone()),
            ("version_comment", s.comment.clone()),
            ("wait_timeout", text("28800")),
        ],
        Dialect::Postgres => vec![
            ("config_file", text("/var/lib/postgresql/data/postgresql.conf")),
            ("data_directory", text("/var/lib/postgresql/data")),
            ("hba_file", text("/var/lib/postgresql/data/pg_hba.conf")),
            ("listen_addresses", text("*")),
            ("max_connections", text("100")),
            ("port", text("5432")),
            ("search_path", text("\"$user\", public")),
            ("server_encoding", text("UTF8")),
            ("server_version", format!("{} (Debian {}-1.pgdg120+1)", s.version, s.version)),
            ("shared_buffers", text("128MB")),
            ("timezone", text("Etc/UTC")),
            ("wal_level", text("replica")),
            ("work_mem", text("4MB")),
        ],
    }
}

pub(super) fn variable(name: &str, s: &Session) -> Cell {
    let name = name.to_lowercase();
    variables(s).into_iter().find(|v| v.0 == name).map(|v| match v.1.as_str() {
        "ON" => "1".into(),
        "OFF" => "0".into(),
        _ => v.1,
    })
}

/// Names of all databases, the server's own among them.
fn databases(all: &State, s: &Session) -> Vec<String> {
    let mut names: Vec<String> = all.databases.keys().cloned().collect();
    match s.dialect {
        Dialect::MySql => names.extend(OWN.map(String::from)),
        Dialect::Postgres => names.extend(["template0", "template1"].map(String::from)),
    }
    names.arrange();
    names.dedup();
    names
}

type Rows = (Vec<&'static str>, Vec<Vec<Cell>>);

/// A table of the server's own.
pub(super) fn table(database: Option<&str>, name: &str, all: &State, s: &Session) -> Option<Rows> {
    let name = name.to_lowercase();
    let place =
        database.unwrap_or(if s.dialect == Dialect::MySql { s.database.as_str() } else { "pg_catalog" });
    let rows: Rows = match (place.to_lowercase().as_str(), name.as_str()) {
        ("mysql", "user") => {
            (
                vec!["Host", "User", "plugin", "authentication_string"],
                all.accounts
                    .keys()
                    .flat_map(|u| {
                        let hosts: &[&str] = if u == "root" { &["%", "localhost"] } else { &["%"] };
                        hosts.iter().map(|h| cells([*h, u.as_str(), "caching_sha2_password", "$A$005$..."]))
                    })
                    .chain(["mysql.infoschema", "mysql.session", "mysql.sys"].map(|u| {
                        cells(["localhost", u, "caching_sha2_password", "$A$005$THISISACOMBINATION"])
                    }))
                    .collect(),
            )
        }
        ("mysql", "db") => (vec!["Host", "Db", "User"], Vec::new()),
        ("information_schema", "schemata") => {
            (vec!["schema_name"], databases(all, s).into_iter().map(|d| vec![cell(d)]).collect())
        }
        ("information_schema", "tables") => (
            vec!["table_schema", "table_name", "table_type", "table_rows", "data_length"],
            tables(all, s)
                .map(|(d, n, t)| {
                    vec![
                        cell(if s.dialect == Dialect::Postgres { "public" } else { d }),
                        cell(n),
                        cell("BASE TABLE"),
                        cell(t.rows.len().to_string()),
                        cell("16384"),
                    ]
                })
                .collect(),
        ),
        ("information_schema", "columns") => (
            vec!["table_schema", "table_name", "column_name", "data_type", "is_nullable"],
            tables(all, s)
                .flat_map(|(d, n, t)| {
                    let d = if s.dialect == Dialect::Postgres { "public" } else { d };
                    t.columns.iter().map(move |c| {
                        cells([d, n, &c.name, &shown_kind(c, s), if c.not_null { "NO" } else { "YES" }])
                    })
                })
                .collect(),
        ),
        ("information_schema", "processlist") | ("performance_schema", "processlist") => {
            (vec!["ID", "USER", "HOST", "DB", "COMMAND", "TIME", "STATE", "INFO"], processes(s))
        }
        ("pg_catalog", "pg_database") => (
            vec!["oid", "datname", "datdba", "encoding", "datistemplate", "datallowconn"],
            databases(all, s)
                .into_iter()
                .enumerate()
                .map(|(i, d)| {
                    let template = s.truth(d.starts_with("template"));
                    vec![
                        cell((16_384 + i).to_string()),
                        cell(d.as_str()),
                        cell("10"),
                        cell("6"),
                        template,
                        s.truth(d != "template0"),
                    ]
                })
                .collect(),
        ),
        ("pg_catalog", "pg_tables") => (
            vec!["schemaname", "tablename", "tableowner"],
            tables(all, s).map(|(_, n, _)| cells(["public", n, &s.user])).collect(),
        ),
        ("pg_catalog", "pg_user" | "pg_roles" | "pg_shadow" | "pg_authid") => (
            if name == "pg_roles" || name == "pg_authid" {
                vec!["rolname", "rolsuper", "rolcreaterole", "rolcreatedb", "rolcanlogin"]
            } else {
                vec!["usename", "usesuper", "usesysid", "usecreatedb", "userepl"]
            },
            all.accounts
                .keys()
                .map(|u| {
                    let first = s.truth(*u == all.owner);
                    vec![cell(u), first.clone(), first.clone(), first, s.truth(true)]
                })
                .collect(),
        ),
        ("pg_catalog", "pg_stat_activity") => (
            vec!["datname", "pid", "usename", "application_name", "client_addr", "state", "query"],
            vec![vec![
                cell(&s.database),
                cell((s.draw % 90 + 8).to_string()),
                cell(&s.user),
                cell("psql"),
                None,
                cell("active"),
                cell(&s.statement),
            ]],
        ),
        ("pg_catalog", "pg_stat_replication" | "pg_replication_slots") => {
            (vec!["pid", "usename", "application_name", "client_addr", "state", "sync_state"], Vec::new())
        }
        ("pg_catalog", "pg_settings") => {
            (vec!["name", "setting"], variables(s).into_iter().map(|(n, v)| vec![cell(n), cell(v)]).collect())
        }
        _ => return None,
    };
    Some(rows)
}

/// Tables in sight of a catalogue: of PostgreSQL's own database, of all of MySQL's.
fn tables<'a>(all: &'a State, s: &'a Session) -> impl Iterator<Item = (&'a str, &'a str, &'a Table)> {
    let one = s.dialect == Dialect::Postgres;
    all.databases
        .iter()
        .filter(move |(d, _)| !one || **d == s.database)
        .flat_map(|(d, db)| db.tables.iter().map(move |(n, t)| (d.as_str(), n.as_str(), t)))
}

fn processes(s: &Session) -> Vec<Vec<Cell>> {
    let id = (s.draw % 90 + 8).to_string();
    let mut row = cells([&id, &s.user, "localhost", &s.database, "Query", "0", "init", &s.statement]);
    if s.database.is_empty() {
        row[3] = None;
    }
    vec![cells(["5", "event_scheduler", "localhost", "", "Daemon", "60", "Waiting on empty queue", ""]), row]
}

/// A type as the server writes it.
pub(super) fn shown_kind(c: &Column, s: &Session) -> String {
    let (word, size) = c.kind.split_once('(').map_or((c.kind.as_str(), None), |(w, s)| (w, Some(s)));
    let sized = |w: &str| size.map_or(w.to_string(), |s| format!("{w}({s}"));
    if s.dialect == Dialect::MySql {
        let old = s.version.starts_with('5') || s.is_mariadb;
        return match word {
            "int" | "integer" if old && size.is_none() => "int(11)".into(),
            "int" | "integer" => "int".into(),
            "bigint" if old && size.is_none() => "bigint(20)".into(),
            "serial" => "bigint unsigned".into(),
            "bool" | "boolean" => "tinyint(1)".into(),
            "char" if size.is_none() => "char(1)".into(),
            "decimal" | "numeric" if size.is_none() => "decimal(10,0)".into(),
            "numeric" => sized("decimal"),
            _ => c.kind.clone(),
        };
    }
    match word {
        "int" | "int4" | "integer" | "serial" => "integer".into(),
        "bigserial" | "int8" | "bigint" => "bigint".into(),
        "int2" => "smallint".into(),
        "varchar" => sized("character varying"),
        "char" => sized("character"),
        "bool" => "boolean".into(),
        "decimal" => sized("numeric"),
        "float" | "float8" | "double" => "double precision".into(),
        "timestamp" => "timestamp without time zone".into(),
        "timestamptz" => "timestamp with time zone".into(),
        _ => c.kind.clone(),
    }
}

fn default_of(c: &Column, table: &str, s: &Session) -> Cell {
    match s.dialect {
        Dialect::Postgres if c.auto => cell(format!("nextval('{table}_{}_seq'::regclass)", c.name)),
        Dialect::Postgres => c.default.clone().map(|d| match shown_kind(c, s).as_str() {
            k @ ("text" | "character varying") => format!("'{d}'::{k}"),
            k if k.starts_with("character varying") => format!("'{d}'::character varying"),
            _ => d,
        }),
        Dialect::MySql => {
            c.default.clone().map(|d| if d == "now()" { "CURRENT_TIMESTAMP".into() } else { d })
        }
    }
}

fn describe(table: &Table, name: &str, s: &Session) -> Answer {
    let rows = table.columns.iter().map(|c| {
        let extra = if c.auto {
            "auto_increment"
        } else if c.default.as_deref() == Some("now()") {
            "DEFAULT_GENERATED"
        } else {
            ""
        };
        vec![
            cell(&c.name),
            cell(shown_kind(c, s)),
            cell(if c.not_null { "NO" } else { "YES" }),
            cell(c.key),
            default_of(c, name, s),
            cell(extra),
        ]
    });
    Answer::Rows(heads(&["Field", "Type", "Null", "Key", "Default", "Extra"]), rows.collect())
}

fn create_text(table: &Table, name: &str, s: &Session) -> String {
    let mut lines: Vec<String> = table
        .columns
        .iter()
        .map(|c| {
            let default = match default_of(c, name, s) {
                _ if c.auto => " AUTO_INCREMENT".into(),
                Some(d) if d == "CURRENT_TIMESTAMP" => format!(" DEFAULT {d}"),
                Some(d) => format!(" DEFAULT '{d}'"),
                None if !c.not_null => " DEFAULT NULL".into(),
                None => String::new(),
            };
            format!(
                "  `{}` {}{}{default}",
                c.name,
                shown_kind(c, s),
                if c.not_null { " NOT NULL" } else { "" }
            )
        })
        .collect();
    for (key, word) in [("PRI", "PRIMARY KEY"), ("UNI", "UNIQUE KEY")] {
        let of: Vec<String> =
            table.columns.iter().filter(|c| c.key == key).map(|c| format!("`{}`", c.name)).collect();
        if key == "PRI" && !of.is_empty() {
            lines.push(format!("  {word} ({})", of.join(",")));
        } else {
            lines.extend(of.iter().map(|c| format!("  {word} {c} ({c})")));
        }
    }
    let next = if table.next > 1 { format!(" AUTO_INCREMENT={}", table.next) } else { String::new() };
    format!(
        "CREATE TABLE `{name}` (\n{}\n) ENGINE=InnoDB{next} DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci",
        lines.join(",\n")
    )
}

/// `LIKE 'x%'` after a SHOW: what of the first cells is told.
fn liked(r: &mut Reader<'_>, rows: Vec<Vec<Cell>>) -> Vec<Vec<Cell>> {
    if !r.is("like") {
        return rows;
    }
    let Some(Token::Text(p)) = r.peek() else { return rows };
    let p = p.to_lowercase();
    r.at += 1;
    let fits = |row: &Vec<Cell>| like(&p, &row[0].as_deref().unwrap_or_default().to_lowercase());
    rows.into_iter().filter(fits).collect()
}

/// What comes after SHOW.
pub(super) fn show(r: &mut Reader<'_>, all: &State) -> Fallible<Answer> {
    let s = r.session;
    if s.dialect == Dialect::Postgres {
        if r.is("all") {
            let rows = variables(s).into_iter().map(|(n, v)| vec![cell(n), cell(v), cell("")]).collect();
            return Ok(Answer::Rows(heads(&["name", "setting", "description"]), rows));
        }
        let name = r.name()?;
        let found = variables(s).into_iter().find(|v| v.0 == name);
        return found.map(|(n, v)| Answer::Rows(heads(&[n]), vec![vec![cell(v)]])).ok_or_else(|| {
            Answer::Failed(String::new(), format!("unrecognized configuration parameter \"{name}\""))
        });
    }
    r.one_of(&["global", "session", "full"]);
    if r.is("databases") || r.is("schemas") {
        let rows = databases(all, s).into_iter().map(|d| vec![cell(d)]).collect();
        return Ok(Answer::Rows(heads(&["Database"]), liked(r, rows)));
    }
    if r.is("tables") {
        let name = if r.is("from") || r.is("in") { r.name()? } else { s.database.clone() };
        let rows = match (all.databases.get(&name), name.as_str()) {
            (Some(db), _) => db.tables.keys().map(|n| vec![cell(n)]).collect(),
            (None, "mysql") => ["db", "tables_priv", "user"].map(|n| vec![cell(n)]).to_vec(),
            _ => return Err(super::select::no_database(s.dialect, &name)),
        };
        return Ok(Answer::Rows(vec![format!("Tables_in_{name}")], liked(r, rows)));
    }
    if r.is("columns") || r.is("fields") || r.is("index") || r.is("indexes") || r.is("keys") {
        let index = !matches!(&r.all[r.at - 1].0, Token::Word(w) if ["columns", "fields"].iter().any(|f| w.eq_ignore_ascii_case(f)));
        if !r.is("from") && !r.is("in") {
            return Err(r.wrong());
        }
        let (name, table) = found(r, all)?;
        if !index {
            return Ok(describe(table, &name, s));
        }
        let keyed = table.columns.iter().filter(|c| !c.key.is_empty());
        let rows = keyed.map(|c| {
            let key = if c.key == "PRI" { "PRIMARY" } else { &c.name };
            cells([&name, if c.key == "MUL" { "1" } else { "0" }, key, "1", &c.name, "A", "0", "BTREE"])
        });
        let head = [
            "Table",
            "Non_unique",
            "Key_name",
            "Seq_in_index",
            "Column_name",
            "Collation",
            "Cardinality",
            "Index_type",
        ];
        return Ok(Answer::Rows(heads(&head), rows.collect()));
    }
    if r.are(&["create", "table"]) {
        let (name, table) = found(r, all)?;
        let text = create_text(table, &name, s);
        return Ok(Answer::Rows(heads(&["Table", "Create Table"]), vec![vec![cell(name), cell(text)]]));
    }
    if r.are(&["create", "database"]) {
        let name = r.name()?;
        database_of(all, &name, r)?;
        let text = format!(
            "CREATE DATABASE `{name}` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci */ /*!80016 DEFAULT ENCRYPTION='N' */"
        );
        return Ok(Answer::Rows(heads(&["Database", "Create Database"]), vec![vec![cell(name), cell(text)]]));
    }
    if r.is("variables") || r.is("status") {
        let status = matches!(&r.all[r.at - 1].0, Token::Word(w) if w.eq_ignore_ascii_case("status"));
        let rows: Vec<Vec<Cell>> = if status {
            [
                ("Connections", "9"),
                ("Innodb_page_size", "16384"),
                ("Questions", "12"),
                ("Slow_queries", "0"),
                ("Threads_connected", "1"),
                ("Threads_running", "2"),
                ("Uptime", "60"),
                ("wsrep_cluster_size", "0"),
            ]
            .map(|(n, v)| cells([n, v]))
            .to_vec()
        } else {
            variables(s).into_iter().map(|(n, v)| vec![cell(n), cell(v)]).collect()
        };
        let mut rows = liked(r, rows);
        if r.is("where") {
            while let Some(token) = r.peek() {
                if let Token::Text(wanted) = token {
                    let wanted = wanted.clone();
                    rows.retain(|row| row[0].as_ref() == Some(&wanted));
                }
                r.at += 1;
            }
        }
        return Ok(Answer::Rows(heads(&["Variable_name", "Value"]), rows));
    }
    if r.is("processlist") {
        let head = ["Id", "User", "Host", "db", "Command", "Time", "State", "Info"];
        return Ok(Answer::Rows(heads(&head), processes(s)));
    }
    if r.is("grants") {
        let user = if r.is("for") { r.account()? } else { s.user.clone() };
        if !all.accounts.contains_key(&user) {
            let why = format!("There is no such grant defined for user '{user}' on host '%'");
            return Err(Answer::Failed("1141 (42000)".into(), why));
        }
        let host = if user == "root" { "localhost" } else { "%" };
        let mut rows = vec![vec![cell(if user == "root" {
            format!("GRANT ALL PRIVILEGES ON *.* TO `root`@`{host}` WITH GRANT OPTION")
        } else {
            format!("GRANT USAGE ON *.* TO `{user}`@`{host}`")
        })]];
        for place in all.grants.iter().filter(|g| g.0 == user).map(|g| &g.1) {
            rows.push(vec![cell(format!("GRANT {place} TO `{user}`@`{host}`"))]);
        }
        return Ok(Answer::Rows(vec![format!("Grants for {user}@{host}")], rows));
    }
    if r.is("engines") {
        let rows = vec![
            cells(["InnoDB", "DEFAULT", "Supports transactions, row-level locking, and foreign keys"]),
            cells(["MEMORY", "YES", "Hash based, stored in memory, useful for temporary tables"]),
        ];
        return Ok(Answer::Rows(heads(&["Engine", "Support", "Comment"]), rows));
    }
    if r.is("warnings") || r.is("errors") {
        return Ok(Answer::Rows(heads(&["Level", "Code", "Message"]), Vec::new()));
    }
    if ["slave", "replica", "master", "binary", "replicas", "slaves"].iter().any(|w| r.is(w)) {
        r.at = r.all.len();
        return Ok(Answer::Rows(Vec::new(), Vec::new()));
    }
    Err(r.wrong())
}

/// The table that is named here.
fn found<'a>(r: &mut Reader<'_>, all: &'a State) -> Fallible<(String, &'a Table)> {
    let (database, name) = r.path()?;
    let database = database.unwrap_or_else(|| r.session.database.clone());
    let db = database_of(all, &database, r)?;
    let table = db.tables.get(&name).ok_or_else(|| no_table(r.dialect(), &database, &name))?;
    Ok((name, table))
}

/// DESCRIBE of a table; `None`: a statement follows, which EXPLAIN tells of.
pub(super) fn described(r: &mut Reader<'_>, all: &State) -> Fallible<Option<Answer>> {
    if ["select", "update", "delete", "insert", "analyze", "("].iter().any(|w| r.comes(&[w])) {
        return Ok(None);
    }
    let (name, table) = found(r, all)?;
    Ok(Some(describe(table, &name, r.session)))
}

/// What one of psql's own commands shows: rows, and lines below them.
pub(super) fn psql(line: &str, all: &State, s: &Session) -> Answer {
    let (command, what) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let what = what.trim().trim_matches('"').trim_start_matches("public.");
    let owner = all.owner.as_str();
    let major: u32 = s.version.split('.').next().and_then(|v| v.parse().ok()).unwrap_or(17);
    match command.trim_end_matches('+') {
        "\\l" | "\\list" => {
            let mut head = vec!["Name", "Owner", "Encoding"];
            head.extend(match major {
                0..=14 => &["Collate", "Ctype"][..],
                15 => &["Collate", "Ctype", "ICU Locale", "Locale Provider"],
                16 => &["Locale Provider", "Collate", "Ctype", "ICU Locale", "ICU Rules"],
                _ => &["Locale Provider", "Collate", "Ctype", "Locale", "ICU Rules"],
            });
            head.push("Access privileges");
            let rows = databases(all, s)
                .into_iter()
                .map(|d| {
                    let rights =
                        d.starts_with("template").then(|| format!("=c/{owner}\n{owner}=CTc/{owner}"));
                    head.iter()
                        .map(|h| match *h {
                            "Name" => cell(d.as_str()),
                            "Owner" => cell(owner),
                            "Encoding" => cell("UTF8"),
                            "Collate" | "Ctype" => cell("en_US.utf8"),
                            "Locale Provider" => cell("libc"),
                            "Access privileges" => rights.clone(),
                            _ => None,
                        })
                        .collect()
                })
                .collect();
            Answer::Rows(heads(&head), rows)
        }
        "\\du" | "\\dg" => {
            let rows = all.accounts.keys().map(|u| {
                let rights = if u == owner {
                    "Superuser, Create role, Create DB, Replication, Bypass RLS"
                } else {
                    ""
                };
                let mut row = cells([u, rights]);
                if major < 16 {
                    row.push(cell("{}"));
                }
                row
            });
            let head: &[&str] = if major < 16 {
                &["Role name", "Attributes", "Member of"]
            } else {
                &["Role name", "Attributes"]
            };
            Answer::Rows(heads(head), rows.collect())
        }
        "\\dn" => Answer::Rows(heads(&["Name", "Owner"]), vec![cells(["public", "pg_database_owner"])]),
        "\\conninfo" => Answer::Done(
            format!(
                "You are connected to database \"{}\" as user \"{}\" via socket in \"/var/run/postgresql\" at port \"5432\".",
                s.database, s.user
            ),
            0,
        ),
        "\\d" | "\\dt" | "\\ds" if what.is_empty() || what.starts_with('*') => {
            let mut rows = Vec::new();
            for (_, n, t) in tables(all, s) {
                if command != "\\ds" {
                    rows.push(cells(["public", n, "table", owner]));
                }
                if !command.starts_with("\\dt") {
                    for c in t.columns.iter().filter(|c| c.auto) {
                        rows.push(cells(["public", &format!("{n}_{}_seq", c.name), "sequence", owner]));
                    }
                }
            }
            Answer::Rows(heads(&["Schema", "Name", "Type", "Owner"]), rows)
        }
        "\\d" | "\\dt" => {
            let Some((_, n, t)) = tables(all, s).find(|t| t.1 == what) else {
                return Answer::Failed("psql".into(), format!("Did not find any relation named \"{what}\"."));
            };
            if command.starts_with("\\dt") {
                return Answer::Rows(
                    heads(&["Schema", "Name", "Type", "Owner"]),
                    vec![cells(["public", n, "table", owner])],
                );
            }
            let rows = t.columns.iter().map(|c| {
                let default = default_of(c, n, s).unwrap_or_default();
                cells([&c.name, &shown_kind(c, s), "", if c.not_null { "not null" } else { "" }, &default])
            });
            Answer::Rows(heads(&["Column", "Type", "Collation", "Nullable", "Default"]), rows.collect())
        }
        "\\indexes" => {
            let of = tables(all, s).find(|t| t.1 == what);
            let line = |n: &str, c: &Column| match c.key {
                "PRI" => Some(format!("    \"{n}_pkey\" PRIMARY KEY, btree ({})", c.name)),
                "UNI" => Some(format!("    \"{n}_{}_key\" UNIQUE CONSTRAINT, btree ({})", c.name, c.name)),
                _ => None,
            };
            let lines: Vec<String> = of
                .into_iter()
                .flat_map(|(_, n, t)| t.columns.iter().filter_map(move |c| line(n, c)))
                .collect();
            let text =
                if lines.is_empty() { String::new() } else { format!("Indexes:\n{}", lines.join("\n")) };
            Answer::Done(text, 0)
        }
        _ => Answer::Failed("psql".into(), format!("invalid command {command}\nTry \\? for help.")),
    }
}
