//! Aligned columns from tab-separated text.
//!
//! A column is a run of lines that have a cell there; its width is that of its widest cell plus padding. A cell ends
//! with a tab: what follows the last tab of a line belongs to no column.
//! Models `text/tabwriter` and `github.com/liggitt/tabwriter` (widths remembered between flushes). Widths count
//! characters, as upstream does, so wide scripts do not line up here either. Not modelled: escapes, right alignment,
//! padding with tabs.

/// Collects text; [`Self::flush`] or [`Self::finish`] gives it back aligned.
#[derive(Clone, Debug)]
pub struct TabWriter {
    min_width: usize,
    padding: usize,
    remember: bool,
    lines: Vec<Vec<String>>,
    cell: String,
    widths: Vec<usize>,
    max_widths: Vec<usize>,
    out: String,
}

impl TabWriter {
    #[must_use]
    pub fn new(min_width: usize, padding: usize, remember: bool) -> Self {
        Self {
            min_width,
            padding,
            remember,
            lines: vec![Vec::new()],
            cell: String::new(),
            widths: Vec::new(),
            max_widths: Vec::new(),
            out: String::new(),
        }
    }

    /// As `kubectl get` prints tables: at least 6 wide, 3 spaces between; a later flush (watch) keeps the widths.
    #[must_use]
    pub fn for_tables() -> Self {
        Self::new(6, 3, true)
    }

    /// As `kubectl describe` prints.
    #[must_use]
    pub fn for_describe() -> Self {
        Self::new(0, 2, false)
    }

    /// Adds text: `\t` ends a cell, `\n` a line, `\u{c}` a section.
    pub fn write(&mut self, text: &str) {
        for part in text.split_inclusive(['\t', '\u{b}', '\n', '\u{c}']) {
            let end = part.chars().next_back();
            let Some(end) = end.filter(|c| matches!(c, '\t' | '\u{b}' | '\n' | '\u{c}')) else {
                self.cell.push_str(part);
                continue;
            };
            self.cell.push_str(&part[..part.len() - 1]);
            let cell = std::mem::take(&mut self.cell);
            let cells = self.lines.last_mut().map_or(0, |line| {
                line.push(cell);
                line.len()
            });
            if matches!(end, '\n' | '\u{c}') {
                self.lines.push(Vec::new());
                // A line of one cell belongs to no column, so what came before is settled.
                if end == '\u{c}' || cells == 1 {
                    self.settle();
                }
            }
        }
    }

    /// Adds one line of cells.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        for (i, cell) in cells.into_iter().enumerate() {
            if i > 0 {
                self.write("\t");
            }
            self.write(cell.as_ref());
        }
        self.write("\n");
    }

    /// The aligned text so far; more may follow.
    pub fn flush(&mut self) -> String {
        self.settle();
        std::mem::take(&mut self.out)
    }

    /// The aligned text.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.flush()
    }

    fn settle(&mut self) {
        if !self.cell.is_empty() {
            let cell = std::mem::take(&mut self.cell);
            if let Some(line) = self.lines.last_mut() {
                line.push(cell);
            }
        }
        let lines = std::mem::replace(&mut self.lines, vec![Vec::new()]);
        self.widths.clear();
        self.format(&lines, 0, lines.len());
    }

    /// Formats lines `from..to`, whose first columns have the widths found so far.
    fn format(&mut self, lines: &[Vec<String>], mut from: usize, to: usize) {
        let column = self.widths.len();
        let in_column = |line: &Vec<String>| column + 1 < line.len();
        let mut this = from;
        while this < to {
            if !in_column(&lines[this]) {
                this += 1;
                continue;
            }
            self.put_lines(lines, from, this);
            from = this;
            let mut width = self.min_width;
            while this < to && in_column(&lines[this]) {
                width = width.max(lines[this][column].chars().count() + self.padding);
                this += 1;
            }
            if self.remember {
                if self.max_widths.len() < column {
                    let known = self.max_widths.len();
                    self.max_widths.extend_from_slice(&self.widths[known..]);
                }
                match self.max_widths.get_mut(column) {
                    None => self.max_widths.push(width),
                    Some(max) => {
                        width = width.max(*max);
                        *max = width;
                    }
                }
            }
            self.widths.push(width);
            self.format(lines, from, this);
            self.widths.pop();
            from = this;
        }
        self.put_lines(lines, from, to);
    }

    fn put_lines(&mut self, lines: &[Vec<String>], from: usize, to: usize) {
        for (i, line) in lines.iter().enumerate().take(to).skip(from) {
            for (j, cell) in line.iter().enumerate() {
                self.out.push_str(cell);
                if let Some(width) = self.widths.get(j) {
                    let pad = width.saturating_sub(cell.chars().count());
                    self.out.extend(std::iter::repeat_n(' ', pad));
                }
            }
            // The last line is the one not ended yet.
            if i + 1 < lines.len() {
                self.out.push('\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_align_and_later_rows_keep_the_widths() {
        let mut w = TabWriter::for_tables();
        w.row(["NAME", "READY", "AGE"]);
        w.row(["web-1", "1/1", "5s"]);
        assert_eq!(w.flush(), "NAME    READY   AGE\nweb-1   1/1     5s\n");
        w.row(["a", "0/1", "1s"]);
        assert_eq!(w.flush(), "a       0/1     1s\n");
    }

    #[test]
    fn describe_aligns_block_by_block() {
        let mut w = TabWriter::for_describe();
        w.write("Name:\tweb\nNamespace:\tdefault\nContainers:\n  c:\n    Image:\tnginx\n    Port:\t80/TCP\nEvents:\t<none>\n");
        assert_eq!(
            w.finish(),
            "Name:       web\nNamespace:  default\nContainers:\n  c:\n    Image:  nginx\n    Port:   80/TCP\nEvents:     <none>\n"
        );
    }

    #[test]
    fn a_column_ends_where_a_line_has_no_cell_there() {
        let mut w = TabWriter::new(0, 1, false);
        w.write("a\tb\tc\nlong\tb\nx\ty\tz\tw\nxx\tyy\tzz\tww\nend");
        assert_eq!(w.finish(), "a    b c\nlong b\nx    y  z  w\nxx   yy zz ww\nend");
    }
}
