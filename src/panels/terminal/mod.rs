//! The terminal: a console of lines and a real input below it, so that selection, Hangul and screen readers work.
//!
//! Owns: what a key does at the prompt, completion by common prefix. Does not own: the shell (terminal crate).

#[cfg(target_arch = "wasm32")]
mod print;
#[cfg(target_arch = "wasm32")]
pub mod view;

/// The part of `line` before `cursor` (in UTF-16 units, as inputs count) and the rest.
#[must_use]
pub fn split_at_utf16(line: &str, cursor: usize) -> (&str, &str) {
    let mut units = 0;
    for (at, c) in line.char_indices() {
        if units >= cursor {
            return line.split_at(at);
        }
        units += c.len_utf16();
    }
    (line, "")
}

/// What all of `words` begin with.
#[must_use]
pub fn common_prefix<'a>(words: &[&'a str]) -> &'a str {
    let Some((first, rest)) = words.split_first() else { return "" };
    let mut end = first.len();
    for word in rest {
        let same = first.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
        end = end.min(same);
    }
    while !first.is_char_boundary(end) {
        end -= 1;
    }
    &first[..end]
}

/// The command to recall: `at` counts back from the newest, 0 is none. Gives the new place.
#[must_use]
pub fn recall(len: usize, at: usize, older: bool) -> usize {
    if older { (at + 1).min(len) } else { at.saturating_sub(1) }
}

/// The newest of `lines` before `end` that holds `needle`: its place.
#[must_use]
pub fn search(lines: &[String], end: usize, needle: &str) -> Option<usize> {
    lines.get(..end.min(lines.len()))?.iter().rposition(|line| line.contains(needle))
}

/// A search back through what was typed before, letter by letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    pub needle: String,
    /// What stood at the prompt when it began.
    pub before: String,
    /// The place of the match; none when nothing fits.
    at: Option<usize>,
}

impl Search {
    #[must_use]
    pub fn begin(lines: &[String], typed: &str) -> Self {
        Self { needle: typed.to_owned(), before: typed.to_owned(), at: search(lines, usize::MAX, typed) }
    }

    /// Something else is looked for now.
    #[must_use]
    pub fn typed(self, lines: &[String], needle: &str) -> Self {
        Self { needle: needle.to_owned(), at: search(lines, usize::MAX, needle), ..self }
    }

    /// On to the match before; the last one stays.
    #[must_use]
    pub fn older(self, lines: &[String]) -> Self {
        let next = self.at.and_then(|at| search(lines, at, &self.needle)).or(self.at);
        Self { at: next, ..self }
    }

    /// The line found; empty when there is none.
    #[must_use]
    pub fn found<'a>(&self, lines: &'a [String]) -> &'a str {
        self.at.and_then(|at| lines.get(at)).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_count_as_inputs_do() {
        assert_eq!(split_at_utf16("한글 a", 2), ("한글", " a"));
        assert_eq!(split_at_utf16("😀b", 2), ("😀", "b"));
        assert_eq!(split_at_utf16("ab", 9), ("ab", ""));
    }

    #[test]
    fn the_common_prefix_of_words() {
        assert_eq!(common_prefix(&["deployments", "describe"]), "de");
        assert_eq!(common_prefix(&["pods"]), "pods");
        assert_eq!(common_prefix(&[]), "");
        assert_eq!(common_prefix(&["가", "각"]), "");
    }

    #[test]
    fn a_search_goes_back_from_match_to_match() {
        let lines = ["get pods", "apply", "get nodes"].map(str::to_owned);
        assert_eq!(search(&lines, 9, "get"), Some(2));
        assert_eq!(search(&lines, 2, "get"), Some(0));
        assert_eq!(search(&lines, 0, "get"), None);
        let found = Search::begin(&lines, "").typed(&lines, "get");
        assert_eq!(found.found(&lines), "get nodes");
        let older = found.older(&lines);
        assert_eq!(
            (older.found(&lines), older.clone().older(&lines).found(&lines)),
            ("get pods", "get pods")
        );
        assert_eq!(older.typed(&lines, "xyz").found(&lines), "");
    }

    #[test]
    fn history_stops_at_its_ends() {
        assert_eq!(recall(2, 0, true), 1);
        assert_eq!(recall(2, 2, true), 2);
        assert_eq!(recall(2, 1, false), 0);
        assert_eq!(recall(2, 0, false), 0);
    }
}
