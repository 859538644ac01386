//! The timeline on the page: a slider over all of the past.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::ev::{KeyboardEvent, PointerEvent, WheelEvent};
use leptos::html::Div;
use leptos::prelude::*;
use leptos::svg::Svg;

use super::record::Lane;
use super::scene::{Window, row_at, rows, scene};
use crate::app::{App, ic, word};
use crate::format::minutes;
use crate::paint::Painter;
use crate::session::Session;
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

/// The least and the most that can be in view, in ms.
const SPANS: (i64, i64) = (2_000, 4 * 3_600_000);

/// What is in view: pinned while the reader looks at the past, else it follows the present.
fn window(app: App, session: &Session, (width, height): (i32, i32)) -> Window {
    let span = app.span.get_untracked().unwrap_or_else(|| span(app.speed.get_untracked()));
    let (now, latest) = (session.now(), session.latest());
    let zero = now - session.elapsed();
    let from = match app.pinned.get_untracked() {
        None => Window::following(latest, span),
        // What plays on runs out of view at the right; what is sought lies anywhere.
        Some(from) if now > from + span * 19 / 20 => now - span * 3 / 5,
        Some(from) if now < from => now - span / 5,
        Some(from) => from,
    };
    let lane = app.lane.get_untracked();
    Window { width, height, now, latest, zero, earliest: session.earliest(), from, span, lane }
}

