//! The rolling update of daemon pods: old ones deleted under maxUnavailable, or new ones beside them under maxSurge.
//!
//! Models `pkg/controller/daemon/update.go`.

use clock::Time;
use objects::resources::NODES;
use objects::{Str, Value};

use super::placement::{limits, should_run};
use super::{ByNode, DaemonSetController, Work};
use crate::caches::Caches;
use crate::pods;
use crate::statefulset::REVISION_LABEL;

/// The new and the old live pod of a node; `None` when there are two of a sort.
fn new_and_old<'a>(on_node: &'a [Value], hash: &str) -> Option<(Option<&'a Value>, Option<&'a Value>)> {
    let (mut new, mut old) = (None, None);
    for pod in on_node.iter().filter(|p| !p.is_terminating()) {
        let slot = if pod.labels()[REVISION_LABEL] == hash { &mut new } else { &mut old };
        if slot.replace(pod).is_some() {
            return None;
        }
    }
    Some((new, old))
}

impl DaemonSetController {
    /// What the update strategy allows to do now.
    pub(super) fn rolling_update(
        &mut self,
        ds: &Value,
        by_node: &ByNode,
        hash: &str,
        caches: &Caches,
        now: Time,
    ) -> Work {
        let mut nodes: Vec<(Str, Vec<Value>)> = by_node.clone().into_iter().collect();
        let mut desired = 0;
        for (name, node) in caches.of_resource(NODES).iter() {
            self.base.visited += 1;
            if should_run(ds, node).0 {
                desired += 1;
                if !by_node.contains_key(name) {
                    nodes.push((name.clone(), Vec::new()));
                }
            }
        }
        let (surge, unavailable) = limits(ds, desired);
        let min_ready = ds["spec"]["minReadySeconds"].int();
        let available = |p: &Value| pods::is_available(p, min_ready, now);
        if surge == 0 {
            replace(&nodes, hash, unavailable, available)
        } else {
            let runs = |name: &Str| caches.of_resource(NODES).get(name).is_some_and(|n| should_run(ds, n).0);
            extend(&nodes, hash, surge, desired, available, runs)
        }
    }
}

/// Without surge: deletes just as many old pods as may be missing.
fn replace(nodes: &[(Str, Vec<Value>)], hash: &str, most: i64, available: impl Fn(&Value) -> bool) -> Work {
    let mut missing = 0;
    let (mut allowed, mut candidates) = (Vec::new(), Vec::new());
    for (_, on_node) in nodes {
        match new_and_old(on_node, hash) {
            None | Some((None, None) | (Some(_), Some(_))) => missing += 1,
            Some((Some(new), None)) => missing += i64::from(!available(new)),
            Some((None, Some(old))) => {
                if !available(old) {
                    allowed.push(old.clone());
                    missing += 1;
                } else if missing < most {
                    candidates.push(old.clone());
                }
            }
        }
    }
    candidates.truncate((most - missing).max(0) as usize);
    allowed.extend(candidates);
    Work { create_on: Vec::new(), delete: allowed }
}

/// With surge: makes new pods beside old ones and deletes an old one once its successor is available.
fn extend(
    nodes: &[(Str, Vec<Value>)],
    hash: &str,
    surge: i64,
    desired: i64,
    available: impl Fn(&Value) -> bool,
    runs: impl Fn(&Str) -> bool,
) -> Work {
    let (mut delete, mut unwanted) = (Vec::new(), Vec::new());
    let (mut allowed, mut candidates) = (Vec::new(), Vec::new());
    let (mut surging, mut up) = (0, 0);
    for (name, on_node) in nodes {
        let Some((new, old)) = new_and_old(on_node, hash) else {
            surging += 1;
            continue;
        };
        up += i64::from(old.or(new).is_some_and(&available));
        match (new, old) {
            (_, None) => {}
            (None, Some(old)) => match (available(old), runs(name)) {
                (false, false) => delete.push(old.clone()),
                (false, true) => allowed.push(name.clone()),
                (true, false) => unwanted.push(old.clone()),
                (true, true) if surging < surge => candidates.push(name.clone()),
                (true, true) => {}
            },
            (Some(new), Some(old)) => {
                if available(new) {
                    delete.push(old.clone());
                } else {
                    surging += 1;
                }
            }
        }
    }
    unwanted.truncate((up - desired).max(0) as usize);
    delete.extend(unwanted);
    candidates.truncate((surge - surging).max(0) as usize);
    allowed.extend(candidates);
    Work { create_on: allowed, delete }
}
