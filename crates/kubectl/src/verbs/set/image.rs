//! `kubectl set image`

use super::COMMON;
use crate::change::{Change, each_container, objects};
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
    if resources.is_empty() && args.list("filename").is_empty() && args.text("kustomize").is_empty() {
        return fail(crate::finder::MISSING);
    }
    if pairs.is_empty() {
        return fail("at least one image update is required");
    }
    let mut images: Vec<(&str, &str)> = Vec::new();
    for p in &pairs {
        let Some(pair) = p.split_once('=').filter(|(n, i)| !n.is_empty() && !i.is_empty()) else {
            return fail(format!("invalid image format: {p}"));
        };
        images.push(pair);
    }
    if images.len() > 1 && images.iter().any(|(n, _)| *n == "*") {
        return fail(
            "all containers are already specified by *, but saw more than one container_name=container_image pairs",
        );
    }
    let mut errors = Vec::new();
    for i in objects(k, args, resources).await? {
        let mut new = i.object.clone();
        for (name, image) in &images {
            let found = each_container(&mut new, name, &mut |c| c.set("image", *image));
            if found == 0 {
                errors.push(Error::Plain(format!("error: unable to find container named \"{name}\"")));
            }
        }
        if let Err(e) = change.apply(k, &i, &new).await {
            errors.push(e);
        }
    }
    Error::of_all(errors)
}
