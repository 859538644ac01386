//! Volumes of several sources in one directory, and the ServiceAccount's token.
//!
//! Models `pkg/volume/projected`. Not modelled: renewal of tokens, `clusterTrustBundle`, `podCertificate`.

use objects::{Value, base64};

use super::Read;
use super::config_map::{self, Files};
use super::{downward_api, secret};
use crate::environment::Downward;

pub(super) fn files(
    volume: &Value,
    mode: i64,
    downward: &Downward,
    read: &mut Read<'_>,
    files: &mut Files,
) -> Result<(), String> {
    for source in volume["sources"].items() {
        if let Some(s) = source.find("configMap") {
            config_map::files(s, mode, read, files)?;
        } else if let Some(s) = source.find("secret") {
            secret::files(s, s["name"].text(), mode, read, files)?;
        } else if let Some(s) = source.find("downwardAPI") {
            downward_api::files(s, mode, downward, files)?;
        } else if let Some(s) = source.find("serviceAccountToken") {
            files.insert(s["path"].text().to_owned(), (token(&downward.pod, s).into_bytes(), mode as u16));
        }
    }
    Ok(())
}

/// A token that looks like one: its claims name the account, its signature is nobody's.
fn token(pod: &Value, source: &Value) -> String {
    let claims = format!(
        r#"{{"aud":["{audience}"],"iss":"https://kubernetes.default.svc.cluster.local","kubernetes.io":{{"namespace":"{ns}","pod":{{"name":"{pod}","uid":"{uid}"}},"serviceaccount":{{"name":"{sa}"}}}},"sub":"system:serviceaccount:{ns}:{sa}"}}"#,
        audience = source["audience"].as_str().unwrap_or("https://kubernetes.default.svc.cluster.local"),
        ns = pod.namespace(),
        pod = pod.name(),
        uid = pod.uid(),
        sa = pod["spec"]["serviceAccountName"].as_str().unwrap_or("default"),
    );
    let url = |bytes: &[u8]| base64::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_");
    let header = url(br#"{"alg":"RS256","kid":"simulated"}"#);
    format!("{header}.{}.{}", url(claims.as_bytes()), url(pod.uid().as_bytes()))
}
