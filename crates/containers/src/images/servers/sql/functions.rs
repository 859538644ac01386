//! Functions: over values, and over the rows of a group.

use super::expr::written;
use super::read::{Fallible, compare};
use super::{Answer, Cell, Dialect, Session, system};

const OVER: [&str; 8] = ["count", "sum", "min", "max", "avg", "group_concat", "string_agg", "array_agg"];

const PLAIN: [&str; 68] = [
    "abs",
    "ceil",
    "ceiling",
    "char_length",
    "coalesce",
    "concat",
    "concat_ws",
    "connection_id",
    "curdate",
    "current_database",
    "current_date",
    "current_schema",
    "current_setting",
    "current_time",
    "current_timestamp",
    "current_user",
    "curtime",
    "database",
    "date",
    "date_format",
    "day",
    "floor",
    "found_rows",
    "gen_random_uuid",
    "greatest",
    "hour",
    "if",
    "ifnull",
    "inet_server_addr",
    "inet_server_port",
    "last_insert_id",
    "lcase",
    "least",
    "left",
    "length",
    "lower",
    "ltrim",
    "md5",
    "minute",
    "mod",
    "month",
    "now",
    "nullif",
    "pg_backend_pid",
    "pg_database_size",
    "pg_is_in_recovery",
    "pg_size_pretty",
    "pg_sleep",
    "pow",
    "power",
    "rand",
    "random",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "row_count",
    "rtrim",
    "sleep",
    "sqrt",
    "substr",
    "substring",
    "trim",
    "ucase",
    "unix_timestamp",
    "upper",
    "user",
];
const MORE: [&str; 6] = ["uuid", "version", "year", "schema", "session_user", "to_char"];

pub(super) fn is_over(name: &str) -> bool {
    OVER.contains(&name)
}

pub(super) fn exists(name: &str) -> bool {
    PLAIN.binary_search(&name).is_ok() || MORE.contains(&name)
}

/// A function over the values of a group.
pub(super) fn over(name: &str, cells: Vec<String>, glue: &str, dialect: Dialect) -> Cell {
    let sum: f64 = cells.iter().filter_map(|t| t.parse::<f64>().ok()).sum();
    let decimals = cells.iter().filter_map(|t| Some(t.split_once('.')?.1.len())).max().unwrap_or(0);
    let n = cells.len();
    match name {
        "count" => Some(n.to_string()),
        _ if n == 0 => None,
        "sum" if decimals > 0 => Some(format!("{sum:.decimals$}")),
        "sum" => Some(written(sum)),
        "avg" if dialect == Dialect::Postgres => Some(format!("{:.16}", sum / n as f64)),
        "avg" => Some(format!("{:.*}", decimals + 4, sum / n as f64)),
        "min" => cells.into_iter().min_by(|a, b| compare(Some(a), Some(b))),
        "max" => cells.into_iter().max_by(|a, b| compare(Some(a), Some(b))),
        "array_agg" => Some(format!("{{{}}}", cells.join(","))),
        _ => Some(cells.join(glue)),
    }
}

fn chars(cell: &Cell) -> Vec<char> {
    cell.as_deref().unwrap_or_default().chars().collect()
}

