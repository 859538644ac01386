//! `window.wheelhouse`: the page for tests, embeds and the curious.
//!
//! Owns: `exec(line) -> Promise<{output, exit}>`, `apply(yaml)`, `advance(ms)`, `seek(ms)`, `state()`, `on(event, f)`,
//! `logHash(seed, script)`, `bench(name)`. Does not own: what they do (`session`).

use std::cell::RefCell;
use std::collections::BTreeMap;

use cluster::bench;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::{Closure, JsValue};
use wasm_bindgen::{JsCast, intern};

use crate::app::{App, fragment};
use crate::rest;
use crate::session::{APPLIED, Done, Moved};

#[derive(Default)]
struct Listeners {
    /// By event: `change` when an object changed, `done` when a command has ended.
    called: Vec<(String, Function)>,
    /// Who waits for a command, by its ticket.
    waiting: BTreeMap<u64, Function>,
    tickets: u64,
}

thread_local! {
    static LISTENERS: RefCell<Listeners> = RefCell::default();
}

fn object(pairs: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in pairs {
        drop(Reflect::set(&object, &JsValue::from_str(key), value));
    }
    object.into()
}

/// Hands the ends of commands to who waits for them, and changes to who listens.
pub(crate) fn tell(app: App, moved: Moved, done: Vec<Done>) {
    let mut calls: Vec<(Function, JsValue)> = Vec::new();
    LISTENERS.with_borrow_mut(|listeners| {
        for end in done {
            let value = object(&[("output", end.output.as_str().into()), ("exit", end.exit.into())]);
            let heard = listeners.called.iter().filter(|(event, _)| event == "done");
            calls.extend(heard.map(|(_, f)| (f.clone(), value.clone())));
            if let Some(resolve) = listeners.waiting.remove(&end.ticket) {
                calls.push((resolve, value));
            }
        }
        if (moved.objects || moved.stage) && listeners.called.iter().any(|(event, _)| event == "change") {
            let (now, revision) = app.ask(|s| (s.elapsed() as f64, s.revision() as f64));
            let value = object(&[("now", now.into()), ("revision", revision.into())]);
            let heard = listeners.called.iter().filter(|(event, _)| event == "change");
            calls.extend(heard.map(|(_, f)| (f.clone(), value.clone())));
        }
    });
    for (function, value) in calls {
        // A listener that throws has itself to blame.
        drop(function.call1(&JsValue::NULL, &value));
    }
}

/// Runs a line and gives what it printed once it has ended.
fn exec(app: App, line: &str) -> Promise {
    let mut ticket = 0;
    let promise = Promise::new(&mut |resolve, _| {
        LISTENERS.with_borrow_mut(|l| {
            l.tickets += 1;
            ticket = l.tickets;
            l.waiting.insert(ticket, resolve);
        });
    });
    app.act(|s| s.exec(line, ticket));
    promise
}

fn method(target: &JsValue, name: &str, closure: Closure<dyn FnMut(JsValue, JsValue) -> JsValue>) {
    drop(Reflect::set(target, &JsValue::from_str(intern(name)), closure.as_ref()));
    // The page offers it as long as it lives.
    closure.forget();
}

fn text(value: &JsValue) -> String {
    value.as_string().unwrap_or_default()
}

