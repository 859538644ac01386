//! A node as the autoscaler imagines it: what it has left, and whether a pod would run there.
//!
//! Models `cluster-autoscaler/simulator`, which asks the scheduler's own plugins. Of these NodeAffinity,
//! NodeResourcesFit, InterPodAffinity (required terms) and what a pod's claims wait for are here, with the scheduler's
//! texts. Not modelled: topology spread, ports of the node, namespaces of affinity terms by label.

use objects::requests::{amount, requested};
use objects::selector::LabelSelector;
use objects::{Value, node_selector, value};

use super::{GROUP_LABEL, NodeGroup};

const HOSTNAME: &str = "kubernetes.io/hostname";
/// What a kubelet keeps free of its node's memory: its hard eviction threshold.
const KEPT_BYTES: i64 = 100 << 20;
const PODS_MAX: i64 = 110;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Room {
    pub(super) cpu: i64,
    pub(super) memory: i64,
    pub(super) pods: i64,
}

impl Room {
    pub(super) fn of_node(list: &Value) -> Self {
        Self {
            cpu: amount("cpu", &list["cpu"]),
            memory: amount("memory", &list["memory"]),
            pods: amount("pods", &list["pods"]),
        }
    }

    pub(super) fn of_spec(spec: &Value) -> Self {
        Self { cpu: requested(spec, "cpu"), memory: requested(spec, "memory"), pods: 1 }
    }

    pub(super) fn take(&mut self, want: Self) {
        self.cpu -= want.cpu;
        self.memory -= want.memory;
        self.pods -= want.pods;
    }
}

/// A node with the pods on it, those that are only imagined there included.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) node: Value,
    room: Room,
    pods: Vec<Value>,
}

/// The terms of a pod's required affinity or anti-affinity.
fn terms<'a>(pod: &'a Value, kind: &str) -> &'a [Value] {
    pod["spec"]["affinity"][kind]["requiredDuringSchedulingIgnoredDuringExecution"].items()
}

/// Whether a term of one pod means another.
fn means(term: &Value, of: &Value, other: &Value) -> bool {
    let named = term["namespaces"].items();
    let there = if named.is_empty() {
        of.namespace() == other.namespace()
    } else {
        named.iter().any(|n| n == other.namespace())
    };
    there && LabelSelector::from_value(&term["labelSelector"]).is_ok_and(|s| s.matches(other.labels()))
}

