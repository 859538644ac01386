//! What the stage shows of one object, read from the object once per write.
//!
//! Owns: the reading of fields. Does not own: words in a language, places, or relations between objects
//! (they are ids here; `model` looks them up).

use std::rc::Rc;

use objects::Value;
use smol_str::{SmolStr, format_smolstr};

use crate::format::{bytes, millicpu, short_image};
use crate::state_words::{PodState, pod_state, status_word};

/// Names one object on the page: `pods/default/web-0`, `nodes//worker-1`.
pub type ObjectId = SmolStr;

#[must_use]
pub fn object_id(resource: &str, namespace: &str, name: &str) -> ObjectId {
    format_smolstr!("{resource}/{namespace}/{name}")
}

/// Resource, namespace and name of an id.
#[must_use]
pub fn split_id(id: &str) -> (&str, &str, &str) {
    let (resource, rest) = id.split_once('/').unwrap_or((id, ""));
    let (namespace, name) = rest.split_once('/').unwrap_or(("", rest));
    (resource, namespace, name)
}

/// The resource whose objects an owner reference of this kind names; `""` for kinds the stage doesn't draw.
#[must_use]
pub fn owner_resource(kind: &str) -> &'static str {
    match kind {
        "Deployment" => "deployments.apps",
        "ReplicaSet" => "replicasets.apps",
        "StatefulSet" => "statefulsets.apps",
        "DaemonSet" => "daemonsets.apps",
        "Job" => "jobs.batch",
        "CronJob" => "cronjobs.batch",
        "ReplicationController" => "replicationcontrollers",
        _ => "",
    }
}

/// The kind as a text that lives as long as the page.
#[must_use]
pub fn kind_name(kind: &str) -> &'static str {
    const KINDS: [&str; 7] =
        ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicationController"];
    KINDS.into_iter().find(|known| *known == kind).unwrap_or("")
}

/// The id of the object that controls `object`, or `""`.
fn owner_id(object: &Value) -> ObjectId {
    let owner = object.controller_ref();
    match owner_resource(owner.get("kind").text()) {
        "" => ObjectId::default(),
        resource => object_id(resource, object.namespace(), owner.get("name").text()),
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct PodFacts {
    pub id: ObjectId,
    pub namespace: SmolStr,
    pub name: SmolStr,
    /// `""` until the scheduler has chosen.
    pub node: SmolStr,
    /// `""` when nothing controls it.
    pub owner: ObjectId,
    pub state: PodState,
    /// The STATUS word of kubectl.
    pub word: SmolStr,
    /// Of the first container, shortened.
    pub image: SmolStr,
    pub containers: usize,
    pub ip: SmolStr,
    /// The first port a container declares; 0 without one.
    pub port: i64,
    pub restarts: i64,
    /// When the grace period ends, in ms; 0 unless it is ending.
    pub ends_at: i64,
    /// Requested, in thousandths of a cpu.
    pub milli: i64,
    /// Requested memory.
    pub bytes: i64,
    pub labels: Value,
    /// What its environment and its volumes name.
    pub uses: Rc<[Use]>,
}

/// How a pod uses something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Env,
    Mount,
}

/// A ConfigMap, Secret or claim that a pod names.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    pub id: ObjectId,
    pub how: How,
    /// The pod starts without it.
    pub optional: bool,
}

