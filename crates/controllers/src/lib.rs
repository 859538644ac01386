//! The kube-controller-manager: the control loops that bring the cluster to what objects ask for.
//!
//! Owns: one controller per file under upstream's name, the caches they share ([`Caches`]) and the component that
//! runs them ([`ControllerManager`]).
//! Does not own: answering requests, placing pods, running containers. Controllers never meet each other: each
//! reads caches and writes through the API server.
//!
//! # Invariants
//! - Cost follows the change: a controller keeps its own counts from each change; no sync walks all pods of an
//!   owner unless it must choose among them.
//! - A controller is level-driven: its sync reaches the same state however often, and after whatever, it runs.
//! - All state is plain data and `Clone`.

mod caches;
mod controller;
pub mod delays;
mod deployment;
mod expectations;
mod manager;
mod pod_control;
mod pods;
mod replicaset;
mod selector;
mod sync_queue;
mod template_hash;

pub use caches::Caches;
pub use controller::{Base, Controller};
pub use manager::ControllerManager;
pub use sync_queue::SyncQueue;
