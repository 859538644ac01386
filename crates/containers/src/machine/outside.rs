//! The embedder's side of a machine: starting programs, feeding and reading them, programs it drives itself.

use super::*;

impl Machine {
    /// A place for output.
    pub fn sink(&mut self) -> SinkId {
        let id = SinkId(self.fresh());
        self.sinks.insert(id, Sink::default());
        id
    }

    /// What was written to a sink since it was last taken.
    pub fn take_output(&mut self, sink: SinkId) -> Vec<(Stream, Vec<u8>)> {
        match self.sinks.get_mut(&sink) {
            Some(s) => {
                s.bytes = 0;
                std::mem::take(&mut s.chunks)
            }
            None => Vec::new(),
        }
    }

    /// A pipe the embedder feeds.
    pub fn input(&mut self) -> InputId {
        let id = self.fresh();
        self.pipes.insert(id, Pipe { writers: 1, ..Pipe::default() });
        InputId(id)
    }

    /// Feeds input; what does not fit is given back as the number of bytes taken.
    pub fn feed(&mut self, input: InputId, data: &[u8]) -> usize {
        let Some(pipe) = self.pipes.get_mut(&input.0) else { return data.len() };
        let n = data.len().min(FED_BYTES.saturating_sub(pipe.data.len()));
        pipe.data.extend(&data[..n]);
        n
    }

    /// The embedder will feed no more.
    pub fn close_input(&mut self, input: InputId) {
        if let Some(pipe) = self.pipes.get_mut(&input.0) {
            pipe.writers = pipe.writers.saturating_sub(1);
        }
        self.drop_idle_pipe(input.0);
    }

    /// Ctrl-D at a terminal: the reader sees the end once.
    pub fn end_input_once(&mut self, input: InputId) {
        if let Some(pipe) = self.pipes.get_mut(&input.0) {
            pipe.eof_once = true;
        }
    }

    /// Starts a program found by name in `PATH`, as `exec` in a container does.
    pub fn spawn(
        &mut self,
        host: &mut dyn Host,
        argv: &[String],
        env: Env,
        cwd: &str,
        cred: Cred,
        stdio: Stdio,
    ) -> Result<Pid, ExecError> {
        self.now = host.now();
        let first = self.procs.is_empty();
        let (task, argv) = match self.load(host, argv, &env, cwd, cred, &Arc::default()) {
            Err(ExecError::NotInPath(_) | ExecError::NoFile(_)) if first && !self.image.known => {
                self.stand_in(argv, &env).ok_or(ExecError::Errno(Errno::NoEntry))?
            }
            other => other?,
        };
        let pid = self.add_proc(0, argv, env, cwd, cred, task).map_err(ExecError::Errno)?;
        self.wire(pid, stdio);
        Ok(pid)
    }

    /// Starts a shell that waits for lines (see [`Machine::submit`]); its process never ends by itself.
    pub fn prompt(&mut self, dialect: Dialect, env: Env, cwd: &str, cred: Cred, stdio: Stdio) -> Option<Pid> {
        let shell = Shell::interactive(dialect, &env);
        let pid = self
            .add_proc(0, vec![dialect.name().into()], env, cwd, cred, Task::Shell(Box::new(shell)))
            .ok()?;
        self.wire(pid, stdio);
        Some(pid)
    }

    /// Starts a built-in program that no file stands for (an image's own server).
    pub fn spawn_program(
        &mut self,
        argv: &[String],
        env: Env,
        cwd: &str,
        cred: Cred,
        stdio: Stdio,
        program: Box<dyn Program>,
    ) -> Option<Pid> {
        let pid = self.add_proc(0, argv.to_vec(), env, cwd, cred, Task::Program(program)).ok()?;
        self.wire(pid, stdio);
        Some(pid)
    }

    fn wire(&mut self, pid: Pid, stdio: Stdio) {
        let input = match stdio.input {
            Some(InputId(pipe)) => {
                if let Some(p) = self.pipes.get_mut(&pipe) {
                    p.readers += 1;
                }
                OpenKind::PipeRead(pipe)
            }
            None => OpenKind::Dev(Dev::Null),
        };
        let kinds = [input, OpenKind::Sink(stdio.sink, Stream::Out), OpenKind::Sink(stdio.sink, Stream::Err)];
        for (fd, kind) in (0..).zip(kinds) {
            let file = self.add_file(kind, stdio.tty.then_some(stdio.sink));
            if let Some(proc) = self.procs.get_mut(&pid) {
                proc.fds.insert(fd, file);
            }
        }
    }

    /// Whether the prompt's shell has nothing more to run.
    #[must_use]
    pub fn at_prompt(&self, pid: Pid) -> bool {
        self.procs
            .get(&pid)
            .is_none_or(|p| p.outbox.is_empty() && p.shell().is_none_or(|s| s.idle()) && p.exit.is_none())
    }

    #[must_use]
    pub fn shell(&self, pid: Pid) -> Option<&Shell> {
        self.procs.get(&pid)?.shell()
    }

    pub fn shell_mut(&mut self, pid: Pid) -> Option<&mut Shell> {
        let proc = self.procs.get_mut(&pid)?;
        // What is changed may give it something to do.
        proc.wait = Wait::Ready;
        match &mut proc.task {
            Some(Task::Shell(s)) => Some(s),
            _ => None,
        }
    }

