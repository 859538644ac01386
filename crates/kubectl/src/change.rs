//! Changes to objects that are there: from the object as it was and as it shall be to the patch that is sent.

use client::{Body, PatchType, Verb};
use objects::{Str, Value};

use crate::error::{Error, Result, fail};
use crate::finder::{Find, Info};
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
        Ok(Self { done, manager, failing: "", local, dry, printer: Printer::of(k, args)? })
    }

    /// Sends what differs and prints; an object that stays the same is passed over in silence.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn apply(&self, k: &Kubectl, info: &Info, new: &Value) -> Result<()> {
        let patch = merge_patch::create(&info.object, new);
        if patch.is_zero() {
            if self.local {
                k.out(&self.printer.print(new, &format!("{}{}", self.done, self.dry.suffix()))?);
            }
            return Ok(());
        }
        let object = if self.local || self.dry == DryRun::Client {
            new.clone()
        } else {
            match self.send(k, info, PatchType::Merge, Body::Object(patch)).await {
                Ok(o) => o,
                Err(e) if self.failing.is_empty() => return Err(e),
                Err(e) => return Err(Error::Plain(format!("{}{}", self.failing, e.message()))),
            }
        };
        k.out(&self.printer.print(&object, &format!("{}{}", self.done, self.dry.suffix()))?);
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

/// The objects of a verb that changes pod specs, with `--local` from manifests alone.
///
/// # Errors
/// Nothing found.
pub async fn objects(k: &Kubectl, args: &Args, resources: Vec<String>) -> Result<Vec<Info>> {
    let find = Find { args: resources, latest: !args.is("local"), ..Find::of(args) };
    let (infos, errors, _) = k.infos(&find).await?;
    Error::of_all(errors)?;
    Ok(infos)
}

/// The containers of an object whose name fits `pattern` (`*` matches any run), init containers too.
pub fn each_container(object: &mut Value, pattern: &str, change: &mut dyn FnMut(&mut Value)) -> usize {
    let Some(path) = pod_spec_path(object.kind()) else { return 0 };
    let Some(spec) = object.find_mut(path) else { return 0 };
    let mut found = 0;
    for list in ["containers", "initContainers"] {
        if spec[list].items().is_empty() {
            continue;
        }
        for c in spec.at_mut(&[list]).list_mut().to_mut() {
            if matches(pattern, c["name"].text()) {
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
