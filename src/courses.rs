//! Where lessons come from and where progress goes: files beside the page, and the browser's storage.
//!
//! Owns: fetching `lessons/index.json` and a lesson in a language, saving progress. Does not own: lessons (course).
//! A page without lessons is a playground.

use std::cell::Cell;
use std::rc::Rc;

use course::progress::KNOWN;
use course::{Entry, Lesson, index};
use js_sys::{Function, Promise, Reflect};
use leptos::prelude::{GetUntracked, ReadValue, Set};
use objects::Value;
use smol_str::SmolStr;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlInputElement, Response};

use crate::app::App;
use crate::i18n::Lang;
use crate::session::Session;
use crate::storage;

async fn text_of(path: &str) -> Result<String, String> {
    let missing = || format!("{path}: not there");
    let window = web_sys::window().ok_or_else(missing)?;
    let answer = JsFuture::from(window.fetch_with_str(path)).await.map_err(|_| missing())?;
    let answer: Response = answer.dyn_into().map_err(|_| missing())?;
    if !answer.ok() {
        return Err(missing());
    }
    let text = JsFuture::from(answer.text().map_err(|_| missing())?).await.map_err(|_| missing())?;
    Ok(text.as_string().unwrap_or_default())
}

/// What is wrong in a file, with its line and column.
fn wrong(path: &str, text: &str, offset: usize, why: &dyn std::fmt::Display) -> String {
    let (line, column) = course::place(text, offset);
    format!("{path}:{line}:{column}: {why}")
}

async fn fetched(name: &str) -> Result<Value, String> {
    let path = format!("lessons/{name}.json");
    let text = text_of(&path).await?;
    objects::json::parse(&text).map_err(|e| wrong(&path, &text, e.offset, &e))
}

/// A lesson, or what is wrong with its file, in words for the learner.
async fn lesson(slug: &str, lang: Lang) -> Result<Rc<Lesson>, String> {
    let path = format!("lessons/{slug}.{}.json", lang.tag());
    let read = async {
        let text = text_of(&path).await?;
        let value = objects::json::parse(&text).map_err(|e| wrong(&path, &text, e.offset, &e))?;
        let at = |e: course::Error| wrong(&path, &text, course::offset_in_json(&text, &e.path), &e);
        Lesson::from_json(&value).map(Rc::new).map_err(at)
    };
    read.await.map_err(|why| (lang.texts().lesson().broken)(&why).to_string())
}

/// All lessons, in their order; none where the page has none.
pub(crate) async fn entries() -> Vec<Entry> {
    let Ok(value) = fetched("index").await else { return Vec::new() };
    index::from_json(&value).unwrap_or_default()
}

/// The course's words.
pub(crate) async fn glossary(lang: Lang) -> Vec<course::glossary::Term> {
    let value = fetched(&format!("glossary.{}", lang.tag())).await.unwrap_or_default();
    course::glossary::from_json(&value).unwrap_or_default()
}

/// What one can do after each lesson.
pub(crate) async fn learned(lang: Lang) -> Vec<(SmolStr, SmolStr)> {
    let value = fetched(&format!("learned.{}", lang.tag())).await.unwrap_or_default();
    course::map::learned_from_json(&value).unwrap_or_default()
}

/// The lesson asked for, else the one open last, else the first; or what is wrong with it.
pub(crate) async fn first(
    entries: &[Entry],
    lang: Lang,
    asked: Option<String>,
) -> Result<Option<Rc<Lesson>>, String> {
    let wanted = asked.or_else(|| storage::read("lesson"));
    if wanted.as_deref() == Some(FREE) {
        return Ok(None);
    }
    let by_name = entries.iter().find(|e| Some(e.slug.as_str()) == wanted.as_deref());
    let Some(entry) = by_name.or(entries.first()) else { return Ok(None) };
    lesson(&entry.slug, lang).await.map(Some)
}

/// Stands for no lesson: the playground.
pub(crate) const FREE: &str = "free";

thread_local! {
    /// Counts what was chosen: of two lessons on their way the later choice is opened, whichever comes first.
    static CHOSEN: Cell<u32> = const { Cell::new(0) };
}

