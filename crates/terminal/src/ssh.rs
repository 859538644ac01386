//! `ssh NODE [COMMAND]`: a shell on a node's files, with `crictl`, `iptables`, `systemctl`, `reboot` and `docker` beside it. `ssh
//! internet`: on a machine far away, which reaches what the internet does.
//!
//! Owns: the session, and what it wrote to the node's disk. Does not own: the disk (the node's kubelet), crictl's words.
//! A node has a Docker Engine of its own beside containerd, as a machine does where both are installed: it shows what
//! docker runs there, never the kubelet's containers (those are crictl's), and it stands still while nobody is there.
//! The session stands on the node's disk as it was when it began, over the tools of a plain distribution; files it
//! writes or removes are the node's at once. It is a node of the first cluster. Not modelled: keys, accounts, other sessions' writes.

use std::rc::Rc;
use std::task::Poll;

use cluster::network::path::INTERNET_IP;
use cluster::{Cluster, NodeFault};
use containers::fs::{Fs, Node};
use containers::images::base;
use kubectl::Io as _;

use crate::io::ProcessIo;
use crate::{Docker, Place, Seat, Shared, Stream, Terminal, host};

const FILES_MAX: usize = 200;
/// The machine that is somewhere on the internet.
const FAR: &str = "internet";

pub(crate) struct Session {
    argv: Vec<String>,
    io: Rc<ProcessIo>,
    /// The machine it was called on.
    outer: Rc<Shared>,
    inside: Option<Box<Inside>>,
}

struct Inside {
    machine: String,
    place: Place,
    terminal: Terminal,
    /// A command was given: the session ends with it.
    once: bool,
    seen: Node,
    typed: Vec<u8>,
    asked: bool,
}

/// Files that differ, as paths and their new content.
fn differences(old: Option<&Node>, new: Option<&Node>, path: &str, out: &mut Vec<(String, Option<Vec<u8>>)>) {
    if out.len() >= FILES_MAX {
        return;
    }
    match (old, new) {
        (Some(Node::Dir(a)), Some(Node::Dir(b))) if std::sync::Arc::ptr_eq(a, b) => {}
        (Some(Node::File(a)), Some(Node::File(b))) if a.bytes == b.bytes => {}
        (_, Some(Node::File(f))) => out.push((path.to_owned(), Some(f.bytes.clone()))),
        (Some(Node::File(_)), None) => out.push((path.to_owned(), None)),
        (old, new) => {
            let entry = |n: Option<&Node>| match n {
                Some(Node::Dir(d)) => d.entries.clone(),
                _ => Default::default(),
            };
            let (a, b) = (entry(old), entry(new));
            let mut names: Vec<_> = a.keys().chain(b.keys()).cloned().collect();
            names.sort();
            names.dedup();
            for name in names {
                differences(a.get(&name), b.get(&name), &format!("{path}/{name}"), out);
            }
        }
    }
}

/// A tree laid over another.
fn laid_over(below: &mut containers::fs::Tree, path: &str, node: &Node) {
    match node {
        Node::Dir(d) => {
            if below.node(&containers::fs::split(path)).is_none() {
                below.put(path, Node::dir(node.meta().mode));
            }
            for (name, inner) in &d.entries {
                laid_over(below, &format!("{path}/{name}"), inner);
            }
        }
        other => below.put(path, other.clone()),
    }
}

/// Ports that a node's own daemons listen on.
fn daemons(control_plane: bool) -> Vec<u16> {
    let mut ports = vec![22, 10_248, 10_249, 10_250, 10_256];
    if control_plane {
        ports.extend([2379, 2380, 6443, 10_257, 10_259]);
    }
    ports
}

impl Session {
    pub(crate) fn new(argv: Vec<String>, io: Rc<ProcessIo>, outer: Rc<Shared>) -> Self {
        Self { argv, io, outer, inside: None }
    }

