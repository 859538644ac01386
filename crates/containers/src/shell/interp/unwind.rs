//! Leaving work behind: errors, `exit`, `return`, signals, and what has to be put back on the way.

use std::sync::Arc;

use super::super::{Dialect, Shell, Var, builtins};
use super::{Frame, Saved};
use crate::machine::{Sys, Turn};

impl Shell {
    /// The outermost end of the shell: its EXIT trap, then its code.
    pub(in crate::shell) fn stop(&mut self, sys: &mut Sys<'_>, code: i32) -> Turn {
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

    pub(in crate::shell) fn exit(&mut self, sys: &mut Sys<'_>, code: i32) -> Turn {
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

    pub(in crate::shell) fn unwind_all(&mut self, sys: &mut Sys<'_>) {
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
    pub(in crate::shell) fn unwind(
        &mut self,
        sys: &mut Sys<'_>,
        found: impl Fn(&Frame) -> bool,
    ) -> Option<Frame> {
        while let Some(frame) = self.frames.pop() {
            if found(&frame) {
                return Some(frame);
            }
            self.undo(sys, frame);
        }
        None
    }

    pub(in crate::shell) fn has_frame(&self, found: impl Fn(&Frame) -> bool) -> bool {
        self.frames.iter().any(found)
    }

    pub(in crate::shell) fn frames_mut(&mut self) -> &mut Vec<Frame> {
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

    pub(in crate::shell) fn put_back(&mut self, vars: Vec<(String, Option<Var>)>) {
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

    pub(in crate::shell) fn fail(&self, sys: &mut Sys<'_>, text: &str) {
        // ash names the line (of a file; 0 otherwise) when a builtin complains.
        if self.dialect == Dialect::Ash
            && !self.prompt
            && let Some((name, rest)) = text.split_once(": ")
            && builtins::is_builtin(name)
        {
            let line = if self.from_file { self.line } else { 0 };
            sys.err(&format!("{}: {name}: line {line}: {rest}\n", self.name));
            return;
        }
        sys.err(&format!("{}{text}\n", self.prefix()));
    }

    /// `$PWD` as a shell sets it when it starts; all but Debian's count how deep they are in `$SHLVL`.
    pub(in crate::shell) fn know_directory(&mut self, sys: &Sys<'_>) {
        self.assign("PWD", &sys.cwd(), true);
        if self.dialect != Dialect::Dash {
            let level = self.get("SHLVL").and_then(|l| l.parse::<u32>().ok()).unwrap_or(0);
            self.assign("SHLVL", &level.saturating_add(1).to_string(), true);
        }
    }

    /// An error that ends a shell, or at a prompt the line.
    pub(in crate::shell) fn fatal(&mut self, sys: &mut Sys<'_>, text: &str) -> Turn {
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
}
