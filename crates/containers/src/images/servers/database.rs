//! Connections to the SQL servers: accounts, what a statement travels as, and the files rows are kept in.
//!
//! A client sends one statement a connection: `SQL`, user, password, database and statement, with zero bytes between.
//! The answer is `OK`, `ERR` or `ROWS`, cells apart by tabs. (The real protocols are binary: not modelled.)

use ordered::BTreeMap;

use super::Server;
use super::sql::{self, Answer, Database, Dialect, Table};
use crate::machine::Sys;

/// Where a kind of server keeps its rows, and whose words it uses.
fn home(server: &Server) -> (String, Dialect) {
    if server.kind.name == "postgres" {
        let dir = server.var("PGDATA").unwrap_or("/var/lib/postgresql/data").to_string();
        (format!("{dir}/base"), Dialect::Postgres)
    } else {
        ("/var/lib/mysql".into(), Dialect::MySql)
    }
}

fn accounts_file(dir: &str, dialect: Dialect) -> String {
    if dialect == Dialect::Postgres { format!("{dir}/../pg_authid") } else { format!("{dir}/mysql/user.ibd") }
}

/// Makes accounts and the first database, once: what the environment says later changes nothing.
pub(super) fn initialise(server: &Server, sys: &mut Sys<'_>) {
    let (dir, dialect) = home(server);
    let file = crate::fs::clean(&accounts_file(&dir, dialect));
    if sys.fs().exists(&file) {
        return;
    }
    let secret = |sys: &mut Sys<'_>, names: &[&str]| {
        names.iter().find_map(|n| {
            let path = server.var(&format!("{n}_FILE")).map(String::from);
            let from_file = path
                .and_then(|p| sys.fs().read(&p).ok())
                .map(|b| String::from_utf8_lossy(&b).trim().to_string());
            from_file.or_else(|| server.var(n).map(String::from))
        })
    };
    let mut lines = String::new();
    let first = match dialect {
        Dialect::Postgres => {
            let user = secret(sys, &["POSTGRES_USER"]).unwrap_or_else(|| "postgres".into());
            let password = secret(sys, &["POSTGRES_PASSWORD"]).unwrap_or_default();
            lines.push_str(&format!("{user}\t{password}\n"));
            let _ = sys.fs().mkdir_all(&format!("{dir}/postgres"), 0o700);
            Some(secret(sys, &["POSTGRES_DB"]).unwrap_or(user))
        }
        Dialect::MySql => {
            let root = secret(sys, &["MYSQL_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD"]).unwrap_or_default();
            lines.push_str(&format!("root\t{root}\n"));
            let user = secret(sys, &["MYSQL_USER", "MARIADB_USER"]);
            let password = secret(sys, &["MYSQL_PASSWORD", "MARIADB_PASSWORD"]);
            if let (Some(u), Some(p)) = (user, password) {
                lines.push_str(&format!("{u}\t{p}\n"));
            }
            let _ = sys.fs().mkdir_all(&format!("{dir}/mysql"), 0o750);
            secret(sys, &["MYSQL_DATABASE", "MARIADB_DATABASE"])
        }
    };
    if let Some(name) = first {
        let _ = sys.fs().mkdir_all(&format!("{dir}/{name}"), 0o750);
    }
    let _ = sys.fs().write(&file, lines.as_bytes());
}

fn load(sys: &mut Sys<'_>, dir: &str) -> BTreeMap<String, Database> {
    let mut all = BTreeMap::new();
    for (name, node) in sys.fs().list(dir).unwrap_or_default() {
        if !node.is_dir() || matches!(name.as_str(), "mysql" | "lost+found") {
            continue;
        }
        let mut db = Database::default();
        for (file, _) in sys.fs().list(&format!("{dir}/{name}")).unwrap_or_default() {
            if let Some(table) = file.strip_suffix(".ibd") {
                let bytes = sys.fs().read(&format!("{dir}/{name}/{file}")).unwrap_or_default();
                db.tables.insert(table.to_string(), Table::from_file(&String::from_utf8_lossy(&bytes)));
            }
        }
        all.insert(name.to_string(), db);
    }
    all
}

