//! Trees at random: the words of real objects, and what nobody would write.

use clock::Rng;
use objects::{Value, yaml};

use super::{noise, pick};

const KEYS: [&str; 40] = [
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "namespace",
    "labels",
    "annotations",
    "spec",
    "status",
    "replicas",
    "selector",
    "matchLabels",
    "template",
    "containers",
    "image",
    "ports",
    "containerPort",
    "env",
    "value",
    "valueFrom",
    "resources",
    "limits",
    "requests",
    "cpu",
    "memory",
    "volumes",
    "configMap",
    "items",
    "rules",
    "verbs",
    "data",
    "finalizers",
    "ownerReferences",
    "generateName",
    "resourceVersion",
    "managedFields",
    "$patch",
    "x",
    "",
    "$setElementOrder/containers",
];
const TEXTS: [&str; 20] = [
    "a",
    "default",
    "nginx:1.25",
    "100m",
    "1Gi",
    "-1",
    "0",
    "99999999999999999999",
    "true",
    "null",
    "50%",
    "v1",
    "apps/v1",
    "Pod",
    "delete",
    "2026-01-01T00:00:00Z",
    "*",
    "\u{0}",
    "!!binary x",
    "a.b/c",
];

pub(super) fn tree(rng: &mut Rng, depth: u32) -> Value {
    match rng.below(if depth == 0 { 6 } else { 9 }) {
        0 => Value::Null,
        1 => Value::Bool(rng.below(2) == 0),
        2 => Value::Int([0, 1, -1, 3, 80, 65_536, i64::MAX, i64::MIN][rng.below(8) as usize]),
        3 => Value::Float([0.5, -0.0, 1e300, 1e-300][rng.below(4) as usize]),
        4 => Value::from(pick(rng, &TEXTS)),
        5 => Value::from(noise(rng)),
        6 => (0..rng.below(4)).map(|_| tree(rng, depth - 1)).collect(),
        _ => {
            let mut map = Value::map();
            for _ in 0..rng.below(5) {
                map.set(pick(rng, &KEYS), tree(rng, depth - 1));
            }
            map
        }
    }
}

const REAL: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default, labels: {app: web}, annotations: {a: b}}
spec:
  containers:
  - {name: c, image: 'nginx:1.25', ports: [{containerPort: 80, name: http}], env: [{name: A, value: b}], resources: {requests: {cpu: 100m}, limits: {memory: 1Gi}}, livenessProbe: {httpGet: {path: /, port: http}}}
  initContainers: [{name: i, image: busybox, restartPolicy: Always}]
  volumes: [{name: v, configMap: {name: x, items: [{key: a, path: b}]}}, {name: w, emptyDir: {}}]
  affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, labelSelector: {matchLabels: {a: b}}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec: {replicas: 2, selector: {matchLabels: {app: web}}, strategy: {rollingUpdate: {maxSurge: 25%}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: nginx}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http, nodePort: 30080}], type: NodePort}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: default}
rules: [{apiGroups: [''], resources: [pods], verbs: [get], resourceNames: [a]}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec: {matchConstraints: {resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}]}, variables: [{name: n, expression: object.spec.x}], validations: [{expression: 'object.metadata.name != variables.n', messageExpression: \"'no ' + object.metadata.name\"}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: p}
spec: {policyName: p, validationActions: [Deny]}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {group: example.com, scope: Namespaced, names: {plural: things, singular: thing, kind: Thing, listKind: ThingList}, versions: [{name: v1, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {n: {type: integer, minimum: 1, default: 2}}, x-kubernetes-validations: [{rule: self.n > 0}]}}}}}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: c, namespace: default}
spec: {schedule: '*/5 * * * *', timeZone: Etc/UTC, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: default}
spec: {rules: [{host: a.b, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: h, namespace: default}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]}
";

thread_local! {
    static OBJECTS: Vec<Value> = yaml::load_stream(REAL).documents.into_iter().map(|d| d.value).collect();
}

/// A real object with some slips.
pub(super) fn object(rng: &mut Rng) -> Value {
    let mut object = OBJECTS.with(|o| o[rng.below(o.len() as u64) as usize].clone());
    for _ in 0..rng.below(4) {
        slip(rng, &mut object);
    }
    object
}

/// Replaces, removes or doubles something below.
fn slip(rng: &mut Rng, at: &mut Value) {
    let go_on = rng.below(5) > 0;
    match at {
        Value::Map(m) if !m.is_empty() && go_on => {
            let key = m.keys().nth(rng.below(m.len() as u64) as usize).unwrap_or_default().to_owned();
            match rng.below(12) {
                0 => drop(at.remove(&key)),
                1 => at.set(pick(rng, &KEYS), tree(rng, 2)),
                _ => slip(rng, at.map_mut().entry(&key)),
            }
        }
        Value::List(l) if !l.is_empty() && go_on => {
            let i = rng.below(l.len() as u64) as usize;
            let all = at.list_mut().to_mut();
            match rng.below(6) {
                0 => drop(all.remove(i)),
                1 => {
                    let twin = all[i].clone();
                    all.push(twin);
                }
                _ => slip(rng, &mut all[i]),
            }
        }
        other => *other = tree(rng, 2),
    }
}
