//! What changes tables: their columns, INSERT, UPDATE and DELETE.

use super::expr::{self, Expr, Scope, Work, is_true};
use super::read::{Fallible, Reader, Token, compare};
use super::select::{self, database_of};
use super::{Answer, Cell, Column, Database, Dialect, ROWS_MAX, Session, State, Table, done, no_table};

/// A column's type: its words and what stands in parentheses.
pub(super) fn kind(r: &mut Reader<'_>) -> Fallible<String> {
    let mut kind = r.name()?.to_lowercase();
    for more in ["varying", "precision"] {
        if r.is(more) {
            kind = if kind == "character" { "varchar".into() } else { format!("{kind} {more}") };
        }
    }
    let from = r.at;
    r.skip_parentheses();
    let size: String = r.source(from, r.at).chars().filter(|c| !c.is_whitespace()).collect();
    if let Some(zone) = r.one_of(&["with", "without"]) {
        r.are(&["time", "zone"]);
        if zone == "with" {
            kind.push_str("tz");
        }
    }
    if let Some(word) = r.one_of(&["unsigned", "zerofill", "signed"]) {
        return Ok(format!("{kind}{size} {word}"));
    }
    Ok(kind + &size)
}

/// One column's definition after its name.
pub(super) fn column(r: &mut Reader<'_>, name: String) -> Fallible<Column> {
    let kind = kind(r)?;
    let auto = matches!(kind.as_str(), "serial" | "bigserial" | "smallserial");
    let mut c = Column { name, kind, auto, not_null: auto, key: "", default: None };
    loop {
        match r.peek() {
            None | Some(Token::Mark("," | ")" | ";")) => return Ok(c),
            _ => {}
        }
        if r.are(&["not", "null"]) {
            c.not_null = true;
        } else if r.are(&["primary", "key"]) {
            (c.key, c.not_null) = ("PRI", true);
        } else if r.is("unique") {
            r.is("key");
            c.key = if c.key.is_empty() { "UNI" } else { c.key };
        } else if r.is("auto_increment") || r.is("identity") {
            (c.auto, c.not_null) = (true, true);
        } else if r.is("default") {
            let e = expr::read(r, &[], &State::default())?;
            c.default = match &e {
                Expr::Call(name, _) if matches!(name.as_str(), "now" | "current_timestamp" | "localtime") => {
                    Some("now()".into())
                }
                e => e.work(&Work { session: r.session, row: &[], group: &[] })?,
            };
        } else if r.is("on") {
            // ON UPDATE CURRENT_TIMESTAMP, ON DELETE CASCADE: accepted, nothing comes of it.
            r.at += 1;
        } else if r.peek() == Some(&Token::Mark("(")) {
            r.skip_parentheses();
        } else {
            r.at += 1;
        }
    }
}

/// `(id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), ..)`
pub(super) fn columns(r: &mut Reader<'_>) -> Fallible<Table> {
    r.need("(")?;
    let mut table = Table { next: 1, ..Table::default() };
    loop {
        let constraint = ["primary", "unique", "key", "index", "constraint", "foreign", "check", "fulltext"]
            .into_iter()
            .find(|w| r.comes(&[w]));
        if let Some(word) = constraint {
            let mut key = match word {
                "primary" => "PRI",
                "unique" => "UNI",
                "key" | "index" => "MUL",
                _ => "",
            };
            while !matches!(r.peek(), None | Some(Token::Mark("(" | "," | ")"))) {
                if r.is("primary") {
                    key = "PRI";
                } else if r.is("unique") {
                    key = "UNI";
                } else {
                    r.at += 1;
                }
            }
            let from = r.at;
            r.skip_parentheses();
            for (token, ..) in &r.all[from..r.at] {
                let (Token::Word(n) | Token::Name(n)) = token else { continue };
                if let Some(c) = table.columns.iter_mut().find(|c| c.name.eq_ignore_ascii_case(n))
                    && !key.is_empty()
                {
                    c.key = key;
                    c.not_null |= key == "PRI";
                }
            }
            while !matches!(r.peek(), None | Some(Token::Mark("," | ")"))) {
                if r.peek() == Some(&Token::Mark("(")) {
                    r.skip_parentheses();
                } else {
                    r.at += 1;
                }
            }
        } else {
            let name = r.name()?;
            table.columns.push(column(r, name)?);
        }
        if r.is(")") {
            return Ok(table);
        }
        r.need(",")?;
    }
}

