//! The `docker` command: what it prints, how long it takes, how it ends.
//!
//! Owns: the command line and docker's own texts. Does not own: what the daemon does (engine).
//! Models docker 28 with BuildKit. Not modelled: compose, swarm, contexts, plugins, `save`, `load`, `import`, `export`,
//! `search`; each of them says so.

mod args;
mod attach;
mod build;
mod containers_cmd;
mod dockerfile;
mod images_cmd;
mod inspect;
mod login;
mod places;
mod pull;
mod run;

use clock::Time;
use containers::images::Registry;

use crate::engine::{Engine, HostFiles};

/// What came from a command's standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Data(Vec<u8>),
    End,
    /// Nothing yet.
    Wait,
}

/// The process that `docker` is: its streams, its directory, the machine's files, and the registries.
pub trait Console: HostFiles {
    fn now(&self) -> Time;
    fn out(&mut self, bytes: &[u8]);
    fn err(&mut self, bytes: &[u8]);
    fn read(&mut self) -> Input;
    fn cwd(&self) -> String;
    fn is_tty(&self) -> bool;
    fn registry(&mut self) -> &mut Registry;
}

/// A docker command under way.
trait Job {
    /// Goes on as far as it can; the exit code when it has ended.
    fn poll(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32>;
    /// When it wants to be polled again, whatever happens.
    fn wakes_at(&self) -> Option<Time> {
        None
    }
    /// Its process was killed or interrupted.
    fn abandon(&mut self, _engine: &mut Engine) {}
}

/// What a command line leads to.
enum Started {
    Done(i32),
    Goes(Box<dyn Job>),
}

/// One `docker ...` from start to exit.
pub struct Command {
    argv: Vec<String>,
    job: Option<Box<dyn Job>>,
    code: Option<i32>,
}

impl Command {
    /// `argv` without the command's own name.
    #[must_use]
    pub fn new(argv: Vec<String>) -> Self {
        Self { argv, job: None, code: None }
    }

    /// Goes on as far as it can at this instant; the exit code when it has ended.
    pub fn poll(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        if self.code.is_some() {
            return self.code;
        }
        engine.step(console.now(), console_files(console));
        if self.job.is_none() {
            engine.now = console.now();
            let argv = std::mem::take(&mut self.argv);
            match start(&argv, engine, console) {
                Started::Done(code) => self.code = Some(code),
                Started::Goes(job) => self.job = Some(job),
            }
            engine.step(console.now(), console_files(console));
        }
        if let Some(job) = &mut self.job {
            self.code = job.poll(engine, console);
        }
        engine.sync_binds(console_files(console));
        self.code
    }

    #[must_use]
    pub fn wakes_at(&self) -> Option<Time> {
        self.job.as_ref().and_then(|j| j.wakes_at())
    }

