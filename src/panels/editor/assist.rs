//! What may stand where in a manifest: completion, explanations and faults, from the engine's own schema.
//!
//! Owns: finding the place of a cursor by indentation (a text that is being typed is seldom whole), faults with their
//! lines and what was probably meant. Does not own: the schema, the strict reader (objects), how it looks (the editor).
//! Places in a text count bytes here; the view turns them into what the DOM counts.

use objects::decode::{Mode, decode};
use objects::resources;
use objects::schema::{Descriptions, Field, Shape, TypeId, type_for};
use objects::yaml;
use why::nearest;

use crate::i18n::Texts;

/// Larger texts are not checked while typing.
const MOST_BYTES: usize = 256 * 1024;

/// Something that can be put in at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub label: String,
    /// Its type, as `explain` names it.
    pub detail: String,
    pub insert: String,
    pub required: bool,
}

/// Completions, and where the word they replace begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub from: usize,
    pub options: Vec<Choice>,
}

/// A fault or a remark, with its place (lines and columns from 1, columns in letters).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub line: usize,
    pub column: usize,
    pub message: String,
    /// The text that would be right, where that is known.
    pub want: String,
    pub error: bool,
}

/// Where a cursor stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    api_version: String,
    kind: String,
    /// Keys from the root to what holds the cursor; list items are left out.
    path: Vec<String>,
    /// Keys that stand beside the cursor already.
    beside: Vec<String>,
    /// The key whose value the cursor is in, or empty.
    value_of: String,
}

/// The indentation of a line's first key, counting dashes as blanks; none for blank lines and comments.
fn key_at(line: &str) -> Option<usize> {
    let at = line.find(|c| c != ' ' && c != '-')?;
    // `---` and comments are no keys.
    (!line.starts_with("---") && !line[at..].starts_with('#')).then_some(at)
}

fn key_of(line: &str) -> &str {
    let text = line.trim_start_matches([' ', '-']);
    let end = text.find(": ").or_else(|| text.strip_suffix(':').map(str::len)).unwrap_or(0);
    text[..end].trim_matches(['"', '\''])
}

/// The lines of the document that holds line `at`: the first of them and one past the last.
fn document(lines: &[&str], at: usize) -> (usize, usize) {
    let first = lines[..at].iter().rposition(|l| l.starts_with("---")).map_or(0, |i| i + 1);
    let last = lines[at..].iter().position(|l| l.starts_with("---")).map_or(lines.len(), |i| at + i);
    (first, last.max(first))
}

fn place(text: &str, offset: usize) -> Option<(Place, usize)> {
    let before = text.get(..offset)?;
    let row = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let lines: Vec<&str> = text.split('\n').collect();
    let (first, last) = document(&lines, row);
    let typed = &before[start..];
    if typed.trim_start().starts_with('#') || typed.starts_with("---") {
        return None;
    }
    let indent = typed.find(|c| c != ' ' && c != '-').unwrap_or(typed.len());
    let here = &typed[indent..];
    let (value_of, word) = match here.split_once(": ").or_else(|| here.strip_suffix(':').map(|k| (k, ""))) {
        Some((key, value)) => (key.to_owned(), value.trim_start()),
        None => (String::new(), here),
    };
    let top = |name: &str| {
        let line = lines[first..last].iter().find(|l| l.starts_with(name));
        line.map_or(String::new(), |l| l[name.len()..].trim().trim_matches(['"', '\'']).to_owned())
    };
    let mut path = Vec::new();
    let mut level = indent;
    let dash = typed[..indent].contains('-');
    // A dash may stand as deep as the key that holds its list.
    let mut list = dash.then(|| typed.find('-').unwrap_or(0));
    for line in lines[first..row].iter().rev() {
        let Some(at) = key_at(line) else { continue };
        let key = key_of(line);
        let above = at < level || list.is_some_and(|d| at <= d && !line[..at].contains('-') && at < level);
        if above && !key.is_empty() {
            path.push(key.to_owned());
            level = at;
            list = line[..at].contains('-').then(|| line.find('-').unwrap_or(0));
            if level == 0 {
                break;
            }
        } else if at == level && line[..at].contains('-') && list.is_none() {
            // The first key of the item that holds the cursor: what holds the list stands no deeper than its dash.
            list = Some(line.find('-').unwrap_or(0));
        }
    }
    path.reverse();
    let mut beside = Vec::new();
    if indent == 0 || !dash {
        for line in lines[first..row].iter().rev().chain(std::iter::empty()) {
            match key_at(line) {
                Some(at) if at == indent => {
                    beside.push(key_of(line).to_owned());
                    if line[..at].contains('-') {
                        break;
                    }
                }
                Some(at) if at < indent => break,
                _ => {}
            }
        }
    }
    for line in &lines[(row + 1).min(last)..last] {
        match key_at(line) {
            Some(at) if at == indent && !line[..at].contains('-') => beside.push(key_of(line).to_owned()),
            Some(at) if at <= indent => break,
            _ => {}
        }
    }
    let place = Place { api_version: top("apiVersion:"), kind: top("kind:"), path, beside, value_of };
    Some((place, offset - word.len()))
}

