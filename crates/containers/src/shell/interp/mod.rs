//! Running a tree frame by frame: each step does one thing, and all that is unfinished lies on the stack.

mod ask;
mod frame;
mod pipeline;
mod unwind;

pub(in crate::shell) use ask::Asking;
pub(in crate::shell) use frame::{Frame, Saved};

use std::sync::Arc;

use super::ast::{AndOr, Command, Kind, Script};
use super::builtins::{self, Done};
use super::expand::{Expander, Stop};
use super::redirect::{Redirects, targets};
use super::{Dialect, Job, Shell, parse};
use crate::machine::{Got, Signal, Sys, Task, Turn, Wait};

/// Frames a shell may stack before it is told off: deep recursion of functions ends here.
const FRAMES_MAX: usize = 4000;
/// Bytes a command substitution may give.
const OUTPUT_MAX: usize = 4 << 20;
/// Lines after which a text with a mistake is tried to be cut.
const LINES_TRIED: usize = 100;
/// Bytes of a script that comes over standard input.
const SCRIPT_MAX: usize = 4 << 20;

impl Shell {
    /// One step: the top frame does one thing.
    pub(crate) fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        if self.main_pid.is_none() {
            self.main_pid = Some(sys.pid());
            self.know_directory(sys);
        }
        self.begins_to_ask(sys);
        if let Some(turn) = self.read_script(sys) {
            return turn;
        }
        if !self.pending.is_empty() && self.at_boundary() {
            let signal = self.pending.remove(0);
            if let Some(Frame::WaitFor { .. }) = self.frames.last() {
                self.frames.pop();
                self.status = 128 + signal.number();
            }
            if let Some(action) = self.traps.get(signal.name()).cloned() {
                self.frames.push(Frame::Trap { status: self.status });
                self.frames.push(Frame::Source { text: action, name: None });
            }
            return Turn::More;
        }
        if self.frames.len() > FRAMES_MAX {
            self.fail(sys, "maximum function nesting level exceeded");
            return self.stop(sys, 2);
        }
        let Some(frame) = self.frames.pop() else {
            if self.prompt && self.exiting.is_none() {
                return self.ask(sys);
            }
            let code = self.exiting.unwrap_or(self.status);
            return self.stop(sys, code);
        };
        match frame {
            Frame::List { script, at } => self.list(sys, script, at),
            Frame::AndOr { node, at } => self.and_or(sys, node, at),
            Frame::Negate => {
                self.status = i32::from(self.status == 0);
                Turn::More
            }
            Frame::Eval { command, outputs } => self.eval(sys, command, outputs),
            Frame::Source { text, name } => self.source(sys, &text, name),
            Frame::Script { path } => self.script_file(sys, &path),
            Frame::Pipe { pids } => self.pipe_wait(sys, pids),
            Frame::Capture { pid, fd, data } => self.capture(sys, pid, fd, data),
            Frame::Child { pid } => match sys.reap(pid) {
                Some(code) => {
                    self.status = code;
                    self.check_errexit(sys)
                }
                None if sys.has_child(pid) => {
                    self.frames.push(Frame::Child { pid });
                    Turn::Wait(Wait::Child(Some(pid)))
                }
                None => {
                    self.status = 127;
                    Turn::More
                }
            },
            Frame::If { command, arm } => {
                if let Kind::If { arms, otherwise } = &command.kind {
                    if self.status == 0 {
                        self.run(&arms[arm].1);
                    } else if let Some((cond, _)) = arms.get(arm + 1) {
                        let cond = cond.clone();
                        self.frames.push(Frame::If { command: command.clone(), arm: arm + 1 });
                        self.run(&cond);
                    } else {
                        match otherwise {
                            Some(body) => self.run(body),
                            None => self.status = 0,
                        }
                    }
                }
                Turn::More
            }
            Frame::Loop { command, in_cond, result } => {
                if let Kind::Loop { until, cond, body } = &command.kind {
                    if !in_cond {
                        let result = if result < 0 { 0 } else { self.status };
                        self.frames.push(Frame::Loop { command: command.clone(), in_cond: true, result });
                        self.run(cond);
                    } else if (self.status == 0) != *until {
                        self.frames.push(Frame::Loop { command: command.clone(), in_cond: false, result: 0 });
                        self.run(body);
                    } else {
                        self.status = result;
                    }
                }
                Turn::More
            }
            Frame::For { command, items, at } => {
                if let (Kind::For { var, body, .. }, Some(item)) = (&command.kind, items.get(at)) {
                    if let Err(e) = self.set(var, item.clone()) {
                        return self.fatal(sys, &e);
                    }
                    self.frames.push(Frame::For { command: command.clone(), items, at: at + 1 });
                    self.run(body);
                } else if at == 0 {
                    self.status = 0;
                }
                Turn::More
            }
            Frame::ArithFor { command, started } => self.arith_for(sys, command, started),
            Frame::Case { command, arm } => {
                if let Kind::Case { arms, .. } = &command.kind
                    && let Some(found) = arms.get(arm)
                {
                    if found.fall {
                        self.frames.push(Frame::Case { command: command.clone(), arm: arm + 1 });
                    }
                    self.run(&found.body);
                }
                Turn::More
            }
            Frame::Redirects { saved } => {
                sys.restore(saved);
                Turn::More
            }
            Frame::Restore { vars } => {
                self.put_back(vars);
                Turn::More
            }
            Frame::Function { args, locals } => {
                self.args = args;
                self.put_back(locals);
                Turn::More
            }
            Frame::Sourced => Turn::More,
            Frame::Trap { status } => {
                self.status = status;
                Turn::More
            }
            Frame::Read(read) => {
                let done = super::read::read_more(self, sys, read);
                self.finish_builtin(sys, done)
            }
            Frame::WaitFor { pids, any } => {
                let done = builtins::wait_more(self, sys, pids, any);
                self.finish_builtin(sys, done)
            }
        }
    }

    /// Reads the script on standard input to its end.
    fn read_script(&mut self, sys: &mut Sys<'_>) -> Option<Turn> {
        let text = self.reading.as_mut()?;
        match sys.read(0, 4096) {
            Got::Data(data) => {
                sys.charge((data.len() >> 6) as u32);
                text.extend(data);
                if text.len() > SCRIPT_MAX {
                    self.reading = None;
                    return Some(self.fatal(sys, "out of memory"));
                }
                Some(Turn::More)
            }
            Got::Wait => Some(Turn::Wait(Wait::Read(0))),
            Got::End | Got::Failed(_) => {
                let text = String::from_utf8_lossy(text).into_owned();
                self.reading = None;
                self.frames.push(Frame::Source { text, name: None });
                Some(Turn::More)
            }
        }
    }

    /// Between commands, or in a `wait`: where traps run.
    fn at_boundary(&self) -> bool {
        !matches!(self.frames.last(), Some(Frame::Child { .. } | Frame::Pipe { .. } | Frame::Capture { .. }))
    }

    /// Whether a signal may wake the shell from what it waits for.
    pub(crate) fn interruptible(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::WaitFor { .. } | Frame::Read(_)))
    }

    pub(in crate::shell) fn run(&mut self, script: &Arc<Script>) {
        self.frames.push(Frame::List { script: script.clone(), at: 0 });
    }

    fn source(&mut self, sys: &mut Sys<'_>, text: &str, name: Option<String>) -> Turn {
        match parse(text, self.dialect, false, None) {
            Ok(script) => {
                if name.is_some() {
                    self.frames.push(Frame::Sourced);
                }
                self.status = if script.items.is_empty() { 0 } else { self.status };
                self.run(&script);
                Turn::More
            }
            Err(error) => {
                // What stands before the mistake runs first: a shell reads on only when a command is over.
                if let Some((before, rest)) = self.readable_part(text) {
                    self.frames.push(Frame::Source { text: rest, name });
                    self.run(&before);
                    return Turn::More;
                }
                let bash = self.dialect == Dialect::Bash;
                match &error {
                    parse::ParseError::Syntax { line, .. } => self.line = *line,
                    parse::ParseError::Incomplete(what)
                        if bash && matches!(what.as_str(), "'" | "\"" | "`") => {}
                    parse::ParseError::Incomplete(_) => self.line = 1 + text.lines().count() as u32,
                }
                let told = self.syntax_error(&error);
                sys.err(&told);
                // bash shows the line too.
                if bash
                    && !self.prompt
                    && matches!(&error, parse::ParseError::Syntax { token, .. } if token != "bad substitution" && token != "end of file")
                    && let Some(line) = text.lines().nth(self.line.saturating_sub(1) as usize)
                {
                    let before = told.split("syntax error").next().unwrap_or_default();
                    sys.err(&format!("{before}`{line}'\n"));
                }
                self.status = 2;
                if self.prompt {
                    self.unwind_all(sys);
                    return Turn::More;
                }
                self.stop(sys, 2)
            }
        }
    }

    /// The whole commands before a mistake, and the text after them.
    fn readable_part(&self, text: &str) -> Option<(Arc<Script>, String)> {
        let ends: Vec<usize> = text.match_indices('\n').map(|(i, _)| i + 1).take(LINES_TRIED).collect();
        ends.into_iter().rev().filter(|i| *i < text.len()).find_map(|i| {
            let before = parse(&text[..i], self.dialect, false, None).ok()?;
            // Empty lines in its place keep the numbers of the others.
            let rest = "\n".repeat(text[..i].matches('\n').count()) + &text[i..];
            (!before.items.is_empty()).then_some((before, rest))
        })
    }

    fn script_file(&mut self, sys: &mut Sys<'_>, path: &str) -> Turn {
        let full = sys.path(path);
        let read = sys.fs().read(&full);
        match read {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                self.source(sys, &text, None)
            }
            Err(e) => {
                let text = match self.dialect {
                    Dialect::Bash => format!("bash: {path}: {e}\n"),
                    Dialect::Dash => format!("sh: 0: cannot open {path}: No such file\n"),
                    Dialect::Ash => format!("sh: can't open '{path}': {e}\n"),
                };
                sys.err(&text);
                Turn::Exit(if self.dialect == Dialect::Bash { 127 } else { 2 })
            }
        }
    }

    fn list(&mut self, sys: &mut Sys<'_>, script: Arc<Script>, at: usize) -> Turn {
        let Some(item) = script.items.get(at) else { return Turn::More };
        if at + 1 < script.items.len() {
            self.frames.push(Frame::List { script: script.clone(), at: at + 1 });
        }
        if !item.background {
            self.frames.push(Frame::AndOr { node: item.list.clone(), at: 0 });
            return Turn::More;
        }
        let child = self.subshell(Frame::AndOr { node: item.list.clone(), at: 0 });
        match sys.fork(Task::Shell(Box::new(child))) {
            Ok(pid) => {
                if !self.prompt {
                    sys.null_of(pid, 0);
                    sys.ignore_in(pid, Signal::Int);
                }
                self.poll_jobs(sys);
                let number = self.jobs.iter().map(|j| j.number).max().unwrap_or(0) + 1;
                self.jobs.push(Job { number, pid, text: item.text.clone(), status: None });
                self.last_background = Some(pid);
                if self.prompt {
                    sys.err(&format!("[{number}] {pid}\n"));
                }
                self.status = 0;
                Turn::More
            }
            Err(e) => {
                let (text, code) = self.exec_error(&crate::machine::ExecError::Errno(e));
                sys.err(&text);
                self.status = code;
                Turn::More
            }
        }
    }

    /// Whether a failure here is being tested, so that `set -e` lets it pass.
    fn errors_ignored(&self) -> bool {
        self.lenient
            || self.frames.iter().any(|f| match f {
                Frame::If { .. } | Frame::Negate | Frame::Loop { in_cond: true, .. } => true,
                Frame::AndOr { node, at } => *at <= node.rest.len(),
                _ => false,
            })
    }

    fn and_or(&mut self, sys: &mut Sys<'_>, node: Arc<AndOr>, at: usize) -> Turn {
        let mut at = at;
        let pipeline = if at == 0 {
            node.first.clone()
        } else {
            while let Some((and, _)) = node.rest.get(at - 1)
                && *and != (self.status == 0)
            {
                at += 1;
            }
            match node.rest.get(at - 1) {
                Some((_, pipeline)) => pipeline.clone(),
                None => return Turn::More,
            }
        };
        if at < node.rest.len() {
            self.frames.push(Frame::AndOr { node, at: at + 1 });
        }
        self.pipeline(sys, &pipeline)
    }

    /// Ends the shell if `set -e` asks for it.
    pub(in crate::shell) fn check_errexit(&mut self, sys: &mut Sys<'_>) -> Turn {
        if self.status != 0 && self.options.errexit && !self.errors_ignored() && !self.prompt {
            return self.stop(sys, self.status);
        }
        Turn::More
    }

    /// An expansion stopped: run what it needs and come back, or give up.
    pub(in crate::shell) fn stopped(
        &mut self,
        sys: &mut Sys<'_>,
        stop: Stop,
        command: Arc<Command>,
        outputs: Vec<String>,
    ) -> Turn {
        match stop {
            Stop::Run(script) => {
                self.frames.push(Frame::Eval { command, outputs });
                self.start_capture(sys, script)
            }
            Stop::Error(text) => self.fatal(sys, &text),
        }
    }

    pub(in crate::shell) fn apply_assigned(
        &mut self,
        assigned: ordered::BTreeMap<String, String>,
    ) -> Result<(), String> {
        for (name, value) in assigned {
            self.set(&name, value)?;
        }
        Ok(())
    }

    fn eval(&mut self, sys: &mut Sys<'_>, command: Arc<Command>, outputs: Vec<String>) -> Turn {
        if !self.prompt || self.has_frame(|f| matches!(f, Frame::Function { .. })) {
            self.line = command.line;
        }
        if let Kind::Simple { .. } = &command.kind {
            return self.simple(sys, command, outputs);
        }
        let expanded = {
            let mut x = Expander::new(self, sys, &outputs);
            compound(&mut x, &command).map(|c| (c, x.assigned))
        };
        let ((redirects, choice), assigned) = match expanded {
            Ok(done) => done,
            Err(stop) => return self.stopped(sys, stop, command, outputs),
        };
        if let Err(e) = self.apply_assigned(assigned) {
            return self.fatal(sys, &e);
        }
        if !redirects.is_empty() {
            match self.redirect(sys, redirects) {
                Ok(saved) => self.frames.push(Frame::Redirects { saved }),
                Err(()) => {
                    self.status = 1;
                    return self.check_errexit(sys);
                }
            }
        }
        match (&command.kind, choice) {
            (Kind::Group(body), _) => self.run(body),
            (Kind::Subshell(body), _) => {
                let child = self.subshell(Frame::List { script: body.clone(), at: 0 });
                match sys.fork(Task::Shell(Box::new(child))) {
                    Ok(pid) => self.frames.push(Frame::Pipe { pids: vec![(pid, None)] }),
                    Err(e) => {
                        let (text, code) = self.exec_error(&crate::machine::ExecError::Errno(e));
                        sys.err(&text);
                        self.status = code;
                    }
                }
            }
            (Kind::If { arms, .. }, _) => {
                if let Some((cond, _)) = arms.first() {
                    self.frames.push(Frame::If { command: command.clone(), arm: 0 });
                    self.run(cond);
                }
            }
            (Kind::Loop { .. }, _) => {
                self.frames.push(Frame::Loop { command: command.clone(), in_cond: false, result: -1 });
            }
            (Kind::For { .. }, Choice::Items(items)) => {
                let items = Arc::new(items.unwrap_or_else(|| self.args.clone()));
                self.frames.push(Frame::For { command: command.clone(), items, at: 0 });
            }
            (Kind::ArithFor { .. }, _) => {
                self.frames.push(Frame::ArithFor { command: command.clone(), started: false });
            }
            (Kind::Case { .. }, Choice::Arm(arm)) => {
                self.status = 0;
                if let Some(arm) = arm {
                    self.frames.push(Frame::Case { command: command.clone(), arm });
                }
            }
            (Kind::Function { name, body }, _) => {
                Arc::make_mut(&mut self.functions).insert(name.clone(), body.clone());
                self.status = 0;
            }
            (_, Choice::Truth(truth)) => {
                self.status = i32::from(!truth);
                return self.check_errexit(sys);
            }
            _ => {}
        }
        Turn::More
    }

    fn arith_for(&mut self, sys: &mut Sys<'_>, command: Arc<Command>, started: bool) -> Turn {
        let Kind::ArithFor { init, cond, step, body } = &command.kind else { return Turn::More };
        let first = if started { step } else { init };
        for (word, is_cond) in [(first, false), (cond, true)] {
            if word.0.iter().all(|p| matches!(p, super::ast::Part::Lit(t) if t.trim().is_empty())) {
                continue;
            }
            let result = {
                let mut x = Expander::new(self, sys, &[]);
                x.arith(&word.0).map(|v| (v, x.assigned))
            };
            match result {
                Ok((value, assigned)) => {
                    if let Err(e) = self.apply_assigned(assigned) {
                        return self.fatal(sys, &e);
                    }
                    if is_cond && value == 0 {
                        return Turn::More;
                    }
                }
                Err(Stop::Error(text)) => return self.fatal(sys, &text),
                Err(Stop::Run(_)) => return self.fatal(sys, "command substitution in for ((: not supported"),
            }
        }
        self.frames.push(Frame::ArithFor { command: command.clone(), started: true });
        self.run(body);
        Turn::More
    }

    pub(in crate::shell) fn finish_builtin(&mut self, sys: &mut Sys<'_>, done: Done) -> Turn {
        match done {
            Done::Status(status) => {
                self.status = status;
                if let Some(errno) = sys.take_write_error() {
                    let text = match self.dialect {
                        Dialect::Dash => format!("echo: I/O error: {errno}"),
                        _ => format!("write error: {errno}"),
                    };
                    self.fail(sys, &text);
                    self.status = 1;
                }
                self.check_errexit(sys)
            }
            Done::Go => Turn::More,
            Done::Wait(frame, wait) => {
                self.frames.push(frame);
                Turn::Wait(wait)
            }
            Done::Exit(code) => self.exit(sys, code),
            Done::Exec(argv, env) => {
                let saved: Saved = self.take_saved_fds();
                sys.forget(saved);
                Turn::Exec(argv, Some(env))
            }
            Done::Fatal(text) => self.fatal(sys, &text),
        }
    }

    /// Tells of jobs that ended, as a prompt does before it comes back.
    pub fn job_notes(&mut self) -> String {
        let mut out = String::new();
        self.jobs.retain(|job| match job.status {
            Some(code) => {
                let what = if code == 0 { "Done".to_string() } else { format!("Exit {code}") };
                out.push_str(&format!("[{}]+  {what:<24}{}\n", job.number, job.text));
                false
            }
            None => true,
        });
        out
    }
}

enum Choice {
    None,
    Items(Option<Vec<String>>),
    Arm(Option<usize>),
    Truth(bool),
}

fn compound(x: &mut Expander<'_, '_>, command: &Command) -> Result<(Redirects, Choice), Stop> {
    let redirects = targets(x, &command.redirects)?;
    let choice = match &command.kind {
        Kind::For { words: Some(words), .. } => Choice::Items(Some(x.words(words)?)),
        Kind::For { words: None, .. } => Choice::Items(None),
        Kind::Case { word, arms } => {
            let text = x.text(word)?;
            let mut found = None;
            'arms: for (n, arm) in arms.iter().enumerate() {
                for pattern in &arm.patterns {
                    if x.pattern(pattern)?.matches(&text) {
                        found = Some(n);
                        break 'arms;
                    }
                }
            }
            Choice::Arm(found)
        }
        Kind::Test(expr) => Choice::Truth(x.test(expr)?),
        Kind::Arith(word) => Choice::Truth(x.arith(&word.0)? != 0),
        _ => Choice::None,
    };
    Ok((redirects, choice))
}
