//! Commands the shell carries out itself.

use std::sync::Arc;

use clock::Time;

use super::expand::{resolve_dir, split_read};
use super::interp::Frame;
use super::{Dialect, Shell, Value, Var, parse::is_name};
use crate::fs::{Errno, Node};
use crate::machine::{Env, Got, Pid, Signal, Sys, Wait};
use crate::programs::{echo, printf};

/// What a builtin came to.
pub(super) enum Done {
    Status(i32),
    /// It changed the stack: go on there.
    Go,
    Wait(Frame, Wait),
    Exit(i32),
    Exec(Vec<String>, Env),
    Fatal(String),
}

/// Names of all builtins.
pub(super) const NAMES: [&str; 45] = [
    ".", ":", "[", "alias", "bg", "break", "builtin", "cd", "command", "continue", "declare", "echo", "eval",
    "exec", "exit", "export", "false", "fg", "getopts", "hash", "jobs", "kill", "let", "local", "printf",
    "pwd", "read", "readonly", "return", "set", "shift", "shopt", "source", "test", "times", "trap", "true",
    "type", "typeset", "ulimit", "umask", "unalias", "unset", "wait", "mapfile",
];

pub(super) fn is_builtin(name: &str) -> bool {
    NAMES.contains(&name)
}

/// POSIX's special builtins: assignments before them stay, their errors end a shell.
pub(super) fn is_special(name: &str) -> bool {
    matches!(
        name,
        "." | ":"
            | "break"
            | "continue"
            | "eval"
            | "exec"
            | "exit"
            | "export"
            | "readonly"
            | "return"
            | "set"
            | "shift"
            | "times"
            | "trap"
            | "unset"
    )
}

