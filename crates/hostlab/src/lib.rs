//! Hosts side by side: the container engine that a machine outside the cluster runs.
//!
//! Owns: a container engine as plain data (images, containers, networks, volumes), and the `docker` command over it;
//! the lab that sets servers, guests and containers side by side (`lab`).
//! Does not own: what runs inside a container (containers), the shell the command is typed into (terminal), the
//! registries (they are the cluster's, lent to a command while it runs).

pub mod docker;
pub mod engine;
mod json;
pub mod lab;
mod text;

pub use docker::{Command, Console};
pub use engine::Engine;
pub use lab::Lab;
