//! A container: a machine made from an image and a spec, with its log, ports and exec sessions.
//!
//! Owns: what runs inside from start to exit. Does not own: when it is started, restarted, probed or removed.
//! Messages are runc's and containerd's.

use ordered::BTreeMap;

use clock::{Millis, Time};

use crate::fs::{Cred, Errno, Fs, Tree, VolumeId};
use crate::images::{Image, Roots, Template};
use crate::machine::{
    ExecError, Flavor, Host, ImageFacts, InputId, Machine, NodeSize, Outcome, Pid, Signal, SinkId, Stdio,
    Stream, Usage,
};
use crate::net::{HttpRequest, HttpResponse, NetAnswer, NetRequest};
use crate::shell::Dialect;

/// Lines of log kept; older ones are rotated away.
const LOG_LINES: usize = 10_000;
/// Bytes of one log line; longer ones are cut, as the runtime does.
const LOG_LINE_BYTES: usize = 16 << 10;

/// A volume in a container.
#[derive(Clone, Debug)]
pub struct MountSpec {
    pub path: String,
    pub volume: VolumeId,
    pub sub_path: String,
    pub read_only: bool,
    /// The mount is a single file (`subPath` of a ConfigMap's key).
    pub file: bool,
}

/// What a container is started from. `None` and empty fields take the image's own.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    pub command: Option<Vec<String>>,
    pub args: Option<Vec<String>>,
    /// In order; later ones win.
    pub env: Vec<(String, String)>,
    pub workdir: Option<String>,
    pub user: Option<u32>,
    pub group: Option<u32>,
    /// Further groups: the one that volumes are given to, and `supplementalGroups`.
    pub groups: Vec<u32>,
    /// What its root may do; `None`: what runtimes leave it.
    pub capabilities: Option<u64>,
    pub hostname: String,
    pub mounts: Vec<MountSpec>,
    pub read_only_root: bool,
    /// Bytes the container may write to its own layer.
    pub storage_limit: Option<u64>,
    /// Ports the container declares: where an image that is not in the catalogue listens.
    pub ports: Vec<u16>,
    /// Somebody drives its clients of the API server (`Machine::in_cluster`).
    pub in_cluster: bool,
    pub stdin: bool,
    pub tty: bool,
    pub seed: u64,
    /// The number of its process in a namespace that is there already; 0: it has one of its own.
    pub first_pid: Pid,
    /// Thousandths of a core it may use at most.
    pub cpu_limit_millis: Option<u32>,
    pub node: NodeSize,
    /// Lines of `/etc/hosts` and `/etc/resolv.conf`, as the kubelet writes them.
    pub hosts: String,
    pub resolv: String,
}

/// Why a container did not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError {
    /// `StartError` or `RunContainerError`'s message in full.
    pub message: String,
    /// The code the kubelet reports.
    pub exit_code: i32,
}

/// One line of a container's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub time: Time,
    pub stream: Stream,
    /// Without its newline.
    pub text: String,
}

/// Names a command run inside a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExecId(Pid);

#[derive(Clone, Copy, Debug)]
struct Exec {
    sink: SinkId,
    input: Option<InputId>,
}

/// A running or ended container. A clone is a snapshot.
#[derive(Clone)]
pub struct Container {
    machine: Machine,
    sink: SinkId,
    input: Option<InputId>,
    log: Vec<LogLine>,
    /// How many lines were rotated away.
    dropped: u64,
    /// Slices in a row that did not finish their work.
    busy_slices: u32,
    log_bytes: u64,
    partial: [Vec<u8>; 2],
    execs: BTreeMap<ExecId, Exec>,
    env: crate::machine::Env,
    workdir: String,
    cred: Cred,
    exit: Option<i32>,
    /// What the own process writes, as it writes it, while somebody is attached.
    attached: Option<Vec<(Stream, Vec<u8>)>>,
}

