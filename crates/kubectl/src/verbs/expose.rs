//! `kubectl expose`
//!
//! Models `k8s.io/kubectl/pkg/cmd/expose`.

use objects::resources::{PODS, SERVICES};
use objects::{Value, int_or_string, value};

use crate::command::{Command, DRY_RUN, FIELD_MANAGER, FILES, OUTPUT};
use crate::error::{Error, Result, fail};
use crate::finder::{Find, Info, group_kind};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::Kubectl;
use crate::verbs::create::{SAVE_CONFIG, generate_as, named};

static FLAGS: &[Flag] = &[
    flag("cluster-ip", Kind::Text, "", "an address of your own, or None"),
    flag("external-ip", Kind::Text, "", "further address"),
    short('l', "labels", Kind::Text, "", "labels of the service"),
    flag("load-balancer-ip", Kind::Text, "", "address of the load balancer"),
    flag("name", Kind::Text, "", "name of the service"),
    flag("overrides", Kind::Text, "", "JSON that overrides what was made"),
    flag("override-type", Kind::Text, "merge", "how --overrides is merged"),
    flag("port", Kind::Text, "", "port of the service"),
    flag("protocol", Kind::Text, "", "TCP or UDP"),
    flag("selector", Kind::Text, "", "selector of the service"),
    flag("session-affinity", Kind::Text, "", "None or ClientIP"),
    flag("target-port", Kind::Text, "", "port of the pods, by name or number"),
    flag("type", Kind::Text, "", "ClusterIP, NodePort, LoadBalancer, or ExternalName"),
];

pub static COMMAND: Command = Command {
    name: "expose",
    usage: "(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name]",
    short: "Put a service in front of pods",
    flags: &[FLAGS, FILES, DRY_RUN, OUTPUT, FIELD_MANAGER, SAVE_CONFIG],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let find = Find { selector: None, latest: true, ..Find::of(args) };
    let (infos, mut errors, _) = k.infos(&find).await?;
    for i in infos {
        let done = match service(args, &i) {
            Ok(s) => generate_as(k, args, SERVICES, s, ("exposed", "kubectl-expose", "")).await,
            Err(e) => Err(e),
        };
        if let Err(e) = done {
            errors.push(e);
        }
    }
    Error::of_all(errors)
}

fn service(args: &Args, i: &Info) -> Result<Value> {
    let kind = i.resource.kind.as_str();
    if !["Deployment", "Pod", "ReplicaSet", "ReplicationController", "Service"].contains(&kind) {
        return fail(format!("cannot expose a {}", group_kind(&i.resource)));
    }
    let o = &i.object;
    let selector = if args.text("selector").is_empty() {
        own_selector(o, kind)?
    } else {
        labels(args.text("selector"))?
    };
    let labels =
        if args.text("labels").is_empty() { o.labels().clone() } else { labels(args.text("labels"))? };
    let known = container_ports(o, kind);
    let wanted: Vec<String> = match args.text("port") {
        "" => {
            let mut all: Vec<String> = Vec::new();
            for (p, _) in &known {
                if !all.contains(p) {
                    all.push(p.clone());
                }
            }
            all
        }
        p => p.split(',').map(str::to_owned).collect(),
    };
    if wanted.is_empty() && args.text("cluster-ip") != "None" {
        return fail("couldn't find port via --port flag or introspection");
    }
    let mut ports: Vec<Value> = Vec::new();
    for (n, text) in wanted.iter().enumerate() {
        let Ok(port) = text.parse::<i64>() else {
            return fail(format!("strconv.Atoi: parsing \"{text}\": invalid syntax"));
        };
        let protocols: Vec<&str> =
            known.iter().filter(|(p, _)| p == text).map(|(_, proto)| proto.as_str()).collect();
        let target = match args.text("target-port") {
            "" => Value::from(port),
            t => int_or_string::parse(t),
        };
        let one = |name: String, protocol: &str| {
            let mut p = value!({"port": (port), "protocol": (protocol), "targetPort": (target.clone())});
            if !name.is_empty() {
                p.set("name", name);
            }
            p
        };
        let name = if wanted.len() > 1 { format!("port-{}", n + 1) } else { String::new() };
        match (args.text("protocol"), protocols.as_slice()) {
            ("", []) => ports.push(one(name, "TCP")),
            ("", [only]) => ports.push(one(name, only)),
            ("", many) => {
                for p in many {
                    ports.push(one(format!("port-{}-{}", n + 1, p.to_lowercase()), p));
                }
            }
            (p, _) => ports.push(one(name, p)),
        }
    }
    let default: String = i.name.chars().take(63).collect();
    let mut s = named(SERVICES, if args.text("name").is_empty() { &default } else { args.text("name") });
    if !labels.is_zero() {
        s.set_at(&["metadata", "labels"], labels);
    }
    let mut spec = value!({"selector": (selector)});
    if !ports.is_empty() {
        spec.set("ports", Value::List(ports.into()));
    }
    for (flag, field) in
        [("type", "type"), ("cluster-ip", "clusterIP"), ("session-affinity", "sessionAffinity")]
    {
        if !args.text(flag).is_empty() {
            spec.set(field, args.text(flag));
        }
    }
    if !["", "None", "ClientIP"].contains(&args.text("session-affinity")) {
        return fail(format!("unknown session affinity: {}", args.text("session-affinity")));
    }
    if !args.text("external-ip").is_empty() {
        spec.set("externalIPs", value!([(args.text("external-ip"))]));
    }
    if args.text("type") == "LoadBalancer" && !args.text("load-balancer-ip").is_empty() {
        spec.set("loadBalancerIP", args.text("load-balancer-ip"));
    }
    s.set("spec", spec);
    s.set("status", value!({"loadBalancer": {}}));
    overridden(s, args)
}

