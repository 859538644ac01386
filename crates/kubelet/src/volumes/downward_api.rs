//! Volumes of the pod's own fields. Models `pkg/volume/downwardapi`.

use objects::Value;

use super::config_map::Files;
use crate::environment::Downward;

pub(super) fn files(source: &Value, mode: i64, downward: &Downward, files: &mut Files) -> Result<(), String> {
    for item in source["items"].items() {
        let text = match item.find("fieldRef") {
            Some(r) => downward.field(r["fieldPath"].text())?,
            None => downward.resource(&item["resourceFieldRef"], "")?,
        };
        files.insert(item["path"].text().to_owned(), (text.into_bytes(), item["mode"].int_or(mode) as u16));
    }
    Ok(())
}
