//! Expressions: read once over the columns in sight, then worked out row by row.

use super::read::{Fallible, Reader, Token, compare, like};
use super::select::{self, All};
use super::{Answer, Cell, Dialect, Session, functions};

/// A column in sight: the table's name here, and its own.
pub(super) type Scope = [(String, String)];

#[derive(Clone, Debug)]
pub(super) enum Expr {
    Value(Cell),
    Column(usize),
    Not(Box<Expr>),
    Two(&'static str, Box<Expr>, Box<Expr>),
    IsNull(Box<Expr>, bool),
    Among(Box<Expr>, Vec<Expr>, bool),
    Between(Box<Expr>, Box<Expr>, Box<Expr>, bool),
    Case(Option<Box<Expr>>, Vec<(Expr, Expr)>, Option<Box<Expr>>),
    Call(String, Vec<Expr>),
    /// A function over a group's rows; `None`: `*`. With what goes between values.
    Over(String, Option<Box<Expr>>, bool, String),
}

/// What a row is worked out with.
pub(super) struct Work<'a> {
    pub(super) session: &'a Session,
    pub(super) row: &'a [Cell],
    /// The rows of the group.
    pub(super) group: &'a [Vec<Cell>],
}

pub(super) fn is_true(cell: &Cell) -> bool {
    match cell.as_deref() {
        None | Some("" | "f" | "false") => false,
        Some(t) => t.parse::<f64>().map_or(matches!(t, "t" | "true"), |n| n != 0.0),
    }
}

fn number(cell: &Cell) -> f64 {
    let text = cell.as_deref().unwrap_or("0").trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.".contains(c))).unwrap_or(text.len());
    text.parse().or_else(|_| text[..end].parse()).unwrap_or(0.0)
}

/// A number as the servers write it.
pub(super) fn written(n: f64) -> String {
    if n.fract() == 0.0 && n.abs() < 1e15 { format!("{n:.0}") } else { format!("{n}") }
}

impl Session {
    pub(super) fn truth(&self, truth: bool) -> Cell {
        let text = match (self.dialect, truth) {
            (Dialect::MySql, true) => "1",
            (Dialect::MySql, false) => "0",
            (Dialect::Postgres, true) => "t",
            (Dialect::Postgres, false) => "f",
        };
        Some(text.into())
    }
}

impl Expr {
    /// Whether it is worked out over a group.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Over(..) => true,
            Self::Value(_) | Self::Column(_) => false,
            Self::Not(a) | Self::IsNull(a, _) => a.is_over(),
            Self::Two(_, a, b) => a.is_over() || b.is_over(),
            Self::Between(a, b, c, _) => a.is_over() || b.is_over() || c.is_over(),
            Self::Among(a, list, _) => a.is_over() || list.iter().any(Self::is_over),
            Self::Call(_, list) => list.iter().any(Self::is_over),
            Self::Case(a, arms, other) => {
                a.iter().chain(other).any(|e| e.is_over())
                    || arms.iter().any(|(a, b)| a.is_over() || b.is_over())
            }
        }
    }

    pub(super) fn work(&self, w: &Work<'_>) -> Fallible<Cell> {
        Ok(match self {
            Self::Value(v) => v.clone(),
            Self::Column(i) => w.row.get(*i).cloned().flatten(),
            Self::Not(e) => match e.work(w)? {
                None => None,
                v => w.session.truth(!is_true(&v)),
            },
            Self::IsNull(e, not) => w.session.truth(e.work(w)?.is_none() != *not),
            Self::Among(e, list, not) => {
                let Some(v) = e.work(w)? else { return Ok(None) };
                let mut hit = false;
                for one in list {
                    hit |= one.work(w)?.is_some_and(|o| compare(Some(&o), Some(&v)).is_eq());
                }
                w.session.truth(hit != *not)
            }
            Self::Between(e, low, high, not) => match (e.work(w)?, low.work(w)?, high.work(w)?) {
                (Some(v), Some(a), Some(b)) => {
                    let inside = compare(Some(&v), Some(&a)).is_ge() && compare(Some(&v), Some(&b)).is_le();
                    w.session.truth(inside != *not)
                }
                _ => None,
            },
            Self::Case(what, arms, other) => {
                let what = what.as_ref().map(|e| e.work(w)).transpose()?;
                for (when, then) in arms {
                    let v = when.work(w)?;
                    let hit = match &what {
                        Some(x) => x.is_some() && v.is_some() && compare(x.as_ref(), v.as_ref()).is_eq(),
                        None => is_true(&v),
                    };
                    if hit {
                        return then.work(w);
                    }
                }
                other.as_ref().map_or(Ok(None), |e| e.work(w))?
            }
            Self::Call(name, args) => {
                let args = args.iter().map(|a| a.work(w)).collect::<Fallible<Vec<Cell>>>()?;
                functions::call(name, &args, w.session)?
            }
            Self::Over(name, of, distinct, glue) => {
                let mut cells = Vec::new();
                for row in w.group {
                    let inner = Work { session: w.session, row, group: &[] };
                    match of {
                        None => cells.push(String::new()),
                        Some(e) => cells.extend(e.work(&inner)?),
                    }
                }
                if *distinct {
                    let mut seen: Vec<String> = Vec::new();
                    cells.retain(|c| {
                        let new = !seen.contains(c);
                        if new {
                            seen.push(c.clone());
                        }
                        new
                    });
                }
                functions::over(name, cells, glue, w.session.dialect)
            }
            Self::Two(op, a, b) => two(op, a, b, w)?,
        })
    }
}

