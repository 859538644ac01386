//! `awk`: patterns and actions over records. Records are read one at a time; one rule's run is bounded by fuel.
//!
//! Not modelled: `getline`, user functions, output to commands (`| "cmd"`).

mod eval;
mod functions;
mod parse;

use std::sync::Arc;

use self::eval::{Flow, World};
use self::parse::Program as Script;
use super::args::Args;
use super::input::{Input, Next};
use crate::machine::{Program, Sys, Turn};

/// Bytes of a record that ends otherwise than a line.
const RECORD_MAX: usize = 256 << 10;

#[derive(Clone)]
struct Awk {
    rest: Rest,
    argv: Vec<String>,
    script: Option<Arc<Script>>,
    world: World,
    input: Option<Input>,
    /// Which range patterns are open.
    code: i32,
    ended: bool,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Awk {
        rest: Rest::default(),
        argv: argv.to_vec(),
        script: None,
        world: World::new(),
        input: None,
        code: 0,
        ended: false,
    })
}

impl Awk {
    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<Turn, String> {
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
        let script = parse::parse(&text).map_err(|e| format!("awk: cmd. line:1: {e}\n"))?;
        if let Some(separator) = args.value('F') {
            let separator =
                if separator == "t" { "\t".to_string() } else { crate::shell::unescape(separator, false).0 };
            self.world.set("FS", &separator);
        }
        for pair in args.values('v') {
            if let Some((name, value)) = pair.split_once('=') {
                self.world.set(name, &crate::shell::unescape(value, false).0);
            }
        }
        for (name, value) in sys.env().iter() {
            self.world.set_element("ENVIRON", name, value);
        }
        for (i, word) in std::iter::once(&"awk".to_string()).chain(&args.rest).enumerate() {
            self.world.set_element("ARGV", &i.to_string(), word);
        }
        self.world.set("ARGC", &(args.rest.len() + 1).to_string());
        let script = Arc::new(script);
        self.script = Some(script.clone());
        self.world.ranges = vec![false; script.rules.len()];
        let only_begin = script.rules.iter().all(|r| matches!(r.pattern, parse::Pattern::Begin));
        let files: Vec<String> =
            args.rest.iter().filter(|a| !a.contains('=') || a.contains('/')).cloned().collect();
        self.input = Some(Input::new(&files));
        let flow = self.world.run_rules(&script, sys, |p| matches!(p, parse::Pattern::Begin));
        match flow {
            Flow::Exit(code) => Ok(self.finish(sys, code)),
            Flow::Error(text) => Err(format!("awk: cmd. line:1: {text}\n")),
            _ if only_begin => Ok(Turn::Exit(0)),
            _ => Ok(Turn::More),
        }
    }

    fn finish(&mut self, sys: &mut Sys<'_>, code: i32) -> Turn {
        self.code = code;
        let Some(script) = self.script.clone() else { return Turn::Exit(code) };
        if std::mem::replace(&mut self.ended, true) {
            return Turn::Exit(code);
        }
        match self.world.run_rules(&script, sys, |p| matches!(p, parse::Pattern::End)) {
            Flow::Exit(code) => Turn::Exit(code),
            Flow::Error(text) => {
                sys.err(&format!("awk: cmd. line:1: {text}\n"));
                Turn::Exit(2)
            }
            _ => Turn::Exit(code),
        }
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
        let (Some(script), Some(input)) = (self.script.clone(), &mut self.input) else {
            return match self.begin(sys) {
                Ok(turn) => turn,
                Err(text) => {
                    sys.err(&text);
                    Turn::Exit(if text.starts_with("Usage") { 1 } else { 2 })
                }
            };
        };
        let separator = self.world.var_text("RS");
        let next = if separator == "\n" { input.line(sys) } else { self.rest.next(input, &separator, sys) };
        match next {
            Next::Line(line, _) => {
                sys.charge(2 + (line.len() >> 5) as u32);
                let text = String::from_utf8_lossy(&line).into_owned();
                let (name, first) = (input.name.clone(), input.opened);
                self.world.record(&text, if name == "-" { "" } else { &name }, first);
                match self
                    .world
                    .run_rules(&script, sys, |p| !matches!(p, parse::Pattern::Begin | parse::Pattern::End))
                {
                    Flow::Exit(code) => return self.finish(sys, code),
                    Flow::Error(text) => {
                        sys.err(&format!("awk: cmd. line:1: {text}\n"));
                        return Turn::Exit(2);
                    }
                    Flow::NextFile => {
                        if let Some(input) = &mut self.input {
                            input.skip_file(sys);
                        }
                    }
                    _ => {}
                }
                Turn::More
            }
            Next::End => {
                let code = self.code;
                self.finish(sys, code)
            }
            Next::Wait(turn) => turn,
            Next::Failed(name, e) => {
                sys.err(&format!("awk: {name}: {e}\n"));
                self.code = 2;
                Turn::More
            }
            _ => Turn::More,
        }
    }
}
