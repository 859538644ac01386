//! `kubectl create ingress`

use objects::resources::INGRESSES;
use objects::{Value, value};

use super::{GENERATOR, generate, named};
use crate::command::{Command, one_name};
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    flag("class", Kind::Text, "", "ingress class"),
    flag("rule", Kind::Texts, "", "host/path=service:port[,tls=secret], repeatable"),
    flag("default-backend", Kind::Text, "", "service:port for everything else"),
    flag("annotation", Kind::Texts, "", "key=value, repeatable"),
];

pub static COMMAND: Command = Command {
    name: "ingress",
    aliases: &["ing"],
    usage: "NAME --rule=host/path=service:port[,tls[=secret]]",
    short: "Rules that lead web requests to services",
    flags: &[FLAGS, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

struct Rule {
    host: String,
    path: String,
    backend: Value,
    tls: Option<String>,
}

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let name = one_name(args)?;
    let (rules, default) = (args.list("rule"), args.text("default-backend"));
    if rules.is_empty() && default.is_empty() {
        return fail(
            "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
        );
    }
    let mut parsed = Vec::new();
    for r in &rules {
        let Some(rule) = read(r) else {
            return fail(format!(
                "rule {r} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
            ));
        };
        parsed.push(rule);
    }
    let mut i = named(INGRESSES, &name);
    for a in args.list("annotation") {
        let Some((key, v)) = a.split_once('=') else {
            return fail(format!("annotation {a} is invalid and should be in format key=[value]"));
        };
        i.set_at(&["metadata", "annotations", key], v);
    }
    let mut spec = Value::map();
    if !args.text("class").is_empty() {
        spec.set("ingressClassName", args.text("class"));
    }
    if !default.is_empty() {
        if default.split(':').count() != 2 {
            return fail("default-backend should be in format servicename:serviceport");
        }
        spec.set("defaultBackend", backend(default));
    }
    let mut hosts: Vec<Value> = Vec::new();
    let mut tls: Vec<Value> = Vec::new();
    let mut secured: Vec<String> = Vec::new();
    for r in parsed {
        let (path, kind) = match r.path.strip_suffix('*') {
            Some(p) => (format!("/{p}"), "Prefix"),
            None => (format!("/{}", r.path), "Exact"),
        };
        let entry = value!({"path": (path), "pathType": (kind), "backend": (r.backend)});
        match hosts.iter_mut().find(|h| h["host"].text() == r.host) {
            Some(h) => h.at_mut(&["http", "paths"]).list_mut().push(entry),
            None => {
                let mut h = value!({"http": {"paths": [entry]}});
                if !r.host.is_empty() {
                    h.set("host", r.host.as_str());
                }
                hosts.push(h);
            }
        }
        let Some(secret) = r.tls else { continue };
        if secured.contains(&r.host) {
            continue;
        }
        secured.push(r.host.clone());
        match tls.iter_mut().find(|t| !secret.is_empty() && t["secretName"].text() == secret) {
            Some(t) => t.at_mut(&["hosts"]).list_mut().push(r.host.as_str()),
            None => {
                let mut t = Value::map();
                if !r.host.is_empty() {
                    t.set("hosts", value!([(r.host.as_str())]));
                }
                if !secret.is_empty() {
                    t.set("secretName", secret);
                }
                if !t.is_zero() {
                    tls.push(t);
                }
            }
        }
    }
    if !hosts.is_empty() {
        spec.set("rules", Value::List(hosts.into()));
    }
    if !tls.is_empty() {
        spec.set("tls", Value::List(tls.into()));
    }
    i.set("spec", spec);
    i.set("status", value!({"loadBalancer": {}}));
    generate(k, args, INGRESSES, i, "ingress:").await
}

fn read(text: &str) -> Option<Rule> {
    let (body, tls) = match text.split_once(',') {
        None => (text, None),
        Some((b, "tls")) => (b, Some(String::new())),
        Some((b, t)) => (b, Some(t.strip_prefix("tls=")?.to_owned())),
    };
    let (host, rest) = body.split_once('/')?;
    let (path, service) = rest.split_once('=')?;
    let (svc, port) = service.split_once(':')?;
    if svc.is_empty() || port.is_empty() {
        return None;
    }
    Some(Rule { host: host.into(), path: path.into(), backend: backend(service), tls })
}

fn backend(text: &str) -> Value {
    let (service, port) = text.split_once(':').unwrap_or((text, ""));
    let port = match port.parse::<i64>() {
        Ok(n) => value!({"number": (n)}),
        Err(_) => value!({"name": (port)}),
    };
    value!({"service": {"name": (service), "port": (port)}})
}
