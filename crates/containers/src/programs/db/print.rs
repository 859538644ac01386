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

fn is_number(t: &str) -> bool {
    t.parse::<f64>().is_ok() && !t.ends_with(|c: char| c.is_alphabetic())
}

/// `+----+` around every cell, as mysql does on a terminal.
pub(super) fn boxed(head: &[String], rows: &[Vec<Option<String>>], titles: bool) -> String {
    let text = |c: &Option<String>| c.clone().unwrap_or_else(|| "NULL".into());
    let mut widths: Vec<usize> = head.iter().map(|h| width(h)).collect();
    for row in rows {
        for (w, c) in widths.iter_mut().zip(row) {
            *w = (*w).max(text(c).lines().map(width).max().unwrap_or(0));
        }
    }
    let rule: String = widths.iter().map(|w| format!("+{}", "-".repeat(w + 2))).collect::<String>() + "+\n";
    let numeric =
        |i: usize| rows.iter().all(|r| r.get(i).and_then(Option::as_ref).is_none_or(|t| is_number(t)));
    let mut out = rule.clone();
    if titles {
        for (h, w) in head.iter().zip(&widths) {
            out.push_str(&format!("| {h:<w$} "));
        }
        out.push_str(&format!("|\n{rule}"));
    }
    for row in rows {
        for (i, w) in widths.iter().enumerate() {
            let t = text(row.get(i).unwrap_or(&None));
            out.push_str(&if numeric(i) { format!("| {t:>w$} ") } else { format!("| {t:<w$} ") });
        }
        out.push_str("|\n");
    }
    out + &rule
}

/// mysql's rows after `\G`: a value a line.
pub(super) fn vertical(head: &[String], rows: &[Vec<Option<String>>]) -> String {
    let widest = head.iter().map(|h| width(h)).max().unwrap_or(0);
    let mut out = String::new();
    for (n, row) in rows.iter().enumerate() {
        let stars = "*".repeat(27);
        out.push_str(&format!("{stars} {}. row {stars}\n", n + 1));
        for (h, c) in head.iter().zip(row) {
            out.push_str(&format!("{h:>widest$}: {}\n", c.as_deref().unwrap_or("NULL")));
        }
    }
    out
}

/// psql's rows after `\x`: a value a line.
pub(super) fn expanded(head: &[String], rows: &[Vec<Option<String>>]) -> String {
    let names = head.iter().map(|h| width(h)).max().unwrap_or(0);
    let values = rows.iter().flatten().flatten().map(|c| width(c)).max().unwrap_or(0);
    let mut out = String::new();
    for (n, row) in rows.iter().enumerate() {
        let title = format!("-[ RECORD {} ]", n + 1);
        let rest = (names + 1).saturating_sub(width(&title));
        out.push_str(&format!("{title}{}+{}\n", "-".repeat(rest), "-".repeat(values + 1)));
        for (h, c) in head.iter().zip(row) {
            out.push_str(&format!("{h:<names$} | {}\n", c.as_deref().unwrap_or_default()));
        }
    }
    if rows.is_empty() { "(0 rows)\n\n".into() } else { out + "\n" }
}

/// How psql lays rows out.
pub(super) struct Shape {
    /// Rows only: no heading, no count.
    pub(super) tuples: bool,
    pub(super) unaligned: bool,
    /// `(2 rows)`
    pub(super) footer: bool,
    pub(super) title: Option<String>,
}

/// As psql prints rows.
pub(super) fn aligned(head: &[String], rows: &[Vec<Option<String>>], shape: &Shape) -> String {
    let text = |c: &Option<String>| c.clone().unwrap_or_default();
    let s = if rows.len() == 1 { "" } else { "s" };
    let count =
        if shape.footer && !shape.tuples { format!("({} row{s})\n", rows.len()) } else { String::new() };
    if shape.unaligned {
        let mut out = if shape.tuples { String::new() } else { format!("{}\n", head.join("|")) };
        for row in rows {
            out.push_str(&format!("{}\n", row.iter().map(text).collect::<Vec<_>>().join("|")));
        }
        return out + &count;
    }
    let mut widths: Vec<usize> = head.iter().map(|h| width(h)).collect();
    for row in rows {
        for (w, c) in widths.iter_mut().zip(row) {
            *w = (*w).max(text(c).lines().map(width).max().unwrap_or(0));
        }
    }
    let numeric = |i: usize| {
        !rows.is_empty()
            && rows.iter().all(|r| r.get(i).and_then(Option::as_ref).is_none_or(|t| is_number(t)))
            && rows.iter().any(|r| r.get(i).is_some_and(Option::is_some))
    };
    let mut out = String::new();
    if !shape.tuples {
        if let Some(title) = &shape.title {
            let whole = widths.iter().sum::<usize>() + (widths.len() * 3).saturating_sub(1);
            out.push_str(&format!("{}{title}\n", " ".repeat(whole.saturating_sub(width(title)) / 2)));
        }
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
        let cells: Vec<Vec<String>> = (0..widths.len())
            .map(|i| text(row.get(i).unwrap_or(&None)).split('\n').map(String::from).collect())
            .collect();
        let lines = cells.iter().map(Vec::len).max().unwrap_or(1);
        for n in 0..lines {
            let line: Vec<String> = widths
                .iter()
                .enumerate()
                .map(|(i, w)| {
                    let t = cells[i].get(n).map_or("", String::as_str);
                    let more = n + 1 < cells[i].len();
                    let last = i + 1 == widths.len();
                    match (numeric(i), last) {
                        (_, _) if more => format!(" {t:<w$}+"),
                        (true, _) => format!(" {t:>w$}{}", if last { "" } else { " " }),
                        (false, true) => format!(" {t}"),
                        (false, false) => format!(" {t:<w$} "),
                    }
                })
                .collect();
            out.push_str(&format!("{}\n", line.join("|")));
        }
    }
    out + &count + "\n"
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
        assert_eq!(
            aligned(&head, &rows, &Shape { tuples: false, unaligned: false, footer: true, title: None }),
            " id | name \n----+------\n  1 | a\n(1 row)\n\n"
        );
        assert_eq!(
            boxed(&head, &rows, true),
            "+----+------+\n| id | name |\n+----+------+\n|  1 | a    |\n+----+------+\n"
        );
    }
}