impl Place {
    fn root(&self) -> Option<TypeId> {
        let (group, version) = resources::split_api_version(&self.api_version);
        type_for(group, version, &self.kind).or_else(|| {
            // While apiVersion is still missing the kind alone tells.
            let r = resources::all().iter().find(|r| *r.kind == *self.kind)?;
            type_for(&r.group, &r.version, &r.kind)
        })
    }

    /// The type whose fields stand at the cursor.
    fn holder(&self) -> Option<TypeId> {
        let mut at = self.root()?;
        for key in &self.path {
            at = at.field(key)?.shape().leaf_type()?;
        }
        Some(at)
    }
}

fn option(label: &str, detail: &str, insert: String, required: bool) -> Choice {
    Choice { label: label.to_owned(), detail: detail.to_owned(), insert, required }
}

/// What could stand at `offset`.
#[must_use]
pub fn complete(text: &str, offset: usize) -> Option<Found> {
    let (place, from) = place(text, offset)?;
    let top = place.path.is_empty();
    if !place.value_of.is_empty() {
        let options = match place.value_of.as_str() {
            "kind" if top => {
                let kinds = resources::all()
                    .iter()
                    .filter(|r| place.api_version.is_empty() || *r.api_version() == *place.api_version);
                kinds.map(|r| option(&r.kind, &r.api_version(), r.kind.to_string(), false)).collect()
            }
            "apiVersion" if top => {
                let mut versions: Vec<String> =
                    resources::all().iter().map(|r| r.api_version().to_string()).collect();
                versions.sort();
                versions.dedup();
                versions.iter().map(|v| option(v, "", v.clone(), false)).collect()
            }
            key => values(place.holder()?.field(key)?),
        };
        return Some(Found { from, options });
    }
    let Some(holder) = place.holder() else {
        let missing = ["apiVersion", "kind", "metadata", "spec"]
            .into_iter()
            .filter(|k| top && !place.beside.iter().any(|b| b == k));
        let options = missing.map(|k| option(k, "", format!("{k}: "), true)).collect();
        return Some(Found { from, options });
    };
    let deep = from - text[..from].rfind('\n').map_or(0, |i| i + 1);
    let fields = holder
        .fields()
        .filter(|f| !(place.beside.iter().any(|b| b == f.name()) || top && f.name() == "status"));
    let mut options: Vec<Choice> =
        fields.map(|f| option(f.name(), &f.explain_type(), opened(f, deep), f.required())).collect();
    options.sort_by_key(|o| (!o.required, o.label.clone()));
    Some(Found { from, options })
}

