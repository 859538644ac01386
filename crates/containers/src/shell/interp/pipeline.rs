//! Processes a shell starts and waits for: pipelines, subshells, command substitutions.

use std::sync::Arc;

use super::super::ast::{Pipeline, Script};
use super::super::{Dialect, Shell, Value};
use super::{Frame, OUTPUT_MAX};
use crate::machine::{Got, Pid, Sys, Task, Turn, Wait};

impl Shell {
    /// Notes which jobs have ended; old ones are forgotten when there are many.
    pub(in crate::shell) fn poll_jobs(&mut self, sys: &mut Sys<'_>) {
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

    pub(in crate::shell) fn subshell(&self, frame: Frame) -> Self {
        let mut child = self.clone();
        child.lenient = self.errors_ignored();
        child.frames = vec![frame];
        child.prompt = false;
        child.asking = None;
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

    pub(in crate::shell) fn pipeline(&mut self, sys: &mut Sys<'_>, pipeline: &Arc<Pipeline>) -> Turn {
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

    pub(in crate::shell) fn pipe_wait(
        &mut self,
        sys: &mut Sys<'_>,
        mut pids: Vec<(Pid, Option<i32>)>,
    ) -> Turn {
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

    pub(in crate::shell) fn capture(
        &mut self,
        sys: &mut Sys<'_>,
        pid: Pid,
        fd: u32,
        mut data: Vec<u8>,
    ) -> Turn {
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

    pub(in crate::shell) fn start_capture(&mut self, sys: &mut Sys<'_>, script: Arc<Script>) -> Turn {
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
}
