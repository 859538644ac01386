//! The TTL controller of nodes: says on each how long its kubelet may keep Secrets and ConfigMaps without asking.
//!
//! Models `pkg/controller/ttl`. The span follows the size of the cluster; each node hears of a new one when it next
//! changes.

use client::{Change, Ctx, PatchType};
use clock::Time;
use objects::resources::{NODES, Resource};
use objects::{Status, value};

use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};

const ANNOTATION: &str = "node.alpha.kubernetes.io/ttl";
/// The least and most nodes a step is for, and its seconds. Steps overlap so that a size on the edge does not flap.
const STEPS: [(usize, usize, i64); 5] =
    [(0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, usize::MAX, 300)];

#[derive(Clone, Debug)]
pub struct TtlController {
    pub base: Base,
    nodes: usize,
    step: usize,
}

impl Default for TtlController {
    fn default() -> Self {
        Self::new()
    }
}

impl TtlController {
    #[must_use]
    pub fn new() -> Self {
        Self { base: Base::new("ttl-controller"), nodes: 0, step: 0 }
    }
}

impl Controller for TtlController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![NODES]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.is_deleted() {
            self.nodes = self.nodes.saturating_sub(1);
            if self.nodes < STEPS[self.step].0 {
                self.step -= 1;
            }
            return;
        }
        if change.previous.is_null() {
            self.nodes += 1;
            if self.nodes > STEPS[self.step].1 {
                self.step += 1;
            }
        }
        self.base.queue.add(change.key(), change.revision, now);
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(node) = caches.of_resource(NODES).get(key) else { return Ok(()) };
        let seconds = STEPS[self.step].2.to_string();
        if node.annotations()[ANNOTATION] == seconds.as_str() {
            return Ok(());
        }
        let mut patch = value!({"metadata": {"annotations": {}}});
        patch.set_at(&["metadata", "annotations", ANNOTATION], seconds);
        ctx.patch(NODES, "", node.name(), "", PatchType::Strategic, patch).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use client::ChangeKind;
    use objects::Value;

    use super::*;

    #[test]
    fn the_span_follows_the_size_and_does_not_flap() {
        let (mut c, caches) = (TtlController::new(), Caches::of(&[NODES]));
        let mut turn = |kind: ChangeKind, times: usize| {
            for i in 0..times {
                let node = value!({"metadata": {"name": (format!("n{i}"))}});
                let previous = if kind == ChangeKind::Added { Value::Null } else { node.clone() };
                let change = Change { kind, previous, ..Change::added(&NODES.id, node) };
                c.on_change(&change, &caches, Time(0));
            }
            STEPS[c.step].2
        };
        for (kind, times, seconds) in [
            (ChangeKind::Added, 100, 0),
            (ChangeKind::Added, 1, 15),
            (ChangeKind::Deleted, 10, 15),
            (ChangeKind::Deleted, 2, 0),
            (ChangeKind::Added, 361, 15),
            (ChangeKind::Added, 51, 30),
        ] {
            assert_eq!(turn(kind, times), seconds, "{kind:?} {times}");
        }
    }
}
