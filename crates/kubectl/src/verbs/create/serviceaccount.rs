//! `kubectl create serviceaccount`

use objects::resources::SERVICEACCOUNTS;

use super::{GENERATOR, generate, named};
use crate::command::{Command, one_name};
use crate::error::Result;
use crate::flags::Args;
use crate::session::Kubectl;

pub static COMMAND: Command = Command {
    name: "serviceaccount",
    aliases: &["sa"],
    usage: "NAME",
    short: "An identity for programs in pods",
    flags: GENERATOR,
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let sa = named(SERVICEACCOUNTS, &one_name(args)?);
    generate(k, args, SERVICEACCOUNTS, sa, "serviceaccount:").await
}
