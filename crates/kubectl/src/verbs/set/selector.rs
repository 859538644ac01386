//! `kubectl set selector`

use objects::Value;

use super::COMMON;
use crate::change::{Change, objects};
use crate::command::Command;
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;
use crate::verbs::create::manager;

static FLAGS: &[Flag] =
    &[flag("resource-version", Kind::Text, "", "only when the object is at this version")];

pub static COMMAND: Command = Command {
    name: "selector",
    usage: "(-f FILENAME | TYPE NAME) EXPRESSIONS",
    short: "Choose other pods for a service",
    flags: &[FLAGS, COMMON[0], COMMON[1], COMMON[3], COMMON[4], COMMON[5]],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let change = Change::of(k, args, "selector updated", manager(args, "kubectl-set"))?;
    let (mut resources, mut expressions) = (args.args.clone(), Vec::new());
    while resources.last().is_some_and(|w| w.contains('=')) {
        expressions.extend(resources.pop());
    }
    let [text] = expressions.as_slice() else { return fail("one selector is required") };
    let mut selector = Value::map();
    for part in text.split(',') {
        let Some((key, v)) = part.split_once('=') else {
            return fail(format!("\"{text}\" is not a valid label selector"));
        };
        selector.set(key.trim_end_matches('!'), v.trim_start_matches('='));
    }
    for i in objects(k, args, resources).await? {
        if i.resource.id != "services" {
            return fail("setting a selector is only supported for Services");
        }
        let mut new = i.object.clone();
        new.set_at(&["spec", "selector"], selector.clone());
        change.apply(k, &i, &new).await?;
    }
    Ok(())
}
