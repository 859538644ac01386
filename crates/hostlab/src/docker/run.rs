//! `docker run`, `create` and `start`.

use clock::Time;

use super::args::{self, Args, Flag};
use super::attach::Attached;
use super::pull::Pull;
use super::{Console, Job, Started, complain, refuse, say};
use crate::engine::{Engine, NewContainer, PortMap};

/// Flags of `run` and `create`: with an effect first, then those that are accepted and not simulated.
const FLAGS: &[Flag] = &[
    ("detach", 'd', false),
    ("interactive", 'i', false),
    ("tty", 't', false),
    ("rm", ' ', false),
    ("name", ' ', true),
    ("publish", 'p', true),
    ("publish-all", 'P', false),
    ("env", 'e', true),
    ("env-file", ' ', true),
    ("volume", 'v', true),
    ("mount", ' ', true),
    ("tmpfs", ' ', true),
    ("network", ' ', true),
    ("net", ' ', true),
    ("network-alias", ' ', true),
    ("link", ' ', true),
    ("memory", 'm', true),
    ("cpus", ' ', true),
    ("workdir", 'w', true),
    ("user", 'u', true),
    ("hostname", 'h', true),
    ("entrypoint", ' ', true),
    ("restart", ' ', true),
    ("label", 'l', true),
    ("read-only", ' ', false),
    ("pull", ' ', true),
    ("help", ' ', false),
    ("init", ' ', false),
    ("privileged", ' ', false),
    ("cap-add", ' ', true),
    ("cap-drop", ' ', true),
    ("security-opt", ' ', true),
    ("add-host", ' ', true),
    ("dns", ' ', true),
    ("ulimit", ' ', true),
    ("shm-size", ' ', true),
    ("cpu-shares", 'c', true),
    ("cpuset-cpus", ' ', true),
    ("memory-swap", ' ', true),
    ("pids-limit", ' ', true),
    ("platform", ' ', true),
    ("gpus", ' ', true),
    ("device", ' ', true),
    ("health-cmd", ' ', true),
    ("health-interval", ' ', true),
    ("log-driver", ' ', true),
    ("log-opt", ' ', true),
    ("expose", ' ', true),
    ("stop-signal", ' ', true),
    ("stop-timeout", ' ', true),
    ("sig-proxy", ' ', true),
    ("quiet", 'q', false),
    ("attach", 'a', true),
];
/// From here on: accepted, not simulated.
const FIRST_IDLE: &str = "init";

/// `8080:80`, `127.0.0.1:8080:80/tcp`, `80`.
pub(super) fn port(text: &str) -> Result<PortMap, String> {
    let (rest, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let parts: Vec<&str> = rest.rsplitn(3, ':').collect();
    let number = |t: &str| t.parse::<u16>().map_err(|_| format!("invalid containerPort: {t}"));
    let container = number(parts[0])?;
    let host = match parts.get(1) {
        Some(&"") | None => 0,
        Some(t) => t.parse().map_err(|_| format!("invalid hostPort: {t}"))?,
    };
    let ip = parts.get(2).map_or(String::new(), |t| (*t).to_string());
    Ok(PortMap { ip, host, container, udp: protocol == "udp" })
}

/// `512m`, `1g`, `1073741824`.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match lower[digits.len()..].trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    let n: f64 = digits.parse().ok()?;
    (n >= 0.0).then(|| (n * (1u64 << unit) as f64) as u64)
}

