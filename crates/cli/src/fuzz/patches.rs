//! JSON, merge and strategic patches on real objects, differences between two, and what they make of each other.

use clock::Rng;
use objects::patch::{diff, json_patch, merge_patch, strategic, three_way};
use objects::schema::{Schema, type_for};
use objects::{Value, fieldset, value};

use super::{pick, values};

const POINTERS: [&str; 14] = [
    "/spec",
    "/spec/containers/0",
    "/spec/containers/-",
    "/metadata/labels/app",
    "/metadata/labels/a~1b",
    "",
    "/",
    "//",
    "/~",
    "/spec/containers/01",
    "/spec/containers/-1",
    "/spec/containers/99999999999",
    "/kind",
    "/spec/replicas",
];

pub(super) fn try_one(rng: &mut Rng) {
    let object = values::object(rng);
    let other = if rng.below(2) == 0 { values::object(rng) } else { values::tree(rng, 4) };
    let operations: Value = (0..rng.below(4))
        .map(|_| {
            value!({
                "op": (pick(rng, &["add", "remove", "replace", "move", "copy", "test", "x"])),
                "path": (pick(rng, &POINTERS)), "from": (pick(rng, &POINTERS)), "value": (values::tree(rng, 2))
            })
        })
        .collect();
    let _ = (json_patch::apply(&object, &operations).is_ok(), json_patch::apply(&object, &other).is_ok());
    let merged = merge_patch::apply(&object, &other);
    let back = merge_patch::create(&object, &merged);
    let _ = merge_patch::apply(&object, &back);
    let (group, version) = objects::resources::split_api_version(object.api_version());
    let schema = type_for(group, version, object.kind()).map_or(Schema::Unknown, Schema::of_type);
    let _ = strategic::apply(&object, &other, schema).is_ok();
    let _ = three_way::strategic(&other, &object, &merged, schema).is_ok();
    if let Ok(patch) = diff::two_way(&object, &merged, schema) {
        let _ = strategic::apply(&object, &patch, schema).is_ok();
    }
    let _ = (fieldset::merge(&object, &other, schema), fieldset::compare(&object, &other, schema).written());
}