/// Opens a lesson where it was left, or the playground, in place of what is open.
pub(crate) fn open(app: App, slug: String) {
    let choice = CHOSEN.get().wrapping_add(1);
    CHOSEN.set(choice);
    wasm_bindgen_futures::spawn_local(async move {
        let lang = app.lang.get_untracked();
        let opened = if slug == FREE { Ok(None) } else { lesson(&slug, lang).await.map(Some) };
        if CHOSEN.get() != choice {
            return;
        }
        match opened {
            Ok(lesson) => {
                storage::write("lesson", &slug);
                app.note.set(None);
                app.begin(lesson);
            }
            // What is open goes on, and so do the other lessons and the playground.
            Err(why) => app.note.set(Some(why)),
        }
    });
}

/// The lesson after the open one.
pub(crate) fn next(app: App) -> Option<String> {
    let (open, _) = app.ask(Session::progress)?;
    let entries = app.entries.read_value();
    let at = entries.iter().position(|e| e.slug == open)?;
    entries.get(at + 1).map(|e| e.slug.to_string())
}

/// Goes on with the open lesson in another language, once it is here.
pub(crate) fn translate(app: App, lang: Lang) {
    let Some((slug, _)) = app.ask(Session::progress) else { return };
    if app.ask(|s| s.lesson().is_some_and(|l| l.lang == lang.tag())) {
        return;
    }
    wasm_bindgen_futures::spawn_local(async move {
        let found = lesson(&slug, lang).await;
        // The reader may have turned back meanwhile.
        if let Ok(lesson) = found
            && app.lang.get_untracked() == lang
        {
            app.act(|s| s.translate(lesson));
        }
    });
}

/// What was saved of a lesson, and whether the learner knows it already; null when nothing was.
#[must_use]
pub(crate) fn progress(slug: &str) -> Value {
    let text = storage::read(&format!("progress.{slug}")).unwrap_or_default();
    let mut saved = objects::json::parse(&text).unwrap_or_default();
    if storage::read_list("known").iter().any(|known| known == slug) {
        if saved.as_map().is_none() {
            saved = Value::map();
        }
        saved.set(KNOWN, true);
    }
    saved
}

/// The learner knows a lesson without doing it, or not after all.
pub(crate) fn toggle_known(slug: &str) {
    let mut known = storage::read_list("known");
    match known.iter().position(|one| one == slug) {
        Some(at) => drop(known.remove(at)),
        None => known.push(slug.to_owned()),
    }
    storage::write_list("known", &known);
}

/// All progress as the address of a file.
#[must_use]
pub(crate) fn exported(app: App) -> String {
    let text = course::progress::export(&app.entries.read_value(), &progress);
    format!("data:application/json;charset=utf-8,{}", String::from(js_sys::encode_uri_component(&text)))
}

/// Takes a file's progress in, in place of what was saved of the same lessons. How many lessons; none of a file that
/// is none of ours.
pub(crate) fn import(app: App, text: &str) -> Option<i64> {
    let found = course::progress::import(&app.entries.read_value(), text)?;
    let mut known = storage::read_list("known");
    for (slug, saved) in &found {
        if saved[KNOWN].is_true() && !known.contains(slug) {
            known.push(slug.clone());
        }
        if saved["slug"] == slug.as_str() {
            let mut saved = saved.clone();
            saved.remove(KNOWN);
            storage::write(&format!("progress.{slug}"), &objects::json::to_string(&saved));
        }
    }
    storage::write_list("known", &known);
    i64::try_from(found.len()).ok()
}

/// Forgets how far the learner has come; what is open begins again.
pub(crate) fn forget(app: App) {
    for entry in app.entries.read_value().iter() {
        storage::write(&format!("progress.{}", entry.slug), "");
    }
    storage::write_list("known", &[]);
    if app.ask(Session::progress).is_some() {
        app.restart();
    }
}

/// The text of the file that was chosen.
pub(crate) async fn chosen_text(input: &HtmlInputElement) -> Option<String> {
    let of = |from: &JsValue, name: &str| Reflect::get(from, &JsValue::from_str(name)).ok();
    let file = of(&of(input, "files")?, "0").filter(JsValue::is_object)?;
    let size = of(&file, "size").and_then(|n| n.as_f64()).unwrap_or(f64::INFINITY);
    if size > course::progress::MOST_BYTES as f64 {
        return None;
    }
    let text: Function = of(&file, "text")?.dyn_into().ok()?;
    let promise: Promise = text.call0(&file).ok()?.dyn_into().ok()?;
    JsFuture::from(promise).await.ok()?.as_string()
}

/// Saves how far the learner has come.
pub(crate) fn keep(app: App) {
    if let Some((slug, saved)) = app.ask(Session::progress) {
        storage::write("lesson", &slug);
        storage::write(&format!("progress.{slug}"), &objects::json::to_string(&saved));
    }
}
