//! `kubectl debug`: ephemeral containers, copies of pods, node shells.
//!
//! Models `k8s.io/kubectl/pkg/cmd/debug`. Not modelled: `--custom`.

use client::{Body, PatchType, Verb};
use objects::resources::PODS;
use objects::{Value, value};

use crate::command::{Command, FILES};
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::{Kubectl, request};
use crate::verbs::create::texts;
use crate::verbs::{exec, logs};

static FLAGS: &[Flag] = &[
    flag("arguments-only", Kind::Bool, "false", "what follows are arguments, not the command"),
    flag("attach", Kind::Bool, "false", "attach to the new container"),
    short('c', "container", Kind::Text, "", "name of the new container"),
    flag("copy-to", Kind::Text, "", "make a copy of the pod with this name"),
    flag("custom", Kind::Text, "", "accepted, not simulated"),
    flag("env", Kind::Texts, "", "KEY=value, repeatable"),
    flag("image", Kind::Text, "", "image of the new container"),
    flag("image-pull-policy", Kind::Text, "", "Always, IfNotPresent or Never"),
    flag("keep-annotations", Kind::Bool, "false", "the copy keeps its annotations"),
    flag("keep-init-containers", Kind::Bool, "true", "the copy keeps its init containers"),
    flag("keep-labels", Kind::Bool, "false", "the copy keeps its labels"),
    flag("keep-liveness", Kind::Bool, "false", "the copy keeps its liveness probes"),
    flag("keep-readiness", Kind::Bool, "false", "the copy keeps its readiness probes"),
    flag("keep-startup", Kind::Bool, "false", "the copy keeps its startup probes"),
    flag("profile", Kind::Text, "general", "general, baseline, restricted, netadmin, sysadmin"),
    short('q', "quiet", Kind::Bool, "false", "no notes"),
    flag("replace", Kind::Bool, "false", "with --copy-to: delete the original"),
    flag("same-node", Kind::Bool, "false", "with --copy-to: on the same node"),
    flag("set-image", Kind::Texts, "", "container=image of the copy, repeatable"),
    flag("share-processes", Kind::Bool, "true", "the copy shares one process namespace"),
    short('i', "stdin", Kind::Bool, "false", "pass stdin to the container"),
    flag("target", Kind::Text, "", "container whose processes are to be seen"),
    short('t', "tty", Kind::Bool, "false", "give the container a terminal"),
];

pub static COMMAND: Command = Command {
    name: "debug",
    usage: "(POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ]",
    short: "Put a helper container beside what does not work",
    flags: &[FLAGS, FILES],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let targets = args.before_dash();
    let copy = args.text("copy-to");
    let image = args.text("image");
    let profile = args.text("profile");
    if !["general", "baseline", "restricted", "netadmin", "sysadmin", "legacy"].contains(&profile) {
        return fail(format!("unknown profile: {profile}"));
    }
    if copy.is_empty() {
        for flag in ["replace", "same-node", "set-image"] {
            if args.changed(flag) {
                return fail(format!("--{flag} may only be used with --copy-to."));
            }
        }
        if image.is_empty() {
            return fail("you must specify --image when not using --copy-to.");
        }
    }
    if image.is_empty()
        && args.list("set-image").is_empty()
        && args.text("container").is_empty()
        && !copy.is_empty()
        && args.after_dash().is_empty()
    {
        return fail("you must specify --image, --set-image or command arguments.");
    }
    if targets.is_empty() && args.list("filename").is_empty() {
        return fail("NAME or filename is required for debug");
    }
    let pull = args.text("image-pull-policy");
    if !["", "Always", "IfNotPresent", "Never"].contains(&pull) {
        return fail(format!("invalid image pull policy: {pull}"));
    }
    if profile == "legacy" {
        k.complain("--profile=legacy is deprecated and planned to be removed in v1.39. It is recommended to specify other profile, for example \"--profile=general\".");
    }
    let target = args.text("target");
    if !target.is_empty() && !copy.is_empty() {
        return fail("--target is incompatible with --copy-to. Use --share-processes instead.");
    }
    if args.is("tty") && !args.is("stdin") {
        return fail("-i/--stdin is required for containers with -t/--tty=true");
    }
    for t in targets {
        let find = Find {
            args: vec![if t.contains('/') { t.clone() } else { format!("pods/{t}") }],
            latest: true,
            ..Find::default()
        };
        let (infos, errors, _) = k.infos(&find).await?;
        Error::of_all(errors)?;
        let Some(i) = infos.into_iter().next() else { continue };
        let (pod, container) = match i.resource.id.as_str() {
            "pods" if copy.is_empty() => ephemeral(k, args, &i.object).await?,
            "pods" => copied(k, args, &i.object, copy).await?,
            "nodes" => on_node(k, args, &i.object).await?,
            _ => {
                let r = &i.resource;
                return fail(format!(
                    "\"{}/{}, Kind={}\" not supported by debug",
                    r.group, r.version, r.kind
                ));
            }
        };
        let attach = args.is("attach") || args.is("stdin") || args.is("tty");
        if attach && !container.is_empty() {
            attached(k, args, &pod, &container).await?;
        }
    }
    Ok(())
}

