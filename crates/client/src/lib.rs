//! What a component holds of the cluster: requests, changes, caches, work queues.
//!
//! Owns: the form of a request and of a change, the contract of a component, informer caches and work queues.
//! Does not own: answering requests (apiserver), keeping objects (etcd), deciding when a component runs (cluster).
//!
//! Components meet only here. A controller reads its caches, writes through [`Ctx`], and is told of changes.

pub mod cache;
pub mod change;
pub mod component;
pub mod handle;
pub mod http;
pub mod identity;
pub mod recorder;
pub mod request;
pub mod subject;
pub mod token;
pub mod work_queue;

pub use cache::Cache;
pub use change::{Change, ChangeKind};
pub use component::{Api, Caller, Component, Ctx, Interest};
pub use handle::Handle;
pub use identity::{Credentials, Identity, Impersonation};
pub use recorder::{EventType, Recorder};
pub use request::{Body, FieldValidation, Options, PatchType, Propagation, Request, Response, TableOf, Verb};
pub use subject::Subject;
pub use work_queue::WorkQueue;
