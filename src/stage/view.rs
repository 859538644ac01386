//! The stage on the page: an SVG as large as its place, one painter per layer, pointer and keyboard.

use std::collections::BTreeSet;

use leptos::ev::{KeyboardEvent, MouseEvent, PointerEvent};
use leptos::html::Div;
use leptos::prelude::*;
use leptos::svg::G;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, EventTarget, ResizeObserver};

use super::draw::{Artist, Focus, LAYERS};
use super::facts::ObjectId;
use super::layout::{Layout, Level, View, layout, places};
use super::walk::{Way, neighbour};
use crate::app::{App, Panel, ic, word};
use crate::paint::Painter;

/// Width and height of an element in whole px, kept up to date.
pub fn sized(frame: NodeRef<Div>) -> RwSignal<(i32, i32)> {
    let size = RwSignal::new((0, 0));
    Effect::new(move |_| {
        let Some(element) = frame.get() else { return };
        let measured: Element = element.clone().into();
        let measure = Closure::<dyn FnMut()>::new(move || {
            let now = (measured.client_width(), measured.client_height());
            // A frame that has gone may be measured once more.
            if size.try_get_untracked().is_some_and(|old| old != now) {
                let _ = size.try_set(now);
            }
        });
        if let Ok(observer) = ResizeObserver::new(measure.as_ref().unchecked_ref()) {
            observer.observe(&element);
        }
        // Most frames live as long as the page.
        measure.forget();
    });
    size
}

/// The id of the object that an event is about.
pub fn object_at(target: Option<EventTarget>) -> Option<ObjectId> {
    let element: Element = target?.dyn_into().ok()?;
    let holder = element.closest("[data-id]").ok()??;
    holder.get_attribute("data-id").map(ObjectId::from)
}

/// The value of an attribute of what an event is about, or of what holds it.
pub fn data_at(target: Option<EventTarget>, name: &str) -> Option<String> {
    let element: Element = target?.dyn_into().ok()?;
    element.closest(&format!("[{name}]")).ok()??.get_attribute(name)
}

/// What the stage remembers from picture to picture.
#[derive(Default)]
struct Easel {
    artist: Artist,
    painters: Vec<Painter>,
    level: Option<Level>,
    layout: Option<Layout>,
}

