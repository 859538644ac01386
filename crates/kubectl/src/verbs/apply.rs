//! `kubectl apply`: client-side with the last-applied annotation, or `--server-side`.
//!
//! Models `k8s.io/kubectl/pkg/cmd/apply`. Not modelled: `--overwrite=false`.

use client::{Body, FieldValidation, PatchType, Verb};
use objects::patch::{merge_patch, strategic, three_way};
use objects::resources::{self, Resource};
use objects::schema::{self, Schema};
use objects::{Reason, Value, json, value};
use ordered::Sort as _;

use crate::command::{Command, DRY_RUN, FIELD_MANAGER, FILES, OUTPUT, SELECTOR, VALIDATE, usage_error};
use crate::error::{Error, Result, fail};
use crate::finder::{Find, Info, Source};
use crate::flags::{Args, Flag, Kind, flag};
use crate::printers::Printer;
use crate::session::{DryRun, Kubectl, request, validation, write_options};
use crate::verbs::apply_set::ApplySet;
use crate::verbs::create::{LAST_APPLIED, annotate_last_applied, last_applied_of};
use crate::verbs::delete::{Deletion, delete};
use crate::verbs::migrate;

static FLAGS: &[Flag] = &[
    flag("all", Kind::Bool, "false", "with --prune: every object"),
    flag("cascade", Kind::Optional("background"), "background", "background, foreground or orphan"),
    flag("force", Kind::Bool, "false", "delete and create again what can't be patched"),
    flag("force-conflicts", Kind::Bool, "false", "take over fields of other managers"),
    flag("grace-period", Kind::Int, "-1", "seconds given to end"),
    flag("overwrite", Kind::Bool, "true", "resolve conflicts in favour of the manifest"),
    flag("openapi-patch", Kind::Bool, "true", "accepted, not simulated"),
    flag("prune", Kind::Bool, "false", "delete applied objects that are not in the manifests"),
    flag("prune-allowlist", Kind::Texts, "", "types that --prune looks at"),
    flag(
        "applyset",
        Kind::Text,
        "",
        "alpha: the object that remembers what --prune looks at, [RESOURCE][.GROUP]/NAME",
    ),
    flag("server-side", Kind::Bool, "false", "let the server merge"),
    flag("subresource", Kind::Text, "", "with --server-side: the subresource to write"),
    flag("timeout", Kind::Duration, "0s", "how long to wait with --force"),
    flag("wait", Kind::Bool, "false", "wait until pruned objects are gone"),
];

pub static COMMAND: Command = Command {
    name: "apply",
    usage: "(-f FILENAME | -k DIRECTORY)",
    short: "Bring objects to what manifests say, creating what is missing",
    flags: &[FLAGS, FILES, SELECTOR, DRY_RUN, OUTPUT, VALIDATE, FIELD_MANAGER],
    run: Some(|k, a| Box::pin(run(k, a))),
    commands: &[&super::last_applied::EDIT, &super::last_applied::SET, &super::last_applied::VIEW],
    ..Command::NONE
};

struct Apply<'a> {
    k: &'a Kubectl,
    args: &'a Args,
    dry: DryRun,
    validation: FieldValidation,
    printer: Printer,
    server_side: bool,
    manager: String,
}

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    if !args.args.is_empty() {
        return Err(usage_error(args, &format!("Unexpected args: [{}]", args.args.join(" "))));
    }
    let find = Find { selector: None, all: false, ..Find::of(args) };
    if !find.has_files() {
        return fail("must specify one of -f and -k");
    }
    let server_side = args.is("server-side");
    let dry = DryRun::of(k, args)?;
    check(args, server_side, dry)?;
    let mut set = ApplySet::of(k, args, dry).await?;
    let own = if server_side { "kubectl" } else { "kubectl-client-side-apply" };
    let a = Apply {
        k,
        args,
        dry,
        validation: validation(args)?,
        printer: Printer::of(k, args)?,
        server_side,
        manager: super::create::manager(args, own).to_owned(),
    };
    let sources = k.sources(&find).await?;
    let mut errors = sources.errors;
    let labels = super::selector(args.text("selector"))?;
    let mut infos: Vec<Info> = sources
        .all
        .into_iter()
        .filter_map(|s| match s {
            Source::File(i) if labels.matches(i.object.labels()) => Some(*i),
            _ => None,
        })
        .collect();
    if infos.is_empty() && errors.is_empty() {
        return fail("no objects passed to apply");
    }
    if let Some(set) = &mut set {
        set.label(&mut infos)?;
        set.begin(&infos).await?;
    }
    let mut done: Vec<Value> = Vec::new();
    let mut uids: Vec<objects::Str> = Vec::new();
    for i in &infos {
        match a.one(i).await {
            Ok((object, what)) => {
                uids.push(object.uid().into());
                if a.printer.is_human() || matches!(a.printer.format, crate::printers::Format::Name) {
                    k.out(&a.printer.print(&object, &format!("{what}{}", dry.suffix()))?);
                } else {
                    done.push(object);
                }
            }
            Err(e) => errors.push(e.unvalidated(&i.source, a.validation)),
        }
    }
    Error::of_all(errors)?;
    match done.len() {
        0 => {}
        1 => k.out(&a.printer.print(&done[0], "")?),
        _ => {
            let list = value!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": (Value::List(done.into()))});
            k.out(&a.printer.print(&list, "")?);
        }
    }
    match set {
        _ if !args.is("prune") => Ok(()),
        Some(set) => {
            a.remove(&set.leftovers(&uids).await?).await?;
            set.end().await
        }
        None => a.prune(&infos, &uids).await,
    }
}

