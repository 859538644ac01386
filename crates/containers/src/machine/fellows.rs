//! Processes of other machines in the same process namespace: containers of a pod that share one, a debugging container
//! and its target, all of a node.
//!
//! Owns: what a machine shows of its fellows in its list of processes and under `/proc`, the signals it sends them, and
//! numbers that do not clash. Does not own: who shares with whom, which its embedder knows: it lets a machine meet the
//! others before a step and part from them after it.
//! Models pid_namespaces(7) over machines that each run by themselves: the others are as they were when the step began,
//! and signals arrive after it. `/proc/N/root` is a directory here, so `find /` walks into it.
//! Not modelled: `/proc/N/fd` and `/proc/N/exe` of others, waiting for one of them, a process namespace within another.

use super::*;

/// A process, as others in its namespace see it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub pid: Pid,
    pub ppid: Pid,
    pub argv: Vec<String>,
    pub env: Env,
    pub cwd: String,
    pub cred: Cred,
    pub started: Time,
    /// `R`, `S` or `Z`.
    pub state: char,
    /// CPU it has used, and uses, in thousandths of a core.
    pub spent_ms: u64,
    pub millis: u32,
    pub memory_bytes: u64,
    /// What its root may do.
    pub capabilities: u64,
}

impl Seen {
    /// A process that no machine runs, such as a pod's own.
    #[must_use]
    pub fn standing(pid: Pid, argv: Vec<String>, cred: Cred, started: Time) -> Self {
        let (env, cwd) = (Env::default(), "/".into());
        Self {
            pid,
            ppid: 0,
            argv,
            env,
            cwd,
            cred,
            started,
            state: 'S',
            spent_ms: 0,
            millis: 0,
            memory_bytes: 0,
            capabilities: CAPABILITIES,
        }
    }

    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.state == 'Z'
    }

    /// What a file of its directory under `/proc` says.
    pub(super) fn file(&self, what: &str) -> Option<String> {
        let first = self.argv.first().map_or("", String::as_str);
        let name = crate::programs::short_name(first).trim_end_matches(':');
        Some(match what {
            "cmdline" => self.argv.iter().map(|a| format!("{a}\0")).collect(),
            "comm" => format!("{name}\n"),
            "environ" => self.env.iter().map(|(k, v)| format!("{k}={v}\0")).collect(),
            "status" => {
                let word = match self.state {
                    'R' => "running",
                    'Z' => "zombie",
                    _ => "sleeping",
                };
                let own = if self.cred.uid == 0 { self.capabilities } else { 0 };
                format!(
                    "Name:\t{name}\nState:\t{} ({word})\nPid:\t{}\nPPid:\t{}\nUid:\t{u}\t{u}\t{u}\t{u}\nGid:\t{g}\t{g}\t{g}\t{g}\nCapInh:\t{:016x}\nCapPrm:\t{own:016x}\nCapEff:\t{own:016x}\nCapBnd:\t{:016x}\nCapAmb:\t{:016x}\n",
                    self.state,
                    self.pid,
                    self.ppid,
                    0,
                    self.capabilities,
                    0,
                    u = self.cred.uid,
                    g = self.cred.gid
                )
            }
            _ => return None,
        })
    }
}

/// A machine in the same namespace.
#[derive(Clone)]
pub struct Fellow {
    /// Its name with the embedder.
    pub key: usize,
    pub processes: Vec<Seen>,
    /// What it has under `/`; `None`: nothing that could be seen.
    pub fs: Option<Fs>,
}

/// What a machine did to its fellows in a step.
#[derive(Clone, Default)]
pub struct Parting {
    pub signals: Vec<(Pid, Signal)>,
    /// Trees that it wrote to, by the fellows' keys.
    pub written: Vec<(usize, Node)>,
}

/// The fellows of a machine during a step.
#[derive(Clone, Default)]
pub(super) struct Company {
    pub(super) others: Vec<Seen>,
    sent: Vec<(Pid, Signal)>,
    /// Directories of `/proc` that are there for this step.
    shown: Vec<Shown>,
}

#[derive(Clone)]
struct Shown {
    pid: Pid,
    root: Option<(usize, Node)>,
}

fn process_dir(pid: Pid) -> String {
    format!("/proc/{pid}")
}

fn same(a: &Node, b: &Node) -> bool {
    matches!((a, b), (Node::Dir(a), Node::Dir(b)) if Arc::ptr_eq(a, b))
}

impl Machine {
    /// The first process is numbered `first`: it is in a namespace that has begun with another.
    #[inline(never)]
    pub fn begin_at(&mut self, first: Pid) {
        (self.first, self.next_pid) = (first, first);
        let parts = crate::fs::split("/proc/1");
        if let Some(own) = self.fs.tree.node(&parts).cloned() {
            self.forget_process(1);
            self.fs.tree.put(&process_dir(first), own);
        }
    }