pub(super) fn run(shell: &mut Shell, sys: &mut Sys<'_>, argv: &[String]) -> Done {
    let args = &argv[1..];
    let bash = shell.dialect == Dialect::Bash;
    let status = match argv[0].as_str() {
        ":" | "true" | "bg" | "fg" | "hash" | "shopt" | "ulimit" => 0,
        "false" => 1,
        "echo" => {
            let text = echo::render(args, shell.dialect);
            sys.out(text);
            0
        }
        "printf" => {
            let (text, errors, code) = printf::render(args, sys.gnu());
            sys.out(text);
            for e in errors {
                shell.fail(sys, &format!("printf: {e}"));
            }
            code
        }
        "test" | "[" => return test(shell, sys, argv),
        "cd" => cd(shell, sys, args),
        "pwd" => {
            let cwd = sys.cwd();
            sys.out(format!("{cwd}\n"));
            0
        }
        "exit" => {
            let code = match args.first() {
                None => shell.exiting.unwrap_or(shell.status),
                Some(text) => match text.parse::<i32>() {
                    Ok(n) => n & 0xff,
                    Err(_) if bash => {
                        shell.fail(sys, &format!("exit: {text}: numeric argument required"));
                        2
                    }
                    Err(_) => {
                        shell.fail(sys, &format!("exit: Illegal number: {text}"));
                        2
                    }
                },
            };
            return Done::Exit(code);
        }
        "return" => {
            let code = args.first().and_then(|a| a.parse::<i32>().ok()).map_or(shell.status, |n| n & 0xff);
            let boundary = |f: &Frame| matches!(f, Frame::Function { .. } | Frame::Sourced);
            if !shell.has_frame(boundary) {
                if bash {
                    shell.fail(sys, "return: can only `return' from a function or sourced script");
                    return Done::Status(1);
                }
                return Done::Exit(code);
            }
            if let Some(frame) = shell.unwind(sys, boundary) {
                shell.frames_mut().push(frame);
            }
            shell.status = code;
            return Done::Go;
        }
        "break" | "continue" => return leave_loop(shell, sys, &argv[0], args),
        "shift" => {
            let n = args.first().map_or(Some(1), |a| a.parse::<usize>().ok());
            match n {
                Some(n) if n <= shell.args.len() => {
                    shell.args.drain(..n);
                    0
                }
                _ if bash => 1,
                _ if shell.dialect == Dialect::Dash => {
                    return Done::Fatal("shift: can't shift that many".into());
                }
                _ => 1,
            }
        }
        "export" | "readonly" | "local" | "declare" | "typeset" => declare(shell, sys, &argv[0], args),
        "unset" => {
            for name in args.iter().filter(|a| !a.starts_with('-')) {
                if args.first().is_some_and(|a| a == "-f") {
                    Arc::make_mut(&mut shell.functions).remove(name);
                    continue;
                }
                if shell.vars.get(name).is_some_and(|v| v.read_only) {
                    let text = if bash { "cannot unset: readonly variable" } else { "is read only" };
                    shell.fail(sys, &format!("unset: {name}: {text}"));
                    return Done::Status(1);
                }
                if !shell.vars.contains_key(name) && !name.contains('[') {
                    Arc::make_mut(&mut shell.functions).remove(name);
                }
                shell.unset(name);
            }
            0
        }
        "set" => return set(shell, sys, args),
        "eval" => {
            shell.status = 0;
            shell.frames_mut().push(Frame::Source { text: args.join(" "), name: None });
            return Done::Go;
        }
        "." | "source" => return source(shell, sys, &argv[0], args),
        "exec" => {
            let args = if args.first().is_some_and(|a| a == "--") { &args[1..] } else { args };
            return Done::Exec(args.to_vec(), shell.environment());
        }
        "command" | "builtin" => return command(shell, sys, args),
        "type" => type_of(shell, sys, args),
        "read" => return read(shell, sys, args),
        "trap" => trap(shell, sys, args),
        "wait" => return wait(shell, sys, args),
        "kill" => kill(shell, sys, args),
        "jobs" => {
            shell.poll_jobs(sys);
            let mut out = String::new();
            for job in &shell.jobs {
                let state = match job.status {
                    None => "Running".to_string(),
                    Some(0) => "Done".into(),
                    Some(c) => format!("Exit {c}"),
                };
                out.push_str(&format!("[{}]+  {state:<24}{}\n", job.number, job.text));
            }
            shell.jobs.retain(|j| j.status.is_none());
            sys.out(out);
            0
        }
        "let" => {
            let mut last = 0;
            for text in args {
                let result = {
                    let mut x = super::expand::Expander::new(shell, sys, &[]);
                    super::arith::evaluate(text, &mut x).map(|v| (v, x.assigned))
                };
                match result {
                    Ok((value, assigned)) => {
                        last = value;
                        for (name, value) in assigned {
                            if let Err(e) = shell.set(&name, value) {
                                return Done::Fatal(e);
                            }
                        }
                    }
                    Err(e) => {
                        shell.fail(sys, &format!("let: {e}"));
                        return Done::Status(1);
                    }
                }
            }
            i32::from(last == 0)
        }
        "umask" => match args.first() {
            Some(text) => match u16::from_str_radix(text, 8) {
                Ok(mask) => {
                    sys.set_umask(mask);
                    0
                }
                Err(_) => {
                    shell.fail(sys, &format!("umask: Illegal mode: {text}"));
                    1
                }
            },
            None => {
                let mask = sys.umask();
                sys.out(format!("{mask:04o}\n"));
                0
            }
        },
        "times" => {
            sys.out("0m0.00s 0m0.00s\n0m0.00s 0m0.00s\n");
            0
        }
        "alias" => alias(shell, sys, args),
        "unalias" => {
            for name in args {
                if name == "-a" {
                    shell.aliases = Arc::default();
                }
                Arc::make_mut(&mut shell.aliases).remove(name);
            }
            0
        }
        "getopts" => getopts(shell, sys, args),
        "mapfile" => {
            shell.fail(sys, "mapfile: not supported here");
            1
        }
        _ => 0,
    };
    Done::Status(status)
}

fn test(shell: &Shell, sys: &mut Sys<'_>, argv: &[String]) -> Done {
    let mut args = &argv[1..];
    if argv[0] == "[" {
        match args.split_last() {
            Some((last, rest)) if last == "]" => args = rest,
            _ => {
                shell.fail(
                    sys,
                    if shell.dialect == Dialect::Bash { "[: missing `]'" } else { "[: missing ]" },
                );
                return Done::Status(2);
            }
        }
    }
    Done::Status(match super::test::evaluate(args, sys) {
        Ok(truth) => i32::from(!truth),
        Err(e) => {
            let text = match shell.dialect {
                Dialect::Bash => {
                    let e = e.replace(": bad number", ": integer expression expected");
                    match e.strip_prefix("Illegal number: ") {
                        Some(n) => format!("{}: {n}: integer expression expected", argv[0]),
                        None => format!("{}: {e}", argv[0]),
                    }
                }
                Dialect::Dash => format!("{}: {e}", argv[0]),
                Dialect::Ash => e,
            };
            shell.fail(sys, &text);
            2
        }
    })
}

