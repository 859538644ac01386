//! `kubectl cluster-info`
//!
//! Models `k8s.io/kubectl/pkg/cmd/clusterinfo`. Not modelled: other outputs of `dump` than json and yaml.

use client::Verb;
use objects::resources::{self, Resource, SERVICES};
use objects::{Value, json, value, yaml};

use crate::command::{ALL_NAMESPACES, Command};
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::{Kubectl, request};

static DUMP: &[Flag] = &[
    flag("namespaces", Kind::Words, "", "namespaces to dump"),
    flag("output-directory", Kind::Text, "", "directory to write files to, instead of the terminal"),
    short('o', "output", Kind::Text, "json", "json or yaml"),
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
    let server = k.config.server();
    let services = k.list(SERVICES, "kube-system", "kubernetes.io/cluster-service=true", "").await;
    if services.is_ok() {
        k.say(format!("Kubernetes control plane is running at {server}"));
    }
    for s in services.iter().flatten() {
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
    services.map(drop)
}

/// Where a dump goes: to the terminal, or to files below a directory.
struct Dump<'a> {
    k: &'a Kubectl,
    directory: &'a str,
    yaml: bool,
}

impl Dump<'_> {
    fn to(&self, name: &str, extension: &str, text: &str) -> Result<()> {
        if self.directory.is_empty() {
            self.k.out(text);
            return Ok(());
        }
        let path = format!("{}/{name}.{extension}", self.directory.trim_end_matches('/'));
        match self.k.io.write(&path, text.as_bytes()) {
            Ok(()) => Ok(()),
            Err(e) => fail(format!("open {path}: {}", e.text())),
        }
    }

    async fn list(&self, r: &Resource, namespace: &str, name: &str) -> Result<Vec<Value>> {
        let items = self.k.list(r, namespace, "", "").await?;
        // The items of a typed list do not say again what they are.
        let bare = items.iter().map(|o| {
            let mut o = o.clone();
            o.remove("kind");
            o.remove("apiVersion");
            o
        });
        let list = value!({
            "kind": (r.list_kind()), "apiVersion": (r.api_version()), "metadata": {"resourceVersion": ""},
            "items": (Value::List(bare.collect())),
        });
        if self.yaml {
            self.to(name, "yaml", &yaml::emit(&list))?;
        } else {
            self.to(name, "json", &format!("{}\n", json::to_pretty(&list, "    ")))?;
        }
        Ok(items)
    }

    async fn logs(&self, pod: &Value) -> Result<()> {
        let mut text = String::new();
        for list in ["initContainers", "containers"] {
            for c in pod["spec"][list].items() {
                let of = format!("container {} of pod {}/{}", c["name"].text(), pod.namespace(), pod.name());
                text.push_str(&format!("==== START logs for {of} ====\n"));
                let mut r =
                    request(Verb::Get, resources::PODS, pod.namespace()).named(pod.name()).subresource("log");
                r.options.query.push(("container".into(), c["name"].to_str()));
                match super::logs::text(self.k, r).await {
                    Ok(logs) => text.push_str(&logs),
                    Err(e) => text.push_str(&format!("Request log error: {}\n", e.message())),
                }
                text.push_str(&format!("==== END logs for {of} ====\n"));
            }
        }
        self.to(&format!("{}/{}/logs", pod.namespace(), pod.name()), "txt", &text)
    }
}

async fn dump(k: &Kubectl, args: &Args) -> Result<()> {
    let yaml = match args.text("output") {
        "json" => false,
        "yaml" => true,
        other => return fail(format!("--output {other} is not available in cluster-info dump")),
    };
    let directory = Some(args.text("output-directory")).filter(|d| *d != "-").unwrap_or_default();
    let d = Dump { k, directory, yaml };
    d.list(resources::NODES, "", "nodes").await?;
    let mut namespaces = args.list("namespaces");
    if args.is("all-namespaces") {
        namespaces =
            k.list(resources::NAMESPACES, "", "", "").await?.iter().map(|n| n.name().to_owned()).collect();
    } else if namespaces.is_empty() {
        namespaces = vec!["kube-system".into(), k.namespace.to_string()];
    }
    for ns in namespaces {
        for (r, name) in [
            (resources::EVENTS, "events"),
            (resources::REPLICATIONCONTROLLERS, "replication-controllers"),
            (SERVICES, "services"),
            (resources::DAEMONSETS, "daemonsets"),
            (resources::DEPLOYMENTS, "deployments"),
            (resources::REPLICASETS, "replicasets"),
        ] {
            d.list(r, &ns, &format!("{ns}/{name}")).await?;
        }
        for pod in d.list(resources::PODS, &ns, &format!("{ns}/pods")).await? {
            d.logs(&pod).await?;
        }
    }
    if !directory.is_empty() {
        k.say(format!("Cluster info dumped to {directory}"));
    }
    Ok(())
}
