//! `test` and `[`: expressions over strings, numbers and files.

use crate::fs::Node;
use crate::machine::{Open, Sys};

/// Evaluates `test`'s arguments; the error is its message.
pub(crate) fn evaluate(args: &[String], sys: &mut Sys<'_>) -> Result<bool, String> {
    let mut parser = Parser { args, at: 0, depth: 0 };
    match args.len() {
        0 => return Ok(false),
        1 => return Ok(!args[0].is_empty()),
        2 if args[0] == "!" => return Ok(args[1].is_empty()),
        3 if is_binary(&args[1]) => return binary(&args[0], &args[1], &args[2], sys),
        3 if args[0] == "(" && args[2] == ")" => return Ok(!args[1].is_empty()),
        4 if args[0] == "!" && is_binary(&args[2]) => {
            return Ok(!binary(&args[1], &args[2], &args[3], sys)?);
        }
        _ => {}
    }
    let value = parser.or(sys)?;
    match args.get(parser.at) {
        None => Ok(value),
        Some(extra) => Err(format!("{extra}: unknown operand")),
    }
}

struct Parser<'a> {
    args: &'a [String],
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.args.get(self.at).map(String::as_str)
    }

    fn or(&mut self, sys: &mut Sys<'_>) -> Result<bool, String> {
        self.depth += 1;
        if self.depth > 60 {
            return Err("too many arguments".into());
        }
        let mut value = self.and(sys)?;
        while self.peek() == Some("-o") {
            self.at += 1;
            let right = self.and(sys)?;
            value = value || right;
        }
        self.depth -= 1;
        Ok(value)
    }

    fn and(&mut self, sys: &mut Sys<'_>) -> Result<bool, String> {
        let mut value = self.not(sys)?;
        while self.peek() == Some("-a") {
            self.at += 1;
            let right = self.not(sys)?;
            value = value && right;
        }
        Ok(value)
    }

    fn not(&mut self, sys: &mut Sys<'_>) -> Result<bool, String> {
        let mut negate = false;
        while self.peek() == Some("!") && self.at + 1 < self.args.len() {
            self.at += 1;
            negate = !negate;
        }
        Ok(self.primary(sys)? != negate)
    }

    fn primary(&mut self, sys: &mut Sys<'_>) -> Result<bool, String> {
        let Some(first) = self.args.get(self.at) else { return Err("argument expected".into()) };
        if let (Some(op), Some(right)) = (self.args.get(self.at + 1), self.args.get(self.at + 2))
            && is_binary(op)
        {
            self.at += 3;
            return binary(first, op, right, sys);
        }
        self.at += 1;
        if first == "(" {
            let value = self.or(sys)?;
            if self.peek() != Some(")") {
                return Err("closing paren expected".into());
            }
            self.at += 1;
            return Ok(value);
        }
        if first.len() == 2
            && first.starts_with('-')
            && let Some(operand) = self.args.get(self.at)
            && let Some(value) = unary(first, operand, sys)
        {
            self.at += 1;
            return Ok(value);
        }
        Ok(!first.is_empty())
    }
}

fn is_binary(op: &str) -> bool {
    matches!(
        op,
        "=" | "==" | "!=" | "<" | ">" | "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" | "-nt" | "-ot" | "-ef"
    )
}

/// `-eq` and its like.
pub(super) fn compare(op: &str, a: i64, b: i64) -> bool {
    match op {
        "-eq" => a == b,
        "-ne" => a != b,
        "-lt" => a < b,
        "-le" => a <= b,
        "-gt" => a > b,
        _ => a >= b,
    }
}

fn binary(left: &str, op: &str, right: &str, sys: &mut Sys<'_>) -> Result<bool, String> {
    Ok(match op {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        "-nt" | "-ot" | "-ef" => {
            let mut time = |p: &str| {
                let path = sys.path(p);
                sys.fs().get(&path).ok().map(|n| n.meta().mtime)
            };
            let (a, b) = (time(left), time(right));
            match op {
                "-nt" => a.is_some() && a > b,
                "-ot" => b.is_some() && a < b,
                _ => left == right && a.is_some(),
            }
        }
        _ => {
            let gnu = sys.gnu();
            let number = |t: &str| {
                t.trim().parse::<i64>().map_err(|_| {
                    if gnu { format!("Illegal number: {t}") } else { format!("{t}: bad number") }
                })
            };
            compare(op, number(left)?, number(right)?)
        }
    })
}

/// A unary operator; `None` when it is not one.
pub(super) fn unary(op: &str, operand: &str, sys: &mut Sys<'_>) -> Option<bool> {
    let path = sys.path(operand);
    // No name names no file, though the working directory is there.
    if operand.is_empty() && !matches!(op, "-z" | "-n" | "-t") && op.len() == 2 {
        return "-e-a-f-d-L-h-s-c-b-p-S-k-g-u-r-w-x-O".contains(op).then_some(false);
    }
    Some(match op {
        "-z" => operand.is_empty(),
        "-n" => !operand.is_empty(),
        "-t" => operand.parse().is_ok_and(|fd| sys.is_tty(fd)),
        "-e" | "-a" => sys.fs().exists(&path) || sys.proc_file(&path).is_some(),
        "-f" => sys.fs().get(&path).is_ok_and(Node::is_regular),
        "-d" => sys.fs().is_dir(&path),
        "-L" | "-h" => sys.fs().get_link(&path).is_ok_and(|n| matches!(n, Node::Link(_))),
        "-s" => sys.fs().get(&path).is_ok_and(|n| !n.is_empty()),
        "-c" => sys.fs().get(&path).is_ok_and(|n| matches!(n, Node::Dev(..)) && !n.is_named_pipe()),
        "-p" => sys.fs().get(&path).is_ok_and(Node::is_named_pipe),
        "-b" => sys.fs().get(&path).is_ok_and(Node::is_block_device),
        "-S" => sys.fs().get(&path).is_ok_and(Node::is_socket),
        "-k" | "-g" | "-u" => false,
        "-r" => sys.fs().access(&path, 4).is_ok(),
        "-w" => sys.fs().access(&path, 2).is_ok(),
        "-x" => sys.fs().access(&path, 1).is_ok(),
        "-O" => {
            let uid = sys.cred().uid;
            sys.fs().get(&path).is_ok_and(|n| n.meta().uid == uid)
        }
        _ => return None,
    })
}

/// Whether a file can be opened for reading; a probe for `source`.
pub(super) fn readable(path: &str, sys: &mut Sys<'_>) -> bool {
    match sys.open(path, Open::Read) {
        Ok(fd) => {
            sys.close(fd);
            true
        }
        Err(_) => false,
    }
}