/// The table named here, to be changed.
pub(super) fn named<'a>(r: &mut Reader<'_>, all: &'a mut State) -> Fallible<(String, &'a mut Table)> {
    let (database, name) = r.path()?;
    let current = match database.filter(|d| r.is_mysql() || d != "public") {
        Some(d) => d,
        None => r.session.database.clone(),
    };
    database_of(all, &current, r)?;
    let table = all.databases.get_mut(&current).and_then(|d: &mut Database| d.tables.get_mut(&name));
    let table = table.ok_or_else(|| no_table(r.dialect(), &current, &name))?;
    Ok((name, table))
}

/// A value as its column keeps it.
fn kept(cell: Cell, c: &Column, row: usize, s: &Session) -> Fallible<Cell> {
    let Some(text) = cell else { return Ok(None) };
    let my = s.dialect == Dialect::MySql;
    let failed = |code: &str, my_text: String, pg_text: String| {
        Err(if my { Answer::Failed(code.into(), my_text) } else { Answer::Failed(String::new(), pg_text) })
    };
    let (word, size) = c.kind.split_once('(').unwrap_or((&c.kind, ""));
    let mut sizes = size.trim_end_matches(')').split(',').map(|n| n.trim().parse::<usize>().ok());
    let (first, second) = (sizes.next().flatten(), sizes.next().flatten());
    let word = word.split(' ').next().unwrap_or_default();
    Ok(Some(match word {
        "int" | "integer" | "bigint" | "smallint" | "tinyint" | "mediumint" | "serial" | "bigserial"
        | "int4" | "int8" => match text.trim().parse::<f64>() {
            Ok(n) => expr::written(n.round()),
            Err(_) => {
                let pg = if word == "bigint" || word == "int8" { "bigint" } else { "integer" };
                return failed(
                    "1366 (HY000)",
                    format!("Incorrect integer value: '{text}' for column '{}' at row {row}", c.name),
                    format!("invalid input syntax for type {pg}: \"{text}\""),
                );
            }
        },
        "decimal" | "numeric" => match text.trim().parse::<f64>() {
            Ok(n) if first.is_some() => format!("{n:.*}", second.unwrap_or(0).min(12)),
            Ok(_) => text,
            Err(_) => {
                return failed(
                    "1366 (HY000)",
                    format!("Incorrect decimal value: '{text}' for column '{}' at row {row}", c.name),
                    format!("invalid input syntax for type numeric: \"{text}\""),
                );
            }
        },
        "bool" | "boolean" => match (my, text.to_lowercase().as_str()) {
            (false, "true" | "t" | "1" | "yes" | "on") => "t".into(),
            (false, "false" | "f" | "0" | "no" | "off") => "f".into(),
            _ => text,
        },
        "varchar" | "char" if first.is_some_and(|n| text.chars().count() > n) => {
            let kind = if word == "char" { "character" } else { "character varying" };
            return failed(
                "1406 (22001)",
                format!("Data too long for column '{}' at row {row}", c.name),
                format!("value too long for type {kind}({})", first.unwrap_or(0)),
            );
        }
        "timestamp" | "timestamptz" | "datetime" => {
            let text = text.trim_end_matches("+00").trim_end_matches(".000000").to_string();
            if text.len() == 10 { format!("{text} 00:00:00") } else { text }
        }
        "date" => text.split(' ').next().unwrap_or_default().into(),
        _ => text,
    }))
}

/// What an insert does about a row that is there already.
enum Twice {
    Refuse,
    Skip,
    Replace,
    Change(Vec<(usize, Expr)>),
}

fn duplicate(table: &Table, row: &[Cell]) -> Option<(usize, usize)> {
    let alone = |key: &str| table.columns.iter().filter(|c| c.key == key).count() == 1;
    let keys: Vec<usize> = (0..table.columns.len())
        .filter(|i| match table.columns[*i].key {
            "PRI" => alone("PRI"),
            "UNI" => true,
            _ => false,
        })
        .collect();
    let same = |a: &Cell, b: &Cell| a.is_some() && b.is_some() && compare(a.as_ref(), b.as_ref()).is_eq();
    let primary: Vec<usize> =
        (0..table.columns.len()).filter(|i| table.columns[*i].key == "PRI" && !alone("PRI")).collect();
    table.rows.iter().enumerate().find_map(|(n, old)| {
        let one = keys.iter().find(|i| same(&old[**i], &row[**i])).copied();
        let all =
            (!primary.is_empty() && primary.iter().all(|i| same(&old[*i], &row[*i]))).then(|| primary[0]);
        one.or(all).map(|i| (n, i))
    })
}

