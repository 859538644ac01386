//! The lines of a description: levels of indent, cells separated by tabs, and what many kinds print alike.
//!
//! Models PrefixWriter and the multi-line printers of `k8s.io/kubectl/pkg/describe`.

use clock::{Time, duration_short};
use objects::Value;
use objects::quantity::Quantity;
use objects::tabwriter::TabWriter;
use ordered::Sort as _;

pub struct Page {
    done: String,
    text: String,
    pub now: Time,
}

const SKIPPED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const MAX_ANNOTATION: usize = 140;

impl Page {
    #[must_use]
    pub fn new(now: Time) -> Self {
        Self { done: String::new(), text: String::new(), now }
    }

    /// Text as it is, behind the indent of `level`.
    pub fn put(&mut self, level: usize, text: &str) {
        for _ in 0..level {
            self.text.push_str("  ");
        }
        self.text.push_str(text);
    }

    /// A line of the texts given, one after the other.
    pub fn line(&mut self, level: usize, texts: &[&str]) {
        self.put(level, "");
        for t in texts {
            self.text.push_str(t);
        }
        self.text.push('\n');
    }

    /// `Label:  value`
    pub fn at(&mut self, level: usize, label: &str, value: &str) {
        self.line(level, &[label, ":\t", value]);
    }

    /// `Label:  value` at the margin.
    pub fn field(&mut self, label: &str, value: &str) {
        self.at(0, label, value);
    }

    /// The value's text, when it is there.
    pub fn some(&mut self, level: usize, label: &str, value: &Value) {
        if !value.is_null() && value != "" {
            self.at(level, label, &plain(value));
        }
    }

    /// Ends the columns so far: what follows is aligned on its own.
    pub fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.done.push_str(&aligned(&text));
    }

    #[must_use]
    pub fn finish(mut self) -> String {
        self.flush();
        self.done
    }

    /// The text without alignment, as `rollout history` prints a template.
    #[must_use]
    pub fn raw(self) -> String {
        self.done + &self.text
    }

    /// `Name` and, where there is one, `Namespace`.
    pub fn name(&mut self, o: &Value) {
        self.field("Name", o.name());
        self.field("Namespace", o.namespace());
    }

    pub fn labels_and_annotations(&mut self, o: &Value) {
        self.labels("Labels", o.labels());
        self.annotations("Annotations", o.annotations());
    }

    /// `a=b`, one a line.
    pub fn labels(&mut self, title: &str, labels: &Value) {
        self.labels_with(title, "", labels);
    }

    /// As [`Self::labels`]; later lines begin with `indent`.
    pub fn labels_with(&mut self, title: &str, indent: &str, labels: &Value) {
        self.line_start(&format!("{indent}{title}:\t"));
        if labels.entries().is_empty() {
            self.text.push_str("<none>\n");
        }
        for (i, (k, v)) in labels.entries().iter().enumerate() {
            if i > 0 {
                self.text.push_str(indent);
                self.text.push('\t');
            }
            self.line(0, &[k, "=", v.text()]);
        }
    }

    fn line_start(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn annotations(&mut self, title: &str, annotations: &Value) {
        self.line_start(&format!("{title}:\t"));
        let mut first = true;
        for (k, v) in annotations.entries().iter().filter(|(k, _)| *k != SKIPPED) {
            if !first {
                self.text.push('\t');
            }
            first = false;
            let value = v.text().strip_suffix('\n').unwrap_or(v.text());
            if value.len() + k.len() + 2 > MAX_ANNOTATION || value.contains('\n') {
                self.line(0, &[k, ":"]);
                for s in value.split('\n') {
                    self.line(0, &["\t  ", &shorten(s, MAX_ANNOTATION - 2)]);
                }
            } else {
                self.line(0, &[k, ": ", value]);
            }
        }
        if first {
            self.text.push_str("<none>\n");
        }
    }

    /// A table of conditions, where there are any; `seen` is the title and the field of the time beside that of the
    /// last change.
    pub fn conditions(&mut self, conditions: &Value, seen: (&str, &str)) {
        if conditions.items().is_empty() {
            return;
        }
        let (title, field) = seen;
        self.put(0, &format!("Conditions:\n  Type\tStatus\t{title}\tLastTransitionTime\tReason\tMessage\n"));
        self.put(0, "  ----\t------\t-----------------\t------------------\t------\t-------\n");
        for c in conditions.items() {
            let (seen, moved) = (long_time(&c[field]), long_time(&c["lastTransitionTime"]));
            let cells = [
                c["type"].text(),
                c["status"].text(),
                &seen,
                &moved,
                c["reason"].text(),
                c["message"].text(),
            ];
            self.line(1, &[&cells.join(" \t")]);
        }
    }

    /// A list under a title: the first beside it, the others below, or `<none>`.
    pub fn column(&mut self, title: &str, items: &[String]) {
        self.line_start(&format!("{title}:\t"));
        if items.is_empty() {
            self.text.push_str("<none>\n");
        }
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.text.push('\t');
            }
            self.line(0, &[item]);
        }
    }

    pub fn tolerations(&mut self, title: &str, tolerations: &Value) {
        let mut all: Vec<&Value> = tolerations.items().iter().collect();
        all.arrange_by(|a, b| a["key"].text().cmp(b["key"].text()));
        let items: Vec<String> = all
            .into_iter()
            .map(|t| {
                let mut s = t["key"].text().to_owned();
                if !t["value"].text().is_empty() {
                    s.push('=');
                    s.push_str(t["value"].text());
                }
                if !t["effect"].text().is_empty() {
                    s.push(':');
                    s.push_str(t["effect"].text());
                }
                if t["operator"] == "Exists" && t["value"].text().is_empty() {
                    s.push_str(if s.is_empty() { "op=Exists" } else { " op=Exists" });
                }
                if let Some(n) = t["tolerationSeconds"].as_int() {
                    s.push_str(&format!(" for {n}s"));
                }
                s
            })
            .collect();
        self.column(title, &items);
    }

    /// How long ago, as in tables.
    #[must_use]
    pub fn ago(&self, time: &Value) -> String {
        time.time().map_or_else(|| "<unknown>".into(), |t| duration_short(self.now.since(t)))
    }
}

