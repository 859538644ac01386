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

pub mod apiservice;
pub mod caches;
pub mod certificates;
pub mod clusterroleaggregation;
pub mod controller;
pub mod cronjob;
pub mod daemonset;
pub mod delays;
pub mod deployment;
pub mod discovery;
pub mod disruption;
pub mod endpoints;
pub mod endpointslice;
pub mod endpointslicemirroring;
pub mod expectations;
pub mod garbagecollector;
pub mod history;
pub mod job;
pub mod manager;
pub mod namespace;
pub mod node_taints;
pub mod nodelifecycle;
pub mod operator;
pub mod pod_cache;
pub mod pod_control;
pub mod pod_facts;
pub mod pod_kin;
pub mod pod_owners;
pub mod pod_state;
pub mod podautoscaler;
pub mod podgc;
pub mod pods;
pub mod replicaset;
pub mod resourcequota;
pub mod rootcacertpublisher;
pub mod selector;
pub mod service_ports;
pub mod serviceaccount;
pub mod statefulset;
pub mod sync_queue;
pub mod tainteviction;
pub mod ttl;
pub mod ttlafterfinished;
pub mod verticalpodautoscaler;
pub mod volume;

pub use caches::Caches;
pub use controller::{Base, Controller};
pub use manager::ControllerManager;
pub use sync_queue::SyncQueue;
