//! Priority: a pod's class becomes its number.
//!
//! Models `plugin/pkg/admission/priority`.
//! Not modelled: the refusal of a second global default.

use objects::{Status, Str, Value};

use crate::server::{ApiServer, Cx};

/// Classes that every cluster has.
const SYSTEM: [(&str, i64); 2] =
    [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];

#[inline(never)]
pub(super) fn admit(server: &ApiServer, _cx: &Cx<'_>, pod: &mut Value) -> Result<(), Status> {
    let class = pod["spec"]["priorityClassName"].to_str();
    let (value, policy, name) = if class.is_empty() {
        match server.objects("priorityclasses.scheduling.k8s.io", "").find(|c| c["globalDefault"].is_true()) {
            Some(c) => (c["value"].int(), c["preemptionPolicy"].to_str(), c.meta()["name"].to_str()),
            None => (0, Str::default(), Str::default()),
        }
    } else {
        match server.get("priorityclasses.scheduling.k8s.io", "", &class) {
            Some(c) => (c["value"].int(), c["preemptionPolicy"].to_str(), class.clone()),
            None => match SYSTEM.iter().find(|(n, _)| *n == class) {
                Some((_, v)) => (*v, Str::default(), class.clone()),
                None => {
                    let why = format!("no PriorityClass with name {class} was found");
                    return Err(Status::forbidden("", "pods", pod.name(), &why));
                }
            },
        }
    };
    let given = &pod["spec"]["priority"];
    if !given.is_null() && given.int() != value {
        let why = format!(
            "the integer value of priority ({}) must not be provided in pod spec; priority admission controller \
             computed {value} from the given PriorityClass name",
            given.int()
        );
        return Err(Status::forbidden("", "pods", pod.name(), &why));
    }
    let policy = if policy.is_empty() { Str::new_static("PreemptLowerPriority") } else { policy };
    if let Some(given) = pod["spec"]["preemptionPolicy"].as_str()
        && *given != *policy
    {
        let why = format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission \
             controller computed {policy} from the given PriorityClass name"
        );
        return Err(Status::forbidden("", "pods", pod.name(), &why));
    }
    let spec = pod.map_mut().entry("spec").map_mut();
    if spec.get("priority").is_none() {
        spec.insert("priority", value);
    }
    if spec.get("preemptionPolicy").is_none() {
        spec.insert("preemptionPolicy", policy);
    }
    if class.is_empty() && !name.is_empty() {
        spec.insert("priorityClassName", name);
    }
    Ok(())
}
