//! What a terminal has printed, line by line, and which words of it carry colour or lead somewhere.
//!
//! Owns: the scroll-back and its limits, colour of STATUS words and header rows, names that lead to their objects, the
//! table of a watch as it stands. Does not own: what is printed (upstream's output, byte for byte; colour and links add
//! nothing to the text).

pub mod about;
pub mod table;

use std::collections::VecDeque;
use std::rc::Rc;

use smol_str::SmolStr;

use about::About;
use table::{Columns, Named};

/// Lines kept; older ones fall out.
const MOST_LINES: usize = 2000;
/// Rows of a watch shown as a table.
const MOST_ROWS: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line the learner sent, without its prompt.
    Command,
    /// A further line of an unfinished command.
    Continued,
    Out,
    Err,
    /// The page's own remark: where in which file a fault is (lines from 1).
    Fault(SmolStr, usize),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub kind: Kind,
    pub text: String,
    /// The table this line belongs to.
    columns: Option<Rc<Columns>>,
    about: Rc<About>,
}

/// The table of a watch: the latest row of each object, in the order they first came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    /// The number of its first line in the text.
    pub from: usize,
    pub header: Option<Line>,
    rows: Vec<(SmolStr, Line)>,
}

impl Live {
    pub fn rows(&self) -> impl Iterator<Item = &Line> {
        self.rows.iter().map(|(_, line)| line)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Console {
    lines: VecDeque<Line>,
    /// Number of the first line kept, counted from the beginning of the session.
    first: usize,
    /// The last line has not ended yet.
    open: bool,
    columns: Option<Rc<Columns>>,
    about: Rc<About>,
    live: Option<Live>,
}

impl Console {
    pub fn command(&mut self, text: &str, continued: bool) {
        self.columns = None;
        self.open = false;
        self.about = Rc::new(About::of(text));
        self.push(if continued { Kind::Continued } else { Kind::Command }, text);
        self.live = self.about.watches.then(|| Live { from: self.end(), ..Live::default() });
    }

    /// The command has ended; a fault it told of is in this file at this line.
    pub fn ended(&mut self, fault: Option<(SmolStr, usize)>) {
        self.live = None;
        if let Some((file, line)) = fault {
            self.open = false;
            self.push(Kind::Fault(file, line), "");
        }
    }

    /// Adds what a program wrote; a piece may end in the middle of a line.
    pub fn write(&mut self, kind: Kind, text: &str) {
        for piece in text.split_inclusive('\n') {
            let body = piece.strip_suffix('\n').unwrap_or(piece);
            match self.lines.back_mut() {
                Some(last) if self.open && last.kind == kind => last.text.push_str(body),
                _ => self.push(kind.clone(), body),
            }
            self.open = !piece.ends_with('\n');
            if let Some(last) = self.lines.back_mut() {
                let columns = Columns::of(&last.text, &self.about);
                let heads = columns.is_some();
                if let Some(columns) = columns {
                    self.columns = Some(Rc::new(columns));
                }
                last.columns.clone_from(&self.columns);
                if let Some(live) = self.live.as_mut().filter(|_| !self.open) {
                    live.take(last, heads);
                }
            }
        }
    }

    fn push(&mut self, kind: Kind, text: &str) {
        let about = self.about.clone();
        self.lines.push_back(Line { kind, text: text.to_owned(), columns: None, about });
        while self.lines.len() > MOST_LINES {
            self.lines.pop_front();
            self.first += 1;
        }
    }

    pub fn clear(&mut self) {
        self.first += self.lines.len();
        self.lines.clear();
        self.open = false;
    }

    /// Number of the first line kept.
    #[must_use]
    pub fn first(&self) -> usize {
        self.first
    }

    /// Number of the line after the last.
    #[must_use]
    pub fn end(&self) -> usize {
        self.first + self.lines.len()
    }

    #[must_use]
    pub fn line(&self, number: usize) -> Option<&Line> {
        self.lines.get(number.checked_sub(self.first)?)
    }

    /// The line that a program has begun and not ended: what it asks with, such as the prompt of a shell in a pod.
    #[must_use]
    pub fn tail(&self) -> Option<&str> {
        self.lines.back().filter(|l| self.open && l.kind == Kind::Out).map(|l| l.text.as_str())
    }

    /// The table of the watch that runs.
    #[must_use]
    pub fn live(&self) -> Option<&Live> {
        self.live.as_ref().filter(|live| live.header.is_some())
    }
}

impl Live {
    fn take(&mut self, line: &Line, heads: bool) {
        if line.kind != Kind::Out {
            return;
        }
        if heads {
            self.header = Some(line.clone());
            return;
        }
        let Some(key) = line.columns.as_ref().and_then(|c| c.key(&line.text)) else { return };
        let room = self.rows.len() < MOST_ROWS;
        match self.rows.iter_mut().find(|(known, _)| *known == key) {
            Some((_, row)) => *row = line.clone(),
            None if room => self.rows.push((key, line.clone())),
            None => {}
        }
    }
}

/// A header row is all capitals, and starts with one of the words kubectl's tables start with.
fn is_header(line: &str) -> bool {
    let first = line.split("  ").next().unwrap_or_default();
    matches!(
        first,
        "NAME" | "NAMESPACE" | "LAST SEEN" | "REVISION" | "TYPE" | "EVENT" | "CLIENT" | "RESOURCE"
    ) && !line.chars().any(char::is_lowercase)
}

impl Line {
    /// Part of a running watch's text, which its table stands for.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.about.watches && self.kind == Kind::Out && self.columns.is_some()
    }

    /// The object that the line is about, and where its name stands in the text.
    #[must_use]
    pub fn named(&self) -> Option<(std::ops::Range<usize>, Named)> {
        if self.kind != Kind::Out {
            return None;
        }
        let columns = self.columns.as_ref().filter(|_| !is_header(&self.text));
        columns.and_then(|c| c.named(&self.text)).or_else(|| table::told(&self.text, &self.about))
    }

    /// The words of the line with colour, from left to right.
    fn words(&self) -> Vec<(&'static str, std::ops::Range<usize>)> {
        let text = self.text.as_str();
        let all = 0..text.len();
        match self.kind {
            Kind::Err if text.starts_with("Warning:") => return vec![("tw", all)],
            // Not all that goes to this stream is a failure: "No resources found" is an answer.
            Kind::Err
                if ["error", "Error", "The ", "bash:", "Unable"].iter().any(|e| text.starts_with(e)) =>
            {
                return vec![("tb", all)];
            }
            Kind::Out if is_header(text) => return vec![("td", all)],
            Kind::Out => {}
            _ => return Vec::new(),
        }
        let Some(columns) = &self.columns else { return Vec::new() };
        let cells = ["STATUS", "TYPE"].into_iter().filter_map(|name| columns.cell(text, name));
        let word = |cell: std::ops::Range<usize>| {
            let word = text[cell.clone()].split(' ').next().unwrap_or_default();
            (status_class(word), cell.start..cell.start + word.len())
        };
        let mut found: Vec<_> = cells.map(word).filter(|(class, _)| !class.is_empty()).collect();
        found.sort_by_key(|(_, at)| at.start);
        found
    }
}

/// A piece of a line: its class (`""` is plain text), its text, and the object that it names.
pub type Part<'a> = (&'static str, &'a str, Option<Named>);

/// The pieces of a line. Their texts joined are the line.
#[must_use]
pub fn parts(line: &Line) -> Vec<Part<'_>> {
    let text = line.text.as_str();
    let mut marks: Vec<(&'static str, std::ops::Range<usize>, Option<Named>)> =
        line.words().into_iter().map(|(class, at)| (class, at, None)).collect();
    if let Some((at, named)) = line.named() {
        let after = marks.iter().position(|(_, r, _)| r.start > at.start).unwrap_or(marks.len());
        marks.insert(after, ("", at, Some(named)));
    }
    let mut out: Vec<Part<'_>> = Vec::new();
    let mut done = 0;
    for (class, at, named) in marks {
        if at.start < done {
            continue;
        }
        if at.start > done {
            out.push(("", &text[done..at.start], None));
        }
        done = at.end;
        out.push((class, &text[at], named));
    }
    if done < text.len() || out.is_empty() {
        out.push(("", &text[done..], None));
    }
    out
}

/// The colour of a STATUS word; empty for words that carry none.
#[must_use]
pub fn status_class(word: &str) -> &'static str {
    let bare = word.strip_prefix("Init:").unwrap_or(word);
    match bare {
        "Pending" => "ty",
        "Terminating" | "Completed" => "td",
        "ContainerCreating" | "PodInitializing" | "Warning" | "Released" => "tw",
        "NotReady" | "Failed" | "Evicted" | "OOMKilled" | "Unknown" | "Lost" => "tb",
        _ if bare.ends_with("BackOff") || bare.ends_with("Error") || bare.starts_with("Err") => "tb",
        _ if word.starts_with("Init:") || word.contains("SchedulingDisabled") => "tw",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console(command: &str, out: &str) -> Console {
        let mut console = Console::default();
        console.command(command, false);
        console.write(Kind::Out, out);
        console
    }

    fn coloured(console: &Console, number: usize) -> Vec<(&'static str, &str)> {
        let line = console.line(number);
        line.map(parts).unwrap_or_default().into_iter().map(|(class, text, _)| (class, text)).collect()
    }

    const PODS: &str =
        "NAME   READY   STATUS    AGE\nweb    0/1     Pending   3s\nab     1/1     Running   3s\n";

    #[test]
    fn status_words_and_headers_carry_colour() {
        let console = console("kubectl get pods", PODS);
        assert_eq!(coloured(&console, 1), [("td", "NAME   READY   STATUS    AGE")]);
        assert_eq!(
            coloured(&console, 2),
            [("", "web"), ("", "    0/1     "), ("ty", "Pending"), ("", "   3s")]
        );
        assert_eq!(coloured(&console, 3), [("", "ab"), ("", "     1/1     Running   3s")]);
    }

    #[test]
    fn names_lead_to_their_objects() {
        let console = console("kubectl get pods -n shop", PODS);
        let named: Vec<_> = (0..console.end())
            .filter_map(|n| console.line(n)?.named())
            .map(|(_, n)| (n.resource, n.namespace, n.name))
            .collect();
        let pod = |name: &str| (SmolStr::from("pods"), SmolStr::from("shop"), SmolStr::from(name));
        assert_eq!(named, [pod("web"), pod("ab")]);
    }

    #[test]
    fn a_watch_keeps_the_latest_row_of_each() {
        let mut console = console("kubectl get pods -w", PODS);
        console.write(Kind::Out, "web    0/1     ContainerCreating   4s\nc      0/1     Pending   0s\n");
        let rows = |c: &Console| {
            c.live().map(|l| l.rows().map(|r| r.text.clone()).collect::<Vec<_>>()).unwrap_or_default()
        };
        assert_eq!(
            rows(&console),
            [
                "web    0/1     ContainerCreating   4s",
                "ab     1/1     Running   3s",
                "c      0/1     Pending   0s"
            ]
        );
        assert_eq!(console.end(), 6, "the text form is kept");
        assert!(console.line(5).is_some_and(Line::is_watched));
        console.ended(None);
        assert!(console.live().is_none());
    }

    #[test]
    fn what_a_program_asks_with_is_no_line_yet() {
        let mut console = console("kubectl exec -it web -- sh", "/ # ");
        assert_eq!(console.tail(), Some("/ # "));
        console.write(Kind::Out, "ls\nbin\n");
        assert_eq!(console.tail(), None);
        assert_eq!(coloured(&console, 1), [("", "/ # ls")]);
    }

    #[test]
    fn pieces_join_to_lines() {
        let mut console = console("kubectl get pods", "a\nb");
        console.write(Kind::Out, "c\n");
        console.write(Kind::Err, "error: no\n");
        let texts: Vec<_> =
            (0..console.end()).filter_map(|n| console.line(n)).map(|l| l.text.as_str()).collect();
        assert_eq!(texts, ["kubectl get pods", "a", "bc", "error: no"]);
        assert_eq!(coloured(&console, 3), [("tb", "error: no")]);
    }

    #[test]
    fn old_lines_fall_out_and_numbers_stay() {
        let mut console = console("kubectl get pods", &"x\n".repeat(MOST_LINES));
        assert_eq!((console.first(), console.end()), (1, MOST_LINES + 1));
        assert!(console.line(0).is_none());
        console.clear();
        assert_eq!(console.first(), console.end());
    }
}
