//! The patch of client-side `kubectl apply`: from what was applied last, what is asked for now, and what is live.
//!
//! It holds the difference from live to asked-for without deletions, plus the deletions from last applied to asked
//! for. Models CreateThreeWayMergePatch of `k8s.io/apimachinery/pkg/util/strategicpatch`.
//! Not modelled: the search for conflicts with `--overwrite=false`.

use super::Error;
use super::diff::{self, diff_maps};
use super::strategic::{self, merge_map};
use crate::Value;
use crate::schema::Schema;

/// The patch; an empty map when nothing is to change. `original` is null when nothing was applied before.
///
/// # Errors
/// As [`diff::two_way`].
pub fn strategic(
    original: &Value,
    modified: &Value,
    current: &Value,
    schema: Schema<'_>,
) -> Result<Value, Error> {
    let options = diff::Options { ignore_changes: false, ignore_deletions: true, retain_keys: false };
    let changes = diff_maps(current, modified, schema, options)?;
    let options = diff::Options { ignore_changes: true, ignore_deletions: false, retain_keys: false };
    let deletions = diff_maps(original, modified, schema, options)?;
    merge_map(&Value::Map(deletions), &changes, schema, strategic::Options { act: false })
}

/// kubectl refuses a patch that touches what an object is: `apiVersion`, `kind` or `metadata.name`.
#[must_use]
pub fn changes_identity(patch: &Value) -> bool {
    patch.find("apiVersion").is_some()
        || patch.find("kind").is_some()
        || patch.get("metadata").find("name").is_some()
}
