//! DaemonSets: the deprecated template generation goes with template changes.
//!
//! Models `pkg/registry/apps/daemonset/strategy.go`.

use objects::Value;

use super::{PLAIN, Strategy};

/// Where a DaemonSet counts its template's versions, since `spec.templateGeneration` is gone from `apps/v1`.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

pub(crate) static DAEMON_SET: Strategy = Strategy {
    generation: true,
    status: true,
    prepare_create: |object, _| object.set_at(&["metadata", "annotations", TEMPLATE_GENERATION], "1"),
    prepare_update,
    ..PLAIN
};

fn prepare_update(new: &mut Value, old: &Value) {
    let was = &old.annotations()[TEMPLATE_GENERATION];
    let is = if new["spec"]["template"] == old["spec"]["template"] {
        was.clone()
    } else {
        Value::from((was.text().parse::<i64>().unwrap_or(0) + 1).to_string())
    };
    if new.annotations()[TEMPLATE_GENERATION] != is {
        new.set_at(&["metadata", "annotations", TEMPLATE_GENERATION], is);
    }
}
