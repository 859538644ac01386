//! SELECT: rows of tables joined, chosen, grouped and put in order.

use ordered::BTreeMap;
use ordered::Sort as _;

use super::expr::{self, Expr, Scope, Work, is_true};
use super::read::{Fallible, Reader, Token, compare};
use super::{Answer, Cell, Database, Dialect, ROWS_MAX, State, no_table, system};

/// What a statement reads from.
pub(super) type All = State;

/// Rows of a join before any is left out.
const JOINED_MAX: usize = 200_000;

/// The columns in sight, and rows of them.
type Source = (Vec<(String, String)>, Vec<Vec<Cell>>);

/// Rows with their heading.
type Rows = (Vec<String>, Vec<Vec<Cell>>);

pub(super) fn select(r: &mut Reader<'_>, all: &All) -> Fallible<Answer> {
    let (heads, rows) = union(r, all)?;
    r.end()?;
    Ok(Answer::Rows(heads, rows))
}

/// A SELECT inside a statement, up to where it ends.
pub(super) fn inner(r: &mut Reader<'_>, all: &All) -> Fallible<Rows> {
    r.enter()?;
    let rows = union(r, all)?;
    r.depth -= 1;
    Ok(rows)
}

fn union(r: &mut Reader<'_>, all: &All) -> Fallible<Rows> {
    r.need("select")?;
    let (heads, mut rows) = one(r, all)?;
    while r.is("union") {
        let every = r.is("all");
        r.need("select")?;
        for row in one(r, all)?.1 {
            if every || !rows.contains(&row) {
                rows.push(row);
            }
        }
    }
    Ok((heads, rows))
}

/// The words that end the list of what is selected, and what is read from.
const CLAUSES: [&str; 14] = [
    "from", "where", "group", "having", "order", "limit", "offset", "union", "into", "on", "join", "left",
    "inner", "cross",
];

/// Where the FROM of the SELECT at hand stands.
fn from_of(r: &Reader<'_>) -> Option<usize> {
    let mut depth = 0;
    for (i, (token, ..)) in r.all.iter().enumerate().skip(r.at) {
        match token {
            Token::Mark("(") => depth += 1,
            Token::Mark(")") if depth == 0 => return None,
            Token::Mark(")") => depth -= 1,
            Token::Word(w) if depth == 0 && w.eq_ignore_ascii_case("union") => return None,
            Token::Word(w) if depth == 0 && w.eq_ignore_ascii_case("from") => return Some(i),
            _ => {}
        }
    }
    None
}

/// One table and what it is called here.
fn table(r: &mut Reader<'_>, all: &All) -> Fallible<Source> {
    let (mut alias, heads, rows) = if r.is("(") {
        let (heads, rows) = inner(r, all)?;
        r.need(")")?;
        (String::new(), heads, rows)
    } else {
        let (database, name) = r.path()?;
        let s = r.session;
        if name.eq_ignore_ascii_case("generate_series") && r.is("(") {
            let mut ends = Vec::new();
            while let Some(Token::Number(n)) = r.peek() {
                ends.push(n.parse::<i64>().unwrap_or(0));
                r.at += 1;
                r.is(",");
            }
            r.need(")")?;
            let (a, b) = (ends.first().copied().unwrap_or(1), ends.get(1).copied().unwrap_or(0));
            let rows = (a..=b).take(ROWS_MAX).map(|n| vec![Some(n.to_string())]).collect();
            (name.clone(), vec![name], rows)
        } else if let Some((heads, rows)) = system::table(database.as_deref(), &name, all, s) {
            (name, heads.iter().map(|h| (*h).to_string()).collect(), rows)
        } else {
            let current = match database.filter(|d| r.is_mysql() || d != "public") {
                Some(d) => d,
                None => s.database.clone(),
            };
            let found = database_of(all, &current, r)?.tables.get(&name);
            let found = found.ok_or_else(|| no_table(s.dialect, &current, &name))?;
            (name, found.columns.iter().map(|c| c.name.clone()).collect(), found.rows.clone())
        }
    };
    let as_word = r.is("as");
    let clause = matches!(r.peek(), Some(Token::Word(w)) if CLAUSES.iter().chain(&["right", "full", "natural", "using", "for"]).any(|c| w.eq_ignore_ascii_case(c)));
    if as_word || (!clause && matches!(r.peek(), Some(Token::Word(_) | Token::Name(_)))) {
        alias = r.name()?;
    }
    Ok((heads.into_iter().map(|h| (alias.clone(), h)).collect(), rows))
}

