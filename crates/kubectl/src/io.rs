//! What kubectl needs of the machine it runs on: streams, files, environment, an editor.
//!
//! Owns: the contract ([`Io`]). Does not own: any machine; the terminal and the native binary bring theirs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use objects::resources::Resource;

/// A boxed future of this thread: verbs and `Io` calls that wait return one, so that no generic code multiplies.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Why a file could not be used; texts are those of the C library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FsError {
    NotFound,
    IsDir,
    NotDir,
    Denied,
    Other(String),
}

impl FsError {
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::NotFound => "no such file or directory",
            Self::IsDir => "is a directory",
            Self::NotDir => "not a directory",
            Self::Denied => "permission denied",
            Self::Other(t) => t,
        }
    }
}

/// Discovery as remembered between runs, as kubectl's cache under `~/.kube/cache`.
pub type DiscoveryCache = Rc<RefCell<BTreeMap<String, Rc<Vec<Resource>>>>>;

/// The machine around one run of kubectl.
///
/// Expected flow: made for one command line, handed to [`crate::run`], dropped with its future (Ctrl-C).
/// Paths are as typed (relative ones against the shell's directory).
pub trait Io {
    fn out(&self, bytes: &[u8]);
    fn err(&self, bytes: &[u8]);
    /// All of standard input, once it is closed.
    fn stdin(&self) -> LocalFuture<'_, Vec<u8>>;
    /// The next piece of standard input, `None` at its end. For `-i`.
    fn stdin_chunk(&self) -> LocalFuture<'_, Option<Vec<u8>>>;
    /// # Errors
    /// When there is no such file, or it is a directory.
    fn read(&self, path: &str) -> Result<Vec<u8>, FsError>;
    /// Names of a directory's entries, sorted.
    /// # Errors
    /// When there is no such directory.
    fn list(&self, path: &str) -> Result<Vec<String>, FsError>;
    /// Writes the whole file; makes missing directories above it.
    /// # Errors
    /// When the path is a directory or may not be written.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), FsError>;
    /// # Errors
    /// When there is no such file.
    fn remove(&self, path: &str) -> Result<(), FsError>;
    fn is_dir(&self, path: &str) -> bool;
    /// The path from the root on.
    fn absolute(&self, path: &str) -> String {
        path.to_owned()
    }
    fn exists(&self, path: &str) -> bool {
        self.is_dir(path) || self.read(path).is_ok()
    }
    fn env(&self, name: &str) -> Option<String>;
    /// Runs an editor command line (`vi`, `sed -i s/a/b/`) on a file and waits for its end: its exit code,
    /// or why it did not start.
    fn run_editor<'a>(&'a self, command: &'a str, path: &'a str) -> LocalFuture<'a, Result<i32, String>>;
    fn stdin_is_tty(&self) -> bool {
        false
    }
    fn stdout_is_tty(&self) -> bool {
        false
    }
    /// Columns of the terminal, 0 when there is none.
    fn width(&self) -> usize {
        0
    }
    /// The text of the asset that says what fields mean, for `explain`; `None` where there is none.
    fn explain_texts(&self) -> LocalFuture<'_, Option<Rc<str>>> {
        Box::pin(async { None })
    }
    /// Shared by the runs of one shell. The default forgets: each run asks the server.
    fn discovery_cache(&self) -> DiscoveryCache {
        DiscoveryCache::default()
    }
}
