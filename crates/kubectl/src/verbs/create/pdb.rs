//! `kubectl create poddisruptionbudget`

use objects::resources::PODDISRUPTIONBUDGETS;
use objects::selector::LabelSelector;
use objects::{Value, value};

use super::{GENERATOR, generate, named};
use crate::command::{Command, one_name};
use crate::error::{Error, Result, fail};
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    flag("min-available", Kind::Text, "", "pods (number or percentage) that must stay"),
    flag("max-unavailable", Kind::Text, "", "pods (number or percentage) that may go"),
    flag("selector", Kind::Text, "", "label selector of the pods"),
];

pub static COMMAND: Command = Command {
    name: "poddisruptionbudget",
    aliases: &["pdb"],
    usage: "NAME --selector=SELECTOR --min-available=N",
    short: "How many pods must stay while others are moved",
    flags: &[FLAGS, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let name = one_name(args)?;
    let (min, max) = (args.text("min-available"), args.text("max-unavailable"));
    if args.text("selector").is_empty() {
        return fail("a selector must be specified");
    }
    if min.is_empty() && max.is_empty() {
        return fail("one of min-available or max-unavailable must be specified");
    }
    if !min.is_empty() && !max.is_empty() {
        return fail("min-available and max-unavailable cannot be both specified");
    }
    let (field, text, flag) = if min.is_empty() {
        ("maxUnavailable", max, "max-unavailable")
    } else {
        ("minAvailable", min, "min-available")
    };
    let digits = text.strip_suffix('%').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return fail(format!("invalid format specified for {flag}"));
    }
    let bound: Value = match text.parse::<i64>() {
        Ok(n) => n.into(),
        Err(_) => text.into(),
    };
    let selector = LabelSelector::parse(args.text("selector")).map_err(|e| {
        Error::text(format!("couldn't parse the selector string \"{}\": {e}", args.text("selector")))
    })?;
    let selector = as_object(&selector);
    let mut p = named(PODDISRUPTIONBUDGETS, &name);
    let mut spec = value!({"selector": (selector)});
    spec.set(field, bound);
    p.set("spec", spec);
    p.set(
        "status",
        value!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}),
    );
    generate(k, args, PODDISRUPTIONBUDGETS, p, "poddisruptionbudgets:").await
}

/// A selector as a `metav1.LabelSelector`.
fn as_object(s: &LabelSelector) -> Value {
    let ((labels, others), mut expressions) = (s.parts(), Vec::new());
    for (r, operator) in others {
        let mut e = value!({"key": (r.key.clone()), "operator": (operator)});
        if !r.values.is_empty() {
            e.set("values", Value::from(r.values.clone()));
        }
        expressions.push(e);
    }
    let mut out = Value::map();
    if !labels.is_zero() {
        out.set("matchLabels", labels);
    }
    if !expressions.is_empty() {
        out.set("matchExpressions", Value::List(expressions.into()));
    }
    out
}
