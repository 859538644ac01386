//! A command outside the shell's kernel: an async program, polled when something may have come for it.

use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use client::Caller;
use clock::Time;
use cluster::{ADMIN, Cluster, Port};
use containers::machine::{External, Pid};
use kubectl::io::LocalFuture;

use crate::Shared;
use crate::io::ProcessIo;

/// The name of the learner in the causal record.
pub(crate) const LEARNER: &str = "you";

pub(crate) struct Program {
    pub(crate) pid: Pid,
    port: Port,
    future: LocalFuture<'static, i32>,
}

/// Who the learner's kubectl is, by the kubeconfig of a new cluster.
pub(crate) fn learner() -> Caller {
    Caller {
        user: ADMIN.into(),
        groups: vec!["system:masters".into(), "system:authenticated".into()],
        actor: LEARNER.into(),
        cause: 0,
    }
}

impl Program {
    pub(crate) fn start(external: External, shared: &Rc<Shared>) -> Self {
        let (port, handle) = Port::new(learner());
        let io = Rc::new(ProcessIo::new(external.pid, external.env, external.cwd, shared));
        let argv = external.argv.into_iter().skip(1).collect();
        let future = Box::pin(async move { kubectl::run(argv, io, handle).await });
        Self { pid: external.pid, port, future }
    }

    /// Goes on as far as it can. The exit code when it has ended, and whether anything moved.
    pub(crate) fn drive(&mut self, cluster: &mut Cluster) -> (Option<i32>, bool) {
        let mut moved = false;
        // A program that asks for the time before anything else finds the cluster's.
        self.port.serve(cluster);
        loop {
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(code) = self.future.as_mut().poll(&mut context) {
                self.port.serve(cluster);
                return (Some(code), true);
            }
            if !self.port.serve(cluster) {
                return (None, moved);
            }
            moved = true;
        }
    }

    pub(crate) fn sleeps_until(&self) -> Option<Time> {
        self.port.sleeps_until()
    }
}