fn two(op: &str, a: &Expr, b: &Expr, w: &Work<'_>) -> Fallible<Cell> {
    let left = a.work(w)?;
    if op == "and" && left.is_some() && !is_true(&left) {
        return Ok(w.session.truth(false));
    }
    if op == "or" && is_true(&left) {
        return Ok(w.session.truth(true));
    }
    let right = b.work(w)?;
    if op == "and" || op == "or" {
        let (x, y) = (is_true(&left), is_true(&right));
        return Ok(if op == "or" && y || op == "and" && x && y {
            w.session.truth(true)
        } else if left.is_none() || (right.is_none() && (op == "or" || x)) {
            None
        } else {
            w.session.truth(op == "and" && x && y)
        });
    }
    let (Some(l), Some(r)) = (&left, &right) else { return Ok(None) };
    let order = || compare(Some(l), Some(r));
    let (m, n) = (number(&left), number(&right));
    let postgres = w.session.dialect == Dialect::Postgres;
    let whole = [l, r].iter().all(|t| !t.contains('.'));
    let truth = match op {
        "=" => order().is_eq(),
        "<>" | "!=" => order().is_ne(),
        "<" => order().is_lt(),
        ">" => order().is_gt(),
        "<=" => order().is_le(),
        ">=" => order().is_ge(),
        "like" if postgres => like(r, l),
        "like" | "ilike" => like(&r.to_lowercase(), &l.to_lowercase()),
        "||" => return Ok(Some(format!("{l}{r}"))),
        "+" => return Ok(Some(written(m + n))),
        "-" => return Ok(Some(written(m - n))),
        "*" => return Ok(Some(written(m * n))),
        "/" | "%" | "div" if n == 0.0 && postgres => {
            return Err(Answer::Failed(String::new(), "division by zero".into()));
        }
        "/" | "%" | "div" if n == 0.0 => return Ok(None),
        "/" if postgres && whole => return Ok(Some(written((m / n).trunc()))),
        "/" if postgres => return Ok(Some(written(m / n))),
        "/" => return Ok(Some(format!("{:.4}", m / n))),
        "div" => return Ok(Some(written((m / n).trunc()))),
        _ => return Ok(Some(written(m % n))),
    };
    Ok(w.session.truth(truth))
}

/// An expression, from the weakest sign on.
pub(super) fn read(r: &mut Reader<'_>, scope: &Scope, all: &All) -> Fallible<Expr> {
    r.enter()?;
    let mut left = both(r, scope, all)?;
    while r.is("or") {
        r.sign()?;
        left = Expr::Two("or", Box::new(left), Box::new(both(r, scope, all)?));
    }
    r.depth -= 1;
    Ok(left)
}

fn both(r: &mut Reader<'_>, scope: &Scope, all: &All) -> Fallible<Expr> {
    let mut left = not(r, scope, all)?;
    while r.is("and") || r.is("&&") {
        r.sign()?;
        left = Expr::Two("and", Box::new(left), Box::new(not(r, scope, all)?));
    }
    Ok(left)
}

fn not(r: &mut Reader<'_>, scope: &Scope, all: &All) -> Fallible<Expr> {
    let mut times = 0;
    while r.is("not") || r.is("!") {
        times += 1;
    }
    let e = comparison(r, scope, all)?;
    Ok(if times % 2 == 1 { Expr::Not(Box::new(e)) } else { e })
}