/// What the spec of a pod names, each thing once. The certificate that every pod gets is not worth a line.
#[must_use]
pub fn uses(namespace: &str, spec: &Value) -> Vec<Use> {
    let mut out: Vec<Use> = Vec::new();
    let mut put = |resource: &str, name: &str, how: How, optional: bool| {
        if name.is_empty() || name == ROOT_CA {
            return;
        }
        let id = object_id(resource, namespace, name);
        match out.iter_mut().find(|u| u.id == id && u.how == how) {
            Some(old) => old.optional &= optional,
            None => out.push(Use { id, how, optional }),
        }
    };
    let volume = |v: &Value, put: &mut dyn FnMut(&str, &str, How, bool)| {
        let (map, secret) = (v.get("configMap"), v.get("secret"));
        put("configmaps", map.get("name").text(), How::Mount, map.get("optional").is_true());
        let name = match secret.get("secretName").text() {
            "" => secret.get("name").text(),
            name => name,
        };
        put("secrets", name, How::Mount, secret.get("optional").is_true());
    };
    for v in spec.get("volumes").items() {
        volume(v, &mut put);
        put(CLAIMS, v.at(&["persistentVolumeClaim", "claimName"]).text(), How::Mount, false);
        for source in v.at(&["projected", "sources"]).items() {
            volume(source, &mut put);
        }
    }
    let containers = ["initContainers", "containers"].into_iter().flat_map(|kind| spec.get(kind).items());
    for container in containers {
        for from in container.get("envFrom").items() {
            let (map, secret) = (from.get("configMapRef"), from.get("secretRef"));
            put("configmaps", map.get("name").text(), How::Env, map.get("optional").is_true());
            put("secrets", secret.get("name").text(), How::Env, secret.get("optional").is_true());
        }
        for from in container.get("env").items().iter().map(|e| e.get("valueFrom")) {
            let (map, secret) = (from.get("configMapKeyRef"), from.get("secretKeyRef"));
            put("configmaps", map.get("name").text(), How::Env, map.get("optional").is_true());
            put("secrets", secret.get("name").text(), How::Env, secret.get("optional").is_true());
        }
    }
    out
}

/// In every namespace, written by the cluster itself.
const ROOT_CA: &str = "kube-root-ca.crt";
pub const CLAIMS: &str = "persistentvolumeclaims";

/// Something that pods use or that leads requests in: its kind, and in words what is to know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ThingFacts {
    pub id: ObjectId,
    pub kind: &'static str,
    pub namespace: SmolStr,
    pub name: SmolStr,
    pub labels: Value,
    /// `2 keys` has no language here: the number alone, the size and phase of a volume, the host of an Ingress.
    pub note: SmolStr,
    /// A claim that is not bound, a door without an address.
    pub waits: bool,
    /// What it leads to: Services behind a door, the volume behind a claim, the Gateway above a route.
    pub links: Vec<ObjectId>,
}

/// The kind and the place on the stage of a resource that is neither node, pod, owner nor Service.
#[must_use]
pub fn thing_kind(resource: &str) -> Option<&'static str> {
    Some(match resource {
        "configmaps" => "ConfigMap",
        "secrets" => "Secret",
        CLAIMS => "PersistentVolumeClaim",
        "persistentvolumes" => "PersistentVolume",
        "ingresses.networking.k8s.io" => "Ingress",
        "gateways.gateway.networking.k8s.io" => "Gateway",
        "httproutes.gateway.networking.k8s.io" => "HTTPRoute",
        _ => return None,
    })
}

/// True for what leads requests in.
#[must_use]
pub fn is_door(kind: &str) -> bool {
    matches!(kind, "Ingress" | "Gateway" | "HTTPRoute")
}