/// Flags into a container's definition. The error is docker's.
fn definition(
    args: &Args,
    built: &containers::images::Built,
    engine: &mut Engine,
    console: &mut dyn Console,
) -> Result<NewContainer, String> {
    let mut new = NewContainer {
        name: args.value("name").unwrap_or_default().to_string(),
        image: args.words[0].clone(),
        command: (args.words.len() > 1).then(|| args.words[1..].to_vec()),
        workdir: args.value("workdir").map(str::to_string),
        hostname: args.value("hostname").map(str::to_string),
        network: args.value("network").or_else(|| args.value("net")).unwrap_or_default().to_string(),
        aliases: args.values("network-alias").iter().map(|t| (*t).to_string()).collect(),
        stdin: args.has("interactive"),
        tty: args.has("tty"),
        auto_remove: args.has("rm"),
        read_only: args.has("read-only"),
        restart: args.value("restart").unwrap_or("no").to_string(),
        ..NewContainer::default()
    };
    if let Some(e) = args.value("entrypoint") {
        new.entrypoint = Some(if e.is_empty() { Vec::new() } else { vec![e.to_string()] });
    }
    for p in args.values("publish") {
        new.ports.push(port(p)?);
    }
    for l in args.values("link") {
        let (target, alias) = l.split_once(':').unwrap_or((l, l));
        new.links.push((alias.to_string(), target.to_string()));
    }
    for l in args.values("label") {
        let (k, v) = l.split_once('=').unwrap_or((l, ""));
        new.labels.push((k.to_string(), v.to_string()));
    }
    for file in args.values("env-file") {
        let path = containers::fs::join(&console.cwd(), file);
        let Some(containers::fs::Node::File(f)) = console.node(&path) else {
            return Err(format!("open {file}: no such file or directory"));
        };
        for line in String::from_utf8_lossy(&f.bytes).lines().filter(|l| !l.is_empty() && !l.starts_with('#'))
        {
            let (k, v) = line.split_once('=').unwrap_or((line, ""));
            new.env.push((k.to_string(), v.to_string()));
        }
    }
    for e in args.values("env") {
        if let Some((k, v)) = e.split_once('=') {
            new.env.push((k.to_string(), v.to_string()));
        }
    }
    if let Some(m) = args.value("memory") {
        let n = bytes(m).ok_or_else(|| {
            format!("invalid argument \"{m}\" for \"-m, --memory\" flag: invalid size: '{m}'")
        })?;
        if n < 6 << 20 {
            return Err("Error response from daemon: Minimum memory limit allowed is 6MB".into());
        }
        new.memory = Some(n);
    }
    if let Some(c) = args.value("cpus") {
        let n: f64 = c.parse().map_err(|_| {
            format!("invalid argument \"{c}\" for \"--cpus\" flag: failed to parse {c} as a rational number")
        })?;
        new.cpu_millis = (n > 0.0).then_some((n * 1000.0) as u32);
    }
    if let Some(u) = args.value("user") {
        new.user = super::build::user_id(&built.template.tree, u);
        if new.user.is_none() {
            let name = u.split(':').next().unwrap_or(u);
            return Err(format!(
                "Error response from daemon: unable to find user {name}: no matching entries in passwd file"
            ));
        }
    }
    for v in args.values("volume") {
        new.binds.push(v.to_string());
        volume(v, &mut new, engine, console)?;
    }
    for t in args.values("tmpfs") {
        let id = engine.fresh_volume(containers::fs::Node::dir(0o1777));
        new.mounts.push((id, t.split(':').next().unwrap_or(t).to_string(), false, None));
    }
    for m in args.values("mount") {
        let get = |names: &[&str]| {
            m.split(',')
                .filter_map(|p| p.split_once('='))
                .find(|(k, _)| names.contains(k))
                .map(|(_, v)| v.to_string())
        };
        let target = get(&["target", "dst", "destination"])
            .ok_or("invalid argument for \"--mount\" flag: target is required")?;
        let read_only = m.split(',').any(|p| matches!(p, "readonly" | "ro"));
        let tail = if read_only { ":ro" } else { "" };
        let text = match (get(&["type"]).as_deref(), get(&["source", "src"])) {
            (Some("tmpfs"), _) => {
                let id = engine.fresh_volume(containers::fs::Node::dir(0o1777));
                new.mounts.push((id, target, false, None));
                continue;
            }
            (_, Some(source)) => format!("{source}:{target}{tail}"),
            (_, None) => target,
        };
        volume(&text, &mut new, engine, console)?;
    }
    Ok(new)
}