/// A user's home by `/etc/passwd`; `/` for one that is not in it.
fn home_of(tree: &Tree, uid: u32) -> String {
    let text = String::from_utf8_lossy(tree.file("/etc/passwd").unwrap_or_default());
    let id = uid.to_string();
    let line = text.lines().find(|l| l.split(':').nth(2) == Some(id.as_str()));
    let home = line.and_then(|l| l.split(':').nth(5)).filter(|h| !h.is_empty());
    home.unwrap_or(if uid == 0 { "/root" } else { "/" }).to_string()
}

fn runc(error: &ExecError) -> String {
    match error {
        ExecError::NotInPath(name) => format!("exec: \"{name}\": executable file not found in $PATH"),
        ExecError::NoFile(name) => format!("exec: \"{name}\": stat {name}: no such file or directory"),
        ExecError::Denied(name, Errno::Access) => format!("exec: \"{name}\": permission denied"),
        ExecError::Denied(name, Errno::IsDir) => format!("exec: \"{name}\": is a directory"),
        ExecError::Denied(name, e) => format!("exec: \"{name}\": {}", e.text().to_lowercase()),
        ExecError::Errno(e) => e.text().to_lowercase(),
    }
}

impl Container {
    /// Starts a container of `image` (`None`: an image the catalogue does not know) at `tag`.
    ///
    /// # Errors
    /// The runtime's refusal.
    pub fn start(
        image: Option<&'static Image>,
        tag: &str,
        spec: &Spec,
        roots: &mut Roots,
        host: &mut dyn Host,
    ) -> Result<Self, StartError> {
        Self::start_from(&Template::of(image, tag, roots), spec, host)
    }

    /// Starts a container of an image.
    ///
    /// # Errors
    /// The runtime's refusal.
    pub fn start_from(template: &Template, spec: &Spec, host: &mut dyn Host) -> Result<Self, StartError> {
        let now = host.now();
        let config = &template.config;
        let mut root: Tree = template.tree.clone();
        let files = [
            ("/etc/hostname", format!("{}\n", spec.hostname)),
            (
                "/etc/hosts",
                if spec.hosts.is_empty() {
                    format!("127.0.0.1\tlocalhost\n127.0.0.1\t{}\n", spec.hostname)
                } else {
                    spec.hosts.clone()
                },
            ),
            ("/etc/resolv.conf", spec.resolv.clone()),
        ];
        for (path, text) in files {
            root.put_file(path, text.as_bytes(), 0o644);
        }
        root.used = 0;
        root.limit = spec.storage_limit;
        root.read_only = spec.read_only_root;
        let mut fs = Fs::new(root.root.clone());
        fs.tree = root;
        for m in &spec.mounts {
            fs.mount(&m.path, m.volume, &m.sub_path, m.read_only, m.file);
        }
        let mut machine = Machine::new(fs, &spec.hostname, spec.seed, now);
        machine.guard_init = true;
        if let Some(set) = spec.capabilities {
            machine.capabilities = set;
        }
        if spec.first_pid > 1 {
            machine.begin_at(spec.first_pid);
        }
        let ports = if template.known || !spec.ports.is_empty() { &spec.ports } else { &config.ports };
        machine.image = ImageFacts {
            tag: template.tag.clone(),
            ports: ports.clone(),
            appetite: template.appetite,
            known: template.known,
        };
        machine.cpu_limit_millis = spec.cpu_limit_millis;
        machine.in_cluster = spec.in_cluster;
        machine.node = spec.node;
        machine.sh = template.sh;
        machine.flavor = if machine.sh == Dialect::Ash { Flavor::Busybox } else { Flavor::Gnu };
        let mut env: BTreeMap<String, String> = config.env.iter().cloned().collect();
        env.insert("HOSTNAME".into(), spec.hostname.clone());
        let uid = spec.user.unwrap_or(config.uid);
        let home = home_of(&machine.fs.tree, uid);
        env.entry("HOME".into()).or_insert(home);
        env.extend(spec.env.iter().cloned());
        let env = crate::machine::Env::new(env);
        // `command` replaces the entrypoint and drops the image's cmd; `args` replaces the cmd.
        let argv: Vec<String> = match (&spec.command, &spec.args) {
            (Some(command), args) => command.iter().chain(args.iter().flatten()).cloned().collect(),
            (None, Some(args)) => config.entrypoint.iter().chain(args).cloned().collect(),
            (None, None) => config.entrypoint.iter().chain(&config.cmd).cloned().collect(),
        };
        let workdir = spec.workdir.clone().unwrap_or_else(|| config.workdir.clone());
        let workdir = if workdir.is_empty() { "/".to_string() } else { workdir };
        let gid = spec.group.unwrap_or(if spec.user.is_some() { 0 } else { uid });
        let mut more = [0; 4];
        for (place, group) in more.iter_mut().zip(&spec.groups) {
            *place = *group;
        }
        let cred = Cred { uid, gid, more };
        if !machine.fs.tree.read_only {
            let _ = machine.view(host, Cred::default()).mkdir_all(&workdir, 0o755);
        }
        let sink = machine.sink();
        let input = spec.stdin.then(|| machine.input());
        let failed = |why: &str, code| StartError {
            message: format!(
                "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: {why}: unknown"
            ),
            exit_code: code,
        };
        if argv.is_empty() {
            return Err(StartError {
                message: "failed to generate container spec: no command specified".into(),
                exit_code: 128,
            });
        }
        machine
            .spawn(host, &argv, env.clone(), &workdir, cred, Stdio { input, sink, tty: spec.tty })
            .map_err(|e| failed(&runc(&e), 128))?;
        Ok(Self {
            machine,
            sink,
            input,
            log: Vec::new(),
            dropped: 0,
            busy_slices: 0,
            log_bytes: 0,
            partial: Default::default(),
            execs: BTreeMap::new(),
            env,
            workdir,
            cred,
            exit: None,
            attached: None,
        })
    }