    /// Ctrl-C, or its process was killed.
    pub fn abandon(&mut self, engine: &mut Engine) {
        if let Some(job) = &mut self.job {
            job.abandon(engine);
        }
        self.code.get_or_insert(130);
    }
}

fn console_files(console: &mut dyn Console) -> &mut dyn HostFiles {
    console
}

fn say(console: &mut dyn Console, text: impl AsRef<str>) {
    console.out(text.as_ref().as_bytes());
}

fn complain(console: &mut dyn Console, text: impl AsRef<str>) {
    console.err(text.as_ref().as_bytes());
}

/// A refusal of the daemon's.
fn refuse(console: &mut dyn Console, why: &str) -> Started {
    complain(console, format!("Error response from daemon: {why}\n"));
    Started::Done(1)
}

const USAGE: &str = "Usage:  docker [OPTIONS] COMMAND

A self-sufficient runtime for containers

Common Commands:
  run         Create and run a new container from an image
  exec        Execute a command in a running container
  ps          List containers
  build       Build an image from a Dockerfile
  pull        Download an image from a registry
  push        Upload an image to a registry
  images      List images
  login       Authenticate to a registry
  logout      Log out from a registry
  version     Show the Docker version information
  info        Display system-wide information

Management Commands:
  container   Manage containers
  image       Manage images
  network     Manage networks
  system      Manage Docker
  volume      Manage volumes

Commands:
  attach      Attach local standard input, output, and error streams to a running container
  commit      Create a new image from a container's changes
  cp          Copy files/folders between a container and the local filesystem
  create      Create a new container
  history     Show the history of an image
  inspect     Return low-level information on Docker objects
  kill        Kill one or more running containers
  logs        Fetch the logs of a container
  pause       Pause all processes within one or more containers
  port        List port mappings or a specific mapping for the container
  rename      Rename a container
  restart     Restart one or more containers
  rm          Remove one or more containers
  rmi         Remove one or more images
  start       Start one or more stopped containers
  stats       Display a live stream of container(s) resource usage statistics
  stop        Stop one or more running containers
  tag         Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE
  top         Display the running processes of a container
  unpause     Unpause all processes within one or more containers
  wait        Block until one or more containers stop, then print their exit codes

Run 'docker COMMAND --help' for more information on a command.
";

/// Commands of docker that this one knows of and does not have.
const NOT_HERE: [&str; 18] = [
    "compose", "swarm", "service", "stack", "node", "secret", "config", "context", "plugin", "save", "load",
    "import", "export", "search", "scout", "events", "diff", "update",
];

fn start(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let Some(first) = argv.first() else {
        say(console, USAGE);
        return Started::Done(0);
    };
    let (mut name, mut rest) = (first.as_str(), &argv[1..]);
    if matches!(name, "--help" | "-h" | "help") {
        say(console, USAGE);
        return Started::Done(0);
    }
    if matches!(name, "--version" | "-v") {
        say(console, "Docker version 28.5.1, build e180ab8\n");
        return Started::Done(0);
    }
    // `docker container ls` is `docker ps`, and so on.
    if let ("container" | "image" | "builder" | "buildx" | "system", Some(sub)) = (name, rest.first()) {
        let sub = sub.as_str();
        let short = match (name, sub) {
            ("container", "ls" | "list" | "ps") => "ps",
            ("container", "prune") => "container prune",
            ("image", "ls" | "list") => "images",
            ("image", "rm" | "remove") => "rmi",
            ("image", "prune") => "image prune",
            ("builder", "prune") => "builder prune",
            ("system", "prune") => "system prune",
            ("system", "df") => "system df",
            ("system", other) | ("buildx" | "builder" | "image" | "container", other) => other,
            _ => sub,
        };
        (name, rest) = (short, &rest[1..]);
    }
    if rest.iter().take_while(|a| a.as_str() != "--").any(|a| a == "--help")
        && !matches!(name, "run" | "exec")
    {
        say(console, format!("Usage:  docker {name} {}\n", args::synopsis(name)));
        return Started::Done(0);
    }
    match name {
        "run" => run::run(rest, engine, console),
        "create" => run::create(rest, engine, console),
        "start" => run::start(rest, engine, console),
        "exec" => attach::exec(rest, engine, console),
        "attach" => attach::attach(rest, engine, console),
        "logs" => attach::logs(rest, engine, console),
        "wait" => attach::wait(rest, engine, console),
        "stop" => containers_cmd::stop(rest, engine, console, 10_000),
        "restart" => containers_cmd::restart(rest, engine, console),
        "kill" => containers_cmd::kill(rest, engine, console),
        "pause" | "unpause" => containers_cmd::pause(rest, engine, console, name == "pause"),
        "rm" => containers_cmd::rm(rest, engine, console),
        "rename" => containers_cmd::rename(rest, engine, console),
        "ps" => containers_cmd::ps(rest, engine, console),
        "port" => containers_cmd::port(rest, engine, console),
        "top" => containers_cmd::top(rest, engine, console),
        "stats" => containers_cmd::stats(rest, engine, console),
        "cp" => containers_cmd::cp(rest, engine, console),
        "commit" => images_cmd::commit(rest, engine, console),
        "container prune" => containers_cmd::prune(rest, engine, console),
        "images" => images_cmd::images(rest, engine, console),
        "rmi" => images_cmd::rmi(rest, engine, console),
        "tag" => images_cmd::tag(rest, engine, console),
        "history" => images_cmd::history(rest, engine, console),
        "image prune" | "builder prune" | "system prune" => images_cmd::prune(name, rest, engine, console),
        "system df" => images_cmd::df(engine, console),
        "pull" => pull::pull(rest, engine, console),
        "push" => pull::push(rest, engine, console),
        "build" => build::build(rest, engine, console),
        "inspect" => inspect::inspect(rest, engine, console),
        "login" => login::login(rest, engine, console),
        "logout" => login::logout(rest, engine, console),
        "network" => places::network(rest, engine, console),
        "volume" => places::volume(rest, engine, console),
        "version" => {
            say(
                console,
                "Client: Docker Engine - Community\n Version:           28.5.1\n API version:       1.51\n OS/Arch:           linux/amd64\n\nServer: Docker Engine - Community\n Engine:\n  Version:          28.5.1\n  API version:      1.51 (minimum version 1.24)\n  OS/Arch:          linux/amd64\n containerd:\n  Version:          v1.7.28\n runc:\n  Version:          1.3.0\n",
            );
            Started::Done(0)
        }
        "info" => {
            let running = engine.containers.iter().filter(|c| c.is_running()).count();
            let (all, images) = (engine.containers.len(), engine.images.len());
            say(
                console,
                format!(
                    "Client: Docker Engine - Community\n Version:    28.5.1\n\nServer:\n Containers: {all}\n  Running: {running}\n  Paused: 0\n  Stopped: {}\n Images: {images}\n Server Version: 28.5.1\n Storage Driver: overlay2\n Cgroup Version: 2\n Kernel Version: 6.1.0-18-amd64\n Operating System: Ubuntu 24.04.1 LTS\n OSType: linux\n Architecture: x86_64\n CPUs: 2\n Total Memory: 3.828GiB\n Name: wheelhouse\n",
                    all - running
                ),
            );
            Started::Done(0)
        }
        other if NOT_HERE.contains(&other) => {
            complain(console, format!("docker: '{other}' is not simulated here\n"));
            Started::Done(1)
        }
        other => {
            complain(
                console,
                format!(
                    "docker: unknown command: docker {other}\n\nRun 'docker --help' for more information\n"
                ),
            );
            Started::Done(1)
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use containers::fs::Node;
    use ordered::BTreeMap;

    use super::*;

    /// A console that keeps what is written, over a few files.
    #[derive(Default)]
    pub(crate) struct Plain {
        pub(crate) now: Time0,
        pub(crate) out: String,
        pub(crate) err: String,
        pub(crate) files: BTreeMap<String, Node>,
        pub(crate) registry: Registry,
    }

    /// An instant that begins at the epoch.
    #[derive(Default)]
    pub(crate) struct Time0(pub(crate) i64);

    impl HostFiles for Plain {
        fn node(&mut self, path: &str) -> Option<Node> {
            self.files.get(path).cloned()
        }
        fn put(&mut self, path: &str, node: Node) {
            self.files.insert(path.into(), node);
        }
    }

    impl Console for Plain {
        fn now(&self) -> Time {
            Time::EPOCH + self.now.0
        }
        fn out(&mut self, bytes: &[u8]) {
            self.out.push_str(&String::from_utf8_lossy(bytes));
        }
        fn err(&mut self, bytes: &[u8]) {
            self.err.push_str(&String::from_utf8_lossy(bytes));
        }
        fn read(&mut self) -> Input {
            Input::End
        }
        fn cwd(&self) -> String {
            "/home/learner".into()
        }
        fn is_tty(&self) -> bool {
            false
        }
        fn registry(&mut self) -> &mut Registry {
            &mut self.registry
        }
    }

    impl Plain {
        /// Runs a command to its end, at most an hour long.
        pub(crate) fn run(&mut self, engine: &mut Engine, line: &str) -> i32 {
            let mut command = Command::new(line.split(' ').map(String::from).collect());
            for _ in 0..10_000 {
                if let Some(code) = command.poll(engine, self) {
                    return code;
                }
                let next = [command.wakes_at(), engine.next_wake()].into_iter().flatten().min();
                self.now.0 = next.map_or(self.now.0 + 1000, |t| t.since(Time::EPOCH).max(self.now.0 + 1));
                engine.step(self.now(), &mut crate::engine::NoFiles);
            }
            command.abandon(engine);
            -1
        }
    }

    #[test]
    fn an_image_is_built_from_cache_the_second_time() {
        let mut engine = Engine::new(1);
        let mut c = Plain::default();
        let dir = Node::dir(0o755);
        let mut tree = containers::fs::Tree::with_root(dir);
        tree.put_file(
            "/Dockerfile",
            b"FROM alpine:3.20\nRUN echo hi > /x\nCOPY a /a\nCMD cat /x /a\n",
            0o644,
        );
        tree.put_file("/a", b"there\n", 0o644);
        c.files.insert("/home/learner/app".into(), tree.root.clone());
        c.files.insert(
            "/home/learner/app/Dockerfile".into(),
            Node::file(tree.file("/Dockerfile").expect("put"), 0o644),
        );
        assert_eq!(c.run(&mut engine, "build -t web:1 app"), 0, "{}", c.err);
        assert!(!c.err.contains("CACHED"), "{}", c.err);
        c.err.clear();
        assert_eq!(c.run(&mut engine, "build -t web:1 app"), 0);
        assert_eq!(c.err.matches("CACHED").count(), 2, "{}", c.err);
        assert_eq!(c.run(&mut engine, "run --rm web:1"), 0, "{}", c.err);
        assert_eq!(c.out, "hi\nthere\n");
        assert!(engine.containers.is_empty());
    }
}
