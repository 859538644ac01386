//! `kubectl set selector`

use objects::Value;
use objects::selector::{LabelSelector, Requirement};

use super::COMMON;
use crate::change::{Change, objects};
use crate::command::Command;
use crate::error::{Error, Result, fail};
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
    let Some((text, resources)) = args.args.split_last() else { return fail("one selector is required") };
    let (labels, expressions) = label_selector(text)?;
    let mut errors = Vec::new();
    for i in objects(k, args, resources.to_vec()).await? {
        if !expressions.is_empty() {
            return fail(format!(
                "match expression [{}] not supported on this object",
                expressions.join(" ")
            ));
        }
        if i.resource.id != "services" {
            errors.push(Error::text("setting a selector is only supported for Services"));
            continue;
        }
        let mut new = i.object.clone();
        new.set_at(&["spec", "selector"], labels.clone());
        let version = args.text("resource-version");
        if !version.is_empty() {
            new.set_at(&["metadata", "resourceVersion"], version);
        }
        if let Err(e) = change.always(k, &i, &new).await {
            errors.push(e);
        }
    }
    Error::of_all(errors)
}

/// The labels a selector asks for, and its other terms as Go prints them.
fn label_selector(text: &str) -> Result<(Value, Vec<String>)> {
    let selector = LabelSelector::parse(text)
        .map_err(|e| Error::text(format!("couldn't parse the selector string \"{text}\": {e}")))?;
    let (labels, others) = selector.parts();
    let shown =
        |(r, operator): &(&Requirement, &str)| format!("{{{} {operator} [{}]}}", r.key, r.values.join(" "));
    Ok((labels, others.iter().map(shown).collect()))
}
