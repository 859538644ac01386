//! Object metadata: named reading of what every kind carries.

use clock::Time;

use crate::text::joined;
use crate::{Str, Value};

impl Value {
    #[must_use]
    pub fn meta(&self) -> &Value {
        self.get("metadata")
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.meta().get("name").text()
    }

    /// The namespace, `""` for cluster-scoped objects.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.meta().get("namespace").text()
    }

    #[must_use]
    pub fn uid(&self) -> &str {
        self.meta().get("uid").text()
    }

    #[must_use]
    pub fn kind(&self) -> &str {
        self.get("kind").text()
    }

    #[must_use]
    pub fn api_version(&self) -> &str {
        self.get("apiVersion").text()
    }

    /// `namespace/name`, or `name` for cluster-scoped objects: the key of a work queue.
    #[must_use]
    pub fn key(&self) -> Str {
        let meta = self.meta();
        match meta.get("namespace").text() {
            "" => meta.get("name").to_str(),
            namespace => joined(&[namespace, "/", meta.get("name").text()]),
        }
    }

    #[must_use]
    pub fn labels(&self) -> &Value {
        self.meta().get("labels")
    }

    #[must_use]
    pub fn annotations(&self) -> &Value {
        self.meta().get("annotations")
    }

    /// The revision of the last write, 0 when it was never stored.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.meta().get("resourceVersion").text().parse().unwrap_or(0)
    }

    #[must_use]
    pub fn generation(&self) -> i64 {
        self.meta().get("generation").int()
    }

    /// True once deletion was asked for.
    #[must_use]
    pub fn is_terminating(&self) -> bool {
        !self.meta().get("deletionTimestamp").is_null()
    }

    #[must_use]
    pub fn created(&self) -> Option<Time> {
        self.meta().get("creationTimestamp").time()
    }

    #[must_use]
    pub fn deletion_time(&self) -> Option<Time> {
        self.meta().get("deletionTimestamp").time()
    }

    /// This string read as RFC 3339.
    #[must_use]
    pub fn time(&self) -> Option<Time> {
        Time::parse_rfc3339(self.as_str()?)
    }

    /// The owner reference with `controller: true`, or null.
    #[must_use]
    pub fn controller_ref(&self) -> &Value {
        static NULL: Value = Value::Null;
        self.meta()["ownerReferences"].items().iter().find(|r| r["controller"].is_true()).unwrap_or(&NULL)
    }

    /// The condition of this `type` in `status.conditions`, or null.
    #[must_use]
    pub fn condition(&self, kind: &str) -> &Value {
        static NULL: Value = Value::Null;
        self["status"]["conditions"].items().iter().find(|c| c["type"] == kind).unwrap_or(&NULL)
    }

    /// True when the condition of this `type` has status `"True"`.
    #[must_use]
    pub fn condition_true(&self, kind: &str) -> bool {
        self.condition(kind)["status"] == "True"
    }
}

/// `namespace/name` taken apart; the namespace is `""` for cluster-scoped keys.
#[must_use]
pub fn split_key(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or(("", key))
}
