//! `cargo xtask codegen [--check]`: runs the generator of crates/objects' tables.
//!
//! The generator is a package of its own, outside the workspace: it alone needs k8s-openapi, which takes longer to
//! build than the rest of xtask.

use crate::{Outcome, project};

pub(crate) fn run(args: &[String]) -> Outcome {
    let manifest = project::root().join("xtask/codegen/Cargo.toml");
    let mut command = project::cargo();
    command.args(["run", "--quiet", "--locked", "--manifest-path"]).arg(manifest);
    command.arg("--target-dir").arg(project::target().join("codegen")).arg("--").args(args);
    let status = command.status().map_err(|e| format!("cargo does not start: {e}"))?;
    if status.success() { Ok(()) } else { Err("the generator failed".to_owned()) }
}
