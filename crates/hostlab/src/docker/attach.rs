//! Streams of a container: attached to, executed in, its log, waited for.

use clock::Time;
use containers::container::ExecId;
use containers::machine::{Signal, Stream};

use super::args::{self, Flag};
use super::{Console, Input, Job, Started, complain, refuse, say};
use crate::engine::{Engine, State};

fn no_such(console: &mut dyn Console, name: &str) -> Started {
    refuse(console, &format!("No such container: {name}"))
}

/// A terminal bound to a container's own process.
pub(super) struct Attached {
    id: String,
    stdin: bool,
    closed: bool,
}

impl Attached {
    pub(super) fn new(id: &str, stdin: bool) -> Self {
        Self { id: id.into(), stdin, closed: false }
    }

    /// Everything it writes is wanted.
    pub(super) fn follow_all(&mut self, engine: &mut Engine) {
        let found = engine.find(&self.id);
        if let Some(inside) = found.and_then(|i| engine.containers[i].inside_mut()) {
            inside.attach();
        }
    }

    fn leave(&mut self, engine: &mut Engine) {
        if let Some(i) = engine.find(&self.id) {
            let c = &mut engine.containers[i];
            c.watched = c.watched.saturating_sub(1);
            if c.to_be_removed() {
                let id = c.id.clone();
                engine.forget_container(&id);
            }
        }
    }
}

fn print(console: &mut dyn Console, chunks: Vec<(Stream, Vec<u8>)>) {
    for (stream, bytes) in chunks {
        match stream {
            Stream::Out => console.out(&bytes),
            Stream::Err => console.err(&bytes),
        }
    }
}

impl Job for Attached {
    fn poll(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        let Some(i) = engine.find(&self.id) else { return Some(0) };
        if self.stdin && !self.closed && engine.containers[i].is_running() {
            let read = console.read();
            if let Some(inside) = engine.containers[i].inside_mut()
                && let Some(input) = inside.input()
            {
                match read {
                    Input::Data(bytes) => {
                        inside.machine_mut().feed(input, &bytes);
                        engine.touch(i);
                    }
                    Input::End => {
                        inside.machine_mut().close_input(input);
                        self.closed = true;
                        engine.touch(i);
                    }
                    Input::Wait => {}
                }
            }
            engine.step(console.now(), super::console_files(console));
        }
        let i = engine.find(&self.id)?;
        let chunks = engine.containers[i].inside_mut().map(containers::container::Container::attached_output);
        print(console, chunks.unwrap_or_default());
        match engine.containers[i].state {
            State::Exited { code, .. } => {
                self.leave(engine);
                Some(code)
            }
            _ => None,
        }
    }

    fn abandon(&mut self, engine: &mut Engine) {
        if let Some(i) = engine.find(&self.id) {
            engine.signal(i, Signal::Int);
        }
        self.leave(engine);
    }
}

const ATTACH_FLAGS: &[Flag] =
    &[("no-stdin", ' ', false), ("sig-proxy", ' ', true), ("detach-keys", ' ', true)];

