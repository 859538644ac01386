//! The errors a system call gives, with the texts C libraries print for them.

use std::fmt;

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errno {
    Access,
    Again,
    BadFd,
    Busy,
    Exists,
    Invalid,
    IsDir,
    Loop,
    NoEntry,
    NoExec,
    NoMemory,
    NoProcess,
    NoSpace,
    NotDir,
    NotEmpty,
    Perm,
    Pipe,
    ReadOnly,
    TooMany,
}

impl Errno {
    /// The text of `strerror`.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Access => "Permission denied",
            Self::Again => "Resource temporarily unavailable",
            Self::BadFd => "Bad file descriptor",
            Self::Busy => "Device or resource busy",
            Self::Exists => "File exists",
            Self::Invalid => "Invalid argument",
            Self::IsDir => "Is a directory",
            Self::Loop => "Too many levels of symbolic links",
            Self::NoEntry => "No such file or directory",
            Self::NoMemory => "Cannot allocate memory",
            Self::NoProcess => "No such process",
            Self::NoExec => "Exec format error",
            Self::NoSpace => "No space left on device",
            Self::NotDir => "Not a directory",
            Self::NotEmpty => "Directory not empty",
            Self::Perm => "Operation not permitted",
            Self::Pipe => "Broken pipe",
            Self::ReadOnly => "Read-only file system",
            Self::TooMany => "Too many open files",
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
