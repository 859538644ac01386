//! Models `pkg/apis/flowcontrol/v1/defaults.go`.

use objects::Value;

use super::{fill, part};

/// Sets a number that is nought: these are no pointers in Go.
fn number(object: &mut Value, key: &'static str, n: i64) {
    if object[key].int() == 0 {
        object.set(key, n);
    }
}

pub(super) fn schema(object: &mut Value) {
    number(object.map_mut().entry("spec"), "matchingPrecedence", 1000);
}

pub(super) fn level(object: &mut Value) {
    let spec = object.map_mut().entry("spec");
    if let Some(exempt) = part(spec, "exempt") {
        fill(exempt, "nominalConcurrencyShares", 0);
        fill(exempt, "lendablePercent", 0);
    }
    let Some(limited) = part(spec, "limited") else { return };
    fill(limited, "nominalConcurrencyShares", 30);
    fill(limited, "lendablePercent", 0);
    if let Some(queuing) = part(limited, "limitResponse").and_then(|r| part(r, "queuing")) {
        for (key, n) in [("queues", 64), ("handSize", 8), ("queueLengthLimit", 50)] {
            number(queuing, key, n);
        }
    }
}
