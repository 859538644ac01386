//! `docker` at the learner's prompt: its process's streams and files, the engine behind it, and the registries.
//!
//! Owns: what a docker command sees of the learner's machine, and the answers of published ports at `localhost`.
//! Does not own: docker (hostlab), the registries (the cluster's).

use std::rc::Rc;

use clock::Time;
use cluster::Cluster;
use containers::fs::{Cred, Node, join};
use containers::images::Registry;
use containers::machine::{Got, Pid};
use containers::net::{NetAnswer, NetError, NetRequest};
use hostlab::docker::Input;
use hostlab::engine::HostFiles;
use hostlab::{Command, Console};

use crate::Shared;

const READ_BYTES: usize = 64 * 1024;

/// The files of the learner's machine.
pub(crate) struct Files<'a>(pub(crate) &'a Shared);

impl HostFiles for Files<'_> {
    fn node(&mut self, path: &str) -> Option<Node> {
        let mut host = self.0.host.borrow_mut();
        let mut machine = self.0.machine.borrow_mut();
        machine.view(&mut *host, Cred::default()).get(path).ok().cloned()
    }

    fn put(&mut self, path: &str, node: Node) {
        self.0.machine.borrow_mut().fs.tree.put(path, node);
    }
}

struct ProcessConsole<'a> {
    shared: &'a Shared,
    pid: Pid,
    cwd: &'a str,
    registry: &'a mut Registry,
    now: Time,
    wrote: bool,
}

impl ProcessConsole<'_> {
    fn write(&mut self, fd: u32, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.wrote = true;
        let mut host = self.shared.host.borrow_mut();
        self.shared.machine.borrow_mut().external_write(&mut *host, self.pid, fd, bytes);
    }
}

impl HostFiles for ProcessConsole<'_> {
    fn node(&mut self, path: &str) -> Option<Node> {
        Files(self.shared).node(path)
    }

    fn put(&mut self, path: &str, node: Node) {
        Files(self.shared).put(path, node);
    }
}

impl Console for ProcessConsole<'_> {
    fn now(&self) -> Time {
        self.now
    }

    fn out(&mut self, bytes: &[u8]) {
        self.write(1, bytes);
    }

    fn err(&mut self, bytes: &[u8]) {
        self.write(2, bytes);
    }

    fn read(&mut self) -> Input {
        let mut host = self.shared.host.borrow_mut();
        match self.shared.machine.borrow_mut().external_read(&mut *host, self.pid, READ_BYTES) {
            Got::Data(bytes) => Input::Data(bytes),
            Got::End | Got::Failed(_) => Input::End,
            Got::Wait => Input::Wait,
        }
    }

    fn cwd(&self) -> String {
        join("/", self.cwd)
    }

    fn is_tty(&self) -> bool {
        self.shared.machine.borrow().is_tty(self.pid, 1)
    }

    fn registry(&mut self) -> &mut Registry {
        self.registry
    }
}

/// A docker process.
pub(crate) struct Docker {
    command: Command,
    pid: Pid,
    cwd: String,
    shared: Rc<Shared>,
}

impl Docker {
    pub(crate) fn new(argv: Vec<String>, pid: Pid, cwd: String, shared: &Rc<Shared>) -> Self {
        Self { command: Command::new(argv), pid, cwd, shared: shared.clone() }
    }

    /// Goes on as far as it can. The exit code when it has ended, and whether anything moved.
    pub(crate) fn drive(&mut self, cluster: &mut Cluster) -> (Option<i32>, bool) {
        if self.shared.machine.borrow().external_full(self.pid) {
            return (None, false);
        }
        let now = cluster.now();
        cluster.with_registry(|registry| {
            let mut console = ProcessConsole {
                shared: &self.shared,
                pid: self.pid,
                cwd: &self.cwd,
                registry,
                now,
                wrote: false,
            };
            let code = self.command.poll(&mut self.shared.docker.borrow_mut(), &mut console);
            (code, code.is_some() || console.wrote)
        })
    }

    pub(crate) fn wakes_at(&self) -> Option<Time> {
        self.command.wakes_at()
    }

    /// Its process is gone.
    pub(crate) fn abandon(&mut self) {
        self.command.abandon(&mut self.shared.docker.borrow_mut());
    }
}

/// What answers at the learner's own machine: ports that containers publish. `None`: the request goes elsewhere.
pub(crate) fn at_localhost(shared: &Shared, request: &NetRequest) -> Option<NetAnswer> {
    let request = request.parts().0;
    let (host, port) = match request {
        NetRequest::Http { host, port, .. } | NetRequest::Tcp { host, port, .. } => (host.as_str(), *port),
        _ => return None,
    };
    if !matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0") && host != shared.machine.borrow().hostname {
        return None;
    }
    let mut engine = shared.docker.borrow_mut();
    if !engine.publishes(port) {
        return None;
    }
    let address = "127.0.0.1".to_string();
    let failed = NetAnswer::Failed { address: Some(address.clone()), error: NetError::Reset };
    Some(match request {
        NetRequest::Http { request, .. } => match engine.http_at_host(port, request) {
            Some(response) => NetAnswer::Http { address, response },
            None => failed,
        },
        NetRequest::Tcp { data, .. } => match engine.tcp_at_host(port, data) {
            Some(data) => NetAnswer::Tcp { address, data },
            None => failed,
        },
        _ => failed,
    })
}
