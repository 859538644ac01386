//! CREATE, DROP, ALTER and RENAME, GRANT and REVOKE: what changes databases, tables' columns and accounts.

use super::read::{Fallible, Reader, Token};
use super::select::{self, database_of};
use super::{Answer, Column, Database, Dialect, State, Table, write};

fn tag(text: &str) -> Fallible<Answer> {
    Ok(Answer::Done(text.into(), 0))
}

fn failed(r: &Reader<'_>, code: &str, my: String, postgres: String) -> Answer {
    match r.dialect() {
        Dialect::MySql => Answer::Failed(code.into(), my),
        Dialect::Postgres => Answer::Failed(String::new(), postgres),
    }
}

pub(super) fn create(r: &mut Reader<'_>, all: &mut State) -> Fallible<Answer> {
    r.are(&["or", "replace"]);
    r.one_of(&["temporary", "temp", "unlogged"]);
    if r.is("database") || (r.is_mysql() && r.is("schema")) {
        let lenient = r.are(&["if", "not", "exists"]);
        let name = r.name()?;
        if all.databases.contains_key(&name) && !lenient {
            return Err(failed(
                r,
                "1007 (HY000)",
                format!("Can't create database '{name}'; database exists"),
                format!("database \"{name}\" already exists"),
            ));
        }
        all.databases.entry(name).or_default();
        return Ok(Answer::Done("CREATE DATABASE".into(), 1));
    }
    if r.is("user") || r.is("role") {
        let lenient = r.are(&["if", "not", "exists"]);
        let name = r.account()?;
        if all.accounts.contains_key(&name) && !lenient {
            return Err(failed(
                r,
                "1396 (HY000)",
                format!("Operation CREATE USER failed for '{name}'@'%'"),
                format!("role \"{name}\" already exists"),
            ));
        }
        let password = password(r);
        all.accounts.entry(name).or_insert(password);
        return tag("CREATE ROLE");
    }
    if r.is("table") {
        return create_table(r, all);
    }
    r.one_of(&["unique", "fulltext"]);
    if r.is("index") {
        while !matches!(r.peek(), None | Some(Token::Mark("("))) && !r.is("on") {
            r.at += 1;
        }
        let (_, table) = write::named(r, all)?;
        let from = r.at;
        r.skip_parentheses();
        for (token, ..) in &r.all[from..r.at] {
            if let Token::Word(n) | Token::Name(n) = token
                && let Some(i) = table.column(n)
                && table.columns[i].key.is_empty()
            {
                table.columns[i].key = "MUL";
            }
        }
        return tag("CREATE INDEX");
    }
    if r.is("extension") {
        return tag("CREATE EXTENSION");
    }
    if r.is("schema") {
        return tag("CREATE SCHEMA");
    }
    Err(r.wrong())
}

/// The text after IDENTIFIED BY or PASSWORD.
fn password(r: &mut Reader<'_>) -> String {
    let mut found = String::new();
    while let Some(token) = r.peek() {
        if let Token::Text(t) = token {
            found.clone_from(t);
        }
        r.at += 1;
    }
    found
}

fn create_table(r: &mut Reader<'_>, all: &mut State) -> Fallible<Answer> {
    let lenient = r.are(&["if", "not", "exists"]);
    let (database, name) = r.path()?;
    let current = match database.filter(|d| r.is_mysql() || d != "public") {
        Some(d) => d,
        None => r.session.database.clone(),
    };
    if database_of(all, &current, r)?.tables.contains_key(&name) {
        return if lenient {
            tag("CREATE TABLE")
        } else {
            Err(failed(
                r,
                "1050 (42S01)",
                format!("Table '{name}' already exists"),
                format!("relation \"{name}\" already exists"),
            ))
        };
    }
    let table = if r.is("like") {
        let (_, other) = write::named(r, all)?;
        Table { columns: other.columns.clone(), next: 1, ..Table::default() }
    } else if r.is("as") || r.comes(&["select"]) {
        let (heads, rows) = select::inner(r, all)?;
        let column = |name: String| Column { name, kind: "text".into(), ..Column::default() };
        Table { columns: heads.into_iter().map(column).collect(), rows, next: 1 }
    } else {
        write::columns(r)?
    };
    if let Some(db) = all.databases.get_mut(&current) {
        db.tables.insert(name, table);
    }
    tag("CREATE TABLE")
}

