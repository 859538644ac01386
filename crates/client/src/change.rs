//! One write as watchers see it, with who wrote it and because of what.

use clock::Time;
use objects::text::joined;
use objects::{Str, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

impl ChangeKind {
    /// The `type` of a watch event.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// A stored write. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Change {
    /// The revision this write made. Revisions start at 1 and have no gaps.
    pub revision: u64,
    pub at: Time,
    pub kind: ChangeKind,
    /// `pods`, `deployments.apps`.
    pub resource: Str,
    pub namespace: Str,
    pub name: Str,
    /// `namespace/name`, or `name` for cluster-scoped objects: one text for all who keep the object under it.
    pub key: Str,
    /// The object after the write; for a deletion its last state.
    pub object: Value,
    /// The object before the write, null when it was added.
    pub previous: Value,
    /// Who wrote: `deployment-controller`, `kubelet/worker-1`, `you`.
    pub actor: Str,
    /// The revision whose arrival made the actor write; 0 when it acted on its own (a command, a timer).
    pub cause: u64,
}

impl Change {
    /// An object as it is first heard of: at revision 1, at the beginning, by nobody.
    #[must_use]
    pub fn added(resource: &str, object: Value) -> Self {
        let (namespace, name) = (Str::from(object.namespace()), Str::from(object.name()));
        Self {
            revision: 1,
            at: Time::EPOCH,
            kind: ChangeKind::Added,
            resource: resource.into(),
            key: Self::key_of(&namespace, &name),
            namespace,
            name,
            object,
            previous: Value::Null,
            actor: Str::default(),
            cause: 0,
        }
    }

    /// `namespace/name`, or `name` for cluster-scoped objects.
    #[must_use]
    pub fn key(&self) -> Str {
        self.key.clone()
    }

    /// What [`Self::key`] is for an object of this name.
    #[must_use]
    pub fn key_of(namespace: &Str, name: &Str) -> Str {
        if namespace.is_empty() { name.clone() } else { joined(&[namespace, "/", name]) }
    }

    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.kind == ChangeKind::Deleted
    }
}
