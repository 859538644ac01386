//! One container of the engine: made, started, run, stopped, removed.

use std::sync::Arc;

use clock::{Millis, Time};
use containers::container::{Container as Inside, MountSpec, Spec};
use containers::fs::VolumeId;
use containers::images::Built;
use containers::machine::{Outcome, Signal};

use super::{Engine, names};
use containers::machine::World;

/// Steps of one slice; [`Inside::slice_ms`] says what it stands for.
const SLICE_STEPS: u32 = 4_000;

/// A published port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortMap {
    pub ip: String,
    pub host: u16,
    pub container: u16,
    pub udp: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum State {
    Created,
    Running,
    Paused,
    Exited { code: i32, at: Time },
}

/// What a container is made from.
#[derive(Clone, Debug, Default)]
pub struct NewContainer {
    pub name: String,
    /// As it was written.
    pub image: String,
    pub entrypoint: Option<Vec<String>>,
    pub command: Option<Vec<String>>,
    pub env: Vec<(String, String)>,
    pub workdir: Option<String>,
    pub user: Option<u32>,
    pub hostname: Option<String>,
    pub ports: Vec<PortMap>,
    /// Volume, path inside, read-only, single file's name.
    pub mounts: Vec<(VolumeId, String, bool, Option<String>)>,
    /// As `-v` had them, for `inspect`.
    pub binds: Vec<String>,
    pub network: String,
    pub aliases: Vec<String>,
    pub links: Vec<(String, String)>,
    pub memory: Option<u64>,
    pub cpu_millis: Option<u32>,
    pub read_only: bool,
    pub stdin: bool,
    pub tty: bool,
    pub auto_remove: bool,
    pub restart: String,
    pub labels: Vec<(String, String)>,
}

#[derive(Clone)]
pub struct Container {
    pub id: String,
    pub name: String,
    /// As it was written.
    pub image: String,
    pub built: Arc<Built>,
    pub created: Time,
    pub started: Time,
    pub state: State,
    pub ports: Vec<PortMap>,
    /// Network, address, other names there.
    pub networks: Vec<(String, String, Vec<String>)>,
    pub links: Vec<(String, String)>,
    pub(crate) new: NewContainer,
    pub(crate) oom_killed: bool,
    pub(crate) restarts: u32,
    spec: Spec,
    inside: Option<Box<Inside>>,
    wakes: Option<Time>,
    /// SIGTERM was sent; SIGKILL follows then.
    deadline: Option<Time>,
    /// Somebody stopped it: no restart policy brings it back.
    stopped: bool,
    restart_at: Option<Time>,
    remove: bool,
    /// Somebody reads its streams and sees to its end.
    pub(crate) watched: u32,
}

impl Container {
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state == State::Running
    }

    pub(crate) fn hostname(&self) -> &str {
        &self.spec.hostname
    }

    pub(crate) fn inside(&self) -> Option<&Inside> {
        self.inside.as_deref()
    }

    pub(crate) fn inside_mut(&mut self) -> Option<&mut Inside> {
        self.inside.as_deref_mut()
    }

    pub(crate) fn listens(&self, port: u16) -> bool {
        self.inside.as_ref().is_some_and(|i| i.ports().contains(&port))
    }

    pub(crate) fn to_be_removed(&self) -> bool {
        self.remove && self.watched == 0 && matches!(self.state, State::Exited { .. })
    }

    pub(crate) fn wakes_at(&self) -> Option<Time> {
        if self.state == State::Running {
            [self.wakes, self.deadline].into_iter().flatten().min()
        } else {
            self.restart_at
        }
    }

    pub(crate) fn wake_by(&mut self, at: Time) {
        self.wakes = Some(self.wakes.map_or(at, |t| t.min(at)));
    }

    /// All the words it runs.
    pub(crate) fn argv(&self) -> Vec<String> {
        let config = &self.built.template.config;
        let entrypoint = self.new.entrypoint.as_ref().unwrap_or(&config.entrypoint);
        let command = match (&self.new.command, &self.new.entrypoint) {
            (Some(c), _) => c.as_slice(),
            (None, None) => config.cmd.as_slice(),
            (None, Some(_)) => &[],
        };
        entrypoint.iter().chain(command).cloned().collect()
    }

    pub(crate) fn exit_code(&self) -> Option<i32> {
        if let State::Exited { code, .. } = self.state { Some(code) } else { None }
    }

    /// `Up 3 seconds`, `Exited (0) 2 minutes ago`, `Created`.
    pub(crate) fn status(&self, now: Time) -> String {
        use crate::text;
        match &self.state {
            State::Created => "Created".into(),
            State::Running => format!("Up {}", text::span(now.since(self.started))),
            State::Paused => format!("Up {} (Paused)", text::span(now.since(self.started))),
            State::Exited { .. } if self.restart_at.is_some() => {
                let code = self.exit_code().unwrap_or(0);
                format!("Restarting ({code}) {}", text::ago(now, self.started))
            }
            State::Exited { code, at } => format!("Exited ({code}) {}", text::ago(now, *at)),
        }
    }
}

