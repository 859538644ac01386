//! `kubectl auth can-i`, `whoami`, `reconcile`
//!
//! Models `k8s.io/kubectl/pkg/cmd/auth`. Not modelled: the details of `reconcile --remove-extra-*`.

use client::{Body, PatchType, Verb};
use objects::resources::{SELFSUBJECTACCESSREVIEWS, SELFSUBJECTREVIEWS, SELFSUBJECTRULESREVIEWS};
use objects::{Value, value};

use crate::command::{ALL_NAMESPACES, Command, DRY_RUN, FILES, OUTPUT};
use crate::describe::rules_table;
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::printers::{Printer, columns};
use crate::session::{DryRun, Kubectl, request};

static CAN_I: &[Flag] = &[
    flag("list", Kind::Bool, "false", "everything that is allowed"),
    flag("no-headers", Kind::Bool, "false", "with --list: leave the header line out"),
    short('q', "quiet", Kind::Bool, "false", "only the exit code"),
    flag("subresource", Kind::Text, "", "log, status ..."),
];
static RECONCILE: &[Flag] = &[
    flag("remove-extra-permissions", Kind::Bool, "false", "take away rules that the manifest has not"),
    flag("remove-extra-subjects", Kind::Bool, "false", "take away subjects that the manifest has not"),
];

pub static COMMAND: Command = Command {
    name: "auth",
    short: "Ask about rights",
    commands: &[
        &Command {
            name: "can-i",
            usage: "VERB [TYPE | TYPE/NAME | NONRESOURCEURL]",
            short: "Ask whether you may do something",
            flags: &[CAN_I, ALL_NAMESPACES],
            run: Some(|k, a| Box::pin(can_i(k, a))),
            ..Command::NONE
        },
        &Command {
            name: "reconcile",
            usage: "-f FILENAME",
            short: "Make roles and bindings hold at least what manifests say",
            flags: &[RECONCILE, FILES, DRY_RUN, OUTPUT],
            run: Some(|k, a| Box::pin(reconcile(k, a))),
            ..Command::NONE
        },
        &Command {
            name: "whoami",
            short: "Tell who the server takes you for",
            flags: &[OUTPUT],
            run: Some(|k, a| Box::pin(whoami(k, a))),
            ..Command::NONE
        },
    ],
    ..Command::NONE
};

const RESOURCE_VERBS: [&str; 13] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "use",
    "bind",
    "impersonate",
    "*",
    "approve",
];
const MORE_VERBS: [&str; 4] = ["sign", "escalate", "attest", "proxy"];
const URL_VERBS: [&str; 7] = ["get", "put", "post", "head", "options", "delete", "patch"];

