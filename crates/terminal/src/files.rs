//! The learner's files: what the editor and the page's saved state see of them.

use ordered::Sort as _;
use std::fmt;

use containers::fs::{Cred, Errno, View, join};

use crate::{HOME, Terminal};

/// Why a file could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileError(Errno);

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.text())
    }
}

impl std::error::Error for FileError {}

impl Terminal {
    fn view<T>(&self, f: impl FnOnce(&mut View<'_>) -> Result<T, Errno>) -> Result<T, FileError> {
        let mut host = self.shared.host.borrow_mut();
        let mut machine = self.shared.machine.borrow_mut();
        let mut view = machine.view(&mut *host, Cred::default());
        f(&mut view).map_err(FileError)
    }

    /// Writes a file; relative paths are below the home directory. Makes missing directories above it.
    ///
    /// # Errors
    /// When the path is a directory, or the disk is full.
    pub fn write_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), FileError> {
        let path = join(HOME, path);
        self.view(|v| {
            if let Some((parent, _)) = path.rsplit_once('/') {
                v.mkdir_all(parent, 0o755)?;
            }
            v.write(&path, bytes)
        })
    }

    /// # Errors
    /// When there is no such file.
    pub fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let path = join(HOME, path);
        self.view(|v| v.read(&path))
    }

    /// # Errors
    /// When there is no such file.
    pub fn remove_file(&mut self, path: &str) -> Result<(), FileError> {
        let path = join(HOME, path);
        self.view(|v| v.unlink(&path))
    }

    /// The entries of a directory by name, and which of them are directories.
    pub(crate) fn list(&self, path: &str) -> Vec<(String, bool)> {
        let entries = self.view(|v| v.list(path)).unwrap_or_default();
        entries
            .into_iter()
            .map(|(name, _)| {
                let is_dir = self.view(|v| Ok(v.is_dir(&join(path, &name)))).unwrap_or(false);
                (name.to_string(), is_dir)
            })
            .collect()
    }

    /// Paths of all files below the home directory, relative to it, sorted. Hidden directories are left out.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut pending = vec![String::new()];
        while let Some(directory) = pending.pop() {
            for (name, is_dir) in self.list(&join(HOME, &directory)) {
                if name.starts_with('.') {
                    continue;
                }
                let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
                if is_dir { pending.push(path) } else { found.push(path) }
            }
        }
        found.arrange();
        found
    }
}
