//! Who may know whom: the layer table, held against `cargo metadata`.
//!
//! As in a real cluster, components meet only at the API server. Development dependencies are free: a controller's
//! test may well want an API server to talk to.

use serde_json::Value;

use crate::{Outcome, project, sources};

/// Known to every room above them: time, order and the object tree are the language the house speaks.
const VOCABULARY: &[&str] = &["clock", "objects", "ordered"];

/// A workspace package and the workspace packages it may depend on, besides the vocabulary.
struct Room {
    name: &'static str,
    may_know: &'static [&'static str],
    /// Below cli and xtask: plain deterministic data, no clock, threads or I/O of the machine it runs on.
    engine: bool,
}

const fn engine(name: &'static str, may_know: &'static [&'static str]) -> Room {
    Room { name, may_know, engine: true }
}

const fn outside(name: &'static str, may_know: &'static [&'static str]) -> Room {
    Room { name, may_know, engine: false }
}

/// Everything that `cluster` wires together.
const CONTROL_PLANE: &[&str] = &[
    "etcd",
    "client",
    "cel",
    "apiserver",
    "controllers",
    "scheduler",
    "kubelet",
    "network",
    "cloud",
    "containers",
    "hub",
    "x509",
    // Containers run it.
    "kubectl",
];

/// The native binary also serves the API itself and measures single rooms.
const EVERYTHING: &[&str] = &[
    "etcd",
    "client",
    "apiserver",
    "controllers",
    "scheduler",
    "kubelet",
    "network",
    "cloud",
    "containers",
    "cluster",
    "serve",
    "kubectl",
    "helm",
    "hostlab",
    "terminal",
    "course",
    "why",
    "cel",
    "x509",
];

const ROOMS: &[Room] = &[
    engine("ordered", &[]),
    engine("clock", &[]),
    engine("objects", &[]),
    engine("x509", &[]),
    engine("etcd", &[]),
    engine("cel", &[]),
    engine("client", &[]),
    engine("apiserver", &["etcd", "client", "cel", "x509"]),
    engine("controllers", &["client", "x509"]),
    engine("scheduler", &["client"]),
    engine("network", &["client"]),
    engine("cloud", &["client"]),
    engine("hub", &["client"]),
    engine("containers", &["x509"]),
    engine("kubelet", &["client", "containers"]),
    engine("cluster", CONTROL_PLANE),
    engine("kubectl", &["client", "x509"]),
    engine("helm", &["client", "kubectl"]),
    engine("hostlab", &["containers"]),
    engine("why", &["client", "cluster", "scheduler", "containers"]),
    engine("terminal", &["client", "kubectl", "helm", "containers", "hostlab", "cluster", "why"]),
    engine("course", &["client", "terminal", "cluster"]),
    outside("serve", EVERYTHING),
    outside("cli", EVERYTHING),
    outside("wheelhouse-web", &["course", "terminal", "cluster", "hostlab", "client", "why"]),
    outside("xtask", &[]),
];

/// Crates through which real time, randomness, threads or the outside world would come into an engine.
const NOT_IN_AN_ENGINE: &[&str] = &[
    "async-std",
    "axum",
    "chrono",
    "console_error_panic_hook",
    "crossbeam",
    "getrandom",
    "gloo-timers",
    "hyper",
    "instant",
    "jiff",
    "js-sys",
    "leptos",
    "mio",
    "rand",
    "rayon",
    "reqwest",
    "smol",
    "time",
    "tokio",
    "uuid",
    "wasm-bindgen",
    "web-sys",
    "web-time",
];

/// Everything that breaks the house rules; an empty list is the good news.
pub(crate) fn run() -> Outcome {
    let metadata = project::metadata()?;
    let mut broken = broken_layers(&metadata);
    broken.extend(unwritten(&metadata, &project::read_text(&project::root().join("ARCHITECTURE.md"))?));
    for dir in engine_dirs(&metadata) {
        broken.extend(sources::broken_in(&dir.join("src"))?);
    }
    if broken.is_empty() {
        return Ok(());
    }
    for line in &broken {
        println!("    {line}");
    }
    Err(format!("{} broken house rules (the table is in xtask/src/layers.rs)", broken.len()))
}

fn engine_dirs(metadata: &Value) -> Vec<std::path::PathBuf> {
    packages(metadata)
        .filter(|package| room(&name(package)).is_some_and(|room| room.engine))
        .filter_map(|package| {
            std::path::Path::new(package["manifest_path"].as_str()?).parent().map(Into::into)
        })
        .collect()
}

fn room(name: &str) -> Option<&'static Room> {
    ROOMS.iter().find(|room| room.name == name)
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

fn name(value: &Value) -> String {
    value["name"].as_str().unwrap_or_default().to_owned()
}

fn broken_layers(metadata: &Value) -> Vec<String> {
    let members: Vec<String> = packages(metadata).map(name).collect();
    let mut broken = Vec::new();
    for package in packages(metadata) {
        let me = name(package);
        let Some(room) = room(&me) else {
            broken.push(format!("{me}: not in the layer table"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            if dependency["kind"].as_str() == Some("dev") {
                continue;
            }
            let other = name(dependency);
            if members.contains(&other) {
                let spoken = knows_vocabulary(&me, &other);
                if !spoken && !room.may_know.contains(&other.as_str()) {
                    broken.push(format!("{me}: must not know {other}"));
                }
            } else if room.engine && NOT_IN_AN_ENGINE.contains(&other.as_str()) {
                broken.push(format!("{me}: {other} has no place in an engine crate"));
            }
        }
    }
    broken
}

/// A vocabulary room knows those before it, every other room knows them all.
fn knows_vocabulary(me: &str, other: &str) -> bool {
    const ORDER: [&str; 3] = ["ordered", "clock", "objects"];
    let rank = |name: &str| ORDER.iter().position(|r| *r == name).unwrap_or(ORDER.len());
    VOCABULARY.contains(&other) && rank(other) < rank(me)
}

/// Crates that the floor plan for readers leaves out.
fn unwritten(metadata: &Value, floor_plan: &str) -> Vec<String> {
    packages(metadata)
        .map(name)
        .filter(|name| {
            room(name).is_some_and(|room| room.engine)
                && !floor_plan.contains(&format!("| `crates/{name}` |"))
        })
        .map(|name| format!("{name}: no row in the floor plan of ARCHITECTURE.md"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_house_keeps_its_own_rules() {
        assert_eq!(run(), Ok(()));
    }

    fn found(packages: Value) -> Vec<String> {
        broken_layers(&json!({ "packages": packages }))
    }

    fn package(name: &str, dependencies: Value) -> Value {
        json!({ "name": name, "dependencies": dependencies })
    }

    #[test]
    fn a_controller_that_reaches_for_the_store_is_caught() {
        let etcd = package("etcd", json!([]));
        let good = package(
            "controllers",
            json!([{ "name": "serde", "kind": null }, { "name": "etcd", "kind": "dev" }]),
        );
        assert!(found(json!([etcd, good])).is_empty());
        let bad = package("controllers", json!([{ "name": "etcd", "kind": null }]));
        assert_eq!(found(json!([etcd, bad])), ["controllers: must not know etcd"]);
    }

    #[test]
    fn a_room_without_a_row_in_the_floor_plan_is_caught() {
        let house = json!({ "packages": [package("etcd", json!([])), package("xtask", json!([]))] });
        assert!(unwritten(&house, "| room |\n| `crates/etcd` | the store |").is_empty());
        assert_eq!(unwritten(&house, "etcd"), ["etcd: no row in the floor plan of ARCHITECTURE.md"]);
    }

    #[test]
    fn clock_knows_nothing() {
        let bad = package("clock", json!([{ "name": "objects", "kind": null }]));
        assert_eq!(found(json!([bad, package("objects", json!([]))])), ["clock: must not know objects"]);
    }

    #[test]
    fn a_crate_nobody_placed_is_caught() {
        assert_eq!(found(json!([package("helpers", json!([]))])), ["helpers: not in the layer table"]);
    }

    #[test]
    fn a_real_clock_by_way_of_a_crate_is_caught() {
        let chrono = json!([{ "name": "chrono", "kind": null }]);
        assert_eq!(
            found(json!([package("etcd", chrono.clone())])),
            ["etcd: chrono has no place in an engine crate"]
        );
        assert!(found(json!([package("cli", chrono)])).is_empty());
    }
}