/// Puts `wheelhouse` into the window.
pub(crate) fn install(app: App) {
    let Some(window) = web_sys::window() else { return };
    let api: JsValue = Object::new().into();
    method(&api, "exec", Closure::new(move |line: JsValue, _| exec(app, &text(&line)).into()));
    method(
        &api,
        "apply",
        Closure::new(move |yaml: JsValue, _| {
            rest::hurry(app);
            // Outside the learner's own files, which are kept.
            app.act(|s| s.write_file(APPLIED, &text(&yaml)));
            exec(app, &format!("kubectl apply -f {APPLIED}")).into()
        }),
    );
    method(
        &api,
        "advance",
        Closure::new(move |ms: JsValue, _| {
            rest::hurry(app);
            app.act(|s| s.advance(ms.as_f64().unwrap_or(0.0) as i64));
            Promise::resolve(&state(app)).into()
        }),
    );
    method(
        &api,
        "seek",
        Closure::new(move |ms: JsValue, _| {
            let at = app.ask(|s| s.now() - s.elapsed()) + ms.as_f64().unwrap_or(0.0) as i64;
            app.seek(at);
            JsValue::UNDEFINED
        }),
    );
    method(&api, "state", Closure::new(move |_, _| state(app)));
    method(
        &api,
        "on",
        Closure::new(move |event: JsValue, f: JsValue| {
            if let Ok(f) = f.dyn_into::<Function>() {
                LISTENERS.with_borrow_mut(|l| l.called.push((text(&event), f)));
            }
            JsValue::UNDEFINED
        }),
    );
    method(
        &api,
        "logHash",
        Closure::new(move |seed: JsValue, script: JsValue| {
            let hash = match seed.as_f64() {
                Some(seed) => terminal::script::log_hash(seed as u64, &text(&script)),
                None => Err("logHash(seed, script): a number and a script".into()),
            };
            match hash {
                Ok(hash) => Promise::resolve(&JsValue::from_str(&format!("{hash:016x}"))).into(),
                Err(problem) => Promise::reject(&JsValue::from_str(&problem)).into(),
            }
        }),
    );
    method(&api, "bench", Closure::new(|name: JsValue, _| measured(&text(&name))));
    if fragment("break").is_some() {
        // For the test of the page that a panic leaves.
        method(&api, "panic", Closure::new(|_, _| panic!("asked to stop")));
    }
    drop(Reflect::set(&window, &JsValue::from_str("wheelhouse"), &api));
}

thread_local! {
    /// The cluster that the network's workloads are measured on, made ready at the first round of each.
    static STAND: std::cell::RefCell<Option<(String, bench::network::Stand)>> = const { std::cell::RefCell::new(None) };
    /// The cluster that was measured last: letting go of it is not measured.
    static MEASURED: std::cell::RefCell<Option<cluster::Cluster>> = const { std::cell::RefCell::new(None) };
}

/// Runs one workload of `wheelhouse bench` while the caller looks at its clock; its counts, or undefined for a name
/// that is none. All the names when none is given. What was measured before is let go of first.
fn measured(name: &str) -> JsValue {
    MEASURED.take();
    let (all, network) = (bench::workloads(), bench::network::workloads());
    if name.is_empty() {
        let names = all.iter().map(|w| w.name).chain(network.iter().map(|w| w.name));
        return names.map(JsValue::from_str).collect::<js_sys::Array>().into();
    }
    if let Some(workload) = network.iter().find(|w| w.name == name) {
        let run = STAND.with_borrow_mut(|kept| {
            if kept.as_ref().is_none_or(|(n, _)| n != name) {
                *kept = Some((name.to_owned(), bench::network::Stand::new(*workload)));
            }
            kept.as_mut().map(|(_, stand)| stand.run()).unwrap_or_default()
        });
        return object(&[
            ("bench", workload.name.into()),
            ("nodes", (workload.nodes as f64).into()),
            ("replicas", (workload.replicas as f64).into()),
            ("rounds", (workload.rounds as f64).into()),
            ("units", (workload.units() as f64).into()),
            ("most_us", (workload.most_us as f64).into()),
            ("writes", (run.writes as f64).into()),
            ("events", (run.events as f64).into()),
            ("virtual_ms", (run.virtual_ms as f64).into()),
            ("ready", (run.ready as f64).into()),
        ]);
    }
    let Some(workload) = all.iter().find(|w| w.name == name) else { return JsValue::UNDEFINED };
    let (cluster, run) = bench::run_with(workload, &mut crate::room::keep_ahead);
    MEASURED.set(Some(cluster));
    object(&[
        ("bench", workload.name.into()),
        ("nodes", (workload.nodes as f64).into()),
        ("replicas", (workload.replicas as f64).into()),
        ("rounds", (workload.rounds as f64).into()),
        ("writes", (run.writes as f64).into()),
        ("events", (run.events as f64).into()),
        ("virtual_ms", (run.virtual_ms as f64).into()),
        ("ready", (run.ready as f64).into()),
    ])
}

fn state(app: App) -> JsValue {
    let json = app.ask(|s| objects::json::to_string(&s.state()));
    js_sys::JSON::parse(&json).unwrap_or(JsValue::NULL)
}
