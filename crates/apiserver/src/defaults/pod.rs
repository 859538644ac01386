//! Pods and everything with a pod template.
//!
//! Models SetDefaults_Pod, _PodSpec, _Container, _Volume and their parts in `pkg/apis/core/v1/defaults.go`.

use objects::{Str, Value};

use super::{each, fill, part};
use crate::validation::aggregate;

pub(crate) fn defaults(pod: &mut Value) {
    pod_spec(pod.map_mut().entry("spec"));
}

/// The spec of a pod: a template's, and what only pods get.
pub(crate) fn pod_spec(s: &mut Value) {
    spec(s);
    for key in ["initContainers", "containers"] {
        for c in each(s, key) {
            requests_from_limits(c);
        }
    }
    pod_resources(s);
    fill(s, "enableServiceLinks", true);
    if s["hostNetwork"].is_true() {
        for key in ["containers", "initContainers"] {
            for c in each(s, key) {
                host_ports(c);
            }
        }
    }
}

/// On the host's network a port is the host's too.
fn host_ports(c: &mut Value) {
    for p in each(c, "ports") {
        if p["hostPort"].int() == 0 && !p["containerPort"].is_null() {
            let port = p["containerPort"].clone();
            p.set("hostPort", port);
        }
    }
}

/// What a pod as a whole asks for, where it says something of itself.
fn pod_resources(s: &mut Value) {
    let given = |s: &Value, list: &str| !s["resources"][list].entries().is_empty();
    if !given(s, "limits") && !given(s, "requests") {
        return;
    }
    let known = |name: &str| matches!(name, "cpu" | "memory") || name.starts_with("hugepages-");
    for (name, sum) in aggregate(s, "limits") {
        let r = &s["resources"];
        let open = r["requests"][name.as_str()].is_null() && r["limits"][name.as_str()].is_null();
        if name.starts_with("hugepages-") && open {
            s.set_at(&["resources", "limits", &name], sum.canonical());
        }
    }
    if !given(s, "limits") {
        return;
    }
    for (name, sum) in aggregate(s, "requests") {
        if matches!(name.as_str(), "cpu" | "memory") && s["resources"]["requests"][name.as_str()].is_null() {
            s.set_at(&["resources", "requests", &name], sum.canonical());
        }
    }
    for (name, limit) in s["resources"]["limits"].clone().entries() {
        if known(name) && s["resources"]["requests"][name.as_str()].is_null() {
            s.set_at(&["resources", "requests", name], limit);
        }
    }
}

fn requests_from_limits(container: &mut Value) {
    let limits = container["resources"]["limits"].clone();
    for (name, limit) in limits.entries() {
        if container["resources"]["requests"][name.as_str()].is_null() {
            container.set_at(&["resources", "requests", name], limit);
        }
    }
}

/// A pod template: its metadata is left alone.
pub(crate) fn template(template: &mut Value) {
    spec(template.map_mut().entry("spec"));
}

/// What every pod spec gets, a template's too.
pub(crate) fn spec(spec: &mut Value) {
    for key in ["containers", "initContainers", "ephemeralContainers"] {
        for c in each(spec, key) {
            container(c);
        }
    }
    for v in each(spec, "volumes") {
        volume(v);
    }
    fill(spec, "dnsPolicy", Str::new_static("ClusterFirst"));
    fill(spec, "restartPolicy", Str::new_static("Always"));
    fill(spec, "schedulerName", Str::new_static("default-scheduler"));
    fill(spec, "securityContext", Value::map());
    fill(spec, "terminationGracePeriodSeconds", 30);
    // Upstream converts the deprecated twin from and to the field that replaced it.
    let (account, twin) = (spec["serviceAccountName"].clone(), spec["serviceAccount"].clone());
    if !account.is_null() && account != twin {
        spec.set("serviceAccount", account);
    } else if account.is_null() && !twin.is_null() {
        spec.set("serviceAccountName", twin);
    }
}

fn container(c: &mut Value) {
    fill(c, "resources", Value::map());
    if c["imagePullPolicy"].is_null() {
        let policy = if is_latest(c["image"].text()) { "Always" } else { "IfNotPresent" };
        c.set("imagePullPolicy", Str::new_static(policy));
    }
    fill(c, "terminationMessagePath", Str::new_static("/dev/termination-log"));
    fill(c, "terminationMessagePolicy", Str::new_static("File"));
    for p in each(c, "ports") {
        fill(p, "protocol", Str::new_static("TCP"));
    }
    for e in each(c, "env") {
        if let Some(field) = e.find_mut(&["valueFrom", "fieldRef"]).filter(|f| !f.is_null()) {
            fill(field, "apiVersion", Str::new_static("v1"));
        }
        if let Some(file) = e.find_mut(&["valueFrom", "fileKeyRef"]).filter(|f| !f.is_null()) {
            fill(file, "optional", false);
        }
    }
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(p) = part(c, key) {
            fill(p, "timeoutSeconds", 1);
            fill(p, "periodSeconds", 10);
            fill(p, "successThreshold", 1);
            fill(p, "failureThreshold", 3);
            handler(p);
        }
    }
    for key in ["postStart", "preStop"] {
        if let Some(h) = c.find_mut(&["lifecycle", key]) {
            handler(h);
        }
    }
}

