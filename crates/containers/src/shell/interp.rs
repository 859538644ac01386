//! Running a tree frame by frame: each step does one thing, and all that is unfinished lies on the stack.

use std::sync::Arc;

use super::ast::{AndOr, Command, Kind, Pipeline, Script};
use super::builtins::{self, Done};
use super::expand::{Expander, Stop};
use super::redirect::{Redirects, targets};
use super::{Dialect, Job, Shell, Value, Var, parse, short_name};
use crate::machine::{Got, Pid, Signal, Sys, Task, Turn, Wait};

/// Frames a shell may stack before it is told off: deep recursion of functions ends here.
const FRAMES_MAX: usize = 4000;
/// Bytes a command substitution may give.
const OUTPUT_MAX: usize = 4 << 20;

pub(super) type Saved = Vec<(u32, Option<u32>)>;

/// An unfinished piece of work.
#[derive(Clone)]
pub(super) enum Frame {
    /// Text yet to be parsed; `name` is the file of a sourced script.
    Source {
        text: String,
        name: Option<String>,
    },
    /// A script file yet to be read.
    Script {
        path: String,
    },
    List {
        script: Arc<Script>,
        at: usize,
    },
    AndOr {
        node: Arc<AndOr>,
        at: usize,
    },
    Negate,
    /// Members of a pipeline, with the exit codes of those that ended.
    Pipe {
        pids: Vec<(Pid, Option<i32>)>,
    },
    /// A command whose words are being expanded, with the outputs of its substitutions so far.
    Eval {
        command: Arc<Command>,
        outputs: Vec<String>,
    },
    /// A command substitution.
    Capture {
        pid: Pid,
        fd: u32,
        data: Vec<u8>,
    },
    /// A child in the foreground.
    Child {
        pid: Pid,
    },
    If {
        command: Arc<Command>,
        arm: usize,
    },
    Loop {
        command: Arc<Command>,
        in_cond: bool,
        result: i32,
    },
    For {
        command: Arc<Command>,
        items: Arc<Vec<String>>,
        at: usize,
    },
    ArithFor {
        command: Arc<Command>,
        started: bool,
    },
    Case {
        command: Arc<Command>,
        arm: usize,
    },
    Redirects {
        saved: Saved,
    },
    /// Variables to put back (`A=b builtin`).
    Restore {
        vars: Vec<(String, Option<Var>)>,
    },
    Function {
        args: Vec<String>,
        locals: Vec<(String, Option<Var>)>,
    },
    /// The end of a sourced script: `return` stops here.
    Sourced,
    /// After a trap `$?` is what it was.
    Trap {
        status: i32,
    },
    /// A builtin that waits.
    Read(super::read::Read),
    WaitFor {
        pids: Vec<Pid>,
        any: bool,
    },
}