fn cd(shell: &mut Shell, sys: &mut Sys<'_>, args: &[String]) -> i32 {
    let target = args.iter().find(|a| *a == "-" || !a.starts_with('-')).cloned();
    let (path, show) = match target.as_deref() {
        None => (shell.get("HOME").unwrap_or_else(|| "/".into()), false),
        Some("-") => match shell.get("OLDPWD") {
            Some(old) => (old, true),
            None => {
                shell.fail(sys, "cd: OLDPWD not set");
                return 1;
            }
        },
        Some(path) => (path.to_string(), false),
    };
    let cwd = sys.cwd();
    let full = resolve_dir(&cwd, &path);
    let found = match sys.fs().get(&full) {
        Ok(Node::Dir(_)) => sys.fs().access(&full, 1),
        Ok(_) => Err(Errno::NotDir),
        Err(e) => Err(e),
    };
    match found {
        Ok(()) => {
            shell.assign("OLDPWD", &cwd, false);
            shell.assign("PWD", &full, false);
            if show {
                sys.out(format!("{full}\n"));
            }
            sys.set_cwd(full);
            0
        }
        Err(e) => {
            let text = match shell.dialect {
                Dialect::Bash => format!("cd: {path}: {e}"),
                _ => format!(
                    "cd: can't cd to {path}{}",
                    if shell.dialect == Dialect::Ash { format!(": {e}") } else { String::new() }
                ),
            };
            shell.fail(sys, &text);
            if shell.dialect == Dialect::Bash { 1 } else { 2 }
        }
    }
}

fn leave_loop(shell: &mut Shell, sys: &mut Sys<'_>, which: &str, args: &[String]) -> Done {
    let n = args.first().map_or(1, |a| a.parse::<usize>().unwrap_or(1).max(1));
    let is_loop = |f: &Frame| matches!(f, Frame::Loop { .. } | Frame::For { .. } | Frame::ArithFor { .. });
    let depth = shell
        .frames_mut()
        .iter()
        .rev()
        .take_while(|f| !matches!(f, Frame::Function { .. }))
        .filter(|f| is_loop(f))
        .count();
    let n = n.min(depth);
    for i in 0..n {
        let frame = shell.unwind(sys, is_loop);
        if i + 1 == n
            && which == "continue"
            && let Some(frame) = frame
        {
            let frame = match frame {
                Frame::Loop { command, .. } => Frame::Loop { command, in_cond: false, result: 0 },
                other => other,
            };
            shell.frames_mut().push(frame);
        }
    }
    shell.status = 0;
    Done::Go
}

