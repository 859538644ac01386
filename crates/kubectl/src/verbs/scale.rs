//! `kubectl scale`
//!
//! Models `k8s.io/kubectl/pkg/cmd/scale` and `k8s.io/kubectl/pkg/scale`.

use client::{Body, PatchType, Verb};
use objects::value;

use crate::command::{Command, DRY_RUN, FILES, OUTPUT, SELECTOR};
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag};
use crate::printers::Printer;
use crate::session::{DryRun, Kubectl, request};

static FLAGS: &[Flag] = &[
    flag("all", Kind::Bool, "false", "every object of the type in the namespace"),
    flag("replicas", Kind::Int, "0", "the new number of replicas"),
    flag("current-replicas", Kind::Int, "-1", "only when there are so many now"),
    flag("resource-version", Kind::Text, "", "only when the object is at this version"),
    flag("timeout", Kind::Duration, "0s", "how long to wait for the new size"),
];

pub static COMMAND: Command = Command {
    name: "scale",
    usage: "[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)",
    short: "Change the number of replicas",
    flags: &[FLAGS, FILES, SELECTOR, DRY_RUN, OUTPUT],
    required: &["replicas"],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    if args.int("replicas") < 0 {
        return fail("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
    }
    if args.changed("current-replicas") && args.int("current-replicas") < -1 {
        return fail("The --current-replicas must specify an integer of -1 or greater");
    }
    let dry = DryRun::of(k, args)?;
    let printer = Printer::of(k, args)?;
    let find = Find { latest: true, ..Find::of(args) };
    let (infos, mut errors, _) = k.infos(&find).await?;
    if infos.len() > 1 && !args.text("resource-version").is_empty() {
        return fail("cannot use --resource-version with multiple resources");
    }
    let mut count = 0;
    for i in infos {
        count += 1;
        if dry == DryRun::Client {
            k.out(&printer.print(&i.object, "scaled (dry run)")?);
            continue;
        }
        let named = |verb| {
            let mut r = request(verb, &i.resource, &i.namespace).named(i.name.clone()).subresource("scale");
            r.options.dry_run = dry == DryRun::Server;
            r
        };
        let guarded = args.int("current-replicas") >= 0 || !args.text("resource-version").is_empty();
        let done = if guarded {
            let mut scale = k.call(named(Verb::Get)).await?.object;
            let (want, now) = (args.int("current-replicas"), scale["spec"]["replicas"].int());
            if want >= 0 && want != now {
                return fail(format!("Expected replicas to be {want}, was {now}"));
            }
            let version = args.text("resource-version");
            if !version.is_empty() && scale.meta()["resourceVersion"].text() != version {
                return fail(format!(
                    "Expected resource version to be {version}, was {}",
                    scale.meta()["resourceVersion"].text()
                ));
            }
            scale.set_at(&["spec", "replicas"], args.int("replicas"));
            k.call(named(Verb::Update).object(scale)).await
        } else {
            let body = value!({"spec": {"replicas": (args.int("replicas"))}});
            k.call(named(Verb::Patch).patch(PatchType::Merge, Body::Object(body))).await
        };
        match done {
            Ok(_) => k.out(&printer.print(&i.object, &format!("scaled{}", dry.suffix()))?),
            Err(e) => errors.push(e),
        }
        if args.millis("timeout") > 0 && errors.is_empty() && dry == DryRun::None {
            let until = k.client.now() + args.millis("timeout");
            loop {
                let o = k.get(&i.resource, &i.namespace, &i.name).await?;
                if o["status"]["replicas"].int() == args.int("replicas")
                    && o["status"]["observedGeneration"].int() >= o.generation()
                {
                    break;
                }
                if until.since(k.client.now()) <= 0 {
                    return fail("timed out waiting for the condition");
                }
                k.client.sleep(500).await;
            }
        }
    }
    Error::of_all(errors)?;
    if count == 0 {
        return fail("no objects passed to scale");
    }
    Ok(())
}
