//! lessons/glossary.yaml: its reading, its packing, and the links from lessons to it.
//!
//! The form is a list of `{id, term, also, text, lesson}`; `term` and `text` in both languages, `also` further spellings
//! (plurals) by language.

use objects::{Str, Value};
use ordered::Sort as _;

use super::{Files, Problem, markdown, slugs};
use crate::glossary::LINK;
use crate::lang::Lang;
use crate::lesson::VERSION;
use crate::text::{Block, Span, pack_spans};

const FILE: &str = "glossary.yaml";
const FIELDS: [&str; 5] = ["id", "term", "also", "text", "lesson"];

/// What may follow a word of a Korean sentence and leave it that word.
const PARTICLES: &[&str] = &[
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "과",
    "와",
    "의",
    "에",
    "로",
    "으로",
    "도",
    "만",
    "마다",
    "들",
    "나",
    "이나",
    "에서",
    "에게",
    "까지",
    "부터",
    "처럼",
    "보다",
    "이라",
    "라",
    "라고",
    "이라고",
    "입니다",
    "이고",
    "이며",
    "이면",
    "면",
];

/// The glossary as it was read: words with their spellings, by language.
#[derive(Clone, Debug, Default)]
pub(super) struct Glossary {
    terms: Vec<Value>,
    /// (spelling, id), the longest first.
    spellings: [Vec<(String, Str)>; 2],
}

/// Reads the glossary; what is wrong with it is told, and the rest is there. Without a file there are no words.
pub(super) fn read(files: &Files) -> (Glossary, Vec<Problem>) {
    let Some(source) = files.get(FILE) else { return Default::default() };
    let document = match objects::yaml::load(source) {
        Ok(document) => document,
        Err(e) => {
            let problem = Problem { file: FILE.into(), line: e.line, column: e.column, message: e.message };
            return (Glossary::default(), vec![problem]);
        }
    };
    let places = objects::yaml::positions(source);
    let mut problems = Vec::new();
    let mut tell = |path: String, message: String| {
        let above = &path[..path.rfind('.').unwrap_or(path.len())];
        let at = |wanted: &str| places.iter().find(|(p, ..)| p == wanted);
        let found = at(&path).or_else(|| at(above));
        let (line, column) = found.map_or((1, 1), |(_, line, column)| (*line, *column));
        problems.push(Problem { file: FILE.into(), line, column, message: format!("{path}: {message}") });
    };
    let all = slugs(files);
    let mut glossary = Glossary::default();
    for (i, one) in document.value.items().iter().enumerate() {
        let path = |field: &str| format!("[{i}].{field}");
        for (key, _) in one.entries() {
            if !FIELDS.contains(&key.as_str()) {
                tell(path(key), format!("unknown field; known here: {}", FIELDS.join(", ")));
            }
        }
        let id = one["id"].text();
        if id.is_empty() {
            tell(path("id"), "a word has an id".into());
        } else if glossary.terms.iter().any(|t| t["id"] == id) {
            tell(path("id"), format!("two words are called {id:?}"));
        }
        let lesson = one["lesson"].text();
        if !lesson.is_empty() && !all.iter().any(|s| s == lesson) {
            tell(path("lesson"), format!("no lesson is called {lesson}"));
        }
        for lang in Lang::ALL {
            for field in ["term", "text"] {
                let text = one[field][lang.code()].text();
                if text.trim().is_empty() {
                    tell(path(field), "a text in both languages is wanted: {en: ..., ko: ...}".into());
                } else if field == "text"
                    && let Err(why) = markdown::read_line(text)
                {
                    tell(path(field), why);
                }
            }
            let spellings = &mut glossary.spellings[usize::from(lang == Lang::Ko)];
            let more = one["also"][lang.code()].items().iter().map(Value::text);
            let all = std::iter::once(one["term"][lang.code()].text()).chain(more);
            spellings.extend(all.filter(|s| !s.is_empty()).map(|s| (s.to_owned(), id.into())));
        }
        glossary.terms.push(one.clone());
    }
    for spellings in &mut glossary.spellings {
        spellings.arrange_by_key(|(s, _)| (usize::MAX - s.len(), s.clone()));
    }
    (glossary, problems)
}

