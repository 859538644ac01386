//! Commands on their way: typed, clicked or sent, into a queue, through the shell, to their end.
//!
//! Owns: the order of commands over all terminals. Does not own: what a command does (terminal).

use std::rc::Rc;

use clock::Time;
use smol_str::ToSmolStr;
use terminal::{Stream, Submitted};

use super::Session;
use crate::branch::{Files, Moment};
use crate::console::Kind;
use crate::panels::editor::fault;
use crate::tab::{Running, Tab};

/// The end of a command that came through [`Session::exec`].
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    pub ticket: u64,
    pub output: String,
    pub exit: i32,
}

impl Session {
    /// A line typed at the prompt. While a command runs, it is that command's input.
    pub fn submit(&mut self, line: &str) {
        self.leave_past();
        if self.terminal.is_running() {
            self.tabs[self.tab].console.write(Kind::Out, &format!("{line}\n"));
            self.moved.console = true;
            self.terminal.submit(line);
        } else {
            self.tabs[self.tab].queue.push_back((line.to_owned(), 0));
            self.moved.console = true;
        }
        self.serve();
    }

    /// A line that stands for a click: it goes to a terminal that is free, so that no program takes it for its input.
    pub fn submit_free(&mut self, line: &str) {
        if self.is_running() || self.tabs[self.tab].continues {
            let free = |t: &Tab| t.running.is_none() && !t.continues;
            match self.tabs.iter().position(free) {
                Some(at) => self.show_tab(at),
                None => drop(self.open_tab()),
            }
        }
        if self.is_running() {
            // None is free: it waits for its turn.
            self.submit_all(&[line.to_owned()]);
        } else {
            self.submit(line);
        }
    }

    /// Lines one after the other, each once the one before has ended.
    pub fn submit_all(&mut self, lines: &[String]) {
        self.leave_past();
        self.tabs[self.tab].queue.extend(lines.iter().map(|line| (line.clone(), 0)));
        self.moved.console = true;
        self.serve();
    }

    /// Lines from elsewhere on the page; their end comes with this ticket through [`Session::take_done`].
    pub fn exec(&mut self, text: &str, ticket: u64) {
        self.leave_past();
        let mut lines: Vec<&str> = text.trim_end_matches('\n').split('\n').collect();
        let last = lines.pop().unwrap_or_default();
        let queue = &mut self.tabs[self.tab].queue;
        queue.extend(lines.into_iter().map(|line| (line.to_owned(), 0)));
        queue.push_back((last.to_owned(), ticket));
        self.serve();
    }

    /// Keeps commands in the queue, or lets them go.
    pub fn set_waits(&mut self, waits: bool) {
        self.waits = waits;
        self.moved.lesson = true;
        self.serve();
    }

    /// True while commands wait for a part of the program that is on its way.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// Ctrl+C.
    pub fn interrupt(&mut self) {
        let tab = &mut self.tabs[self.tab];
        let busy = self.terminal.is_running() || tab.running.is_some() || tab.continues;
        tab.queue.retain(|(_, ticket)| *ticket > 0);
        self.showing.clear();
        self.terminal.interrupt();
        tab.continues = false;
        if busy {
            tab.console.write(Kind::Out, "^C\n");
        }
        self.moved.console = true;
        self.serve();
    }

    /// Ctrl+D: no more input for the command that runs.
    pub fn end_of_input(&mut self) {
        if self.terminal.is_running() {
            self.terminal.end_of_input();
            self.serve();
        }
    }

