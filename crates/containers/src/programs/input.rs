//! Reading files and standard input line by line or piece by piece, stopping whenever nothing is there yet.

use std::collections::VecDeque;

use clock::Time;

use crate::fs::Errno;
use crate::machine::{Got, Open, Sys, Turn, Wait};

/// Bytes of a line that are kept. A longer one is read on, and whoever reads it grows as if it kept all of it.
const LINE_MAX: usize = 256 << 10;
const PIECE: usize = 16 << 10;

/// Files read one after the other.
#[derive(Clone, Debug)]
pub(super) struct Input {
    files: VecDeque<String>,
    /// The file now read; `-` is standard input.
    pub(super) name: String,
    /// How many files were opened so far.
    pub(super) opened: usize,
    fd: Option<u32>,
    buffer: VecDeque<u8>,
    /// Bytes of the buffer that hold no line end.
    scanned: usize,
    /// The line now read is longer than can be kept.
    hoard: Hoard,
    ended: bool,
}

/// Memory that a program would take for what it cannot let go of. Nothing is kept for it here: the number grows, until
/// the input ends or the kernel ends the program.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hoard {
    since: Option<Time>,
    bytes: u64,
}

/// How fast an endless line is taken in, in bytes a millisecond (estimate).
const HOARDED_PER_MS: u64 = 400_000;

impl Hoard {
    pub(super) fn grow(&mut self, sys: &mut Sys<'_>, bytes: usize) {
        let now = sys.now();
        let since = *self.since.get_or_insert(now);
        self.bytes = self.bytes.saturating_add(bytes as u64);
        let grown = now.since(since).max(0).unsigned_abs().saturating_mul(HOARDED_PER_MS);
        sys.set_memory(self.bytes.max(grown).saturating_add(500 << 10));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.since.is_none()
    }
}

/// What reading gave.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// A line without its newline; the flag tells whether there was one.
    Line(Vec<u8>, bool),
    Piece(Vec<u8>),
    /// A file ended.
    FileEnd,
    End,
    Wait(Turn),
    /// A file could not be read.
    Failed(String, Errno),
}

impl Input {
    /// No names mean standard input.
    pub(super) fn new(files: &[String]) -> Self {
        let files: VecDeque<String> =
            if files.is_empty() { [String::from("-")].into() } else { files.to_vec().into() };
        Self {
            files,
            name: String::new(),
            opened: 0,
            fd: None,
            buffer: VecDeque::new(),
            scanned: 0,
            hoard: Hoard::default(),
            ended: false,
        }
    }

    /// What comes from a descriptor that is open already.
    pub(super) fn of(fd: u32) -> Self {
        Self { fd: Some(fd), opened: 1, files: VecDeque::new(), ..Self::new(&[]) }
    }

    fn open(&mut self, sys: &mut Sys<'_>) -> Option<Next> {
        let Some(name) = self.files.pop_front() else { return Some(Next::End) };
        self.name.clone_from(&name);
        self.ended = false;
        if name == "-" {
            self.fd = Some(0);
            self.opened += 1;
            return None;
        }
        let path = sys.path(&name);
        if sys.fs().is_dir(&path) {
            return Some(Next::Failed(name, Errno::IsDir));
        }
        match sys.open(&name, Open::Read) {
            Ok(fd) => {
                self.fd = Some(fd);
                self.opened += 1;
                None
            }
            Err(e) => Some(Next::Failed(name, e)),
        }
    }

    /// Fills the buffer; `Some` when that was not possible.
    fn fill(&mut self, sys: &mut Sys<'_>) -> Option<Next> {
        let Some(fd) = self.fd else { return self.open(sys) };
        match sys.read(fd, PIECE) {
            Got::Data(data) => {
                sys.charge((data.len() >> 8) as u32);
                self.buffer.extend(data);
                None
            }
            Got::Wait => Some(Next::Wait(Turn::Wait(Wait::Read(fd)))),
            Got::End => {
                self.ended = true;
                None
            }
            Got::Failed(e) => {
                self.skip_file(sys);
                Some(Next::Failed(self.name.clone(), e))
            }
        }
    }

    fn close(&mut self, sys: &mut Sys<'_>) {
        if let Some(fd) = self.fd.take()
            && fd != 0
        {
            sys.close(fd);
        }
    }

    pub(super) fn files_left(&self) -> usize {
        self.files.len()
    }

    /// Leaves the rest of the current file.
    pub(super) fn skip_file(&mut self, sys: &mut Sys<'_>) {
        self.buffer.clear();
        self.close(sys);
        self.ended = false;
        (self.scanned, self.hoard) = (0, Hoard::default());
    }

    pub(super) fn line(&mut self, sys: &mut Sys<'_>) -> Next {
        loop {
            let found = self.buffer.range(self.scanned..).position(|b| *b == b'\n');
            if !self.hoard.is_empty() && (found.is_some() || self.ended) {
                self.skip_file(sys);
                return Next::Failed(self.name.clone(), Errno::NoMemory);
            }
            if let Some(n) = found {
                let line: Vec<u8> = self.buffer.drain(..self.scanned + n).collect();
                self.buffer.pop_front();
                self.scanned = 0;
                return Next::Line(line, true);
            }
            self.scanned = self.buffer.len();
            if self.scanned > LINE_MAX {
                self.hoard.grow(sys, self.scanned);
                self.buffer.clear();
                self.scanned = 0;
                return Next::Wait(Turn::More);
            }
            if self.ended {
                self.scanned = 0;
                if !self.buffer.is_empty() {
                    return Next::Line(std::mem::take(&mut self.buffer).into(), false);
                }
                self.close(sys);
                self.ended = false;
                return Next::FileEnd;
            }
            if let Some(next) = self.fill(sys) {
                return next;
            }
            // A long line is read over several steps.
            if self.scanned >= PIECE {
                return Next::Wait(Turn::More);
            }
        }
    }

    pub(super) fn piece(&mut self, sys: &mut Sys<'_>) -> Next {
        loop {
            if !self.buffer.is_empty() {
                return Next::Piece(std::mem::take(&mut self.buffer).into());
            }
            if self.ended {
                self.close(sys);
                self.ended = false;
                return Next::FileEnd;
            }
            if let Some(next) = self.fill(sys) {
                return next;
            }
        }
    }

    /// Whether nothing follows: no more files, and no more data in this one.
    pub(super) fn at_end(&mut self, sys: &mut Sys<'_>) -> Result<bool, Turn> {
        loop {
            if !self.buffer.is_empty() {
                return Ok(false);
            }
            if self.ended || self.fd.is_none() {
                if self.files.is_empty() {
                    return Ok(true);
                }
                if self.ended {
                    return Ok(false);
                }
            }
            match self.fill(sys) {
                Some(Next::Wait(turn)) => return Err(turn),
                Some(_) => return Ok(self.files.is_empty()),
                None => {}
            }
        }
    }
}

/// The message for a file that cannot be read.
pub(super) fn complain(sys: &mut Sys<'_>, program: &str, name: &str, e: Errno) {
    // These of busybox's say it as GNU's do.
    let plain = sys.gnu() || matches!(program, "cut" | "zcat" | "gunzip" | "gzip");
    let text = if plain {
        format!("{program}: {name}: {e}\n")
    } else if e == Errno::IsDir {
        format!("{program}: read error: {e}\n")
    } else {
        format!("{program}: can't open '{name}': {e}\n")
    };
    sys.err(&text);
}