fn comparison(r: &mut Reader<'_>, scope: &Scope, all: &All) -> Fallible<Expr> {
    let left = sum(r, scope, all)?;
    if r.is("is") {
        let not = r.is("not");
        if r.is("null") {
            return Ok(Expr::IsNull(Box::new(left), not));
        }
        let truth = r.is("true");
        if !truth {
            r.need("false")?;
        }
        let e = if truth { left } else { Expr::Not(Box::new(left)) };
        return Ok(if not { Expr::Not(Box::new(e)) } else { e });
    }
    let not = r.is("not");
    if let Some(op) = r.one_of(&["like", "ilike"]) {
        let e = Expr::Two(op, Box::new(left), Box::new(sum(r, scope, all)?));
        return Ok(if not { Expr::Not(Box::new(e)) } else { e });
    }
    if r.is("between") {
        let low = sum(r, scope, all)?;
        r.need("and")?;
        let high = sum(r, scope, all)?;
        return Ok(Expr::Between(Box::new(left), Box::new(low), Box::new(high), not));
    }
    if r.is("in") {
        r.need("(")?;
        let list = if r.comes(&["select"]) {
            let (_, rows) = select::inner(r, all)?;
            rows.into_iter()
                .filter_map(|mut row| (!row.is_empty()).then(|| Expr::Value(row.remove(0))))
                .collect()
        } else {
            let mut list = vec![read(r, scope, all)?];
            while r.is(",") {
                list.push(read(r, scope, all)?);
            }
            list
        };
        r.need(")")?;
        return Ok(Expr::Among(Box::new(left), list, not));
    }
    if not {
        return Err(r.wrong());
    }
    match r.one_of(&["<=", ">=", "<>", "!=", "=", "<", ">"]) {
        Some(op) => Ok(Expr::Two(op, Box::new(left), Box::new(sum(r, scope, all)?))),
        None => Ok(left),
    }
}

fn sum(r: &mut Reader<'_>, scope: &Scope, all: &All) -> Fallible<Expr> {
    let mut left = product(r, scope, all)?;
    while let Some(op) = r.one_of(&["+", "-", "||"]) {
        r.sign()?;
        if r.is("interval") {
            r.at += 1;
            r.one_of(&["second", "minute", "hour", "day", "week", "month", "year"]);
            continue;
        }
        left = Expr::Two(op, Box::new(left), Box::new(product(r, scope, all)?));
    }
    Ok(left)
}

fn product(r: &mut Reader<'_>, scope: &Scope, all: &All) -> Fallible<Expr> {
    let mut left = cast(r, scope, all)?;
    while let Some(op) = r.one_of(&["*", "/", "%", "div"]) {
        r.sign()?;
        left = Expr::Two(op, Box::new(left), Box::new(cast(r, scope, all)?));
    }
    Ok(left)
}

fn cast(r: &mut Reader<'_>, scope: &Scope, all: &All) -> Fallible<Expr> {
    let mut e = primary(r, scope, all)?;
    while r.is("::") {
        r.sign()?;
        let kind = r.name()?;
        r.skip_parentheses();
        e = Expr::Call(format!("::{kind}"), vec![e]);
    }
    Ok(e)
}

fn primary(r: &mut Reader<'_>, scope: &Scope, all: &All) -> Fallible<Expr> {
    if r.is("-") {
        r.enter()?;
        let e = cast(r, scope, all)?;
        r.depth -= 1;
        return Ok(Expr::Two("-", Box::new(Expr::Value(Some("0".into()))), Box::new(e)));
    }
    if r.is("(") {
        if r.comes(&["select"]) {
            let (_, rows) = select::inner(r, all)?;
            r.need(")")?;
            return Ok(Expr::Value(rows.into_iter().next().and_then(|row| row.into_iter().next().flatten())));
        }
        let e = read(r, scope, all)?;
        r.need(")")?;
        return Ok(e);
    }
    let (word, quoted) = match r.peek() {
        Some(Token::Text(t) | Token::Number(t)) => {
            let e = Expr::Value(Some(t.clone()));
            r.at += 1;
            return Ok(e);
        }
        Some(Token::Word(w)) => (w.to_lowercase(), false),
        Some(Token::Name(w)) => (w.clone(), true),
        _ => return Err(r.wrong()),
    };
    if !quoted {
        if let Some(e) = keyword(r, &word, scope, all)? {
            return Ok(e);
        }
        if matches!(r.all.get(r.at + 1), Some((Token::Mark("("), ..))) {
            return call(r, &word, scope, all);
        }
    }
    let first = r.name()?;
    let (table, name) = if r.is(".") { (Some(first), r.name()?) } else { (None, first) };
    column(r, scope, table.as_deref(), &name).map(Expr::Column)
}

/// Where a column stands among those in sight.
pub(super) fn column(r: &Reader<'_>, scope: &Scope, table: Option<&str>, name: &str) -> Fallible<usize> {
    let fits = |(t, c): &(String, String)| {
        c.eq_ignore_ascii_case(name) && table.is_none_or(|w| w.eq_ignore_ascii_case(t))
    };
    scope.iter().position(fits).ok_or_else(|| {
        let full = table.map_or(name.to_string(), |t| format!("{t}.{name}"));
        unknown_column(r.dialect(), &full)
    })
}

