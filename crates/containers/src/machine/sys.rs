//! System calls: all a shell or program can do to the machine it runs on.

use std::sync::Arc;

use clock::{Rng, Time};

use super::{
    Dev, Env, Errno, ExecError, Flavor, Host, Machine, NetCall, OpenKind, Pid, Proc, SINK_BYTES, Signal,
    Task, Wait,
};
use crate::fs::{Cred, Node, Root, View, join};
use crate::machine::PIPE_BYTES;
use crate::net::{NetAnswer, NetRequest};

/// What a read gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    Data(Vec<u8>),
    End,
    /// Nothing yet: wait for the descriptor.
    Wait,
    Failed(Errno),
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    Read,
    Write,
    Append,
    ReadWrite,
}

/// The machine as one process sees it.
pub struct Sys<'a> {
    pub(crate) m: &'a mut Machine,
    pub(crate) host: &'a mut dyn Host,
    pub(crate) pid: Pid,
    /// Extra cost of this step, in steps.
    pub(crate) charge: u32,
}

impl Sys<'_> {
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.m.now
    }

    #[must_use]
    pub fn machine(&self) -> &Machine {
        self.m
    }

    #[must_use]
    pub fn gnu(&self) -> bool {
        self.m.flavor == Flavor::Gnu
    }

    pub fn rng(&mut self) -> &mut Rng {
        &mut self.m.rng
    }

    /// Adds to the cost of this step.
    pub fn charge(&mut self, steps: u32) {
        self.charge = self.charge.saturating_add(steps);
    }

    fn proc(&self) -> Option<&Proc> {
        self.m.procs.get(&self.pid)
    }

    #[must_use]
    pub fn parent(&self) -> Pid {
        self.proc().map_or(0, |p| p.ppid)
    }

    #[must_use]
    pub fn hostname(&self) -> &str {
        &self.m.hostname
    }

    #[must_use]
    pub fn cwd(&self) -> String {
        self.proc().map_or_else(|| "/".into(), |p| p.cwd.clone())
    }

    pub(crate) fn set_cwd(&mut self, cwd: String) {
        if let Some(p) = self.m.procs.get_mut(&self.pid) {
            p.cwd = cwd;
        }
    }

    #[must_use]
    pub fn cred(&self) -> Cred {
        self.proc().map_or_else(Cred::default, |p| p.cred)
    }

    #[must_use]
    pub fn env(&self) -> Env {
        self.proc().map_or_else(Env::default, |p| p.env.clone())
    }

    #[must_use]
    pub fn var(&self, name: &str) -> Option<String> {
        self.proc().and_then(|p| p.env.get(name).cloned())
    }

    #[must_use]
    pub fn umask(&self) -> u16 {
        self.proc().map_or(0o022, |p| p.umask)
    }

    pub(crate) fn set_umask(&mut self, mask: u16) {
        if let Some(p) = self.m.procs.get_mut(&self.pid) {
            p.umask = mask & 0o777;
        }
    }

    /// `path` as seen from the working directory.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        join(self.proc().map_or("/", |p| &p.cwd), path)
    }

    /// The file system. Paths must be absolute: see [`Sys::path`].
    pub fn fs(&mut self) -> View<'_> {
        let cred = self.cred();
        let root = self.proc().map(|p| p.root.clone()).unwrap_or_default();
        View { root, fs: &mut self.m.fs, volumes: self.host.volumes(), cred, now: self.m.now }
    }

    /// The machine's own layer, for putting programs into it.
    pub(crate) fn machine_tree(&mut self) -> &mut crate::fs::Tree {
        &mut self.m.fs.tree
    }

    /// Opens a path and gives a descriptor of 10 or above.
    pub fn open(&mut self, path: &str, how: Open) -> Result<u32, Errno> {
        let path = self.path(path);
        if path.ends_with('/') && how != Open::Read {
            return Err(Errno::IsDir);
        }
        let mode = 0o666 & !self.umask();
        let mut fs = self.fs();
        let node = fs.get(&path).cloned();
        let kind = match (node, how) {
            (Ok(Node::Dev(dev, _)), _) => match dev {
                Dev::Fd(fd) => {
                    // `/proc/1/fd/1` is where the container's log comes from, whoever writes to it.
                    let whose: Option<Pid> =
                        path.strip_prefix("/proc/").and_then(|p| p.split('/').next()?.parse().ok());
                    let main = whose.filter(|pid| *pid == self.m.first).and_then(|p| self.m.procs.get(&p));
                    let file = main
                        .or_else(|| self.proc())
                        .and_then(|p| p.fds.get(&fd).copied())
                        .ok_or(Errno::NoEntry)?;
                    self.m.keep(file);
                    return self.install(file);
                }
                Dev::Tty => {
                    let tty = self.proc().and_then(|p| {
                        p.fds.values().copied().find(|f| {
                            self.m.files.get(f).is_some_and(|o| {
                                o.tty.is_some()
                                    && matches!(o.kind, OpenKind::PipeRead(_)) == (how == Open::Read)
                            })
                        })
                    });
                    let file = tty.ok_or(Errno::NoEntry)?;
                    self.m.keep(file);
                    return self.install(file);
                }
                Dev::Pipe(id) => self.m.open_named(id, how)?,
                dev => OpenKind::Dev(dev),
            },
            (Ok(Node::Dir(_)), Open::Read) => {
                OpenKind::File { real: fs.real(&path, true)?, at: 0, append: false }
            }
            (Ok(_), Open::Read) => {
                fs.access(&path, 4)?;
                OpenKind::File { real: fs.real(&path, true)?, at: 0, append: false }
            }
            (Err(e), Open::Read) => match self.proc_file(&path) {
                Some(text) => OpenKind::Text(text.into_bytes().into(), 0),
                None => return Err(e),
            },
            (_, how) => {
                let real = fs.create(&path, how == Open::Write, mode)?;
                OpenKind::File { real, at: 0, append: how == Open::Append }
            }
        };
        let file = self.m.add_file(kind, None);
        self.install(file)
    }

    /// Files under `/proc` that tell of processes and of the machine.
    #[must_use]
    pub fn proc_file(&self, path: &str) -> Option<String> {
        if let Some(text) = crate::programs::gauges::kernel_file(self.m, path) {
            return Some(text);
        }
        let rest = path.strip_prefix("/proc/")?;
        let (who, what) = rest.split_once('/').unwrap_or((rest, ""));
        let pid = if who == "self" { self.pid } else { who.parse().ok()? };
        self.m.seen(self.m.procs.get(&pid)?).file(what)
    }

    fn install(&mut self, file: u32) -> Result<u32, Errno> {
        let Some(p) = self.m.procs.get_mut(&self.pid) else { return Err(Errno::BadFd) };
        let fd = (10..1024).find(|fd| !p.fds.contains_key(fd)).ok_or(Errno::TooMany)?;
        p.fds.insert(fd, file);
        Ok(fd)
    }

    /// A descriptor that reads fixed text.
    pub(crate) fn open_text(&mut self, text: &str) -> Result<u32, Errno> {
        let text: Arc<[u8]> = text.as_bytes().into();
        let file = self.m.add_file(OpenKind::Text(text, 0), None);
        self.install(file)
    }

    pub fn close(&mut self, fd: u32) {
        if let Some(file) = self.m.procs.get_mut(&self.pid).and_then(|p| p.fds.remove(&fd)) {
            self.m.drop_file(file);
        }
    }

    #[must_use]
    pub fn is_open(&self, fd: u32) -> bool {
        self.proc().is_some_and(|p| p.fds.contains_key(&fd))
    }

    /// Rows and columns of the process's terminal.
    #[must_use]
    pub fn window(&self) -> (u16, u16) {
        self.m.window(self.pid)
    }

    #[must_use]
    pub fn is_tty(&self, fd: u32) -> bool {
        self.m.is_tty(self.pid, fd)
    }

    /// Makes `to` lead where `from` leads, and gives what `to` was; that file stays open for restoring.
    pub(crate) fn redirect(&mut self, from: u32, to: u32) -> Result<Option<u32>, Errno> {
        let file = self.proc().and_then(|p| p.fds.get(&from).copied()).ok_or(Errno::BadFd)?;
        self.m.keep(file);
        Ok(self.m.procs.get_mut(&self.pid).and_then(|p| p.fds.insert(to, file)))
    }

    /// Closes `fd` but keeps its file for restoring.
    pub(crate) fn detach(&mut self, fd: u32) -> Option<u32> {
        self.m.procs.get_mut(&self.pid).and_then(|p| p.fds.remove(&fd))
    }

    pub(crate) fn restore(&mut self, saved: Vec<(u32, Option<u32>)>) {
        self.m.restore_fds(self.pid, saved);
    }

    /// Forgets files kept for restoring: a redirection that stays.
    pub(crate) fn forget(&mut self, saved: Vec<(u32, Option<u32>)>) {
        for (_, file) in saved {
            if let Some(file) = file {
                self.m.drop_file(file);
            }
        }
    }

    /// Makes a named pipe.
    pub(crate) fn make_pipe(&mut self, path: &str, mode: u16) -> Result<(), Errno> {
        // The upper half of the numbers, so that none of another machine's is taken for an open pipe of this one.
        let id = self.m.rng.next_u64() as u32 | 1 << 31;
        let (path, mode) = (self.path(path), mode & !self.umask());
        self.fs().make_device(&path, Dev::Pipe(id), mode)
    }

    /// Makes a directory this process's `/`.
    pub(crate) fn change_root(&mut self, path: &str) -> Result<(), Errno> {
        let path = self.path(path);
        if self.cred().uid != 0 {
            return Err(Errno::Perm);
        }
        let view = self.fs();
        if !view.get(&path)?.is_dir() {
            return Err(Errno::NotDir);
        }
        let root: Root = view.real(&path, true)?.into();
        if let Some(p) = self.m.procs.get_mut(&self.pid) {
            (p.root, p.cwd) = (root, "/".into());
        }
        Ok(())
    }

    /// A pipe: its reading and its writing descriptor.
    pub(crate) fn pipe(&mut self) -> Result<(u32, u32), Errno> {
        let (r, w) = self.m.new_pipe();
        Ok((self.install(r)?, self.install(w)?))
    }

    pub fn read(&mut self, fd: u32, max: usize) -> Got {
        let Some(file) = self.proc().and_then(|p| p.fds.get(&fd).copied()) else {
            return Got::Failed(Errno::BadFd);
        };
        let Some(open) = self.m.files.get_mut(&file) else { return Got::Failed(Errno::BadFd) };
        let data = match &mut open.kind {
            OpenKind::PipeRead(id) => {
                let Some(pipe) = self.m.pipes.get_mut(id) else { return Got::End };
                if pipe.data.is_empty() {
                    if pipe.writers == 0 && !pipe.awaited || std::mem::take(&mut pipe.eof_once) {
                        return Got::End;
                    }
                    return Got::Wait;
                }
                let n = max.min(pipe.data.len());
                pipe.data.drain(..n).collect()
            }
            OpenKind::Text(text, at) => {
                let end = text.len().min(*at + max);
                let data = text[*at..end].to_vec();
                *at = end;
                data
            }
            OpenKind::File { real, at, .. } => {
                let (real, from) = (real.clone(), *at);
                match self.fs().read_at(&real, from, max) {
                    Ok(data) => {
                        if let Some(OpenKind::File { at, .. }) =
                            self.m.files.get_mut(&file).map(|f| &mut f.kind)
                        {
                            *at += data.len() as u64;
                        }
                        data
                    }
                    Err(e) => return Got::Failed(e),
                }
            }
            OpenKind::Dev(Dev::Zero | Dev::Full) => vec![0; max],
            OpenKind::Dev(Dev::Random) => {
                self.charge = self.charge.saturating_add((max >> 8) as u32);
                (0..max).map(|_| self.m.rng.next_u64() as u8).collect()
            }
            OpenKind::Dev(_) => Vec::new(),
            OpenKind::PipeWrite(_) | OpenKind::Sink(..) => return Got::Failed(Errno::BadFd),
        };
        if data.is_empty() { Got::End } else { Got::Data(data) }
    }

    /// Reads up to and with the next newline, and no further: what follows stays for others.
    /// Without a newline the data so far is given.
    pub fn read_line_part(&mut self, fd: u32) -> Got {
        let file = self.proc().and_then(|p| p.fds.get(&fd).copied());
        let kind = file.and_then(|f| self.m.files.get(&f)).map(|f| f.kind.clone());
        let n = match kind {
            Some(OpenKind::PipeRead(id)) => self
                .m
                .pipes
                .get(&id)
                .and_then(|p| p.data.iter().position(|b| *b == b'\n').or(p.data.len().checked_sub(1))),
            Some(OpenKind::Text(text, at)) => {
                text[at.min(text.len())..].iter().position(|b| *b == b'\n').or(Some(text.len()))
            }
            Some(OpenKind::File { real, at, .. }) => match self.fs().read_at(&real, at, 8192) {
                Ok(data) => data.iter().position(|b| *b == b'\n').or(Some(8191)),
                Err(e) => return Got::Failed(e),
            },
            _ => Some(0),
        };
        self.read(fd, n.unwrap_or(0) + 1)
    }

    /// Moves the reading place of a file; pipes cannot.
    pub fn seek(&mut self, fd: u32, to: u64) -> bool {
        let file = self.proc().and_then(|p| p.fds.get(&fd).copied());
        match file.and_then(|f| self.m.files.get_mut(&f)).map(|f| &mut f.kind) {
            Some(OpenKind::File { at, .. }) => {
                *at = to;
                true
            }
            _ => false,
        }
    }

    /// Writes to a descriptor. What a pipe cannot take waits, and so will the process after this step.
    pub fn write(&mut self, fd: u32, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        let Some(p) = self.m.procs.get_mut(&self.pid) else { return };
        let Some(file) = p.fds.get(&fd).copied() else {
            p.write_error.get_or_insert(Errno::BadFd);
            return;
        };
        let mut rest = data;
        if p.outbox.is_empty() {
            match self.m.write_file(self.host, self.pid, file, data) {
                Ok(n) => rest = &data[n..],
                Err(e) => {
                    self.m.note_write_error(self.pid, e);
                    return;
                }
            }
        }
        if rest.is_empty() {
            return;
        }
        self.m.keep(file);
        if let Some(p) = self.m.procs.get_mut(&self.pid) {
            p.outbox.push_back((file, rest.to_vec()));
        }
    }

    pub fn out(&mut self, data: impl AsRef<[u8]>) {
        self.write(1, data.as_ref());
    }

    pub fn err(&mut self, text: &str) {
        // GNU's programs quote names by the locale.
        if text.contains('‘') && !self.locale().to_lowercase().replace('-', "").ends_with("utf8") {
            self.write(2, text.replace(['‘', '’'], "'").as_bytes());
            return;
        }
        self.write(2, text.as_bytes());
    }

    /// The language of messages, by the environment; empty where nothing says it.
    #[must_use]
    pub fn locale(&self) -> String {
        let set = |name: &str| self.var(name).filter(|v| !v.is_empty());
        set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG")).unwrap_or_default()
    }

    /// The error of the last writes, once.
    pub(crate) fn take_write_error(&mut self) -> Option<Errno> {
        self.m.procs.get_mut(&self.pid).and_then(|p| p.write_error.take())
    }

    /// Whether what was written waits for room.
    #[must_use]
    pub fn must_flush(&self) -> bool {
        self.proc().is_some_and(|p| !p.outbox.is_empty() || p.pipe_broken)
    }

    pub(crate) fn fork(&mut self, task: Task) -> Result<Pid, Errno> {
        self.m.fork(self.pid, task)
    }

    /// Starts a program as a child with this process's descriptors.
    pub fn spawn(&mut self, argv: &[String], env: Option<Env>) -> Result<Pid, ExecError> {
        let env = env.unwrap_or_else(|| self.env());
        let (cwd, cred) = (self.cwd(), self.cred());
        let (task, argv) = self.m.load_for(self.pid, self.host, argv, &env, &cwd, cred)?;
        let pid = self.m.fork(self.pid, task).map_err(ExecError::Errno)?;
        if let Some(p) = self.m.procs.get_mut(&pid) {
            p.argv = argv;
            p.env = env;
        }
        Ok(pid)
    }

    /// Gives a child the descriptor `fd` of this process as its `to`.
    pub(crate) fn give(&mut self, child: Pid, fd: u32, to: u32) {
        let Some(file) = self.proc().and_then(|p| p.fds.get(&fd).copied()) else { return };
        self.m.keep(file);
        if let Some(old) = self.m.procs.get_mut(&child).and_then(|p| p.fds.insert(to, file)) {
            self.m.drop_file(old);
        }
    }

    /// Closes a child's descriptor.
    pub(crate) fn close_of(&mut self, child: Pid, fd: u32) {
        if let Some(old) = self.m.procs.get_mut(&child).and_then(|p| p.fds.remove(&fd)) {
            self.m.drop_file(old);
        }
    }

    /// Leads a child's descriptor to `/dev/null`.
    pub(crate) fn null_of(&mut self, child: Pid, fd: u32) {
        let file = self.m.add_file(OpenKind::Dev(Dev::Null), None);
        if let Some(old) = self.m.procs.get_mut(&child).and_then(|p| p.fds.insert(fd, file)) {
            self.m.drop_file(old);
        }
    }

    pub(crate) fn ignore_in(&mut self, child: Pid, signal: Signal) {
        if let Some(p) = self.m.procs.get_mut(&child) {
            p.ignored.push(signal);
        }
    }

    pub(crate) fn set_ignored(&mut self, signal: Signal, ignored: bool) {
        if let Some(p) = self.m.procs.get_mut(&self.pid) {
            p.ignored.retain(|s| *s != signal);
            if ignored {
                p.ignored.push(signal);
            }
        }
    }

    /// The exit code of an ended child, which is then forgotten.
    pub fn reap(&mut self, child: Pid) -> Option<i32> {
        let p = self.m.procs.get(&child)?;
        if p.ppid != self.pid {
            return None;
        }
        let code = p.exit?;
        self.m.procs.remove(&child);
        Some(code)
    }

    /// Its children, and whether they have ended.
    #[must_use]
    pub(crate) fn children(&self) -> Vec<(Pid, bool)> {
        let own = self.m.procs.values().filter(|p| p.ppid == self.pid);
        own.map(|p| (p.pid, p.exit.is_some())).collect()
    }

    /// Shows a process under another name, and as another user.
    pub(crate) fn rename(&mut self, pid: Pid, argv: Vec<String>, user: Option<u32>) {
        if let Some(p) = self.m.procs.get_mut(&pid) {
            p.argv = argv;
            if let Some(id) = user {
                (p.cred.uid, p.cred.gid) = (id, id);
            }
        }
    }

    /// Whether a child is there, ended or not.
    #[must_use]
    pub fn has_child(&self, child: Pid) -> bool {
        self.m.procs.get(&child).is_some_and(|p| p.ppid == self.pid)
    }

    /// Sends a signal to a process of the namespace.
    ///
    /// # Errors
    /// No such process, or another user's.
    pub fn kill(&mut self, pid: Pid, signal: Option<Signal>) -> Result<(), Errno> {
        let own = self.m.is_alive(pid);
        let whose =
            if own { self.m.procs.get(&pid).map(|p| p.cred) } else { self.m.other(pid).map(|p| p.cred) };
        let (owner, me) = (whose.ok_or(Errno::NoProcess)?, self.cred());
        if me.uid != 0 && me.uid != owner.uid {
            return Err(Errno::Perm);
        }
        // Process 1 is beyond the reach of its own namespace.
        let Some(signal) = signal.filter(|s| !(self.m.guard_init && pid == 1 && *s == Signal::Kill)) else {
            return Ok(());
        };
        if own {
            self.m.deliver(pid, signal);
        } else {
            self.m.send(pid, signal);
        }
        Ok(())
    }

    /// Asks the network; wait for the answer with `Wait::Net`.
    pub fn net(&mut self, request: NetRequest) -> u32 {
        let id = self.m.fresh();
        self.m.net.insert(id, NetCall { pid: self.pid, request, answer: None, taken: false });
        id
    }

    /// The network's answer, or what to wait for.
    pub fn net_answer(&mut self, id: u32) -> Result<NetAnswer, Wait> {
        match self.m.net.get(&id) {
            Some(call) if call.answer.is_none() => Err(Wait::Net(id)),
            _ => Ok(self
                .m
                .net
                .remove(&id)
                .and_then(|c| c.answer)
                .unwrap_or(NetAnswer::Failed { address: None, error: crate::net::NetError::Unreachable })),
        }
    }

    /// Whether the embedder provides this command.
    #[must_use]
    pub fn provides(&self, name: &str) -> bool {
        self.host.provides(name)
    }
}

