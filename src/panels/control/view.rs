//! The pane of controllers.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::html::Ul;
use leptos::prelude::*;

use super::{mark, rows};
use crate::app::{App, Panel, seldom, word};
use crate::paint::Painter;
use crate::stage::view::data_at;

#[component]
pub fn Control(app: App) -> impl IntoView {
    let all = RwSignal::new(true);
    let list = NodeRef::<Ul>::new();
    let painter: Rc<RefCell<Option<Painter>>> = Rc::default();
    // Keys come into queues and leave them without a write.
    let (moved, ticked) = (seldom(app.objects), seldom(app.time));
    Effect::new(move |_| {
        let Some(root) = list.get() else { return };
        if app.dock.get() != Panel::Control {
            return;
        }
        moved.track();
        ticked.track();
        app.past.track();
        let texts = app.texts();
        let mut painter = painter.borrow_mut();
        if painter.is_none() {
            *painter = Painter::new(root.into());
        }
        if let Some(painter) = painter.as_mut() {
            let all = app.ask(|s| rows(s, all.get()));
            painter.paint(all.iter().map(|row| (row.name.into(), Rc::new(mark(row, texts)))).collect());
        }
    });
    let pressed = move |event: web_sys::MouseEvent| {
        let of = |name| data_at(event.target(), name);
        if let Some(name) = of("data-hold") {
            app.act(|s| s.hold(&name, true));
        } else if let Some(name) = of("data-free") {
            app.act(|s| s.hold(&name, false));
        } else if let Some(name) = of("data-step").filter(|_| of("aria-disabled").as_deref() != Some("true"))
        {
            app.act(|s| s.nudge(&name));
        }
    };
    view! {
        <div class="events control" tabindex="0" role="region" aria-label=word(app, |t| t.objects().controllers)>
            <p class="remark">{word(app, |t| t.objects().controllers_help)}</p>
            <label class="tick">
                <input type="checkbox" prop:checked=move || !all.get() on:change=move |_| all.update(|a| *a = !*a) />
                {word(app, |t| t.objects().busy_only)}
            </label>
            <ul node_ref=list on:click=pressed></ul>
        </div>
    }
}
