//! Secrets: keys, and what each type needs.
//!
//! Models ValidateSecret and ValidateSecretUpdate in `pkg/apis/core/validation`.

use objects::{Value, base64, json, names};

use super::{Errors, config_map};

const REDACTED: &str = "<secret contents redacted>";
const ACCOUNT: &str = "kubernetes.io/service-account.name";

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let data = &object["data"];
    let mut size = 0;
    for (key, value) in data.entries() {
        errs.at("data", |e| e.key(key, |e| e.complaints(&key.into(), names::config_map_key(key))));
        size += config_map::decoded_len(value);
    }
    if size > config_map::MAX_BYTES {
        errs.at("data", |e| e.too_long(config_map::MAX_BYTES));
    }
    let missing = |key: &str| data[key].is_null();
    let mut require = |key: &str| errs.at("data", |e| e.key(key, |e| e.required("")));
    match object["type"].text() {
        "kubernetes.io/service-account-token" if object.annotations()[ACCOUNT].text().is_empty() => {
            errs.at("metadata.annotations", |e| e.key(ACCOUNT, |e| e.required("")));
        }
        "kubernetes.io/dockercfg" => docker(data, ".dockercfg", errs),
        "kubernetes.io/dockerconfigjson" => docker(data, ".dockerconfigjson", errs),
        "kubernetes.io/basic-auth" if missing("username") && missing("password") => {
            require("username");
            require("password");
        }
        "kubernetes.io/ssh-auth" if data["ssh-privatekey"].text().is_empty() => require("ssh-privatekey"),
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"] {
                if missing(key) {
                    require(key);
                }
            }
        }
        _ => {}
    }
}

/// Credentials of a registry must be JSON.
fn docker(data: &Value, key: &str, errs: &mut Errors) {
    errs.at("data", |e| {
        e.key(key, |e| {
            let Value::Str(text) = &data[key] else { return e.required("") };
            let bytes = base64::decode(text).unwrap_or_default();
            if let Err(why) = json::parse(&String::from_utf8_lossy(&bytes)) {
                e.invalid_text(REDACTED, &why.message);
            }
        });
    });
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    errs.immutable(new, old, "type");
    config_map::immutable(new, old, &["data"], errs);
    validate(new, errs);
}
