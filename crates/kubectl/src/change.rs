//! Changes to objects that are there: from the object as it was and as it shall be to the patch that is sent.

use client::{Body, PatchType, Verb};
use objects::{Str, Value};

use crate::error::{Error, Result, fail};
use crate::finder::{Find, Info, MISSING_LOCAL};
use crate::flags::Args;
use crate::printers::Printer;
use crate::session::{DryRun, Kubectl, request};
use objects::patch::merge_patch;

/// How a verb changes objects and says so.
pub struct Change<'a> {
    /// `image updated`
    pub done: &'a str,
    pub manager: &'a str,
    /// Put before a refusal: `failed to patch image update to pod template: `. `""` keeps the refusal as it is.
    pub failing: &'a str,
    pub local: bool,
    pub dry: DryRun,
    /// A dry run is not marked as one.
    pub unmarked: bool,
    pub printer: Printer,
}

impl<'a> Change<'a> {
    /// # Errors
    /// Flags that make no sense.
    pub fn of(k: &Kubectl, args: &Args, done: &'a str, manager: &'a str) -> Result<Self> {
        let dry = DryRun::of(k, args)?;
        let local = args.is("local");
        if local && dry == DryRun::Server {
            return fail("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
        }
        Ok(Self { done, manager, failing: "", local, dry, unmarked: false, printer: Printer::of(k, args)? })
    }

    /// Sends what differs and prints; an object that stays the same is passed over in silence.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn apply(&self, k: &Kubectl, info: &Info, new: &Value) -> Result<()> {
        if merge_patch::create(&info.object, new).is_zero() {
            Ok(())
        } else {
            self.always(k, info, new).await
        }
    }

    /// As [`Self::apply`], but an object that stays the same is sent and printed too.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn always(&self, k: &Kubectl, info: &Info, new: &Value) -> Result<()> {
        let patch = merge_patch::create(&info.object, new);
        let object = if self.local || self.dry == DryRun::Client {
            new.clone()
        } else {
            match self.send(k, info, PatchType::Merge, Body::Object(patch)).await {
                Ok(o) => o,
                Err(e) if self.failing.is_empty() => return Err(e),
                Err(e) => return fail(format!("{}{}", self.failing, e.message())),
            }
        };
        let suffix = if self.unmarked { "" } else { self.dry.suffix() };
        k.out(&self.printer.print_made(&object, &format!("{}{suffix}", self.done))?);
        Ok(())
    }

    /// # Errors
    /// The server's refusal.
    pub async fn send(&self, k: &Kubectl, info: &Info, kind: PatchType, body: Body) -> Result<Value> {
        let mut r =
            request(Verb::Patch, &info.resource, &info.namespace).named(info.name.clone()).patch(kind, body);
        r.options.field_manager = Str::from(self.manager);
        r.options.dry_run = self.dry == DryRun::Server;
        Ok(k.call(r).await?.object)
    }
}

/// Where the pod spec of a kind stands.
#[must_use]
pub fn pod_spec_path(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "Pod" => &["spec"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicationController" => {
            &["spec", "template", "spec"]
        }
        _ => return None,
    })
}

/// What `set` says of an object it can't change.
#[must_use]
pub fn unfit(info: &Info, local: bool, why: &str) -> Error {
    let name = if local {
        format!("{}{}", info.shown(), if info.resource.group.is_empty() { "" } else { "\n" })
    } else {
        format!("{}/{}", info.resource.plural, info.name)
    };
    Error::Text(format!("error: {name} {why}\n"))
}

/// What `set` says of an object without a pod spec.
#[must_use]
pub fn no_template(info: &Info, local: bool) -> Error {
    let r = &info.resource;
    let why = format!("the object is not a pod or does not have a pod template: *{}.{}", r.version, r.kind);
    unfit(info, local, &why)
}

