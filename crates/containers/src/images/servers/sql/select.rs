//! SELECT over one table.

use ordered::Sort as _;

use super::read::{Fallible, Reader, Token, compare};
use super::write::matching;
use super::{Answer, Database, Dialect, Table, no_table};

/// One thing selected.
enum Wanted {
    Column(usize),
    /// A function over all rows and its column (`None`: `*`).
    Over(String, Option<usize>),
    Value(Option<String>),
}

pub(super) fn select(
    r: &mut Reader<'_>,
    db: Option<&Database>,
    current: &str,
    now: &str,
) -> Fallible<Answer> {
    let d = r.dialect;
    r.is("distinct");
    // The table first: what is selected is read with it in hand.
    let mut depth = 0;
    let from = r.all.iter().position(|t| {
        match t {
            Token::Mark("(") => depth += 1,
            Token::Mark(")") => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(t, Token::Word(w) if w.eq_ignore_ascii_case("from"))
    });
    let start = r.at;
    let empty = Table { rows: vec![Vec::new()], ..Table::default() };
    let mut tail = r.all.len();
    let table = match from {
        None => &empty,
        Some(i) => {
            r.at = i + 1;
            let name = r.name()?;
            tail = r.at;
            let Some(db) = db else {
                return Err(Answer::Failed(
                    if d == Dialect::MySql { "1046 (3D000)".into() } else { String::new() },
                    "No database selected".into(),
                ));
            };
            db.tables.get(&name).ok_or_else(|| no_table(d, current, &name))?
        }
    };
    r.at = start;
    let (mut wanted, mut heads) = (Vec::new(), Vec::new());
    loop {
        if r.is("*") {
            for (i, c) in table.columns.iter().enumerate() {
                wanted.push(Wanted::Column(i));
                heads.push(c.0.clone());
            }
        } else {
            let at = r.at;
            let function = ["count", "sum", "min", "max", "avg"].into_iter().find(|f| r.are(&[f, "("]));
            if let Some(f) = function {
                let column = if r.is("*") {
                    None
                } else {
                    r.is("distinct");
                    let n = r.name()?;
                    Some(table.column(&n).ok_or_else(|| r.unknown_column(&n))?)
                };
                r.need(")")?;
                heads.push(if d == Dialect::Postgres {
                    f.into()
                } else {
                    format!("{}({})", f.to_uppercase(), column.map_or("*", |i| table.columns[i].0.as_str()))
                });
                wanted.push(Wanted::Over(f.into(), column));
            } else if let Some(Token::Word(w)) = r.all.get(at)
                && let Some(i) = table.column(w)
                && !matches!(r.all.get(at + 1), Some(Token::Mark("." | "+" | "-" | "*")))
            {
                r.at += 1;
                heads.push(table.columns[i].0.clone());
                wanted.push(Wanted::Column(i));
            } else {
                let row = table.rows.first().map_or(&[][..], Vec::as_slice);
                let v = r.value(Some((table, row)), now)?;
                let text: Vec<String> = r.all[at..r.at]
                    .iter()
                    .map(|t| match t {
                        Token::Word(w) | Token::Number(w) | Token::Text(w) => w.clone(),
                        Token::Mark(m) => (*m).to_string(),
                    })
                    .collect();
                heads.push(if d == Dialect::Postgres {
                    text.first()
                        .filter(|t| t.starts_with(char::is_alphabetic) && from.is_none() && text.len() > 1)
                        .cloned()
                        .unwrap_or("?column?".into())
                } else {
                    text.concat()
                });
                wanted.push(Wanted::Value(v));
            }
        }
        if r.is("as") {
            let alias = r.name()?;
            if let Some(h) = heads.last_mut() {
                *h = alias;
            }
        }
        if !r.is(",") {
            break;
        }
    }
    if from.is_some_and(|i| i != r.at) || (from.is_none() && r.at != r.all.len()) {
        return Err(r.wrong());
    }
    r.at = tail;
    let hits = matching(r, table, now)?;
    let mut rows: Vec<&Vec<Option<String>>> =
        table.rows.iter().zip(&hits).filter(|(_, h)| **h).map(|(row, _)| row).collect();
    if r.are(&["order", "by"]) {
        let mut by = Vec::new();
        loop {
            let name = r.name()?;
            let i = table.column(&name).ok_or_else(|| r.unknown_column(&name))?;
            let down = r.is("desc");
            if !down {
                r.is("asc");
            }
            by.push((i, down));
            if !r.is(",") {
                break;
            }
        }
        rows.arrange_by(|a, b| {
            let orders = by.iter().map(|(i, down)| {
                let o = compare(a[*i].as_ref(), b[*i].as_ref());
                if *down { o.reverse() } else { o }
            });
            orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
    }
    if r.is("limit") {
        let number = |r: &mut Reader<'_>| match r.all.get(r.at) {
            Some(Token::Number(n)) => {
                r.at += 1;
                n.parse::<usize>().map_err(|_| r.wrong())
            }
            _ => Err(r.wrong()),
        };
        let (mut skip, mut n) = (0, number(r)?);
        if r.is(",") {
            (skip, n) = (n, number(r)?);
        } else if r.is("offset") {
            skip = number(r)?;
        }
        rows = rows.into_iter().skip(skip).take(n).collect();
    }
    r.end()?;
    if wanted.iter().any(|w| matches!(w, Wanted::Over(..))) {
        let row = wanted.iter().map(|w| match w {
            Wanted::Over(f, column) => over(f, *column, &rows),
            Wanted::Column(i) => rows.first().and_then(|r| r[*i].clone()),
            Wanted::Value(v) => v.clone(),
        });
        return Ok(Answer::Rows(heads, vec![row.collect()]));
    }
    let cells = |row: &Vec<Option<String>>| -> Vec<Option<String>> {
        wanted
            .iter()
            .map(|w| match w {
                Wanted::Column(i) => row.get(*i).cloned().flatten(),
                Wanted::Value(v) => v.clone(),
                Wanted::Over(..) => None,
            })
            .collect()
    };
    Ok(Answer::Rows(heads, rows.into_iter().map(cells).collect()))
}

pub(super) fn over(f: &str, column: Option<usize>, rows: &[&Vec<Option<String>>]) -> Option<String> {
    let cells: Vec<&String> = match column {
        None => return Some(rows.len().to_string()),
        Some(i) => rows.iter().filter_map(|r| r[i].as_ref()).collect(),
    };
    let number = |n: f64| if n.fract() == 0.0 { format!("{n:.0}") } else { format!("{n}") };
    let sum: f64 = cells.iter().filter_map(|t| t.parse::<f64>().ok()).sum();
    match f {
        "count" => Some(cells.len().to_string()),
        "sum" => (!cells.is_empty()).then(|| number(sum)),
        "avg" => (!cells.is_empty()).then(|| format!("{:.4}", sum / cells.len() as f64)),
        "min" => cells.into_iter().min_by(|a, b| compare(Some(a), Some(b))).cloned(),
        _ => cells.into_iter().max_by(|a, b| compare(Some(a), Some(b))).cloned(),
    }
}