/// `name:/path`, `/host:/path:ro`, `/path`.
fn volume(
    text: &str,
    new: &mut NewContainer,
    engine: &mut Engine,
    console: &mut dyn Console,
) -> Result<(), String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, mode) = match parts.as_slice() {
        [target] => ("", *target, ""),
        [source, target] => (*source, *target, ""),
        [source, target, mode] => (*source, *target, *mode),
        _ => return Err(format!("invalid volume specification: '{text}'")),
    };
    if !target.starts_with('/') {
        return Err(format!(
            "Error response from daemon: invalid volume specification: '{text}': invalid mount config for type \"volume\": invalid mount path: '{target}' mount path must be absolute"
        ));
    }
    let read_only = mode.split(',').any(|m| m == "ro");
    if source.is_empty() {
        let name = engine.fresh_id();
        let id = engine.volume(&name);
        new.mounts.push((id, target.into(), read_only, None));
    } else if source.starts_with(['/', '.', '~']) {
        let path = containers::fs::clean(&containers::fs::join(&console.cwd(), source));
        let (id, file) = engine.bind(&path, super::console_files(console));
        engine.sync_binds(super::console_files(console));
        let name = path.rsplit('/').next().unwrap_or_default().to_string();
        new.mounts.push((id, target.into(), read_only, file.then_some(name)));
    } else {
        let ok = source.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
        if !ok {
            return Err(format!(
                "Error response from daemon: create {source}: \"{source}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path"
            ));
        }
        let id = engine.volume(source);
        new.mounts.push((id, target.into(), read_only, None));
    }
    Ok(())
}

fn docker_error(console: &mut dyn Console, why: &str, code: i32) -> i32 {
    complain(console, format!("docker: {why}\n\nRun 'docker run --help' for more information\n"));
    code
}

/// `run` while the image is pulled, then while its container is attached to.
struct Run {
    args: Args,
    pull: Option<Pull>,
    attached: Option<Attached>,
    only_create: bool,
}

pub(super) fn run(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    begin("run", argv, engine, console)
}

pub(super) fn create(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    begin("create", argv, engine, console)
}

fn begin(command: &'static str, argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse(command, argv, FLAGS, true, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    if args.has("help") {
        say(console, format!("Usage:  docker {command} {}\n", args::synopsis(command)));
        return Started::Done(0);
    }
    if args.words.is_empty() {
        return args::wrong_count(console, command, 1);
    }
    let idle = FLAGS.iter().skip_while(|f| f.0 != FIRST_IDLE);
    for flag in idle.filter(|f| args.has(f.0) && !matches!(f.0, "quiet" | "platform" | "attach")) {
        complain(console, format!("note: --{} is accepted and not simulated\n", flag.0));
    }
    let image = args.words[0].clone();
    let always = args.value("pull") == Some("always");
    let mut pull = None;
    if always || engine.image(&image).is_none() {
        if args.value("pull") == Some("never") {
            return Started::Done(docker_error(
                console,
                &format!("Error response from daemon: No such image: {image}"),
                125,
            ));
        }
        if !always && crate::engine::reference_name(&image).len() < 300 {
            let shown = if image.contains('@') || image.rsplit('/').next().is_some_and(|t| t.contains(':')) {
                image.clone()
            } else {
                format!("{image}:latest")
            };
            if containers::images::reference::parse(&image).is_ok() {
                complain(console, format!("Unable to find image '{shown}' locally\n"));
            }
        }
        match Pull::begin(&image, engine, console) {
            Ok(p) => pull = Some(p.on_stderr()),
            Err(why) => {
                let why = if why.starts_with("invalid reference") {
                    why
                } else {
                    format!("Error response from daemon: {why}")
                };
                return Started::Done(docker_error(console, &why, 125));
            }
        }
    }
    Started::Goes(Box::new(Run { args, pull, attached: None, only_create: command == "create" }))
}