impl ThingFacts {
    /// None for what the cluster writes for itself, and for a volume that belongs to a claim: the claim shows it.
    #[must_use]
    #[inline(never)]
    pub fn of(kind: &'static str, resource: &str, object: &Value) -> Option<Self> {
        let (namespace, name) = (object.namespace(), object.name());
        let (spec, status) = (object.get("spec"), object.get("status"));
        let service = |name: &str, place: &str| {
            object_id("services", if place.is_empty() { namespace } else { place }, name)
        };
        let mut links: Vec<ObjectId> = Vec::new();
        let mut waits = false;
        let note = match kind {
            "ConfigMap" | "Secret" => {
                let system = name == ROOT_CA
                    || object.get("type") == "kubernetes.io/service-account-token"
                    || object.get("type") == "bootstrap.kubernetes.io/token";
                if system {
                    return None;
                }
                let count = ["data", "binaryData", "stringData"].map(|at| object.get(at).entries().len());
                format_smolstr!("{}", count.iter().sum::<usize>())
            }
            "PersistentVolumeClaim" => {
                let phase = status.get("phase").text();
                waits = phase != "Bound";
                let volume = spec.get("volumeName").text();
                if !volume.is_empty() {
                    links.push(object_id("persistentvolumes", "", volume));
                }
                let size = match status.at(&["capacity", "storage"]) {
                    Value::Null => spec.at(&["resources", "requests", "storage"]),
                    size => size,
                };
                match waits {
                    true => format_smolstr!("{} {phase}", size.text()),
                    false => size.text().into(),
                }
            }
            "PersistentVolume" => {
                if !spec.get("claimRef").is_null() && status.get("phase") == "Bound" {
                    return None;
                }
                format_smolstr!("{} {}", spec.at(&["capacity", "storage"]).text(), status.get("phase").text())
            }
            "Ingress" => {
                let mut backend = |b: &Value| match b.at(&["service", "name"]).text() {
                    "" => {}
                    name => links.push(service(name, "")),
                };
                backend(spec.get("defaultBackend"));
                let rules = spec.get("rules").items();
                rules
                    .iter()
                    .flat_map(|r| r.at(&["http", "paths"]).items())
                    .for_each(|p| backend(p.get("backend")));
                waits = status.at(&["loadBalancer", "ingress"]).items().is_empty();
                rules.first().map(|r| r.get("host").text()).unwrap_or_default().into()
            }
            "HTTPRoute" => {
                for backend in spec.get("rules").items().iter().flat_map(|r| r.get("backendRefs").items()) {
                    links.push(service(backend.get("name").text(), backend.get("namespace").text()));
                }
                for gate in spec.get("parentRefs").items() {
                    let place = match gate.get("namespace").text() {
                        "" => namespace,
                        place => place,
                    };
                    links.push(object_id(
                        "gateways.gateway.networking.k8s.io",
                        place,
                        gate.get("name").text(),
                    ));
                }
                spec.get("hostnames").items().first().map(Value::text).unwrap_or_default().into()
            }
            _ => {
                waits = status.get("addresses").items().is_empty();
                let ports = spec.get("listeners").items().iter().map(|l| l.get("port").int().to_string());
                ports.collect::<Vec<_>>().join(" ").into()
            }
        };
        links.sort();
        links.dedup();
        Some(Self {
            id: object_id(resource, namespace, name),
            kind,
            namespace: namespace.into(),
            name: name.into(),
            labels: object.labels().clone(),
            note,
            waits,
            links,
        })
    }
}

impl PodFacts {
    #[must_use]
    #[inline(never)]
    pub fn of(pod: &Value) -> Self {
        let word = status_word(pod);
        let spec = pod.get("spec");
        let containers = spec.get("containers").items();
        let port =
            containers.iter().flat_map(|c| c.get("ports").items()).map(|p| p.get("containerPort").int());
        Self {
            id: object_id("pods", pod.namespace(), pod.name()),
            namespace: pod.namespace().into(),
            name: pod.name().into(),
            node: spec.get("nodeName").text().into(),
            owner: owner_id(pod),
            state: pod_state(pod, &word),
            word,
            image: containers.first().map(|c| short_image(c.get("image").text())).unwrap_or_default().into(),
            containers: containers.len(),
            ip: pod.at(&["status", "podIP"]).text().into(),
            port: port.into_iter().next().unwrap_or(0),
            restarts: pod
                .at(&["status", "containerStatuses"])
                .items()
                .iter()
                .map(|c| c.get("restartCount").int())
                .sum(),
            ends_at: pod.deletion_time().map_or(0, |at| at.0),
            milli: containers.iter().map(|c| millicpu(c.at(&["resources", "requests", "cpu"]))).sum(),
            bytes: containers.iter().map(|c| bytes(c.at(&["resources", "requests", "memory"]))).sum(),
            labels: pod.labels().clone(),
            uses: uses(pod.namespace(), spec).into(),
        }
    }
}

/// A Deployment, ReplicaSet, StatefulSet, DaemonSet or Job.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnerFacts {
    pub id: ObjectId,
    pub kind: SmolStr,
    pub namespace: SmolStr,
    pub name: SmolStr,
    /// The id of what controls it, or `""`.
    pub owner: ObjectId,
    pub desired: i64,
    pub existing: i64,
    pub ready: i64,
    /// Of the rollout history; 0 for what has none.
    pub revision: i64,
    pub image: SmolStr,
    /// Pods it may have above `desired`, for a Deployment that rolls.
    pub surge: i64,
    /// Pods it may lack, for a Deployment that rolls.
    pub unavailable: i64,
    pub ending: bool,
    pub labels: Value,
}