pub(super) fn database_of<'a>(all: &'a All, name: &str, r: &Reader<'_>) -> Fallible<&'a Database> {
    all.databases.get(name).ok_or_else(|| no_database(r.dialect(), name))
}

pub(super) fn no_database(dialect: Dialect, name: &str) -> Answer {
    match dialect {
        Dialect::MySql if name.is_empty() => {
            Answer::Failed("1046 (3D000)".into(), "No database selected".into())
        }
        Dialect::MySql => Answer::Failed("1049 (42000)".into(), format!("Unknown database '{name}'")),
        Dialect::Postgres => Answer::Failed(String::new(), format!("schema \"{name}\" does not exist")),
    }
}

/// The tables after FROM, joined.
fn joined(r: &mut Reader<'_>, all: &All) -> Fallible<Source> {
    let (mut scope, mut rows) = table(r, all)?;
    loop {
        let left = r.are(&["left", "outer", "join"]) || r.are(&["left", "join"]);
        let plain =
            !left && (r.is(",") || r.are(&["inner", "join"]) || r.are(&["cross", "join"]) || r.is("join"));
        if !left && !plain {
            return Ok((scope, rows));
        }
        let (more, others) = table(r, all)?;
        let old = scope.len();
        scope.extend(more);
        let on = if r.is("on") {
            Some(expr::read(r, &scope, all)?)
        } else if r.is("using") {
            r.need("(")?;
            let name = r.name()?;
            r.need(")")?;
            let a = expr::column(r, &scope[..old], None, &name)?;
            let b = old + expr::column(r, &scope[old..], None, &name)?;
            Some(Expr::Two("=", Box::new(Expr::Column(a)), Box::new(Expr::Column(b))))
        } else {
            None
        };
        if rows.len().saturating_mul(others.len()) > JOINED_MAX {
            return Err(Answer::Failed(
                if r.is_mysql() { "1104 (42000)".into() } else { String::new() },
                "The SELECT would examine more rows than this server takes".into(),
            ));
        }
        let mut out = Vec::new();
        for row in &rows {
            let mut met = false;
            for other in &others {
                let whole: Vec<Cell> = row.iter().chain(other).cloned().collect();
                let w = Work { session: r.session, row: &whole, group: &[] };
                if on.as_ref().map_or(Ok(true), |e| e.work(&w).map(|v| is_true(&v)))? {
                    met = true;
                    out.push(whole);
                }
            }
            if left && !met {
                let mut whole = row.clone();
                whole.resize(scope.len(), None);
                out.push(whole);
            }
        }
        rows = out;
    }
}

/// What is selected: an expression and its heading.
struct Wanted {
    expr: Expr,
    head: String,
}