impl Machine {
    /// One end of a named pipe. Opening does not wait for the other end: reading and writing do.
    fn open_named(&mut self, id: u32, how: Open) -> Result<OpenKind, Errno> {
        let pipe = self.pipes.entry(id).or_default();
        Ok(match how {
            Open::ReadWrite => return Err(Errno::Invalid),
            Open::Read => {
                pipe.readers += 1;
                pipe.awaited = pipe.writers == 0 && !pipe.unread;
                pipe.unread = false;
                OpenKind::PipeRead(id)
            }
            _ => {
                pipe.writers += 1;
                (pipe.awaited, pipe.unread) = (false, pipe.readers == 0);
                OpenKind::PipeWrite(id)
            }
        })
    }

    /// Writes as much as fits; gives how much that was.
    pub(super) fn write_file(
        &mut self,
        host: &mut dyn Host,
        pid: Pid,
        file: u32,
        data: &[u8],
    ) -> Result<usize, Errno> {
        let open = self.files.get_mut(&file).ok_or(Errno::BadFd)?;
        match &mut open.kind {
            OpenKind::PipeWrite(id) => {
                let pipe = self.pipes.get_mut(id).ok_or(Errno::Pipe)?;
                if pipe.unread {
                    return Ok(0);
                }
                if pipe.readers == 0 {
                    return Err(Errno::Pipe);
                }
                let n = data.len().min(PIPE_BYTES.saturating_sub(pipe.data.len()));
                pipe.data.extend(&data[..n]);
                Ok(n)
            }
            OpenKind::Sink(id, stream) => {
                let Some(sink) = self.sinks.get_mut(id) else { return Ok(data.len()) };
                let n = data.len().min(SINK_BYTES.saturating_sub(sink.bytes));
                sink.bytes += n;
                match sink.chunks.last_mut() {
                    Some((s, chunk)) if s == stream => chunk.extend_from_slice(&data[..n]),
                    _ if n > 0 => sink.chunks.push((*stream, data[..n].to_vec())),
                    _ => {}
                }
                Ok(n)
            }
            OpenKind::File { real, at, append } => {
                let (real, at, append) = (real.clone(), *at, *append);
                let cred = self.procs.get(&pid).map_or_else(Cred::default, |p| p.cred);
                let root = Root::default();
                let mut view = View { root, fs: &mut self.fs, volumes: host.volumes(), cred, now: self.now };
                let after = view.write_at(&real, (!append).then_some(at), data)?;
                if let Some(OpenKind::File { at, .. }) = self.files.get_mut(&file).map(|f| &mut f.kind) {
                    *at = after;
                }
                self.meter.written += data.len() as u64;
                Ok(data.len())
            }
            OpenKind::Dev(Dev::Full) => Err(Errno::NoSpace),
            OpenKind::Dev(_) => Ok(data.len()),
            OpenKind::PipeRead(_) | OpenKind::Text(..) => Err(Errno::BadFd),
        }
    }
}
