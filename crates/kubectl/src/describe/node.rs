//! `kubectl describe node`

use ordered::BTreeMap;
use ordered::Sort as _;

use objects::quantity::Quantity;
use objects::{Str, Value};

use super::page::{amount, joined, long_time, text_or};
use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    let (spec, status) = (&o["spec"], &o["status"]);
    p.field("Name", o.name());
    let mut roles: Vec<&str> = o
        .labels()
        .entries()
        .iter()
        .filter_map(|(k, v)| match k.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None if k == "kubernetes.io/role" => Some(v.text()),
            None => None,
        })
        .filter(|r| !r.is_empty())
        .collect();
    roles.arrange();
    p.field("Roles", &if roles.is_empty() { "<none>".into() } else { roles.join(",") });
    p.labels_and_annotations(o);
    p.field("CreationTimestamp", &long_time(&o.meta()["creationTimestamp"]));
    let mut taints: Vec<&Value> = spec["taints"].items().iter().collect();
    taints.arrange_by_key(|t| format!("{},{}", t["effect"].text(), t["key"].text()));
    let taints: Vec<String> = taints.into_iter().map(taint_text).collect();
    p.column("Taints", &taints);
    p.field("Unschedulable", &spec["unschedulable"].is_true().to_string());
    lease(p, &related.lease);
    p.conditions(&status["conditions"], ("LastHeartbeatTime", "lastHeartbeatTime"));
    p.line(0, &["Addresses:"]);
    for a in status["addresses"].items() {
        p.at(1, a["type"].text(), a["address"].text());
    }
    for (label, field) in [("Capacity:", "capacity"), ("Allocatable:", "allocatable")] {
        if !status[field].entries().is_empty() {
            p.line(0, &[label]);
            for (name, q) in status[field].entries() {
                p.at(1, name, &amount(q));
            }
        }
    }
    p.line(0, &["System Info:"]);
    for (label, field) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ] {
        p.at(1, label, status["nodeInfo"][field].text());
    }
    p.some(0, "PodCIDR", &spec["podCIDR"]);
    if !spec["podCIDRs"].items().is_empty() {
        p.field("PodCIDRs", &joined(&spec["podCIDRs"], ","));
    }
    p.some(0, "ProviderID", &spec["providerID"]);
    if related.pods_error.is_some() {
        p.field("Pods", "not authorized");
    } else {
        pods(p, o, related);
    }
    events::describe(p, related);
}

/// `key=value:Effect`
fn taint_text(t: &Value) -> String {
    let (key, value, effect) = (t["key"].text(), t["value"].text(), t["effect"].text());
    match (value, effect) {
        ("", "") => key.to_owned(),
        ("", e) => format!("{key}:{e}"),
        (v, "") => format!("{key}={v}"),
        (v, e) => format!("{key}={v}:{e}"),
    }
}

fn lease(p: &mut Page, lease: &Value) {
    if let Some(error) = lease.as_str() {
        p.field("Lease", &format!("Failed to get lease: {error}"));
        return;
    }
    let spec = &lease["spec"];
    let time = |v: &Value| if v.is_null() { "<unset>".to_owned() } else { long_time(v) };
    p.line(0, &["Lease:"]);
    p.at(1, "HolderIdentity", text_or(&spec["holderIdentity"], "<unset>"));
    p.at(1, "AcquireTime", &time(&spec["acquireTime"]));
    p.at(1, "RenewTime", &time(&spec["renewTime"]));
}

type Amounts = BTreeMap<Str, Quantity>;