async fn can_i(k: &Kubectl, args: &Args) -> Result<()> {
    let list = args.is("list");
    let (quiet, all) = (args.is("quiet"), args.is("all-namespaces"));
    let namespace = if all { "" } else { k.namespace.as_str() };
    if list {
        if !args.args.is_empty() {
            return fail("list option must be specified with no arguments");
        }
        if quiet || all || !args.text("subresource").is_empty() {
            return fail(
                "list option can't be specified with neither quiet, all-namespaces nor subresource options",
            );
        }
        return rules(k, args, namespace).await;
    }
    let [verb, what] = args.args.as_slice() else {
        return fail(
            "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
        );
    };
    let spec = if what.starts_with('/') {
        if !args.text("subresource").is_empty() {
            return fail("--subresource can not be used with NonResourceURL");
        }
        if !URL_VERBS.contains(&verb.as_str()) && verb != "*" {
            k.warn(&format!("verb '{verb}' is not a known verb\n"));
        }
        value!({"nonResourceAttributes": {"verb": (verb), "path": (what)}})
    } else {
        let (kind, name) = what.split_once('/').unwrap_or((what, ""));
        let (mut group, mut plural) = (objects::Str::default(), objects::Str::from(kind));
        if kind != "*" {
            match k.resource(kind).await {
                Ok(r) => {
                    if !r.namespaced && !all {
                        k.warn(&if r.group.is_empty() {
                            format!("resource '{}' is not namespace scoped\n", r.plural)
                        } else {
                            format!(
                                "resource '{}' is not namespace scoped in group '{}'\n",
                                r.plural, r.group
                            )
                        });
                    }
                    (group, plural) = (r.group, r.plural);
                }
                Err(Error::Text(_)) => {
                    if !["users", "groups", "userextras"].contains(&kind) {
                        k.warn(&match kind.split_once('.') {
                            None => format!("the server doesn't have a resource type '{kind}'\n"),
                            Some((r, g)) => {
                                format!("the server doesn't have a resource type '{r}' in group '{g}'\n")
                            }
                        });
                    }
                }
                Err(e) => return Err(e),
            }
        }
        if !RESOURCE_VERBS.contains(&verb.as_str()) && !MORE_VERBS.contains(&verb.as_str()) {
            k.warn(&format!("verb '{verb}' is not a known verb\n"));
        }
        if args.is("no-headers") {
            return fail("--no-headers cannot be set without --list specified");
        }
        let mut a = value!({"verb": (verb), "resource": (plural)});
        for (field, text) in [
            ("namespace", namespace),
            ("group", group.as_str()),
            ("subresource", args.text("subresource")),
            ("name", name),
        ] {
            if !text.is_empty() {
                a.set(field, text);
            }
        }
        value!({"resourceAttributes": (a)})
    };
    let body = value!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "metadata": {}, "spec": (spec)});
    let answer = k.call(request(Verb::Create, SELFSUBJECTACCESSREVIEWS, "").object(body)).await?.object;
    let status = &answer["status"];
    let allowed = status["allowed"].is_true();
    if !quiet {
        let mut text = String::from(if allowed { "yes" } else { "no" });
        if !allowed {
            for field in ["reason", "evaluationError"] {
                if !status[field].text().is_empty() {
                    text.push_str(" - ");
                    text.push_str(status[field].text());
                }
            }
        }
        k.say(text);
    }
    if allowed { Ok(()) } else { Err(Error::Exit(1)) }
}

async fn rules(k: &Kubectl, args: &Args, namespace: &str) -> Result<()> {
    let body = value!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "metadata": {},
        "spec": {"namespace": (namespace)},
    });
    let answer = k.call(request(Verb::Create, SELFSUBJECTRULESREVIEWS, "").object(body)).await?.object;
    let status = &answer["status"];
    if status["incomplete"].is_true() {
        k.warn(&format!("the list may be incomplete: {}", status["evaluationError"].text()));
    }
    let mut all = status["resourceRules"].items().to_vec();
    all.extend_from_slice(status["nonResourceRules"].items());
    let mut text = String::new();
    if !args.is("no-headers") {
        text.push_str("Resources\tNon-Resource URLs\tResource Names\tVerbs\n");
    }
    text.push_str(&rules_table(&Value::List(all.into())));
    k.out(&columns(&text));
    Ok(())
}

async fn whoami(k: &Kubectl, args: &Args) -> Result<()> {
    let body =
        value!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}});
    let answer = k.call(request(Verb::Create, SELFSUBJECTREVIEWS, "").object(body)).await?.object;
    let printer = Printer::of(k, args)?;
    if !printer.is_human() {
        k.out(&printer.print_made(&answer, "")?);
        return Ok(());
    }
    let info = &answer["status"]["userInfo"];
    let words = |v: &Value| {
        let parts: Vec<&str> = v.items().iter().map(Value::text).collect();
        format!("[{}]", parts.join(" "))
    };
    let mut text = String::from("ATTRIBUTE\tVALUE\n");
    text.push_str(&format!("Username\t{}\n", info["username"].text()));
    if !info["uid"].text().is_empty() {
        text.push_str(&format!("UID\t{}\n", info["uid"].text()));
    }
    if !info["groups"].items().is_empty() {
        text.push_str(&format!("Groups\t{}\n", words(&info["groups"])));
    }
    for (key, v) in info["extra"].entries() {
        text.push_str(&format!("Extra: {key}\t{}\n", words(v)));
    }
    k.out(&columns(&text));
    Ok(())
}

