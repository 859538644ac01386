//! From a lesson folder to one JSON file per language, and the list of all lessons.

use objects::{Str, Value};
use ordered::Sort as _;

use super::form::Folder;
use super::glossary::{self, Glossary};
use super::markdown;
use super::{Files, Problem, slugs};
use crate::lang::Lang;
use crate::lesson::{Lesson, VERSION};
use crate::map::Part;
use crate::read::Node;
use crate::text::{Block, pack_blocks, pack_spans};

/// What packing gave: files by name, of every lesson that could be packed.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    /// `first-deployment.ko.json`, `index.json`.
    pub files: Vec<(String, String)>,
    pub problems: Vec<Problem>,
}

/// Packs every lesson. A broken one is left out and told of; the others are there.
#[must_use]
pub fn pack(files: &Files) -> Packed {
    let mut packed = Packed::default();
    let mut entries: Vec<(i64, Value)> = Vec::new();
    let mut learned = [Value::map(), Value::map()];
    let (words, problems) = glossary::read(files);
    packed.problems.extend(problems);
    for slug in slugs(files) {
        let lesson = Folder::read(files, &slug).and_then(|folder| {
            let one = |lang| lesson(&folder, &words, lang).map(|(value, _)| value);
            Ok((one(Lang::En)?, one(Lang::Ko)?, folder))
        });
        match lesson {
            Ok((en, ko, folder)) => {
                entries.push((folder.yaml["number"].int(), entry(&folder, &en, &ko)));
                for (lang, all) in Lang::ALL.into_iter().zip(&mut learned) {
                    all.set(slug.as_str(), &folder.yaml["learned"][lang.code()]);
                }
                for (lang, value) in [(Lang::En, en), (Lang::Ko, ko)] {
                    let name = format!("{slug}.{}.json", lang.code());
                    packed.files.push((name, objects::json::to_string(&value)));
                }
            }
            Err(problems) => packed.problems.extend(problems),
        }
    }
    entries.arrange_by_key(|(number, _)| *number);
    let mut index = Value::map();
    index.set("version", VERSION);
    index.set("lessons", entries.into_iter().map(|(_, e)| e).collect::<Value>());
    for (lang, all) in Lang::ALL.into_iter().zip(learned) {
        let mut file = Value::map();
        file.set("version", VERSION);
        file.set("learned", all);
        packed.files.push((format!("learned.{}.json", lang.code()), objects::json::to_string(&file)));
        let words = objects::json::to_string(&words.pack(lang));
        packed.files.push((format!("glossary.{}.json", lang.code()), words));
    }
    packed.files.push(("index.json".into(), objects::json::to_string(&index)));
    packed
}

fn entry(folder: &Folder, en: &Value, ko: &Value) -> Value {
    let mut title = Value::map();
    title.set("en", &en["title"]);
    title.set("ko", &ko["title"]);
    let mut entry = Value::map();
    entry.set("slug", &en["slug"]);
    entry.set("title", title);
    for field in ["level", "minutes", "prerequisites"] {
        entry.set(field, &en[field]);
    }
    entry.set("part", &folder.yaml["part"]);
    entry.set("steps", i64::try_from(en["steps"].items().len()).unwrap_or(0));
    entry
}

/// What lesson.yaml has for authors only.
const FOR_AUTHORS: [&str; 4] = ["number", "wrong", "part", "learned"];

/// One language of a lesson: packed, and read back.
pub(super) fn lesson(folder: &Folder, words: &Glossary, lang: Lang) -> Result<(Value, Lesson), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut seen = Vec::new();
    let text = folder.text(lang);
    let mut out = folder.yaml.clone();
    if out.as_map().is_none() {
        return Err(vec![folder.in_yaml("", "fields are wanted here")]);
    }
    if folder.yaml["slug"] != folder.slug.as_str() {
        problems.push(folder.in_yaml("slug", "the slug is the folder's name"));
    }
    for field in FOR_AUTHORS {
        out.remove(field);
    }
    let part = Part::read(&Node { value: &folder.yaml["part"], path: "part".into() });
    problems.extend(part.err().map(|e| folder.of_error(&e)));
    if Lang::ALL.iter().any(|l| folder.yaml["learned"][l.code()].text().trim().is_empty()) {
        let message = "what one can do after the lesson is wanted, in both languages: {en: ..., ko: ...}";
        problems.push(folder.in_yaml("learned", message));
    }
    if text.title.is_empty() {
        problems.push(folder.in_text(
            lang,
            text.body,
            "the lesson's title is missing: a line that begins with #",
        ));
    }
    out.set("version", VERSION);
    out.set("lang", lang.code());
    out.set("title", text.title.as_str());
    let mut summary = text.summary.clone();
    words.link(lang, &mut summary, &mut seen);
    out.set("summary", pack_blocks(&summary));
    let mut files = Value::map();
    for (name, content) in &folder.files {
        files.set(name.clone(), content);
    }
    out.set("files", files);
    let ids: Vec<&str> = folder.yaml["steps"].items().iter().map(|s| s["id"].text()).collect();
    for section in &text.sections {
        if !section.id.is_empty() && !ids.contains(&section.id.as_str()) {
            let message = format!("no step of lesson.yaml is called {:?}", section.id);
            problems.push(folder.in_text(lang, section.place.start, message));
        }
    }
    let steps: Value = folder.yaml["steps"]
        .items()
        .iter()
        .enumerate()
        .map(|(i, step)| pack_step(folder, (words, &mut seen), lang, i, step, &mut problems))
        .collect();
    if !steps.items().is_empty() {
        out.set("steps", steps);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    match Lesson::from_json(&out) {
        Ok(lesson) => Ok((out, lesson)),
        Err(error) => Err(vec![folder.of_error(&error)]),
    }
}