/// `group/version/kind` of `--prune-allowlist`.
fn group_version_kind(text: &str) -> Result<(&str, &str, &str)> {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [group, version, kind] => Ok((group, version, kind)),
        _ => fail(format!("invalid GroupVersionKind format: {text}, please follow <group/version/kind>")),
    }
}

fn check(args: &Args, server_side: bool, dry: DryRun) -> Result<()> {
    let force = args.is("force");
    if args.is("force-conflicts") && !server_side {
        return fail("--force-conflicts only works with --server-side");
    }
    if dry == DryRun::Client && server_side {
        return fail(
            "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
        );
    }
    if force && server_side {
        return fail("--force cannot be used with --server-side");
    }
    if dry == DryRun::Server && force {
        return fail("--dry-run=server cannot be used with --force");
    }
    if args.is("all") && !args.text("selector").is_empty() {
        return fail("cannot set --all and --selector at the same time");
    }
    if args.is("prune") {
        for a in args.list("prune-allowlist") {
            group_version_kind(&a)?;
        }
        if force {
            return fail("--force cannot be used with --prune");
        }
        if args.changed("applyset") {
            return Ok(());
        }
        if !args.is("all") && args.text("selector").is_empty() {
            return fail(
                "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector",
            );
        }
        if server_side {
            return fail(
                "--prune is in alpha and doesn't currently work on objects created by server-side apply",
            );
        }
    }
    Ok(())
}

const CONFLICT: &str = "
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts";

