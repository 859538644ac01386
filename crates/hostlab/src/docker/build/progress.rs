//! The build's story as BuildKit tells it.

use clock::Time;

use super::{Build, Console, complain, text};

/// One line of the build's story.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) began: Time,
    pub(super) ended: Option<Time>,
    pub(super) cached: bool,
    pub(super) failed: bool,
    /// What lies below it: text, and whether a time stands behind it.
    pub(super) below: Vec<String>,
    /// What its command wrote.
    pub(super) output: Vec<String>,
}

impl Build {
    pub(super) fn number(&self) -> usize {
        self.steps.len()
    }

    /// Begins a line of the story.
    pub(super) fn open(&mut self, prefix: &str, name: &str, console: &mut dyn Console) {
        let name =
            if name.is_empty() { format!("{prefix}{}", self.file_name) } else { format!("{prefix}{name}") };
        let step = Step {
            name,
            began: console.now(),
            ended: None,
            cached: false,
            failed: false,
            below: Vec::new(),
            output: Vec::new(),
        };
        self.steps.push(step);
        if self.plain && !self.quiet {
            if self.number() == 1 {
                complain(console, "#0 building with \"default\" instance using docker driver\n\n");
            }
            let text = format!("#{} {}\n", self.number(), self.steps[self.number() - 1].name);
            complain(console, text);
        }
    }

    pub(super) fn below(&mut self, text: &str, console: &mut dyn Console) {
        let n = self.number();
        if let Some(s) = self.steps.last_mut() {
            s.below.push(text.into());
        }
        if self.plain && !self.quiet {
            complain(console, format!("#{n} {text} done\n"));
        }
    }

    pub(super) fn wrote(&mut self, line: &str, console: &mut dyn Console) {
        let n = self.number();
        let Some(s) = self.steps.last_mut() else { return };
        if s.output.len() < 1000 {
            s.output.push(line.into());
        }
        if self.plain && !self.quiet {
            let at = console.now().since(s.began) as f64 / 1000.0;
            complain(console, format!("#{n} {at:.3} {line}\n"));
        }
    }

    pub(super) fn close(&mut self, cached: bool, console: &mut dyn Console) {
        let (n, now) = (self.number(), console.now());
        let Some(s) = self.steps.last_mut() else { return };
        s.ended = Some(now);
        s.cached = cached;
        if self.plain && !self.quiet {
            let took = now.since(s.began) as f64 / 1000.0;
            complain(
                console,
                if cached { format!("#{n} CACHED\n\n") } else { format!("#{n} DONE {took:.1}s\n\n") },
            );
        }
    }

    /// The steps as a terminal shows them in the end.
    pub(super) fn picture(&mut self, console: &mut dyn Console, finished: bool) {
        if self.plain || self.quiet {
            return;
        }
        let now = console.now();
        let total = now.since(self.began) as f64 / 1000.0;
        let done = self.steps.iter().filter(|s| s.ended.is_some() && !s.failed).count();
        let word = if finished { " FINISHED" } else { "" };
        let head = format!("[+] Building {total:.1}s ({done}/{}){word}", self.steps.len());
        let mut out = format!("{head:<81}docker:default\n");
        for s in &self.steps {
            let took = s.ended.unwrap_or(now).since(s.began) as f64 / 1000.0;
            let mark = if s.failed {
                "ERROR "
            } else if s.cached {
                "CACHED "
            } else {
                ""
            };
            let text = text::cut(&format!(" => {mark}{}", s.name), 88);
            out.push_str(&format!("{text:<88} {took:>6.1}s\n"));
            for b in &s.below {
                let b = text::cut(&format!(" => => {b}"), 88);
                out.push_str(&format!("{b:<88} {:>6.1}s\n", 0.0));
            }
        }
        complain(console, out);
    }

    pub(super) fn fail(&mut self, why: &str, console: &mut dyn Console) -> i32 {
        let n = self.number();
        if let Some(s) = self.steps.last_mut() {
            s.failed = true;
            s.ended = Some(console.now());
        }
        if self.plain && !self.quiet {
            complain(console, format!("#{n} ERROR: {why}\n"));
        }
        self.picture(console, true);
        if let Some(s) = self.steps.last().filter(|s| !s.name.starts_with("[internal]")) {
            let tail: Vec<&String> = s.output.iter().rev().take(10).collect();
            let text: String = tail.iter().rev().map(|l| format!("0.100 {l}\n")).collect();
            complain(console, format!("------\n > {}:\n{text}------\n", s.name));
        }
        if let Some((from, to)) = self.where_it_is() {
            complain(console, self.excerpt(from, to));
        }
        complain(console, format!("ERROR: failed to solve: {why}\n"));
        1
    }

    fn where_it_is(&self) -> Option<(usize, usize)> {
        let stage = self.file.stages.get(*self.plan.get(self.at)?)?;
        match self.current {
            Some(_) => stage.instructions.get(self.instruction).map(|i| i.lines),
            None => Some((stage.line, stage.line)),
        }
    }

    /// The lines around an instruction, it itself marked.
    pub(super) fn excerpt(&self, from: usize, to: usize) -> String {
        let mut out = format!("{}:{from}\n--------------------\n", self.file_name);
        for (n, line) in self.source.lines().enumerate() {
            let n = n + 1;
            if n + 2 < from || n > to + 2 {
                continue;
            }
            let mark = if (from..=to).contains(&n) { ">>>" } else { "   " };
            out.push_str(&format!("{n:>4} | {mark} {line}\n"));
        }
        out.push_str("--------------------\n");
        out
    }
}
