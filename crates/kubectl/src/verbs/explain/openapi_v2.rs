//! The layout of `--output plaintext-openapiv2`: kind, description and fields as they stood before OpenAPI v3.
//!
//! Models `k8s.io/kubectl/pkg/explain` model_printer.go, fields_printer.go and formatter.go; reads the v3 documents.

use objects::Value;
use objects::resources::Resource;

use super::Explain;

const WIDTH: usize = 80;

impl<'a> Explain<'a> {
    /// The page of a field; `None`: the path leads nowhere.
    pub(super) fn older(&self, r: &Resource, schema: &'a Value, path: &[String]) -> Option<String> {
        let mut at = schema;
        for step in path {
            at = self.below(at, 0)?["properties"].find(step)?;
        }
        let version = objects::resources::api_version(&r.group, &r.version);
        let mut out = format!("KIND:     {}\nVERSION:  {version}\n\n", r.kind);
        let kind = self.kind(at, 0);
        let kind = if self.below(at, 0).is_some_and(|s| !s["properties"].is_null()) {
            // Named types are all objects here.
            let named = kind.rsplit(']').next().unwrap_or(&kind).len();
            format!("{}Object", &kind[..kind.len() - named])
        } else {
            kind
        };
        let below = self.below(at, 0).filter(|s| !s["properties"].is_null());
        if let Some(name) = path.last() {
            let head = if below.is_some() { "RESOURCE:" } else { "FIELD:   " };
            out.push_str(&format!("{head} {name} <{kind}>\n\n"));
        }
        out.push_str("DESCRIPTION:\n");
        let text = self.description(at, 0);
        let mut parts: Vec<String> = Vec::new();
        match below.map(|b| b["description"].text()).filter(|b| !b.is_empty() && text.ends_with(b)) {
            // What a field says, then what its type says.
            Some(own) if own.len() < text.len() => {
                parts.extend([text[..text.len() - own.len()].trim_end().to_owned(), own.to_owned()]);
            }
            _ => parts.push(if text.is_empty() { "<empty>".into() } else { text }),
        }
        let shown: Vec<String> = parts.iter().map(|p| wrapped(p, 5)).collect();
        out.push_str(&shown.join("\n"));
        if let Some(below) = below {
            out.push_str("\nFIELDS:\n");
            self.list(below, 3, &mut Vec::new(), &mut out);
        }
        Some(out)
    }

    /// What stands behind references, lists and maps.
    fn below(&self, schema: &'a Value, depth: usize) -> Option<&'a Value> {
        if depth > 16 {
            return None;
        }
        let s = self.resolve(schema);
        if !s["properties"].is_null() {
            return Some(s);
        }
        if let [only] = s["allOf"].items() {
            return self.below(only, depth + 1);
        }
        ["items", "additionalProperties"]
            .iter()
            .find(|inner| s[**inner].as_map().is_some())
            .map_or(Some(s), |inner| self.below(&s[*inner], depth + 1))
    }

    fn list(&self, s: &'a Value, indent: usize, seen: &mut Vec<*const Value>, out: &mut String) {
        for (name, sub) in s["properties"].entries() {
            let below = self.below(sub, 0);
            let kind = self.kind(sub, 0);
            let kind = match below.filter(|b| !b["properties"].is_null()) {
                Some(_) => {
                    let named = kind.rsplit(']').next().unwrap_or(&kind).len();
                    format!("{}Object", &kind[..kind.len() - named])
                }
                None => kind,
            };
            out.push_str(&format!("{}{name}\t<{kind}>", " ".repeat(indent)));
            if self.recursive {
                out.push('\n');
                if let Some(b) = below.filter(|b| !seen.contains(&std::ptr::from_ref(*b))) {
                    seen.push(b);
                    self.list(b, indent + 3, seen, out);
                    seen.pop();
                }
                continue;
            }
            if s["required"].items().iter().any(|r| r == name.as_str()) {
                out.push_str(" -required-");
            }
            out.push('\n');
            out.push_str(&wrapped(sub["description"].text(), indent + 2));
            out.push('\n');
        }
    }
}

/// Whether a line of a description stays a line of its own.
fn opens(last: &str, line: &str) -> bool {
    let body = line.trim();
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    let bullet = match (digits, body.as_bytes().first()) {
        (0, Some(b'-' | b'*')) => &body[1..],
        (0, _) => "",
        (n, _) => body[n..].strip_prefix('.').unwrap_or(&body[n..]),
    };
    last.ends_with(':') || body.is_empty() || bullet.starts_with(' ')
}

/// Words joined to lines of at most [`WIDTH`] characters; lists and indented lines stay as they are.
fn wrapped(text: &str, indent: usize) -> String {
    let (mut lines, mut line): (Vec<String>, String) = (Vec::new(), String::new());
    let mut last = String::new();
    for given in text.split('\n') {
        let quoted = given.starts_with("    ");
        let blank = !lines.is_empty() && given.trim().is_empty();
        if quoted || blank || opens(&last, given) {
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            last.clear();
        }
        if quoted || blank {
            lines.push(if quoted { given.to_owned() } else { String::new() });
            continue;
        }
        for word in given.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH - indent {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            word.clone_into(&mut last);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    let pad = " ".repeat(indent);
    lines.iter().map(|l| if l.is_empty() { "\n".to_owned() } else { format!("{pad}{l}\n") }).collect()
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn words_are_joined_and_lists_kept() {
        // An empty line counts only behind a line that is done.
        assert_eq!(wrapped("a b\nc\n\n- x\n- y\nd:\ne", 2), "  a b c\n  - x\n  - y d:\n  e\n");
        let long = "word ".repeat(20);
        assert!(wrapped(&long, 5).lines().all(|l| l.len() <= 80 && l.starts_with("     word")));
        assert_eq!(wrapped("", 5), "");
    }
}
