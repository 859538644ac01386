//! `kubectl delete`, and its waiting for objects to be gone.
//!
//! Models `k8s.io/kubectl/pkg/cmd/delete` and `cmd/wait` IsDeleted. Not modelled: `--raw` with a body.

use client::Verb;
use clock::Millis;
use objects::{Reason, Str};

use crate::command::{ALL_NAMESPACES, Command, DRY_RUN, FILES, SELECTOR};
use crate::error::{Error, Result, fail};
use crate::finder::{Find, Info, Source, kind_name, unlistable};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::{DryRun, Kubectl, request};

static FLAGS: &[Flag] = &[
    flag("all", Kind::Bool, "false", "every object of the type in the namespace"),
    flag(
        "cascade",
        Kind::Optional("background"),
        "background",
        "background, foreground or orphan: what becomes of dependents",
    ),
    flag("field-selector", Kind::Text, "", "selector over fields"),
    flag("force", Kind::Bool, "false", "do not wait for graceful deletion"),
    flag("grace-period", Kind::Int, "-1", "seconds given to end; -1: the object's own"),
    flag("ignore-not-found", Kind::Bool, "false", "a missing object is no error"),
    short('i', "interactive", Kind::Bool, "false", "ask before deleting"),
    flag("now", Kind::Bool, "false", "as --grace-period=1"),
    short('o', "output", Kind::Text, "", "name"),
    flag("raw", Kind::Text, "", "path to send a DELETE to"),
    flag("timeout", Kind::Duration, "0s", "how long to wait"),
    flag("wait", Kind::Bool, "true", "wait until the objects are gone"),
];

pub static COMMAND: Command = Command {
    name: "delete",
    usage: "([-f FILENAME] | TYPE [(NAME | -l label | --all)])",
    short: "Remove objects, named or chosen by labels",
    flags: &[FLAGS, FILES, SELECTOR, ALL_NAMESPACES, DRY_RUN],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

/// How objects are deleted.
pub struct Deletion {
    pub grace: i64,
    pub propagation: client::Propagation,
    pub dry: DryRun,
    pub quiet: bool,
    pub only_names: bool,
}

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let find = Find::of(args);
    let mut ignore = args.is("ignore-not-found");
    if (find.all || find.selector.is_some() || find.field_selector.is_some())
        && !args.changed("ignore-not-found")
    {
        ignore = true;
    }
    let mut grace = args.int("grace-period");
    let force = args.is("force");
    if args.is("now") {
        if grace != -1 {
            return fail("--now and --grace-period cannot be specified together");
        }
        grace = 1;
    }
    if grace == 0 && !force {
        grace = 1;
    }
    if force && grace < 0 {
        grace = 0;
    }
    let dry = DryRun::of(k, args)?;
    for (bools, word) in [(["true", "True"], "background"), (["false", "False"], "orphan")] {
        if bools.contains(&args.text("cascade")) {
            k.complain(format!(
                "warning: --cascade={} is deprecated (boolean value) and can be replaced with --cascade={word}.",
                args.text("cascade")
            ));
        }
    }
    let propagation = match args.text("cascade") {
        "background" | "true" => client::Propagation::Background,
        "foreground" => client::Propagation::Foreground,
        "orphan" | "false" => client::Propagation::Orphan,
        other => {
            return fail(format!(
                "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
            ));
        }
    };
    if !args.text("raw").is_empty() {
        return super::raw::send(k, args, &find, "DELETE").await;
    }
    let output = args.text("output");
    let sources = k.sources(&find).await?;
    if !output.is_empty() && output != "name" {
        return fail(format!("unexpected -o output mode: {output}. We only support '-o name'"));
    }
    if force && grace == 0 {
        k.warn("Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.");
    } else if force && grace > 0 {
        return fail("--force and --grace-period greater than 0 cannot be specified together");
    }
    let how = Deletion { grace, propagation, dry, quiet: false, only_names: output == "name" };
    let mut errors = sources.errors;
    let mut infos: Vec<Info> = Vec::new();
    for s in sources.all {
        match s {
            Source::Named(i) | Source::File(i) => infos.push(*i),
            Source::Selected { .. } => match k.fetch(&find, s).await {
                Ok(all) => infos.extend(all),
                Err(e) if ignore && e.is_not_found() => {}
                Err(e) => errors.push(e),
            },
        }
    }
    if args.is("interactive") && !infos.is_empty() && !confirmed(k, &infos).await {
        k.say("deletion is cancelled");
        return Ok(());
    }
    let mut found = 0;
    let mut warned = !k.enforce_namespace || find.all_namespaces;
    let mut gone: Vec<(Info, Str)> = Vec::new();
    for info in infos {
        found += 1;
        if !warned && !info.resource.namespaced {
            k.warn("deleting cluster-scoped resources, not scoped to the provided namespace");
            warned = true;
        }
        match delete(k, &info, &how).await {
            Ok(uid) => gone.push((info, uid)),
            Err(e) if ignore && e.is_not_found() => {}
            Err(e) => errors.push(e.when("deleting", &info.source)),
        }
    }
    Error::of_all(errors)?;
    if found == 0 {
        k.say("No resources found");
        return Ok(());
    }
    if !args.is("wait") || dry != DryRun::None {
        return Ok(());
    }
    let timeout = match args.millis("timeout") {
        0 => 168 * 3_600_000,
        t => t,
    };
    wait_gone(k, &gone, timeout).await
}