    /// Runs for at most `budget` steps. `Blocked { until }` says when to come again; an idle server never asks.
    pub fn run(&mut self, budget: u32, host: &mut dyn Host) -> Outcome {
        if let Some(code) = self.exit {
            return Outcome::Exited(code);
        }
        let outcome = self.machine.step(budget, host);
        self.busy_slices = if outcome == Outcome::Running { self.busy_slices.saturating_add(1) } else { 0 };
        self.collect(host.now());
        if let Outcome::Exited(code) = outcome {
            for i in [0, 1] {
                let rest = std::mem::take(&mut self.partial[i]);
                if !rest.is_empty() {
                    self.push_line(host.now(), if i == 0 { Stream::Out } else { Stream::Err }, &rest);
                }
            }
            self.exit = Some(code);
        }
        outcome
    }

    /// Virtual time that the last slice stands for when it did not finish. A loop without end is run ever more
    /// coarsely, so that it burns its core and costs the rest of the cluster little; a CPU limit makes it slower.
    #[must_use]
    pub fn slice_ms(&self) -> Millis {
        let coarse = match self.busy_slices {
            ..=200 => 10,
            201..=1000 => 50,
            _ => 200,
        };
        let share = self.machine.cpu_limit_millis.map_or(1000, |m| i64::from(m.clamp(10, 1000)));
        (coarse * 1000 / share).min(1000)
    }

    fn collect(&mut self, now: Time) {
        for (stream, data) in self.machine.take_output(self.sink) {
            if let Some(a) = &mut self.attached {
                a.push((stream, data.clone()));
            }
            let i = usize::from(stream == Stream::Err);
            let mut rest = std::mem::take(&mut self.partial[i]);
            rest.extend(data);
            let mut from = 0;
            while let Some(n) = rest[from..].iter().position(|b| *b == b'\n') {
                self.push_line(now, stream, &rest[from..from + n]);
                from += n + 1;
            }
            while rest.len() - from > LOG_LINE_BYTES {
                self.push_line(now, stream, &rest[from..from + LOG_LINE_BYTES]);
                from += LOG_LINE_BYTES;
            }
            self.partial[i] = rest.split_off(from);
        }
    }

