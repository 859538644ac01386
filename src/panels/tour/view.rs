//! The tour on the page: a card beside what it speaks of.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::STOPS;
use crate::app::{App, Panel, drawn, focus, word};
use crate::panels::Front;
use crate::storage;

const SEEN: &str = "tour";

/// Starts by itself on a first visit, once the whole program is there.
pub fn begin_once(app: App) {
    // A lesson in another page begins with itself; that page has its own words before it.
    if storage::read(SEEN).is_none() && !crate::embed::view::is_embedded() {
        app.tour.set(Some(0));
    }
}

fn front(app: App, panel: Front) {
    app.panel.set(match panel {
        Front::Diagram => Panel::Diagram,
        Front::Terminal => Panel::Terminal,
        Front::Editor => Panel::Editor,
        Front::Inspector => Panel::Inspector,
        Front::Lesson => Panel::Lesson,
    });
    match panel {
        Front::Terminal => app.dock.set(Panel::Terminal),
        Front::Editor => app.dock.set(Panel::Editor),
        Front::Lesson => app.lesson_open.set(true),
        _ => {}
    }
}

#[component]
pub fn Tour(app: App) -> impl IntoView {
    let place = RwSignal::new(String::new());
    let put = move || {
        let Some(stop) = app.tour.get_untracked().and_then(|i| STOPS.get(i)) else { return };
        let rect = document().query_selector(stop.at).ok().flatten().map(|e| e.get_bounding_client_rect());
        let size = |v: Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>| {
            v.ok().and_then(|v| v.as_f64()).unwrap_or(800.0)
        };
        let (w, h) = (size(window().inner_width()), size(window().inner_height()));
        let seen = rect.filter(|r| r.width() > 0.0 && r.height() > 0.0 && r.left() < w && r.top() < h);
        place.set(match seen {
            Some(r) => {
                let (left, top) = (r.left().max(0.0), r.top().max(0.0));
                let (right, bottom) = (r.right().min(w), r.bottom().min(h));
                format!(
                    "--l:{left}px;--t:{top}px;--w:{}px;--h:{}px;--side:{}",
                    right - left,
                    bottom - top,
                    if top > h / 2.0 { 1 } else { 0 }
                )
            }
            None => format!("--l:{}px;--t:{}px;--w:0px;--h:0px;--side:0", w / 2.0, h / 3.0),
        });
    };
    Effect::new(move |_| {
        let Some(index) = app.tour.get() else { return };
        if let Some(panel) = STOPS.get(index).and_then(|s| s.panel) {
            front(app, panel);
        }
        focus(".tour .card");
        // Once what it points at stands where it is to stand.
        drawn(put);
    });
    window_event_listener(leptos::ev::resize, move |_| put());
    let shut = move || {
        storage::write(SEEN, "1");
        app.tour.set(None);
        front(app, Front::Diagram);
        focus("#prompt");
    };
    let to = move |index: Option<usize>| match index {
        Some(index) if index < STOPS.len() => app.tour.set(Some(index)),
        Some(_) => shut(),
        None => {}
    };
    let keys = move |event: KeyboardEvent| {
        let at = app.tour.get_untracked().unwrap_or(0);
        let on_card = document().active_element().is_some_and(|e| e.class_list().contains("card"));
        match event.key().as_str() {
            "Escape" => shut(),
            "Enter" if on_card => to(Some(at + 1)),
            "ArrowRight" => to(Some(at + 1)),
            "ArrowLeft" => to(at.checked_sub(1)),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let text = move || app.texts().guide().tour.get(app.tour.get().unwrap_or(0)).copied().unwrap_or_default();
    view! {
        <Show when=move || app.tour.get().is_some()>
            <div class="tour" style=move || place.get() on:keydown=keys>
                <div class="spot" aria-hidden="true"></div>
                <div class="card" role="dialog" tabindex="-1" aria-labelledby="tour-title" aria-describedby="tour-text">
                    <p class="eyebrow">
                        <span>{word(app, |t| t.guide().tour_name)}</span>
                        <span class="m">{move || format!("{} / {}", app.tour.get().unwrap_or(0) + 1, STOPS.len())}</span>
                    </p>
                    <h2 id="tour-title">{move || text().0}</h2>
                    <p id="tour-text">{move || text().1}</p>
                    <div class="row">
                        <button class="btn sm" on:click=move |_| shut()>{word(app, |t| t.guide().skip_tour)}</button>
                        <button class="btn sm back" class:hidden=move || app.tour.get() == Some(0)
                            on:click=move |_| to(app.tour.get_untracked().unwrap_or(0).checked_sub(1))>
                            {word(app, |t| t.lesson().back)}
                        </button>
                        <button class="btn sm pri on" on:click=move |_| to(Some(app.tour.get_untracked().unwrap_or(0) + 1))>
                            {move || if app.tour.get().unwrap_or(0) + 1 == STOPS.len() { app.texts().guide().end_tour } else { app.texts().lesson().next }}
                        </button>
                    </div>
                </div>
            </div>
        </Show>
    }
}
