//! ResourceQuota: a namespace's share, charged before the object is stored.
//!
//! Models `k8s.io/apiserver/pkg/admission/plugin/resourcequota` and the evaluators of `pkg/quota/v1/evaluator/core`.
//! Not modelled: limited resources of the admission configuration, cross-namespace affinity scopes, updates of what
//! exists (only resizes of claims would charge).

use ordered::BTreeMap;
use ordered::Sort as _;

use client::{Request, Verb};
use objects::quantity::{Format, Quantity};
use objects::resources::RESOURCEQUOTAS;
use objects::{Status, Str, Value};

use super::pod_resources;
use crate::server::{ApiServer, Cx};

type Usage = BTreeMap<Str, Quantity>;

/// What containers must name when a quota limits it.
const COMPUTE: [&str; 6] =
    ["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];

/// Checks a new object against its namespace's quotas, and charges them.
pub(super) fn admit(server: &mut ApiServer, cx: &Cx<'_>, object: &Value) -> Result<(), Status> {
    let namespace = cx.request.namespace.clone();
    if namespace.is_empty() || server.objects("resourcequotas", &namespace).next().is_none() {
        return Ok(());
    }
    let usage = usage(cx, object);
    let forbidden =
        |why: String| Err(Status::forbidden(&cx.resource.group, &cx.resource.plural, object.name(), &why));
    let mut charged = Vec::new();
    let quotas: Vec<Value> = server.objects("resourcequotas", &namespace).cloned().collect();
    for quota in quotas {
        if !in_scope(cx, &quota["spec"], object) {
            continue;
        }
        let (hard, used) = (&quota["status"]["hard"], &quota["status"]["used"]);
        let limited: Vec<&str> = hard
            .entries()
            .iter()
            .map(|(k, _)| k.as_str())
            .filter(|k| usage.contains_key(*k) || counts(cx, k))
            .collect();
        if limited.is_empty() {
            continue;
        }
        let name = quota.name();
        if cx.resource.storage == "pods"
            && let Some(missing) = unnamed(&object["spec"], &limited)
        {
            return forbidden(format!("failed quota: {name}: must specify {missing}"));
        }
        let unknown: Vec<&str> = limited.iter().copied().filter(|k| used[*k].is_null()).collect();
        if !unknown.is_empty() {
            return forbidden(format!("status unknown for quota: {name}, resources: {}", unknown.join(",")));
        }
        let mut new_used = used.clone();
        let mut exceeded = Vec::new();
        for key in limited {
            let Some(asked) = usage.get(key).filter(|q| !q.is_zero()) else { continue };
            let mut sum = Quantity::of(&used[key]);
            sum.add(asked);
            if sum > Quantity::of(&hard[key]) {
                exceeded.push(key);
            }
            new_used.set(key.to_owned(), sum.canonical());
        }
        if !exceeded.is_empty() {
            let list = |of: &dyn Fn(&str) -> String| {
                exceeded.iter().map(|k| format!("{k}={}", of(k))).collect::<Vec<_>>().join(",")
            };
            return forbidden(format!(
                "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
                list(&|k| usage.get(k).map_or_else(|| "0".into(), Quantity::canonical)),
                list(&|k| Quantity::of(&used[k]).canonical()),
                list(&|k| Quantity::of(&hard[k]).canonical()),
            ));
        }
        if new_used != *used {
            let mut next = quota.clone();
            next.set_at(&["status", "used"], new_used);
            charged.push(next);
        }
    }
    if !cx.dry_run() {
        for quota in charged {
            let r = RESOURCEQUOTAS;
            let request = Request::new(Verb::Update, &r.group, &r.version, &r.plural)
                .in_namespace(namespace.clone())
                .named(quota.name())
                .subresource("status")
                .object(quota);
            server.handle(cx.caller, request, cx.now)?;
        }
    }
    Ok(())
}

/// True when a pod could use it, whether this one does or not.
fn counts(cx: &Cx<'_>, key: &str) -> bool {
    cx.resource.storage == "pods"
        && key != "requests.storage"
        && (COMPUTE.contains(&key) || key.starts_with("requests.") || key.starts_with("limits."))
}

fn usage(cx: &Cx<'_>, object: &Value) -> Usage {
    let mut usage = Usage::new();
    let units = |n: i64| Quantity::from_units(n, Format::Decimal);
    usage.insert(smol_str::format_smolstr!("count/{}", cx.resource.id), units(1));
    let id = cx.resource.id.as_str();
    if matches!(
        id,
        "pods"
            | "services"
            | "secrets"
            | "configmaps"
            | "persistentvolumeclaims"
            | "replicationcontrollers"
            | "resourcequotas"
    ) {
        usage.insert(id.into(), units(1));
    }
    let spec = &object["spec"];
    match id {
        "pods" => {
            for list in ["requests", "limits"] {
                for (name, q) in pod_resources::sums(spec, list) {
                    if list == "requests" && matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") {
                        usage.insert(name.clone(), q.clone());
                    }
                    usage.insert(smol_str::format_smolstr!("{list}.{name}"), q);
                }
            }
        }
        "services" => {
            let ports = spec["ports"].items().len() as i64;
            let kind = spec["type"].text();
            if kind == "NodePort" || kind == "LoadBalancer" {
                let given = kind == "NodePort" || spec["allocateLoadBalancerNodePorts"] != Value::Bool(false);
                usage.insert("services.nodeports".into(), units(if given { ports } else { 0 }));
            }
            if kind == "LoadBalancer" {
                usage.insert("services.loadbalancers".into(), units(1));
            }
        }
        "persistentvolumeclaims" => {
            let storage = Quantity::of(&spec["resources"]["requests"]["storage"]);
            let class = spec["storageClassName"].text();
            if !class.is_empty() {
                let prefix = format!("{class}.storageclass.storage.k8s.io");
                usage.insert(format!("{prefix}/persistentvolumeclaims").into(), units(1));
                usage.insert(format!("{prefix}/requests.storage").into(), storage.clone());
            }
            usage.insert("requests.storage".into(), storage);
        }
        _ => {}
    }
    usage
}

