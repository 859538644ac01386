//! A small SQL database over files: what MySQL, MariaDB and PostgreSQL servers keep their rows with.
//!
//! Owns: statements, rows and their file form. Does not own: the connection (database.rs), how a client prints.
//! Statements: CREATE, DROP and ALTER of databases, tables and users, INSERT, REPLACE, SELECT (joins, conditions, groups, order,
//! limits, inner SELECTs that ask nothing of the outer), UPDATE, DELETE, TRUNCATE, SHOW, DESCRIBE, EXPLAIN, and what changes
//! nothing here (SET, BEGIN, COMMIT ..). Not modelled: transactions, foreign keys, indexes beyond what is unique, views,
//! windows, what an account may do; the rest is refused as a syntax error.

mod alter;
mod expr;
mod functions;
mod read;
mod select;
mod system;
mod write;

use read::{Fallible, Reader, Token, tokens};
pub(crate) use read::{VERTICAL, first, split};
use select::{no_database, select};

use ordered::BTreeMap;

/// Which server's words are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    MySql,
    Postgres,
}

/// Rows one table keeps, and bytes of one statement.
const ROWS_MAX: usize = 10_000;
const STATEMENT_MAX: usize = 64 << 10;

/// A value; `None` is NULL.
pub(crate) type Cell = Option<String>;

/// Who asks, whom, and when.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) dialect: Dialect,
    pub(crate) is_mariadb: bool,
    pub(crate) user: String,
    /// May be empty.
    pub(crate) database: String,
    pub(crate) now: String,
    /// `now` since 1970.
    pub(crate) seconds: i64,
    /// `8.0.40`
    pub(crate) version: String,
    /// What `version()` gives.
    pub(crate) banner: String,
    /// `MySQL`, `MariaDB`: whose manual errors point to.
    pub(crate) product: String,
    pub(crate) comment: String,
    pub(crate) host: String,
    /// A random number for this statement.
    pub(crate) draw: u64,
    pub(crate) statement: String,
}

/// What a statement gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A tag (`INSERT 0 1`) and how many rows were touched.
    Done(String, usize),
    Rows(Vec<String>, Vec<Vec<Cell>>),
    /// Rows that were changed, and the tag.
    Returned(Vec<String>, Vec<Vec<Cell>>, String),
    /// MySQL's code and state (empty for PostgreSQL), and the message.
    Failed(String, String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Column {
    name: String,
    kind: String,
    /// Counts by itself.
    auto: bool,
    not_null: bool,
    /// `PRI`, `UNI`, `MUL` or nothing.
    key: &'static str,
    /// `now()` stands for the instant.
    default: Cell,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    next: i64,
}

/// One database: its tables by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) tables: BTreeMap<String, Table>,
}

/// All a server keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) databases: BTreeMap<String, Database>,
    /// Passwords by user.
    pub(crate) accounts: BTreeMap<String, String>,
    /// The user there was first.
    pub(crate) owner: String,
    /// What users were granted: `ALL PRIVILEGES ON shop.*`.
    pub(crate) grants: Vec<(String, String)>,
}

const KEYS: [&str; 4] = ["", "PRI", "UNI", "MUL"];

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

impl Column {
    fn to_text(&self) -> String {
        let [auto, not_null] = [self.auto, self.not_null].map(u8::from);
        let default = self.default.as_ref().map_or("\\N".into(), |d| escape(d));
        format!(
            "{}\u{1f}{}\u{1f}{auto}\u{1f}{not_null}\u{1f}{}\u{1f}{default}",
            escape(&self.name),
            self.kind,
            self.key
        )
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split('\u{1f}');
        Some(Self {
            name: unescape(parts.next()?),
            kind: parts.next()?.to_string(),
            auto: parts.next()? == "1",
            not_null: parts.next()? == "1",
            key: parts.next().and_then(|k| KEYS.into_iter().find(|known| *known == k))?,
            default: parts.next().filter(|d| *d != "\\N").map(unescape),
        })
    }
}

