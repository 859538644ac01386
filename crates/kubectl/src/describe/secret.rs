//! `kubectl describe secret`: sizes, not contents.

use objects::{Value, base64};

use super::{Page, Related};

pub(super) fn describe(p: &mut Page, o: &Value, _: &Related) {
    p.name(o);
    p.labels_and_annotations(o);
    p.line(0, &["\nType:\t", o["type"].text()]);
    p.put(0, "\nData\n====\n");
    for (k, v) in o["data"].entries() {
        let bytes = base64::decode(v.text()).unwrap_or_default();
        if k == "token" && o["type"] == "kubernetes.io/service-account-token" {
            p.field(k, &String::from_utf8_lossy(&bytes));
        } else {
            p.field(k, &format!("{} bytes", bytes.len()));
        }
    }
}
