//! The tree of commands: which one a line means, its flags, its help, and what is said when there is none.
//!
//! Models `github.com/spf13/cobra` as kubectl sets it up.

use std::rc::Rc;

use client::Handle;
use ordered::Sort as _;

use crate::error::{Error, Result};
use crate::flags::{self, Args, Flag, Kind, flag, short};
use crate::io::{Io, LocalFuture};
use crate::session::Kubectl;

pub type Run = for<'a> fn(&'a Kubectl, &'a Args) -> LocalFuture<'a, Result<()>>;

/// One command or group of commands.
pub struct Command {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// What follows the name: `NAME --image=image [-- COMMAND]`.
    pub usage: &'static str,
    pub short: &'static str,
    pub flags: &'static [&'static [Flag]],
    pub required: &'static [&'static str],
    /// `None`: only a group.
    pub run: Option<Run>,
    pub commands: &'static [&'static Command],
    pub hidden: bool,
}

impl Command {
    /// For `..Command::NONE`.
    pub const NONE: Self = Self {
        name: "",
        aliases: &[],
        usage: "",
        short: "",
        flags: &[],
        required: &[],
        run: None,
        commands: &[],
        hidden: false,
    };

    #[must_use]
    pub fn child(&self, word: &str) -> Option<&'static Command> {
        self.commands.iter().copied().find(|c| c.name == word || c.aliases.contains(&word))
    }
}

/// The help of a flag that is taken but changes nothing; using it is noted.
pub const NOT_SIMULATED: &str = "accepted, not simulated";

/// Flags of every command.
pub static GLOBAL: &[Flag] = &[
    flag("as", Kind::Text, "", "user to act as"),
    flag("as-group", Kind::Texts, "", "group to act as, repeatable"),
    flag("as-uid", Kind::Text, "", "UID to act as"),
    flag("as-user-extra", Kind::Texts, "", "extra attributes of the user to act as"),
    flag("cache-dir", Kind::Text, "", NOT_SIMULATED),
    flag("certificate-authority", Kind::Text, "", NOT_SIMULATED),
    flag("client-certificate", Kind::Text, "", "file with the certificate of who asks"),
    flag("client-key", Kind::Text, "", "file with the private key of who asks"),
    flag("cluster", Kind::Text, "", "cluster of the kubeconfig to use"),
    flag("context", Kind::Text, "", "context of the kubeconfig to use"),
    flag("disable-compression", Kind::Bool, "false", NOT_SIMULATED),
    flag("insecure-skip-tls-verify", Kind::Bool, "false", NOT_SIMULATED),
    flag("kubeconfig", Kind::Text, "", "path of the kubeconfig"),
    flag("kuberc", Kind::Text, "", "path of the file with preferences"),
    flag("match-server-version", Kind::Bool, "false", NOT_SIMULATED),
    short('n', "namespace", Kind::Text, "", "namespace of the request"),
    flag("password", Kind::Text, "", "password; no server knows any"),
    flag("profile", Kind::Text, "none", NOT_SIMULATED),
    flag("profile-output", Kind::Text, "profile.pprof", NOT_SIMULATED),
    flag(
        "request-timeout",
        Kind::Text,
        "0",
        "how long one request may take: 5s, 2m, or seconds; 0: for ever",
    ),
    short('s', "server", Kind::Text, "", "the server to ask, instead of the context's"),
    flag("tls-server-name", Kind::Text, "", NOT_SIMULATED),
    flag("token", Kind::Text, "", "bearer token"),
    flag("user", Kind::Text, "", "user of the kubeconfig to use"),
    flag("username", Kind::Text, "", "name for the password; no server knows any"),
    short('v', "v", Kind::Optional("0"), "0", NOT_SIMULATED),
    flag("vmodule", Kind::Text, "", NOT_SIMULATED),
    flag("log-flush-frequency", Kind::Duration, "5s", NOT_SIMULATED),
    flag("warnings-as-errors", Kind::Bool, "false", "a warning ends the command with exit code 1"),
];

/// `-f`, `-k`, `-R`
pub static FILES: &[Flag] = &[
    short('f', "filename", Kind::Words, "", "file, directory or - to read objects from"),
    short('k', "kustomize", Kind::Text, "", "directory with a kustomization to build"),
    short('R', "recursive", Kind::Bool, "false", "take the directories under -f too"),
];

