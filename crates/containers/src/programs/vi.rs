//! `vi` on a terminal of lines: each line typed is keys or a `:` command, and the screen is shown after it.
//!
//! Keys: `i a I A o O` (insert until a line with a single `.`, Escape, Ctrl-D or a `:` command), `x`, `D`, `dd`, `yy`, `p`, `P`,
//! `J`, `u`, `h j k l`, `w`, `b`, `0 ^ $`, `gg`, `G`, `/text`, `n`, counts before them; `:w :q :q! :wq :x :N`,
//! `:s/a/b/g`, `:%s/a/b/g`, `:e!`, `:set`. Without a terminal the file is printed. Not modelled: marks, registers, visual mode, macros.

use crate::machine::{Got, Program, Sys, Turn, Wait};
use crate::regex::Regex;

/// Lines of the window.
const SCREEN: usize = 20;
const LINES_MAX: usize = 100_000;
const UNDO_MAX: usize = 50;

#[derive(Clone, Default)]
struct Vi {
    argv: Vec<String>,
    begun: bool,
    name: String,
    lines: Vec<String>,
    row: usize,
    col: usize,
    inserting: bool,
    /// Nothing was typed since insert mode began: the text goes into the line where the cursor is.
    inside: bool,
    changed: bool,
    yanked: Vec<String>,
    undo: Vec<(Vec<String>, usize)>,
    search: String,
    typed: Vec<u8>,
    ended: bool,
    status: String,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Vi { argv: argv.to_vec(), ..Vi::default() })
}

fn byte_at(line: &str, col: usize) -> usize {
    line.char_indices().nth(col).map_or(line.len(), |(i, _)| i)
}

