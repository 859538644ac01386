//! What the kubelet's server offers the API server: logs, exec and attach of containers on this node.
//!
//! Models `pkg/kubelet/server` and `kuberuntime` ReadLogs. Does not own: who may ask, which container is meant, and
//! how lines are cut (the cluster's streams).

use clock::Time;
use containers::container::{ExecId, LogLine};
use containers::machine::Stream;
use objects::Str;

use crate::container::Machine;
use crate::{Kubelet, machines};
use containers::machine::World;

/// One start of one container, as a stream holds on to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// `namespace/name`
    pub pod: Str,
    pub uid: Str,
    pub container: usize,
    /// `containerd://...`
    pub id: Str,
}

/// A command inside a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub instance: Instance,
    id: ExecId,
}

/// What a command or a container has written, and whether it goes on.
#[derive(Clone, Debug, Default)]
pub struct Output {
    pub chunks: Vec<(Stream, Vec<u8>)>,
    /// The exit code, once it has ended.
    pub code: Option<i32>,
    /// The container is no more.
    pub gone: bool,
}

impl Kubelet {
    /// The container `name` of a pod, if it runs.
    #[must_use]
    pub fn running(&self, pod: &str, name: &str) -> Option<Instance> {
        let (key, worker) = self.pods.get_key_value(pod)?;
        let i = worker.containers.iter().position(|c| c.name() == name && c.is_running())?;
        let id = worker.containers[i].id.clone();
        Some(Instance { pod: key.clone(), uid: worker.uid().into(), container: i, id })
    }

    /// The start of a container with this id, if its log is still there.
    #[must_use]
    pub fn with_id(&self, pod: &str, name: &str, id: &str) -> Option<Instance> {
        let (key, worker) = self.pods.get_key_value(pod)?;
        let i = worker.containers.iter().position(|c| c.name() == name)?;
        let c = &worker.containers[i];
        let current = c.ended().map_or(&c.id, |e| &e.id) == id && !matches!(c.machine, Machine::Absent);
        let before = c.old.is_some() && c.last.as_ref().is_some_and(|e| e.id == id);
        (current || before).then(|| Instance {
            pod: key.clone(),
            uid: worker.uid().into(),
            container: i,
            id: id.into(),
        })
    }

    /// Lines of a log from the `from`th on, the number of the line after them, and whether more may come.
    pub fn log(&mut self, at: &Instance, from: u64, now: Time) -> Option<(Vec<LogLine>, u64, bool)> {
        let worker = self.pods.get_mut(&at.pod).filter(|w| w.uid() == at.uid)?;
        let running = worker.containers[at.container].is_running();
        if running && worker.containers[at.container].id == at.id {
            machines::wake(worker, at.container, &mut self.depot, &self.facts, now)?;
        }
        let c = &worker.containers[at.container];
        let current = c.ended().map_or(&c.id, |e| &e.id) == &at.id;
        let inside = if current { c.live() } else { c.old.as_ref().map(crate::container::Live::get) };
        let Some(inside) = inside else { return Some((Vec::new(), from, false)) };
        let (lines, dropped) = inside.log();
        let skip = from.saturating_sub(dropped) as usize;
        let new = lines.get(skip..).unwrap_or_default().to_vec();
        let next = dropped + lines.len() as u64;
        if running {
            self.poke_if_alarmed(at, now);
        }
        Some((new, next, running && current))
    }

    /// A machine made just now may have something to do later.
    fn poke_if_alarmed(&mut self, at: &Instance, now: Time) {
        let timer = self.pods.get(&at.pod).map(|w| w.containers[at.container].run_timer);
        if timer == Some(None) {
            self.poke(&at.pod, at.container, now);
        }
    }

    /// Starts a command. The error is the runtime's.
    ///
    /// # Errors
    /// No such executable, or a container that has ended meanwhile.
    pub fn exec(
        &mut self,
        at: &Instance,
        argv: &[String],
        stdin: bool,
        tty: bool,
        now: Time,
    ) -> Result<Command, String> {
        let gone = || "container is not running".to_owned();
        let worker = self.pods.get_mut(&at.pod).filter(|w| w.uid() == at.uid).ok_or_else(gone)?;
        let inside =
            machines::wake(worker, at.container, &mut self.depot, &self.facts, now).ok_or_else(gone)?;
        let id = inside.exec(argv, stdin, tty, &mut World { now, volumes: &mut self.depot.volumes })?;
        self.poke(&at.pod, at.container, now);
        Ok(Command { instance: at.clone(), id })
    }

    fn inside(&mut self, at: &Instance) -> Option<&mut containers::container::Container> {
        let worker = self.pods.get_mut(&at.pod).filter(|w| w.uid() == at.uid)?;
        let c = worker.containers.get_mut(at.container).filter(|c| c.id == at.id)?;
        c.live_mut()
    }

    /// What a command has written since the last call.
    pub fn command_output(&mut self, command: &Command, now: Time) -> Output {
        let Some(inside) = self.inside(&command.instance) else {
            return Output { gone: true, ..Output::default() };
        };
        let chunks = inside.exec_output(command.id);
        let code = inside.exec_code(command.id);
        let gone = code.is_none() && inside.exit_code().is_some();
        // Whoever waited for room to write can go on: a slice later, or a writer without end would hold time still.
        let goes_on = (!chunks.is_empty() && code.is_none()).then(|| now + inside.slice_ms());
        if let Some(at) = goes_on {
            self.poke(&command.instance.pod, command.instance.container, at);
        }
        Output { chunks, code, gone }
    }

    /// Feeds a command's input; `None` closes it.
    pub fn command_input(&mut self, command: &Command, data: Option<&[u8]>, now: Time) {
        if let Some(inside) = self.inside(&command.instance) {
            inside.exec_input(command.id, data);
            self.poke(&command.instance.pod, command.instance.container, now);
        }
    }

    /// A command's terminal has another size: rows, columns.
    pub fn resize_command(&mut self, command: &Command, window: (u16, u16)) {
        if let Some(inside) = self.inside(&command.instance) {
            inside.resize(Some(command.id), window);
        }
    }

    /// As [`Kubelet::resize_command`], of the container's own process.
    pub fn resize_attached(&mut self, at: &Instance, window: (u16, u16)) {
        if let Some(inside) = self.inside(at) {
            inside.resize(None, window);
        }
    }

    pub fn close_command(&mut self, command: &Command) {
        if let Some(inside) = self.inside(&command.instance) {
            inside.exec_close(command.id);
        }
    }

    /// Joins the streams of a container's own process: what it writes from now on is kept for
    /// [`Kubelet::attached_output`].
    pub fn attach(&mut self, at: &Instance, now: Time) -> bool {
        let Some(worker) = self.pods.get_mut(&at.pod) else { return false };
        let inside = machines::wake(worker, at.container, &mut self.depot, &self.facts, now);
        inside.map(containers::container::Container::attach).is_some()
    }

    pub fn attached_output(&mut self, at: &Instance) -> Output {
        let Some(inside) = self.inside(at) else { return Output { gone: true, ..Output::default() } };
        let chunks = inside.attached_output();
        Output { chunks, code: inside.exit_code(), gone: false }
    }

    /// Feeds the container's own process; `None` closes its input.
    pub fn attached_input(&mut self, at: &Instance, data: Option<&[u8]>, now: Time) {
        let Some(inside) = self.inside(at) else { return };
        let Some(input) = inside.input() else { return };
        match data {
            Some(d) => drop(inside.machine_mut().feed(input, d)),
            None => inside.machine_mut().close_input(input),
        }
        self.poke(&at.pod, at.container, now);
    }
}
