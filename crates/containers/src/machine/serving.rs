//! Requests from and to the network.

use super::*;

impl Machine {
    /// Requests to the network that were not yet taken.
    pub fn take_net_requests(&mut self) -> Vec<(u32, NetRequest)> {
        let mut out = Vec::new();
        for (id, call) in &mut self.net {
            if !call.taken {
                call.taken = true;
                out.push((*id, call.request.clone()));
            }
        }
        out
    }

    pub fn answer_net(&mut self, id: u32, answer: NetAnswer) {
        if let Some(call) = self.net.get_mut(&id) {
            call.answer = Some(answer);
        }
    }

    /// Ports that processes listen on.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        let mut ports: Vec<u16> = self.listening().into_iter().map(|l| l.0).collect();
        ports.arrange();
        ports.dedup();
        ports
    }

    /// Ports that are listened on, by which process, and its name.
    #[must_use]
    pub fn listening(&self) -> Vec<(u16, Pid, String)> {
        let mut all = Vec::new();
        for p in self.procs.values().filter(|p| p.exit.is_none()) {
            let Some(Task::Program(program)) = &p.task else { continue };
            let name = crate::programs::short_name(p.argv.first().map_or("", String::as_str));
            all.extend(program.ports().into_iter().map(|port| (port, p.pid, name.to_owned())));
        }
        all
    }

    fn listener(&self, port: u16) -> Option<Pid> {
        self.procs
            .values()
            .find(|p| {
                p.exit.is_none()
                    && matches!(&p.task, Some(Task::Program(prog)) if prog.ports().contains(&port))
            })
            .map(|p| p.pid)
    }

    fn ask<T>(
        &mut self,
        host: &mut dyn Host,
        port: u16,
        f: impl FnOnce(&mut dyn Program, &mut Sys<'_>) -> Option<T>,
    ) -> Option<T> {
        self.now = host.now();
        let pid = self.listener(port)?;
        let Some(Task::Program(mut program)) = self.procs.get_mut(&pid)?.task.take() else { return None };
        let answer = self.with_sys(host, pid, |sys| f(&mut *program, sys)).flatten();
        if let Some(proc) = self.procs.get_mut(&pid) {
            proc.task = Some(Task::Program(program));
            // It may have something to do about it.
            proc.wait = Wait::Ready;
        }
        answer
    }

    /// Asks whoever listens on `port`; `None` when nobody does or it speaks no HTTP.
    pub fn serve(&mut self, host: &mut dyn Host, port: u16, request: &HttpRequest) -> Option<HttpResponse> {
        self.ask(host, port, |program, sys| program.serve(port, request, sys))
    }

    /// Sends raw bytes to whoever listens on `port`.
    pub fn serve_tcp(&mut self, host: &mut dyn Host, port: u16, data: &[u8]) -> Option<Vec<u8>> {
        self.ask(host, port, |program, sys| program.serve_tcp(port, data, sys))
    }
}
