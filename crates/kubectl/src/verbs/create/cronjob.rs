//! `kubectl create cronjob`

use objects::resources::CRONJOBS;
use objects::value;

use super::{GENERATOR, generate, named, texts};
use crate::command::{Command, one_name};
use crate::error::Result;
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    flag("image", Kind::Text, "", "image to run"),
    flag("schedule", Kind::Text, "", "five fields in cron's form"),
    flag("restart", Kind::Text, "", "OnFailure or Never"),
];

pub static COMMAND: Command = Command {
    name: "cronjob",
    aliases: &["cj"],
    usage: "NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...]",
    short: "A job that runs on a schedule",
    flags: &[FLAGS, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
    required: &["image", "schedule"],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let name = one_name(args)?;
    let mut c = value!({"name": (name.as_str()), "image": (args.text("image")), "resources": {}});
    if !args.after_dash().is_empty() {
        c.set("command", texts(args.after_dash()));
    }
    let restart = if args.text("restart").is_empty() { "OnFailure" } else { args.text("restart") };
    let mut cron = named(CRONJOBS, &name);
    cron.set(
        "spec",
        value!({
            "schedule": (args.text("schedule")),
            "jobTemplate": {
                "metadata": {"name": (name.as_str())},
                "spec": {"template": {"metadata": {}, "spec": {"containers": [c], "restartPolicy": (restart)}}},
            },
        }),
    );
    cron.set("status", value!({}));
    generate(k, args, CRONJOBS, cron, "cronjob:").await
}
