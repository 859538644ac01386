//! `xargs`: words of the input as arguments.

use std::collections::VecDeque;

use super::args::Args;
use super::input::{Input, Next, complain};
use crate::machine::{Pid, Program, Sys, Turn, Wait};

#[derive(Clone)]
struct Xargs {
    argv: Vec<String>,
    input: Option<Input>,
    args: Args,
    items: VecDeque<String>,
    read: bool,
    ran: bool,
    child: Option<Pid>,
    code: i32,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Xargs {
        argv: argv.to_vec(),
        input: None,
        args: Args::default(),
        items: VecDeque::new(),
        read: false,
        ran: false,
        child: None,
        code: 0,
    })
}

/// Words of a line; quotes and backslashes as xargs reads them.
fn words(line: &str, out: &mut VecDeque<String>) {
    let mut chars = line.chars();
    let mut word: Option<String> = None;
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let w = word.get_or_insert_default();
                w.extend(chars.by_ref().take_while(|e| *e != c));
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c if c.is_whitespace() => out.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
}

impl Xargs {
    /// How many items a command takes.
    fn batch(&self) -> usize {
        if self.mark().is_some() {
            return 1;
        }
        self.args.value('n').or(self.args.value('L')).and_then(|n| n.parse().ok()).unwrap_or(5000).max(1)
    }

    fn mark(&self) -> Option<&str> {
        self.args.value('I').or(self.args.long_value("replace"))
    }

    fn take(&mut self, line: &str) {
        if self.args.has('0') {
            self.items.extend(line.split('\0').filter(|t| !t.is_empty()).map(String::from));
        } else if let Some(d) = self.args.value('d') {
            let d = crate::shell::unescape(d, false).0;
            self.items.extend(line.split(d.as_str()).map(String::from));
        } else if self.mark().is_some() {
            let line = line.trim();
            if !line.is_empty() {
                self.items.push_back(line.into());
            }
        } else {
            words(line, &mut self.items);
        }
    }

    fn next_command(&mut self) -> Option<Vec<String>> {
        let command =
            if self.args.rest.is_empty() { vec!["echo".to_string()] } else { self.args.rest.clone() };
        if let Some(mark) = self.mark().map(str::to_owned) {
            let item = self.items.pop_front()?;
            return Some(command.iter().map(|a| a.replace(&mark, &item)).collect());
        }
        let n = self.batch();
        if self.items.is_empty() && (self.ran || self.args.has('r')) {
            return None;
        }
        let take = n.min(self.items.len());
        Some(command.into_iter().chain(self.items.drain(..take)).collect())
    }
}

impl Program for Xargs {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let batch = self.batch();
        let Some(input) = &mut self.input else {
            match Args::parse_until(sys, &self.argv, "0I:L:n:P:prtxd:a:s:E:", true) {
                Ok(args) => self.args = args,
                Err(text) => return Turn::Exit(super::usage(sys, &text)),
            }
            self.input = Some(Input::new(&[]));
            return Turn::More;
        };
        if let Some(pid) = self.child {
            let Some(code) = sys.reap(pid) else { return Turn::Wait(Wait::Child(Some(pid))) };
            self.child = None;
            if code == 255 {
                return Turn::Exit(124);
            }
            if code != 0 {
                self.code = 123;
            }
        }
        if !self.read && self.items.len() < batch {
            match input.line(sys) {
                Next::Line(line, _) => self.take(&String::from_utf8_lossy(&line)),
                Next::Wait(turn) => return turn,
                Next::End => self.read = true,
                Next::Failed(name, e) => {
                    complain(sys, "xargs", &name, e);
                    return Turn::Exit(1);
                }
                _ => {}
            }
            return Turn::More;
        }
        let Some(command) = self.next_command() else { return Turn::Exit(self.code) };
        self.ran = true;
        if self.args.has('t') {
            sys.err(&format!("{}\n", command.join(" ")));
        }
        match sys.spawn(&command, None) {
            Ok(pid) => {
                self.child = Some(pid);
                sys.null_of(pid, 0);
                Turn::More
            }
            Err(e) => {
                let flavor = sys.machine().flavor;
                let (text, code) = super::exec_error(flavor, "xargs", &e);
                let text = text.replace("can't execute ", "").replace(['‘', '’', '\''], "");
                sys.err(&text);
                Turn::Exit(code)
            }
        }
    }
}
