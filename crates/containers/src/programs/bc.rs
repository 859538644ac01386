//! `bc`: sums with decimals, as `echo "scale=2; 10/3" | bc`.
//!
//! Owns: + - * / % ^, comparisons, brackets, variables, `scale`, `sqrt()`, `length()`, strings, `-l`'s scale.
//! Not modelled: functions, loops, arrays, other bases, the functions of `-l`; numbers of more than 38 digits.

use ordered::BTreeMap;

use super::gather::{Gathered, Job, Tool, all_of_it, gather, no_end, operands};
use crate::machine::{Program, Sys};

const SCALE_MAX: u32 = 18;
const DEPTH_MAX: u32 = 64;

static TOOL: Tool = Tool { spec: "lqsiw", files: operands, finish, part: all_of_it, enough: no_end };

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    gather(&TOOL, argv)
}

/// A number: `digits` / 10^`scale`.
#[derive(Clone, Copy)]
struct Number {
    digits: i128,
    scale: u32,
}

const TOO_LONG: &str = "number of more than 38 digits is not simulated";

fn ten(power: u32) -> Result<i128, String> {
    10i128.checked_pow(power).ok_or_else(|| TOO_LONG.into())
}

impl Number {
    fn whole(digits: i128) -> Self {
        Self { digits, scale: 0 }
    }

    fn at(self, scale: u32) -> Result<Self, String> {
        let digits = if scale >= self.scale {
            self.digits.checked_mul(ten(scale - self.scale)?).ok_or(TOO_LONG)?
        } else {
            self.digits / ten(self.scale - scale)?
        };
        Ok(Self { digits, scale })
    }

    fn shown(self) -> String {
        let text = format!("{:0>1$}", self.digits.unsigned_abs(), self.scale as usize + 1);
        let (whole, part) = text.split_at(text.len() - self.scale as usize);
        let sign = if self.digits < 0 { "-" } else { "" };
        match (whole, part) {
            (w, "") => format!("{sign}{w}"),
            // A number below one has no zero before its point; nothing is 0.
            (_, _) if self.digits == 0 => "0".into(),
            ("0", p) => format!("{sign}.{p}"),
            (w, p) => format!("{sign}{w}.{p}"),
        }
    }
}

struct Bc<'a> {
    rest: &'a [u8],
    vars: BTreeMap<String, Number>,
    depth: u32,
}

impl Bc<'_> {
    fn scale(&self) -> u32 {
        self.vars.get("scale").map_or(0, |n| u32::try_from(n.digits).unwrap_or(0)).min(SCALE_MAX)
    }

    fn blanks(&mut self) {
        while let [b' ' | b'\t' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn takes(&mut self, text: &str) -> bool {
        self.blanks();
        match self.rest.strip_prefix(text.as_bytes()) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn compare(&mut self) -> Result<Number, String> {
        let a = self.sum()?;
        for op in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.takes(op) {
                let b = self.sum()?;
                let scale = a.scale.max(b.scale);
                let order = a.at(scale)?.digits.cmp(&b.at(scale)?.digits);
                let holds = match op {
                    "==" => order.is_eq(),
                    "!=" => order.is_ne(),
                    "<=" => order.is_le(),
                    ">=" => order.is_ge(),
                    "<" => order.is_lt(),
                    _ => order.is_gt(),
                };
                return Ok(Number::whole(i128::from(holds)));
            }
        }
        Ok(a)
    }

    fn sum(&mut self) -> Result<Number, String> {
        let mut a = self.product()?;
        loop {
            let sign = if self.takes("+") {
                1
            } else if self.takes("-") {
                -1
            } else {
                return Ok(a);
            };
            let b = self.product()?;
            let scale = a.scale.max(b.scale);
            let (x, y) = (a.at(scale)?.digits, b.at(scale)?.digits);
            a = Number { digits: x.checked_add(sign * y).ok_or(TOO_LONG)?, scale };
        }
    }

    fn product(&mut self) -> Result<Number, String> {
        let mut a = self.power()?;
        loop {
            self.blanks();
            let op = match self.rest.first() {
                Some(op @ (b'*' | b'/' | b'%')) => *op,
                _ => return Ok(a),
            };
            self.rest = &self.rest[1..];
            let b = self.power()?;
            if op != b'*' && b.digits == 0 {
                return Err("Divide by zero".into());
            }
            a = match op {
                b'*' => {
                    let digits = a.digits.checked_mul(b.digits).ok_or(TOO_LONG)?;
                    let full = Number { digits, scale: a.scale + b.scale };
                    full.at(full.scale.min(self.scale().max(a.scale).max(b.scale)))?
                }
                b'/' => quotient(a, b, self.scale())?,
                _ => {
                    let q = quotient(a, b, self.scale())?;
                    let scale = a.scale.max(b.scale + self.scale());
                    let taken = q.digits.checked_mul(b.digits).ok_or(TOO_LONG)?;
                    let taken = Number { digits: taken, scale: q.scale + b.scale }.at(scale)?;
                    Number { digits: a.at(scale)?.digits - taken.digits, scale }
                }
            };
        }
    }

    fn power(&mut self) -> Result<Number, String> {
        let a = self.atom()?;
        if !self.takes("^") {
            return Ok(a);
        }
        let b = self.power()?;
        let n = b.at(0)?.digits;
        let steps = u32::try_from(n.unsigned_abs()).map_err(|_| TOO_LONG)?;
        let digits = a.digits.checked_pow(steps).ok_or(TOO_LONG)?;
        let full = Number { digits, scale: a.scale.checked_mul(steps).ok_or(TOO_LONG)? };
        if n < 0 {
            return quotient(Number::whole(1), full, self.scale());
        }
        full.at(full.scale.min(self.scale().max(a.scale)))
    }

    fn atom(&mut self) -> Result<Number, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("too deep".into());
        }
        let value = self.value();
        self.depth -= 1;
        value
    }

    fn value(&mut self) -> Result<Number, String> {
        if self.takes("(") {
            let n = self.compare()?;
            return if self.takes(")") { Ok(n) } else { Err("syntax error".into()) };
        }
        if self.takes("-") {
            let n = self.power()?;
            return Ok(Number { digits: -n.digits, ..n });
        }
        if self.takes("!") {
            let n = self.power()?;
            return Ok(Number::whole(i128::from(n.digits == 0)));
        }
        let rest = self.rest;
        let length = |f: fn(&u8) -> bool| rest.iter().take_while(|b| f(b)).count();
        let n = length(|b| b.is_ascii_digit() || *b == b'.');
        if n > 0 {
            let text = String::from_utf8_lossy(&rest[..n]).into_owned();
            self.rest = &rest[n..];
            let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
            let digits = format!("0{whole}{part}").parse().map_err(|_| TOO_LONG)?;
            return Ok(Number { digits, scale: part.len() as u32 });
        }
        let n = length(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_');
        let name = String::from_utf8_lossy(&rest[..n]).into_owned();
        self.rest = &rest[n..];
        if n == 0 {
            return Err("syntax error".into());
        }
        if self.takes("(") {
            let v = self.compare()?;
            if !self.takes(")") {
                return Err("syntax error".into());
            }
            return match name.as_str() {
                "sqrt" => root(v, self.scale()),
                "length" => Ok(Number::whole(v.digits.unsigned_abs().to_string().len() as i128)),
                "scale" => Ok(Number::whole(i128::from(v.scale))),
                _ => Err(format!("undefined function: {name}()")),
            };
        }
        self.blanks();
        if self.rest.first() == Some(&b'=') && self.rest.get(1) != Some(&b'=') {
            self.rest = &self.rest[1..];
            let v = self.compare()?;
            self.vars.insert(name, v);
            return Ok(v);
        }
        Ok(self.vars.get(&name).copied().unwrap_or(Number::whole(0)))
    }
}

