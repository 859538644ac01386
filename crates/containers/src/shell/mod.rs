//! The shell as a plain data machine: parsed once, run frame by frame, cloned at any instant.
//!
//! Owns: the language, variables, functions, traps and builtins. Does not own: processes, files and pipes (the
//! machine's), or the programs it runs.
//! Models: POSIX XCU 2, with the texts of busybox ash, dash or bash.
//! Not modelled: job control (`fg`, `bg`), `ulimit`, history.

use ordered::Sort as _;
mod arith;
pub mod ast;
mod brace;
mod builtins;
mod command;
mod conditional;
mod declare;
mod expand;
mod getopts;
mod interp;
mod parse;
mod read;
mod redirect;
pub(crate) mod test;
mod word;

use ordered::BTreeMap;
use std::sync::Arc;

use clock::Rng;

use crate::machine::{Env, ExecError, Pid, Reaction, Signal, Sys};

pub(crate) use expand::{to_bytes, unescape};
use interp::{Asking, Frame};
pub use parse::{ParseError, parse};

/// Whose grammar and texts a shell follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// busybox ash
    Ash,
    /// Debian's `/bin/sh`
    Dash,
    Bash,
}

impl Dialect {
    #[must_use]
    pub fn name(self) -> &'static str {
        if self == Self::Bash { "bash" } else { "sh" }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Array(BTreeMap<i64, String>),
    Assoc(BTreeMap<String, String>),
}

#[derive(Clone, Debug)]
pub(crate) struct Var {
    /// `None`: declared (exported, local) without a value.
    pub(crate) value: Option<Value>,
    pub(crate) exported: bool,
    pub(crate) read_only: bool,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) errexit: bool,
    pub(crate) nounset: bool,
    pub(crate) xtrace: bool,
    pub(crate) no_glob: bool,
    pub(crate) no_clobber: bool,
    pub(crate) all_export: bool,
    pub(crate) pipefail: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) number: u32,
    pub(crate) pid: Pid,
    pub(crate) text: String,
    pub(crate) status: Option<i32>,
}

/// One shell process. Its whole state: a clone is a fork or a snapshot.
#[derive(Clone)]
pub struct Shell {
    pub(crate) dialect: Dialect,
    prompt: bool,
    vars: Arc<BTreeMap<String, Var>>,
    functions: Arc<BTreeMap<String, Arc<ast::Command>>>,
    aliases: Arc<BTreeMap<String, String>>,
    name: String,
    /// Whether commands come from `-c` or a prompt; a script's messages carry its line.
    from_file: bool,
    args: Vec<String>,
    options: Options,
    frames: Vec<Frame>,
    status: i32,
    last_background: Option<Pid>,
    traps: BTreeMap<String, String>,
    pending: Vec<Signal>,
    jobs: Vec<Job>,
    main_pid: Option<Pid>,
    /// A forked shell whose failures do not end it, as its parent's would not (`if (..)`).
    lenient: bool,
    /// A forked shell that may become its last command.
    tail: bool,
    exiting: Option<i32>,
    line: u32,
    random: Rng,
    env: Option<Env>,
    /// A script that is read from standard input before it runs.
    reading: Option<Vec<u8>>,
    /// At a terminal: what has been typed of the next command.
    asking: Option<Asking>,
    getopts_at: (usize, usize),
}

impl Shell {
    fn bare(dialect: Dialect, env: &Env) -> Self {
        let vars: BTreeMap<String, Var> = env
            .iter()
            .filter(|(k, _)| parse::is_name(k))
            .map(|(k, v)| {
                (k.clone(), Var { value: Some(Value::Text(v.clone())), exported: true, read_only: false })
            })
            .collect();
        Self {
            dialect,
            prompt: false,
            vars: Arc::new(vars),
            functions: Arc::default(),
            aliases: Arc::default(),
            name: dialect.name().into(),
            from_file: false,
            args: Vec::new(),
            options: Options::default(),
            frames: Vec::new(),
            status: 0,
            last_background: None,
            traps: BTreeMap::new(),
            pending: Vec::new(),
            jobs: Vec::new(),
            main_pid: None,
            lenient: false,
            tail: false,
            exiting: None,
            line: 1,
            random: Rng::new(0x5eed),
            env: None,
            reading: None,
            asking: None,
            getopts_at: (1, 0),
        }
    }

