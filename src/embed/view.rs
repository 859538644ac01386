//! The port to the page around this one.

use std::cell::RefCell;

use js_sys::{Object, Reflect};
use leptos::prelude::*;
use smol_str::SmolStr;
use wasm_bindgen::JsValue;

use super::{Order, VERSION, order};
use crate::app::App;
use crate::courses;
use crate::i18n::Lang;
use crate::session::Session;

/// What was told last: lesson, step, steps done, all done.
type Told = (SmolStr, usize, usize, bool);

thread_local! {
    static TOLD: RefCell<Option<Told>> = const { RefCell::new(None) };
}

/// True in embed.html.
pub(crate) fn is_embedded() -> bool {
    document().document_element().is_some_and(|root| root.has_attribute("data-embed"))
}

fn send(kind: &str, pairs: &[(&str, JsValue)]) {
    let Some(parent) = window().parent().ok().flatten() else { return };
    let message = Object::new();
    let head = [("wheelhouse", JsValue::from(VERSION)), ("type", JsValue::from_str(kind))];
    for (key, value) in head.iter().chain(pairs) {
        drop(Reflect::set(&message, &JsValue::from_str(key), value));
    }
    // Nothing in it is a secret, and the page around may be of any origin.
    drop(parent.post_message(&message, "*"));
}

fn text(from: &JsValue, key: &str) -> String {
    Reflect::get(from, &JsValue::from_str(key)).ok().and_then(|v| v.as_string()).unwrap_or_default()
}

/// Takes orders of the page around this one, and tells it that this one is ready.
pub(crate) fn install(app: App) {
    if !is_embedded() {
        return;
    }
    window_event_listener_untyped("message", move |event| {
        let from = Reflect::get(&event, &JsValue::from_str("source")).unwrap_or_default();
        let parent = window().parent().ok().flatten().map(JsValue::from).unwrap_or_default();
        if !Object::is(&from, &parent) {
            return;
        }
        let Ok(data) = Reflect::get(&event, &JsValue::from_str("data")) else { return };
        let version = Reflect::get(&data, &JsValue::from_str("wheelhouse")).ok().and_then(|v| v.as_f64());
        let known = |slug: &str| app.entries.read_value().iter().any(|e| e.slug == slug);
        let (kind, lesson, lang) = (text(&data, "type"), text(&data, "lesson"), text(&data, "lang"));
        match order(version.unwrap_or(f64::NAN), &kind, &lesson, &lang, &known) {
            Ok(Order::Load { lesson, lang }) => {
                if let Some(lang) = lang {
                    app.lang.set(Lang::of_tag(lang));
                }
                courses::open(app, lesson);
            }
            Ok(Order::Reset) => app.restart(),
            Err("") => {}
            Err(why) => send("error", &[("message", JsValue::from_str(why))]),
        }
    });
    window_event_listener_untyped("resize", |_| tell_height());
    tell_height();
    tell(app);
}

fn tell_height() {
    let width = window().inner_width().ok().and_then(|w| w.as_f64()).unwrap_or(0.0);
    send("height", &[("height", super::height(width as i32).into())]);
}

/// Tells what has changed since the last time: `ready` of a lesson, `progress` in it, its `completed`.
pub(crate) fn tell(app: App) {
    if !is_embedded() {
        return;
    }
    let Some(page) = app.ask(Session::standing) else { return };
    let before = TOLD.with_borrow(Clone::clone);
    if before.as_ref() == Some(&page.told) {
        return;
    }
    let lang = app.lang.get_untracked().tag();
    let (slug, step, done, all) = page.told.clone();
    let pairs = |more: Vec<(&'static str, JsValue)>| {
        let mut all = vec![("lesson", JsValue::from_str(&slug)), ("lang", JsValue::from_str(lang))];
        all.extend(more);
        all
    };
    let steps = page.steps;
    let number = |n: usize| JsValue::from(n as f64);
    let same = before.as_ref().is_some_and(|b| b.0 == slug);
    TOLD.set(Some(page.told));
    if !same {
        send("ready", &pairs(vec![("steps", number(steps))]));
    }
    send("progress", &pairs(vec![("step", number(step)), ("done", number(done)), ("steps", number(steps))]));
    if all && !(same && before.is_some_and(|b| b.3)) {
        send("completed", &pairs(vec![("steps", number(steps))]));
    }
}
