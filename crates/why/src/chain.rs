//! The chain of writes behind a fact: every write names who made it and which write made them.

use client::{Change, ChangeKind};
use clock::Time;
use cluster::Cluster;
use objects::{Str, Value};

use crate::{Say, Subject};

/// Steps of one chain: longer ones lose their middle.
const MOST: usize = 12;
/// Fields named of one write.
const FIELDS: usize = 3;

/// A field that a write changed. Values are shortened; `-` stands for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub path: String,
    pub old: String,
    pub new: String,
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub revision: u64,
    pub at: Time,
    /// Who wrote: `you`, `deployment-controller`, `kubelet/worker-1`.
    pub actor: Str,
    pub kind: ChangeKind,
    pub subject: Subject,
    pub what: Say,
    pub fields: Vec<Field>,
}

/// The write that made this revision.
fn write(cluster: &Cluster, revision: u64) -> Option<&Change> {
    let before = revision.checked_sub(1)?;
    cluster.changes_since(before).next().filter(|c| c.revision == revision)
}

/// From the first cause to this write, as far as the log goes back.
#[must_use]
pub fn of_write(cluster: &Cluster, revision: u64) -> Vec<Step> {
    let mut chain = Vec::new();
    let mut at = revision;
    while let Some(change) = write(cluster, at).filter(|_| chain.len() < 64) {
        chain.push(step(change));
        if change.cause == 0 || change.cause >= at {
            break;
        }
        at = change.cause;
    }
    chain.reverse();
    shortened(chain)
}

fn shortened(mut chain: Vec<Step>) -> Vec<Step> {
    if chain.len() > MOST {
        chain.drain(3..chain.len() - (MOST - 3));
    }
    chain
}

fn is(change: &Change, subject: &Subject) -> bool {
    change.resource == subject.resource
        && change.name == subject.name
        && change.namespace == subject.namespace
}

/// How an object came to be and what befell it since.
pub(crate) fn of_object(cluster: &Cluster, subject: &Subject, object: &Value) -> Vec<Step> {
    let uid = object.uid();
    let writes: Vec<&Change> = cluster
        .changes_since(cluster.compacted())
        .filter(|c| is(c, subject) && c.object.uid() == uid)
        .filter(|c| c.kind != ChangeKind::Modified || tells(c))
        .collect();
    let mut chain = writes.first().map(|c| of_write(cluster, c.revision)).unwrap_or_default();
    // What the object's later writes were caused by is mostly the object itself: they follow without their causes,
    // but for the first link, when it is a write to something else that the reader has not seen yet.
    for change in writes.iter().skip(1) {
        let cause = write(cluster, change.cause).filter(|c| !is(c, subject) && c.actor == "you");
        if let Some(cause) = cause.filter(|c| chain.iter().all(|s| s.revision != c.revision)) {
            chain.push(step(cause));
        }
        chain.push(step(change));
    }
    shortened(chain)
}

/// The chain behind the last flip of a condition.
#[must_use]
pub fn of_condition(cluster: &Cluster, subject: &Subject, kind: &str) -> Vec<Step> {
    let status = |object: &Value| object.condition(kind)["status"].text().to_owned();
    let flip = cluster
        .changes_since(cluster.compacted())
        .filter(|c| is(c, subject) && status(&c.previous) != status(&c.object))
        .last();
    flip.map(|c| of_write(cluster, c.revision)).unwrap_or_default()
}

/// True when a write changed more than book-keeping.
fn tells(change: &Change) -> bool {
    let (old, new) = (&change.previous, &change.object);
    if change.resource == "nodes" || change.resource == "leases.coordination.k8s.io" {
        return old["spec"] != new["spec"] || conditions(old) != conditions(new);
    }
    old["spec"] != new["spec"]
        || old["data"] != new["data"]
        || old["metadata"]["labels"] != new["metadata"]["labels"]
        || old.is_terminating() != new.is_terminating()
        || old["status"]["phase"] != new["status"]["phase"]
        || old["status"]["containerStatuses"] != new["status"]["containerStatuses"]
        || conditions(old) != conditions(new)
}

fn conditions(object: &Value) -> Vec<(&str, &str)> {
    let all = object["status"]["conditions"].items();
    all.iter().map(|c| (c["type"].text(), c["status"].text())).collect()
}