#[component]
pub fn Timeline(app: App) -> impl IntoView {
    let (frame, svg) = (NodeRef::<Div>::new(), NodeRef::<Svg>::new());
    let size = sized(frame);
    // Time moves the picture only when it moves it by a px.
    let px = Memo::new(move |_| {
        app.time.track();
        let span = app.span.get().unwrap_or_else(|| span(app.speed.get()));
        let per_px = span / i64::from(size.get().0.max(200));
        app.ask(|s| s.elapsed()) / per_px.max(1)
    });
    let painter: Rc<RefCell<Option<Painter>>> = Rc::default();
    Effect::new(move |_| {
        let Some(root) = svg.get() else { return };
        px.get();
        app.timeline.track();
        app.pinned.track();
        app.past.track();
        app.lane.track();
        let size = size.get();
        if size.0 == 0 {
            return;
        }
        let texts = app.texts();
        let (marks, from) = app.ask(|s| {
            let window = window(app, s, size);
            (scene(s.record(), s.typed(), &s.due(texts), window, texts), window.from)
        });
        if app.pinned.get_untracked().is_some_and(|old| old != from) {
            app.pinned.set(Some(from));
        }
        let mut painter = painter.borrow_mut();
        if painter.is_none() {
            *painter = Painter::new(root.into());
        }
        if let Some(painter) = painter.as_mut() {
            painter.paint(marks.into_iter().map(|(key, mark)| (key, Rc::new(mark))).collect());
        }
    });
    let here = move |x: i32| {
        let left = svg.get_untracked().map_or(0.0, |e| e.get_bounding_client_rect().left());
        x - left as i32
    };
    let held = StoredValue::new(false);
    let go = move |x: i32| {
        let at = app.ask(|s| window(app, s, size.get_untracked()).at(x));
        app.seek(at);
    };
    let down = move |event: PointerEvent| {
        if event.button() != 0 {
            return;
        }
        let x = here(event.client_x());
        let lane = app.ask(|s| {
            let w = window(app, s, size.get_untracked());
            if x >= w.left() {
                return None;
            }
            let top = svg.get_untracked().map_or(0.0, |e| e.get_bounding_client_rect().top());
            let y = event.client_y() - top as i32;
            let rows = rows(s.record(), w);
            let row = (0..rows.len()).find(|i| {
                let (top, h) = row_at(rows.len(), *i, w);
                (top..top + h).contains(&y)
            });
            row.and_then(|i| rows[i].first().copied())
        });
        if let Some(lane) = lane {
            choose(app, Some(lane));
            return;
        }
        held.set_value(true);
        if let Some(root) = svg.get_untracked() {
            // Without it, a drag ends at the edge of the timeline.
            drop(root.set_pointer_capture(event.pointer_id()));
        }
        go(x);
    };
    let moved = move |event: PointerEvent| {
        if held.get_value() {
            go(here(event.client_x()));
        }
    };
    let wheel = move |event: WheelEvent| {
        event.prevent_default();
        let old = app.span.get_untracked().unwrap_or_else(|| span(app.speed.get_untracked()));
        let new = if event.delta_y() > 0.0 { old * 5 / 4 } else { old * 4 / 5 }.clamp(SPANS.0, SPANS.1);
        let x = here(event.client_x());
        let at = app.ask(|s| window(app, s, size.get_untracked()).at(x));
        app.span.set(Some(new));
        if let Some(from) = app.pinned.get_untracked() {
            // What lies under the pointer stays there.
            app.pinned.set(Some(at - (at - from) * new / old.max(1)));
        }
    };
    let keys = move |event: KeyboardEvent| {
        let span = app.span.get_untracked().unwrap_or_else(|| span(app.speed.get_untracked()));
        let now = app.ask(Session::now);
        match event.key().as_str() {
            "ArrowLeft" => app.seek(now - span / 100),
            "ArrowRight" => app.seek(now + span / 100),
            "PageUp" => app.seek(now - span / 4),
            "PageDown" => app.seek(now + span / 4),
            "ArrowUp" => other_lane(app, -1),
            "ArrowDown" => other_lane(app, 1),
            "Enter" => app.fork(),
            "Escape" => choose(app, None),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let reading = move || {
        app.time.track();
        app.past.track();
        app.ask(|s| minutes(s.elapsed())).to_string()
    };
    let lines = Memo::new(move |_| {
        app.timeline.track();
        app.past.track();
        app.ask(Session::branches)
    });
    view! {
        <div class="tline" node_ref=frame>
            <svg
                node_ref=svg
                role="slider"
                tabindex="0"
                aria-label=move || format!("{}. {}", app.texts().time().timeline, app.texts().time().timeline_help)
                aria-valuemin="0"
                aria-valuemax=move || { app.time.track(); app.ask(|s| (s.latest() - s.earliest()) / 1000) }
                aria-valuenow=move || { app.time.track(); app.ask(|s| (s.now() - s.earliest()) / 1000) }
                aria-valuetext=reading
                width=move || size.get().0
                height=move || size.get().1
                on:pointerdown=down
                on:pointermove=moved
                on:pointerup=move |_| held.set_value(false)
                on:pointercancel=move |_| held.set_value(false)
                on:wheel=wheel
                on:keydown=keys
            ></svg>
            <Show when=move || { lines.get().len() > 1 }>
                <div class="branches">
                    <select
                        aria-label=word(app, |t| t.time().lines)
                        on:change=move |event| {
                            if let Some(name) = event_target_value(&event).chars().next() {
                                app.act(|s| s.switch(name));
                            }
                        }
                    >
                        {move || lines.get().into_iter().map(|(name, from, shown)| {
                            let says = match from {
                                Some((parent, at)) => format!("{name} ← {parent} {}", minutes(at)),
                                None => name.to_string(),
                            };
                            view! { <option value=name.to_string() selected=shown>{says}</option> }
                        }).collect_view()}
                    </select>
                    <button
                        class="ibtn"
                        class:on=move || app.beside.get().is_some()
                        aria-pressed=move || if app.beside.get().is_some() { "true" } else { "false" }
                        aria-label=word(app, |t| t.time().compare)
                        title=word(app, |t| t.time().compare)
                        on:click=move |_| compare(app)
                    >
                        {ic("#i-two")}
                    </button>
                </div>
            </Show>
        </div>
    }
}

/// Shows the line that this one left, else the last other one, beside it; or none.
fn compare(app: App) {
    app.act(|s| {
        if s.compared().is_some() {
            return s.compare(None);
        }
        let all = s.branches();
        let here = all.iter().find(|b| b.2).and_then(|b| b.1).map(|(parent, _)| parent);
        let others: Vec<char> = all.iter().filter(|b| !b.2).map(|b| b.0).collect();
        let name = here.filter(|p| others.contains(p)).or(others.last().copied());
        s.compare(name);
    });
}

/// Steps go within this lane from now on; choosing it again ends that.
fn choose(app: App, lane: Option<Lane>) {
    let next = if app.lane.get_untracked() == lane { None } else { lane };
    app.lane.set(next);
    let texts = app.texts_now();
    let name = next.map(|lane| app.ask(|s| super::scene::lane_name(s.record(), lane, texts)));
    app.said.set(name.map_or_else(|| texts.time().all_lanes.to_owned(), |name| name.to_string()));
}

/// The lane above or below the chosen one.
pub fn other_lane(app: App, by: isize) {
    let all: Vec<Lane> = app.ask(|s| {
        let others = (0_u8..).take(s.record().others.len()).map(Lane::Other);
        Lane::MAIN.into_iter().chain(others).collect()
    });
    let at = app.lane.get_untracked().and_then(|lane| all.iter().position(|l| *l == lane));
    let next = match at {
        None if by > 0 => 0,
        None => all.len().saturating_sub(1),
        Some(at) => at.saturating_add_signed(by).min(all.len().saturating_sub(1)),
    };
    if at != Some(next) {
        choose(app, all.get(next).copied());
    }
}
