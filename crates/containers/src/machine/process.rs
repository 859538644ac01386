//! Processes: how they are made, run for a slice, and end.

use ordered::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

use clock::Time;

use super::{Found, Host, Machine, Pid, Program, Reaction, Signal, Sys, Turn, Wait, search_path};
use crate::fs::{Cred, Errno, Root, View, clean, join};
use crate::programs;
use crate::shell::Shell;

/// The exported variables of a process, shared until changed.
pub type Env = Arc<BTreeMap<String, String>>;

/// Why a program could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecError {
    /// No such name in `PATH`.
    NotInPath(String),
    /// The path given is not there.
    NoFile(String),
    /// It is there and cannot run.
    Denied(String, Errno),
    Errno(Errno),
}

/// What a process runs.
#[derive(Clone)]
pub(crate) enum Task {
    Shell(Box<Shell>),
    Program(Box<dyn Program>),
    External,
    Done,
}

impl Clone for Box<dyn Program> {
    fn clone(&self) -> Self {
        self.copy()
    }
}

/// One process.
#[derive(Clone)]
pub struct Proc {
    pub pid: Pid,
    pub ppid: Pid,
    pub argv: Vec<String>,
    pub env: Env,
    pub cwd: String,
    pub(super) root: Root,
    pub cred: Cred,
    pub started: Time,
    /// The exit code, once it has ended.
    pub exit: Option<i32>,
    pub(super) umask: u16,
    pub(super) fds: BTreeMap<u32, u32>,
    pub(super) task: Option<Task>,
    pub(super) wait: Wait,
    pub(super) outbox: VecDeque<(u32, Vec<u8>)>,
    pub(super) exiting: Option<i32>,
    pub(super) signals: Vec<Signal>,
    pub(super) ignored: Vec<Signal>,
    pub(super) pipe_broken: bool,
    pub(super) write_error: Option<Errno>,
    /// Its parent has gone: nobody will ask for its exit code.
    pub(super) orphaned: bool,
    pub(super) load: super::usage::Load,
}

impl Proc {
    pub(super) fn shell(&self) -> Option<&Shell> {
        match &self.task {
            Some(Task::Shell(s)) => Some(s),
            _ => None,
        }
    }

    /// `R`, `S` or `Z`, as `ps` shows it.
    #[must_use]
    pub fn state(&self) -> char {
        match (&self.exit, &self.wait) {
            (Some(_), _) => 'Z',
            (None, Wait::Ready) => 'R',
            _ => 'S',
        }
    }
}

impl Machine {
    pub(super) fn add_proc(
        &mut self,
        ppid: Pid,
        argv: Vec<String>,
        env: Env,
        cwd: &str,
        cred: Cred,
        task: Task,
    ) -> Result<Pid, Errno> {
        if self.procs.len() >= super::PROCS_MAX {
            return Err(Errno::Again);
        }
        let pid = self.next_pid;
        self.next_pid += 1;
        self.procs.insert(
            pid,
            Proc {
                pid,
                ppid,
                argv,
                env,
                cwd: cwd.into(),
                root: Root::default(),
                cred,
                started: self.now,
                exit: None,
                umask: 0o022,
                fds: BTreeMap::new(),
                task: Some(task),
                wait: Wait::Ready,
                outbox: VecDeque::new(),
                exiting: None,
                signals: Vec::new(),
                ignored: Vec::new(),
                pipe_broken: false,
                write_error: None,
                orphaned: false,
                load: super::usage::Load::default(),
            },
        );
        Ok(pid)
    }

