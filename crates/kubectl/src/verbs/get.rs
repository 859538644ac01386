//! `kubectl get`
//!
//! Models `k8s.io/kubectl/pkg/cmd/get`.

use client::{Request, TableOf, Verb};
use objects::tabwriter::TabWriter;
use objects::{Value, value};

use crate::command::{ALL_NAMESPACES, Command, FILES, OUTPUT, SELECTOR, usage_error};
use crate::error::{Error, Result};
use crate::finder::{Find, Source, kind_name, unlistable};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::printers::table::{Options, TablePrinter};
use crate::printers::{Printer, columns, sort};
use crate::session::{Kubectl, request};

static FLAGS: &[Flag] = &[
    short('w', "watch", Kind::Bool, "false", "go on with changes after the listing"),
    flag("watch-only", Kind::Bool, "false", "only changes, without the listing"),
    flag("output-watch-events", Kind::Bool, "false", "name the kind of change in a watch"),
    flag("field-selector", Kind::Text, "", "selector over fields: status.phase=Running"),
    flag("show-labels", Kind::Bool, "false", "labels as the last column"),
    short('L', "label-columns", Kind::Words, "", "labels to show as columns"),
    flag("sort-by", Kind::Text, "", "path of the field to sort by"),
    flag("no-headers", Kind::Bool, "false", "leave the header line out"),
    flag("show-kind", Kind::Bool, "false", "put the type before names"),
    flag("ignore-not-found", Kind::Bool, "false", "a missing object is no error"),
    flag("chunk-size", Kind::Int, "500", "objects per page"),
    flag("server-print", Kind::Bool, "true", "the server's columns; without them name and age"),
    flag("raw", Kind::Text, "", "path to ask the server for as it is"),
    flag("subresource", Kind::Text, "", "status, scale or resize"),
];

pub static COMMAND: Command = Command {
    name: "get",
    usage: "(TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE/NAME ...)",
    short: "Show objects as a table, or in full",
    flags: &[FLAGS, FILES, SELECTOR, ALL_NAMESPACES, OUTPUT],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    if args.changed("raw") {
        return raw(k, args).await;
    }
    let mut find = Find::of(args);
    find.type_is_enough = true;
    find.latest = true;
    find.subresource = args.text("subresource").to_owned();
    let printer = Printer::of_get(k, args)?;
    let watching = args.is("watch") || args.is("watch-only");
    if args.is("output-watch-events") && !watching {
        return Err(Error::text(
            "--output-watch-events option can only be used with --watch or --watch-only",
        ));
    }
    if find.is_empty() {
        k.complain("You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of supported resources.\n");
        let text = "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).";
        return Err(usage_error(args, text));
    }
    if args.is("show-labels") && !printer.is_human() {
        let shown = args.text("output").split('=').next().unwrap_or("");
        return Err(Error::text(format!("--show-labels option cannot be used with {shown} printer")));
    }
    if watching {
        if !args.text("sort-by").is_empty() {
            k.complain(if args.is("watch") {
                "warning: --watch requested, --sort-by will be ignored for watch events received"
            } else {
                "warning: --watch-only requested, --sort-by will be ignored"
            });
        }
        return watch(k, args, find, &printer).await;
    }
    if !printer.is_human() {
        return generic(k, args, &find, &printer).await;
    }
    human(k, args, &find, &printer).await
}

async fn raw(k: &Kubectl, args: &Args) -> Result<()> {
    if args.args.len() + usize::from(!args.list("filename").is_empty()) > 0 {
        return Err(Error::text("arguments may not be passed when --raw is specified"));
    }
    let path = args.text("raw");
    let filters =
        ["label-columns", "selector", "field-selector", "chunk-size", "show-labels", "sort-by", "watch"];
    if filters.iter().any(|f| args.changed(f)) || args.is("watch-only") {
        return Err(Error::text(
            "--raw may not be specified with other flags that filter the server request or alter the output",
        ));
    }
    if !args.text("output").is_empty() {
        return Err(Error::text("--raw and --output are mutually exclusive"));
    }
    if !path.starts_with('/') {
        return Err(Error::text(format!(
            "--raw must be a valid URL path: parse \"{path}\": invalid URI for request"
        )));
    }
    let head = client::http::Head { method: "GET", target: path, ..Default::default() };
    let asked = client::http::request(&head)?;
    if asked.subresource == "log" {
        return crate::verbs::logs::print(k, asked, "").await;
    }
    let answer = match k.call(asked).await {
        Ok(a) => a.object,
        // Asked as it is, nothing is said of a resource.
        Err(Error::Status(mut s))
            if s.message.starts_with("the server could not find the requested resource (") =>
        {
            s.message = "the server could not find the requested resource".into();
            return Err(Error::Status(s));
        }
        Err(e) => return Err(e),
    };
    match &answer {
        Value::Str(s) => k.out(s),
        v => match client::http::fixed_form(path, v) {
            Some(text) => k.out(&text),
            None => k.say(objects::struct_order::to_string(v)),
        },
    }
    Ok(())
}

