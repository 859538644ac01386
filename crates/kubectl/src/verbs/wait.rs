//! `kubectl wait`
//!
//! Models `k8s.io/kubectl/pkg/cmd/wait`.

use client::Verb;
use objects::{Str, Value};

use crate::command::{ALL_NAMESPACES, Command, FILES, OUTPUT, SELECTOR};
use crate::error::{Error, Result, fail};
use crate::finder::{Find, Info, Source};
use crate::flags::{Args, Flag, Kind, flag};
use crate::printers::Printer;
use crate::printers::jsonpath::{Template, relaxed};
use crate::session::{Kubectl, request};
use crate::verbs::delete::wait_gone;

static FLAGS: &[Flag] = &[
    flag("all", Kind::Bool, "false", "every object of the type"),
    flag("field-selector", Kind::Text, "", "selector over fields"),
    flag("for", Kind::Texts, "", "create, delete, condition=NAME[=value] or jsonpath='{path}'[=value]"),
    flag("local", Kind::Bool, "false", "accepted, not simulated"),
    flag("timeout", Kind::Duration, "30s", "how long to wait; 0: look once; negative: a week"),
];

pub static COMMAND: Command = Command {
    name: "wait",
    usage: "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) --for=create|--for=delete|--for=condition=available|--for=jsonpath='{}'[=value]",
    short: "Wait until objects have come to a state",
    flags: &[FLAGS, FILES, SELECTOR, ALL_NAMESPACES, OUTPUT],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

enum Goal {
    Create,
    Delete,
    Condition { name: String, status: String },
    Path { path: Template, value: Option<String> },
}

fn goal(text: &str) -> Result<Goal> {
    let lower = text.to_lowercase();
    if lower == "delete" {
        return Ok(Goal::Delete);
    }
    if lower == "create" {
        return Ok(Goal::Create);
    }
    if let Some(rest) = text.strip_prefix("condition=") {
        let (name, status) = rest.split_once('=').unwrap_or((rest, "true"));
        return Ok(Goal::Condition { name: name.into(), status: status.into() });
    }
    if let Some(rest) = text.strip_prefix("jsonpath=") {
        let (path, value) = match rest.rfind('}') {
            Some(end) => {
                let (path, tail) = rest.split_at(end + 1);
                (path, tail.strip_prefix('=').map(str::to_owned))
            }
            None => rest.split_once('=').map_or((rest, None), |(p, v)| (p, Some(v.to_owned()))),
        };
        if value.as_deref() == Some("") {
            return fail(
                "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
            );
        }
        let path = path.trim_matches(['\'', '"']);
        let full = relaxed(path).map_err(Error::Text)?;
        if full.is_empty() {
            return fail("jsonpath expression cannot be empty");
        }
        let path = Template::parse(&full, true).map_err(Error::Text)?;
        let value = value.map(|v| v.trim_matches(['\'', '"']).to_owned());
        return Ok(Goal::Path { path, value });
    }
    fail(format!("unrecognized condition: \"{text}\""))
}

impl Goal {
    fn met(&self, o: &Value) -> bool {
        match self {
            Self::Create => true,
            Self::Delete => false,
            Self::Condition { name, status } => o["status"]["conditions"].items().iter().any(|c| {
                c["type"].text().eq_ignore_ascii_case(name)
                    && c["status"].text().eq_ignore_ascii_case(status)
                    && c["observedGeneration"].as_int().is_none_or(|g| g >= o.generation())
                    && o["status"]["observedGeneration"].as_int().is_none_or(|g| g >= o.generation())
            }),
            Self::Path { path, value } => match (path.results(o), value) {
                (Ok(found), Some(wanted)) => found.len() == 1 && Template::text_of(&found[0]) == *wanted,
                (Ok(found), None) => !found.is_empty(),
                (Err(_), _) => false,
            },
        }
    }
}

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let goals = args.list("for");
    if goals.is_empty() {
        return fail("unrecognized condition: \"\"");
    }
    let goals: Vec<Goal> = goals.iter().map(|g| goal(g)).collect::<Result<_>>()?;
    let timeout = match args.millis("timeout") {
        t if t < 0 => 168 * 3_600_000,
        t => t,
    };
    let until = k.client.now() + timeout;
    let find = Find::of(args);
    let printer = Printer::of(k, args)?;
    if goals.iter().any(|g| matches!(g, Goal::Create))
        && (find.selector.is_some() || find.all)
        && find.args.len() > 1
    {
        return fail("--for=create with a selector takes a type only");
    }
    let mut infos: Vec<Info> = Vec::new();
    loop {
        let sources = k.sources(&find).await?;
        Error::of_all(sources.errors)?;
        for s in sources.all {
            match s {
                Source::Named(mut i) | Source::File(mut i) => {
                    if goals.iter().all(|g| matches!(g, Goal::Delete)) {
                        match k.get(&i.resource, &i.namespace, &i.name).await {
                            Ok(o) => i.object = o,
                            Err(e) if e.is_not_found() => continue,
                            Err(e) => return Err(e),
                        }
                    }
                    infos.push(*i);
                }
                Source::Selected { .. } => infos.extend(k.fetch(&find, s).await?),
            }
        }
        let coming = goals.iter().any(|g| matches!(g, Goal::Create));
        if infos.is_empty() && coming && until.since(k.client.now()) > 0 {
            k.client.sleep(500).await;
            continue;
        }
        break;
    }
    if goals.iter().any(|g| matches!(g, Goal::Create)) {
        for i in &mut infos {
            i.object = created(k, i, until).await?;
        }
    }
    if infos.is_empty() {
        return if goals.iter().any(|g| matches!(g, Goal::Delete)) {
            Ok(())
        } else {
            fail("no matching resources found")
        };
    }
    let mut errors = Vec::new();
    for i in &infos {
        for g in &goals {
            match one(k, i, g, until).await {
                Ok(object) => k.out(&printer.print(&object, "condition met")?),
                Err(e) => errors.push(e),
            }
        }
    }
    Error::of_all(errors)
}

