//! Verbs that say what is there rather than do: `completion`, `plugin list`, `proxy`, `alpha`. Not modelled: `kuberc`.

use crate::command::{Command, usage_error};
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::Kubectl;

static PLUGIN: &[Flag] = &[flag("name-only", Kind::Bool, "false", "names instead of paths")];
static PROXY: &[Flag] = &[
    short('p', "port", Kind::Int, "8001", "port to serve on"),
    flag("address", Kind::Text, "127.0.0.1", "address to serve on"),
    flag("api-prefix", Kind::Text, "/", "prefix of the API"),
    short('w', "www", Kind::Text, "", "accepted, not simulated"),
    short('P', "www-prefix", Kind::Text, "/static/", "accepted, not simulated"),
    short('u', "unix-socket", Kind::Text, "", "accepted, not simulated"),
    flag("accept-hosts", Kind::Text, "", "accepted, not simulated"),
    flag("accept-paths", Kind::Text, "", "accepted, not simulated"),
    flag("reject-methods", Kind::Text, "", "accepted, not simulated"),
    flag("reject-paths", Kind::Text, "", "accepted, not simulated"),
    flag("disable-filter", Kind::Bool, "false", "accepted, not simulated"),
    flag("keepalive", Kind::Duration, "0s", "accepted, not simulated"),
    flag("append-server-path", Kind::Bool, "false", "accepted, not simulated"),
];

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

pub static PROXY_COMMAND: Command = Command {
    name: "proxy",
    usage: "[--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix]",
    short: "Serve the API on a local port",
    flags: &[PROXY],
    run: Some(|k, a| Box::pin(proxy(k, a))),
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

/// Serves until Ctrl-C. The learner's shell answers requests to the port while this runs.
async fn proxy(k: &Kubectl, args: &Args) -> Result<()> {
    k.say(format!("Starting to serve on {}:{}", args.text("address"), args.int("port")));
    loop {
        k.client.sleep(3_600_000).await;
    }
}
