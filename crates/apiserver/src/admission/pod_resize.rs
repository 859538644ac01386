//! PodResize: a pod on a node may ask for no more than all that its node has.
//!
//! Models `plugin/pkg/admission/podresize`.

use objects::quantity::Quantity;
use objects::{Status, Value};

use crate::server::{ApiServer, Cx};

fn amount(resource: &str, of: &Value) -> i64 {
    let q = Quantity::of(of);
    if resource == "cpu" { q.milli_value() } else { q.value() }
}

/// What all containers that run together ask for, or an init container with the sidecars before it.
fn requested(spec: &Value, resource: &str) -> i64 {
    let of = |c: &Value| amount(resource, &c["resources"]["requests"][resource]);
    let (mut sidecars, mut most) = (0, 0);
    for c in spec["initContainers"].items() {
        let alone = of(c);
        most = most.max(sidecars + alone);
        if c["restartPolicy"] == "Always" {
            sidecars += alone;
        }
    }
    let together = sidecars + spec["containers"].items().iter().map(of).sum::<i64>();
    let whole = &spec["resources"]["requests"][resource];
    let asked = if whole.is_null() { together.max(most) } else { amount(resource, whole) };
    asked + amount(resource, &spec["overhead"][resource])
}

#[inline(never)]
pub(super) fn admit(server: &ApiServer, cx: &Cx<'_>, new: &Value, old: &Value) -> Result<(), Status> {
    let spec = &new["spec"];
    let node = spec["nodeName"].text();
    if node.is_empty() || *spec == old["spec"] {
        return Ok(());
    }
    let forbidden = |why: &str| Err(Status::forbidden("", &cx.resource.plural, old.name(), why));
    let Some(found) = server.get("nodes", "", node) else {
        return forbidden(&format!("node \"{node}\" not found"));
    };
    let lacks = |resource: &&str| {
        let (asked, has) =
            (requested(spec, resource), amount(resource, &found["status"]["allocatable"][*resource]));
        (asked > has).then(|| format!("{resource}, requested: {asked}, allocatable: {has}"))
    };
    let all: Vec<String> = ["cpu", "memory"].iter().filter_map(lacks).collect();
    if all.is_empty() {
        return Ok(());
    }
    forbidden(&format!("node didn't have enough allocatable resources: {}", all.join("; ")))
}