pub(super) fn drop(r: &mut Reader<'_>, all: &mut State) -> Fallible<Answer> {
    if r.is("database") || (r.is_mysql() && r.is("schema")) {
        let lenient = r.are(&["if", "exists"]);
        let name = r.name()?;
        let gone: Option<Database> = all.databases.remove(&name);
        if gone.is_none() && !lenient {
            return Err(failed(
                r,
                "1008 (HY000)",
                format!("Can't drop database '{name}'; database doesn't exist"),
                format!("database \"{name}\" does not exist"),
            ));
        }
        return Ok(Answer::Done("DROP DATABASE".into(), gone.map_or(0, |g| g.tables.len())));
    }
    if r.is("user") || r.is("role") {
        let lenient = r.are(&["if", "exists"]);
        let name = r.account()?;
        if all.accounts.remove(&name).is_none() && !lenient {
            return Err(failed(
                r,
                "1396 (HY000)",
                format!("Operation DROP USER failed for '{name}'@'%'"),
                format!("role \"{name}\" does not exist"),
            ));
        }
        all.grants.retain(|g| g.0 != name);
        return tag("DROP ROLE");
    }
    if r.is("table") {
        let lenient = r.are(&["if", "exists"]);
        loop {
            let (database, name) = r.path()?;
            let current = match database.filter(|d| r.is_mysql() || d != "public") {
                Some(d) => d,
                None => r.session.database.clone(),
            };
            database_of(all, &current, r)?;
            let gone = all.databases.get_mut(&current).and_then(|d| d.tables.remove(&name));
            if gone.is_none() && !lenient {
                return Err(failed(
                    r,
                    "1051 (42S02)",
                    format!("Unknown table '{current}.{name}'"),
                    format!("table \"{name}\" does not exist"),
                ));
            }
            if !r.is(",") {
                return tag("DROP TABLE");
            }
        }
    }
    if r.is("index") {
        return tag("DROP INDEX");
    }
    if r.is("schema") || r.is("extension") || r.is("view") {
        return tag("DROP SCHEMA");
    }
    Err(r.wrong())
}