impl Place {
    /// A node that is there, with its pods.
    pub(super) fn real<'a>(node: &Value, pods: impl Iterator<Item = &'a Value>) -> Self {
        let mut place = Self {
            node: node.clone(),
            room: Room::of_node(&node["status"]["allocatable"]),
            pods: Vec::new(),
        };
        for pod in pods {
            place.put(pod.clone());
        }
        place
    }

    /// A new node of a group; the pods of these DaemonSets come with it.
    pub(super) fn new<'a>(group: &NodeGroup, daemon_sets: impl Iterator<Item = &'a Value>) -> Self {
        let mut labels =
            value!({"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", GROUP_LABEL: (&group.name)});
        for (key, text) in &group.labels {
            labels.set(key.clone(), text);
        }
        let node = value!({"metadata": {"name": (format!("template-{}", group.name)), "labels": (labels)}});
        let room = Room {
            cpu: amount("cpu", &Value::Str(group.cpu.clone())),
            memory: amount("memory", &Value::Str(group.memory.clone())) - KEPT_BYTES,
            pods: PODS_MAX,
        };
        let mut place = Self { node, room, pods: Vec::new() };
        for set in daemon_sets {
            let template = &set["spec"]["template"];
            if node_selector::spec_matches(&template["spec"], &place.node) {
                place.put(template.clone());
            }
        }
        place
    }

    fn put(&mut self, pod: Value) {
        self.room.take(Room::of_spec(&pod["spec"]));
        self.pods.push(pod);
    }

    /// Imagines the pod here, if it would run here beside all others.
    pub(super) fn take(&mut self, pod: &Value, all: &[Place]) -> bool {
        let fits = self.refusals(pod, all).is_empty();
        if fits {
            self.put(pod.clone());
        }
        fits
    }

    /// What a pod that can go nowhere by itself waits for.
    fn claims(pod: &Value) -> Option<&'static str> {
        let said = pod.condition("PodScheduled")["message"].text();
        let unbound = "pod has unbound immediate PersistentVolumeClaims";
        said.contains(unbound).then_some(unbound)
    }

    /// Why a pod would not run here; nothing: it would.
    pub(super) fn refusals(&self, pod: &Value, all: &[Place]) -> Vec<&'static str> {
        if !node_selector::spec_matches(&pod["spec"], &self.node) {
            return vec!["node(s) didn't match Pod's node affinity/selector"];
        }
        let want = Room::of_spec(&pod["spec"]);
        let lacks = [
            (want.pods > self.room.pods, "Too many pods"),
            (want.cpu > 0 && want.cpu > self.room.cpu, "Insufficient cpu"),
            (want.memory > 0 && want.memory > self.room.memory, "Insufficient memory"),
        ];
        let lacks: Vec<&'static str> =
            lacks.into_iter().filter(|(lack, _)| *lack).map(|(_, why)| why).collect();
        if !lacks.is_empty() {
            return lacks;
        }
        Self::claims(pod).or_else(|| self.kin(pod, all)).into_iter().collect()
    }

    /// The pods that share a place's value of a topology key with this one.
    fn around<'a>(&'a self, key: &'a str, all: &'a [Place]) -> impl Iterator<Item = &'a Value> {
        let here = &self.node.labels()[key];
        let same = move |p: &&Place| key != HOSTNAME && !here.is_null() && p.node.labels()[key] == *here;
        let near = all.iter().filter(same).filter(|p| p.node.name() != self.node.name());
        self.pods.iter().chain(near.flat_map(|p| p.pods.iter()))
    }

    fn kin(&self, pod: &Value, all: &[Place]) -> Option<&'static str> {
        for term in terms(pod, "podAffinity") {
            let key = term["topologyKey"].text();
            let mut others = all.iter().flat_map(|p| p.pods.iter());
            let first = means(term, pod, pod) && !others.any(|o| means(term, pod, o));
            if !first && !self.around(key, all).any(|o| means(term, pod, o)) {
                return Some("node(s) didn't match pod affinity rules");
            }
        }
        for term in terms(pod, "podAntiAffinity") {
            if self.around(term["topologyKey"].text(), all).any(|o| means(term, pod, o)) {
                return Some("node(s) didn't match pod anti-affinity rules");
            }
        }
        let repels = |o: &Value| terms(o, "podAntiAffinity").iter().any(|t| means(t, o, pod));
        self.pods.iter().any(repels).then_some("node(s) didn't satisfy existing pods anti-affinity rules")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> NodeGroup {
        NodeGroup {
            name: "ng".into(),
            min: 0,
            max: 3,
            cpu: "2".into(),
            memory: "4Gi".into(),
            labels: vec![("zone".into(), "a".into())],
        }
    }

    fn pod(name: &str, mut spec: Value, cpu: &str) -> Value {
        spec.set("containers", vec![value!({"name": "c", "resources": {"requests": {"cpu": (cpu)}}})]);
        value!({"metadata": {"name": (name), "namespace": "default", "labels": {"app": (name)}}, "spec": (spec)})
    }

    fn rule(kind: &'static str, key: &str, app: &str) -> Value {
        let term = value!({"topologyKey": (key), "labelSelector": {"matchLabels": {"app": (app)}}});
        value!({"affinity": {(kind): {"requiredDuringSchedulingIgnoredDuringExecution": [(term)]}}})
    }

    #[test]
    fn why_a_pod_would_not_run_on_a_new_node() {
        let table: [(Value, &str, &[&str]); 8] = [
            (value!({}), "2", &[]),
            (value!({}), "3", &["Insufficient cpu"]),
            (value!({"nodeSelector": {"zone": "a", "node-group": "ng"}}), "1", &[]),
            (
                value!({"nodeSelector": {"zone": "b"}}),
                "1",
                &["node(s) didn't match Pod's node affinity/selector"],
            ),
            (rule("podAffinity", "zone", "db"), "1", &["node(s) didn't match pod affinity rules"]),
            (rule("podAffinity", "zone", "web"), "1", &[]),
            (rule("podAntiAffinity", "kubernetes.io/hostname", "old"), "1", &[]),
            (rule("podAntiAffinity", "zone", "old"), "1", &["node(s) didn't match pod anti-affinity rules"]),
        ];
        let old = pod("old", value!({}), "1");
        let node = value!({"metadata": {"name": "n", "labels": {"zone": "a"}},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}});
        let all = [Place::real(&node, [&old].into_iter())];
        for (spec, cpu, want) in table {
            let p = pod("web", spec, cpu);
            assert_eq!(Place::new(&group(), [].into_iter()).refusals(&p, &all), want, "{p:?}");
        }
    }

    #[test]
    fn pods_that_are_placed_take_room_and_repel() {
        let set = value!({"spec": {"template": (pod("agent", value!({}), "500m"))}});
        let mut place = Place::new(&group(), [&set].into_iter());
        let apart = pod("web", rule("podAntiAffinity", "kubernetes.io/hostname", "web"), "500m");
        assert!(place.take(&apart, &[]));
        assert_eq!(place.refusals(&apart, &[]), ["node(s) didn't match pod anti-affinity rules"]);
        assert!(place.take(&pod("api", value!({}), "1"), &[]));
        assert_eq!(place.refusals(&pod("api", value!({}), "1m"), &[]), ["Insufficient cpu"]);
    }
}