impl Apply<'_> {
    fn request(&self, verb: Verb, i: &Info) -> client::Request {
        let mut r = request(verb, &i.resource, &i.namespace);
        write_options(&mut r.options, &self.manager, self.validation, self.dry);
        if verb == Verb::Create { r } else { r.named(i.name.clone()) }
    }

    /// Applies one object: what it is afterwards and what was done.
    async fn one(&self, i: &Info) -> Result<(Value, &'static str)> {
        if i.name.is_empty() && !i.object.meta()["generateName"].text().is_empty() {
            return fail(format!(
                "from {}: cannot use generate name with apply",
                i.object.meta()["generateName"].text()
            ));
        }
        if self.server_side {
            return self.server_side(i).await;
        }
        let mut modified = i.object.clone();
        annotate_last_applied(&mut modified);
        let live =
            match self.k.call(request(Verb::Get, &i.resource, &i.namespace).named(i.name.clone())).await {
                Ok(r) => r.object,
                Err(e) if e.is_not_found() => return self.create(i, modified).await,
                Err(e) => {
                    let what = format!(
                        "retrieving current configuration of:\n{}\nfrom server for:",
                        described(i, &i.object)
                    );
                    return Err(e.when(&what, &i.source));
                }
            };
        if live.annotations()[LAST_APPLIED].is_null() {
            self.k.complain(format!(
                "Warning: resource {}/{} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.",
                i.resource.plural, i.name
            ));
        }
        let mut tries = 0;
        let mut current = live;
        let (patch, object) = loop {
            let patch = patch_for(&i.resource, &modified, &current)
                .map_err(|t| Error::text(format!("creating patch with: {t}")))?;
            if patch.is_zero() {
                break (patch, current);
            }
            if self.dry == DryRun::Client {
                let object = patched(&i.resource, &current, &patch);
                break (patch, object);
            }
            let kind = if is_strategic(&i.resource) { PatchType::Strategic } else { PatchType::Merge };
            let r = self.request(Verb::Patch, i).patch(kind, Body::Text(json::to_string(&patch)));
            match self.k.call(r).await {
                Ok(answer) => break (patch, answer.object),
                Err(e) if e.is(Reason::Conflict) && tries < 5 => {
                    tries += 1;
                    current = self.k.get(&i.resource, &i.namespace, &i.name).await?;
                }
                Err(e) if self.args.is("force") && (e.is(Reason::Conflict) || e.is(Reason::Invalid)) => {
                    break (patch, self.recreate(i, &modified).await?);
                }
                Err(e) => {
                    let what = format!(
                        "applying patch:\n{}\nto:\n{}\nfor:",
                        json::to_string(&patch),
                        described(i, &current)
                    );
                    return Err(e.when("patching", &i.source).when(&what, &i.source));
                }
            }
        };
        if object.is_terminating() {
            self.k.complain(format!(
                "Warning: Detected changes to resource {} which is currently being deleted.",
                i.name
            ));
        }
        Ok((object, if patch.is_zero() { "unchanged" } else { "configured" }))
    }

    async fn create(&self, i: &Info, modified: Value) -> Result<(Value, &'static str)> {
        let body = without_nulls(&modified);
        if self.dry == DryRun::Client {
            return Ok((body, "created"));
        }
        match self.k.call(self.request(Verb::Create, i).object(body)).await {
            Ok(answer) => Ok((answer.object, "created")),
            Err(e) => Err(e.when("creating", &i.source)),
        }
    }

    /// `--force`: away with the old, in with the new.
    async fn recreate(&self, i: &Info, modified: &Value) -> Result<Value> {
        let mut r = request(Verb::Delete, &i.resource, &i.namespace).named(i.name.clone());
        r.options.grace_period_seconds = Some(0);
        r.options.propagation = Some(client::Propagation::Background);
        let uid = self.k.get(&i.resource, &i.namespace, &i.name).await?.uid().into();
        self.k.call(r).await?;
        super::delete::wait_gone(self.k, &[(i.clone(), uid)], 300_000).await?;
        Ok(self.k.call(self.request(Verb::Create, i).object(without_nulls(modified))).await?.object)
    }

    async fn server_side(&self, i: &Info) -> Result<(Value, &'static str)> {
        let mut r = self.request(Verb::Patch, i).patch(PatchType::Apply, Body::Object(i.object.clone()));
        r.options.force = self.args.is("force-conflicts");
        r.subresource = self.args.text("subresource").into();
        match self.k.call(r).await {
            Ok(answer) => {
                let object = self.taken_over(i, answer.object).await;
                if object.is_terminating() {
                    self.k.complain(format!(
                        "Warning: Detected changes to resource {} which is currently being deleted.",
                        i.name
                    ));
                }
                Ok((object, "serverside-applied"))
            }
            Err(e) if e.is(Reason::Conflict) => fail(format!("{}{CONFLICT}", e.message())),
            Err(e) => Err(e),
        }
    }

    /// After a server-side apply: what client-side apply managed changes hands. A failure is no reason to fail.
    async fn taken_over(&self, i: &Info, object: Value) -> Value {
        if self.dry == DryRun::Server {
            return object;
        }
        let kept = match migrate::keep_annotation(self.k, i, object.clone(), &self.manager).await {
            Ok(kept) => kept,
            Err(e) => {
                self.k.complain(format!(
                    "Warning: failed to migrate kubectl.kubernetes.io/last-applied-configuration for Server-Side Apply. This is non-fatal and will be retried next time you apply. Error: {}",
                    e.message()
                ));
                return object;
            }
        };
        match migrate::migrate(self.k, i, kept.clone(), &self.manager).await {
            Ok(false) => kept,
            Err(e) => {
                self.k.complain(format!(
                    "Warning: server rejected managed fields migration to Server-Side Apply. This is non-fatal and will be retried next time you apply. Error: {}",
                    e.message()
                ));
                kept
            }
            Ok(true) => {
                let r = self.request(Verb::Patch, i).patch(PatchType::Apply, Body::Object(i.object.clone()));
                match self.k.call(r).await {
                    Ok(answer) => answer.object,
                    Err(e) => {
                        self.k.complain(format!(
                            "Warning: failed to re-apply configuration after performing Server-Side Apply migration. This is non-fatal and will be retried next time you apply. Error: {}",
                            e.message()
                        ));
                        kept
                    }
                }
            }
        }
    }

    /// Deletes what is to be pruned, and says so.
    async fn remove(&self, infos: &[Info]) -> Result<()> {
        let how = Deletion {
            grace: self.args.int("grace-period"),
            propagation: client::Propagation::Background,
            dry: self.dry,
            quiet: true,
            only_names: false,
        };
        for i in infos {
            delete(self.k, i, &how).await?;
            self.k.out(&self.printer.print(&i.object, &format!("pruned{}", self.dry.suffix()))?);
        }
        Ok(())
    }

    /// Deletes objects that an earlier apply made and the manifests no longer have.
    async fn prune(&self, infos: &[Info], uids: &[objects::Str]) -> Result<()> {
        let mut types: Vec<Resource> = Vec::new();
        let allow = self.args.list("prune-allowlist");
        for a in &allow {
            let (group, version, kind) = group_version_kind(a)?;
            let group = if group == "core" { "" } else { group };
            types.push(self.k.resource_of_kind(&resources::api_version(group, version), kind).await?);
        }
        if allow.is_empty() {
            const DEFAULT: [&str; 14] = [
                "configmaps",
                "endpoints",
                "namespaces",
                "persistentvolumeclaims",
                "persistentvolumes",
                "pods",
                "replicationcontrollers",
                "secrets",
                "services",
                "jobs.batch",
                "cronjobs.batch",
                "ingresses.networking.k8s.io",
                "daemonsets.apps",
                "deployments.apps",
            ];
            types.extend(
                DEFAULT
                    .iter()
                    .chain(&["replicasets.apps", "statefulsets.apps"])
                    .filter_map(|id| resources::by_id(id))
                    .cloned(),
            );
        }
        let mut namespaces: Vec<objects::Str> = Vec::new();
        for i in infos.iter().filter(|i| i.resource.namespaced) {
            if !namespaces.contains(&i.namespace) {
                namespaces.push(i.namespace.clone());
            }
        }
        namespaces.arrange();
        for namespaced in [true, false] {
            for t in types.iter().filter(|t| t.namespaced == namespaced) {
                let none = vec![objects::Str::default()];
                for ns in if namespaced { &namespaces } else { &none } {
                    for o in self.k.list(t, ns, self.args.text("selector"), "").await? {
                        if o.annotations()[LAST_APPLIED].is_null() || uids.iter().any(|u| u == o.uid()) {
                            continue;
                        }
                        let info = Info {
                            resource: t.clone(),
                            namespace: o.namespace().into(),
                            name: o.name().into(),
                            source: String::new(),
                            object: o,
                        };
                        self.remove(std::slice::from_ref(&info)).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// `Resource: "apps/v1, Resource=deployments", GroupVersionKind: ...` as Go prints an object in an error.
fn described(i: &Info, _object: &Value) -> String {
    let r = &i.resource;
    format!(
        "Resource: \"{}/{}, Resource={}\", GroupVersionKind: \"{}/{}, Kind={}\"\nName: \"{}\", Namespace: \"{}\"",
        r.group, r.version, r.plural, r.group, r.version, r.kind, i.name, i.namespace
    )
}

/// Built-in kinds know strategic merge, custom ones do not.
#[must_use]
pub fn is_strategic(r: &Resource) -> bool {
    schema_of(r).is_some()
}

/// The patch from what was applied last, what is to be applied and what is there.
///
/// # Errors
/// An annotation that is no JSON.
pub fn patch_for(r: &Resource, modified: &Value, current: &Value) -> std::result::Result<Value, String> {
    let original = match current.annotations()[LAST_APPLIED].as_str() {
        None | Some("") => Value::map(),
        Some(text) => json::parse(text).map_err(|e| e.to_string())?,
    };
    let patch = match schema_of(r) {
        Some(schema) => {
            three_way::strategic(&original, modified, current, schema).map_err(|e| e.to_string())?
        }
        None => merge_patch::three_way(&original, modified, current),
    };
    if three_way::changes_identity(&patch) {
        return Err("At least one of apiVersion, kind and name was changed".into());
    }
    Ok(patch)
}

/// The object after a patch that was not sent.
#[must_use]
pub fn patched(r: &Resource, current: &Value, patch: &Value) -> Value {
    match schema_of(r) {
        Some(schema) => strategic::apply(current, patch, schema).unwrap_or_else(|_| current.clone()),
        None => merge_patch::apply(current, patch),
    }
}

fn schema_of(r: &Resource) -> Option<Schema<'static>> {
    schema::type_for(&r.group, &r.version, &r.kind).map(Schema::of_type)
}

fn without_nulls(v: &Value) -> Value {
    match v {
        Value::Map(m) => Value::Map(
            m.iter().filter(|(_, x)| !x.is_null()).map(|(key, x)| (key.clone(), without_nulls(x))).collect(),
        ),
        other => other.clone(),
    }
}

/// The manifest as `apply` would remember it.
#[must_use]
pub fn configuration(object: &Value) -> String {
    last_applied_of(object)
}
