//! `cargo xtask size`: what a first visit downloads, brotli-compressed, against the budget.
//!
//! Counted: every HTML, JS, wasm and CSS file of dist/ except those below dist/later/, which the page fetches only
//! when somebody asks for them. The browser tests hold the page to that.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io::Write as _};

use crate::{Outcome, project, tools};

/// To a usable page, in bytes.
const BUDGET_BYTES: u64 = 400_000;
/// Directory of dist/ whose files are not part of a first visit.
const LATER: &str = "later/";

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
    let (table, first_visit) = table(&rows);
    print!("{table}");
    if first_visit > BUDGET_BYTES {
        return Err(format!(
            "a first visit downloads {first_visit} bytes, {} over the budget",
            first_visit - BUDGET_BYTES
        ));
    }
    Ok(())
}

fn is_code(path: &str) -> bool {
    [".html", ".js", ".mjs", ".wasm", ".css"].iter().any(|ending| path.ends_with(ending))
}

/// The table to print, and the bytes of a first visit.
fn table(rows: &[Row]) -> (String, u64) {
    let mut text = format!("{:>10} {:>10}  file\n", "bytes", "brotli");
    let (mut raw, mut first_visit) = (0, 0);
    for row in rows {
        let later = row.path.starts_with(LATER);
        let brotli = row.brotli_bytes.map_or("-".to_owned(), |bytes| bytes.to_string());
        let mark = if later { " (when asked for)" } else { "" };
        text += &format!("{:>10} {brotli:>10}  {}{mark}\n", row.raw_bytes, row.path);
        if let (false, Some(bytes)) = (later, row.brotli_bytes) {
            raw += row.raw_bytes;
            first_visit += bytes;
        }
    }
    let percent = first_visit * 100 / BUDGET_BYTES;
    text += &format!("{raw:>10} {first_visit:>10}  first visit: {percent} % of {BUDGET_BYTES}\n");
    (text, first_visit)
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
    fn a_first_visit_counts_code_that_is_not_for_later() {
        let row = |path: &str, raw_bytes, brotli_bytes| Row { path: path.into(), raw_bytes, brotli_bytes };
        let rows = [
            row("a.wasm", 1000, Some(300)),
            row("icon.svg", 77, None),
            row("index.html", 100, Some(50)),
            row("later/editor.js", 9000, Some(2000)),
        ];
        let (text, first_visit) = table(&rows);
        assert_eq!(first_visit, 350);
        assert!(text.contains("later/editor.js (when asked for)"), "{text}");
        assert!(text.ends_with("      1100        350  first visit: 0 % of 400000\n"), "{text}");
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
