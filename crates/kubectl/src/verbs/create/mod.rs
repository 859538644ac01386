//! `kubectl create`: from manifests, and the generators.
//!
//! Owns: `create -f` and what all generators share. Each generator stands in its own file.
//! Models `k8s.io/kubectl/pkg/cmd/create`.

use client::Verb;
use objects::resources::Resource;
use objects::{Value, json, value};

use crate::command::{Command, DRY_RUN, FIELD_MANAGER, FILES, OUTPUT, SELECTOR, VALIDATE, usage_error};
use crate::error::{Error, Result, fail};
use crate::finder::{Find, Source};
use crate::flags::{Args, Flag, Kind, flag};
use crate::printers::Printer;
use crate::session::{DryRun, Kubectl, request, validation, write_options};

pub mod configmap;
pub mod cronjob;
pub mod deployment;
pub mod ingress;
pub mod job;
pub mod namespace;
pub mod pdb;
pub mod priorityclass;
pub mod quota;
pub mod role;
pub mod rolebinding;
pub mod secret;
pub mod service;
pub mod serviceaccount;
pub mod token;

pub use configmap::{invalid_env_name, key_values, valid_key};

pub static SAVE_CONFIG: &[Flag] =
    &[flag("save-config", Kind::Bool, "false", "keep this configuration in the last-applied annotation")];

static FLAGS: &[Flag] = &[
    flag("edit", Kind::Bool, "false", "edit before creating"),
    flag("windows-line-endings", Kind::Bool, "false", "accepted, not simulated"),
    flag("raw", Kind::Text, "", "path of the server to send the file to as it is"),
];

/// The flags every generator has.
pub static GENERATOR: &[&[Flag]] = &[DRY_RUN, OUTPUT, VALIDATE, FIELD_MANAGER, SAVE_CONFIG];

pub static COMMAND: Command = Command {
    name: "create",
    usage: "-f FILENAME",
    short: "Make new objects, from manifests or by one of the generators below",
    flags: &[FLAGS, FILES, SELECTOR, DRY_RUN, OUTPUT, VALIDATE, FIELD_MANAGER, SAVE_CONFIG],
    run: Some(|k, a| Box::pin(run(k, a))),
    commands: &[
        &role::CLUSTERROLE,
        &rolebinding::CLUSTERROLEBINDING,
        &configmap::COMMAND,
        &cronjob::COMMAND,
        &deployment::COMMAND,
        &ingress::COMMAND,
        &job::COMMAND,
        &namespace::COMMAND,
        &pdb::COMMAND,
        &priorityclass::COMMAND,
        &quota::COMMAND,
        &role::ROLE,
        &rolebinding::ROLEBINDING,
        &secret::COMMAND,
        &service::COMMAND,
        &serviceaccount::COMMAND,
        &token::COMMAND,
    ],
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let find = Find { args: Vec::new(), ..Find::of(args) };
    if !args.text("raw").is_empty() {
        return super::raw::send(k, args, &find, "POST").await;
    }
    if !find.has_files() {
        if !args.args.is_empty() {
            return Err(usage_error(args, &format!("Unexpected args: [{}]", args.args.join(" "))));
        }
        return fail("must specify one of -f and -k");
    }
    if !args.args.is_empty() {
        return Err(usage_error(args, &format!("Unexpected args: [{}]", args.args.join(" "))));
    }
    if args.is("edit") {
        return crate::verbs::edit::create_edited(k, args, &find).await;
    }
    let dry = DryRun::of(k, args)?;
    let validation = validation(args)?;
    let printer = Printer::of(k, args)?;
    let sources = k.sources(&find).await?;
    let mut errors = sources.errors;
    let mut count = 0;
    let labels = super::selector(args.text("selector"))?;
    for s in sources.all {
        let Source::File(info) = s else { continue };
        if !labels.matches(info.object.labels()) {
            continue;
        }
        let mut object = info.object.clone();
        if args.is("save-config") {
            annotate_last_applied(&mut object);
        }
        if dry != DryRun::Client {
            let mut r = request(Verb::Create, &info.resource, &info.namespace).object(object.clone());
            write_options(&mut r.options, manager(args, "kubectl-create"), validation, dry);
            match k.call(r).await {
                Ok(answer) => object = answer.object,
                Err(e) => {
                    errors.push(e.when("creating", &info.source).unvalidated(&info.source, validation));
                    continue;
                }
            }
        }
        count += 1;
        k.out(&printer.print(&object, &format!("created{}", dry.suffix()))?);
    }
    if errors.is_empty() && count == 0 {
        return fail("no objects passed to create");
    }
    Error::of_all(errors)
}

/// `--field-manager`, or this verb's own.
pub fn manager<'a>(args: &'a Args, own: &'a str) -> &'a str {
    if args.changed("field-manager") { args.text("field-manager") } else { own }
}

pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The configuration as `apply` keeps it: compact, without the annotation itself.
#[must_use]
pub fn last_applied_of(object: &Value) -> String {
    let mut o = object.clone();
    let mut annotations = o.meta()["annotations"].clone();
    annotations.remove(LAST_APPLIED);
    if annotations.is_null() {
        annotations = value!({});
    }
    o.set_at(&["metadata", "annotations"], annotations);
    format!("{}\n", json::to_string(&o))
}

/// Puts the object's own configuration into its last-applied annotation.
pub fn annotate_last_applied(object: &mut Value) {
    let text = last_applied_of(object);
    object.set_at(&["metadata", "annotations", LAST_APPLIED], text);
}

/// Creates (or only prints) what a generator made. `failing` is put before an error's text; `""` leaves it bare.
///
/// # Errors
/// The server's refusal.
pub async fn generate(
    k: &Kubectl,
    args: &Args,
    resource: &Resource,
    object: Value,
    failing: &str,
) -> Result<()> {
    generate_as(k, args, resource, object, ("created", "kubectl-create", failing)).await
}

/// As [`generate`], for other verbs: what is said to be done, the field manager, what failed.
///
/// # Errors
/// The server's refusal.
pub async fn generate_as(
    k: &Kubectl,
    args: &Args,
    resource: &Resource,
    mut object: Value,
    (done, own, failing): (&str, &str, &str),
) -> Result<()> {
    let dry = DryRun::of(k, args)?;
    let printer = Printer::of(k, args)?;
    let validation = validation(args)?;
    if resource.namespaced && k.enforce_namespace {
        object.set_at(&["metadata", "namespace"], k.namespace.clone());
    }
    if args.is("save-config") {
        annotate_last_applied(&mut object);
    }
    if dry != DryRun::Client {
        let mut r = request(Verb::Create, resource, &k.namespace).object(object);
        write_options(&mut r.options, manager(args, own), validation, dry);
        object = match k.call(r).await {
            Ok(answer) => answer.object,
            Err(e) if failing.is_empty() => return Err(e),
            Err(e) => return fail(format!("failed to create {failing} {}", e.message())),
        };
    }
    k.out(&printer.print_made(&object, &format!("{done}{}", dry.suffix()))?);
    Ok(())
}

/// An object with its type and name.
#[must_use]
pub fn named(resource: &Resource, name: &str) -> Value {
    value!({
        "apiVersion": (resource.api_version()),
        "kind": (resource.kind.clone()),
        "metadata": {"name": (name)},
    })
}

/// A list of texts.
#[must_use]
pub fn texts(words: &[String]) -> Value {
    words.iter().map(Value::from).collect()
}
