//! What the terminal has printed, line by line, and which words of it carry colour.
//!
//! Owns: the scroll-back and its limits, colour of STATUS words and header rows.
//! Does not own: what is printed (upstream's output, byte for byte; colour adds nothing to the text).

use std::collections::VecDeque;

/// Lines kept; older ones fall out.
const MOST_LINES: usize = 2000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line the learner sent, without its prompt.
    Command,
    /// A further line of an unfinished command.
    Continued,
    Out,
    Err,
    /// The page's own remark, never part of the output.
    Note,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub kind: Kind,
    pub text: String,
    /// Byte offset of the STATUS column in the table this line belongs to.
    status_at: Option<usize>,
}

#[derive(Clone, Debug, Default)]
pub struct Console {
    lines: VecDeque<Line>,
    /// Number of the first line kept, counted from the beginning of the session.
    first: usize,
    /// The last line has not ended yet.
    open: bool,
    status_at: Option<usize>,
}

impl Console {
    pub fn command(&mut self, text: &str, continued: bool) {
        self.status_at = None;
        self.open = false;
        self.push(if continued { Kind::Continued } else { Kind::Command }, text);
    }

    pub fn note(&mut self, text: &str) {
        self.open = false;
        self.push(Kind::Note, text);
    }

    /// Adds what a program wrote; a piece may end in the middle of a line.
    pub fn write(&mut self, kind: Kind, text: &str) {
        for piece in text.split_inclusive('\n') {
            let body = piece.strip_suffix('\n').unwrap_or(piece);
            match self.lines.back_mut() {
                Some(last) if self.open && last.kind == kind => last.text.push_str(body),
                _ => self.push(kind, body),
            }
            self.open = !piece.ends_with('\n');
            if let Some(last) = self.lines.back_mut() {
                if is_header(&last.text) {
                    self.status_at = last.text.find("STATUS");
                }
                last.status_at = self.status_at;
            }
        }
    }

    fn push(&mut self, kind: Kind, text: &str) {
        self.lines.push_back(Line { kind, text: text.to_owned(), status_at: None });
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
}

/// A header row is all capitals, and starts with one of the words kubectl's tables start with.
fn is_header(line: &str) -> bool {
    let first = line.split("  ").next().unwrap_or_default();
    matches!(
        first,
        "NAME" | "NAMESPACE" | "LAST SEEN" | "REVISION" | "TYPE" | "EVENT" | "CLIENT" | "RESOURCE"
    ) && !line.chars().any(char::is_lowercase)
}

/// Parts of a line with the class of each; `""` is plain text. Their texts joined are the line.
#[must_use]
pub fn coloured(line: &Line) -> Vec<(&'static str, &str)> {
    let text = line.text.as_str();
    match line.kind {
        Kind::Err if text.starts_with("Warning:") => return vec![("tw", text)],
        // Not all that goes to this stream is a failure: "No resources found" is an answer.
        Kind::Err if ["error", "Error", "The ", "bash:", "Unable"].iter().any(|e| text.starts_with(e)) => {
            return vec![("tb", text)];
        }
        Kind::Err => return vec![("", text)],
        Kind::Out if is_header(text) => return vec![("td", text)],
        Kind::Out => {}
        _ => return vec![("", text)],
    }
    let Some(at) = line.status_at.filter(|at| *at < text.len() && text.is_char_boundary(*at)) else {
        return vec![("", text)];
    };
    let (before, rest) = text.split_at(at);
    let word = rest.split(' ').next().unwrap_or_default();
    let class = status_class(word);
    // A longer word in an earlier column moves the cell; then nothing is coloured rather than the wrong word.
    if class.is_empty() || !before.ends_with(' ') {
        return vec![("", text)];
    }
    vec![("", before), (class, word), ("", &rest[word.len()..])]
}

/// The colour of a STATUS word; empty for words that carry none.
#[must_use]
pub fn status_class(word: &str) -> &'static str {
    let bare = word.strip_prefix("Init:").unwrap_or(word);
    match bare {
        "Pending" => "ty",
        "Terminating" | "Completed" => "td",
        "ContainerCreating" | "PodInitializing" => "tw",
        "NotReady" | "Failed" | "Evicted" | "OOMKilled" | "Unknown" => "tb",
        _ if bare.ends_with("BackOff") || bare.ends_with("Error") || bare.starts_with("Err") => "tb",
        _ if word.starts_with("Init:") || word.contains("SchedulingDisabled") => "tw",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console(out: &str) -> Console {
        let mut console = Console::default();
        console.command("kubectl get pods", false);
        console.write(Kind::Out, out);
        console
    }

    fn parts(console: &Console, number: usize) -> Vec<(&'static str, &str)> {
        console.line(number).map(coloured).unwrap_or_default()
    }

    #[test]
    fn status_words_and_headers_carry_colour() {
        let console = console(
            "NAME   READY   STATUS    AGE\nweb    0/1     Pending   3s\nab     1/1     Running   3s\n",
        );
        assert_eq!(parts(&console, 1), [("td", "NAME   READY   STATUS    AGE")]);
        assert_eq!(parts(&console, 2), [("", "web    0/1     "), ("ty", "Pending"), ("", "   3s")]);
        assert_eq!(parts(&console, 3), [("", "ab     1/1     Running   3s")]);
    }

    #[test]
    fn pieces_join_to_lines() {
        let mut console = console("a\nb");
        console.write(Kind::Out, "c\n");
        console.write(Kind::Err, "error: no\n");
        let texts: Vec<_> =
            (0..console.end()).filter_map(|n| console.line(n)).map(|l| l.text.as_str()).collect();
        assert_eq!(texts, ["kubectl get pods", "a", "bc", "error: no"]);
        assert_eq!(parts(&console, 3), [("tb", "error: no")]);
    }

    #[test]
    fn old_lines_fall_out_and_numbers_stay() {
        let mut console = console(&"x\n".repeat(MOST_LINES));
        assert_eq!((console.first(), console.end()), (1, MOST_LINES + 1));
        assert!(console.line(0).is_none());
        console.clear();
        assert_eq!(console.first(), console.end());
    }
}
