//! The terminals of the page: prompts of one machine.
//!
//! Owns: which one is shown. Does not own: what runs in one (`tab`).

use super::{Done, Session};
use crate::tab::Tab;

impl Session {
    /// The terminals, in their order.
    #[must_use]
    pub fn tabs(&self) -> &[Tab] {
        &self.tabs
    }

    /// The place of the terminal shown.
    #[must_use]
    pub fn shown_tab(&self) -> usize {
        self.tab
    }

    /// The terminal shown.
    #[must_use]
    pub fn tab(&self) -> &Tab {
        &self.tabs[self.tab]
    }

    /// The directory that its shell stands in.
    #[must_use]
    pub fn directory(&self) -> String {
        self.terminal.directory()
    }

    pub(super) fn choose(&mut self, at: usize) {
        self.tab = at;
        self.terminal.choose(at);
    }

    /// Shows another terminal.
    pub fn show_tab(&mut self, at: usize) {
        if at < self.tabs.len() {
            self.choose(at);
            self.moved.console = true;
        }
    }

    /// Opens another terminal and shows it. False when there are too many.
    pub fn open_tab(&mut self) -> bool {
        if !self.terminal.open() {
            return false;
        }
        let number = self.tabs.iter().map(|t| t.number).max().unwrap_or(0) + 1;
        self.tabs.push(Tab::new(number));
        self.show_tab(self.tabs.len() - 1);
        true
    }

    /// Closes a terminal and ends what runs there; the last one stays.
    pub fn close_tab(&mut self, at: usize) {
        if at >= self.tabs.len() {
            return;
        }
        let shown = self.tab;
        self.choose(at);
        if self.terminal.close() {
            let gone = self.tabs.remove(at);
            let waited = gone.running.into_iter().map(|r| (r.ticket, r.output));
            let waited = waited.chain(gone.queue.into_iter().map(|(_, ticket)| (ticket, String::new())));
            let ends = waited.filter(|(ticket, _)| *ticket > 0);
            self.done.extend(ends.map(|(ticket, output)| Done { ticket, output, exit: 130 }));
            let next = if shown > at || shown == self.tabs.len() { shown.saturating_sub(1) } else { shown };
            self.show_tab(next);
            self.serve();
        } else {
            self.choose(shown);
        }
    }

    pub(super) fn has_left(&mut self, at: usize) -> bool {
        let shown = self.tab;
        self.terminal.choose(at);
        let left = self.terminal.has_left();
        self.terminal.choose(shown);
        left
    }

    pub fn clear(&mut self) {
        self.tabs[self.tab].console.clear();
        self.moved.console = true;
    }
}

#[cfg(test)]
mod tests {
    use crate::session::trial::*;

    #[test]
    fn terminals_run_side_by_side() {
        let mut session = session();
        session.submit("mkdir a && cd a && x=1");
        session.submit("kubectl get pods -w");
        assert!(session.is_running());
        assert!(session.open_tab() && !session.is_running());
        assert_eq!((session.shown_tab(), session.directory().as_str()), (1, "~"));
        session.submit("echo \"[$x]\" > b.txt");
        assert_eq!(session.file("b.txt").as_deref(), Some("[]\n"), "files are shared, variables are not");
        session.show_tab(0);
        assert_eq!(session.directory(), "~/a");
        // A click finds the terminal that is free.
        session.submit_free("kubectl apply -f web.yaml");
        assert_eq!(session.shown_tab(), 1);
        session.advance(20_000);
        let rows = session.tabs()[0].console.live().map(|l| l.rows().count());
        assert_eq!(rows, Some(3), "the watch went on");
        session.submit("exit");
        assert_eq!((session.tabs().len(), session.shown_tab(), session.is_running()), (1, 0, true));
        session.interrupt();
        session.submit("exit");
        session.submit("echo still here > c.txt");
        assert_eq!(session.file("c.txt").as_deref(), Some("still here\n"), "the last one starts again");
    }
}
