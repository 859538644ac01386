//! Names that objects call each other by: an object's new name in all that refer to it.
//!
//! Models kustomize's name references (`api/internal/konfig/builtinpluginconsts/namereference.go`) by the names of the
//! fields that hold one. Not modelled: references of custom kinds beyond those fields.

use objects::Value;

use super::Item;

/// A kind, fields whose map holds its name, lists of such maps, and fields that are the name.
type Reference = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const REFERENCES: [Reference; 8] = [
    ("ConfigMap", &["configMap", "configMapRef", "configMapKeyRef"], &[], &[]),
    ("Secret", &["secret", "secretRef", "secretKeyRef"], &["imagePullSecrets"], &["secretName"]),
    ("Service", &["service"], &[], &["serviceName"]),
    ("ServiceAccount", &[], &[], &["serviceAccountName"]),
    ("PersistentVolumeClaim", &[], &[], &["claimName"]),
    ("StorageClass", &[], &[], &["storageClassName"]),
    ("PriorityClass", &[], &[], &["priorityClassName"]),
    ("PersistentVolume", &[], &[], &["volumeName"]),
];

/// Annotations of an Ingress that name a Secret.
const SECRET_ANNOTATIONS: [&str; 2] =
    ["nginx.ingress.kubernetes.io/auth-secret", "nginx.ingress.kubernetes.io/auth-tls-secret"];

/// Fields that say what kind of object they name.
const TYPED: [&str; 5] = ["scaleTargetRef", "targetRef", "roleRef", "describedObject", "subjects"];

struct Renamed<'a> {
    kind: &'a str,
    maps: &'static [&'static str],
    lists: &'static [&'static str],
    names: &'static [&'static str],
    old: &'a str,
    new: &'a str,
}

/// Puts a new name into every reference to an object of this kind.
pub(super) fn rename(all: &mut [Item], kind: &str, old: &str, new: &str) {
    let none: Reference = ("", &[], &[], &[]);
    let (_, maps, lists, names) = REFERENCES.into_iter().find(|r| r.0 == kind).unwrap_or(none);
    let r = Renamed { kind, maps, lists, names, old, new };
    for item in all {
        if kind == "Secret" && item.object.kind() == "Ingress" {
            for key in SECRET_ANNOTATIONS {
                if item.object.annotations()[key] == old {
                    item.object.set_at(&["metadata", "annotations", key], new);
                }
            }
        }
        let Value::Map(fields) = &mut item.object else { continue };
        for (key, v) in fields.iter_mut() {
            if !matches!(key, "metadata" | "data" | "stringData" | "binaryData") {
                field(key, v, &r);
            }
        }
    }
}

fn field(key: &str, v: &mut Value, r: &Renamed<'_>) {
    let in_list = r.lists.contains(&key);
    if r.names.contains(&key) && *v == r.old {
        *v = r.new.into();
    } else if r.maps.contains(&key) && v["name"] == r.old {
        v.set("name", r.new);
    } else if key == "resourceNames" && matches!(r.kind, "ConfigMap" | "Secret") {
        // A role's rules say of no name which kind has it.
        if v.items().iter().any(|name| *name == r.old) {
            *v = v
                .items()
                .iter()
                .map(|name| if *name == r.old { r.new.into() } else { name.clone() })
                .collect();
        }
    } else if TYPED.contains(&key) || in_list {
        let meant = |o: &Value| o["name"] == r.old && (in_list || o["kind"] == r.kind);
        if let Value::List(l) = v {
            if l.iter().any(meant) {
                l.to_mut().iter_mut().filter(|o| meant(o)).for_each(|o| o.set("name", r.new));
            }
        } else if meant(v) {
            v.set("name", r.new);
        }
    } else {
        walk(v, r);
    }
}

fn walk(v: &mut Value, r: &Renamed<'_>) {
    match v {
        Value::Map(m) => {
            for (key, x) in m.iter_mut() {
                field(key, x, r);
            }
        }
        Value::List(l) if !l.is_empty() => {
            for x in l.to_mut() {
                walk(x, r);
            }
        }
        _ => {}
    }
}
