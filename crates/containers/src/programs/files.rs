//! Programs that make, move, copy, remove and describe files.

use super::args::Args;
use super::users::Known;
use crate::fs::{Dev, Errno, Node, clean};
use crate::machine::Sys;

fn target(sys: &mut Sys<'_>, dest: &str, source: &str) -> String {
    let full = sys.path(dest);
    if sys.fs().is_dir(&full) {
        format!("{}/{}", full.trim_end_matches('/'), super::short_name(source.trim_end_matches('/')))
    } else {
        full
    }
}

/// As `target`, in the words it was asked for with.
fn target_name(sys: &mut Sys<'_>, dest: &str, source: &str) -> String {
    let full = sys.path(dest);
    if sys.fs().is_dir(&full) {
        format!("{}/{}", dest.trim_end_matches('/'), super::short_name(source.trim_end_matches('/')))
    } else {
        dest.to_string()
    }
}

pub(super) fn cp(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "arRfpdPLHinuvTt:") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let mut sources = args.rest.clone();
    let dest = match args.value('t') {
        Some(d) => d.to_string(),
        None if sources.len() < 2 => {
            let text = if sources.is_empty() {
                "cp: missing file operand\n".to_string()
            } else {
                format!("cp: missing destination file operand after '{}'\n", sources[0])
            };
            return super::usage(sys, &text);
        }
        None => sources.pop().unwrap_or_default(),
    };
    let recursive = "arR".chars().any(|c| args.has(c));
    let keep = args.has('a') || args.has('p');
    let full_dest = sys.path(&dest);
    if sources.len() > 1 && !sys.fs().is_dir(&full_dest) {
        let text = format!("cp: target '{dest}' is not a directory\n");
        return super::usage(sys, &text);
    }
    let mut code = 0;
    for source in &sources {
        let from = sys.path(source);
        let shown = target_name(sys, &dest, source);
        let node = sys.fs().get(&from).cloned();
        let result = match node {
            Err(e) => {
                sys.err(&if sys.gnu() {
                    format!("cp: cannot stat '{source}': {e}\n")
                } else {
                    format!("cp: can't stat '{source}': {e}\n")
                });
                code = 1;
                continue;
            }
            Ok(Node::Dir(_)) if !recursive => {
                sys.err(&if sys.gnu() {
                    format!("cp: -r not specified; omitting directory '{source}'\n")
                } else {
                    format!("cp: omitting directory '{source}'\n")
                });
                code = 1;
                continue;
            }
            Ok(Node::Dir(_)) => {
                let contents = source.ends_with("/.") || source == ".";
                let to = if contents { full_dest.clone() } else { target(sys, &dest, source) };
                copy_tree(sys, &from, &to, keep, 0)
            }
            Ok(Node::Dev(dev, _)) => {
                let to = target(sys, &dest, source);
                let copied = sys.fs().write(&to, b"");
                // What has no end fills the disk.
                if matches!(dev, Dev::Zero | Dev::Full | Dev::Random) { Err(Errno::NoSpace) } else { copied }
            }
            Ok(Node::File(_)) if source.starts_with("/proc/") => Ok(()),
            Ok(_) => {
                let to = target(sys, &dest, source);
                if args.has('n') && sys.fs().exists(&to) {
                    continue;
                }
                if clean(&to) == clean(&from) {
                    sys.err(&format!("cp: '{source}' and '{dest}' are the same file\n"));
                    code = 1;
                    continue;
                }
                sys.fs().copy(&from, &to, keep)
            }
        };
        if let Err(e) = result {
            let to = target(sys, &dest, source);
            let shown = if sys.fs().is_dir(&full_dest) { to } else { dest.clone() };
            sys.err(&if sys.gnu() {
                format!("cp: cannot create regular file '{shown}': {e}\n")
            } else {
                format!("cp: can't create '{shown}': {e}\n")
            });
            code = 1;
        } else if args.has('v') {
            sys.out(format!("'{source}' -> '{shown}'\n"));
        }
    }
    code
}