impl Run {
    fn go(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        let image = self.args.words[0].clone();
        let Some(built) = engine.image(&image) else {
            return Some(docker_error(
                console,
                &format!("Error response from daemon: No such image: {image}"),
                125,
            ));
        };
        let mut new = match definition(&self.args, &built, engine, console) {
            Ok(n) => n,
            Err(why) => return Some(docker_error(console, &why, 125)),
        };
        if self.args.has("publish-all") {
            for p in &built.template.config.ports {
                new.ports.push(PortMap { ip: String::new(), host: 0, container: *p, udp: false });
            }
        }
        let attach = !self.args.has("detach") && !self.only_create;
        let id = match engine.create(new, built) {
            Ok(id) => id,
            Err(why) => {
                return Some(docker_error(console, &format!("Error response from daemon: {why}"), 125));
            }
        };
        if self.only_create {
            say(console, format!("{id}\n"));
            return Some(0);
        }
        let Some(i) = engine.find(&id) else { return Some(125) };
        if attach {
            engine.containers[i].watched += 1;
        }
        if let Err((why, code)) = engine.start(i) {
            engine.containers[i].watched = 0;
            if self.args.has("rm") {
                engine.forget_container(&id);
            }
            if !attach {
                say(console, format!("{id}\n"));
            }
            return Some(docker_error(console, &format!("Error response from daemon: {why}"), code));
        }
        if !attach {
            say(console, format!("{id}\n"));
            return Some(0);
        }
        let mut attached = Attached::new(&id, self.args.has("interactive"));
        attached.follow_all(engine);
        self.attached = Some(attached);
        engine.step(console.now(), super::console_files(console));
        self.attached.as_mut().and_then(|a| a.poll(engine, console))
    }
}

impl Job for Run {
    fn poll(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        if let Some(a) = &mut self.attached {
            return a.poll(engine, console);
        }
        if let Some(p) = &mut self.pull {
            match p.poll(engine, console) {
                None => return None,
                Some(0) => self.pull = None,
                Some(_) => return Some(125),
            }
        }
        self.go(engine, console)
    }

    fn wakes_at(&self) -> Option<Time> {
        self.pull.as_ref().and_then(Job::wakes_at)
    }

    fn abandon(&mut self, engine: &mut Engine) {
        if let Some(a) = &mut self.attached {
            a.abandon(engine);
        }
    }
}

const START_FLAGS: &[Flag] = &[("attach", 'a', false), ("interactive", 'i', false)];

pub(super) fn start(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse("start", argv, START_FLAGS, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    if args.words.is_empty() {
        return args::wrong_count(console, "start", 1);
    }
    let mut code = 0;
    for name in &args.words {
        let Some(i) = engine.find(name) else {
            let _ = refuse(console, &format!("No such container: {name}"));
            code = 1;
            continue;
        };
        if let Err((why, _)) = engine.start(i) {
            let _ = refuse(console, &why);
            code = 1;
            continue;
        }
        if args.has("attach") || args.has("interactive") {
            let id = engine.containers[i].id.clone();
            engine.containers[i].watched += 1;
            let mut attached = Attached::new(&id, args.has("interactive"));
            attached.follow_all(engine);
            return Started::Goes(Box::new(attached));
        }
        say(console, format!("{name}\n"));
    }
    if code != 0 {
        complain(console, format!("Error: failed to start containers: {}\n", args.words.join(", ")));
    }
    Started::Done(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_sizes() {
        assert_eq!(port("8080:80").map(|p| (p.host, p.container)), Ok((8080, 80)));
        assert_eq!(port("80").map(|p| (p.host, p.container)), Ok((0, 80)));
        assert_eq!(port("127.0.0.1:5000:5000/udp").map(|p| (p.ip, p.udp)), Ok(("127.0.0.1".into(), true)));
        assert_eq!(port("a:80"), Err("invalid hostPort: a".into()));
        assert_eq!(bytes("512m"), Some(512 << 20));
        assert_eq!(bytes("1.5g"), Some(3 << 29));
        assert_eq!(bytes("lots"), None);
    }

    #[test]
    fn a_command_is_named_by_its_words() {
        let argv = ["-it".to_string(), "--name=web".into(), "nginx".into(), "-x".into()];
        let mut console = super::super::tests::Plain::default();
        let args = args::parse("run", &argv, FLAGS, true, &mut console).ok().expect("well formed");
        assert!(args.has("interactive") && args.has("tty"));
        assert_eq!((args.value("name"), args.words.len()), (Some("web"), 2));
    }
}
