//! Volumes: binding claims to them, and keeping both while they are in use.

pub mod attachdetach;
pub mod ephemeral;
pub mod expand;
pub mod persistentvolume;
pub mod pvcprotection;
pub mod pvprotection;
mod reclaim;
