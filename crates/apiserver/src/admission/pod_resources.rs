//! What a pod asks for in all: its containers together, or its hungriest init container.
//!
//! Models `k8s.io/component-helpers/resource` (PodRequests, PodLimits). Not modelled: pod-level resources.

use ordered::BTreeMap;

use objects::quantity::Quantity;
use objects::{Str, Value, value};

type Sums = BTreeMap<Str, Quantity>;

/// `{"requests": ..., "limits": ...}` of a pod's spec.
pub(super) fn of_pod(spec: &Value) -> Value {
    let as_value = |sums: Sums| Value::Map(sums.iter().map(|(k, q)| (k.clone(), q.canonical())).collect());
    value!({"requests": (as_value(sums(spec, "requests"))), "limits": (as_value(sums(spec, "limits")))})
}

/// The sums of `requests` or `limits`.
pub(super) fn sums(spec: &Value, list: &str) -> Sums {
    let mut total = Sums::new();
    let add = |total: &mut Sums, c: &Value| {
        for (name, q) in c["resources"][list].entries() {
            total.entry(name.clone()).or_insert_with(Quantity::zero).add(&Quantity::of(q));
        }
    };
    for c in spec["containers"].items() {
        add(&mut total, c);
    }
    let (mut sidecars, mut peak) = (Sums::new(), Sums::new());
    for c in spec["initContainers"].items() {
        let mut while_it_runs = sidecars.clone();
        if c["restartPolicy"] == "Always" {
            add(&mut total, c);
            add(&mut sidecars, c);
            while_it_runs.clone_from(&sidecars);
        } else {
            add(&mut while_it_runs, c);
        }
        raise(&mut peak, while_it_runs);
    }
    raise(&mut total, peak);
    for (name, q) in spec["overhead"].entries() {
        if list == "requests" || total.contains_key(name) {
            total.entry(name.clone()).or_insert_with(Quantity::zero).add(&Quantity::of(q));
        }
    }
    total
}

/// Each of `sums` becomes the larger of both.
fn raise(sums: &mut Sums, other: Sums) {
    for (name, q) in other {
        let here = sums.entry(name).or_insert_with(Quantity::zero);
        if q > *here {
            *here = q;
        }
    }
}
