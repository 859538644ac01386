//! `kubectl create token`

use client::Verb;
use objects::resources::SERVICEACCOUNTS;
use objects::{Value, value};

use super::texts;
use crate::command::{Command, OUTPUT, one_name};
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag};
use crate::printers::Printer;
use crate::session::{Kubectl, request};

static FLAGS: &[Flag] = &[
    flag("audience", Kind::Texts, "", "audience of the token, repeatable"),
    flag("duration", Kind::Duration, "0s", "how long the token shall be valid"),
    flag("bound-object-kind", Kind::Text, "", "Node, Pod or Secret the token is bound to"),
    flag("bound-object-name", Kind::Text, "", "name of that object"),
    flag("bound-object-uid", Kind::Text, "", "UID of that object"),
];

pub static COMMAND: Command = Command {
    name: "token",
    usage: "SERVICE_ACCOUNT_NAME",
    short: "Ask for a token of a service account",
    flags: &[FLAGS, OUTPUT],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let name = one_name(args)?;
    if args.millis("duration") < 0 {
        return fail("--duration must be greater than or equal to 0");
    }
    if args.millis("duration") % 1000 != 0 {
        return fail("--duration cannot be expressed in units less than seconds");
    }
    let kind = args.text("bound-object-kind");
    if kind.is_empty() && !args.text("bound-object-name").is_empty() {
        return fail("--bound-object-name can only be set if --bound-object-kind is provided");
    }
    if kind.is_empty() && !args.text("bound-object-uid").is_empty() {
        return fail("--bound-object-uid can only be set if --bound-object-kind is provided");
    }
    if !kind.is_empty() && !["Node", "Pod", "Secret"].contains(&kind) {
        return fail("supported --bound-object-kind values are Node, Pod, Secret");
    }
    if !kind.is_empty() && args.text("bound-object-name").is_empty() {
        return fail("--bound-object-name is required if --bound-object-kind is provided");
    }
    let mut spec = Value::map();
    if !args.list("audience").is_empty() {
        spec.set("audiences", texts(&args.list("audience")));
    }
    if args.millis("duration") > 0 {
        spec.set("expirationSeconds", args.millis("duration") / 1000);
    }
    if !kind.is_empty() {
        let mut bound =
            value!({"apiVersion": "v1", "kind": (kind), "name": (args.text("bound-object-name"))});
        if !args.text("bound-object-uid").is_empty() {
            bound.set("uid", args.text("bound-object-uid"));
        }
        spec.set("boundObjectRef", bound);
    }
    let body = value!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {}, "spec": (spec)});
    let r =
        request(Verb::Create, SERVICEACCOUNTS, &k.namespace).named(name).subresource("token").object(body);
    let answer = match k.call(r).await {
        Ok(a) => a.object,
        Err(e) => return fail(format!("failed to create token: {}", e.message())),
    };
    let token = answer["status"]["token"].text();
    if token.is_empty() {
        return fail("failed to create token: no token in server response");
    }
    let printer = Printer::of(k, args)?;
    if printer.is_human() {
        k.say(token)
    } else {
        k.out(&printer.print_made(&answer, "")?)
    }
    Ok(())
}