fn declare(shell: &mut Shell, sys: &mut Sys<'_>, which: &str, args: &[String]) -> i32 {
    let mut flags = String::new();
    let mut rest = args;
    while let Some(arg) = rest.first()
        && let Some(f) = arg.strip_prefix('-')
        && !f.is_empty()
    {
        flags.push_str(f);
        rest = &rest[1..];
    }
    if rest.is_empty() && which != "local" {
        let mut out = String::new();
        for (name, var) in shell.vars.iter() {
            let shown = match which {
                "export" => var.exported,
                "readonly" => var.read_only,
                _ => true,
            };
            if shown {
                let value = var.value.as_ref().and_then(|v| v.scalar()).unwrap_or_default();
                let quoted = value.replace('\'', "'\\''");
                if shell.dialect == Dialect::Bash {
                    let kind = if var.exported { "-x" } else { "--" };
                    out.push_str(&format!("declare {kind} {name}=\"{}\"\n", value.replace('"', "\\\"")));
                } else {
                    out.push_str(&format!("{which} {name}='{quoted}'\n"));
                }
            }
        }
        sys.out(out);
        return 0;
    }
    let mut status = 0;
    let mut at = 0;
    while let Some(arg) = rest.get(at) {
        at += 1;
        let (name, value) = match arg.split_once('=') {
            _ if arg.starts_with('\u{1}') => (arg.trim_start_matches("\u{1}array="), None),
            Some((n, v)) => (n, Some(v.to_string())),
            None => (arg.as_str(), None),
        };
        let (name, append) = match name.strip_suffix('+') {
            Some(n) => (n, true),
            None => (name, false),
        };
        if !is_name(name.split('[').next().unwrap_or(name)) {
            let text = match shell.dialect {
                Dialect::Bash => format!("{which}: `{arg}': not a valid identifier"),
                _ => format!("{which}: {name}: bad variable name"),
            };
            shell.fail(sys, &text);
            status = 1;
            continue;
        }
        let in_function = shell.has_frame(|f| matches!(f, Frame::Function { .. }));
        if (which == "local" || (matches!(which, "declare" | "typeset") && !flags.contains('g')))
            && in_function
        {
            let old = shell.vars.get(name).cloned();
            for frame in shell.frames_mut().iter_mut().rev() {
                if let Frame::Function { locals, .. } = frame {
                    if !locals.iter().any(|(n, _)| n == name) {
                        locals.push((name.to_string(), old));
                    }
                    break;
                }
            }
            if value.is_none() && which == "local" {
                shell.unset(name);
            }
        } else if which == "local" {
            shell.fail(
                sys,
                if shell.dialect == Dialect::Bash {
                    "local: can only be used in a function"
                } else {
                    "local: not in a function"
                },
            );
            return if shell.dialect == Dialect::Bash { 1 } else { 2 };
        }
        if let Some(value) = value {
            let value = if append { shell.get(name).unwrap_or_default() + &value } else { value };
            if let Err(e) = shell.set(name, value) {
                shell.fail(sys, &e);
                return 1;
            }
        }
        if arg.starts_with('\u{1}') {
            if flags.contains('A') {
                Arc::make_mut(&mut shell.vars).insert(
                    name.into(),
                    Var { value: Some(Value::Assoc(Default::default())), exported: false, read_only: false },
                );
            }
            let mut items = Vec::new();
            while let Some(item) = rest.get(at).and_then(|a| a.strip_prefix("\u{1}item=")) {
                at += 1;
                match item.strip_prefix('[').and_then(|i| i.split_once("]\u{1}")) {
                    Some((key, value)) => items.push((Some(key.to_string()), value.to_string())),
                    None => items.push((None, item.to_string())),
                }
            }
            shell.assign_array(name, false, items);
        }
        let vars = Arc::make_mut(&mut shell.vars);
        let var = vars.entry(name.into()).or_insert(Var { value: None, exported: false, read_only: false });
        if which == "export" || flags.contains('x') {
            var.exported = !flags.contains('n');
            shell.env = None;
        }
        if which == "readonly" || flags.contains('r') {
            var.read_only = true;
        }
        if var.value.is_none() && flags.contains('A') {
            var.value = Some(Value::Assoc(Default::default()));
        } else if var.value.is_none() && flags.contains('a') {
            var.value = Some(Value::Array(Default::default()));
        }
        shell.env = None;
    }
    status
}

fn set(shell: &mut Shell, sys: &mut Sys<'_>, args: &[String]) -> Done {
    if args.is_empty() {
        let mut out = String::new();
        for (name, var) in shell.vars.iter() {
            if let Some(text) = var.value.as_ref().and_then(|v| v.scalar()) {
                out.push_str(&format!("{name}='{}'\n", text.replace('\'', "'\\''")));
            }
        }
        sys.out(out);
        return Done::Status(0);
    }
    let mut i = 0;
    while let Some(arg) = args.get(i) {
        if arg == "--" || arg == "-" {
            shell.args = args[i + 1..].to_vec();
            return Done::Status(0);
        }
        let on = arg.starts_with('-');
        let Some(flags) = arg.strip_prefix(['-', '+']).filter(|f| !f.is_empty()) else {
            shell.args = args[i..].to_vec();
            return Done::Status(0);
        };
        i += 1;
        for c in flags.chars() {
            if c == 'o' {
                let Some(name) = args.get(i) else { return Done::Status(0) };
                i += 1;
                let known = !(name == "pipefail" && shell.dialect == Dialect::Dash)
                    && shell.set_long_option(name, on);
                if !known {
                    let text = match shell.dialect {
                        Dialect::Bash => format!("set: {name}: invalid option name"),
                        Dialect::Dash => format!("set: Illegal option -o {name}"),
                        Dialect::Ash => format!("set: illegal option -o {name}"),
                    };
                    if shell.dialect == Dialect::Bash {
                        shell.fail(sys, &text);
                        return Done::Status(2);
                    }
                    return Done::Fatal(text);
                }
            } else if !shell.set_option(c, on) {
                let text = match shell.dialect {
                    Dialect::Bash => format!("set: -{c}: invalid option"),
                    Dialect::Dash => format!("set: Illegal option -{c}"),
                    Dialect::Ash => format!("set: illegal option -{c}"),
                };
                if shell.dialect == Dialect::Bash {
                    shell.fail(sys, &text);
                    return Done::Status(2);
                }
                return Done::Fatal(text);
            }
        }
    }
    Done::Status(0)
}