/// ALTER and RENAME.
pub(super) fn alter(r: &mut Reader<'_>, all: &mut State) -> Fallible<Answer> {
    if r.is("user") || r.is("role") {
        r.are(&["if", "exists"]);
        let name = r.account()?;
        let password = password(r);
        return match all.accounts.get_mut(&name) {
            Some(old) => {
                if !password.is_empty() {
                    *old = password;
                }
                tag("ALTER ROLE")
            }
            None => Err(failed(
                r,
                "1396 (HY000)",
                format!("Operation ALTER USER failed for '{name}'@'%'"),
                format!("role \"{name}\" does not exist"),
            )),
        };
    }
    if r.is("database") || r.is("system") {
        return tag("ALTER DATABASE");
    }
    r.need("table")?;
    r.are(&["if", "exists"]);
    r.is("only");
    let from = r.at;
    let (name, _) = write::named(r, all)?;
    let mut new_name = None;
    loop {
        let words = r.at;
        r.at = from;
        let (_, table) = write::named(r, all)?;
        r.at = words;
        if r.is("add") {
            if r.comes(&["constraint"])
                || r.comes(&["primary"])
                || r.comes(&["unique"])
                || r.comes(&["index"])
                || r.comes(&["foreign"])
                || r.comes(&["key"])
            {
                let key = if r.comes(&["primary"]) { "PRI" } else { "MUL" };
                while !matches!(r.peek(), None | Some(Token::Mark("(" | ","))) {
                    r.at += 1;
                }
                let from = r.at;
                r.skip_parentheses();
                for (token, ..) in &r.all[from..r.at] {
                    if let Token::Word(n) | Token::Name(n) = token
                        && let Some(i) = table.column(n)
                    {
                        table.columns[i].key = key;
                    }
                }
            } else {
                r.is("column");
                let lenient = r.are(&["if", "not", "exists"]);
                let column = r.name()?;
                let there = table.column(&column).is_some();
                let made = write::column(r, column.clone())?;
                if there && !lenient {
                    return Err(failed(
                        r,
                        "1060 (42S21)",
                        format!("Duplicate column name '{column}'"),
                        format!("column \"{column}\" of relation \"{name}\" already exists"),
                    ));
                }
                if !there {
                    let value = made.default.clone().filter(|d| d != "now()");
                    table.columns.push(made);
                    for row in &mut table.rows {
                        row.push(value.clone());
                    }
                }
            }
        } else if r.is("drop") {
            r.is("column");
            r.are(&["if", "exists"]);
            let column = r.name()?;
            let Some(i) = table.column(&column) else {
                return Err(failed(
                    r,
                    "1091 (42000)",
                    format!("Can't DROP '{column}'; check that column/key exists"),
                    format!("column \"{column}\" of relation \"{name}\" does not exist"),
                ));
            };
            table.columns.remove(i);
            for row in &mut table.rows {
                row.remove(i);
            }
        } else if r.is("rename") || r.is("to") {
            if r.is("column") {
                let old = r.name()?;
                r.need("to")?;
                let to = r.name()?;
                let i = table.column(&old).ok_or_else(|| super::expr::unknown_column(r.dialect(), &old))?;
                table.columns[i].name = to;
            } else {
                r.one_of(&["to", "as"]);
                new_name = Some(r.name()?);
            }
        } else if r.is("modify") || r.is("change") || r.is("alter") {
            let change = matches!(&r.all[r.at - 1].0, Token::Word(w) if w.eq_ignore_ascii_case("change"));
            r.is("column");
            let old = r.name()?;
            let i = table.column(&old).ok_or_else(|| super::expr::unknown_column(r.dialect(), &old))?;
            if r.is("type") {
                table.columns[i].kind = write::kind(r)?;
            } else if r.is("set") || r.is("drop") {
                while !matches!(r.peek(), None | Some(Token::Mark(","))) {
                    r.at += 1;
                }
            } else {
                let to = if change { r.name()? } else { old };
                let made = write::column(r, to)?;
                let key = table.columns[i].key;
                table.columns[i] = Column { key: if made.key.is_empty() { key } else { made.key }, ..made };
            }
        } else {
            r.at = r.all.len();
        }
        while !matches!(r.peek(), None | Some(Token::Mark(","))) {
            r.at += 1;
        }
        if !r.is(",") {
            break;
        }
    }
    if let Some(to) = new_name {
        let current = r.session.database.clone();
        if let Some(db) = all.databases.get_mut(&current)
            && let Some(table) = db.tables.remove(&name)
        {
            db.tables.insert(to, table);
        }
    }
    tag("ALTER TABLE")
}

/// `GRANT ALL ON shop.* TO 'bob'@'%'`
pub(super) fn grant(r: &mut Reader<'_>, all: &mut State) -> Fallible<Answer> {
    let take = matches!(&r.all[r.at - 1].0, Token::Word(w) if w.eq_ignore_ascii_case("revoke"));
    let from = r.at;
    while !matches!(r.peek(), None | Some(Token::Word(_))) || !(r.comes(&["to"]) || r.comes(&["from"])) {
        if r.peek().is_none() {
            return Err(r.wrong());
        }
        r.at += 1;
    }
    let what = r.source(from, r.at).to_string();
    r.at += 1;
    let user = r.account()?;
    if !all.accounts.contains_key(&user) {
        return Err(failed(
            r,
            "1410 (42000)",
            "You are not allowed to create a user with GRANT".into(),
            format!("role \"{user}\" does not exist"),
        ));
    }
    let (rights, place) = match what.to_uppercase().find(" ON ") {
        Some(i) => (what[..i].to_uppercase(), what[i + 4..].to_string()),
        None => (what.to_uppercase(), String::new()),
    };
    let rights = if rights == "ALL" { "ALL PRIVILEGES".into() } else { rights };
    let shown = match place.split_once('.') {
        Some((d, t)) if d != "*" => format!("`{}`.{t}", d.trim_matches('`')),
        _ => place,
    };
    let line = format!("{rights} ON {shown}");
    all.grants.retain(|g| g.0 != user || g.1 != line);
    if !take && r.is_mysql() {
        all.grants.push((user, line));
    }
    tag(if take { "REVOKE" } else { "GRANT" })
}
