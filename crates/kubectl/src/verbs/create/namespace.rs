//! `kubectl create namespace`

use objects::resources::NAMESPACES;
use objects::value;

use super::{GENERATOR, generate, named};
use crate::command::{Command, one_name};
use crate::error::Result;
use crate::flags::Args;
use crate::session::Kubectl;

pub static COMMAND: Command = Command {
    name: "namespace",
    aliases: &["ns"],
    usage: "NAME",
    short: "A namespace: a room of names of its own",
    flags: GENERATOR,
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let mut n = named(NAMESPACES, &one_name(args)?);
    n.set("spec", value!({}));
    n.set("status", value!({}));
    generate(k, args, NAMESPACES, n, "").await
}
