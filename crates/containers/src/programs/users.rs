//! Users of a container: who they are by its `/etc/passwd` and `/etc/group`, `id`, `whoami`, `groups`, and those made by
//! `adduser`, `useradd`, `addgroup`, `groupadd`.
//!
//! Not modelled: passwords, skeleton directories.

use super::args::Args;
use crate::machine::Sys;
use ordered::Sort as _;

/// Who is known here.
pub(super) struct Known {
    passwd: String,
    group: String,
}

impl Known {
    pub(super) fn here(sys: &mut Sys<'_>) -> Self {
        Self { passwd: read(sys, "/etc/passwd"), group: read(sys, "/etc/group") }
    }

    fn find<'a>(text: &'a str, column: usize, value: &str) -> Option<Vec<&'a str>> {
        let fields = |l: &'a str| l.split(':').collect::<Vec<_>>();
        text.lines().map(fields).find(|f| f.get(column) == Some(&value))
    }

    fn name(text: &str, id: u32) -> Option<&str> {
        Self::find(text, 2, &id.to_string()).map(|f| f[0])
    }

    /// A user's name, or its number.
    pub(super) fn user(&self, id: u32) -> String {
        Self::name(&self.passwd, id).map_or_else(|| id.to_string(), str::to_owned)
    }

    /// A group's name, or its number.
    pub(super) fn group(&self, id: u32) -> String {
        Self::name(&self.group, id).map_or_else(|| id.to_string(), str::to_owned)
    }

    fn number(text: &str, name: &str, column: usize) -> Option<u32> {
        Self::find(text, 0, name)?.get(column)?.parse().ok()
    }

    /// The id of a user by name or number.
    pub(super) fn user_id(&self, name: &str) -> Option<u32> {
        Self::number(&self.passwd, name, 2).or_else(|| name.parse().ok())
    }

    /// The id of a group by name or number.
    pub(super) fn group_id(&self, name: &str) -> Option<u32> {
        Self::number(&self.group, name, 2).or_else(|| name.parse().ok())
    }

    /// The groups that name a user as a member.
    fn joined(&self, user: &str) -> Vec<u32> {
        let member = |l: &&str| l.split(':').nth(3).is_some_and(|m| m.split(',').any(|n| n == user));
        self.group.lines().filter(member).filter_map(|l| l.split(':').nth(2)?.parse().ok()).collect()
    }
}

/// Whom `id` and `groups` tell of.
struct Subject {
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
}

fn subject(sys: &mut Sys<'_>, known: &Known, name: Option<&String>) -> Result<Subject, String> {
    let (uid, gid, more) = match name {
        None => {
            let c = sys.cred();
            (c.uid, c.gid, c.more)
        }
        Some(name) => match Known::number(&known.passwd, name, 2) {
            Some(uid) => (uid, Known::number(&known.passwd, name, 3).unwrap_or(uid), [0; 4]),
            None if sys.gnu() => return Err(format!("id: '{name}': no such user\n")),
            None => return Err(format!("id: unknown user {name}\n")),
        },
    };
    let mut groups = vec![gid];
    let joined = known.joined(&known.user(uid));
    groups.extend(joined.into_iter().chain(more.into_iter().filter(|g| *g != 0)));
    groups.arrange();
    groups.dedup();
    Ok(Subject { uid, gid, groups })
}

pub(super) fn id(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "ugGnrza") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let known = Known::here(sys);
    let who = match subject(sys, &known, args.rest.first()) {
        Ok(who) => who,
        Err(text) => return super::usage(sys, &text),
    };
    let group = |g: u32| if args.has('n') { known.group(g) } else { g.to_string() };
    let with_name = |id: u32, name: String| {
        if name == id.to_string() { name } else { format!("{id}({name})") }
    };
    let text = if args.has('u') {
        if args.has('n') { known.user(who.uid) } else { who.uid.to_string() }
    } else if args.has('g') {
        group(who.gid)
    } else if args.has('G') {
        who.groups.iter().map(|g| group(*g)).collect::<Vec<_>>().join(" ")
    } else {
        let groups: Vec<String> = who.groups.iter().map(|g| with_name(*g, known.group(*g))).collect();
        format!(
            "uid={} gid={} groups={}",
            with_name(who.uid, known.user(who.uid)),
            with_name(who.gid, known.group(who.gid)),
            groups.join(",")
        )
    };
    sys.out(format!("{text}\n"));
    0
}

pub(super) fn whoami(sys: &mut Sys<'_>, _: &[String]) -> i32 {
    let uid = sys.cred().uid;
    let known = Known::here(sys);
    match Known::name(&known.passwd, uid) {
        Some(name) => {
            sys.out(format!("{name}\n"));
            0
        }
        None if sys.gnu() => super::usage(sys, &format!("whoami: cannot find name for user ID {uid}\n")),
        None => super::usage(sys, &format!("whoami: unknown uid {uid}\n")),
    }
}

pub(super) fn groups(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let known = Known::here(sys);
    match subject(sys, &known, argv.get(1)) {
        Ok(who) => {
            let names: Vec<String> = who.groups.iter().map(|g| known.group(*g)).collect();
            sys.out(format!("{}\n", names.join(" ")));
            0
        }
        Err(text) => super::usage(sys, &text),
    }
}

fn read(sys: &mut Sys<'_>, file: &str) -> String {
    String::from_utf8_lossy(&sys.fs().read(file).unwrap_or_default()).into_owned()
}

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