fn wanted(r: &mut Reader<'_>, scope: &Scope, all: &All) -> Fallible<Vec<Wanted>> {
    let mut out = Vec::new();
    loop {
        let star_of = match (r.peek(), r.all.get(r.at + 1), r.all.get(r.at + 2)) {
            (Some(Token::Word(w)), Some((Token::Mark("."), ..)), Some((Token::Mark("*"), ..))) => {
                Some(w.clone())
            }
            _ => None,
        };
        if r.is("*") || star_of.is_some() {
            r.at += if star_of.is_some() { 3 } else { 0 };
            for (i, (table, name)) in scope.iter().enumerate() {
                if star_of.as_ref().is_none_or(|w| w.eq_ignore_ascii_case(table)) {
                    out.push(Wanted { expr: Expr::Column(i), head: name.clone() });
                }
            }
        } else {
            let at = r.at;
            let expr = expr::read(r, scope, all)?;
            let mut head = heading(r, &expr, at, scope);
            let clause =
                matches!(r.peek(), Some(Token::Word(w)) if CLAUSES.iter().any(|c| w.eq_ignore_ascii_case(c)));
            if r.is("as") {
                head = match r.peek() {
                    Some(Token::Text(t)) => {
                        let t = t.clone();
                        r.at += 1;
                        t
                    }
                    _ => r.name()?,
                };
            } else if !clause && matches!(r.peek(), Some(Token::Word(_) | Token::Name(_))) {
                head = r.name()?;
            }
            out.push(Wanted { expr, head });
        }
        if !r.is(",") {
            return Ok(out);
        }
    }
}

/// The heading of an expression that has no name given.
fn heading(r: &Reader<'_>, expr: &Expr, at: usize, scope: &Scope) -> String {
    if let Expr::Column(i) = expr {
        // MySQL shows a column's name as it was asked for.
        return match r.all.get(r.at.wrapping_sub(1)) {
            Some((Token::Word(w) | Token::Name(w), ..)) if r.is_mysql() => w.clone(),
            _ => scope[*i].1.clone(),
        };
    }
    if r.is_mysql() {
        return match (r.all.get(at), r.at == at + 1) {
            (Some((Token::Text(t), ..)), true) => t.clone(),
            _ => r.source(at, r.at).to_string(),
        };
    }
    match expr {
        Expr::Call(name, _) if !name.starts_with("::") => name.clone(),
        Expr::Call(name, args) => match args.first() {
            Some(Expr::Call(inner, _)) if !inner.starts_with("::") => inner.clone(),
            _ => name.trim_start_matches(':').into(),
        },
        Expr::Over(name, ..) => name.clone(),
        Expr::Case(..) => "case".into(),
        Expr::Value(Some(v)) if matches!(v.as_str(), "t" | "f") => "bool".into(),
        _ => "?column?".into(),
    }
}

