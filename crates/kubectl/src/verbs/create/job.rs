//! `kubectl create job`

use objects::resources::{CRONJOBS, JOBS};
use objects::value;

use super::{GENERATOR, generate, named, texts};
use crate::command::{Command, one_name};
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    flag("image", Kind::Text, "", "image to run"),
    flag("from", Kind::Text, "", "cronjob/name to take the template of"),
];

pub static COMMAND: Command = Command {
    name: "job",
    usage: "NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]",
    short: "A job that runs to its end",
    flags: &[FLAGS, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let name = one_name(args)?;
    let (image, from, command) = (args.text("image"), args.text("from"), args.after_dash());
    if image.is_empty() == from.is_empty() {
        return fail("either --image or --from must be specified");
    }
    if !command.is_empty() && !from.is_empty() {
        return fail("cannot specify --from and command");
    }
    let mut job = named(JOBS, &name);
    if from.is_empty() {
        let mut c = value!({"name": (name.as_str()), "image": (image), "resources": {}});
        if !command.is_empty() {
            c.set("command", texts(command));
        }
        let spec =
            value!({"template": {"metadata": {}, "spec": {"containers": [c], "restartPolicy": "Never"}}});
        job.set("spec", spec);
    } else {
        let find = Find { args: vec![from.to_owned()], type_is_enough: true, ..Find::default() };
        let (mut infos, errors, _) = k.infos(&find).await?;
        Error::of_all(errors)?;
        if infos.len() != 1 || infos[0].resource.id != CRONJOBS.id {
            return fail("from must be an existing cronjob");
        }
        let cron = infos.remove(0).object;
        let template = &cron["spec"]["jobTemplate"];
        let mut annotations = template.meta()["annotations"].clone();
        if annotations["cronjob.kubernetes.io/instantiate"].is_null() {
            annotations.set("cronjob.kubernetes.io/instantiate", "manual");
        }
        job.set_at(&["metadata", "annotations"], annotations);
        if !template.meta()["labels"].is_null() {
            job.set_at(&["metadata", "labels"], template.meta()["labels"].clone());
        }
        let owner = value!({
            "apiVersion": "batch/v1", "kind": "CronJob", "name": (cron.name()), "uid": (cron.uid()), "controller": true,
        });
        job.set_at(&["metadata", "ownerReferences"], value!([owner]));
        job.set("spec", template["spec"].clone());
    }
    job.set("status", value!({}));
    generate(k, args, JOBS, job, "job:").await
}