fn quotient(a: Number, b: Number, scale: u32) -> Result<Number, String> {
    if b.digits == 0 {
        return Err("Divide by zero".into());
    }
    let up = a.at(a.scale.max(scale + b.scale))?;
    let q = Number { digits: up.digits / b.digits, scale: up.scale - b.scale };
    q.at(scale)
}

fn root(v: Number, scale: u32) -> Result<Number, String> {
    if v.digits < 0 {
        return Err("Square root of a negative number".into());
    }
    let scale = scale.max(v.scale);
    let target = v.at(scale * 2)?.digits;
    let (mut low, mut high) = (0i128, 1i128 << 63);
    while high - low > 1 {
        let mid = (low + high) / 2;
        if mid.checked_mul(mid).is_some_and(|sq| sq <= target) { low = mid } else { high = mid }
    }
    Ok(Number { digits: low, scale })
}

fn finish(sys: &mut Sys<'_>, job: &mut Job, all: Gathered) -> i32 {
    let mut vars = BTreeMap::new();
    if job.args.has('l') {
        vars.insert("scale".to_string(), Number::whole(i128::from(SCALE_MAX)));
    }
    let mut code = 0;
    let text: Vec<u8> = all.into_iter().flat_map(|f| f.1).collect();
    for line in text.split(|b| matches!(b, b'\n' | b';')) {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if matches!(line, b"quit" | b"halt") {
            return code;
        }
        if let [b'"', inner @ .., b'"'] = line {
            sys.out(inner);
            continue;
        }
        sys.charge(2);
        let mut bc = Bc { rest: line, vars: std::mem::take(&mut vars), depth: 0 };
        let assigns =
            line.iter().take_while(|b| b.is_ascii_lowercase() || **b == b'_' || **b == b' ').count();
        let assigns = line.get(assigns) == Some(&b'=') && line.get(assigns + 1) != Some(&b'=') && assigns > 0;
        let value = bc.compare();
        bc.blanks();
        let left = !bc.rest.is_empty();
        vars = bc.vars;
        match value {
            Ok(_) if left => {
                sys.err("bc: syntax error\n");
                code = 1;
            }
            Ok(n) if !assigns => sys.out(n.shown() + "\n"),
            Ok(_) => {}
            Err(why) => {
                sys.err(&format!("bc: {why}\n"));
                code = 1;
            }
        }
    }
    code
}
