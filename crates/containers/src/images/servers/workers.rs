//! nginx as processes: its name in `ps`, its workers, and a reload, which replaces them.
//!
//! Models ngx_process_cycle.c. Not modelled: connections that a worker still serves while it ends; `USR1`, `USR2` and `WINCH`.

use super::{Server, nginx};
use crate::machine::{Pid, Program, Signal, Sys, Task, Turn, Wait};
use crate::programs;

/// Workers it has at most, whatever its settings say.
const WORKERS_MAX: usize = 32;
const WORKER_USER: u32 = 101;

/// A worker waits: its master answers in its place.
#[derive(Clone)]
struct Worker;

impl Program for Worker {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(Worker)
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        // What the image is said to take counts with its master.
        sys.set_memory(0);
        Turn::Wait(Wait::Forever)
    }
}

fn words(title: &str) -> Vec<String> {
    title.split(' ').map(str::to_owned).collect()
}

/// A line of its error log.
pub(super) fn note(sys: &mut Sys<'_>, text: &str) {
    let now = programs::date_text(sys.now(), "%Y/%m/%d %H:%M:%S");
    let pid = sys.pid();
    sys.err(&format!("{now} [notice] {pid}#{pid}: {text}\n"));
}

/// Reads its settings, and has a worker for each core, or as many as they say.
#[inline(never)]
pub(super) fn begin(server: &mut Server, sys: &mut Sys<'_>) {
    let title = format!("nginx: master process {}", server.argv.join(" "));
    let me = sys.pid();
    sys.rename(me, words(&title), None);
    read(server, sys);
    renew(server, sys);
}

fn read(server: &mut Server, sys: &mut Sys<'_>) {
    if let Ok(all) = nginx::config(server, sys) {
        server.workers = match nginx::workers(&all) {
            Some(n) => n.clamp(1, WORKERS_MAX),
            None => (sys.machine().node.cpus.max(1) as usize).min(WORKERS_MAX),
        };
        server.settings = Some(all.into());
    }
}

fn renew(server: &Server, sys: &mut Sys<'_>) {
    note(sys, "start worker processes");
    for _ in 0..server.workers {
        start(sys);
    }
}

fn start(sys: &mut Sys<'_>) {
    let Ok(worker) = sys.fork(Task::Program(Box::new(Worker))) else { return };
    let user = if sys.cred().uid == 0 { Some(WORKER_USER) } else { None };
    sys.rename(worker, words("nginx: worker process"), user);
    note(sys, &format!("start worker process {worker}"));
}

/// SIGHUP: the settings are read anew; with wrong ones everything stays as it was.
#[inline(never)]
pub(super) fn reload(server: &mut Server, sys: &mut Sys<'_>) {
    note(sys, "signal 1 (SIGHUP) received, reconfiguring");
    note(sys, "reconfiguring");
    if let Err(why) = nginx::config(server, sys) {
        let now = programs::date_text(sys.now(), "%Y/%m/%d %H:%M:%S");
        let pid = sys.pid();
        sys.err(&format!("{now} [emerg] {pid}#{pid}: {why}\n"));
        return;
    }
    read(server, sys);
    server.ports = server.listen(sys);
    note(sys, "using the \"epoll\" event method");
    let old: Vec<Pid> = sys.children().into_iter().filter(|(_, ended)| !ended).map(|(pid, _)| pid).collect();
    renew(server, sys);
    for worker in old {
        // It may have ended by itself.
        let _ = sys.kill(worker, Some(Signal::Quit));
    }
}

/// Buries workers that have ended, and starts others in place of those that are missing.
#[inline(never)]
pub(super) fn tend(server: &Server, sys: &mut Sys<'_>) {
    for (worker, ended) in sys.children() {
        if ended && let Some(code) = sys.reap(worker) {
            note(sys, &format!("signal 17 (SIGCHLD) received from {worker}"));
            // A worker that was asked to end has no code of its own.
            let how = match code - 128 {
                3 => "exited with code 0".to_owned(),
                n if n > 0 => format!("exited on signal {n}"),
                _ => format!("exited with code {code}"),
            };
            note(sys, &format!("worker process {worker} {how}"));
        }
    }
    for _ in sys.children().len()..server.workers {
        start(sys);
    }
}
