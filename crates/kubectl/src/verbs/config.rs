//! `kubectl config`: the kubeconfig in the learner's files.
//!
//! Models `k8s.io/kubectl/pkg/cmd/config`.

use objects::{Value, base64, value, yaml};
use ordered::Sort as _;

use crate::command::Command;
use crate::error::{Error, Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::kubeconfig::{Config, named};
use crate::printers::columns;
use crate::session::Kubectl;

static VIEW: &[Flag] = &[
    flag("flatten", Kind::Bool, "false", "accepted, not simulated"),
    flag("merge", Kind::Bool, "true", "accepted, not simulated"),
    flag("minify", Kind::Bool, "false", "only what the current context needs"),
    flag("raw", Kind::Bool, "false", "show secrets too"),
    short('o', "output", Kind::Text, "yaml", "yaml, json or jsonpath"),
    flag("template", Kind::Text, "", "template for -o jsonpath"),
    flag("allow-missing-template-keys", Kind::Bool, "true", "missing fields print as nothing"),
    flag("show-managed-fields", Kind::Bool, "false", "accepted, not simulated"),
];
static CONTEXTS: &[Flag] = &[
    flag("no-headers", Kind::Bool, "false", "leave the header line out"),
    short('o', "output", Kind::Text, "", "name"),
];
static SET_CONTEXT: &[Flag] = &[flag("current", Kind::Bool, "false", "change the current context")];
static SET_CLUSTER: &[Flag] = &[
    flag("embed-certs", Kind::Bool, "false", "write the files' contents, not their names"),
    flag("proxy-url", Kind::Text, "", "accepted, not simulated"),
];
static SET_CREDENTIALS: &[Flag] = &[
    flag("embed-certs", Kind::Bool, "false", "write the files' contents, not their names"),
    flag("auth-provider", Kind::Text, "", "accepted, not simulated"),
    flag("exec-api-version", Kind::Text, "", "API version of the command that gives credentials"),
    flag("exec-arg", Kind::Words, "", "arguments of the command that gives credentials"),
    flag("exec-command", Kind::Text, "", "command that gives credentials"),
    flag(
        "exec-env",
        Kind::Texts,
        "",
        "key=value for the command that gives credentials, key- takes one away",
    ),
    flag("exec-interactive-mode", Kind::Text, "", "Never, IfAvailable or Always"),
    flag(
        "exec-provide-cluster-info",
        Kind::Bool,
        "false",
        "tell the command that gives credentials of the cluster",
    ),
];
static SET: &[Flag] = &[flag("set-raw-bytes", Kind::Bool, "false", "accepted, not simulated")];

macro_rules! verb {
    ($name:literal, $usage:literal, $short:literal, $flags:expr, $run:ident) => {
        &Command {
            name: $name,
            usage: $usage,
            short: $short,
            flags: $flags,
            run: Some(|k, a| Box::pin(async move { $run(k, a) })),
            ..Command::NONE
        }
    };
}

pub static COMMAND: Command = Command {
    name: "config",
    usage: "SUBCOMMAND",
    short: "Read and change the kubeconfig",
    commands: &[
        verb!("current-context", "", "Name the context in use", &[], current),
        verb!("delete-cluster", "NAME", "Forget a cluster", &[], delete_cluster),
        verb!("delete-context", "NAME", "Forget a context", &[], delete_context),
        verb!("delete-user", "NAME", "Forget a user", &[], delete_user),
        verb!("get-clusters", "", "List clusters", &[], get_clusters),
        verb!("get-contexts", "[NAME]", "List contexts", &[CONTEXTS], get_contexts),
        verb!("get-users", "", "List users", &[], get_users),
        verb!("rename-context", "CONTEXT_NAME NEW_NAME", "Give a context another name", &[], rename),
        verb!("set", "PROPERTY_NAME PROPERTY_VALUE", "Set one value", &[SET], set),
        verb!("set-cluster", "NAME", "Add or change a cluster", &[SET_CLUSTER], set_cluster),
        verb!("set-context", "[NAME | --current]", "Add or change a context", &[SET_CONTEXT], set_context),
        verb!("set-credentials", "NAME", "Add or change a user", &[SET_CREDENTIALS], set_credentials),
        verb!("unset", "PROPERTY_NAME", "Remove one value", &[], unset),
        verb!("use-context", "CONTEXT_NAME", "Choose the context in use", &[], use_context),
        verb!("view", "", "Print the kubeconfig", &[VIEW], view),
    ],
    ..Command::NONE
};

/// Wrong arguments: the command's help first, then what is wrong.
fn unexpected(k: &Kubectl, args: &Args) -> Error {
    let words: Vec<String> = args.path.split(' ').skip(1).map(str::to_owned).collect();
    let (command, path, _) = crate::command::find(super::root(), &words);
    k.io.err(crate::help::page(command, &path, crate::help::speaks_korean(k.io.as_ref())).as_bytes());
    Error::Text(format!("Unexpected args: [{}]", args.args.join(" ")))
}

fn one<'a>(k: &Kubectl, args: &'a Args) -> Result<&'a str> {
    match args.args.as_slice() {
        [name] => Ok(name),
        _ => Err(unexpected(k, args)),
    }
}