fn copy_tree(sys: &mut Sys<'_>, from: &str, to: &str, keep: bool, depth: u32) -> Result<(), Errno> {
    if depth > 64 || clean(to).starts_with(&format!("{}/", clean(from))) {
        return Err(Errno::Loop);
    }
    if !sys.fs().is_dir(to) {
        sys.fs().mkdir(to, 0o755)?;
    }
    sys.charge(1);
    for (name, node) in sys.fs().list(from)? {
        let (from, to) = (format!("{from}/{name}"), format!("{to}/{name}"));
        match node {
            Node::Dir(_) => copy_tree(sys, &from, &to, keep, depth + 1)?,
            Node::Link(l) => {
                let _ = sys.fs().unlink(&to);
                sys.fs().symlink(&l.target, &to)?;
            }
            _ => sys.fs().copy(&from, &to, keep)?,
        }
    }
    Ok(())
}

pub(super) fn mv(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "finvT") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let Some((dest, sources)) = args.rest.split_last().filter(|(_, s)| !s.is_empty()) else {
        return super::usage(sys, "mv: missing file operand\n");
    };
    let mut code = 0;
    for source in sources {
        let from = sys.path(source);
        let shown = target_name(sys, dest, source);
        let to = sys.path(&shown);
        if args.has('n') && sys.fs().exists(&to) {
            continue;
        }
        let crosses = {
            let view = sys.fs();
            let under = |p: &str| {
                view.fs.mounts().find(|(at, ..)| clean(p).starts_with(&format!("{at}/"))).map(|m| m.1)
            };
            under(&from) != under(&to)
        };
        let result = if crosses {
            let node = sys.fs().get_link(&from).cloned();
            match node {
                Err(e) => Err(e),
                Ok(Node::Dir(_)) => {
                    copy_tree(sys, &from, &to, true, 0).and_then(|()| sys.fs().remove_all(&from))
                }
                Ok(_) => sys.fs().copy(&from, &to, true).and_then(|()| sys.fs().unlink(&from)),
            }
        } else {
            sys.fs().rename(&from, &to)
        };
        if let Err(e) = result {
            let missing = sys.fs().get_link(&from).is_err();
            let text = match (missing, sys.gnu()) {
                (true, true) => format!("mv: cannot stat '{source}': {e}\n"),
                (_, true) => format!("mv: cannot move '{source}' to '{dest}': {e}\n"),
                _ => format!("mv: can't rename '{source}': {e}\n"),
            };
            sys.err(&text);
            code = 1;
        } else if args.has('v') {
            let text = if sys.gnu() { "renamed " } else { "" };
            sys.out(format!("{text}'{source}' -> '{shown}'\n"));
        }
    }
    code
}

pub(super) fn rm(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "rRfidv") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let (recursive, force) = (args.has('r') || args.has('R'), args.has('f'));
    if args.rest.is_empty() && !force {
        return super::usage(sys, "rm: missing operand\n");
    }
    let mut code = 0;
    for name in &args.rest {
        let path = sys.path(name);
        if matches!(clean(&path).as_str(), "/") && recursive {
            sys.err("rm: it is dangerous to operate recursively on '/'\nrm: use --no-preserve-root to override this failsafe\n");
            code = 1;
            continue;
        }
        let node = sys.fs().get_link(&path).cloned();
        let result = match node {
            Err(Errno::NoEntry | Errno::NotDir) if force => continue,
            Err(e) => Err(e),
            Ok(Node::Dir(_)) if recursive => remove_tree(sys, &path, 0),
            Ok(Node::Dir(_)) => {
                sys.err(&if sys.gnu() {
                    format!("rm: cannot remove '{name}': Is a directory\n")
                } else {
                    format!("rm: '{name}' is a directory\n")
                });
                code = 1;
                continue;
            }
            Ok(_) => sys.fs().unlink(&path),
        };
        match result {
            Ok(()) if args.has('v') => sys.out(format!("removed '{name}'\n")),
            Ok(()) => {}
            Err(e) => {
                sys.err(&if sys.gnu() {
                    format!("rm: cannot remove '{name}': {e}\n")
                } else {
                    format!("rm: can't remove '{name}': {e}\n")
                });
                code = 1;
            }
        }
    }
    code
}

