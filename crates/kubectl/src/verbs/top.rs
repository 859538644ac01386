//! `kubectl top`: usage as the metrics API tells it.
//!
//! Models `k8s.io/kubectl/pkg/cmd/top` and `k8s.io/kubectl/pkg/metricsutil`.

use ordered::Sort as _;
use std::cmp::Reverse;

use client::Request;
use objects::Value;
use objects::quantity::Quantity;
use objects::resources::{NODES, PODS};

use crate::command::{ALL_NAMESPACES, Command, SELECTOR, usage_error};
use crate::error::{Error, Result, fail};
use crate::flags::{Args, Flag, Kind, flag};
use crate::printers::columns;
use crate::session::Kubectl;

/// A pod younger than this need not have metrics yet.
const CREATION_DELAY_MS: i64 = 120_000;

static FLAGS: &[Flag] = &[
    flag("no-headers", Kind::Bool, "false", "leave the header line out"),
    flag("sort-by", Kind::Text, "", "cpu or memory"),
    flag("use-protocol-buffers", Kind::Bool, "true", "accepted, not simulated"),
    flag("show-swap", Kind::Bool, "false", "accepted, not simulated"),
];
static NODE: &[Flag] =
    &[flag("show-capacity", Kind::Bool, "false", "percent of capacity, not of what is allocatable")];
static POD: &[Flag] = &[
    flag("containers", Kind::Bool, "false", "a line for each container"),
    flag("field-selector", Kind::Text, "", "selector over fields"),
    flag("sum", Kind::Bool, "false", "the sum as the last line"),
];

pub static COMMAND: Command = Command {
    name: "top",
    short: "Show how much CPU and memory is used",
    commands: &[
        &Command {
            name: "node",
            aliases: &["nodes", "no"],
            usage: "[NAME | -l label]",
            short: "What nodes use",
            flags: &[FLAGS, NODE, SELECTOR],
            run: Some(|k, a| Box::pin(nodes(k, a))),
            ..Command::NONE
        },
        &Command {
            name: "pod",
            aliases: &["pods", "po"],
            usage: "[NAME | -l label]",
            short: "What pods use",
            flags: &[FLAGS, POD, SELECTOR, ALL_NAMESPACES],
            run: Some(|k, a| Box::pin(pods(k, a))),
            ..Command::NONE
        },
    ],
    ..Command::NONE
};

async fn metrics(k: &Kubectl, path: String, args: &Args) -> Result<Vec<Value>> {
    let sort = args.text("sort-by");
    if !["", "cpu", "memory"].contains(&sort) {
        return fail("--sort-by accepts only cpu or memory");
    }
    if args.args.len() > 1 {
        return Err(usage_error(args, &format!("unexpected arguments: [{}]", args.args.join(" "))));
    }
    let selects = !args.text("selector").is_empty() || !args.text("field-selector").is_empty();
    if !args.args.is_empty() && selects {
        let what = if args.path.ends_with("node") { "--selector" } else { "selector" };
        return fail(format!("only one of NAME or {what} can be provided"));
    }
    let chosen = super::selector(args.text("selector"))?;
    // Groups whose server does not answer are listed without a version.
    match k.call(Request::raw("/apis/metrics.k8s.io")).await {
        Err(Error::Status(_)) => return fail("Metrics API not available"),
        answer => answer?,
    };
    let mut path = path;
    if let Some(name) = args.args.first() {
        path.push('/');
        path.push_str(name);
    }
    let mut r = Request::raw(path);
    r.options.label_selector = args.text("selector").into();
    r.options.field_selector = args.text("field-selector").into();
    let answer = k.call(r).await?.object;
    Ok(match answer.find("items") {
        Some(items) => items.items().iter().filter(|i| chosen.matches(i.labels())).cloned().collect(),
        None => vec![answer],
    })
}

/// Why there is nothing to show: pods too young, or pods that should have been measured.
async fn why_empty(k: &Kubectl, args: &Args) -> Result<()> {
    let namespace = if args.is("all-namespaces") { "" } else { k.namespace.as_str() };
    let pods = k.list(PODS, namespace, args.text("selector"), args.text("field-selector")).await?;
    if pods.is_empty() {
        return Ok(());
    }
    for pod in &pods {
        let age = pod.meta()["creationTimestamp"].time().map_or(0, |t| k.client.now().since(t));
        if age > CREATION_DELAY_MS {
            let seconds = age / 1000;
            let age = if seconds < 3600 {
                format!("{}m{}s", seconds / 60, seconds % 60)
            } else {
                format!("{}h{}m{}s", seconds / 3600, seconds / 60 % 60, seconds % 60)
            };
            return fail(format!(
                "Metrics not available for pod {}/{}, age: {age}",
                pod.namespace(),
                pod.name()
            ));
        }
    }
    fail("metrics not available yet")
}

fn cpu(usage: &Value) -> i64 {
    Quantity::of(&usage["cpu"]).milli_value()
}