    /// A line that is in its log because the simulator did for it what its program does.
    pub fn write_log(&mut self, now: Time, text: &str) {
        if let Some(a) = &mut self.attached {
            a.push((Stream::Out, format!("{text}\n").into_bytes()));
        }
        self.push_line(now, Stream::Out, text.as_bytes());
    }

    fn push_line(&mut self, time: Time, stream: Stream, bytes: &[u8]) {
        self.log_bytes += bytes.len() as u64 + 1;
        self.log.push(LogLine { time, stream, text: String::from_utf8_lossy(bytes).into_owned() });
        if self.log.len() > LOG_LINES * 2 {
            self.log_bytes -=
                self.log.drain(..LOG_LINES).map(|l| l.text.len() as u64 + 1).sum::<u64>().min(self.log_bytes);
            self.dropped += LOG_LINES as u64;
        }
    }

    /// The log so far, oldest first, and how many earlier lines were rotated away.
    #[must_use]
    pub fn log(&self) -> (&[LogLine], u64) {
        (&self.log, self.dropped)
    }

    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        self.exit
    }

    /// Keeps what the own process writes from now on for [`Container::attached_output`].
    pub fn attach(&mut self) {
        self.attached.get_or_insert_default();
    }

    /// What it wrote since the last call, unterminated lines included.
    pub fn attached_output(&mut self) -> Vec<(Stream, Vec<u8>)> {
        self.attached.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Sends a signal to its own process. `Kill` always ends it (137); `Term` only if it listens.
    pub fn signal(&mut self, signal: Signal, host: &mut dyn Host) -> Outcome {
        self.machine.signal(self.machine.first(), signal);
        self.run(1000, host)
    }

    /// Ends it as the kernel does when memory runs out: code 137.
    pub fn kill(&mut self, host: &mut dyn Host) {
        self.signal(Signal::Kill, host);
    }

    /// Says which ports the pod's other containers listen on: they share its address.
    pub fn set_taken(&mut self, ports: Vec<u16>) {
        self.machine.taken = ports;
    }

    /// Ports that are listened on now.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        if self.exit.is_some() { Vec::new() } else { self.machine.ports() }
    }

    /// An HTTP request to a port; `None`: nobody listens there.
    pub fn serve(&mut self, host: &mut dyn Host, port: u16, request: &HttpRequest) -> Option<HttpResponse> {
        let answer = self.machine.serve(host, port, request);
        self.collect(host.now());
        answer
    }

    /// Raw bytes to a port.
    pub fn serve_tcp(&mut self, host: &mut dyn Host, port: u16, data: &[u8]) -> Option<Vec<u8>> {
        self.machine.serve_tcp(host, port, data)
    }

    /// What processes ask of the network; answer with [`Container::answer_net`] and run again.
    pub fn take_net_requests(&mut self) -> Vec<(u32, NetRequest)> {
        self.machine.take_net_requests()
    }

    pub fn answer_net(&mut self, id: u32, answer: NetAnswer) {
        self.machine.answer_net(id, answer);
    }

    /// Starts a command inside. The error is what containerd says after `failed to exec in container: `.
    pub fn exec(
        &mut self,
        argv: &[String],
        stdin: bool,
        tty: bool,
        host: &mut dyn Host,
    ) -> Result<ExecId, String> {
        self.exec_as(argv, None, stdin, tty, host)
    }

    /// The id behind a user's name or number, by the container's own `/etc/passwd`.
    #[must_use]
    pub fn user_id(&self, name: &str) -> Option<u32> {
        let name = name.split(':').next().unwrap_or(name);
        if let Ok(id) = name.parse() {
            return Some(id);
        }
        let text = String::from_utf8_lossy(self.machine.fs.tree.file("/etc/passwd")?).into_owned();
        let line = text.lines().find(|l| l.split(':').next() == Some(name))?;
        line.split(':').nth(2)?.parse().ok()
    }

    /// As `exec`, by another user.
    ///
    /// # Errors
    /// As `exec`.
    pub fn exec_as(
        &mut self,
        argv: &[String],
        user: Option<u32>,
        stdin: bool,
        tty: bool,
        host: &mut dyn Host,
    ) -> Result<ExecId, String> {
        let cred = user.map_or(self.cred, |uid| Cred { uid, gid: uid, ..self.cred });
        let sink = self.machine.sink();
        let input = stdin.then(|| self.machine.input());
        let stdio = Stdio { input, sink, tty };
        let pid =
            self.machine.spawn(host, argv, self.env.clone(), &self.workdir, cred, stdio).map_err(|e| {
                format!(
                    "OCI runtime exec failed: exec failed: unable to start container process: {}: unknown",
                    runc(&e)
                )
            })?;
        let id = ExecId(pid);
        self.execs.insert(id, Exec { sink, input });
        Ok(id)
    }

    /// What a command wrote since it was last asked.
    pub fn exec_output(&mut self, id: ExecId) -> Vec<(Stream, Vec<u8>)> {
        self.execs.get(&id).map_or_else(Vec::new, |e| self.machine.take_output(e.sink))
    }

    /// Feeds a command's input; `None` closes it.
    pub fn exec_input(&mut self, id: ExecId, data: Option<&[u8]>) {
        if let Some(input) = self.execs.get(&id).and_then(|e| e.input) {
            match data {
                Some(data) => {
                    self.machine.feed(input, data);
                }
                None => self.machine.close_input(input),
            }
        }
    }

    /// The terminal of a command, or without one that of the container's own process, has this size now.
    pub fn resize(&mut self, id: Option<ExecId>, window: (u16, u16)) {
        let terminal = match id {
            Some(id) => self.execs.get(&id).map(|e| e.sink),
            None => Some(self.sink),
        };
        if let Some(terminal) = terminal {
            self.machine.resize(terminal, window);
        }
    }

    /// The exit code of a command that has ended.
    #[must_use]
    pub fn exec_code(&self, id: ExecId) -> Option<i32> {
        if self.execs.contains_key(&id) { self.machine.exit_code(id.0) } else { None }
    }

    /// Forgets a command, ending it if it still runs.
    pub fn exec_close(&mut self, id: ExecId) {
        if self.execs.remove(&id).is_some() {
            self.machine.signal(id.0, Signal::Kill);
            self.machine.reap(id.0);
        }
    }

    /// Runs a command to its end within `budget` steps of no waiting (exec probes): its code and output.
    /// `None`: it did not end at once; go on with [`Container::exec`].
    pub fn exec_now(
        &mut self,
        argv: &[String],
        budget: u32,
        host: &mut dyn Host,
    ) -> Result<Option<(i32, String)>, String> {
        let id = self.exec(argv, false, false, host)?;
        self.run(budget, host);
        let code = self.exec_code(id);
        let text =
            self.exec_output(id).into_iter().map(|(_, d)| String::from_utf8_lossy(&d).into_owned()).collect();
        self.exec_close(id);
        Ok(code.map(|c| (c, text)))
    }

    /// Input of the container's own process (`stdin: true`).
    #[must_use]
    pub fn input(&self) -> Option<InputId> {
        self.input
    }

    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    pub fn machine_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// What it has used up to `now`; its log counts as disk.
    #[must_use]
    pub fn usage(&self, now: Time) -> Usage {
        let mut usage = self.machine.usage(now);
        usage.disk_bytes += self.log_bytes;
        if self.exit.is_some() {
            usage.memory_bytes = 0;
        }
        usage
    }

    /// Bytes written to its own layer.
    #[must_use]
    pub fn storage_used(&self) -> u64 {
        self.machine.fs.tree.used
    }
}