/// Removes a directory; what is mounted below stays, emptied.
fn remove_tree(sys: &mut Sys<'_>, path: &str, depth: u32) -> Result<(), Errno> {
    if depth > 64 {
        return Err(Errno::Loop);
    }
    sys.charge(1);
    for (name, node) in sys.fs().list(path)? {
        let inner = format!("{}/{name}", path.trim_end_matches('/'));
        match node {
            Node::Dir(_) => remove_tree(sys, &inner, depth + 1)?,
            _ => sys.fs().unlink(&inner)?,
        }
    }
    sys.fs().rmdir(path)
}

pub(super) fn mkdir(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "pm:v") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    if args.rest.is_empty() {
        return super::usage(sys, "mkdir: missing operand\n");
    }
    let mode = args.value('m').and_then(|m| u16::from_str_radix(m, 8).ok()).unwrap_or(0o777 & !sys.umask());
    let mut code = 0;
    for name in &args.rest {
        let path = sys.path(name);
        let result =
            if args.has('p') { sys.fs().mkdir_all(&path, mode) } else { sys.fs().mkdir(&path, mode) };
        if let Err(e) = result {
            sys.err(&if sys.gnu() {
                format!("mkdir: cannot create directory ‘{name}’: {e}\n")
            } else {
                format!("mkdir: can't create directory '{name}': {e}\n")
            });
            code = 1;
        }
    }
    code
}

pub(super) fn rmdir(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let mut code = 0;
    for name in argv[1..].iter().filter(|a| !a.starts_with('-')) {
        let path = sys.path(name);
        if let Err(e) = sys.fs().rmdir(&path) {
            sys.err(&if sys.gnu() {
                format!("rmdir: failed to remove '{name}': {e}\n")
            } else {
                format!("rmdir: '{name}': {e}\n")
            });
            code = 1;
        }
    }
    code
}

pub(super) fn touch(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "camd:t:r:h") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let mut at = sys.now();
    if let Some(text) = args.value('d') {
        let Some(t) = super::date::parse(text, at) else {
            return super::usage(sys, &format!("touch: invalid date format ‘{text}’\n"));
        };
        at = t;
    }
    if let Some(file) = args.value('r') {
        let path = sys.path(file);
        at = sys.fs().get(&path).map_or(at, |n| n.meta().mtime);
    }
    let mut code = 0;
    for name in &args.rest {
        let path = sys.path(name);
        let made = if sys.fs().exists(&path) || args.has('c') {
            Ok(())
        } else {
            let mode = 0o666 & !sys.umask();
            sys.fs().create(&path, false, mode).map(|_| ())
        };
        let result = match made {
            Ok(()) if args.has('c') && !sys.fs().exists(&path) => Ok(()),
            Ok(()) => sys.fs().change_meta(&path, |m| m.mtime = at),
            Err(e) => Err(e),
        };
        if let Err(e) = result {
            sys.err(&if sys.gnu() {
                format!("touch: cannot touch '{name}': {e}\n")
            } else {
                format!("touch: {name}: {e}\n")
            });
            code = 1;
        }
    }
    code
}

/// `u+x,go-w` or `755` applied to a mode.
fn new_mode(text: &str, old: u16, dir: bool) -> Option<u16> {
    if let Ok(mode) = u16::from_str_radix(text, 8) {
        return Some(mode & 0o7777 | old & !0o7777);
    }
    let mut mode = old;
    for clause in text.split(',') {
        let split = clause.find(['+', '-', '='])?;
        let who = if split == 0 { "a" } else { &clause[..split] };
        let (mut op, mut bits) = ('+', 0);
        let mut apply = |op: char, bits: u16| {
            for (c, shift) in [('u', 6), ('g', 3), ('o', 0)] {
                if who.contains(c) || who.contains('a') {
                    match op {
                        '+' => mode |= bits << shift,
                        '-' => mode &= !(bits << shift),
                        _ => mode = mode & !(7 << shift) | bits << shift,
                    }
                }
            }
        };
        for (n, c) in clause[split..].chars().enumerate() {
            match c {
                '+' | '-' | '=' => {
                    if n > 0 {
                        apply(op, bits);
                    }
                    (op, bits) = (c, 0);
                }
                'r' => bits |= 4,
                'w' => bits |= 2,
                'x' => bits |= 1,
                'X' => bits |= u16::from(dir || old & 0o111 != 0),
                's' | 't' => {}
                _ => return None,
            }
        }
        apply(op, bits);
    }
    Some(mode)
}