    /// Connects; the exit code when that failed.
    fn begin(&mut self, cluster: &mut Cluster) -> Option<i32> {
        let mut words = self.argv.iter().map(String::as_str).peekable();
        while let Some(flag) = words.next_if(|w| w.starts_with('-')) {
            if matches!(flag, "-p" | "-i" | "-o" | "-l" | "-F") {
                words.next();
            }
        }
        let Some(place) = words.next() else {
            self.io.err(b"usage: ssh [user@]node|internet [command [argument ...]]\n");
            return Some(255);
        };
        let name = place.rsplit('@').next().unwrap_or(place);
        let mut files = base::system();
        let (machine, place, provided, docker, taken) = match cluster.node_called(name) {
            Some(node) => {
                if !cluster.node_answers(&node) {
                    let text = format!("ssh: connect to host {name} port 22: Connection timed out\n");
                    self.io.err(text.as_bytes());
                    return Some(255);
                }
                if let Some(disk) = cluster.node_disk(&node) {
                    laid_over(&mut files, "", &disk);
                }
                let control_plane = cluster.is_control_plane(&node);
                let provided = if control_plane { host::ON_CONTROL_PLANE } else { host::ON_NODE };
                let docker = self.outer.engine_of(&node);
                (node.clone(), Place::Node(node), provided, docker, daemons(control_plane))
            }
            None if name == FAR => {
                files.put_file(
                    "/etc/hosts",
                    format!("127.0.0.1\tlocalhost\n{INTERNET_IP}\t{FAR}\n").as_bytes(),
                    0o644,
                );
                files.put_file("/etc/resolv.conf", b"nameserver 8.8.8.8\n", 0o644);
                (FAR.to_owned(), Place::Internet, &[][..], Docker::default(), vec![22])
            }
            None => {
                let text = format!("ssh: Could not resolve hostname {name}: Name or service not known\n");
                self.io.err(text.as_bytes());
                return Some(255);
            }
        };
        let mut fs = Fs::default();
        fs.tree = files;
        let seat =
            Seat { name: &machine, home: "/root", user: "root", place: place.clone(), provided, docker };
        let mut terminal = Terminal::over(fs, seat);
        terminal.shared.machine.borrow_mut().taken = taken;
        let line: Vec<&str> = words.collect();
        let once = !line.is_empty();
        if once {
            terminal.submit(&line.join(" "));
        }
        let seen = terminal.root();
        self.inside =
            Some(Box::new(Inside { machine, place, terminal, once, seen, typed: Vec::new(), asked: false }));
        None
    }

    /// Goes on as far as it can. The exit code when it has ended, and whether anything moved.
    pub(crate) fn drive(&mut self, cluster: &mut Cluster) -> (Option<i32>, bool) {
        if self.inside.is_none()
            && let Some(code) = self.begin(cluster)
        {
            return (Some(code), true);
        }
        let Some(inside) = &mut self.inside else { return (Some(255), true) };
        let (io, mut moved) = (&self.io, false);
        loop {
            inside.terminal.poll(cluster);
            let output = inside.terminal.take_output();
            let mut again = !output.is_empty();
            for piece in output {
                match piece.stream {
                    Stream::Out => io.out(&piece.bytes),
                    Stream::Err => io.err(&piece.bytes),
                }
            }
            let ended = inside.terminal.ended();
            if ended.is_some() || !inside.terminal.is_running() {
                inside.keep(cluster);
                if matches!(&inside.place, Place::Node(node) if cluster.node_fault(node) == Some(NodeFault::Crashed))
                {
                    io.err(format!("Connection to {} closed by remote host.\n", inside.machine).as_bytes());
                    return (Some(255), true);
                }
                if ended.is_some() || inside.once {
                    if !inside.once && io.stdin_is_tty() {
                        io.out(format!("logout\nConnection to {} closed.\n", inside.machine).as_bytes());
                    }
                    return (Some(ended.unwrap_or_else(|| inside.terminal.exit_code())), true);
                }
                if !inside.asked && io.stdin_is_tty() {
                    let prompt = format!("root@{}:{}# ", inside.machine, inside.terminal.directory());
                    io.out(prompt.as_bytes());
                }
                inside.asked = true;
            }
            if let Some(n) = inside.typed.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = inside.typed.drain(..=n).collect();
                inside.terminal.submit(&String::from_utf8_lossy(&line[..n]));
                inside.asked = inside.terminal.needs_more();
                again = true;
            } else {
                match io.typed() {
                    Poll::Ready(Some(bytes)) => {
                        inside.typed.extend(bytes);
                        again = true;
                    }
                    Poll::Ready(None) if inside.once => inside.terminal.end_of_input(),
                    Poll::Ready(None) if !inside.terminal.is_running() => {
                        inside.keep(cluster);
                        return (Some(inside.terminal.exit_code()), true);
                    }
                    Poll::Ready(None) => inside.terminal.end_of_input(),
                    Poll::Pending => {}
                }
            }
            moved |= again;
            if !again {
                return (None, moved);
            }
        }
    }

    pub(crate) fn wakes_at(&self) -> Option<clock::Time> {
        self.inside.as_ref().and_then(|i| i.terminal.wakes_at())
    }
}

impl Inside {
    /// What was written here is the node's.
    fn keep(&mut self, cluster: &mut Cluster) {
        let Place::Node(node) = &self.place else { return };
        let now = self.terminal.root();
        let mut changed = Vec::new();
        differences(Some(&self.seen), Some(&now), "", &mut changed);
        for (path, content) in changed {
            cluster.write_node_file(node, &path, content);
        }
        self.seen = now;
    }
}