    /// Finds what `argv` runs; the arguments change when a script has an interpreter.
    pub(super) fn load(
        &mut self,
        host: &mut dyn Host,
        argv: &[String],
        env: &Env,
        cwd: &str,
        cred: Cred,
        root: &Root,
    ) -> Result<(Task, Vec<String>), ExecError> {
        let mut argv = argv.to_vec();
        for _ in 0..4 {
            let name = argv.first().cloned().unwrap_or_default();
            if host.provides(&name) {
                return Ok((Task::External, argv));
            }
            let path = if name.contains('/') {
                clean(&join(cwd, &name))
            } else {
                let view = View {
                    root: root.clone(),
                    fs: &mut self.fs,
                    volumes: host.volumes(),
                    cred,
                    now: self.now,
                };
                let dirs = env
                    .get("PATH")
                    .map_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", String::as_str);
                search_path(&view, dirs, cwd, &name).map_err(|e| match e {
                    Errno::Access => ExecError::Denied(name.clone(), e),
                    _ => ExecError::NotInPath(name.clone()),
                })?
            };
            match self.node_program(host, &path, cred, root) {
                Ok(Found::Program(program)) if program == programs::CLIENT && self.in_cluster => {
                    return Ok((Task::External, argv));
                }
                Ok(Found::Program(program)) => {
                    let task = programs::start(self, &program, &argv, env);
                    return match task {
                        Some(task) => Ok((task, argv)),
                        None => Err(ExecError::Denied(name, Errno::NoExec)),
                    };
                }
                Ok(Found::Script(interpreter, arg)) => {
                    argv[0] = path;
                    if let Some(arg) = arg.filter(|a| !a.is_empty()) {
                        argv.insert(0, arg);
                    }
                    argv.insert(0, interpreter);
                }
                Err(Errno::NoEntry | Errno::NotDir) => return Err(ExecError::NoFile(name)),
                Err(e) => return Err(ExecError::Denied(name, e)),
            }
        }
        Err(ExecError::Errno(Errno::Loop))
    }

    /// What stands in for a program of an image nobody knows: a plain server, or what its container declares.
    pub(super) fn stand_in(&self, argv: &[String], env: &Env) -> Option<(Task, Vec<String>)> {
        let task = programs::start(self, "plain-server", argv, env)?;
        Some((task, argv.to_vec()))
    }

    /// [`Machine::load`] for a process that is there: below process 1 of an image nobody knows, a path that leads
    /// nowhere gets a stand-in.
    pub(super) fn load_for(
        &mut self,
        pid: Pid,
        host: &mut dyn Host,
        argv: &[String],
        env: &Env,
        cwd: &str,
        cred: Cred,
    ) -> Result<(Task, Vec<String>), ExecError> {
        let root = self.procs.get(&pid).map(|p| p.root.clone()).unwrap_or_default();
        let loaded = self.load(host, argv, env, cwd, cred, &root);
        if let Err(ExecError::NotInPath(name)) = &loaded
            && self.image.known
        {
            host.volumes().note_missing(name);
        }
        match loaded {
            Err(ExecError::NoFile(name))
                if !self.image.known && name.starts_with('/') && self.is_below_init(pid) =>
            {
                self.stand_in(argv, env).ok_or(ExecError::NoFile(name))
            }
            Err(ExecError::NotInPath(name)) if !self.image.known && pid == self.first => {
                self.stand_in(argv, env).ok_or(ExecError::NotInPath(name))
            }
            other => other,
        }
    }

    fn is_below_init(&self, pid: Pid) -> bool {
        let mut at = pid;
        while let Some(p) = self.procs.get(&at).filter(|p| p.pid != self.first && p.ppid != 0) {
            at = p.ppid;
        }
        at == self.first
    }

    /// A copy of a process that runs `task`.
    pub(super) fn fork(&mut self, from: Pid, task: Task) -> Result<Pid, Errno> {
        let parent = self.procs.get(&from).ok_or(Errno::NoEntry)?;
        let (argv, env, cwd, cred) =
            (parent.argv.clone(), parent.env.clone(), parent.cwd.clone(), parent.cred);
        let (fds, umask, ignored) = (parent.fds.clone(), parent.umask, parent.ignored.clone());
        let root = parent.root.clone();
        let pid = self.add_proc(from, argv, env, &cwd, cred, task)?;
        for file in fds.values() {
            self.keep(*file);
        }
        if let Some(p) = self.procs.get_mut(&pid) {
            (p.fds, p.umask, p.ignored, p.root) = (fds, umask, ignored, root);
        }
        Ok(pid)
    }