impl Table {
    /// As its file holds it: columns, the next number, rows.
    pub(crate) fn to_file(&self) -> String {
        let head: Vec<String> = self.columns.iter().map(Column::to_text).collect();
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
        let columns: Vec<Column> =
            lines.next().unwrap_or_default().split('\t').filter_map(Column::from_text).collect();
        let next = lines.next().and_then(|n| n.parse().ok()).unwrap_or(1);
        let cell = |c: &str| if c == "\\N" { None } else { Some(unescape(c)) };
        let rows = lines.map(|l| {
            let mut row: Vec<Cell> = l.split('\t').map(cell).collect();
            row.resize(columns.len(), None);
            row
        });
        let rows = rows.take(ROWS_MAX).collect();
        Self { rows, columns, next }
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name.eq_ignore_ascii_case(name))
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

/// Runs one statement over all a server keeps.
pub(crate) fn run(all: &mut State, session: &Session) -> Answer {
    let text = session.statement.as_str();
    let wrong = Answer::Failed(
        if session.dialect == Dialect::MySql { "1064 (42000)".into() } else { String::new() },
        "syntax error".into(),
    );
    if session.dialect == Dialect::Postgres && text.starts_with('\\') {
        return system::psql(text, all, session);
    }
    if text.len() > STATEMENT_MAX {
        return wrong;
    }
    let Some(list) = tokens(text, session.dialect) else { return wrong };
    let mut r = Reader { all: &list, at: 0, text, session, depth: 0, signs: 0 };
    statement(&mut r, all).unwrap_or_else(|answer| answer)
}

/// Statements that are taken, and change nothing here.
const HARMLESS: [&str; 15] = [
    "set",
    "flush",
    "begin",
    "commit",
    "rollback",
    "start",
    "vacuum",
    "lock",
    "unlock",
    "checkpoint",
    "end",
    "optimize",
    "reset",
    "comment",
    "discard",
];

fn statement(r: &mut Reader<'_>, all: &mut State) -> Fallible<Answer> {
    let d = r.dialect();
    let my = d == Dialect::MySql;
    if r.comes(&["select"]) {
        return select(r, all);
    }
    if r.is("(") {
        let (heads, rows) = select::inner(r, all)?;
        r.need(")")?;
        r.end()?;
        return Ok(Answer::Rows(heads, rows));
    }
    if let Some(word) = HARMLESS.into_iter().find(|w| r.is(w)) {
        let tag = if word == "start" { "START TRANSACTION".into() } else { word.to_uppercase() };
        return Ok(Answer::Done(tag, 0));
    }
    if r.is("show") {
        let answer = system::show(r, all)?;
        r.end()?;
        return Ok(answer);
    }
    if my && (r.is("describe") || r.is("desc")) || r.is("explain") {
        r.is("analyze");
        if my && let Some(answer) = system::described(r, all)? {
            return Ok(answer);
        }
        return explained(r, all);
    }
    if r.is("create") || r.is("drop") || r.is("alter") || r.is("rename") {
        let verb = match &r.all[r.at - 1].0 {
            Token::Word(w) => w.to_lowercase(),
            _ => String::new(),
        };
        return match verb.as_str() {
            "create" => alter::create(r, all),
            "drop" => alter::drop(r, all),
            _ => alter::alter(r, all),
        };
    }
    if r.is("grant") || r.is("revoke") {
        return alter::grant(r, all);
    }
    if r.is("insert") || r.is("replace") {
        let replace = matches!(&r.all[r.at - 1].0, Token::Word(w) if w.eq_ignore_ascii_case("replace"));
        let ignore = r.is("ignore");
        return write::insert(r, all, replace, ignore);
    }
    if r.is("truncate") {
        r.is("table");
        let (_, table) = write::named(r, all)?;
        table.rows.clear();
        if my {
            table.next = 1;
        }
        return Ok(Answer::Done("TRUNCATE TABLE".into(), 0));
    }
    if r.are(&["delete", "from"]) {
        return write::delete(r, all);
    }
    if r.is("update") {
        return write::update(r, all);
    }
    if r.is("use") && my {
        let name = r.name()?;
        return if all.databases.contains_key(&name) {
            Ok(Answer::Done("USE".into(), 0))
        } else {
            Err(no_database(d, &name))
        };
    }
    if r.is("analyze") {
        return Ok(Answer::Done("ANALYZE".into(), 0));
    }
    Err(r.wrong())
}

/// What EXPLAIN tells of a statement: that its table is read from one end to the other.
fn explained(r: &mut Reader<'_>, all: &mut State) -> Fallible<Answer> {
    let from = r.at;
    let answer = statement(r, &mut all.clone())?;
    let rows = match &answer {
        Answer::Rows(_, rows) => rows.len(),
        Answer::Done(_, n) => *n,
        _ => 0,
    };
    let words = r.all[from..].windows(2).find_map(|w| match (&w[0].0, &w[1].0) {
        (Token::Word(a), Token::Word(b) | Token::Name(b))
            if ["from", "update", "into"].contains(&a.to_lowercase().as_str()) =>
        {
            Some(b.clone())
        }
        _ => None,
    });
    let table = words.unwrap_or_default();
    if r.dialect() == Dialect::Postgres {
        let cost = 1.0 + rows as f64 / 100.0;
        let line = if table.is_empty() {
            "Result  (cost=0.00..0.01 rows=1 width=4)".to_string()
        } else {
            format!("Seq Scan on {table}  (cost=0.00..{cost:.2} rows={rows} width=36)")
        };
        return Ok(Answer::Rows(vec!["QUERY PLAN".into()], vec![vec![Some(line)]]));
    }
    let heads = [
        "id",
        "select_type",
        "table",
        "partitions",
        "type",
        "possible_keys",
        "key",
        "key_len",
        "ref",
        "rows",
        "filtered",
        "Extra",
    ];
    let text = |t: &str| Some(t.to_string());
    let row = vec![
        text("1"),
        text("SIMPLE"),
        Some(table).filter(|t| !t.is_empty()),
        None,
        text("ALL"),
        None,
        None,
        None,
        None,
        Some(rows.max(1).to_string()),
        text("100.00"),
        None,
    ];
    Ok(Answer::Rows(heads.map(String::from).to_vec(), vec![row]))
}

#[cfg(test)]
mod tests;
