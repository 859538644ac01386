//! `watch`: a command again and again.
//!
//! Each run is printed below the one before: nothing is drawn over. Not modelled: `-d`'s marks.

use super::args::Args;
use crate::machine::{Pid, Program, Sys, Turn, Wait};

#[derive(Clone)]
struct Watch {
    argv: Vec<String>,
    line: String,
    every_ms: i64,
    quiet: bool,
    child: Option<Pid>,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Watch { argv: argv.to_vec(), line: String::new(), every_ms: 2000, quiet: false, child: None })
}

impl Program for Watch {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        if self.line.is_empty() {
            let args = match Args::parse_until(sys, &self.argv, "n:tdegx", true) {
                Ok(args) => args,
                Err(text) => return Turn::Exit(super::usage(sys, &text)),
            };
            self.quiet = args.has('t') || args.long("no-title");
            let every = args.value('n').or_else(|| args.long_value("interval"));
            let seconds = every.and_then(|n| n.parse::<f64>().ok()).unwrap_or(2.0);
            self.every_ms = (seconds * 1000.0).clamp(100.0, 1e9) as i64;
            self.line = args.rest.join(" ");
            if self.line.is_empty() {
                return Turn::Exit(super::usage(sys, "watch: no command\n"));
            }
        }
        if let Some(child) = self.child {
            if sys.reap(child).is_none() {
                return Turn::Wait(Wait::Child(Some(child)));
            }
            self.child = None;
            return Turn::Wait(Wait::Until(sys.now() + self.every_ms));
        }
        if !self.quiet {
            let now = super::date_text(sys.now(), "%F %T");
            sys.out(format!("Every {:.1}s: {}\t{now}\n\n", self.every_ms as f64 / 1000.0, self.line));
        }
        match sys.spawn(&["sh".into(), "-c".into(), self.line.clone()], None) {
            Ok(pid) => {
                self.child = Some(pid);
                Turn::More
            }
            Err(e) => {
                let (text, code) = super::exec_error(sys.machine().flavor, "watch", &e);
                sys.err(&text);
                Turn::Exit(code)
            }
        }
    }
}