async fn reconcile(k: &Kubectl, args: &Args) -> Result<()> {
    let find = Find::of(args);
    if !find.has_files() {
        return fail("must specify one of -f and -k");
    }
    let dry = DryRun::of(k, args)?;
    let printer = Printer::of(k, args)?;
    let (infos, errors, _) = k.infos(&find).await?;
    Error::of_all(errors)?;
    for i in infos {
        let field = match i.resource.kind.as_str() {
            "Role" | "ClusterRole" => "rules",
            "RoleBinding" | "ClusterRoleBinding" => "subjects",
            _ => continue,
        };
        let extra =
            args.is(if field == "rules" { "remove-extra-permissions" } else { "remove-extra-subjects" });
        let (mut how, mut added) = ("", Vec::new());
        let object = match k.get(&i.resource, &i.namespace, &i.name).await {
            Err(e) if e.is_not_found() => {
                how = "create";
                added = i.object[field].items().to_vec();
                if dry == DryRun::Client {
                    i.object.clone()
                } else {
                    let mut r = request(Verb::Create, &i.resource, &i.namespace).object(i.object.clone());
                    r.options.dry_run = dry == DryRun::Server;
                    k.call(r).await?.object
                }
            }
            Err(e) => return Err(e),
            Ok(live) => {
                let mut all = if extra { Vec::new() } else { live[field].items().to_vec() };
                for x in i.object[field].items() {
                    if !live[field].items().contains(x) {
                        how = "update";
                        added.push(x.clone());
                    }
                    if !all.contains(x) {
                        all.push(x.clone());
                    }
                }
                let mut patch = Value::map();
                patch.set(field, Value::List(all.into()));
                if dry == DryRun::Client {
                    objects::patch::merge_patch::apply(&live, &patch)
                } else {
                    let mut r = request(Verb::Patch, &i.resource, &i.namespace)
                        .named(i.name.clone())
                        .patch(PatchType::Merge, Body::Object(patch));
                    r.options.dry_run = dry == DryRun::Server;
                    k.call(r).await?.object
                }
            }
        };
        k.out(&printer.print_made(&object, &format!("reconciled{}", dry.suffix()))?);
        if !printer.is_human() || how.is_empty() {
            continue;
        }
        k.complain(format!("\treconciliation required {how}"));
        if !added.is_empty() {
            k.complain(format!("\tmissing {field} added:"));
        }
        for a in &added {
            k.complain(format!("\t\t{}", as_go(a, field)));
        }
    }
    Ok(())
}

/// A rule or subject as Go prints it with its fields' names.
fn as_go(v: &Value, field: &str) -> String {
    let fields: &[(&str, &str)] = if field == "rules" {
        &[
            ("Verbs", "verbs"),
            ("APIGroups", "apiGroups"),
            ("Resources", "resources"),
            ("ResourceNames", "resourceNames"),
            ("NonResourceURLs", "nonResourceURLs"),
        ]
    } else {
        &[("Kind", "kind"), ("APIGroup", "apiGroup"), ("Name", "name"), ("Namespace", "namespace")]
    };
    let parts: Vec<String> = fields
        .iter()
        .map(|(shown, key)| match field {
            "rules" => {
                let words: Vec<&str> = v[*key].items().iter().map(Value::text).collect();
                format!("{shown}:[{}]", words.join(" "))
            }
            _ => format!("{shown}:{}", v[*key].text()),
        })
        .collect();
    format!("{{{}}}", parts.join(" "))
}
