//! Reading and swapping the taints of a node. Shared by the node lifecycle and the taint eviction controller.
//!
//! Models `pkg/util/taints` and `pkg/controller/util/node`.

use client::{Ctx, PatchType};
use clock::Time;
use objects::resources::NODES;
use objects::{Status, Value, value};

/// A taint as its key and effect: by these two it is the same taint.
pub type Taint = (&'static str, &'static str);

#[must_use]
pub fn has(node: &Value, taint: Taint) -> bool {
    node["spec"]["taints"].items().iter().any(|t| is(t, taint))
}

fn is(t: &Value, (key, effect): Taint) -> bool {
    t["key"] == key && t["effect"] == effect
}

/// Adds and removes taints in one write; nothing is written when nothing changes.
///
/// # Errors
/// The server's refusal.
pub fn swap(ctx: &mut Ctx<'_>, node: &Value, add: &[Taint], remove: &[Taint]) -> Result<(), Status> {
    let mut taints: Vec<Value> = node["spec"]["taints"].items().to_vec();
    let before = taints.clone();
    taints.retain(|t| !remove.iter().any(|r| is(t, *r)));
    for taint in add {
        if !taints.iter().any(|t| is(t, *taint)) {
            taints.push(value!({"key": (taint.0), "effect": (taint.1), "timeAdded": (ctx.now.rfc3339())}));
        }
    }
    if taints == before {
        return Ok(());
    }
    let taints = if taints.is_empty() { Value::Null } else { taints.into() };
    let version = node.meta().get("resourceVersion");
    let patch = value!({"metadata": {"resourceVersion": (version)}, "spec": {"taints": (taints)}});
    ctx.patch(NODES, "", node.name(), "", PatchType::Merge, patch).map(|_| ())
}

/// The node's taints that drive pods away.
#[must_use]
pub fn no_execute(node: &Value) -> Vec<Value> {
    node["spec"]["taints"].items().iter().filter(|t| t["effect"] == "NoExecute").cloned().collect()
}

#[must_use]
pub fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let (effect, key) = (toleration["effect"].text(), toleration["key"].text());
    if !effect.is_empty() && taint["effect"] != effect || !key.is_empty() && taint["key"] != key {
        return false;
    }
    match toleration["operator"].text() {
        "" | "Equal" => toleration["value"].text() == taint["value"].text(),
        "Exists" => true,
        _ => false,
    }
}

/// Until when a pod that came under these taints at `now` may stay; `None`: it may stay for good.
#[must_use]
pub fn stays_until(pod: &Value, taints: &[Value], now: Time) -> Option<Time> {
    let mut shortest: Option<i64> = None;
    for taint in taints {
        let tolerations = pod["spec"]["tolerations"].items();
        let Some(t) = tolerations.iter().find(|t| tolerates(t, taint)) else { return Some(now) };
        if let Some(seconds) = t["tolerationSeconds"].as_int() {
            shortest = Some(shortest.map_or(seconds, |s| s.min(seconds)));
        }
    }
    shortest.map(|s| now + s.max(0) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_pod_stays() {
        let taint = |k: &str| value!({"key": (k), "effect": "NoExecute"});
        let pod = |tolerations: Value| value!({"spec": {"tolerations": (tolerations)}});
        let exists = |k: &str, s: Value| {
            let mut t = value!({"key": (k), "operator": "Exists", "effect": "NoExecute"});
            if !s.is_null() {
                t.set("tolerationSeconds", s);
            }
            t
        };
        let now = Time(1000);
        let table = [
            (pod(Value::Null), vec![taint("a")], Some(now)),
            (pod(value!([(exists("a", Value::Null))])), vec![taint("a")], None),
            (pod(value!([(exists("a", 300.into()))])), vec![taint("a")], Some(now + 300_000)),
            (pod(value!([(exists("a", (-1).into()))])), vec![taint("a")], Some(now)),
            (
                pod(value!([(exists("a", 300.into())), (exists("b", 20.into()))])),
                vec![taint("a"), taint("b")],
                Some(now + 20_000),
            ),
            (pod(value!([(exists("a", 300.into()))])), vec![taint("a"), taint("b")], Some(now)),
            (pod(value!([{"operator": "Exists"}])), vec![taint("a")], None),
        ];
        for (pod, taints, want) in table {
            assert_eq!(stays_until(&pod, &taints, now), want, "{pod:?}");
        }
    }
}
