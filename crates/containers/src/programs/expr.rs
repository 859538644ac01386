//! `expr`: arithmetic, comparison, matching.

use crate::machine::Sys;
use crate::regex::Regex;

struct Expr<'a> {
    args: &'a [String],
    at: usize,
    depth: u32,
}

impl Expr<'_> {
    fn binary(&mut self, level: usize) -> Result<String, String> {
        const LEVELS: [&[&str]; 6] =
            [&["|"], &["&"], &["=", "==", "!=", "<", "<=", ">", ">="], &["+", "-"], &["*", "/", "%"], &[":"]];
        if level == LEVELS.len() {
            return self.primary();
        }
        self.depth += 1;
        if self.depth > 200 {
            return Err("syntax error".into());
        }
        let mut left = self.binary(level + 1)?;
        while let Some(op) = self.args.get(self.at).filter(|a| LEVELS[level].contains(&a.as_str())).cloned() {
            self.at += 1;
            let right = self.binary(level + 1)?;
            left = apply(&op, &left, &right)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn primary(&mut self) -> Result<String, String> {
        let Some(arg) = self.args.get(self.at) else { return Err("syntax error".into()) };
        self.at += 1;
        let mut next = || {
            self.at += 1;
            self.args.get(self.at - 1).cloned().ok_or_else(|| "syntax error".to_string())
        };
        match arg.as_str() {
            "(" => {
                let value = self.binary(0)?;
                if self.args.get(self.at).is_none_or(|a| a != ")") {
                    return Err("syntax error".into());
                }
                self.at += 1;
                Ok(value)
            }
            "length" if self.args.len() > 1 => Ok(next()?.chars().count().to_string()),
            "match" => {
                let (a, b) = (next()?, next()?);
                apply(":", &a, &b)
            }
            "substr" => {
                let (text, from, len) = (next()?, next()?, next()?);
                let n = |t: &str| t.parse::<usize>().unwrap_or(0);
                Ok(if n(&from) == 0 {
                    String::new()
                } else {
                    text.chars().skip(n(&from) - 1).take(n(&len)).collect()
                })
            }
            "index" => {
                let (text, set) = (next()?, next()?);
                Ok(text.chars().position(|c| set.contains(c)).map_or(0, |i| i + 1).to_string())
            }
            _ => Ok(arg.clone()),
        }
    }
}

fn apply(op: &str, a: &str, b: &str) -> Result<String, String> {
    let null = |t: &str| t.is_empty() || t == "0";
    let numbers = a.parse::<i64>().ok().zip(b.parse::<i64>().ok());
    let truth = |t: bool| Ok(if t { "1" } else { "0" }.to_string());
    let order = numbers.map_or_else(|| a.cmp(b), |(x, y)| x.cmp(&y));
    match op {
        "|" => return Ok(if null(a) { if null(b) { "0".into() } else { b.into() } } else { a.into() }),
        "&" => return Ok(if null(a) || null(b) { "0".into() } else { a.into() }),
        "=" | "==" => return truth(order.is_eq()),
        "!=" => return truth(order.is_ne()),
        "<" => return truth(order.is_lt()),
        "<=" => return truth(order.is_le()),
        ">" => return truth(order.is_gt()),
        ">=" => return truth(order.is_ge()),
        ":" => {
            let regex = Regex::new(&format!("^{b}"), false, false)?;
            let chars: Vec<char> = a.chars().collect();
            let groups = b.contains("\\(");
            return Ok(match regex.find_at(&chars, 0) {
                Some(g) if groups => {
                    g.get(1).copied().flatten().map(|(x, y)| chars[x..y].iter().collect()).unwrap_or_default()
                }
                Some(g) => g[0].map_or(0, |(x, y)| y - x).to_string(),
                None if groups => String::new(),
                None => "0".into(),
            });
        }
        _ => {}
    }
    let (x, y) = numbers.ok_or("non-integer argument")?;
    Ok(match op {
        "+" => x.wrapping_add(y),
        "-" => x.wrapping_sub(y),
        "*" => x.wrapping_mul(y),
        _ if y == 0 => return Err("division by zero".into()),
        "/" => x.wrapping_div(y),
        _ => x.wrapping_rem(y),
    }
    .to_string())
}

pub(super) fn run(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let mut expr = Expr { args: &argv[1..], at: 0, depth: 0 };
    let result = expr
        .binary(0)
        .and_then(|v| if expr.at < expr.args.len() { Err("syntax error".into()) } else { Ok(v) });
    match result {
        Ok(value) => {
            sys.out(format!("{value}\n"));
            i32::from(value.is_empty() || value == "0")
        }
        Err(text) => {
            sys.err(&format!("expr: {text}\n"));
            2
        }
    }
}