fn source(shell: &mut Shell, sys: &mut Sys<'_>, which: &str, args: &[String]) -> Done {
    let Some(file) = args.first() else {
        shell.fail(sys, &format!("{which}: filename argument required"));
        return Done::Status(2);
    };
    if !super::test::readable(file, sys) {
        let text = match shell.dialect {
            Dialect::Bash => format!("{file}: No such file or directory"),
            Dialect::Dash => format!("{which}: cannot open {file}: No such file"),
            Dialect::Ash => format!("{which}: can't open '{file}': No such file or directory"),
        };
        if shell.dialect != Dialect::Bash {
            return Done::Fatal(text);
        }
        shell.fail(sys, &text);
        return Done::Status(1);
    }
    let path = sys.path(file);
    let bytes = match sys.fs().read(&path) {
        Ok(bytes) => bytes,
        Err(e) => {
            shell.fail(sys, &format!("{file}: {e}"));
            return Done::Status(1);
        }
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if args.len() > 1 {
        shell.args = args[1..].to_vec();
    }
    shell.frames_mut().push(Frame::Source { text, name: Some(file.clone()) });
    Done::Go
}

/// Where a command name leads: its path, itself for a builtin, or nothing.
fn locate(shell: &Shell, sys: &mut Sys<'_>, name: &str) -> Option<String> {
    if shell.functions.contains_key(name) || is_builtin(name) {
        return Some(name.into());
    }
    if sys.provides(name) {
        return Some(format!("/usr/local/bin/{name}"));
    }
    crate::programs::which(sys, &shell.get("PATH").unwrap_or_default(), name)
}

fn command(shell: &mut Shell, sys: &mut Sys<'_>, args: &[String]) -> Done {
    let mut rest = args;
    let mut verbose = None;
    while let Some(arg) = rest.first()
        && arg.len() > 1
        && arg.starts_with('-')
    {
        if arg.contains('v') || arg.contains('V') {
            verbose = Some(arg.contains('V'));
        }
        rest = &rest[1..];
    }
    if let Some(long) = verbose {
        let mut status = 0;
        if long {
            return Done::Status(type_of(shell, sys, rest));
        }
        for name in rest {
            match locate(shell, sys, name) {
                Some(path) => sys.out(format!("{path}\n")),
                None => status = if shell.dialect == Dialect::Bash { 1 } else { 127 },
            }
        }
        return Done::Status(status);
    }
    let Some(name) = rest.first() else { return Done::Status(0) };
    if is_builtin(name) && name != "command" {
        return run(shell, sys, rest);
    }
    let env = shell.environment();
    match sys.spawn(rest, Some(env)) {
        Ok(pid) => {
            shell.frames_mut().push(Frame::Child { pid });
            Done::Go
        }
        Err(error) => {
            let (text, code) = shell.exec_error(&error);
            sys.err(&text);
            Done::Status(code)
        }
    }
}

fn type_of(shell: &Shell, sys: &mut Sys<'_>, names: &[String]) -> i32 {
    let mut status = 0;
    for name in names {
        let found = locate(shell, sys, name);
        if let Some(text) = shell.aliases.get(name) {
            sys.out(format!("{name} is aliased to `{text}'\n"));
        } else if shell.functions.contains_key(name) {
            sys.out(format!(
                "{name} is a {}function\n",
                if shell.dialect == Dialect::Bash { "" } else { "shell " }
            ));
        } else if is_builtin(name) {
            let special = is_special(name) && shell.dialect == Dialect::Dash;
            sys.out(format!("{name} is a {}shell builtin\n", if special { "special " } else { "" }));
        } else if let Some(path) = found {
            sys.out(format!("{name} is {path}\n"));
        } else {
            status = if shell.dialect == Dialect::Bash { 1 } else { 127 };
            if shell.dialect == Dialect::Bash {
                shell.fail(sys, &format!("type: {name}: not found"));
            } else {
                sys.out(format!("{name}: not found\n"));
            }
        }
    }
    status
}

/// A `read` under way.
#[derive(Clone, Debug)]
pub(super) struct Read {
    names: Vec<String>,
    raw: bool,
    delimiter: u8,
    limit: Option<usize>,
    until: Option<Time>,
    array: bool,
    line: Vec<u8>,
    fd: u32,
}

fn read(shell: &mut Shell, sys: &mut Sys<'_>, args: &[String]) -> Done {
    let mut read = Read {
        names: Vec::new(),
        raw: false,
        delimiter: b'\n',
        limit: None,
        until: None,
        array: false,
        line: Vec::new(),
        fd: 0,
    };
    let mut i = 0;
    while let Some(arg) = args.get(i) {
        i += 1;
        let Some(flags) = arg.strip_prefix('-').filter(|f| !f.is_empty()) else {
            read.names.push(arg.clone());
            continue;
        };
        for (n, c) in flags.char_indices() {
            if matches!(c, 'r' | 's' | 'e') {
                read.raw |= c == 'r';
                continue;
            }
            let rest = &flags[n + c.len_utf8()..];
            let value = if rest.is_empty() {
                i += 1;
                args.get(i - 1).cloned().unwrap_or_default()
            } else {
                rest.to_string()
            };
            match c {
                'p' => sys.err(&value),
                't' => {
                    let seconds = value.parse::<f64>().unwrap_or(0.0).clamp(0.0, 1e9);
                    read.until = Some(sys.now() + (seconds * 1000.0) as i64);
                }
                'n' | 'N' => read.limit = value.parse().ok(),
                'd' => read.delimiter = value.bytes().next().unwrap_or(0),
                'u' => read.fd = value.parse().unwrap_or(0),
                'a' => {
                    read.array = true;
                    read.names.push(value);
                }
                _ => {
                    shell.fail(sys, &format!("read: -{c}: invalid option"));
                    return Done::Status(2);
                }
            }
            break;
        }
    }
    read_more(shell, sys, read)
}

pub(super) fn read_more(shell: &mut Shell, sys: &mut Sys<'_>, mut read: Read) -> Done {
    loop {
        let got = if read.delimiter == b'\n' && read.limit.is_none() {
            sys.read_line_part(read.fd)
        } else {
            sys.read(read.fd, 1)
        };
        match got {
            Got::Data(data) => {
                sys.charge(1);
                read.line.extend(data);
                let ended = read.line.last() == Some(&read.delimiter);
                if ended {
                    read.line.pop();
                    let escaped = read.line.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1;
                    if escaped && !read.raw {
                        read.line.pop();
                        continue;
                    }
                }
                if ended
                    || read.limit.is_some_and(|n| String::from_utf8_lossy(&read.line).chars().count() >= n)
                {
                    return read_done(shell, &read, 0);
                }
                if read.line.len() > 1 << 20 {
                    return Done::Fatal("out of memory".into());
                }
            }
            Got::Wait => {
                if let Some(until) = read.until {
                    if sys.now() >= until {
                        let code = if shell.dialect == Dialect::Bash { 142 } else { 1 };
                        return read_done(shell, &read, code);
                    }
                    let fd = read.fd;
                    return Done::Wait(Frame::Read(read), Wait::ReadUntil(fd, until));
                }
                let fd = read.fd;
                return Done::Wait(Frame::Read(read), Wait::Read(fd));
            }
            Got::End | Got::Failed(_) => return read_done(shell, &read, 1),
        }
    }
}

fn read_done(shell: &mut Shell, read: &Read, status: i32) -> Done {
    let text = String::from_utf8_lossy(&read.line).replace('\0', "");
    let ifs = shell.get("IFS").unwrap_or_else(|| " \t\n".into());
    // An escaped character is hidden from splitting.
    let mut hidden = String::new();
    let mut chars = text.chars();
    let mut kept = Vec::new();
    while let Some(c) = chars.next() {
        if c == '\\' && !read.raw {
            if let Some(e) = chars.next() {
                hidden.push('\u{2}');
                kept.push(e);
            }
        } else {
            hidden.push(c);
        }
    }
    let mut kept = kept.into_iter();
    let mut show = |t: &str| -> String {
        t.chars().map(|c| if c == '\u{2}' { kept.next().unwrap_or(c) } else { c }).collect()
    };
    if read.array {
        let parts = split_read(&hidden, &ifs, usize::MAX);
        let items = (0..).zip(parts.iter().filter(|p| !p.is_empty()).map(|p| show(p))).collect();
        shell.put(&read.names[0], Value::Array(items));
        return Done::Status(status);
    }
    let reply = vec!["REPLY".to_string()];
    let names = if read.names.is_empty() { &reply } else { &read.names };
    let values = if read.names.is_empty() && shell.dialect == Dialect::Bash {
        vec![hidden]
    } else {
        split_read(&hidden, &ifs, names.len())
    };
    for (n, name) in names.iter().enumerate() {
        let value = values.get(n).map(|v| show(v)).unwrap_or_default();
        if let Err(e) = shell.set(name, value) {
            return Done::Fatal(e);
        }
    }
    Done::Status(status)
}

fn trap(shell: &mut Shell, sys: &mut Sys<'_>, args: &[String]) -> i32 {
    let args = if args.first().is_some_and(|a| a == "--") { &args[1..] } else { args };
    let Some(action) = args.first().filter(|a| *a != "-p") else {
        let mut out = String::new();
        for (name, action) in &shell.traps {
            out.push_str(&format!("trap -- '{}' {name}\n", action.replace('\'', "'\\''")));
        }
        sys.out(out);
        return 0;
    };
    let (action, names) = if args.len() == 1 || action.parse::<u32>().is_ok() {
        (None, args)
    } else if action == "-" {
        (None, &args[1..])
    } else {
        (Some(action), &args[1..])
    };
    let mut status = 0;
    for text in names {
        let upper = text.to_ascii_uppercase();
        let name = match upper.as_str() {
            "0" | "EXIT" => "EXIT".to_string(),
            "ERR" | "DEBUG" | "RETURN" => upper.clone(),
            _ => match Signal::parse(text) {
                Some(s) => s.name().to_string(),
                None => {
                    let text = match shell.dialect {
                        Dialect::Bash => format!("trap: {text}: invalid signal specification"),
                        Dialect::Dash => format!("trap: {text}: bad trap"),
                        Dialect::Ash => format!("trap: {text}: invalid signal specification"),
                    };
                    shell.fail(sys, &text);
                    status = 1;
                    continue;
                }
            },
        };
        if let Some(signal) = Signal::parse(&name) {
            sys.set_ignored(signal, action.is_some_and(String::is_empty));
        }
        match action {
            Some(action) => shell.traps.insert(name, action.clone()),
            None => shell.traps.remove(&name),
        };
    }
    status
}

fn wait(shell: &mut Shell, sys: &mut Sys<'_>, args: &[String]) -> Done {
    shell.poll_jobs(sys);
    let any = args.first().is_some_and(|a| a == "-n");
    let names: Vec<&String> = args.iter().filter(|a| *a != "-n").collect();
    let mut pids = Vec::new();
    for name in &names {
        let pid = match name.strip_prefix('%') {
            Some(n) => shell.jobs.iter().find(|j| j.number.to_string() == n).map(|j| j.pid),
            None => name.parse().ok(),
        };
        match pid {
            Some(pid) if shell.jobs.iter().any(|j| j.pid == pid) => pids.push(pid),
            _ => {
                if shell.dialect == Dialect::Bash {
                    shell.fail(sys, &format!("wait: pid {name} is not a child of this shell"));
                }
                shell.status = 127;
                if names.len() == 1 {
                    return Done::Status(127);
                }
            }
        }
    }
    if names.is_empty() {
        pids = shell.jobs.iter().map(|j| j.pid).collect();
        if pids.is_empty() {
            return Done::Status(if any { 127 } else { 0 });
        }
        return wait_more(shell, sys, std::iter::once(0).chain(pids).collect(), any);
    }
    wait_more(shell, sys, pids, any)
}

/// A leading 0 says that all jobs are waited for, whose codes do not matter.
pub(super) fn wait_more(shell: &mut Shell, sys: &mut Sys<'_>, pids: Vec<Pid>, any: bool) -> Done {
    shell.poll_jobs(sys);
    let all = pids.first() == Some(&0);
    let status =
        |shell: &Shell, pid: Pid| shell.jobs.iter().find(|j| j.pid == pid).map_or(Some(127), |j| j.status);
    if any {
        let ended = pids.iter().find(|p| **p != 0 && status(shell, **p).is_some()).copied();
        if let Some(pid) = ended {
            let code = status(shell, pid).unwrap_or(127);
            shell.jobs.retain(|j| j.pid != pid);
            return Done::Status(code);
        }
        return Done::Wait(Frame::WaitFor { pids, any }, Wait::Child(None));
    }
    if let Some(pid) = pids.iter().find(|p| **p != 0 && status(shell, **p).is_none()).copied() {
        return Done::Wait(Frame::WaitFor { pids, any }, Wait::Child(Some(pid)));
    }
    let code = pids.last().map_or(0, |p| status(shell, *p).unwrap_or(127));
    shell.jobs.retain(|j| !pids.contains(&j.pid));
    Done::Status(if all { 0 } else { code })
}

fn kill(shell: &Shell, sys: &mut Sys<'_>, args: &[String]) -> i32 {
    let mut expanded = Vec::new();
    for arg in args {
        match arg.strip_prefix('%').and_then(|n| shell.jobs.iter().find(|j| j.number.to_string() == n)) {
            Some(job) => expanded.push(job.pid.to_string()),
            None => expanded.push(arg.clone()),
        }
    }
    let (errors, out, code) = crate::programs::kill::act(sys, &expanded);
    sys.out(out);
    for e in errors {
        let text = match shell.dialect {
            Dialect::Bash => format!("kill: {e}"),
            Dialect::Dash => format!("kill: {}", e.rsplit(" - ").next().unwrap_or(&e)),
            Dialect::Ash => format!("kill: {}", e.replace("(", "can't kill pid ").replace(") - ", ": ")),
        };
        if shell.dialect == Dialect::Ash {
            sys.err(&format!("{}: {}\n", shell.own_name(), text.trim_start_matches("kill: ")));
        } else {
            shell.fail(sys, &text);
        }
    }
    code
}

fn alias(shell: &mut Shell, sys: &mut Sys<'_>, args: &[String]) -> i32 {
    if args.is_empty() {
        let prefix = if shell.dialect == Dialect::Bash { "alias " } else { "" };
        let out: String = shell.aliases.iter().map(|(k, v)| format!("{prefix}{k}='{v}'\n")).collect();
        sys.out(out);
        return 0;
    }
    let mut status = 0;
    for arg in args {
        match arg.split_once('=') {
            Some((name, text)) => {
                Arc::make_mut(&mut shell.aliases).insert(name.into(), text.into());
            }
            None => match shell.aliases.get(arg) {
                Some(text) => {
                    let prefix = if shell.dialect == Dialect::Bash { "alias " } else { "" };
                    sys.out(format!("{prefix}{arg}='{text}'\n"));
                }
                None => {
                    shell.fail(sys, &format!("alias: {arg}: not found"));
                    status = 1;
                }
            },
        }
    }
    status
}

fn getopts(shell: &mut Shell, sys: &mut Sys<'_>, args: &[String]) -> i32 {
    let (Some(spec), Some(name)) = (args.first().cloned(), args.get(1).cloned()) else {
        shell.fail(sys, "getopts: usage: getopts optstring name [arg]");
        return 2;
    };
    let list = if args.len() > 2 { args[2..].to_vec() } else { shell.args.clone() };
    let index = shell.get("OPTIND").and_then(|t| t.parse::<usize>().ok()).unwrap_or(1).max(1);
    let (mut word, mut at) = shell.getopts_at;
    if index != word {
        (word, at) = (index, 0);
    }
    let end = |shell: &mut Shell, word: usize| {
        shell.assign("OPTIND", &word.to_string(), false);
        shell.assign(&name, "?", false);
        shell.getopts_at = (word, 0);
        1
    };
    let Some(arg) = list.get(word - 1).cloned() else { return end(shell, word) };
    if at == 0 {
        if arg == "--" {
            return end(shell, word + 1);
        }
        if !arg.starts_with('-') || arg.len() == 1 {
            return end(shell, word);
        }
        at = 1;
    }
    let chars: Vec<char> = arg.chars().collect();
    let Some(flag) = chars.get(at).copied() else { return end(shell, word) };
    at += 1;
    let silent = spec.starts_with(':');
    let takes = spec.find(flag).filter(|_| flag != ':').map(|i| spec[i + flag.len_utf8()..].starts_with(':'));
    let mut found = flag.to_string();
    shell.unset("OPTARG");
    match takes {
        None => {
            if silent {
                shell.assign("OPTARG", &flag.to_string(), false);
            } else {
                let text = if shell.dialect == Dialect::Bash {
                    format!("{}: illegal option -- {flag}\n", shell.name)
                } else {
                    format!("Illegal option -{flag}\n")
                };
                sys.err(&text);
            }
            found = "?".into();
        }
        Some(true) => {
            let rest: String = chars[at.min(chars.len())..].iter().collect();
            at = chars.len();
            let value = if rest.is_empty() {
                word += 1;
                list.get(word - 1).cloned()
            } else {
                Some(rest)
            };
            match value {
                Some(value) => shell.assign("OPTARG", &value, false),
                None if silent => {
                    shell.assign("OPTARG", &flag.to_string(), false);
                    found = ":".into();
                }
                None => {
                    let text = if shell.dialect == Dialect::Bash {
                        format!("{}: option requires an argument -- {flag}\n", shell.name)
                    } else {
                        format!("No arg for -{flag} option\n")
                    };
                    sys.err(&text);
                    found = "?".into();
                }
            }
        }
        Some(false) => {}
    }
    if at >= chars.len() {
        (word, at) = (word + 1, 0);
    }
    shell.getopts_at = (word, at);
    shell.assign("OPTIND", &word.to_string(), false);
    shell.assign(&name, &found, false);
    0
}
