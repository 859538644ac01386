//! `kubectl kuberc view|set`: the file of preferences, shown and written.
//!
//! Models `k8s.io/kubectl/pkg/cmd/kuberc`. Not modelled: the question whether a file is to be made with recommended
//! options.

use objects::{Value, value, yaml};

use crate::command::Command;
use crate::error::{Error, Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::io::FsError;
use crate::kuberc::place;
use crate::printers::Printer;
use crate::session::Kubectl;

static VIEW: &[Flag] = &[
    short('o', "output", Kind::Text, "yaml", "json, yaml, name, jsonpath=..., go-template=..."),
    flag("template", Kind::Text, "", "template for -o jsonpath or go-template"),
    flag("allow-missing-template-keys", Kind::Bool, "true", "missing fields print as nothing"),
];

static SET: &[Flag] = &[
    flag("section", Kind::Text, "", "defaults, aliases or credentialplugin"),
    flag("command", Kind::Text, "", "the command that is meant: get, set image"),
    flag("name", Kind::Text, "", "name of the alias"),
    flag("option", Kind::Texts, "", "flag=value, repeatable"),
    flag("prependarg", Kind::Texts, "", "argument before the learner's own, repeatable"),
    flag("appendarg", Kind::Texts, "", "argument behind the learner's own, repeatable"),
    flag("policy", Kind::Text, "", "AllowAll, DenyAll or Allowlist: which credential plugins may run"),
    flag("allowlist-entry", Kind::Texts, "", "command=name of a credential plugin that may run, repeatable"),
    flag("overwrite", Kind::Bool, "false", "put it in the place of what is there"),
];

pub static COMMAND: Command = Command {
    name: "kuberc",
    usage: "SUBCOMMAND",
    short: "Look after your preferences: aliases and default flags",
    commands: &[
        &Command {
            name: "set",
            usage: "--section (defaults|aliases) --command COMMAND",
            short: "Write an alias or default flags",
            flags: &[SET],
            required: &["section"],
            run: Some(|k, a| Box::pin(async move { set(k, a) })),
            ..Command::NONE
        },
        &Command {
            name: "view",
            short: "Show your preferences",
            flags: &[VIEW],
            run: Some(|k, a| Box::pin(async move { view(k, a) })),
            ..Command::NONE
        },
    ],
    ..Command::NONE
};

/// The file: its path, whether somebody named it, what it says.
fn load(k: &Kubectl, args: &Args) -> Result<(String, bool, Option<Value>)> {
    let found = place(k.io.as_ref(), args.text("kuberc")).map_err(Error::Text)?;
    let Some((path, named)) = found else {
        return fail("KUBERC is disabled via KUBERC=off environment variable");
    };
    let bytes = match k.io.read(&path) {
        Ok(bytes) => bytes,
        Err(FsError::NotFound) => return Ok((path, named, None)),
        Err(e) => return fail(format!("error reading kuberc file: open {path}: {}", e.text())),
    };
    match yaml::load(&String::from_utf8_lossy(&bytes)) {
        Ok(d) => Ok((path, named, Some(d.value))),
        Err(e) => fail(format!("error parsing kuberc file: error converting YAML to JSON: {e}")),
    }
}

fn view(k: &Kubectl, args: &Args) -> Result<()> {
    let (path, named, file) = load(k, args)?;
    let Some(mut file) = file else {
        if named {
            return fail(format!("kuberc file not found at {path}"));
        }
        k.say(format!("kuberc file not found at {path}"));
        return Ok(());
    };
    for list in ["aliases", "defaults"] {
        if file[list].is_null() {
            file.set(list, value!([]));
        }
    }
    k.out(&Printer::of(k, args)?.print(&file, "")?);
    Ok(())
}

fn texts(words: &[String]) -> Value {
    words.iter().map(Value::from).collect()
}

fn set(k: &Kubectl, args: &Args) -> Result<()> {
    let section = args.text("section");
    let (command, name) = (args.text("command"), args.text("name"));
    let (before, behind) = (args.list("prependarg"), args.list("appendarg"));
    let (path, _, file) = load(k, args)?;
    if !matches!(section, "defaults" | "aliases" | "credentialplugin") {
        return fail(format!(
            "--section must be \"defaults\", \"aliases\", or \"credentialplugin\", got: {section}"
        ));
    }
    if section == "aliases" && name.is_empty() {
        return fail("--name is required when --section=aliases");
    }
    if section == "defaults" && !name.is_empty() {
        return fail("--name should not be specified when --section=defaults");
    }
    if section == "defaults" && !(before.is_empty() && behind.is_empty()) {
        return fail("--prependarg and --appendarg are only valid for --section=aliases");
    }
    if section != "credentialplugin" && command.is_empty() {
        return fail("--command is required when --section=aliases or --section=defaults");
    }
    let mut file = file.filter(|f| !f.is_null()).unwrap_or_else(|| {
        value!({"apiVersion": "kubectl.config.k8s.io/v1beta1", "kind": "Preference", "aliases": null, "defaults": null})
    });
    if section == "credentialplugin" {
        policy(args, &mut file)?;
        return save(k, &path, &file);
    }
    let mut options: Vec<Value> = Vec::new();
    for text in args.list("option") {
        let Some((flag, value)) = text.split_once('=') else {
            return fail(format!("invalid option format {text:?}, expected flag=value"));
        };
        options.push(value!({"name": (flag.trim_start_matches('-')), "default": (value)}));
    }
    let (field, key) = if section == "defaults" { ("command", command) } else { ("name", name) };
    let mut all = file[section].items().to_vec();
    let at = all.iter().position(|e| e[field] == key);
    let was = match at {
        Some(_) if !args.is("overwrite") => {
            let what = if section == "defaults" {
                format!("defaults for command {command:?} already exist")
            } else {
                format!("alias {name:?} already exists")
            };
            return fail(format!("{what}, use --overwrite to replace"));
        }
        Some(i) => all[i].clone(),
        None => Value::Null,
    };
    let mut entry = value!({"command": (command)});
    if section == "aliases" {
        entry.set("name", name);
        for (field, words) in [("prependArgs", before), ("appendArgs", behind)] {
            let kept = if words.is_empty() { was[field].clone() } else { texts(&words) };
            if !kept.is_null() {
                entry.set(field, kept);
            }
        }
    }
    let kept = if options.is_empty() { was["options"].clone() } else { Value::List(options.into()) };
    if section == "defaults" || !kept.is_null() {
        entry.set("options", kept);
    }
    match at {
        Some(i) => all[i] = entry,
        None => all.push(entry),
    }
    file.set(section, Value::List(all.into()));
    save(k, &path, &file)
}

/// Which programs may give credentials.
fn policy(args: &Args, file: &mut Value) -> Result<()> {
    let (policy, entries) = (args.text("policy"), args.list("allowlist-entry"));
    match policy {
        "" => return fail("--policy is required when --section=credentialplugin"),
        "AllowAll" | "DenyAll" if entries.is_empty() => {}
        "AllowAll" | "DenyAll" => {
            return fail(
                "--allowlist-entry may only be used when --section=credentialplugin and --policy=Allowlist",
            );
        }
        "Allowlist" if entries.is_empty() => {
            return fail(
                "--allowlist-entry is required when --section=credentialplugin and --policy=Allowlist",
            );
        }
        "Allowlist" => {
            let mut list: Vec<Value> = Vec::new();
            for pair in entries.iter().flat_map(|e| e.split(',')) {
                match pair.split_once('=') {
                    None => return fail(format!("improperly formatted allowlist entry: {pair:?}")),
                    Some(("command", "")) => {
                        return fail("empty value in allowlist entry for field \"command\"");
                    }
                    Some(("command", program)) => list.push(value!({"command": (program)})),
                    Some(("name", _)) => {
                        return fail("allowlist entry field \"name\" is deprecated, use \"command\" instead");
                    }
                    Some((field, _)) => {
                        return fail(format!("unrecognized allowlist entry field: {field:?}"));
                    }
                }
            }
            file.set("credentialPluginAllowlist", Value::List(list.into()));
        }
        other => {
            return fail(format!(
                " --policy must be  \"AllowAll\", \"DenyAll\", or \"Allowlist\", got: {other}"
            ));
        }
    }
    file.set("credentialPluginPolicy", policy);
    Ok(())
}

fn save(k: &Kubectl, path: &str, file: &Value) -> Result<()> {
    match k.io.write(path, yaml::emit(file).as_bytes()) {
        Ok(()) => {
            k.say(format!("Updated {path}"));
            Ok(())
        }
        Err(e) => fail(format!("failed to write kuberc file: open {path}: {}", e.text())),
    }
}