impl Vi {
    fn load(&mut self, sys: &mut Sys<'_>) {
        let path = sys.path(&self.name);
        match sys.fs().read(&path) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                self.lines = text.lines().take(LINES_MAX).map(str::to_owned).collect();
                self.status = format!("\"{}\" {}L, {}B", self.name, self.lines.len(), bytes.len());
            }
            Err(_) => {
                self.lines.clear();
                self.status = format!("\"{}\" [New File]", self.name);
            }
        }
        if self.lines.is_empty() {
            self.lines.push(String::new());
        }
        self.changed = false;
    }

    fn save(&mut self, sys: &mut Sys<'_>, name: &str) -> bool {
        let name = if name.is_empty() { self.name.clone() } else { name.to_owned() };
        if name.is_empty() {
            self.status = "E32: No file name".into();
            return false;
        }
        let mut text = self.lines.join("\n");
        if text.is_empty() && self.lines.len() <= 1 {
            text.clear();
        } else {
            text.push('\n');
        }
        let path = sys.path(&name);
        match sys.fs().write(&path, text.as_bytes()) {
            Ok(()) => {
                self.status = format!("\"{name}\" {}L, {}B written", self.lines.len(), text.len());
                self.changed = false;
                if self.name.is_empty() {
                    self.name = name;
                }
                true
            }
            Err(e) => {
                self.status = format!("\"{name}\" {e}");
                false
            }
        }
    }

    fn show(&mut self, sys: &mut Sys<'_>) {
        let first = self.row.saturating_sub(SCREEN / 2).min(self.lines.len().saturating_sub(SCREEN));
        let mut out = String::new();
        for i in first..first + SCREEN {
            match self.lines.get(i) {
                Some(line) => out.push_str(&format!("{} {line}\n", if i == self.row { '>' } else { ' ' })),
                None if i < first + SCREEN.min(self.lines.len() + 2) => out.push_str("~\n"),
                None => break,
            }
        }
        let mode = if self.inserting { "-- INSERT --  " } else { "" };
        out.push_str(&format!(
            "{mode}{}  {},{}\n",
            std::mem::take(&mut self.status),
            self.row + 1,
            self.col + 1
        ));
        sys.out(out);
    }

    fn keep(&mut self) {
        if self.undo.len() >= UNDO_MAX {
            self.undo.remove(0);
        }
        self.undo.push((self.lines.clone(), self.row));
        self.changed = true;
    }

    fn clamp(&mut self) {
        if self.lines.is_empty() {
            self.lines.push(String::new());
        }
        self.row = self.row.min(self.lines.len() - 1);
        self.col = self.col.min(self.lines[self.row].chars().count().saturating_sub(1));
    }

    fn find(&mut self) {
        let Ok(regex) = Regex::new(&self.search, false, false) else {
            self.status = format!("E486: Pattern not found: {}", self.search);
            return;
        };
        let n = self.lines.len();
        let hit = (1..=n).map(|i| (self.row + i) % n).find(|i| regex.is_match(&self.lines[*i]));
        match hit {
            Some(i) => {
                if i <= self.row {
                    self.status = "search hit BOTTOM, continuing at TOP".into();
                }
                self.row = i;
                self.col = self.lines[i]
                    .find(self.search.as_str())
                    .map_or(0, |b| self.lines[i][..b].chars().count());
            }
            None => self.status = format!("E486: Pattern not found: {}", self.search),
        }
    }

    /// `:` and what follows; the exit code when it ends the editor.
    fn command(&mut self, text: &str, sys: &mut Sys<'_>) -> Option<i32> {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        match verb {
            "" => {}
            "w" | "w!" => drop(self.save(sys, rest.trim())),
            "q" if self.changed => {
                self.status = "E37: No write since last change (add ! to override)".into();
            }
            "q" | "q!" | "qa" | "qa!" => return Some(0),
            "cq" => return Some(1),
            "wq" | "wq!" | "x" | "x!" | "wqa" | "xa" => {
                let clean = verb.starts_with('x') && !self.changed;
                return (clean || self.save(sys, rest.trim())).then_some(0);
            }
            "e!" => self.load(sys),
            "$" => self.row = self.lines.len() - 1,
            "d" => return self.keys("dd", sys),
            "set" | "syntax" | "noh" => {}
            v if v.parse::<usize>().is_ok() => {
                self.row = v.parse::<usize>().unwrap_or(1).saturating_sub(1);
            }
            _ => self.substitute(text),
        }
        self.clamp();
        None
    }

    /// `s/a/b/g` and `%s/a/b/g`.
    fn substitute(&mut self, text: &str) {
        let (all, rest) = text.strip_prefix('%').map_or((false, text), |r| (true, r));
        let parts = rest.strip_prefix('s').and_then(|r| {
            let mark = r.chars().next().filter(|c| !c.is_alphanumeric())?;
            Some(r[mark.len_utf8()..].split(mark).map(str::to_owned).collect::<Vec<_>>())
        });
        let Some(parts) = parts else {
            self.status = format!("E492: Not an editor command: {text}");
            return;
        };
        let pattern = parts.first().cloned().unwrap_or_default();
        let with = parts.get(1).cloned().unwrap_or_default();
        let global = parts.get(2).is_some_and(|f| f.contains('g'));
        let range = if all { 0..self.lines.len() } else { self.row..self.row + 1 };
        self.keep();
        let mut count = 0;
        for i in range {
            let new = super::sed::replaced(&self.lines[i], &pattern, &with, global);
            if let Some(new) = new {
                count += 1;
                self.lines[i] = new;
                self.row = i;
            }
        }
        if count == 0 {
            self.status = format!("E486: Pattern not found: {pattern}");
            self.undo.pop();
        } else if count > 2 {
            self.status = format!("{count} substitutions on {count} lines");
        }
    }

    /// Keys in normal mode; the exit code when they end the editor.
    fn keys(&mut self, keys: &str, sys: &mut Sys<'_>) -> Option<i32> {
        let all: Vec<char> = keys.chars().collect();
        let mut i = 0;
        while i < all.len() {
            let mut count = 0usize;
            while let Some(d) = all.get(i).and_then(|c| c.to_digit(10)).filter(|d| *d > 0 || count > 0) {
                count = (count * 10 + d as usize).min(LINES_MAX);
                i += 1;
            }
            let Some(c) = all.get(i).copied() else {
                break;
            };
            i += 1;
            let n = count.max(1);
            match c {
                ':' => {
                    let rest: String = all[i..].iter().collect();
                    return self.command(rest.trim(), sys);
                }
                '/' => {
                    let text: String = all[i..].iter().collect();
                    if !text.is_empty() {
                        self.search = text;
                    }
                    self.find();
                    return None;
                }
                'n' => self.find(),
                'i' | 'a' | 'I' | 'A' | 'o' | 'O' => {
                    self.begin_insert(c);
                    let rest: String = all[i..].iter().collect();
                    if !rest.is_empty() {
                        return self.insert(&rest, sys);
                    }
                    return None;
                }
                'd' | 'y' if all.get(i) == Some(&c) => {
                    i += 1;
                    let end = (self.row + n).min(self.lines.len());
                    self.yanked = self.lines[self.row..end].to_vec();
                    if c == 'd' {
                        self.keep();
                        self.lines.drain(self.row..end);
                        self.col = 0;
                    }
                }
                'd' if all.get(i) == Some(&'G') => {
                    i += 1;
                    self.keep();
                    self.yanked = self.lines.split_off(self.row);
                }
                'p' | 'P' => {
                    self.keep();
                    let at = if c == 'p' { self.row + 1 } else { self.row }.min(self.lines.len());
                    let more = self.yanked.clone();
                    self.lines.splice(at..at, more);
                    self.lines.truncate(LINES_MAX);
                    self.row = at;
                }
                'x' | 'D' => {
                    self.keep();
                    let line = &mut self.lines[self.row];
                    let from = byte_at(line, self.col);
                    let to = if c == 'D' { line.len() } else { byte_at(line, self.col + n) };
                    line.replace_range(from..to, "");
                }
                'J' if self.row + 1 < self.lines.len() => {
                    self.keep();
                    let next = self.lines.remove(self.row + 1);
                    let line = &mut self.lines[self.row];
                    line.push(' ');
                    line.push_str(next.trim_start());
                }
                'r' if i < all.len() => {
                    self.keep();
                    let line = &mut self.lines[self.row];
                    let (from, to) = (byte_at(line, self.col), byte_at(line, self.col + 1));
                    line.replace_range(from..to, &all[i].to_string());
                    i += 1;
                }
                'u' => match self.undo.pop() {
                    Some((lines, row)) => (self.lines, self.row) = (lines, row),
                    None => self.status = "Already at oldest change".into(),
                },
                'j' => self.row += n,
                'k' => self.row = self.row.saturating_sub(n),
                'h' => self.col = self.col.saturating_sub(n),
                'l' | ' ' => self.col += n,
                'w' | 'e' => self.word(true),
                'b' => self.word(false),
                '0' | '^' => self.col = 0,
                '$' => self.col = usize::MAX,
                'G' => {
                    self.row = if count == 0 { self.lines.len() - 1 } else { count - 1 };
                    self.col = 0;
                }
                'g' if all.get(i) == Some(&'g') => {
                    i += 1;
                    (self.row, self.col) = (n - 1, 0);
                }
                'Z' if all.get(i) == Some(&'Z') => return self.command("x", sys),
                _ => {}
            }
            self.clamp();
        }
        None
    }

    fn word(&mut self, forward: bool) {
        let line: Vec<char> = self.lines[self.row].chars().collect();
        let begins = |i: usize| !line[i].is_whitespace() && (i == 0 || line[i - 1].is_whitespace());
        let to = if forward {
            (self.col + 1..line.len()).find(|i| begins(*i))
        } else {
            (0..self.col.min(line.len())).rev().find(|i| begins(*i))
        };
        self.col = to.unwrap_or(if forward { line.len() } else { 0 });
    }

    fn begin_insert(&mut self, c: char) {
        self.keep();
        self.inserting = true;
        self.inside = true;
        match c {
            'a' => self.col = (self.col + 1).min(self.lines[self.row].chars().count()),
            'I' => self.col = 0,
            'A' => self.col = self.lines[self.row].chars().count(),
            'o' | 'O' => {
                let at = if c == 'o' { self.row + 1 } else { self.row };
                self.lines.insert(at, String::new());
                (self.row, self.col) = (at, 0);
            }
            _ => {}
        }
    }

    /// A line of text in insert mode.
    fn insert(&mut self, text: &str, sys: &mut Sys<'_>) -> Option<i32> {
        if let Some((before, after)) = text.split_once('\u{1b}') {
            if !before.is_empty() {
                self.insert(before, sys);
            }
            self.inserting = false;
            self.clamp();
            return self.keys(after, sys);
        }
        let commands = [":w", ":q", ":q!", ":wq", ":wq!", ":x"];
        if text == "." || commands.contains(&text.trim()) {
            self.inserting = false;
            self.clamp();
            return if text == "." { None } else { self.keys(text.trim(), sys) };
        }
        if self.lines.len() >= LINES_MAX {
            return None;
        }
        if std::mem::take(&mut self.inside) {
            let line = &mut self.lines[self.row];
            let at = byte_at(line, self.col);
            line.insert_str(at, text);
            self.col += text.chars().count();
        } else {
            let line = &mut self.lines[self.row];
            let rest = line.split_off(byte_at(line, self.col));
            self.row += 1;
            self.col = text.chars().count();
            self.lines.insert(self.row, format!("{text}{rest}"));
        }
        None
    }

    fn begin(&mut self, sys: &mut Sys<'_>) -> Option<Turn> {
        self.begun = true;
        let (mut at, mut files) = (None, self.argv.iter().skip(1));
        let file = files.find(|a| {
            if let Some(n) = a.strip_prefix('+') {
                at = n.parse::<usize>().ok();
            }
            !a.starts_with(['-', '+'])
        });
        self.name = file.cloned().unwrap_or_default();
        if !sys.is_tty(0) {
            return Some(Turn::Exec(
                ["cat".into(), "--".into()].into_iter().chain(file.cloned()).collect(),
                None,
            ));
        }
        self.load(sys);
        self.row = at.unwrap_or(1).saturating_sub(1);
        self.clamp();
        self.show(sys);
        None
    }
}

impl Program for Vi {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        if !self.begun {
            return self.begin(sys).unwrap_or(Turn::More);
        }
        if let Some(n) = self.typed.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.typed.drain(..=n).collect();
            let line = String::from_utf8_lossy(&line[..n]).into_owned();
            let done = if self.inserting { self.insert(&line, sys) } else { self.keys(&line, sys) };
            if let Some(code) = done {
                if !self.status.is_empty() {
                    let status = std::mem::take(&mut self.status);
                    sys.out(format!("{status}\n"));
                }
                return Turn::Exit(code);
            }
            self.show(sys);
            return Turn::More;
        }
        match sys.read(0, 4096) {
            Got::Data(data) => {
                self.typed.extend(data);
                self.typed.truncate(1 << 20);
                self.ended = false;
                Turn::More
            }
            Got::Wait => Turn::Wait(Wait::Read(0)),
            // Ctrl-D leaves insert mode; a second one, or a lost terminal, the editor.
            Got::End if self.inserting => {
                self.inserting = false;
                self.clamp();
                self.show(sys);
                Turn::More
            }
            Got::End if !self.ended => {
                self.ended = true;
                Turn::More
            }
            Got::End | Got::Failed(_) => Turn::Exit(1),
        }
    }
}