impl OwnerFacts {
    #[must_use]
    #[inline(never)]
    pub fn of(resource: &str, object: &Value) -> Self {
        let (spec, status) = (object.get("spec"), object.get("status"));
        let (desired, existing, ready) = match resource {
            "daemonsets.apps" => (
                status.get("desiredNumberScheduled").int(),
                status.get("currentNumberScheduled").int(),
                status.get("numberReady").int(),
            ),
            "jobs.batch" => (
                spec.get("completions").int_or(1),
                status.get("active").int() + status.get("succeeded").int(),
                status.get("succeeded").int(),
            ),
            _ => (
                spec.get("replicas").int_or(1),
                status.get("replicas").int(),
                status.get("readyReplicas").int(),
            ),
        };
        let rolling = spec.at(&["strategy", "rollingUpdate"]);
        let (surge, unavailable) =
            if resource == "deployments.apps" && spec.at(&["strategy", "type"]) != "Recreate" {
                fenceposts(rolling.get("maxSurge"), rolling.get("maxUnavailable"), desired)
            } else {
                (0, 0)
            };
        let image =
            spec.at(&["template", "spec", "containers"]).items().first().map(|c| c.get("image").text());
        Self {
            id: object_id(resource, object.namespace(), object.name()),
            kind: kind_of(resource, object),
            namespace: object.namespace().into(),
            name: object.name().into(),
            owner: owner_id(object),
            desired,
            existing,
            ready,
            revision: object
                .annotations()
                .get("deployment.kubernetes.io/revision")
                .text()
                .parse()
                .unwrap_or(0),
            image: short_image(image.unwrap_or_default()).into(),
            surge,
            unavailable,
            ending: object.is_terminating(),
            labels: object.labels().clone(),
        }
    }
}

fn kind_of(resource: &str, object: &Value) -> SmolStr {
    match object.kind() {
        "" => objects::resources::by_id(resource).map(|r| r.kind.clone()).unwrap_or_default(),
        kind => kind.into(),
    }
}

/// maxSurge and maxUnavailable in pods. Models pkg/controller/deployment/util (`ResolveFenceposts`).
fn fenceposts(surge: &Value, unavailable: &Value, desired: i64) -> (i64, i64) {
    let surge = int_or_percent(surge, 25, desired, true);
    match (surge, int_or_percent(unavailable, 25, desired, false)) {
        (0, 0) => (0, 1),
        both => both,
    }
}

fn int_or_percent(value: &Value, default: i64, of: i64, up: bool) -> i64 {
    if let Some(whole) = value.as_int() {
        return whole;
    }
    let percent = value.text().strip_suffix('%').and_then(|n| n.parse().ok()).unwrap_or(default);
    (percent * of + if up { 99 } else { 0 }) / 100
}

#[derive(Clone, Debug, PartialEq)]
pub struct NodeFacts {
    pub id: ObjectId,
    pub name: SmolStr,
    pub control_plane: bool,
    pub ready: bool,
    /// When the Ready condition last changed, in ms.
    pub since: i64,
    pub cordoned: bool,
    /// `MemoryPressure`, `DiskPressure` or `PIDPressure`; `""` without any.
    pub pressure: &'static str,
    /// Allocatable, in thousandths of a cpu.
    pub milli: i64,
    /// Allocatable memory.
    pub bytes: i64,
    /// Pods it may hold.
    pub room: i64,
    /// The zone and the group it belongs to; `""` without.
    pub zone: SmolStr,
    pub pool: SmolStr,
}

