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
use crate::ssh::Session;

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
        "fault" if argv.get(1).is_some_and(|w| w == "cluster" || w == "list") => {
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
    work: Work,
}

/// What a program is.
enum Work {
    /// kubectl, helm.
    Future(LocalFuture<'static, i32>),
    /// A command that is done at once, with the cluster in hand: its arguments.
    AtOnce(Run, Vec<String>, Rc<ProcessIo>),
    Docker(Docker),
    /// The host lab's command: its arguments.
    Lab(Vec<String>, Rc<ProcessIo>, Rc<Shared>),
    /// `iptables` and `iptables-save` on a node: the name, and its arguments.
    Iptables(bool, Vec<String>, Rc<ProcessIo>),
    /// `crictl` on a node: done at once, or kubectl's streams under another name.
    Crictl(Vec<String>, Rc<ProcessIo>, client::Handle),
    /// `systemctl` on a node.
    Systemctl(Vec<String>, Rc<ProcessIo>),
    /// A node is to go down; true: and to start again.
    Power(bool, Rc<ProcessIo>),
    Ssh(Box<Session>),
}

/// Who the learner's kubectl is, by the kubeconfig of a new cluster.
pub(crate) fn learner() -> Caller {
    Caller {
        user: ADMIN.into(),
        groups: vec!["system:masters".into(), "system:authenticated".into()],
        actor: LEARNER.into(),
        ..Caller::default()
    }
}

impl Program {
    pub(crate) fn start(external: External, shared: &Rc<Shared>) -> Self {
        let (port, handle) = Port::new(learner());
        let pid = external.pid;
        let now = at_once(&external.argv);
        let name = external.argv.first().map_or("", |n| containers::programs::short_name(n)).to_owned();
        let argv: Vec<String> = external.argv.into_iter().skip(1).collect();
        if name == "docker" {
            let work = Work::Docker(Docker::new(argv, pid, external.cwd, shared));
            return Self { pid, port, work };
        }
        let io = Rc::new(ProcessIo::new(pid, external.env, external.cwd, shared));
        let power = crate::power::asked(&name, &argv);
        let work = match (name.as_str(), now) {
            _ if power.is_some() => Work::Power(power == Some(true), io),
            ("lab", _) => Work::Lab(argv, io, shared.clone()),
            (_, Some(run)) => Work::AtOnce(run, argv, io),
            ("iptables" | "iptables-save", _) => Work::Iptables(name == "iptables-save", argv, io),
            ("crictl", _) => Work::Crictl(argv, io, handle),
            ("systemctl", _) => Work::Systemctl(argv, io),
            ("ssh", _) => Work::Ssh(Box::new(Session::new(argv, io, shared.clone()))),
            ("helm", _) => Work::Future(Box::pin(async move { helm::run(argv, io, handle).await })),
            _ => Work::Future(Box::pin(async move { kubectl::run(argv, io, handle).await })),
        };
        Self { pid, port, work }
    }

    /// Goes on as far as it can. The exit code when it has ended, and whether anything moved.
    pub(crate) fn drive(&mut self, cluster: &mut Cluster) -> (Option<i32>, bool) {
        let mut moved = false;
        match &mut self.work {
            Work::Docker(docker) => return docker.drive(cluster),
            Work::Ssh(session) => return session.drive(cluster),
            Work::AtOnce(run, argv, io) => {
                let korean = kubectl::help::speaks_korean(io.as_ref());
                let printed = match run {
                    // What is about clusters as a whole has the first in hand.
                    Run::AtFirst(run) => run(argv, korean, cluster, io.as_ref()),
                    Run::AtCurrent(run) => match crate::clusters::current(cluster, io.as_ref()) {
                        Ok(name) => cluster.with_cluster(&name, |c| run(argv, korean, c)).unwrap_or_default(),
                        Err(nobody) => Printed { err: format!("{nobody}\n"), code: 1, ..Printed::default() },
                    },
                };
                return (Some(io.print(&printed)), true);
            }
            Work::Lab(argv, io, shared) => {
                let korean = kubectl::help::speaks_korean(io.as_ref());
                let printed = shared.lab.borrow_mut().run(argv, korean, cluster.now());
                io.out(printed.out.as_bytes());
                io.err(printed.err.as_bytes());
                return (Some(printed.code), true);
            }
            Work::Power(again, io) => {
                let korean = kubectl::help::speaks_korean(io.as_ref());
                let printed = crate::power::run(*again, &io.node().unwrap_or_default(), korean, cluster);
                return (Some(io.print(&printed)), true);
            }
            Work::Systemctl(argv, io) => {
                let node = io.node().unwrap_or_default();
                let printed = crate::systemctl::run(argv, &node, cluster);
                return (Some(io.print(&printed)), true);
            }
            Work::Iptables(saves, argv, io) => {
                let rules = cluster.proxy_rules(&io.node().unwrap_or_default());
                let (text, code) = crate::iptables::run(argv, *saves, &rules);
                if code == 0 {
                    io.out(text.as_bytes())
                } else {
                    io.err(text.as_bytes())
                }
                return (Some(code), true);
            }
            Work::Crictl(argv, io, handle) => {
                let node = io.node().unwrap_or_default();
                match crate::crictl::run(argv, &node, cluster) {
                    crate::crictl::Done::Printed(printed) => return (Some(io.print(&printed)), true),
                    crate::crictl::Done::Kubectl(argv) => {
                        let (io, handle) = (io.clone(), handle.clone());
                        let future = Box::pin(async move { kubectl::run(argv, io, handle).await });
                        self.work = Work::Future(future);
                    }
                }
            }
            Work::Future(_) => {}
        }
        let Work::Future(future) = &mut self.work else { return (None, false) };
        // A program that asks for the time before anything else finds the cluster's.
        self.port.serve(cluster);
        loop {
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(code) = future.as_mut().poll(&mut context) {
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
        match &self.work {
            Work::Docker(docker) => docker.wakes_at(),
            Work::Ssh(session) => session.wakes_at(),
            _ => self.port.sleeps_until(),
        }
    }

    /// Its process is gone before it has ended.
    pub(crate) fn abandon(&mut self, cluster: &mut Cluster) {
        match &mut self.work {
            Work::Docker(docker) => docker.abandon(),
            Work::Future(future) => {
                // What it held open is closed with it: streams, and the ports it listened on.
                *future = Box::pin(async { 0 });
                self.port.serve(cluster);
            }
            _ => {}
        }
    }
}
