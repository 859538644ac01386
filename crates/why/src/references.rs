//! Names in an object that lead nowhere: a ConfigMap that is not there, a claim off by a letter, a Service without the
//! port an Ingress asks for.

use cluster::Cluster;
use objects::Value;

use crate::{Near, Say, Subject, nearest};

/// A name in an object: its field, the resource it should be of, the name, and whether it may be missing.
struct Name {
    field: String,
    resource: &'static str,
    kind: &'static str,
    name: String,
}

/// All references of `object` to something that is not there, with the nearest name that is.
pub(crate) fn broken(cluster: &Cluster, subject: &Subject, object: &Value) -> Vec<Near> {
    let mut out = Vec::new();
    let namespace = object.namespace();
    for Name { field, resource, kind, name } in names(subject, object) {
        let place = if resource == "storageclasses.storage.k8s.io"
            || resource == "ingressclasses.networking.k8s.io"
        {
            ""
        } else {
            namespace
        };
        if cluster.object(resource, place, &name).is_some() {
            continue;
        }
        let there: Vec<&str> =
            cluster.objects(resource).filter(|o| o.namespace() == place).map(Value::name).collect();
        let near = nearest(&name, there.iter().copied()).unwrap_or_default();
        let say = if near.is_empty() {
            Say::new(format!("There is no {kind} {name}"), format!("{kind} {name} 없음"))
        } else {
            Say::new(
                format!("There is no {kind} {name}; there is {near}"),
                format!("{kind} {name} 없음, {near} 있음"),
            )
        };
        out.push(Near { say, subject: subject.clone(), field, have: name, want: near.to_owned() });
    }
    if subject.resource == "ingresses.networking.k8s.io" {
        backend_ports(cluster, subject, object, &mut out);
    }
    out.truncate(8);
    out
}

fn names(subject: &Subject, object: &Value) -> Vec<Name> {
    let mut out = Vec::new();
    let (spec, at) = match subject.resource.as_str() {
        "pods" => (&object["spec"], "spec"),
        "deployments.apps"
        | "replicasets.apps"
        | "statefulsets.apps"
        | "daemonsets.apps"
        | "jobs.batch"
        | "replicationcontrollers" => (&object["spec"]["template"]["spec"], "spec.template.spec"),
        "ingresses.networking.k8s.io" => {
            ingress(&object["spec"], &mut out);
            return out;
        }
        "persistentvolumeclaims" => {
            let class = object["spec"]["storageClassName"].text();
            push(
                &mut out,
                "spec.storageClassName".into(),
                "storageclasses.storage.k8s.io",
                "StorageClass",
                class,
            );
            return out;
        }
        "horizontalpodautoscalers.autoscaling" => {
            let target = &object["spec"]["scaleTargetRef"];
            let resource = match target["kind"].text() {
                "Deployment" => "deployments.apps",
                "StatefulSet" => "statefulsets.apps",
                "ReplicaSet" => "replicasets.apps",
                _ => return out,
            };
            push(
                &mut out,
                "spec.scaleTargetRef.name".into(),
                resource,
                "scaleTargetRef",
                target["name"].text(),
            );
            return out;
        }
        _ => return out,
    };
    let account = spec["serviceAccountName"].text();
    push(&mut out, format!("{at}.serviceAccountName"), "serviceaccounts", "ServiceAccount", account);
    for (i, volume) in spec["volumes"].items().iter().enumerate() {
        let field = |rest: &str| format!("{at}.volumes[{i}].{rest}");
        let claim = volume["persistentVolumeClaim"]["claimName"].text();
        push(
            &mut out,
            field("persistentVolumeClaim.claimName"),
            "persistentvolumeclaims",
            "PersistentVolumeClaim",
            claim,
        );
        if !volume["configMap"]["optional"].is_true() {
            push(
                &mut out,
                field("configMap.name"),
                "configmaps",
                "ConfigMap",
                volume["configMap"]["name"].text(),
            );
        }
        if !volume["secret"]["optional"].is_true() {
            push(
                &mut out,
                field("secret.secretName"),
                "secrets",
                "Secret",
                volume["secret"]["secretName"].text(),
            );
        }
    }
    for list in ["initContainers", "containers"] {
        for (i, container) in spec[list].items().iter().enumerate() {
            for (j, from) in container["envFrom"].items().iter().enumerate() {
                for (key, resource, kind) in WHOLE {
                    let source = &from[key];
                    if !source["optional"].is_true() {
                        let field = format!("{at}.{list}[{i}].envFrom[{j}]");
                        push(&mut out, field, resource, kind, source["name"].text());
                    }
                }
            }
            for (j, env) in container["env"].items().iter().enumerate() {
                for (key, resource, kind) in KEYED {
                    let source = &env["valueFrom"][key];
                    if !source["optional"].is_true() {
                        let field = format!("{at}.{list}[{i}].env[{j}].valueFrom.{key}.name");
                        push(&mut out, field, resource, kind, source["name"].text());
                    }
                }
            }
        }
    }
    out
}

