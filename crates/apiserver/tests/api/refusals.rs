//! What is refused, in upstream's words.

use client::PatchType;
use objects::resources::{CONFIGMAPS, DEPLOYMENTS, PODS};
use objects::{Value, value};

use crate::{Desk, refusal};

/// The causes of a refusal as kubectl lists them.
fn causes(result: Result<Value, objects::Status>) -> Vec<String> {
    match result {
        Ok(v) => panic!("accepted: {v:?}"),
        Err(s) => s.causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect(),
    }
}

fn pod(spec: Value) -> Value {
    value!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": (spec)})
}

fn deployment(labels: Value, selector: Value) -> Value {
    value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "selector": (selector),
            "template": {"metadata": {"labels": (labels)}, "spec": {"containers": [{"name": "a", "image": "b"}]}}
        }
    })
}

#[test]
fn all_errors_of_a_pod_at_once() {
    let mut d = Desk::new();
    let mut bad = pod(value!({"containers": [{
        "name": "Web", "image": "nginx", "ports": [{"containerPort": 99999}]
    }]}));
    bad.set_at(&["metadata", "name"], "My_Pod");
    let found = causes(d.create(bad));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("metadata.name: Invalid value: \"My_Pod\": a lowercase RFC 1123 subdomain"));
    assert!(
        found[1].starts_with("spec.containers[0].name: Invalid value: \"Web\": a lowercase RFC 1123 label")
    );
    assert_eq!(
        found[2],
        "spec.containers[0].ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive"
    );
}

#[test]
fn single_faults_of_a_pod() {
    let with = |extra: Value| {
        let mut c = value!({"name": "a", "image": "b"});
        for (k, v) in extra.entries() {
            c.set(k.clone(), v);
        }
        pod(value!({"containers": [(c)]}))
    };
    let table = [
        (pod(value!({"containers": []})), "spec.containers: Required value"),
        (pod(value!({"containers": [{"name": "a"}]})), "spec.containers[0].image: Required value"),
        (
            pod(value!({"containers": [{"name": "a", "image": "b"}, {"name": "a", "image": "b"}]})),
            "spec.containers[1].name: Duplicate value: \"a\"",
        ),
        (
            pod(value!({"containers": [{"name": "a", "image": "b"}], "restartPolicy": "Sometimes"})),
            "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\"",
        ),
        (
            with(value!({"volumeMounts": [{"name": "v", "mountPath": "/v"}]})),
            "spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
        ),
        (
            with(value!({"ports": [{"containerPort": 80, "protocol": "tcp"}]})),
            "spec.containers[0].ports[0].protocol: Unsupported value: \"tcp\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
        ),
        (
            with(value!({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}})),
            "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
        ),
        (
            with(value!({"resources": {"limits": {"cpus": "1"}}})),
            "spec.containers[0].resources.limits[cpus]: Invalid value: \"cpus\": must be a standard resource type or \
             fully qualified",
        ),
        (
            with(value!({"livenessProbe": {"periodSeconds": 5}})),
            "spec.containers[0].livenessProbe: Required value: must specify a handler type",
        ),
        (
            with(value!({"livenessProbe": {"successThreshold": 2, "tcpSocket": {"port": 80}}})),
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ),
        (
            with(
                value!({"env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}),
            ),
            "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty",
        ),
        (
            with(value!({"imagePullPolicy": "Sometimes"})),
            "spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \
             \"IfNotPresent\", \"Never\"",
        ),
        (
            pod(value!({
                "containers": [{"name": "a", "image": "b"}],
                "volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/x"}}]
            })),
            "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
        ),
        (
            pod(value!({
                "containers": [{"name": "a", "image": "b"}], "tolerations": [{"operator": "Equal", "value": "x"}]
            })),
            "spec.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty, which \
             means \"match all values and all keys\"",
        ),
    ];
    let mut d = Desk::new();
    for (object, wanted) in table {
        let found = causes(d.create(object));
        assert_eq!(found.first().map(String::as_str), Some(wanted), "{found:?}");
    }
}

#[test]
fn labels_are_checked_wherever_they_stand() {
    let mut d = Desk::new();
    let mut o = value!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}});
    o.set_at(&["metadata", "labels", "bad label"], "x");
    let found = causes(d.create(o));
    assert!(
        found[0].starts_with("metadata.labels: Invalid value: \"bad label\": name part must consist of"),
        "{found:?}"
    );
}

