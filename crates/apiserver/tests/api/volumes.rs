//! Bad volumes of every kind, and all that upstream says of each at once.

use objects::{Value, value};

use crate::Desk;

/// The causes of a refusal, field and message.
fn causes(object: Value) -> Vec<String> {
    match Desk::new().create(object.clone()) {
        Ok(_) => panic!("accepted: {object:?}"),
        Err(s) => s.causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect(),
    }
}

fn pod(volumes: Value, container: Value) -> Value {
    let mut c = value!({"name": "a", "image": "b"});
    for (k, v) in container.entries() {
        c.set(k.clone(), v);
    }
    value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [(c)], "volumes": (volumes)}
    })
}

fn volume(source: &Value) -> Value {
    let mut spec = value!({"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]});
    for (k, v) in source.entries() {
        spec.set(k.clone(), v);
    }
    value!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "p"}, "spec": (spec)})
}

fn claim(more: &Value) -> Value {
    let mut spec = value!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
    for (k, v) in more.entries() {
        spec.set(k.clone(), v);
    }
    value!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": (spec)})
}

#[test]
fn sources_of_pods() {
    let table: Vec<(Value, &[&str])> = vec![
        (
            value!({"emptyDir": {"sizeLimit": "-1"}, "nfs": {"server": "s", "path": "/"}}),
            &[
                ".emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity",
                ".nfs: Forbidden: may not specify more than 1 volume type",
            ],
        ),
        (
            value!({"downwardAPI": {}, "cephfs": {}, "rbd": {"monitors": ["a"], "image": "i"}}),
            &[
                ".cephFS: Forbidden: may not specify more than 1 volume type",
                ".downwarAPI: Forbidden: may not specify more than 1 volume type",
            ],
        ),
        (
            value!({"hostPath": {"path": "/a/..", "type": "Folder"}}),
            &[
                ".hostPath.path: Invalid value: \"/a/..\": must not contain '..'",
                ".hostPath.type: Unsupported value: \"Folder\": supported values: \"\", \"BlockDevice\", \"CharDevice\", \"Directory\", \"DirectoryOrCreate\", \"File\", \"FileOrCreate\", \"Socket\"",
            ],
        ),
        (
            value!({"nfs": {}}),
            &[
                ".nfs.server: Required value",
                ".nfs.path: Required value",
                ".nfs.path: Invalid value: \"\": must be an absolute path",
            ],
        ),
        (
            value!({"gcePersistentDisk": {"partition": 256}}),
            &[
                ".persistentDisk.pdName: Required value",
                ".persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive",
            ],
        ),
        (
            value!({"awsElasticBlockStore": {"partition": (-1)}}),
            &[
                ".awsElasticBlockStore.volumeID: Required value",
                ".awsElasticBlockStore.partition: Invalid value: -1: must be between 1 and 255, inclusive",
            ],
        ),
        (
            value!({"azureDisk": {"kind": "Managed", "cachingMode": "Some", "diskURI": "https://x"}}),
            &[
                ".azureDisk.diskName: Required value",
                ".azureDisk.cachingMode: Unsupported value: \"Some\": supported values: \"None\", \"ReadOnly\", \"ReadWrite\"",
                ".azureDisk.diskURI: Unsupported value: \"https://x\": supported values: \"/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}\"",
            ],
        ),
        (
            value!({"azureFile": {}}),
            &[".azureFile.secretName: Required value", ".azureFile.shareName: Required value"],
        ),
        (
            value!({"cinder": {"secretRef": {}}}),
            &[".cinder.volumeID: Required value", ".cinder.secretRef.name: Required value"],
        ),
        (value!({"cephfs": {}}), &[".cephfs.monitors: Required value"]),
        (value!({"rbd": {}}), &[".rbd.monitors: Required value", ".rbd.image: Required value"]),
        (
            value!({"glusterfs": {}}),
            &[".glusterfs.endpoints: Required value", ".glusterfs.path: Required value"],
        ),
        (
            value!({"flexVolume": {"options": {"kubernetes.io/x": "1"}}}),
            &[
                ".flexVolume.driver: Required value",
                ".flexVolume.options[kubernetes.io/x]: Invalid value: \"kubernetes.io/x\": kubernetes.io and k8s.io namespaces are reserved",
            ],
        ),
        (value!({"vsphereVolume": {}}), &[".vsphereVolume.volumePath: Required value"]),
        (value!({"portworxVolume": {}}), &[".portworxVolume.volumeID: Required value"]),
        (value!({"photonPersistentDisk": {}}), &[".photonPersistentDisk.pdID: Required value"]),
        (
            value!({"scaleIO": {}}),
            &[
                ".scaleIO.gateway: Required value",
                ".scaleIO.system: Required value",
                ".scaleIO.volumeName: Required value",
            ],
        ),
        (
            value!({"storageos": {"volumeNamespace": "n", "secretRef": {}}}),
            &[".storageos.volumeName: Required value", ".storageos.secretRef.name: Required value"],
        ),
        (
            value!({"quobyte": {"registry": "host"}}),
            &[
                ".quobyte.registry: Invalid value: \"host\": must be a host:port pair or multiple pairs separated by commas",
                ".quobyte.volume: Required value",
            ],
        ),
        (
            value!({"flocker": {"datasetName": "a/b", "datasetUUID": "u"}}),
            &[
                ".flocker: Invalid value: \"resource\": datasetName and datasetUUID can not be specified simultaneously",
                ".flocker.datasetName: Invalid value: \"a/b\": must not contain '/'",
            ],
        ),
        (
            value!({"iscsi": {"iqn": "abc", "lun": 256, "chapAuthSession": true, "initiatorName": "iqn"}}),
            &[
                ".iscsi.targetPortal: Required value",
                ".iscsi.iqn: Invalid value: \"abc\": must be valid format starting with iqn, eui, or naa",
                ".iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive",
                ".iscsi.secretRef: Required value",
                ".iscsi.initiatorname: Invalid value: \"iqn\": must be valid format",
            ],
        ),
        (
            value!({"fc": {"targetWWNs": ["a"], "wwids": ["b"], "lun": 300}}),
            &[
                ".fc.targetWWNs: Invalid value: [\"a\"]: targetWWNs and wwids can not be specified simultaneously",
                ".fc.lun: Invalid value: 300: must be between 0 and 255, inclusive",
            ],
        ),
        (
            value!({"fc": {}}),
            &[".fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both"],
        ),
        (
            value!({"secret": {"defaultMode": 512, "items": [{"key": "", "path": "..x"}]}}),
            &[
                ".secret.secretName: Required value",
                ".secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
                ".secret.items[0].key: Required value",
                ".secret.items[0].path: Invalid value: \"..x\": must not start with '..'",
            ],
        ),
        (
            value!({"configMap": {"items": [{"key": "k", "path": "/a/../b"}]}}),
            &[
                ".configMap.name: Required value",
                ".configMap.items[0].path: Invalid value: \"/a/../b\": must be a relative path",
                ".configMap.items[0].path: Invalid value: \"/a/../b\": must not contain '..'",
            ],
        ),
        (value!({"persistentVolumeClaim": {}}), &[".persistentVolumeClaim.claimName: Required value"]),
        (
            value!({"csi": {"driver": "a_b", "nodePublishSecretRef": {}}}),
            &[
                ".csi.driver: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
                ".csi.nodePublishSecretRef.name: Required value",
            ],
        ),
        (value!({"ephemeral": {}}), &[".ephemeral.volumeClaimTemplate: Required value"]),
        (
            value!({"ephemeral": {"volumeClaimTemplate": {"metadata": {"name": "x"}, "spec": {}}}}),
            &[
                ".ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set",
                ".ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required",
                ".ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value",
            ],
        ),
        (
            value!({"gitRepo": {"directory": "/x"}}),
            &[
                ".gitRepo.repository: Required value",
                ".gitRepo.directory: Invalid value: \"/x\": must be a relative path",
            ],
        ),
        (value!({"image": {}}), &[".image.reference: Required value"]),
        (
            value!({"downwardAPI": {"items": [
                {"path": "a"},
                {"path": "b", "resourceFieldRef": {"resource": "limits.cpu"}},
                {"path": "c", "resourceFieldRef": {"containerName": "a", "resource": "cpu"}},
                {"path": "d", "resourceFieldRef": {"containerName": "a", "resource": "limits.cpu", "divisor": "2"}},
                {"path": "e", "fieldRef": {"fieldPath": "spec.nodeName"}}
            ]}}),
            &[
                ".downwardAPI: Required value: one of fieldRef and resourceFieldRef is required",
                ".downwardAPI.resourceFieldRef.containerName: Required value",
                ".downwardAPI.resourceFieldRef.resource: Unsupported value: \"cpu\": supported values: \"limits.cpu\", \"limits.ephemeral-storage\", \"limits.memory\", \"requests.cpu\", \"requests.ephemeral-storage\", \"requests.memory\"",
                ".downwardAPI.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": only divisor's values 1m and 1 are supported with the cpu resource",
                ".downwardAPI.fieldRef.fieldPath: Unsupported value: \"spec.nodeName\": supported values: \"metadata.annotations\", \"metadata.labels\", \"metadata.name\", \"metadata.namespace\", \"metadata.uid\"",
            ],
        ),
        (
            value!({"projected": {"sources": [
                {"secret": {"name": "s", "items": [{"key": "k", "path": "p"}]}},
                {"configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}, "secret": {}},
                {"serviceAccountToken": {"expirationSeconds": 10, "path": ""}},
                {"clusterTrustBundle": {"path": "q"}},
                {"podCertificate": {"signerName": "a.b/c", "keyType": "X"}}
            ]}}),
            &[
                ".projected.sources[1].secret.name: Required value",
                ".projected: Invalid value: \"c\": conflicting duplicate paths",
                ".projected.sources[1]: Forbidden: may not specify more than 1 volume type per source",
                ".projected.sources[2].serviceAccountToken.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes",
                ".projected.path: Required value",
                ".projected.sources[3].clusterTrustBundle: Required value: either name or signerName must be specified",
                ".projected.sources[4].podCertificate.keyType: Unsupported value: \"X\": supported values: \"RSA3072\", \"RSA4096\", \"ECDSAP256\", \"ECDSAP384\", \"ECDSAP521\", \"ED25519\"",
                ".projected.sources[4].podCertificate: Required value: specify at least one of credentialBundlePath, keyPath, and certificateChainPath",
            ],
        ),
    ];
    for (source, want) in table {
        let mut v = value!({"name": "v"});
        for (k, s) in source.entries() {
            v.set(k.clone(), s);
        }
        let want: Vec<String> = want.iter().map(|w| format!("spec.volumes[0]{w}")).collect();
        assert_eq!(causes(pod(value!([(v)]), Value::map())), want);
    }
}

#[test]
fn names_of_volumes() {
    let with = |volumes: Value| causes(pod(volumes, Value::map()));
    let template =
        value!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    assert_eq!(
        with(value!([
            {"name": "a", "emptyDir": {}},
            {"name": "a", "emptyDir": {}},
            {"emptyDir": {}},
            {"name": "e", "ephemeral": {"volumeClaimTemplate": (template)}},
            {"name": "c", "persistentVolumeClaim": {"claimName": "p-e"}}
        ])),
        [
            "spec.volumes[1].name: Duplicate value: \"a\"",
            "spec.volumes[2].name: Required value",
            "spec.volumes[4].persistentVolumeClaim.claimName: Invalid value: \"p-e\": must not reference a PVC that gets created for an ephemeral volume",
        ]
    );
}

#[test]
fn mounts_and_devices() {
    let volumes = value!([
        {"name": "a", "emptyDir": {}}, {"name": "c", "persistentVolumeClaim": {"claimName": "c"}}
    ]);
    let table: Vec<(Value, &[&str])> = vec![
        (
            value!({"volumeMounts": [
                {"name": "a", "mountPath": "/x", "subPath": "../y"},
                {"name": "a", "mountPath": "/x", "mountPropagation": "Bidirectional"},
                {"name": "a", "mountPath": "/z", "recursiveReadOnly": "Enabled"},
                {"name": "a", "mountPath": "/u", "subPath": "s", "subPathExpr": "/$(A)"}
            ]}),
            &[
                "volumeMounts.subPath: Invalid value: \"../y\": must not contain '..'",
                "volumeMounts[1].mountPath: Invalid value: \"/x\": must be unique",
                "volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers",
                "volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true",
                "volumeMounts[3].subPathExpr: Invalid value: \"/$(A)\": subPathExpr and subPath are mutually exclusive",
                "volumeMounts.subPathExpr: Invalid value: \"/$(A)\": must be a relative path",
            ],
        ),
        (
            value!({"volumeMounts": [{"name": "c", "mountPath": "/dev/x"}], "volumeDevices": [
                {"name": "a", "devicePath": "/dev/x"}, {"name": "c", "devicePath": "/dev/../y"}, {"name": "n"}
            ]}),
            &[
                "volumeMounts[0].name: Invalid value: \"c\": must not already exist in volumeDevices",
                "volumeMounts[0].mountPath: Invalid value: \"/dev/x\": must not already exist as a path in volumeDevices",
                "volumeDevices[0].name: Invalid value: \"a\": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
                "volumeDevices[0].devicePath: Invalid value: \"/dev/x\": must not already exist as a path in volumeMounts",
                "volumeDevices[1].devicePath: Invalid value: \"/dev/../y\": can not contain backsteps ('..')",
                "volumeDevices[1].name: Invalid value: \"c\": must not already exist in volumeMounts",
                "volumeDevices[2].name: Not found: \"n\"",
                "volumeDevices[2].devicePath: Required value",
            ],
        ),
    ];
    for (container, want) in table {
        let want: Vec<String> = want.iter().map(|w| format!("spec.containers[0].{w}")).collect();
        assert_eq!(causes(pod(volumes.clone(), container)), want);
    }
}

#[test]
fn persistent_volumes() {
    let affinity = value!({"required": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}
    ]}});
    let table: Vec<(Value, &[&str])> = vec![
        (value!({}), &[": Required value: must specify a volume type"]),
        (
            value!({"accessModes": [], "capacity": {"cpu": "-1"}, "hostPath": {"path": "/"}, "persistentVolumeReclaimPolicy": "Recycle"}),
            &[
                ".accessModes: Required value",
                ".capacity: Unsupported value: {\"cpu\":\"-1\"}: supported values: \"storage\"",
                ".capacity[cpu]: Invalid value: -1: must be a valid resource quantity",
                ".capacity[cpu]: Invalid value: \"-1\": must be greater than zero",
                ".persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
            ],
        ),
        (
            value!({"local": {}, "volumeMode": "Raw", "nfs": {"server": "s", "path": "/"}}),
            &[
                ".local: Forbidden: may not specify more than 1 volume type",
                ".volumeMode: Unsupported value: \"Raw\": supported values: \"Block\", \"Filesystem\"",
            ],
        ),
        (
            value!({"local": {}}),
            &[
                ".local.path: Required value",
                ".nodeAffinity: Required value: Local volume requires node affinity",
            ],
        ),
        (
            value!({"local": {"path": "/mnt/../x"}, "nodeAffinity": (affinity)}),
            &[".local.path: Invalid value: \"/mnt/../x\": must not contain '..'"],
        ),
        (
            value!({"csi": {"nodePublishSecretRef": {"name": "s"}}}),
            &[
                ".csi.driver: Required value",
                ".csi.volumeHandle: Required value",
                ".csi.nodePublishSecretRef.namespace: Required value",
            ],
        ),
        (
            value!({"cinder": {"volumeID": "v", "secretRef": {"name": "s"}}}),
            &[".cinder.secretRef.namespace: Required value"],
        ),
        (
            value!({"iscsi": {"targetPortal": "t", "iqn": "abc", "secretRef": {}}}),
            &[
                ".iscsi.iqn: Invalid value: \"abc\": must be valid format",
                ".iscsi.secretRef.name: Required value",
            ],
        ),
        (
            value!({"glusterfs": {"endpoints": "e", "path": "p", "endpointsNamespace": ""}}),
            &[
                ".glusterfs.endpointsNamespace: Invalid value: \"\": if the endpointnamespace is set, it must be a valid namespace name",
            ],
        ),
        (
            value!({"accessModes": ["ReadWriteOncePod", "ReadWriteOnce", "Any"], "nfs": {"server": "s", "path": "/"}, "persistentVolumeReclaimPolicy": "Keep"}),
            &[
                ".accessModes: Unsupported value: \"Any\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"",
                ".accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
                ".persistentVolumeReclaimPolicy: Unsupported value: \"Keep\": supported values: \"Delete\", \"Recycle\", \"Retain\"",
            ],
        ),
    ];
    for (source, want) in table {
        let want: Vec<String> = want.iter().map(|w| format!("spec{w}")).collect();
        assert_eq!(causes(volume(&source)), want, "{source:?}");
    }
}

