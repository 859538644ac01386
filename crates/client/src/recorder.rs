//! Events: what a component tells the reader of an object.
//!
//! Models `k8s.io/client-go/tools/record`: an event that repeats is counted on the first one instead of written anew.
//! Not modelled: the spam filter (25 per object, one more every 5 minutes) and aggregation of similar messages.

use std::collections::BTreeMap;

use clock::Time;
use objects::resources::EVENTS;
use objects::{Str, Value, value};

use crate::{Ctx, PatchType};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    Normal,
    Warning,
}

/// Writes events in the name of one component. Remembers what it wrote, to count repeats.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    /// `source.component`: `deployment-controller`, `kubelet`.
    component: Str,
    /// `source.host`: the node, for kubelets.
    host: Str,
    /// The written events by object and text. Bounded: the oldest half goes when there are too many.
    written: BTreeMap<String, Written>,
}

#[derive(Clone, Debug)]
struct Written {
    namespace: Str,
    name: Str,
    count: i64,
    last: Time,
}

/// How many written events a recorder remembers; upstream's LRU holds as many.
const REMEMBERED: usize = 4096;
/// A repeat later than this starts a new event: the server has dropped the old one (upstream's event TTL is 1 h).
const TTL_MS: i64 = 3_600_000;

impl Recorder {
    pub fn new(component: impl Into<Str>, host: impl Into<Str>) -> Self {
        Self { component: component.into(), host: host.into(), written: BTreeMap::new() }
    }

    /// Writes an event about `object`. A refusal is dropped, as upstream drops it.
    pub fn event(&mut self, ctx: &mut Ctx<'_>, object: &Value, kind: EventType, reason: &str, message: &str) {
        self.event_at(ctx, object, "", kind, reason, message);
    }

    /// The same about a part of the object: `spec.containers{web}`.
    pub fn event_at(
        &mut self,
        ctx: &mut Ctx<'_>,
        object: &Value,
        field_path: &str,
        kind: EventType,
        reason: &str,
        message: &str,
    ) {
        let kind = if kind == EventType::Normal { "Normal" } else { "Warning" };
        let at = ctx.now.rfc3339();
        let known = format!("{}\0{field_path}\0{kind}\0{reason}\0{message}", object.uid());
        if let Some(w) = self.written.get_mut(&known)
            && ctx.now.since(w.last) < TTL_MS
        {
            w.count += 1;
            w.last = ctx.now;
            let patch = value!({"count": (w.count), "lastTimestamp": (at.as_str())});
            let (namespace, name) = (w.namespace.clone(), w.name.clone());
            if ctx.patch(&EVENTS, &namespace, &name, "", PatchType::Merge, patch).is_ok() {
                return;
            }
        }
        // Events of cluster-scoped objects live in the namespace default.
        let namespace = if object.namespace().is_empty() { "default" } else { object.namespace() };
        let name = Str::from(format!("{}.{:016x}", object.name(), ctx.rng.next_u64() >> 8));
        let mut involved = value!({
            "apiVersion": (object.get("apiVersion")), "kind": (object.get("kind")),
            "name": (object.meta().get("name")), "uid": (object.meta().get("uid")),
            "resourceVersion": (object.meta().get("resourceVersion")),
        });
        if !object.namespace().is_empty() {
            involved.set("namespace", object.meta().get("namespace"));
        }
        if !field_path.is_empty() {
            involved.set("fieldPath", field_path);
        }
        let mut source = value!({"component": (&self.component)});
        if !self.host.is_empty() {
            source.set("host", &self.host);
        }
        let event = value!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": (&name), "namespace": (namespace)},
            "involvedObject": (involved), "reason": (reason), "message": (message), "source": (source),
            "firstTimestamp": (at.as_str()), "lastTimestamp": (at.as_str()), "count": 1, "type": (kind),
            "eventTime": null, "reportingComponent": (&self.component), "reportingInstance": (&self.host),
        });
        if ctx.create(&EVENTS, event).is_ok() {
            let written = Written { namespace: namespace.into(), name, count: 1, last: ctx.now };
            self.remember(known, written);
        }
    }

    fn remember(&mut self, key: String, written: Written) {
        if self.written.len() >= REMEMBERED {
            let mut ages: Vec<Time> = self.written.values().map(|w| w.last).collect();
            ages.sort_unstable();
            let middle = ages[ages.len() / 2];
            self.written.retain(|_, w| w.last > middle);
        }
        self.written.insert(key, written);
    }
}
