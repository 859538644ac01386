//! `kubectl cordon`, `uncordon` and `drain`
//!
//! Models `k8s.io/kubectl/pkg/cmd/drain` and `k8s.io/kubectl/pkg/drain`.

use client::Verb;
use clock::Time;
use objects::resources::{DAEMONSETS, PODS};
use objects::{Reason, Value, value};
use ordered::Sort as _;

use crate::change::Change;
use crate::command::{Command, DRY_RUN, SELECTOR, usage_error};
use crate::error::{Error, Result, fail};
use crate::finder::{Find, Info};
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::{DryRun, Kubectl, request};

static FLAGS: &[Flag] = &[
    flag("chunk-size", Kind::Int, "500", "objects per page"),
    flag("delete-emptydir-data", Kind::Bool, "false", "go on though pods lose their emptyDir"),
    flag(
        "disable-eviction",
        Kind::Bool,
        "false",
        "delete instead of evicting: disruption budgets are not asked",
    ),
    flag("force", Kind::Bool, "false", "go on though pods have no controller"),
    flag("grace-period", Kind::Int, "-1", "seconds given to end; -1: the pod's own"),
    flag("ignore-daemonsets", Kind::Bool, "false", "leave pods of daemon sets alone"),
    flag("pod-selector", Kind::Text, "", "only pods with these labels"),
    flag("skip-wait-for-delete-timeout", Kind::Int, "0", "do not wait for pods deleted so many seconds ago"),
    flag("timeout", Kind::Duration, "0s", "how long to go on; 0: for ever"),
];

pub static DRAIN: Command = Command {
    name: "drain",
    usage: "NODE",
    short: "Empty a node so that it can be taken away",
    flags: &[FLAGS, SELECTOR, DRY_RUN],
    run: Some(|k, a| Box::pin(drain(k, a))),
    ..Command::NONE
};

pub static CORDON: Command = Command {
    name: "cordon",
    usage: "NODE",
    short: "Keep new pods away from a node",
    flags: &[SELECTOR, DRY_RUN],
    run: Some(|k, a| Box::pin(cordon(k, a))),
    ..Command::NONE
};

pub static UNCORDON: Command = Command {
    name: "uncordon",
    usage: "NODE",
    short: "Let pods come to a node again",
    flags: &[SELECTOR, DRY_RUN],
    run: Some(|k, a| Box::pin(uncordon(k, a))),
    ..Command::NONE
};

async fn cordon(k: &Kubectl, args: &Args) -> Result<()> {
    mark(k, args, &nodes(k, args).await?, true).await
}

async fn uncordon(k: &Kubectl, args: &Args) -> Result<()> {
    mark(k, args, &nodes(k, args).await?, false).await
}

async fn nodes(k: &Kubectl, args: &Args) -> Result<Vec<Info>> {
    let selecting = !args.text("selector").is_empty();
    if args.args.is_empty() && !selecting {
        let verb = args.path.rsplit(' ').next().unwrap_or("");
        return Err(usage_error(args, &format!("USAGE: {verb} NODE [flags]")));
    }
    if !args.args.is_empty() && selecting {
        return Err(usage_error(args, "error: cannot specify both a node name and a --selector option"));
    }
    let mut find = Find::of(args);
    find.latest = true;
    find.args = if selecting {
        vec!["nodes".into()]
    } else {
        args.args.iter().map(|n| if n.contains('/') { n.clone() } else { format!("node/{n}") }).collect()
    };
    let (infos, errors, _) = k.infos(&find).await?;
    // The first that is not there ends it, before any node is touched.
    match errors.into_iter().next() {
        Some(e) => Err(e),
        None => Ok(infos),
    }
}

async fn mark(k: &Kubectl, args: &Args, nodes: &[Info], off: bool) -> Result<()> {
    let verb = if off { "cordon" } else { "uncordon" };
    for i in nodes {
        let done = format!("{verb}ed");
        let mut change = Change::of(k, args, &done, "kubectl-cordon")?;
        if i.object["spec"]["unschedulable"].is_true() == off {
            let text = format!("already {done}{}", change.dry.suffix());
            k.out(&change.printer.print_made(&i.object, &text)?);
            continue;
        }
        let mut new = i.object.clone();
        if off {
            new.set_at(&["spec", "unschedulable"], true);
        } else {
            new.remove_at(&["spec", "unschedulable"]);
        }
        change.failing = "";
        if let Err(e) = change.apply(k, i, &new).await {
            k.complain(format!("error: unable to {verb} node \"{}\": {}", i.name, e.message()));
        }
    }
    Ok(())
}

