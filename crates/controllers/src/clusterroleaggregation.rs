//! The ClusterRole aggregation controller: the rules of `admin`, `edit` and `view` from the roles that join them.
//!
//! Models `pkg/controller/clusterroleaggregation`.

use ordered::BTreeSet;

use client::{Change, Ctx, PatchType};
use clock::Time;
use objects::resources::{CLUSTERROLES, Resource};
use objects::{Status, Str, Value, value};

use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};
use crate::selector;

#[derive(Clone, Debug)]
pub struct ClusterRoleAggregationController {
    pub base: Base,
    /// The roles that are made of others.
    aggregated: BTreeSet<Str>,
}

impl Default for ClusterRoleAggregationController {
    fn default() -> Self {
        Self::new()
    }
}

impl ClusterRoleAggregationController {
    #[must_use]
    pub fn new() -> Self {
        Self { base: Base::new("clusterrole-aggregation-controller"), aggregated: BTreeSet::new() }
    }
}

/// The rules of all roles that `role` asks for, each once.
fn rules(role: &Value, caches: &Caches) -> Vec<Value> {
    let mut rules: Vec<Value> = Vec::new();
    for wanted in role["aggregationRule"]["clusterRoleSelectors"].items() {
        let Some(selector) = selector::of(wanted) else { continue };
        for (_, other) in caches.of_resource(CLUSTERROLES).iter() {
            if other.name() == role.name() || !selector.matches(other.labels()) {
                continue;
            }
            for rule in other["rules"].items() {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
        }
    }
    rules
}

impl Controller for ClusterRoleAggregationController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![CLUSTERROLES]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if !change.is_deleted() && !change.object["aggregationRule"].is_zero() {
            self.aggregated.insert(change.key());
        } else {
            self.aggregated.remove(&change.key());
        }
        for key in &self.aggregated {
            self.base.queue.add(key.clone(), change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += caches.of_resource(CLUSTERROLES).len() as u64;
        let Some(role) = caches.of_resource(CLUSTERROLES).get(key) else { return Ok(()) };
        if role["aggregationRule"].is_zero() {
            return Ok(());
        }
        let rules = rules(role, caches);
        if rules == role["rules"].items() {
            return Ok(());
        }
        let patch = value!({"rules": (Value::from(rules))});
        ctx.patch(CLUSTERROLES, "", role.name(), "", PatchType::Merge, patch).map(|_| ())
    }
}
