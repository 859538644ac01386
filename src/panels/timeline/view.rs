//! The timeline on the page.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::html::Div;
use leptos::prelude::*;
use leptos::svg::Svg;

use super::scene::{Window, scene};
use crate::app::{App, word};
use crate::paint::Painter;
use crate::stage::view::sized;

/// What is in view at a speed (in thousandths), in ms: the faster time passes, the more of it.
fn span(speed: i64) -> i64 {
    match speed {
        ..=100 => 15_000,
        101..=1000 => 60_000,
        1001..=10_000 => 300_000,
        _ => 1_800_000,
    }
}

#[component]
pub fn Timeline(app: App) -> impl IntoView {
    let (frame, svg) = (NodeRef::<Div>::new(), NodeRef::<Svg>::new());
    let size = sized(frame);
    // Time moves the picture only when it moves it by a px.
    let px = Memo::new(move |_| {
        app.time.track();
        let per_px = span(app.speed.get()) / i64::from(size.get().0.max(200));
        app.ask(|s| s.elapsed()) / per_px.max(1)
    });
    let painter: Rc<RefCell<Option<Painter>>> = Rc::default();
    Effect::new(move |_| {
        let Some(root) = svg.get() else { return };
        px.get();
        app.timeline.track();
        let (width, height) = size.get();
        if width == 0 {
            return;
        }
        let texts = app.texts();
        let span = span(app.speed.get());
        let marks = app.ask(|s| {
            let window = Window { width, height, now: s.now(), zero: s.now() - s.elapsed(), span };
            scene(&s.record, &s.due(texts), window, texts)
        });
        let mut painter = painter.borrow_mut();
        if painter.is_none() {
            *painter = Painter::new(root.into());
        }
        if let Some(painter) = painter.as_mut() {
            painter.paint(marks.into_iter().map(|(key, mark)| (key, Rc::new(mark))).collect());
        }
    });
    view! {
        <div class="tline" node_ref=frame>
            <svg
                node_ref=svg
                role="img"
                aria-label=word(app, |t| t.timeline)
                width=move || size.get().0
                height=move || size.get().1
            ></svg>
        </div>
    }
}