fn names(list: &Value) -> Vec<&str> {
    let mut all: Vec<&str> = list.items().iter().map(|c| c["name"].text()).collect();
    all.arrange();
    all
}

fn current(k: &Kubectl, _: &Args) -> Result<()> {
    match k.config.current() {
        "" => fail("current-context is not set"),
        c => {
            k.say(c);
            Ok(())
        }
    }
}

fn view(k: &Kubectl, args: &Args) -> Result<()> {
    let mut v = k.config.value.clone();
    if args.is("minify") {
        let name = k.config.current();
        let Some(c) = k.config.context(name) else {
            return fail(if name.is_empty() {
                "current-context must exist in order to minify".to_owned()
            } else {
                format!("cannot locate context {name}")
            });
        };
        let keep =
            |list: &str, wanted: &str| -> Value { named(&v[list], wanted).cloned().into_iter().collect() };
        let (clusters, users) = (keep("clusters", c["cluster"].text()), keep("users", c["user"].text()));
        let contexts = keep("contexts", name);
        v.set("clusters", clusters);
        v.set("users", users);
        v.set("contexts", contexts);
    }
    if !args.is("raw") {
        v = redacted(&v);
    }
    match args.text("output") {
        "yaml" => k.out(&yaml::emit(&v)),
        "json" => k.say(objects::struct_order::to_pretty(&v, "    ")),
        _ => k.out(&crate::printers::Printer::of(k, args)?.print(&v, "")?),
    }
    Ok(())
}

fn redacted(v: &Value) -> Value {
    let mut v = v.clone();
    let hide = |entry: &mut Value, inner: &str, field: &str, as_text: &str| {
        if !entry[inner][field].is_null() {
            entry.set_at(&[inner, field], as_text);
        }
    };
    if !v["clusters"].is_zero() {
        for c in v.at_mut(&["clusters"]).list_mut().to_mut() {
            hide(c, "cluster", "certificate-authority-data", "DATA+OMITTED");
        }
    }
    if !v["users"].is_zero() {
        for u in v.at_mut(&["users"]).list_mut().to_mut() {
            for (field, text) in [
                ("client-certificate-data", "DATA+OMITTED"),
                ("client-key-data", "DATA+OMITTED"),
                ("token", "REDACTED"),
                ("password", "REDACTED"),
            ] {
                hide(u, "user", field, text);
            }
        }
    }
    v
}

