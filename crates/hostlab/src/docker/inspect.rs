//! `docker inspect`: what the daemon knows, in its own order of fields. Fields that nothing here stands behind are left out.

use containers::images::Built;

use super::args::{self, Flag};
use super::images_cmd::created;
use super::{Console, Started, complain, refuse, say};
use crate::engine::{Container, Engine, State};
use crate::json::{Json, template};

fn pairs(list: &[(String, String)]) -> Vec<String> {
    list.iter().map(|(k, v)| format!("{k}={v}")).collect()
}

fn exposed(ports: &[u16]) -> Json {
    Json::Object(ports.iter().map(|p| (format!("{p}/tcp"), Json::object(vec![]))).collect())
}

fn labels(list: &[(String, String)]) -> Json {
    Json::Object(list.iter().map(|(k, v)| (k.clone(), Json::text(v.as_str()))).collect())
}

fn container(engine: &Engine, c: &Container) -> Json {
    let config = &c.built.template.config;
    let argv = c.argv();
    let (code, finished) = match c.state {
        State::Exited { code, at } => (code, at.rfc3339()),
        _ => (0, "0001-01-01T00:00:00Z".into()),
    };
    let mut env = config.env.clone();
    for (k, v) in &c.new.env {
        env.retain(|(n, _)| n != k);
        env.push((k.clone(), v.clone()));
    }
    let bindings = |p: &crate::engine::PortMap| {
        let ip = if p.ip.is_empty() { "0.0.0.0" } else { &p.ip };
        let entry =
            Json::object(vec![("HostIp", Json::text(ip)), ("HostPort", Json::text(p.host.to_string()))]);
        (format!("{}/{}", p.container, if p.udp { "udp" } else { "tcp" }), Json::List(vec![entry]))
    };
    let networks: Vec<(String, Json)> = c
        .networks
        .iter()
        .map(|(name, ip, aliases)| {
            let n = engine.networks.iter().find(|n| n.name == *name);
            let gateway = n.filter(|_| !ip.is_empty()).map_or(String::new(), crate::engine::Network::gateway);
            let entry = Json::object(vec![
                ("Aliases", Json::texts_or_null(aliases)),
                ("NetworkID", Json::text(n.map_or("", |n| n.id.as_str()))),
                ("Gateway", Json::text(gateway)),
                ("IPAddress", Json::text(ip.as_str())),
                ("IPPrefixLen", Json::Int(if ip.is_empty() { 0 } else { 16 })),
            ]);
            (name.clone(), entry)
        })
        .collect();
    let first = c.networks.first().filter(|n| n.0 == "bridge").map_or("", |n| n.1.as_str());
    let mounts: Vec<Json> = c
        .new
        .mounts
        .iter()
        .map(|(id, path, read_only, _)| {
            let named = engine.volumes.iter().find(|(_, v)| v.id == *id).map(|(n, _)| n.clone());
            let bind = c.new.binds.iter().find(|b| b.split(':').nth(1) == Some(path));
            let source = match (&named, bind) {
                (Some(n), _) => format!("/var/lib/docker/volumes/{n}/_data"),
                (None, Some(b)) => b.split(':').next().unwrap_or_default().to_string(),
                (None, None) => String::new(),
            };
            let mut entry = vec![(
                "Type",
                Json::text(if named.is_some() {
                    "volume"
                } else if bind.is_some() {
                    "bind"
                } else {
                    "tmpfs"
                }),
            )];
            if let Some(n) = &named {
                entry.push(("Name", Json::text(n.as_str())));
            }
            entry.extend([
                ("Source", Json::text(source)),
                ("Destination", Json::text(path.as_str())),
                ("Mode", Json::text(if *read_only { "ro" } else { "" })),
                ("RW", Json::Bool(!*read_only)),
            ]);
            Json::object(entry)
        })
        .collect();
    let (policy, most) = c.new.restart.split_once(':').unwrap_or((&c.new.restart, "0"));
    Json::object(vec![
        ("Id", Json::text(c.id.as_str())),
        ("Created", Json::text(c.created.rfc3339())),
        ("Path", Json::text(argv.first().map_or("", String::as_str))),
        ("Args", Json::texts(argv.get(1..).unwrap_or_default())),
        (
            "State",
            Json::object(vec![
                ("Status", Json::text(super::containers_cmd::state_word(c))),
                ("Running", Json::Bool(c.is_running() || c.state == State::Paused)),
                ("Paused", Json::Bool(c.state == State::Paused)),
                ("Restarting", Json::Bool(false)),
                ("OOMKilled", Json::Bool(c.oom_killed)),
                ("Dead", Json::Bool(false)),
                ("Pid", Json::Int(if c.is_running() { 40_001 } else { 0 })),
                ("ExitCode", Json::Int(i64::from(code))),
                ("Error", Json::text("")),
                ("StartedAt", Json::text(c.started.rfc3339())),
                ("FinishedAt", Json::text(finished)),
            ]),
        ),
        ("Image", Json::text(c.built.id.as_str())),
        ("Name", Json::text(format!("/{}", c.name))),
        ("RestartCount", Json::Int(i64::from(c.restarts))),
        ("Driver", Json::text("overlay2")),
        ("Platform", Json::text("linux")),
        (
            "HostConfig",
            Json::object(vec![
                ("Binds", Json::texts_or_null(&c.new.binds)),
                ("NetworkMode", Json::text(c.networks.first().map_or("", |n| n.0.as_str()))),
                ("PortBindings", Json::Object(c.new.ports.iter().map(bindings).collect())),
                (
                    "RestartPolicy",
                    Json::object(vec![
                        ("Name", Json::text(policy)),
                        ("MaximumRetryCount", Json::Int(most.parse().unwrap_or(0))),
                    ]),
                ),
                ("AutoRemove", Json::Bool(c.new.auto_remove)),
                ("ReadonlyRootfs", Json::Bool(c.new.read_only)),
                ("Memory", Json::Int(c.new.memory.unwrap_or(0) as i64)),
                ("NanoCpus", Json::Int(i64::from(c.new.cpu_millis.unwrap_or(0)) * 1_000_000)),
            ]),
        ),
        ("Mounts", Json::List(mounts)),
        (
            "Config",
            Json::object(vec![
                ("Hostname", Json::text(c.hostname())),
                ("User", Json::text(c.new.user.map_or(config.user.clone(), |u| u.to_string()))),
                ("ExposedPorts", exposed(&config.ports)),
                ("Tty", Json::Bool(c.new.tty)),
                ("OpenStdin", Json::Bool(c.new.stdin)),
                ("Env", Json::texts(&pairs(&env))),
                ("Cmd", Json::texts_or_null(c.new.command.as_ref().unwrap_or(&config.cmd))),
                ("Image", Json::text(c.image.as_str())),
                ("WorkingDir", Json::text(c.new.workdir.as_deref().unwrap_or(&config.workdir))),
                ("Entrypoint", Json::texts_or_null(c.new.entrypoint.as_ref().unwrap_or(&config.entrypoint))),
                ("Labels", labels(&c.new.labels)),
            ]),
        ),
        (
            "NetworkSettings",
            Json::object(vec![
                ("Ports", Json::Object(c.ports.iter().map(bindings).collect())),
                ("Gateway", Json::text(if first.is_empty() { "" } else { "172.17.0.1" })),
                ("IPAddress", Json::text(first)),
                ("IPPrefixLen", Json::Int(if first.is_empty() { 0 } else { 16 })),
                ("Networks", Json::Object(networks)),
            ]),
        ),
    ])
}

