//! Verbs that say what is there rather than do: `completion`, `plugin list`, `alpha`.

use crate::command::{Command, usage_error};
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;

static PLUGIN: &[Flag] = &[flag("name-only", Kind::Bool, "false", "names instead of paths")];

pub static COMPLETION: Command = Command {
    name: "completion",
    usage: "SHELL",
    short: "Print completion code for a shell",
    run: Some(|k, a| Box::pin(completion(k, a))),
    ..Command::NONE
};

pub static PLUGINS: Command = Command {
    name: "plugin",
    short: "Look after plugins",
    commands: &[&Command {
        name: "list",
        short: "List plugins",
        flags: &[PLUGIN],
        run: Some(|k, a| Box::pin(plugins(k, a))),
        ..Command::NONE
    }],
    ..Command::NONE
};

pub static ALPHA: Command = Command {
    name: "alpha",
    short: "Commands that are tried out",
    run: Some(|k, _| {
        Box::pin(async move {
            k.complain("No alpha commands are available in this version of kubectl");
            Ok(())
        })
    }),
    hidden: true,
    ..Command::NONE
};

async fn completion(k: &Kubectl, args: &Args) -> Result<()> {
    match args.args.as_slice() {
        [] => Err(usage_error(args, "Shell not specified.")),
        [shell] if ["bash", "zsh", "fish", "powershell"].contains(&shell.as_str()) => {
            k.say(format!("# {shell} completion for kubectl: this shell completes kubectl by itself."));
            Ok(())
        }
        [shell] => Err(usage_error(args, &format!("Unsupported shell type \"{shell}\"."))),
        _ => Err(usage_error(args, "Too many arguments. Expected only the shell type.")),
    }
}

async fn plugins(_: &Kubectl, _: &Args) -> Result<()> {
    fail("unable to find any kubectl plugins in your PATH")
}
