//! The host lab over the stage.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::html::Div;
use leptos::prelude::*;
use terminal::lab::Open;

use super::{STRETCHES, marks, shown};
use crate::app::{App, word};
use crate::paint::Painter;

#[component]
pub fn LabScreen(app: App) -> impl IntoView {
    let body = NodeRef::<Div>::new();
    let painter: Rc<RefCell<Option<Painter>>> = Rc::default();
    // Ten minutes to three in the morning: the first server of the bad day has just died.
    let at = RwSignal::new(17_usize);
    let open = Memo::new(move |_| {
        app.lab.track();
        app.ask(|s| s.lab(|lab| lab.open))
    });
    let played = Memo::new(move |_| {
        app.lab.track();
        app.ask(|s| s.lab(|lab| lab.open == Open::Day && shown(lab).is_some()))
    });
    let second = Memo::new(move |_| {
        app.time.track();
        if open.get() == Open::Machines { app.ask(|s| s.latest() / 1000) } else { 0 }
    });
    Effect::new(move |_| {
        let Some(root) = body.get() else { return };
        app.lab.track();
        second.get();
        let (texts, at) = (app.texts(), at.get());
        let marks = app.ask(|s| s.lab(|lab| marks(lab, at, s.present(), texts)));
        let mut painter = painter.borrow_mut();
        if painter.is_none() {
            *painter = Painter::new(root.into());
        }
        if let Some(painter) = painter.as_mut() {
            painter.paint(marks.into_iter().map(|(key, mark)| (key, Rc::new(mark))).collect());
        }
    });
    let label = move || {
        let at = at.get();
        format!("{:02}:{:02}", at / 6, at % 6 * 10)
    };
    view! {
        <div
            class="lab"
            class:hidden=move || open.get() == Open::Nothing
            data-open=move || open.get().name()
            role="region"
            tabindex="0"
            aria-label=word(app, |t| t.lab().title)
        >
            <label class="hours" class:hidden=move || !played.get()>
                <span>{word(app, |t| t.lab().hour)}</span>
                <input
                    type="range"
                    min="0"
                    max=(STRETCHES - 1).to_string()
                    prop:value=move || at.get().to_string()
                    aria-valuetext=label
                    on:input=move |event| at.set(event_target_value(&event).parse().unwrap_or(0))
                />
                <span class="m">{label}</span>
            </label>
            <div class="scene" node_ref=body></div>
        </div>
    }
}