fn pods(p: &mut Page, node: &Value, related: &Related) {
    let allocatable = match &node["status"]["allocatable"] {
        Value::Null => &node["status"]["capacity"],
        a => a,
    };
    let pods = &related.pods;
    p.field("Non-terminated Pods", &format!("({} in total)", pods.len()));
    p.put(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge\n");
    p.put(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---\n");
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    for pod in pods {
        let (req, lim) = (pod_total(pod, "requests"), pod_total(pod, "limits"));
        let mut cells = format!("{}\t{}\t", pod.namespace(), pod.name());
        for (name, from) in [("cpu", &req), ("cpu", &lim), ("memory", &req), ("memory", &lim)] {
            cells.push('\t');
            cells.push_str(&share(from.get(name), &allocatable[name], name));
        }
        p.line(1, &[&cells, "\t", &p.ago(&pod.meta()["creationTimestamp"]).clone()]);
        add(&mut requests, req);
        add(&mut limits, lim);
    }
    p.put(0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n");
    p.put(0, "  Resource\tRequests\tLimits\n  --------\t--------\t------\n");
    let mut row = |name: &str| {
        let (r, l) = (requests.get(name), limits.get(name));
        p.line(
            1,
            &[name, "\t", &share(r, &allocatable[name], name), "\t", &share(l, &allocatable[name], name)],
        );
    };
    for name in ["cpu", "memory", "ephemeral-storage"] {
        row(name);
    }
    for (name, _) in allocatable.entries().iter().filter(|(k, _)| k.starts_with("hugepages-")) {
        row(name);
    }
    for (name, _) in allocatable.entries() {
        let known = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage" | "pods");
        if !known && !name.starts_with("hugepages-") {
            let text = |q: Option<&Quantity>| q.map_or_else(|| "0".into(), Quantity::to_string);
            p.line(1, &[name, "\t", &text(requests.get(name)), "\t", &text(limits.get(name))]);
        }
    }
}

/// `100m (5%)`
fn share(q: Option<&Quantity>, of: &Value, name: &str) -> String {
    let whole = Quantity::of(of);
    let zero = Quantity::zero();
    let part = q.unwrap_or(&zero);
    let (a, b) = if name == "cpu" {
        (part.milli_value() as f64, whole.milli_value() as f64)
    } else {
        (part.value() as f64, whole.value() as f64)
    };
    let percent = if b == 0.0 { 0 } else { (a / b * 100.0) as i64 };
    format!("{part} ({percent}%)")
}

fn add(sum: &mut Amounts, more: Amounts) {
    for (name, q) in more {
        match sum.get_mut(&name) {
            Some(s) => s.add(&q),
            None => {
                sum.insert(name, q);
            }
        }
    }
}

/// What a pod asks for: its containers together, or its largest init container, and the overhead.
fn pod_total(pod: &Value, field: &str) -> BTreeMap<Str, Quantity> {
    let of = |c: &Value| -> Amounts {
        c["resources"][field].entries().iter().map(|(k, v)| (k.clone(), Quantity::of(v))).collect()
    };
    let spec = &pod["spec"];
    let mut total = Amounts::new();
    for c in spec["containers"].items() {
        add(&mut total, of(c));
    }
    let (mut sidecars, mut peak) = (Amounts::new(), Amounts::new());
    for c in spec["initContainers"].items() {
        let mut mine = of(c);
        if c["restartPolicy"] == "Always" {
            add(&mut total, mine.clone());
            add(&mut sidecars, mine);
            mine = sidecars.clone();
        } else {
            add(&mut mine, sidecars.clone());
        }
        for (k, q) in mine {
            if peak.get(&k).is_none_or(|p| *p < q) {
                peak.insert(k, q);
            }
        }
    }
    for (k, q) in peak {
        if total.get(&k).is_none_or(|t| *t < q) {
            total.insert(k, q);
        }
    }
    // What is asked for the pod as a whole goes before what its containers ask for.
    for (k, v) in spec["resources"][field].entries() {
        total.insert(k.clone(), Quantity::of(v));
    }
    let overhead = spec["overhead"].entries();
    if field == "requests" || !total.is_empty() {
        add(&mut total, overhead.iter().map(|(k, v)| (k.clone(), Quantity::of(v))).collect());
    }
    total
}
