//! `-o custom-columns`: a header and a path per column.
//!
//! Models `k8s.io/kubectl/pkg/cmd/get` customcolumn.go.

use objects::Value;

use crate::error::{Error, Result, fail};
use crate::printers::jsonpath::{Template, relaxed};

pub struct Columns {
    columns: Vec<(String, Template)>,
    no_headers: bool,
    /// Columns without a path.
    bare: Vec<usize>,
}

impl Columns {
    /// From `NAME:.metadata.name,...`, or from a file with a line of headers and a line of paths.
    ///
    /// # Errors
    /// Upstream's text.
    pub fn parse(spec: &str, file: bool, no_headers: bool) -> Result<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        if file {
            let mut lines = spec.lines();
            let missing = |what: &str| {
                Error::text(format!(
                    "invalid template, missing {what} line. Expected format is one line of space separated headers, one line of space separated column specs."
                ))
            };
            let headers: Vec<&str> =
                lines.next().ok_or_else(|| missing("header"))?.split_whitespace().collect();
            let paths: Vec<&str> = lines.next().ok_or_else(|| missing("spec"))?.split_whitespace().collect();
            if headers.len() != paths.len() {
                return fail(format!(
                    "number of headers ({}) and field specifications ({}) don't match",
                    headers.len(),
                    paths.len()
                ));
            }
            pairs.extend(headers.into_iter().map(str::to_owned).zip(paths.into_iter().map(str::to_owned)));
        } else {
            if spec.is_empty() {
                return fail("custom-columns format specified but no custom columns given");
            }
            for part in split_outside_brackets(spec) {
                let Some((header, path)) = part.split_once(':') else {
                    return fail(format!(
                        "unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"
                    ));
                };
                pairs.push((header.to_owned(), path.to_owned()));
            }
        }
        let mut columns = Vec::new();
        let bare = (0..pairs.len()).filter(|&i| pairs[i].1.is_empty()).collect();
        for (header, path) in pairs {
            // No path at all finds nothing.
            let text =
                if path.is_empty() { "{.}".to_owned() } else { relaxed(&path).map_err(Error::Text)? };
            let t = Template::parse(&text, true).map_err(|e| Error::text(e.to_string()))?;
            columns.push((header, t));
        }
        Ok(Self { columns, no_headers, bare })
    }

    /// # Errors
    /// A path that does not fit.
    pub fn print(&self, object: &Value, first: bool) -> Result<String> {
        let mut text = String::new();
        if first && !self.no_headers {
            let headers: Vec<&str> = self.columns.iter().map(|(h, _)| h.as_str()).collect();
            text.push_str(&headers.join("\t"));
            text.push('\n');
        }
        match object.find("items").and_then(Value::as_list) {
            Some(items) => {
                for i in items.iter() {
                    self.row(i, &mut text)?;
                }
            }
            None => self.row(object, &mut text)?,
        }
        Ok(super::columns(&text))
    }

    fn row(&self, object: &Value, out: &mut String) -> Result<()> {
        let mut cells = Vec::new();
        for (n, (_, path)) in self.columns.iter().enumerate() {
            if self.bare.contains(&n) {
                cells.push("<none>".to_owned());
                continue;
            }
            let values = path.results(object).map_err(Error::Text)?;
            let texts: Vec<String> = values.iter().map(objects::go_text::plain).collect();
            cells.push(if texts.is_empty() { "<none>".to_owned() } else { texts.join(",") });
        }
        out.push_str(&cells.join("\t"));
        out.push('\n');
        Ok(())
    }
}

/// Commas inside brackets belong to the path.
fn split_outside_brackets(spec: &str) -> Vec<&str> {
    let (mut out, mut depth, mut from) = (Vec::new(), 0usize, 0);
    for (i, c) in spec.char_indices() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                out.push(&spec[from..i]);
                from = i + 1;
            }
            _ => {}
        }
    }
    out.push(&spec[from..]);
    out
}
