//! What events are about, as all events about it name it.
//!
//! Owns: the reference to an object or a part of one that its events carry, and what they are called. Does not own:
//! which events are written (`recorder`).
//!
//! Models `k8s.io/client-go/tools/reference`.

use objects::running_hash::RunningHash;
use objects::{Str, Value, text, value};

/// An object, or a part of it, at one of its versions.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The object's metadata: what tells whether it is still at this version.
    meta: Value,
    /// `involvedObject`.
    pub(crate) reference: Value,
    /// Which object it is, and which part of it.
    pub(crate) object_hash: u64,
    pub(crate) path_hash: u64,
    /// All that a reference names is there.
    pub(crate) is_complete: bool,
}

impl Subject {
    /// A part of the object, `spec.containers{web}`, or all of it: `""`.
    #[must_use]
    pub fn new(object: &Value, field_path: &str) -> Self {
        let meta = object.meta();
        let (api_version, kind) = (object.get("apiVersion"), object.get("kind"));
        let (name, namespace) = (meta.get("name"), meta.get("namespace"));
        let (revision, uid) = (meta.get("resourceVersion"), meta.get("uid"));
        let mut object_hash = RunningHash::default();
        [uid, namespace, name].iter().for_each(|v| object_hash.text(v.text()));
        let mut path_hash = RunningHash::default();
        path_hash.text(field_path);
        let reference = match (namespace.text(), field_path) {
            ("", _) => {
                let mut whole = value!({
                    "apiVersion": (api_version), "kind": (kind), "name": (name), "resourceVersion": (revision),
                    "uid": (uid),
                });
                if !field_path.is_empty() {
                    whole.set("fieldPath", field_path);
                }
                whole
            }
            (_, "") => value!({
                "apiVersion": (api_version), "kind": (kind), "name": (name), "namespace": (namespace),
                "resourceVersion": (revision), "uid": (uid),
            }),
            _ => value!({
                "apiVersion": (api_version), "fieldPath": (field_path), "kind": (kind), "name": (name),
                "namespace": (namespace), "resourceVersion": (revision), "uid": (uid),
            }),
        };
        Self {
            reference,
            object_hash: object_hash.value(),
            path_hash: path_hash.value(),
            is_complete: [api_version, kind, name, revision, uid].iter().all(|v| !v.is_zero()),
            meta: meta.clone(),
        }
    }

    /// Whether the object is still at the version it was made of.
    #[must_use]
    pub fn is_of(&self, object: &Value) -> bool {
        self.meta.same(object.meta())
    }

    /// Where its events are: those of cluster-scoped objects live in the namespace default.
    pub(crate) fn events_namespace(&self) -> &Value {
        static DEFAULT: Value = Value::Str(Str::new_static("default"));
        let own = self.meta.get("namespace");
        if own.text().is_empty() { &DEFAULT } else { own }
    }

    /// What an event of this stamp is called.
    pub(crate) fn event_name(&self, stamp: u64) -> Str {
        let mut digits = [b'0'; 16];
        for (i, digit) in digits.iter_mut().rev().enumerate() {
            *digit = b"0123456789abcdef"[(stamp >> (4 * i)) as usize & 0xf];
        }
        let digits = std::str::from_utf8(&digits).unwrap_or_default();
        text::joined(&[self.meta.get("name").text(), ".", digits])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(namespace: &Value, revision: &str) -> Value {
        value!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "namespace": (namespace), "resourceVersion": (revision), "uid": "u"},
        })
    }

    #[test]
    fn a_reference_names_what_there_is() {
        let own = value!("shop");
        let keys = |namespace: &Value, path: &str| -> Vec<Str> {
            let subject = Subject::new(&object(namespace, "7"), path);
            assert!(subject.is_complete);
            subject.reference.entries().iter().map(|(k, _)| k.clone()).collect()
        };
        assert_eq!(keys(&Value::Null, ""), ["apiVersion", "kind", "name", "resourceVersion", "uid"]);
        assert_eq!(
            keys(&Value::Null, "spec"),
            ["apiVersion", "fieldPath", "kind", "name", "resourceVersion", "uid"]
        );
        assert_eq!(keys(&own, ""), ["apiVersion", "kind", "name", "namespace", "resourceVersion", "uid"]);
        assert_eq!(
            keys(&own, "spec"),
            ["apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid"]
        );
        assert!(!Subject::new(&object(&own, ""), "").is_complete);
    }

    #[test]
    fn it_is_of_one_version_only() {
        let pod = object(&value!("shop"), "7");
        let subject = Subject::new(&pod, "");
        let mut told = pod.clone();
        told.set("status", value!({"phase": "Running"}));
        assert!(subject.is_of(&pod) && subject.is_of(&told));
        assert!(!subject.is_of(&object(&value!("shop"), "8")));
    }

    #[test]
    fn events_are_named_by_object_and_stamp() {
        let subject = Subject::new(&object(&Value::Null, "7"), "");
        assert_eq!(subject.event_name(0x1a2b), "web.0000000000001a2b");
        assert_eq!(*subject.events_namespace(), "default");
    }
}