async fn confirmed(k: &Kubectl, infos: &[Info]) -> bool {
    k.say(format!("You are about to delete the following {} resource(s):", infos.len()));
    for i in infos {
        k.say(i.shown());
    }
    k.out("Do you want to continue? (y/N): ");
    let answer = k.io.stdin_chunk().await.unwrap_or_default();
    String::from_utf8_lossy(&answer).trim().eq_ignore_ascii_case("y")
}

/// Deletes one object and says so; the UID of what was deleted.
///
/// # Errors
/// The server's refusal.
pub async fn delete(k: &Kubectl, info: &Info, how: &Deletion) -> Result<Str> {
    let mut uid = Str::default();
    if how.dry != DryRun::Client {
        let mut r = request(Verb::Delete, &info.resource, &info.namespace).named(info.name.clone());
        r.options.grace_period_seconds = (how.grace >= 0).then_some(how.grace);
        r.options.propagation = Some(how.propagation);
        r.options.dry_run = how.dry == DryRun::Server;
        let answer = k.call(r).await?.object;
        uid = if answer.kind() == "Status" { answer["details"]["uid"].to_str() } else { answer.uid().into() };
    }
    if how.quiet {
        return Ok(uid);
    }
    let kind = kind_name(&info.resource);
    if how.only_names {
        k.say(format!("{kind}/{}", info.name));
        return Ok(uid);
    }
    let mut done = if how.grace == 0 { "force deleted".to_owned() } else { "deleted".to_owned() };
    if info.resource.namespaced {
        done.push_str(&format!(" from {} namespace", info.namespace));
    }
    done.push_str(how.dry.suffix());
    k.say(format!("{kind} \"{}\" {done}", info.name));
    Ok(uid)
}

/// Waits until each object is gone, or another has taken its name.
///
/// # Errors
/// When `timeout` has passed.
pub async fn wait_gone(k: &Kubectl, gone: &[(Info, Str)], timeout: Millis) -> Result<()> {
    let until = k.client.now() + timeout;
    for (info, uid) in gone {
        loop {
            let field = format!("metadata.name={}", info.name);
            let mut r = request(Verb::List, &info.resource, &info.namespace);
            r.options.field_selector = field.as_str().into();
            let list = match k.call(r).await {
                Ok(l) => l.object,
                Err(e) if e.is(Reason::Forbidden) || e.is(Reason::MethodNotAllowed) => return Ok(()),
                Err(e) if e.is_not_found() => break,
                Err(e) => return Err(unlistable(e, &info.resource, "", &field)),
            };
            let Some(live) = list["items"].items().first() else { break };
            if !uid.is_empty() && live.uid() != uid.as_str() {
                break;
            }
            let mut w = request(Verb::Watch, &info.resource, &info.namespace);
            w.options.field_selector = field.into();
            w.options.resource_version = Some(list.revision());
            let mut stream = match k.watch(w).await {
                Ok(s) => s,
                Err(e) if e.is(Reason::Forbidden) => return Ok(()),
                Err(e) => return Err(e),
            };
            loop {
                let left = until.since(k.client.now());
                let timed_out = || {
                    Error::text(format!(
                        "timed out waiting for the condition on {}/{}",
                        info.resource.plural, info.name
                    ))
                };
                if left <= 0 {
                    return Err(timed_out());
                }
                match stream.next_within(left).await {
                    Err(_) => return Err(timed_out()),
                    Ok(None) => break,
                    Ok(Some(e)) if e.kind == "DELETED" => break,
                    Ok(Some(e)) if e.kind == "ERROR" => break,
                    Ok(Some(_)) => {}
                }
            }
        }
    }
    Ok(())
}