    /// Puts descriptors back as they were (`None`: closed) before a redirection.
    pub(super) fn restore_fds(&mut self, pid: Pid, saved: Vec<(u32, Option<u32>)>) {
        for (fd, old) in saved.into_iter().rev() {
            let Some(proc) = self.procs.get_mut(&pid) else { return };
            let current = match old {
                Some(file) => proc.fds.insert(fd, file),
                None => proc.fds.remove(&fd),
            };
            if let Some(file) = current {
                self.drop_file(file);
            }
        }
    }

    /// One step of a process; gives what it cost.
    pub(super) fn run(&mut self, pid: Pid, host: &mut dyn Host) -> u32 {
        if self.take_signal(pid, host) {
            return 1;
        }
        self.flush(pid, host);
        let Some(proc) = self.procs.get_mut(&pid) else { return 1 };
        if !proc.outbox.is_empty() {
            return 1;
        }
        if let Some(code) = proc.exiting {
            self.finish(pid, code);
            return 1;
        }
        let Some(mut task) = proc.task.take() else { return 1 };
        proc.wait = Wait::Ready;
        let mut charge = 1;
        let turn = {
            let mut sys = Sys { m: self, host, pid, charge: 0 };
            let turn = match &mut task {
                Task::Shell(shell) => shell.step(&mut sys),
                Task::Program(program) => program.step(&mut sys),
                Task::External => Turn::Wait(Wait::Forever),
                Task::Done => Turn::Exit(0),
            };
            charge += sys.charge;
            turn
        };
        let Some(proc) = self.procs.get_mut(&pid) else { return charge };
        proc.task = Some(task);
        match turn {
            Turn::More => {}
            Turn::Wait(wait) => proc.wait = wait,
            Turn::Exit(code) => self.leave(pid, host, code),
            Turn::Exec(argv, env) => self.exec(pid, host, argv, env),
        }
        self.check_pipe_death(pid);
        charge
    }

    fn leave(&mut self, pid: Pid, host: &mut dyn Host, code: i32) {
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        let mut code = code;
        let program = matches!(proc.task, Some(Task::Program(_)));
        if let Some(errno) = proc.write_error.take()
            && program
        {
            let name = programs::short_name(proc.argv.first().map_or("", String::as_str)).to_string();
            self.with_sys(host, pid, |sys| sys.err(&format!("{name}: write error: {errno}\n")));
            code = if code == 0 { 1 } else { code };
        }
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        if proc.outbox.is_empty() {
            self.finish(pid, code);
        } else {
            proc.exiting = Some(code);
        }
    }

    fn exec(&mut self, pid: Pid, host: &mut dyn Host, argv: Vec<String>, env: Option<Env>) {
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        if let Some(env) = env {
            proc.env = env;
        }
        let (env, cwd, cred) = (proc.env.clone(), proc.cwd.clone(), proc.cred);
        let shell_name = proc.shell().map(|s| s.error_prefix());
        match self.load_for(pid, host, &argv, &env, &cwd, cred) {
            Ok((task, argv)) => {
                if let Some(proc) = self.procs.get_mut(&pid) {
                    proc.load = super::usage::Load::default();
                    proc.task = Some(task);
                    proc.argv = argv;
                }
            }
            Err(error) => {
                let dialect_text = self.procs.get(&pid).and_then(|p| p.shell()).map(|s| s.exec_error(&error));
                let (text, code) = match dialect_text {
                    Some(pair) => pair,
                    None => {
                        let prefix = shell_name.unwrap_or_default();
                        let name =
                            self.procs.get(&pid).and_then(|p| p.argv.first().cloned()).unwrap_or_default();
                        let name =
                            if prefix.is_empty() { programs::short_name(&name).to_string() } else { prefix };
                        programs::exec_error(self.flavor, &name, &error)
                    }
                };
                self.with_sys(host, pid, |sys| sys.err(&text));
                self.leave(pid, host, code);
            }
        }
    }

