//! Cells of the printers with logic of their own.

use objects::resources::{self, PODS};
use objects::{Value, value};

use super::*;

const NOW: Time = Time(Time::EPOCH.0 + 100_000);

/// The cells of one object, joined.
fn row(object: &Value) -> String {
    let r = resources::of(object).unwrap_or(PODS);
    let table = of_one(&Served::BuiltIn(r), object, TableOf::Nothing, NOW);
    table["rows"][0]["cells"].items().iter().map(int_or_string).collect::<Vec<_>>().join("|")
}

fn pod(spec: Value, status: Value) -> Value {
    value!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "creationTimestamp": (Time::EPOCH.rfc3339())}, "spec": (spec), "status": (status)
    })
}

#[test]
fn pod_status_names_what_matters_most() {
    let two = value!({"containers": [{"name": "a"}, {"name": "b"}]});
    let init = value!({"containers": [{"name": "a"}], "initContainers": [{"name": "i"}, {"name": "j"}]});
    let sidecar =
        value!({"containers": [{"name": "a"}], "initContainers": [{"name": "s", "restartPolicy": "Always"}]});
    let running = |n: &str| value!({"name": (n), "ready": true, "restartCount": 0, "state": {"running": {}}});
    let ended = |n: &str, code: i64, reason: &str| {
        value!({
            "name": (n), "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": (code), "reason": (reason)}}
        })
    };
    let ready = value!([{"type": "Ready", "status": "True"}]);
    let cases = [
        (two.clone(), value!({"phase": "Pending"}), "0/2|Pending|0"),
        (
            two.clone(),
            value!({"phase": "Running", "containerStatuses": [(running("a")), (running("b"))]}),
            "2/2|Running|0",
        ),
        (
            two.clone(),
            value!({
                "phase": "Running",
                "containerStatuses": [(running("a")), {
                    "name": "b", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"finishedAt": "2026-01-01T00:01:30Z"}}
                }]
            }),
            "1/2|CrashLoopBackOff|3 (10s ago)",
        ),
        (
            two.clone(),
            value!({
                "phase": "Running", "conditions": (ready.clone()),
                "containerStatuses": [(ended("a", 0, "Completed")), (running("b"))]
            }),
            "1/2|Running|0",
        ),
        (
            two.clone(),
            value!({"phase": "Running", "containerStatuses": [(ended("a", 0, "Completed")), (running("b"))]}),
            "1/2|NotReady|0",
        ),
        (
            two.clone(),
            value!({"phase": "Succeeded", "containerStatuses": [(ended("a", 0, "Completed")), (ended("b", 0, "Completed"))]}),
            "0/2|Completed|0",
        ),
        (
            two.clone(),
            value!({"phase": "Failed", "containerStatuses": [(ended("a", 0, "Completed")), (ended("b", 137, ""))]}),
            "0/2|ExitCode:137|0",
        ),
        (two.clone(), value!({"phase": "Failed", "reason": "Evicted"}), "0/2|Evicted|0"),
        (
            init.clone(),
            value!({"phase": "Pending", "initContainerStatuses": [
                (ended("i", 0, "Completed")), {"name": "j", "state": {"running": {}}}
            ]}),
            "0/1|Init:1/2|0",
        ),
        (
            init,
            value!({"phase": "Pending", "initContainerStatuses": [(ended("i", 1, "Error")), {"name": "j"}]}),
            "0/1|Init:Error|0",
        ),
        (
            sidecar,
            value!({
                "phase": "Running", "containerStatuses": [(running("a"))],
                "initContainerStatuses": [{"name": "s", "started": true, "ready": true, "state": {"running": {}}}]
            }),
            "2/2|Running|0",
        ),
    ];
    for (spec, status, cells) in cases {
        assert_eq!(row(&pod(spec, status)), format!("p|{cells}|100s|<none>|<none>|<none>|<none>"));
    }
    let mut dying = pod(two, value!({"phase": "Running"}));
    dying.set_at(&["metadata", "deletionTimestamp"], NOW.rfc3339());
    assert!(row(&dying).starts_with("p|0/2|Terminating|0|"));
}

#[test]
fn other_cells() {
    let meta = value!({"name": "x", "creationTimestamp": (Time::EPOCH.rfc3339())});
    let of = |api: &str, kind: &str, rest: Value| {
        let mut o = value!({"apiVersion": (api), "kind": (kind), "metadata": (meta.clone())});
        for (k, v) in rest.entries() {
            o.set(k.clone(), v);
        }
        row(&o)
    };
    assert_eq!(
        of(
            "v1",
            "Service",
            value!({"spec": {
                "type": "NodePort", "clusterIPs": ["10.96.3.4"], "selector": {"app": "a"},
                "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]
            }})
        ),
        "x|NodePort|10.96.3.4|<none>|80:30080/TCP,53/UDP|100s|app=a"
    );
    assert_eq!(
        of("v1", "Service", value!({"spec": {"type": "LoadBalancer", "clusterIPs": ["None"]}})),
        "x|LoadBalancer|None|<pending>|<none>|100s|<none>"
    );
    assert_eq!(
        of(
            "v1",
            "Node",
            value!({"spec": {"unschedulable": true}, "status": {
                "conditions": [{"type": "Ready", "status": "False"}], "nodeInfo": {"kubeletVersion": "v1.36.2"}
            }})
        ),
        "x|NotReady,SchedulingDisabled|<none>|100s|v1.36.2|<none>|<none>|<unknown>|<unknown>|<unknown>"
    );
    let addresses: Vec<Value> = (1..6).map(|i| value!({"ip": (format!("10.0.0.{i}"))})).collect();
    assert_eq!(
        of("v1", "Endpoints", value!({"subsets": [{"addresses": (addresses), "ports": [{"port": 80}]}]})),
        "x|10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more...|100s"
    );
    assert_eq!(of("v1", "Endpoints", value!({"subsets": [{"notReadyAddresses": [{"ip": "a"}]}]})), "x||100s");
    assert_eq!(
        of(
            "batch/v1",
            "Job",
            value!({
                "spec": {"completions": 3, "selector": {"matchLabels": {"a": "b"}}},
                "status": {"succeeded": 1, "startTime": "2026-01-01T00:01:00Z"}
            })
        ),
        "x|Running|1/3|40s|100s|||a=b"
    );
    assert_eq!(
        of(
            "v1",
            "PersistentVolumeClaim",
            value!({"spec": {"volumeMode": "Filesystem"}, "status": {"phase": "Pending"}})
        ),
        "x|Pending|||||<unset>|100s|Filesystem"
    );
    assert_eq!(
        of(
            "v1",
            "Event",
            value!({
                "type": "Normal", "reason": "Started", "message": " m ", "count": 2,
                "firstTimestamp": "2026-01-01T00:00:10Z", "lastTimestamp": "2026-01-01T00:01:30Z",
                "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec"}, "source": {"component": "kubelet", "host": "n"}
            })
        ),
        "10s|Normal|Started|pod/p|spec|kubelet, n|m|90s|2|x"
    );
}