/// A key with what its value begins with.
fn opened(field: Field, indent: usize) -> String {
    let (name, pad) = (field.name(), " ".repeat(indent));
    match field.shape() {
        Shape::List(_) => format!("{name}:\n{pad}- "),
        Shape::Struct(_) | Shape::Map(_) => format!("{name}:\n{pad}  "),
        _ => format!("{name}: "),
    }
}

fn values(field: Field) -> Vec<Choice> {
    if field.shape() == Shape::Bool {
        return ["true", "false"].iter().map(|v| option(v, "boolean", (*v).to_owned(), false)).collect();
    }
    field.enum_values().iter().map(|v| option(v, "", (*v).to_owned(), false)).collect()
}

/// What the key at `offset` means: its bounds in the text, its type and its description.
#[must_use]
pub fn hover(text: &str, offset: usize, texts: &Descriptions) -> Option<(usize, usize, String)> {
    let start = text.get(..offset)?.rfind('\n').map_or(0, |i| i + 1);
    let line = text[start..].split('\n').next()?;
    let from = start + key_at(line)?;
    let key = key_of(line);
    let to = from + key.len();
    if key.is_empty() || offset < from || offset > to {
        return None;
    }
    let (place, _) = place(text, from)?;
    let holder = place.holder()?;
    let field = holder.field(key)?;
    let description = texts.of_field(holder, field);
    let required = if field.required() { " -required-" } else { "" };
    Some((
        from,
        to,
        format!("{key} <{}>{required}\n{description}", field.explain_type()).trim_end().to_owned(),
    ))
}

/// All that is wrong with a text, in order of lines.
#[must_use]
pub fn lint(text: &str, texts: &Texts) -> Vec<Fault> {
    let mut faults = Vec::new();
    if text.len() > MOST_BYTES {
        return faults;
    }
    let stream = yaml::load_stream(text);
    for document in &stream.documents {
        for note in &document.notes {
            let (line, column) = (note.line, note.column);
            faults.push(Fault {
                line,
                column,
                message: note.message.clone(),
                want: String::new(),
                error: false,
            });
        }
    }
    if let Some(error) = &stream.error {
        let (line, column) = (error.line, error.column);
        faults.push(Fault { line, column, message: error.message.clone(), want: String::new(), error: true });
    }
    let lines: Vec<&str> = text.split('\n').collect();
    for document in &stream.documents {
        let row = (document.line.max(1) - 1).min(lines.len().saturating_sub(1));
        let first = if lines[row].starts_with("---") { (row + 1).min(lines.len() - 1) } else { row };
        let (first, last) = self::document(&lines, first);
        let own = lines[first..last].join("\n");
        schema(&document.value, &own, first, texts, &mut faults);
    }
    faults.sort_by_key(|f| (f.line, f.column));
    faults.truncate(60);
    faults
}