fn ask(source: &Source, subresource: &str, table: TableOf) -> Request {
    let mut r = match source {
        Source::Named(i) | Source::File(i) => {
            request(Verb::Get, &i.resource, &i.namespace).named(i.name.clone())
        }
        Source::Selected { resource, namespace, labels, fields } => {
            let mut r = request(Verb::List, resource, namespace);
            r.options.label_selector.clone_from(labels);
            r.options.field_selector.clone_from(fields);
            r
        }
    };
    r.subresource = subresource.into();
    r.options.table = table;
    r
}

fn resource_of(source: &Source) -> &objects::resources::Resource {
    match source {
        Source::Named(i) | Source::File(i) => &i.resource,
        Source::Selected { resource, .. } => resource,
    }
}

async fn fetch(k: &Kubectl, source: &Source, subresource: &str, table: TableOf) -> Result<Value> {
    let r = ask(source, subresource, table);
    match source {
        Source::Selected { resource, labels, fields, .. } => {
            k.list_all(r).await.map_err(|e| unlistable(e, resource, labels, fields))
        }
        _ => Ok(k.call(r).await?.object),
    }
}

fn table_options(args: &Args, find: &Find, source: &Source, wide: bool, kinds: bool) -> Options {
    let resource = resource_of(source);
    Options {
        no_headers: args.is("no-headers"),
        wide,
        show_labels: args.is("show-labels"),
        label_columns: args.list("label-columns"),
        with_namespace: find.all_namespaces && resource.namespaced,
        with_kind: (kinds || args.is("show-kind")).then(|| kind_name(resource)),
    }
}

async fn human(k: &Kubectl, args: &Args, find: &Find, printer: &Printer) -> Result<()> {
    let wide = matches!(printer.format, crate::printers::Format::Wide);
    let sort_by = args.text("sort-by");
    let table = match args.is("server-print") {
        false => TableOf::No,
        true if sort_by.is_empty() => TableOf::Metadata,
        true => TableOf::Object,
    };
    let sources = k.sources(find).await?;
    let mut errors = sources.errors;
    let mut tables: Vec<(Source, Value)> = Vec::new();
    for s in sources.all {
        match fetch(k, &s, &find.subresource, table).await {
            Ok(t) => tables.push((s, t)),
            Err(e) if args.is("ignore-not-found") && e.is_not_found() => {}
            Err(e) => errors.push(e),
        }
    }
    if !sort_by.is_empty() {
        match tables.as_mut_slice() {
            // What can't be sorted is not printed: upstream's printer keeps its error to itself.
            [(_, t)] => *t = sort::rows(t, sort_by).unwrap_or_default(),
            // Of several answers the answers themselves are put in order, and hardly a path fits a table.
            several => {
                let whole: Vec<Value> = several.iter().map(|(_, t)| t.clone()).collect();
                let mut sorted: Vec<(Source, Value)> = Vec::new();
                for n in sort::order(&whole, sort_by)? {
                    sorted.push(several[n].clone());
                }
                tables = sorted;
            }
        }
    }
    let kinds = tables.iter().any(|(s, _)| resource_of(s).id != resource_of(&tables[0].0).id);
    let mut last = String::new();
    let mut current: Option<TablePrinter> = None;
    let mut block = String::new();
    let mut written = false;
    let mut namespaced = !find.all_namespaces;
    let flush = |block: &mut String, written: &mut bool| {
        if !block.is_empty() {
            if *written && !args.is("no-headers") {
                k.out("\n");
            }
            k.out(&columns(block));
            *written = true;
            block.clear();
        }
    };
    for (s, t) in &tables {
        let resource = resource_of(s);
        namespaced &= resource.namespaced;
        let id = format!("{}/{}", resource.id, resource.version);
        if id != last || current.is_none() {
            flush(&mut block, &mut written);
            current = Some(TablePrinter::new(table_options(args, find, s, wide, kinds)));
            last = id;
        }
        if let Some(p) = current.as_mut().filter(|_| !t.is_null()) {
            p.print(&as_table(t, k.client.now()), None, &mut block);
        }
    }
    flush(&mut block, &mut written);
    if !written && !args.is("ignore-not-found") && errors.is_empty() {
        k.complain(if namespaced {
            format!("No resources found in {} namespace.", k.namespace)
        } else {
            "No resources found".into()
        });
    }
    Error::of_all(errors)
}