/// `-l`
pub static SELECTOR: &[Flag] =
    &[short('l', "selector", Kind::Text, "", "label selector: a=b, a!=b, a in (b,c), !a")];

pub static ALL_NAMESPACES: &[Flag] =
    &[short('A', "all-namespaces", Kind::Bool, "false", "objects of all namespaces")];

/// `--dry-run`
pub static DRY_RUN: &[Flag] = &[flag(
    "dry-run",
    Kind::Optional("unchanged"),
    "none",
    "none, client (only print) or server (ask, but store nothing)",
)];

/// `-o` and what belongs to it.
pub static OUTPUT: &[Flag] = &[
    short('o', "output", Kind::Text, "", "json, yaml, name, jsonpath=..., go-template=..."),
    flag("template", Kind::Text, "", "template for -o jsonpath or go-template"),
    flag("allow-missing-template-keys", Kind::Bool, "true", "missing fields print as nothing"),
    flag("show-managed-fields", Kind::Bool, "false", "keep metadata.managedFields"),
];

pub static FIELD_MANAGER: &[Flag] =
    &[flag("field-manager", Kind::Text, "", "name of who owns the written fields")];

pub static VALIDATE: &[Flag] = &[flag(
    "validate",
    Kind::Optional("strict"),
    "strict",
    "strict (true), warn, or ignore (false) unknown fields",
)];

/// The command that `words` (without `kubectl`) mean, its path, and the words without its name.
#[must_use]
pub fn find(root: &'static Command, words: &[String]) -> (&'static Command, String, Vec<String>) {
    let mut command = root;
    let mut path = "kubectl".to_owned();
    let mut rest = words.to_vec();
    while let Some(i) = first_argument(command, &rest) {
        let Some(child) = command.child(&rest[i]) else { break };
        rest.remove(i);
        path.push(' ');
        path.push_str(child.name);
        command = child;
    }
    (command, path, rest)
}

/// The index of the first word that is neither a flag nor a flag's value.
pub(crate) fn first_argument(command: &Command, words: &[String]) -> Option<usize> {
    let takes_value = |name: &str, letter: bool| {
        command.flags.iter().copied().chain([GLOBAL]).flatten().any(|f| {
            let named = if letter { name.starts_with(f.short) } else { f.name == name };
            named && !matches!(f.kind, Kind::Bool | Kind::Optional(_))
        })
    };
    let mut i = 0;
    while i < words.len() {
        let w = &words[i];
        if w == "--" {
            return None;
        }
        if let Some(name) = w.strip_prefix("--") {
            i += if !name.contains('=') && takes_value(name, false) { 2 } else { 1 };
        } else if let Some(letters) = w.strip_prefix('-').filter(|l| !l.is_empty()) {
            i += if letters.chars().count() == 1 && takes_value(letters, true) { 2 } else { 1 };
        } else {
            return Some(i);
        }
    }
    None
}

/// Runs a command line; the exit code.
pub async fn run(words: Vec<String>, io: Rc<dyn Io>, client: Handle) -> i32 {
    match dispatch(&words, &io, client).await {
        Ok(()) => 0,
        Err(e) => {
            let mut text = e.printed();
            if !text.is_empty() {
                if !text.ends_with('\n') {
                    text.push('\n');
                }
                io.err(text.as_bytes());
            }
            e.exit_code()
        }
    }
}