    /// True while a command runs in the terminal shown.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.terminal.is_running() || self.tabs[self.tab].running.is_some()
    }

    pub fn take_done(&mut self) -> Vec<Done> {
        std::mem::take(&mut self.done)
    }

    /// Runs programs until all of them wait, starts what waits for them, and reads what has changed.
    pub(super) fn serve(&mut self) {
        let shown = self.tab;
        loop {
            self.terminal.poll(&mut self.here.cluster);
            let mut started = false;
            for at in 0..self.tabs.len() {
                self.choose(at);
                started |= self.serve_tab();
            }
            if !started {
                break;
            }
        }
        self.choose(shown);
        let left: Vec<usize> = (0..self.tabs.len()).filter(|at| self.has_left(*at)).collect();
        for at in left.into_iter().rev() {
            if self.tabs.len() > 1 {
                self.close_tab(at);
            } else {
                self.terminal.restart_shell(true);
            }
        }
        self.look();
    }

    /// True when a command of the queue has been started.
    fn serve_tab(&mut self) -> bool {
        self.drain();
        let left = self.terminal.has_left();
        if self.terminal.is_running() && !left {
            return false;
        }
        if let Some(ended) = self.tabs[self.tab].running.take() {
            self.end(ended);
        }
        if self.waits || left {
            return false;
        }
        if self.tab == 0 && self.tabs[0].queue.is_empty() {
            self.show_next();
        }
        let Some((line, ticket)) = self.tabs[self.tab].queue.pop_front() else { return false };
        self.start(&line, ticket);
        true
    }

    fn end(&mut self, ended: Running) {
        self.moved.console = true;
        self.moved.files = true;
        self.files_moved = true;
        let exit = self.terminal.exit_code();
        self.follow_context();
        self.look();
        self.moved.lab = true;
        let fault = if exit == 0 { None } else { fault::told(&ended.line, &ended.output) };
        let fault = fault.and_then(|told| {
            let path = self.path(&told.file);
            let line = told.line(&self.file(&path)?)?;
            Some((path.into(), line))
        });
        self.tabs[self.tab].console.ended(fault);
        if let Some(attempt) = &mut self.here.attempt {
            self.moved.lesson |= attempt.command(&ended.line, i64::from(exit));
        }
        // What a goal looks at now may be gone after the next command.
        self.look();
        if ended.ticket > 0 {
            self.done.push(Done { ticket: ended.ticket, output: ended.output, exit });
        }
    }

    /// A file as the shell shown names it, as the files of the session are named: below the home directory.
    fn path(&self, file: &str) -> String {
        let directory = self.directory();
        let below = directory.strip_prefix("~/").filter(|_| !file.starts_with('/'));
        let file = file.strip_prefix("./").unwrap_or(file);
        below.map_or_else(|| file.to_owned(), |d| format!("{d}/{file}"))
    }

    fn start(&mut self, line: &str, ticket: u64) {
        let continues = self.tabs[self.tab].continues;
        self.tabs[self.tab].console.command(line, continues);
        self.moved.console = true;
        if line.trim() == "clear" && !continues {
            self.tabs[self.tab].console.clear();
        }
        if !line.trim().is_empty() {
            let elapsed = self.here.cluster.now().since(Time::EPOCH);
            self.commands.push((elapsed, line.to_owned()));
            if !continues {
                self.mark_moment(line);
            }
        }
        let tab = &mut self.tabs[self.tab];
        if continues {
            tab.typed.push('\n');
        } else {
            tab.typed.clear();
        }
        tab.typed.push_str(line);
        tab.continues = self.terminal.submit(line) == Submitted::NeedsMore;
        if !tab.continues {
            let line = std::mem::take(&mut tab.typed);
            tab.running = Some(Running { line, ticket, output: String::new() });
        } else if ticket > 0 {
            // Who sent half a command gets its prompt back, as a shell would give it.
            self.done.push(Done { ticket, output: String::new(), exit: 0 });
        }
    }

    /// What stands right before a command, so that it can be taken back.
    fn mark_moment(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let short = words.strip_prefix(&["kubectl"]).unwrap_or(&words).join(" ");
        self.here.commands.push((self.latest(), short.to_smolstr()));
        self.moved.timeline = true;
        if std::mem::take(&mut self.files_moved) {
            self.files_kept = Files::new(self.files());
        }
        // What came in so far is in the history, so that the moment stands right before this command.
        self.look();
        self.here.moments.push(Moment {
            at: self.here.cluster.now(),
            inputs: self.here.history.inputs(),
            line: line.into(),
            attempt: self.here.attempt.clone(),
            files: self.files_kept.clone(),
        });
    }

    pub(super) fn drain(&mut self) {
        let tab = &mut self.tabs[self.tab];
        for output in self.terminal.take_output() {
            let kind = if output.stream == Stream::Err { Kind::Err } else { Kind::Out };
            let printed = String::from_utf8_lossy(&output.bytes);
            for line in printed.lines().filter(|l| l.starts_with("Warning: ") && l.contains("not simulated"))
            {
                self.notes.push(line.trim_start_matches("Warning: ").to_owned());
            }
            tab.console.write(kind, &printed);
            if let Some(running) = &mut tab.running {
                running.output.push_str(&printed);
            }
            self.moved.console = true;
        }
    }

    /// What the word before `cursor` (a byte offset) could become, and where that word begins.
    pub fn complete(&mut self, line: &str, cursor: usize) -> (usize, Vec<terminal::Candidate>) {
        if self.is_running() {
            // What is typed belongs to a program, which offers nothing.
            return (cursor, Vec::new());
        }
        self.terminal.complete(&mut self.here.cluster, line, cursor)
    }

    /// True when a command waits for the texts of `kubectl explain`.
    #[must_use]
    pub fn wants_explain(&self) -> bool {
        self.terminal.wants_explain_texts()
    }

    /// Brings the texts of `kubectl explain`, or says that they can't be had.
    pub fn set_explain(&mut self, text: Option<String>) {
        self.terminal.set_explain_texts(text.map(Rc::from));
        self.serve();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::trial::*;

    #[test]
    fn a_here_document_is_one_command() {
        let mut session = session();
        let done = run(&mut session, "cat > a.txt <<EOF\nhello\nEOF");
        assert_eq!(done.exit, 0);
        assert_eq!(session.file("a.txt").as_deref(), Some("hello\n"));
        session.submit("cat <<EOF");
        assert!(session.tab().continues);
        session.interrupt();
        assert!(!session.tab().continues && !session.is_running());
    }

    #[test]
    fn commands_wait_for_the_one_that_runs() {
        let mut session = session();
        session.exec("kubectl get pods -w", 1);
        session.exec("kubectl get nodes", 2);
        assert!(session.is_running() && session.take_done().is_empty());
        session.interrupt();
        let tickets: Vec<u64> = session.take_done().iter().map(|d| d.ticket).collect();
        assert_eq!(tickets, [1, 2]);
    }

    #[test]
    fn an_error_leads_to_its_line() {
        let mut session = session();
        session.write_file("d/bad.yaml", &WEB.replace("replicas:", "replica:"));
        session.submit("cd d");
        session.submit("kubectl apply -f bad.yaml");
        let console = &session.tab().console;
        let last = console.line(console.end() - 1).map(|l| l.kind.clone());
        let line = WEB.lines().position(|l| l.contains("replicas:")).unwrap_or(0) + 1;
        assert_eq!(last, Some(Kind::Fault("d/bad.yaml".into(), line)));
    }

    #[test]
    fn commands_wait_for_the_rest_of_the_program_in_their_order() {
        let mut session = Session::new(1, &[]);
        session.set_waits(true);
        session.exec("echo one", 1);
        session.exec("echo two", 2);
        assert_eq!(session.take_done(), []);
        session.set_waits(false);
        let outputs: Vec<String> = session.take_done().into_iter().map(|done| done.output).collect();
        assert_eq!(outputs, ["one\n", "two\n"]);
    }
}
