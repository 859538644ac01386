//! Volumes of several sources in one directory, and the ServiceAccount's token.
//!
//! Models `pkg/volume/projected`. Not modelled: renewal of tokens, `clusterTrustBundle`, `podCertificate`.

use objects::Value;

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
            files.insert(s["path"].text().to_owned(), (token(downward, s).into_bytes(), mode as u16));
        }
    }
    Ok(())
}

/// The pod's token. It holds a year, as those that the API server extends.
fn token(downward: &Downward, source: &Value) -> String {
    const YEAR_SECONDS: i64 = 31_536_007;
    let pod = &downward.pod;
    let begun = pod.created().unwrap_or(clock::Time::EPOCH).0 / 1000;
    let claims = format!(
        r#"{{"aud":["{audience}"],"exp":{ends},"iat":{begun},"iss":"https://kubernetes.default.svc.cluster.local","kubernetes.io":{{"namespace":"{ns}","pod":{{"name":"{name}","uid":"{uid}"}},"serviceaccount":{{"name":"{sa}"}}}},"nbf":{begun},"sub":"system:serviceaccount:{ns}:{sa}"}}"#,
        audience = source["audience"].as_str().unwrap_or("https://kubernetes.default.svc.cluster.local"),
        ends = begun + YEAR_SECONDS,
        ns = pod.namespace(),
        name = pod.name(),
        uid = pod.uid(),
        sa = pod["spec"]["serviceAccountName"].as_str().unwrap_or("default"),
    );
    client::token::signed(&downward.token_key, r#"{"alg":"RS256","kid":"simulated"}"#, &claims)
}