/// Writes what changed.
fn save(
    sys: &mut Sys<'_>,
    dir: &str,
    before: &BTreeMap<String, Database>,
    after: &BTreeMap<String, Database>,
) -> Result<(), crate::fs::Errno> {
    for name in before.keys().filter(|n| !after.contains_key(*n)) {
        sys.fs().remove_all(&format!("{dir}/{name}"))?;
    }
    for (name, db) in after {
        let old = before.get(name);
        if old.is_none() {
            sys.fs().mkdir_all(&format!("{dir}/{name}"), 0o750)?;
        }
        for table in old.into_iter().flat_map(|o| o.tables.keys()).filter(|t| !db.tables.contains_key(*t)) {
            sys.fs().unlink(&format!("{dir}/{name}/{table}.ibd"))?;
        }
        for (table, rows) in &db.tables {
            if old.and_then(|o| o.tables.get(table)) != Some(rows) {
                sys.fs().write(&format!("{dir}/{name}/{table}.ibd"), rows.to_file().as_bytes())?;
            }
        }
    }
    Ok(())
}

fn encode(answer: &Answer) -> Vec<u8> {
    let cell = |c: &Option<String>| {
        c.as_ref()
            .map_or("\\N".to_string(), |t| t.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n"))
    };
    match answer {
        Answer::Done(tag, n) => format!("OK\t{n}\t{tag}"),
        Answer::Failed(code, text) => format!("ERR\t{code}\t{text}"),
        Answer::Rows(head, rows) => {
            let mut out = format!("ROWS\t{}", head.join("\t"));
            for row in rows {
                out.push('\n');
                out.push_str(&row.iter().map(cell).collect::<Vec<_>>().join("\t"));
            }
            out
        }
    }
    .into_bytes()
}

/// Answers one connection.
pub(super) fn serve(server: &mut Server, data: &[u8], sys: &mut Sys<'_>) -> Vec<u8> {
    let text = String::from_utf8_lossy(data).into_owned();
    let parts: Vec<&str> = text.splitn(5, '\0').collect();
    let ["SQL", user, password, database, statement] = parts.as_slice() else {
        return if server.kind.name == "postgres" { Vec::new() } else { b"J\0\0\0\n8.4.3\0".to_vec() };
    };
    let (dir, dialect) = home(server);
    let accounts = sys.fs().read(&crate::fs::clean(&accounts_file(&dir, dialect))).unwrap_or_default();
    let accounts = String::from_utf8_lossy(&accounts).into_owned();
    let known = accounts.lines().any(|l| l.split_once('\t') == Some((*user, *password)));
    let trusted = server.var("POSTGRES_HOST_AUTH_METHOD") == Some("trust") || *password == "\u{1}local";
    let named = accounts.lines().any(|l| l.split('\t').next() == Some(user));
    let let_in = known || (trusted && dialect == Dialect::Postgres && named);
    if !let_in {
        let using = if password.is_empty() { "NO" } else { "YES" };
        return encode(&match dialect {
            Dialect::MySql => Answer::Failed(
                "1045 (28000)".into(),
                format!("Access denied for user '{user}'@'localhost' (using password: {using})"),
            ),
            Dialect::Postgres => {
                Answer::Failed("FATAL".into(), format!("password authentication failed for user \"{user}\""))
            }
        });
    }
    let before = load(sys, &dir);
    if !database.is_empty() && !before.contains_key(*database) {
        return encode(&match dialect {
            Dialect::MySql => Answer::Failed("1049 (42000)".into(), format!("Unknown database '{database}'")),
            Dialect::Postgres => {
                Answer::Failed("FATAL".into(), format!("database \"{database}\" does not exist"))
            }
        });
    }
    let now = crate::programs::date_text(sys.now(), "%Y-%m-%d %H:%M:%S");
    let mut after = before.clone();
    // A client asks for the list of tables in its own way.
    if *statement == "\\dt" {
        let tables = before.get(*database).into_iter().flat_map(|d| d.tables.keys());
        let rows =
            tables.map(|t| ["public", t, "table", user].map(|c| Some(c.to_string())).to_vec()).collect();
        return encode(&Answer::Rows(["Schema", "Name", "Type", "Owner"].map(String::from).to_vec(), rows));
    }
    if *statement == "\\l" {
        let rows =
            before.keys().map(|d| [d.as_str(), user, "UTF8"].map(|c| Some(c.to_string())).to_vec()).collect();
        return encode(&Answer::Rows(["Name", "Owner", "Encoding"].map(String::from).to_vec(), rows));
    }
    let answer = sql::run(&mut after, database, dialect, statement, &now);
    if !matches!(answer, Answer::Failed(..))
        && let Err(e) = save(sys, &dir, &before, &after)
    {
        let text = format!("could not write to file: {e}");
        return encode(&Answer::Failed(
            if dialect == Dialect::MySql { "1114 (HY000)".into() } else { String::new() },
            text,
        ));
    }
    encode(&answer)
}