impl Shell {
    /// One step: the top frame does one thing.
    pub(crate) fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        if self.main_pid.is_none() {
            self.main_pid = Some(sys.pid());
        }
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
            if self.prompt {
                return Turn::Wait(Wait::Forever);
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
                text.extend(data);
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

    pub(super) fn run(&mut self, script: &Arc<Script>) {
        self.frames.push(Frame::List { script: script.clone(), at: 0 });
    }

    /// The outermost end of the shell: its EXIT trap, then its code.
    pub(super) fn stop(&mut self, sys: &mut Sys<'_>, code: i32) -> Turn {
        self.unwind_all(sys);
        if let Some(action) = self.traps.remove("EXIT").filter(|a| !a.is_empty()) {
            self.exiting = Some(code);
            self.status = code;
            self.tail = false;
            self.frames.push(Frame::Source { text: action, name: None });
            return Turn::More;
        }
        Turn::Exit(self.exiting.unwrap_or(code))
    }

    pub(super) fn exit(&mut self, sys: &mut Sys<'_>, code: i32) -> Turn {
        if self.exiting.is_some() {
            self.exiting = Some(code);
        }
        if self.prompt {
            self.unwind_all(sys);
            self.status = code;
            return Turn::Exit(code);
        }
        self.stop(sys, code)
    }

    fn unwind_all(&mut self, sys: &mut Sys<'_>) {
        while let Some(frame) = self.frames.pop() {
            self.undo(sys, frame);
        }
    }

    /// What leaving a frame early must put right.
    fn undo(&mut self, sys: &mut Sys<'_>, frame: Frame) {
        match frame {
            Frame::Redirects { saved } => sys.restore(saved),
            Frame::Restore { vars } => self.put_back(vars),
            Frame::Function { args, locals } => {
                self.args = args;
                self.put_back(locals);
            }
            Frame::Capture { fd, .. } => sys.close(fd),
            _ => {}
        }
    }

    /// Pops frames through the first for which `found` holds; that frame is given back.
    pub(super) fn unwind(&mut self, sys: &mut Sys<'_>, found: impl Fn(&Frame) -> bool) -> Option<Frame> {
        while let Some(frame) = self.frames.pop() {
            if found(&frame) {
                return Some(frame);
            }
            self.undo(sys, frame);
        }
        None
    }

    pub(super) fn has_frame(&self, found: impl Fn(&Frame) -> bool) -> bool {
        self.frames.iter().any(found)
    }

    pub(super) fn frames_mut(&mut self) -> &mut Vec<Frame> {
        &mut self.frames
    }

    /// Drops all unfinished work, as Ctrl-C does. Files are given up by [`Shell::take_saved_fds`] first.
    pub(crate) fn abandon(&mut self, status: i32) {
        self.status = status;
        let frames = std::mem::take(&mut self.frames);
        for frame in frames.into_iter().rev() {
            match frame {
                Frame::Redirects { saved } => self.frames.insert(0, Frame::Redirects { saved }),
                Frame::Restore { vars } => self.put_back(vars),
                Frame::Function { args, locals } => {
                    self.args = args;
                    self.put_back(locals);
                }
                _ => {}
            }
        }
    }

    /// Files kept for restoring, in the order in which redirections were made.
    pub(crate) fn take_saved_fds(&mut self) -> Saved {
        let mut all = Vec::new();
        for frame in std::mem::take(&mut self.frames) {
            if let Frame::Redirects { saved } = frame {
                all.extend(saved);
            }
        }
        all
    }

    fn put_back(&mut self, vars: Vec<(String, Option<Var>)>) {
        for (name, old) in vars.into_iter().rev() {
            match old {
                Some(var) => {
                    Arc::make_mut(&mut self.vars).insert(name, var);
                }
                None => {
                    Arc::make_mut(&mut self.vars).remove(&name);
                }
            }
        }
        self.env = None;
    }

    pub(super) fn fail(&self, sys: &mut Sys<'_>, text: &str) {
        // ash names the line (of a file; 0 otherwise) when a builtin complains.
        if self.dialect == Dialect::Ash
            && !self.prompt
            && !self.from_file
            && let Some((name, rest)) = text.split_once(": ")
            && builtins::is_builtin(name)
        {
            sys.err(&format!("{}{name}: line 0: {rest}\n", self.prefix()));
            return;
        }
        sys.err(&format!("{}{text}\n", self.prefix()));
    }

    /// An error that ends a shell, or at a prompt the line.
    pub(super) fn fatal(&mut self, sys: &mut Sys<'_>, text: &str) -> Turn {
        self.fail(sys, text);
        let code = if self.dialect == Dialect::Bash { 1 } else { 2 };
        if self.prompt {
            self.unwind_all(sys);
            self.status = code;
            return Turn::More;
        }
        let code = if self.dialect == Dialect::Bash && text.contains("unbound variable") {
            127.min(code)
        } else {
            code
        };
        self.stop(sys, code)
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
                if let parse::ParseError::Syntax { line, .. } = &error {
                    self.line = *line;
                }
                let text = self.syntax_error(&error);
                sys.err(&text);
                self.status = 2;
                if self.prompt {
                    self.unwind_all(sys);
                    return Turn::More;
                }
                self.stop(sys, 2)
            }
        }
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

    /// Notes which jobs have ended; old ones are forgotten when there are many.
    pub(super) fn poll_jobs(&mut self, sys: &mut Sys<'_>) {
        for job in &mut self.jobs {
            if job.status.is_none() {
                job.status = sys.reap(job.pid);
            }
        }
        while self.jobs.len() > 100
            && let Some(i) = self.jobs.iter().position(|j| j.status.is_some())
        {
            self.jobs.remove(i);
        }
    }

