//! A lesson folder as it was read: the tree of lesson.yaml with places, the prose of both languages, the files.

use ordered::BTreeMap;

use objects::{Str, Value};

use super::markdown::{self, Document};
use super::{Files, Problem};
use crate::lang::Lang;
use crate::read::{Error, place};

pub(super) struct Folder {
    pub(super) slug: String,
    pub(super) yaml: Value,
    yaml_places: Vec<(String, usize, usize)>,
    pub(super) texts: [Document; 2],
    sources: [String; 2],
    pub(super) files: Vec<(Str, Str)>,
}

impl Folder {
    pub(super) fn read(files: &Files, slug: &str) -> Result<Self, Vec<Problem>> {
        let path = |name: &str| format!("{slug}/{name}");
        let mut problems = Vec::new();
        let mut text = |name: &str| {
            files.get(&path(name)).cloned().unwrap_or_else(|| {
                let message = "this file is missing".to_owned();
                problems.push(Problem { file: path(name), line: 1, column: 1, message });
                String::new()
            })
        };
        let (yaml_text, en, ko) = (text("lesson.yaml"), text("en.md"), text("ko.md"));
        let yaml = match objects::yaml::load(&yaml_text) {
            Ok(document) => {
                problems.extend(document.notes.into_iter().map(|n| Problem {
                    file: path("lesson.yaml"),
                    line: n.line,
                    column: n.column,
                    message: n.message,
                }));
                document.value
            }
            Err(e) => {
                problems.push(Problem {
                    file: path("lesson.yaml"),
                    line: e.line,
                    column: e.column,
                    message: e.message,
                });
                Value::Null
            }
        };
        let own = files.iter().filter_map(|(file, text)| {
            let name = file.strip_prefix(&path(""))?;
            (!matches!(name, "lesson.yaml" | "en.md" | "ko.md")).then(|| (name.into(), text.as_str().into()))
        });
        let folder = Self {
            slug: slug.to_owned(),
            yaml,
            yaml_places: objects::yaml::positions(&yaml_text),
            texts: [markdown::read(&en), markdown::read(&ko)],
            sources: [en, ko],
            files: own.collect(),
        };
        for lang in Lang::ALL {
            for fault in &folder.text(lang).faults {
                problems.push(folder.in_text(lang, fault.offset, fault.message.clone()));
            }
        }
        if problems.is_empty() { Ok(folder) } else { Err(problems) }
    }

    pub(super) fn text(&self, lang: Lang) -> &Document {
        &self.texts[usize::from(lang == Lang::Ko)]
    }

    fn source(&self, lang: Lang) -> &str {
        &self.sources[usize::from(lang == Lang::Ko)]
    }

    pub(super) fn in_text(&self, lang: Lang, offset: usize, message: impl Into<String>) -> Problem {
        let (line, column) = place(self.source(lang), offset);
        let file = format!("{}/{}.md", self.slug, lang.code());
        Problem { file, line, column, message: message.into() }
    }

    /// The place of a path of lesson.yaml, or of what is nearest above it.
    pub(super) fn in_yaml(&self, path: &str, message: impl Into<String>) -> Problem {
        let mut at = path;
        let (line, column) = loop {
            if let Some((_, line, column)) = self.yaml_places.iter().find(|(p, ..)| p == at) {
                break (*line, *column);
            }
            match at.rfind(['.', '[']) {
                Some(end) => at = &at[..end],
                None => break (1, 1),
            }
        };
        let message = match path {
            "" => message.into(),
            path => format!("{path}: {}", message.into()),
        };
        Problem { file: format!("{}/lesson.yaml", self.slug), line, column, message }
    }

    pub(super) fn of_error(&self, error: &Error) -> Problem {
        self.in_yaml(&error.path, &error.message)
    }

    /// A hash of each English section's text: what a translation was made from.
    pub(super) fn hashes(&self) -> BTreeMap<String, String> {
        let (document, source) = (self.text(Lang::En), self.source(Lang::En));
        let first = document.sections.first().map_or(source.len(), |s| s.place.start);
        let intro = ("intro".to_owned(), hash(&source[document.body.min(first)..first]));
        let mut starts: Vec<usize> = document.sections.iter().map(|s| s.place.start).collect();
        starts.push(source.len());
        let sections = document.sections.iter().zip(starts.windows(2));
        std::iter::once(intro)
            .chain(sections.map(|(s, range)| (s.id.clone(), hash(&source[range[0]..range[1]]))))
            .collect()
    }

    /// The hashes that the translation says it was made from.
    pub(super) fn translated_from(&self) -> Result<BTreeMap<String, String>, Problem> {
        let (front, _) = markdown::front_matter(self.source(Lang::Ko));
        match objects::yaml::load(front) {
            Ok(document) => {
                let map = document.value["source"].entries().iter();
                Ok(map.map(|(id, hash)| (id.to_string(), hash.text().to_owned())).collect())
            }
            Err(e) => Err(Problem {
                file: format!("{}/ko.md", self.slug),
                line: e.line + 1,
                column: e.column,
                message: e.message,
            }),
        }
    }

    /// ko.md with the hashes of the English text as it is now.
    pub(super) fn accepted(&self) -> String {
        let mut front = String::from("---\nsource:\n");
        for (id, hash) in self.hashes() {
            front.push_str(&format!("  {id}: \"{hash}\"\n"));
        }
        let source = self.source(Lang::Ko);
        let (_, body) = markdown::front_matter(source);
        format!("{front}---\n{}", &source[body..])
    }
}

/// FNV-1a of the text without the space around it, as 16 hexadecimal digits.
fn hash(text: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.trim().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}
