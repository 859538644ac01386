//! What a pod asks for of a resource, all its containers and its own level counted.
//!
//! Models `k8s.io/component-helpers/resource` PodRequests. Not modelled: resources in place resize has not given yet.

use crate::Value;
use crate::quantity::Quantity;

/// An amount of a resource: thousandths of a core of `cpu`, whole units of all others.
#[must_use]
pub fn amount(resource: &str, of: &Value) -> i64 {
    let q = Quantity::of(of);
    if resource == "cpu" { q.milli_value() } else { q.value() }
}

/// What a pod of this spec asks for: all that run together, or an init container with the sidecars before it, whichever
/// is more.
#[must_use]
pub fn requested(spec: &Value, resource: &str) -> i64 {
    let of = |c: &Value| amount(resource, &c["resources"]["requests"][resource]);
    let (mut sidecars, mut most) = (0, 0);
    for c in spec["initContainers"].items() {
        if c["restartPolicy"] == "Always" {
            sidecars += of(c);
            most = most.max(sidecars);
        } else {
            most = most.max(sidecars + of(c));
        }
    }
    let together = sidecars + spec["containers"].items().iter().map(of).sum::<i64>();
    let whole = &spec["resources"]["requests"][resource];
    let asked = if whole.is_null() { together.max(most) } else { amount(resource, whole) };
    asked + amount(resource, &spec["overhead"][resource])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn what_a_pod_asks_for() {
        let c = |cpu: &str| value!({"resources": {"requests": {"cpu": (cpu)}}});
        let sidecar = value!({"restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}});
        for (init, main, want) in [
            (vec![], vec![c("250m"), c("1")], 1250),
            (vec![c("2")], vec![c("1")], 2000),
            (vec![sidecar.clone()], vec![c("1")], 1100),
            (vec![sidecar.clone(), c("2")], vec![c("1")], 2100),
            (vec![c("2"), sidecar], vec![c("1")], 2000),
        ] {
            let spec = value!({"initContainers": (Value::from(init)), "containers": (Value::from(main))});
            assert_eq!(requested(&spec, "cpu"), want);
        }
    }
}
