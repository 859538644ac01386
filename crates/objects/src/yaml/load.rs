//! From nodes to values, and from a stream to its documents.
//!
//! Owns: splitting a stream as kubectl's decoder does (JSON first when it opens with `{`, else YAML at `---` lines),
//! aliases and merges with upstream's guard against alias bombs, keys that are no strings, notes on duplicate keys.
//! Models `k8s.io/apimachinery/pkg/util/yaml/decoder.go`, `sigs.k8s.io/yaml` and goyaml's decode.go.

use ordered::Sort as _;
use std::fmt::Write;

use super::parse::{Node, NodeId, NodeKind, Tree, parse};
use super::scalars::{LONG_TAG, Scalar, resolve};
use super::scan::MAX_DEPTH;
use super::{Document, Error, Note, Stream};
use crate::json::{self, go_quote};
use crate::{Map, Str, Value, base64};

/// How many bytes one text may have: the size of a request upstream accepts.
pub const MAX_BYTES: usize = 3 * 1024 * 1024;

/// Reads the first document of `text`. An empty text is null. Errors start with `yaml: ` and have goyaml's words.
///
/// # Errors
/// What goyaml refuses, such as `yaml: line 4: did not find expected key`.
pub fn load(text: &str) -> Result<Document, Error> {
    load_at(text, 0)
}

/// Reads every document of a stream as kubectl does, up to the first that is broken. Documents that are empty or
/// null are skipped.
#[must_use]
pub fn load_stream(text: &str) -> Stream {
    let mut stream = Stream::default();
    let mut rest = text;
    let mut first_error = None;
    let head_end = (0..=4096.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    if text[..head_end].trim_start().starts_with('{') {
        let mut used = 0;
        let mut count = 0;
        loop {
            match json::parse_prefix(&text[used..]) {
                Ok(None) => return stream,
                Ok(Some((value, length))) => {
                    let line = lines(&text[..used + skipped_space(&text[used..])]) + 1;
                    stream.push(Document { value, line, notes: Vec::new() });
                    used += length;
                    count += 1;
                }
                Err(e) => {
                    let offset = used + e.offset;
                    let at = (0..=offset.saturating_sub(1).min(text.len()))
                        .rev()
                        .find(|i| text.is_char_boundary(*i));
                    let before = &text[..at.unwrap_or(0)];
                    let place =
                        (lines(before) + 1, before.len() - before.rfind('\n').map_or(0, |i| i + 1) + 1);
                    let message = if e.at_end {
                        e.message.clone()
                    } else {
                        format!("json: offset {offset}: {}", e.message)
                    };
                    let error = Error { message, line: place.0, column: place.1 };
                    if count > 1 {
                        stream.error = Some(Error { message: e.message, ..error });
                        return stream;
                    }
                    first_error = Some(error);
                    break;
                }
            }
        }
        let space = &text[used..];
        used += space
            .find(|c: char| c == '\n' || !c.is_whitespace())
            .map_or(space.len(), |i| if space[i..].starts_with('\n') { i + 1 } else { i });
        rest = &text[used..];
    }
    let offset = lines(&text[..text.len() - rest.len()]);
    if let Some(error) = load_documents(rest, offset, &mut stream) {
        stream.error = Some(first_error.unwrap_or(error));
    }
    stream
}

fn skipped_space(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

fn lines(text: &str) -> usize {
    text.bytes().filter(|b| *b == b'\n').count()
}

/// `offset` is the number of lines before `text` in the stream.
fn load_documents(text: &str, offset: usize, stream: &mut Stream) -> Option<Error> {
    let mut document = String::new();
    let mut start = offset;
    for (i, line) in text.lines().enumerate() {
        if let Some(after) = line.strip_prefix("---") {
            let after = after.trim();
            if !after.is_empty() && !after.starts_with('#') {
                let message = format!("invalid Yaml document separator: {after}");
                return Some(Error { message, line: offset + i + 1, column: 4 });
            }
            if !document.is_empty() {
                if let Some(error) = take(&document, start, stream) {
                    return Some(error);
                }
                document.clear();
                start = offset + i + 1;
                continue;
            }
        }
        if document.is_empty() {
            start = offset + i;
        }
        document.push_str(line);
        document.push('\n');
    }
    take(&document, start, stream)
}

fn take(text: &str, offset: usize, stream: &mut Stream) -> Option<Error> {
    if text.is_empty() {
        return None;
    }
    match load_at(text, offset) {
        Ok(document) => {
            stream.push(document);
            None
        }
        Err(e) => Some(Error { message: format!("error converting YAML to JSON: {}", e.message), ..e }),
    }
}

fn load_at(text: &str, offset: usize) -> Result<Document, Error> {
    if text.len() > MAX_BYTES {
        let message = format!("yaml: document is larger than {MAX_BYTES} bytes");
        return Err(Error { message, line: offset + 1, column: 1 });
    }
    let tree = parse(text).map_err(|f| {
        let place = if f.shown > 0 { format!("line {}: ", f.shown) } else { String::new() };
        let message = format!("yaml: {place}{}", f.problem);
        Error { message, line: offset + f.at.line + 1, column: f.at.column + 1 }
    })?;
    let Some(root) = tree.root else {
        return Ok(Document { value: Value::Null, line: offset + 1, notes: Vec::new() });
    };
    let mut loader = Loader {
        tree: &tree,
        offset,
        notes: Vec::new(),
        seen: 0,
        aliased: 0,
        alias_depth: 0,
        open: Vec::new(),
        depth: 0,
    };
    let value = loader.value(root)?;
    let line = offset + tree.nodes[root].mark.line + 1;
    Ok(Document { value, line, notes: loader.notes })
}

struct Loader<'a> {
    tree: &'a Tree,
    offset: usize,
    notes: Vec<Note>,
    /// Nodes decoded so far, and how many of them by way of an alias.
    seen: usize,
    aliased: usize,
    alias_depth: usize,
    /// Aliases being expanded.
    open: Vec<NodeId>,
    depth: usize,
}

/// How much of the work may come from aliases: 99 % for small documents, down to 10 % for very large ones.
fn allowed_alias_ratio(seen: usize) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    (0.99 - 0.89 * ((seen as f64 - LOW) / (HIGH - LOW))).clamp(0.10, 0.99)
}

