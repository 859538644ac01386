//! A command outside the shell's kernel: an async program, polled when something may have come for it.

use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use client::Caller;
use clock::Time;
use cluster::{ADMIN, Cluster, Port};
use containers::machine::{External, Pid};
use kubectl::Io as _;
use kubectl::io::LocalFuture;

use crate::Shared;
use crate::docker::Docker;
use crate::io::ProcessIo;
use crate::load::Printed;

/// The name of the learner in the causal record.
pub(crate) const LEARNER: &str = "you";

/// Runs with its arguments; true: in Korean.
#[derive(Clone, Copy)]
enum Run {
    /// On the cluster of the context in use.
    AtCurrent(fn(&[String], bool, &mut Cluster) -> Printed),
    AtFirst(fn(&[String], bool, &mut Cluster, &dyn kubectl::Io) -> Printed),
}

fn at_once(argv: &[String]) -> Option<Run> {
    match argv.first()?.as_str() {
        "load" => Some(Run::AtCurrent(crate::load::run)),
        "fault" if argv.get(1).is_some_and(|w| w == "cluster") => {
            Some(Run::AtFirst(crate::fault::of_cluster))
        }
        "fault" => Some(Run::AtCurrent(crate::fault::run)),
        "node" => Some(Run::AtCurrent(crate::node::run)),
        "why" => Some(Run::AtCurrent(crate::why::run)),
        "cluster" => Some(Run::AtFirst(crate::clusters::run)),
        _ => None,
    }
}

pub(crate) struct Program {
    pub(crate) pid: Pid,
    port: Port,
    future: LocalFuture<'static, i32>,
    /// A command that is done at once, with the cluster in hand: its arguments.
    at_once: Option<(Run, Vec<String>, Rc<ProcessIo>)>,
    docker: Option<Docker>,
    /// The host lab's command: its arguments.
    lab: Option<(Vec<String>, Rc<ProcessIo>, Rc<Shared>)>,
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
        if external.argv.first().is_some_and(|name| containers::programs::short_name(name) == "docker") {
            let argv = external.argv.into_iter().skip(1).collect();
            let docker = Docker::new(argv, external.pid, external.cwd, shared);
            let future = Box::pin(std::future::pending());
            return Self { pid: external.pid, port, future, at_once: None, docker: Some(docker), lab: None };
        }
        let io = Rc::new(ProcessIo::new(external.pid, external.env, external.cwd, shared));
        let now = at_once(&external.argv);
        let is_lab = external.argv.first().is_some_and(|name| name == "lab");
        let is_helm = external.argv.first().is_some_and(|n| containers::programs::short_name(n) == "helm");
        let argv: Vec<String> = external.argv.into_iter().skip(1).collect();
        if is_lab {
            let future = Box::pin(std::future::pending());
            let lab = Some((argv, io, shared.clone()));
            return Self { pid: external.pid, port, future, at_once: None, docker: None, lab };
        }
        if let Some(run) = now {
            let future = Box::pin(std::future::pending());
            return Self {
                pid: external.pid,
                port,
                future,
                at_once: Some((run, argv, io)),
                docker: None,
                lab: None,
            };
        }
        let future: LocalFuture<'static, i32> = if is_helm {
            Box::pin(async move { helm::run(argv, io, handle).await })
        } else {
            Box::pin(async move { kubectl::run(argv, io, handle).await })
        };
        Self { pid: external.pid, port, future, at_once: None, docker: None, lab: None }
    }

    /// Goes on as far as it can. The exit code when it has ended, and whether anything moved.
    pub(crate) fn drive(&mut self, cluster: &mut Cluster) -> (Option<i32>, bool) {
        if let Some(docker) = &mut self.docker {
            return docker.drive(cluster);
        }
        let mut moved = false;
        if let Some((run, argv, io)) = &self.at_once {
            let korean = kubectl::help::speaks_korean(io.as_ref());
            let printed = match run {
                // What is about clusters as a whole has the first in hand.
                Run::AtFirst(run) => run(argv, korean, cluster, io.as_ref()),
                Run::AtCurrent(run) => match crate::clusters::current(cluster, io.as_ref()) {
                    Ok(name) => cluster.with_cluster(&name, |c| run(argv, korean, c)).unwrap_or_default(),
                    Err(nobody) => Printed { err: format!("{nobody}\n"), code: 1, ..Printed::default() },
                },
            };
            io.out(printed.out.as_bytes());
            io.err(printed.err.as_bytes());
            return (Some(printed.code), true);
        }
        if let Some((argv, io, shared)) = &self.lab {
            let korean = kubectl::help::speaks_korean(io.as_ref());
            let printed = shared.lab.borrow_mut().run(argv, korean, cluster.now());
            io.out(printed.out.as_bytes());
            io.err(printed.err.as_bytes());
            return (Some(printed.code), true);
        }
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
        self.docker.as_ref().map_or_else(|| self.port.sleeps_until(), Docker::wakes_at)
    }

    /// Its process is gone before it has ended.
    pub(crate) fn abandon(&mut self) {
        if let Some(docker) = &mut self.docker {
            docker.abandon();
        }
    }
}