impl Engine {
    /// The container a person means: by name, or the beginning of its id.
    pub(crate) fn find(&self, text: &str) -> Option<usize> {
        let text = text.trim_start_matches('/');
        self.containers.iter().position(|c| c.name == text || c.id == text).or_else(|| {
            let mut found = self
                .containers
                .iter()
                .enumerate()
                .filter(|(_, c)| !text.is_empty() && c.id.starts_with(text));
            found.next().map(|(i, _)| i)
        })
    }

    /// Makes a container. The error is the daemon's.
    pub(crate) fn create(&mut self, mut new: NewContainer, built: Arc<Built>) -> Result<String, String> {
        if new.name.is_empty() {
            new.name = loop {
                let name = names::name(&mut self.rng);
                if self.containers.iter().all(|c| c.name != name) {
                    break name;
                }
                if self.containers.len() > 400 {
                    break self.fresh_id();
                }
            };
        }
        let well_formed = new.name.len() > 1
            && new.name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && new.name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
        if !well_formed {
            return Err(format!(
                "Invalid container name ({}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
                new.name
            ));
        }
        if let Some(c) = self.containers.iter().find(|c| c.name == new.name) {
            return Err(format!(
                "Conflict. The container name \"/{}\" is already in use by container \"{}\". You have to remove (or rename) that container to be able to reuse that name.",
                new.name, c.id
            ));
        }
        let network = if new.network.is_empty() { "bridge".to_string() } else { new.network.clone() };
        let Some(n) = self.network(&network) else { return Err(format!("network {network} not found")) };
        let network = self.networks[n].name.clone();
        let id = self.fresh_id();
        let host_network = network == "host";
        let hostname = match &new.hostname {
            Some(h) => h.clone(),
            None if host_network => "wheelhouse".into(),
            None => id[..12].into(),
        };
        let mut mounts: Vec<MountSpec> = new
            .mounts
            .iter()
            .map(|(volume, path, read_only, file)| MountSpec {
                path: path.clone(),
                volume: *volume,
                sub_path: file.clone().unwrap_or_default(),
                read_only: *read_only,
                file: file.is_some(),
            })
            .collect();
        // Volumes that the image declares get one of their own, filled from the image.
        for path in built.template.config.volumes.clone() {
            if mounts.iter().all(|m| m.path != path) {
                let name = self.fresh_id();
                let volume = self.volume(&name);
                mounts.push(MountSpec {
                    path,
                    volume,
                    sub_path: String::new(),
                    read_only: false,
                    file: false,
                });
            }
        }
        for m in &mounts {
            self.fill_volume(m, &built);
        }
        let spec = Spec {
            command: new.entrypoint.clone(),
            args: new.command.clone(),
            env: new.env.clone(),
            workdir: new.workdir.clone(),
            user: new.user,
            group: None,
            groups: Vec::new(),
            capabilities: None,
            hostname: hostname.clone(),
            mounts,
            read_only_root: new.read_only,
            storage_limit: None,
            // An image nobody knows listens where somebody publishes.
            ports: if built.template.known {
                Vec::new()
            } else {
                new.ports.iter().map(|p| p.container).collect()
            },
            in_cluster: false,
            stdin: new.stdin,
            tty: new.tty,
            seed: self.rng.next_u64(),
            first_pid: 0,
            cpu_limit_millis: new.cpu_millis,
            node: containers::machine::NodeSize { memory_limit: new.memory, ..Default::default() },
            hosts: String::new(),
            resolv: if network == "bridge" {
                "nameserver 192.168.65.7\n".into()
            } else {
                "nameserver 127.0.0.11\noptions ndots:0\n".into()
            },
        };
        self.containers.push(Container {
            id: id.clone(),
            name: new.name.clone(),
            image: new.image.clone(),
            built,
            created: self.now,
            started: self.now,
            state: State::Created,
            ports: Vec::new(),
            networks: vec![(network, String::new(), new.aliases.clone())],
            links: new.links.clone(),
            remove: new.auto_remove,
            new,
            oom_killed: false,
            restarts: 0,
            spec,
            inside: None,
            wakes: None,
            deadline: None,
            stopped: false,
            restart_at: None,
            watched: 0,
        });
        Ok(id)
    }

