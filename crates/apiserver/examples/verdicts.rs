//! Compares what this API server makes of real manifests with what a recorded server made of them.
//!
//! `cargo run -p apiserver --example verdicts -- FOLDER [-v]`, where FOLDER holds `*.yaml`, `verdicts.jsonl` (exit code and
//! output of `kubectl apply --dry-run=server`) and `objects/*.json` (the stored objects).

use std::path::Path;

use apiserver::{ApiServer, Config};
use client::{Caller, FieldValidation, Request, Verb};
use clock::{Rng, Time};
use objects::{Value, json, resources, yaml};

fn main() {
    let mut args = std::env::args().skip(1);
    let Some(folder) = args.next() else {
        eprintln!("usage: verdicts FOLDER [-v]");
        std::process::exit(2);
    };
    let verbose = args.next().is_some();
    let folder = Path::new(&folder);
    let lines = std::fs::read_to_string(folder.join("verdicts.jsonl")).unwrap_or_default();
    let server = ApiServer::new(&Rng::new(1), Config::default(), Time::EPOCH);
    let (mut agree, mut total) = (0, 0);
    for line in lines.lines() {
        let verdict = json::parse(line).unwrap_or_default();
        let name = verdict["name"].text();
        let text = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        let recorded = folder.join("objects").join(name.replace(".yaml", ".json"));
        let recorded =
            std::fs::read_to_string(recorded).ok().and_then(|t| json::parse(&t).ok()).unwrap_or_default();
        let problems = compare(&server, &text, &verdict, recorded.items());
        total += 1;
        if problems.is_empty() {
            agree += 1;
        } else if verbose {
            println!("{name}");
            for p in problems {
                println!("    {p}");
            }
        }
    }
    println!("agree on {agree} of {total}");
}

fn compare(server: &ApiServer, text: &str, verdict: &Value, recorded: &[Value]) -> Vec<String> {
    let mut problems = Vec::new();
    let said: Vec<&str> = verdict["out"].items().iter().map(Value::text).collect();
    let mut seen = 0;
    for document in yaml::load_stream(text).documents {
        let mut object = document.value;
        let Some(resource) = resources::of(&object) else { continue };
        if resource.namespaced && object.namespace().is_empty() {
            object.set_at(&["metadata", "namespace"], "default");
        }
        let kind = object.kind().to_owned();
        let name = object.name().to_owned();
        let mut request = Request::new(Verb::Create, &resource.group, &resource.version, &resource.plural)
            .in_namespace(object.namespace())
            .object(object);
        request.options.dry_run = true;
        request.options.field_validation = FieldValidation::Strict;
        let result = server.clone().handle(&Caller::default(), request, Time::EPOCH);
        let theirs = recorded.iter().find(|o| o.kind() == kind && o.name() == name);
        match (result, theirs) {
            (Ok(r), Some(theirs)) => {
                seen += 1;
                differences(theirs, &r.object, &mut String::from(&kind), &mut problems);
            }
            (Err(s), Some(_)) => problems.push(format!("{kind} {name} refused: {}", s.message)),
            (Ok(_), None)
                if said.iter().any(|l| l.ends_with(&format!("/{name} created (server dry run)"))) => {}
            (Ok(_), None) => problems.push(format!("{kind} {name} accepted, but: {said:?}")),
            (Err(s), None) => {
                if !said.iter().any(|line| line.ends_with(&s.message)) {
                    problems.push(format!("{kind} {name}: {} | {said:?}", s.message));
                }
            }
        }
    }
    if seen < recorded.len() {
        problems.push(format!("{seen} of {} objects", recorded.len()));
    }
    problems
}

/// What a recording cannot agree on: given out or random.
const IGNORED: [&str; 9] = [
    "uid",
    "creationTimestamp",
    "resourceVersion",
    "clusterIP",
    "clusterIPs",
    "nodePort",
    "lastPhaseTransitionTime",
    "kubectl.kubernetes.io/last-applied-configuration",
    "healthCheckNodePort",
];

fn differences(theirs: &Value, ours: &Value, path: &mut String, problems: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Map(a), Value::Map(b)) => {
            let keys = a.keys().chain(b.keys().filter(|k| !a.contains(k)));
            for key in keys.filter(|k| !IGNORED.contains(k)) {
                let length = path.len();
                path.push('.');
                path.push_str(key);
                match (a.get(key), b.get(key)) {
                    (Some(x), Some(y)) => differences(x, y, path, problems),
                    (Some(x), None) if key == "annotations" && x.entries().len() == 1 => {}
                    (x, y) => problems.push(format!("{path}: theirs {x:?} ours {y:?}")),
                }
                path.truncate(length);
            }
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            for (i, (x, y)) in a.iter().zip(b.iter()).enumerate() {
                let length = path.len();
                path.push_str(&format!("[{i}]"));
                differences(x, y, path, problems);
                path.truncate(length);
            }
        }
        _ if format!("{theirs:?}").contains("kube-api-access-") => {}
        _ if theirs != ours => problems.push(format!("{path}: theirs {theirs:?} ours {ours:?}")),
        _ => {}
    }
}