fn image(engine: &Engine, b: &Built) -> Json {
    let config = &b.template.config;
    let names: Vec<String> = engine
        .names_of(&b.id)
        .iter()
        .map(|n| {
            n.rsplit_once(':').map_or(n.clone(), |(r, t)| format!("{}:{t}", crate::engine::reference_name(r)))
        })
        .collect();
    let layers: Vec<&str> = b.layers.iter().filter(|l| !l.empty).map(|l| l.digest.as_str()).collect();
    let mut own = vec![
        ("ExposedPorts", exposed(&config.ports)),
        ("User", Json::text(config.user.as_str())),
        ("Env", Json::texts(&pairs(&config.env))),
        ("Cmd", Json::texts_or_null(&config.cmd)),
        ("WorkingDir", Json::text(config.workdir.as_str())),
        ("Entrypoint", Json::texts_or_null(&config.entrypoint)),
        ("Labels", labels(&config.labels)),
    ];
    if !config.health.is_empty() {
        own.push(("Healthcheck", Json::object(vec![("Test", Json::texts(&config.health))])));
    }
    Json::object(vec![
        ("Id", Json::text(b.id.as_str())),
        ("RepoTags", Json::texts(&names)),
        ("RepoDigests", Json::List(Vec::new())),
        ("Created", Json::text(created(b).rfc3339())),
        ("Config", Json::object(own)),
        ("Architecture", Json::text("amd64")),
        ("Os", Json::text("linux")),
        ("Size", Json::Int(b.size() as i64)),
        ("RootFS", Json::object(vec![("Type", Json::text("layers")), ("Layers", Json::texts(&layers))])),
    ])
}

