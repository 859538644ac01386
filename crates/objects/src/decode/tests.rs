//! What is decoded, what is refused, and what stays the same tree.

use super::*;
use crate::value;

fn pod(spec: Value) -> Value {
    value!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": (spec)})
}

fn strict(v: &Value) -> Result<Value, String> {
    let (group, version) = crate::resources::split_api_version(v.api_version());
    decode(v, group, version, v.kind(), Mode::Strict).map(|d| d.object).map_err(|s| s.message)
}

fn refusal(v: &Value) -> String {
    let text = strict(v).expect_err("refused");
    let (_, why) = text.split_once(": ").unwrap_or_default();
    why.to_owned()
}

#[test]
fn unknown_fields_are_named_by_path_and_dropped() {
    let d = value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replica": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "nginx", "imagePullpolicy": "Always"}]},
            },
        },
    });
    let fields = [
        r#"unknown field "spec.replica""#,
        r#"unknown field "spec.template.spec.containers[0].imagePullpolicy""#,
    ];
    assert_eq!(
        strict(&d),
        Err(format!(
            "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: {}, {}",
            fields[0], fields[1]
        ))
    );
    for (mode, warnings) in [(Mode::Warn, &fields[..]), (Mode::Ignore, &[])] {
        let decoded = decode(&d, "apps", "v1", "Deployment", mode).expect("decodes");
        assert_eq!(decoded.warnings, warnings);
        assert!(decoded.object["spec"]["replica"].is_null());
        assert_eq!(decoded.object["spec"]["template"]["spec"]["containers"][0]["name"], "c");
    }
}

#[test]
fn wrong_types_are_named_as_go_does() {
    let container = |c: Value| pod(value!({"containers": [c]}));
    for (object, want) in [
        (
            value!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": "three"}}),
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            container(value!({"env": [{"name": "PORT", "value": 8080}]})),
            "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
        ),
        (
            pod(value!({"volumes": [{"name": "v", "fc": {"lun": "2"}}]})),
            "json: cannot unmarshal string into Go struct field FCVolumeSource.spec.volumes.VolumeSource.fc.lun of type int32",
        ),
        (
            value!({"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"tier": 1}}}),
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            pod(value!({"containers": {"name": "c"}})),
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            pod(value!({"containers": ["nginx"]})),
            "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type v1.Container",
        ),
        (
            container(value!({"imagePullPolicy": true})),
            "json: cannot unmarshal bool into Go struct field Container.spec.containers.imagePullPolicy of type v1.PullPolicy",
        ),
        (
            container(value!({"ports": [{"containerPort": 80.5}]})),
            "json: cannot unmarshal number 80.5 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
        ),
        (
            container(value!({"ports": [{"containerPort": 3000000000i64}]})),
            "json: cannot unmarshal number 3000000000 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
        ),
        (
            container(value!({"resources": {"limits": "lots"}})),
            "json: cannot unmarshal string into Go struct field ResourceRequirements.spec.containers.resources.limits of type v1.ResourceList",
        ),
        (
            container(value!({"livenessProbe": {"httpGet": {"port": true}}})),
            "json: cannot unmarshal bool into Go struct field HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32",
        ),
        (
            // What decodes itself ends the decoding: its complaint wins over an earlier wrong type.
            container(
                value!({"env": [{"name": "PORT", "value": 8080}], "resources": {"requests": {"memory": "1X"}}}),
            ),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            value!({"apiVersion": "v1", "kind": "Secret", "data": {"password": "not base64"}}),
            "illegal base64 data at input byte 3",
        ),
        (
            value!({"apiVersion": "v1", "kind": "Pod", "metadata": {"creationTimestamp": 5}}),
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        ),
    ] {
        assert_eq!(refusal(&object), want);
    }
}

#[test]
fn what_go_leaves_out_goes_and_what_it_writes_comes() {
    let given = pod(value!({
        "containers": [{"name": "c", "args": [], "stdin": false, "env": [{"name": "A", "value": ""}],
            "securityContext": {"runAsUser": 0, "privileged": null}}],
        "nodeSelector": {}, "hostNetwork": false, "volumes": [{"name": "e", "emptyDir": {}}],
        "terminationGracePeriodSeconds": 0,
    }));
    let want = value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {
            "containers": [{"name": "c", "env": [{"name": "A"}], "resources": {}, "securityContext": {"runAsUser": 0}}],
            "terminationGracePeriodSeconds": 0,
            "volumes": [{"name": "e", "emptyDir": {}}],
        },
        "status": {},
    });
    assert_eq!(strict(&given), Ok(want));

    let given = value!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "d", "creationTimestamp": null, "labels": {}, "annotations": {"a": null}},
        "spec": {"selector": {}, "minReadySeconds": 0, "replicas": 0},
    });
    let want = value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "annotations": {"a": ""}},
        "spec": {
            "replicas": 0, "selector": {}, "strategy": {},
            "template": {"metadata": {}, "spec": {"containers": null}},
        },
        "status": {},
    });
    assert_eq!(strict(&given), Ok(want));

    let service = strict(&value!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}}));
    let want = value!({
        "apiVersion": "v1", "kind": "Service", "metadata": {},
        "spec": {"ports": [{"port": 80, "targetPort": 0}]}, "status": {"loadBalancer": {}},
    });
    assert_eq!(service, Ok(want));
}

