//! What a pod requests and what a node has, as numbers.
//!
//! Models `pkg/api/v1/resource` (PodRequests) and `pkg/scheduler/framework` (Resource).

use ordered::BTreeMap;

use objects::quantity::Quantity;
use objects::{Str, Value};

/// What a container without a request is counted with when nodes are scored, as upstream does: 0.1 CPU, 200 MiB.
pub const DEFAULT_MILLI_CPU: i64 = 100;
pub const DEFAULT_MEMORY: i64 = 200 * 1024 * 1024;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources {
    pub milli_cpu: i64,
    pub memory: i64,
    pub ephemeral_storage: i64,
    pub pods: i64,
    /// Extended resources and huge pages.
    pub scalar: BTreeMap<Str, i64>,
}

impl Resources {
    /// From a map of quantities (`resources.requests`, `status.allocatable`). What can't be read counts as absent.
    #[must_use]
    pub fn from_list(list: &Value) -> Self {
        let mut r = Self::default();
        for (name, amount) in list.entries() {
            let Some(q) = quantity(amount) else { continue };
            match name.as_str() {
                "cpu" => r.milli_cpu = q.milli_value(),
                "memory" => r.memory = q.value(),
                "ephemeral-storage" => r.ephemeral_storage = q.value(),
                "pods" => r.pods = q.value(),
                _ => {
                    r.scalar.insert(name.clone(), q.value());
                }
            }
        }
        r
    }

    pub fn add(&mut self, other: &Self) {
        self.combine(other, i64::saturating_add);
    }

    pub fn subtract(&mut self, other: &Self) {
        self.combine(other, i64::saturating_sub);
    }

    pub fn at_least(&mut self, other: &Self) {
        self.combine(other, i64::max);
    }

    /// The amount of a resource by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> i64 {
        match name {
            "cpu" => self.milli_cpu,
            "memory" => self.memory,
            "ephemeral-storage" => self.ephemeral_storage,
            "pods" => self.pods,
            _ => self.scalar.get(name).copied().unwrap_or(0),
        }
    }

    fn combine(&mut self, other: &Self, f: impl Fn(i64, i64) -> i64) {
        self.milli_cpu = f(self.milli_cpu, other.milli_cpu);
        self.memory = f(self.memory, other.memory);
        self.ephemeral_storage = f(self.ephemeral_storage, other.ephemeral_storage);
        for (name, amount) in &other.scalar {
            let mine = self.scalar.entry(name.clone()).or_default();
            *mine = f(*mine, *amount);
        }
    }
}

/// A quantity from its text or number.
#[must_use]
pub fn quantity(v: &Value) -> Option<Quantity> {
    match v {
        Value::Str(s) => Quantity::parse(s).ok(),
        Value::Int(i) => Quantity::parse(&i.to_string()).ok(),
        _ => None,
    }
}

/// What a pod requests: its containers together, or its largest init container if that is more.
#[must_use]
pub fn pod_requests(spec: &Value) -> Resources {
    sum(spec, |c| Resources::from_list(&c["resources"]["requests"]))
}

/// The same, with a container that requests nothing counted at the default: for scoring only.
#[must_use]
pub fn pod_requests_for_scoring(spec: &Value) -> Resources {
    sum(spec, |c| {
        let requests = &c["resources"]["requests"];
        let mut r = Resources::from_list(requests);
        if requests.find("cpu").is_none() {
            r.milli_cpu = DEFAULT_MILLI_CPU;
        }
        if requests.find("memory").is_none() {
            r.memory = DEFAULT_MEMORY;
        }
        r
    })
}

fn sum(spec: &Value, of: impl Fn(&Value) -> Resources) -> Resources {
    let mut total = Resources::default();
    for c in spec["containers"].items() {
        total.add(&of(c));
    }
    let mut sidecars = Resources::default();
    let mut largest_init = Resources::default();
    for c in spec["initContainers"].items() {
        let mut needs = of(c);
        if c["restartPolicy"] == "Always" {
            total.add(&needs);
            sidecars.add(&needs);
            needs = sidecars.clone();
        } else {
            needs.add(&sidecars);
        }
        largest_init.at_least(&needs);
    }
    total.at_least(&largest_init);
    let pod_level = Resources::from_list(&spec["resources"]["requests"]);
    if pod_level.milli_cpu > 0 {
        total.milli_cpu = pod_level.milli_cpu;
    }
    if pod_level.memory > 0 {
        total.memory = pod_level.memory;
    }
    total.add(&Resources::from_list(&spec["overhead"]));
    total
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn a_pod_needs_its_containers_or_its_largest_init_container() {
        let spec = value!({
            "initContainers": [
                {"name": "side", "restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}},
                {"name": "big", "resources": {"requests": {"cpu": "2", "memory": "1Gi"}}}
            ],
            "containers": [
                {"name": "a", "resources": {"requests": {"cpu": "500m", "memory": "64Mi"}}},
                {"name": "b", "resources": {"requests": {"cpu": "250m", "nvidia.com/gpu": "1"}}}
            ],
        });
        let r = pod_requests(&spec);
        assert_eq!((r.milli_cpu, r.memory), (2100, 1 << 30));
        assert_eq!(r.scalar.get("nvidia.com/gpu"), Some(&1));
    }

    #[test]
    fn scoring_counts_a_silent_container_at_the_default() {
        let r = pod_requests_for_scoring(&value!({"containers": [{"name": "a"}, {"name": "b"}]}));
        assert_eq!((r.milli_cpu, r.memory), (200, 2 * DEFAULT_MEMORY));
    }
}