    /// An empty named volume takes over what the image has at its place.
    fn fill_volume(&mut self, m: &MountSpec, built: &Built) {
        let is_named = self.volumes.values().any(|v| v.id == m.volume);
        let Some(tree) = self.trees.trees.get_mut(&m.volume).filter(|_| is_named) else { return };
        let empty = matches!(&tree.root, containers::fs::Node::Dir(d) if d.entries.is_empty());
        if empty && let Some(node) = built.template.tree.node(&containers::fs::split(&m.path)) {
            tree.root = node.clone();
        }
    }

    /// Starts a container. The error is the daemon's, and the code docker ends with.
    pub(crate) fn start(&mut self, i: usize) -> Result<(), (String, i32)> {
        if self.containers[i].is_running() {
            return Ok(());
        }
        // Ports first: two can't have one.
        let mut ports = self.containers[i].new.ports.clone();
        for p in &mut ports {
            if p.host == 0 {
                let free = |n: &u16| {
                    self.containers.iter().all(|c| !c.is_running() || c.ports.iter().all(|q| q.host != *n))
                };
                p.host = (32768..=60999).find(free).unwrap_or(0);
            }
            let taken = self
                .containers
                .iter()
                .any(|c| c.is_running() && c.ports.iter().any(|q| q.host == p.host && q.udp == p.udp));
            if taken {
                let c = &self.containers[i];
                let endpoint = self.rng.letters(b"0123456789abcdef", 64);
                return Err((
                    format!(
                        "failed to set up container networking: driver failed programming external connectivity on endpoint {} ({endpoint}): Bind for {}:{} failed: port is already allocated",
                        c.name,
                        if p.ip.is_empty() { "0.0.0.0" } else { &p.ip },
                        p.host
                    ),
                    125,
                ));
            }
        }
        for n in 0..self.containers[i].networks.len() {
            let name = self.containers[i].networks[n].0.clone();
            let Some(at) = self.network(&name) else {
                return Err((format!("network {name} not found"), 125));
            };
            let ip = self.address_on(at);
            self.containers[i].networks[n].1 = ip;
        }
        let now = self.now;
        let hosts = {
            let c = &self.containers[i];
            let mut text = String::from("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
            for (_, ip, _) in c.networks.iter().filter(|n| !n.1.is_empty()) {
                text.push_str(&format!("{ip}\t{}\n", c.spec.hostname));
            }
            text
        };
        let c = &mut self.containers[i];
        c.spec.hosts = hosts;
        let mut spec = c.spec.clone();
        if let Some(entrypoint) = &c.new.entrypoint {
            spec.command = Some(entrypoint.clone());
            spec.args = c.new.command.clone();
        }
        let mut template = c.built.template.clone();
        // A stopped container keeps what it wrote.
        if let Some(old) = &c.inside {
            template.tree = old.machine().fs.tree.clone();
        }
        let mut world = World { now, volumes: &mut self.trees };
        match Inside::start_from(&template, &spec, &mut world) {
            Ok(inside) => {
                c.inside = Some(Box::new(inside));
                c.state = State::Running;
                c.started = now;
                c.ports = ports;
                c.wakes = Some(now);
                c.deadline = None;
                c.stopped = false;
                c.restart_at = None;
                self.touch(i);
                Ok(())
            }
            Err(e) => {
                let why = e
                    .message
                    .replace("failed to create containerd task: ", "failed to create task for container: ");
                let why = why.replace(
                    "unable to start container process: exec:",
                    "unable to start container process: error during container init: exec:",
                );
                let code = if why.contains("permission denied") {
                    126
                } else if why.contains("not found") || why.contains("no such file") {
                    127
                } else {
                    125
                };
                c.state = State::Exited { code, at: now };
                c.ports.clear();
                Err((why, code))
            }
        }
    }

    /// One slice of one container.
    pub(super) fn step_container(&mut self, i: usize) {
        let now = self.now;
        if let Some(at) = self.containers[i].restart_at
            && at <= now
        {
            self.containers[i].restart_at = None;
            self.containers[i].restarts += 1;
            if self.start(i).is_err() {
                return;
            }
        }
        if !self.containers[i].is_running() {
            return;
        }
        for _ in 0..20 {
            let mut world = World { now, volumes: &mut self.trees };
            let c = &mut self.containers[i];
            let overdue = c.deadline.is_some_and(|d| d <= now);
            let Some(inside) = c.inside.as_deref_mut() else { return };
            let usage = inside.usage(now);
            let too_big = c.new.memory.is_some_and(|m| usage.memory_bytes > m);
            if too_big {
                c.oom_killed = true;
            }
            let outcome = if overdue || too_big {
                inside.signal(Signal::Kill, &mut world)
            } else {
                inside.run(SLICE_STEPS, &mut world)
            };
            let bursts = c.new.memory.is_some_and(|m| inside.usage(now).memory_bytes > m);
            match outcome {
                Outcome::Exited(code) => return self.ended(i, code),
                Outcome::Running => c.wakes = Some(now + inside.slice_ms()),
                Outcome::Blocked { .. } if bursts => c.wakes = Some(now + 1),
                Outcome::Blocked { until } => c.wakes = until.map(|t| t.max(now + 1)),
            }
            let requests = inside.take_net_requests();
            if requests.is_empty() {
                return;
            }
            for (id, request) in requests {
                let answer = self.answer(i, &request);
                if let Some(inside) = self.containers[i].inside_mut() {
                    inside.answer_net(id, answer);
                }
            }
        }
        self.containers[i].wakes = Some(now + 1);
    }

    fn ended(&mut self, i: usize, code: i32) {
        let now = self.now;
        let c = &mut self.containers[i];
        c.state = State::Exited { code, at: now };
        c.ports.clear();
        c.wakes = None;
        c.deadline = None;
        for n in &mut c.networks {
            n.1.clear();
        }
        let (policy, most) = c.new.restart.split_once(':').unwrap_or((&c.new.restart, ""));
        let again = !c.stopped
            && match policy {
                "always" | "unless-stopped" => true,
                "on-failure" => {
                    code != 0 && most.parse::<u32>().is_ok_and(|m| c.restarts < m)
                        || (code != 0 && most.is_empty() && policy == "on-failure")
                }
                _ => false,
            };
        if again {
            // 100 ms, doubling to a minute.
            let wait: Millis = (100i64 << c.restarts.min(10)).min(60_000);
            c.restart_at = Some(now + wait);
        }
    }

    /// Asks a container to end; it is killed after `grace`.
    pub(crate) fn stop(&mut self, i: usize, grace: Millis) {
        let now = self.now;
        let mut world = World { now, volumes: &mut self.trees };
        let c = &mut self.containers[i];
        c.stopped = true;
        c.restart_at = None;
        if c.state == State::Paused {
            c.state = State::Running;
        }
        c.deadline = Some(now + grace);
        let signal = Signal::parse(&c.built.template.config.stop_signal).unwrap_or(Signal::Term);
        let outcome = c.inside.as_deref_mut().map(|inside| inside.signal(signal, &mut world));
        if let Some(Outcome::Exited(code)) = outcome {
            self.ended(i, code);
        }
        self.touch(i);
    }

    pub(crate) fn signal(&mut self, i: usize, signal: Signal) {
        let now = self.now;
        let mut world = World { now, volumes: &mut self.trees };
        let c = &mut self.containers[i];
        if signal == Signal::Kill {
            c.stopped = true;
        }
        let outcome = c.inside.as_deref_mut().map(|inside| inside.signal(signal, &mut world));
        if let Some(Outcome::Exited(code)) = outcome {
            self.ended(i, code);
        }
        self.touch(i);
    }

    pub(crate) fn forget_container(&mut self, id: &str) {
        self.containers.retain(|c| c.id != id);
    }
}
