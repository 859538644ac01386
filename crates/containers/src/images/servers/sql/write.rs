//! CREATE TABLE's columns, INSERT, UPDATE, and the rows a WHERE finds.

use super::read::{Fallible, Reader, Token};
use super::{Answer, Database, Dialect, ROWS_MAX, Table, done, no_table};

/// `(id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), ..)`
pub(super) fn columns(r: &mut Reader<'_>) -> Fallible<Table> {
    r.need("(")?;
    let mut table = Table { next: 1, ..Table::default() };
    loop {
        let constraint =
            ["primary", "unique", "key", "index", "constraint", "foreign", "check"].into_iter().any(|w| {
                let from = r.at;
                let hit = r.is(w);
                r.at = from;
                hit
            });
        if !constraint {
            let name = r.name()?;
            let kind = r.name()?.to_lowercase();
            let auto = matches!(kind.as_str(), "serial" | "bigserial");
            table.columns.push((name, kind, auto));
        }
        let mut depth = 0;
        loop {
            match r.all.get(r.at) {
                None => return Err(r.wrong()),
                Some(Token::Mark("(")) => depth += 1,
                Some(Token::Mark(")")) if depth == 0 => {
                    r.at += 1;
                    return Ok(table);
                }
                Some(Token::Mark(")")) => depth -= 1,
                Some(Token::Mark(",")) if depth == 0 => break,
                Some(Token::Word(w))
                    if w.eq_ignore_ascii_case("auto_increment") || w.eq_ignore_ascii_case("identity") =>
                {
                    if let Some(c) = table.columns.last_mut() {
                        c.2 = true;
                    }
                }
                _ => {}
            }
            r.at += 1;
        }
        r.need(",")?;
    }
}

pub(super) fn insert(r: &mut Reader<'_>, db: &mut Database, current: &str, now: &str) -> Fallible<Answer> {
    let d = r.dialect;
    let name = r.name()?;
    let table = db.tables.get_mut(&name).ok_or_else(|| no_table(d, current, &name))?;
    let mut order: Vec<usize> = (0..table.columns.len()).collect();
    if r.is("(") {
        order.clear();
        loop {
            let column = r.name()?;
            order.push(table.column(&column).ok_or_else(|| r.unknown_column(&column))?);
            if !r.is(",") {
                break;
            }
        }
        r.need(")")?;
    }
    if !r.is("values") && !r.is("value") {
        return Err(r.wrong());
    }
    let mut count = 0;
    loop {
        r.need("(")?;
        let mut values = Vec::new();
        loop {
            values.push(r.value(None, now)?);
            if !r.is(",") {
                break;
            }
        }
        r.need(")")?;
        if values.len() > order.len() || (values.len() < order.len() && d == Dialect::MySql) {
            return Err(match d {
                Dialect::MySql => Answer::Failed(
                    "1136 (21S01)".into(),
                    format!("Column count doesn't match value count at row {}", count + 1),
                ),
                Dialect::Postgres => {
                    Answer::Failed(String::new(), "INSERT has more expressions than target columns".into())
                }
            });
        }
        let mut row = vec![None; table.columns.len()];
        for (i, v) in order.iter().zip(values) {
            row[*i] = v;
        }
        for (i, column) in table.columns.iter().enumerate() {
            if column.2 && row[i].is_none() {
                row[i] = Some(table.next.to_string());
            }
            if column.2 {
                let n = row[i].as_ref().and_then(|t| t.parse::<i64>().ok()).unwrap_or(0);
                table.next = table.next.max(n.saturating_add(1));
            }
        }
        if table.rows.len() >= ROWS_MAX {
            return Err(Answer::Failed("1114 (HY000)".into(), format!("The table '{name}' is full")));
        }
        table.rows.push(row);
        count += 1;
        if !r.is(",") {
            break;
        }
    }
    Ok(done(d, "INSERT", count))
}

/// Which rows the WHERE here selects; reading goes on after it.
pub(super) fn matching(r: &mut Reader<'_>, table: &Table, now: &str) -> Fallible<Vec<bool>> {
    if !r.is("where") {
        return Ok(vec![true; table.rows.len()]);
    }
    let from = r.at;
    // Once over no row at all, so that a wrong condition is refused in an empty table too.
    let none = vec![None; table.columns.len()];
    r.condition(table, &none, now, 0)?;
    let after = r.at;
    let mut hits = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        r.at = from;
        hits.push(r.condition(table, row, now, 0)?);
    }
    r.at = after;
    Ok(hits)
}

pub(super) fn update(r: &mut Reader<'_>, db: &mut Database, current: &str, now: &str) -> Fallible<Answer> {
    let d = r.dialect;
    let name = r.name()?;
    let table = db.tables.get_mut(&name).ok_or_else(|| no_table(d, current, &name))?;
    r.need("set")?;
    let none = vec![None; table.columns.len()];
    let mut sets = Vec::new();
    loop {
        let column = r.name()?;
        let i = table.column(&column).ok_or_else(|| r.unknown_column(&column))?;
        r.need("=")?;
        sets.push((i, r.at));
        r.value(Some((table, &none)), now)?;
        if !r.is(",") {
            break;
        }
    }
    let hits = matching(r, table, now)?;
    r.end()?;
    let mut count = 0;
    for (n, hit) in hits.iter().enumerate() {
        if !hit {
            continue;
        }
        count += 1;
        let mut row = table.rows[n].clone();
        for (i, at) in &sets {
            r.at = *at;
            row[*i] = r.value(Some((table, &table.rows[n])), now)?;
        }
        table.rows[n] = row;
    }
    Ok(done(d, "UPDATE", count))
}
