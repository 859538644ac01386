//! `kubectl edit`, `create --edit`, `apply edit-last-applied`: an object in the learner's editor.
//!
//! Models `k8s.io/kubectl/pkg/cmd/util/editor`.

use crate::error::{Result, fail};
use crate::finder::Find;
use crate::flags::Args;
use crate::session::Kubectl;

/// `create --edit`
///
/// # Errors
/// As `create`.
pub async fn create_edited(_k: &Kubectl, _args: &Args, _find: &Find) -> Result<()> {
    fail("--edit is not simulated")
}

/// `apply edit-last-applied`
///
/// # Errors
/// As `edit`.
pub async fn last_applied(_k: &Kubectl, _args: &Args) -> Result<()> {
    fail("edit-last-applied is not simulated")
}