/// An object under JSON overrides.
///
/// # Errors
/// Overrides that are no JSON.
pub fn overridden(object: Value, args: &Args) -> Result<Value> {
    let (overrides, kind) = (args.text("overrides"), args.text("override-type"));
    if overrides.is_empty() {
        return Ok(object);
    }
    if !["json", "merge", "strategic"].contains(&kind) {
        return fail(format!("invalid override type: {kind}"));
    }
    let Ok(patch) = crate::manifest::parse_any(overrides) else { return fail("Invalid JSON Patch") };
    let merged = match kind {
        "json" => {
            objects::patch::json_patch::apply(&object, &patch).map_err(|e| Error::text(e.to_string()))?
        }
        "strategic" => crate::verbs::apply::patched(
            if object.kind() == "Pod" { PODS } else { SERVICES },
            &object,
            &patch,
        ),
        _ => objects::patch::merge_patch::apply(&object, &patch),
    };
    Ok(crate::change::typed_form(&merged))
}

/// `a=b,c=d`
///
/// # Errors
/// Upstream's texts.
pub fn labels(text: &str) -> Result<Value> {
    let mut out = Value::map();
    for part in text.split(',') {
        match part.split_once('=') {
            Some(("", _)) => return fail("unexpected empty label key"),
            Some((key, v)) => out.set(key, v),
            None => return fail(format!("unexpected label spec: {part}")),
        }
    }
    Ok(out)
}

fn own_selector(o: &Value, kind: &str) -> Result<Value> {
    let no =
        |why: &str| fail(format!("couldn't retrieve selectors via --selector flag or introspection: {why}"));
    match kind {
        "Pod" if o.labels().is_zero() => no("the pod has no labels and cannot be exposed"),
        "Pod" => Ok(o.labels().clone()),
        "Service" if o["spec"]["selector"].is_zero() => no("the service has no pod selector set"),
        "Service" | "ReplicationController" => Ok(o["spec"]["selector"].clone()),
        _ => {
            let s = &o["spec"]["selector"];
            if !s["matchExpressions"].is_zero() {
                return no("couldn't convert expressions to map-based selector format");
            }
            Ok(s["matchLabels"].clone())
        }
    }
}

fn container_ports(o: &Value, kind: &str) -> Vec<(String, String)> {
    let protocol = |p: &Value| {
        if p["protocol"].text().is_empty() { "TCP".to_owned() } else { p["protocol"].text().to_owned() }
    };
    if kind == "Service" {
        return o["spec"]["ports"]
            .items()
            .iter()
            .map(|p| (p["port"].int().to_string(), protocol(p)))
            .collect();
    }
    let path = crate::change::pod_spec_path(kind).unwrap_or(&[]);
    let mut out = Vec::new();
    for c in o.at(path)["containers"].items() {
        for p in c["ports"].items() {
            out.push((p["containerPort"].int().to_string(), protocol(p)));
        }
    }
    out
}
