//! `kubectl edit`, `create --edit`, `apply edit-last-applied`: objects in the learner's editor.
//!
//! Models `k8s.io/kubectl/pkg/cmd/util/editor`. Not modelled: `--windows-line-endings`.

use client::{Body, PatchType, Verb};
use objects::{Reason, Value, json, yaml};

use crate::command::{Command, FIELD_MANAGER, FILES, OUTPUT, VALIDATE};
use crate::error::{Error, Result, fail};
use crate::finder::{Find, Info, Source};
use crate::flags::{Args, Flag, Kind, flag};
use crate::printers::{Printer, without_managed};
use crate::session::{DryRun, Kubectl, request, validation, write_options};
use crate::verbs::create::{LAST_APPLIED, SAVE_CONFIG, manager};
use objects::patch::merge_patch;

static FLAGS: &[Flag] = &[
    flag("output-patch", Kind::Bool, "false", "print the patch"),
    flag("subresource", Kind::Text, "", "status, scale or resize"),
    flag("windows-line-endings", Kind::Bool, "false", "accepted, not simulated"),
];

pub static COMMAND: Command = Command {
    name: "edit",
    usage: "(RESOURCE/NAME | -f FILENAME)",
    short: "Change an object in an editor",
    flags: &[FLAGS, FILES, OUTPUT, VALIDATE, FIELD_MANAGER, SAVE_CONFIG],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

const HEADER: &str = "# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
";

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let find = Find {
        latest: true,
        type_is_enough: true,
        subresource: args.text("subresource").to_owned(),
        ..Find::of(args)
    };
    let (infos, errors, _) = k.infos(&find).await?;
    Error::of_all(errors)?;
    if infos.is_empty() {
        return fail("edit cancelled, no objects found");
    }
    let printer = Printer::of(k, args)?;
    let as_json = args.text("output") == "json";
    let whole = bundle(&infos);
    let save = async |edited: Value| -> Result<()> {
        let mut errors = Vec::new();
        for (i, new) in infos.iter().zip(unbundle(&edited, infos.len())) {
            if let Err(e) = update(k, args, i, &new, &printer).await {
                errors.push(complaint(k, i, e));
            }
        }
        // One reason is enough to open the file again.
        errors.into_iter().next().map_or(Ok(()), Err)
    };
    session(k, &whole, as_json, save).await
}

fn bundle(infos: &[Info]) -> Value {
    let shown = |i: &Info| without_managed(&i.object);
    match infos {
        [one] => shown(one),
        many => {
            let items: Vec<Value> = many.iter().map(shown).collect();
            objects::value!({"apiVersion": "v1", "kind": "List", "items": (Value::List(items.into()))})
        }
    }
}

fn unbundle(edited: &Value, count: usize) -> Vec<Value> {
    if count == 1 { vec![edited.clone()] } else { edited["items"].items().to_vec() }
}

async fn update(k: &Kubectl, args: &Args, i: &Info, new: &Value, printer: &Printer) -> Result<()> {
    let old = without_managed(&i.object);
    if new.name() != old.name() || new.kind() != old.kind() || new.api_version() != old.api_version() {
        return fail("At least one of apiVersion, kind and name was changed");
    }
    let patch = merge_patch::create(&old, new);
    if patch.is_zero() {
        k.out(&printer.print(&i.object, "skipped")?);
        return Ok(());
    }
    if args.is("output-patch") {
        k.say(format!("Patch: {}", json::to_string(&patch)));
    }
    let mut r = request(Verb::Patch, &i.resource, &i.namespace)
        .named(i.name.clone())
        .patch(PatchType::Merge, Body::Object(patch));
    r.subresource = args.text("subresource").into();
    write_options(&mut r.options, manager(args, "kubectl-edit"), validation(args)?, DryRun::None);
    let answer = k.call(r).await?.object;
    k.out(&printer.print(&answer, "edited")?);
    Ok(())
}

fn editor(k: &Kubectl) -> String {
    let named = |name: &str| k.io.env(name).filter(|e| !e.is_empty());
    named("KUBE_EDITOR").or_else(|| named("EDITOR")).unwrap_or_else(|| "vi".into())
}

fn stripped(text: &str) -> String {
    text.lines().filter(|l| !l.trim_start().starts_with('#')).map(|l| format!("{l}\n")).collect()
}

