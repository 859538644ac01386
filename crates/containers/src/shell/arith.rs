//! `$((..))`: integer expressions of 64 bits, as POSIX and bash evaluate them.

/// Where variables of an expression live.
pub(crate) trait Variables {
    fn get(&self, name: &str) -> String;
    fn set(&mut self, name: &str, value: i64);
}

const DEPTH_MAX: u32 = 64;

struct Arith<'a> {
    src: Vec<char>,
    at: usize,
    vars: &'a mut dyn Variables,
    /// Not zero in a branch that is skipped: nothing is assigned.
    skip: u32,
    depth: u32,
}

/// Evaluates an expression; the error is a shell's text for it.
pub(crate) fn evaluate(text: &str, vars: &mut dyn Variables) -> Result<i64, String> {
    evaluate_at(text, vars, 0)
}

fn evaluate_at(text: &str, vars: &mut dyn Variables, depth: u32) -> Result<i64, String> {
    let mut a = Arith { src: text.chars().collect(), at: 0, vars, skip: 0, depth };
    a.blanks();
    if a.at == a.src.len() {
        return Ok(0);
    }
    let value = a.comma()?;
    a.blanks();
    if a.at < a.src.len() { Err("arithmetic syntax error".into()) } else { Ok(value) }
}

const BINARY: [(&str, u32); 18] = [
    ("||", 1),
    ("&&", 2),
    ("==", 6),
    ("!=", 6),
    ("<=", 7),
    (">=", 7),
    ("<<", 8),
    (">>", 8),
    ("**", 11),
    ("|", 3),
    ("^", 4),
    ("&", 5),
    ("<", 7),
    (">", 7),
    ("+", 9),
    ("-", 9),
    ("*", 10),
    ("/", 10),
];
const ASSIGN: [&str; 11] = ["<<=", ">>=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "="];

impl Arith<'_> {
    fn blanks(&mut self) {
        while self.src.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }

    fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.src.get(self.at + i) == Some(&c))
    }

    fn take(&mut self, text: &str) -> bool {
        self.blanks();
        let here = self.looking_at(text);
        if here {
            self.at += text.len();
        }
        here
    }

    fn comma(&mut self) -> Result<i64, String> {
        let mut value = self.assignment()?;
        while self.take(",") {
            value = self.assignment()?;
        }
        Ok(value)
    }

    fn name(&mut self) -> Option<String> {
        self.blanks();
        let begin = self.at;
        if !self.src.get(begin).is_some_and(|c| c.is_ascii_alphabetic() || *c == '_') {
            return None;
        }
        while self.src.get(self.at).is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_') {
            self.at += 1;
        }
        let mut name: String = self.src[begin..self.at].iter().collect();
        if self.src.get(self.at) == Some(&'[')
            && let Some(n) = self.src[self.at..].iter().position(|c| *c == ']')
        {
            name.extend(&self.src[self.at..=self.at + n]);
            self.at += n + 1;
        }
        Some(name)
    }

    fn assignment(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("expression recursion level exceeded".into());
        }
        let begin = self.at;
        if let Some(name) = self.name() {
            self.blanks();
            let op =
                ASSIGN.into_iter().find(|op| self.looking_at(op) && !(*op == "=" && self.looking_at("==")));
            if let Some(op) = op {
                self.at += op.len();
                let right = self.assignment()?;
                let value = if op == "=" {
                    right
                } else {
                    let left = self.value_of(&name)?;
                    self.apply(&op[..op.len() - 1], left, right)?
                };
                if self.skip == 0 {
                    self.vars.set(&name, value);
                }
                self.depth -= 1;
                return Ok(value);
            }
        }
        self.at = begin;
        let value = self.ternary()?;
        self.depth -= 1;
        Ok(value)
    }

    fn ternary(&mut self) -> Result<i64, String> {
        let cond = self.binary(1)?;
        if !self.take("?") {
            return Ok(cond);
        }
        let skip = self.skip;
        self.skip += u32::from(cond == 0);
        let yes = self.assignment()?;
        self.skip = skip;
        if !self.take(":") {
            return Err("arithmetic syntax error".into());
        }
        self.skip += u32::from(cond != 0);
        let no = self.assignment()?;
        self.skip = skip;
        Ok(if cond != 0 { yes } else { no })
    }

    fn operator(&mut self) -> Option<(&'static str, u32)> {
        self.blanks();
        if ASSIGN.iter().any(|op| *op != "=" && self.looking_at(op)) {
            return None;
        }
        let found = BINARY.into_iter().find(|(op, _)| self.looking_at(op));
        found.or_else(|| self.looking_at("%").then_some(("%", 10)))
    }

    fn binary(&mut self, least: u32) -> Result<i64, String> {
        let mut left = self.unary()?;
        while let Some((op, level)) = self.operator() {
            if level < least {
                break;
            }
            self.at += op.len();
            let skip = self.skip;
            if (op == "&&" && left == 0) || (op == "||" && left != 0) {
                self.skip += 1;
            }
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err("expression recursion level exceeded".into());
            }
            let right = self.binary(if op == "**" { level } else { level + 1 })?;
            self.depth -= 1;
            left = self.apply(op, left, right)?;
            self.skip = skip;
        }
        Ok(left)
    }

    fn apply(&self, op: &str, a: i64, b: i64) -> Result<i64, String> {
        Ok(match op {
            "||" => i64::from(a != 0 || b != 0),
            "&&" => i64::from(a != 0 && b != 0),
            "==" => i64::from(a == b),
            "!=" => i64::from(a != b),
            "<=" => i64::from(a <= b),
            ">=" => i64::from(a >= b),
            "<" => i64::from(a < b),
            ">" => i64::from(a > b),
            "|" => a | b,
            "^" => a ^ b,
            "&" => a & b,
            "<<" => a.wrapping_shl(b as u32),
            ">>" => a.wrapping_shr(b as u32),
            "+" => a.wrapping_add(b),
            "-" => a.wrapping_sub(b),
            "*" => a.wrapping_mul(b),
            "**" if b < 0 => return Err("exponent less than 0".into()),
            "**" => a.wrapping_pow(b.min(1 << 20) as u32),
            "/" | "%" if b == 0 => {
                if self.skip > 0 {
                    return Ok(0);
                }
                return Err("divide by zero".into());
            }
            "/" => a.wrapping_div(b),
            _ => a.wrapping_rem(b),
        })
    }

    fn unary(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("expression recursion level exceeded".into());
        }
        self.blanks();
        let value = if self.looking_at("++") || self.looking_at("--") {
            let step = if self.looking_at("++") { 1 } else { -1 };
            let begin = self.at;
            self.at += 2;
            match self.name() {
                Some(name) => {
                    let value = self.value_of(&name)?.wrapping_add(step);
                    if self.skip == 0 {
                        self.vars.set(&name, value);
                    }
                    value
                }
                None => {
                    self.at = begin + 1;
                    let inner = self.unary()?;
                    if step == 1 { inner } else { inner.wrapping_neg() }
                }
            }
        } else if self.take("!") {
            i64::from(self.unary()? == 0)
        } else if self.take("~") {
            !self.unary()?
        } else if self.take("-") {
            self.unary()?.wrapping_neg()
        } else if self.take("+") {
            self.unary()?
        } else {
            self.primary()?
        };
        self.depth -= 1;
        Ok(value)
    }

    fn primary(&mut self) -> Result<i64, String> {
        if self.take("(") {
            let value = self.comma()?;
            return if self.take(")") { Ok(value) } else { Err("arithmetic syntax error".into()) };
        }
        if let Some(name) = self.name() {
            let value = self.value_of(&name)?;
            self.blanks();
            for (op, step) in [("++", 1), ("--", -1)] {
                if self.looking_at(op) {
                    self.at += 2;
                    if self.skip == 0 {
                        self.vars.set(&name, value.wrapping_add(step));
                    }
                }
            }
            return Ok(value);
        }
        let begin = self.at;
        while self.src.get(self.at).is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '#' | '_')) {
            self.at += 1;
        }
        let text: String = self.src[begin..self.at].iter().collect();
        number(&text).ok_or_else(|| "arithmetic syntax error".into())
    }

    fn value_of(&mut self, name: &str) -> Result<i64, String> {
        let text = self.vars.get(name);
        let text = text.trim();
        if text.is_empty() {
            return Ok(0);
        }
        match number(text) {
            Some(n) => Ok(n),
            None if self.depth >= DEPTH_MAX - 1 => Err("expression recursion level exceeded".into()),
            None => evaluate_at(text, self.vars, self.depth + 8),
        }
    }
}

/// Decimal, `0x`, octal with a leading zero, or bash's `base#digits`.
fn number(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (radix, digits) = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        (16, hex)
    } else if let Some((base, rest)) = digits.split_once('#') {
        (base.parse().ok().filter(|b| (2..=36).contains(b))?, rest)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, &digits[1..])
    } else {
        (10, digits)
    };
    if digits.is_empty() {
        return None;
    }
    let mut value: i64 = 0;
    for c in digits.chars() {
        value = value.wrapping_mul(i64::from(radix)).wrapping_add(i64::from(c.to_digit(radix)?));
    }
    Some(if negative { value.wrapping_neg() } else { value })
}
