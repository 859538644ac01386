//! DefaultTolerationSeconds: pods stay five minutes on a node that is not ready or unreachable.
//!
//! Models `plugin/pkg/admission/defaulttolerationseconds`.

use objects::{Value, value};

const SECONDS: i64 = 300;
const KEYS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

#[inline(never)]
pub(super) fn admit(pod: &mut Value) {
    let tolerates = |pod: &Value, key: &str| {
        pod["spec"]["tolerations"].items().iter().any(|t| {
            (t["key"] == *key || t["key"].text().is_empty())
                && (t["effect"] == "NoExecute" || t["effect"].text().is_empty())
        })
    };
    let missing = KEYS.map(|key| !tolerates(pod, key));
    for key in KEYS.iter().zip(missing).filter(|(_, m)| *m).map(|(k, _)| *k) {
        let toleration = value!({
            "effect": "NoExecute", "key": (key), "operator": "Exists", "tolerationSeconds": (SECONDS)
        });
        pod.map_mut().entry("spec").map_mut().entry("tolerations").list_mut().push(toleration);
    }
}
