//! Users made in a container: `adduser`, `useradd`, `addgroup`, `groupadd`.
//!
//! Not modelled: passwords, skeleton directories.

use super::args::Args;
use crate::machine::Sys;

/// The first id that is free in a file of `name:x:id:` lines.
fn free_id(text: &str, from: u32) -> u32 {
    let taken = |id: u32| text.lines().any(|l| l.split(':').nth(2).and_then(|n| n.parse().ok()) == Some(id));
    (from..from + 10_000).find(|id| !taken(*id)).unwrap_or(from)
}

pub(super) fn add(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let program = super::short_name(&argv[0]).to_string();
    let args = match Args::parse(sys, argv, "h:g:s:G:DSHu:k:mMrd:c:No") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let is_user = program.contains("user");
    let Some(name) = args.rest.first().filter(|n| !n.contains([':', '/', '\n'])) else {
        return super::usage(sys, &format!("{program}: a name is needed\n"));
    };
    let file = if is_user { "/etc/passwd" } else { "/etc/group" };
    let read = |sys: &mut Sys<'_>, file: &str| {
        String::from_utf8_lossy(&sys.fs().read(file).unwrap_or_default()).into_owned()
    };
    let text = read(sys, file);
    if text.lines().any(|l| l.split(':').next() == Some(name)) {
        let kind = if is_user { "user" } else { "group" };
        return super::usage(sys, &format!("{program}: {kind} '{name}' already exists\n"));
    }
    let system = args.has('S') || args.has('r') || args.long("system");
    let wanted = args.value(if is_user { 'u' } else { 'g' }).or_else(|| args.long_value("uid"));
    let id = wanted
        .and_then(|n| n.parse().ok())
        .unwrap_or_else(|| free_id(&text, if system { 100 } else { 1000 }));
    let home = args.value('d').or(args.value('h')).map_or(format!("/home/{name}"), str::to_owned);
    let line = if is_user {
        let shell = args.value('s').unwrap_or("/bin/sh");
        format!("{name}:x:{id}:{id}::{home}:{shell}\n")
    } else {
        format!("{name}:x:{id}:\n")
    };
    if let Err(e) = sys.fs().write(file, format!("{text}{line}").as_bytes()) {
        return super::usage(sys, &format!("{program}: {file}: {e}\n"));
    }
    if is_user {
        let groups = read(sys, "/etc/group");
        if !groups.lines().any(|l| l.split(':').next() == Some(name)) {
            let _ = sys.fs().write("/etc/group", format!("{groups}{name}:x:{id}:\n").as_bytes());
        }
        if !system && !args.has('H') && !args.has('M') {
            let _ = sys.fs().mkdir_all(&home, 0o755);
            let _ = sys.fs().change_meta(&home, |m| (m.uid, m.gid) = (id, id));
        }
    }
    0
}