#[test]
fn a_deployment_must_select_its_template_and_keep_its_selector() {
    let mut d = Desk::new();
    let web = value!({"matchLabels": {"app": "web"}});
    assert_eq!(
        refusal(d.create(deployment(value!({"app": "website"}), web.clone()))),
        "Invalid: Deployment.apps \"web\" is invalid: spec.template.metadata.labels: Invalid value: \
         {\"app\":\"website\"}: `selector` does not match template `labels`"
    );
    assert_eq!(
        causes(d.create(deployment(value!({"app": "web"}), Value::Null))),
        [
            "spec.selector: Required value",
            "spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match template `labels`"
        ]
    );
    d.create(deployment(value!({"app": "web"}), web)).expect("created");
    let other = value!({"spec": {"selector": {"matchLabels": {"app": "other"}}}});
    assert_eq!(
        causes(d.patch(DEPLOYMENTS, "web", PatchType::Strategic, other)),
        [
            "spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match template `labels`",
            "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"other\"}}: field is immutable"
        ]
    );
    let stop = value!({"spec": {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}});
    assert_eq!(
        causes(d.patch(DEPLOYMENTS, "web", PatchType::Strategic, stop)),
        ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"]
    );
}

#[test]
fn a_pod_changes_its_image_and_little_else() {
    let mut d = Desk::new();
    d.create(pod(value!({"containers": [{"name": "a", "image": "b:1"}]}))).expect("created");
    let image = value!({"spec": {"containers": [{"name": "a", "image": "b:2"}]}});
    let o = d.patch(PODS, "p", PatchType::Strategic, image).expect("an image may change");
    assert_eq!((o["spec"]["containers"][0]["image"].text(), o.generation()), ("b:2", 2));
    let port = value!({"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 80}]}]}});
    let refused = refusal(d.patch(PODS, "p", PatchType::Strategic, port));
    assert!(refused.contains(
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`"
    ));
}

#[test]
fn immutable_config_maps_stay() {
    let mut d = Desk::new();
    let o = value!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}, "immutable": true
    });
    d.create(o).expect("created");
    assert_eq!(
        causes(d.patch(CONFIGMAPS, "c", PatchType::Merge, value!({"data": {"a": "2"}}))),
        ["data: Forbidden: field is immutable when `immutable` is set"]
    );
}

#[test]
fn services_and_their_faults() {
    let mut d = Desk::new();
    let service = |spec: Value| value!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": (spec)});
    let table = [
        (value!({"selector": {"a": "b"}}), "spec.ports: Required value"),
        (value!({"ports": [{"port": 80}, {"port": 81}]}), "spec.ports[0].name: Required value"),
        (
            value!({"ports": [{"port": 0}]}),
            "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        ),
        (
            value!({"type": "Public", "ports": [{"port": 80}]}),
            "spec.type: Unsupported value: \"Public\": supported values: \"ClusterIP\", \"ExternalName\", \
             \"LoadBalancer\", \"NodePort\"",
        ),
        (value!({"type": "ExternalName"}), "spec.externalName: Required value"),
        (
            value!({"type": "ExternalName", "externalName": "a.b", "clusterIP": "None"}),
            "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
        ),
        (
            value!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 99}]}),
            "spec.ports[0].nodePort: Invalid value: 99: provided port is not in the valid range. The range of valid \
             ports is 30000-32767",
        ),
        (
            value!({"ports": [{"port": 80, "nodePort": 30080}]}),
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
        ),
    ];
    for (spec, wanted) in table {
        let found = causes(d.create(service(spec)));
        assert_eq!(found.first().map(String::as_str), Some(wanted), "{found:?}");
    }
}

#[test]
fn batch_workloads() {
    let mut d = Desk::new();
    let spec = |policy: &str| value!({"template": {"spec": {"containers": [{"name": "a", "image": "b"}], "restartPolicy": (policy)}}});
    let job = value!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": (spec("Always"))});
    assert_eq!(
        causes(d.create(job)),
        ["spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""]
    );
    let cron = value!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"},
        "spec": {"schedule": "not a schedule", "jobTemplate": {"spec": (spec("Never"))}}
    });
    assert_eq!(
        causes(d.create(cron)),
        [
            "spec.schedule: Invalid value: \"not a schedule\": expected exactly 5 fields, found 3: [not a schedule]"
        ]
    );
}