const WHOLE: [(&str, &str, &str); 2] =
    [("configMapRef", "configmaps", "ConfigMap"), ("secretRef", "secrets", "Secret")];

const KEYED: [(&str, &str, &str); 2] =
    [("configMapKeyRef", "configmaps", "ConfigMap"), ("secretKeyRef", "secrets", "Secret")];

fn push(out: &mut Vec<Name>, field: String, resource: &'static str, kind: &'static str, name: &str) {
    if !name.is_empty() {
        out.push(Name { field, resource, kind, name: name.to_owned() });
    }
}

fn ingress(spec: &Value, out: &mut Vec<Name>) {
    let class = spec["ingressClassName"].text();
    push(out, "spec.ingressClassName".into(), "ingressclasses.networking.k8s.io", "IngressClass", class);
    let default = spec["defaultBackend"]["service"]["name"].text();
    push(out, "spec.defaultBackend.service.name".into(), "services", "Service", default);
    for (i, rule) in spec["rules"].items().iter().enumerate() {
        for (j, path) in rule["http"]["paths"].items().iter().enumerate() {
            let name = path["backend"]["service"]["name"].text();
            let field = format!("spec.rules[{i}].http.paths[{j}].backend.service.name");
            push(out, field, "services", "Service", name);
        }
    }
    for (i, tls) in spec["tls"].items().iter().enumerate() {
        push(out, format!("spec.tls[{i}].secretName"), "secrets", "Secret", tls["secretName"].text());
    }
}

/// A backend whose Service has no such port.
fn backend_ports(cluster: &Cluster, subject: &Subject, ingress: &Value, out: &mut Vec<Near>) {
    for (i, rule) in ingress["spec"]["rules"].items().iter().enumerate() {
        for (j, path) in rule["http"]["paths"].items().iter().enumerate() {
            let backend = &path["backend"]["service"];
            let Some(service) = cluster.object("services", ingress.namespace(), backend["name"].text())
            else {
                continue;
            };
            let ports = service["spec"]["ports"].items();
            let (number, name) = (backend["port"]["number"].int(), backend["port"]["name"].text());
            if ports
                .iter()
                .any(|p| if name.is_empty() { p["port"].int() == number } else { p["name"] == name })
            {
                continue;
            }
            let have = if name.is_empty() { number.to_string() } else { name.to_owned() };
            let want = ports.first().map(|p| p["port"].int().to_string()).unwrap_or_default();
            let service = service.name();
            out.push(Near {
                say: Say::new(
                    format!("Service {service} has no port {have}; it has {want}"),
                    format!("Service {service}에 포트 {have} 없음, {want} 있음"),
                ),
                subject: subject.clone(),
                field: format!("spec.rules[{i}].http.paths[{j}].backend.service.port"),
                have,
                want,
            });
        }
    }
}
