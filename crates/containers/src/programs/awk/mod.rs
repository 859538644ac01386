//! `awk`: patterns and actions over records. The text becomes a tree, the tree steps that can stop anywhere.

mod code;
mod functions;
mod parse;
mod run;
mod value;
mod world;

use std::sync::Arc;

use self::code::Code;
use self::run::{Ran, Run};
use self::value::Value;
use super::args::Args;
use super::input::{Input, Next};
use crate::machine::{Program, Sys, Turn};

/// Bytes of a record that ends otherwise than a line.
const RECORD_MAX: usize = 256 << 10;

/// What runs now.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Begin,
    /// The next record is read.
    Read,
    Rules,
    End,
    Leave,
}

#[derive(Clone)]
struct Awk {
    argv: Vec<String>,
    code: Option<Arc<Code>>,
    run: Run,
    phase: Phase,
    /// `NAME=VALUE` among the operands.
    assigned: Vec<(String, String)>,
    exit: i32,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Awk {
        argv: argv.to_vec(),
        code: None,
        run: Run::new(),
        phase: Phase::Begin,
        assigned: Vec::new(),
        exit: 0,
    })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl Awk {
    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), String> {
        let mut args = Args::parse_until(sys, &self.argv, "F:v:f:", true)?;
        let text = match args.value('f') {
            Some(file) => {
                let path = sys.path(file);
                let bytes = sys.fs().read(&path).map_err(|e| format!("awk: {file}: {e}\n"))?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
            None if args.rest.is_empty() => {
                return Err("Usage: awk [OPTIONS] [AWK_PROGRAM] [FILE]...\n".into());
            }
            None => args.rest.remove(0),
        };
        let code = parse::parse(&text).and_then(|script| code::compile(&script));
        let code = code.map_err(|e| format!("awk: cmd. line:1: {e}\n"))?;
        let world = &mut self.run.world;
        if let Some(separator) = args.value('F') {
            let separator =
                if separator == "t" { "\t".to_string() } else { crate::shell::unescape(separator, false).0 };
            world.set("FS", &separator);
        }
        for pair in args.values('v') {
            if let Some((name, value)) = pair.split_once('=') {
                world.set(name, &crate::shell::unescape(value, false).0);
            }
        }
        for (name, value) in sys.env().iter() {
            world.element("ENVIRON", name.clone(), Value::Input(value.clone()))?;
        }
        for (i, word) in std::iter::once(&"awk".to_string()).chain(&args.rest).enumerate() {
            world.element("ARGV", i.to_string(), Value::Input(word.clone()))?;
        }
        world.set("ARGC", &(args.rest.len() + 1).to_string());
        let mut files = Vec::new();
        for word in &args.rest {
            match word.split_once('=') {
                Some((name, value)) if is_name(name) => self.assigned.push((name.into(), value.into())),
                _ => files.push(word.clone()),
            }
        }
        self.run.main = Some(Reader::new(Input::new(&files)));
        self.run.go_to(code.begin);
        self.code = Some(Arc::new(code));
        Ok(())
    }

    /// The next record, or what there is to do instead.
    fn read(&mut self, code: &Code, sys: &mut Sys<'_>) -> Turn {
        let separator = self.run.world.var_text("RS");
        let Some(reader) = &mut self.run.main else { return Turn::Exit(2) };
        match reader.next(&separator, sys) {
            Next::Line(line, _) => {
                sys.charge(2 + (line.len() >> 5) as u32);
                self.run.record(&String::from_utf8_lossy(&line));
                self.run.go_to(code.main);
                self.phase = Phase::Rules;
            }
            Next::End => {
                self.run.go_to(code.end);
                self.phase = Phase::End;
            }
            Next::Wait(turn) => return turn,
            Next::Failed(name, e) => {
                sys.err(&format!("awk: {name}: {e}\n"));
                self.exit = 2;
            }
            _ => {}
        }
        Turn::More
    }

    fn ended(&mut self, code: &Code) {
        self.phase = match self.phase {
            Phase::Begin if !code.reads => Phase::Leave,
            Phase::Begin => {
                for (name, value) in std::mem::take(&mut self.assigned) {
                    self.run.world.set(&name, &crate::shell::unescape(&value, false).0);
                }
                Phase::Read
            }
            Phase::Rules => Phase::Read,
            _ => Phase::Leave,
        };
    }
}

