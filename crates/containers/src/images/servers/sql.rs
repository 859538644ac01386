//! A small SQL database over files: what MySQL, MariaDB and PostgreSQL servers keep their rows with.
//!
//! Owns: statements, rows and their file form. Does not own: the connection and accounts (store.rs), how a client prints.
//! Statements: CREATE/DROP DATABASE and TABLE, ALTER TABLE ADD, INSERT, SELECT (one table; WHERE with AND and OR, ORDER BY, LIMIT,
//! COUNT, SUM, MIN, MAX, AVG), UPDATE, DELETE, TRUNCATE, SHOW, DESCRIBE, and what changes nothing here (SET, GRANT,
//! BEGIN, COMMIT ..). Not modelled: joins, indexes, transactions, types beyond numbers and text; they are refused as
//! syntax errors.

use ordered::BTreeMap;
use ordered::Sort as _;

/// Which server's words are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    MySql,
    Postgres,
}

/// Rows one table keeps, and bytes of one statement.
const ROWS_MAX: usize = 10_000;
const STATEMENT_MAX: usize = 64 << 10;

/// What a statement gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A tag (`INSERT 0 1`) and how many rows were touched.
    Done(String, usize),
    Rows(Vec<String>, Vec<Vec<Option<String>>>),
    /// MySQL's code and state (empty for PostgreSQL), and the message.
    Failed(String, String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    /// Name, type, counts by itself.
    columns: Vec<(String, String, bool)>,
    rows: Vec<Vec<Option<String>>>,
    next: i64,
}

/// One database: its tables by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) tables: BTreeMap<String, Table>,
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n")
}

fn unescape(text: &str) -> String {
    let (mut out, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                Some(c) => out.push(c),
                None => {}
            },
            _ => out.push(c),
        }
    }
    out
}

impl Table {
    /// As its file holds it: columns, the next number, rows.
    pub(crate) fn to_file(&self) -> String {
        let head: Vec<String> =
            self.columns.iter().map(|(n, t, a)| format!("{n} {t} {}", i32::from(*a))).collect();
        let mut out = format!("{}\n{}\n", head.join("\t"), self.next);
        for row in &self.rows {
            let cells: Vec<String> =
                row.iter().map(|c| c.as_ref().map_or("\\N".into(), |t| escape(t))).collect();
            out.push_str(&cells.join("\t"));
            out.push('\n');
        }
        out
    }

    pub(crate) fn from_file(text: &str) -> Self {
        let mut lines = text.lines();
        let columns = lines.next().unwrap_or_default().split('\t').filter_map(|c| {
            let mut parts = c.split(' ');
            Some((parts.next()?.to_string(), parts.next()?.to_string(), parts.next() == Some("1")))
        });
        let columns: Vec<_> = columns.collect();
        let next = lines.next().and_then(|n| n.parse().ok()).unwrap_or(1);
        let cell = |c: &str| if c == "\\N" { None } else { Some(unescape(c)) };
        let rows = lines.map(|l| {
            let mut row: Vec<Option<String>> = l.split('\t').map(cell).collect();
            row.resize(columns.len(), None);
            row
        });
        let rows = rows.take(ROWS_MAX).collect();
        Self { rows, columns, next }
    }
}

/// A word of a statement.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(String),
    Mark(&'static str),
}

const MARKS: [&str; 15] = ["<=", ">=", "<>", "!=", "::", "(", ")", ",", "=", "<", ">", "*", "+", "-", "."];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let (mut out, mut rest) = (Vec::new(), text);
    loop {
        rest = rest.trim_start();
        let Some(c) = rest.chars().next() else { return Some(out) };
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, r)| r);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, r)| r);
        } else if matches!(c, '\'' | '"' | '`') {
            let (mut word, mut chars) = (String::new(), rest[1..].char_indices().peekable());
            let end = loop {
                match chars.next()? {
                    (i, d) if d == c => {
                        if chars.peek().is_some_and(|(_, d)| *d == c) {
                            chars.next();
                            word.push(c);
                        } else {
                            break i;
                        }
                    }
                    (_, '\\') if c == '\'' => word.extend(chars.next().map(|(_, d)| d)),
                    (_, d) => word.push(d),
                }
            };
            out.push(if c == '\'' { Token::Text(word) } else { Token::Word(word) });
            rest = &rest[1 + end + 1..];
        } else if c.is_ascii_digit() {
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
            out.push(Token::Number(rest[..end].into()));
            rest = &rest[end..];
        } else if c.is_alphabetic() || c == '_' || c == '@' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || "_@$".contains(c))).unwrap_or(rest.len());
            out.push(Token::Word(rest[..end].into()));
            rest = &rest[end..];
        } else {
            let mark = MARKS.into_iter().find(|m| rest.starts_with(m))?;
            out.push(Token::Mark(mark));
            rest = &rest[mark.len()..];
        }
    }
}

