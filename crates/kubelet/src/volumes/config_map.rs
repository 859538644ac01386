//! Volumes of a ConfigMap, and what they have in common with those of a Secret.
//!
//! Models `pkg/volume/configmap`.

use objects::{Value, base64};
use ordered::BTreeMap;

use super::Read;

/// Content and mode by path.
pub(super) type Files = BTreeMap<String, (Vec<u8>, u16)>;

pub(super) fn files(source: &Value, mode: i64, read: &mut Read<'_>, files: &mut Files) -> Result<(), String> {
    keyed("configmaps", source["name"].text(), source, mode, read, files)
}

/// The files of an object of keys: all, or those that `items` names.
pub(super) fn keyed(
    resource: &str,
    name: &str,
    source: &Value,
    mode: i64,
    read: &mut Read<'_>,
    files: &mut Files,
) -> Result<(), String> {
    let optional = source["optional"].is_true();
    let object = match read(resource, name) {
        Ok(o) => o,
        Err(_) if optional => return Ok(()),
        Err(e) => return Err(e),
    };
    let plain = resource == "configmaps";
    let bytes = |key: &str| -> Option<Vec<u8>> {
        match object["data"].find(key) {
            Some(text) if plain => Some(text.text().as_bytes().to_vec()),
            Some(text) => base64::decode(text.text()),
            None => base64::decode(object["binaryData"].find(key)?.text()),
        }
    };
    let items = source["items"].items();
    if items.is_empty() {
        for (key, _) in object["data"].entries().iter().chain(object["binaryData"].entries()) {
            if let Some(b) = bytes(key) {
                files.insert(key.to_string(), (b, mode as u16));
            }
        }
    }
    for item in items {
        let key = item["key"].text();
        match bytes(key) {
            Some(b) => {
                files.insert(item["path"].text().to_owned(), (b, item["mode"].int_or(mode) as u16));
            }
            None if optional => {}
            None if plain => return Err(format!("configmap references non-existent config key: {key}")),
            None => return Err(format!("references non-existent secret key: {key}")),
        }
    }
    Ok(())
}