#[test]
fn claims() {
    let table: Vec<(Value, &[&str])> = vec![
        (
            value!({"accessModes": [], "resources": {}}),
            &[
                ".accessModes: Required value: at least 1 access mode is required",
                ".resources[storage]: Required value",
            ],
        ),
        (
            value!({"resources": {"requests": {"storage": "0"}}, "volumeMode": "x"}),
            &[
                ".resources[storage]: Invalid value: \"0\": must be greater than zero",
                ".volumeMode: Unsupported value: \"x\": supported values: \"Block\", \"Filesystem\"",
            ],
        ),
        (
            value!({"dataSourceRef": {"kind": "VolumeSnapshot", "name": "s"}}),
            &[
                ".dataSourceRef: Invalid value: \"VolumeSnapshot\": must be 'PersistentVolumeClaim' when referencing the default apiGroup",
            ],
        ),
        (
            value!({
                "dataSource": {"kind": "PersistentVolumeClaim", "name": "a"},
                "dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "b"}
            }),
            &[": Invalid value: {}: must match dataSourceRef"],
        ),
    ];
    for (more, want) in table {
        let want: Vec<String> = want.iter().map(|w| format!("spec{w}")).collect();
        assert_eq!(causes(claim(&more)), want, "{more:?}");
    }
}

#[test]
fn what_may_not_change_of_a_volume() {
    let at = |v: &str| {
        value!({"required": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "k", "operator": "In", "values": [(v)]}]}
        ]}})
    };
    let mut d = Desk::new();
    let mut pv = d
        .create(volume(&value!({"local": {"path": "/x"}, "nodeAffinity": (at("a"))})))
        .unwrap_or_else(|e| panic!("{e:?}"));
    pv.set_at(&["spec", "nodeAffinity"], at("b"));
    let Err(refused) = d.update(pv, "") else { panic!("a node affinity was changed") };
    assert_eq!(
        refused.causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect::<Vec<_>>(),
        [
            "nodeAffinity: Invalid value: {\"Required\":{\"NodeSelectorTerms\":[{\"MatchExpressions\":[{\"Key\":\"k\",\"Operator\":\"In\",\"Values\":[\"b\"]}],\"MatchFields\":null}]}}: field is immutable, except for updating from beta label to GA"
        ]
    );
}