/// Statements apart at semicolons outside of quotes.
pub(crate) fn split(text: &str) -> Vec<String> {
    let (mut all, mut one, mut quote) = (Vec::new(), String::new(), None);
    for c in text.chars() {
        match (quote, c) {
            (None, ';') => all.push(std::mem::take(&mut one)),
            (None, '\'' | '"' | '`') => {
                quote = Some(c);
                one.push(c);
            }
            (Some(q), c) => {
                if c == q {
                    quote = None;
                }
                one.push(c);
            }
            (None, c) => one.push(c),
        }
    }
    all.push(one);
    all.into_iter().map(|s| s.trim().to_string()).filter(|s| !s.is_empty()).collect()
}

struct Reader<'a> {
    all: &'a [Token],
    at: usize,
    dialect: Dialect,
    text: &'a str,
}

type Fallible<T> = Result<T, Answer>;

impl Reader<'_> {
    fn wrong(&self) -> Answer {
        let near = match self.all.get(self.at) {
            Some(Token::Word(w) | Token::Text(w) | Token::Number(w)) => w.clone(),
            Some(Token::Mark(m)) => (*m).to_string(),
            None => String::new(),
        };
        match self.dialect {
            Dialect::MySql => {
                let from = self.text.find(&near).filter(|_| !near.is_empty()).map_or("", |i| &self.text[i..]);
                Answer::Failed(
                    "1064 (42000)".into(),
                    format!(
                        "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near '{from}' at line 1"
                    ),
                )
            }
            Dialect::Postgres if near.is_empty() => {
                Answer::Failed(String::new(), "syntax error at end of input".into())
            }
            Dialect::Postgres => Answer::Failed(String::new(), format!("syntax error at or near \"{near}\"")),
        }
    }

    fn is(&mut self, word: &str) -> bool {
        let hit = match self.all.get(self.at) {
            Some(Token::Word(w)) => w.eq_ignore_ascii_case(word),
            Some(Token::Mark(m)) => *m == word,
            _ => false,
        };
        self.at += usize::from(hit);
        hit
    }

    fn are(&mut self, words: &[&str]) -> bool {
        let from = self.at;
        if words.iter().all(|w| self.is(w)) {
            return true;
        }
        self.at = from;
        false
    }

    fn need(&mut self, word: &str) -> Fallible<()> {
        if self.is(word) { Ok(()) } else { Err(self.wrong()) }
    }

    /// A name, a database before it left out.
    fn name(&mut self) -> Fallible<String> {
        let Some(Token::Word(w)) = self.all.get(self.at) else { return Err(self.wrong()) };
        let mut name = w.clone();
        self.at += 1;
        if self.is(".") {
            let Some(Token::Word(w)) = self.all.get(self.at) else { return Err(self.wrong()) };
            name.clone_from(w);
            self.at += 1;
        }
        Ok(if self.dialect == Dialect::Postgres { name.to_lowercase() } else { name })
    }

    fn end(&self) -> Fallible<()> {
        if self.at == self.all.len() { Ok(()) } else { Err(self.wrong()) }
    }

    /// A value: text, number, NULL, a function of nothing, or a column of `row`.
    fn value(&mut self, row: Option<(&Table, &[Option<String>])>, now: &str) -> Fallible<Option<String>> {
        let mut left = self.operand(row, now)?;
        loop {
            let sign = match () {
                () if self.is("+") => 1.0,
                () if self.is("-") => -1.0,
                () if self.is("*") => 0.0,
                () if self.is("::") => {
                    self.name()?;
                    continue;
                }
                () => return Ok(left),
            };
            let right = self.operand(row, now)?;
            let number = |v: &Option<String>| v.as_ref().and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
            let (a, b) = (number(&left), number(&right));
            let n = if sign == 0.0 { a * b } else { a + sign * b };
            left = Some(if n.fract() == 0.0 { format!("{n:.0}") } else { n.to_string() });
        }
    }

    fn operand(&mut self, row: Option<(&Table, &[Option<String>])>, now: &str) -> Fallible<Option<String>> {
        if self.is("-") {
            return Ok(self.operand(row, now)?.map(|v| format!("-{v}")));
        }
        match self.all.get(self.at) {
            Some(Token::Text(t) | Token::Number(t)) => {
                self.at += 1;
                Ok(Some(t.clone()))
            }
            Some(Token::Word(w)) => {
                let lower = w.to_lowercase();
                let constant = match lower.as_str() {
                    "null" | "default" => Some(None),
                    "true" => Some(Some("1".to_string())),
                    "false" => Some(Some("0".to_string())),
                    "now" | "current_timestamp" | "localtime" => Some(Some(now.to_string())),
                    "version" => Some(Some(match self.dialect {
                        Dialect::MySql => "8.4.3".into(),
                        Dialect::Postgres => "PostgreSQL 17.2 on x86_64-pc-linux-gnu".into(),
                    })),
                    "user" | "current_user" | "database" | "current_database" | "uuid"
                    | "gen_random_uuid" => Some(Some(String::new())),
                    "@@version" => Some(Some("8.4.3".into())),
                    "@@hostname" => Some(Some("localhost".into())),
                    _ => None,
                };
                if let Some(c) = constant {
                    self.at += 1;
                    if self.is("(") {
                        self.need(")")?;
                    }
                    return Ok(c);
                }
                let name = self.name()?;
                let Some((table, cells)) = row else { return Err(self.unknown_column(&name)) };
                match table.column(&name) {
                    Some(i) => Ok(cells.get(i).cloned().flatten()),
                    None => Err(self.unknown_column(&name)),
                }
            }
            _ => Err(self.wrong()),
        }
    }

    fn unknown_column(&self, name: &str) -> Answer {
        match self.dialect {
            Dialect::MySql => {
                Answer::Failed("1054 (42S22)".into(), format!("Unknown column '{name}' in 'field list'"))
            }
            Dialect::Postgres => Answer::Failed(String::new(), format!("column \"{name}\" does not exist")),
        }
    }

    /// `a = 1 AND b LIKE 'x%' OR ..`, from here to where it ends.
    fn condition(&mut self, table: &Table, row: &[Option<String>], now: &str, depth: u32) -> Fallible<bool> {
        if depth > 20 {
            return Err(self.wrong());
        }
        let mut any = false;
        loop {
            let mut all = true;
            loop {
                let one = if self.is("not") {
                    !self.term(table, row, now, depth)?
                } else {
                    self.term(table, row, now, depth)?
                };
                all &= one;
                if !self.is("and") {
                    break;
                }
            }
            any |= all;
            if !self.is("or") {
                return Ok(any);
            }
        }
    }

    fn term(&mut self, table: &Table, row: &[Option<String>], now: &str, depth: u32) -> Fallible<bool> {
        if self.is("(") {
            let inner = self.condition(table, row, now, depth + 1)?;
            self.need(")")?;
            return Ok(inner);
        }
        let left = self.value(Some((table, row)), now)?;
        if self.is("is") {
            let not = self.is("not");
            self.need("null")?;
            return Ok(left.is_none() != not);
        }
        let not = self.is("not");
        if self.is("like") || self.is("ilike") {
            let pattern = self.value(Some((table, row)), now)?.unwrap_or_default();
            let hit = like(&pattern.to_lowercase(), &left.unwrap_or_default().to_lowercase());
            return Ok(hit != not);
        }
        if self.is("in") {
            self.need("(")?;
            let mut hit = false;
            loop {
                let v = self.value(Some((table, row)), now)?;
                hit |= v.is_some() && v == left;
                if !self.is(",") {
                    break;
                }
            }
            self.need(")")?;
            return Ok(hit != not);
        }
        let Some(mark) = ["<=", ">=", "<>", "!=", "=", "<", ">"].into_iter().find(|m| self.is(m)) else {
            return Ok(left.is_some_and(|v| v != "0" && !v.is_empty()));
        };
        let right = self.value(Some((table, row)), now)?;
        let (Some(a), Some(b)) = (left, right) else { return Ok(false) };
        let order = compare(Some(&a), Some(&b));
        Ok(match mark {
            "=" => order.is_eq(),
            "<" => order.is_lt(),
            ">" => order.is_gt(),
            "<=" => order.is_le(),
            ">=" => order.is_ge(),
            _ => order.is_ne(),
        })
    }
}

