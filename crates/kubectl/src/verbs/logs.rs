//! `kubectl logs`
//!
//! Models `k8s.io/kubectl/pkg/cmd/logs` and `polymorphichelpers` logsForObject.

use client::handle::Frame;
use client::{Request, Verb};
use objects::resources::PODS;
use objects::selector::LabelSelector;
use objects::{Str, Value};
use ordered::Sort as _;

use crate::command::{Command, SELECTOR, usage_error};
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::{Kubectl, request};

static FLAGS: &[Flag] = &[
    flag("all-containers", Kind::Bool, "false", "logs of every container of the pod"),
    flag("all-pods", Kind::Bool, "false", "logs of every pod of the workload"),
    short('c', "container", Kind::Text, "", "name of the container"),
    short('f', "follow", Kind::Bool, "false", "go on with what is written later"),
    flag("ignore-errors", Kind::Bool, "false", "with -f: go on after errors"),
    flag("insecure-skip-tls-verify-backend", Kind::Bool, "false", "accepted, not simulated"),
    flag("limit-bytes", Kind::Int, "0", "at most so many bytes"),
    flag("max-log-requests", Kind::Int, "5", "most logs followed at once"),
    flag("pod-running-timeout", Kind::Duration, "20s", "how long to wait for a pod of a workload"),
    flag("prefix", Kind::Bool, "false", "put pod and container before each line"),
    short('p', "previous", Kind::Bool, "false", "logs of the container before its last restart"),
    flag("since", Kind::Duration, "0s", "only what is newer than 5s, 2m, 3h"),
    flag("since-time", Kind::Text, "", "only what is newer than this RFC 3339 time"),
    flag("tail", Kind::Int, "-1", "only so many last lines"),
    flag("timestamps", Kind::Bool, "false", "put the time before each line"),
];

pub static COMMAND: Command = Command {
    name: "logs",
    usage: "[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]",
    short: "Show what a container has written",
    flags: &[FLAGS, SELECTOR],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

const USAGE: &str = "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command";

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let selector = args.text("selector");
    let (target, container) = match (args.args.as_slice(), selector.is_empty()) {
        ([], true) => return Err(usage_error(args, USAGE)),
        ([], false) => (None, args.text("container").to_owned()),
        ([_], false) | ([_, _], false) => {
            return Err(usage_error(args, "only a selector (-l) or a POD name is allowed"));
        }
        ([t], true) => (Some(t.clone()), args.text("container").to_owned()),
        ([t, c], true) => (Some(t.clone()), c.clone()),
        _ => return Err(usage_error(args, USAGE)),
    };
    let since = args.text("since-time");
    if !since.is_empty() && clock::Time::parse_rfc3339(since).is_none() {
        return fail(format!(
            "parsing time \"{since}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{since}\" as \"2006\""
        ));
    }
    let pods = match &target {
        None => {
            let pods = k.list(PODS, &k.namespace, selector, "").await?;
            if pods.is_empty() {
                k.complain(format!("No resources found in {} namespace.", k.namespace));
            }
            pods
        }
        Some(t) => match pods_of(k, args, t).await {
            Err(e) if e.is_not_found() => {
                return fail(format!(
                    "error from server (NotFound): {} in namespace \"{}\"",
                    e.message(),
                    k.namespace
                ));
            }
            other => other?,
        },
    };
    if args.changed("since") && args.changed("since-time") {
        return fail("at most one of `sinceTime` or `sinceSeconds` may be specified");
    }
    if args.millis("since") < 0 {
        return fail("--since must be greater than 0");
    }
    if args.int("limit-bytes") < 0 {
        return fail("--limit-bytes must be greater than 0");
    }
    if args.changed("tail") && args.int("tail") < -1 {
        return fail("--tail must be greater than or equal to -1");
    }
    if args.is("all-containers") && !container.is_empty() {
        return fail(format!(
            "--all-containers=true should not be specified with container name {container}"
        ));
    }
    if args.args.len() == 2 && args.changed("container") {
        return fail("only one of -c or an inline [CONTAINER] arg is allowed");
    }
    let mut streams: Vec<(Str, Str)> = Vec::new();
    for pod in &pods {
        for c in containers(k, args, pod, &container)? {
            streams.push((pod.name().into(), c));
        }
    }
    let most = args.int("max-log-requests");
    if args.is("follow") && streams.len() as i64 > most {
        return fail(format!(
            "you are attempting to follow {} log streams, but maximum allowed concurrency is {most}, use --max-log-requests to increase the limit",
            streams.len()
        ));
    }
    for (pod, c) in streams {
        let prefix = if args.is("prefix") || args.is("all-pods") {
            format!("[pod/{pod}/{c}] ")
        } else {
            String::new()
        };
        match print(k, ask(k, args, &pod, &c), &prefix).await {
            Err(e) if args.is("ignore-errors") => k.complain(format!("error: {}", e.message())),
            other => other?,
        }
    }
    Ok(())
}

