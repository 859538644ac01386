//! What outlives a reload: language, theme, files, history, progress.
//!
//! Owns: keys, their version, and getting along when the browser refuses to store anything.
//! Does not own: what is stored.

use objects::Value;
use web_sys::Storage;

/// Raised when the meaning of a stored value changes; values of other versions are left alone and not read.
const VERSION: &str = "wheelhouse.1.";

fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

#[must_use]
pub(crate) fn read(key: &str) -> Option<String> {
    storage()?.get_item(&format!("{VERSION}{key}")).ok()?
}

/// False when the browser stores nothing.
pub(crate) fn write(key: &str, value: &str) -> bool {
    storage().is_some_and(|s| s.set_item(&format!("{VERSION}{key}"), value).is_ok())
}

/// Pairs of texts, in order of their keys; what can't be read is as if it were never written.
#[must_use]
pub(crate) fn read_map(key: &str) -> Option<Vec<(String, String)>> {
    let value = objects::json::parse(&read(key)?).ok()?;
    let map = value.as_map()?;
    Some(map.iter().map(|(name, text)| (name.to_string(), text.text().to_owned())).collect())
}

pub(crate) fn write_map(key: &str, pairs: &[(String, String)]) -> bool {
    let mut map = Value::map();
    for (name, text) in pairs {
        map.set(name.as_str(), text.as_str());
    }
    write(key, &objects::json::to_string(&map))
}

#[must_use]
pub(crate) fn read_list(key: &str) -> Vec<String> {
    let value = read(key).and_then(|text| objects::json::parse(&text).ok()).unwrap_or_default();
    value.items().iter().map(|item| item.text().to_owned()).collect()
}

pub(crate) fn write_list(key: &str, items: &[String]) -> bool {
    let list: Value = items.iter().map(|item| Value::from(item.as_str())).collect();
    write(key, &objects::json::to_string(&list))
}
