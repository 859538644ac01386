//! The course over the page: map, glossary, progress.

use std::cell::RefCell;
use std::rc::Rc;

use course::glossary::Term;
use leptos::html::Div;
use leptos::prelude::*;
use smol_str::SmolStr;
use web_sys::{HtmlInputElement, MouseEvent};

use super::{Page, map, progress, words};
use crate::app::{App, focus, ic, word};
use crate::courses;
use crate::i18n::Lang;
use crate::paint::Painter;
use crate::session::Session;
use crate::stage::view::data_at;

#[must_use]
pub fn language(app: App) -> course::Lang {
    if app.lang.get() == Lang::Ko { course::Lang::Ko } else { course::Lang::En }
}

#[component]
pub fn Course(app: App) -> impl IntoView {
    view! {
        <Show when=move || app.course.get().is_some()>
            <Open app />
        </Show>
    }
}

#[component]
fn Open(app: App) -> impl IntoView {
    let body = NodeRef::<Div>::new();
    let painter: Rc<RefCell<Option<Painter>>> = Rc::default();
    let terms = StoredValue::new(Vec::<Term>::new());
    let learned = StoredValue::new(Vec::<(SmolStr, SmolStr)>::new());
    let arrived = Trigger::new();
    let typed = RwSignal::new(String::new());
    let said = RwSignal::new(String::new());
    Effect::new(move |_| {
        let lang = app.lang.get();
        wasm_bindgen_futures::spawn_local(async move {
            let (words, sentences) = (courses::glossary(lang).await, courses::learned(lang).await);
            terms.set_value(words);
            learned.set_value(sentences);
            arrived.notify();
        });
    });
    Effect::new(move |_| {
        let Some(root) = body.get() else { return };
        arrived.track();
        app.kept.track();
        let (texts, lang) = (app.texts(), language(app));
        let entries = app.entries.get_value();
        let open = app.ask(Session::progress).map(|(slug, _)| slug).unwrap_or_default();
        let marks = match app.course.get() {
            None => return,
            Some(Page::Map) => map(&entries, &courses::progress, &open, lang, texts),
            Some(Page::Words) => words(&terms.get_value(), &typed.get(), &entries, lang, texts),
            Some(Page::Progress) => {
                let sum = course::map::summary(&entries, &learned.get_value(), &courses::progress);
                progress(&sum, &entries, lang, texts)
            }
        };
        let mut painter = painter.borrow_mut();
        if painter.is_none() {
            *painter = Painter::new(root.into());
        }
        if let Some(painter) = painter.as_mut() {
            painter.paint(marks.into_iter().map(|(key, mark)| (key, Rc::new(mark))).collect());
        }
        let term = app.term.get();
        if !term.is_empty()
            && let Some(one) = document().get_element_by_id(&format!("term-{term}"))
        {
            one.scroll_into_view();
            focus(&format!("#term-{term}"));
            app.term.set(String::new());
        }
    });
    let shut = move || {
        app.course.set(None);
        focus(".course-way");
    };
    let clicked = move |event: MouseEvent| {
        if let Some(slug) = data_at(event.target(), "data-to") {
            shut();
            courses::open(app, slug.to_string());
        } else if let Some(slug) = data_at(event.target(), "data-known") {
            courses::toggle_known(&slug);
            app.kept.notify();
        }
    };
    let tab = move |page: Page, name: fn(App) -> &'static str| {
        view! {
            <button
                class:on=move || app.course.get() == Some(page)
                aria-pressed=move || if app.course.get() == Some(page) { "true" } else { "false" }
                on:click=move |_| {
                    app.course.set(Some(page));
                    if let Some(body) = body.get_untracked() {
                        body.set_scroll_top(0);
                    }
                }
            >
                {move || name(app)}
            </button>
        }
    };
    let clear = move || {
        let texts = app.texts_now();
        if window().confirm_with_message(texts.course().forget_sure).unwrap_or(false) {
            courses::forget(app);
            said.set(texts.course().forgotten.to_owned());
            app.kept.notify();
        }
    };
    let bring = move |event: leptos::ev::Event| {
        let input: HtmlInputElement = event_target(&event);
        wasm_bindgen_futures::spawn_local(async move {
            let texts = app.texts_now();
            let count = match courses::chosen_text(&input).await {
                Some(text) => courses::import(app, &text),
                None => None,
            };
            said.set(count.map_or(texts.course().import_failed.to_owned(), |n| {
                (texts.course().imported)(n).to_string()
            }));
            app.kept.notify();
        });
    };
    view! {
        <div class="over" on:click=move |_| shut()>
            <div
                class="palette course"
                role="dialog"
                aria-modal="true"
                aria-label=word(app, |t| t.course().course)
                on:click=|e| e.stop_propagation()
                on:keydown=move |e| if e.key() == "Escape" { e.stop_propagation(); shut() }
            >
                <div class="maphead">
                    <div class="seg" role="group" aria-label=word(app, |t| t.course().course)>
                        {tab(Page::Map, |a| a.texts().course().map)}
                        {tab(Page::Words, |a| a.texts().course().glossary)}
                        {tab(Page::Progress, |a| a.texts().course().progress)}
                    </div>
                    <button class="ibtn" aria-label=word(app, |t| t.page().close) on:click=move |_| shut()>
                        {ic("#i-x")}
                    </button>
                </div>
                <Show when=move || app.course.get() == Some(Page::Words)>
                    <div class="asked">
                        {ic("#i-search")}
                        <input
                            aria-label=word(app, |t| t.course().find_word)
                            placeholder=word(app, |t| t.course().find_word)
                            autocomplete="off"
                            prop:value=move || typed.get()
                            on:input=move |e| typed.set(event_target_value(&e))
                        />
                    </div>
                </Show>
                <div class="cbody" tabindex="0" role="group" aria-label=word(app, |t| t.course().course) on:click=clicked node_ref=body></div>
                <Show when=move || app.course.get() == Some(Page::Progress)>
                    <div class="carry">
                        <a
                            class="btn sm"
                            download="wheelhouse-progress.json"
                            href=move || { app.kept.track(); courses::exported(app) }
                        >
                            {word(app, |t| t.course().export)}
                        </a>
                        <label class="btn sm">
                            {word(app, |t| t.course().import)}
                            <input class="said" type="file" accept="application/json,.json" on:change=bring />
                        </label>
                        <button class="btn sm" on:click=move |_| clear()>{word(app, |t| t.course().forget)}</button>
                        <span role="status">{move || said.get()}</span>
                    </div>
                </Show>
            </div>
        </div>
    }
}
