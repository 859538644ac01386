//! Streams into a pod: logs, exec, attach, port-forward.
//!
//! Owns: finding the pod's kubelet and moving frames. Does not own: what the container says (kubelet).

use client::handle::Frame;
use client::{Caller, Request};
use objects::{Reason, Status};

use crate::Cluster;

/// One open stream.
#[derive(Debug)]
pub(crate) struct Stream {}

impl Stream {
    /// # Errors
    /// The server's refusal: no such pod, no such container, a container that does not run.
    pub(crate) fn open(_cluster: &mut Cluster, _caller: &Caller, request: &Request) -> Result<Self, Status> {
        Err(Status::new(Reason::NotFound, format!("{} is not served", request.subresource)))
    }

    pub(crate) fn send(&mut self, _cluster: &mut Cluster, _frame: Frame) {}

    /// The next frame if one has come; `Some(None)` when the stream has ended.
    pub(crate) fn poll(&mut self, _cluster: &mut Cluster) -> Option<Option<Frame>> {
        Some(None)
    }
}
