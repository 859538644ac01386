//! What the definition of a container says: read once for all the containers that have it.
//!
//! Owns: what a start asks of a definition, the texts that follow from it alone, and what a status has of it. Does not
//! own: where it is kept (`parts`), what becomes of a container (`container`).

use objects::text::joined;
use objects::{Str, Value, value};

/// Fields that make a container more than its image's own program.
const OWN: [&str; 8] =
    ["command", "args", "env", "envFrom", "lifecycle", "stdin", "securityContext", "workingDir"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PullPolicy {
    Always,
    Never,
    IfNotPresent,
}

/// Plain data, shared.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    /// What it was read of.
    pub(crate) spec: Value,
    /// The list of the pod's spec in which that stands.
    pub(crate) list: &'static str,
    pub(crate) image: Str,
    pub(crate) pull_policy: PullPolicy,
    /// As events name it: `spec.containers{web}`.
    pub(crate) field_path: Str,
    /// What an event tells of an image that is on the node, and of one that is pulled.
    pub(crate) told_present: Str,
    pub(crate) told_pulling: Str,
    /// It runs the image's own program with nothing of the pod's in it but volumes.
    pub(crate) runs_image: bool,
    pub(crate) requests: Value,
    pub(crate) limits: Value,
    /// The status of a container of which nothing has become yet, and that waits for no other.
    pub(crate) absent: Value,
    /// The status of one that was made, without what is its own.
    pub(crate) made: Value,
}

impl Definition {
    pub(crate) fn new(spec: &Value, list: &'static str) -> Self {
        let (name, image) = (spec["name"].text(), spec["image"].to_str());
        let resources = &spec["resources"];
        let mut absent = value!({
            "name": (&spec["name"]), "image": (&spec["image"]), "imageID": "", "ready": false, "restartCount": 0,
            "started": false, "lastState": {}, "state": {"waiting": {"reason": "ContainerCreating"}},
        });
        let mounts = mounts(&spec["volumeMounts"]);
        if !mounts.is_null() {
            absent.set("volumeMounts", mounts);
        }
        let mut made = absent.clone();
        made.set("containerID", "");
        // Nothing is allocated to what never was.
        made.set("resources", resources);
        if !resources["requests"].is_null() {
            made.set("allocatedResources", &resources["requests"]);
        }
        Self {
            list,
            field_path: field_path(list, name),
            told_present: joined(&[
                "Container image \"",
                &image,
                "\" already present on machine and can be accessed by the pod",
            ]),
            told_pulling: joined(&["Pulling image \"", &image, "\""]),
            pull_policy: match spec["imagePullPolicy"].text() {
                "Always" => PullPolicy::Always,
                "Never" => PullPolicy::Never,
                _ => PullPolicy::IfNotPresent,
            },
            runs_image: OWN.iter().all(|f| spec[*f].is_null()),
            requests: resources["requests"].clone(),
            limits: resources["limits"].clone(),
            absent,
            made,
            image,
            spec: spec.clone(),
        }
    }
}

/// The part of a pod that a container is, as events name it.
pub(crate) fn field_path(list: &str, name: &str) -> Str {
    joined(&["spec.", list, "{", name, "}"])
}

/// What a status tells of mounts; null without any.
fn mounts(mounts: &Value) -> Value {
    let of_mount = |mount: &Value| {
        let mut m = value!({"name": (&mount["name"]), "mountPath": (&mount["mountPath"])});
        if mount["readOnly"].is_true() {
            m.set("readOnly", true);
            m.set("recursiveReadOnly", "Disabled");
        }
        m
    };
    match mounts.items() {
        [] => Value::Null,
        all => all.iter().map(of_mount).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_says_what_its_fields_do() {
        let spec = value!({
            "name": "web", "image": "nginx:1.25", "imagePullPolicy": "Never", "resources": {"requests": {"cpu": "1"}},
            "volumeMounts": [{"name": "v", "mountPath": "/v", "readOnly": true}],
        });
        let d = Definition::new(&spec, "containers");
        assert_eq!((d.image.as_str(), d.field_path.as_str()), ("nginx:1.25", "spec.containers{web}"));
        assert_eq!(d.told_pulling, "Pulling image \"nginx:1.25\"");
        assert!(d.runs_image && d.pull_policy == PullPolicy::Never && d.limits.is_null());
        assert_eq!(d.absent["state"], value!({"waiting": {"reason": "ContainerCreating"}}));
        assert!(d.absent["resources"].is_null() && d.absent["containerID"].is_null());
        assert_eq!(d.made["resources"], spec["resources"]);
        assert_eq!(d.made["allocatedResources"]["cpu"], "1");
        let mount =
            value!({"name": "v", "mountPath": "/v", "readOnly": true, "recursiveReadOnly": "Disabled"});
        assert!(d.absent["volumeMounts"][0] == mount && d.made["volumeMounts"][0] == mount);
    }

    #[test]
    fn what_is_the_pods_own_is_more_than_the_image() {
        for field in OWN {
            let mut spec = value!({"name": "web", "image": "nginx"});
            assert!(Definition::new(&spec, "containers").runs_image);
            spec.set(field, value!(["x"]));
            assert!(!Definition::new(&spec, "containers").runs_image, "{field}");
        }
    }
}