    /// The number of its own process: 1, unless it came into a namespace that was there.
    #[must_use]
    pub fn first(&self) -> Pid {
        self.first
    }

    /// The number that its next process gets.
    #[must_use]
    pub fn next_pid(&self) -> Pid {
        self.next_pid
    }

    /// Numbers below `pid` are taken.
    pub fn skip_to(&mut self, pid: Pid) {
        self.next_pid = self.next_pid.max(pid);
    }

    pub(super) fn seen(&self, p: &Proc) -> Seen {
        let (spent_ms, millis) = self.cpu_of(p.pid);
        Seen {
            pid: p.pid,
            ppid: p.ppid,
            argv: p.argv.clone(),
            env: p.env.clone(),
            cwd: p.cwd.clone(),
            cred: p.cred,
            started: p.started,
            state: p.state(),
            spent_ms,
            millis,
            memory_bytes: self.memory_of(p.pid),
            capabilities: self.capabilities,
        }
    }

    /// How others see it.
    #[must_use]
    pub fn fellow(&self, key: usize) -> Fellow {
        let processes = self.procs.values().map(|p| self.seen(p)).collect();
        Fellow { key, processes, fs: Some(self.fs.clone()) }
    }

    /// All processes of its namespace, by number.
    #[must_use]
    pub fn namespace(&self) -> Vec<Seen> {
        let others = self.company.iter().flat_map(|c| &c.others).cloned();
        let mut all: Vec<Seen> = self.procs.values().map(|p| self.seen(p)).chain(others).collect();
        all.arrange_by_key(|p| p.pid);
        all
    }

    /// Who is there during the next step.
    #[inline(never)]
    pub fn meet(&mut self, fellows: Vec<Fellow>) {
        self.part();
        let mut company = Company::default();
        let own: Vec<Pid> = self.procs.keys().copied().collect();
        for pid in own {
            self.show(&mut company, pid, Node::dir(0o555), None);
        }
        for fellow in fellows {
            for p in fellow.processes {
                let mut dir = Node::dir(0o555);
                if let Node::Dir(inner) = &mut dir {
                    let inner = Arc::make_mut(inner);
                    for (name, mode) in
                        [("cmdline", 0o444), ("comm", 0o644), ("environ", 0o400), ("status", 0o444)]
                    {
                        let mut file = Node::file(p.file(name).unwrap_or_default().as_bytes(), mode);
                        (file.meta_mut().uid, file.meta_mut().gid) = (p.cred.uid, p.cred.gid);
                        inner.entries.insert(name.into(), file);
                    }
                    if let Some(fs) = &fellow.fs {
                        inner.entries.insert("cwd".into(), Node::link(&p.cwd));
                        inner.entries.insert("root".into(), fs.tree.root.clone());
                    }
                }
                let root = fellow.fs.as_ref().map(|fs| (fellow.key, fs.tree.root.clone()));
                if let Some(fs) = &fellow.fs {
                    self.fs.mount_below(&format!("{}/root", process_dir(p.pid)), fs);
                }
                self.show(&mut company, p.pid, dir, root);
                self.skip_to(p.pid + 1);
                company.others.push(p);
            }
        }
        self.company = Some(Box::new(company));
    }

    fn show(&mut self, company: &mut Company, pid: Pid, dir: Node, root: Option<(usize, Node)>) {
        let path = process_dir(pid);
        if self.fs.tree.node(&crate::fs::split(&path)).is_none() {
            self.fs.tree.put(&path, dir);
            company.shown.push(Shown { pid, root });
        }
    }

    fn forget_process(&mut self, pid: Pid) {
        if let Ok(dir) = self.fs.tree.dir_mut(&["proc".into()]) {
            dir.entries.remove(pid.to_string().as_str());
        }
    }

    /// The step is over: what it did to others.
    #[inline(never)]
    pub fn part(&mut self) -> Parting {
        let Some(company) = self.company.take() else { return Parting::default() };
        let mut written: Vec<(usize, Node)> = Vec::new();
        self.fs.forget_lent();
        for shown in company.shown {
            if let Some((key, before)) = shown.root {
                let parts = crate::fs::split(&format!("{}/root", process_dir(shown.pid)));
                if let Some(after) = self.fs.tree.node(&parts).filter(|n| !same(n, &before)) {
                    written.push((key, after.clone()));
                }
            }
            self.forget_process(shown.pid);
        }
        Parting { signals: company.sent, written }
    }

    /// A fellow's process.
    pub(super) fn other(&self, pid: Pid) -> Option<&Seen> {
        self.company.as_ref()?.others.iter().find(|p| p.pid == pid && !p.has_ended())
    }

    pub(super) fn send(&mut self, pid: Pid, signal: Signal) {
        if let Some(company) = &mut self.company {
            company.sent.push((pid, signal));
        }
    }
}