fn step(change: &Change) -> Step {
    let fields = if change.kind == ChangeKind::Modified { fields(change) } else { Vec::new() };
    let kind = change.object.kind();
    let kind = if kind.is_empty() {
        objects::resources::by_id(&change.resource)
            .map_or(change.resource.to_string(), |r| r.kind.to_string())
    } else {
        kind.to_owned()
    };
    let name = &change.name;
    let what = match change.kind {
        ChangeKind::Added => Say::new(format!("created {kind} {name}"), format!("{kind} {name} 만듦")),
        ChangeKind::Deleted => Say::new(format!("removed {kind} {name}"), format!("{kind} {name} 지움")),
        ChangeKind::Modified => deed(change, &kind),
    };
    Step {
        revision: change.revision,
        at: change.at,
        actor: change.actor.clone(),
        kind: change.kind,
        subject: Subject {
            resource: change.resource.clone(),
            namespace: change.namespace.clone(),
            name: change.name.clone(),
        },
        what,
        fields,
    }
}

/// What a change to an object comes to, in words where there are some.
fn deed(change: &Change, kind: &str) -> Say {
    let (old, new, name) = (&change.previous, &change.object, &change.name);
    let node = new["spec"]["nodeName"].text();
    if kind == "Pod" && old["spec"]["nodeName"].text().is_empty() && !node.is_empty() {
        return Say::new(format!("put Pod {name} on {node}"), format!("Pod {name} → 노드 {node}"));
    }
    if !old.is_terminating() && new.is_terminating() {
        return Say::new(format!("asked {kind} {name} to end"), format!("{kind} {name} 종료 요청"));
    }
    let (before, after) = (&old["spec"]["replicas"], &new["spec"]["replicas"]);
    if before != after {
        let (a, b) = (before.int(), after.int());
        return Say::new(
            format!("scaled {kind} {name} from {a} to {b}"),
            format!("{kind} {name} 개수 {a} → {b}"),
        );
    }
    let flips: Vec<String> = conditions(new)
        .into_iter()
        .filter(|c| !conditions(old).contains(c))
        .map(|(kind, status)| format!("{kind}={status}"))
        .collect();
    if !flips.is_empty() {
        let flips = flips.join(", ");
        return Say::new(format!("wrote {flips} to {kind} {name}"), format!("{kind} {name}에 {flips} 기록"));
    }
    Say::new(format!("changed {kind} {name}"), format!("{kind} {name} 바꿈"))
}

fn fields(change: &Change) -> Vec<Field> {
    let mut out = Vec::new();
    differ(&change.previous, &change.object, &mut String::new(), &mut out);
    // What was asked for says more than what is the case.
    out.sort_by_key(|f| !f.path.starts_with("spec"));
    out.truncate(FIELDS);
    out
}

fn differ(old: &Value, new: &Value, path: &mut String, out: &mut Vec<Field>) {
    const BOOKS: [&str; 6] = [
        "managedFields",
        "resourceVersion",
        "generation",
        "observedGeneration",
        "lastProbeTime",
        "lastTransitionTime",
    ];
    if out.len() >= 12 || old.same(new) || old == new {
        return;
    }
    let length = path.len();
    match (old, new) {
        (Value::Map(a), Value::Map(b)) => {
            let gone = a.iter().filter(|(k, _)| new.get(k).is_null());
            for (key, value) in b.iter().chain(gone) {
                if BOOKS.contains(&key.as_str()) {
                    continue;
                }
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
                let now = new.get(key);
                differ(old.get(key), if now.is_null() { &Value::Null } else { value }, path, out);
                path.truncate(length);
            }
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            for (i, (x, y)) in a.iter().zip(b.iter()).enumerate() {
                path.push_str(&format!("[{i}]"));
                differ(x, y, path, out);
                path.truncate(length);
            }
        }
        _ => out.push(Field { path: path.clone(), old: short(old), new: short(new) }),
    }
}

/// A value in a few letters.
fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::Str(s) => s.to_string(),
        Value::Map(m) => format!("{{{}}}", m.len()),
        Value::List(l) => format!("[{}]", l.len()),
        other => objects::json::to_string(other),
    };
    if text.chars().count() > 40 { text.chars().take(39).chain(['…']).collect() } else { text }
}