impl NodeFacts {
    #[must_use]
    pub fn of(node: &Value) -> Self {
        let ready = node.condition("Ready");
        let pressure = ["MemoryPressure", "DiskPressure", "PIDPressure"];
        Self {
            id: object_id("nodes", "", node.name()),
            name: node.name().into(),
            control_plane: node.labels().find("node-role.kubernetes.io/control-plane").is_some(),
            ready: ready.get("status") == "True",
            since: ready.get("lastTransitionTime").time().map_or(0, |at| at.0),
            cordoned: node.at(&["spec", "unschedulable"]).is_true(),
            pressure: pressure.into_iter().find(|kind| node.condition_true(kind)).unwrap_or(""),
            milli: millicpu(node.at(&["status", "allocatable", "cpu"])),
            bytes: bytes(node.at(&["status", "allocatable", "memory"])),
            room: bytes(node.at(&["status", "allocatable", "pods"])),
            zone: node.labels().get("topology.kubernetes.io/zone").text().into(),
            pool: ["node-group", "pool"].map(|key| node.labels().get(key).text()).concat().into(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ServiceFacts {
    pub id: ObjectId,
    pub namespace: SmolStr,
    pub name: SmolStr,
    pub kind: SmolStr,
    /// `None` for a headless Service.
    pub ip: SmolStr,
    /// `80 → 8080` or `80:30080`, first port only.
    pub ports: SmolStr,
    pub port: i64,
    pub has_selector: bool,
    pub labels: Value,
}

impl ServiceFacts {
    #[must_use]
    #[inline(never)]
    pub fn of(service: &Value) -> Self {
        let spec = service.get("spec");
        let first = spec.get("ports").items().first().cloned().unwrap_or_default();
        let port = first.get("port").int();
        let target = match first.get("targetPort") {
            Value::Null => format_smolstr!("{port}"),
            name if name.as_int().is_none() => name.text().into(),
            number => format_smolstr!("{}", number.int()),
        };
        let ports = match first.get("nodePort").int() {
            _ if port == 0 => SmolStr::default(),
            0 => format_smolstr!("{port} → {target}"),
            node => format_smolstr!("{port}:{node} → {target}"),
        };
        Self {
            id: object_id("services", service.namespace(), service.name()),
            namespace: service.namespace().into(),
            name: service.name().into(),
            kind: spec.get("type").text().into(),
            ip: spec.get("clusterIP").text().into(),
            ports,
            port,
            has_selector: !spec.get("selector").is_null(),
            labels: service.labels().clone(),
        }
    }
}

/// One endpoint of a slice.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// The id of the pod, `""` for an address that is no pod's.
    pub pod: ObjectId,
    pub ready: bool,
    pub terminating: bool,
}

/// The endpoints of an EndpointSlice and the id of its Service.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceFacts {
    pub service: ObjectId,
    pub endpoints: Vec<Endpoint>,
}

impl SliceFacts {
    #[must_use]
    #[inline(never)]
    pub fn of(slice: &Value) -> Self {
        let endpoint = |e: &Value| {
            let (target, conditions) = (e.get("targetRef"), e.get("conditions"));
            let pod = if target.get("kind") == "Pod" {
                object_id("pods", slice.namespace(), target.get("name").text())
            } else {
                ObjectId::default()
            };
            let terminating = conditions.get("terminating").is_true();
            Endpoint { pod, ready: conditions.get("ready").as_bool().unwrap_or(true), terminating }
        };
        Self {
            service: object_id(
                "services",
                slice.namespace(),
                slice.labels().get("kubernetes.io/service-name").text(),
            ),
            endpoints: slice.get("endpoints").items().iter().map(endpoint).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_apart_as_they_were_joined() {
        assert_eq!(split_id(&object_id("pods", "default", "a")), ("pods", "default", "a"));
        assert_eq!(split_id(&object_id("nodes", "", "worker-1")), ("nodes", "", "worker-1"));
    }

    #[test]
    fn fenceposts_round_as_upstream_does() {
        let cases = [
            (Value::Null, Value::Null, 3, (1, 0)),
            (Value::str("25%"), Value::str("25%"), 4, (1, 1)),
            (Value::from(0), Value::from(0), 4, (0, 1)),
            (Value::from(2), Value::str("50%"), 5, (2, 2)),
        ];
        for (surge, unavailable, desired, expected) in cases {
            assert_eq!(fenceposts(&surge, &unavailable, desired), expected);
        }
    }
}
