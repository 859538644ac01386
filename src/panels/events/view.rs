//! The pane of all events.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::html::Ol;
use leptos::prelude::*;

use super::row;
use crate::app::{App, Panel, seldom, word};
use crate::paint::Painter;
use crate::stage::view::data_at;

/// Newest first, this many.
const MOST: usize = 120;

#[component]
pub fn Events(app: App) -> impl IntoView {
    let list = NodeRef::<Ol>::new();
    let painter: Rc<RefCell<Option<Painter>>> = Rc::default();
    let moved = seldom(app.events);
    Effect::new(move |_| {
        let Some(root) = list.get() else { return };
        if app.dock.get() != Panel::Events {
            return;
        }
        moved.track();
        let texts = app.texts();
        let (events, now) = app.ask(|s| (s.events(None, MOST), s.now()));
        let mut painter = painter.borrow_mut();
        if painter.is_none() {
            *painter = Painter::new(root.into());
        }
        let Some(painter) = painter.as_mut() else { return };
        let mut rows: Vec<_> = events.iter().map(|e| row(e, texts, now, true)).collect();
        rows.reverse();
        painter.paint(rows.into_iter().map(|(key, mark)| (key, Rc::new(mark))).collect());
    });
    let empty = Memo::new(move |_| {
        app.events.track();
        app.ask(|s| s.event_count() == 0)
    });
    view! {
        <div class="events" tabindex="0" role="region" aria-label=word(app, |t| t.objects().events)>
            <Show when=move || empty.get()>
                <p class="empty">{word(app, |t| t.objects().no_events)}</p>
            </Show>
            <ol node_ref=list on:click=move |event| {
                if let Some(id) = data_at(event.target(), "data-why") {
                    app.why_event(&id);
                }
            }></ol>
        </div>
    }
}