    fn subshell(&self, frame: Frame) -> Self {
        let mut child = self.clone();
        child.lenient = self.errors_ignored();
        child.frames = vec![frame];
        child.prompt = false;
        child.jobs.clear();
        child.pending.clear();
        child.traps.retain(|_, action| action.is_empty());
        child.tail = true;
        child.exiting = None;
        if self.prompt {
            child.name = self.dialect.name().into();
        }
        child
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

    fn pipeline(&mut self, sys: &mut Sys<'_>, pipeline: &Arc<Pipeline>) -> Turn {
        if pipeline.negate {
            self.frames.push(Frame::Negate);
        }
        if let [command] = pipeline.commands.as_slice() {
            self.frames.push(Frame::Eval { command: command.clone(), outputs: Vec::new() });
            return Turn::More;
        }
        let mut pids = Vec::new();
        let mut before: Option<u32> = None;
        let n = pipeline.commands.len();
        for (i, command) in pipeline.commands.iter().enumerate() {
            let pipe = if i + 1 < n { sys.pipe().map(Some) } else { Ok(None) };
            let child = self.subshell(Frame::Eval { command: command.clone(), outputs: Vec::new() });
            let forked = pipe.and_then(|pipe| Ok((pipe, sys.fork(Task::Shell(Box::new(child)))?)));
            let (pipe, pid) = match forked {
                Ok(pair) => pair,
                Err(e) => {
                    let (text, code) = self.exec_error(&crate::machine::ExecError::Errno(e));
                    sys.err(&text);
                    self.status = code;
                    break;
                }
            };
            if let Some(fd) = before.take() {
                sys.give(pid, fd, 0);
                sys.close_of(pid, fd);
                sys.close(fd);
            }
            if let Some((r, w)) = pipe {
                sys.give(pid, w, 1);
                sys.close_of(pid, w);
                sys.close_of(pid, r);
                sys.close(w);
                before = Some(r);
            }
            pids.push((pid, None));
        }
        if let Some(fd) = before {
            sys.close(fd);
        }
        self.frames.push(Frame::Pipe { pids });
        Turn::More
    }

    fn pipe_wait(&mut self, sys: &mut Sys<'_>, mut pids: Vec<(Pid, Option<i32>)>) -> Turn {
        for (pid, code) in &mut pids {
            if code.is_none() {
                *code = sys.reap(*pid).or(if sys.has_child(*pid) { None } else { Some(127) });
            }
        }
        if let Some((pid, _)) = pids.iter().find(|(_, code)| code.is_none()) {
            let pid = *pid;
            self.frames.push(Frame::Pipe { pids });
            return Turn::Wait(Wait::Child(Some(pid)));
        }
        let codes: Vec<i32> = pids.iter().filter_map(|(_, code)| *code).collect();
        if self.dialect == Dialect::Bash {
            let items = (0..).zip(codes.iter().map(ToString::to_string)).collect();
            self.put("PIPESTATUS", Value::Array(items));
        }
        let last = codes.last().copied().unwrap_or(self.status);
        self.status = if self.options.pipefail {
            codes.iter().rev().copied().find(|c| *c != 0).unwrap_or(0)
        } else {
            last
        };
        self.check_errexit(sys)
    }

    /// Ends the shell if `set -e` asks for it.
    pub(super) fn check_errexit(&mut self, sys: &mut Sys<'_>) -> Turn {
        if self.status != 0 && self.options.errexit && !self.errors_ignored() && !self.prompt {
            return self.stop(sys, self.status);
        }
        Turn::More
    }

    fn capture(&mut self, sys: &mut Sys<'_>, pid: Pid, fd: u32, mut data: Vec<u8>) -> Turn {
        match sys.read(fd, 65_536) {
            Got::Data(more) => {
                data.extend(more);
                if data.len() > OUTPUT_MAX {
                    sys.close(fd);
                    return self.fatal(sys, "out of memory");
                }
                self.frames.push(Frame::Capture { pid, fd, data });
                Turn::More
            }
            Got::Wait => {
                self.frames.push(Frame::Capture { pid, fd, data });
                Turn::Wait(Wait::Read(fd))
            }
            Got::End | Got::Failed(_) => {
                if let Some(code) = sys.reap(pid) {
                    self.status = code;
                } else if sys.has_child(pid) {
                    self.frames.push(Frame::Capture { pid, fd, data });
                    return Turn::Wait(Wait::Child(Some(pid)));
                }
                sys.close(fd);
                data.retain(|b| *b != 0);
                let mut text = String::from_utf8_lossy(&data).into_owned();
                text.truncate(text.trim_end_matches('\n').len());
                if let Some(Frame::Eval { outputs, .. }) = self.frames.last_mut() {
                    outputs.push(text);
                }
                Turn::More
            }
        }
    }

    fn start_capture(&mut self, sys: &mut Sys<'_>, script: Arc<Script>) -> Turn {
        let mut child = self.subshell(Frame::List { script, at: 0 });
        child.status = self.status;
        let made = sys.pipe().and_then(|(r, w)| Ok((r, w, sys.fork(Task::Shell(Box::new(child)))?)));
        match made {
            Ok((r, w, pid)) => {
                sys.give(pid, w, 1);
                sys.close_of(pid, w);
                sys.close_of(pid, r);
                sys.close(w);
                self.frames.push(Frame::Capture { pid, fd: r, data: Vec::new() });
                Turn::More
            }
            Err(e) => {
                let (text, code) = self.exec_error(&crate::machine::ExecError::Errno(e));
                sys.err(&text);
                self.unwind(sys, |f| matches!(f, Frame::Eval { .. }));
                self.status = code;
                Turn::More
            }
        }
    }

    /// An expansion stopped: run what it needs and come back, or give up.
    pub(super) fn stopped(
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

    pub(super) fn apply_assigned(
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

    pub(super) fn finish_builtin(&mut self, sys: &mut Sys<'_>, done: Done) -> Turn {
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

    pub(super) fn own_name(&self) -> String {
        short_name(self.script_name()).into()
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
