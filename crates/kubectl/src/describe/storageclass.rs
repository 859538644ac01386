//! `kubectl describe storageclass`

use objects::Value;

use super::page::{joined, labels_line, title_bool};
use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    p.field("Name", o.name());
    let default =
        ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
            .iter()
            .any(|a| o.annotations()[*a] == "true");
    p.field("IsDefaultClass", if default { "Yes" } else { "No" });
    p.field("Annotations", &labels_line(o.annotations()));
    p.field("Provisioner", o["provisioner"].text());
    p.field("Parameters", &labels_line(&o["parameters"]));
    p.field("AllowVolumeExpansion", o["allowVolumeExpansion"].as_bool().map_or("<unset>", title_bool));
    if o["mountOptions"].items().is_empty() {
        p.field("MountOptions", "<none>");
    } else {
        p.line(0, &["MountOptions:"]);
        for m in o["mountOptions"].items() {
            p.line(1, &[m.text()]);
        }
    }
    p.some(0, "ReclaimPolicy", &o["reclaimPolicy"]);
    p.some(0, "VolumeBindingMode", &o["volumeBindingMode"]);
    if !o["allowedTopologies"].is_null() {
        p.line(0, &["AllowedTopologies:\t"]);
        for (i, t) in o["allowedTopologies"].items().iter().enumerate() {
            p.put(1, &format!("Term {i}:\t"));
            for (j, e) in t["matchLabelExpressions"].items().iter().enumerate() {
                if j > 0 {
                    p.put(1, "\t");
                }
                p.line(0, &[e["key"].text(), " in [", &joined(&e["values"], ", "), "]"]);
            }
        }
    }
    events::describe(p, related);
}
