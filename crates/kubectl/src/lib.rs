//! kubectl: what the learner types about the cluster, in upstream's words.
//!
//! Owns: command lines, flags, verbs, printers, describers, kubeconfig. Does not own: the shell around it (terminal),
//! the machine's files ([`io::Io`]), what the server answers (apiserver): this is a client like any other.
//!
//! Models `k8s.io/kubectl` and `k8s.io/cli-runtime` v1.36. Not modelled: plugins, URLs as manifests,
//! klog output (`-v`).

pub mod change;
pub mod command;
pub mod complete;
pub mod credentials;
pub mod describe;
pub mod error;
pub mod finder;
pub mod flags;
pub mod help;
pub mod io;
pub mod kubeconfig;
mod kuberc;
pub mod manifest;
pub mod mapper;
pub mod printers;
pub mod session;
pub mod sha256;
pub mod testing;
pub mod unreachable;
pub mod verbs;

pub use complete::{Candidate, complete};
pub use error::{Error, Result};
pub use io::{FsError, Io};
pub use session::Kubectl;

use std::rc::Rc;

use client::Handle;

/// Runs one command line (without the word `kubectl`) to its end.
///
/// Output goes to `io` in the order written; dropping the future is Ctrl-C. Returns the exit code.
pub async fn run(argv: Vec<String>, io: Rc<dyn Io>, client: Handle) -> i32 {
    command::run(argv, io, client).await
}