fn walk(sys: &mut Sys<'_>, path: &str, depth: u32, found: &mut Vec<String>) {
    found.push(path.to_string());
    if depth > 64 {
        return;
    }
    for (name, node) in sys.fs().list(path).unwrap_or_default() {
        let inner = format!("{}/{name}", path.trim_end_matches('/'));
        if node.is_dir() { walk(sys, &inner, depth + 1, found) } else { found.push(inner) }
    }
}

pub(super) fn chmod(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let recursive = argv.iter().any(|a| a == "-R" || a == "-Rf");
    let rest: Vec<&String> =
        argv[1..].iter().filter(|a| !matches!(a.as_str(), "-R" | "-f" | "-v" | "-Rf")).collect();
    let Some((mode, names)) = rest.split_first().filter(|(_, n)| !n.is_empty()) else {
        return super::usage(sys, "chmod: missing operand\n");
    };
    let mut code = 0;
    for name in names {
        let path = sys.path(name);
        let mut all = Vec::new();
        if recursive {
            walk(sys, &path, 0, &mut all)
        } else {
            all.push(path)
        }
        for path in all {
            let node = sys.fs().get(&path).map(|n| (n.meta().mode, n.is_dir()));
            let result = node.and_then(|(old, dir)| {
                let new = new_mode(mode, old, dir).ok_or(Errno::Invalid)?;
                sys.fs().change_meta(&path, |m| m.mode = new)
            });
            match result {
                Ok(()) => {}
                Err(Errno::Invalid) => {
                    sys.err(&if sys.gnu() {
                        format!("chmod: invalid mode: ‘{mode}’\n")
                    } else {
                        format!("chmod: invalid mode '{mode}'\n")
                    });
                    return 1;
                }
                Err(e) => {
                    sys.err(&if sys.gnu() {
                        format!("chmod: cannot access '{name}': {e}\n")
                    } else {
                        format!("chmod: {name}: {e}\n")
                    });
                    code = 1;
                }
            }
        }
    }
    code
}

pub(super) fn chown(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let program = super::short_name(&argv[0]).to_string();
    let args = match Args::parse(sys, argv, "RfvhcLHP") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let Some((owner, names)) = args.rest.split_first().filter(|(_, n)| !n.is_empty()) else {
        return super::usage(sys, &format!("{program}: missing operand\n"));
    };
    let known = Known::here(sys);
    let (user, group) = if program == "chgrp" {
        ("", owner.as_str())
    } else {
        owner.split_once([':', '.']).unwrap_or((owner, ""))
    };
    let (uid, gid) = (known.user_id(user), known.group_id(group));
    for (kind, part, id) in [("user", user, uid), ("group", group, gid)] {
        if !part.is_empty() && id.is_none() {
            let text = if sys.gnu() {
                format!("{program}: invalid {kind}: '{owner}'\n")
            } else {
                format!("{program}: unknown {kind} {part}\n")
            };
            return super::usage(sys, &text);
        }
    }
    let mut code = 0;
    for name in names {
        let path = sys.path(name);
        let mut all = Vec::new();
        if args.has('R') {
            walk(sys, &path, 0, &mut all)
        } else {
            all.push(path)
        }
        for path in all {
            let root = sys.cred().uid == 0;
            let result = if root || sys.fs().get(&path).is_err() {
                sys.fs().change_meta(&path, |m| (m.uid, m.gid) = (uid.unwrap_or(m.uid), gid.unwrap_or(m.gid)))
            } else {
                Err(Errno::Perm)
            };
            if let Err(e) = result {
                sys.err(&if sys.gnu() {
                    format!("{program}: changing ownership of '{name}': {e}\n")
                } else {
                    format!("{program}: {name}: {e}\n")
                });
                code = 1;
            }
        }
    }
    code
}

