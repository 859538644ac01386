//! `kubectl label` and `kubectl annotate`: the same walk over another map of the metadata.
//!
//! Models `k8s.io/kubectl/pkg/cmd/label` and `cmd/annotate`.

use client::{Body, PatchType, Verb};
use objects::Value;

use crate::command::{ALL_NAMESPACES, Command, DRY_RUN, FIELD_MANAGER, FILES, OUTPUT, SELECTOR};
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag};
use crate::printers::Printer;
use crate::session::{DryRun, Kubectl, request};
use crate::verbs::create::manager;

static FLAGS: &[Flag] = &[
    flag("all", Kind::Bool, "false", "every object of the type in the namespace"),
    flag("field-selector", Kind::Text, "", "selector over fields"),
    flag("list", Kind::Bool, "false", "show what is there"),
    flag("local", Kind::Bool, "false", "do not ask the server; needs -f"),
    flag("overwrite", Kind::Bool, "false", "replace values that are there"),
    flag("resource-version", Kind::Text, "", "only when the object is at this version"),
];

pub static LABEL: Command = Command {
    name: "label",
    usage: "[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N",
    short: "Set, change or remove labels",
    flags: &[FLAGS, FILES, SELECTOR, ALL_NAMESPACES, DRY_RUN, OUTPUT, FIELD_MANAGER],
    run: Some(|k, a| Box::pin(run(k, a, true))),
    ..Command::NONE
};

pub static ANNOTATE: Command = Command {
    name: "annotate",
    usage: "[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N",
    short: "Set, change or remove annotations",
    flags: &[FLAGS, FILES, SELECTOR, ALL_NAMESPACES, DRY_RUN, OUTPUT, FIELD_MANAGER],
    run: Some(|k, a| Box::pin(run(k, a, false))),
    ..Command::NONE
};

struct Changes {
    set: Vec<(String, String)>,
    remove: Vec<String>,
}

/// Splits arguments into resources and `key=value` or `key-`.
///
/// # Errors
/// A resource behind a change.
pub fn resources_and_pairs(args: &[String], what: &str) -> Result<(Vec<String>, Vec<String>)> {
    let (mut resources, mut pairs) = (Vec::new(), Vec::new());
    for s in args {
        let pair = (s.contains('=') && !s.starts_with('=')) || (s.ends_with('-') && s != "-");
        match (pair, pairs.is_empty()) {
            (true, _) => pairs.push(s.clone()),
            (false, true) => resources.push(s.clone()),
            (false, false) => {
                return fail(format!("all resources must be specified before {what} changes: {s}"));
            }
        }
    }
    Ok((resources, pairs))
}

fn read(pairs: &[String], labels: bool) -> Result<Changes> {
    let what = if labels { "label" } else { "annotation" };
    let mut c = Changes { set: Vec::new(), remove: Vec::new() };
    for p in pairs {
        if let Some((key, v)) = p.split_once('=').filter(|(key, _)| !key.is_empty()) {
            if labels {
                if v.contains('=') {
                    return fail(format!("invalid label spec: {p}"));
                }
                if let Some(why) = invalid_label_value(v) {
                    return fail(format!("invalid label value: \"{p}\": {why}"));
                }
            }
            c.set.retain(|(old, _)| old != key);
            c.set.push((key.to_owned(), v.to_owned()));
        } else if let Some(key) = p.strip_suffix('-').filter(|key| !key.is_empty()) {
            c.remove.push(key.to_owned());
        } else if labels {
            return fail(format!("unknown label spec: {p}"));
        } else {
            return fail(format!("invalid annotation format: {p}"));
        }
    }
    if let Some(both) = c.remove.iter().find(|r| c.set.iter().any(|(key, _)| key == *r)) {
        return if labels {
            fail("can not both modify and remove a label in the same command")
        } else {
            fail(format!(
                "can not both modify and remove the following {what}(s) in the same command: {both}"
            ))
        };
    }
    Ok(c)
}

fn invalid_label_value(v: &str) -> Option<&'static str> {
    if v.len() > 63 {
        return Some("must be no more than 63 characters");
    }
    let alnum = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let body = v.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if v.is_empty() || (body && alnum(v.bytes().next()) && alnum(v.bytes().last())) {
        return None;
    }
    Some(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    )
}