fn one(r: &mut Reader<'_>, all: &All) -> Fallible<Rows> {
    let distinct = r.is("distinct");
    r.is("all");
    // The tables first: what is selected is read with their columns in sight.
    let start = r.at;
    let from = from_of(r);
    let (mut scope, mut rows, mut tail) = (Vec::new(), vec![Vec::new()], 0);
    if let Some(i) = from {
        r.at = i + 1;
        if !r.is("dual") {
            (scope, rows) = joined(r, all)?;
        }
        tail = r.at;
        r.at = start;
    }
    let list = wanted(r, &scope, all)?;
    if let Some(i) = from {
        if r.at != i {
            return Err(r.wrong());
        }
        r.at = tail;
    }
    let session = r.session;
    if r.is("where") {
        let condition = expr::read(r, &scope, all)?;
        // Once over no row at all, so that a wrong condition is refused in an empty table too.
        condition.work(&Work { session, row: &[], group: &[] })?;
        let mut kept = Vec::new();
        for row in rows {
            if is_true(&condition.work(&Work { session, row: &row, group: &[] })?) {
                kept.push(row);
            }
        }
        rows = kept;
    }
    let mut by = Vec::new();
    if r.are(&["group", "by"]) {
        loop {
            by.push(named(r, &list, &scope, all)?);
            if !r.is(",") {
                break;
            }
        }
    }
    let having = if r.is("having") { Some(expr::read(r, &scope, all)?) } else { None };
    let mut order = Vec::new();
    if r.are(&["order", "by"]) {
        loop {
            let e = named(r, &list, &scope, all)?;
            let down = r.is("desc");
            if !down {
                r.is("asc");
            }
            if r.is("nulls") {
                r.one_of(&["first", "last"]);
            }
            order.push((e, down));
            if !r.is(",") {
                break;
            }
        }
    }
    let (skip, take) = limits(r)?;
    r.are(&["for", "update"]);

    let grouped = !by.is_empty() || having.is_some() || list.iter().any(|w| w.expr.is_over());
    let groups: Vec<Vec<Vec<Cell>>> = if !grouped {
        rows.into_iter().map(|row| vec![row]).collect()
    } else if by.is_empty() {
        vec![rows]
    } else {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut groups: Vec<Vec<Vec<Cell>>> = Vec::new();
        for row in rows {
            let w = Work { session, row: &row, group: &[] };
            let key = by.iter().map(|e| e.work(&w)).collect::<Fallible<Vec<Cell>>>()?;
            let key: String =
                key.iter().map(|c| c.as_ref().map_or("\0N".into(), |t| format!("{t}\u{1}"))).collect();
            let next = groups.len();
            let at = *places.entry(key).or_insert(next);
            if at == next {
                groups.push(Vec::new());
            }
            groups[at].push(row);
        }
        groups
    };
    let nothing = Vec::new();
    let mut out: Vec<(Vec<Cell>, Vec<Cell>)> = Vec::new();
    for group in &groups {
        let w = Work { session, row: group.first().unwrap_or(&nothing), group };
        if let Some(h) = &having
            && !is_true(&h.work(&w)?)
        {
            continue;
        }
        let cells = list.iter().map(|c| c.expr.work(&w)).collect::<Fallible<Vec<Cell>>>()?;
        let keys = order.iter().map(|(e, _)| e.work(&w)).collect::<Fallible<Vec<Cell>>>()?;
        if !distinct || !out.iter().any(|(c, _)| *c == cells) {
            out.push((cells, keys));
        }
    }
    out.arrange_by(|a, b| {
        let orders = order.iter().enumerate().map(|(i, (_, down))| {
            let o = compare(a.1[i].as_ref(), b.1[i].as_ref());
            if *down { o.reverse() } else { o }
        });
        orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    let rows = out.into_iter().map(|(cells, _)| cells).skip(skip).take(take).collect();
    Ok((list.into_iter().map(|w| w.head).collect(), rows))
}

/// An expression of GROUP BY or ORDER BY: a number or a heading stands for what is selected.
fn named(r: &mut Reader<'_>, list: &[Wanted], scope: &Scope, all: &All) -> Fallible<Expr> {
    let alone = matches!(
        r.all.get(r.at + 1).map(|t| &t.0),
        None | Some(Token::Mark("," | ")")) | Some(Token::Word(_))
    );
    let hit = match r.peek() {
        Some(Token::Number(n)) if alone => n.parse::<usize>().ok().and_then(|n| list.get(n.wrapping_sub(1))),
        Some(Token::Word(w) | Token::Name(w)) if alone => {
            list.iter().find(|l| l.head.eq_ignore_ascii_case(w))
        }
        _ => None,
    };
    if let Some(found) = hit {
        r.at += 1;
        return Ok(found.expr.clone());
    }
    expr::read(r, scope, all)
}

fn limits(r: &mut Reader<'_>) -> Fallible<(usize, usize)> {
    let number = |r: &mut Reader<'_>| match r.peek() {
        Some(Token::Number(n)) => {
            let n = n.parse::<usize>().map_err(|_| r.wrong());
            r.at += 1;
            n
        }
        Some(Token::Word(w)) if w.eq_ignore_ascii_case("all") => {
            r.at += 1;
            Ok(usize::MAX)
        }
        _ => Err(r.wrong()),
    };
    let (mut skip, mut take) = (0, usize::MAX);
    loop {
        if r.is("limit") {
            take = number(r)?;
            if r.is(",") {
                (skip, take) = (take, number(r)?);
            }
        } else if r.is("offset") {
            skip = number(r)?;
        } else {
            return Ok((skip, take));
        }
    }
}