fn not_null(table: &Table, name: &str, row: &[Cell], given: &[usize], s: &Session) -> Fallible<()> {
    for (i, c) in table.columns.iter().enumerate() {
        if !c.not_null || row[i].is_some() {
            continue;
        }
        return Err(match s.dialect {
            Dialect::MySql if given.contains(&i) => {
                Answer::Failed("1048 (23000)".into(), format!("Column '{}' cannot be null", c.name))
            }
            Dialect::MySql => Answer::Failed(
                "1364 (HY000)".into(),
                format!("Field '{}' doesn't have a default value", c.name),
            ),
            Dialect::Postgres => {
                let shown: Vec<&str> = row.iter().map(|c| c.as_deref().unwrap_or("null")).collect();
                Answer::Failed(
                    "23502".into(),
                    format!(
                        "null value in column \"{}\" of relation \"{name}\" violates not-null constraint\nDETAIL:  Failing row contains ({}).",
                        c.name,
                        shown.join(", ")
                    ),
                )
            }
        });
    }
    Ok(())
}

pub(super) fn insert(r: &mut Reader<'_>, all: &mut State, replace: bool, ignore: bool) -> Fallible<Answer> {
    let (s, d) = (r.session, r.dialect());
    r.is("into");
    let before = all.clone();
    let (name, table) = named(r, all)?;
    let mut order: Vec<usize> = (0..table.columns.len()).collect();
    let scope: Vec<(String, String)> = table.columns.iter().map(|c| (name.clone(), c.name.clone())).collect();
    let mut given: Vec<Vec<Cell>> = Vec::new();
    let work = |e: &Expr| e.work(&Work { session: s, row: &[], group: &[] });
    if r.peek() == Some(&Token::Mark("("))
        && !matches!(r.all.get(r.at + 1), Some((Token::Word(w), ..)) if w.eq_ignore_ascii_case("select"))
    {
        r.at += 1;
        order.clear();
        loop {
            let column = r.name()?;
            let at = table.column(&column).ok_or_else(|| match d {
                Dialect::MySql => expr::unknown_column(d, &column),
                Dialect::Postgres => Answer::Failed(
                    String::new(),
                    format!("column \"{column}\" of relation \"{name}\" does not exist"),
                ),
            })?;
            order.push(at);
            if !r.is(",") {
                break;
            }
        }
        r.need(")")?;
    }
    if r.is("values") || r.is("value") {
        loop {
            r.need("(")?;
            let mut values = Vec::new();
            if !r.is(")") {
                loop {
                    if r.is("default") {
                        let i = order.get(values.len()).copied().unwrap_or(0);
                        values.push(table.columns.get(i).and_then(|c| preset(c, s)));
                    } else {
                        values.push(work(&expr::read(r, &[], &before)?)?);
                    }
                    if !r.is(",") {
                        break;
                    }
                }
                r.need(")")?;
            }
            given.push(values);
            if !r.is(",") {
                break;
            }
        }
    } else if r.is("set") {
        order.clear();
        let mut values = Vec::new();
        for (i, e) in changes(r, &scope, &before)? {
            order.push(i);
            values.push(work(&e)?);
        }
        given.push(values);
    } else if r.comes(&["select"]) {
        given = select::inner(r, &before)?.1;
    } else if r.are(&["default", "values"]) {
        order.clear();
        given.push(Vec::new());
    } else {
        return Err(r.wrong());
    }
    let mut twice = match (replace, ignore) {
        (true, _) => Twice::Replace,
        (_, true) => Twice::Skip,
        _ => Twice::Refuse,
    };
    if r.are(&["on", "duplicate", "key", "update"]) {
        twice = Twice::Change(changes(r, &scope, &before)?);
    } else if r.are(&["on", "conflict"]) {
        r.skip_parentheses();
        r.need("do")?;
        twice = if r.is("nothing") {
            Twice::Skip
        } else {
            r.need("update")?;
            r.need("set")?;
            let excluded: Vec<(String, String)> = scope
                .iter()
                .cloned()
                .chain(table.columns.iter().map(|c| ("excluded".to_string(), c.name.clone())))
                .collect();
            Twice::Change(changes(r, &excluded, &before)?)
        };
    }
    let returning = returned(r, &scope, &before)?;
    r.end()?;
    let (mut count, mut new) = (0, Vec::new());
    for (n, values) in given.into_iter().enumerate() {
        if values.len() > order.len()
            || (values.len() < order.len() && d == Dialect::MySql && !values.is_empty())
        {
            return Err(match d {
                Dialect::MySql => Answer::Failed(
                    "1136 (21S01)".into(),
                    format!("Column count doesn't match value count at row {}", n + 1),
                ),
                Dialect::Postgres => {
                    Answer::Failed(String::new(), "INSERT has more expressions than target columns".into())
                }
            });
        }
        let mut row: Vec<Cell> = table
            .columns
            .iter()
            .enumerate()
            .map(|(i, c)| if order.contains(&i) { None } else { preset(c, s) })
            .collect();
        for (i, v) in order.iter().zip(values) {
            row[*i] = kept(v, &table.columns[*i], n + 1, s)?;
        }
        for (cell, _) in row.iter_mut().zip(&table.columns).filter(|(_, c)| c.auto) {
            if cell.is_none() {
                *cell = Some(table.next.to_string());
                table.next = table.next.saturating_add(1);
            } else if d == Dialect::MySql {
                let n = cell.as_ref().and_then(|t| t.parse::<i64>().ok()).unwrap_or(0);
                table.next = table.next.max(n.saturating_add(1));
            }
        }
        not_null(table, &name, &row, &order, s)?;
        if let Some((at, column)) = duplicate(table, &row) {
            match &twice {
                Twice::Skip => continue,
                Twice::Replace => {
                    table.rows[at] = row;
                    count += 2;
                }
                Twice::Change(sets) => {
                    let old: Vec<Cell> = table.rows[at].iter().chain(&row).cloned().collect();
                    for (i, e) in sets {
                        let v = e.work(&Work { session: s, row: &old, group: &[] })?;
                        table.rows[at][*i] = kept(v, &table.columns[*i], n + 1, s)?;
                    }
                    count += if d == Dialect::MySql { 2 } else { 1 };
                }
                Twice::Refuse => {
                    let (c, value) = (&table.columns[column], row[column].clone().unwrap_or_default());
                    let key = if c.key == "PRI" { "PRIMARY" } else { &c.name };
                    let index = if c.key == "PRI" {
                        format!("{name}_pkey")
                    } else {
                        format!("{name}_{}_key", c.name)
                    };
                    return Err(match d {
                        Dialect::MySql => Answer::Failed(
                            "1062 (23000)".into(),
                            format!("Duplicate entry '{value}' for key '{name}.{key}'"),
                        ),
                        Dialect::Postgres => Answer::Failed(
                            "23505".into(),
                            format!(
                                "duplicate key value violates unique constraint \"{index}\"\nDETAIL:  Key ({})=({value}) already exists.",
                                c.name
                            ),
                        ),
                    });
                }
            }
            continue;
        }
        if table.rows.len() >= ROWS_MAX {
            return Err(Answer::Failed("1114 (HY000)".into(), format!("The table '{name}' is full")));
        }
        new.push(row.clone());
        table.rows.push(row);
        count += 1;
    }
    told(returning, &new, done(d, "INSERT", count), s)
}