impl<'a> Loader<'a> {
    fn node(&self, id: NodeId) -> &'a Node {
        &self.tree.nodes[id]
    }

    fn error<T>(&self, id: NodeId, message: &str) -> Result<T, Error> {
        let mark = self.node(id).mark;
        Err(Error { message: message.into(), line: self.offset + mark.line + 1, column: mark.column + 1 })
    }

    fn count(&mut self, id: NodeId) -> Result<(), Error> {
        self.seen += 1;
        if self.alias_depth > 0 {
            self.aliased += 1;
        }
        if self.aliased > 100
            && self.seen > 1000
            && self.aliased as f64 / self.seen as f64 > allowed_alias_ratio(self.seen)
        {
            return self.error(id, "yaml: document contains excessive aliasing");
        }
        Ok(())
    }

    fn value(&mut self, id: NodeId) -> Result<Value, Error> {
        self.deeper(id)?;
        let value = self.value_inside(id)?;
        self.depth -= 1;
        Ok(value)
    }

    /// Aliases can nest values deeper than the text nests.
    fn deeper(&mut self, id: NodeId) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > 2 * MAX_DEPTH {
            return self.error(id, &format!("yaml: exceeded max depth of {MAX_DEPTH}"));
        }
        Ok(())
    }

    fn value_inside(&mut self, id: NodeId) -> Result<Value, Error> {
        self.count(id)?;
        match &self.node(id).kind {
            NodeKind::Scalar { .. } => match self.scalar(id)?.into_value() {
                Ok(value) => Ok(value),
                Err(message) => self.error(id, &message),
            },
            NodeKind::Sequence(items) => {
                let items: Result<Vec<Value>, Error> = items.iter().map(|i| self.value(*i)).collect();
                Ok(Value::List(items?.into()))
            }
            NodeKind::Mapping(_) => {
                let mut entries = Vec::new();
                self.mapping(id, &mut entries)?;
                Ok(Value::Map(entries.into_iter().collect::<Map>()))
            }
            NodeKind::Alias { target, .. } => self.through_alias(id, |l| l.value(*target)),
        }
    }

    fn through_alias<T>(
        &mut self,
        id: NodeId,
        f: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.open.contains(&id) {
            let NodeKind::Alias { name, .. } = &self.node(id).kind else {
                return self.error(id, "yaml: unknown anchor");
            };
            return self.error(id, &format!("yaml: anchor '{name}' value contains itself"));
        }
        self.open.push(id);
        self.alias_depth += 1;
        let done = f(self);
        self.alias_depth -= 1;
        self.open.pop();
        done
    }

    fn scalar(&self, id: NodeId) -> Result<Scalar, Error> {
        let node = self.node(id);
        let NodeKind::Scalar { text, implicit } = &node.kind else { return Ok(Scalar::Null) };
        if node.tag.is_empty() && !implicit {
            return Ok(Scalar::Str(text.clone()));
        }
        if node.tag.strip_prefix(LONG_TAG) == Some("binary") {
            return match base64::decode(text) {
                Some(bytes) => Ok(Scalar::Str(String::from_utf8_lossy(&bytes).into_owned())),
                None => self.error(id, "yaml: !!binary value contains invalid base64 data"),
            };
        }
        resolve(&node.tag, text).or_else(|message| self.error(id, &format!("yaml: {message}")))
    }

    /// Adds the mapping's entries in order; a later entry of a key replaces an earlier one.
    fn mapping(&mut self, id: NodeId, into: &mut Vec<(Str, Value)>) -> Result<(), Error> {
        let NodeKind::Mapping(pairs) = &self.node(id).kind else { return Ok(()) };
        let mut own: Vec<(Str, NodeId)> = Vec::with_capacity(pairs.len());
        for (key_id, value_id) in pairs {
            if self.is_merge(*key_id) {
                self.merge(*value_id, into)?;
                continue;
            }
            let key = self.key(*key_id, *value_id)?;
            let value = self.value(*value_id)?;
            own.push((key.clone(), *key_id));
            into.push((key, value));
        }
        self.note_duplicates(own);
        Ok(())
    }

    fn note_duplicates(&mut self, mut own: Vec<(Str, NodeId)>) {
        if self.alias_depth > 0 {
            return;
        }
        own.arrange();
        for pair in own.windows(2) {
            if pair[0].0 == pair[1].0 {
                let mark = self.node(pair[1].1).mark;
                self.notes.push(Note {
                    message: format!("key {} already set in map", go_quote(&pair[1].0)),
                    line: self.offset + mark.line + 1,
                    column: mark.column + 1,
                });
            }
        }
    }

    fn is_merge(&self, id: NodeId) -> bool {
        let node = self.node(id);
        matches!(&node.kind, NodeKind::Scalar { text, implicit }
            if text == "<<" && (*implicit || node.tag.strip_prefix(LONG_TAG) == Some("merge")))
    }

    fn merge(&mut self, id: NodeId, into: &mut Vec<(Str, Value)>) -> Result<(), Error> {
        self.deeper(id)?;
        self.merge_inside(id, into)?;
        self.depth -= 1;
        Ok(())
    }

    fn merge_inside(&mut self, id: NodeId, into: &mut Vec<(Str, Value)>) -> Result<(), Error> {
        const WANT_MAP: &str = "yaml: map merge requires map or sequence of maps as the value";
        match &self.node(id).kind {
            NodeKind::Mapping(_) => {
                self.count(id)?;
                self.mapping(id, into)
            }
            NodeKind::Alias { target, .. } => {
                if !matches!(self.node(*target).kind, NodeKind::Mapping(_)) {
                    return self.error(id, WANT_MAP);
                }
                self.count(id)?;
                self.through_alias(id, |l| {
                    l.count(*target)?;
                    l.mapping(*target, into)
                })
            }
            NodeKind::Sequence(items) => {
                // Earlier maps win, so they are written last.
                for item in items.iter().rev() {
                    if matches!(self.node(*item).kind, NodeKind::Scalar { .. } | NodeKind::Sequence(_)) {
                        return self.error(*item, WANT_MAP);
                    }
                    self.merge(*item, into)?;
                }
                Ok(())
            }
            NodeKind::Scalar { .. } => self.error(id, WANT_MAP),
        }
    }

    fn key(&mut self, id: NodeId, value: NodeId) -> Result<Str, Error> {
        self.count(id)?;
        match &self.node(id).kind {
            NodeKind::Scalar { .. } => {
                let scalar = self.scalar(id)?;
                let kind = if scalar == Scalar::Null { "%!s(<nil>)" } else { "uint64" };
                let shown = if scalar == Scalar::Null { "<nil>".to_owned() } else { self.go_syntax(id, 0) };
                match scalar.into_key() {
                    Some(key) => Ok(key),
                    None => {
                        let value = match self.go_syntax(value, 0).as_str() {
                            "interface {}(nil)" => "<nil>".to_owned(),
                            text => text.to_owned(),
                        };
                        let message =
                            format!("unsupported map key of type: {kind}, key: {shown}, value: {value}");
                        self.error(id, &message)
                    }
                }
            }
            NodeKind::Alias { target, .. } => self.through_alias(id, |l| l.key(*target, value)),
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
                // Decoded first, so that what is wrong inside is said first.
                self.value(id)?;
                let shown = self.go_syntax(id, 0);
                self.error(id, &format!("yaml: invalid map key: {shown}"))
            }
        }
    }

    /// The node as Go's `%#v` prints it decoded: upstream shows that for a map used as a key, which is what an
    /// unrendered `{{ template }}` is.
    fn go_syntax(&self, id: NodeId, depth: usize) -> String {
        if depth > 8 {
            return "...".into();
        }
        match &self.node(id).kind {
            NodeKind::Scalar { .. } => match self.scalar(id).unwrap_or(Scalar::Null) {
                Scalar::Null => "interface {}(nil)".into(),
                Scalar::Bool(b) => b.to_string(),
                Scalar::Int(i) => i.to_string(),
                Scalar::Uint(u) => format!("{u:#x}"),
                Scalar::Float(f) => crate::number::g_float(f),
                Scalar::Str(s) | Scalar::Timestamp(s) => go_quote(&s),
            },
            NodeKind::Sequence(items) => {
                let items: Vec<String> = items.iter().map(|i| self.go_syntax(*i, depth + 1)).collect();
                format!("[]interface {{}}{{{}}}", items.join(", "))
            }
            NodeKind::Mapping(pairs) => {
                let mut shown: Vec<String> = pairs
                    .iter()
                    .map(|(k, v)| {
                        format!("{}:{}", self.go_syntax(*k, depth + 1), self.go_syntax(*v, depth + 1))
                    })
                    .collect();
                shown.arrange();
                format!("map[interface {{}}]interface {{}}{{{}}}", shown.join(", "))
            }
            NodeKind::Alias { target, .. } => self.go_syntax(*target, depth + 1),
        }
    }
}