/// Opens the editor until what it leaves is accepted, the same as before, or empty.
async fn session(
    k: &Kubectl,
    whole: &Value,
    as_json: bool,
    save: impl AsyncFn(Value) -> Result<()>,
) -> Result<()> {
    let original = if as_json { format!("{}\n", json::to_pretty(whole, "    ")) } else { yaml::emit(whole) };
    let path = format!(
        "/tmp/kubectl-edit-{}.{}",
        1_000_000 + k.client.now().0 % 9_000_000,
        if as_json { "json" } else { "yaml" }
    );
    let command = editor(k);
    let mut text = format!("{HEADER}{original}");
    let mut failed = false;
    loop {
        k.io.write(&path, text.as_bytes()).map_err(|e| Error::text(e.text()))?;
        if let Err(e) =
            k.io.run_editor(&command, &path)
                .await
                .and_then(|code| if code == 0 { Ok(()) } else { Err(format!("exit status {code}")) })
        {
            let name = command.split(' ').next().unwrap_or(&command);
            let _ = k.io.remove(&path);
            return fail(format!(
                "there was a problem with the editor \"{name}\"{}",
                if e.contains("exit status") { String::new() } else { format!(": {e}") }
            ));
        }
        let bytes = k.io.read(&path).map_err(|e| Error::text(e.text()))?;
        let edited = stripped(&String::from_utf8_lossy(&bytes));
        if failed && edited == stripped(&text) {
            k.complain(format!("A copy of your changes has been stored to \"{path}\""));
            return fail("Edit cancelled, no valid changes were saved.");
        }
        if edited.trim().is_empty() {
            let _ = k.io.remove(&path);
            k.complain("Edit cancelled, saved file was empty.");
            return Ok(());
        }
        if edited == original {
            let _ = k.io.remove(&path);
            k.complain("Edit cancelled, no changes made.");
            return Ok(());
        }
        let notes = match yaml::load(&edited) {
            Err(e) => format!("The edited file had a syntax error: {e}"),
            Ok(d) => match save(d.value).await {
                Ok(()) => {
                    let _ = k.io.remove(&path);
                    return Ok(());
                }
                Err(Error::Text(t)) => {
                    k.complain(format!("A copy of your changes has been stored to \"{path}\""));
                    return fail(t);
                }
                Err(e) if e.is(Reason::Invalid) => reasons(&e),
                Err(e) if e.is_not_found() => {
                    k.complain(format!(
                        "The edits you made on deleted resources have been saved to \"{path}\""
                    ));
                    return Err(Error::Exit(1));
                }
                Err(_) => {
                    k.complain(format!("You can run `kubectl replace -f {path}` to try this update again."));
                    return Err(Error::Exit(1));
                }
            },
        };
        let comments: String = notes.lines().map(|l| format!("# {l}\n")).collect();
        text = format!("{HEADER}{comments}#\n{edited}");
        failed = true;
    }
}

/// What was wrong, for the top of the file.
fn reasons(e: &Error) -> String {
    let Error::Status(s) = e else { return e.message() };
    let mut out = format!("{} \"{}\" was not valid:", s.kind, s.name);
    for c in &s.causes {
        out.push_str(&format!("\n* {}: {}", c.field, c.message));
    }
    out
}

/// Says at once what became of an object that could not be saved.
fn complaint(k: &Kubectl, i: &Info, e: Error) -> Error {
    if matches!(e, Error::Text(_)) {
        return e;
    }
    let what = format!("{} \"{}\"", i.resource.id, i.name);
    k.complain(match &e {
        e if e.is(Reason::Invalid) => format!("error: {what} is invalid"),
        e if e.is_not_found() => format!("error: {what} could not be found on the server"),
        e => format!("error: {what} could not be patched: {}", e.message()),
    });
    e
}

/// `create --edit`
///
/// # Errors
/// As `create`.
pub async fn create_edited(k: &Kubectl, args: &Args, find: &Find) -> Result<()> {
    let sources = k.sources(find).await?;
    Error::of_all(sources.errors)?;
    let printer = Printer::of(k, args)?;
    let infos: Vec<Info> = sources
        .all
        .into_iter()
        .filter_map(|s| if let Source::File(i) = s { Some(*i) } else { None })
        .collect();
    if infos.is_empty() {
        return fail("edit cancelled, no objects found");
    }
    let save = async |edited: Value| -> Result<()> {
        for (i, new) in infos.iter().zip(unbundle(&edited, infos.len())) {
            let mut r = request(Verb::Create, &i.resource, &i.namespace).object(new);
            write_options(&mut r.options, manager(args, "kubectl-create"), validation(args)?, DryRun::None);
            let answer = k.call(r).await.map_err(|e| e.when("creating", &i.source))?.object;
            k.out(&printer.print(&answer, "created")?);
        }
        Ok(())
    };
    session(k, &bundle(&infos), args.text("output") == "json", save).await
}

/// `apply edit-last-applied`
///
/// # Errors
/// As `edit`.
pub async fn last_applied(k: &Kubectl, args: &Args) -> Result<()> {
    let find = Find { latest: true, ..Find::of(args) };
    let (infos, errors, _) = k.infos(&find).await?;
    Error::of_all(errors)?;
    let printer = Printer::of(k, args)?;
    for i in &infos {
        let text = i.object.annotations()[LAST_APPLIED].text();
        if text.is_empty() {
            return fail(
                "no last-applied-configuration annotation found on resources, to create the annotation, use command `kubectl apply set-last-applied --create-annotation`",
            );
        }
        let whole = json::parse(text).map_err(|e| Error::text(e.to_string()))?;
        let save = async |edited: Value| -> Result<()> {
            let mut patch = Value::map();
            patch.set_at(
                &["metadata", "annotations", LAST_APPLIED],
                format!("{}\n", json::to_string(&edited)),
            );
            let r = request(Verb::Patch, &i.resource, &i.namespace)
                .named(i.name.clone())
                .patch(PatchType::Merge, Body::Object(patch));
            let answer = k.call(r).await?.object;
            k.out(&printer.print(&answer, "edited")?);
            Ok(())
        };
        session(k, &whole, false, save).await?;
    }
    Ok(())
}
