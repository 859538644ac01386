//! metrics-server: asks every kubelet what its pods use, and makes rates of two answers.
//!
//! Owns: when it asks (every 15 s while an APIService registers `metrics.k8s.io`), the counters of the time before,
//! windows. Does not own: counting (kubelets), the API that tells of it (apiserver), whether its pod answers
//! (the APIService's condition).
//! Models sigs.k8s.io/metrics-server `pkg/scraper` and `pkg/storage`: a container younger than one period counts from
//! its start if that is 10 s ago, else it has no metrics yet; a pod is told when all its containers are.
//! Not modelled: a scrape that fails, `--metric-resolution`.
//!
//! Cost: one look at each running container a period.

use apiserver::Sample;
use clock::{Millis, Time};
use objects::Str;
use ordered::BTreeMap;

use crate::Cluster;
use crate::event_loop::Due;

const RESOLUTION_MS: Millis = 15_000;
/// A container must have run this long to have a rate from its start.
const FRESH_MS: Millis = 10_000;
const SERVICE: &str = "v1beta1.metrics.k8s.io";

#[derive(Clone, Copy, Debug)]
struct Point {
    at: Time,
    since: Time,
    cpu_us: i64,
}

/// Plain data.
#[derive(Clone, Debug, Default)]
pub(crate) struct MetricsServer {
    ticking: bool,
    /// The last answers, by pod's uid and container.
    points: BTreeMap<(Str, Str), Point>,
    nodes: BTreeMap<Str, Time>,
}

/// Billionths of a core between two points, and the window.
fn rate(before: Option<&Point>, now: Point) -> Option<(i64, Millis)> {
    let old = match before {
        Some(p) if p.since == now.since && p.at < now.at => *p,
        _ => {
            let age = now.at.since(now.since);
            if !(FRESH_MS..RESOLUTION_MS).contains(&age) {
                return None;
            }
            Point { at: now.since, since: now.since, cpu_us: 0 }
        }
    };
    let window = now.at.since(old.at);
    // A millionth of a second of a core in a thousandth of a second is a thousandth of a core.
    Some(((now.cpu_us - old.cpu_us).max(0).saturating_mul(1_000_000) / window.max(1), window))
}

impl Cluster {
    /// An APIService has changed: the metrics server may have work from now on.
    pub(crate) fn api_service_changed(&mut self, name: &str) {
        if name == SERVICE && !self.metrics_server.ticking {
            self.metrics_server.ticking = true;
            self.due.set(self.now + 1, Due::Scrape);
        }
    }

    pub(crate) fn scrape(&mut self) {
        if self.api.aggregated("metrics.k8s.io", "v1beta1").is_none() {
            self.metrics_server = MetricsServer::default();
            let measured = self.api.measured_mut();
            measured.nodes.clear();
            measured.pods.clear();
            return;
        }
        let now = self.now;
        self.due.set(now + RESOLUTION_MS, Due::Scrape);
        let mut points = BTreeMap::new();
        let mut nodes = BTreeMap::new();
        let (mut node_samples, mut pod_samples) = (BTreeMap::new(), BTreeMap::new());
        for kubelet in self.parts.iter().filter_map(crate::part::Part::kubelet) {
            let node = Str::from(kubelet.node());
            // One that is gone, or does not answer.
            if self.api.get("nodes", "", &node).is_none() || self.node_fault(&node).is_some() {
                continue;
            }
            let usage = kubelet.node_usage(now);
            let mut nanos = usage.system_millis.saturating_mul(1_000_000);
            for pod in usage.pods {
                let mut parts = Some(Vec::with_capacity(pod.containers.len()));
                let mut window = RESOLUTION_MS;
                for c in pod.containers {
                    let key = (pod.uid.clone(), c.name.clone());
                    let point = Point { at: now, since: c.since, cpu_us: c.cpu_us };
                    let found = rate(self.metrics_server.points.get(&key), point);
                    points.insert(key, point);
                    nanos = nanos.saturating_add(found.map_or(c.cpu_millis * 1_000_000, |(n, _)| n));
                    match found {
                        Some((n, w)) => {
                            window = window.min(w);
                            if let Some(parts) = &mut parts {
                                parts.push((c.name, n, c.memory_bytes));
                            }
                        }
                        None => parts = None,
                    }
                }
                if let Some(parts) = parts {
                    pod_samples.insert(pod.pod, Sample { at: now, window, parts });
                }
            }
            if let Some(before) = self.metrics_server.nodes.get(&node) {
                let parts = vec![(Str::default(), nanos, usage.memory_bytes)];
                node_samples.insert(node.clone(), Sample { at: now, window: now.since(*before), parts });
            }
            nodes.insert(node, now);
        }
        self.metrics_server.points = points;
        self.metrics_server.nodes = nodes;
        let measured = self.api.measured_mut();
        measured.nodes = node_samples;
        measured.pods = pod_samples;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_need_two_points_or_a_start_of_late() {
        let p = |at, since, cpu_us| Point { at: Time(at), since: Time(since), cpu_us };
        let old = p(15_000, 0, 1_000_000);
        let table = [
            (Some(old), p(30_000, 0, 4_000_000), Some((200_000_000, 15_000))),
            // Started anew in between: 12 s ago, then 5 s ago.
            (Some(old), p(30_000, 18_000, 1_200_000), Some((100_000_000, 12_000))),
            (Some(old), p(30_000, 25_000, 1_200_000), None),
            (None, p(15_000, 0, 9), None),
            (None, p(15_000, 3_000, 1_200_000), Some((100_000_000, 12_000))),
        ];
        for (before, now, wanted) in table {
            assert_eq!(rate(before.as_ref(), now), wanted, "{before:?} {now:?}");
        }
    }
}