async fn dispatch(words: &[String], io: &Rc<dyn Io>, client: Handle) -> Result<()> {
    let root = crate::verbs::root();
    let words = &crate::kuberc::applied(words, root, io.as_ref())
        .map_err(|why| Error::Code(1, format!("error occurred while applying preferences {why}")))?;
    if words.first().is_some_and(|w| w == "help") {
        let (command, path, _) = find(root, &words[1..]);
        io.out(crate::help::page(command, &path, crate::help::speaks_korean(io.as_ref())).as_bytes());
        return Ok(());
    }
    let (command, path, rest) = find(root, words);
    let mut sets: Vec<&[Flag]> = command.flags.to_vec();
    sets.push(GLOBAL);
    if std::ptr::eq(command, root)
        && let Some(i) = first_argument(root, &rest)
    {
        return Err(unknown(root, &rest[i]));
    }
    let args = match flags::parse(&path, &rest, &sets) {
        Ok(a) => a,
        Err(text) => return Err(Error::text(format!("{text}\nSee '{path} --help' for usage."))),
    };
    if args.is("help") {
        io.out(crate::help::page(command, &path, crate::help::speaks_korean(io.as_ref())).as_bytes());
        return Ok(());
    }
    let own = |name: &str| command.flags.iter().copied().flatten().find(|f| f.name == name);
    for f in sets.iter().copied().flatten().filter(|f| f.help == NOT_SIMULATED && args.changed(f.name)) {
        if own(f.name).is_some_and(|o| o.help != NOT_SIMULATED) {
            continue;
        }
        // What `config` writes down is not used here.
        if path.starts_with("kubectl config") {
            break;
        }
        io.err(format!("Note: --{} is {NOT_SIMULATED}.\n", f.name).as_bytes());
    }
    let Some(body) = command.run else {
        if !args.args.is_empty() {
            return Err(Error::text(format!(
                "unknown command \"{}\"\nSee '{path} -h' for help and examples",
                args.args.join(" ")
            )));
        }
        let page = crate::help::page(command, &path, crate::help::speaks_korean(io.as_ref()));
        // A group alone is a mistake, but for the few that upstream lets pass.
        if matches!(path.as_str(), "kubectl" | "kubectl certificate") {
            io.out(page.as_bytes());
            return Ok(());
        }
        if path == "kubectl rollout" {
            io.out(page.as_bytes())
        } else {
            io.err(page.as_bytes())
        }
        return Err(Error::Exit(1));
    };
    let missing: Vec<String> =
        command.required.iter().filter(|r| !args.changed(r)).map(|r| format!("\"{r}\"")).collect();
    if !missing.is_empty() {
        return Err(Error::text(format!("required flag(s) {} not set", missing.join(", "))));
    }
    let k = Kubectl::new(io.clone(), client, &args)?;
    body(&k, &args).await?;
    k.warning_error().map_or(Ok(()), Err)
}

/// The order in which upstream names its commands.
const ORDER: &[&str] = &[
    "create",
    "expose",
    "run",
    "set",
    "explain",
    "get",
    "edit",
    "delete",
    "rollout",
    "scale",
    "autoscale",
    "certificate",
    "cluster-info",
    "top",
    "cordon",
    "uncordon",
    "drain",
    "taint",
    "describe",
    "logs",
    "attach",
    "exec",
    "port-forward",
    "proxy",
    "cp",
    "auth",
    "debug",
    "events",
    "diff",
    "apply",
    "patch",
    "replace",
    "wait",
    "kustomize",
    "label",
    "annotate",
    "completion",
    "alpha",
    "config",
    "kuberc",
    "plugin",
    "version",
    "api-versions",
    "api-resources",
    "options",
];

fn unknown(root: &Command, word: &str) -> Error {
    let mut text = format!("unknown command \"{word}\" for \"kubectl\"");
    let mut near: Vec<&str> = root
        .commands
        .iter()
        .filter(|c| !c.hidden)
        .map(|c| c.name)
        .filter(|name| distance(word, name) <= 2 || name.starts_with(&word.to_lowercase()))
        .collect();
    if !near.is_empty() {
        near.arrange_by_key(|n| ORDER.iter().position(|o| o == n));
        text.push_str("\n\nDid you mean this?\n");
        for n in near {
            text.push('\t');
            text.push_str(n);
            text.push('\n');
        }
    }
    Error::Text(text)
}

/// Levenshtein's distance, case aside.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.chars().collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let step = (corner + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = std::mem::replace(&mut row[j + 1], step);
        }
    }
    row[b.len()]
}

/// `... See 'kubectl get -h' for help and examples`
pub fn usage_error(args: &Args, text: &str) -> Error {
    Error::Text(format!("{text}\nSee '{} -h' for help and examples", args.path))
}

/// The one NAME of a generator.
///
/// # Errors
/// None or several names.
pub fn one_name(args: &Args) -> Result<String> {
    match args.before_dash() {
        [name] => Ok(name.clone()),
        other => Err(usage_error(args, &format!("exactly one NAME is required, got {}", other.len()))),
    }
}
