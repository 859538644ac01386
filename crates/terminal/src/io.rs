//! kubectl's machine: the streams and files of the shell process it runs as.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use cluster::file_error;
use containers::fs::{Cred, Errno};
use containers::machine::{Env, Got, Pid, Stdio, Stream};
use kubectl::io::{DiscoveryCache, LocalFuture};
use kubectl::{FsError, Io};

use crate::{ExplainTexts, Shared};

const STDOUT: u32 = 1;
const STDERR: u32 = 2;
const READ_BYTES: usize = 64 * 1024;
/// The most that is read from standard input: beyond it a manifest is no manifest.
const STDIN_MAX_BYTES: usize = 16 << 20;

pub(crate) struct ProcessIo {
    pid: Pid,
    env: Env,
    cwd: String,
    shared: Rc<Shared>,
}

impl ProcessIo {
    pub(crate) fn new(pid: Pid, env: Env, cwd: String, shared: &Rc<Shared>) -> Self {
        Self { pid, env, cwd, shared: shared.clone() }
    }

    /// Prints what a command had to say; its code.
    pub(crate) fn print(&self, printed: &crate::load::Printed) -> i32 {
        self.out(printed.out.as_bytes());
        self.err(printed.err.as_bytes());
        printed.code
    }

    /// The node this machine is, if it is one.
    pub(crate) fn node(&self) -> Option<String> {
        match &self.shared.place {
            crate::Place::Node(node) => Some(node.clone()),
            _ => None,
        }
    }

    /// What has been typed; `None`: the end.
    pub(crate) fn typed(&self) -> Poll<Option<Vec<u8>>> {
        self.read_some()
    }

    fn path(&self, path: &str) -> String {
        containers::fs::join(&self.cwd, path)
    }

    fn write_fd(&self, fd: u32, bytes: &[u8]) {
        let mut host = self.shared.host.borrow_mut();
        self.shared.machine.borrow_mut().external_write(&mut *host, self.pid, fd, bytes);
    }

    fn read_some(&self) -> Poll<Option<Vec<u8>>> {
        let mut host = self.shared.host.borrow_mut();
        match self.shared.machine.borrow_mut().external_read(&mut *host, self.pid, READ_BYTES) {
            Got::Data(bytes) => Poll::Ready(Some(bytes)),
            Got::End | Got::Failed(_) => Poll::Ready(None),
            Got::Wait => Poll::Pending,
        }
    }

    /// Looks at the files of the shell's machine.
    fn view<T>(
        &self,
        f: impl FnOnce(&mut containers::fs::View<'_>) -> Result<T, Errno>,
    ) -> Result<T, FsError> {
        let mut host = self.shared.host.borrow_mut();
        let mut machine = self.shared.machine.borrow_mut();
        let mut view = machine.view(&mut *host, Cred::default());
        f(&mut view).map_err(file_error)
    }
}

impl Io for ProcessIo {
    fn out(&self, bytes: &[u8]) {
        self.write_fd(STDOUT, bytes);
    }

    fn err(&self, bytes: &[u8]) {
        self.write_fd(STDERR, bytes);
    }

    fn stdin(&self) -> LocalFuture<'_, Vec<u8>> {
        Box::pin(async move {
            let mut all = Vec::new();
            while let Some(bytes) = self.stdin_chunk().await {
                all.extend(bytes);
                if all.len() > STDIN_MAX_BYTES {
                    break;
                }
            }
            all
        })
    }

    fn stdin_chunk(&self) -> LocalFuture<'_, Option<Vec<u8>>> {
        Box::pin(poll_fn(|_| self.read_some()))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FsError> {
        let path = self.path(path);
        self.view(|v| v.read(&path))
    }

    fn list(&self, path: &str) -> Result<Vec<String>, FsError> {
        let path = self.path(path);
        self.view(|v| Ok(v.list(&path)?.into_iter().map(|(name, _)| name.to_string()).collect()))
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), FsError> {
        let path = self.path(path);
        self.view(|v| {
            if let Some((parent, _)) = path.rsplit_once('/') {
                v.mkdir_all(parent, 0o755)?;
            }
            v.write(&path, bytes)
        })
    }

    fn remove(&self, path: &str) -> Result<(), FsError> {
        let path = self.path(path);
        self.view(|v| v.unlink(&path))
    }

    fn is_dir(&self, path: &str) -> bool {
        let path = self.path(path);
        self.view(|v| Ok(v.is_dir(&path))).unwrap_or(false)
    }

    fn absolute(&self, path: &str) -> String {
        self.path(path)
    }

    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn run_editor<'a>(&'a self, command: &'a str, path: &'a str) -> LocalFuture<'a, Result<i32, String>> {
        Box::pin(async move { self.edit(command, path).await })
    }

    fn stdin_is_tty(&self) -> bool {
        self.shared.machine.borrow().is_tty(self.pid, 0)
    }

    fn stdout_is_tty(&self) -> bool {
        self.shared.machine.borrow().is_tty(self.pid, STDOUT)
    }

    fn explain_texts(&self) -> LocalFuture<'_, Option<Rc<str>>> {
        Box::pin(poll_fn(|_| {
            let mut texts = self.shared.explain.borrow_mut();
            match &*texts {
                ExplainTexts::Absent => Poll::Ready(None),
                ExplainTexts::Here(text) => Poll::Ready(Some(text.clone())),
                ExplainTexts::OnDemand | ExplainTexts::Wanted => {
                    *texts = ExplainTexts::Wanted;
                    Poll::Pending
                }
            }
        }))
    }

    fn discovery_cache(&self) -> DiscoveryCache {
        self.shared.discovery.clone()
    }
}

impl ProcessIo {
    /// Runs an editor on a file in a shell of its own, as kubectl does with `sh -c`.
    async fn edit(&self, command: &str, path: &str) -> Result<i32, String> {
        let line = format!("{command} {}", quote(path));
        let argv = ["sh".to_owned(), "-c".to_owned(), line];
        let tty = self.stdin_is_tty();
        let (pid, sink, input) = {
            let mut host = self.shared.host.borrow_mut();
            let mut machine = self.shared.machine.borrow_mut();
            let sink = machine.sink();
            let input = tty.then(|| machine.input());
            let stdio = Stdio { input, sink, tty };
            let started =
                machine.spawn(&mut *host, &argv, self.env.clone(), &self.cwd, Cred::default(), stdio);
            (started.map_err(|e| format!("{e:?}"))?, sink, input)
        };
        // The terminal is the editor's until it ends.
        let code = poll_fn(|_| {
            let printed = self.shared.machine.borrow_mut().take_output(sink);
            for (stream, bytes) in printed {
                match stream {
                    Stream::Out => self.out(&bytes),
                    Stream::Err => self.err(&bytes),
                }
            }
            if let Some(code) = self.shared.machine.borrow().exit_code(pid) {
                return Poll::Ready(code);
            }
            if let Some(input) = input {
                match self.read_some() {
                    Poll::Ready(Some(bytes)) => drop(self.shared.machine.borrow_mut().feed(input, &bytes)),
                    Poll::Ready(None) => self.shared.machine.borrow_mut().end_input_once(input),
                    Poll::Pending => {}
                }
            }
            Poll::Pending
        })
        .await;
        self.shared.machine.borrow_mut().reap(pid);
        Ok(code)
    }
}

/// A word as the shell takes it whole.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