/// The pods meant by `pod`, `pod/x`, `job/x`, `deploy/x` ...
async fn pods_of(k: &Kubectl, args: &Args, target: &str) -> Result<Vec<Value>> {
    if !target.contains('/') {
        return Ok(vec![k.get(PODS, &k.namespace, target).await?]);
    }
    let find = Find { args: vec![target.to_owned()], latest: true, ..Find::default() };
    let (infos, errors, _) = k.infos(&find).await?;
    Error::of_all(errors)?;
    let Some(i) = infos.first() else { return Ok(Vec::new()) };
    if i.resource.id == "pods" {
        return Ok(vec![i.object.clone()]);
    }
    let pods = pods_behind(k, &i.object, args.millis("pod-running-timeout")).await?;
    if args.is("all-pods") || pods.len() < 2 {
        return Ok(pods);
    }
    k.complain(format!("Found {} pods, using pod/{}", pods.len(), pods[0].name()));
    Ok(pods.into_iter().take(1).collect())
}

/// The pods of a workload, the best to talk to first.
///
/// # Errors
/// A kind without pods, or none within `timeout`.
pub async fn pods_behind(k: &Kubectl, o: &Value, timeout: clock::Millis) -> Result<Vec<Value>> {
    let selector = match o.kind() {
        "Service" | "ReplicationController" => {
            if o["spec"]["selector"].is_zero() {
                return fail(format!(
                    "cannot get the logs from *v1.{kind}: invalid {} '{}': {kind} is defined without a selector",
                    o.kind().to_lowercase(),
                    o.name(),
                    kind = o.kind()
                ));
            }
            LabelSelector::from_labels(&o["spec"]["selector"]).to_string()
        }
        _ if !o["spec"]["selector"].is_null() => {
            LabelSelector::from_value(&o["spec"]["selector"]).map_err(Error::Text)?.to_string()
        }
        kind => {
            return fail(format!(
                "cannot get the logs from *v1.{kind}: selector for *v1.{kind} not implemented"
            ));
        }
    };
    let until = k.client.now() + timeout;
    loop {
        let mut pods = k.list(PODS, o.namespace(), &selector, "").await?;
        if !pods.is_empty() {
            pods.arrange_by_key(|p| {
                let ready = p.condition_true("Ready");
                (
                    p["spec"]["nodeName"].text().is_empty(),
                    p["status"]["phase"] != "Running",
                    !ready,
                    p.created(),
                )
            });
            return Ok(pods);
        }
        if until.since(k.client.now()) <= 0 {
            return fail("timed out waiting for the condition");
        }
        k.client.sleep(500).await;
    }
}

/// Every container's name, as `Defaulted container` lists them.
#[must_use]
pub fn all_names(pod: &Value) -> String {
    let mut names: Vec<String> = Vec::new();
    for (list, mark) in
        [("containers", ""), ("ephemeralContainers", " (ephem)"), ("initContainers", " (init)")]
    {
        names.extend(pod["spec"][list].items().iter().map(|c| format!("{}{mark}", c["name"].text())));
    }
    names.join(", ")
}

