//! Volumes of a Secret. Models `pkg/volume/secret`; what is written is decoded.

use objects::Value;

use super::Read;
use super::config_map::{Files, keyed};

pub(super) fn files(
    source: &Value,
    name: &str,
    mode: i64,
    read: &mut Read<'_>,
    files: &mut Files,
) -> Result<(), String> {
    keyed("secrets", name, source, mode, read, files)
}
