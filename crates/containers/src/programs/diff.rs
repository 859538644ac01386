//! `diff`: unified (`-u`, busybox's only form) and plain output of two files.

use super::gather::{Gathered, Job, Tool, all_of_it, gather, no_end};
use crate::machine::{Program, Sys};

/// Lines of either file that are compared at all.
const LINES_MAX: usize = 4000;

#[derive(Clone, Copy, PartialEq)]
enum Edit {
    Same,
    Del,
    Add,
}

/// The edits of a longest common subsequence.
fn edits(a: &[&str], b: &[&str]) -> Vec<Edit> {
    let (n, m) = (a.len(), b.len());
    let mut length = vec![0u32; (n + 1) * (m + 1)];
    let at = |i: usize, j: usize| i * (m + 1) + j;
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            length[at(i, j)] = if a[i] == b[j] {
                length[at(i + 1, j + 1)] + 1
            } else {
                length[at(i + 1, j)].max(length[at(i, j + 1)])
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < n || j < m {
        if i < n && j < m && a[i] == b[j] {
            out.push(Edit::Same);
            i += 1;
            j += 1;
        } else if i < n && (j == m || length[at(i + 1, j)] >= length[at(i, j + 1)]) {
            out.push(Edit::Del);
            i += 1;
        } else {
            out.push(Edit::Add);
            j += 1;
        }
    }
    out
}

fn unified(edits: &[Edit], a: &[&str], b: &[&str]) -> String {
    const CONTEXT: usize = 3;
    let mut out = String::new();
    let changed: Vec<usize> =
        edits.iter().enumerate().filter(|(_, e)| **e != Edit::Same).map(|(i, _)| i).collect();
    let mut k = 0;
    while k < changed.len() {
        let from = changed[k].saturating_sub(CONTEXT);
        let mut end = changed[k];
        while k < changed.len() && changed[k] <= end + 2 * CONTEXT {
            end = changed[k];
            k += 1;
        }
        let to = (end + CONTEXT + 1).min(edits.len());
        let count = |range: &[Edit], skip: Edit| range.iter().filter(|e| **e != skip).count();
        let (mut i, mut j) = (count(&edits[..from], Edit::Add), count(&edits[..from], Edit::Del));
        let (na, nb) = (count(&edits[from..to], Edit::Add), count(&edits[from..to], Edit::Del));
        let span = |start: usize, n: usize| match n {
            0 => format!("{start},0"),
            1 => format!("{}", start + 1),
            n => format!("{},{n}", start + 1),
        };
        out.push_str(&format!("@@ -{} +{} @@\n", span(i, na), span(j, nb)));
        for edit in &edits[from..to] {
            let (mark, line) = match edit {
                Edit::Same => (' ', a[i]),
                Edit::Del => ('-', a[i]),
                Edit::Add => ('+', b[j]),
            };
            i += usize::from(*edit != Edit::Add);
            j += usize::from(*edit != Edit::Del);
            out.push(mark);
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

fn plain(edits: &[Edit], a: &[&str], b: &[&str]) -> String {
    let mut out = String::new();
    let (mut i, mut j, mut k) = (0, 0, 0);
    while k < edits.len() {
        if edits[k] == Edit::Same {
            (i, j, k) = (i + 1, j + 1, k + 1);
            continue;
        }
        let (i0, j0) = (i, j);
        while k < edits.len() && edits[k] != Edit::Same {
            if edits[k] == Edit::Del {
                i += 1
            } else {
                j += 1
            }
            k += 1;
        }
        let span = |from: usize, to: usize| {
            if to - from <= 1 { to.to_string() } else { format!("{},{to}", from + 1) }
        };
        let kind = match (i > i0, j > j0) {
            (true, true) => 'c',
            (true, false) => 'd',
            _ => 'a',
        };
        let left = if i > i0 { span(i0, i) } else { i0.to_string() };
        let right = if j > j0 { span(j0, j) } else { j0.to_string() };
        out.push_str(&format!("{left}{kind}{right}\n"));
        a[i0..i].iter().for_each(|l| out.push_str(&format!("< {l}\n")));
        if kind == 'c' {
            out.push_str("---\n");
        }
        b[j0..j].iter().for_each(|l| out.push_str(&format!("> {l}\n")));
    }
    out
}

static TOOL: Tool = Tool {
    spec: "abBdiNqrTtuwsU:",
    // Only standard input has to be waited for.
    files: |args| vec![if args.rest.iter().any(|f| f == "-") { "-".into() } else { "/dev/null".into() }],
    finish: run,
    part: all_of_it,
    enough: no_end,
};

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    gather(&TOOL, argv)
}

fn run(sys: &mut Sys<'_>, job: &mut Job, all: Gathered) -> i32 {
    let args = job.args.clone();
    let input = all.into_iter().next().map(|f| f.1).unwrap_or_default();
    let [left, right] = args.rest.as_slice() else {
        super::usage(sys, "diff: missing operand\n");
        return 2;
    };
    let mut texts = Vec::new();
    for name in [left, right] {
        let path = sys.path(name);
        let read = if name == "-" { Ok(input.clone()) } else { sys.fs().read(&path) };
        match read {
            Ok(bytes) => texts.push(String::from_utf8_lossy(&bytes).into_owned()),
            Err(_) if args.has('N') => texts.push(String::new()),
            Err(e) => {
                sys.err(&if sys.gnu() {
                    format!("diff: {name}: {e}\n")
                } else {
                    format!("diff: can't stat '{name}': {e}\n")
                });
                return 2;
            }
        }
    }
    if texts[0] == texts[1] {
        return 0;
    }
    if args.has('q') {
        sys.out(format!("Files {left} and {right} differ\n"));
        return 1;
    }
    let a: Vec<&str> = texts[0].lines().take(LINES_MAX).collect();
    let b: Vec<&str> = texts[1].lines().take(LINES_MAX).collect();
    if a.len() * b.len() > 4_000_000 {
        sys.out(format!("Files {left} and {right} differ\n"));
        return 1;
    }
    sys.charge(((a.len() * b.len()) >> 8) as u32);
    let edits = edits(&a, &b);
    if sys.gnu() && !args.has('u') && args.value('U').is_none() {
        sys.out(plain(&edits, &a, &b));
    } else {
        sys.out(format!("--- {left}\n+++ {right}\n{}", unified(&edits, &a, &b)));
    }
    1
}
