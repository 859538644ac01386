//! Commands the shell carries out itself.

use std::sync::Arc;

use super::expand::resolve_dir;
use super::interp::Frame;
use super::{Dialect, Shell};
use crate::fs::{Errno, Node};
use crate::machine::{Env, Pid, Signal, Sys, Wait};
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
        "export" | "readonly" | "local" | "declare" | "typeset" => {
            super::declare::declare(shell, sys, &argv[0], args)
        }
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
        "read" => return super::read::read(shell, sys, args),
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
        "getopts" => super::getopts::getopts(shell, sys, args),
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
                match shell.dialect {
                    Dialect::Bash => shell.fail(sys, "[: missing `]'"),
                    Dialect::Dash => shell.fail(sys, "[: missing ]"),
                    Dialect::Ash => sys.err("sh: missing ]\n"),
                }
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
                Dialect::Ash => {
                    sys.err(&format!("sh: {e}\n"));
                    return Done::Status(2);
                }
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
            sys.err(&format!("sh: {}\n", text.trim_start_matches("kill: ")));
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
