//! `kubectl create service clusterip|nodeport|loadbalancer|externalname`

use objects::resources::SERVICES;
use objects::{Value, value};

use super::{GENERATOR, generate, named};
use crate::command::{Command, one_name};
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;

static TCP: Flag = flag("tcp", Kind::Words, "", "port or port:targetPort, repeatable");
static CLUSTERIP: &[Flag] = &[TCP, flag("clusterip", Kind::Text, "", "an address of your own, or None")];
static NODEPORT: &[Flag] = &[TCP, flag("node-port", Kind::Int, "0", "port on every node")];
static LOADBALANCER: &[Flag] = &[TCP];
static EXTERNALNAME: &[Flag] = &[TCP, flag("external-name", Kind::Text, "", "name outside the cluster")];

pub static COMMAND: Command = Command {
    name: "service",
    aliases: &["svc"],
    short: "A service of one of the kinds below",
    commands: &[
        &Command {
            name: "clusterip",
            usage: "NAME [--tcp=<port>:<targetPort>]",
            short: "A service with an address inside the cluster",
            flags: &[CLUSTERIP, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
            run: Some(|k, a| Box::pin(create(k, a, "ClusterIP"))),
            ..Command::NONE
        },
        &Command {
            name: "externalname",
            usage: "NAME --external-name external.name",
            short: "A service that stands for a name outside",
            flags: &[EXTERNALNAME, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
            required: &["external-name"],
            run: Some(|k, a| Box::pin(create(k, a, "ExternalName"))),
            ..Command::NONE
        },
        &Command {
            name: "loadbalancer",
            usage: "NAME [--tcp=port:targetPort]",
            short: "A service with a load balancer in front",
            flags: &[LOADBALANCER, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
            run: Some(|k, a| Box::pin(create(k, a, "LoadBalancer"))),
            ..Command::NONE
        },
        &Command {
            name: "nodeport",
            usage: "NAME [--tcp=port:targetPort]",
            short: "A service with a port on every node",
            flags: &[NODEPORT, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
            run: Some(|k, a| Box::pin(create(k, a, "NodePort"))),
            ..Command::NONE
        },
    ],
    ..Command::NONE
};

async fn create(k: &Kubectl, args: &Args, kind: &str) -> Result<()> {
    let name = one_name(args)?;
    let headless = args.text("clusterip") == "None";
    let tcp = args.list("tcp");
    if tcp.is_empty() && kind != "ExternalName" && !headless {
        return fail("at least one tcp port specifier must be provided");
    }
    if kind == "ExternalName" && !is_subdomain(args.text("external-name")) {
        return fail(format!("invalid service external name {}", args.text("external-name")));
    }
    let mut ports: Vec<Value> = Vec::new();
    for t in &tcp {
        let mut p = port(t)?;
        if kind == "NodePort" && args.int("node-port") != 0 {
            p.set("nodePort", args.int("node-port"));
        }
        ports.push(p);
    }
    let labels = value!({"app": (name.as_str())});
    let mut s = named(SERVICES, &name);
    s.set_at(&["metadata", "labels"], labels.clone());
    let mut spec = value!({"type": (kind), "selector": (labels)});
    if !ports.is_empty() {
        spec.set("ports", Value::List(ports.into()));
    }
    if !args.text("clusterip").is_empty() {
        spec.set("clusterIP", args.text("clusterip"));
    }
    if kind == "ExternalName" {
        spec.set("externalName", args.text("external-name"));
    }
    s.set("spec", spec);
    s.set("status", value!({"loadBalancer": {}}));
    generate(k, args, SERVICES, s, &format!("{kind} service:")).await
}

fn port(text: &str) -> Result<Value> {
    let mut parts = text.split(':');
    let (left, right) = (parts.next().unwrap_or(""), parts.next());
    let Ok(n) = left.parse::<u16>() else {
        let digits = !left.is_empty() && left.bytes().all(|b| b.is_ascii_digit());
        let why = if digits { "value out of range" } else { "invalid syntax" };
        return fail(format!("strconv.ParseUint: parsing \"{left}\": {why}"));
    };
    let target: Value = match right {
        None => i64::from(n).into(),
        Some(r) => match r.parse::<i64>() {
            Ok(t) if (1..=65_535).contains(&t) => t.into(),
            Ok(_) => return fail("must be between 1 and 65535, inclusive"),
            Err(_) => match invalid_port_name(r) {
                Some(why) => return fail(why),
                None => r.into(),
            },
        },
    };
    Ok(
        value!({"name": (text.replace(':', "-")), "port": (i64::from(n)), "protocol": "TCP", "targetPort": (target)}),
    )
}

/// Why a port may not be called so, or `None`.
fn invalid_port_name(name: &str) -> Option<String> {
    let mut why = Vec::new();
    if name.len() > 15 {
        why.push("must be no more than 15 characters");
    }
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        why.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        why.push("must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        why.push("must not contain consecutive hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        why.push("must not begin or end with a hyphen");
    }
    (!why.is_empty()).then(|| why.join(","))
}

/// A name as DNS has them: lower case labels joined by dots.
fn is_subdomain(name: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    name.len() <= 253
        && name.split('.').all(|label| {
            let l = label.as_bytes();
            edge(l.first())
                && edge(l.last())
                && l.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
        })
}