/// `%` and `_`, by going back over the last `%`.
fn like(pattern: &str, text: &str) -> bool {
    let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut i, mut j, mut star) = (0, 0, None);
    while j < t.len() {
        if i < p.len() && p[i] == '%' {
            star = Some((i, j));
            i += 1;
        } else if i < p.len() && (p[i] == '_' || p[i] == t[j]) {
            i += 1;
            j += 1;
        } else if let Some((si, sj)) = star {
            i = si + 1;
            j = sj + 1;
            star = Some((si, sj + 1));
        } else {
            return false;
        }
    }
    p[i..].iter().all(|c| *c == '%')
}

fn compare(a: Option<&String>, b: Option<&String>) -> std::cmp::Ordering {
    match (a, b) {
        (Some(a), Some(b)) => match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => a.total_cmp(&b),
            _ => a.to_lowercase().cmp(&b.to_lowercase()),
        },
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

impl Table {
    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.0.eq_ignore_ascii_case(name))
    }
}

fn done(dialect: Dialect, tag: &str, rows: usize) -> Answer {
    let tag = match (dialect, tag) {
        (Dialect::Postgres, "INSERT") => format!("INSERT 0 {rows}"),
        (Dialect::Postgres, "UPDATE" | "DELETE") => format!("{tag} {rows}"),
        _ => tag.to_string(),
    };
    Answer::Done(tag, rows)
}