    /// Ctrl-C at a prompt: ends what runs in the foreground, and the rest of the line.
    pub fn interrupt(&mut self, pid: Pid) {
        let jobs: Vec<Pid> = self.shell(pid).map(Shell::background).unwrap_or_default();
        let mut doomed = self.descendants(pid);
        for job in jobs {
            let spared = self.descendants(job);
            doomed.retain(|p| *p != job && !spared.contains(p));
        }
        for p in doomed {
            self.deliver(p, Signal::Int);
        }
        if let Some(proc) = self.procs.get_mut(&pid)
            && let Some(Task::Shell(mut shell)) = proc.task.take()
        {
            shell.abandon(130);
            let saved = shell.take_saved_fds();
            proc.task = Some(Task::Shell(shell));
            proc.wait = Wait::Ready;
            self.restore_fds(pid, saved);
        }
    }

    fn descendants(&self, pid: Pid) -> Vec<Pid> {
        let mut found = vec![pid];
        let mut i = 0;
        while i < found.len() {
            let parent = found[i];
            found.extend(self.procs.values().filter(|p| p.ppid == parent && p.pid != parent).map(|p| p.pid));
            i += 1;
        }
        found.remove(0);
        found
    }

    /// The directory a process works in.
    #[must_use]
    pub fn cwd(&self, pid: Pid) -> Option<&str> {
        self.procs.get(&pid).map(|p| p.cwd.as_str())
    }

    /// The exit code of a process that has ended and was not yet reaped.
    #[must_use]
    pub fn exit_code(&self, pid: Pid) -> Option<i32> {
        self.procs.get(&pid).and_then(|p| p.exit)
    }

    /// Forgets an ended process.
    pub fn reap(&mut self, pid: Pid) {
        if self.exit_code(pid).is_some() {
            self.procs.remove(&pid);
        }
    }

    pub fn processes(&self) -> impl Iterator<Item = &Proc> {
        self.procs.values()
    }

    /// Processes the embedder has to drive: it reads their input, writes their output, ends them.
    #[must_use]
    pub fn externals(&self) -> Vec<External> {
        self.procs
            .values()
            .filter(|p| p.exit.is_none() && matches!(p.task, Some(Task::External)))
            .map(|p| External { pid: p.pid, argv: p.argv.clone(), env: p.env.clone(), cwd: p.cwd.clone() })
            .collect()
    }

    /// Whether there are any.
    #[must_use]
    pub fn has_externals(&self) -> bool {
        self.procs.values().any(|p| p.exit.is_none() && matches!(p.task, Some(Task::External)))
    }

    /// Whether an external process is still wanted (it was not killed).
    #[must_use]
    pub fn is_alive(&self, pid: Pid) -> bool {
        self.procs.get(&pid).is_some_and(|p| p.exit.is_none())
    }

    /// Reads for an external process. `Got::Wait` means nothing is there yet.
    pub fn external_read(&mut self, host: &mut dyn Host, pid: Pid, max: usize) -> Got {
        self.with_sys(host, pid, |sys| sys.read(0, max)).unwrap_or(Got::End)
    }

    /// Writes for an external process. All of it is taken; while [`Machine::external_full`], write no more.
    pub fn external_write(&mut self, host: &mut dyn Host, pid: Pid, fd: u32, data: &[u8]) {
        self.with_sys(host, pid, |sys| sys.write(fd, data));
        self.check_pipe_death(pid);
    }

    /// Whether output of an external process still waits for a reader.
    #[must_use]
    pub fn external_full(&self, pid: Pid) -> bool {
        self.procs.get(&pid).is_some_and(|p| !p.outbox.is_empty())
    }

    /// Whether a descriptor of a process leads to a terminal.
    #[must_use]
    pub fn is_tty(&self, pid: Pid, fd: u32) -> bool {
        let file = self.procs.get(&pid).and_then(|p| p.fds.get(&fd));
        file.and_then(|f| self.files.get(f)).is_some_and(|f| f.tty.is_some())
    }

    /// The terminal whose output gathers there has this size now: rows, columns.
    pub fn resize(&mut self, terminal: SinkId, window: (u16, u16)) {
        if let Some(sink) = self.sinks.get_mut(&terminal) {
            sink.window = Some(window);
        }
    }

    /// Rows and columns of the terminal that a process has.
    #[must_use]
    pub fn window(&self, pid: Pid) -> (u16, u16) {
        let files = self.procs.get(&pid).into_iter().flat_map(|p| p.fds.values());
        let terminal = files.filter_map(|f| self.files.get(f)).find_map(|f| f.tty);
        terminal.and_then(|t| self.sinks.get(&t)).and_then(|s| s.window).unwrap_or((24, 80))
    }

    /// Ends an external process; what it wrote is still delivered.
    pub fn external_exit(&mut self, pid: Pid, code: i32) {
        if let Some(proc) = self.procs.get_mut(&pid)
            && proc.exit.is_none()
        {
            proc.exiting = Some(code);
            proc.task = Some(Task::Done);
            proc.wait = Wait::Ready;
        }
    }

    /// The file system as a process sees it.
    pub fn view_of<'a>(&'a mut self, host: &'a mut dyn Host, pid: Pid) -> View<'a> {
        let (cred, root) = self.procs.get(&pid).map(|p| (p.cred, p.root.clone())).unwrap_or_default();
        View { root, ..self.view(host, cred) }
    }

    /// A file system view for a process that runs from outside.
    pub fn view<'a>(&'a mut self, host: &'a mut dyn Host, cred: Cred) -> View<'a> {
        let now = host.now();
        View { root: Arc::default(), fs: &mut self.fs, volumes: host.volumes(), cred, now }
    }
}
