//! `kubectl api-resources` and `kubectl api-versions`
//!
//! Models `k8s.io/kubectl/pkg/cmd/apiresources`.

use objects::resources::Resource;
use objects::{Value, value};
use ordered::Sort as _;

use crate::command::{Command, usage_error};
use crate::error::{Error, Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::printers::columns;
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    flag("api-group", Kind::Text, "", "only this group"),
    flag("namespaced", Kind::Bool, "true", "only those with (or without) namespaces"),
    flag("verbs", Kind::Words, "", "only those with these verbs"),
    flag("categories", Kind::Words, "", "only those in these categories"),
    flag("no-headers", Kind::Bool, "false", "leave the header line out"),
    flag("cached", Kind::Bool, "false", "use what discovery said before"),
    flag("sort-by", Kind::Text, "", "name or kind"),
    short('o', "output", Kind::Text, "", "wide, name, json or yaml"),
    flag("show-managed-fields", Kind::Bool, "false", "accepted, not simulated"),
];

pub static RESOURCES: Command = Command {
    name: "api-resources",
    short: "List the kinds of objects the server knows",
    flags: &[FLAGS],
    run: Some(|k, a| Box::pin(resources(k, a))),
    ..Command::NONE
};

pub static VERSIONS: Command = Command {
    name: "api-versions",
    short: "List the API groups and versions the server knows",
    run: Some(|k, a| Box::pin(versions(k, a))),
    ..Command::NONE
};

async fn resources(k: &Kubectl, args: &Args) -> Result<()> {
    if !args.args.is_empty() {
        return Err(usage_error(args, &format!("unexpected arguments: [{}]", args.args.join(" "))));
    }
    let output = args.text("output");
    if !["", "wide", "name", "json", "yaml"].contains(&output) {
        return fail(format!(
            "unable to match a printer suitable for the output format \"{output}\", allowed formats are: json,name,wide,yaml"
        ));
    }
    let sort = args.text("sort-by");
    if !["", "name", "kind"].contains(&sort) {
        return fail("--sort-by accepts only name or kind");
    }
    let found = if args.is("cached") { k.resources().await } else { k.discover().await };
    // Without a server the table has no rows.
    let all = found.clone().unwrap_or_default();
    let (verbs, categories) = (args.list("verbs"), args.list("categories"));
    let mut seen: Vec<&Resource> = Vec::new();
    for r in all.iter() {
        // Of several versions of a group the preferred one, which comes first.
        if seen.iter().any(|s| s.id == r.id) || r.verbs.is_empty() {
            continue;
        }
        let group = !args.changed("api-group") || r.group == args.text("api-group");
        let scope = !args.changed("namespaced") || r.namespaced == args.is("namespaced");
        if group
            && scope
            && verbs.iter().all(|v| r.allows(v))
            && categories.iter().all(|c| r.categories.iter().any(|x| x == c))
        {
            seen.push(r);
        }
    }
    match sort {
        "name" => seen.arrange_by(|a, b| a.plural.cmp(&b.plural)),
        "kind" => seen.arrange_by(|a, b| a.kind.cmp(&b.kind)),
        _ => seen.arrange_by(|a, b| (&a.group, &a.plural).cmp(&(&b.group, &b.plural))),
    }
    if output == "name" {
        for r in seen {
            k.say(&r.id);
        }
        return found.map(drop);
    }
    if output == "json" || output == "yaml" {
        let items: Vec<Value> = seen
            .iter()
            .map(|r| {
                value!({
                    "categories": (words(&r.categories)), "group": (&r.group), "kind": (&r.kind), "name": (&r.plural),
                    "namespaced": (r.namespaced), "shortNames": (words(&r.short_names)),
                    "singularName": (&r.singular), "verbs": (words(&r.verbs)), "version": (&r.version),
                })
            })
            .collect();
        let list = value!({"apiVersion": "v1", "kind": "APIResourceList", "groupVersion": "", "resources": (Value::List(items.into()))});
        k.out(&if output == "json" {
            format!("{}\n", objects::json::to_pretty(&list, "    "))
        } else {
            objects::yaml::emit(&list)
        });
        return Ok(());
    }
    let wide = output == "wide";
    let mut text = String::new();
    if !args.is("no-headers") {
        text.push_str("NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND");
        text.push_str(if wide { "\tVERBS\tCATEGORIES\n" } else { "\n" });
    }
    for r in seen {
        text.push_str(&format!(
            "{}\t{}\t{}\t{}\t{}",
            r.plural,
            r.short_names.join(","),
            r.api_version(),
            r.namespaced,
            r.kind
        ));
        if wide {
            text.push_str(&format!("\t{}\t{}", r.verbs.join(","), r.categories.join(",")));
        }
        text.push('\n');
    }
    k.out(&columns(&text));
    found.map(drop)
}

fn words(w: &[objects::Str]) -> Value {
    w.iter().map(Value::from).collect()
}

async fn versions(k: &Kubectl, args: &Args) -> Result<()> {
    if !args.args.is_empty() {
        return Err(usage_error(args, &format!("unexpected arguments: [{}]", args.args.join(" "))));
    }
    let all = k.discover().await.map_err(|e| {
        Error::text(format!("couldn't get available api versions from server: {}", e.message()))
    })?;
    let mut versions: Vec<String> = all.iter().map(|r| r.api_version().to_string()).collect();
    versions.arrange();
    versions.dedup();
    for v in versions {
        k.say(v);
    }
    Ok(())
}