    /// Writes what waits, as far as it goes.
    fn flush(&mut self, pid: Pid, host: &mut dyn Host) {
        while let Some((file, data)) = self.procs.get_mut(&pid).and_then(|p| p.outbox.pop_front()) {
            let result = self.write_file(host, pid, file, &data);
            match result {
                Ok(n) if n < data.len() => {
                    if let Some(p) = self.procs.get_mut(&pid) {
                        p.outbox.push_front((file, data[n..].to_vec()));
                    }
                    return;
                }
                Ok(_) => self.drop_file(file),
                Err(e) => {
                    self.drop_file(file);
                    self.note_write_error(pid, e);
                }
            }
        }
        self.check_pipe_death(pid);
    }

    pub(super) fn note_write_error(&mut self, pid: Pid, error: Errno) {
        if let Some(p) = self.procs.get_mut(&pid) {
            if error == Errno::Pipe {
                p.pipe_broken = true;
            } else {
                p.write_error.get_or_insert(error);
            }
        }
    }

    /// A process that wrote to a pipe nobody reads ends by SIGPIPE.
    pub(super) fn check_pipe_death(&mut self, pid: Pid) {
        if let Some(p) = self.procs.get_mut(&pid)
            && std::mem::take(&mut p.pipe_broken)
            && p.exit.is_none()
            && p.shell().is_none_or(|s| !s.is_prompt())
        {
            self.finish(pid, 128 + Signal::Pipe.number());
        }
    }

    /// Deals with one pending signal; true when there was one.
    fn take_signal(&mut self, pid: Pid, host: &mut dyn Host) -> bool {
        let Some(proc) = self.procs.get_mut(&pid) else { return false };
        if proc.signals.is_empty() {
            return false;
        }
        let signal = proc.signals.remove(0);
        if proc.ignored.contains(&signal) {
            return true;
        }
        let Some(mut task) = proc.task.take() else { return true };
        let reaction = {
            let mut sys = Sys { m: self, host, pid, charge: 0 };
            match &mut task {
                Task::Shell(shell) => shell.signal(signal),
                Task::Program(program) => program.signal(signal, &mut sys),
                _ => Reaction::Default,
            }
        };
        let guarded = self.guard_init && pid == 1;
        let Some(proc) = self.procs.get_mut(&pid) else { return true };
        proc.task = Some(task);
        match reaction {
            Reaction::Handled => {
                // A shell looks at its traps; one that waits for a command in the foreground does so after it.
                if proc.shell().is_some_and(Shell::interruptible) {
                    proc.wait = Wait::Ready;
                }
            }
            Reaction::Exit(code) => self.leave(pid, host, code),
            Reaction::Default if signal.ends() && !guarded => self.finish(pid, 128 + signal.number()),
            Reaction::Default => {}
        }
        true
    }

    /// Ends a process: its files close, its children are orphans, the machine's own takes all with it.
    pub(super) fn finish(&mut self, pid: Pid, code: i32) {
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        if proc.exit.is_some() {
            return;
        }
        proc.exit = Some(code & 0xff);
        proc.load = super::usage::Load::default();
        proc.exiting = None;
        proc.signals.clear();
        let mut files: Vec<u32> = std::mem::take(&mut proc.fds).into_values().collect();
        files.extend(std::mem::take(&mut proc.outbox).into_iter().map(|(f, _)| f));
        if let Some(Task::Shell(mut shell)) = proc.task.replace(Task::Done) {
            files.extend(shell.take_saved_fds().into_iter().filter_map(|(_, f)| f));
        }
        let orphan = proc.orphaned;
        for file in files {
            self.drop_file(file);
        }
        self.net.retain(|_, call| call.pid != pid);
        let children: Vec<(Pid, bool)> =
            self.procs.values().filter(|p| p.ppid == pid).map(|p| (p.pid, p.exit.is_some())).collect();
        for (child, ended) in children {
            if ended {
                self.procs.remove(&child);
            } else if let Some(p) = self.procs.get_mut(&child) {
                p.ppid = 1;
                p.orphaned = true;
            }
        }
        if orphan {
            self.procs.remove(&pid);
        }
        if pid == self.first {
            self.exited = Some(code & 0xff);
            let rest: Vec<Pid> = self.procs.keys().copied().filter(|p| *p != self.first).collect();
            for p in rest {
                self.finish(p, 128 + Signal::Kill.number());
            }
        }
    }
}
