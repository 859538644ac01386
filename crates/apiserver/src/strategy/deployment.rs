//! Deployments: annotations count as a new generation, status writes leave labels alone.
//!
//! Models `pkg/registry/apps/deployment/strategy.go`.

use objects::Value;

use super::{PLAIN, Strategy};

pub(crate) static STRATEGY: Strategy = Strategy {
    generation: true,
    status: true,
    is_new_generation: |new, old| new["spec"] != old["spec"] || new.annotations() != old.annotations(),
    prepare_status,
    ..PLAIN
};

fn prepare_status(new: &mut Value, old: &Value) {
    if new.labels() != old.labels() {
        let labels = old.labels().clone();
        new.map_mut().entry("metadata").set("labels", labels);
    }
}