/// Waits for the object to be there.
async fn created(k: &Kubectl, i: &Info, until: clock::Time) -> Result<Value> {
    loop {
        match k.get(&i.resource, &i.namespace, &i.name).await {
            Ok(o) => return Ok(o),
            Err(e) if !e.is_not_found() => return Err(e),
            Err(_) if until.since(k.client.now()) <= 0 => return fail("timed out waiting for the condition"),
            Err(_) => k.client.sleep(500.min(until.since(k.client.now()).max(1))).await,
        }
    }
}

async fn one(k: &Kubectl, i: &Info, g: &Goal, until: clock::Time) -> Result<Value> {
    let mut placeholder = i.object.clone();
    if placeholder.is_null() {
        placeholder.set("apiVersion", i.resource.api_version());
        placeholder.set("kind", i.resource.kind.clone());
        placeholder.set_at(&["metadata", "name"], i.name.clone());
    }
    if matches!(g, Goal::Create) {
        return Ok(placeholder);
    }
    if until.since(k.client.now()) <= 0 {
        let gone = |e: &Error| e.is_not_found() && matches!(g, Goal::Delete);
        return match k.get(&i.resource, &i.namespace, &i.name).await {
            Ok(o) if g.met(&o) => Ok(o),
            Err(e) if gone(&e) => Ok(placeholder),
            Ok(_) => fail(format!("condition not met for {}/{}", i.resource.plural, i.name)),
            Err(e) => Err(e),
        };
    }
    let timed_out =
        || fail(format!("timed out waiting for the condition on {}/{}", i.resource.plural, i.name));
    if matches!(g, Goal::Delete) {
        let uid: Str = i.object.uid().into();
        let left = until.since(k.client.now()).max(0);
        wait_gone(k, &[(i.clone(), uid)], left).await?;
        return Ok(placeholder);
    }
    let mut first = true;
    loop {
        let mut r = request(Verb::List, &i.resource, &i.namespace);
        r.options.field_selector = format!("metadata.name={}", i.name).into();
        let list = k.call(r.clone()).await?.object;
        match list["items"].items().first() {
            Some(o) => {
                let o = crate::session::typed(o, &i.resource);
                if g.met(&o) {
                    return Ok(o);
                }
            }
            None if first => {
                k.call(request(Verb::Get, &i.resource, &i.namespace).named(i.name.clone())).await?;
            }
            None => {}
        }
        first = false;
        r.verb = Verb::Watch;
        r.options.resource_version = Some(list.revision());
        let mut stream = k.watch(r).await?;
        loop {
            let left = until.since(k.client.now());
            if left <= 0 {
                return timed_out();
            }
            match stream.next_within(left).await {
                Err(_) => return timed_out(),
                Ok(None) => break,
                Ok(Some(e)) if e.kind == "ERROR" => break,
                Ok(Some(e)) if e.kind == "DELETED" => {}
                Ok(Some(e)) => {
                    if g.met(&e.object) {
                        return Ok(e.object);
                    }
                }
            }
        }
    }
}