fn get_contexts(k: &Kubectl, args: &Args) -> Result<()> {
    let config = &k.config;
    let wanted: Vec<&str> = if args.args.is_empty() {
        names(&config.value["contexts"])
    } else {
        args.args.iter().map(String::as_str).collect()
    };
    if !["", "name"].contains(&args.text("output")) {
        return fail(format!(
            "--output {} is not available in kubectl config get-contexts; resetting to default output format",
            args.text("output")
        ));
    }
    let mut text = String::new();
    let mut missing = Vec::new();
    let only_names = args.text("output") == "name";
    if !only_names && !args.is("no-headers") {
        text.push_str("CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
    }
    for name in wanted {
        let Some(c) = config.context(name) else {
            missing.push(Error::text(format!("context {name} not found")));
            continue;
        };
        if only_names {
            text.push_str(name);
        } else {
            let mark = if config.value["current-context"] == name { "*" } else { "" };
            text.push_str(&format!(
                "{mark}\t{name}\t{}\t{}\t{}",
                c["cluster"].text(),
                c["user"].text(),
                c["namespace"].text()
            ));
        }
        text.push('\n');
    }
    k.out(&columns(&text));
    Error::of_all(missing)
}

fn get_clusters(k: &Kubectl, _: &Args) -> Result<()> {
    k.say("NAME");
    names(&k.config.value["clusters"]).into_iter().for_each(|n| k.say(n));
    Ok(())
}

fn get_users(k: &Kubectl, _: &Args) -> Result<()> {
    k.say("NAME");
    names(&k.config.value["users"]).into_iter().for_each(|n| k.say(n));
    Ok(())
}

fn use_context(k: &Kubectl, args: &Args) -> Result<()> {
    let name = one(k, args)?;
    let mut c = k.config.clone();
    if c.context(name).is_none() {
        return fail(format!("no context exists with the name: \"{name}\""));
    }
    c.value.set("current-context", name);
    c.save(k.io.as_ref())?;
    k.say(format!("Switched to context \"{name}\"."));
    Ok(())
}

/// Puts `body` under `name`; true when it was there already.
fn put(config: &mut Config, list: &str, inner: &str, name: &str, fields: &[(&str, Value)]) -> bool {
    let mut all = config.value[list].items().to_vec();
    let there = all.iter().any(|c| c["name"] == name);
    if !there {
        let mut entry = value!({"name": (name)});
        entry.set(inner, value!({}));
        all.push(entry);
    }
    for c in all.iter_mut().filter(|c| c["name"] == name) {
        for (field, v) in fields {
            if v.is_null() {
                c.remove_at(&[inner, field]);
            } else {
                c.set_at(&[inner, field], v.clone());
            }
        }
    }
    config.value.set(list, Value::List(all.into()));
    there
}

/// Fields of certificates and keys that flags name: the files' names, or with `--embed-certs` what is in them.
fn certificates(
    k: &Kubectl,
    args: &Args,
    flags: &[&'static str],
    nothing: &str,
) -> Result<Vec<(&'static str, Value)>> {
    let embed = args.is("embed-certs");
    if embed && flags.iter().all(|f| args.text(f).is_empty()) {
        return fail(nothing);
    }
    let mut out = Vec::new();
    for flag in flags.iter().copied().filter(|f| args.changed(f)) {
        let path = args.text(flag);
        let data = match flag {
            "client-certificate" => "client-certificate-data",
            "client-key" => "client-key-data",
            _ => "certificate-authority-data",
        };
        let (file, content) = match k.io.read(path) {
            Ok(bytes) if embed => (Value::Null, base64::encode(&bytes).into()),
            Err(e) if embed && !path.is_empty() => {
                return fail(format!("could not stat {flag} file {path}: stat {path}: {}", e.text()));
            }
            _ => (Value::from(k.io.absolute(path)), Value::Null),
        };
        out.extend([(flag, file), (data, content)]);
    }
    Ok(out)
}

fn given(args: &Args, pairs: &[(&'static str, &'static str)]) -> Vec<(&'static str, Value)> {
    pairs
        .iter()
        .filter(|(flag, _)| args.changed(flag))
        .map(|(flag, field)| (*field, Value::from(args.text(flag))))
        .collect()
}

fn set_context(k: &Kubectl, args: &Args) -> Result<()> {
    let mut c = k.config.clone();
    let name = match (args.is("current"), args.args.as_slice()) {
        (true, []) if c.current().is_empty() => return fail("no current context is set"),
        (true, []) => c.current().to_owned(),
        (true, _) => return fail("you cannot specify both a context name and --current"),
        (false, [name]) => name.clone(),
        _ => return fail("you must specify a non-empty context name or --current"),
    };
    let fields = given(args, &[("cluster", "cluster"), ("user", "user"), ("namespace", "namespace")]);
    let there = put(&mut c, "contexts", "context", &name, &fields);
    c.save(k.io.as_ref())?;
    k.say(format!("Context \"{name}\" {}.", if there { "modified" } else { "created" }));
    Ok(())
}

fn set_cluster(k: &Kubectl, args: &Args) -> Result<()> {
    let name = one(k, args)?;
    let mut c = k.config.clone();
    let mut fields = given(
        args,
        &[("server", "server"), ("tls-server-name", "tls-server-name"), ("proxy-url", "proxy-url")],
    );
    if args.changed("insecure-skip-tls-verify") {
        fields.push(("insecure-skip-tls-verify", args.is("insecure-skip-tls-verify").into()));
    }
    let files = certificates(
        k,
        args,
        &["certificate-authority"],
        "you must specify a --certificate-authority to embed",
    )?;
    fields.extend(files);
    put(&mut c, "clusters", "cluster", name, &fields);
    c.save(k.io.as_ref())?;
    k.say(format!("Cluster \"{name}\" set."));
    Ok(())
}

fn set_credentials(k: &Kubectl, args: &Args) -> Result<()> {
    let name = one(k, args)?;
    let mut c = k.config.clone();
    if !["", "Never", "IfAvailable", "Always"].contains(&args.text("exec-interactive-mode")) {
        return fail("invalid interactive mode type, can be only IfAvailable, Never, Always");
    }
    if args.changed("token") && (args.changed("username") || args.changed("password")) {
        return fail(
            "you cannot specify more than one authentication method at the same time: --token, --username/--password",
        );
    }
    let mut fields = given(args, &[("token", "token"), ("username", "username"), ("password", "password")]);
    // One way to say who it is takes the other's place.
    let basic = !args.text("username").is_empty() || !args.text("password").is_empty();
    if basic {
        fields.push(("token", Value::Null));
    } else if !args.text("token").is_empty() {
        fields.extend([("username", Value::Null), ("password", Value::Null)]);
    }
    let nothing = "you must specify a --client-certificate or --client-key to embed";
    fields.extend(certificates(k, args, &["client-certificate", "client-key"], nothing)?);
    if args.changed("auth-provider") {
        fields.push(("auth-provider", value!({"name": (args.text("auth-provider")), "config": null})));
    }
    put(&mut c, "users", "user", name, &fields);
    let had = named(&c.value["users"], name).map_or(Value::Null, |u| u["user"]["exec"].clone());
    if let Some(exec) = exec_of(args, had) {
        put(&mut c, "users", "user", name, &[("exec", exec)]);
    }
    c.save(k.io.as_ref())?;
    k.say(format!("User \"{name}\" set."));
    Ok(())
}

/// How a command gives credentials; `None` where none is named, now or before.
fn exec_of(args: &Args, had: Value) -> Option<Value> {
    let mut exec = had;
    if args.changed("exec-command") {
        exec.set("command", args.text("exec-command"));
        exec.remove("args");
    }
    if exec.is_null() {
        return None;
    }
    for (flag, field) in [("exec-api-version", "apiVersion"), ("exec-interactive-mode", "interactiveMode")] {
        if args.changed(flag) {
            exec.set(field, args.text(flag));
        }
    }
    if args.changed("exec-arg") {
        exec.set("args", args.list("exec-arg").iter().map(Value::from).collect::<Value>());
    }
    if args.changed("exec-provide-cluster-info") {
        exec.set("provideClusterInfo", args.is("exec-provide-cluster-info"));
    }
    let mut env = exec["env"].items().to_vec();
    for text in args.list("exec-env") {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (text.trim_end_matches('-'), None),
        };
        env.retain(|e| e["name"] != key);
        if let Some(value) = value {
            env.push(value!({"name": (key), "value": (value)}));
        }
    }
    if !env.is_empty() || !exec["env"].is_null() {
        exec.set("env", Value::List(env.into()));
    }
    Some(exec)
}

fn drop_entry(k: &Kubectl, args: &Args, list: &str, kind: &str) -> Result<()> {
    let name = one(k, args)?;
    let mut c = k.config.clone();
    if named(&c.value[list], name).is_none() {
        return fail(format!("cannot delete {kind} {name}, not in {}", c.path));
    }
    if list == "contexts" && c.value["current-context"] == name {
        k.complain("warning: this removed your active context, use \"kubectl config use-context\" to select a different one");
    }
    let kept: Value = c.value[list].items().iter().filter(|x| x["name"] != name).cloned().collect();
    c.value.set(list, kept);
    c.save(k.io.as_ref())?;
    k.say(format!("deleted {kind} {name} from {}", c.path));
    Ok(())
}

fn delete_context(k: &Kubectl, args: &Args) -> Result<()> {
    drop_entry(k, args, "contexts", "context")
}

fn delete_cluster(k: &Kubectl, args: &Args) -> Result<()> {
    drop_entry(k, args, "clusters", "cluster")
}

fn delete_user(k: &Kubectl, args: &Args) -> Result<()> {
    drop_entry(k, args, "users", "user")
}

fn rename(k: &Kubectl, args: &Args) -> Result<()> {
    let [old, new] = args.args.as_slice() else {
        return Err(unexpected(k, args));
    };
    let mut c = k.config.clone();
    if c.context(old).is_none() {
        return fail(format!("cannot rename the context \"{old}\", it's not in {}", c.path));
    }
    if c.context(new).is_some() {
        return fail(format!(
            "cannot rename the context \"{old}\", the context \"{new}\" already exists in {}",
            c.path
        ));
    }
    for x in c.value.at_mut(&["contexts"]).list_mut().to_mut() {
        if x["name"] == old.as_str() {
            x.set("name", new.as_str());
        }
    }
    if c.value["current-context"] == old.as_str() {
        c.value.set("current-context", new.as_str());
    }
    c.save(k.io.as_ref())?;
    k.say(format!("Context \"{old}\" renamed to \"{new}\"."));
    Ok(())
}

/// `contexts.name.namespace` as the list, the name and the field.
fn property(path: &str) -> Option<(&'static str, &'static str, &str, &str)> {
    let (head, rest) = path.split_once('.')?;
    let (list, inner) = match head {
        "contexts" => ("contexts", "context"),
        "clusters" => ("clusters", "cluster"),
        "users" => ("users", "user"),
        _ => return None,
    };
    let (name, field) = rest.rsplit_once('.').unwrap_or((rest, ""));
    Some((list, inner, name, field))
}

fn set(k: &Kubectl, args: &Args) -> Result<()> {
    let [path, v] = args.args.as_slice() else {
        return Err(unexpected(k, args));
    };
    let mut c = k.config.clone();
    match property(path) {
        Some((list, inner, name, field)) if !field.is_empty() => {
            put(&mut c, list, inner, name, &[(field, Value::from(v.as_str()))]);
        }
        _ if path == "current-context" => c.value.set("current-context", v.as_str()),
        _ => return fail(format!("unable to parse {path} after [] at api.Config")),
    }
    c.save(k.io.as_ref())?;
    k.say(format!("Property \"{path}\" set."));
    Ok(())
}

fn unset(k: &Kubectl, args: &Args) -> Result<()> {
    let path = one(k, args)?;
    let mut c = k.config.clone();
    match property(path) {
        Some((list, inner, name, field)) => {
            let mut all = c.value[list].items().to_vec();
            if field.is_empty() {
                all.retain(|x| x["name"] != name);
            }
            for x in all.iter_mut().filter(|x| x["name"] == name) {
                x.remove_at(&[inner, field]);
            }
            c.value.set(list, Value::List(all.into()));
        }
        None if ["current-context", "clusters", "contexts", "users", "preferences"].contains(&path) => {
            c.value.remove(path);
        }
        None => return fail(format!("unable to parse {path} after [] at api.Config")),
    }
    c.save(k.io.as_ref())?;
    k.say(format!("Property \"{path}\" unset."));
    Ok(())
}
