//! `docker network` and `docker volume`.

use super::args::{self, Flag};
use super::containers_cmd::formatted;
use super::inspect;
use super::{Console, Started, complain, refuse, say};
use crate::engine::Engine;
use crate::json::Json;
use crate::text;

const FLAGS: &[Flag] = &[
    ("driver", 'd', true),
    ("subnet", ' ', true),
    ("gateway", ' ', true),
    ("label", ' ', true),
    ("opt", 'o', true),
    ("name", ' ', true),
    ("internal", ' ', false),
    ("attachable", ' ', false),
    ("quiet", 'q', false),
    ("force", 'f', false),
    ("all", 'a', false),
    ("no-trunc", ' ', false),
    ("filter", ' ', true),
    ("format", ' ', true),
    ("alias", ' ', true),
];

fn usage(console: &mut dyn Console, what: &str, verbs: &str) -> Started {
    say(console, format!("Usage:  docker {what} COMMAND\n\nCommands: {verbs}\n"));
    Started::Done(0)
}

/// Rows as a table, as `--quiet` (the cell `name` alone) or as `--format` asks.
fn listed(
    args: &args::Args,
    heads: &[&str],
    names: &[&'static str],
    rows: Vec<Vec<String>>,
    name: usize,
    console: &mut dyn Console,
) -> Started {
    if args.has("quiet") {
        for r in rows {
            say(console, format!("{}\n", r[name]));
        }
    } else if let Some(format) = args.value("format") {
        let object =
            |r: Vec<String>| Json::object(names.iter().copied().zip(r.into_iter().map(Json::Text)).collect());
        let items: Vec<Json> = rows.into_iter().map(object).collect();
        return formatted(format, names, heads, &items, console);
    } else {
        say(console, text::table(heads, &rows));
    }
    Started::Done(0)
}

pub(super) fn network(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let Some(verb) = argv.first() else {
        return usage(console, "network", "connect, create, disconnect, inspect, ls, prune, rm");
    };
    let args = match args::parse(&format!("network {verb}"), &argv[1..], FLAGS, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    match verb.as_str() {
        "ls" | "list" => {
            let mut rows: Vec<Vec<String>> = engine
                .networks
                .iter()
                .map(|n| {
                    let scope = "local".to_string();
                    vec![text::short(&n.id), n.name.clone(), n.driver.clone(), scope]
                })
                .collect();
            ordered::Sort::arrange_by_key(&mut rows[..], |r| r[1].clone());
            let heads = ["NETWORK ID", "NAME", "DRIVER", "SCOPE"];
            listed(&args, &heads, &["ID", "Name", "Driver", "Scope"], rows, 0, console)
        }
        "create" => {
            let Some(name) = args.words.first() else {
                return args::wrong_count(console, "network create", 1);
            };
            if engine.network(name).is_some() {
                return refuse(console, &format!("network with name {name} already exists"));
            }
            let driver = args.value("driver").unwrap_or("bridge").to_string();
            if !matches!(driver.as_str(), "bridge" | "macvlan" | "ipvlan") {
                return refuse(
                    console,
                    &format!("could not find plugin {driver} in v1 plugin registry: plugin not found"),
                );
            }
            if args.has("subnet") {
                complain(console, "note: --subnet is accepted and not simulated\n");
            }
            let id = engine.make_network(name, &driver);
            say(console, format!("{id}\n"));
            Started::Done(0)
        }
        "rm" | "remove" => {
            let mut code = 0;
            for name in &args.words {
                let Some(i) = engine.network(name) else {
                    let _ = refuse(console, &format!("network {name} not found"));
                    code = 1;
                    continue;
                };
                let n = engine.networks[i].clone();
                if n.is_predefined() {
                    let _ = refuse(
                        console,
                        &format!("{} is a pre-defined network and cannot be removed", n.name),
                    );
                    code = 1;
                } else if let Some(c) = engine
                    .containers
                    .iter()
                    .find(|c| c.is_running() && c.networks.iter().any(|x| x.0 == n.name))
                {
                    let why = format!(
                        "error while removing network: network {} id {} has active endpoints (name:\"{}\" id:\"{}\")",
                        n.name,
                        n.id,
                        c.name,
                        text::short(&c.id)
                    );
                    let _ = refuse(console, &why);
                    code = 1;
                } else {
                    engine.networks.remove(i);
                    say(console, format!("{name}\n"));
                }
            }
            Started::Done(code)
        }
        "connect" | "disconnect" => {
            let [network, container] = args.words.as_slice() else {
                return args::wrong_count(console, &format!("network {verb}"), 2);
            };
            let Some(n) = engine.network(network) else {
                return refuse(console, &format!("network {network} not found"));
            };
            let Some(i) = engine.find(container) else {
                return refuse(console, &format!("No such container: {container}"));
            };
            let name = engine.networks[n].name.clone();
            let on = engine.containers[i].networks.iter().any(|x| x.0 == name);
            match (verb.as_str(), on) {
                ("connect", true) => refuse(
                    console,
                    &format!(
                        "endpoint with name {} already exists in network {name}",
                        engine.containers[i].name.clone()
                    ),
                ),
                ("connect", false) => {
                    let ip = engine.address_on(n);
                    let aliases = args.values("alias").iter().map(|a| (*a).to_string()).collect();
                    engine.containers[i].networks.push((name, ip, aliases));
                    Started::Done(0)
                }
                (_, true) => {
                    engine.containers[i].networks.retain(|x| x.0 != name);
                    Started::Done(0)
                }
                _ => refuse(
                    console,
                    &format!(
                        "container {} is not connected to network {name}",
                        engine.containers[i].id.clone()
                    ),
                ),
            }
        }
        "inspect" => {
            let mut found = Vec::new();
            let mut code = 0;
            for name in &args.words {
                match engine.network(name) {
                    Some(i) => found.push(inspect::network(engine, i)),
                    None => {
                        let _ = refuse(console, &format!("network {name} not found"));
                        code = 1;
                    }
                }
            }
            inspect::print(&found, args.value("format"), code, console)
        }
        "prune" => {
            let used: Vec<String> = engine
                .containers
                .iter()
                .filter(|c| c.is_running())
                .flat_map(|c| c.networks.iter().map(|n| n.0.clone()))
                .collect();
            let gone: Vec<String> = engine
                .networks
                .iter()
                .filter(|n| !n.is_predefined() && !used.contains(&n.name))
                .map(|n| n.name.clone())
                .collect();
            engine.networks.retain(|n| !gone.contains(&n.name));
            if !gone.is_empty() {
                say(console, format!("Deleted Networks:\n{}\n", gone.join("\n")));
            }
            Started::Done(0)
        }
        other => {
            complain(
                console,
                format!(
                    "docker: unknown command: docker network {other}\n\nRun 'docker network --help' for more information\n"
                ),
            );
            Started::Done(1)
        }
    }
}

pub(super) fn volume(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let Some(verb) = argv.first() else {
        return usage(console, "volume", "create, inspect, ls, prune, rm");
    };
    let args = match args::parse(&format!("volume {verb}"), &argv[1..], FLAGS, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let users = |engine: &Engine, name: &str| -> Vec<String> {
        let Some(v) = engine.volumes.get(name) else { return Vec::new() };
        let uses = |c: &&crate::engine::Container| c.new.mounts.iter().any(|m| m.0 == v.id);
        engine.containers.iter().filter(uses).map(|c| c.id.clone()).collect()
    };
    match verb.as_str() {
        "ls" | "list" => {
            let rows: Vec<Vec<String>> =
                engine.volumes.keys().map(|n| vec!["local".to_string(), n.clone()]).collect();
            listed(&args, &["DRIVER", "VOLUME NAME"], &["Driver", "Name"], rows, 1, console)
        }
        "create" => {
            let name = match args.words.first().map(String::as_str).or_else(|| args.value("name")) {
                Some(n) => n.to_string(),
                None => engine.fresh_id(),
            };
            engine.volume(&name);
            say(console, format!("{name}\n"));
            Started::Done(0)
        }
        "rm" | "remove" => {
            let mut code = 0;
            for name in &args.words {
                if !engine.volumes.contains_key(name) {
                    let _ = refuse(console, &format!("get {name}: no such volume"));
                    code = 1;
                    continue;
                }
                let by = users(engine, name);
                if by.is_empty() {
                    if let Some(v) = engine.volumes.remove(name) {
                        engine.trees.trees.remove(&v.id);
                    }
                    say(console, format!("{name}\n"));
                } else {
                    let _ =
                        refuse(console, &format!("remove {name}: volume is in use - [{}]", by.join(", ")));
                    code = 1;
                }
            }
            Started::Done(code)
        }
        "inspect" => {
            let (mut found, mut code) = (Vec::new(), 0);
            for name in &args.words {
                match engine.volumes.get(name) {
                    Some(v) => found.push(inspect::volume(name, v)),
                    None => {
                        let _ = refuse(console, &format!("get {name}: no such volume"));
                        code = 1;
                    }
                }
            }
            inspect::print(&found, args.value("format"), code, console)
        }
        "prune" => {
            let anonymous = |n: &str| n.len() == 64 && n.bytes().all(|b| b.is_ascii_hexdigit());
            let gone: Vec<String> = engine
                .volumes
                .keys()
                .filter(|n| (args.has("all") || anonymous(n)) && users(engine, n).is_empty())
                .cloned()
                .collect();
            if !gone.is_empty() {
                say(console, format!("Deleted Volumes:\n{}\n\n", gone.join("\n")));
            }
            let mut freed = 0;
            for n in gone {
                if let Some(v) = engine.volumes.remove(&n) {
                    freed += engine.trees.trees.remove(&v.id).map_or(0, |t| t.used);
                }
            }
            say(console, format!("Total reclaimed space: {}\n", text::size(freed)));
            Started::Done(0)
        }
        other => {
            complain(
                console,
                format!(
                    "docker: unknown command: docker volume {other}\n\nRun 'docker volume --help' for more information\n"
                ),
            );
            Started::Done(1)
        }
    }
}