impl Glossary {
    /// `glossary.en.json`.
    pub(super) fn pack(&self, lang: Lang) -> Value {
        let other = if lang == Lang::Ko { Lang::En } else { Lang::Ko };
        let mut rows: Vec<(String, Value)> = Vec::new();
        for term in &self.terms {
            let name = term["term"][lang.code()].text();
            let mut one = Value::map();
            one.set("id", &term["id"]);
            one.set("term", name);
            one.set("other", &term["term"][other.code()]);
            one.set(
                "text",
                pack_spans(&markdown::read_line(term["text"][lang.code()].text()).unwrap_or_default()),
            );
            if !term["lesson"].is_null() {
                one.set("lesson", &term["lesson"]);
            }
            rows.push((name.to_lowercase(), one));
        }
        rows.arrange_by_key(|(name, _)| name.clone());
        let mut out = Value::map();
        out.set("version", VERSION);
        out.set("terms", rows.into_iter().map(|(_, one)| one).collect::<Value>());
        out
    }

    /// Links the first mention of each word; `seen` holds those a lesson has mentioned before.
    pub(super) fn link(&self, lang: Lang, blocks: &mut [Block], seen: &mut Vec<Str>) {
        for block in blocks {
            match block {
                Block::Paragraph(spans) => self.link_line(lang, spans, seen),
                Block::List { items, .. } => items.iter_mut().for_each(|i| self.link_line(lang, i, seen)),
                Block::Note { blocks, .. } => self.link(lang, blocks, seen),
                Block::Heading { .. } | Block::Code(_) => {}
            }
        }
    }

    fn link_line(&self, lang: Lang, spans: &mut Vec<Span>, seen: &mut Vec<Str>) {
        let mut out = Vec::with_capacity(spans.len());
        for span in spans.drain(..) {
            match span {
                Span::Text(text) => self.link_text(lang, &text, seen, &mut out),
                Span::Emphasis(text) => match self.find(lang, &text, seen) {
                    Some((0, end, id)) if end == text.len() => {
                        seen.push(id.clone());
                        out.push(Span::Link { text, to: format!("{LINK}{id}").into() });
                    }
                    _ => out.push(Span::Emphasis(text)),
                },
                other => out.push(other),
            }
        }
        *spans = out;
    }

    fn link_text(&self, lang: Lang, text: &str, seen: &mut Vec<Str>, out: &mut Vec<Span>) {
        let mut rest = text;
        while let Some((start, end, id)) = self.find(lang, rest, seen) {
            if start > 0 {
                out.push(Span::Text(rest[..start].into()));
            }
            seen.push(id.clone());
            out.push(Span::Link { text: rest[start..end].into(), to: format!("{LINK}{id}").into() });
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            out.push(Span::Text(rest.into()));
        }
    }

    /// The first word in a text that was not seen before: from, to, id. Where words overlap the longest counts.
    fn find(&self, lang: Lang, text: &str, seen: &[Str]) -> Option<(usize, usize, Str)> {
        let mut covered: Vec<(usize, usize)> = Vec::new();
        let mut best: Option<(usize, usize, Str)> = None;
        for (spelling, id) in &self.spellings[usize::from(lang == Lang::Ko)] {
            for (start, found) in text.match_indices(spelling.as_str()) {
                let end = start + found.len();
                let free = covered.iter().all(|(a, b)| end <= *a || *b <= start);
                if !free || !stands_alone(lang, text, start, end) {
                    continue;
                }
                covered.push((start, end));
                if !seen.contains(id) && best.as_ref().is_none_or(|(s, ..)| start < *s) {
                    best = Some((start, end, id.clone()));
                }
            }
        }
        best
    }
}

/// Whether what is found is a word and not part of one.
fn stands_alone(lang: Lang, text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let after = &text[end..];
    let part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if before.is_some_and(part) {
        return false;
    }
    match after.chars().next() {
        None => true,
        Some(c) if lang == Lang::Ko && ('가'..='힣').contains(&c) => {
            let word: String = after.chars().take_while(|c| ('가'..='힣').contains(c)).collect();
            PARTICLES.contains(&word.as_str())
        }
        Some(c) => !part(c),
    }
}
