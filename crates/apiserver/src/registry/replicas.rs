//! Pods of one body: the replicas of a template come one after the other, and differ in what the server makes up.
//!
//! Owns: a small memory of such pods by the body they came in, and what a further one of them is. Does not own: storing
//! it (create), the specs that admission chooses among (`admission::completed`).
//! What was asked about one of them, and said of it, is so of the next, as long as nothing that was read is written. Debug
//! builds hold the short way against the long one.

use clock::Rng;
use objects::resources::PODS;
use objects::{Str, Value, text};

use super::meta;
use super::warnings::is_read;
use crate::admission::completed;
use crate::server::{ApiServer, Cx};

/// What is read of pods to come besides what completes their specs. When one of these is written, all is forgotten.
const READ: [&str; 2] = ["namespaces", "resourcequotas"];
/// Bodies remembered; the oldest goes first.
const BODIES: usize = 128;

/// Bodies of pods, and what was made of them. Plain data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replicas {
    known: Vec<Replica>,
    /// Where the last one was found: a template's replicas mostly follow each other.
    last: usize,
    /// The oldest, where there is no room.
    next: usize,
}

#[derive(Clone, Debug)]
struct Replica {
    /// Kept alive, so that its address cannot be another's.
    body: Value,
    namespace: Str,
    /// The spec as it comes to admission.
    given: Value,
    /// One of the pods, as it is stored.
    stored: Value,
}

impl Replicas {
    fn find(&mut self, body: &Value, namespace: &str) -> Option<&Replica> {
        let is = |r: &Replica| r.body.same(body) && r.namespace == namespace;
        if !self.known.get(self.last).is_some_and(is) {
            self.last = self.known.iter().position(is)?;
        }
        self.known.get(self.last)
    }

    fn remember(&mut self, replica: Replica) {
        if self.known.len() < BODIES {
            self.known.push(replica);
        } else {
            self.known[self.next] = replica;
            self.next = (self.next + 1) % BODIES;
        }
    }

    /// An object of this resource was written or removed.
    pub(crate) fn written(&mut self, resource: &str) {
        if !self.known.is_empty() && (READ.contains(&resource) || completed::reads(resource)) {
            *self = Self::default();
        }
    }
}

impl ApiServer {
    /// A further pod of a body that pods were made of. `None`: it is to be made by itself.
    pub(super) fn replica(&mut self, cx: &mut Cx<'_>, body: &Value) -> Option<Value> {
        if !self.is_plain(cx) {
            return None;
        }
        let Replica { given, stored, .. } = self.replicas.find(body, &cx.request.namespace)?;
        // In the order in which chance is asked on the long way.
        let mut rng = self.rng.clone();
        let uid = meta::uuid(&mut rng);
        let spec = self.completed.again(given, &cx.request.namespace, &mut rng)?;
        let name = meta::generated_name(&mut rng, stored.meta().get("generateName").text());
        let mut pod = stored.clone();
        let parts = pod.map_mut();
        parts.insert("spec", spec);
        let meta = parts.entry("metadata").map_mut();
        meta.insert("creationTimestamp", text::rfc3339(cx.now));
        meta.insert("name", name);
        meta.insert("uid", uid);
        debug_assert_eq!(self.made_at_length(cx, body), Some((unversioned(&pod), rng.clone())));
        self.rng = rng;
        Some(pod)
    }

    /// Whether this is about a pod, and nobody has a say in it or reads what is said to its maker.
    fn is_plain(&self, cx: &Cx<'_>) -> bool {
        cx.resource.storage == PODS.storage && self.is_own(cx.caller, cx.request) && !is_read(cx)
    }

    /// The same as if it was the first, and chance thereafter.
    fn made_at_length(&mut self, cx: &mut Cx<'_>, body: &Value) -> Option<(Value, Rng)> {
        let rng = self.rng.clone();
        let object = self.decoded(cx, body.clone(), &Value::Null).ok()?;
        let (made, _) = self.new_object(cx, object).ok()?;
        Some((made, std::mem::replace(&mut self.rng, rng)))
    }

    /// Remembers the pod that was made of `body`, if the next would be another such.
    pub(super) fn remember_replica(&mut self, cx: &Cx<'_>, body: &Value, stored: &Value) {
        let generated = body.name().is_empty() && !body.meta().get("generateName").text().is_empty();
        if !self.is_plain(cx)
            || !generated
            || !cx.pod_spec.known
            || !cx.warnings.is_empty()
            || self.objects("resourcequotas", &cx.request.namespace).next().is_some()
        {
            return;
        }
        let namespace = cx.request.namespace.clone();
        let Some(given) = self.pods.get(body.get("spec")).cloned() else { return };
        let is_settled = self.completed.again(&given, &namespace, &mut self.rng.clone()).is_some();
        if is_settled && self.replicas.find(body, &namespace).is_none() {
            self.replicas.remember(Replica { body: body.clone(), namespace, given, stored: stored.clone() });
        }
    }
}

/// As it is before it is stored.
fn unversioned(pod: &Value) -> Value {
    let mut pod = pod.clone();
    pod.remove_at(&["metadata", "resourceVersion"]);
    pod
}