fn handler(h: &mut Value) {
    if let Some(get) = part(h, "httpGet") {
        fill(get, "path", Str::new_static("/"));
        fill(get, "scheme", Str::new_static("HTTP"));
    }
    if let Some(grpc) = part(h, "grpc") {
        fill(grpc, "service", Str::new_static(""));
    }
}

/// True when the image's tag is `latest`, named or not, and no digest is given. A text that names no image has no tag.
fn is_latest(image: &str) -> bool {
    let (name, tag) = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    };
    tag == "latest" && !image.contains('@') && is_repository(name)
}

/// `host:port/path/name`: a path of lower-case parts, the first of which may be a host.
fn is_repository(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    let (host, path) = match parts.as_slice() {
        [first, rest @ ..] if !rest.is_empty() && (first.contains(['.', ':']) || *first == "localhost") => {
            (Some(*first), rest)
        }
        all => (None, all),
    };
    host.is_none_or(|h| h.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':')))
        && path.iter().all(|p| {
            p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
                && p.starts_with(|c: char| c.is_ascii_alphanumeric())
                && p.ends_with(|c: char| c.is_ascii_alphanumeric())
        })
}

fn volume(v: &mut Value) {
    if !v.entries().iter().any(|(k, x)| k != "name" && !x.is_null()) {
        v.set("emptyDir", Value::map());
    }
    for key in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = part(v, key) {
            fill(source, "defaultMode", 420);
        }
    }
    if let Some(path) = part(v, "hostPath") {
        fill(path, "type", Str::new_static(""));
    }
    if let Some(items) = v.find_mut(&["downwardAPI"]) {
        for item in each(items, "items") {
            field_ref(item);
        }
    }
    if let Some(projected) = part(v, "projected") {
        for source in each(projected, "sources") {
            if let Some(token) = part(source, "serviceAccountToken") {
                fill(token, "expirationSeconds", 3600);
            }
            if let Some(api) = part(source, "downwardAPI") {
                for item in each(api, "items") {
                    field_ref(item);
                }
            }
        }
    }
    if let Some(image) = part(v, "image") {
        let policy = if is_latest(image["reference"].text()) { "Always" } else { "IfNotPresent" };
        fill(image, "pullPolicy", policy);
    }
    if let Some(template) = v.find_mut(&["ephemeral", "volumeClaimTemplate"]) {
        fill(template.map_mut().entry("spec"), "volumeMode", "Filesystem");
    }
    legacy_volume(v);
}

fn field_ref(item: &mut Value) {
    if let Some(field) = part(item, "fieldRef") {
        fill(field, "apiVersion", Str::new_static("v1"));
    }
}

/// Sources of storage systems that came before CSI; volumes of pods and PersistentVolumes alike.
pub(super) fn legacy_volume(v: &mut Value) {
    if let Some(s) = part(v, "iscsi") {
        fill(s, "iscsiInterface", "default");
    }
    if let Some(s) = part(v, "rbd") {
        fill(s, "pool", "rbd");
        fill(s, "user", "admin");
        fill(s, "keyring", "/etc/ceph/keyring");
    }
    if let Some(s) = part(v, "azureDisk") {
        fill(s, "cachingMode", "ReadWrite");
        fill(s, "kind", "Shared");
        fill(s, "fsType", "ext4");
        fill(s, "readOnly", false);
    }
    if let Some(s) = part(v, "scaleIO") {
        fill(s, "storageMode", "ThinProvisioned");
        fill(s, "fsType", "xfs");
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn pull_policy_follows_the_tag() {
        for (image, latest) in [
            ("nginx", true),
            ("nginx:latest", true),
            ("nginx:1.25", false),
            ("localhost:5000/nginx", true),
            ("localhost:5000/nginx:1", false),
            ("nginx@sha256:0", false),
            ("", false),
            ("<owner>/web", false),
            ("Nginx", false),
        ] {
            assert_eq!(is_latest(image), latest, "{image}");
        }
    }

    #[test]
    fn a_defaulted_spec_stays_as_it_is() {
        let mut once = value!({
            "containers": [{
                "name": "a", "image": "nginx:1.25", "ports": [{"containerPort": 80}],
                "resources": {"limits": {"cpu": "1"}}, "livenessProbe": {"httpGet": {"port": 80}}
            }],
            "volumes": [{"name": "v"}, {"name": "w", "configMap": {"name": "c"}}]
        });
        pod_spec(&mut once);
        assert_eq!(once["containers"][0]["resources"]["requests"]["cpu"], "1");
        assert_eq!(once["containers"][0]["livenessProbe"]["httpGet"]["path"], "/");
        assert_eq!(once["volumes"][1]["configMap"]["defaultMode"].int(), 420);
        let mut twice = once.clone();
        pod_spec(&mut twice);
        assert_eq!(once, twice);
    }
}
