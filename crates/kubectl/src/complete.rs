//! What Tab offers behind `kubectl`: verbs, types, names from the server, flags, namespaces, containers.
//!
//! Models `k8s.io/kubectl/pkg/util/completion`.

use client::{Handle, Request, Verb};
use objects::Value;
use objects::resources::{self, Resource};
use ordered::Sort as _;

use crate::command::{Command, GLOBAL, find};
use crate::flags::{Flag, Kind};
use crate::session::request;

/// One way the word could go on. The text is the whole word, not only its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    pub description: String,
}

/// What a word takes that is no command and no flag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wants {
    Nothing,
    /// A type, then names of it; `type/name` too.
    Objects,
    /// One pod, or `type/name`.
    Pod,
    Node,
    Context,
    Types,
}

fn wants(path: &str) -> Wants {
    match path.strip_prefix("kubectl ").unwrap_or(path) {
        "get"
        | "describe"
        | "delete"
        | "edit"
        | "label"
        | "annotate"
        | "patch"
        | "scale"
        | "expose"
        | "wait"
        | "autoscale"
        | "rollout history"
        | "rollout pause"
        | "rollout restart"
        | "rollout resume"
        | "rollout status"
        | "rollout undo"
        | "set image"
        | "set env"
        | "set resources"
        | "set selector"
        | "set serviceaccount"
        | "set subject"
        | "taint"
        | "apply view-last-applied"
        | "apply edit-last-applied" => Wants::Objects,
        "logs" | "exec" | "attach" | "port-forward" | "debug" | "cp" | "top pod" => Wants::Pod,
        "cordon" | "uncordon" | "drain" | "top node" => Wants::Node,
        "config use-context" | "config delete-context" | "config rename-context" | "config get-contexts" => {
            Wants::Context
        }
        "explain" | "create" | "api-resources" => Wants::Types,
        _ => Wants::Nothing,
    }
}

/// The ways `word` could go on behind `words` (without `kubectl` and without `word` itself).
///
/// Files are not offered: after `-f` and its like this gives nothing, and the shell offers its own.
pub async fn complete(words: &[String], word: &str, client: &Handle) -> Vec<Candidate> {
    let root = crate::verbs::root();
    let (command, path, rest) = find(root, words);
    if rest.iter().any(|w| w == "--") {
        return Vec::new();
    }
    if let Some(f) = open_flag(command, words) {
        return sorted(word, values(f, &rest, client).await);
    }
    if let Some((name, _)) = word.strip_prefix("--").and_then(|w| w.split_once('='))
        && let Some(f) = all_flags(command).find(|f| f.name == name)
    {
        let found = values(f, &rest, client).await;
        let whole =
            found.into_iter().map(|c| Candidate { text: format!("--{name}={}", c.text), ..c }).collect();
        return sorted(word, whole);
    }
    if word.starts_with('-') {
        let flags = all_flags(command).map(|f| {
            let tail = if matches!(f.kind, Kind::Bool | Kind::Optional(_)) { "" } else { "=" };
            candidate(format!("--{}{tail}", f.name), f.help)
        });
        return sorted(word, flags.collect());
    }
    let mut out: Vec<Candidate> =
        command.commands.iter().filter(|c| !c.hidden).map(|c| candidate(c.name, c.short)).collect();
    let namespace = namespace(&rest);
    let arguments = arguments(command, &rest);
    match wants(&path) {
        Wants::Nothing => {}
        Wants::Types => {
            if path == "kubectl explain" {
                out.extend(types(client).await.iter().map(|r| candidate(r.plural.as_str(), r.kind.as_str())));
            }
        }
        Wants::Objects => match arguments.first() {
            None => match word.split_once('/') {
                Some((kind, _)) => out.extend(slashed(client, kind, &namespace).await),
                None => out.extend(
                    types(client).await.iter().map(|r| candidate(r.plural.as_str(), r.kind.as_str())),
                ),
            },
            Some(kind) if kind.contains('/') => {
                let kind = word.split_once('/').map_or("", |(t, _)| t);
                out.extend(slashed(client, kind, &namespace).await);
            }
            Some(kind) => {
                let here = names(client, kind, &namespace).await;
                out.extend(here.into_iter().filter(|n| !arguments.contains(n)).map(|n| candidate(n, "")));
            }
        },
        Wants::Pod => match (arguments.as_slice(), word.split_once('/')) {
            ([], None) => {
                out.extend(names(client, "pods", &namespace).await.into_iter().map(|n| candidate(n, "")));
                if path != "kubectl cp" {
                    let kinds =
                        ["deployment/", "service/", "job/", "statefulset/", "daemonset/", "replicaset/"];
                    out.extend(kinds.iter().map(|t| candidate(*t, "")));
                }
            }
            ([], Some((kind, _))) => out.extend(slashed(client, kind, &namespace).await),
            ([pod], _) if path == "kubectl logs" => {
                out.extend(containers(client, pod, &namespace).await.into_iter().map(|n| candidate(n, "")));
            }
            _ => {}
        },
        Wants::Node => out.extend(names(client, "nodes", "").await.into_iter().map(|n| candidate(n, ""))),
        Wants::Context => {
            out.extend(client.clusters().iter().map(|(n, s)| candidate(n.as_str(), s.as_str())))
        }
    }
    sorted(word, out)
}

