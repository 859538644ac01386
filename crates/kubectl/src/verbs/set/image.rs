//! `kubectl set image`

use super::COMMON;
use crate::change::{Change, each_container_called, no_template, objects, pod_spec_path};
use crate::command::Command;
use crate::error::{Error, Result, fail};
use crate::flags::Args;
use crate::session::Kubectl;
use crate::verbs::create::manager;
use crate::verbs::label::resources_and_pairs;

pub static COMMAND: Command = Command {
    name: "image",
    usage: "(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N",
    short: "Change the images of containers",
    flags: COMMON,
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let mut change = Change::of(k, args, "image updated", manager(args, "kubectl-set"))?;
    change.failing = "failed to patch image update to pod template: ";
    let (resources, pairs) = resources_and_pairs(&args.args, "image")?;
    let mut images: Vec<(&str, &str)> = Vec::new();
    for p in &pairs {
        let Some(pair) = p.split_once('=').filter(|(n, i)| !n.is_empty() && !i.is_empty()) else {
            return fail(format!("invalid image format: {p}"));
        };
        images.push(pair);
    }
    let nothing =
        resources.is_empty() && args.list("filename").is_empty() && args.text("kustomize").is_empty();
    let infos = objects(k, args, resources).await?;
    let mut wrong = Vec::new();
    if args.is("all") && !args.text("selector").is_empty() {
        wrong.push(Error::text("cannot set --all and --selector at the same time"));
    }
    if nothing {
        wrong.push(Error::text(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    if images.is_empty() {
        wrong.push(Error::text("at least one image update is required"));
    } else if images.len() > 1 && images.iter().any(|(n, _)| *n == "*") {
        wrong.push(Error::text(
            "all containers are already specified by *, but saw more than one container_name=container_image pairs",
        ));
    }
    Error::of_all(wrong)?;
    // What can't be changed at all is said behind what has no such container.
    let (mut errors, mut refused, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for i in infos {
        if pod_spec_path(i.object.kind()).is_none() {
            refused.push(no_template(&i, change.local));
            continue;
        }
        let mut new = i.object.clone();
        for (name, image) in &images {
            let found = each_container_called(&mut new, name, &mut |c| c.set("image", *image));
            if found == 0 {
                errors.push(Error::Text(format!("error: unable to find container named \"{name}\"")));
            }
        }
        changed.push((i, new));
    }
    for (i, new) in changed {
        if let Err(e) = change.apply(k, &i, &new).await {
            errors.push(e);
        }
    }
    errors.append(&mut refused);
    Error::of_all(errors)
}
