//! Commands over images that are here: listed, tagged, removed, their history; and what is cleaned away.

use std::sync::Arc;

use clock::Time;
use containers::images::built::digest_of;
use containers::images::{Built, Layer};

use super::args::{self, Flag};
use super::containers_cmd::formatted;
use super::{Console, Started, complain, refuse, say};
use crate::engine::{Engine, reference_name};
use crate::json::Json;
use crate::text;

/// How old the images of the public registries are (estimate).
const PUBLIC_AGE_MS: i64 = 36 * 86_400_000;

pub(super) fn created(built: &Built) -> Time {
    if built.created == Time::EPOCH { Time(Time::EPOCH.0 - PUBLIC_AGE_MS) } else { built.created }
}

const IMAGES_FLAGS: &[Flag] = &[
    ("all", 'a', false),
    ("quiet", 'q', false),
    ("no-trunc", ' ', false),
    ("digests", ' ', false),
    ("filter", 'f', true),
    ("format", ' ', true),
];

pub(super) fn images(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse("images", argv, IMAGES_FLAGS, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let now = engine.now;
    let mut all: Vec<(String, String, Arc<Built>)> = Vec::new();
    for (name, id) in &engine.tags {
        let (repository, tag) = name.rsplit_once(':').unwrap_or((name, "<none>"));
        if let Some(b) = engine.images.get(id) {
            all.push((reference_name(repository).to_string(), tag.to_string(), b.clone()));
        }
    }
    for (id, b) in &engine.images {
        if engine.tags.values().all(|i| i != id) {
            all.push(("<none>".into(), "<none>".into(), b.clone()));
        }
    }
    ordered::Sort::arrange_by_key(&mut all[..], |(r, t, b)| {
        (std::cmp::Reverse(created(b)), r.clone(), t.clone())
    });
    if let Some(wanted) = args.words.first() {
        let (r, t) = wanted.rsplit_once(':').map_or((wanted.as_str(), None), |(r, t)| (r, Some(t)));
        all.retain(|(a, b, _)| a == r && t.is_none_or(|t| t == b));
    }
    for f in args.values("filter") {
        match f.split_once('=') {
            Some(("dangling", v)) => all.retain(|(r, _, _)| (r == "<none>") == (v == "true")),
            Some(("reference", v)) => all.retain(|(r, t, _)| {
                containers::glob::Pattern::new(v).matches(r)
                    || containers::glob::Pattern::new(v).matches(&format!("{r}:{t}"))
            }),
            _ => {}
        }
    }
    let id = |b: &Built| if args.has("no-trunc") { b.id.clone() } else { text::short(&b.id) };
    if args.has("quiet") {
        for (_, _, b) in &all {
            say(console, format!("{}\n", id(b)));
        }
        return Started::Done(0);
    }
    let row = |(r, t, b): &(String, String, Arc<Built>)| {
        vec![r.clone(), t.clone(), id(b), text::ago(now, created(b)), text::size(b.size())]
    };
    let heads = ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"];
    if let Some(format) = args.value("format") {
        let names = ["Repository", "Tag", "ID", "CreatedSince", "Size"];
        let items: Vec<Json> = all
            .iter()
            .map(|i| Json::object(names.iter().copied().zip(row(i).into_iter().map(Json::Text)).collect()))
            .collect();
        return formatted(format, &names, &heads, &items, console);
    }
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    say(console, text::table(&heads, &rows));
    Started::Done(0)
}

pub(super) fn rmi(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args =
        match args::parse("rmi", argv, &[("force", 'f', false), ("no-prune", ' ', false)], false, console) {
            Ok(a) => a,
            Err(done) => return done,
        };
    if args.words.is_empty() {
        return args::wrong_count(console, "rmi", 1);
    }
    let mut code = 0;
    for word in &args.words {
        let Some(image) = engine.image(word) else {
            let name = containers::images::reference::parse(word)
                .map_or(word.clone(), |r| format!("{}:{}", reference_name(&r.name), r.tag));
            let _ = refuse(console, &format!("No such image: {name}"));
            code = 1;
            continue;
        };
        let named = containers::images::reference::parse(word)
            .map(|r| r.full())
            .ok()
            .filter(|n| engine.tags.contains_key(n));
        let names = engine.names_of(&image.id);
        let user = engine.containers.iter().find(|c| c.built.id == image.id);
        let last = names.len() <= 1 || named.is_none();
        if let Some(c) = user.filter(|_| last) {
            let (running, who, id) = (c.is_running(), text::short(&c.id), text::short(&image.id));
            if running || !args.has("force") {
                let why = match (&named, running) {
                    (Some(_), _) => format!(
                        "conflict: unable to remove repository reference \"{word}\" (must force) - container {who} is using its referenced image {id}"
                    ),
                    (None, true) => format!(
                        "conflict: unable to delete {id} (cannot be forced) - image is being used by running container {who}"
                    ),
                    (None, false) => format!(
                        "conflict: unable to delete {id} (must be forced) - image is being used by stopped container {who}"
                    ),
                };
                let _ = refuse(console, &why);
                code = 1;
                continue;
            }
        }
        if named.is_none() && names.len() > 1 && !args.has("force") {
            let id = text::short(&image.id);
            let _ = refuse(
                console,
                &format!(
                    "conflict: unable to delete {id} (must be forced) - image is referenced in multiple repositories"
                ),
            );
            code = 1;
            continue;
        }
        let gone = match named {
            Some(n) => vec![n],
            None => names,
        };
        for name in &gone {
            engine.tags.remove(name);
            let (r, t) = name.rsplit_once(':').unwrap_or((name, ""));
            say(console, format!("Untagged: {}:{t}\n", reference_name(r)));
        }
        if engine.names_of(&image.id).is_empty() {
            engine.images.remove(&image.id);
            say(console, format!("Deleted: {}\n", image.id));
            for layer in image.layers.iter().rev().filter(|l| !l.empty) {
                if !engine.has_layer(&layer.digest) {
                    say(console, format!("Deleted: {}\n", layer.digest));
                }
            }
        }
    }
    Started::Done(code)
}

pub(super) fn tag(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let [source, target] = argv else { return args::wrong_count(console, "tag", 2) };
    let Some(image) = engine.image(source) else {
        let name = containers::images::reference::parse(source)
            .map_or(source.clone(), |r| format!("{}:{}", reference_name(&r.name), r.tag));
        return refuse(console, &format!("No such image: {name}"));
    };
    match containers::images::reference::parse(target) {
        Ok(r) => {
            engine.keep_image(&r.full(), image);
            Started::Done(0)
        }
        Err(_) => {
            complain(
                console,
                format!(
                    "Error parsing reference: \"{target}\" is not a valid repository/tag: invalid reference format\n"
                ),
            );
            Started::Done(1)
        }
    }
}

pub(super) fn history(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let flags: &[Flag] =
        &[("no-trunc", ' ', false), ("quiet", 'q', false), ("human", 'H', false), ("format", ' ', true)];
    let args = match args::parse("history", argv, flags, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let Some(name) = args.words.first() else { return args::wrong_count(console, "history", 1) };
    let Some(image) = engine.image(name) else { return refuse(console, &format!("No such image: {name}")) };
    let now = engine.now;
    let whole = args.has("no-trunc");
    let rows: Vec<Vec<String>> = image
        .layers
        .iter()
        .rev()
        .enumerate()
        .map(|(n, l): (usize, &Layer)| {
            let then = if l.created == Time::EPOCH { Time(Time::EPOCH.0 - PUBLIC_AGE_MS) } else { l.created };
            let id = match (n, whole) {
                (0, true) => image.id.clone(),
                (0, false) => text::short(&image.id),
                _ => "<missing>".into(),
            };
            let by = if whole { l.command.clone() } else { text::cut(&l.command, 45) };
            let comment = if l.command.ends_with("# buildkit") { "buildkit.dockerfile.v0" } else { "" };
            vec![id, text::ago(now, then), by, text::size(l.bytes), comment.into()]
        })
        .collect();
    if args.has("quiet") {
        for r in rows {
            say(console, format!("{}\n", r[0]));
        }
        return Started::Done(0);
    }
    let heads = ["IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"];
    if let Some(format) = args.value("format") {
        let names = ["ID", "CreatedSince", "CreatedBy", "Size", "Comment"];
        let items: Vec<Json> = rows
            .into_iter()
            .map(|r| Json::object(names.iter().copied().zip(r.into_iter().map(Json::Text)).collect()))
            .collect();
        return formatted(format, &names, &heads, &items, console);
    }
    say(console, text::table(&heads, &rows));
    Started::Done(0)
}

pub(super) fn commit(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse(
        "commit",
        argv,
        &[("message", 'm', true), ("author", 'a', true), ("change", 'c', true), ("pause", 'p', false)],
        false,
        console,
    ) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let Some(name) = args.words.first() else { return args::wrong_count(console, "commit", 1) };
    let Some(i) = engine.find(name) else { return refuse(console, &format!("No such container: {name}")) };
    let c = &engine.containers[i];
    let mut built = Built::clone(&c.built);
    let mut bytes = 0;
    if let Some(inside) = c.inside() {
        built.template.tree = inside.machine().fs.tree.clone();
        bytes = inside.storage_used();
        built.template.tree.used = 0;
    }
    let now = engine.now;
    let salt = engine.fresh_id();
    built.created = now;
    built.id = digest_of(&salt);
    built.layers.push(Layer {
        digest: digest_of(&format!("layer {salt}")),
        bytes,
        command: c_command(engine, i),
        empty: false,
        created: now,
    });
    let built = Arc::new(built);
    say(console, format!("{}\n", built.id));
    match args.words.get(1) {
        Some(target) => match containers::images::reference::parse(target) {
            Ok(r) => engine.keep_image(&r.full(), built),
            Err(_) => {
                complain(console, "invalid reference format\n");
                return Started::Done(1);
            }
        },
        None => drop(engine.images.insert(built.id.clone(), built)),
    }
    Started::Done(0)
}

fn c_command(engine: &Engine, i: usize) -> String {
    engine.containers[i].argv().join(" ")
}

pub(super) fn prune(name: &str, argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let flags: &[Flag] =
        &[("all", 'a', false), ("force", 'f', false), ("volumes", ' ', false), ("filter", ' ', true)];
    let args = match args::parse(name, argv, flags, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let mut freed = 0;
    if name == "system prune" {
        engine.containers.retain(|c| c.is_running());
        let used: Vec<String> =
            engine.containers.iter().flat_map(|c| c.networks.iter().map(|n| n.0.clone())).collect();
        engine.networks.retain(|n| n.is_predefined() || used.contains(&n.name));
    }
    if name != "builder prune" {
        let keep = |engine: &Engine, id: &str| {
            engine.containers.iter().any(|c| c.built.id == id)
                || (!args.has("all") && engine.tags.values().any(|i| i == id))
        };
        let gone: Vec<String> = engine.images.keys().filter(|id| !keep(engine, id)).cloned().collect();
        if !gone.is_empty() {
            say(console, "Deleted Images:\n");
        }
        for id in gone {
            engine.tags.retain(|_, i| *i != id);
            if let Some(b) = engine.images.remove(&id) {
                freed +=
                    b.layers.iter().filter(|l| !engine.has_layer(&l.digest)).map(|l| l.bytes).sum::<u64>();
            }
            say(console, format!("deleted: {id}\n"));
        }
    }
    if name != "image prune" {
        engine.cache.clear();
    }
    if name == "system prune" && args.has("volumes") {
        let used: Vec<_> = engine.containers.iter().flat_map(|c| c.new.mounts.iter().map(|m| m.0)).collect();
        engine.volumes.retain(|_, v| used.contains(&v.id));
    }
    say(console, format!("Total reclaimed space: {}\n", text::size(freed)));
    Started::Done(0)
}

pub(super) fn df(engine: &mut Engine, console: &mut dyn Console) -> Started {
    let mut digests: Vec<(&str, u64)> =
        engine.images.values().flat_map(|b| b.layers.iter().map(|l| (l.digest.as_str(), l.bytes))).collect();
    ordered::Sort::arrange(&mut digests[..]);
    digests.dedup();
    let images: u64 = digests.iter().map(|d| d.1).sum();
    let active =
        engine.images.keys().filter(|id| engine.containers.iter().any(|c| c.built.id == **id)).count();
    let running = engine.containers.iter().filter(|c| c.is_running()).count();
    let own: u64 = engine
        .containers
        .iter()
        .filter_map(|c| c.inside())
        .map(containers::container::Container::storage_used)
        .sum();
    let volumes: u64 =
        engine.volumes.values().filter_map(|v| engine.trees.trees.get(&v.id)).map(|t| t.used).sum();
    let rows = vec![
        vec![
            "Images".into(),
            engine.images.len().to_string(),
            active.to_string(),
            text::size(images),
            "0B (0%)".into(),
        ],
        vec![
            "Containers".into(),
            engine.containers.len().to_string(),
            running.to_string(),
            text::size(own),
            "0B (0%)".into(),
        ],
        vec![
            "Local Volumes".into(),
            engine.volumes.len().to_string(),
            "0".into(),
            text::size(volumes),
            "0B (0%)".into(),
        ],
        vec!["Build Cache".into(), engine.cache.len().to_string(), "0".into(), "0B".into(), "0B".into()],
    ];
    say(console, text::table(&["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"], &rows));
    Started::Done(0)
}
