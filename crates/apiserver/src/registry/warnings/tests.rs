//! Upstream's words, kind by kind.

use objects::resources::{
    DEPLOYMENTS, INGRESSES, NETWORKPOLICIES, PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS, RESOURCEQUOTAS,
    SECRETS, SERVICES, STATEFULSETS,
};
use objects::value;

use super::*;

fn words(resource: &Resource, object: &Value) -> String {
    told(resource, object, true).join("\n")
}

#[test]
fn storage_of_old() {
    let pod = value!({"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "cephfs": {}}]});
    let table = [
        (
            PODS,
            value!({"spec": (pod.clone())}),
            "spec.volumes[1].cephfs: deprecated in v1.28, non-functional in v1.31+",
        ),
        (
            DEPLOYMENTS,
            value!({"spec": {"template": {"spec": (pod)}}}),
            "spec.template.spec.volumes[1].cephfs: deprecated in v1.28, non-functional in v1.31+",
        ),
        (
            PERSISTENTVOLUMES,
            value!({"spec": {"storageos": {}}}),
            "spec.storageOS: deprecated in v1.22, non-functional in v1.25+",
        ),
        (
            PERSISTENTVOLUMECLAIMS,
            value!({"metadata": {"annotations": {"volume.beta.kubernetes.io/storage-class": "x"}}}),
            "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use \"storageClassName\" attribute instead",
        ),
        (PERSISTENTVOLUMECLAIMS, value!({"spec": {}}), ""),
        (
            PERSISTENTVOLUMECLAIMS,
            value!({"spec": {"resources": {"requests": {"storage": "1500m"}}}}),
            "spec.resources.requests[storage]: fractional byte value \"1500m\" is invalid, must be an integer",
        ),
        (
            STATEFULSETS,
            value!({"spec": {"volumeClaimTemplates": [{"spec": {"resources": {"requests": {"storage": "100m"}}}}]}}),
            "spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value \"100m\" is invalid, must be an integer",
        ),
    ];
    for (resource, object, want) in table {
        assert_eq!(words(resource, &object), want);
    }
}

#[test]
fn pods() {
    let container = |c: Value| value!({"spec": {"containers": [(c)]}});
    let table = [
        (
            container(value!({"env": [{"name": "A", "value": "x"}, {"name": "A", "value": "y"}]})),
            "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply",
        ),
        (container(value!({"env": [{"name": "A", "value": "x"}, {"name": "A", "value": "$(A)y"}]})), ""),
        (
            container(value!({"ports": [{"containerPort": 80}, {"containerPort": 80, "name": "b"}]})),
            "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
        ),
        (
            container(value!({"ports": [{"containerPort": 80}, {"containerPort": 80, "hostPort": 80}]})),
            "spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]",
        ),
        (
            value!({"spec": {"containers": [
                {"ports": [{"containerPort": 1, "name": "a"}]}, {"ports": [{"containerPort": 2, "name": "a"}]},
            ]}}),
            "spec.containers[1].ports[0]: duplicate port name \"a\" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]",
        ),
        (
            container(value!({"resources": {"requests": {"memory": "128m"}}})),
            "spec.containers[0].resources.requests[memory]: fractional byte value \"128m\" is invalid, must be an integer",
        ),
        (
            value!({"spec": {"nodeSelector": {"beta.kubernetes.io/os": "linux"}}}),
            "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
        ),
        (
            value!({"spec": {"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "podAffinityTerm": {"topologyKey": "k"}}]}}}}),
            "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod",
        ),
        (
            value!({"spec": {"volumes": [{"name": "v", "configMap": {"name": "c", "items": [
                {"key": "k", "path": "x"}, {"key": "l", "path": "x/y"}]}}]}}),
            "volume \"v\" (ConfigMap \"c\"): overlapping paths: \"x/y\" with \"x\"",
        ),
        (
            value!({"spec": {"volumes": [{"name": "v", "projected": {"sources": [
                {"secret": {"name": "s", "items": [{"key": "k", "path": "token"}]}},
                {"serviceAccountToken": {"path": "token"}}]}}]}}),
            "volume \"v\" (Projected): overlapping paths: \"token\" (ServiceAccountToken) with \"token\" (Secret \"s\")",
        ),
        (
            value!({"spec": {"imagePullSecrets": [{"name": "a"}, {"name": "a"}]}}),
            "spec.imagePullSecrets[1].name: duplicate name \"a\"",
        ),
        (
            value!({"metadata": {"name": "a.b"}, "spec": {}}),
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
        ),
    ];
    for (object, want) in table {
        assert_eq!(words(PODS, &object), want);
    }
}

#[test]
fn the_network() {
    let table = [
        (
            SERVICES,
            value!({"spec": {"type": "ClusterIP", "externalIPs": ["1.2.3.4"]}}),
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
        ),
        (
            SERVICES,
            value!({"spec": {"type": "ClusterIP", "clusterIP": "None", "sessionAffinity": "ClientIP"}}),
            "spec.SessionAffinity is ignored for headless services",
        ),
        (
            SERVICES,
            value!({"spec": {"type": "ClusterIP", "externalName": "x.y"}}),
            "spec.externalName is ignored when spec.type is not \"ExternalName\"",
        ),
        (
            INGRESSES,
            value!({"metadata": {"annotations": {"kubernetes.io/ingress.class": "nginx"}}}),
            "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead",
        ),
        (
            NETWORKPOLICIES,
            value!({"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "172.17.0.5/16", "except": ["172.17.1.0/24"]}}]}]}}),
            "spec.ingress[0].from[0].ipBlock.cidr: CIDR value \"172.17.0.5/16\" is ambiguous in this context (should be \"172.17.0.0/16\" or \"172.17.0.5/32\"?)",
        ),
        (
            RESOURCEQUOTAS,
            value!({"spec": {"hard": {"requests.cpu": "4", "limits.cpu": "2"}}}),
            "ResourceQuota requests.cpu (4) should be less than limits.cpu (2)",
        ),
        (
            SECRETS,
            value!({"type": "kubernetes.io/tls", "data": {"tls.crt": "eA==", "tls.key": "eA=="}}),
            "tls: failed to find any PEM data in certificate input",
        ),
    ];
    for (resource, object, want) in table {
        assert_eq!(words(resource, &object), want);
    }
}