/// The container meant: the named one, the annotated one, or the first, which is then said.
///
/// # Errors
/// A name that no container has.
pub fn container_or_default(k: &Kubectl, pod: &Value, wanted: &str, quiet: bool) -> Result<Str> {
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    if !wanted.is_empty() {
        let there = lists.iter().any(|l| pod["spec"][*l].items().iter().any(|c| c["name"] == wanted));
        return if there {
            Ok(wanted.into())
        } else {
            fail(format!("container {wanted} is not valid for pod {} out of: {}", pod.name(), all_names(pod)))
        };
    }
    let annotated = pod.annotations()["kubectl.kubernetes.io/default-container"].text();
    if !annotated.is_empty() {
        if pod["spec"]["containers"].items().iter().any(|c| c["name"] == annotated) {
            return Ok(annotated.into());
        }
        k.complain(format!("Default container name \"{annotated}\" not found in pod {}", pod.name()));
    }
    let containers = pod["spec"]["containers"].items();
    let first = containers.first().map_or(Str::default(), |c| c["name"].to_str());
    let others = containers.len() > 1
        || !pod["spec"]["initContainers"].is_zero()
        || !pod["spec"]["ephemeralContainers"].is_zero();
    if others && !quiet {
        k.complain(format!("Defaulted container \"{first}\" out of: {}", all_names(pod)));
    }
    Ok(first)
}

fn containers(k: &Kubectl, args: &Args, pod: &Value, wanted: &str) -> Result<Vec<Str>> {
    if args.is("all-containers") {
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        return Ok(lists
            .iter()
            .flat_map(|l| pod["spec"][*l].items().iter().map(|c| c["name"].to_str()))
            .collect());
    }
    if !wanted.is_empty() {
        return Ok(vec![container_or_default(k, pod, wanted, true)?]);
    }
    Ok(vec![container_or_default(k, pod, "", args.is("all-pods"))?])
}

fn ask(k: &Kubectl, args: &Args, pod: &str, container: &Str) -> Request {
    let mut r = request(Verb::Get, PODS, &k.namespace).named(pod).subresource("log");
    let q = &mut r.options.query;
    q.push(("container".into(), container.clone()));
    for flag in ["follow", "previous", "timestamps"] {
        if args.is(flag) {
            q.push((flag.into(), "true".into()));
        }
    }
    let tail = if !args.text("selector").is_empty() && !args.changed("tail") && !args.is("follow") {
        10
    } else {
        args.int("tail")
    };
    if tail >= 0 {
        q.push(("tailLines".into(), tail.to_string().into()));
    }
    if args.int("limit-bytes") > 0 {
        q.push(("limitBytes".into(), args.text("limit-bytes").into()));
    }
    if args.changed("since") {
        q.push(("sinceSeconds".into(), ((args.millis("since") + 999) / 1000).to_string().into()));
    }
    if !args.text("since-time").is_empty() {
        q.push(("sinceTime".into(), args.text("since-time").into()));
    }
    r
}

/// The whole log of a container, as `run` prints of a pod that has ended.
///
/// # Errors
/// The server's refusal.
pub async fn whole(k: &Kubectl, pod: &str, container: &str) -> Result<()> {
    let mut r = request(Verb::Get, PODS, &k.namespace).named(pod).subresource("log");
    r.options.query.push(("container".into(), container.into()));
    print(k, r, "").await
}

/// What a container has written, each line behind `prefix`.
///
/// # Errors
/// The server's refusal.
pub async fn print(k: &Kubectl, r: Request, prefix: &str) -> Result<()> {
    let mut stream = k.connect(r).await?;
    let mut line_start = true;
    while let Some(f) = stream.next().await {
        let (Frame::Stdout(bytes) | Frame::Stderr(bytes)) = f else { continue };
        if prefix.is_empty() {
            k.io.out(&bytes);
            continue;
        }
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            if line_start {
                k.out(prefix);
            }
            k.io.out(part);
            line_start = part.ends_with(b"\n");
        }
    }
    Ok(())
}

/// What a request for a log gives, as one text.
///
/// # Errors
/// The server's refusal.
pub async fn text(k: &Kubectl, r: Request) -> Result<String> {
    let (mut stream, mut all) = (k.connect(r).await?, Vec::new());
    while let Some(f) = stream.next().await {
        if let Frame::Stdout(bytes) | Frame::Stderr(bytes) = f {
            all.extend(bytes);
        }
    }
    Ok(String::from_utf8_lossy(&all).into_owned())
}
