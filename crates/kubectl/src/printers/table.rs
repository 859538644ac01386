//! The server's tables as rows of text.
//!
//! Models `k8s.io/cli-runtime/pkg/printers` tableprinter.go.

use objects::Value;

/// Which columns and what is put before them.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub no_headers: bool,
    pub wide: bool,
    pub show_labels: bool,
    pub label_columns: Vec<String>,
    pub with_namespace: bool,
    /// `deployment.apps`, put before names.
    pub with_kind: Option<String>,
}

/// Prints tables of one resource; remembers the columns, which later events of a watch leave out.
#[derive(Default)]
pub struct TablePrinter {
    pub options: Options,
    columns: Value,
    headed: bool,
}

impl TablePrinter {
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options, ..Self::default() }
    }

    /// Appends the table's lines, cells separated by tabs. `event` is the watch event's type, for
    /// `--output-watch-events`.
    pub fn print(&mut self, table: &Value, event: Option<&str>, out: &mut String) {
        let columns = &table["columnDefinitions"];
        if !columns.items().is_empty() {
            self.columns = columns.clone();
        }
        let rows = table["rows"].items();
        if rows.is_empty() {
            return;
        }
        if !self.headed && !self.options.no_headers {
            self.header(event.is_some(), out);
        }
        self.headed = true;
        for row in rows {
            self.row(row, event, out);
        }
    }

    fn shown(&self, column: &Value) -> bool {
        self.options.wide || column["priority"].int() == 0
    }

    fn header(&self, event: bool, out: &mut String) {
        let mut cells: Vec<String> = Vec::new();
        if event {
            cells.push("EVENT".into());
        }
        if self.options.with_namespace {
            cells.push("NAMESPACE".into());
        }
        cells.extend(
            self.columns.items().iter().filter(|c| self.shown(c)).map(|c| c["name"].text().to_uppercase()),
        );
        for l in &self.options.label_columns {
            cells.push(l.rsplit('/').next().unwrap_or(l).to_uppercase());
        }
        if self.options.show_labels {
            cells.push("LABELS".into());
        }
        out.push_str(&cells.join("\t"));
        out.push('\n');
    }

    fn row(&self, row: &Value, event: Option<&str>, out: &mut String) {
        let meta = row["object"].meta();
        let mut cells: Vec<String> = Vec::new();
        if let Some(e) = event {
            cells.push(e.to_owned());
        }
        if self.options.with_namespace {
            cells.push(meta["namespace"].text().to_owned());
        }
        for (i, column) in self.columns.items().iter().enumerate() {
            if !self.shown(column) {
                continue;
            }
            let mut text = cell_text(&row["cells"][i]);
            if let Some(kind) = self.options.with_kind.as_ref().filter(|_| column["format"] == "name") {
                text = format!("{kind}/{text}");
            }
            cells.push(text);
        }
        let labels = &meta["labels"];
        for l in &self.options.label_columns {
            cells.push(labels.find(l).map_or_else(String::new, |v| v.text().to_owned()));
        }
        if self.options.show_labels {
            cells.push(labels_text(labels));
        }
        out.push_str(&cells.join("\t"));
        out.push('\n');
    }
}

fn cell_text(cell: &Value) -> String {
    let text = match cell {
        Value::Null => String::new(),
        Value::Str(s) => match s.find(['\n', '\r', '\x0c']) {
            Some(at) => format!("{}...", &s[..at]),
            None => s.to_string(),
        },
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Float(f) => f.to_string(),
        other => objects::json::to_string(other),
    };
    // A tab inside a cell would open another column.
    if text.contains('\t') { text.replace('\t', " ") } else { text }
}

/// `a=b,c=d`, or `<none>`.
#[must_use]
pub fn labels_text(labels: &Value) -> String {
    if labels.entries().is_empty() {
        return "<none>".into();
    }
    let parts: Vec<String> = labels.entries().iter().map(|(k, v)| format!("{k}={}", v.text())).collect();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use objects::value;

    fn pods() -> Value {
        value!({
            "kind": "Table",
            "columnDefinitions": [
                {"name": "Name", "format": "name", "priority": 0},
                {"name": "Ready", "priority": 0},
                {"name": "IP", "priority": 1}
            ],
            "rows": [
                {"cells": ["web", "1/1", "10.0.0.1"], "object": {"metadata": {"name": "web", "namespace": "d", "labels": {"app": "x", "b": "y"}}}},
                {"cells": ["long-name", "0/1\nmore", null], "object": {"metadata": {"name": "long-name", "namespace": "d"}}}
            ]
        })
    }

    #[test]
    fn columns_follow_the_options() {
        let mut out = String::new();
        TablePrinter::new(Options::default()).print(&pods(), None, &mut out);
        assert_eq!(out, "NAME\tREADY\nweb\t1/1\nlong-name\t0/1...\n");
        let mut out = String::new();
        let o = Options {
            wide: true,
            show_labels: true,
            label_columns: vec!["x/app".into(), "app".into()],
            with_namespace: true,
            with_kind: Some("pod".into()),
            no_headers: false,
        };
        TablePrinter::new(o).print(&pods(), Some("ADDED"), &mut out);
        assert_eq!(
            out,
            "EVENT\tNAMESPACE\tNAME\tREADY\tIP\tAPP\tAPP\tLABELS\nADDED\td\tpod/web\t1/1\t10.0.0.1\t\tx\tapp=x,b=y\nADDED\td\tpod/long-name\t0/1...\t\t\t\t<none>\n"
        );
    }

    #[test]
    fn headers_stand_once() {
        let mut p = TablePrinter::new(Options::default());
        let mut out = String::new();
        p.print(&pods(), None, &mut out);
        let mut event = pods();
        event.remove("columnDefinitions");
        let mut more = String::new();
        p.print(&event, None, &mut more);
        assert_eq!(more, "web\t1/1\nlong-name\t0/1...\n");
    }
}
