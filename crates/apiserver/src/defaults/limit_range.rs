//! Models SetDefaults_LimitRangeItem in `pkg/apis/core/v1/defaults.go`.

use objects::Value;

use super::each;

pub(super) fn defaults(object: &mut Value) {
    let Some(spec) = object.find_mut(&["spec"]) else { return };
    for item in each(spec, "limits").filter(|i| i["type"] == "Container") {
        for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
            let source = item[from].clone();
            for (name, quantity) in source.entries() {
                if item[to][name.as_str()].is_null() {
                    item.set_at(&[to, name], quantity);
                }
            }
        }
    }
}