fn pack_step(
    folder: &Folder,
    (words, seen): (&Glossary, &mut Vec<Str>),
    lang: Lang,
    i: usize,
    step: &Value,
    problems: &mut Vec<Problem>,
) -> Value {
    let mut out = step.clone();
    let id = step["id"].text();
    let mut sections = folder.text(lang).sections.iter().filter(|s| s.id == id);
    match (sections.next(), sections.next()) {
        (Some(section), None) => {
            out.set("title", section.title.as_str());
            let mut blocks = with_files(folder, lang, section.place.start, &section.blocks, problems);
            words.link(lang, &mut blocks, seen);
            out.set("blocks", pack_blocks(&blocks));
            if !section.after.is_empty() {
                let mut after = section.after.clone();
                words.link(lang, &mut after, seen);
                out.set("after", pack_blocks(&after));
            }
            let hints: Value = section.hints.iter().map(|h| pack_blocks(h)).collect();
            if !section.hints.is_empty() {
                out.set("hints", hints);
            }
        }
        (Some(_), Some(twice)) => {
            problems.push(folder.in_text(lang, twice.place.start, format!("two sections are called {id:?}")));
        }
        (None, _) => {
            let message = format!("{}.md has no section {{#{id}}}", lang.code());
            problems.push(folder.in_yaml(&format!("steps[{i}].id"), message));
        }
    }
    let mut say = |value: &mut Value, path: &str, field: &str| {
        let here = format!("{path}.{field}");
        match line(value.get(field), lang) {
            Ok(spans) => value.set(field, spans),
            Err((inner, why)) => problems.push(folder.in_yaml(&format!("{here}{inner}"), why)),
        }
    };
    for list in ["goals", "feedback"] {
        let mut items: Vec<Value> = step[list].items().to_vec();
        for (j, item) in items.iter_mut().enumerate() {
            say(item, &format!("steps[{i}].{list}[{j}]"), "text");
        }
        if !items.is_empty() {
            out.set(list, items);
        }
    }
    if !step["question"].is_null() {
        let path = format!("steps[{i}].question");
        let mut question = step["question"].clone();
        say(&mut question, &path, "text");
        let mut options: Vec<Value> = question["options"].items().to_vec();
        for (j, option) in options.iter_mut().enumerate() {
            for field in ["text", "explain"] {
                say(option, &format!("{path}.options[{j}]"), field);
            }
        }
        question.set("options", options);
        out.set("question", question);
    }
    out
}

/// `{en: ..., ko: ...}` as spans of one language; else where it is wrong below, and why.
fn line(text: &Value, lang: Lang) -> Result<Value, (String, String)> {
    for code in Lang::ALL.map(Lang::code) {
        if text[code].as_str().is_none_or(|t| t.trim().is_empty()) {
            let why = "a text in both languages is wanted: {en: ..., ko: ...}";
            return Err((if text.is_null() { String::new() } else { format!(".{code}") }, why.into()));
        }
    }
    let spans = markdown::read_line(text[lang.code()].text());
    spans.map(|s| pack_spans(&s)).map_err(|why| (format!(".{}", lang.code()), why))
}

/// An empty code block with `file=` shows the lesson's file of that name.
fn with_files(
    folder: &Folder,
    lang: Lang,
    offset: usize,
    blocks: &[Block],
    problems: &mut Vec<Problem>,
) -> Vec<Block> {
    let mut blocks = blocks.to_vec();
    for block in &mut blocks {
        let Block::Code(code) = block else { continue };
        if code.file.is_empty() || !code.text.trim().is_empty() {
            continue;
        }
        match folder.files.iter().find(|(name, _)| *name == code.file) {
            Some((_, text)) => code.text = text.clone(),
            None => {
                let message = format!("the lesson has no file {}", code.file);
                problems.push(folder.in_text(lang, offset, message));
            }
        }
    }
    blocks
}
