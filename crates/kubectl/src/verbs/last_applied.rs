//! `kubectl apply view-last-applied|set-last-applied|edit-last-applied`
//!
//! Models `k8s.io/kubectl/pkg/cmd/apply` apply_view_last_applied.go, apply_set_last_applied.go.

use client::{Body, PatchType, Verb};
use objects::{Value, json, yaml};

use crate::command::{Command, DRY_RUN, FIELD_MANAGER, FILES, OUTPUT, SELECTOR};
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::printers::Printer;
use crate::session::{DryRun, Kubectl, request};
use crate::verbs::create::LAST_APPLIED;

static VIEW_FLAGS: &[Flag] = &[
    short('o', "output", Kind::Text, "yaml", "yaml or json"),
    flag("all", Kind::Bool, "false", "every object of the type"),
];
static SET_FLAGS: &[Flag] =
    &[flag("create-annotation", Kind::Bool, "false", "make the annotation where there is none")];

pub static VIEW: Command = Command {
    name: "view-last-applied",
    usage: "(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)",
    short: "Show what apply remembers",
    flags: &[VIEW_FLAGS, FILES, SELECTOR],
    run: Some(|k, a| Box::pin(view(k, a))),
    ..Command::NONE
};

pub static SET: Command = Command {
    name: "set-last-applied",
    usage: "-f FILENAME",
    short: "Make apply remember a manifest",
    flags: &[SET_FLAGS, FILES, DRY_RUN, OUTPUT],
    run: Some(|k, a| Box::pin(set(k, a))),
    ..Command::NONE
};

pub static EDIT: Command = Command {
    name: "edit-last-applied",
    usage: "(RESOURCE/NAME | -f FILENAME)",
    short: "Change what apply remembers, in an editor",
    flags: &[FILES, OUTPUT, FIELD_MANAGER],
    run: Some(|k, a| Box::pin(super::edit::last_applied(k, a))),
    ..Command::NONE
};

async fn view(k: &Kubectl, args: &Args) -> Result<()> {
    let output = args.text("output");
    if !["yaml", "json"].contains(&output) {
        return fail(format!(
            "Unexpected -o output mode: {output}, the flag 'output' must be one of yaml|json\nSee 'kubectl apply view-last-applied -h' for help and examples"
        ));
    }
    let find = Find { latest: true, type_is_enough: args.is("all"), all: false, ..Find::of(args) };
    let (infos, errors, _) = k.infos(&find).await?;
    Error::of_all(errors)?;
    for i in infos {
        let text = i.object.annotations()[LAST_APPLIED].text();
        if text.is_empty() {
            // Upstream wraps no error here, which ends the walk without a word.
            return Ok(());
        }
        let v = json::parse(text).map_err(|e| Error::text(e.to_string()))?;
        k.out(&if output == "json" { format!("{}\n", json::to_pretty(&v, "  ")) } else { yaml::emit(&v) });
    }
    Ok(())
}

async fn set(k: &Kubectl, args: &Args) -> Result<()> {
    let dry = DryRun::of(k, args)?;
    let printer = Printer::of(k, args)?;
    let find = Find { args: Vec::new(), ..Find::of(args) };
    let (infos, errors, _) = k.infos(&find).await?;
    Error::of_all(errors)?;
    for i in infos {
        let live = k.get(&i.resource, &i.namespace, &i.name).await?;
        if live.annotations()[LAST_APPLIED].is_null() && !args.is("create-annotation") {
            return fail(format!(
                "no last-applied-configuration annotation found on resource: {}, to create the annotation, run the command with --create-annotation",
                i.name
            ));
        }
        let mut object = live.clone();
        // As it stands in the file: `apply` adds that there are no annotations, this does not.
        let text = format!("{}\n", json::to_string(&i.object));
        if json::parse(live.annotations()[LAST_APPLIED].text()).as_ref() == Ok(&i.object) {
            k.say(format!("set-last-applied {}: no changes required.", i.name));
            continue;
        }
        if dry != DryRun::Client {
            let mut patch = Value::map();
            patch.set_at(&["metadata", "annotations", LAST_APPLIED], text);
            let mut r = request(Verb::Patch, &i.resource, &i.namespace)
                .named(i.name.clone())
                .patch(PatchType::Merge, Body::Object(patch));
            r.options.dry_run = dry == DryRun::Server;
            object = k.call(r).await?.object;
        }
        k.out(&printer.print(&object, &format!("configured{}", dry.suffix()))?);
    }
    Ok(())
}
