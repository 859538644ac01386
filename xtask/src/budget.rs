//! `cargo xtask size`: what a first visit downloads, brotli-compressed, against the budget.
//!
//! Counted as the first part: every HTML, JS, wasm and CSS file that the page needs before it can be used. The rest of
//! the program (`rest-*.wasm`) comes while it is used and has a limit of its own together with the first part.
//! What is seldom used (`seldom-*.wasm`) comes when it is first called, which most visits never do; with it the program
//! has a third limit. Files below dist/later/ are not counted: the page fetches them only when somebody asks for them.
//! Nor are other pages of the site. The browser tests hold the page to all that.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io::Write as _};

use crate::{Outcome, page, project, tools};

/// To a page that shows itself, in bytes.
const FIRST_BYTES: u64 = 600_000;
/// With the rest of the program, which every visit downloads, in bytes. It must come down (ARCHITECTURE.md, known limits).
const VISIT_BYTES: u64 = 1_910_000;
/// With what is seldom used, in bytes.
const WHOLE_BYTES: u64 = 2_920_000;
/// Directory of dist/ whose files are not part of a first visit.
const LATER: &str = "later/";
/// How the names of other pages and their scripts begin: a lesson in a foreign page, and who builds its snippet.
const OTHER_PAGES: &str = "embed";

struct Row {
    /// Relative to dist/, with forward slashes.
    path: String,
    raw_bytes: u64,
    /// None when the kind of file is not counted.
    brotli_bytes: Option<u64>,
}

pub(crate) fn run() -> Outcome {
    tools::node()?;
    let dist = project::dist();
    if !dist.join("index.html").is_file() {
        return Err("there is no dist/index.html: run `cargo xtask build` first".into());
    }
    let mut rows = Vec::new();
    for file in project::files_below(&dist)? {
        let path = file.strip_prefix(&dist).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let raw_bytes =
            fs::metadata(&file).map_err(|e| format!("cannot read {}: {e}", file.display()))?.len();
        let brotli_bytes = if is_code(&path) { Some(brotli(&file)?) } else { None };
        rows.push(Row { path, raw_bytes, brotli_bytes });
    }
    let (table, sums) = table(&rows);
    print!("{table}");
    for (what, bytes, most) in [
        ("a usable page", sums.first, FIRST_BYTES),
        ("a visit", sums.visit(), VISIT_BYTES),
        ("the whole program", sums.whole(), WHOLE_BYTES),
    ] {
        if bytes > most {
            return Err(format!("{what} downloads {bytes} bytes, {} over the budget", bytes - most));
        }
    }
    Ok(())
}

/// Bytes after brotli.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    first: u64,
    rest: u64,
    seldom: u64,
}

impl Sums {
    fn visit(&self) -> u64 {
        self.first + self.rest
    }

    fn whole(&self) -> u64 {
        self.visit() + self.seldom
    }
}

fn is_code(path: &str) -> bool {
    [".html", ".js", ".mjs", ".wasm", ".css"].iter().any(|ending| path.ends_with(ending))
}

/// The table to print, and its sums.
fn table(rows: &[Row]) -> (String, Sums) {
    let mut text = format!("{:>10} {:>10}  file\n", "bytes", "brotli");
    let mut sums = Sums::default();
    for row in rows {
        let (later, rest) = (
            row.path.starts_with(LATER) || row.path.starts_with(OTHER_PAGES),
            row.path.starts_with(page::REST_PREFIX),
        );
        let seldom = row.path.starts_with(page::SELDOM_PREFIX);
        let brotli = row.brotli_bytes.map_or("-".to_owned(), |bytes| bytes.to_string());
        let mark = match (later, rest, seldom) {
            (true, ..) => " (when asked for)",
            (_, true, _) => " (while the page is used)",
            (.., true) => " (when first called)",
            _ => "",
        };
        text += &format!("{:>10} {brotli:>10}  {}{mark}\n", row.raw_bytes, row.path);
        match row.brotli_bytes {
            Some(bytes) if rest => sums.rest += bytes,
            Some(bytes) if seldom => sums.seldom += bytes,
            Some(bytes) if !later => sums.first += bytes,
            _ => {}
        }
    }
    for (what, bytes, most) in [
        ("to a usable page", sums.first, FIRST_BYTES),
        ("with the rest", sums.visit(), VISIT_BYTES),
        ("with what is seldom used", sums.whole(), WHOLE_BYTES),
    ] {
        text += &format!("{bytes:>21}  {what}: {} % of {most}\n", bytes * 100 / most);
    }
    (text, sums)
}

/// The size of a file after brotli at its best, by Node's zlib; remembered by content.
fn brotli(file: &Path) -> Outcome<u64> {
    let bytes = project::read(file)?;
    let memo = project::target().join("brotli-sizes").join(project::key(&[&bytes]));
    if let Some(size) = fs::read_to_string(&memo).ok().and_then(|text| text.parse().ok()) {
        return Ok(size);
    }
    let script = "const z = require('node:zlib'), d = require('node:fs').readFileSync(0), c = z.constants;\
                  process.stdout.write(String(z.brotliCompressSync(d, { params: {\
                  [c.BROTLI_PARAM_QUALITY]: 11, [c.BROTLI_PARAM_LGWIN]: 24, [c.BROTLI_PARAM_SIZE_HINT]: d.length } }).length))";
    let mut node = Command::new("node")
        .args(["-e", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot start node: {e}"))?;
    // Dropped at the end of the statement, which closes the pipe.
    node.stdin
        .take()
        .ok_or("node has no standard input")?
        .write_all(&bytes)
        .map_err(|e| format!("node: {e}"))?;
    let out = node.wait_with_output().map_err(|e| format!("node: {e}"))?;
    let size = String::from_utf8_lossy(&out.stdout)
        .trim()
        .parse()
        .map_err(|e| format!("brotli of {}: {e}", file.display()))?;
    project::write(&memo, format!("{size}").as_bytes())?;
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_and_what_is_for_later_are_not_needed_first() {
        let row = |path: &str, raw_bytes, brotli_bytes| Row { path: path.into(), raw_bytes, brotli_bytes };
        let rows = [
            row("a.wasm", 1000, Some(300)),
            row("icon.svg", 77, None),
            row("index.html", 100, Some(50)),
            row("embed.html", 100, Some(50)),
            row("later/editor.js", 9000, Some(2000)),
            row("rest-1.wasm", 2000, Some(400)),
            row("seldom-1.wasm", 4000, Some(800)),
        ];
        let (text, sums) = table(&rows);
        assert_eq!(sums, Sums { first: 350, rest: 400, seldom: 800 });
        assert!(text.contains("later/editor.js (when asked for)"), "{text}");
        assert!(text.contains("rest-1.wasm (while the page is used)"), "{text}");
        assert!(text.contains("seldom-1.wasm (when first called)"), "{text}");
        for (bytes, what, most) in [
            (350, "to a usable page", FIRST_BYTES),
            (750, "with the rest", VISIT_BYTES),
            (1550, "with what is seldom used", WHOLE_BYTES),
        ] {
            let line = format!("\n{bytes:>21}  {what}: 0 % of {most}\n");
            assert!(text.contains(&line), "{line:?} in {text}");
        }
    }

    #[test]
    fn only_code_is_counted() {
        for (path, counted) in
            [("x_bg.wasm", true), ("x.js", true), ("a/b.css", true), ("x.svg", false), ("wasm", false)]
        {
            assert_eq!(is_code(path), counted, "{path}");
        }
    }
}
