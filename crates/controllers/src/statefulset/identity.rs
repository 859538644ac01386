//! The name, labels, host name and volumes by which a StatefulSet's pod is itself.
//!
//! Models `pkg/controller/statefulset/stateful_set_utils.go`.

use objects::resources::STATEFULSETS;
use objects::{Str, Value, value};

use super::REVISION_LABEL;
use crate::pod_control::pod_from_template;

const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The number behind the last dash of a pod's name.
#[must_use]
pub(super) fn ordinal(name: &str) -> Option<i64> {
    let digits = name.rsplit_once('-')?.1;
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse::<i32>().ok().map(i64::from) } else { None }
}

pub(super) fn start_ordinal(set: &Value) -> i64 {
    set["spec"]["ordinals"]["start"].int()
}

pub(super) fn in_range(set: &Value, pod: &Value) -> bool {
    let start = start_ordinal(set);
    ordinal(pod.name()).is_some_and(|i| i >= start && i < start + set["spec"]["replicas"].int())
}

/// True when the pod's name says it belongs to `set`.
pub(super) fn is_member(set: &Value, pod: &Value) -> bool {
    ordinal(pod.name()).is_some()
        && pod.name().rsplit_once('-').is_some_and(|(parent, _)| parent == set.name())
}

/// `data-web-0`
#[must_use]
pub(super) fn claim_name(set: &Value, template: &Value, ordinal: i64) -> Str {
    smol_str::format_smolstr!("{}-{}-{ordinal}", template.name(), set.name())
}

/// The pod's volumes: one for each claim, then those of its own that no claim replaces.
fn volumes(set: &Value, own: &Value, ordinal: i64) -> Value {
    let templates = set["spec"]["volumeClaimTemplates"].items();
    let mut list: Vec<Value> = templates
        .iter()
        .map(|t| {
            value!({"name": (t.meta().get("name")), "persistentVolumeClaim": {"claimName": (claim_name(set, t, ordinal))}})
        })
        .collect();
    let replaced = |v: &&Value| !templates.iter().any(|t| v["name"] == t.name());
    list.extend(own.items().iter().filter(replaced).cloned());
    list.into()
}

pub(super) fn new_pod(set: &Value, template: &Value, revision: &str, ordinal: i64) -> Value {
    let mut pod = pod_from_template(template, set, STATEFULSETS);
    let name = format!("{}-{ordinal}", set.name());
    pod.set_at(&["metadata", "name"], name.as_str());
    for (key, text) in
        [(POD_NAME, name.as_str()), (POD_INDEX, &ordinal.to_string()), (REVISION_LABEL, revision)]
    {
        pod.set_at(&["metadata", "labels", key], text);
    }
    pod.set_at(&["spec", "hostname"], name.as_str());
    let service = &set["spec"]["serviceName"];
    if !service.is_zero() {
        pod.set_at(&["spec", "subdomain"], service);
    }
    if !set["spec"]["volumeClaimTemplates"].is_zero() {
        let all = volumes(set, &pod["spec"]["volumes"], ordinal);
        pod.set_at(&["spec", "volumes"], all);
    }
    pod
}

/// True when the pod still carries its identity.
pub(super) fn matches(set: &Value, pod: &Value) -> bool {
    let ordinal = ordinal(pod.name()).unwrap_or(-1);
    let claims = set["spec"]["volumeClaimTemplates"].items();
    pod.labels()[POD_NAME] == pod.name()
        && claims.iter().all(|t| {
            let volume = pod["spec"]["volumes"].items().iter().find(|v| v["name"] == t.name());
            volume.is_some_and(|v| {
                v["persistentVolumeClaim"]["claimName"] == claim_name(set, t, ordinal).as_str()
            })
        })
}

/// The pod with its identity put back.
pub(super) fn fixed(set: &Value, pod: &Value) -> Value {
    let ordinal = ordinal(pod.name()).unwrap_or(-1);
    let mut pod = pod.clone();
    let name = Str::from(pod.name());
    pod.set_at(&["metadata", "labels", POD_NAME], &name);
    pod.set_at(&["metadata", "labels", POD_INDEX], ordinal.to_string());
    let all = volumes(set, &pod["spec"]["volumes"], ordinal);
    if !all.is_zero() {
        pod.set_at(&["spec", "volumes"], all);
    }
    pod
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_of_names() {
        let table = [
            ("web-0", Some(0)),
            ("web-12", Some(12)),
            ("my-web-3", Some(3)),
            ("web", None),
            ("web-x", None),
            ("web-", None),
            ("web--1", Some(1)),
            ("web-99999999999", None),
        ];
        for (name, want) in table {
            assert_eq!(ordinal(name), want, "{name}");
        }
    }
}