    /// A shell that waits for lines.
    #[must_use]
    pub fn interactive(dialect: Dialect, env: &Env) -> Self {
        Self { prompt: true, ..Self::bare(dialect, env) }
    }

    /// A shell started as a command: `sh -c ..`, `sh file ..` or a script on its input.
    #[must_use]
    pub(crate) fn command(dialect: Dialect, argv: &[String], env: &Env) -> Self {
        let mut shell = Self::bare(dialect, env);
        shell.name = argv.first().map_or_else(|| "sh".into(), |a| a.trim_start_matches('-').to_string());
        let mut i = 1;
        let (mut text, mut from_input) = (None, false);
        while let Some(arg) = argv.get(i) {
            let Some(flags) = arg.strip_prefix('-').or_else(|| arg.strip_prefix('+')) else { break };
            i += 1;
            if flags.is_empty() || arg == "--" {
                break;
            }
            if flags.starts_with('-') {
                continue;
            }
            for c in flags.chars() {
                match c {
                    'c' => text = Some(()),
                    's' => from_input = true,
                    'o' => {
                        if let Some(name) = argv.get(i) {
                            shell.set_long_option(name, arg.starts_with('-'));
                            i += 1;
                        }
                    }
                    c => {
                        shell.set_option(c, arg.starts_with('-'));
                    }
                }
            }
        }
        if text.is_some() {
            let script = argv.get(i).cloned().unwrap_or_default();
            if let Some(name) = argv.get(i + 1) {
                shell.name.clone_from(name);
            }
            shell.args = argv.get(i + 2..).unwrap_or_default().to_vec();
            shell.frames.push(Frame::Source { text: script, name: None });
            shell.tail = true;
        } else if from_input {
            shell.args = argv.get(i..).unwrap_or_default().to_vec();
            shell.reading = Some(Vec::new());
        } else if let Some(file) = argv.get(i) {
            shell.name.clone_from(file);
            shell.from_file = true;
            shell.args = argv[i + 1..].to_vec();
            shell.frames.push(Frame::Script { path: file.clone() });
        } else {
            shell.reading = Some(Vec::new());
        }
        shell
    }

    #[must_use]
    pub fn is_prompt(&self) -> bool {
        self.prompt
    }

    /// Whether nothing is left to run.
    #[must_use]
    pub fn idle(&self) -> bool {
        self.frames.is_empty()
    }

    /// `$?`
    #[must_use]
    pub fn status(&self) -> i32 {
        self.status
    }

    /// Sets `$?`, as a prompt does after a syntax error.
    pub fn set_status(&mut self, status: i32) {
        self.status = status;
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.vars.get(name)?.value.as_ref()?.scalar().map(String::from)
    }

    /// Sets a variable; `export` makes it part of the environment.
    pub fn assign(&mut self, name: &str, value: &str, export: bool) {
        self.put(name, Value::Text(value.into()));
        if export && let Some(v) = Arc::make_mut(&mut self.vars).get_mut(name) {
            v.exported = true;
            self.env = None;
        }
    }

    /// The aliases, for completion and parsing.
    #[must_use]
    pub fn aliases(&self) -> &BTreeMap<String, String> {
        &self.aliases
    }