fn no_table(dialect: Dialect, database: &str, name: &str) -> Answer {
    match dialect {
        Dialect::MySql => {
            Answer::Failed("1146 (42S02)".into(), format!("Table '{database}.{name}' doesn't exist"))
        }
        Dialect::Postgres => Answer::Failed(String::new(), format!("relation \"{name}\" does not exist")),
    }
}

/// All databases of a server, for one statement. `current` may be empty.
pub(crate) fn run(
    all: &mut BTreeMap<String, Database>,
    current: &str,
    dialect: Dialect,
    text: &str,
    now: &str,
) -> Answer {
    let wrong = Answer::Failed(
        if dialect == Dialect::MySql { "1064 (42000)".into() } else { String::new() },
        "syntax error".into(),
    );
    if text.len() > STATEMENT_MAX {
        return wrong;
    }
    let Some(list) = tokens(text) else { return wrong };
    let mut r = Reader { all: &list, at: 0, dialect, text };
    statement(&mut r, all, current, now).unwrap_or_else(|answer| answer)
}

fn statement(
    r: &mut Reader<'_>,
    all: &mut BTreeMap<String, Database>,
    current: &str,
    now: &str,
) -> Fallible<Answer> {
    let d = r.dialect;
    let my = d == Dialect::MySql;
    let exists =
        |code: &str, text: String| Answer::Failed(if my { code.into() } else { String::new() }, text);
    if r.are(&["create", "database"]) || r.are(&["create", "schema"]) {
        let lenient = r.are(&["if", "not", "exists"]);
        let name = r.name()?;
        if all.contains_key(&name) && !lenient {
            return Err(if my {
                exists("1007 (HY000)", format!("Can't create database '{name}'; database exists"))
            } else {
                exists("", format!("database \"{name}\" already exists"))
            });
        }
        all.entry(name).or_default();
        return Ok(Answer::Done("CREATE DATABASE".into(), 1));
    }
    if r.are(&["drop", "database"]) {
        let lenient = r.are(&["if", "exists"]);
        let name = r.name()?;
        if all.remove(&name).is_none() && !lenient {
            return Err(if my {
                exists("1008 (HY000)", format!("Can't drop database '{name}'; database doesn't exist"))
            } else {
                exists("", format!("database \"{name}\" does not exist"))
            });
        }
        return Ok(Answer::Done("DROP DATABASE".into(), 0));
    }
    if r.are(&["show", "databases"]) {
        let builtin = ["information_schema", "mysql", "performance_schema", "sys"];
        let mut names: Vec<String> = all.keys().cloned().chain(builtin.map(String::from)).collect();
        names.arrange();
        names.dedup();
        return Ok(Answer::Rows(vec!["Database".into()], names.into_iter().map(|n| vec![Some(n)]).collect()));
    }
    let harmless = [
        "set", "grant", "flush", "begin", "commit", "rollback", "start", "analyze", "vacuum", "lock",
        "unlock", "revoke",
    ];
    if let Some(word) = harmless.into_iter().find(|w| r.is(w)) {
        return Ok(Answer::Done(word.to_uppercase(), 0));
    }
    if r.are(&["create", "user"])
        || r.are(&["create", "role"])
        || r.are(&["alter", "user"])
        || r.are(&["create", "extension"])
        || r.are(&["create", "index"])
        || r.are(&["create", "unique", "index"])
    {
        return Ok(Answer::Done(format!("CREATE {}", if my { "USER" } else { "ROLE" }), 0));
    }
    if r.is("select") {
        return select(r, all.get(current), current, now);
    }
    let Some(db) = all.get_mut(current) else {
        return Err(if current.is_empty() {
            Answer::Failed("1046 (3D000)".into(), "No database selected".into())
        } else {
            Answer::Failed(
                if my { "1049 (42000)".into() } else { String::new() },
                format!("Unknown database '{current}'"),
            )
        });
    };
    if r.are(&["show", "tables"]) || r.are(&["show", "full", "tables"]) {
        let rows = db.tables.keys().map(|n| vec![Some(n.clone())]).collect();
        return Ok(Answer::Rows(vec![format!("Tables_in_{current}")], rows));
    }
    if r.is("describe") || r.is("desc") || r.are(&["show", "columns", "from"]) {
        let name = r.name()?;
        let table = db.tables.get(&name).ok_or_else(|| no_table(d, current, &name))?;
        let rows = table.columns.iter().map(|(n, t, auto)| {
            let text = |t: &str| Some(t.to_string());
            vec![
                text(n),
                text(t),
                text(if *auto { "NO" } else { "YES" }),
                text(if *auto { "PRI" } else { "" }),
                None,
                text(if *auto { "auto_increment" } else { "" }),
            ]
        });
        let head = ["Field", "Type", "Null", "Key", "Default", "Extra"];
        return Ok(Answer::Rows(head.map(String::from).to_vec(), rows.collect()));
    }
    if r.are(&["create", "table"]) {
        let lenient = r.are(&["if", "not", "exists"]);
        let name = r.name()?;
        if db.tables.contains_key(&name) {
            return if lenient {
                Ok(Answer::Done("CREATE TABLE".into(), 0))
            } else if my {
                Err(exists("1050 (42S01)", format!("Table '{name}' already exists")))
            } else {
                Err(exists("", format!("relation \"{name}\" already exists")))
            };
        }
        let table = columns(r)?;
        db.tables.insert(name, table);
        return Ok(Answer::Done("CREATE TABLE".into(), 0));
    }
    if r.are(&["drop", "table"]) {
        let lenient = r.are(&["if", "exists"]);
        let name = r.name()?;
        if db.tables.remove(&name).is_none() && !lenient {
            return Err(if my {
                Answer::Failed("1051 (42S02)".into(), format!("Unknown table '{current}.{name}'"))
            } else {
                Answer::Failed(String::new(), format!("table \"{name}\" does not exist"))
            });
        }
        return Ok(Answer::Done("DROP TABLE".into(), 0));
    }
    if r.are(&["alter", "table"]) {
        let name = r.name()?;
        let table = db.tables.get_mut(&name).ok_or_else(|| no_table(d, current, &name))?;
        if !r.is("add") {
            return Err(r.wrong());
        }
        r.is("column");
        let column = r.name()?;
        let kind = r.name().unwrap_or_else(|_| "text".into());
        table.columns.push((column, kind, false));
        for row in &mut table.rows {
            row.push(None);
        }
        return Ok(Answer::Done("ALTER TABLE".into(), 0));
    }
    if r.are(&["insert", "into"]) || r.are(&["insert", "ignore", "into"]) || r.are(&["replace", "into"]) {
        return insert(r, db, current, now);
    }
    if r.are(&["truncate", "table"]) || r.is("truncate") {
        let name = r.name()?;
        let table = db.tables.get_mut(&name).ok_or_else(|| no_table(d, current, &name))?;
        table.rows.clear();
        return Ok(Answer::Done("TRUNCATE TABLE".into(), 0));
    }
    if r.are(&["delete", "from"]) {
        let name = r.name()?;
        let table = db.tables.get_mut(&name).ok_or_else(|| no_table(d, current, &name))?;
        let hits = matching(r, table, now)?;
        r.end()?;
        let before = table.rows.len();
        let mut i = 0;
        table.rows.retain(|_| {
            i += 1;
            !hits[i - 1]
        });
        return Ok(done(d, "DELETE", before - table.rows.len()));
    }
    if r.is("update") {
        return update(r, db, current, now);
    }
    Err(r.wrong())
}