fn memory(usage: &Value) -> i64 {
    Quantity::of(&usage["memory"]).value()
}

fn amounts(cpu: i64, memory: i64) -> (String, String) {
    (format!("{cpu}m"), format!("{}Mi", memory / (1024 * 1024)))
}

async fn nodes(k: &Kubectl, args: &Args) -> Result<()> {
    let mut all = metrics(k, "/apis/metrics.k8s.io/v1beta1/nodes".into(), args).await?;
    if all.is_empty() {
        return fail("metrics not available yet");
    }
    let known = k.list(NODES, "", args.text("selector"), "").await?;
    all.arrange_by_key(|m| match args.text("sort-by") {
        "cpu" => (Reverse(cpu(&m["usage"])), String::new()),
        "memory" => (Reverse(memory(&m["usage"])), String::new()),
        _ => (Reverse(0), m.name().to_owned()),
    });
    let mut text = String::new();
    if !args.is("no-headers") {
        text.push_str("NAME\tCPU(cores)\tCPU(%)\tMEMORY(bytes)\tMEMORY(%)\t\n");
    }
    let field = if args.is("show-capacity") { "capacity" } else { "allocatable" };
    for m in &all {
        let Some(node) = known.iter().find(|n| n.name() == m.name()) else { continue };
        let whole = &node["status"][field];
        let (c, b) = (cpu(&m["usage"]), memory(&m["usage"]));
        let share = |part: i64, of: i64| if of == 0 { 0 } else { part * 100 / of };
        let (cs, bs) = amounts(c, b);
        text.push_str(&format!(
            "{}\t{cs}\t{}%\t{bs}\t{}%\t\n",
            m.name(),
            share(c, cpu(whole)),
            share(b, memory(whole))
        ));
    }
    for n in &known {
        if args.args.is_empty() && !all.iter().any(|m| m.name() == n.name()) {
            text.push_str(&format!("{}\t<unknown>\t<unknown>\t<unknown>\t<unknown>\t\n", n.name()));
        }
    }
    k.out(&columns(&text));
    Ok(())
}

async fn pods(k: &Kubectl, args: &Args) -> Result<()> {
    let everywhere = args.is("all-namespaces");
    let path = if everywhere {
        "/apis/metrics.k8s.io/v1beta1/pods".to_owned()
    } else {
        format!("/apis/metrics.k8s.io/v1beta1/namespaces/{}/pods", k.namespace)
    };
    let mut all = metrics(k, path, args).await?;
    if all.is_empty() {
        why_empty(k, args).await?;
        k.complain(if everywhere {
            "No resources found".into()
        } else {
            format!("No resources found in {} namespace.", k.namespace)
        });
        return Ok(());
    }
    let sum =
        |m: &Value, f: fn(&Value) -> i64| m["containers"].items().iter().map(|c| f(&c["usage"])).sum::<i64>();
    all.arrange_by_key(|m| match args.text("sort-by") {
        "cpu" => (Reverse(sum(m, cpu)), String::new()),
        "memory" => (Reverse(sum(m, memory)), String::new()),
        _ => (Reverse(0), format!("{}/{}", m.namespace(), m.name())),
    });
    let each = args.is("containers");
    let mut text = String::new();
    if !args.is("no-headers") {
        if everywhere {
            text.push_str("NAMESPACE\t");
        }
        text.push_str(if each {
            "POD\tNAME\tCPU(cores)\tMEMORY(bytes)\t\n"
        } else {
            "NAME\tCPU(cores)\tMEMORY(bytes)\t\n"
        });
    }
    let (mut total_cpu, mut total_memory) = (0, 0);
    for m in &all {
        let head = if everywhere { format!("{}\t", m.namespace()) } else { String::new() };
        total_cpu += sum(m, cpu);
        total_memory += sum(m, memory);
        if each {
            let mut containers = m["containers"].items().to_vec();
            containers.arrange_by_key(|c| match args.text("sort-by") {
                "cpu" => (Reverse(cpu(&c["usage"])), String::new()),
                "memory" => (Reverse(memory(&c["usage"])), String::new()),
                _ => (Reverse(0), c["name"].text().to_owned()),
            });
            for c in &containers {
                let (cs, bs) = amounts(cpu(&c["usage"]), memory(&c["usage"]));
                text.push_str(&format!("{head}{}\t{}\t{cs}\t{bs}\t\n", m.name(), c["name"].text()));
            }
        } else {
            let (cs, bs) = amounts(sum(m, cpu), sum(m, memory));
            text.push_str(&format!("{head}{}\t{cs}\t{bs}\t\n", m.name()));
        }
    }
    if args.is("sum") {
        let (cs, bs) = amounts(total_cpu, total_memory);
        let lead = "\t".repeat(usize::from(everywhere) + usize::from(each));
        text.push_str(&format!("{lead}\t________\t________\t\n{lead}\t{cs}\t{bs}\t\n"));
    }
    k.out(&columns(&text));
    Ok(())
}
