//! `kubectl patch`
//!
//! Models `k8s.io/kubectl/pkg/cmd/patch`.

use client::{Body, PatchType, Verb};
use objects::json;

use crate::command::{Command, DRY_RUN, FIELD_MANAGER, FILES, OUTPUT};
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::printers::Printer;
use crate::session::{DryRun, Kubectl, request};
use crate::verbs::create::manager;

static FLAGS: &[Flag] = &[
    flag("local", Kind::Bool, "false", "only print; needs -f"),
    short('p', "patch", Kind::Text, "", "the patch, as JSON or YAML"),
    flag("patch-file", Kind::Text, "", "file with the patch"),
    flag("subresource", Kind::Text, "", "status, scale or resize"),
    flag("type", Kind::Text, "strategic", "strategic, merge or json"),
];

pub static COMMAND: Command = Command {
    name: "patch",
    usage: "(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]",
    short: "Change single fields of an object",
    flags: &[FLAGS, FILES, DRY_RUN, OUTPUT, FIELD_MANAGER],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let text = match (args.text("patch"), args.text("patch-file")) {
        ("", "") => return fail("must specify --patch or --patch-file containing the contents of the patch"),
        (p, "") => p.to_owned(),
        ("", file) => match k.io.read(file) {
            Ok(b) => String::from_utf8_lossy(&b).into_owned(),
            Err(e) => return fail(format!("unable to read patch file: open {file}: {}", e.text())),
        },
        _ => return fail("cannot specify --patch and --patch-file together"),
    };
    let kind = match args.text("type") {
        "strategic" => PatchType::Strategic,
        "merge" => PatchType::Merge,
        "json" => PatchType::Json,
        other => return fail(format!("--type must be one of [json merge strategic], not \"{other}\"")),
    };
    let dry = DryRun::of(k, args)?;
    let local = args.is("local");
    if local && args.list("filename").is_empty() {
        return fail("--local can only be specified with --filename");
    }
    // JSON goes as typed: what is wrong with it is for the server to say.
    let patch = if text.trim_start().starts_with('{') {
        text
    } else {
        match objects::yaml::load(&text) {
            Ok(d) => json::to_string(&d.value),
            Err(e) => return fail(format!("unable to parse \"{text}\": {e}")),
        }
    };
    let printer = Printer::of(k, args)?;
    let find =
        Find { local, latest: !local, subresource: args.text("subresource").to_owned(), ..Find::of(args) };
    let (infos, mut errors, _) = k.infos(&find).await?;
    let count = infos.len();
    for i in infos {
        if local || dry == DryRun::Client {
            let body = json::parse(&patch).map_err(|e| match kind {
                PatchType::Strategic => Error::text("invalid JSON document"),
                _ => Error::text(e.to_string()),
            })?;
            let new = match kind {
                PatchType::Merge => objects::patch::merge_patch::apply(&i.object, &body),
                PatchType::Json => objects::patch::json_patch::apply(&i.object, &body)
                    .map_err(|e| Error::text(e.to_string()))?,
                _ => crate::verbs::apply::patched(&i.resource, &i.object, &body),
            };
            let done = if new == i.object { "patched (no change)" } else { "patched" };
            k.out(&printer.print(&new, done)?);
            continue;
        }
        let mut r = request(Verb::Patch, &i.resource, &i.namespace)
            .named(i.name.clone())
            .patch(kind, Body::Text(patch.clone()));
        r.subresource = args.text("subresource").into();
        r.options.field_manager = manager(args, "kubectl-patch").into();
        r.options.dry_run = dry == DryRun::Server;
        match k.call(r).await {
            Ok(answer) => {
                let done = if answer.object == i.object { "patched (no change)" } else { "patched" };
                k.out(&printer.print(&answer.object, done)?);
            }
            Err(e) => errors.push(e),
        }
    }
    Error::of_all(errors)?;
    if count == 0 { fail("no objects passed to patch") } else { Ok(()) }
}