/// `(id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), ..)`
fn columns(r: &mut Reader<'_>) -> Fallible<Table> {
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

fn insert(r: &mut Reader<'_>, db: &mut Database, current: &str, now: &str) -> Fallible<Answer> {
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
fn matching(r: &mut Reader<'_>, table: &Table, now: &str) -> Fallible<Vec<bool>> {
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

fn update(r: &mut Reader<'_>, db: &mut Database, current: &str, now: &str) -> Fallible<Answer> {
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

/// One thing selected.
enum Wanted {
    Column(usize),
    /// A function over all rows and its column (`None`: `*`).
    Over(String, Option<usize>),
    Value(Option<String>),
}

fn select(r: &mut Reader<'_>, db: Option<&Database>, current: &str, now: &str) -> Fallible<Answer> {
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

fn over(f: &str, column: Option<usize>, rows: &[&Vec<Option<String>>]) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(all: &mut BTreeMap<String, Database>, text: &str) -> String {
        match run(all, "shop", Dialect::MySql, text, "2026-01-01 00:00:00") {
            Answer::Rows(h, r) => {
                let cell = |c: &Option<String>| c.clone().unwrap_or("NULL".into());
                let lines: Vec<String> =
                    r.iter().map(|r| r.iter().map(cell).collect::<Vec<_>>().join(",")).collect();
                format!("{}|{}", h.join(","), lines.join(";"))
            }
            Answer::Done(_, n) => format!("ok {n}"),
            Answer::Failed(c, t) => format!("{c} {t}"),
        }
    }

    #[test]
    fn rows_are_kept_and_found() {
        let mut all = BTreeMap::new();
        for (text, want) in [
            ("create database shop", "ok 1"),
            (
                "CREATE TABLE fruit (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL, n INT DEFAULT 0)",
                "ok 0",
            ),
            ("INSERT INTO fruit (name, n) VALUES ('apple', 3), ('pear', 10), ('it''s', NULL)", "ok 3"),
            ("SELECT * FROM fruit", "id,name,n|1,apple,3;2,pear,10;3,it's,NULL"),
            ("select name from fruit where n > 2 and name like '%a%' order by n desc limit 1", "name|pear"),
            ("select count(*), max(n) from fruit", "COUNT(*),MAX(n)|3,10"),
            ("update fruit set n = n + 1 where name = 'apple'", "ok 1"),
            ("select n from fruit where id in (1, 9)", "n|4"),
            ("delete from fruit where n is null", "ok 1"),
            ("show tables", "Tables_in_shop|fruit"),
            ("select 1 + 1", "1+1|2"),
            ("select * from nope", "1146 (42S02) Table 'shop.nope' doesn't exist"),
            ("select x from fruit", "1054 (42S22) Unknown column 'x' in 'field list'"),
            (
                "selec 1",
                "1064 (42000) You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near 'selec 1' at line 1",
            ),
        ] {
            assert_eq!(rows(&mut all, text), want, "{text}");
        }
        let table = &all["shop"].tables["fruit"];
        assert_eq!(&Table::from_file(&table.to_file()), table);
    }
}
