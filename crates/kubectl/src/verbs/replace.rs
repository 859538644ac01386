//! `kubectl replace`
//!
//! Models `k8s.io/kubectl/pkg/cmd/replace`.

use client::Verb;

use crate::command::{Command, DRY_RUN, FIELD_MANAGER, FILES, OUTPUT, VALIDATE, usage_error};
use crate::error::{Error, Result, fail};
use crate::finder::{Find, Source};
use crate::flags::{Args, Flag, Kind, flag};
use crate::printers::Printer;
use crate::session::{DryRun, Kubectl, request, validation, write_options};
use crate::verbs::create::{LAST_APPLIED, SAVE_CONFIG, annotate_last_applied, manager};
use crate::verbs::delete::{Deletion, delete, wait_gone};

static FLAGS: &[Flag] = &[
    flag("cascade", Kind::Optional("background"), "background", "with --force: what becomes of dependents"),
    flag("force", Kind::Bool, "false", "delete and create again"),
    flag("grace-period", Kind::Int, "-1", "with --force: seconds given to end"),
    flag("raw", Kind::Text, "", "path of the server to send the file to as it is"),
    flag("subresource", Kind::Text, "", "status, scale or resize"),
    flag("timeout", Kind::Duration, "0s", "with --force: how long to wait"),
    flag("wait", Kind::Bool, "false", "with --force: wait until the old is gone"),
];

pub static COMMAND: Command = Command {
    name: "replace",
    usage: "-f FILENAME",
    short: "Put a manifest in the place of an object",
    flags: &[FLAGS, FILES, DRY_RUN, OUTPUT, VALIDATE, FIELD_MANAGER, SAVE_CONFIG],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let find = Find { args: Vec::new(), ..Find::of(args) };
    if !args.text("raw").is_empty() {
        return super::raw::send(k, args, &find, "PUT").await;
    }
    if !find.has_files() {
        return fail("must specify one of -f and -k");
    }
    if !args.args.is_empty() {
        return Err(usage_error(args, &format!("Unexpected args: [{}]", args.args.join(" "))));
    }
    let force = args.is("force");
    if args.int("grace-period") >= 0 && !force {
        return fail("--grace-period must have --force specified");
    }
    if args.millis("timeout") != 0 && !force {
        return fail("--timeout must have --force specified");
    }
    let dry = DryRun::of(k, args)?;
    let validation = validation(args)?;
    let printer = Printer::of(k, args)?;
    let sources = k.sources(&find).await?;
    let mut errors = sources.errors;
    let mut count = 0;
    for s in sources.all {
        let Source::File(mut i) = s else { continue };
        count += 1;
        if force {
            let how = Deletion {
                grace: args.int("grace-period"),
                propagation: client::Propagation::Background,
                dry,
                quiet: false,
                only_names: false,
            };
            match delete(k, &i, &how).await {
                Ok(uid) if dry == DryRun::None => {
                    let timeout = if args.millis("timeout") > 0 { args.millis("timeout") } else { 300_000 };
                    wait_gone(k, &[((*i).clone(), uid)], timeout).await?;
                }
                Ok(_) => {}
                Err(e) if e.is_not_found() => {}
                Err(e) => {
                    errors.push(e);
                    continue;
                }
            }
        }
        if args.is("save-config") || !i.object.annotations()[LAST_APPLIED].is_null() {
            annotate_last_applied(&mut i.object);
        }
        if dry == DryRun::Client {
            k.out(&printer.print(&i.object, "replaced (dry run)")?);
            continue;
        }
        let verb = if force { Verb::Create } else { Verb::Update };
        let mut body = i.object.clone();
        if !force && body.meta()["resourceVersion"].is_null() {
            match k.get(&i.resource, &i.namespace, &i.name).await {
                Ok(live) => {
                    body.set_at(&["metadata", "resourceVersion"], live.meta()["resourceVersion"].clone())
                }
                Err(e) => {
                    errors.push(e.when("replacing", &i.source).unvalidated(&i.source, validation));
                    continue;
                }
            }
        }
        let mut r = request(verb, &i.resource, &i.namespace).object(body);
        if !force {
            r = r.named(i.name.clone());
        }
        r.subresource = args.text("subresource").into();
        write_options(&mut r.options, manager(args, "kubectl-replace"), validation, dry);
        match k.call(r).await {
            Ok(answer) => k.out(&printer.print(&answer.object, &format!("replaced{}", dry.suffix()))?),
            Err(e) => errors.push(
                e.when(if force { "creating" } else { "replacing" }, &i.source)
                    .unvalidated(&i.source, validation),
            ),
        }
    }
    if errors.is_empty() && count == 0 {
        return fail("no objects passed to replace");
    }
    Error::of_all(errors)
}