    /// Names a line may begin with: functions, aliases and builtins.
    #[must_use]
    pub fn command_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.functions.keys().chain(self.aliases.keys()).cloned().collect();
        names.extend(builtins::NAMES.iter().map(|n| (*n).to_string()));
        names.arrange();
        names
    }

    /// Takes a line typed at the prompt. `Incomplete` asks for a further line: submit both joined by a newline.
    /// `Ok(true)` means there is something to run.
    pub fn submit(&mut self, text: &str) -> Result<bool, ParseError> {
        let script = parse(text, self.dialect, true, Some(&self.aliases))?;
        let some = !script.items.is_empty();
        if some {
            self.frames.push(Frame::List { script, at: 0 });
        }
        Ok(some)
    }

    /// The message for a line that cannot be read, with a newline.
    #[must_use]
    pub fn syntax_error(&self, error: &ParseError) -> String {
        // bash says when a text came with `-c`.
        let prefix = self.prefix();
        let own = match prefix.strip_prefix(&self.name) {
            Some(rest) if self.tail && !self.prompt && !self.from_file => format!("{}: -c{rest}", self.name),
            _ => prefix,
        };
        match (self.dialect, error) {
            (Dialect::Bash, ParseError::Incomplete(what)) => {
                if matches!(what.as_str(), "'" | "\"" | "`" | ")" | "}") {
                    format!("{}unexpected EOF while looking for matching `{what}'\n", own)
                } else {
                    format!("{}syntax error: unexpected end of file\n", own)
                }
            }
            (Dialect::Bash, ParseError::Syntax { token, .. }) if token == "bad substitution" => {
                format!("{}bad substitution\n", own)
            }
            (Dialect::Bash, ParseError::Syntax { token, .. }) if token == "end of file" => {
                format!("{}syntax error: unexpected end of file\n", own)
            }
            (Dialect::Bash, ParseError::Syntax { token, .. }) => {
                format!("{}syntax error near unexpected token `{token}'\n", own)
            }
            (d, ParseError::Incomplete(what)) => {
                let text = if matches!(what.as_str(), "'" | "\"" | "`") {
                    if d == Dialect::Ash {
                        "syntax error: unterminated quoted string"
                    } else {
                        "Syntax error: Unterminated quoted string"
                    }
                } else if d == Dialect::Ash {
                    "syntax error: unexpected end of file"
                } else {
                    "Syntax error: end of file unexpected"
                };
                let looking = match what.as_str() {
                    w @ ("fi" | "done" | "then" | "do" | "esac" | "}" | ")") => {
                        format!(" (expecting \"{w}\")")
                    }
                    _ => String::new(),
                };
                format!("{}{text}{looking}\n", self.prefix())
            }
            (_, ParseError::Syntax { token, .. }) if token == "bad substitution" => {
                format!(
                    "{}{}\n",
                    self.prefix(),
                    if self.dialect == Dialect::Ash {
                        "syntax error: bad substitution"
                    } else {
                        "Bad substitution"
                    }
                )
            }
            (d, ParseError::Syntax { token, .. }) => {
                let quoted = if matches!(token.as_str(), "newline" | "end of file") {
                    token.clone()
                } else {
                    format!("\"{token}\"")
                };
                if d == Dialect::Ash {
                    format!("{}syntax error: unexpected {quoted}\n", self.prefix())
                } else {
                    format!("{}Syntax error: {quoted} unexpected\n", self.prefix())
                }
            }
        }
    }

    fn put(&mut self, name: &str, value: Value) {
        let vars = Arc::make_mut(&mut self.vars);
        let export = self.options.all_export;
        let var = vars.entry(name.into()).or_insert(Var { value: None, exported: export, read_only: false });
        var.exported |= export;
        if var.exported {
            self.env = None;
        }
        var.value = match (var.value.take(), value) {
            (Some(Value::Array(mut items)), Value::Text(t)) => {
                items.insert(0, t);
                Some(Value::Array(items))
            }
            (_, value) => Some(value),
        };
    }

    /// Sets a variable or `name[index]`, unless it is read-only.
    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        let plain = name.split('[').next().unwrap_or(name);
        if self.vars.get(plain).is_some_and(|v| v.read_only) {
            let text = if self.dialect == Dialect::Bash { "readonly variable" } else { "is read only" };
            return Err(format!("{plain}: {text}"));
        }
        if let Some((array, key)) = name.strip_suffix(']').and_then(|n| n.split_once('[')) {
            let vars = Arc::make_mut(&mut self.vars);
            let var =
                vars.entry(array.into()).or_insert(Var { value: None, exported: false, read_only: false });
            match &mut var.value {
                Some(Value::Assoc(items)) => {
                    items.insert(key.into(), value);
                }
                Some(Value::Array(items)) => {
                    let mut n = key.parse::<i64>().unwrap_or(0);
                    if n < 0 {
                        n += items.keys().last().map_or(0, |k| k + 1);
                    }
                    items.insert(n, value);
                }
                other => {
                    let mut items = BTreeMap::new();
                    if let Some(Value::Text(t)) = other.take() {
                        items.insert(0, t);
                    }
                    items.insert(key.parse().unwrap_or(0), value);
                    *other = Some(Value::Array(items));
                }
            }
            return Ok(());
        }
        self.put(name, Value::Text(value));
        Ok(())
    }

    fn unset(&mut self, name: &str) {
        if let Some((array, key)) = name.strip_suffix(']').and_then(|n| n.split_once('[')) {
            if let Some(var) = Arc::make_mut(&mut self.vars).get_mut(array) {
                match &mut var.value {
                    Some(Value::Array(items)) => {
                        items.remove(&key.parse().unwrap_or(-1));
                    }
                    Some(Value::Assoc(items)) => {
                        items.remove(key);
                    }
                    _ => {}
                }
            }
            return;
        }
        if Arc::make_mut(&mut self.vars).remove(name).is_some_and(|v| v.exported) {
            self.env = None;
        }
    }

    fn is_assoc(&self, name: &str) -> bool {
        matches!(self.vars.get(name).and_then(|v| v.value.as_ref()), Some(Value::Assoc(_)))
    }

    fn element(&self, name: &str, key: &str) -> Option<String> {
        match self.vars.get(name)?.value.as_ref()? {
            Value::Text(t) => (key == "0").then(|| t.clone()),
            Value::Array(items) => {
                let mut n = key.parse::<i64>().ok()?;
                if n < 0 {
                    n += items.keys().last().map_or(0, |k| k + 1);
                }
                items.get(&n).cloned()
            }
            Value::Assoc(items) => items.get(key).cloned(),
        }
    }

    fn elements(&self, name: &str) -> Vec<String> {
        match self.vars.get(name).and_then(|v| v.value.as_ref()) {
            Some(Value::Text(t)) => vec![t.clone()],
            Some(Value::Array(items)) => items.values().cloned().collect(),
            Some(Value::Assoc(items)) => items.values().cloned().collect(),
            None => Vec::new(),
        }
    }

    fn keys(&self, name: &str) -> Vec<String> {
        match self.vars.get(name).and_then(|v| v.value.as_ref()) {
            Some(Value::Text(_)) => vec!["0".into()],
            Some(Value::Array(items)) => items.keys().map(ToString::to_string).collect(),
            Some(Value::Assoc(items)) => items.keys().cloned().collect(),
            None => Vec::new(),
        }
    }

    /// The environment commands get.
    fn environment(&mut self) -> Env {
        if let Some(env) = &self.env {
            return env.clone();
        }
        let env: BTreeMap<String, String> = self
            .vars
            .iter()
            .filter(|(_, v)| v.exported)
            .filter_map(|(k, v)| Some((k.clone(), v.value.as_ref()?.scalar()?.to_string())))
            .collect();
        let env = Arc::new(env);
        self.env = Some(env.clone());
        env
    }

    fn set_option(&mut self, flag: char, on: bool) -> bool {
        let o = &mut self.options;
        match flag {
            'e' => o.errexit = on,
            'u' => o.nounset = on,
            'x' => o.xtrace = on,
            'f' => o.no_glob = on,
            'C' => o.no_clobber = on,
            'a' => o.all_export = on,
            'i' | 'l' | 's' | 'm' | 'b' | 'n' | 'v' | 'h' | 'B' | 'H' => {}
            _ => return false,
        }
        true
    }

    fn set_long_option(&mut self, name: &str, on: bool) -> bool {
        match name {
            "pipefail" => self.options.pipefail = on,
            "errexit" => self.options.errexit = on,
            "nounset" => self.options.nounset = on,
            "xtrace" => self.options.xtrace = on,
            "noglob" => self.options.no_glob = on,
            "noclobber" => self.options.no_clobber = on,
            "allexport" => self.options.all_export = on,
            "verbose" | "monitor" | "notify" | "vi" | "emacs" | "posix" | "ignoreeof" | "nolog" => {}
            _ => return false,
        }
        true
    }

    fn flags(&self) -> String {
        let o = &self.options;
        let bash = self.dialect == Dialect::Bash;
        [
            (o.errexit, 'e'),
            (o.no_glob, 'f'),
            (bash, 'h'),
            (o.nounset, 'u'),
            (o.xtrace, 'x'),
            (self.prompt, 'i'),
            (bash, 'B'),
        ]
        .iter()
        .filter_map(|(on, c)| on.then_some(*c))
        .collect()
    }

    /// `$RANDOM`: the `n`th draw of the expansion now under way.
    fn random(&self, sys: &Sys<'_>, n: usize) -> u64 {
        let rng = self.random.clone();
        let seed = (sys.pid() as usize).wrapping_add(n);
        rng.fork(&format!("{seed}.{}", sys.now().0)).below(32_768)
    }

    /// What messages begin with: `sh: `, `sh: 1: `, `bash: line 1: `.
    fn prefix(&self) -> String {
        let name = if self.prompt { self.dialect.name() } else { self.name.as_str() };
        match self.dialect {
            Dialect::Ash if self.from_file => format!("{name}: line {}: ", self.line),
            Dialect::Ash => format!("{name}: "),
            Dialect::Dash => format!("{name}: {}: ", self.line),
            Dialect::Bash if self.prompt => format!("{name}: "),
            Dialect::Bash => format!("{name}: line {}: ", self.line),
        }
    }

    pub(crate) fn error_prefix(&self) -> String {
        self.prefix()
    }

    /// The message and exit code for a command that could not be run.
    pub(crate) fn exec_error(&self, error: &ExecError) -> (String, i32) {
        let prefix = self.prefix();
        let bash = self.dialect == Dialect::Bash;
        match error {
            ExecError::NotInPath(name) if bash => (format!("{prefix}{name}: command not found\n"), 127),
            ExecError::NotInPath(name) => (format!("{prefix}{name}: not found\n"), 127),
            ExecError::NoFile(name) if bash => (format!("{prefix}{name}: No such file or directory\n"), 127),
            ExecError::NoFile(name) => (format!("{prefix}{name}: not found\n"), 127),
            ExecError::Denied(name, errno) if bash => (format!("{prefix}{name}: {errno}\n"), 126),
            ExecError::Denied(name, errno) => (format!("{prefix}{name}: {errno}\n"), 126),
            ExecError::Errno(errno) if bash => (format!("{prefix}fork: {errno}\n"), 254),
            ExecError::Errno(errno) => {
                let text = if self.dialect == Dialect::Ash { "can't fork" } else { "Cannot fork" };
                (format!("{prefix}{text}: {errno}\n"), 2)
            }
        }
    }

    /// What a signal does to this shell.
    pub(crate) fn signal(&mut self, signal: Signal) -> Reaction {
        if self.prompt {
            return Reaction::Handled;
        }
        match self.traps.get(signal.name()) {
            Some(action) => {
                if !action.is_empty() {
                    self.pending.push(signal);
                }
                Reaction::Handled
            }
            None => Reaction::Default,
        }
    }

    /// Pids of jobs in the background.
    #[must_use]
    pub fn background(&self) -> Vec<Pid> {
        self.jobs.iter().filter(|j| j.status.is_none()).map(|j| j.pid).collect()
    }
}
