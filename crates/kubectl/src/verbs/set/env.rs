//! `kubectl set env`
//!
//! Not modelled: `--resolve` of resource fields.

use objects::resources::{CONFIGMAPS, SECRETS};
use objects::{Value, base64, value};

use super::COMMON;
use crate::change::{Change, each_container, no_template, objects, pod_spec_path, unfit};
use crate::command::Command;
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::Kubectl;
use crate::verbs::create::{invalid_env_name, manager};

static FLAGS: &[Flag] = &[
    short('c', "containers", Kind::Text, "*", "names of the containers, * for all"),
    short('e', "env", Kind::Texts, "", "KEY=value, repeatable"),
    flag("from", Kind::Text, "", "configmap/name or secret/name to take keys of"),
    flag("keys", Kind::Words, "", "only these keys of --from"),
    flag("prefix", Kind::Text, "", "put before the names"),
    flag("list", Kind::Bool, "false", "show the environment"),
    flag("resolve", Kind::Bool, "false", "with --list: show what references mean"),
    flag("overwrite", Kind::Bool, "true", "replace values that are there"),
];

pub static COMMAND: Command = Command {
    name: "env",
    usage: "RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N",
    short: "Change environment variables",
    flags: &[FLAGS, COMMON[0], COMMON[1], COMMON[2], COMMON[3], COMMON[4], COMMON[5]],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

fn is_env(word: &str) -> bool {
    word.ends_with('-') || word.split_once('=').is_some_and(|(n, _)| !n.is_empty())
}

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    if args.is("all") && !args.text("selector").is_empty() {
        return fail("cannot set --all and --selector at the same time");
    }
    let mut change = Change::of(k, args, "env updated", manager(args, "kubectl-set"))?;
    change.failing = "failed to patch env update to pod template: ";
    let (mut resources, mut words) = (Vec::new(), Vec::new());
    for a in &args.args {
        match (is_env(a), words.is_empty()) {
            (true, _) => words.push(a.clone()),
            (false, true) => resources.push(a.clone()),
            (false, false) => {
                return fail(format!(
                    "all resources must be specified before environment changes: {}",
                    args.args.join(" ")
                ));
            }
        }
    }
    if resources.is_empty() && args.list("filename").is_empty() {
        return fail("one or more resources must be specified as <resource> <name> or <resource>/<name>");
    }
    let list = args.is("list");
    if list && !args.text("output").is_empty() {
        return fail("--list and --output may not be specified together");
    }
    if !args.list("keys").is_empty() && args.text("from").is_empty() {
        return fail("when specifying --keys, a configmap or secret must be provided with --from");
    }
    if args.is("local") {
        // Upstream passes over what is named.
        resources.clear();
    }
    let named = !words.is_empty();
    words.splice(0..0, args.list("env"));
    let (mut set, mut remove): (Vec<Value>, Vec<String>) = (Vec::new(), Vec::new());
    for w in &words {
        if w == "-" {
            let text = String::from_utf8_lossy(&k.io.stdin().await).into_owned();
            for line in text.lines() {
                if let Some((n, v)) = line.split('#').next().unwrap_or("").split_once('=') {
                    set.push(value!({"name": (n), "value": (v)}));
                }
            }
        } else if let Some((n, v)) = w.split_once('=') {
            if let Some(why) = invalid_env_name(n) {
                return fail(format!("\"{n}\" is not a valid key name: {why}"));
            }
            set.push(value!({"name": (n), "value": (v)}));
        } else if let Some(n) = w.strip_suffix('-') {
            remove.push(n.to_owned());
        } else {
            return fail(format!("unknown environment variable: {w}"));
        }
    }
    if set.iter().any(|e| remove.iter().any(|r| e["name"] == r.as_str())) {
        return fail("can not both modify and remove the same environment variable in the same command");
    }
    if !args.text("from").is_empty() {
        set.extend(from(k, args).await?);
    }
    for e in &mut set {
        let name = format!("{}{}", args.text("prefix"), e["name"].text());
        e.set("name", name);
    }
    let pattern = args.text("containers");
    let (mut errors, mut changed) = (Vec::new(), Vec::new());
    for i in objects(k, args, resources).await? {
        if pod_spec_path(i.object.kind()).is_none() {
            errors.push(no_template(&i, change.local));
            continue;
        }
        let mut new = i.object.clone();
        let mut clash = None;
        let mut seen: Vec<Value> = Vec::new();
        let found = each_container(&mut new, pattern, &mut |c| {
            let mut env = c["env"].items().to_vec();
            for e in &set {
                match env.iter_mut().find(|x| x["name"] == e["name"]) {
                    Some(was) => {
                        if !args.is("overwrite") && was["value"].text() != e["value"].text() {
                            clash.get_or_insert(format!(
                                "'{}' already has a value ({}), and --overwrite is false",
                                e["name"].text(),
                                was["value"].text()
                            ));
                        }
                        *was = e.clone();
                    }
                    None => env.push(e.clone()),
                }
            }
            env.retain(|x| !remove.iter().any(|r| x["name"] == r.as_str()));
            if env.is_empty() {
                c.remove("env");
            } else {
                c.set("env", Value::List(env.into()));
            }
            seen.push(c.clone());
        });
        if let Some(text) = clash {
            errors.push(unfit(&i, change.local, &text));
            continue;
        }
        if found == 0 {
            k.warn(&format!(
                "{}/{} does not have any containers matching \"{pattern}\"",
                i.resource.kind, i.name
            ));
        }
        if list {
            show(k, &i.resource.kind, &i.name, &seen, args.is("resolve")).await?;
        } else {
            changed.push((i, new));
        }
    }
    if list {
        return Ok(());
    }
    for (i, new) in changed {
        if let Err(e) = change.apply(k, &i, &new).await {
            errors.push(e);
        } else if set.is_empty() && !named {
            return fail("at least one environment variable must be provided");
        }
    }
    Error::of_all(errors)
}

