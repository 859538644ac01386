//! Commands over containers that exist: listed, stopped, killed, renamed, removed, measured, copied from and to.

use clock::{Millis, Time};
use containers::fs::{Node, clean, join};
use containers::machine::Signal;

use super::args::{self, Flag};
use super::{Console, Job, Started, complain, refuse, say};
use crate::engine::{Container, Engine, State};
use crate::json::{Json, template};
use crate::text;

/// The containers named; a missing one is told and the others go on.
fn named(words: &[String], engine: &Engine, console: &mut dyn Console) -> (Vec<(String, usize)>, i32) {
    let (mut found, mut code) = (Vec::new(), 0);
    for name in words {
        match engine.find(name) {
            Some(i) => found.push((name.clone(), i)),
            None => {
                let _ = refuse(console, &format!("No such container: {name}"));
                code = 1;
            }
        }
    }
    (found, code)
}

/// Containers on their way down.
struct Stopping {
    left: Vec<(String, String)>,
    code: i32,
    again: bool,
}

const STOP_FLAGS: &[Flag] = &[("time", 't', true), ("timeout", ' ', true), ("signal", 's', true)];

pub(super) fn stop(
    argv: &[String],
    engine: &mut Engine,
    console: &mut dyn Console,
    grace: Millis,
) -> Started {
    stop_them("stop", argv, engine, console, grace)
}

pub(super) fn restart(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    stop_them("restart", argv, engine, console, 10_000)
}