pub(super) fn ln(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "sfnvbT") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let Some(source) = args.rest.first() else { return super::usage(sys, "ln: missing file operand\n") };
    let dest = args.rest.get(1).map_or_else(|| super::short_name(source).to_string(), Clone::clone);
    let to = if args.has('n') { sys.path(&dest) } else { target(sys, &dest, source) };
    if args.has('f') {
        let _ = sys.fs().unlink(&to);
    }
    let from = sys.path(source);
    let result = if args.has('s') {
        sys.fs().symlink(source, &to)
    } else if sys.fs().exists(&to) {
        Err(Errno::Exists)
    } else {
        sys.fs().copy(&from, &to, true)
    };
    match result {
        Ok(()) => 0,
        Err(e) => {
            let kind = if args.has('s') { "symbolic" } else { "hard" };
            sys.err(&if sys.gnu() {
                format!("ln: failed to create {kind} link '{dest}': {e}\n")
            } else {
                format!("ln: {dest}: {e}\n")
            });
            1
        }
    }
}

pub(super) fn readlink(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let program = super::short_name(&argv[0]).to_string();
    let args = match Args::parse(sys, argv, "femnqsvz") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let mut code = 0;
    for name in &args.rest {
        let path = sys.path(name);
        let found = if program == "realpath" || args.has('f') || args.has('e') || args.has('m') {
            sys.fs().real(&path, true).ok().map(|p| format!("/{}", p.join("/")))
        } else {
            match sys.fs().get_link(&path) {
                Ok(Node::Link(l)) => Some(l.target.clone()),
                _ => None,
            }
        };
        match found {
            Some(text) => sys.out(format!("{text}\n")),
            None => {
                if program == "realpath" {
                    sys.err(&format!("realpath: {name}: No such file or directory\n"));
                }
                code = 1;
            }
        }
    }
    code
}

pub(super) fn mktemp(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "dtqup:") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let template = args.rest.first().cloned().unwrap_or_else(|| "/tmp/tmp.XXXXXX".into());
    let xs = template.chars().rev().take_while(|c| *c == 'X').count();
    let letters = sys.rng().letters(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", xs);
    let name = format!("{}{letters}", &template[..template.len() - xs]);
    let path = sys.path(&name);
    let result = if args.has('d') {
        sys.fs().mkdir(&path, 0o700)
    } else {
        sys.fs().create(&path, false, 0o600).map(|_| ())
    };
    match result {
        Ok(()) => {
            sys.out(format!("{name}\n"));
            0
        }
        Err(e) => super::usage(sys, &format!("mktemp: {template}: {e}\n")),
    }
}

pub(super) fn truncate(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "cs:") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let Some(size) = args.value('s').and_then(super::head::count).filter(|n| *n >= 0) else {
        return super::usage(sys, "truncate: you must specify '-s SIZE'\n");
    };
    let mut code = 0;
    for name in &args.rest {
        let path = sys.path(name);
        if let Err(e) = sys.fs().truncate(&path, size as u64) {
            sys.err(&format!("truncate: {name}: {e}\n"));
            code = 1;
        }
    }
    code
}

pub(super) fn fallocate(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "l:o:nxz") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let given = args.value('l').or(args.long_value("length"));
    let Some(size) = given.and_then(super::head::count).filter(|n| *n > 0) else {
        return super::usage(sys, "fallocate: no length argument specified\n");
    };
    let Some(name) = args.rest.first() else {
        return super::usage(sys, "fallocate: no filename specified\n");
    };
    let path = sys.path(name);
    let old = sys.fs().get(&path).map_or(0, |n| n.len());
    if let Err(e) = sys.fs().truncate(&path, old.max(size as u64)) {
        return super::usage(sys, &format!("fallocate: fallocate failed: {e}\n"));
    }
    0
}

/// Bytes in a size people read.
pub(super) fn human(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["", "K", "M", "G"] {
        if value < 1024.0 {
            return if unit.is_empty() || value >= 10.0 {
                format!("{value:.0}{unit}")
            } else {
                format!("{value:.1}{unit}")
            };
        }
        value /= 1024.0;
    }
    format!("{value:.1}T")
}