async fn drain(k: &Kubectl, args: &Args) -> Result<()> {
    if super::selector(args.text("pod-selector")).is_err() {
        return fail("--pod-selector=<pod_selector> must be a valid label selector");
    }
    let nodes = nodes(k, args).await?;
    mark(k, args, &nodes, true).await?;
    let dry = DryRun::of(k, args)?;
    let timeout = args.millis("timeout");
    let until = (timeout > 0).then(|| k.client.now() + timeout);
    let mut failed: Vec<(&Info, Error)> = Vec::new();
    for i in &nodes {
        match empty(k, args, i, dry, until).await {
            Ok(()) => k.say(format!("node/{} drained{}", i.name, dry.suffix())),
            Err(e) => {
                k.complain(format!(
                    "error: unable to drain node \"{}\" due to error: {}, continuing command...",
                    i.name,
                    e.message()
                ));
                failed.push((i, e));
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    k.complain("There are pending nodes to be drained:");
    for (i, _) in &failed {
        k.complain(format!(" {}", i.name));
    }
    // The reasons of a single node stand one a line.
    match failed.pop() {
        Some((_, e)) if failed.is_empty() => Err(e),
        last => {
            Err(Error::Many(failed.into_iter().chain(last).map(|(_, e)| Error::Text(e.message())).collect()))
        }
    }
}

/// Why a pod may not go, or what is to be warned of.
enum Verdict {
    Go,
    Skip,
    Warn { text: &'static str, go: bool },
    Stop(&'static str),
}

async fn verdict(k: &Kubectl, args: &Args, pod: &Value) -> Vec<Verdict> {
    let ended = matches!(pod["status"]["phase"].text(), "Succeeded" | "Failed");
    if !pod.annotations()["kubernetes.io/config.mirror"].is_null() {
        return vec![Verdict::Skip];
    }
    let skip_after = args.int("skip-wait-for-delete-timeout");
    if skip_after > 0 && pod.deletion_time().is_some_and(|t| k.client.now().since(t) > skip_after * 1000) {
        return vec![Verdict::Skip];
    }
    let mut out = Vec::new();
    let owner = pod.controller_ref();
    if owner["kind"] == "DaemonSet" && !ended {
        let there = k.get(DAEMONSETS, pod.namespace(), owner["name"].text()).await.is_ok();
        if !there {
            out.push(if args.is("force") {
                Verdict::Warn { text: "deleting DaemonSet-managed Pods", go: true }
            } else {
                Verdict::Stop("DaemonSet-managed Pods (use --ignore-daemonsets to ignore)")
            });
        } else if args.is("ignore-daemonsets") {
            return vec![Verdict::Warn { text: "ignoring DaemonSet-managed Pods", go: false }];
        } else {
            return vec![Verdict::Stop("DaemonSet-managed Pods (use --ignore-daemonsets to ignore)")];
        }
    }
    let local = pod["spec"]["volumes"].items().iter().any(|v| !v["emptyDir"].is_null());
    if local && !ended {
        out.push(if args.is("delete-emptydir-data") {
            Verdict::Warn { text: "deleting Pods with local storage", go: true }
        } else {
            Verdict::Stop("Pods with local storage (use --delete-emptydir-data to override)")
        });
    }
    if owner.is_null() && !ended {
        out.push(if args.is("force") {
            Verdict::Warn { text: "deleting Pods that declare no controller", go: true }
        } else {
            Verdict::Stop("Pods that declare no controller (use --force to override)")
        });
    }
    if out.is_empty() {
        out.push(Verdict::Go);
    }
    out
}

fn gather(groups: &mut Vec<(&'static str, Vec<String>)>, text: &'static str, pod: &str) {
    match groups.iter_mut().find(|(t, _)| *t == text) {
        Some((_, pods)) => pods.push(pod.to_owned()),
        None => groups.push((text, vec![pod.to_owned()])),
    }
}

async fn empty(k: &Kubectl, args: &Args, node: &Info, dry: DryRun, until: Option<Time>) -> Result<()> {
    let pods = k.list(PODS, "", args.text("pod-selector"), &format!("spec.nodeName={}", node.name)).await?;
    let (mut stops, mut warnings, mut going) = (Vec::new(), Vec::new(), Vec::new());
    for pod in pods {
        let shown = format!("{}/{}", pod.namespace(), pod.name());
        let mut goes = true;
        for v in verdict(k, args, &pod).await {
            match v {
                Verdict::Go => {}
                Verdict::Skip => goes = false,
                Verdict::Warn { text, go } => {
                    gather(&mut warnings, text, &shown);
                    goes &= go;
                }
                Verdict::Stop(text) => {
                    gather(&mut stops, text, &shown);
                    goes = false;
                }
            }
        }
        if goes {
            going.push(pod);
        }
    }
    if !stops.is_empty() {
        stops.arrange();
        let texts: Vec<String> =
            stops.iter().map(|(t, pods)| format!("cannot delete {t}: {}", pods.join(", "))).collect();
        return Err(Error::Many(texts.into_iter().map(Error::Text).collect()));
    }
    if !warnings.is_empty() {
        warnings.arrange();
        let texts: Vec<String> =
            warnings.iter().map(|(t, pods)| format!("{t}: {}", pods.join(", "))).collect();
        k.complain(format!("Warning: {}", texts.join("; ")));
    }
    evict(k, args, going, dry, until).await
}

async fn evict(k: &Kubectl, args: &Args, going: Vec<Value>, dry: DryRun, until: Option<Time>) -> Result<()> {
    let eviction = !args.is("disable-eviction");
    let grace = args.int("grace-period");
    let (verb, done) = if eviction { ("evicting", "evicted") } else { ("deleting", "deleted") };
    let late = |left: &[Value]| -> Result<()> {
        let pod = &left[0];
        fail(format!(
            "error when {verb} pods/\"{}\" -n \"{}\": global timeout reached: {}",
            pod.name(),
            pod.namespace(),
            args.text("timeout")
        ))
    };
    let mut asked: Vec<Value> = Vec::new();
    let mut left = going;
    let mut retry_at = k.client.now();
    loop {
        if k.client.now() >= retry_at {
            let mut again = Vec::new();
            for pod in std::mem::take(&mut left) {
                if eviction || dry != DryRun::None {
                    k.say(format!("{verb} pod {}/{}{}", pod.namespace(), pod.name(), dry.suffix()));
                }
                if dry == DryRun::Client {
                    continue;
                }
                match k.call(ask(&pod, eviction, grace, dry)).await {
                    Ok(_) if dry == DryRun::Server => {}
                    Ok(_) => asked.push(pod),
                    Err(e) if e.is_not_found() => k.say(format!("pod/{} {done}", pod.name())),
                    Err(e) if e.is(Reason::TooManyRequests) => {
                        k.complain(format!(
                            "error when evicting pods/\"{}\" -n \"{}\" (will retry after 5s): {}",
                            pod.name(),
                            pod.namespace(),
                            e.message()
                        ));
                        again.push(pod);
                    }
                    Err(e) => {
                        return fail(format!(
                            "error when evicting pods/\"{}\" -n \"{}\": {}",
                            pod.name(),
                            pod.namespace(),
                            e.message()
                        ));
                    }
                }
            }
            left = again;
            retry_at = k.client.now() + 5000;
        }
        let mut still = Vec::new();
        for pod in asked {
            match k.get(PODS, pod.namespace(), pod.name()).await {
                Ok(live) if live.uid() == pod.uid() => still.push(pod),
                Ok(_) => k.say(format!("pod/{} {done}", pod.name())),
                Err(e) if e.is_not_found() => k.say(format!("pod/{} {done}", pod.name())),
                Err(e) => return Err(e),
            }
        }
        asked = still;
        if asked.is_empty() && left.is_empty() {
            return Ok(());
        }
        if until.is_some_and(|t| k.client.now() >= t) {
            return late(if left.is_empty() { &asked } else { &left });
        }
        k.client.sleep(1000).await;
    }
}

fn ask(pod: &Value, eviction: bool, grace: i64, dry: DryRun) -> client::Request {
    if !eviction {
        let mut r = request(Verb::Delete, PODS, pod.namespace()).named(pod.name());
        r.options.grace_period_seconds = (grace >= 0).then_some(grace);
        r.options.dry_run = dry == DryRun::Server;
        return r;
    }
    let mut options = Value::map();
    if grace >= 0 {
        options.set("gracePeriodSeconds", grace);
    }
    let body = value!({
        "apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": (pod.name()), "namespace": (pod.namespace())},
        "deleteOptions": (options),
    });
    let mut r =
        request(Verb::Create, PODS, pod.namespace()).named(pod.name()).subresource("eviction").object(body);
    r.options.dry_run = dry == DryRun::Server;
    r
}