fn container(args: &Args, name: &str) -> Value {
    let mut c = value!({
        "name": (name), "image": (args.text("image")), "resources": {},
        "terminationMessagePolicy": "File",
    });
    if !args.text("image-pull-policy").is_empty() {
        c.set("imagePullPolicy", args.text("image-pull-policy"));
    }
    if !args.after_dash().is_empty() {
        c.set(if args.is("arguments-only") { "args" } else { "command" }, texts(args.after_dash()));
    }
    let env: Vec<Value> = args
        .list("env")
        .iter()
        .filter_map(|e| e.split_once('='))
        .map(|(n, v)| value!({"name": (n), "value": (v)}))
        .collect();
    if !env.is_empty() {
        c.set("env", Value::List(env.into()));
    }
    for flag in ["stdin", "tty"] {
        if args.is(flag) {
            c.set(flag, true);
        }
    }
    c
}

/// What the profile lets the container do.
fn profiled(args: &Args, c: &mut Value) {
    let context = match args.text("profile") {
        "general" => value!({"capabilities": {"add": ["SYS_PTRACE"]}}),
        "restricted" => value!({
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true,
            "seccompProfile": {"type": "RuntimeDefault"},
        }),
        "netadmin" => value!({"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}}),
        "sysadmin" => value!({"privileged": true}),
        _ => return,
    };
    c.set("securityContext", context);
}

/// `--container`, or a name no container of the pod has.
fn new_name(k: &Kubectl, args: &Args, pod: &Value) -> String {
    if !args.text("container").is_empty() {
        return args.text("container").to_owned();
    }
    let taken = |n: &str| {
        ["containers", "initContainers", "ephemeralContainers"]
            .iter()
            .any(|l| pod["spec"][*l].items().iter().any(|c| c["name"] == n))
    };
    let mut seed =
        k.client.now().0 as u64 ^ pod.uid().bytes().fold(7, |h: u64, b| h.wrapping_mul(31) + u64::from(b));
    loop {
        let mut name = String::from("debugger-");
        for i in 0..5 {
            name.push(char::from(b"bcdfghjklmnpqrstvwxz2456789"[(seed >> (i * 5)) as usize % 27]));
        }
        if !taken(&name) {
            if !args.is("quiet") {
                k.say(format!("Defaulting debug container name to {name}."));
            }
            return name;
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    }
}

async fn ephemeral(k: &Kubectl, args: &Args, pod: &Value) -> Result<(String, String)> {
    if !args.text("target").is_empty() && !args.is("quiet") {
        k.say(format!(
            "Targeting container \"{}\". If you don't see processes from this container it may be because the container runtime doesn't support this feature.",
            args.text("target")
        ));
    }
    let name = new_name(k, args, pod);
    let mut c = container(args, &name);
    if !args.text("target").is_empty() {
        c.set("targetContainerName", args.text("target"));
    }
    c.remove("resources");
    profiled(args, &mut c);
    let mut all = pod["spec"]["ephemeralContainers"].items().to_vec();
    all.push(c);
    let mut patch = Value::map();
    patch.set_at(&["spec", "ephemeralContainers"], Value::List(all.into()));
    let r = request(Verb::Patch, PODS, pod.namespace())
        .named(pod.name())
        .subresource("ephemeralcontainers")
        .patch(PatchType::Strategic, Body::Object(patch));
    k.call(r).await?;
    Ok((pod.name().to_owned(), name))
}

async fn copied(k: &Kubectl, args: &Args, pod: &Value, to: &str) -> Result<(String, String)> {
    let mut spec = pod["spec"].clone();
    if !args.is("same-node") {
        spec.remove("nodeName");
    }
    spec.remove("ephemeralContainers");
    if !args.is("keep-init-containers") {
        spec.remove("initContainers");
    }
    if args.changed("share-processes") {
        spec.set("shareProcessNamespace", args.is("share-processes"));
    } else if spec["shareProcessNamespace"].is_null() && args.text("profile") != "legacy" {
        spec.set("shareProcessNamespace", true);
    }
    for c in spec.at_mut(&["containers"]).list_mut().to_mut() {
        for (flag, field) in [
            ("keep-liveness", "livenessProbe"),
            ("keep-readiness", "readinessProbe"),
            ("keep-startup", "startupProbe"),
        ] {
            if !args.is(flag) {
                c.remove(field);
            }
        }
        for pair in args.list("set-image") {
            if let Some((n, image)) = pair.split_once('=')
                && (n == "*" || c["name"] == n)
            {
                c.set("image", image);
            }
        }
    }
    let wanted = args.text("container");
    let there = spec["containers"].items().iter().any(|c| c["name"] == wanted);
    let mut name = String::new();
    if there {
        name = wanted.to_owned();
        for c in spec.at_mut(&["containers"]).list_mut().to_mut() {
            if c["name"] != wanted {
                continue;
            }
            if !args.text("image").is_empty() {
                c.set("image", args.text("image"));
            }
            if !args.after_dash().is_empty() {
                c.set("command", texts(args.after_dash()));
                c.remove("args");
            }
            for flag in ["stdin", "tty"] {
                if args.is(flag) {
                    c.set(flag, true);
                }
            }
        }
    } else if !args.text("image").is_empty() {
        name = new_name(k, args, pod);
        let mut c = container(args, &name);
        profiled(args, &mut c);
        spec.at_mut(&["containers"]).list_mut().push(c);
    }
    let mut copy = value!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": (to), "namespace": (pod.namespace())}});
    for (flag, field) in [("keep-labels", "labels"), ("keep-annotations", "annotations")] {
        if args.is(flag) {
            copy.set_at(&["metadata", field], pod.meta()[field].clone());
        }
    }
    copy.set("spec", spec);
    if args.is("replace") {
        let r = request(Verb::Delete, PODS, pod.namespace()).named(pod.name());
        k.call(r).await?;
    }
    k.call(request(Verb::Create, PODS, pod.namespace()).object(copy)).await?;
    Ok((to.to_owned(), name))
}

async fn on_node(k: &Kubectl, args: &Args, node: &Value) -> Result<(String, String)> {
    let mut tail = String::new();
    let seed = k.client.now().0 as u64;
    for i in 0..5 {
        tail.push(char::from(b"bcdfghjklmnpqrstvwxz2456789"[(seed >> (i * 4)) as usize % 27]));
    }
    let name = format!("node-debugger-{}-{tail}", node.name());
    if !args.is("quiet") {
        k.say(format!("Creating debugging pod {name} with container debugger on node {}.", node.name()));
    }
    let mut c = container(args, "debugger");
    let profile = args.text("profile");
    let (hosts, root) =
        (!matches!(profile, "baseline" | "restricted"), matches!(profile, "general" | "legacy" | "sysadmin"));
    if profile != "general" {
        profiled(args, &mut c);
    }
    if root {
        c.set("volumeMounts", value!([{"name": "host-root", "mountPath": "/host"}]));
    }
    let mut pod = value!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": (name.as_str()), "labels": {"app.kubernetes.io/managed-by": "kubectl-debug"}},
        "spec": {
            "containers": [c],
            "nodeName": (node.name()), "restartPolicy": "Never",
            "tolerations": [{"operator": "Exists"}],
        },
    });
    if hosts {
        for field in ["hostIPC", "hostNetwork", "hostPID"] {
            pod.set_at(&["spec", field], true);
        }
    }
    if root {
        pod.set_at(&["spec", "volumes"], value!([{"name": "host-root", "hostPath": {"path": "/"}}]));
    }
    k.call(request(Verb::Create, PODS, &k.namespace).object(pod)).await?;
    Ok((name, "debugger".into()))
}

async fn attached(k: &Kubectl, args: &Args, pod: &str, container: &str) -> Result<()> {
    let until = k.client.now() + 60_000;
    loop {
        let p = k.get(PODS, &k.namespace, pod).await?;
        let status = ["containerStatuses", "ephemeralContainerStatuses"]
            .iter()
            .flat_map(|l| p["status"][*l].items())
            .find(|s| s["name"] == container)
            .cloned()
            .unwrap_or_default();
        if !status["state"]["running"].is_null() {
            return exec::session_or_log(k, args, &p, container).await;
        }
        if !status["state"]["terminated"].is_null() {
            return logs::whole(k, pod, container).await;
        }
        if until.since(k.client.now()) <= 0 {
            return fail("timed out waiting for the condition");
        }
        k.client.sleep(200).await;
    }
}