fn candidate(text: impl Into<String>, description: impl Into<String>) -> Candidate {
    Candidate { text: text.into(), description: description.into() }
}

fn sorted(word: &str, mut all: Vec<Candidate>) -> Vec<Candidate> {
    all.retain(|c| c.text.starts_with(word));
    all.arrange_by(|a, b| a.text.cmp(&b.text));
    all.dedup_by(|a, b| a.text == b.text);
    all
}

fn all_flags(command: &Command) -> impl Iterator<Item = &'static Flag> {
    command.flags.iter().copied().chain([GLOBAL]).flatten()
}

/// The flag that still waits for its value.
fn open_flag(command: &Command, words: &[String]) -> Option<&'static Flag> {
    let last = words.last()?;
    let valued = |f: &&Flag| !matches!(f.kind, Kind::Bool | Kind::Optional(_));
    if let Some(name) = last.strip_prefix("--") {
        return all_flags(command).find(|f| f.name == name).filter(valued);
    }
    let letters = last.strip_prefix('-').filter(|l| l.chars().count() == 1)?;
    let c = letters.chars().next()?;
    all_flags(command).find(|f| f.short == c).filter(valued)
}

async fn values(f: &Flag, rest: &[String], client: &Handle) -> Vec<Candidate> {
    let fixed = |all: &[&str]| all.iter().map(|t| candidate(*t, "")).collect();
    match f.name {
        "namespace" => names(client, "namespaces", "").await.into_iter().map(|n| candidate(n, "")).collect(),
        "output" => fixed(&["custom-columns=", "go-template=", "json", "jsonpath=", "name", "wide", "yaml"]),
        "dry-run" => fixed(&["client", "none", "server"]),
        "cascade" => fixed(&["background", "foreground", "orphan"]),
        "restart" => fixed(&["Always", "Never", "OnFailure"]),
        "type" => fixed(&["json", "merge", "strategic", "ClusterIP", "LoadBalancer", "NodePort"]),
        "for" => fixed(&["condition=", "create", "delete", "jsonpath="]),
        "container" | "containers" => {
            let namespace = namespace(rest);
            let pod = rest.iter().find(|w| !w.starts_with('-') && w.as_str() != namespace);
            match pod {
                Some(pod) => {
                    containers(client, pod, &namespace).await.into_iter().map(|n| candidate(n, "")).collect()
                }
                None => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// `-n x`, `-nx`, `--namespace x`, `--namespace=x`; else the default one.
fn namespace(rest: &[String]) -> String {
    let mut words = rest.iter();
    while let Some(w) = words.next() {
        if (w == "-n" || w == "--namespace")
            && let Some(v) = words.next()
        {
            return v.clone();
        }
        if w == "-A" || w == "--all-namespaces" {
            return String::new();
        }
        if let Some(v) =
            w.strip_prefix("--namespace=").or_else(|| w.strip_prefix("-n").filter(|v| !v.is_empty()))
        {
            return v.to_owned();
        }
    }
    "default".into()
}

fn arguments(command: &Command, rest: &[String]) -> Vec<String> {
    let sets: Vec<&[Flag]> = command.flags.iter().copied().chain([GLOBAL]).collect();
    crate::flags::parse("", rest, &sets).map(|a| a.args).unwrap_or_default()
}

async fn types(client: &Handle) -> Vec<Resource> {
    let mut all: Vec<Resource> = resources::all().to_vec();
    let custom = resources::by_id("customresourcedefinitions.apiextensions.k8s.io");
    for crd in match custom {
        Some(r) => list(client, r, "").await,
        None => Vec::new(),
    } {
        all.extend(from_definition(&crd));
    }
    all.retain(|r| r.verbs.iter().any(|v| v == "list"));
    all
}

/// The resource that a CustomResourceDefinition defines, in its first served version.
fn from_definition(crd: &Value) -> Option<Resource> {
    let (spec, named) = (&crd["spec"], &crd["spec"]["names"]);
    let version = spec["versions"].items().iter().find(|v| v["served"].is_true())?["name"].to_str();
    let words = |v: &Value| v.items().iter().map(Value::to_str).collect::<Vec<_>>();
    let mut r = resources::PODS.clone();
    r.id = crd.name().into();
    r.group = spec["group"].to_str();
    r.version = version;
    r.plural = named["plural"].to_str();
    r.singular = named["singular"].to_str();
    r.kind = named["kind"].to_str();
    r.namespaced = spec["scope"] == "Namespaced";
    r.short_names = words(&named["shortNames"]).into();
    r.categories = words(&named["categories"]).into();
    r.storage = r.id.clone();
    Some(r)
}

async fn resource(client: &Handle, word: &str) -> Option<Resource> {
    let word = word.to_lowercase();
    let plain = word.split('.').next().unwrap_or(&word);
    types(client).await.into_iter().find(|r| r.is_called(plain) || r.kind.eq_ignore_ascii_case(plain))
}

async fn list(client: &Handle, r: &Resource, namespace: &str) -> Vec<Value> {
    let ask: Request = request(Verb::List, r, namespace);
    match client.call(ask).await {
        Ok(answer) => answer.object["items"].items().to_vec(),
        Err(_) => Vec::new(),
    }
}

async fn names(client: &Handle, kind: &str, namespace: &str) -> Vec<String> {
    match resource(client, kind).await {
        Some(r) => list(client, &r, namespace).await.iter().map(|o| o.name().to_owned()).collect(),
        None => Vec::new(),
    }
}

async fn slashed(client: &Handle, kind: &str, namespace: &str) -> Vec<Candidate> {
    names(client, kind, namespace).await.into_iter().map(|n| candidate(format!("{kind}/{n}"), "")).collect()
}

async fn containers(client: &Handle, pod: &str, namespace: &str) -> Vec<String> {
    let name = pod.rsplit('/').next().unwrap_or(pod);
    let ask = request(Verb::Get, resources::PODS, namespace).named(name);
    let Ok(answer) = client.call(ask).await else { return Vec::new() };
    ["containers", "initContainers"]
        .iter()
        .flat_map(|l| answer.object["spec"][*l].items().iter().map(|c| c["name"].text().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::drive;
    use client::Response;
    use objects::value;

    fn offered(line: &str, word: &str) -> Vec<String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let client = Handle::default();
        let mut server = |r: &Request| {
            let items = match r.resource.as_str() {
                "pods" => value!([{"metadata": {"name": "web-1"}}, {"metadata": {"name": "web-2"}}]),
                "namespaces" => {
                    value!([{"metadata": {"name": "default"}}, {"metadata": {"name": "kube-system"}}])
                }
                _ => value!([]),
            };
            Ok(Response { object: value!({"items": (items)}), ..Response::default() })
        };
        drive(&client, complete(&words, word, &client), &mut server)
            .unwrap()
            .into_iter()
            .map(|c| c.text)
            .collect()
    }

    #[test]
    fn tab_offers_what_fits() {
        assert_eq!(offered("", "ro"), ["rollout"]);
        assert_eq!(offered("rollout", "un"), ["undo"]);
        assert_eq!(offered("get", "deploy"), ["deployments"]);
        assert_eq!(offered("get pods", "web"), ["web-1", "web-2"]);
        assert_eq!(offered("get pods web-1", ""), ["web-2"]);
        assert_eq!(offered("get", "po/"), ["po/web-1", "po/web-2"]);
        assert_eq!(offered("-n", "kube"), ["kube-system"]);
        assert_eq!(offered("get pods", "--show"), ["--show-kind", "--show-labels", "--show-managed-fields"]);
        assert_eq!(offered("get pods -o", "j"), ["json", "jsonpath="]);
        assert_eq!(offered("get pods", "--output=y"), ["--output=yaml"]);
        assert_eq!(offered("apply -f", ""), Vec::<String>::new());
        assert_eq!(offered("exec web-1 --", "l"), Vec::<String>::new());
    }
}