pub(super) fn network(engine: &Engine, i: usize) -> Json {
    let n = &engine.networks[i];
    let inside: Vec<(String, Json)> = engine
        .containers
        .iter()
        .filter(|c| c.is_running())
        .filter_map(|c| {
            let ip = &c.networks.iter().find(|x| x.0 == n.name)?.1;
            let entry = Json::object(vec![
                ("Name", Json::text(c.name.as_str())),
                ("IPv4Address", Json::text(format!("{ip}/16"))),
            ]);
            Some((c.id.clone(), entry))
        })
        .collect();
    let ipam = if n.subnet().starts_with("172.0.") {
        Json::Null
    } else {
        Json::List(vec![Json::object(vec![
            ("Subnet", Json::text(n.subnet())),
            ("Gateway", Json::text(n.gateway())),
        ])])
    };
    Json::object(vec![
        ("Name", Json::text(n.name.as_str())),
        ("Id", Json::text(n.id.as_str())),
        ("Created", Json::text(n.created.rfc3339())),
        ("Scope", Json::text("local")),
        ("Driver", Json::text(n.driver.as_str())),
        ("IPAM", Json::object(vec![("Driver", Json::text("default")), ("Config", ipam)])),
        ("Containers", Json::Object(inside)),
    ])
}

pub(super) fn volume(name: &str, v: &crate::engine::Volume) -> Json {
    Json::object(vec![
        ("CreatedAt", Json::text(v.created.rfc3339())),
        ("Driver", Json::text("local")),
        ("Labels", if v.labels.is_empty() { Json::Null } else { labels(&v.labels) }),
        ("Mountpoint", Json::text(format!("/var/lib/docker/volumes/{name}/_data"))),
        ("Name", Json::text(name)),
        ("Options", Json::Null),
        ("Scope", Json::text("local")),
    ])
}

/// A list as JSON, or each item through a template.
pub(super) fn print(found: &[Json], format: Option<&str>, code: i32, console: &mut dyn Console) -> Started {
    match format {
        None => say(console, format!("{}\n", Json::List(found.to_vec()).pretty(0))),
        Some(format) => {
            for item in found {
                let format = if format == "json" { "{{json .}}" } else { format };
                let text = if format == "{{json .}}" { Ok(item.compact()) } else { template(format, item) };
                match text {
                    Ok(line) => say(console, format!("{line}\n")),
                    Err(why) => {
                        complain(console, format!("{why}\n"));
                        return Started::Done(1);
                    }
                }
            }
        }
    }
    Started::Done(code)
}

pub(super) fn inspect(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let flags: &[Flag] = &[("format", 'f', true), ("size", 's', false), ("type", ' ', true)];
    let args = match args::parse("inspect", argv, flags, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    if args.words.is_empty() {
        return args::wrong_count(console, "inspect", 1);
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    let kind = args.value("type");
    let wanted = |k: &str| kind.is_none_or(|t| t == k);
    for name in &args.words {
        if let Some(i) = engine.find(name).filter(|_| wanted("container")) {
            found.push(container(engine, &engine.containers[i]));
        } else if let Some(b) = engine.image(name).filter(|_| wanted("image")) {
            found.push(image(engine, &b));
        } else if let Some(i) = engine.network(name).filter(|_| wanted("network")) {
            found.push(network(engine, i));
        } else if let Some(v) = engine.volumes.get(name).filter(|_| wanted("volume")) {
            found.push(volume(name, v));
        } else {
            missing.push(name.clone());
        }
    }
    let code = i32::from(!missing.is_empty());
    let _ = print(&found, args.value("format"), code, console);
    for name in missing {
        match kind {
            Some("image") => drop(refuse(console, &format!("No such image: {name}"))),
            Some("container") => drop(refuse(console, &format!("No such container: {name}"))),
            _ => complain(console, format!("error: no such object: {name}\n")),
        }
    }
    Started::Done(code)
}
