//! The pane of requests, load and faults.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::html::Div;
use leptos::prelude::*;

use super::{commands, list};
use crate::app::{App, Panel, ic, word};
use crate::paint::Painter;
use crate::panels::faults::view::Faults;
use crate::stage::view::data_at;

#[component]
pub fn Traffic(app: App) -> impl IntoView {
    let body = NodeRef::<Div>::new();
    let painter: Rc<RefCell<Option<Painter>>> = Rc::default();
    let shown = move || app.dock.get() == Panel::Traffic;
    let second = Memo::new(move |_| {
        app.time.track();
        if shown() { app.ask(|s| (s.now() / 250, s.cluster().paths().count())) } else { (0, 0) }
    });
    Effect::new(move |_| {
        let Some(root) = body.get() else { return };
        second.get();
        app.past.track();
        if !shown() {
            return;
        }
        let texts = app.texts();
        let marks = app.ask(|s| list(s, texts, app.korean()));
        let mut painter = painter.borrow_mut();
        if painter.is_none() {
            *painter = Painter::new(root.into());
        }
        if let Some(painter) = painter.as_mut() {
            painter.paint(marks.into_iter().map(|(key, mark)| (key, Rc::new(mark))).collect());
        }
    });
    let deeds = Memo::new(move |_| {
        if !shown() {
            return Vec::new();
        }
        app.stage.track();
        app.ask(commands)
    });
    let empty = Memo::new(move |_| {
        second.get();
        app.ask(|s| s.cluster().paths().count() == 0 && s.cluster().load().running().next().is_none())
    });
    view! {
        <div class="requests" role="region" aria-label=word(app, |t| t.traffic().traffic)>
            <div class="deeds" role="group" aria-label=word(app, |t| t.traffic().faults_and_load)>
                {move || deeds.get().into_iter().map(|line| {
                    let line = line.to_string();
                    let says = line.clone();
                    let icon = if line.starts_with("fault") { "#i-bolt" } else { "#i-play" };
                    view! {
                        <button class="runs" on:click=move |_| app.run(&line)>
                            {ic(icon)}
                            <code lang="en">{says}</code>
                        </button>
                    }
                }).collect_view()}
            </div>
            <Faults app />
            <div class="paths" tabindex="0" role="group" aria-label=word(app, |t| t.traffic().traffic)
                on:click=move |event| {
                    if let Some(id) = data_at(event.target(), "data-id") {
                        app.open(id.into());
                    }
                }
            >
                <Show when=move || empty.get()>
                    <p class="empty">{word(app, |t| t.traffic().no_requests)}</p>
                </Show>
                <div node_ref=body></div>
            </div>
        </div>
    }
}
