//! Events, which two groups serve under different names of their fields: what is stored is the core group's form.
//!
//! Models `pkg/apis/events/v1/conversion.go`.

use objects::Value;

const VERSION: &str = "events.k8s.io/v1";
/// The fields of events.k8s.io/v1 and what they are called in v1.
const NAMES: [(&str, &str); 7] = [
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("reportingController", "reportingComponent"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
];

fn rename(object: &mut Value, from: &str, to: &str) {
    let value = object[from].clone();
    object.remove(from);
    if !value.is_null() {
        object.set(to, value);
    }
}

pub(super) fn to_core(object: &mut Value) {
    object.set("apiVersion", "v1");
    for (new, core) in NAMES {
        rename(object, new, core);
    }
}

pub(super) fn from_core(object: &mut Value) {
    object.set("apiVersion", VERSION);
    for (new, core) in NAMES {
        rename(object, core, new);
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn each_field_has_its_place_in_either_form() {
        let written = value!({
            "apiVersion": VERSION, "kind": "Event", "regarding": {"name": "p"}, "note": "n", "reason": "R",
            "reportingController": "c", "reportingInstance": "i", "eventTime": "2026-01-01T00:00:00.000000Z",
        });
        let mut object = written.clone();
        to_core(&mut object);
        assert_eq!(
            object,
            value!({
                "apiVersion": "v1", "kind": "Event", "involvedObject": {"name": "p"}, "message": "n", "reason": "R",
                "reportingComponent": "c", "reportingInstance": "i", "eventTime": "2026-01-01T00:00:00.000000Z",
            })
        );
        from_core(&mut object);
        assert_eq!(object, written);
    }
}
