//! The nodes of a file tree: files, directories, links and devices, all shared by pointer.

use ordered::BTreeMap;
use std::sync::Arc;

use clock::Time;
use smol_str::SmolStr;

/// Owner, permission bits and time of last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Permissions, and for a file that is none above them what it is instead.
    pub mode: u16,
    pub uid: u32,
    pub gid: u32,
    pub mtime: Time,
}

impl Meta {
    #[must_use]
    pub fn new(mode: u16) -> Self {
        Self { mode, uid: 0, gid: 0, mtime: Time::EPOCH }
    }
}

/// Bits of a file's mode, as the kernel has them, that make it a block device or a socket.
const KIND: u16 = 0o170_000;
pub const BLOCK_DEVICE: u16 = 0o060_000;
pub const SOCKET: u16 = 0o140_000;

/// What a device file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dev {
    Null,
    Zero,
    Full,
    Random,
    Tty,
    /// `/dev/fd/N`, `/dev/stdout` and their like.
    Fd(u32),
    /// A named pipe, by its number in the machine that made it.
    Pipe(u32),
}

/// A regular file. Its content is `bytes`, then zeros up to `len`: gigabytes of zeros cost nothing.
#[derive(Clone, Debug)]
pub struct File {
    pub meta: Meta,
    /// Invariant: `bytes.len() as u64 <= len`.
    pub bytes: Vec<u8>,
    pub len: u64,
    /// The built-in program that runs when this file is executed.
    pub program: Option<SmolStr>,
    /// Written since the image: counts against the container's own storage.
    pub own: bool,
}

#[derive(Clone, Debug)]
pub struct Dir {
    pub meta: Meta,
    pub entries: BTreeMap<SmolStr, Node>,
}

#[derive(Clone, Debug)]
pub struct Link {
    pub meta: Meta,
    pub target: String,
}

/// One node; a clone copies a pointer.
#[derive(Clone, Debug)]
pub enum Node {
    File(Arc<File>),
    Dir(Arc<Dir>),
    Link(Arc<Link>),
    Dev(Dev, Meta),
}

impl Node {
    #[must_use]
    pub fn dir(mode: u16) -> Self {
        Self::Dir(Arc::new(Dir { meta: Meta::new(mode), entries: BTreeMap::new() }))
    }

    #[must_use]
    pub fn file(bytes: &[u8], mode: u16) -> Self {
        let (bytes, len) = (bytes.to_vec(), bytes.len() as u64);
        Self::File(Arc::new(File { meta: Meta::new(mode), bytes, len, program: None, own: false }))
    }

    /// An executable that runs the built-in program `name` and looks `len` bytes long.
    #[must_use]
    pub fn program(name: &str, len: u64) -> Self {
        let bytes = b"\x7fELF\x02\x01\x01\0".to_vec();
        let len = len.max(bytes.len() as u64);
        Self::File(Arc::new(File {
            meta: Meta::new(0o755),
            bytes,
            len,
            program: Some(name.into()),
            own: false,
        }))
    }

    #[must_use]
    pub fn link(target: &str) -> Self {
        Self::Link(Arc::new(Link { meta: Meta::new(0o777), target: target.into() }))
    }

    #[must_use]
    pub fn meta(&self) -> Meta {
        match self {
            Self::File(f) => f.meta,
            Self::Dir(d) => d.meta,
            Self::Link(l) => l.meta,
            Self::Dev(_, m) => *m,
        }
    }

    pub fn meta_mut(&mut self) -> &mut Meta {
        match self {
            Self::File(f) => &mut Arc::make_mut(f).meta,
            Self::Dir(d) => &mut Arc::make_mut(d).meta,
            Self::Link(l) => &mut Arc::make_mut(l).meta,
            Self::Dev(_, m) => m,
        }
    }

    /// Bytes as `ls -l` shows them.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::File(f) => f.len,
            Self::Dir(_) => 4096,
            Self::Link(l) => l.target.len() as u64,
            Self::Dev(..) => 0,
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn is_block_device(&self) -> bool {
        matches!(self, Self::File(f) if f.meta.mode & KIND == BLOCK_DEVICE)
    }

    #[must_use]
    pub fn is_socket(&self) -> bool {
        matches!(self, Self::File(f) if f.meta.mode & KIND == SOCKET)
    }

    #[must_use]
    pub fn is_named_pipe(&self) -> bool {
        matches!(self, Self::Dev(Dev::Pipe(_), _))
    }

    /// Neither a directory nor a link, a device or a socket.
    #[must_use]
    pub fn is_regular(&self) -> bool {
        matches!(self, Self::File(f) if f.meta.mode & KIND == 0)
    }

    #[must_use]
    pub fn is_dir(&self) -> bool {
        matches!(self, Self::Dir(_))
    }

    /// Bytes of all files written since the image, here and below.
    #[must_use]
    pub fn own_bytes(&self) -> u64 {
        match self {
            Self::File(f) if f.own => f.len,
            Self::Dir(d) => d.entries.values().map(Self::own_bytes).sum(),
            _ => 0,
        }
    }
}

impl File {
    /// Up to `max` bytes from `at`.
    #[must_use]
    pub fn read_at(&self, at: u64, max: usize) -> Vec<u8> {
        let end = self.len.min(at.saturating_add(max as u64));
        if at >= end {
            return Vec::new();
        }
        let have = self.bytes.len() as u64;
        let mut out = Vec::with_capacity((end - at) as usize);
        if at < have {
            out.extend_from_slice(&self.bytes[at as usize..have.min(end) as usize]);
        }
        out.resize((end - at) as usize, 0);
        out
    }

    /// Writes `data` at `at`. Zeros past the end only lengthen the file.
    /// `false` when more than `limit` bytes would have to be kept.
    pub fn write_at(&mut self, at: u64, data: &[u8], limit: usize) -> bool {
        let end = at.saturating_add(data.len() as u64);
        if at >= self.bytes.len() as u64 && data.iter().all(|b| *b == 0) {
            self.len = self.len.max(end);
            return true;
        }
        if end > limit as u64 {
            return false;
        }
        let (at, end) = (at as usize, end as usize);
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[at..end].copy_from_slice(data);
        self.len = self.len.max(end as u64);
        true
    }

    pub fn truncate(&mut self, len: u64) {
        if (len as usize) < self.bytes.len() {
            self.bytes.truncate(len as usize);
        }
        self.len = len;
    }
}