pub(super) fn unknown_column(dialect: Dialect, name: &str) -> Answer {
    match dialect {
        Dialect::MySql => {
            Answer::Failed("1054 (42S22)".into(), format!("Unknown column '{name}' in 'field list'"))
        }
        Dialect::Postgres if name.contains('.') => {
            Answer::Failed(String::new(), format!("column {name} does not exist"))
        }
        Dialect::Postgres => Answer::Failed(String::new(), format!("column \"{name}\" does not exist")),
    }
}

fn keyword(r: &mut Reader<'_>, word: &str, scope: &Scope, all: &All) -> Fallible<Option<Expr>> {
    let value = match word {
        "null" => None,
        "true" => r.session.truth(true),
        "false" => r.session.truth(false),
        "case" => {
            r.at += 1;
            return case(r, scope, all).map(Some);
        }
        "exists" => {
            r.at += 1;
            r.need("(")?;
            let (_, rows) = select::inner(r, all)?;
            r.need(")")?;
            return Ok(Some(Expr::Value(r.session.truth(!rows.is_empty()))));
        }
        "interval" => {
            r.at += 2;
            return Ok(Some(Expr::Value(None)));
        }
        "cast" => {
            r.at += 1;
            r.need("(")?;
            let e = read(r, scope, all)?;
            r.need("as")?;
            let kind = r.name()?;
            r.skip_parentheses();
            r.need(")")?;
            return Ok(Some(Expr::Call(format!("::{}", kind.to_lowercase()), vec![e])));
        }
        "current_timestamp" | "current_date" | "current_time" | "localtime" | "current_user"
        | "session_user" | "user" | "current_catalog" | "current_schema" | "current_role" => {
            let called = matches!(r.all.get(r.at + 1), Some((Token::Mark("("), ..)));
            if word == "user" && (r.is_mysql() && !called || scope.iter().any(|c| c.1 == "user")) {
                return Ok(None);
            }
            r.at += 1;
            r.skip_parentheses();
            return Ok(Some(Expr::Call(word.to_string(), Vec::new())));
        }
        w if w.starts_with('@') => {
            r.at += 1;
            let mut name = word.trim_start_matches('@').to_string();
            if r.is(".") {
                name = r.name()?;
            }
            return Ok(Some(Expr::Value(super::system::variable(&name, r.session))));
        }
        _ => return Ok(None),
    };
    r.at += 1;
    Ok(Some(Expr::Value(value)))
}

fn case(r: &mut Reader<'_>, scope: &Scope, all: &All) -> Fallible<Expr> {
    let what = if r.comes(&["when"]) { None } else { Some(Box::new(read(r, scope, all)?)) };
    let mut arms = Vec::new();
    while r.is("when") {
        let when = read(r, scope, all)?;
        r.need("then")?;
        arms.push((when, read(r, scope, all)?));
    }
    let other = if r.is("else") { Some(Box::new(read(r, scope, all)?)) } else { None };
    r.need("end")?;
    Ok(Expr::Case(what, arms, other))
}

fn call(r: &mut Reader<'_>, name: &str, scope: &Scope, all: &All) -> Fallible<Expr> {
    r.at += 2;
    if functions::is_over(name) {
        if r.is("*") {
            r.need(")")?;
            return Ok(Expr::Over(name.into(), None, false, String::new()));
        }
        let distinct = r.is("distinct");
        let of = read(r, scope, all)?;
        let mut glue = ",".to_string();
        if (r.is(",") || r.is("separator"))
            && let Some(Token::Text(t)) = r.peek()
        {
            glue.clone_from(t);
            r.at += 1;
        }
        r.need(")")?;
        return Ok(Expr::Over(name.into(), Some(Box::new(of)), distinct, glue));
    }
    if !functions::exists(name) {
        let from = r.at;
        r.at -= 2;
        let (product, database) = (r.is_mysql(), r.session.database.clone());
        r.at = from;
        return Err(if product {
            Answer::Failed("1305 (42000)".into(), format!("FUNCTION {database}.{name} does not exist"))
        } else {
            Answer::Failed(String::new(), format!("function {name}() does not exist"))
        });
    }
    let mut args = Vec::new();
    if !r.is(")") {
        loop {
            args.push(read(r, scope, all)?);
            if !r.is(",") && !r.is("from") && !r.is("for") && !r.is("in") {
                break;
            }
        }
        r.need(")")?;
    }
    Ok(Expr::Call(name.into(), args))
}
