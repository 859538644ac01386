//! Who can run now, and when somebody will.

use super::*;

impl Machine {
    pub(super) fn next_runnable(&self) -> Option<Pid> {
        let ready = |(pid, p): (&Pid, &Proc)| self.ready(p).then_some(*pid);
        self.procs
            .range(self.cursor + 1..)
            .find_map(ready)
            .or_else(|| self.procs.range(..=self.cursor).find_map(ready))
    }

    pub(super) fn next_alarm(&self) -> Option<Time> {
        self.procs
            .values()
            .filter(|p| p.exit.is_none() && p.outbox.is_empty())
            .filter_map(|p| match p.wait {
                Wait::Until(t) | Wait::ReadUntil(_, t) => Some(t),
                _ => None,
            })
            .min()
    }

    pub(super) fn ready(&self, p: &Proc) -> bool {
        if p.exit.is_some() {
            return false;
        }
        if !p.signals.is_empty() {
            return true;
        }
        if let Some((file, _)) = p.outbox.front() {
            return self.writable(*file);
        }
        if p.exiting.is_some() {
            return true;
        }
        if matches!(p.task, Some(Task::External)) {
            return false;
        }
        match &p.wait {
            Wait::Ready => true,
            Wait::Read(fd) => self.readable(p, *fd),
            Wait::ReadUntil(fd, t) => self.now >= *t || self.readable(p, *fd),
            Wait::Child(Some(pid)) => self.procs.get(pid).is_none_or(|c| c.exit.is_some() || c.ppid != p.pid),
            Wait::Child(None) => {
                let mut children =
                    self.procs.values().filter(|c| c.ppid == p.pid && c.pid != p.pid).peekable();
                children.peek().is_none() || children.any(|c| c.exit.is_some())
            }
            Wait::Until(t) => self.now >= *t,
            Wait::Net(id) => self.net.get(id).is_none_or(|c| c.answer.is_some()),
            Wait::Forever => false,
        }
    }

    fn readable(&self, p: &Proc, fd: u32) -> bool {
        match p.fds.get(&fd).and_then(|f| self.files.get(f)).map(|f| &f.kind) {
            Some(OpenKind::PipeRead(id)) => self
                .pipes
                .get(id)
                .is_none_or(|p| !p.data.is_empty() || p.writers == 0 && !p.awaited || p.eof_once),
            _ => true,
        }
    }

    fn writable(&self, file: u32) -> bool {
        match self.files.get(&file).map(|f| &f.kind) {
            Some(OpenKind::PipeWrite(id)) => {
                self.pipes.get(id).is_none_or(|p| !p.unread && (p.data.len() < PIPE_BYTES || p.readers == 0))
            }
            Some(OpenKind::Sink(id, _)) => self.sinks.get(id).is_none_or(|s| s.bytes < SINK_BYTES),
            _ => true,
        }
    }
}
