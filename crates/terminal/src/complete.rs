//! Tab completion: commands and files by the shell's rules, and for kubectl what kubectl itself offers.

use ordered::Sort as _;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use cluster::{Cluster, Port};

use crate::host::PROVIDED;
use crate::program::learner;
use crate::{HOME, Terminal};

/// One way a word could go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    pub description: String,
}

impl Candidate {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), description: String::new() }
    }
}

impl Terminal {
    /// What the word before `cursor` (a byte offset into `line`) could become, best first, and where it begins.
    pub fn complete(&mut self, cluster: &mut Cluster, line: &str, cursor: usize) -> (usize, Vec<Candidate>) {
        let before = line.get(..cursor).unwrap_or(line);
        // The command is what stands after the last separator.
        let command = before.rfind(['|', ';', '&', '(']).map_or(before, |i| &before[i + 1..]);
        let start = before.rfind(char::is_whitespace).map_or(0, |i| i + 1).max(before.len() - command.len());
        let word = &before[start..];
        let mut words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        if !word.is_empty() {
            words.pop();
        }
        let candidates = match words.first().map(String::as_str) {
            None => self.commands(word),
            Some("kubectl" | "k") if !takes_file(&words) => {
                let server = self.current_server(cluster);
                of_kubectl(cluster, &server, &words[1..], word)
            }
            Some(_) => self.file_candidates(word),
        };
        (start, candidates)
    }

    fn commands(&self, word: &str) -> Vec<Candidate> {
        let mut names: Vec<String> = PROVIDED.iter().map(|n| (*n).to_owned()).collect();
        if let Some(shell) = self.shared.machine.borrow().shell(self.prompts[self.at].shell) {
            names.extend(shell.command_names());
        }
        names.retain(|n| n.starts_with(word));
        names.arrange();
        names.dedup();
        names.into_iter().map(Candidate::plain).collect()
    }

    fn file_candidates(&self, word: &str) -> Vec<Candidate> {
        let (directory, prefix) = word.rsplit_once('/').unwrap_or(("", word));
        let base =
            if word.starts_with('/') { String::new() } else { self.directory().replacen('~', HOME, 1) };
        let at = format!("{base}/{directory}");
        let lead = if word.contains('/') { format!("{directory}/") } else { String::new() };
        self.list(&at)
            .into_iter()
            .filter(|(name, _)| {
                name.starts_with(prefix) && (prefix.starts_with('.') || !name.starts_with('.'))
            })
            .map(|(name, is_dir)| Candidate::plain(format!("{lead}{name}{}", if is_dir { "/" } else { "" })))
            .collect()
    }
}

/// What kubectl offers, as far as the cluster can say it at once.
fn of_kubectl(cluster: &mut Cluster, server: &str, words: &[String], word: &str) -> Vec<Candidate> {
    let (mut port, handle) = Port::new(learner());
    handle.dial(server);
    port.serve(cluster);
    let mut program = pin!(kubectl::complete(words, word, &handle));
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(found) = program.as_mut().poll(&mut context) {
            return found
                .into_iter()
                .map(|c| Candidate { text: c.text, description: c.description })
                .collect();
        }
        if !port.serve(cluster) {
            return Vec::new();
        }
    }
}

/// Whether the next word of a kubectl command is a file: after `-f` and its like.
fn takes_file(words: &[String]) -> bool {
    matches!(
        words.last().map(String::as_str),
        Some("-f" | "--filename" | "-k" | "--kustomize" | "--patch-file" | "--from-file" | "--from-env-file")
    )
}
