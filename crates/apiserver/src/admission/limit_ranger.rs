//! LimitRanger: a namespace's defaults for containers, and its bounds.
//!
//! Models `plugin/pkg/admission/limitranger`. Not modelled: pod-level resources.

use objects::quantity::Quantity;
use objects::{Status, Value};

use super::pod_resources;
use crate::server::{ApiServer, Cx};

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// Fills in what containers left out.
#[inline(never)]
pub(super) fn default_pod(server: &ApiServer, cx: &Cx<'_>, pod: &mut Value) {
    let ranges: Vec<Value> = server.objects("limitranges", &cx.request.namespace).cloned().collect();
    for range in &ranges {
        let mut notes = Vec::new();
        let of_container = range["spec"]["limits"].items().iter().filter(|l| l["type"] == "Container");
        for limit in of_container {
            for (list, what) in [("containers", "container"), ("initContainers", "init container")] {
                for i in 0..pod["spec"][list].items().len() {
                    default_container(pod, list, i, limit, what, &mut notes);
                }
            }
        }
        if !notes.is_empty() {
            let text = format!("LimitRanger plugin set: {}", notes.join("; "));
            pod.set_at(&["metadata", "annotations", ANNOTATION], text);
        }
    }
}

fn default_container(
    pod: &mut Value,
    list: &str,
    i: usize,
    limit: &Value,
    what: &str,
    notes: &mut Vec<String>,
) {
    let mut c = pod["spec"][list][i].clone();
    let mut set = [Vec::new(), Vec::new()];
    for (n, (from, to)) in [("defaultRequest", "requests"), ("default", "limits")].into_iter().enumerate() {
        for (name, quantity) in limit[from].entries() {
            if c["resources"][to][name.as_str()].is_null() {
                c.set_at(&["resources", to, name], quantity);
                set[n].push(name.as_str());
            }
        }
    }
    for (names, word) in set.iter().zip(["request", "limit"]) {
        if !names.is_empty() {
            notes.push(format!("{} {word} for {what} {}", names.join(", "), c["name"].text()));
        }
    }
    if set.iter().any(|s| !s.is_empty()) {
        pod.at_mut(&["spec", list]).list_mut().to_mut()[i] = c;
    }
}

/// Refuses what is out of bounds.
#[inline(never)]
pub(super) fn check(server: &ApiServer, cx: &Cx<'_>, object: &Value) -> Result<(), Status> {
    let claim = cx.resource.storage == "persistentvolumeclaims";
    for range in server.objects("limitranges", &cx.request.namespace) {
        let mut problems = Vec::new();
        for limit in range["spec"]["limits"].items() {
            let kind = limit["type"].text();
            match (kind, claim) {
                ("Container", false) => {
                    for list in ["containers", "initContainers"] {
                        for c in object["spec"][list].items() {
                            bounds(kind, limit, &c["resources"], &mut problems);
                        }
                    }
                }
                ("Pod", false) => bounds(kind, limit, &pod_resources::of_pod(&object["spec"]), &mut problems),
                ("PersistentVolumeClaim", true) => {
                    claim_bounds(limit, &object["spec"]["resources"], &mut problems)
                }
                _ => {}
            }
        }
        let why = match problems.as_slice() {
            [] => continue,
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        return Err(Status::forbidden(&cx.resource.group, &cx.resource.plural, object.name(), &why));
    }
    Ok(())
}

fn text(v: &Value) -> String {
    Quantity::of(v).canonical()
}

fn bounds(kind: &str, limit: &Value, resources: &Value, problems: &mut Vec<String>) {
    for (name, least) in limit["min"].entries() {
        let (request, most) = (&resources["requests"][name.as_str()], &resources["limits"][name.as_str()]);
        let head = format!("minimum {name} usage per {kind} is {}", text(least));
        if request.is_null() {
            problems.push(format!("{head}.  No request is specified"));
        } else if Quantity::of(request) < Quantity::of(least) {
            problems.push(format!("{head}, but request is {}", text(request)));
        } else if !most.is_null() && Quantity::of(most) < Quantity::of(least) {
            problems.push(format!("{head}, but limit is {}", text(most)));
        }
    }
    for (name, top) in limit["max"].entries() {
        let (request, most) = (&resources["requests"][name.as_str()], &resources["limits"][name.as_str()]);
        let head = format!("maximum {name} usage per {kind} is {}", text(top));
        if most.is_null() {
            problems.push(format!("{head}.  No limit is specified"));
        } else if Quantity::of(most) > Quantity::of(top) {
            problems.push(format!("{head}, but limit is {}", text(most)));
        } else if !request.is_null() && Quantity::of(request) > Quantity::of(top) {
            problems.push(format!("{head}, but request is {}", text(request)));
        }
    }
    for (name, ratio) in limit["maxLimitRequestRatio"].entries() {
        let (request, most) = (&resources["requests"][name.as_str()], &resources["limits"][name.as_str()]);
        let head = format!("{name} max limit to request ratio per {kind} is {}", text(ratio));
        if Quantity::of(request).is_zero() {
            problems.push(format!("{head}, but no request is specified or request is 0"));
        } else if Quantity::of(most).is_zero() {
            problems.push(format!("{head}, but no limit is specified or limit is 0"));
        } else {
            let given = Quantity::of(most).as_float() / Quantity::of(request).as_float();
            if given > Quantity::of(ratio).as_float() {
                problems.push(format!("{head}, but provided ratio is {given:.6}"));
            }
        }
    }
}

fn claim_bounds(limit: &Value, resources: &Value, problems: &mut Vec<String>) {
    let mut least = limit.clone();
    least.remove("max");
    bounds(
        "PersistentVolumeClaim",
        &least,
        &objects::value!({"requests": (resources["requests"].clone())}),
        problems,
    );
    for (name, top) in limit["max"].entries() {
        let request = &resources["requests"][name.as_str()];
        let head = format!("maximum {name} usage per PersistentVolumeClaim is {}", text(top));
        if request.is_null() {
            problems.push(format!("{head}.  No request is specified"));
        } else if Quantity::of(request) > Quantity::of(top) {
            problems.push(format!("{head}, but request is {}", text(request)));
        }
    }
}