/// A function of values.
pub(super) fn call(name: &str, args: &[Cell], s: &Session) -> Fallible<Cell> {
    let text = |i: usize| args.get(i).and_then(Clone::clone);
    let num = |i: usize| text(i).and_then(|t| t.trim().parse::<f64>().ok());
    let count = |i: usize| num(i).map(|n| n.clamp(-1e6, 1e6) as i64);
    let map = |f: fn(&str) -> String| text(0).map(|t| f(&t));
    let math = |f: fn(f64) -> f64| num(0).map(|n| written(f(n)));
    if let Some(kind) = name.strip_prefix("::") {
        return cast(text(0), kind, s);
    }
    let day = s.now.split(' ').next().unwrap_or_default().to_string();
    let hour = s.now.split(' ').nth(1).unwrap_or_default().to_string();
    let part = |at: usize, sign: char| {
        text(0).and_then(|t| t.split([' ', sign]).nth(at).map(|p| p.trim_start_matches('0').to_string()))
    };
    Ok(match name {
        "coalesce" | "ifnull" => args.iter().find(|a| a.is_some()).cloned().flatten(),
        "nullif" => text(0).filter(|a| Some(a) != text(1).as_ref()),
        "if" => text(if super::expr::is_true(&text(0)) { 1 } else { 2 }),
        "concat" if s.dialect == Dialect::MySql && args.iter().any(Option::is_none) => None,
        "concat" => Some(args.iter().flatten().cloned().collect()),
        "concat_ws" => {
            let glue = text(0).unwrap_or_default();
            Some(args[1.min(args.len())..].iter().flatten().cloned().collect::<Vec<_>>().join(&glue))
        }
        "upper" | "ucase" => map(str::to_uppercase),
        "lower" | "lcase" => map(str::to_lowercase),
        "trim" => map(|t| t.trim().to_string()),
        "ltrim" => map(|t| t.trim_start().to_string()),
        "rtrim" => map(|t| t.trim_end().to_string()),
        "reverse" => map(|t| t.chars().rev().collect()),
        "md5" => text(0).map(|t| crate::programs::md5(t.as_bytes())),
        "length" if s.dialect == Dialect::MySql => map(|t| t.len().to_string()),
        "length" | "char_length" => map(|t| t.chars().count().to_string()),
        "replace" => match (text(0), text(1), text(2)) {
            (Some(t), Some(a), Some(b)) if !a.is_empty() => Some(t.replace(&a, &b)),
            (t, ..) => t,
        },
        "repeat" => text(0).map(|t| {
            let n = count(1).unwrap_or(0).clamp(0, 10_000) as usize;
            t.repeat(n.min((64 << 10) / t.len().max(1)))
        }),
        "left" => {
            text(0).map(|_| chars(&args[0]).iter().take(count(1).unwrap_or(0).max(0) as usize).collect())
        }
        "right" => text(0).map(|_| {
            let all = chars(&args[0]);
            let n = count(1).unwrap_or(0).max(0) as usize;
            all[all.len().saturating_sub(n)..].iter().collect()
        }),
        "substring" | "substr" => text(0).map(|_| {
            let all = chars(&args[0]);
            let from = (count(1).unwrap_or(1).max(1) as usize - 1).min(all.len());
            let n = count(2).map_or(all.len(), |n| n.max(0) as usize);
            all[from..].iter().take(n).collect()
        }),
        "abs" => math(f64::abs),
        "ceil" | "ceiling" => math(f64::ceil),
        "floor" => math(f64::floor),
        "sqrt" => math(f64::sqrt),
        "pow" | "power" => num(0).zip(num(1)).map(|(a, b)| written(a.powf(b))),
        "mod" => num(0).zip(num(1)).filter(|(_, b)| *b != 0.0).map(|(a, b)| written(a % b)),
        "round" => num(0).map(|n| match count(1) {
            Some(d) if d > 0 => format!("{n:.*}", d.min(12) as usize),
            _ => written(n.round()),
        }),
        "greatest" => args.iter().flatten().max_by(|a, b| compare(Some(a), Some(b))).cloned(),
        "least" => args.iter().flatten().min_by(|a, b| compare(Some(a), Some(b))).cloned(),
        "rand" | "random" => Some(format!("0.{:06}", s.draw % 1_000_000)),
        "now" | "current_timestamp" | "localtime" if s.dialect == Dialect::Postgres => {
            Some(format!("{}.000000+00", s.now))
        }
        "now" | "current_timestamp" | "localtime" => Some(s.now.clone()),
        "curdate" | "current_date" => Some(day),
        "curtime" | "current_time" => Some(hour),
        "date" => map(|t| t.split(' ').next().unwrap_or_default().to_string()),
        "year" => part(0, '-'),
        "month" => part(1, '-'),
        "day" => part(2, '-'),
        "hour" => text(0).and_then(|t| t.split([' ', ':']).nth(1).map(String::from)),
        "minute" => text(0).and_then(|t| t.split([' ', ':']).nth(2).map(String::from)),
        "date_format" | "to_char" => text(0),
        "unix_timestamp" => Some(s.seconds.to_string()),
        "version" => Some(s.banner.clone()),
        "user" | "current_user" | "session_user" | "current_role" if s.dialect == Dialect::Postgres => {
            Some(s.user.clone())
        }
        "user" | "session_user" => Some(format!("{}@localhost", s.user)),
        "current_user" => {
            Some(if s.user == "root" { "root@localhost".into() } else { format!("{}@%", s.user) })
        }
        "database" | "schema" | "current_database" | "current_catalog" => {
            Some(s.database.clone()).filter(|d| !d.is_empty())
        }
        "current_schema" => Some("public".into()),
        "current_setting" => system::variable(&text(0).unwrap_or_default(), s),
        "last_insert_id" => Some("0".into()),
        "found_rows" | "row_count" => Some("0".into()),
        "connection_id" | "pg_backend_pid" => Some((s.draw % 90 + 8).to_string()),
        "sleep" => Some("0".into()),
        "pg_sleep" => Some(String::new()),
        "pg_is_in_recovery" => s.truth(false),
        "inet_server_addr" => None,
        "inet_server_port" => None,
        "pg_database_size" => Some("7742975".into()),
        "pg_size_pretty" => num(0).map(|n| format!("{:.0} kB", n / 1024.0)),
        "uuid" | "gen_random_uuid" => {
            let hex = format!("{:016x}{:016x}", s.draw, s.draw.rotate_left(29) ^ 0x9e37_79b9_7f4a_7c15);
            Some(format!(
                "{}-{}-4{}-a{}-{}",
                &hex[..8],
                &hex[8..12],
                &hex[13..16],
                &hex[17..20],
                &hex[20..32]
            ))
        }
        _ => None,
    })
}

fn cast(cell: Cell, kind: &str, s: &Session) -> Fallible<Cell> {
    let Some(text) = cell else { return Ok(None) };
    Ok(Some(match kind {
        "int" | "integer" | "bigint" | "smallint" | "signed" | "unsigned" => match text.trim().parse::<f64>()
        {
            Ok(n) => written(n.round()),
            Err(_) if s.dialect == Dialect::Postgres => {
                let why = format!("invalid input syntax for type integer: \"{text}\"");
                return Err(Answer::Failed(String::new(), why));
            }
            Err(_) => "0".into(),
        },
        "date" => text.split(' ').next().unwrap_or_default().to_string(),
        _ => text,
    }))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_names_are_sorted_for_looking_up() {
        assert!(super::PLAIN.windows(2).all(|w| w[0] < w[1]));
    }
}
