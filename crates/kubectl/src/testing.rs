//! A machine in memory and a server in a closure: kubectl without a cluster, for tests.

use ordered::BTreeMap;
use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use client::handle::{Answer, Ask};
use client::{Handle, Request, Response};
use objects::{Reason, Status};

use crate::io::{DiscoveryCache, FsError, Io, LocalFuture};

/// What an editor makes of a text.
pub type Edit = fn(&str) -> String;

/// Files, variables and streams in memory.
#[derive(Default)]
pub struct MemoryIo {
    pub files: RefCell<BTreeMap<String, Vec<u8>>>,
    pub vars: RefCell<BTreeMap<String, String>>,
    pub input: RefCell<Vec<u8>>,
    /// Both streams in the order written.
    pub output: RefCell<String>,
    pub errors: RefCell<String>,
    /// What the editor does to a file's text.
    pub editor: RefCell<Option<Edit>>,
    pub discovery: DiscoveryCache,
}

impl Io for MemoryIo {
    fn out(&self, bytes: &[u8]) {
        self.output.borrow_mut().push_str(&String::from_utf8_lossy(bytes));
    }

    fn err(&self, bytes: &[u8]) {
        self.out(bytes);
        self.errors.borrow_mut().push_str(&String::from_utf8_lossy(bytes));
    }

    fn stdin(&self) -> LocalFuture<'_, Vec<u8>> {
        Box::pin(async { self.input.take() })
    }

    fn stdin_chunk(&self) -> LocalFuture<'_, Option<Vec<u8>>> {
        Box::pin(async { Some(self.input.take()).filter(|b| !b.is_empty()) })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FsError> {
        if self.is_dir(path) {
            return Err(FsError::IsDir);
        }
        self.files.borrow().get(path).cloned().ok_or(FsError::NotFound)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, FsError> {
        let head = format!("{}/", path.trim_end_matches('/'));
        let mut names: Vec<String> = self
            .files
            .borrow()
            .keys()
            .filter_map(|f| f.strip_prefix(&head))
            .map(|rest| rest.split('/').next().unwrap_or(rest).to_owned())
            .collect();
        names.dedup();
        if names.is_empty() { Err(FsError::NotFound) } else { Ok(names) }
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), FsError> {
        self.files.borrow_mut().insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<(), FsError> {
        self.files.borrow_mut().remove(path).map(|_| ()).ok_or(FsError::NotFound)
    }

    fn is_dir(&self, path: &str) -> bool {
        let head = format!("{}/", path.trim_end_matches('/'));
        self.files.borrow().keys().any(|f| f.starts_with(&head))
    }

    fn env(&self, name: &str) -> Option<String> {
        self.vars.borrow().get(name).cloned()
    }

    fn run_editor<'a>(&'a self, command: &'a str, path: &'a str) -> LocalFuture<'a, Result<i32, String>> {
        Box::pin(async move {
            let Some(edit) = *self.editor.borrow() else { return Err(format!("{command}: not found")) };
            let text = self.read(path).map_err(|e| e.text().to_owned())?;
            let edited = edit(&String::from_utf8_lossy(&text));
            self.write(path, edited.as_bytes()).map_err(|e| e.text().to_owned())?;
            Ok(0)
        })
    }

    fn discovery_cache(&self) -> DiscoveryCache {
        self.discovery.clone()
    }
}

/// Answers a request.
pub type Server<'a> = &'a mut dyn FnMut(&Request) -> Result<Response, Status>;

/// Polls a program to its end, its calls answered by `server`; watches and streams are refused.
///
/// `None` when it waits for something that no one will answer.
pub fn drive<T>(client: &Handle, program: impl Future<Output = T>, server: Server<'_>) -> Option<T> {
    let mut program = pin!(program);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(v) = program.as_mut().poll(&mut cx) {
            return Some(v);
        }
        let mailbox = client.mailbox();
        let (ticket, ask) = mailbox.borrow_mut().asks.pop_front()?;
        let refused = || Status::new(Reason::MethodNotAllowed, "no streams here");
        let answer = match ask {
            Ask::Call(r) => Answer::Response(Box::new(server(&r))),
            Ask::Watch(_) | Ask::Connect(_) => Answer::Opened(Err(refused())),
            Ask::NextEvent(_) => Answer::Event(None),
            Ask::NextFrame(_) => Answer::Frame(None),
            Ask::Sleep(until) => {
                let mut m = mailbox.borrow_mut();
                m.now = m.now.max(until);
                Answer::Slept
            }
        };
        mailbox.borrow_mut().answers.insert(ticket, answer);
    }
}

/// Runs a line (without `kubectl`; split at spaces): exit code and output.
pub fn run(io: &Rc<MemoryIo>, line: &str, server: Server<'_>) -> (i32, String) {
    let words = line.split_whitespace().map(str::to_owned).collect();
    let client = Handle::default();
    let code = drive(&client, crate::run(words, io.clone(), client.clone()), server);
    (code.unwrap_or(-1), io.output.take())
}