#[test]
fn scalars_become_canonical() {
    let got = strict(&pod(value!({
        "containers": [{"name": "c", "resources": {"limits": {"cpu": 0.5, "memory": "1024Mi"}, "requests": {"cpu": 1}}}],
    })))
    .expect("decodes");
    let resources = &got["spec"]["containers"][0]["resources"];
    assert_eq!(resources, &value!({"limits": {"cpu": "500m", "memory": "1Gi"}, "requests": {"cpu": "1"}}));
}

#[test]
fn a_decoded_object_decodes_to_the_same_tree() {
    let given = pod(value!({
        "containers": [{"name": "c", "image": "nginx", "ports": [{"containerPort": 80}], "resources": {"limits": {"cpu": "1000m"}}}],
    }));
    let once = strict(&given).expect("decodes");
    assert_ne!(once, given);
    let twice = strict(&once).expect("decodes again");
    assert!(twice.same(&once), "nothing was rebuilt");
    // A change in one place leaves the rest shared.
    let mut changed = once.clone();
    changed.set_at(&["metadata", "labels"], Value::map());
    let decoded = strict(&changed).expect("decodes");
    assert!(decoded["spec"].same(&once["spec"]));
    assert!(decoded["metadata"].find("labels").is_none());
}

#[test]
fn custom_objects_are_pruned_to_their_schema() {
    let schema = value!({
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "size": {"type": "integer"},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    "items": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
                },
            },
        },
    });
    let object = value!({
        "apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t", "nosuch": 1},
        "spec": {"size": 1, "sise": 2, "free": {"any": {"thing": 1}}, "items": [{"a": "x"}, {"b": 1}]},
        "other": 1,
    });
    let decoded = decode_custom(&object, Schema::of_custom(&schema), Mode::Warn).expect("decodes");
    assert_eq!(
        decoded.warnings,
        [
            r#"unknown field "metadata.nosuch""#,
            r#"unknown field "other""#,
            r#"unknown field "spec.items[1].b""#,
            r#"unknown field "spec.sise""#
        ]
    );
    let want = value!({
        "apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"},
        "spec": {"size": 1, "free": {"any": {"thing": 1}}, "items": [{"a": "x"}, {}]},
    });
    assert_eq!(decoded.object, want);
    assert!(decoded.object["spec"]["free"].same(&object["spec"]["free"]));
    let wrong = value!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"labels": {"a": 1}}});
    assert_eq!(
        decode_custom(&wrong, Schema::of_custom(&schema), Mode::Ignore).unwrap_err(),
        "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string"
    );
}

#[test]
fn a_definition_may_nest_schemas() {
    let crd = |items: Value| {
        value!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "x"},
            "spec": {
                "group": "g", "names": {"kind": "K", "plural": "ks"}, "scope": "Namespaced",
                "versions": [{"name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"a": {"type": "array", "items": (items)}}}}}],
            },
        })
    };
    let decoded = strict(&crd(value!({"type": "string"}))).expect("decodes");
    let schema = &decoded["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    assert_eq!(schema["properties"]["a"]["items"]["type"], "string");
    assert!(strict(&crd(value!({"nosuch": 1}))).is_ok(), "not strict inside items");
}
