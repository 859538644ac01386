//! Where lessons come from and where progress goes: files beside the page, and the browser's storage.
//!
//! Owns: fetching `lessons/index.json` and a lesson in a language, saving progress. Does not own: lessons (course).
//! A page without lessons is a playground.

use std::rc::Rc;

use course::{Entry, Lesson, index};
use leptos::prelude::{GetUntracked, ReadValue};
use objects::Value;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use crate::app::App;
use crate::i18n::Lang;
use crate::session::Session;
use crate::storage;

async fn fetched(name: &str) -> Option<Value> {
    let window = web_sys::window()?;
    let answer = JsFuture::from(window.fetch_with_str(&format!("lessons/{name}.json"))).await.ok()?;
    let answer: Response = answer.dyn_into().ok()?;
    if !answer.ok() {
        return None;
    }
    let text = JsFuture::from(answer.text().ok()?).await.ok()?.as_string()?;
    objects::json::parse(&text).ok()
}

async fn lesson(slug: &str, lang: Lang) -> Option<Rc<Lesson>> {
    let value = fetched(&format!("{slug}.{}", lang.tag())).await?;
    Lesson::from_json(&value).ok().map(Rc::new)
}

/// All lessons, in their order; none where the page has none.
pub(crate) async fn entries() -> Vec<Entry> {
    let Some(value) = fetched("index").await else { return Vec::new() };
    index::from_json(&value).unwrap_or_default()
}

/// The lesson asked for, else the one open last, else the first.
pub(crate) async fn first(entries: &[Entry], lang: Lang, asked: Option<String>) -> Option<Rc<Lesson>> {
    let wanted = asked.or_else(|| storage::read("lesson"));
    if wanted.as_deref() == Some(FREE) {
        return None;
    }
    let entry = entries.iter().find(|e| Some(e.slug.as_str()) == wanted.as_deref()).or(entries.first())?;
    lesson(&entry.slug, lang).await
}

/// Stands for no lesson: the playground.
pub(crate) const FREE: &str = "free";

/// Opens a lesson where it was left, or the playground, in place of what is open.
pub(crate) fn open(app: App, slug: String) {
    storage::write("lesson", &slug);
    wasm_bindgen_futures::spawn_local(async move {
        let lang = app.lang.get_untracked();
        let lesson = if slug == FREE { None } else { lesson(&slug, lang).await };
        app.begin(lesson);
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
        if let Some(lesson) = lesson(&slug, lang).await {
            app.act(|s| s.translate(lesson));
        }
    });
}

/// What was saved of a lesson; null when nothing was.
#[must_use]
pub(crate) fn progress(slug: &str) -> Value {
    let text = storage::read(&format!("progress.{slug}")).unwrap_or_default();
    objects::json::parse(&text).unwrap_or_default()
}

/// Saves how far the learner has come.
pub(crate) fn keep(app: App) {
    if let Some((slug, saved)) = app.ask(Session::progress) {
        storage::write("lesson", &slug);
        storage::write(&format!("progress.{slug}"), &objects::json::to_string(&saved));
    }
}