pub(super) fn du(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "ahskmcdxb") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let names = if args.rest.is_empty() { vec![".".to_string()] } else { args.rest.clone() };
    let mut code = 0;
    for name in &names {
        let path = sys.path(name);
        if sys.fs().get(&path).is_err() {
            sys.err(&format!(
                "du: {}: No such file or directory\n",
                if sys.gnu() { format!("cannot access '{name}'") } else { name.clone() }
            ));
            code = 1;
            continue;
        }
        let mut all = Vec::new();
        walk(sys, &path, 0, &mut all);
        let mut shown = Vec::new();
        for dir in all.iter().rev() {
            let is_dir = sys.fs().is_dir(dir);
            if dir != &path && (args.has('s') || (!is_dir && !args.has('a'))) {
                continue;
            }
            let prefix = format!("{}/", dir.trim_end_matches('/'));
            let total: u64 = all
                .iter()
                .filter(|p| *p == dir || p.starts_with(&prefix))
                .map(|p| sys.fs().get_link(p).map_or(0, |n| n.len()))
                .map(|n| if args.has('b') { n } else { n.div_ceil(4096) * 4096 })
                .sum();
            let rest = dir.strip_prefix(&path).unwrap_or("");
            let size = match () {
                () if args.has('h') => human(total),
                () if args.has('b') => total.to_string(),
                () if args.has('m') => total.div_ceil(1 << 20).to_string(),
                () => (total / 1024).to_string(),
            };
            shown.push(format!("{size}\t{name}{rest}\n"));
        }
        sys.out(shown.concat());
    }
    code
}

pub(super) fn stat(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "c:Lft") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let known = Known::here(sys);
    let mut code = 0;
    for name in &args.rest {
        let path = sys.path(name);
        let node =
            if args.has('L') { sys.fs().get(&path).cloned() } else { sys.fs().get_link(&path).cloned() };
        let node = match node {
            Ok(node) => node,
            Err(e) => {
                sys.err(&if sys.gnu() {
                    format!("stat: cannot statx '{name}': {e}\n")
                } else {
                    format!("stat: can't stat '{name}': {e}\n")
                });
                code = 1;
                continue;
            }
        };
        let meta = node.meta();
        let kind = match &node {
            Node::Dir(_) => "directory",
            Node::Link(_) => "symbolic link",
            Node::Dev(Dev::Pipe(_), _) => "fifo",
            Node::Dev(..) => "character special file",
            Node::File(_) if node.is_block_device() => "block special file",
            Node::File(_) if node.is_socket() => "socket",
            Node::File(f) if f.len == 0 => "regular empty file",
            Node::File(_) => "regular file",
        };
        let perms = super::ls::permissions(&node);
        match args.value('c') {
            Some(format) => {
                let mut out = String::new();
                let mut chars = format.chars();
                while let Some(c) = chars.next() {
                    if c != '%' {
                        out.push(c);
                        continue;
                    }
                    match chars.next() {
                        Some('s') => out.push_str(&node.len().to_string()),
                        Some('n') => out.push_str(name),
                        Some('a') => out.push_str(&format!("{:o}", meta.mode & 0o7777)),
                        Some('A') => out.push_str(&perms),
                        Some('u') => out.push_str(&meta.uid.to_string()),
                        Some('g') => out.push_str(&meta.gid.to_string()),
                        Some('U') => out.push_str(&known.user(meta.uid)),
                        Some('G') => out.push_str(&known.group(meta.gid)),
                        Some('F') => out.push_str(kind),
                        Some('Y') => out.push_str(&(meta.mtime.0 / 1000).to_string()),
                        Some(c) => out.push(c),
                        None => {}
                    }
                }
                sys.out(format!("{out}\n"));
            }
            None => sys.out(format!(
                "  File: {name}\n  Size: {}\t\tBlocks: {}\tIO Block: 4096   {kind}\nAccess: ({:04o}/{perms})  Uid: ({:5}/{:>8})   Gid: ({:5}/{:>8})\nModify: {}\n",
                node.len(),
                node.len().div_ceil(512),
                meta.mode & 0o7777,
                meta.uid,
                known.user(meta.uid),
                meta.gid,
                known.group(meta.gid),
                meta.mtime,
            )),
        }
    }
    code
}
