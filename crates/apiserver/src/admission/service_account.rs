//! ServiceAccount: every pod runs as one, and finds its token mounted.
//!
//! Models `plugin/pkg/admission/serviceaccount`.
//! Not modelled: the annotation that limits which Secrets may be mounted.

use objects::{Status, Str, Value, value};
use smol_str::format_smolstr;

use super::completed;
use crate::server::{ApiServer, Cx};

const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const MIRROR: &str = "kubernetes.io/config.mirror";

/// True for the API server's picture of a static pod.
pub(super) fn is_mirror(pod: &Value) -> bool {
    !pod.annotations()[MIRROR].is_null()
}

/// Whether chance named a volume.
#[inline(never)]
pub(super) fn admit(server: &mut ApiServer, cx: &Cx<'_>, pod: &mut Value) -> Result<bool, Status> {
    if is_mirror(pod) {
        return Ok(false);
    }
    if pod["spec"]["serviceAccountName"].text().is_empty() {
        let spec = pod.map_mut().entry("spec");
        spec.set("serviceAccountName", Str::new_static("default"));
        spec.set("serviceAccount", Str::new_static("default"));
    }
    let name = pod["spec"]["serviceAccountName"].to_str();
    let Some(account) = server.get("serviceaccounts", &cx.request.namespace, &name).cloned() else {
        let (ns, pod_name) = (&cx.request.namespace, pod.name());
        let why =
            format!("error looking up service account {ns}/{name}: serviceaccount \"{name}\" not found");
        return Err(Status::forbidden("", "pods", pod_name, &why));
    };
    if pod["spec"]["imagePullSecrets"].is_zero() && !account["imagePullSecrets"].is_zero() {
        let secrets = account["imagePullSecrets"].clone();
        pod.set_at(&["spec", "imagePullSecrets"], secrets);
    }
    let wants = match pod["spec"]["automountServiceAccountToken"].as_bool() {
        Some(b) => b,
        None => account["automountServiceAccountToken"].as_bool().unwrap_or(true),
    };
    Ok(wants && mount_token(server, pod))
}

/// Whether the volume's name was drawn.
fn mount_token(server: &mut ApiServer, pod: &mut Value) -> bool {
    let given = pod["spec"]["volumes"]
        .items()
        .iter()
        .find(|v| v["name"].text().starts_with("kube-api-access-"))
        .map(|v| v["name"].to_str());
    let drawn = given.is_none();
    let name =
        given.unwrap_or_else(|| format_smolstr!("kube-api-access-{}", completed::suffix(&mut server.rng)));
    let mut used = false;
    for key in ["initContainers", "containers"] {
        let missing = |c: &Value| !c["volumeMounts"].items().iter().any(|m| m["mountPath"] == MOUNT_PATH);
        if !pod["spec"][key].items().iter().any(missing) {
            continue;
        }
        used = true;
        let containers = pod.map_mut().entry("spec").map_mut().entry(key).list_mut().to_mut();
        for c in containers.iter_mut().filter(|c| missing(c)) {
            let mount = value!({"mountPath": (MOUNT), "name": (name.clone()), "readOnly": true});
            c.map_mut().entry("volumeMounts").list_mut().push(mount);
        }
    }
    if used && drawn {
        let volume = value!({"name": (name), "projected": (server.token_volume.clone())});
        pod.map_mut().entry("spec").map_mut().entry("volumes").list_mut().push(volume);
    }
    drawn
}

const MOUNT: Str = Str::new_static(MOUNT_PATH);

/// What the volume projects: shared by all pods.
pub(crate) fn token_volume() -> Value {
    value!({
        "defaultMode": 420,
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
            {"downwardAPI": {"items": [{
                "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"
            }]}}
        ]
    })
}
