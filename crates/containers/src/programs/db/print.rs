//! Replies as the clients print them: boxes, aligned columns, redis' numbered lists.

/// What a reply's line of cells holds.
pub(super) fn cells(line: &str) -> Vec<Option<String>> {
    let cell =
        |c: &str| (c != "\\N").then(|| c.replace("\\t", "\t").replace("\\n", "\n").replace("\\\\", "\\"));
    line.split('\t').map(cell).collect()
}

fn width(t: &str) -> usize {
    t.chars().count()
}

/// `+----+` around every cell, as mysql does on a terminal.
pub(super) fn boxed(head: &[String], rows: &[Vec<Option<String>>]) -> String {
    let text = |c: &Option<String>| c.clone().unwrap_or_else(|| "NULL".into());
    let mut widths: Vec<usize> = head.iter().map(|h| width(h)).collect();
    for row in rows {
        for (w, c) in widths.iter_mut().zip(row) {
            *w = (*w).max(width(&text(c)));
        }
    }
    let rule: String = widths.iter().map(|w| format!("+{}", "-".repeat(w + 2))).collect::<String>() + "+\n";
    let numeric = |i: usize| {
        rows.iter().all(|r| r.get(i).and_then(Option::as_ref).is_none_or(|t| t.parse::<f64>().is_ok()))
    };
    let mut out = rule.clone();
    for (h, w) in head.iter().zip(&widths) {
        out.push_str(&format!("| {h:<w$} "));
    }
    out.push_str(&format!("|\n{rule}"));
    for row in rows {
        for (i, w) in widths.iter().enumerate() {
            let t = text(row.get(i).unwrap_or(&None));
            out.push_str(&if numeric(i) { format!("| {t:>w$} ") } else { format!("| {t:<w$} ") });
        }
        out.push_str("|\n");
    }
    out + &rule
}

/// As psql prints rows.
pub(super) fn aligned(head: &[String], rows: &[Vec<Option<String>>], only: bool) -> String {
    let text = |c: &Option<String>| c.clone().unwrap_or_default();
    let mut widths: Vec<usize> = head.iter().map(|h| width(h)).collect();
    for row in rows {
        for (w, c) in widths.iter_mut().zip(row) {
            *w = (*w).max(width(&text(c)));
        }
    }
    let numeric = |i: usize| {
        !rows.is_empty()
            && rows.iter().all(|r| r.get(i).and_then(Option::as_ref).is_none_or(|t| t.parse::<f64>().is_ok()))
    };
    let mut out = String::new();
    if !only {
        let titles: Vec<String> = head
            .iter()
            .zip(&widths)
            .map(|(h, w)| {
                let left = (w - width(h)) / 2;
                format!(" {}{h}{} ", " ".repeat(left), " ".repeat(w - width(h) - left))
            })
            .collect();
        out.push_str(&format!("{}\n", titles.join("|")));
        out.push_str(&format!(
            "{}\n",
            widths.iter().map(|w| "-".repeat(w + 2)).collect::<Vec<_>>().join("+")
        ));
    }
    for row in rows {
        let line: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(i, w)| {
                let t = text(row.get(i).unwrap_or(&None));
                let last = i + 1 == widths.len();
                match (numeric(i), last) {
                    (true, _) => format!(" {t:>w$}{}", if last { "" } else { " " }),
                    (false, true) => format!(" {t}"),
                    (false, false) => format!(" {t:<w$} "),
                }
            })
            .collect();
        out.push_str(&format!("{}\n", line.join("|")));
    }
    if !only {
        let s = if rows.len() == 1 { "" } else { "s" };
        out.push_str(&format!("({} row{s})\n", rows.len()));
    }
    out + "\n"
}

/// A RESP reply as redis-cli prints it; `raw` when not on a terminal.
pub(super) fn resp(text: &str, raw: bool) -> String {
    pub(super) fn one(
        lines: &mut std::iter::Peekable<std::str::Split<'_, &str>>,
        raw: bool,
        indent: usize,
        depth: u32,
    ) -> String {
        let Some(line) = lines.next() else { return String::new() };
        let (kind, rest) = line.split_at(line.len().min(1));
        match kind {
            "+" => rest.to_string(),
            "-" if raw => rest.to_string(),
            "-" => format!("(error) {rest}"),
            ":" if raw => rest.to_string(),
            ":" => format!("(integer) {rest}"),
            "$" if rest.starts_with('-') => {
                if raw {
                    String::new()
                } else {
                    "(nil)".into()
                }
            }
            "$" => {
                let n: usize = rest.parse().unwrap_or(0);
                let mut text = lines.next().unwrap_or_default().to_string();
                while text.len() < n && lines.peek().is_some() {
                    text.push_str("\r\n");
                    text.push_str(lines.next().unwrap_or_default());
                }
                if raw { text } else { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")) }
            }
            "*" if depth < 8 => {
                let n: usize = rest.parse().unwrap_or(0);
                if n == 0 {
                    return if raw { String::new() } else { "(empty array)".into() };
                }
                let mut all = Vec::new();
                for i in 0..n.min(100_000) {
                    if lines.peek().is_none() {
                        break;
                    }
                    let item = one(lines, raw, indent + 3, depth + 1);
                    let pad = if i == 0 { 0 } else { indent };
                    all.push(if raw { item } else { format!("{}{}) {item}", " ".repeat(pad), i + 1) });
                }
                all.join("\n")
            }
            _ => line.to_string(),
        }
    }
    one(&mut text.split("\r\n").peekable(), raw, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_shown_as_the_clients_do() {
        assert_eq!(resp("*2\r\n$1\r\na\r\n:3\r\n", false), "1) \"a\"\n2) (integer) 3");
        assert_eq!(resp("$-1\r\n", false), "(nil)");
        assert_eq!(resp("$2\r\nhi\r\n", true), "hi");
        let head = ["id".to_string(), "name".into()];
        let rows = [vec![Some("1".to_string()), Some("a".into())]];
        assert_eq!(aligned(&head, &rows, false), " id | name \n----+------\n  1 | a\n(1 row)\n\n");
        assert_eq!(
            boxed(&head, &rows),
            "+----+------+\n| id | name |\n+----+------+\n|  1 | a    |\n+----+------+\n"
        );
    }
}