pub(super) fn attach(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse("attach", argv, ATTACH_FLAGS, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let Some(name) = args.words.first() else { return args::wrong_count(console, "attach", 1) };
    let Some(i) = engine.find(name) else { return no_such(console, name) };
    let c = &mut engine.containers[i];
    if !c.is_running() {
        complain(console, "cannot attach to a stopped container, start it first\n");
        return Started::Done(1);
    }
    c.watched += 1;
    let mut attached = Attached::new(&c.id.clone(), c.new.stdin);
    attached.follow_all(engine);
    Started::Goes(Box::new(attached))
}

struct Exec {
    container: String,
    id: ExecId,
    stdin: bool,
    closed: bool,
}

const EXEC_FLAGS: &[Flag] = &[
    ("interactive", 'i', false),
    ("tty", 't', false),
    ("detach", 'd', false),
    ("env", 'e', true),
    ("workdir", 'w', true),
    ("user", 'u', true),
    ("privileged", ' ', false),
];

pub(super) fn exec(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse("exec", argv, EXEC_FLAGS, true, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    if args.words.len() < 2 {
        return args::wrong_count(console, "exec", 2);
    }
    let name = &args.words[0];
    let Some(i) = engine.find(name) else { return no_such(console, name) };
    let id = engine.containers[i].id.clone();
    if !engine.containers[i].is_running() {
        return refuse(console, &format!("container {id} is not running"));
    }
    // A directory or variables of its own: by way of the shell's programs.
    let mut words = args.words[1..].to_vec();
    let env: Vec<String> = args.values("env").iter().map(|e| (*e).to_string()).collect();
    if !env.is_empty() {
        words = std::iter::once("env".to_string()).chain(env).chain(words).collect();
    }
    if let Some(dir) = args.value("workdir") {
        let line = "cd \"$0\" && exec \"$@\"".to_string();
        words = ["sh".to_string(), "-c".into(), line, dir.into()].into_iter().chain(words).collect();
    }
    let (stdin, tty) = (args.has("interactive"), args.has("tty"));
    let now = engine.now;
    let mut world = containers::machine::World { now, volumes: &mut engine.trees };
    let Some(inside) = engine.containers[i].inside_mut() else {
        return refuse(console, &format!("container {id} is not running"));
    };
    let user = match args.value("user") {
        Some(name) => match inside.user_id(name) {
            Some(uid) => Some(uid),
            None => {
                let who = name.split(':').next().unwrap_or(name);
                return refuse(
                    console,
                    &format!("unable to find user {who}: no matching entries in passwd file"),
                );
            }
        },
        None => None,
    };
    let started = Some(inside.exec_as(&words, user, stdin, tty, &mut world));
    match started {
        Some(Ok(exec)) => {
            engine.touch(i);
            if args.has("detach") {
                return Started::Done(0);
            }
            Started::Goes(Box::new(Exec { container: id, id: exec, stdin, closed: false }))
        }
        Some(Err(why)) => {
            complain(console, format!("{why}\n"));
            Started::Done(if why.contains("permission denied") { 126 } else { 127 })
        }
        None => refuse(console, &format!("container {id} is not running")),
    }
}

impl Job for Exec {
    fn poll(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        let i = engine.find(&self.container)?;
        if self.stdin && !self.closed {
            let read = console.read();
            let came = read != Input::Wait;
            if let Some(inside) = engine.containers[i].inside_mut() {
                match read {
                    Input::Data(bytes) => inside.exec_input(self.id, Some(&bytes)),
                    Input::End => {
                        inside.exec_input(self.id, None);
                        self.closed = true;
                    }
                    Input::Wait => {}
                }
            }
            if came {
                engine.touch(i);
            }
        }
        engine.step(console.now(), super::console_files(console));
        let Some(i) = engine.find(&self.container) else { return Some(137) };
        let Some(inside) = engine.containers[i].inside_mut() else { return Some(137) };
        let chunks = inside.exec_output(self.id);
        let code = inside.exec_code(self.id);
        // Who waited for room to write can go on: a slice later, or a writer without end would hold time still.
        let goes_on = (!chunks.is_empty() && code.is_none()).then(|| console.now() + inside.slice_ms());
        if let Some(at) = goes_on {
            engine.wake_by(i, at);
        }
        print(console, chunks);
        if code.is_some()
            && let Some(inside) = engine.containers[i].inside_mut()
        {
            inside.exec_close(self.id);
        }
        code.or(if engine.containers[i].is_running() { None } else { Some(137) })
    }

    fn abandon(&mut self, engine: &mut Engine) {
        if let Some(i) = engine.find(&self.container)
            && let Some(inside) = engine.containers[i].inside_mut()
        {
            inside.exec_close(self.id);
        }
    }
}

struct Logs {
    id: String,
    next: u64,
    follow: bool,
    timestamps: bool,
    until: Option<Time>,
}

const LOGS_FLAGS: &[Flag] = &[
    ("follow", 'f', false),
    ("timestamps", 't', false),
    ("tail", 'n', true),
    ("since", ' ', true),
    ("until", ' ', true),
    ("details", ' ', false),
];

pub(super) fn logs(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse("logs", argv, LOGS_FLAGS, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let Some(name) = args.words.first() else { return args::wrong_count(console, "logs", 1) };
    let Some(i) = engine.find(name) else { return no_such(console, name) };
    let now = engine.now;
    let instant = |text: &str| {
        Time::parse_rfc3339(text).or_else(|| {
            let unit = text.chars().last()?;
            let n: i64 = text.get(..text.len() - 1)?.parse().ok()?;
            let ms = match unit {
                's' => 1_000,
                'm' => 60_000,
                'h' => 3_600_000,
                _ => return None,
            };
            Some(Time(now.0.saturating_sub(n.saturating_mul(ms))))
        })
    };
    let c = &engine.containers[i];
    let (lines, dropped) = c.inside().map_or((&[][..], 0), containers::container::Container::log);
    let mut from = 0;
    if let Some(since) = args.value("since").and_then(instant) {
        from = lines.iter().position(|l| l.time >= since).unwrap_or(lines.len());
    }
    if let Some(n) = args.value("tail").and_then(|t| t.parse::<usize>().ok()) {
        from = from.max(lines.len().saturating_sub(n));
    }
    Started::Goes(Box::new(Logs {
        id: c.id.clone(),
        next: dropped + from as u64,
        follow: args.has("follow"),
        timestamps: args.has("timestamps"),
        until: args.value("until").and_then(instant),
    }))
}

impl Job for Logs {
    fn poll(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        let Some(i) = engine.find(&self.id) else { return Some(0) };
        let c = &engine.containers[i];
        let (lines, dropped) = c.inside().map_or((&[][..], 0), containers::container::Container::log);
        let skip = self.next.saturating_sub(dropped) as usize;
        for line in lines.get(skip..).unwrap_or_default() {
            if self.until.is_some_and(|u| line.time > u) {
                return Some(0);
            }
            let mut text = String::new();
            if self.timestamps {
                text = format!("{}000Z ", line.time.rfc3339_micro().trim_end_matches('Z'));
            }
            text.push_str(&line.text);
            text.push('\n');
            match line.stream {
                Stream::Out => console.out(text.as_bytes()),
                Stream::Err => console.err(text.as_bytes()),
            }
        }
        self.next = dropped + lines.len() as u64;
        if self.follow && c.is_running() { None } else { Some(0) }
    }
}

struct Wait {
    ids: Vec<String>,
}

pub(super) fn wait(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let mut ids = Vec::new();
    for name in argv {
        match engine.find(name) {
            Some(i) => ids.push(engine.containers[i].id.clone()),
            None => return no_such(console, name),
        }
    }
    Started::Goes(Box::new(Wait { ids }))
}

impl Job for Wait {
    fn poll(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        while let Some(id) = self.ids.first() {
            let code = match engine.find(id) {
                Some(i) => engine.containers[i].exit_code()?,
                None => 0,
            };
            say(console, format!("{code}\n"));
            self.ids.remove(0);
        }
        Some(0)
    }
}