fn schema(value: &objects::Value, text: &str, first: usize, texts: &Texts, faults: &mut Vec<Fault>) {
    let places = yaml::positions(text);
    let at = |path: &str| {
        let found = places.iter().find(|(p, ..)| p == path);
        found.map_or((first + 1, 1), |(_, line, column)| (first + line, *column))
    };
    let (api_version, kind) = (value["apiVersion"].text(), value["kind"].text());
    for key in ["apiVersion", "kind"] {
        if value[key].text().is_empty() {
            let message = (texts.editor().missing_field)(key).to_string();
            faults.push(Fault { line: first + 1, column: 1, message, want: String::new(), error: true });
        }
    }
    if api_version.is_empty() || kind.is_empty() {
        return;
    }
    let (group, version) = resources::split_api_version(api_version);
    if type_for(group, version, kind).is_none() {
        let known = resources::all();
        let of_kind = known.iter().find(|r| r.kind == kind);
        let (path, want) = match of_kind {
            Some(r) => ("apiVersion", r.api_version().to_string()),
            None => {
                let kinds = known.iter().map(|r| r.kind.as_str());
                let Some(near) = nearest(kind, kinds) else { return };
                ("kind", near.to_owned())
            }
        };
        let (line, column) = at(path);
        let said = format!("no matches for kind {kind:?} in version {api_version:?}");
        let message = format!("{said}. {}", (texts.editor().did_you_mean)(&want));
        faults.push(Fault { line, column, message, want: String::new(), error: true });
        return;
    }
    match decode(value, group, version, kind, Mode::Strict) {
        Ok(decoded) => unknown(&decoded.warnings, group, version, kind, &at, texts, faults),
        Err(status) => {
            let said = status.message.as_str();
            let strict = said.contains("strict decoding error");
            if strict {
                let lenient = decode(value, group, version, kind, Mode::Warn);
                if let Ok(decoded) = lenient {
                    unknown(&decoded.warnings, group, version, kind, &at, texts, faults);
                    return;
                }
            }
            let path = said.split("struct field ").nth(1).and_then(|s| s.split(' ').next());
            let path = path.and_then(|p| p.split_once('.')).map_or("", |(_, rest)| rest);
            // Without the places in lists: the first that fits.
            let bare = |p: &str| {
                p.split('.').map(|s| s.split('[').next().unwrap_or(s)).collect::<Vec<_>>().join(".")
            };
            let found = places.iter().find(|(p, ..)| !path.is_empty() && (p == path || bare(p) == path));
            let (line, column) = found.map_or((first + 1, 1), |(_, line, column)| (first + line, *column));
            let message = said.rsplit("cannot be handled as a ").next().unwrap_or(said);
            let message = message.split_once(": ").map_or(message, |(_, rest)| rest).to_owned();
            faults.push(Fault { line, column, message, want: String::new(), error: true });
        }
    }
}

fn unknown(
    warnings: &[String],
    group: &str,
    version: &str,
    kind: &str,
    at: &dyn Fn(&str) -> (usize, usize),
    texts: &Texts,
    faults: &mut Vec<Fault>,
) {
    for warning in warnings {
        let path = warning.split('"').nth(1).unwrap_or_default();
        let (line, column) = at(path);
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        let keys = parent.split('.').map(|s| s.split('[').next().unwrap_or(s)).filter(|s| !s.is_empty());
        let holder = type_for(group, version, kind)
            .and_then(|root| keys.into_iter().try_fold(root, |t, key| t.field(key)?.shape().leaf_type()));
        let near = holder.and_then(|t| nearest(name, t.fields().map(Field::name)));
        let message = match near {
            Some(near) => format!("{warning}. {}", (texts.editor().did_you_mean)(near)),
            None => warning.clone(),
        };
        faults.push(Fault { line, column, message, want: near.unwrap_or_default().to_owned(), error: true });
    }
}

/// A place in `text` in bytes, from UTF-16 units.
#[must_use]
pub fn bytes(text: &str, units: usize) -> usize {
    crate::panels::terminal::split_at_utf16(text, units).0.len()
}

