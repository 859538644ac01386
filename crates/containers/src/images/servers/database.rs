//! Connections to the SQL servers: accounts, what a statement travels as, and the files rows are kept in.
//!
//! A client sends one statement a connection: `SQL`, user, password, database and statement, with zero bytes between.
//! The answer is `OK`, `ERR` or `ROWS`, cells apart by tabs. (The real protocols are binary: not modelled.)

use super::Server;
use super::sql::{self, Answer, Database, Dialect, Session, State, Table};
use crate::images::versions::version;
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

fn load(sys: &mut Sys<'_>, dir: &str, accounts: &str) -> State {
    let mut all = State::default();
    for line in accounts.lines() {
        let mut parts = line.split('\t');
        let (Some(user), Some(password)) = (parts.next(), parts.next()) else { continue };
        if all.owner.is_empty() {
            all.owner = user.to_string();
        }
        all.accounts.insert(user.to_string(), password.to_string());
        all.grants.extend(parts.map(|g| (user.to_string(), g.to_string())));
    }
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
        all.databases.insert(name.to_string(), db);
    }
    all
}

/// The accounts as their file holds them, the owner first.
fn accounts_text(all: &State) -> String {
    let mut out = String::new();
    let owner = all.accounts.get_key_value(&all.owner);
    for (user, password) in owner.into_iter().chain(all.accounts.iter().filter(|a| *a.0 != all.owner)) {
        out.push_str(&format!("{user}\t{password}"));
        for (_, grant) in all.grants.iter().filter(|g| g.0 == *user) {
            out.push_str(&format!("\t{}", grant.replace(['\t', '\n'], " ")));
        }
        out.push('\n');
    }
    out
}

/// Writes what changed.
fn save(
    sys: &mut Sys<'_>,
    dir: &str,
    accounts_file: &str,
    before: &State,
    after: &State,
) -> Result<(), crate::fs::Errno> {
    if (&before.accounts, &before.grants) != (&after.accounts, &after.grants) {
        sys.fs().write(accounts_file, accounts_text(after).as_bytes())?;
    }
    let (before, after) = (&before.databases, &after.databases);
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
    let table = |head: &[String], rows: &[Vec<Option<String>>]| {
        let mut out = format!("ROWS\t{}", head.join("\t"));
        for row in rows {
            out.push('\n');
            out.push_str(&row.iter().map(cell).collect::<Vec<_>>().join("\t"));
        }
        out
    };
    match answer {
        Answer::Done(tag, n) => format!("OK\t{n}\t{tag}"),
        Answer::Failed(code, text) => format!("ERR\t{code}\t{text}"),
        Answer::Rows(head, rows) => table(head, rows),
        Answer::Returned(head, rows, tag) => format!("RET\t{tag}\n{}", table(head, rows)),
    }
    .into_bytes()
}

/// What a server says of its version: the number, what `version()` gives, and its comment.
fn told_version(server: &Server, sys: &Sys<'_>) -> [String; 3] {
    let tag = &sys.machine().image.tag;
    match server.kind.name {
        "postgres" => {
            let v = version("postgres", tag);
            let banner = format!(
                "PostgreSQL {v} (Debian {v}-1.pgdg120+1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit"
            );
            [v, banner, String::new()]
        }
        "mariadbd" => {
            let v = version("mariadb", tag);
            [v.clone(), format!("{v}-MariaDB-ubu2404"), "mariadb.org binary distribution".into()]
        }
        _ => {
            let v = version("mysql", tag);
            [v.clone(), v, "MySQL Community Server - GPL".into()]
        }
    }
}

/// Answers one connection.
pub(super) fn serve(server: &mut Server, data: &[u8], sys: &mut Sys<'_>) -> Vec<u8> {
    let text = String::from_utf8_lossy(data).into_owned();
    let parts: Vec<&str> = text.splitn(5, '\0').collect();
    let (dir, dialect) = home(server);
    let [version, banner, comment] = told_version(server, sys);
    let ["SQL", user, password, database, statement] = parts.as_slice() else {
        return if dialect == Dialect::Postgres {
            Vec::new()
        } else {
            format!("J\0\0\0\n{version}\0").into_bytes()
        };
    };
    let accounts_file = crate::fs::clean(&accounts_file(&dir, dialect));
    let accounts = sys.fs().read(&accounts_file).unwrap_or_default();
    let before = load(sys, &dir, &String::from_utf8_lossy(&accounts));
    let known = before.accounts.get(*user);
    let trusted = server.var("POSTGRES_HOST_AUTH_METHOD") == Some("trust") || *password == "\u{1}local";
    let let_in =
        known.is_some_and(|p| p == password) || (trusted && dialect == Dialect::Postgres && known.is_some());
    if !let_in {
        let using = if password.is_empty() { "NO" } else { "YES" };
        return encode(&match dialect {
            Dialect::MySql => Answer::Failed(
                "1045 (28000)".into(),
                format!("Access denied for user '{user}'@'localhost' (using password: {using})"),
            ),
            Dialect::Postgres if known.is_none() && trusted => {
                Answer::Failed("FATAL".into(), format!("role \"{user}\" does not exist"))
            }
            Dialect::Postgres => {
                Answer::Failed("FATAL".into(), format!("password authentication failed for user \"{user}\""))
            }
        });
    }
    let own = ["information_schema", "mysql", "performance_schema", "sys"];
    let is_own = dialect == Dialect::MySql && own.contains(database);
    if !database.is_empty() && !is_own && !before.databases.contains_key(*database) {
        return encode(&match dialect {
            Dialect::MySql => Answer::Failed("1049 (42000)".into(), format!("Unknown database '{database}'")),
            Dialect::Postgres => {
                Answer::Failed("FATAL".into(), format!("database \"{database}\" does not exist"))
            }
        });
    }
    // A client asks so whom it talks to.
    if *statement == "\u{1}version" {
        return encode(&Answer::Rows(vec![version, banner, comment], Vec::new()));
    }
    let is_mariadb = server.kind.name == "mariadbd";
    let session = Session {
        dialect,
        is_mariadb,
        user: (*user).into(),
        database: (*database).into(),
        now: crate::programs::date_text(sys.now(), "%Y-%m-%d %H:%M:%S"),
        seconds: crate::programs::date_text(sys.now(), "%s").parse().unwrap_or(0),
        version,
        banner,
        product: if is_mariadb { "MariaDB" } else { "MySQL" }.into(),
        comment,
        host: sys.machine().hostname.clone(),
        draw: sys.rng().next_u64(),
        statement: (*statement).into(),
    };
    let mut after = before.clone();
    let answer = sql::run(&mut after, &session);
    if !matches!(answer, Answer::Failed(..))
        && let Err(e) = save(sys, &dir, &accounts_file, &before, &after)
    {
        let text = format!("could not write to file: {e}");
        return encode(&Answer::Failed(
            if dialect == Dialect::MySql { "1114 (HY000)".into() } else { String::new() },
            text,
        ));
    }
    encode(&answer)
}