/// The value a column takes by itself.
fn preset(c: &Column, s: &Session) -> Cell {
    match c.default.as_deref() {
        Some("now()") if c.kind == "date" => s.now.split(' ').next().map(String::from),
        Some("now()") => Some(s.now.clone()),
        other => other.map(String::from),
    }
}

/// `a = 1, b = b + 1`
fn changes(r: &mut Reader<'_>, scope: &Scope, all: &State) -> Fallible<Vec<(usize, Expr)>> {
    let mut sets = Vec::new();
    loop {
        let (table, column) = r.path()?;
        let i = expr::column(r, scope, table.as_deref(), &column)?;
        r.need("=")?;
        sets.push((i, expr::read(r, scope, all)?));
        if !r.is(",") {
            return Ok(sets);
        }
    }
}

type Returned = Option<Vec<(String, Expr)>>;

fn returned(r: &mut Reader<'_>, scope: &Scope, all: &State) -> Fallible<Returned> {
    if !r.is("returning") {
        return Ok(None);
    }
    let mut out = Vec::new();
    loop {
        if r.is("*") {
            out.extend(scope.iter().enumerate().map(|(i, c)| (c.1.clone(), Expr::Column(i))));
        } else {
            let from = r.at;
            let e = expr::read(r, scope, all)?;
            let head = match &e {
                Expr::Column(i) => scope[*i].1.clone(),
                _ => r.source(from, r.at).to_string(),
            };
            out.push((if r.is("as") { r.name()? } else { head }, e));
        }
        if !r.is(",") {
            return Ok(Some(out));
        }
    }
}