/// A place in `text` in UTF-16 units, from bytes.
#[must_use]
pub fn units(text: &str, bytes: usize) -> usize {
    text.get(..bytes).map_or(0, |before| before.encode_utf16().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    const WEB: &str = include_str!("../../../assets/web.yaml");

    fn labels(text: &str) -> Vec<String> {
        let at = text.find('|').unwrap_or(text.len());
        let text = text.replace('|', "");
        complete(&text, at).map(|f| f.options.into_iter().map(|o| o.label).collect()).unwrap_or_default()
    }

    #[test]
    fn fields_follow_the_place_of_the_cursor() {
        let head = "apiVersion: apps/v1\nkind: Deployment\n";
        for (text, has, hasnt) in [
            ("spec:\n  repl|", "replicas", "containers"),
            ("spec:\n  replicas: 1\n  |", "selector", "replicas"),
            ("spec:\n  template:\n    spec:\n      containers:\n      - na|", "name", "replicas"),
            (
                "spec:\n  template:\n    spec:\n      containers:\n        - name: a\n          im|",
                "image",
                "name",
            ),
            (
                "spec:\n  template:\n    spec:\n      containers:\n      - name: a\n        ports:\n        - con|",
                "containerPort",
                "image",
            ),
            (
                "spec:\n  template:\n    spec:\n      containers:\n      - name: a\n      vol|",
                "volumes",
                "containers",
            ),
            ("meta|", "metadata", "kind"),
            ("metadata:\n  |", "labels", "spec"),
        ] {
            let found = labels(&format!("{head}{text}"));
            assert!(found.iter().any(|l| l == has), "{text}: {found:?}");
            assert!(!found.iter().any(|l| l == hasnt), "{text}: {found:?}");
        }
    }

    #[test]
    fn values_and_kinds_are_offered() {
        assert!(labels("apiVersion: apps/v1\nkind: |").contains(&"Deployment".to_owned()));
        assert!(labels("apiVersion: ap|").contains(&"apps/v1".to_owned()));
        let pod = "apiVersion: v1\nkind: Pod\nspec:\n";
        assert!(labels(&format!("{pod}  restartPolicy: |")).contains(&"OnFailure".to_owned()));
        assert!(labels(&format!("{pod}  hostNetwork: |")).contains(&"true".to_owned()));
        assert!(labels("# apiVersion|").is_empty());
    }

    #[test]
    fn a_second_document_is_read_by_its_own_kind() {
        let text = format!("{WEB}---\napiVersion: v1\nkind: ConfigMap\nda|");
        assert!(labels(&text).contains(&"data".to_owned()));
    }

    #[test]
    fn faults_stand_at_their_lines() {
        let texts = Lang::En.texts();
        let faults = |text: &str| {
            lint(text, texts).into_iter().map(|f| (f.line, f.message, f.want)).collect::<Vec<_>>()
        };
        assert_eq!(faults(WEB), []);
        let two = WEB.replace("replicas:", "replica:");
        let line = two.lines().position(|l| l.contains("replica:")).unwrap_or(0) + 1;
        let found = faults(&two);
        assert_eq!((found[0].0, found[0].2.as_str()), (line, "replicas"), "{found:?}");
        assert!(found[0].1.contains("unknown field \"spec.replica\""), "{found:?}");
        let typed = faults(&WEB.replace("replicas: 3", "replicas: many"));
        assert_eq!(typed[0].0, line, "{typed:?}");
        let kind = faults(&WEB.replace("kind: Deployment", "kind: Deploymnet"));
        assert!(kind[0].1.contains("Deployment?") && kind[0].0 == 2, "{kind:?}");
        let broken = faults("apiVersion: v1\nkind: Pod\n  spec: {\n");
        assert!(!broken.is_empty());
        let twice = faults("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  name: b\n");
        assert_eq!(twice[0].0, 5, "{twice:?}");
    }

    #[test]
    fn a_second_documents_faults_stand_in_it() {
        let text = format!("{}\n---\napiVersion: v1\nkind: Service\nspec:\n  port: 3\n", WEB.trim_end());
        let faults = lint(&text, Lang::Ko.texts());
        let line = text.lines().position(|l| l == "  port: 3").unwrap_or(0) + 1;
        assert_eq!(faults.iter().map(|f| f.line).collect::<Vec<_>>(), [line], "{faults:?}");
    }

    #[test]
    fn a_key_says_what_it_is() {
        let at = WEB.find("replicas").unwrap_or(0) + 2;
        let (from, to, says) = hover(WEB, at, &Descriptions::default()).unwrap_or_default();
        assert_eq!(&WEB[from..to], "replicas");
        assert!(says.starts_with("replicas <integer>"), "{says}");
    }
}
