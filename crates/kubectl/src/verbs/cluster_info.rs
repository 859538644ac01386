//! `kubectl cluster-info`
//!
//! Models `k8s.io/kubectl/pkg/cmd/clusterinfo`. `dump` prints the objects, not the logs.

use objects::resources::{self, SERVICES};
use objects::{Value, json, value};

use crate::command::{ALL_NAMESPACES, Command};
use crate::error::Result;
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::Kubectl;

static DUMP: &[Flag] = &[
    flag("namespaces", Kind::Words, "", "namespaces to dump"),
    flag("output-directory", Kind::Text, "", "accepted, not simulated"),
    short('o', "output", Kind::Text, "json", "json"),
    flag("pod-running-timeout", Kind::Duration, "20s", "accepted, not simulated"),
];

pub static COMMAND: Command = Command {
    name: "cluster-info",
    short: "Tell where the control plane answers",
    run: Some(|k, a| Box::pin(run(k, a))),
    commands: &[&Command {
        name: "dump",
        short: "Print the cluster's objects for study",
        flags: &[DUMP, ALL_NAMESPACES],
        run: Some(|k, a| Box::pin(dump(k, a))),
        ..Command::NONE
    }],
    ..Command::NONE
};

async fn run(k: &Kubectl, _: &Args) -> Result<()> {
    let server = k.config.server().to_owned();
    let services = k.list(SERVICES, "kube-system", "kubernetes.io/cluster-service=true", "").await?;
    k.say(format!("Kubernetes control plane is running at {server}"));
    for s in services {
        let shown = match s.labels()["kubernetes.io/name"].text() {
            "" => s.name().to_owned(),
            n => n.to_owned(),
        };
        let port = &s["spec"]["ports"][0];
        let suffix =
            if port["name"].text().is_empty() { String::new() } else { format!(":{}", port["name"].text()) };
        k.say(format!(
            "{shown} is running at {server}/api/v1/namespaces/{}/services/{}{suffix}/proxy",
            s.namespace(),
            s.name()
        ));
    }
    k.say("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.");
    Ok(())
}

async fn dump(k: &Kubectl, args: &Args) -> Result<()> {
    let print = |items: Vec<Value>, kind: &str| {
        let list = value!({"kind": (kind), "apiVersion": "v1", "metadata": {"resourceVersion": ""}, "items": (Value::List(items.into()))});
        k.say(json::to_pretty(&list, "    "));
    };
    print(k.list(resources::NODES, "", "", "").await?, "NodeList");
    let mut namespaces = args.list("namespaces");
    if args.is("all-namespaces") {
        namespaces =
            k.list(resources::NAMESPACES, "", "", "").await?.iter().map(|n| n.name().to_owned()).collect();
    } else if namespaces.is_empty() {
        namespaces = vec!["kube-system".into(), k.namespace.to_string()];
    }
    for ns in namespaces {
        for r in [
            resources::EVENTS,
            resources::REPLICATIONCONTROLLERS,
            SERVICES,
            resources::DAEMONSETS,
            resources::DEPLOYMENTS,
            resources::REPLICASETS,
            resources::PODS,
        ] {
            print(k.list(r, &ns, "", "").await?, &r.list_kind());
        }
    }
    Ok(())
}
