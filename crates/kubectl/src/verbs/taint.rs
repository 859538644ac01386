//! `kubectl taint`
//!
//! Models `k8s.io/kubectl/pkg/cmd/taint`.

use objects::{Value, names, value};

use crate::change::Change;
use crate::command::{Command, DRY_RUN, FIELD_MANAGER, OUTPUT, SELECTOR, usage_error};
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;
use crate::verbs::create::manager;

static FLAGS: &[Flag] = &[
    flag("all", Kind::Bool, "false", "every node"),
    flag("overwrite", Kind::Bool, "false", "replace taints that are there"),
    crate::command::VALIDATE[0],
];

pub static COMMAND: Command = Command {
    name: "taint",
    usage: "NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N",
    short: "Set or remove what keeps pods off nodes",
    flags: &[FLAGS, SELECTOR, DRY_RUN, OUTPUT, FIELD_MANAGER],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

fn parse(spec: &str) -> Result<Value> {
    let parts: Vec<&str> = spec.split(':').collect();
    let (key, v, effect) = match parts.as_slice() {
        [key] => (*key, "", ""),
        [head, effect] => {
            if !EFFECTS.contains(effect) {
                return fail(format!("invalid taint effect: {effect}, unsupported taint effect"));
            }
            if head.matches('=').count() > 1 {
                return fail(format!("invalid taint spec: {spec}"));
            }
            let (key, v) = head.split_once('=').unwrap_or((head, ""));
            (key, v, *effect)
        }
        _ => return fail(format!("invalid taint spec: {spec}")),
    };
    if let Some(e) = names::label_value(v).first() {
        return fail(format!("invalid taint spec: {spec}, {e}"));
    }
    if let Some(e) = names::qualified_name(key).first() {
        return fail(format!("invalid taint spec: {spec}, {e}"));
    }
    let mut t = value!({"key": (key), "effect": (effect)});
    if !v.is_empty() {
        t.set("value", v);
    }
    Ok(t)
}

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let (mut resources, mut specs) = (Vec::new(), Vec::new());
    for a in &args.args {
        let is = a.contains('=') || a.contains(':') || (a.ends_with('-') && !resources.is_empty());
        match (is, specs.is_empty()) {
            (true, _) => specs.push(a.clone()),
            (false, true) => resources.push(a.clone()),
            (false, false) => {
                return fail(format!("all resources must be specified before taint changes: {a}"));
            }
        }
    }
    if resources.is_empty() {
        return fail("one or more resources must be specified as <resource> <name>");
    }
    if specs.is_empty() {
        return fail("at least one taint update is required");
    }
    let (mut add, mut remove): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    for s in &specs {
        let parsed = match s.strip_suffix('-') {
            Some(bare) => parse(bare).map(|t| remove.push(t)),
            None => parse(s).and_then(|t| {
                if t["effect"] == "" {
                    return fail(format!("invalid taint spec: {s}"));
                }
                if add.iter().any(|o| o["key"] == t["key"] && o["effect"] == t["effect"]) {
                    return fail(format!(
                        "duplicated taints with the same key and effect: {{{} {} {} <nil>}}",
                        t["key"].text(),
                        t["value"].text(),
                        t["effect"].text()
                    ));
                }
                add.push(t);
                Ok(())
            }),
        };
        if let Err(e) = parsed {
            return Err(usage_error(args, &e.message()));
        }
    }
    let same =
        |a: &Value, b: &Value| a["key"] == b["key"] && (b["effect"] == "" || a["effect"] == b["effect"]);
    let resource = k.resource(resources[0].split('/').next().unwrap_or("")).await?;
    if resource.id != "nodes" {
        return fail(format!("invalid resource type {}, only node types are supported", resources[0]));
    }
    let both: Vec<String> = add
        .iter()
        .flat_map(|a| remove.iter().filter(move |r| same(a, r)))
        .map(|r| format!("{}={}", r["key"].text(), r["effect"].text()))
        .collect();
    if !both.is_empty() {
        return fail(format!(
            "can not both modify and remove the following taint(s) in the same command: {}",
            both.join(", ")
        ));
    }
    if resources.len() == 1
        && !resources[0].contains('/')
        && !args.is("all")
        && args.text("selector").is_empty()
    {
        return fail("at least one resource name must be specified since 'all' parameter is not set");
    }
    let find = Find { args: resources, latest: true, ..Find::of(args) };
    let (infos, mut errors, _) = k.infos(&find).await?;
    for i in infos {
        let old = i.object["spec"]["taints"].items().to_vec();
        if !args.is("overwrite") {
            let clash: Vec<&str> =
                add.iter().filter(|t| old.iter().any(|o| same(o, t))).map(|t| t["key"].text()).collect();
            if !clash.is_empty() {
                errors.push(Error::text(format!(
                    "node {} already has {} taint(s) with same effect(s) and --overwrite is false",
                    i.name,
                    clash.join(",")
                )));
                continue;
            }
        }
        let missing: Vec<String> = remove
            .iter()
            .filter(|t| !old.iter().any(|o| same(o, t)))
            .map(|t| format!("taint \"{}\" not found", shown(t)))
            .collect();
        if !missing.is_empty() {
            errors.extend(missing.into_iter().map(Error::Text));
            continue;
        }
        let mut new: Vec<Value> = add.clone();
        new.extend(
            old.iter()
                .filter(|o| !remove.iter().any(|t| same(o, t)) && !add.iter().any(|t| same(o, t)))
                .cloned(),
        );
        let done = match (add.is_empty(), remove.is_empty()) {
            (false, false) => "modified",
            (true, _) => "untainted",
            (false, true) if add.iter().any(|t| old.iter().any(|o| same(o, t))) => "modified",
            _ => "tainted",
        };
        let mut object = i.object.clone();
        if new.is_empty() {
            object.remove_at(&["spec", "taints"]);
        } else {
            object.set_at(&["spec", "taints"], Value::List(new.into()));
        }
        let change = Change { unmarked: true, ..Change::of(k, args, done, manager(args, "kubectl-taint"))? };
        if let Err(e) = change.always(k, &i, &object).await {
            errors.push(e);
        }
    }
    Error::of_all(errors)
}

fn shown(t: &Value) -> String {
    let effect = t["effect"].text();
    let mut text = t["key"].text().to_owned();
    if !t["value"].text().is_empty() {
        text.push('=');
        text.push_str(t["value"].text());
    }
    if effect.is_empty() { text } else { format!("{text}:{effect}") }
}