async fn from(k: &Kubectl, args: &Args) -> Result<Vec<Value>> {
    let find = Find { args: vec![args.text("from").to_owned()], latest: true, ..Find::default() };
    let (infos, errors, _) = k.infos(&find).await?;
    Error::of_all(errors)?;
    let keys = args.list("keys");
    let mut out = Vec::new();
    for i in infos {
        let field = match i.resource.id.as_str() {
            "secrets" => "secretKeyRef",
            "configmaps" => "configMapKeyRef",
            _ => return fail("unsupported resource specified in --from"),
        };
        for (key, _) in i.object["data"].entries() {
            if !keys.is_empty() && !keys.iter().any(|x| x == key) {
                continue;
            }
            let name: String = key
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_uppercase() } else { '_' })
                .collect();
            if name != key.as_str() {
                k.warn(&format!("key {key} transferred to {name}"));
            }
            let mut source = Value::map();
            source.set(field, value!({"name": (i.name.clone()), "key": (key)}));
            out.push(value!({"name": (name), "valueFrom": (source)}));
        }
    }
    Ok(out)
}

async fn show(k: &Kubectl, kind: &str, name: &str, containers: &[Value], resolve: bool) -> Result<()> {
    for c in containers {
        k.say(format!("# {kind} {name}, container {}", c["name"].text()));
        for e in c["env"].items() {
            let (key, from) = (e["name"].text(), &e["valueFrom"]);
            if from.is_null() {
                k.say(format!("{key}={}", e["value"].text()));
                continue;
            }
            let (map, secret) = (&from["configMapKeyRef"], &from["secretKeyRef"]);
            let r = if map.is_null() { secret } else { map };
            if resolve && !r.is_null() {
                let resource = if map.is_null() { SECRETS } else { CONFIGMAPS };
                let object = k.get(resource, &k.namespace, r["name"].text()).await?;
                let text = object["data"][r["key"].text()].text().to_owned();
                let text = if map.is_null() {
                    String::from_utf8_lossy(&base64::decode(&text).unwrap_or_default()).into_owned()
                } else {
                    text
                };
                k.say(format!("{key}={text}"));
                continue;
            }
            let what = if !map.is_null() {
                format!("configmap {}, key {}", r["name"].text(), r["key"].text())
            } else if !secret.is_null() {
                format!("secret {}, key {}", r["name"].text(), r["key"].text())
            } else if !from["fieldRef"].is_null() {
                format!("field path {}", from["fieldRef"]["fieldPath"].text())
            } else {
                format!("resource field {}", from["resourceFieldRef"]["resource"].text())
            };
            k.say(format!("# {key} from {what}"));
        }
    }
    Ok(())
}
