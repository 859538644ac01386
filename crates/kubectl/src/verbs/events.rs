//! `kubectl events`
//!
//! Models `k8s.io/kubectl/pkg/cmd/events`.

use client::Verb;
use objects::resources::EVENTS;
use objects::{Value, value};
use ordered::Sort as _;

use crate::command::{ALL_NAMESPACES, Command, OUTPUT};
use crate::describe::interval;
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::printers::Printer;
use crate::session::{Kubectl, request};

static FLAGS: &[Flag] = &[
    flag("chunk-size", Kind::Int, "500", "objects per page"),
    flag("for", Kind::Text, "", "type/name the events are about"),
    flag("no-headers", Kind::Bool, "false", "leave the header line out"),
    flag("types", Kind::Words, "", "Normal, Warning"),
    short('w', "watch", Kind::Bool, "false", "go on with new events"),
];

pub static COMMAND: Command = Command {
    name: "events",
    usage: "[(-o|--output=)json|yaml|name] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]",
    short: "Show what happened lately",
    flags: &[FLAGS, ALL_NAMESPACES, OUTPUT],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let all = args.is("all-namespaces");
    let types = args.list("types");
    for t in &types {
        if !["normal", "warning"].contains(&t.to_lowercase().as_str()) {
            return fail("valid --types are Normal or Warning");
        }
    }
    let mut fields = String::new();
    if !args.text("for").is_empty() {
        let Some((kind, name)) = args
            .text("for")
            .split_once('/')
            .filter(|(t, n)| !t.is_empty() && !n.is_empty() && !n.contains('/'))
        else {
            return fail("--for must be in resource/name form");
        };
        let r = k.resource(kind).await?;
        fields = format!(
            "involvedObject.apiVersion={},involvedObject.kind={},involvedObject.name={name}",
            r.api_version(),
            r.kind
        );
    }
    let namespace = if all { "" } else { k.namespace.as_str() };
    let printer = Printer::of(k, args)?;
    let fits = |e: &Value| types.is_empty() || types.iter().any(|t| e["type"].text().eq_ignore_ascii_case(t));
    let mut r = request(Verb::List, EVENTS, namespace);
    r.options.field_selector = fields.as_str().into();
    let list = k.list_all(r.clone()).await?;
    let mut events: Vec<Value> =
        list["items"].items().iter().filter(|e| fits(e)).map(|e| crate::session::typed(e, EVENTS)).collect();
    let mut w = objects::tabwriter::TabWriter::for_tables();
    if args.is("watch") {
        if printer.is_human() && !args.is("no-headers") {
            w.write(&header(all));
        }
        r.verb = Verb::Watch;
        r.options.resource_version = Some(0);
        let mut stream = k.watch(r).await?;
        while let Some(e) = stream.next().await {
            if matches!(e.kind.as_str(), "DELETED" | "BOOKMARK" | "ERROR") || !fits(&e.object) {
                continue;
            }
            if printer.is_human() {
                w.write(&line(k, &e.object, all));
                k.out(&w.flush());
            } else {
                k.out(&printer.print(&e.object, "")?);
            }
        }
        return Ok(());
    }
    if events.is_empty() {
        k.complain(if all {
            "No events found.".into()
        } else {
            format!("No events found in {namespace} namespace.")
        });
        return Ok(());
    }
    events.arrange_by_key(|e| {
        let last =
            [&e["series"]["lastObservedTime"], &e["lastTimestamp"], &e["eventTime"], &e["firstTimestamp"]];
        (last.iter().find_map(|t| t.time()), e["firstTimestamp"].time())
    });
    if !printer.is_human() {
        let list = value!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": (Value::List(events.into()))});
        k.out(&printer.print(&list, "")?);
        return Ok(());
    }
    if !args.is("no-headers") {
        w.write(&header(all));
    }
    for e in &events {
        w.write(&line(k, e, all));
    }
    k.out(&w.finish());
    Ok(())
}

fn header(all: bool) -> String {
    format!("{}LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n", if all { "NAMESPACE\t" } else { "" })
}

fn line(k: &Kubectl, e: &Value, all: bool) -> String {
    let about = &e["involvedObject"];
    let head = if all { format!("{}\t", e.namespace()) } else { String::new() };
    format!(
        "{head}{}\t{}\t{}\t{}/{}\t{}\n",
        interval(e, k.client.now()),
        e["type"].text(),
        e["reason"].text(),
        about["kind"].text(),
        about["name"].text(),
        e["message"].text().trim()
    )
}
