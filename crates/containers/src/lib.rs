//! Containers that live: file systems, processes, the small shell, the programs images run, and the images.
//!
//! Owns: all that happens inside a container or behind the learner's prompt, as plain data that is run in slices.
//! Does not own: the pod that holds a container (kubelet), the network between them, the clock.

pub mod container;
pub mod fs;
pub mod glob;
pub mod grpc_health;
pub mod images;
pub mod machine;
pub mod net;
pub mod programs;
pub mod regex;
pub mod shell;