fn told(returning: Returned, rows: &[Vec<Cell>], done: Answer, s: &Session) -> Fallible<Answer> {
    let Some(list) = returning else { return Ok(done) };
    let tag = match done {
        Answer::Done(tag, _) => tag,
        _ => String::new(),
    };
    let (heads, exprs): (Vec<String>, Vec<Expr>) = list.into_iter().unzip();
    let mut out = Vec::new();
    for row in rows {
        let w = Work { session: s, row, group: &[] };
        out.push(exprs.iter().map(|e| e.work(&w)).collect::<Fallible<Vec<Cell>>>()?);
    }
    Ok(Answer::Returned(heads, out, tag))
}

pub(super) fn update(r: &mut Reader<'_>, all: &mut State) -> Fallible<Answer> {
    let s = r.session;
    let before = all.clone();
    let (name, table) = named(r, all)?;
    let mut alias = name;
    if !r.comes(&["set"]) {
        r.is("as");
        alias = r.name()?;
    }
    r.need("set")?;
    let scope: Vec<(String, String)> =
        table.columns.iter().map(|c| (alias.clone(), c.name.clone())).collect();
    let sets = changes(r, &scope, &before)?;
    let hits = matching(r, table, &scope, &before)?;
    let returning = returned(r, &scope, &before)?;
    r.end()?;
    let (mut count, mut changed) = (0, Vec::new());
    for (n, hit) in hits.iter().enumerate() {
        if !hit {
            continue;
        }
        count += 1;
        let old = table.rows[n].clone();
        let mut row = old.clone();
        for (i, e) in &sets {
            let v = e.work(&Work { session: s, row: &old, group: &[] })?;
            row[*i] = kept(v, &table.columns[*i], n + 1, s)?;
        }
        let given: Vec<usize> = sets.iter().map(|s| s.0).collect();
        not_null(table, &alias, &row, &given, s)?;
        changed.push(row.clone());
        table.rows[n] = row;
    }
    told(returning, &changed, done(s.dialect, "UPDATE", count), s)
}

pub(super) fn delete(r: &mut Reader<'_>, all: &mut State) -> Fallible<Answer> {
    let s = r.session;
    let before = all.clone();
    let (name, table) = named(r, all)?;
    let scope: Vec<(String, String)> = table.columns.iter().map(|c| (name.clone(), c.name.clone())).collect();
    let hits = matching(r, table, &scope, &before)?;
    let returning = returned(r, &scope, &before)?;
    r.end()?;
    let gone: Vec<Vec<Cell>> =
        table.rows.iter().zip(&hits).filter(|(_, h)| **h).map(|(r, _)| r.clone()).collect();
    let mut i = 0;
    table.rows.retain(|_| {
        i += 1;
        !hits[i - 1]
    });
    let done = done(s.dialect, "DELETE", gone.len());
    told(returning, &gone, done, s)
}

/// Which rows the WHERE here selects; reading goes on after it.
fn matching(r: &mut Reader<'_>, table: &Table, scope: &Scope, all: &State) -> Fallible<Vec<bool>> {
    if !r.is("where") {
        return Ok(vec![true; table.rows.len()]);
    }
    let condition = expr::read(r, scope, all)?;
    condition.work(&Work { session: r.session, row: &[], group: &[] })?;
    if r.is("limit") {
        r.at += 1;
    }
    let hit =
        |row: &Vec<Cell>| Ok(is_true(&condition.work(&Work { session: r.session, row, group: &[] })?));
    table.rows.iter().map(hit).collect()
}