/// An answer that is no table: name and age, as upstream's fallback.
fn as_table(t: &Value, now: clock::Time) -> Value {
    if t.kind() == "Table" {
        return t.clone();
    }
    let age = |o: &Value| match o.meta()["creationTimestamp"].time() {
        Some(made) => clock::duration_short(now.since(made)),
        None => "<unknown>".to_owned(),
    };
    let row = |o: &Value| value!({"cells": [(o.name()), (age(o))], "object": (o)});
    let rows: Vec<Value> = match t.find("items").and_then(Value::as_list) {
        Some(items) => items.iter().map(row).collect(),
        None => vec![row(t)],
    };
    value!({
        "kind": "Table",
        "columnDefinitions": [{"name": "Name", "format": "name", "priority": 0}, {"name": "Age", "priority": 0}],
        "rows": (Value::List(rows.into())),
    })
}

async fn generic(k: &Kubectl, args: &Args, find: &Find, printer: &Printer) -> Result<()> {
    let (mut infos, errors, single) = k.infos(find).await?;
    let ignore = args.is("ignore-not-found");
    let mut errors: Vec<Error> = errors.into_iter().filter(|e| !(ignore && e.is_not_found())).collect();
    if single && !errors.is_empty() {
        return Err(errors.remove(0));
    }
    if infos.is_empty() && ignore {
        return Error::of_all(errors);
    }
    let sort_by = args.text("sort-by");
    if !sort_by.is_empty() {
        let objects: Vec<Value> = infos.iter().map(|i| i.object.clone()).collect();
        let order = sort::order(&objects, sort_by)?;
        infos = order.into_iter().map(|i| infos[i].clone()).collect();
    }
    let object = if single && infos.len() == 1 {
        infos.remove(0).object
    } else {
        let items: Vec<Value> = infos.into_iter().map(|i| i.object).collect();
        value!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": (Value::List(items.into()))})
    };
    match printer.print(&object, "") {
        Ok(text) => k.out(&text),
        Err(e) => errors.push(e),
    }
    Error::of_all(errors)
}

async fn watch(k: &Kubectl, args: &Args, mut find: Find, printer: &Printer) -> Result<()> {
    find.single_type = true;
    let sources = k.sources(&find).await?;
    Error::of_all(sources.errors)?;
    let Some(source) = sources.all.first() else { return Ok(()) };
    if sources.all.len() > 1 {
        return Err(Error::text(
            "watch is only supported on individual resources and resource collections - more than 1 resource was found",
        ));
    }
    let human = printer.is_human();
    let wide = matches!(printer.format, crate::printers::Format::Wide);
    let table = if human { TableOf::Metadata } else { TableOf::No };
    let first = match fetch(k, source, &find.subresource, table).await {
        Ok(v) => v,
        Err(e) if e.is_not_found() && args.is("ignore-not-found") => return Ok(()),
        Err(e) => return Err(e),
    };
    let mut rows = TablePrinter::new(table_options(args, &find, source, wide, false));
    let mut aligned = TabWriter::for_tables();
    let events = args.is("output-watch-events");
    let name = |kind: &str| events.then(|| kind.to_owned());
    let mut show = |object: &Value, kind: &str| -> Result<()> {
        if human {
            let mut text = String::new();
            rows.print(&as_table(object, k.client.now()), name(kind).as_deref(), &mut text);
            aligned.write(&text);
            k.out(&aligned.flush());
        } else if events {
            k.out(&printer.print(&value!({"type": (kind), "object": (object)}), "")?);
        } else {
            k.out(&printer.print(object, "")?);
        }
        Ok(())
    };
    if !args.is("watch-only") {
        match first.find("items").and_then(Value::as_list).filter(|_| !human) {
            Some(items) => {
                for i in items.iter() {
                    show(&crate::session::typed(i, resource_of(source)), "ADDED")?;
                }
            }
            None => show(&first, "ADDED")?,
        }
    }
    let mut r = ask(source, "", table);
    r.verb = Verb::Watch;
    if let Source::Named(i) | Source::File(i) = source {
        r.options.field_selector = format!("metadata.name={}", i.name).into();
        r.name = objects::Str::default();
    }
    r.options.resource_version = Some(revision(&first));
    let mut stream = k.watch(r).await?;
    let until = k.request_timeout.map(|t| k.client.now() + t);
    loop {
        let next = match until {
            None => stream.next().await,
            Some(until) => stream.next_within(until.since(k.client.now()).max(0)).await.unwrap_or_default(),
        };
        let Some(e) = next else { break };
        match e.kind.as_str() {
            "BOOKMARK" => {}
            "ERROR" => {
                return Err(Error::text(format!("an error on the server: {}", e.object["message"].text())));
            }
            kind => show(&e.object, kind)?,
        }
    }
    Ok(())
}

/// Where a watch behind this listing begins.
fn revision(first: &Value) -> u64 {
    let listed = first.revision();
    if listed != 0 || first.kind() != "Table" {
        return listed;
    }
    first["rows"].items().iter().map(|r| r["object"].revision()).max().unwrap_or(0)
}
