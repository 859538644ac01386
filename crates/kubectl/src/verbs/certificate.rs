//! `kubectl certificate approve|deny`
//!
//! Models `k8s.io/kubectl/pkg/cmd/certificates`.

use client::Verb;
use objects::resources::CERTIFICATESIGNINGREQUESTS;
use objects::{Value, value};

use crate::command::{Command, FILES, OUTPUT};
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag};
use crate::printers::Printer;
use crate::session::{Kubectl, request};

static FLAGS: &[Flag] = &[flag("force", Kind::Bool, "false", "update even if decided already")];

pub static COMMAND: Command = Command {
    name: "certificate",
    usage: "SUBCOMMAND",
    short: "Decide about certificate requests",
    commands: &[
        &Command {
            name: "approve",
            usage: "(-f FILENAME | NAME)",
            short: "Say yes to certificate requests",
            flags: &[FLAGS, FILES, OUTPUT],
            run: Some(|k, a| Box::pin(decide(k, a, "Approved", "KubectlApprove", "approved", "approve"))),
            ..Command::NONE
        },
        &Command {
            name: "deny",
            usage: "(-f FILENAME | NAME)",
            short: "Say no to certificate requests",
            flags: &[FLAGS, FILES, OUTPUT],
            run: Some(|k, a| Box::pin(decide(k, a, "Denied", "KubectlDeny", "denied", "deny"))),
            ..Command::NONE
        },
    ],
    ..Command::NONE
};

async fn decide(k: &Kubectl, args: &Args, kind: &str, reason: &str, done: &str, verb: &str) -> Result<()> {
    let mut find = Find { latest: true, ..Find::of(args) };
    find.args =
        args.args.iter().map(|a| if a.contains('/') { a.clone() } else { format!("csr/{a}") }).collect();
    if find.is_empty() {
        return fail("one or more CSRs must be specified as <name> or -f <filename>");
    }
    let printer = Printer::of(k, args)?;
    let (infos, mut errors, _) = k.infos(&find).await?;
    for i in infos {
        if i.resource.id != CERTIFICATESIGNINGREQUESTS.id {
            return fail(format!(
                "can only handle certificates.k8s.io/v1 certificate signing requests, got {}",
                i.resource.id
            ));
        }
        let mut object = i.object.clone();
        let had = |t: &str| !i.object.condition(t).is_null();
        if had(kind) && !args.is("force") {
            k.out(&printer.print_made(&object, done)?);
            continue;
        }
        let other = if kind == "Approved" { "Denied" } else { "Approved" };
        if had(other) {
            return fail(format!(
                "certificate signing request \"{}\" is already {}",
                i.name,
                other.to_lowercase()
            ));
        }
        let now = k.client.now().rfc3339();
        let mut all: Vec<Value> =
            object["status"]["conditions"].items().iter().filter(|c| c["type"] != kind).cloned().collect();
        all.push(value!({
            "type": (kind), "status": "True", "reason": (reason),
            "message": (format!("This CSR was {done} by kubectl certificate {verb}.")),
            "lastUpdateTime": (now.as_str()), "lastTransitionTime": (now.as_str()),
        }));
        object.set_at(&["status", "conditions"], Value::List(all.into()));
        let r = request(Verb::Update, &i.resource, "")
            .named(i.name.clone())
            .subresource("approval")
            .object(object);
        match k.call(r).await {
            Ok(answer) => k.out(&printer.print_made(&answer.object, done)?),
            Err(e) => errors.push(e),
        }
    }
    Error::of_all(errors)
}
