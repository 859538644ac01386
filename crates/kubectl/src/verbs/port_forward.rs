//! `kubectl port-forward`
//!
//! Models `k8s.io/kubectl/pkg/cmd/portforward`. The local end is the learner's machine: the terminal makes the
//! forwarded ports reachable while the command runs.

use client::Verb;
use client::handle::Frame;
use objects::Value;
use objects::resources::PODS;

use crate::command::{Command, usage_error};
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::{Kubectl, request};
use crate::verbs::exec::not_upgraded;
use crate::verbs::exec::pod_behind;

static FLAGS: &[Flag] = &[
    flag("address", Kind::Words, "localhost", "addresses to listen on"),
    flag("pod-running-timeout", Kind::Duration, "1m0s", "how long to wait for a pod to run"),
];

pub static COMMAND: Command = Command {
    name: "port-forward",
    usage: "TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]",
    short: "Make a pod's port reachable from your machine",
    flags: &[FLAGS],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let Some((target, ports)) = args.args.split_first().filter(|(_, p)| !p.is_empty()) else {
        return Err(usage_error(args, "TYPE/NAME and list of ports are required for port-forward"));
    };
    let find = Find {
        args: vec![if target.contains('/') { target.clone() } else { format!("pods/{target}") }],
        latest: true,
        ..Find::default()
    };
    let (infos, errors, _) = k.infos(&find).await?;
    Error::of_all(errors)?;
    let Some(i) = infos.first() else { return fail("no object found") };
    let pod = if i.resource.id == "pods" {
        i.object.clone()
    } else {
        pod_behind(k, &i.object, args.millis("pod-running-timeout")).await?
    };
    let mut pairs: Vec<(String, i64)> = Vec::new();
    for p in ports {
        let (local, remote) = p.split_once(':').unwrap_or((p, p));
        let remote = remote_port(&i.object, &pod, remote)?;
        let local = match local {
            "" => "0".to_owned(),
            l if l.parse::<u16>().is_ok() => l.to_owned(),
            l if l == p => remote.to_string(),
            l => {
                return fail(format!(
                    "error parsing local port '{l}': strconv.ParseUint: parsing \"{l}\": invalid syntax"
                ));
            }
        };
        pairs.push((local, remote));
    }
    let phase = pod["status"]["phase"].text();
    if phase != "Running" {
        return fail(format!("unable to forward port because pod is not running. Current status={phase}"));
    }
    let mut r = request(Verb::Create, PODS, pod.namespace()).named(pod.name()).subresource("portforward");
    for (local, remote) in &pairs {
        r.options.query.push(("ports".into(), format!("{local}:{remote}").into()));
    }
    let mut stream = match k.connect(r).await {
        Ok(s) => s,
        Err(Error::Status(s)) => {
            return match not_upgraded(*s) {
                Error::Text(t) => fail(format!("error upgrading connection: {t}")),
                refused => Err(refused),
            };
        }
        Err(e) => return Err(e),
    };
    let mut next = pairs.iter();
    let mut listening = 0;
    while let Some(f) = stream.next().await {
        match f {
            Frame::Listens(port) => {
                let Some((local, remote)) = next.next() else { continue };
                if port == 0 {
                    k.complain(format!("Unable to listen on port {local}: {}", not_created(args, local)));
                } else {
                    listening += 1;
                    for host in hosts(args) {
                        k.say(format!("Forwarding from {host}:{port} -> {remote}"));
                    }
                }
                if next.len() == 0 && listening == 0 {
                    let all: Vec<String> = pairs.iter().map(|(l, r)| format!("{{{l} {r}}}")).collect();
                    return fail(format!(
                        "unable to listen on any of the requested ports: [{}]",
                        all.join(" ")
                    ));
                }
            }
            Frame::Stdout(b) => k.io.out(&b),
            Frame::Stderr(b) => k.io.err(&b),
            Frame::Exit(_) => break,
            _ => {}
        }
    }
    fail("lost connection to pod")
}

/// The addresses to listen at, as they are printed.
fn hosts(args: &Args) -> Vec<String> {
    let all = args.list("address").into_iter();
    all.flat_map(|a| if a == "localhost" { vec!["127.0.0.1".into(), "[::1]".into()] } else { vec![a] })
        .collect()
}

/// Why nobody listens at a port: somebody does already.
fn not_created(args: &Args, port: &str) -> String {
    let one = |host: &str| {
        let family = if host.starts_with('[') { "tcp6" } else { "tcp4" };
        format!(
            "unable to create listener: Error listen {family} {host}:{port}: bind: address already in use"
        )
    };
    let all: Vec<String> = hosts(args).iter().map(|host| one(host)).collect();
    format!("Listeners failed to create with the following errors: [{}]", all.join(" "))
}

/// A service's port leads to the target port of the pod; names are looked up in the containers.
fn remote_port(o: &Value, pod: &Value, text: &str) -> Result<i64> {
    let by_name = |name: &str| {
        pod["spec"]["containers"]
            .items()
            .iter()
            .flat_map(|c| c["ports"].items())
            .find(|p| p["name"] == name)
            .map(|p| p["containerPort"].int())
    };
    if o.kind() == "Service" {
        let found = o["spec"]["ports"]
            .items()
            .iter()
            .find(|p| p["name"] == text || p["port"].int().to_string() == text);
        let Some(sp) = found else {
            return fail(format!("Service {} does not have a service port {text}", o.name()));
        };
        return match &sp["targetPort"] {
            Value::Str(name) => match by_name(name) {
                Some(n) => Ok(n),
                None => fail(format!("Pod '{}' does not have a named port '{name}'", pod.name())),
            },
            Value::Null => Ok(sp["port"].int()),
            n => Ok(n.int()),
        };
    }
    match text.parse::<u16>() {
        Ok(n) => Ok(i64::from(n)),
        Err(_) => match by_name(text) {
            Some(n) => Ok(n),
            None => fail(format!("Pod '{}' does not have a named port '{text}'", pod.name())),
        },
    }
}
