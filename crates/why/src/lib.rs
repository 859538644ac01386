//! Why something is as it is, as data: from the records of a cluster, in both languages.
//!
//! Owns: the chain of writes from the learner's own command to what is asked about, the verdicts of nodes, near misses
//! (a label off by one letter, a port nobody hears, a name that almost exists).
//! Does not own: the records (cluster, scheduler), how an answer is shown (src/, terminal).
//!
//! Nothing is stored and nothing is changed here: an answer is worked out when asked, from the log of writes, which
//! goes back some 16,000 writes. A chain that begins before that says so.

mod absence;
mod chain;
mod near;
mod node;
mod pod;
mod references;
mod refusal;
mod service;
mod workload;

use clock::Time;
use cluster::{Cluster, PluginScore};
use objects::{Str, Value};

pub use chain::{Field, Step, of_condition, of_write};
pub use near::nearest;
pub use pod::listens;
pub use service::unheard;

/// A sentence in both languages, without its full stop where it is a fragment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Say {
    pub en: String,
    pub ko: String,
}

impl Say {
    #[must_use]
    pub fn new(en: impl Into<String>, ko: impl Into<String>) -> Self {
        Self { en: en.into(), ko: ko.into() }
    }

    /// Upstream's own words, the same in every language.
    #[must_use]
    pub fn same(text: impl Into<String>) -> Self {
        let en = text.into();
        Self { ko: en.clone(), en }
    }

    #[must_use]
    pub fn text(&self, korean: bool) -> &str {
        if korean { &self.ko } else { &self.en }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.en.is_empty()
    }
}

/// Names one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// `pods`, `deployments.apps`.
    pub resource: Str,
    pub namespace: Str,
    pub name: Str,
}

impl Subject {
    #[must_use]
    pub fn new(resource: &str, namespace: &str, name: &str) -> Self {
        Self { resource: resource.into(), namespace: namespace.into(), name: name.into() }
    }
}

/// What the scheduler said of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub node: Str,
    pub fits: bool,
    /// The node it was bound to.
    pub chosen: bool,
    /// The plugin that refused, or empty.
    pub plugin: &'static str,
    /// Upstream's reasons, or the score.
    pub reason: Say,
    /// Of a node that fits, what each plugin that has an opinion gave it.
    pub scores: Vec<PluginScore>,
}

/// Something that is almost right: what is written, what would fit, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    pub say: Say,
    /// Where to change it; its name is empty when that is no object.
    pub subject: Subject,
    /// The field, such as `spec.selector.app`.
    pub field: String,
    pub have: String,
    pub want: String,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Why {
    /// The question's answer in one sentence.
    pub headline: Say,
    /// More sentences, most important first.
    pub details: Vec<Say>,
    /// From the first cause to what is asked about.
    pub chain: Vec<Step>,
    pub verdicts: Vec<Verdict>,
    pub near: Vec<Near>,
    /// When the cluster tries again by itself, where that is known.
    pub next: Option<Time>,
    /// True when nothing is wrong.
    pub fine: bool,
}

/// Why an object is as it is; `None` when there is no such object.
#[must_use]
pub fn why(cluster: &Cluster, subject: &Subject) -> Option<Why> {
    let object = cluster.object(&subject.resource, &subject.namespace, &subject.name)?;
    let mut answer = match subject.resource.as_str() {
        "pods" => pod::why(cluster, object),
        "services" => service::why(cluster, object),
        "nodes" => node::why(cluster, object),
        "events" => return event(cluster, object),
        _ => workload::why(cluster, subject, object),
    };
    let worked = subject.resource.ends_with(".apps") || subject.resource.ends_with(".batch");
    if worked && !cluster.part_runs("kube-controller-manager") {
        answer.fine = false;
        answer.details.insert(0, idle());
    }
    answer.near.extend(references::broken(cluster, subject, object));
    answer.fine &= answer.near.is_empty();
    answer.chain = chain::of_object(cluster, subject, object);
    Some(answer)
}

/// What holds while no controller works.
fn idle() -> Say {
    Say::new(
        "kube-controller-manager does not run: no controller changes anything, and the status may be out of date",
        "kube-controller-manager가 돌고 있지 않습니다. 컨트롤러가 아무것도 바꾸지 않으며, 상태는 예전 것일 수 있습니다",
    )
}

/// Why an event was written: what it says, and the chain behind it.
fn event(cluster: &Cluster, event: &Value) -> Option<Why> {
    let about = &event["involvedObject"];
    let subject = subject_of(about["kind"].text(), about["namespace"].text(), about["name"].text());
    let mut answer = subject.and_then(|s| why(cluster, &s)).unwrap_or_default();
    answer.headline = Say::same(event["message"].text());
    answer.chain = chain::of_write(cluster, event.revision());
    Some(answer)
}

/// The subject a kind and name mean.
#[must_use]
pub fn subject_of(kind: &str, namespace: &str, name: &str) -> Option<Subject> {
    let resource = objects::resources::all().iter().find(|r| r.kind == kind)?;
    Some(Subject { resource: resource.id.clone(), namespace: namespace.into(), name: name.into() })
}

/// The message of the latest event of this reason about an object.
pub(crate) fn latest_event<'a>(cluster: &'a Cluster, object: &Value, reasons: &[&str]) -> Option<&'a Value> {
    let uid = object.uid();
    cluster
        .objects("events")
        .filter(|e| e["involvedObject"]["uid"] == uid && reasons.iter().any(|r| e["reason"] == *r))
        .max_by_key(|e| e.revision())
}