/// An input, and what was read of its next record.
#[derive(Clone)]
struct Reader {
    input: Input,
    rest: Rest,
    /// The file, as a count, that the last record came from.
    seen: usize,
}

impl Reader {
    fn new(input: Input) -> Self {
        Self { input, rest: Rest::default(), seen: 0 }
    }

    fn next(&mut self, separator: &str, sys: &mut Sys<'_>) -> Next {
        if separator == "\n" { self.input.line(sys) } else { self.rest.next(&mut self.input, separator, sys) }
    }
}

/// Records that end otherwise than lines do: what was read and has no end yet.
#[derive(Clone, Default)]
struct Rest {
    text: String,
    /// The file has ended; its last record is to be given.
    ended: bool,
}

impl Rest {
    fn next(&mut self, input: &mut Input, separator: &str, sys: &mut Sys<'_>) -> Next {
        let paragraphs = separator.is_empty();
        if paragraphs {
            let blank = self.text.len() - self.text.trim_start_matches('\n').len();
            self.text.drain(..blank);
        }
        let mark = if paragraphs { "\n\n" } else { separator };
        let plain = mark.chars().count() == 1 || paragraphs;
        let found = if plain {
            self.text.find(mark).map(|i| (i, i + mark.len()))
        } else {
            crate::regex::Regex::new(mark, true, false).ok().and_then(|r| {
                let chars: Vec<char> = self.text.chars().collect();
                let (a, b) = r.find_at(&chars, 0)?.first().copied().flatten()?;
                let bytes = |n: usize| chars[..n].iter().map(|c| c.len_utf8()).sum();
                (b > a).then(|| (bytes(a), bytes(b)))
            })
        };
        if let Some((end, after)) = found {
            let record = self.text.as_bytes()[..end].to_vec();
            self.text.drain(..after);
            return Next::Line(record, true);
        }
        if std::mem::take(&mut self.ended) {
            let last = std::mem::take(&mut self.text);
            let last = if paragraphs { last.trim_end_matches('\n') } else { &last };
            return if last.is_empty() { Next::FileEnd } else { Next::Line(last.as_bytes().to_vec(), false) };
        }
        match input.piece(sys) {
            Next::Piece(data) => {
                self.text.push_str(&String::from_utf8_lossy(&data));
                if self.text.len() > RECORD_MAX {
                    return Next::Failed(input.name.clone(), crate::fs::Errno::NoMemory);
                }
                Next::Wait(Turn::More)
            }
            Next::FileEnd => {
                self.ended = true;
                Next::Wait(Turn::More)
            }
            other => other,
        }
    }
}

impl Program for Awk {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(code) = self.code.clone() else {
            return match self.begin(sys) {
                Ok(()) => Turn::More,
                Err(text) => {
                    sys.err(&text);
                    Turn::Exit(if sys.gnu() && !text.starts_with("Usage") { 2 } else { 1 })
                }
            };
        };
        match self.phase {
            Phase::Read => return self.read(&code, sys),
            Phase::Leave => {
                return match self.run.leave(sys) {
                    Ok(()) => Turn::Exit(self.exit),
                    Err(wait) => Turn::Wait(wait),
                };
            }
            _ => {}
        }
        match self.run.run(&code, sys) {
            Ok(Ran::Go) => {}
            Ok(Ran::Wait(wait)) => return Turn::Wait(wait),
            Ok(Ran::End) => self.ended(&code),
            Ok(Ran::NextFile) => {
                if let Some(reader) = &mut self.run.main {
                    reader.input.skip_file(sys);
                }
                self.ended(&code);
            }
            Ok(Ran::Exit(status)) => {
                self.exit = status.unwrap_or(self.exit);
                if self.phase == Phase::End {
                    self.phase = Phase::Leave;
                } else {
                    self.run.go_to(code.end);
                    self.phase = Phase::End;
                }
            }
            Err(text) => {
                sys.err(&format!("awk: cmd. line:1: {text}\n"));
                (self.exit, self.phase) = (if sys.gnu() { 2 } else { 1 }, Phase::Leave);
            }
        }
        Turn::More
    }
}
