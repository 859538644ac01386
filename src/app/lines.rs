//! Lines on their way to a terminal, and those that can be recalled there.

use leptos::prelude::*;

use super::{App, Panel};
use crate::session::Session;
use crate::storage;

const HISTORY: usize = 200;

impl App {
    /// What was typed in the terminal shown, oldest first.
    pub fn recalled<T>(self, f: impl FnOnce(&[String]) -> T) -> T {
        let number = self.ask(|s| s.tab().number);
        // A new terminal begins with what was typed anywhere before.
        self.histories.update_value(|all| {
            all.entry(number).or_insert_with(|| storage::read_list("history"));
        });
        self.histories.with_value(|all| f(all.get(&number).map_or(&[], Vec::as_slice)))
    }

    /// Fetches the texts of `kubectl explain` when a command waits for them.
    pub(super) fn explain(self) {
        thread_local! {
            static ASKED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
        }
        if self.ask(Session::wants_explain) && !ASKED.replace(true) {
            wasm_bindgen_futures::spawn_local(async move {
                let text = crate::later::fetch("explain.json").await.and_then(|text| text.as_string());
                ASKED.set(false);
                self.act(|s| s.set_explain(text));
            });
        }
    }

    /// Runs the line that a click stands for, in a terminal that is free.
    pub fn run(self, line: &str) {
        self.act(|s| s.submit_free(line));
        self.remember(line);
    }

    /// A line typed at the prompt: a command, or what a program there is told.
    pub fn type_line(self, line: &str) {
        if !self.ask(Session::is_running) {
            self.remember(line);
        }
        self.act(|s| s.submit(line));
    }

    /// Runs lines one after the other, as if they had been pasted.
    pub fn run_all(self, text: &str) {
        let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        self.remember(text);
        self.act(|s| s.submit_all(&lines));
    }

    fn remember(self, line: &str) {
        // An input holds one line: of a pasted text, its last command can be recalled.
        let line = line.lines().next_back().unwrap_or_default();
        let number = self.ask(|s| s.tab().number);
        let add = |all: &mut Vec<String>| {
            if all.last().map(String::as_str) != Some(line) && !line.trim().is_empty() {
                all.push(line.to_owned());
                let extra = all.len().saturating_sub(HISTORY);
                all.drain(..extra);
            }
        };
        let mut kept = storage::read_list("history");
        self.recalled(|_| ());
        self.histories.update_value(|all| add(all.entry(number).or_default()));
        add(&mut kept);
        storage::write_list("history", &kept);
        self.dock.set(Panel::Terminal);
    }
}