/// The objects of a verb that changes pod specs, with `--local` from manifests alone.
///
/// # Errors
/// Nothing found.
pub async fn objects(k: &Kubectl, args: &Args, resources: Vec<String>) -> Result<Vec<Info>> {
    let local = args.is("local");
    if local && !resources.is_empty() {
        return fail(MISSING_LOCAL);
    }
    let find = Find { args: resources, latest: !local, local, all_of_type: true, ..Find::of(args) };
    let (mut infos, errors, _) = k.infos(&find).await?;
    Error::of_all(errors)?;
    if local {
        for i in &mut infos {
            i.object = typed_form(&i.object);
        }
    }
    Ok(infos)
}

/// The object as a typed client writes it out again: with the fields that are never left out.
#[must_use]
pub fn typed_form(object: &Value) -> Value {
    let mut o = object.clone();
    let kind = o.kind().to_owned();
    let always = |v: &mut Value, path: &[&str], fill: Value| {
        if v.find_mut(path).is_none() {
            v.set_at(path, fill);
        }
    };
    let empty = || Value::map();
    if let Some(path) = pod_spec_path(&kind) {
        if let Some(template) = path.split_last().map(|(_, t)| t).filter(|t| !t.is_empty()) {
            let at: Vec<&str> = template.iter().copied().chain(["metadata"]).collect();
            always(&mut o, &at, empty());
        }
        if let Some(spec) = o.find_mut(path) {
            for list in ["containers", "initContainers", "ephemeralContainers"] {
                if spec[list].items().is_empty() {
                    continue;
                }
                for c in spec.at_mut(&[list]).list_mut().to_mut() {
                    always(c, &["resources"], empty());
                }
            }
        }
    }
    let counts = |o: &mut Value, names: &[&str]| {
        for n in names {
            always(o, &["status", n], Value::Int(0));
        }
    };
    match kind.as_str() {
        "Deployment" => always(&mut o, &["spec", "strategy"], empty()),
        "StatefulSet" => {
            always(&mut o, &["spec", "updateStrategy"], empty());
            counts(&mut o, &["replicas", "availableReplicas"]);
        }
        "DaemonSet" => {
            always(&mut o, &["spec", "updateStrategy"], empty());
            let names =
                ["currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"];
            counts(&mut o, &names);
        }
        "ReplicaSet" | "ReplicationController" => counts(&mut o, &["replicas"]),
        "CronJob" => always(&mut o, &["spec", "jobTemplate", "metadata"], empty()),
        "Service" => {
            if !o["spec"]["ports"].items().is_empty() {
                for p in o.at_mut(&["spec", "ports"]).list_mut().to_mut() {
                    always(p, &["targetPort"], Value::Int(0));
                }
            }
            always(&mut o, &["status", "loadBalancer"], empty());
        }
        _ => {}
    }
    if matches!(kind.as_str(), "Deployment" | "Pod" | "Job" | "CronJob") {
        always(&mut o, &["status"], empty());
    }
    o
}

/// The containers of an object whose name fits `pattern` (`*` matches any run), init containers too.
pub fn each_container(object: &mut Value, pattern: &str, change: &mut dyn FnMut(&mut Value)) -> usize {
    each_container_named(object, &|name| matches(pattern, name), change)
}

/// As [`each_container`], by a name or `*` alone.
pub fn each_container_called(object: &mut Value, name: &str, change: &mut dyn FnMut(&mut Value)) -> usize {
    each_container_named(object, &|n| name == "*" || n == name, change)
}

fn each_container_named(
    object: &mut Value,
    wanted: &dyn Fn(&str) -> bool,
    change: &mut dyn FnMut(&mut Value),
) -> usize {
    let Some(path) = pod_spec_path(object.kind()) else { return 0 };
    let Some(spec) = object.find_mut(path) else { return 0 };
    let mut found = 0;
    for list in ["containers", "initContainers"] {
        if spec[list].items().is_empty() {
            continue;
        }
        for c in spec.at_mut(&[list]).list_mut().to_mut() {
            if wanted(c["name"].text()) {
                found += 1;
                change(c);
            }
        }
    }
    found
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => match name.strip_prefix(head) {
            None => false,
            Some(rest) => {
                tail.is_empty()
                    || (0..=rest.len()).any(|i| rest.is_char_boundary(i) && matches(tail, &rest[i..]))
            }
        },
    }
}
