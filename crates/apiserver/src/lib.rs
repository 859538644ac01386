//! The API server: requests in, responses out, every write one revision.
//!
//! Owns: [`ApiServer`]. The way of a write: find the resource, decode, default, admit, let the kind's strategy prepare
//! it, validate, store. Also reads, watches, tables, discovery.
//! Does not own: keeping revisions (etcd), acting on what is stored (controllers, scheduler, kubelet), log and exec
//! streams (whoever drives the cluster connects them).
//!
//! Models `k8s.io/apiserver` and `k8s.io/kubernetes/pkg/registry`, `pkg/apis`, `plugin/pkg/admission`.
//! Not modelled: audit, priority and fairness.

mod admission;
mod aggregation;
mod authentication;
mod authorization;
mod bootstrap;
mod conversion;
mod custom;
mod defaults;
mod discovery;
pub mod health;
mod metrics;
mod registry;
mod server;
mod strategy;
mod subresources;
mod tables;
mod validation;
mod watch;

pub use admission::{WebhookCall, Webhooks};
pub use aggregation::{CustomKey, ExternalKey, Measured, Sample};
pub use authentication::token_key;
pub use custom::Conversion;
pub use server::{ApiServer, Config};
pub use watch::WatchCursor;