#[component]
pub fn Stage(
    app: App,
    /// The line of time beside the one that goes on.
    other: bool,
) -> impl IntoView {
    let frame = NodeRef::<Div>::new();
    let size = sized(frame);
    let layers: [NodeRef<G>; LAYERS.len()] = std::array::from_fn(|_| NodeRef::new());
    let hover = RwSignal::new(None::<ObjectId>);
    let easel = StoredValue::new_local(Easel::default());
    // Seconds that are counted down on ending pods and up on lost nodes move the picture, other time doesn't.
    let second = Memo::new(move |_| {
        app.time.track();
        app.ask(|s| (if s.counts_seconds() { s.now() / 1000 } else { 0 }, s.route().is_some()))
    });
    Effect::new(move |_| {
        app.stage.track();
        second.get();
        let (width, height) = size.get();
        let lang = app.lang.get();
        let picked = app.picked.get();
        let over = hover.get();
        if width == 0 || height == 0 {
            return;
        }
        let easel = &mut *easel.write_value();
        if easel.painters.is_empty() {
            let roots = layers.iter().filter_map(|layer| Painter::new(layer.get()?.into()));
            easel.painters = roots.collect();
        }
        app.past.track();
        let marks = app.ask(|s| {
            let view = View { width, height, narrow: width <= 640 };
            let (model, now) = if other { s.other()? } else { (s.stage(), s.now()) };
            let layout = layout(model, view, easel.level);
            let route = if other { None } else { s.route() };
            let mut lit = BTreeSet::new();
            if let Some(over) = over.or_else(|| picked.clone()) {
                lit = model.related(&over);
            }
            let marks = easel.artist.draw(model, &layout, lang, &Focus { picked, lit, route }, now);
            easel.level = Some(layout.level);
            easel.layout = Some(layout);
            Some(marks)
        });
        let Some(marks) = marks else { return };
        for (painter, layer) in easel.painters.iter_mut().zip(marks) {
            painter.paint(layer);
        }
    });
    let pick = move |id: Option<ObjectId>, open: bool| {
        if let Some(id) = &id {
            let label =
                document().get_element_by_id(&format!("o:{id}")).and_then(|e| e.get_attribute("aria-label"));
            app.said.set(label.unwrap_or_default());
            if open {
                app.panel.set(Panel::Inspector);
            }
        }
        app.asked.set(ObjectId::default());
        app.picked.set(id);
    };
    let keys = move |event: KeyboardEvent| {
        let way = match event.key().as_str() {
            "ArrowLeft" => Way::Left,
            "ArrowRight" => Way::Right,
            "ArrowUp" => Way::Up,
            "ArrowDown" => Way::Down,
            "Escape" => {
                pick(None, false);
                return;
            }
            "Enter" => {
                pick(app.picked.get_untracked(), true);
                return;
            }
            _ => return,
        };
        event.prevent_default();
        let places = easel.with_value(|e| e.layout.as_ref().map(places).unwrap_or_default());
        let next = match app.picked.get_untracked() {
            Some(here) if places.iter().any(|(id, _)| *id == here) => neighbour(&places, &here, way),
            _ => places.first().map(|(id, _)| id.clone()),
        };
        if next.is_some() {
            pick(next, false);
        }
    };
    let empty = Memo::new(move |_| {
        app.stage.track();
        app.ask(|s| !other && s.stage().pods.is_empty() && s.stage().owners.is_empty())
    });
    let learning = Memo::new(move |_| {
        app.lesson.track();
        app.ask(|s| s.progress().is_some())
    });
    let label = move || {
        app.time.track();
        let name = app.beside.get();
        app.ask(|s| {
            let shown = s.branches().iter().find(|b| b.2).map(|b| b.0);
            let zero = s.now() - s.elapsed();
            let (name, at) = if other { (name, s.other().map_or(0, |(_, at)| at)) } else { (shown, s.now()) };
            format!("{} {}", name.unwrap_or(' '), crate::format::reading(at - zero))
        })
    };
    view! {
        <div class="half" class:other=other>
        <p class="side m" class:hidden=move || app.beside.get().is_none()>{label}</p>
        <div class="frame" node_ref=frame>
            <svg
                class="tree"
                role="tree"
                tabindex="0"
                aria-label=move || format!("{}. {}", app.texts().stage, app.texts().stage_help)
                aria-activedescendant=move || app.picked.get().map(|id| format!("o:{id}"))
                width=move || size.get().0
                height=move || size.get().1
                on:click=move |event: MouseEvent| pick(object_at(event.target()), true)
                on:pointerover=move |event: PointerEvent| hover.set(object_at(event.target()))
                on:pointerleave=move |_| hover.set(None)
                on:keydown=keys
            >
                {layers
                    .into_iter()
                    .zip(LAYERS)
                    .map(|(layer, name)| view! { <g class=name role="none" node_ref=layer></g> })
                    .collect_view()}
            </svg>
            <Show when=move || empty.get()>
                <div class="empty start">
                    <b>{word(app, |t| t.empty_title)}</b>
                    <p>
                        {word(app, |t| t.empty_text)} " "
                        <span class:hidden=move || learning.get()>{word(app, |t| t.empty_command)}</span>
                    </p>
                    <button class="runs" class:hidden=move || learning.get() on:click=move |_| app.run(FIRST)>
                        {ic("#i-play")}
                        <code>{FIRST}</code>
                    </button>
                </div>
            </Show>
        </div>
        </div>
    }
}

/// The one command that fills an empty stage.
const FIRST: &str = "kubectl apply -f web.yaml";