/// Where each key and item of the first document of `text` stands: path (`spec.containers[0].image`), line and
/// column of its key or dash item, both from 1. Text that is broken gives nothing.
#[must_use]
pub fn positions(text: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    if text.len() > MAX_BYTES {
        return found;
    }
    if let Ok(Tree { nodes, root: Some(root) }) = parse(text) {
        walk(&nodes, root, &mut String::new(), &mut found);
    }
    found
}

fn walk(nodes: &[Node], id: NodeId, path: &mut String, found: &mut Vec<(String, usize, usize)>) {
    let length = path.len();
    match &nodes[id].kind {
        NodeKind::Mapping(pairs) => {
            for (key, value) in pairs {
                let NodeKind::Scalar { text, .. } = &nodes[*key].kind else { continue };
                if text.contains(['.', '/', '[']) {
                    let _ = write!(path, "[{text}]");
                } else {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(text);
                }
                let mark = nodes[*key].mark;
                found.push((path.clone(), mark.line + 1, mark.column + 1));
                walk(nodes, *value, path, found);
                path.truncate(length);
            }
        }
        NodeKind::Sequence(items) => {
            for (i, item) in items.iter().enumerate() {
                let _ = write!(path, "[{i}]");
                let mark = nodes[*item].mark;
                found.push((path.clone(), mark.line + 1, mark.column + 1));
                walk(nodes, *item, path, found);
                path.truncate(length);
            }
        }
        NodeKind::Scalar { .. } | NodeKind::Alias { .. } => {}
    }
}