async fn run(k: &Kubectl, args: &Args, labels: bool) -> Result<()> {
    let (what, field) = if labels { ("label", "labels") } else { ("annotation", "annotations") };
    let (resources, pairs) = resources_and_pairs(&args.args, what)?;
    let list = args.is("list");
    let dry = DryRun::of(k, args)?;
    let printer = Printer::of(k, args)?;
    let changes = read(&pairs, labels)?;
    let local = args.is("local");
    let find = Find { args: resources, latest: !local, local, all_of_type: true, ..Find::of(args) };
    if list && !args.text("output").is_empty() {
        return fail("--list and --output may not be specified together");
    }
    for other in ["selector", "field-selector"] {
        if args.is("all") && !args.text(other).is_empty() {
            return fail(format!("cannot set --all and --{other} at the same time"));
        }
    }
    if local {
        if dry == DryRun::Server {
            return fail("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
        }
        if !find.args.is_empty() {
            return fail(
                "can only use local files by -f pod.yaml or --filename=pod.json when --local=true is set",
            );
        }
        if !find.has_files() {
            return fail("one or more files must be specified as -f pod.yaml or --filename=pod.json");
        }
    } else if find.is_empty() {
        return fail("one or more resources must be specified as <resource> <name> or <resource>/<name>");
    }
    if pairs.is_empty() && !list {
        return fail(format!("at least one {what} update is required"));
    }
    let (infos, mut errors, single) = k.infos(&find).await?;
    let version = args.text("resource-version");
    if infos.len() > 1 && !version.is_empty() {
        return fail("--resource-version may only be used with a single resource");
    }
    for i in infos {
        if list {
            let indent = if single {
                ""
            } else {
                k.say(format!("Listing {field} for {}.{}/{}:", i.resource.kind, i.resource.group, i.name));
                " "
            };
            for (key, v) in i.object.meta()[field].entries() {
                k.say(format!("{indent}{key}={}", v.text()));
            }
            continue;
        }
        let old = i.object.meta()[field].clone();
        if !args.is("overwrite") {
            let lead = if labels {
                ""
            } else {
                "--overwrite is false but found the following declared annotation(s): "
            };
            let clash: Vec<Error> = changes
                .set
                .iter()
                .filter_map(|(key, v)| {
                    let was = old.find(key)?.text();
                    let text = format!("{lead}'{key}' already has a value ({was})");
                    let tail = if labels { ", and --overwrite is false" } else { "" };
                    (was != v).then(|| Error::Text(text + tail))
                })
                .collect();
            if !clash.is_empty() {
                errors.extend(clash);
                continue;
            }
        }
        let mut delta = Value::map();
        let mut new = old.clone();
        for (key, v) in &changes.set {
            if old[key.as_str()] != v.as_str() {
                delta.set(key, v);
            }
            new.set(key, v);
        }
        for key in &changes.remove {
            if old.find(key).is_some() {
                delta.set(key, Value::Null);
                new.remove(key);
            } else if labels && dry != DryRun::Client && !local {
                k.say(format!("label \"{key}\" not found."));
            }
        }
        let done = if !labels {
            "annotated"
        } else if delta.is_zero() {
            "not labeled"
        } else if !args.is("overwrite")
            && objects::json::to_string(&new).len() < objects::json::to_string(&old).len()
        {
            "unlabeled"
        } else {
            "labeled"
        };
        let mut object = i.object.clone();
        if dry == DryRun::Client || args.is("local") {
            object.set_at(&["metadata", field], new);
        } else if !delta.is_zero() || !version.is_empty() {
            let mut body = Value::map();
            body.set_at(&["metadata", field], delta);
            if !version.is_empty() {
                body.set_at(&["metadata", "resourceVersion"], version);
            }
            let mut r = request(Verb::Patch, &i.resource, &i.namespace)
                .named(i.name.clone())
                .patch(PatchType::Merge, Body::Object(body));
            r.options.dry_run = dry == DryRun::Server;
            r.options.field_manager =
                manager(args, if labels { "kubectl-label" } else { "kubectl-annotate" }).into();
            match k.call(r).await {
                Ok(answer) => object = answer.object,
                Err(e) => {
                    errors.push(e);
                    continue;
                }
            }
        }
        k.out(&printer.print(&object, &format!("{done}{}", dry.suffix()))?);
    }
    Error::of_all(errors)
}