fn stop_them(
    command: &str,
    argv: &[String],
    engine: &mut Engine,
    console: &mut dyn Console,
    grace: Millis,
) -> Started {
    let args = match args::parse(command, argv, STOP_FLAGS, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    if args.words.is_empty() {
        return args::wrong_count(console, command, 1);
    }
    let seconds = args.value("time").or_else(|| args.value("timeout")).and_then(|t| t.parse::<i64>().ok());
    let grace = seconds.map_or(grace, |s| s.clamp(0, 1_000_000) * 1000);
    let (found, code) = named(&args.words, engine, console);
    let mut left = Vec::new();
    for (name, i) in found {
        left.push((name, engine.containers[i].id.clone()));
        engine.stop(i, grace);
    }
    Started::Goes(Box::new(Stopping { left, code, again: command == "restart" }))
}

impl Job for Stopping {
    fn poll(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        engine.step(console.now(), super::console_files(console));
        while let Some((name, id)) = self.left.first().cloned() {
            if let Some(i) = engine.find(&id) {
                if engine.containers[i].is_running() {
                    return None;
                }
                if self.again
                    && let Err((why, _)) = engine.start(i)
                {
                    let _ = refuse(console, &why);
                    self.code = 1;
                }
            }
            say(console, format!("{name}\n"));
            self.left.remove(0);
        }
        Some(self.code)
    }
}

pub(super) fn kill(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse("kill", argv, &[("signal", 's', true)], false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let (found, mut code) = named(&args.words, engine, console);
    let signal = args.value("signal").unwrap_or("KILL").trim_start_matches("SIG");
    let Some(signal) = Signal::parse(signal) else {
        return refuse(console, &format!("invalid signal: {signal}"));
    };
    for (name, i) in found {
        if engine.containers[i].is_running() {
            engine.signal(i, signal);
            say(console, format!("{name}\n"));
        } else {
            let id = engine.containers[i].id.clone();
            let _ = refuse(console, &format!("cannot kill container: {name}: container {id} is not running"));
            code = 1;
        }
    }
    Started::Done(code)
}

pub(super) fn pause(argv: &[String], engine: &mut Engine, console: &mut dyn Console, on: bool) -> Started {
    let (found, mut code) = named(argv, engine, console);
    for (name, i) in found {
        let c = &mut engine.containers[i];
        let (from, to) = if on { (State::Running, State::Paused) } else { (State::Paused, State::Running) };
        if c.state == from {
            c.state = to;
            say(console, format!("{name}\n"));
            engine.touch(i);
        } else {
            let id = c.id.clone();
            let what = if on { "is not running" } else { "is not paused" };
            let _ = refuse(console, &format!("Container {id} {what}"));
            code = 1;
        }
    }
    Started::Done(code)
}

pub(super) fn rm(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let flags: &[Flag] = &[("force", 'f', false), ("volumes", 'v', false), ("link", 'l', false)];
    let args = match args::parse("rm", argv, flags, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    if args.words.is_empty() {
        return args::wrong_count(console, "rm", 1);
    }
    let mut code = 0;
    for name in &args.words {
        let Some(i) = engine.find(name) else {
            if !args.has("force") {
                let _ = refuse(console, &format!("No such container: {name}"));
                code = 1;
            }
            continue;
        };
        let c = &engine.containers[i];
        let id = c.id.clone();
        if c.is_running() || c.state == State::Paused {
            if !args.has("force") {
                let what = if c.is_running() { "running" } else { "paused" };
                let why = format!(
                    "cannot remove container \"/{}\": container is {what}: stop the container before removing or force remove",
                    c.name
                );
                let _ = refuse(console, &why);
                code = 1;
                continue;
            }
            engine.containers[i].state = State::Running;
            engine.signal(i, Signal::Kill);
        }
        if args.has("volumes") {
            let mine: Vec<_> =
                engine.containers.iter().filter(|c| c.id == id).flat_map(|c| c.new.mounts.clone()).collect();
            engine.volumes.retain(|n, v| n.len() != 64 || mine.iter().all(|m| m.0 != v.id));
        }
        engine.forget_container(&id);
        say(console, format!("{name}\n"));
    }
    Started::Done(code)
}

pub(super) fn prune(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let _ = argv;
    let gone: Vec<(String, u64)> = engine
        .containers
        .iter()
        .filter(|c| !c.is_running() && c.state != State::Paused)
        .map(|c| (c.id.clone(), c.inside().map_or(0, containers::container::Container::storage_used)))
        .collect();
    if !gone.is_empty() {
        say(console, "Deleted Containers:\n");
    }
    for (id, _) in &gone {
        engine.forget_container(id);
        say(console, format!("{id}\n"));
    }
    let freed: u64 = gone.iter().map(|g| g.1).sum();
    say(
        console,
        format!("{}Total reclaimed space: {}\n", if gone.is_empty() { "" } else { "\n" }, text::size(freed)),
    );
    Started::Done(0)
}

pub(super) fn rename(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let [old, new] = argv else { return args::wrong_count(console, "rename", 2) };
    let Some(i) = engine.find(old) else { return refuse(console, &format!("No such container: {old}")) };
    if let Some(c) = engine.containers.iter().find(|c| c.name == *new) {
        let why = format!(
            "Error when allocating new name: Conflict. The container name \"/{new}\" is already in use by container \"{}\". You have to remove (or rename) that container to be able to reuse that name.",
            c.id
        );
        return refuse(console, &why);
    }
    engine.containers[i].name.clone_from(new);
    Started::Done(0)
}

/// `0.0.0.0:8080->80/tcp, [::]:8080->80/tcp`
fn ports(c: &Container) -> String {
    let mut all = Vec::new();
    for p in &c.ports {
        let protocol = if p.udp { "udp" } else { "tcp" };
        let hosts: &[&str] = if p.ip.is_empty() { &["0.0.0.0", "[::]"] } else { &[p.ip.as_str()] };
        all.extend(hosts.iter().map(|h| format!("{h}:{}->{}/{protocol}", p.host, p.container)));
    }
    if c.is_running() {
        let exposed =
            c.built.template.config.ports.iter().filter(|p| c.ports.iter().all(|m| m.container != **p));
        all.extend(exposed.map(|p| format!("{p}/tcp")));
    }
    all.join(", ")
}

fn command_text(c: &Container, whole: bool) -> String {
    let text = c.argv().join(" ");
    if whole { format!("\"{text}\"") } else { format!("\"{}\"", text::cut(&text, 20)) }
}

const PS_FLAGS: &[Flag] = &[
    ("all", 'a', false),
    ("quiet", 'q', false),
    ("filter", 'f', true),
    ("format", ' ', true),
    ("last", 'n', true),
    ("latest", 'l', false),
    ("no-trunc", ' ', false),
    ("size", 's', false),
];

pub(super) fn ps(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse("ps", argv, PS_FLAGS, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let now = engine.now;
    let last =
        if args.has("latest") { Some(1) } else { args.value("last").and_then(|n| n.parse::<usize>().ok()) };
    let all =
        args.has("all") || last.is_some() || args.values("filter").iter().any(|f| f.starts_with("status="));
    let mut shown: Vec<&Container> = engine
        .containers
        .iter()
        .rev()
        .filter(|c| all || c.is_running() || c.state == State::Paused)
        .collect();
    for f in args.values("filter") {
        let Some((key, value)) = f.split_once('=') else {
            return refuse(console, &format!("invalid filter '{f}'"));
        };
        shown.retain(|c| match key {
            "name" => c.name.contains(value.trim_start_matches('^').trim_end_matches('$')),
            "id" => c.id.starts_with(value),
            "status" => state_word(c) == value,
            "ancestor" => engine.image(value).is_some_and(|b| b.id == c.built.id),
            "network" => c.networks.iter().any(|n| n.0 == value),
            "publish" => c.ports.iter().any(|p| p.host.to_string() == value),
            "exited" => c.exit_code().is_some_and(|n| n.to_string() == value),
            "label" => {
                let (k, v) = value.split_once('=').map_or((value, None), |(k, v)| (k, Some(v)));
                c.new.labels.iter().any(|(a, b)| a == k && v.is_none_or(|v| v == b))
            }
            _ => true,
        });
    }
    shown.truncate(last.unwrap_or(usize::MAX));
    let whole = args.has("no-trunc");
    let id = |c: &Container| if whole { c.id.clone() } else { text::short(&c.id) };
    if args.has("quiet") {
        for c in shown {
            say(console, format!("{}\n", id(c)));
        }
        return Started::Done(0);
    }
    let row = |c: &Container| -> Vec<String> {
        vec![
            id(c),
            c.image.clone(),
            command_text(c, whole),
            text::ago(now, c.created),
            c.status(now),
            ports(c),
            c.name.clone(),
        ]
    };
    let Some(format) = args.value("format") else {
        let mut head = vec!["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"];
        let mut rows: Vec<Vec<String>> = shown.iter().map(|c| row(c)).collect();
        if args.has("size") {
            head.push("SIZE");
            for (r, c) in rows.iter_mut().zip(&shown) {
                let own = c.inside().map_or(0, containers::container::Container::storage_used);
                r.push(format!("{} (virtual {})", text::size(own), text::size(own + c.built.size())));
            }
        }
        say(console, text::table(&head, &rows));
        return Started::Done(0);
    };
    let names = ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"];
    let heads = ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"];
    let object = |c: &Container| {
        let mut o: Vec<(&str, Json)> =
            names.iter().copied().zip(row(c).into_iter().map(Json::Text)).collect();
        o.push(("State", Json::text(state_word(c))));
        o.push(("Networks", Json::text(c.networks.first().map_or("", |n| n.0.as_str()))));
        o.push((
            "Labels",
            Json::text(c.new.labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",")),
        ));
        o.push(("CreatedAt", Json::text(c.created.rfc3339())));
        Json::object(o)
    };
    let items: Vec<Json> = shown.iter().map(|c| object(c)).collect();
    formatted(format, &names, &heads, &items, console)
}

/// `--format`: a template a line, or a `table` of them with headings.
pub(super) fn formatted(
    format: &str,
    names: &[&str],
    heads: &[&str],
    items: &[Json],
    console: &mut dyn Console,
) -> Started {
    if format == "json" {
        for item in items {
            say(console, format!("{}\n", item.compact()));
        }
        return Started::Done(0);
    }
    let (table, body) = match format.strip_prefix("table ") {
        Some(b) => (true, b.trim()),
        None => (false, format),
    };
    let mut lines = Vec::new();
    for item in items {
        match template(body, item) {
            Ok(line) => lines.push(line),
            Err(why) => {
                complain(console, format!("{why}\n"));
                return Started::Done(64);
            }
        }
    }
    if !table {
        for line in lines {
            say(console, format!("{line}\n"));
        }
        return Started::Done(0);
    }
    let head = Json::object(names.iter().copied().zip(heads.iter().map(|h| Json::text(*h))).collect());
    let head = template(body, &head).unwrap_or_default();
    let head: Vec<&str> = head.split('\t').collect();
    let rows: Vec<Vec<String>> = lines.iter().map(|l| l.split('\t').map(String::from).collect()).collect();
    say(console, text::table(&head, &rows));
    Started::Done(0)
}

pub(super) fn state_word(c: &Container) -> &'static str {
    match c.state {
        State::Created => "created",
        State::Running => "running",
        State::Paused => "paused",
        State::Exited { .. } => "exited",
    }
}

pub(super) fn port(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let Some(name) = argv.first() else { return args::wrong_count(console, "port", 1) };
    let Some(i) = engine.find(name) else { return refuse(console, &format!("No such container: {name}")) };
    let wanted = argv.get(1).and_then(|p| p.split('/').next()).and_then(|p| p.parse::<u16>().ok());
    for p in engine.containers[i].ports.clone() {
        if wanted.is_some_and(|w| w != p.container) {
            continue;
        }
        for host in ["0.0.0.0", "[::]"] {
            let line = match wanted {
                Some(_) => format!("{host}:{}\n", p.host),
                None => {
                    format!("{}/{} -> {host}:{}\n", p.container, if p.udp { "udp" } else { "tcp" }, p.host)
                }
            };
            say(console, line);
        }
    }
    Started::Done(0)
}

pub(super) fn top(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let Some(name) = argv.first() else { return args::wrong_count(console, "top", 1) };
    let Some(i) = engine.find(name) else { return refuse(console, &format!("No such container: {name}")) };
    let c = &engine.containers[i];
    let Some(inside) = c.inside().filter(|_| c.is_running()) else {
        let id = c.id.clone();
        return refuse(console, &format!("container {id} is not running"));
    };
    let rows: Vec<Vec<String>> = inside
        .machine()
        .processes()
        .filter(|p| p.exit.is_none())
        .map(|p| {
            let name = if p.cred.uid == 0 { "root".to_string() } else { p.cred.uid.to_string() };
            vec![
                name,
                (40_000 + p.pid).to_string(),
                (40_000 + p.ppid).to_string(),
                "0".into(),
                p.started.rfc3339()[11..16].to_string(),
                "?".into(),
                "00:00:00".into(),
                p.argv.join(" "),
            ]
        })
        .collect();
    say(console, text::table(&["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"], &rows));
    Started::Done(0)
}

/// `docker stats`: once, or a screen each second.
struct Stats {
    names: Vec<String>,
    once: bool,
    /// A template for each row.
    format: Option<String>,
    before: Vec<(String, u64)>,
    next: Time,
}

pub(super) fn stats(argv: &[String], _engine: &mut Engine, console: &mut dyn Console) -> Started {
    let flags: &[Flag] =
        &[("no-stream", ' ', false), ("all", 'a', false), ("no-trunc", ' ', false), ("format", ' ', true)];
    let args = match args::parse("stats", argv, flags, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let next = console.now();
    Started::Goes(Box::new(Stats {
        names: args.words.clone(),
        once: args.has("no-stream"),
        format: args.value("format").map(str::to_owned),
        before: Vec::new(),
        next,
    }))
}

impl Job for Stats {
    fn poll(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        let now = console.now();
        if now < self.next {
            return None;
        }
        for name in &self.names {
            if engine.find(name).is_none() {
                let _ = refuse(console, &format!("No such container: {name}"));
                return Some(1);
            }
        }
        self.next = now + 1000;
        let wanted: Vec<usize> = self.names.iter().filter_map(|n| engine.find(n)).collect();
        let first = self.before.is_empty();
        let mut rows = Vec::new();
        let mut after = Vec::new();
        for (i, c) in engine.containers.iter().enumerate() {
            if !c.is_running() || (!self.names.is_empty() && !wanted.contains(&i)) {
                continue;
            }
            let Some(usage) = c.inside().map(|c| c.usage(now)) else { continue };
            let old = self.before.iter().find(|b| b.0 == c.id).map_or(usage.cpu_us, |b| b.1);
            after.push((c.id.clone(), usage.cpu_us));
            let percent = (usage.cpu_us - old.min(usage.cpu_us)) as f64 / 10_000.0;
            let limit = c.new.memory.unwrap_or(4_110_864_384);
            rows.push(vec![
                text::short(&c.id),
                c.name.clone(),
                format!("{percent:.2}%"),
                format!("{} / {}", text::memory(usage.memory_bytes), text::memory(limit)),
                format!("{:.2}%", usage.memory_bytes as f64 * 100.0 / limit as f64),
                "0B / 0B".into(),
                format!("0B / {}", text::size(usage.written_bytes)),
                c.inside()
                    .map_or(0, |c| c.machine().processes().filter(|p| p.exit.is_none()).count())
                    .to_string(),
            ]);
        }
        self.before = after;
        // The first look only gives the counters that the second is compared with.
        if first && !rows.is_empty() {
            return None;
        }
        let head =
            ["CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS"];
        if !self.once && console.is_tty() {
            say(console, "\x1b[2J\x1b[H");
        }
        if let Some(format) = &self.format {
            let names = ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"];
            let items: Vec<Json> = rows
                .into_iter()
                .map(|r| {
                    let container = ("Container", Json::text(r[1].as_str()));
                    let all = names.iter().copied().zip(r.into_iter().map(Json::Text));
                    Json::object(all.chain([container]).collect())
                })
                .collect();
            let ended = formatted(format, &names, &head, &items, console);
            return match ended {
                Started::Done(0) => self.once.then_some(0),
                Started::Done(code) => Some(code),
                Started::Goes(_) => None,
            };
        }
        say(console, text::table(&head, &rows));
        self.once.then_some(0)
    }

    fn wakes_at(&self) -> Option<Time> {
        Some(self.next)
    }
}

/// `web:/path` apart; a path of the host has none before the colon.
fn side(text: &str) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((name, path)) if !name.contains('/') => (Some(name), path),
        _ => (None, text),
    }
}

pub(super) fn cp(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse(
        "cp",
        argv,
        &[("archive", 'a', false), ("quiet", 'q', false), ("follow-link", 'L', false)],
        false,
        console,
    ) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let [from, to] = args.words.as_slice() else { return args::wrong_count(console, "cp", 2) };
    let ((from_c, from_path), (to_c, to_path)) = (side(from), side(to));
    let (name, cwd) = match (from_c, to_c) {
        (Some(n), None) | (None, Some(n)) => (n.to_string(), console.cwd()),
        _ => {
            complain(console, "must specify at least one container source\n");
            return Started::Done(1);
        }
    };
    let Some(i) = engine.find(&name) else { return refuse(console, &format!("No such container: {name}")) };
    let last = |p: &str| clean(p).rsplit('/').next().unwrap_or_default().to_string();
    let now = engine.now;
    let mut world = containers::machine::World { now, volumes: &mut engine.trees };
    let Some(inside) = engine.containers[i].inside_mut() else {
        complain(console, "note: a container that was never started has no files to copy here\n");
        return Started::Done(1);
    };
    let bytes;
    if from_c.is_some() {
        let path = clean(&join("/", from_path));
        let view = inside.machine_mut().view(&mut world, containers::fs::Cred::default());
        let Ok(node) = view.get(&path).cloned() else {
            return refuse(console, &format!("Could not find the file {path} in container {name}"));
        };
        bytes = node.len();
        let mut target = clean(&join(&cwd, to_path));
        if to_path.ends_with('/') || matches!(console.node(&target), Some(Node::Dir(_))) {
            target = format!("{}/{}", target.trim_end_matches('/'), last(&path));
        }
        console.put(&target, node);
    } else {
        let path = clean(&join(&cwd, from_path));
        let Some(node) = console.node(&path) else {
            complain(console, format!("lstat {path}: no such file or directory\n"));
            return Started::Done(1);
        };
        bytes = node.len();
        let mut target = clean(&join("/", to_path));
        let view = inside.machine_mut().view(&mut world, containers::fs::Cred::default());
        if view.is_dir(&target) {
            target = format!("{}/{}", target.trim_end_matches('/'), last(&path));
        }
        inside.machine_mut().fs.tree.put(&target, node);
        engine.touch(i);
    }
    complain(console, format!("Successfully copied {} to {}\n", text::size(bytes + 1536), to));
    Started::Done(0)
}
