//! `kubectl describe configmap`

use objects::{Value, base64};

use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    p.name(o);
    p.labels_and_annotations(o);
    p.put(0, "\nData\n====\n");
    for (k, v) in o["data"].entries() {
        p.line(0, &[k, ":\n----\n", v.text(), "\n"]);
    }
    p.put(0, "\nBinaryData\n====\n");
    for (k, v) in o["binaryData"].entries() {
        let bytes = base64::decode(v.text()).map_or(0, |b| b.len());
        p.line(0, &[k, ": ", &bytes.to_string(), " bytes"]);
    }
    p.line(0, &[]);
    events::describe(p, related);
}