/// What a limited compute resource is not named for: `limits.cpu for: a,b; ...`.
fn unnamed(spec: &Value, limited: &[&str]) -> Option<String> {
    let mut missing = Vec::new();
    for key in COMPUTE.iter().filter(|k| limited.contains(k)) {
        let (list, name) = key.split_once('.').unwrap_or(("requests", key));
        let mut without: Vec<&str> = spec["containers"]
            .items()
            .iter()
            .chain(spec["initContainers"].items())
            .filter(|c| c["resources"][list][name].is_null())
            .map(|c| c["name"].text())
            .collect();
        without.arrange();
        if !without.is_empty() {
            missing.push(format!("{key} for: {}", without.join(",")));
        }
    }
    (!missing.is_empty()).then(|| missing.join("; "))
}

/// Whether the quota's scopes hold for the object. Only pods have scopes.
fn in_scope(cx: &Cx<'_>, quota: &Value, object: &Value) -> bool {
    let scopes = quota["scopes"].items();
    let selectors = quota["scopeSelector"]["matchExpressions"].items();
    if cx.resource.storage != "pods" {
        return scopes.is_empty() && selectors.is_empty();
    }
    let spec = &object["spec"];
    let holds = |scope: &str| match scope {
        "Terminating" => !spec["activeDeadlineSeconds"].is_null(),
        "NotTerminating" => spec["activeDeadlineSeconds"].is_null(),
        "BestEffort" => object["status"]["qosClass"] == "BestEffort",
        "NotBestEffort" => object["status"]["qosClass"] != "BestEffort",
        "PriorityClass" => !spec["priorityClassName"].text().is_empty(),
        _ => false,
    };
    let selected = |s: &Value| {
        let class = &spec["priorityClassName"];
        match s["operator"].text() {
            "In" => s["values"].items().contains(class),
            "NotIn" => !s["values"].items().contains(class),
            "DoesNotExist" => !holds(s["scopeName"].text()),
            _ => holds(s["scopeName"].text()),
        }
    };
    scopes.iter().all(|s| holds(s.text())) && selectors.iter().all(selected)
}
