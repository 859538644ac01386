//! `kubectl create priorityclass`

use objects::resources::PRIORITYCLASSES;

use super::{GENERATOR, generate, named};
use crate::command::{Command, one_name};
use crate::error::Result;
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    flag("value", Kind::Int, "0", "the priority"),
    flag("global-default", Kind::Bool, "false", "for pods that name no class"),
    flag("description", Kind::Text, "", "when to use it"),
    flag("preemption-policy", Kind::Text, "PreemptLowerPriority", "PreemptLowerPriority or Never"),
];

pub static COMMAND: Command = Command {
    name: "priorityclass",
    aliases: &["pc"],
    usage: "NAME --value=VALUE --global-default=BOOL",
    short: "A rank for pods in scheduling",
    flags: &[FLAGS, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let mut p = named(PRIORITYCLASSES, &one_name(args)?);
    p.set("value", args.int("value"));
    if args.is("global-default") {
        p.set("globalDefault", true);
    }
    if !args.text("description").is_empty() {
        p.set("description", args.text("description"));
    }
    p.set("preemptionPolicy", args.text("preemption-policy"));
    generate(k, args, PRIORITYCLASSES, p, "priorityclass:").await
}
