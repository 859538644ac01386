//! What lies unfinished on a shell's stack.

use std::sync::Arc;

use super::super::Var;
use super::super::ast::{AndOr, Command, Script};
use crate::machine::Pid;

/// An unfinished piece of work.
#[derive(Clone)]
pub(in crate::shell) enum Frame {
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
    Read(crate::shell::read::Read),
    WaitFor {
        pids: Vec<Pid>,
        any: bool,
    },
}

pub(in crate::shell) type Saved = Vec<(u32, Option<u32>)>;