#[must_use]
pub(crate) fn aligned(text: &str) -> String {
    let mut w = TabWriter::for_describe();
    w.write(text);
    w.finish()
}

fn shorten(s: &str, max: usize) -> String {
    if s.len() <= max {
        return s.to_owned();
    }
    let mut end = max;
    while !s.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &s[..end])
}

/// A scalar as Go's `%v` prints it.
#[must_use]
pub(crate) fn plain(v: &Value) -> String {
    match v {
        Value::Null => "<nil>".into(),
        Value::Str(s) => s.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Float(f) => objects::number::g_float(*f),
        Value::List(l) => {
            let parts: Vec<String> = l.iter().map(plain).collect();
            format!("[{}]", parts.join(" "))
        }
        Value::Map(m) => {
            let parts: Vec<String> = m.iter().map(|(k, x)| format!("{k}:{}", plain(x))).collect();
            format!("map[{}]", parts.join(" "))
        }
    }
}

/// A time as RFC 1123, `Mon, 01 Jan 0001 00:00:00 +0000` when there is none.
#[must_use]
pub(crate) fn long_time(v: &Value) -> String {
    v.time().map_or_else(|| "Mon, 01 Jan 0001 00:00:00 +0000".into(), Time::rfc1123z)
}

/// A quantity in its canonical form, `0` when there is none.
#[must_use]
pub(crate) fn amount(v: &Value) -> String {
    match Quantity::from_value(v) {
        Ok(q) => q.to_string(),
        Err(_) if v.is_null() => "0".into(),
        Err(_) => plain(v),
    }
}

/// `a=b,c=d`, or `<none>`.
#[must_use]
pub(crate) fn labels_line(labels: &Value) -> String {
    crate::printers::table::labels_text(labels)
}

/// The text, or what stands for none.
#[must_use]
pub(crate) fn text_or<'a>(v: &'a Value, none: &'a str) -> &'a str {
    if v.text().is_empty() { none } else { v.text() }
}

/// `true` as `True`.
#[must_use]
pub(crate) fn title_bool(b: bool) -> &'static str {
    if b { "True" } else { "False" }
}

/// `Deployment/web`, or `""`.
#[must_use]
pub(crate) fn controller(o: &Value) -> String {
    let c = o.controller_ref();
    if c.is_null() { String::new() } else { format!("{}/{}", c["kind"].text(), c["name"].text()) }
}

/// `RWO,ROX`
#[must_use]
pub(crate) fn access_modes(modes: &Value) -> String {
    let has = |m: &str| modes.items().iter().any(|x| x == m);
    let table = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let short: Vec<&str> = table.iter().filter(|(m, _)| has(m)).map(|(_, s)| *s).collect();
    short.join(",")
}

/// The class of a volume or claim, by annotation or field.
#[must_use]
pub(crate) fn storage_class(o: &Value) -> String {
    match o.annotations()["volume.beta.kubernetes.io/storage-class"].as_str() {
        Some(c) => c.to_owned(),
        None => o["spec"]["storageClassName"].text().to_owned(),
    }
}

/// `a,b` of a list of texts.
#[must_use]
pub(crate) fn joined(list: &Value, separator: &str) -> String {
    let parts: Vec<String> = list.items().iter().map(plain).collect();
    parts.join(separator)
}
